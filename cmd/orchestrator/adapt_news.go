package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/observe"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// news shows in the picture what other processes declare: commands that run beside the service write to the same
// backend. Only what has changed in the backend since the last look is shown, so that what the service itself is about
// to write is not taken back.
type news struct {
	store  *store.Store
	config func() *config.Config
	apply  func(observe.Change)
	fleet  *fleetNews // nil: servers come and go without notice
	gate   *gate
	log    *slog.Logger
	soon   chan struct{} // something was declared: look at once
	last   facts
}

// facts are what people declared, as the backend has it.
type facts struct {
	downtimes    map[topology.Key]topology.Downtime
	maintenances map[topology.Key]topology.Maintenance
	tags         map[topology.Key][]topology.Tag
	accepted     map[topology.Key]topology.AcceptedErrant
	rules        map[topology.Key]store.Candidate
	aliases      map[string]string // manual ones, by cluster
	virtual      map[string]string // names that stand for hosts
}

func (p *parts) news(apply func(observe.Change), soon chan struct{}) *news {
	return &news{store: p.store, config: p.config, apply: apply, gate: &p.gate, log: p.log, soon: soon}
}

// run looks once in each poll interval until ctx ends.
func (n *news) run(ctx context.Context) {
	failing := false
	for {
		err := n.look(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			n.log.Warn("what other processes declare cannot be read", "error", err)
		}
		failing = err != nil
		wait := time.NewTimer(n.config().InstancePoll())
		select {
		case <-ctx.Done():
			wait.Stop()
			return
		case <-n.soon:
			wait.Stop()
		case <-wait.C:
		}
	}
}

// hurry has whoever waits for soon look at once. It does not wait.
func hurry(soon chan<- struct{}) {
	select {
	case soon <- struct{}{}:
	default: // it is about to look
	}
}

// look reads the backend and shows what is new. What this process declares while it reads has it read again; a process
// that does nothing else keeps it from being shown until the next look.
func (n *news) look(ctx context.Context) error {
	for shown, tries := false, 0; !shown && tries < 3; tries++ {
		since := n.gate.now()
		now, err := n.read(ctx)
		if err != nil {
			return err
		}
		shown = n.gate.unless(since, func() {
			for _, c := range changes(n.last, now, n.config().CandidateInstanceExpire()) {
				n.apply(c)
			}
			n.last = now
		})
	}
	if n.fleet == nil {
		return nil
	}
	return n.fleet.look(ctx)
}

func (n *news) read(ctx context.Context) (f facts, err error) {
	fail := func(err error) (facts, error) { return facts{}, fmt.Errorf("read what is declared: %w", err) }
	if f.downtimes, err = n.store.Downtimes(ctx); err != nil {
		return fail(err)
	}
	locks, err := n.store.Maintenances(ctx)
	if err != nil {
		return fail(err)
	}
	f.maintenances = make(map[topology.Key]topology.Maintenance, len(locks))
	for _, m := range locks {
		f.maintenances[m.Key] = m
	}
	if f.tags, err = n.store.Tags(ctx); err != nil {
		return fail(err)
	}
	if f.accepted, err = n.store.AcceptedErrants(ctx); err != nil {
		return fail(err)
	}
	rules, err := n.store.Candidates(ctx)
	if err != nil {
		return fail(err)
	}
	f.rules = make(map[topology.Key]store.Candidate, len(rules))
	for _, r := range rules {
		f.rules[r.Key] = r
	}
	if f.aliases, err = n.store.AliasOverrides(ctx); err != nil {
		return fail(err)
	}
	if f.virtual, err = n.store.Unresolved(ctx); err != nil {
		return fail(err)
	}
	return f, nil
}

// changes are what makes of the facts before those of now. A promotion rule counts for life after it was suggested.
func changes(before, now facts, life time.Duration) []observe.Change {
	return slices.Concat(
		differences(before.downtimes, now.downtimes, func(a, b topology.Downtime) bool { return a == b },
			func(k topology.Key, d *topology.Downtime) observe.Change {
				return observe.SetDowntime{Key: k, Downtime: d}
			}),
		differences(before.maintenances, now.maintenances, func(a, b topology.Maintenance) bool { return a == b },
			func(k topology.Key, m *topology.Maintenance) observe.Change {
				return observe.SetMaintenance{Key: k, Maintenance: m}
			}),
		differences(before.tags, now.tags, slices.Equal,
			func(k topology.Key, tags *[]topology.Tag) observe.Change {
				if tags == nil {
					return observe.SetTags{Key: k}
				}
				return observe.SetTags{Key: k, Tags: *tags}
			}),
		differences(before.accepted, now.accepted, func(a, b topology.AcceptedErrant) bool { return a == b },
			func(k topology.Key, a *topology.AcceptedErrant) observe.Change {
				return observe.SetAcceptedErrant{Key: k, Accepted: a}
			}),
		differences(before.rules, now.rules, func(a, b store.Candidate) bool { return a == b },
			func(k topology.Key, c *store.Candidate) observe.Change {
				if c == nil {
					return observe.SetPromotionRule{Key: k}
				}
				return observe.SetPromotionRule{Key: k, Rule: c.Rule, Until: c.Suggested.Add(life)}
			}),
		differences(before.aliases, now.aliases, func(a, b string) bool { return a == b },
			func(cluster string, alias *string) observe.Change {
				if alias == nil {
					return observe.SetClusterAlias{Cluster: cluster}
				}
				return observe.SetClusterAlias{Cluster: cluster, Alias: *alias}
			}),
		differences(before.virtual, now.virtual, func(a, b string) bool { return a == b },
			func(host string, name *string) observe.Change {
				if name == nil {
					return observe.SetUnresolved{Hostname: host}
				}
				return observe.SetUnresolved{Hostname: host, Name: *name}
			}),
	)
}

// differences makes a change of each entry that is new, different or gone; for one that is gone the value is nil.
func differences[K comparable, V any](before, now map[K]V, same func(a, b V) bool, change func(K, *V) observe.Change) []observe.Change {
	var list []observe.Change
	for k, v := range now {
		if old, known := before[k]; !known || !same(old, v) {
			list = append(list, change(k, &v))
		}
	}
	for k := range before {
		if _, still := now[k]; !still {
			list = append(list, change(k, nil))
		}
	}
	return list
}
