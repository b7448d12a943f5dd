package webtest_test

import (
	"testing"

	"orchestrator/internal/web/webtest"
)

// TestAccessibility: every screen keeps the rules of accessibility, in both themes, and is walked through with the tab key.
func TestAccessibility(t *testing.T) {
	t.Parallel()
	all := everything()
	s := startForetold(t, all, withHistory(all), nil)
	p := webtest.Open(t, s.URL+"/web/about", webtest.Size(1440, 1400))
	p.Await("the page", `document.querySelector("main .sheet")`)
	kinds := map[string]bool{}
	for n, screen := range screens {
		if !screen.fits(p) {
			continue
		}
		screen.open(p)
		part := "main"
		if n == 0 {
			part = "body" // the frame is the same around all
		}
		told := map[string]bool{}
		tell := func(how string, broken []string) {
			for _, what := range broken {
				if !told[what] {
					told[what] = true
					t.Errorf("%s (%s): %s", screen.name, how, what)
				}
			}
		}
		tell("light", p.Rules())
		flipTheme(p)
		tell("dark", p.Rules())
		flipTheme(p)
		tell("tab key", p.Walk(part, kinds))
		screen.close(p)
	}
}

// TestAccessibilityByFinger: on a phone everything that is touched is large enough.
func TestAccessibilityByFinger(t *testing.T) {
	t.Parallel()
	all := everything()
	s := startForetold(t, all, withHistory(all), nil)
	p := webtest.Open(t, s.URL+"/web/about", webtest.Size(390, 844), webtest.Touch())
	p.Await("the page, touched with fingers", `document.querySelector("main .sheet") && matchMedia("(pointer: coarse)").matches`)
	for _, screen := range screens {
		if !screen.fits(p) {
			continue
		}
		screen.open(p)
		for _, what := range p.Rules() {
			t.Errorf("%s: %s", screen.name, what)
		}
		screen.close(p)
	}
}
