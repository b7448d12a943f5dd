package webtest_test

import (
	"fmt"
	"testing"

	"orchestrator/internal/web/webtest"
)

// sizes are the windows in which everything must have its place: a large and a small screen, a phone; the large one with
// everything twice as large, and a small one with everything four times as large.
var sizes = [][2]int64{{1440, 900}, {1024, 768}, {390, 844}, {720, 450}, {320, 400}}

// TestLayout: in a window of any size nothing is cut off, nothing lies over anything, and nothing is scrolled sideways.
func TestLayout(t *testing.T) {
	t.Parallel()
	all := everything()
	s := startForetold(t, all, withHistory(all), nil)
	for _, size := range sizes {
		t.Run(fmt.Sprintf("%d×%d", size[0], size[1]), func(t *testing.T) {
			p := webtest.Open(t, s.URL+"/web/about", webtest.Size(size[0], size[1]))
			p.Await("the page", `document.querySelector("main .sheet") && document.fonts.status === "loaded"`)
			for _, screen := range screens {
				if !screen.fits(p) {
					continue
				}
				screen.open(p)
				for _, what := range p.Layout() {
					t.Errorf("%s: %s", screen.name, what)
				}
				screen.close(p)
			}
		})
	}
}
