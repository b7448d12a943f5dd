package webtest

import (
	"context"
	_ "embed"
	"regexp"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

//go:embed print.js
var printScript string

// Print is the page as it is printed.
type Print struct {
	Wrong []string // what does not belong on paper, or is cut there
	Text  string   // what stands on it
	Pages int      // how many pages of A4 it takes at least
	Made  int      // how many pages were made
}

var pdfPage = regexp.MustCompile(`/Type\s*/Page\b`)

// Print prints the page, as PDF and on A4.
func (p *Page) Print() Print {
	p.t.Helper()
	p.media("print")
	was := Value[[]int64](p, "[innerWidth, innerHeight]")
	p.do(chromedp.EmulateViewport(688, 1017))
	printed := Value[Print](p, printScript)
	p.do(chromedp.EmulateViewport(was[0], was[1]))
	p.media("")
	ctx, cancel := p.bounded()
	defer cancel()
	document, err := chromedp.Run(ctx, chromedp.PrintToPDF(chromedp.PDFPaper(chromedp.PaperA4)))
	if err != nil {
		p.t.Fatal(err)
	}
	printed.Made = len(pdfPage.FindAll(document, -1))
	return printed
}

// media has the window show the page as on another medium.
func (p *Page) media(name string) {
	p.t.Helper()
	p.do(func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: name})
		return chromedp.Void{}, err
	})
}
