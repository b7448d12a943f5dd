package recovery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"orchestrator/internal/failover"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// Cloner is a server that can be rebuilt from another one.
type Cloner interface {
	CloneStatus(ctx context.Context) (server.CloneStatus, error)
	CloneFrom(ctx context.Context, donor topology.Key) error
}

const (
	// cloneWithin bounds a clone, with the restart that ends it.
	cloneWithin = 24 * time.Hour
	// clonePoll is how often a clone is asked how far it is.
	clonePoll = time.Second
	// cloneTell is how often that is told.
	cloneTell = time.Minute
)

// cloneFailed is the rule of a refusal because nobody knows what a failed clone has left.
const cloneFailed = "clone-failed"

// cloneOf asks a lost server for the clone into it since it was lost; without one, the state is NeverCloned.
func (e *Engine) cloneOf(ctx context.Context, i *topology.Instance) (server.CloneStatus, error) {
	none := server.CloneStatus{State: server.NeverCloned}
	if e.o.Former == nil || failover.MayClone(i) != nil || !i.Downtime.LostInRecovery() {
		return none, nil
	}
	status, err := e.o.Former(i.Key).CloneStatus(ctx)
	switch {
	case server.KindOf(err) == server.Unsupported:
		return none, nil
	case err != nil:
		return none, fmt.Errorf("%w: whether it was cloned is not known: %w", errNotReady, err)
	case status.Began.Before(i.Downtime.Begin.Truncate(time.Second)):
		return none, nil
	case status.State == server.Cloning:
		return status, fmt.Errorf("%w: it is being cloned from %s", errNotReady, status.Source)
	}
	return status, nil
}

// failedClone refuses a server of which nobody knows what data it has: its GTIDs may be those of data that are gone.
func failedClone(k topology.Key, status server.CloneStatus) *topology.Refusal {
	return &topology.Refusal{Rule: cloneFailed,
		Reason: fmt.Sprintf("a clone of %s into %s has failed, so its data may be gone: %s", status.Source, k, status.Problem),
		Remedy: "rebuild it from a backup or a clone"}
}

// saveAndRebuild saves what only the former primary holds, and rebuilds it if the policy says so. The error says why it
// was not taken back, and where the transactions are.
func (e *Engine) saveAndRebuild(ctx context.Context, k topology.Key, not *notTakenBack) error {
	var why error = not
	whole := true
	if not.Rule == failover.ExtraTransactions {
		why, whole = e.keepExtra(ctx, k, not)
	}
	switch {
	case e.o.Config().Rejoin() != "clone":
		return why
	case not.Rule != failover.ExtraTransactions && not.Rule != failover.Purged && not.Rule != failover.LostOwn && not.Rule != cloneFailed:
		return why
	case !whole:
		return fmt.Errorf("%w; it is not rebuilt, as these are not saved in full", why)
	}
	ctx, cancel := context.WithTimeout(ctx, cloneWithin)
	defer cancel()
	if err := e.rebuild(ctx, k, why); err != nil {
		return fmt.Errorf("%w; it was not rebuilt: %w", why, err)
	}
	return e.rejoinPatiently(ctx, k)
}

// keepExtra saves what only the former primary holds. It returns why that was not taken back together with where they
// are, and whether the file holds all of them.
func (e *Engine) keepExtra(ctx context.Context, k topology.Key, not *notTakenBack) (why error, whole bool) {
	r := &not.request
	extra, err := failover.ExtraOf(r.ReturnedHas, r.PrimaryHas, r.Returned.IsMariaDB())
	if err != nil {
		return errors.Join(not, err), false
	}
	saved, err := e.saveExtra(ctx, k, r.Primary.Key, extra)
	if err != nil {
		e.noteExtra(ctx, r, extra, nil)
		return fmt.Errorf("%w; they could NOT be saved: %w", not, err), false
	}
	e.noteExtra(ctx, r, extra, &saved)
	return fmt.Errorf("%w; %s", not, &saved), saved.Complete()
}

// rebuild replaces the data of a former primary by those of a healthy replica, and returns when the server is back with
// them: by a clone where the servers can do that, otherwise by the commands that the configuration has for it.
func (e *Engine) rebuild(ctx context.Context, k topology.Key, why error) error {
	r, err := e.mayRebuild(ctx, k)
	if err != nil {
		return err
	}
	by := e.clone
	if cannot := e.mayClone(ctx, r); cannot != nil {
		if len(e.o.Config().RebuildProcesses) == 0 {
			return cannot
		}
		by = e.rebuildByHooks
	}
	began := e.o.Now()
	text := "all its data is being replaced by those of " + r.donor.String()
	e.o.Logger.Warn("rebuilding a server", "server", k.String(), "donor", r.donor.String(), "reason", why)
	e.audit(context.WithoutCancel(ctx), "rebuild", k, r.cluster, text+": "+why.Error())
	e.progress(Progress{Kind: Rebuilding, Cluster: r.cluster, Server: k, Text: text})
	if err := by(ctx, r); err != nil {
		return err
	}
	// It may replicate already, with what came along from its donor, and nothing says that it came back closed.
	if err := e.fenceOnce(ctx, k); err != nil {
		return err
	}
	text = fmt.Sprintf("rebuilt from %s in %s", r.donor, e.o.Now().Sub(began).Round(time.Second))
	e.o.Logger.Warn("a server was rebuilt", "server", k.String(), "donor", r.donor.String())
	e.audit(context.WithoutCancel(ctx), "rebuild", k, r.cluster, text)
	e.look(ctx, k)
	return nil
}

