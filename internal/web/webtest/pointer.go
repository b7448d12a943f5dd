package webtest

import (
	"fmt"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// Point is a place in the window, in pixels.
type Point struct{ X, Y float64 }

// Towards is the point on the way to another one: 0 is here, 1 is there.
func (p Point) Towards(to Point, part float64) Point {
	return Point{p.X + (to.X-p.X)*part, p.Y + (to.Y-p.Y)*part}
}

// At is the place in an element, as parts of its width and height. It waits for the element.
func (p *Page) At(selector string, across, down float64) Point {
	p.t.Helper()
	p.Await(selector, fmt.Sprintf("document.querySelector(%q)", selector))
	at := Value[[]float64](p, fmt.Sprintf("(() => { const r = document.querySelector(%q).getBoundingClientRect(); return [r.left, r.top, r.width, r.height] })()", selector))
	return Point{at[0] + at[2]*across, at[1] + at[3]*down}
}

// Press presses the button of the mouse at a place, and leaves it pressed.
func (p *Page) Press(at Point) {
	p.t.Helper()
	p.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, at.X, at.Y), chromedp.MouseEvent(input.DispatchMouseEventTypeMousePressed, at.X, at.Y, chromedp.ButtonType(input.MouseButtonLeft), chromedp.ClickCount(1)))
}

// Move moves the mouse with its button pressed.
func (p *Page) Move(to Point) {
	p.t.Helper()
	p.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, to.X, to.Y, chromedp.ButtonType(input.MouseButtonLeft)))
}

// Release lets the button of the mouse go.
func (p *Page) Release(at Point) {
	p.t.Helper()
	p.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseReleased, at.X, at.Y, chromedp.ButtonType(input.MouseButtonLeft), chromedp.ClickCount(1)))
}

// Drag presses the button at a place and moves, in steps, to another one. The button stays pressed.
func (p *Page) Drag(from, to Point, steps int) {
	p.t.Helper()
	p.Press(from)
	for n := 1; n <= steps; n++ {
		p.Move(from.Towards(to, float64(n)/float64(steps)))
	}
}
