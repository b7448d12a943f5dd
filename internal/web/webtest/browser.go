// Package webtest looks at the page with a real browser, for tests. A page that reports an error, or breaks its own
// security policy, fails its test.
package webtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// within bounds everything that is waited for.
const within = 60 * time.Second

// programs are the names under which distributions have the browser.
var programs = []string{"chromium", "chromium-browser", "google-chrome", "chrome"}

// Page is a tab of a browser of its own. Its methods end the test when something fails.
type Page struct {
	t   testing.TB
	ctx context.Context

	mu     sync.Mutex
	errors []string
}

// Option changes how a page is opened.
type Option func(*settings)

type settings struct {
	width, height int64
	touch         bool
	allowed       []string
}

// Size is that of the window, in pixels.
func Size(width, height int64) Option { return func(s *settings) { s.width, s.height = width, height } }

// Touch has the window be one that is touched with fingers.
func Touch() Option { return func(s *settings) { s.touch = true } }

// Allow names a part of an error that belongs to the test: a server that is gone, a request that is refused.
func Allow(text string) Option { return func(s *settings) { s.allowed = append(s.allowed, text) } }

// Open starts a browser and opens an address. Without a browser the test fails and says how to get one; in short mode
// (-short) it is skipped.
func Open(t testing.TB, address string, options ...Option) *Page {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a browser: left out in short mode")
	}
	s := settings{width: 1440, height: 900}
	for _, o := range options {
		o(&s)
	}
	flags := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(browser(t)), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("force-prefers-reduced-motion", true), chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("force-color-profile", "srgb"), chromedp.WindowSize(int(s.width), int(s.height)))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), flags...)
	ctx, closeTab := chromedp.NewContext(allocator)
	p := &Page{t: t, ctx: ctx}
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil && ctx.Err() == nil {
			t.Errorf("end the browser: %v", err)
		}
		closeTab()
		stop()
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, text := range p.errors {
			if !contains(text, s.allowed) {
				t.Errorf("the page reported: %s", text)
			}
		}
	})
	if err := chromedp.Listen(ctx, p.heard); err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	var how []chromedp.EmulateViewportOption
	if s.touch {
		how = append(how, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	p.do(chromedp.EmulateViewport(s.width, s.height, how...))
	p.Go(address)
	return p
}

func browser(t testing.TB) string {
	t.Helper()
	if path := os.Getenv("CHROMIUM"); path != "" {
		return path
	}
	for _, name := range programs {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("no Chromium is here to look at the page with. Remedy: script/install-chromium")
	return ""
}

// heard keeps what the page reports as wrong.
func (p *Page) heard(event any) {
	text := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		text = e.ExceptionDetails.Text
		if x := e.ExceptionDetails.Exception; x != nil {
			text += " " + x.Description
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type != runtime.ConsoleAPICalledTypeError {
			return
		}
		for _, a := range e.Args {
			text += fmt.Sprintf("%s%s ", a.Value, a.Description)
		}
	case *log.EventEntryAdded:
		if e.Entry.Level != log.EntryLevelError {
			return
		}
		text = e.Entry.Text + " " + e.Entry.URL
	default:
		return
	}
	p.mu.Lock()
	p.errors = append(p.errors, text)
	p.mu.Unlock()
}

func contains(text string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

// bounded is the context for one action.
func (p *Page) bounded() (context.Context, context.CancelFunc) {
	return context.WithTimeout(p.ctx, within)
}

func (p *Page) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := p.bounded()
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.t.Fatal(err)
	}
}

// Go loads an address.
func (p *Page) Go(address string) {
	p.t.Helper()
	p.do(chromedp.Navigate(address))
}

// Before has a script run at the beginning of every document that is loaded from now on.
func (p *Page) Before(script string) {
	p.t.Helper()
	p.do(func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
		return chromedp.Void{}, err
	})
}

// Value evaluates an expression in the page.
func Value[T any](p *Page, expression string) T {
	p.t.Helper()
	ctx, cancel := p.bounded()
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.t.Fatalf("%.300s: %.600v", expression, err)
	}
	return v
}

// Await waits until an expression is true in the page.
func (p *Page) Await(what, expression string) {
	p.t.Helper()
	ctx, cancel := p.bounded()
	defer cancel()
	for {
		holds, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		if err == nil && holds {
			return
		}
		select {
		case <-ctx.Done():
			p.t.Fatalf("waited in vain for %s (%s, %v); the page is\n%s", what, expression, err, p.shown())
		case <-time.After(25 * time.Millisecond):
		}
	}
}