// rebuilding is whose data are to be replaced, and by whose.
type rebuilding struct {
	returned       *topology.Instance
	donor, primary topology.Key
	cluster        string
}

// mayRebuild looks at everything once more before data are thrown away, and chooses the donor.
func (e *Engine) mayRebuild(ctx context.Context, k topology.Key) (*rebuilding, error) {
	to, err := e.heir(ctx, k)
	if err != nil {
		return nil, err
	}
	e.look(ctx, k, to)
	t := e.o.Observer.Snapshot()
	returned, primary := t.Instance(k), top(t, to)
	switch {
	case returned == nil || !returned.LastCheckValid() || primary == nil || !primary.LastCheckValid() || primary.ReadOnly:
		return nil, errors.New("it and its successor are not both in sight")
	case primary.Key == k || !returned.Downtime.LostInRecovery():
		return nil, errors.New("it does not count as lost any more")
	case returned.Maintenance != nil:
		return nil, fmt.Errorf("it is under maintenance by %s", returned.Maintenance.Owner)
	case returned.HasSource():
		return nil, fmt.Errorf("it replicates from %s", returned.SourceKey())
	case len(t.Replicas(k)) > 0:
		return nil, fmt.Errorf("%s replicates from it", t.Replicas(k)[0].Key)
	}
	if refusal := failover.MayClone(returned); refusal != nil && len(e.o.Config().RebuildProcesses) == 0 {
		return nil, refusal
	}
	donor, refusal := failover.Donor(t, returned, primary, failover.PolicyOf(e.o.Config()))
	if refusal != nil {
		return nil, refusal
	}
	state, err := e.o.Servers(k).ReadOnly(ctx)
	switch {
	case err != nil:
		return nil, err
	case !state.ReadOnly:
		return nil, errors.New("somebody has opened it for writing")
	}
	return &rebuilding{returned, donor, primary.Key, primary.ClusterName}, e.o.Leader.Confirm(ctx)
}

// mayClone says why the servers cannot do it by themselves.
func (e *Engine) mayClone(ctx context.Context, r *rebuilding) error {
	if e.o.Former == nil {
		return errors.New("this process does not clone")
	}
	if refusal := failover.MayClone(r.returned); refusal != nil {
		return refusal
	}
	for _, k := range []topology.Key{r.returned.Key, r.donor} { // the donor needs the plug-in as well
		if _, err := e.o.Former(k).CloneStatus(ctx); err != nil {
			return err
		}
	}
	return nil
}

// clone has the server take the donor's data by MySQL's clone plugin. Nothing of it is remembered here: a next leader sees
// on the server what has been done.
func (e *Engine) clone(ctx context.Context, r *rebuilding) error {
	k := r.returned.Key
	before, err := e.o.Former(k).CloneStatus(ctx)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	e.goTracked(func() { ended <- e.o.Former(k).CloneFrom(ctx, r.donor) })
	return e.awaitClone(ctx, k, r.cluster, before.Began, ended)
}

// awaitClone waits until a server is back with the data of its donor. What the statement says is a hint only: it ends
// with the connection when the server restarts. The server's own word counts, about a newer clone than the last one.
func (e *Engine) awaitClone(ctx context.Context, k topology.Key, cluster string, last time.Time, ended <-chan error) error {
	var told time.Time
	for running := true; pause(ctx, clonePoll); {
		select {
		case err := <-ended:
			running = false
			switch {
			case errors.Is(err, server.ErrNotSupervised):
				e.o.Logger.Error("a rebuilt server has to be started by hand", "server", k.String())
				e.audit(context.WithoutCancel(ctx), "rebuild", k, cluster, err.Error())
				e.progress(Progress{Kind: Rebuilding, Cluster: cluster, Server: k, Text: err.Error()})
			case server.CodeOf(err) != 0 && server.KindOf(err) != server.ConnectionLost:
				return err
			}
		default:
		}
		status, err := e.o.Former(k).CloneStatus(ctx)
		switch {
		case err != nil: // it restarts
		case status.Began.Equal(last):
			if !running {
				return errors.New("the clone has not begun")
			}
		case status.State == server.CloneFailed:
			return errors.New(status.Problem)
		case status.State == server.Cloned:
			return nil
		case status.Stage != "" && e.o.Now().Sub(told) >= cloneTell:
			told = e.o.Now()
			e.progress(Progress{Kind: Rebuilding, Cluster: cluster, Server: k, Text: status.Stage})
		}
	}
	return ctx.Err()
}
