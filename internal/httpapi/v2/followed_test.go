package v2

import (
	"strings"
	"testing"
	"time"

	"orchestrator/internal/operate"
	"orchestrator/internal/plan"
)

func TestNamesOfOperations(t *testing.T) {
	a := New(Deps{Engine: &operate.Engine{Now: time.Now}, Registry: operate.NewRegistry()})
	for name, followed := range map[string]bool{
		"6K4T2QXV5N7PZDJH3WAYMRCBLE": true, "a-name_of-its-own": true, "": false, "short": false, strings.Repeat("x", 65): false,
		"with a blank": false, "fleet,audit,x": false, "recovery:*": false,
	} {
		if got := plan.FollowerOf(a.Followed(t.Context(), name)).Step != nil; got != followed {
			t.Errorf("%q: followed is %t", name, got)
		}
	}
}
