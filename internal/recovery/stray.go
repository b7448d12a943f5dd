package recovery

import (
	"context"
	"errors"
	"fmt"

	"orchestrator/internal/failover"
	"orchestrator/internal/topology"
)

// A stray is a replica that did not answer when its source was replaced, and has come back below that. It counts as lost
// since, so it is pointed at the present primary by the same policy by which a former primary is taken back: nobody has to
// be called for a server that was merely away.

// mayStray says whether a server is one that a recovery left behind and that came back with its source.
func mayStray(i *topology.Instance) bool {
	return i.LastCheckValid() && i.Downtime.LostInRecovery() && i.HasSource() && i.HasCredentials && !i.IsMultiSource()
}

// countStray has a replica count as lost that comes back below a server which does: it was pointed there right before it was
// lost itself, so that the manager that replaced that server had not seen it there.
func (e *Engine) countStray(k topology.Key) {
	t := e.o.Observer.Snapshot()
	i := t.Instance(k)
	if i == nil || i.Downtime != nil || !i.LastCheckValid() || !i.HasSource() || !e.o.Leader.IsLeader() {
		return
	}
	if source := t.Source(i); source == nil || !source.Downtime.LostInRecovery() || source.HasSource() {
		return // one that was taken back is a source like any other
	}
	e.o.Logger.Warn("a replica came back below a server that was replaced, and counts as lost", "server", k.String(), "source", i.Channel.Source.String())
	lost := e.markLost(k)
	ctx := context.WithoutCancel(e.lifetime())
	e.goTracked(func() {
		if err := lost.write(ctx); err != nil {
			e.o.Logger.Error(lost.what, "error", err)
		}
		e.rejoin(k)
	})
}

// strayTo returns the primary below which a stray belongs; the zero Key for a server that is none.
func (e *Engine) strayTo(ctx context.Context, i *topology.Instance) (topology.Key, error) {
	if i == nil || !mayStray(i) {
		return topology.Key{}, nil
	}
	to, err := e.heir(ctx, i.Channel.Source)
	switch {
	case errors.Is(err, errNoSuccessor), errors.Is(err, errPromotedAgain):
		return topology.Key{}, nil
	case err != nil:
		return topology.Key{}, err
	case to == i.Key || e.below(i, to):
		return topology.Key{}, nil
	}
	return to, nil
}

// below says whether all that is written on a server reaches a replica: by way of the old primary, say, that was taken
// back already.
func (e *Engine) below(i *topology.Instance, primary topology.Key) bool {
	t := e.o.Observer.Snapshot()
	for range t.Len() {
		if i == nil || !i.LastCheckValid() || !i.Replicating() {
			return false
		}
		if i.Channel.Source == primary {
			return true
		}
		i = t.Source(i)
	}
	return false
}

// heir follows from a server that was replaced those that took the place of one another, up to the one that nobody has.
func (e *Engine) heir(ctx context.Context, k topology.Key) (topology.Key, error) {
	to := topology.Key{}
	for seen := make(map[topology.Key]bool); !seen[k]; {
		seen[k] = true
		next, err := e.stillReplacedBy(ctx, k)
		switch {
		case !to.IsZero() && (errors.Is(err, errNoSuccessor) || errors.Is(err, errPromotedAgain)):
			return to, nil
		case err != nil:
			return topology.Key{}, err
		}
		k, to = next, next
	}
	return topology.Key{}, fmt.Errorf("%w: the records name servers that replaced one another in a ring", errNotReady)
}

// stillReplacedBy returns who took the place of a server, unless that was promoted again since.
func (e *Engine) stillReplacedBy(ctx context.Context, k topology.Key) (topology.Key, error) {
	known := e.knownSuccession(k)
	promoted, err := e.o.Ledger.PromotedAt(ctx, k)
	switch {
	case !known.by.IsZero() && (err != nil || !promoted.After(known.at)): // else another leader has promoted it since
		return known.by, nil
	case err != nil:
		return topology.Key{}, fmt.Errorf("%w: whether %s was promoted cannot be read: %w", errNotReady, k, err)
	case !promoted.IsZero():
		return topology.Key{}, errPromotedAgain
	}
	return e.replacedBy(ctx, k)
}

// errPromotedAgain says that a server was promoted since it was replaced last.
var errPromotedAgain = errors.New("it was promoted since it was replaced")

// reattach points a stray at the present primary, unless it holds something that would be lost by it.
func (e *Engine) reattach(ctx context.Context, k, to topology.Key) error {
	e.look(ctx, k, to)
	t := e.o.Observer.Snapshot()
	i, primary := t.Instance(k), top(t, to)
	switch {
	case i == nil:
		return errors.New("it is not known any more")
	case i.Maintenance != nil:
		return fmt.Errorf("it is under maintenance by %s", i.Maintenance.Owner)
	case primary == nil || !primary.LastCheckValid() || !i.LastCheckValid():
		return fmt.Errorf("%w: %s and the present primary are not both in sight", errNotReady, k)
	case !mayStray(i) || primary.Key == k || e.below(i, primary.Key):
		return nil // somebody was faster
	}
	request := failover.RejoinRequest{Returned: i, Primary: primary}
	if err := e.compareHoldings(ctx, &request); err != nil {
		return err
	}
	p, refusal := failover.Reattach(request, failover.PolicyOf(e.o.Config()))
	switch {
	case refusal == nil:
		return e.rejoinBy(ctx, &p)
	case refusal.Rule == "no-primary":
		return fmt.Errorf("%w: %w", errNotReady, refusal)
	}
	return &notTakenBack{Refusal: refusal, request: request}
}

// compareHoldings reads what both servers hold now, the one that came back first: what it holds reaches the other later.
func (e *Engine) compareHoldings(ctx context.Context, r *failover.RejoinRequest) (err error) {
	if r.ReturnedHas, err = e.holding(ctx, r.Returned.Key); err == nil {
		r.PrimaryHas, err = e.holding(ctx, r.Primary.Key)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errNotReady, err)
	}
	return nil
}
