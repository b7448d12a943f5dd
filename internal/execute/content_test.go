package execute

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"orchestrator/internal/correlate"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// TestWhoWaitsForAnotherComparisonIsStopped: the one before it may be asking a server that hangs.
func TestWhoWaitsForAnotherComparisonIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fakes, e := fleet(Options{}, "a", "b")
		r := e.NewRun()
		busy := newTail(&correlate.Tail{})
		busy.turn <- struct{}{}
		r.tails = map[topology.Key]*tail{key("b"): busy}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := r.byTail(ctx, fakes["a"], plan.Action{Source: key("b"), At: topology.Coordinates{LogFile: "b.000001", LogPos: 4}})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}
