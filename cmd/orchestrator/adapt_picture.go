package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"orchestrator/internal/observe"
	"orchestrator/internal/operate"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// livePicture is what the observer sees right now.
type livePicture struct{ observer *observe.Observer }

// Topology implements operate.Picture.
func (p livePicture) Topology(context.Context) (*topology.Topology, error) {
	return p.observer.Snapshot(), nil
}

// clusterOf is the name of the cluster of a server, "" when it is not known.
func (p livePicture) clusterOf(k topology.Key) string {
	if i := p.observer.Instance(k); i != nil {
		return i.ClusterName
	}
	return ""
}

// storedPicture is what the backend has, read once, and again after this process has changed it.
type storedPicture struct {
	store *store.Store

	mu   sync.Mutex
	read *topology.Topology
}

// Topology implements operate.Picture.
func (p *storedPicture) Topology(ctx context.Context) (*topology.Topology, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.read != nil {
		return p.read, nil
	}
	instances, names, err := p.store.LoadInstances(ctx)
	if err != nil {
		return nil, err
	}
	overrides, err := p.store.AliasOverrides(ctx)
	if err != nil {
		return nil, err
	}
	p.read = topology.New(placed(instances, names), overridden(names, overrides))
	return p.read, nil
}

// placed gives stored servers their places. The rows are of different moments, so what belongs together is by who
// replicates from whom, as in the running service. Where that leads to a server that is not stored, such as one that was
// forgotten, the places count that were.
func placed(stored []*topology.Instance, names topology.Names) []*topology.Instance {
	derived := topology.Derive(stored, names)
	t := topology.New(derived, names)
	tops := make(map[string]*topology.Instance)
	for _, i := range derived {
		tops[i.Key.String()] = i
	}
	for n, i := range derived {
		if top := tops[i.ClusterName]; top != nil && top.HasSource() && t.Source(top) == nil {
			derived[n] = stored[n]
		}
	}
	return derived
}

// overridden lays the aliases that people set over those that were found. An empty one takes nothing away.
func overridden(names topology.Names, overrides map[string]string) topology.Names {
	all := make(map[string]string, len(names.Aliases)+len(overrides))
	maps.Copy(all, names.Aliases)
	for cluster, alias := range overrides {
		if alias != "" {
			all[cluster] = alias
		}
	}
	names.Aliases = all
	return names
}

// changed has the next reader read again.
func (p *storedPicture) changed() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.read = nil
}

// clusterOf is the name of the cluster of a server as far as the backend was read, "" when it is not known.
func (p *storedPicture) clusterOf(k topology.Key) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.read == nil {
		return ""
	}
	if i := p.read.Instance(k); i != nil {
		return i.ClusterName
	}
	return ""
}

// hostNames resolve host names with the observer's resolver, which needs no run.
type hostNames struct{ observer *observe.Observer }

// Resolve implements operate.Names.
func (n hostNames) Resolve(ctx context.Context, key topology.Key) topology.Key {
	to, err := n.observer.ResolveKey(ctx, key)
	if err != nil {
		return key
	}
	return to
}

// measurements are what the observer measured lately.
type measurements struct{ observer *observe.Observer }

// Discoveries implements operate.Metrics.
func (m measurements) Discoveries(since time.Time) []operate.DiscoveryMetric {
	return each(m.observer.ProbeRecords(since), func(r observe.ProbeRecord) operate.DiscoveryMetric {
		d := operate.DiscoveryMetric{At: r.At, Key: r.Key, Instance: r.Total, Total: r.Total}
		if r.Err != "" {
			d.Err = errors.New(r.Err)
		}
		return d
	})
}

// Queue implements operate.Metrics.
func (m measurements) Queue(name string, n int) ([]operate.QueueSample, bool) {
	queue := observe.QueueName(name)
	if queue != observe.DefaultQueue && queue != observe.DeadQueue {
		return nil, false
	}
	return each(m.observer.QueueSamples(queue, n), func(s observe.QueueSample) operate.QueueSample {
		return operate.QueueSample{Active: s.Active, Queued: s.Queued}
	}), true
}

// recoverySwitch is the switch for all automatic recoveries, in the backend.
type recoverySwitch struct{ store *store.Store }

// GlobalSwitch implements operate.RecoverySwitch.
func (s recoverySwitch) GlobalSwitch(ctx context.Context) (operate.GlobalSwitch, error) {
	off, err := s.store.RecoveryDisabled(ctx)
	if err != nil || off {
		return operate.GlobalSwitch{Disabled: off}, err
	}
	rows, err := s.store.SwitchedOffClusters(ctx)
	for _, r := range rows {
		if r.Cluster == "" {
			return operate.GlobalSwitch{Disabled: true, Until: r.End, Begin: r.Begin, Owner: r.Owner, Reason: r.Reason}, nil
		}
	}
	return operate.GlobalSwitch{}, err
}

// SetGlobalSwitch implements operate.RecoverySwitch.
func (s recoverySwitch) SetGlobalSwitch(ctx context.Context, to operate.GlobalSwitch) error {
	if to.Until.IsZero() {
		return s.store.SetRecoveryDisabled(ctx, to.Disabled)
	}
	return s.store.SwitchOffCluster(ctx, store.ClusterSwitch{Owner: to.Owner, Reason: to.Reason, Begin: to.Begin, End: to.Until})
}

// clusterSwitches are those of single clusters, in the backend.
type clusterSwitches struct{ store *store.Store }

// SwitchedOff implements operate.ClusterSwitches.
func (s clusterSwitches) SwitchedOff(ctx context.Context) ([]operate.ClusterSwitch, error) {
	rows, err := s.store.SwitchedOffClusters(ctx)
	rows = slices.DeleteFunc(rows, func(c store.ClusterSwitch) bool { return c.Cluster == "" }) // of all clusters: recoverySwitch
	return each(rows, func(c store.ClusterSwitch) operate.ClusterSwitch { return operate.ClusterSwitch(c) }), err
}

// SwitchOff implements operate.ClusterSwitches.
func (s clusterSwitches) SwitchOff(ctx context.Context, c operate.ClusterSwitch) error {
	return s.store.SwitchOffCluster(ctx, store.ClusterSwitch(c))
}

// SwitchOn implements operate.ClusterSwitches.
func (s clusterSwitches) SwitchOn(ctx context.Context, cluster string) (bool, error) {
	return s.store.SwitchOnCluster(ctx, cluster)
}

// refused is the error of a server whose last check failed.
func refused(i *topology.Instance) error {
	if i.LastCheckValid() {
		return nil
	}
	if i.Check.Err == "" {
		return fmt.Errorf("%s could not be read", i.Key)
	}
	return fmt.Errorf("%s could not be read: %s", i.Key, i.Check.Err)
}
