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

// TestWhatTheAuditDidNotTakeIsWrittenLater: the backend could not be reached for a while, by a leader or one that is not any more.
func TestWhatTheAuditDidNotTakeIsWrittenLater(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		b.ledger.fail["Audit"] = errNo
		b.run(t)
		b.engine.audit(t.Context(), "read-only", key("p"), "p:3306", "closed")
		b.engine.audit(t.Context(), "rejoin", key("p"), "p:3306", "taken back")
		b.leader.set(false)
		after(3 * tick)
		b.ledger.mu.Lock()
		delete(b.ledger.fail, "Audit")
		b.ledger.audits = nil
		b.ledger.mu.Unlock()
		after(3 * tick)
		b.ledger.mu.Lock()
		defer b.ledger.mu.Unlock()
		if want := []string{"p: read-only", "p: rejoin"}; !slices.Equal(b.ledger.audits, want) {
			t.Errorf("audited %q, want %q", b.ledger.audits, want)
		}
	})
}
