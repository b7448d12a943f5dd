package webtest_test

import (
	"net/http"
	"strings"
	"testing"

	"orchestrator/internal/web/webtest"
)

// TestFirstPaint: the first paint shows data, and asks for nothing but the document and its files: of a service whose API
// answers nobody the page shows the clusters, and the tree of the one that its address names.
func TestFirstPaint(t *testing.T) {
	t.Parallel()
	s := start(t, everything(), nil)
	inner, asked := s.Server.Config.Handler, make(chan struct{})
	s.Server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/api/") {
			select {
			case <-asked:
			case <-r.Context().Done():
				return
			}
		}
		inner.ServeHTTP(w, r)
	})
	p := webtest.Open(t, s.URL+"/web/clusters", webtest.Allow("ERR_"))
	p.AwaitText(".row", "payments")
	t.Logf("the first paint of the dashboard: after %.0f ms", firstPaint(p))
	p.Go(s.URL + "/web/cluster/alias/orders")
	p.Await("the tree", `document.querySelectorAll(".card").length === 4`)
	t.Logf("the first paint of a cluster: after %.0f ms", firstPaint(p))
	if live := webtest.Value[bool](p, `document.querySelector(".l-live") !== null`); live {
		t.Error("the page says that it is live, and nobody has answered")
	}
	close(asked)
	p.Await("the stream of events", `document.querySelector(".l-live")`)
}

// firstPaint is when the page was painted first, in milliseconds. The browser tells it a moment later.
func firstPaint(p *webtest.Page) float64 {
	const entries = `performance.getEntriesByName("first-contentful-paint")`
	p.Await("the first paint to be told", entries+".length > 0")
	return webtest.Value[float64](p, entries+"[0].startTime")
}
