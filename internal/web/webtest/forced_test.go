package webtest_test

import (
	"testing"

	"orchestrator/internal/web/webtest"
)

// TestForcedColors: where the system gives the colours, what is chosen, lines, marks and bars can still be told apart, and
// the focus is seen.
func TestForcedColors(t *testing.T) {
	t.Parallel()
	s := startRecovering(t)
	p := webtest.Open(t, s.URL+"/web/about", webtest.Size(1440, 1400))
	p.Await("the page", `document.querySelector("main .sheet")`)
	for _, scheme := range []string{"light", "dark"} {
		p.ForceColors(scheme)
		kinds := map[string]bool{}
		for _, name := range []string{"clusters", "clusters-table", "cluster", "cluster-server", "cluster-group", "cluster-forecast", "cluster-errant", "cluster-past", "moving", "recovery", "recovery-running", "managers", "me", "palette"} {
			x := screenNamed(t, name)
			x.open(p)
			for _, what := range append(p.Forced(), p.Walk("main", kinds)...) {
				t.Errorf("%s (%s): %s", name, scheme, what)
			}
			if *pictures != "" {
				keepPicture(t, name+"-forced-"+scheme, p)
			}
			x.close(p)
		}
	}
}

// TestForcedColorsFind: what is told by its ground alone is found.
func TestForcedColorsFind(t *testing.T) {
	t.Parallel()
	all := everything()
	s := startForetold(t, all, withHistory(all), nil)
	p := webtest.Open(t, s.URL+"/web/me")
	p.Await("the page", `document.querySelector("main .seg")`)
	p.ForceColors("dark")
	if found := p.Forced(); len(found) > 0 {
		t.Fatalf("before anything is broken: %q", found)
	}
	webtest.Value[bool](p, `(() => {
		const bar = document.createElement("i"); bar.className = "bar"; bar.style.cssText = "display: block; width: 40px; height: 9px; background: #555; forced-color-adjust: auto"; document.querySelector("main").append(bar);
		for (const b of document.querySelectorAll("main .seg button")) b.style.cssText = "all: unset";
		return true })()`)
	rules := map[string]bool{}
	for _, what := range p.Forced() {
		rules[what[:5]] = true
	}
	if !rules["shape"] || !rules["chose"] {
		t.Errorf("a bar without a border and a choice that looks like the others are not found: %v", rules)
	}
}
