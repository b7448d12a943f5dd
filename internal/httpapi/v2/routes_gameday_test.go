package v2

import (
	"testing"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/operate"
	"orchestrator/internal/topology"
)

// TestAnswerTo: to a blow belongs the first recovery of the same server that began after it, and not much later.
func TestAnswerTo(t *testing.T) {
	begun := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	struck, other := topology.Key{Hostname: "db1", Port: 3306}, topology.Key{Hostname: "db2", Port: 3306}
	recovery := func(uid string, k topology.Key, after time.Duration) operate.Recovery {
		return operate.Recovery{UID: uid, Finding: analysis.Finding{Key: k}, Start: begun.Add(after)}
	}
	for name, c := range map[string]struct {
		all  []operate.Recovery
		want string
	}{
		"none":              {nil, ""},
		"another server":    {[]operate.Recovery{recovery("x", other, time.Second)}, ""},
		"before":            {[]operate.Recovery{recovery("x", struck, -time.Second)}, ""},
		"much later":        {[]operate.Recovery{recovery("x", struck, time.Hour)}, ""},
		"after":             {[]operate.Recovery{recovery("x", struck, time.Second)}, "x"},
		"the first of many": {[]operate.Recovery{recovery("y", struck, time.Minute), recovery("x", struck, time.Second)}, "x"},
	} {
		t.Run(name, func(t *testing.T) {
			got := answerTo(operate.GameDay{Begun: begun, Server: struck}, c.all)
			if got == nil && c.want != "" || got != nil && got.UID != c.want {
				t.Errorf("%+v, want %q", got, c.want)
			}
		})
	}
}
