package recovery

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/store"
)

// TestWhatTheLedgerDidNotTakeIsWrittenAfterTheRecordIsClosed: it failed for a moment, and nobody would come back to it.
func TestWhatTheLedgerDidNotTakeIsWrittenAfterTheRecordIsClosed(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		b.ledger.fail["Downtime"] = errNo
		b.run(t)
		b.kill()
		after(5 * time.Second)
		b.ledger.mu.Lock()
		defer b.ledger.mu.Unlock()
		calls := b.ledger.calls
		closed := slices.Index(calls, "ResolveRecovery")
		if closed < 0 || !slices.Contains(calls[:closed], "Downtime") || !slices.Contains(calls[closed:], "Downtime") {
			t.Errorf("that the old primary counts as lost was not written again: %q", calls)
		}
	})
}

// TestTheEndOfARecoveryIsWrittenByWhoDoesNotLeadAnyMore: as long as it is not on record, who leads takes it for running.
func TestTheEndOfARecoveryIsWrittenByWhoDoesNotLeadAnyMore(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		b.leader.set(false)
		r := &Recovery{UID: "1:a", Finding: analysis.Finding{Key: key("p")}, unresolved: true}
		b.engine.concluded[r.UID] = r
		b.ledger.fail["ResolveRecovery"] = fmt.Errorf("%w: %w", store.ErrNotAgreed, errors.New("another node leads"))
		b.run(t)
		after(tick)
		if n := len(b.ledger.closed); n != 0 {
			t.Fatalf("%d journals were closed of what is not on record", n)
		}
		b.ledger.mu.Lock()
		delete(b.ledger.fail, "ResolveRecovery")
		b.ledger.mu.Unlock()
		after(2 * tick)
		if r.unresolved || len(b.ledger.closed) != 1 {
			t.Errorf("its end is not on record: %t; %d journals were closed", r.unresolved, len(b.ledger.closed))
		}
	})
}
