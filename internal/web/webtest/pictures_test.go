package webtest_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/topology"
	"orchestrator/internal/web/webtest"
)

var (
	pictures   = flag.String("pictures", "", "write pictures of the screens into this directory")
	documented = flag.Bool("documented", false, "only those that docs/web.md shows")
)

// windows are the sizes in which pictures are made, by their names.
var windows = map[string]webtest.Option{"1440": webtest.Size(1440, 900), "1024": webtest.Size(1024, 768), "390": webtest.Size(390, 844)}

// inDocs are the names of the pictures that docs/web.md shows.
func inDocs(t *testing.T) []string {
	t.Helper()
	page, err := os.ReadFile("../../../docs/web.md")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range regexp.MustCompile(`\]\(pictures/([^)]+)\.png\)`).FindAllSubmatch(page, -1) {
		names = append(names, string(m[1]))
	}
	return names
}

// TestDocumentedPictures: every picture that docs/web.md shows is there, and no other.
func TestDocumentedPictures(t *testing.T) {
	t.Parallel()
	shown := inDocs(t)
	there, err := filepath.Glob("../../../docs/pictures/*.png")
	if err != nil || len(shown) == 0 {
		t.Fatalf("%d pictures (%v)", len(shown), err)
	}
	for n := range there {
		there[n] = filepath.Base(there[n][:len(there[n])-len(".png")])
	}
	slices.Sort(shown)
	if !slices.Equal(shown, there) {
		t.Errorf("docs/web.md shows %q, and docs/pictures has %q. Remedy: make web-pictures", shown, there)
	}
}

// keepPicture writes down what the window shows.
func keepPicture(t *testing.T, name string, p *webtest.Page) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(*pictures, name+".png"), p.Picture(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestPictures makes pictures of all screens on fixed data, at a fixed time: `make pictures`. Without the flag it does
// nothing.
func TestPictures(t *testing.T) {
	if *pictures == "" {
		t.Skip("no -pictures")
	}
	if err := os.MkdirAll(*pictures, 0o750); err != nil {
		t.Fatal(err)
	}
	shown := inDocs(t)
	all := everything()
	s := startForetold(t, all, withHistory(all), nil)
	empty := operatetest.New()
	empty.Fleet = topology.New(nil, topology.Names{})
	first := start(t, empty, nil)
	for size, window := range windows {
		p := webtest.Open(t, s.URL+"/web/about", window)
		await := func() {
			p.Await("the page", `document.querySelector(".l-live") && document.fonts.status === "loaded"`)
		}
		await()
		keep := func(screen string) {
			name := screen + "-" + size + "-" + webtest.Value[string](p, "document.documentElement.dataset.theme")
			if *documented && !slices.Contains(shown, name) {
				return
			}
			keepPicture(t, name, p)
		}
		for _, screen := range screens {
			if !screen.fits(p) {
				continue
			}
			screen.open(p)
			keep(screen.name)
			flipTheme(p)
			keep(screen.name)
			flipTheme(p)
			screen.close(p)
		}
		p.Go(first.URL + "/web/clusters")
		await()
		p.AwaitText("main", "Name one server per cluster.")
		keep("first-day")
		if *documented {
			continue
		}
		inState(t, window, func(p *webtest.Page, screen string) {
			for range 2 {
				keepPicture(t, screen+"-"+size+"-"+webtest.Value[string](p, "document.documentElement.dataset.theme"), p)
				flipTheme(p)
			}
		})
	}
}
