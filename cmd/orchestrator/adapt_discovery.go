package main

import (
	"context"
	"errors"
	"fmt"

	"orchestrator/internal/config"
	"orchestrator/internal/observe"
	"orchestrator/internal/topology"
)

// liveDiscovery looks at servers with the service's observer.
type liveDiscovery struct {
	observer *observe.Observer
	config   func() *config.Config
	write    func(*topology.Instance)                              // to the backend
	forget   func(ctx context.Context, keys ...topology.Key) error // from the backend
	announce func(ctx context.Context, keys ...topology.Key) error // to the other nodes, which look at it themselves
}

// Discover implements operate.Discovery.
func (d liveDiscovery) Discover(ctx context.Context, key topology.Key) (*topology.Instance, error) {
	if excluded(ctx, d.observer, d.config(), key) {
		return nil, nil
	}
	i, err := d.observer.Discover(ctx, key)
	if err != nil {
		return i, err
	}
	d.write(i) // on a node that stands by nothing else does, and its leader finds the server there
	return i, d.announce(ctx, i.Key)
}

// excluded says whether a filter keeps a server from being discovered, by the name given or the one it resolves to.
func excluded(ctx context.Context, o *observe.Observer, c *config.Config, key topology.Key) bool {
	to := hostNames{o}.Resolve(ctx, key)
	ignore := c.DiscoveryIgnoreAny()
	return ignore.Match(key.Hostname, key.Port) || ignore.Match(to.Hostname, to.Port)
}

// DiscoverLater implements operate.Discovery.
func (d liveDiscovery) DiscoverLater(key topology.Key) { d.observer.DiscoverAsync(key) }

// Refresh implements operate.Discovery.
func (d liveDiscovery) Refresh(ctx context.Context, key topology.Key) (*topology.Instance, error) {
	return refresh(ctx, d.observer, key)
}

func refresh(ctx context.Context, o *observe.Observer, key topology.Key) (*topology.Instance, error) {
	if err := o.Probe(ctx, key); err != nil {
		return nil, err
	}
	i := o.Instance(key)
	if i == nil {
		return nil, fmt.Errorf("%s could not be read, and is not known", key)
	}
	return i, refused(i)
}

// Forget implements operate.Discovery. The observer goes first, so that it does not write the servers again.
func (d liveDiscovery) Forget(ctx context.Context, keys ...topology.Key) error {
	var errs []error
	for _, k := range keys {
		if d.observer.Instance(k) != nil {
			errs = append(errs, d.observer.Forget(k))
		}
	}
	return errors.Join(append(errs, d.forget(ctx, keys...))...)
}
