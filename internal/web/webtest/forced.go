package webtest

import (
	"context"
	_ "embed"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

//go:embed forced.js
var forcedScript string

// ForceColors has the window show the page in the few colours that the system gives: dark or light ones.
func (p *Page) ForceColors(scheme string) {
	p.t.Helper()
	p.do(func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "forced-colors", Value: "active"}, {Name: "prefers-color-scheme", Value: scheme},
		}})
		return chromedp.Void{}, err
	})
	p.Await("the colours of the system", `matchMedia("(forced-colors: active)").matches`)
}

// Forced returns what cannot be told apart in the colours of the system.
func (p *Page) Forced() []string {
	p.t.Helper()
	return Value[[]string](p, forcedScript)
}
