// Package movetest lets tests and tools have operations done on real servers without a service around them.
package movetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/execute"
	"orchestrator/internal/move"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// Fleet is what a Runner needs around it: it looks at servers itself, and keeps locks and audits in memory. The fields
// are for who runs one operation at a time.
type Fleet struct {
	Servers *server.Servers
	Config  config.Config
	Follows bool // this node leads not
	Marked  bool // pseudo-GTID is detected on all servers
	Locked  map[topology.Key]int64
	Audits  []string

	mu    sync.Mutex
	known map[topology.Key]*topology.Instance
}

// NewFleet makes a fleet of no servers; those that are probed become part of it. The caller closes Servers. The second
// user is what replicas sign in with.
func NewFleet(user, password, replUser, replPassword string) *Fleet {
	f := &Fleet{Locked: map[topology.Key]int64{}, known: map[topology.Key]*topology.Instance{}}
	f.Config.UseSuperReadOnly = true
	f.Config.MaxConcurrentReplicaOperations = 5
	f.Config.ReasonableMaintenanceReplicationLagSeconds = 20
	f.Config.ReasonableReplicationLagSeconds = 10
	f.Servers = server.New(server.Options{
		User: user, Password: password, TLSMode: server.TLSMixed, HostnameMethod: "report_host", ConnectTimeout: time.Second,
		CredentialsQuery: "SELECT '" + replUser + "', '" + replPassword + "'",
	})
	return f
}

// RunnerOptions are those of a Runner over the fleet.
func (f *Fleet) RunnerOptions() move.Options {
	return move.Options{
		Picture: f, Locks: f, Audit: f, Servers: execute.Real(f.Servers), Leader: f,
		Config: func() *config.Config { return &f.Config }, Owner: "test", Now: time.Now,
	}
}

// Runner is a Runner over the fleet.
func (f *Fleet) Runner() *move.Runner { return move.New(f.RunnerOptions()) }

// Snapshot implements move.Picture.
func (f *Fleet) Snapshot() *topology.Topology {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]*topology.Instance, 0, len(f.known))
	for _, i := range f.known {
		all = append(all, i.Clone())
	}
	slices.SortFunc(all, func(a, b *topology.Instance) int { return a.Key.Compare(b.Key) })
	return topology.New(topology.Derive(all, topology.Names{}), topology.Names{})
}

// Probe implements move.Picture: all servers are asked at the same time.
func (f *Fleet) Probe(ctx context.Context, keys ...topology.Key) error {
	errs := make([]error, len(keys))
	var all sync.WaitGroup
	for n, k := range keys {
		all.Go(func() { errs[n] = f.probe(ctx, k) })
	}
	all.Wait()
	return errors.Join(errs...)
}

func (f *Fleet) probe(ctx context.Context, k topology.Key) error {
	seen, err := f.Servers.For(k).Probe(ctx)
	now := time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil {
		seen.Instance.UsingPseudoGTID = f.Marked
		seen.Instance.Check = topology.Check{Attempted: now, Checked: now, Seen: now}
		f.known[k] = seen.Instance
	} else if was := f.known[k]; was != nil {
		was = was.Clone()
		was.Check.Checked, was.Check.Err = now, err.Error()
		f.known[k] = was
	}
	return err
}

// BeginMaintenance implements move.Locks.
func (f *Fleet) BeginMaintenance(_ context.Context, m topology.Maintenance) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.Locked[m.Key] != 0 {
		return 0, errors.New("somebody else has it")
	}
	f.Locked[m.Key] = int64(m.Key.Port)
	return f.Locked[m.Key], nil
}

// EndMaintenanceByID implements move.Locks.
func (f *Fleet) EndMaintenanceByID(_ context.Context, id int64) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for k, held := range f.Locked {
		if held == id {
			delete(f.Locked, k)
			return true, nil
		}
	}
	return false, nil
}

// Audit implements move.Auditor.
func (f *Fleet) Audit(_ context.Context, kind string, key topology.Key, _, message string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Audits = append(f.Audits, fmt.Sprintf("%s %s %s", kind, key, message))
	return nil
}

// IsLeader implements move.Leadership.
func (f *Fleet) IsLeader() bool { return !f.Follows }

// Confirm implements move.Leadership.
func (f *Fleet) Confirm(context.Context) error {
	if f.Follows {
		return errors.New("follows")
	}
	return nil
}
