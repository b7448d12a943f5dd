package move

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"orchestrator/internal/config"
	"orchestrator/internal/refactor"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

const (
	// injectEvery is how often pseudo-GTID entries are written.
	injectEvery = 5 * time.Second
	// injectWithin bounds the writing of one.
	injectWithin = 2 * time.Second
	// injectAtOnce is into how many servers entries are written at the same time.
	injectAtOnce = 10
	// grantsFor is how long it is taken for granted that a server allows them, or does not.
	grantsFor = time.Minute
	// InjectedFor is how long a cluster counts as one with pseudo-GTID after the last entry.
	InjectedFor = time.Hour
)

// Injected is a server into which pseudo-GTID entries are written.
type Injected interface {
	ReadOnly(ctx context.Context) (server.ReadOnlyState, error)
	Grants(ctx context.Context) ([]string, error)
	InjectPseudoGTID(ctx context.Context, name string) error
}

// InjectorOptions are what an Injector needs. All but Logger are required.
type InjectorOptions struct {
	Snapshot func() *topology.Topology
	Servers  func(topology.Key) Injected
	Leader   Leadership
	Config   func() *config.Config
	Busy     func(cluster string) bool
	// Record writes down that an entry was written into a cluster now.
	Record func(ctx context.Context, cluster string) error
	Now    func() time.Time
	Logger *slog.Logger
}

// Injector writes pseudo-GTID entries into the primaries of all clusters, where AutoPseudoGTID asks for it.
type Injector struct {
	o InjectorOptions

	mu     sync.Mutex
	grants map[topology.Key]permission
}

// permission is what a server said last.
type permission struct {
	granted bool
	until   time.Time
}

// NewInjector returns an Injector.
func NewInjector(o InjectorOptions) *Injector {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Injector{o: o, grants: make(map[topology.Key]permission)}
}

// Run writes entries every few seconds until ctx ends.
func (j *Injector) Run(ctx context.Context) {
	every := time.NewTicker(injectEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
			j.Round(ctx)
		}
	}
}

// Round writes one entry into each primary that is to get one, if this node leads.
func (j *Injector) Round(ctx context.Context) {
	if !j.o.Config().AutoPseudoGTID || !j.o.Leader.IsLeader() {
		return
	}
	targets := refactor.Injectable(j.o.Snapshot())
	j.forgetOthers(targets)
	var g errgroup.Group
	g.SetLimit(injectAtOnce)
	for _, i := range targets {
		g.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, injectWithin)
			defer cancel()
			if err := j.inject(ctx, i); err != nil && ctx.Err() == nil {
				j.o.Logger.Warn("pseudo-GTID injection", "server", i.Key.String(), "error", err)
			}
			return nil // each for itself
		})
	}
	_ = g.Wait() // none returns an error
}

// inject writes an entry into one server, unless that must not get it any more. The next round looks anew.
func (j *Injector) inject(ctx context.Context, i *topology.Instance) error {
	s := j.o.Servers(i.Key)
	if granted, err := j.granted(ctx, i.Key, s); err != nil || !granted {
		return err
	}
	state, err := s.ReadOnly(ctx)
	switch {
	case err != nil:
		return err
	case state.ReadOnly || state.SuperReadOnly: // the managing user may be one whom that does not hold back
		return nil
	case j.o.Busy(i.ClusterName):
		return nil
	}
	if err := j.o.Leader.Confirm(ctx); err != nil {
		return err
	}
	if err := s.InjectPseudoGTID(ctx, entryName(j.o.Now(), i.ServerID)); err != nil {
		return err
	}
	return j.o.Record(ctx, i.ClusterName)
}

// entryName is a name that was never used, greater than those that were used seconds before.
func entryName(now time.Time, serverID uint32) string {
	return fmt.Sprintf("_asc:%08x:%08x:%016x", now.Unix(), serverID, rand.Uint64())
}

// granted says whether the managing user may write entries, as was found out a minute ago at most.
func (j *Injector) granted(ctx context.Context, key topology.Key, s Injected) (bool, error) {
	j.mu.Lock()
	was, known := j.grants[key]
	j.mu.Unlock()
	if known && j.o.Now().Before(was.until) {
		return was.granted, nil
	}
	grants, err := s.Grants(ctx)
	if err != nil {
		return false, err
	}
	now := permission{server.MayInjectPseudoGTID(grants), j.o.Now().Add(grantsFor)}
	j.mu.Lock()
	j.grants[key] = now
	j.mu.Unlock()
	if !now.granted && (!known || was.granted) {
		err = errors.New("the managing user may not DROP in the schema _pseudo_gtid_, so nothing is injected; grant it there")
	}
	return now.granted, err
}

// forgetOthers drops what is known of servers that get no entries any more.
func (j *Injector) forgetOthers(targets []*topology.Instance) {
	j.mu.Lock()
	defer j.mu.Unlock()
	wanted := make(map[topology.Key]bool, len(targets))
	for _, i := range targets {
		wanted[i.Key] = true
	}
	for k := range j.grants {
		if !wanted[k] {
			delete(j.grants, k)
		}
	}
}
