package recovery

import (
	"context"
	"fmt"
	"time"

	"orchestrator/internal/observe"
	"orchestrator/internal/publish"
	"orchestrator/internal/topology"
)

// backWithin bounds how long a rebuilt server may take to answer after the commands have ended.
const backWithin = 10 * time.Minute

// rebuildByHooks has the configured commands replace the server's data. They run under a lock of the server that outlives
// this process: where its end leaves the commands at work, nobody else begins the same beside them, and a person sees why.
func (e *Engine) rebuildByHooks(ctx context.Context, r *rebuilding) error {
	k := r.returned.Key
	unlock, err := e.lockToRebuild(ctx, r)
	if err != nil {
		return err
	}
	v := publish.Values{
		FailureType: "Rebuild", Command: "rebuild", FailureCluster: r.cluster, OrchestratorHost: e.o.Node.Hostname,
		Failed: k, IsDowntimed: true, Donor: r.donor, Successor: r.primary, RecoveryUID: newUID(e.o.Now()),
	}
	list := publish.List{Name: "RebuildProcesses", Commands: e.o.Config().RebuildProcesses, Unlimited: true}
	err = e.o.Hooks.Run(ctx, list, v, publish.StopAtFirst)
	if err == nil {
		err = e.awaitBack(ctx, k)
	}
	unlock()
	return err
}

// lockToRebuild takes the maintenance lock of the server until the returned function is called.
func (e *Engine) lockToRebuild(ctx context.Context, r *rebuilding) (unlock func(), err error) {
	k, now := r.returned.Key, e.o.Now()
	m := topology.Maintenance{
		Key: k, Owner: e.owner(), Reason: fmt.Sprintf("its data are being replaced by those of %s (RebuildProcesses)", r.donor),
		Begin: now, End: now.Add(cloneWithin), Bounded: true,
	}
	if m.ID, err = e.o.Ledger.BeginMaintenance(ctx, m); err != nil {
		return nil, err
	}
	e.o.Observer.Apply(observe.SetMaintenance{Key: k, Maintenance: &m})
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), bookkeepWithin)
		defer cancel()
		e.o.Observer.Apply(observe.SetMaintenance{Key: k})
		if err := e.o.Ledger.EndMaintenance(ctx, m.ID); err != nil {
			e.o.Logger.Error("ending the maintenance of a rebuilt server", "server", k.String(), "error", err)
		}
	}, nil
}

// awaitBack waits until a server answers again.
func (e *Engine) awaitBack(ctx context.Context, k topology.Key) error {
	ctx, cancel := context.WithTimeout(ctx, backWithin)
	defer cancel()
	for {
		e.look(ctx, k)
		if i := e.o.Observer.Snapshot().Instance(k); i != nil && i.LastCheckValid() {
			return nil
		}
		if !pause(ctx, rejoinPause) {
			return fmt.Errorf("RebuildProcesses have ended, and %s does not answer", k)
		}
	}
}
