package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/observe"
	"orchestrator/internal/operate"
	"orchestrator/internal/server"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// oneShot looks at servers, and recovers them, in a command that runs once: each time an observer lives for as long as
// it takes, on the cluster in question alone, and what it saw is in the backend before the method returns.
type oneShot struct {
	*parts
	picture *storedPicture
	later   sync.WaitGroup
}

// Discover implements operate.Discovery.
func (s *oneShot) Discover(ctx context.Context, key topology.Key) (*topology.Instance, error) {
	var found *topology.Instance
	err := s.observe(ctx, key, func(ctx context.Context, o *observe.Observer, _ *server.Servers) error {
		if excluded(ctx, o, s.config(), key) {
			return nil
		}
		i, err := o.Discover(ctx, key)
		if err != nil {
			return err
		}
		if err := s.complete(ctx, o, i.Key); err != nil {
			s.log.WarnContext(ctx, "what is stored of the cluster may lack servers", "instance", i.Key.String(), "error", err)
		}
		found = o.Instance(i.Key)
		return nil
	})
	return found, err
}

// DiscoverLater implements operate.Discovery. The process does not end before it is done, see wait.
func (s *oneShot) DiscoverLater(key topology.Key) {
	s.later.Go(func() {
		if _, err := s.Discover(context.Background(), key); err != nil {
			s.log.Warn("not discovered", "instance", key.String(), "error", err)
		}
	})
}

// wait returns when what DiscoverLater began has ended.
func (s *oneShot) wait() { s.later.Wait() }

// Refresh implements operate.Discovery.
func (s *oneShot) Refresh(ctx context.Context, key topology.Key) (*topology.Instance, error) {
	var found *topology.Instance
	err := s.observe(ctx, key, func(ctx context.Context, o *observe.Observer, _ *server.Servers) error {
		var err error
		found, err = refresh(ctx, o, key)
		return err
	})
	return found, err
}

// Forget implements operate.Discovery.
func (s *oneShot) Forget(ctx context.Context, keys ...topology.Key) error {
	defer s.picture.changed()
	_, err := s.store.ForgetInstances(ctx, keys...)
	return err
}

// Recover implements operate.Repairer. While it runs, the process gives signs of life, so that nobody takes its
// recovery for one whose process is gone.
func (s *oneShot) Recover(ctx context.Context, key, candidate topology.Key, hooks bool) (operate.Repair, error) {
	t, err := s.picture.Topology(ctx)
	if err != nil {
		return operate.Repair{}, err
	}
	if t.Instance(key) == nil {
		return operate.Repair{}, fmt.Errorf("%s is not known: discover its cluster first", key)
	}
	var done operate.Repair
	err = s.observe(ctx, key, func(ctx context.Context, o *observe.Observer, servers *server.Servers) error {
		if err := s.complete(ctx, o, key); err != nil {
			return err
		}
		var err error
		done, err = repairer{s.recoveryEngine(o, servers)}.Recover(ctx, key, candidate, hooks)
		return err
	})
	return done, err
}

// observe runs an observer on the cluster of a server while do works. What do returns comes first among the errors.
func (s *oneShot) observe(ctx context.Context, key topology.Key, do func(context.Context, *observe.Observer, *server.Servers) error) error {
	members, names, err := s.clusterOf(ctx, key)
	if err != nil {
		return err
	}
	memory, err := newTLSMemory(ctx, s.store, s.log)
	if err != nil {
		return err
	}
	p, err := s.openServers(memory)
	if err != nil {
		return err
	}
	writer := s.store.NewWriter(store.WriterOptions{})
	kept := &clusterStore{s.pictureStore(writer), members, names}
	o := observe.New(observe.Options{
		Prober: p, Store: kept,
		Config: s.configWithoutSeeds, Logger: s.log, Now: s.now,
	})
	running, stop := context.WithCancel(ctx)
	var work sync.WaitGroup
	var runErr error
	work.Go(func() { runErr = o.Run(running) })
	work.Go(func() { s.health.run(running) })
	err = do(ctx, o, p.servers)
	stop()
	work.Wait()
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWrite)
	defer cancel()
	defer s.picture.changed()
	return errors.Join(err, runErr, writer.Flush(end), kept.saveFound(end, o.FoundNames()), writer.Close(end), memory.save(end), p.servers.Close())
}

// lastWrite bounds the writing of what was seen when the command ends.
const lastWrite = 30 * time.Second

// clusterOf returns what is stored of the cluster of a server; nothing when the server is not known.
func (s *oneShot) clusterOf(ctx context.Context, key topology.Key) ([]*topology.Instance, topology.Names, error) {
	t, err := s.picture.Topology(ctx)
	if err != nil {
		return nil, topology.Names{}, err
	}
	known := t.Instance(key)
	if known == nil {
		return nil, t.Names(), nil
	}
	c := t.Cluster(known.ClusterName)
	if c == nil {
		return []*topology.Instance{known.Clone()}, t.Names(), nil
	}
	return each(c.Members, (*topology.Instance).Clone), t.Names(), nil
}

// configWithoutSeeds keeps the observer from going to servers that nobody asked for.
func (s *oneShot) configWithoutSeeds() *config.Config {
	c := *s.config()
	c.DiscoverySeeds = nil
	return &c
}

// complete waits until every server of the cluster of key was asked.
func (s *oneShot) complete(ctx context.Context, o *observe.Observer, key topology.Key) error {
	c := s.config()
	limit := c.MySQLConnectTimeout() + c.MySQLDiscoveryReadTimeout() + lookAgain
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("not every server of the cluster has answered or failed within %s", limit))
	defer cancel()
	// There is no event for a server that was reported and turned out not to be there, so the question is put again.
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	for {
		if i := o.Instance(key); i != nil && o.Complete(i.ClusterName) {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-again.C:
		}
	}
}

// lookAgain is how often it is asked whether a cluster is complete.
const lookAgain = 20 * time.Millisecond

// clusterStore shows the observer one cluster of the backend. It does no housekeeping: that is the service's.
type clusterStore struct {
	*pictureStore
	members []*topology.Instance
	names   topology.Names
}

// LoadInstances implements observe.Store.
func (s *clusterStore) LoadInstances(context.Context) ([]*topology.Instance, topology.Names, error) {
	return s.members, s.names, nil
}

// Caretake implements observe.Store.
func (s *clusterStore) Caretake(context.Context) error { return nil }

// saveFound stores the names that are not what was read.
func (s *clusterStore) saveFound(ctx context.Context, found topology.Names) error {
	known := func(of map[string]string) func(string, string) bool {
		return func(name, value string) bool { return of[name] == value }
	}
	n := topology.Names{Aliases: maps.Clone(found.Aliases), Domains: maps.Clone(found.Domains), Resolved: maps.Clone(found.Resolved)}
	maps.DeleteFunc(n.Aliases, known(s.names.Aliases))
	maps.DeleteFunc(n.Domains, known(s.names.Domains))
	maps.DeleteFunc(n.Resolved, known(s.names.Resolved))
	if len(n.Aliases)+len(n.Domains)+len(n.Resolved) == 0 {
		return nil
	}
	return s.SaveNames(ctx, n)
}