// AwaitText waits until an element shows a text.
func (p *Page) AwaitText(selector, text string) {
	p.t.Helper()
	p.Await(fmt.Sprintf("%q in %s", text, selector), fmt.Sprintf("[...document.querySelectorAll(%q)].some((e) => e.innerText.includes(%q))", selector, text))
}

// shown is what the page says, for the report of a failure.
func (p *Page) shown() string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), 5*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string]("location.href + '\\n' + document.body.innerText"))
	if err != nil {
		return err.Error()
	}
	return text
}

// Text is what an element shows; "" when it is not there.
func (p *Page) Text(selector string) string {
	p.t.Helper()
	return Value[string](p, fmt.Sprintf("document.querySelector(%q)?.innerText ?? ''", selector))
}

// aim finds the first element of a selector that is shown, stands still in the window, can be used and lies below nothing else,
// and tells its middle: what a hand that aims at it hits. It is asked again and again, and looks whether the element has moved in
// between.
const aim = `((selector) => {
	const element = [...document.querySelectorAll(selector)].find((e) => e.checkVisibility() && !e.matches(":disabled"));
	if (!element) return false;
	element.scrollIntoViewIfNeeded();
	const box = element.getBoundingClientRect(), was = window.clickAims;
	window.clickAims = [element, box.left, box.top, box.width, box.height];
	if (!was || was.some((part, n) => part !== window.clickAims[n])) return false;
	window.clickAt = [box.left + box.width / 2, box.top + box.height / 2];
	return element.contains(document.elementFromPoint(...window.clickAt));
})`

// Click clicks an element with the mouse, when it is there and can be hit.
func (p *Page) Click(selector string) {
	p.t.Helper()
	p.Await(selector+" to click", fmt.Sprintf("%s(%q)", aim, selector))
	at := Value[[2]float64](p, "window.clickAt")
	p.do(chromedp.MouseClickXY(at[0], at[1]))
}

// ClickText clicks the first button or link that has exactly this text or label, when it is shown and can be used.
func (p *Page) ClickText(text string) {
	p.t.Helper()
	find := fmt.Sprintf("[...document.querySelectorAll('button, a, summary')].find((e) => e.checkVisibility() && !e.matches(':disabled') && (e.innerText.trim() === %q || e.getAttribute('aria-label') === %q))", text, text)
	p.Await(text, find)
	Value[bool](p, find+".click() === undefined")
}

// Type types a text into what has the focus.
func (p *Page) Type(text string) {
	p.t.Helper()
	p.do(chromedp.KeyEvent(text))
}

// Key presses a key by its name, as in "Escape", or a letter. What the page prevents does not reach a field, as with a real
// keyboard.
func (p *Page) Key(name string) {
	p.t.Helper()
	if key, named := keys[name]; named {
		p.do(chromedp.KeyEvent(key))
		return
	}
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: name, Text: name}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, t, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyUp, Key: name})
		return err
	}))
}

var keys = map[string]string{"Escape": kb.Escape, "Enter": kb.Enter, "Down": kb.ArrowDown, "Up": kb.ArrowUp, "Left": kb.ArrowLeft, "Right": kb.ArrowRight, "Tab": kb.Tab}

// Chord presses a letter together with Control.
func (p *Page) Chord(letter string) {
	p.t.Helper()
	p.do(chromedp.KeyEvent(letter, chromedp.KeyModifiers(2)))
}

// Picture returns what the window shows, as PNG.
func (p *Page) Picture() []byte {
	p.t.Helper()
	ctx, cancel := p.bounded()
	defer cancel()
	picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Fatal(err)
	}
	return picture
}

// part is what a part of the window shows, as PNG: left, top, width and height are given.
func (p *Page) part(box [4]float64) []byte {
	p.t.Helper()
	ctx, cancel := p.bounded()
	defer cancel()
	picture, err := chromedp.Run(ctx, func(ctx context.Context, t *chromedp.Target) ([]byte, error) {
		r, err := cdp.Call(ctx, t, page.CaptureScreenshot, page.CaptureScreenshotParams{Clip: &page.Viewport{X: box[0], Y: box[1], Width: box[2], Height: box[3], Scale: 1}})
		if err != nil {
			return nil, err
		}
		return r.Data, nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return picture
}
