package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"orchestrator/internal/cli"
	"orchestrator/internal/config"
	"orchestrator/internal/execute"
	"orchestrator/internal/observe"
	"orchestrator/internal/operate"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// hostNameRecords are the names of hosts: what the observer remembers, and what the backend keeps.
type hostNameRecords struct {
	store    *store.Store
	observer *observe.Observer
	config   func() *config.Config
	now      func() time.Time
	apply    func(observe.Change)
}

func (p *parts) hostNameRecords(o *observe.Observer, apply func(observe.Change)) hostNameRecords {
	return hostNameRecords{store: p.store, observer: o, config: p.config, now: p.now, apply: apply}
}

// Reach implements operate.HostNames.
func (h hostNameRecords) Reach(ctx context.Context, key topology.Key) error {
	d := net.Dialer{Timeout: h.config().MySQLConnectTimeout()}
	c, err := d.DialContext(ctx, "tcp", net.JoinHostPort(key.Hostname, fmt.Sprint(key.Port)))
	if err != nil {
		return err
	}
	return c.Close()
}

// Cached implements operate.HostNames.
func (h hostNameRecords) Cached() map[string]operate.CachedName {
	names := make(map[string]operate.CachedName)
	for host, n := range h.observer.CachedNames() {
		names[host] = operate.CachedName(n)
	}
	return names
}

// ResetCache implements operate.HostNames. Memory comes last: what it writes meanwhile goes with the rest.
func (h hostNameRecords) ResetCache(ctx context.Context) error {
	err := h.store.ResetResolvedNames(ctx)
	h.observer.ResetResolved()
	return err
}

// Resolved implements operate.HostNames.
func (h hostNameRecords) Resolved(ctx context.Context) (map[string]string, error) {
	rows, err := h.store.ResolvedNames(ctx)
	names := make(map[string]string, len(rows))
	for _, r := range rows {
		names[r.Hostname] = r.Resolved
	}
	return names, err
}

// Virtual implements operate.HostNames.
func (h hostNameRecords) Virtual(ctx context.Context) (map[string]string, error) {
	return h.store.Unresolved(ctx)
}

// RegisterVirtual implements operate.HostNames.
func (h hostNameRecords) RegisterVirtual(ctx context.Context, host, virtual string) error {
	if err := h.store.RegisterUnresolve(ctx, host, virtual, h.now()); err != nil {
		return err
	}
	h.apply(observe.SetUnresolved{Hostname: host, Name: virtual})
	return nil
}

// DeregisterVirtual implements operate.HostNames.
func (h hostNameRecords) DeregisterVirtual(ctx context.Context, host string) error {
	if _, err := h.store.DeregisterUnresolve(ctx, host); err != nil {
		return err
	}
	h.apply(observe.SetUnresolved{Hostname: host})
	return nil
}

// naming is how replicas are pointed at sources that have a virtual name.
type naming struct {
	skip      bool // by the source's own name all the same (-skip-unresolve)
	unchecked bool // by its own name where the virtual one does not lead to it, instead of failing (-skip-unresolve-check)
}

func namingOf(o cli.Options) naming {
	return naming{skip: o.SkipUnresolve, unchecked: o.SkipUnresolveCheck}
}

// virtualNames are those that the observer knows of. People who have something moved are told of a name that cannot be
// used; a recovery goes on.
func (p *parts) virtualNames(o *observe.Observer, asked bool) execute.VirtualNames {
	return execute.VirtualNames{Strict: asked && !p.naming.unchecked, Logger: p.log, Of: func(source topology.Key) (string, bool) {
		i := o.Instance(source)
		if i == nil || p.naming.skip {
			return "", false
		}
		return i.UnresolvedHostname, !i.IsBinlogServer() || !p.config().SkipBinlogServerUnresolveCheck
	}}
}

// submitted is what people and programs hand to the backend to be found there: pools, attributes, where primaries are.
type submitted struct {
	store  *store.Store
	config func() *config.Config
	now    func() time.Time
	tell   func(context.Context, store.Published) error // the stores outside the backend
}

func (p *parts) submitted() submitted {
	return submitted{store: p.store, config: p.config, now: p.now, tell: p.publishNow}
}

// SubmitPool implements operate.Pools.
func (s submitted) SubmitPool(ctx context.Context, pool string, keys []topology.Key) error {
	return s.store.SubmitPool(ctx, pool, keys, s.now())
}

// Pools implements operate.Pools.
func (s submitted) Pools(ctx context.Context) (map[string][]topology.Key, error) {
	return s.store.Pools(ctx)
}

// noHost stands for no host in the table of host attributes.
const noHost = "*"

// PutAttribute implements operate.Attributes.
func (s submitted) PutAttribute(ctx context.Context, name, value string) error {
	return s.store.PutHostAttribute(ctx, store.HostAttribute{Hostname: noHost, Name: name, Value: value})
}

// Attribute implements operate.Attributes.
func (s submitted) Attribute(ctx context.Context, name string) (value string, ok bool, err error) {
	rows, err := s.store.HostAttributes(ctx, name)
	for _, r := range rows {
		if r.Hostname == noHost {
			value, ok = r.Value, true
		}
	}
	return value, ok, err
}

// PutPrimary implements operate.KeyValues. That addresses cannot be read keeps nothing else from being written.
func (s submitted) PutPrimary(ctx context.Context, alias string, primary topology.Key) ([]operate.KeyValue, error) {
	pairs, addresses := s.store.PrimaryPairs(ctx, s.config().KVClusterMasterPrefix, alias, primary)
	now, done, err := s.store.PublishPrimary(ctx, store.Publication{Alias: alias, Primary: primary, Pairs: pairs})
	if done && err == nil {
		err = s.tell(ctx, now)
	}
	return each(pairs, func(p store.KV) operate.KeyValue { return operate.KeyValue(p) }), errors.Join(addresses, err)
}
