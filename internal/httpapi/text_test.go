package httpapi_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/topology"
)

// TestWhatManyAskFor has many ask for the whole fleet at the same time, compressed and not; after a change they get another
// answer.
func TestWhatManyAskFor(t *testing.T) {
	b := operatetest.New()
	h := handler(b)
	ask := func(path, accept string) string {
		r := httptest.NewRequest(http.MethodGet, "/api/"+path, nil)
		r.Header.Set("Accept-Encoding", accept)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		var body io.Reader = w.Body
		if accept == "gzip" {
			z, err := gzip.NewReader(w.Body)
			if err != nil {
				t.Errorf("%s: %v", path, err)
				return ""
			}
			body = z
		}
		text, err := io.ReadAll(body)
		if err != nil || w.Code != http.StatusOK {
			t.Errorf("%s: %d, %v", path, w.Code, err)
		}
		return string(text)
	}
	for _, path := range []string{"clusters-info", "replication-analysis"} {
		t.Run(path, func(t *testing.T) {
			b.Fleet = operatetest.Fleet()
			b.Fleet.Instance(operatetest.Key("db-a1")).Check.Seen = operatetest.Now().Add(-time.Hour)
			want := ask(path, "")
			var all sync.WaitGroup
			for range 8 {
				for _, accept := range []string{"gzip", "identity"} {
					all.Go(func() {
						if got := ask(path, accept); got != want {
							t.Errorf("%s: %s\nwant %s", accept, got, want)
						}
					})
				}
			}
			all.Wait()
			b.Fleet = topology.New(nil, topology.Names{})
			if got := ask(path, "gzip"); strings.Contains(got, "db-a") || got == want {
				t.Errorf("an empty fleet has %s", got)
			}
		})
	}
}
