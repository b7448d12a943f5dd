package webtest

import _ "embed"

//go:embed layout.js
var layoutScript string

// Layout returns what is wrong with where things stand: what is cut off, what lies over what, and what is wider than the
// window. It looks at the whole document, a window after the other.
func (p *Page) Layout() []string {
	p.t.Helper()
	var wrong []string
	seen := map[string]bool{}
	for n := 0; ; n++ {
		for _, what := range Value[[]string](p, layoutScript) {
			if !seen[what] {
				seen[what] = true
				wrong = append(wrong, what)
			}
		}
		if Value[bool](p, "(() => { const was = scrollY; scrollBy(0, innerHeight - 120); return scrollY === was })()") || n == 20 {
			Value[bool](p, "(scrollTo(0, 0), true)")
			return wrong
		}
	}
}
