package observe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// finding is what a worker brings back from one server: host names are resolved, nothing is compared with the
// picture yet.
type finding struct {
	key      topology.Key // the name under which the server shall stand
	answer   Answer
	err      error
	hung     bool
	skipped  string // not to be taken in, for this reason
	began    time.Time
	ended    time.Time
	resolved map[string]string // host names that this probe had to resolve
}

// look asks one server. It runs in a worker.
func (o *Observer) look(ctx context.Context, k topology.Key, r *request) finding {
	f := finding{key: k, began: o.now()}
	f.answer, f.err = o.prober.Probe(ctx, k, Ask{Fresh: r.fresh})
	f.ended = o.now()
	if f.err == nil && f.answer.Instance == nil {
		f.err = fmt.Errorf("probe %s: no answer", k)
	}
	o.metrics.probed(k, f.ended, f.ended.Sub(f.began), f.err)
	if f.err != nil {
		f.hung = hung(f.err)
		return f
	}
	o.resolveNames(ctx, &f)
	o.classify(&f)
	return f
}

// hung says whether a probe failed because no answer came, not because one came that said no.
func hung(err error) bool {
	switch server.KindOf(err) {
	case server.Hung, server.Timeout:
		return true
	}
	var network net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network) && network.Timeout()
}

// resolveNames makes the hosts in an answer canonical: the server's own, its source's, its replicas' and its group's.
func (o *Observer) resolveNames(ctx context.Context, f *finding) {
	i := f.answer.Instance
	f.resolved = make(map[string]string)
	if own := o.ownName(ctx, f); own != f.key.Hostname {
		f.resolved[f.key.Hostname] = own
		f.key.Hostname = own
	}
	resolve := func(k topology.Key) topology.Key {
		if host := o.hostBehind(k.Hostname); host != "" {
			f.resolved[k.Hostname] = host
			return topology.Key{Hostname: host, Port: k.Port}
		}
		to, err := o.resolver.key(ctx, k)
		if err != nil {
			o.log.Debug("host name not resolved", "instance", f.key.String(), "host", k.Hostname, "error", err)
			return k
		}
		if to.Hostname != k.Hostname {
			f.resolved[k.Hostname] = to.Hostname
		}
		return to
	}
	i.Key = f.key
	if i.Channel.SourceHost == "" {
		i.Channel.SourceHost = i.Channel.Source.Hostname
	}
	i.Channel.Source = resolve(i.Channel.Source)
	for n := range i.Others {
		i.Others[n].Source = resolve(i.Others[n].Source)
	}
	for n := range i.Reported {
		i.Reported[n] = resolve(i.Reported[n])
	}
	for n := range i.Group.Members {
		i.Group.Members[n] = resolve(i.Group.Members[n])
	}
	for n := range f.answer.Group {
		f.answer.Group[n] = resolve(f.answer.Group[n])
	}
	i.Group.Primary = resolve(i.Group.Primary)
}

// hostBehind is the host for which a name was declared, by which replicas are pointed at it; "" for other names.
func (o *Observer) hostBehind(name string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.picture.declared.behind[name]
}

// ownName chooses the host name under which a server stands: the one it gives itself, if it can be reached by that
// name, otherwise the one it was reached by.
func (o *Observer) ownName(ctx context.Context, f *finding) string {
	host, own := f.key.Hostname, f.answer.OwnName
	if own == "" || own == host {
		return host
	}
	if known, ok := o.resolver.cached(host); ok && known.own && known.name == own {
		return own
	}
	if _, _, err := o.resolver.addresses(ctx, own); err != nil {
		o.log.Warn("the name that a server gives itself cannot be looked up; the server keeps the name it was reached by",
			"instance", f.key.String(), "own_name", own, "error", err)
		return host
	}
	return o.resolver.own(host, own)
}

// classify fills in what configured patterns make of the host name where no query said anything.
func (o *Observer) classify(f *finding) {
	c, i := o.config(), f.answer.Instance
	fill := func(field *string, pattern func(string) string) {
		if *field == "" {
			*field = pattern(i.Key.Hostname)
		}
	}
	fill(&i.DataCenter, c.DataCenterOf)
	fill(&i.Region, c.RegionOf)
	fill(&i.PhysicalEnvironment, c.PhysicalEnvironmentOf)
	if user := i.Channel.User; user != "" && c.DiscoveryIgnoreReplicationUsers().Match(user) {
		f.skipped = fmt.Sprintf("it replicates as %q, which DiscoveryIgnoreReplicationUsernameFilters excludes", user)
	}
}
