package recovery

import (
	"context"
	"errors"
	"fmt"

	"orchestrator/internal/failover"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// What was lost with a primary can only be counted once it is back, and says what it holds.

// Loss is how many transactions a replaced primary turned out to hold that the one in its place does not.
type Loss struct {
	Failed       topology.Key
	UUID         string // of the server that was asked; "" where it has none
	Itself       bool   // what it holds shows that it is the one that failed
	Transactions uint64
	Basis        string // what the number rests on
}

// ErrNotCounted says that what a returned server holds does not tell how much was lost with the primary.
var ErrNotCounted = errors.New("what was lost stays unknown")

// noteLoss writes down what was lost with a primary. That it cannot be is said, and changes nothing else.
func (e *Engine) noteLoss(ctx context.Context, r *failover.RejoinRequest, transactions uint64, basis string) {
	l := Loss{Failed: r.Returned.Key, UUID: r.Returned.ServerUUID, Itself: r.WroteLast(), Transactions: transactions, Basis: basis}
	err := e.o.Ledger.NoteLoss(context.WithoutCancel(ctx), l)
	switch {
	case errors.Is(err, ErrNotCounted):
		e.o.Logger.Info("what was lost with a primary is not counted", "server", l.Failed.String(), "reason", err)
	case err != nil:
		e.o.Logger.Error("noting what was lost with a primary", "server", l.Failed.String(), "transactions", transactions, "error", err)
	default:
		e.progress(Progress{Kind: Counted, Cluster: r.Primary.ClusterName, Server: l.Failed, Text: fmt.Sprintf("%d transactions were lost with it: %s", transactions, basis)})
	}
}

// noteNothingLost notes that a former primary holds nothing that the new one lacks. A clone says nothing of what was there
// before it.
func (e *Engine) noteNothingLost(ctx context.Context, r *failover.RejoinRequest) {
	if !r.Cloned {
		e.noteLoss(ctx, r, 0, fmt.Sprintf("when %s came back, it held nothing that %s lacked", r.Returned.Key, r.Primary.Key))
	}
}

// noteExtra notes how many transactions only a former primary holds: on MySQL by its GTIDs; on MariaDB, where these do not
// name all of them, by the file in which they were saved, if it is complete.
func (e *Engine) noteExtra(ctx context.Context, r *failover.RejoinRequest, extra failover.Extra, saved *SavedTransactions) {
	basis := fmt.Sprintf("when %s came back, it held them and %s did not", r.Returned.Key, r.Primary.Key)
	if n, known := extra.Count(); known {
		e.noteLoss(ctx, r, n, basis)
	} else if saved != nil && saved.Complete() {
		e.noteLoss(ctx, r, uint64(max(saved.Transactions, 0)), basis+"; counted in "+saved.File)
	}
}

// NoteLoss implements Ledger.
func (l *StoreLedger) NoteLoss(ctx context.Context, loss Loss) error {
	rows, err := l.store.Recoveries(ctx, store.RecoveryFilter{Key: loss.Failed, All: true})
	if err != nil {
		return err
	}
	for n := range rows { // newest first
		if r := &rows[n]; r.Successful && hasPromoted(r) && r.Successor != loss.Failed {
			return l.noteLossOf(ctx, r, loss)
		}
	}
	return fmt.Errorf("%w: no record says that %s was replaced", ErrNotCounted, loss.Failed)
}

// noteLossOf notes it with the record, if it was the failed primary itself that was asked: another server may bear its
// name by now, with data that were copied from the new one.
func (l *StoreLedger) noteLossOf(ctx context.Context, r *store.Recovery, loss Loss) error {
	j, known, err := l.journalOf(ctx, r.UID)
	switch {
	case err != nil:
		return err
	case r.AckComment == PlannedComment || j.Planned():
		return fmt.Errorf("%w: %s was replaced on purpose, by a takeover that loses nothing", ErrNotCounted, loss.Failed)
	case known && j.Found.UUID != "" && j.Found.UUID != loss.UUID:
		return fmt.Errorf("%w: %s is not the server that failed, which had the UUID %s", ErrNotCounted, loss.Failed, j.Found.UUID)
	case loss.Transactions == 0 && !loss.Itself && (!known || j.Found.UUID == ""):
		return fmt.Errorf("%w: whether %s is the server that failed is not on record", ErrNotCounted, loss.Failed)
	}
	return l.store.NoteRecoveryLoss(ctx, store.RecoveryLoss{UID: r.UID, Transactions: loss.Transactions, Basis: loss.Basis})
}
