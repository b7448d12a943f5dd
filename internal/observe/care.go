package observe

import (
	"context"
	"fmt"
	"maps"
	"time"

	"orchestrator/internal/topology"
)

// Store keeps the picture from one process to the next. All methods are safe for concurrent use.
type Store interface {
	// LoadInstances returns what was last known, with what is declared, and the names.
	LoadInstances(ctx context.Context) ([]*topology.Instance, topology.Names, error)
	// LoadAliasOverrides returns the aliases that people set, by cluster name.
	LoadAliasOverrides(ctx context.Context) (map[string]string, error)
	// Observe hands over what is now known of a server, to be written soon. It never waits.
	Observe(i *topology.Instance)
	// ForgetInstances deletes servers.
	ForgetInstances(ctx context.Context, keys ...topology.Key) error
	// SaveNames replaces the aliases, domains and resolved host names.
	SaveNames(ctx context.Context, n topology.Names) error
	// BeginDowntime and EndDowntime write what the observer itself decides about servers that a recovery left behind.
	BeginDowntime(ctx context.Context, k topology.Key, d topology.Downtime) error
	EndDowntime(ctx context.Context, k topology.Key) error
	// RegisterCandidate writes a promotion rule that a server's own query gave.
	RegisterCandidate(ctx context.Context, k topology.Key, r topology.PromotionRule) error
	// Caretake removes what has expired.
	Caretake(ctx context.Context) error
}

// storeLimit bounds one piece of work on the store.
const storeLimit = 30 * time.Second

// errand is a piece of work on the store that the loop hands out.
type errand struct {
	what string
	do   func(ctx context.Context) error
}

// send does an errand outside the loop. Errands are done one after the other; a failure is logged, as the picture
// does not depend on it.
func (o *Observer) send(what string, do func(ctx context.Context) error) {
	if o.store == nil {
		return
	}
	o.errandMu.Lock()
	defer o.errandMu.Unlock()
	o.errandList = append(o.errandList, errand{what, do})
	if !o.errandsRun {
		o.errandsRun = true
		o.work.Go(o.runErrands)
	}
}

func (o *Observer) runErrands() {
	for {
		o.errandMu.Lock()
		list := o.errandList
		o.errandList = nil
		if len(list) == 0 {
			o.errandsRun = false
			o.errandMu.Unlock()
			return
		}
		o.errandMu.Unlock()
		for _, e := range list {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(o.ctx), storeLimit)
			if err := e.do(ctx); err != nil {
				o.log.Error("the backend cannot be written", "what", e.what, "error", err)
			}
			cancel()
		}
	}
}

// restore takes over what was last known. Each server keeps the time stamps of then, and counts as not yet asked.
func (o *Observer) restore(ctx context.Context) error {
	if o.store == nil {
		return nil
	}
	instances, known, err := o.store.LoadInstances(ctx)
	if err != nil {
		return fmt.Errorf("load the last known picture: %w", err)
	}
	overrides, err := o.store.LoadAliasOverrides(ctx)
	if err != nil {
		return fmt.Errorf("load cluster aliases: %w", err)
	}
	o.resolver.load(known.Resolved)
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.now()
	p := o.picture
	p.names.load(known, now.Add(nameExpiry(o.config())))
	maps.Copy(p.names.overrides, overrides)
	for _, i := range instances {
		i = notAhead(i, now)
		p.declared.from(i, now.Add(o.ruleExpiry()))
		m := p.put(i)
		m.alias = ""
		m.since = now
		if i.Depth == 0 {
			m.alias = i.SuggestedClusterAlias // until the server is asked, it is what its query said
		}
	}
	p.settle(o.config().ClusterAlias)
	for k := range p.members {
		if !o.mayAsk(k) {
			p.members[k].asked = true // it never will be
			continue
		}
		o.want(o.enlist(k), &request{})
	}
	return nil
}

// notAhead is an instance whose last check is not in the future. Compared with one that was noted by a clock that was ahead,
// all that this process finds would count as old.
func notAhead(i *topology.Instance, now time.Time) *topology.Instance {
	ahead := max(i.Check.Checked.Sub(now), i.Check.Attempted.Sub(now), i.Check.Seen.Sub(now))
	if ahead <= 0 {
		return i
	}
	i = i.Clone()
	for _, at := range []*time.Time{&i.Check.Checked, &i.Check.Attempted, &i.Check.Seen} {
		if !at.IsZero() {
			*at = at.Add(-ahead)
		}
	}
	return i
}

// plant puts the configured seeds into the picture, unless they are known.
func (o *Observer) plant() {
	var batch []func()
	for _, k := range o.Seeds() {
		batch = append(batch, func() {
			if o.picture.instance(k) == nil {
				o.stub(k)
				if m := o.picture.members[k]; m != nil {
					m.seed = true
				}
			}
		})
	}
	o.takeIn(batch)
}

// startCare arms what is done again and again.
func (o *Observer) startCare() {
	o.every(time.Second, o.reviewActivity)
	o.every(time.Second, o.sample)
	o.every(o.poll(), o.carePoll)
	o.every(o.timing.Caretaking, o.careMinute)
}

// reviewActivity notices when this process begins or ceases to be one that looks at servers. When it begins again,
// everything it knows is old: nothing counts as asked, and all are asked at once.
func (o *Observer) reviewActivity() {
	active := o.active()
	if active == o.wasActive {
		return
	}
	o.wasActive = active
	for k, m := range o.picture.members {
		o.picture.watch[k] = struct{}{}
		e := o.entries[k]
		if !active || e == nil {
			continue
		}
		m.asked = false
		if e.running == nil && e.waiting == nil {
			o.want(e, &request{})
		}
	}
}

// every has the loop do f once in each interval.
func (o *Observer) every(interval time.Duration, f func()) {
	t := &timer{}
	t.fire = func() {
		f()
		o.timers.arm(t, o.now().Add(interval))
	}
	o.timers.arm(t, o.now().Add(interval))
}

// carePoll is the housekeeping of each poll interval: aliases, and downtimes that are over or go on.
func (o *Observer) carePoll() {
	now := o.now()
	o.picture.chooseAliases()
	o.saveNames(now)
	for k, d := range o.picture.declared.servers {
		switch {
		case d.downtime != nil:
			o.careDowntime(k, d.downtime, now)
		case d.maintenance != nil && !d.maintenance.End.IsZero() && !d.maintenance.End.After(now):
			o.picture.declare(k, func(d *declared) { d.maintenance = nil })
		}
		if !d.ruleUntil.IsZero() && !d.ruleUntil.After(now) {
			o.picture.declare(k, func(d *declared) { d.rule, d.ruleUntil = topology.NeutralPromote, time.Time{} })
		}
	}
}

// lostDowntime is for how long a server that a recovery left behind stays in downtime after each renewal, and
// renewLost how much of it may pass before it is renewed.
const (
	lostDowntime = 365 * 24 * time.Hour
	renewLost    = time.Hour
	leastLost    = time.Minute
)

func (o *Observer) careDowntime(k topology.Key, d *topology.Downtime, now time.Time) {
	switch {
	case !d.ActiveAt(now):
		o.picture.declare(k, func(x *declared) { x.downtime = nil })
		o.send("end downtime of "+k.String(), func(ctx context.Context) error { return o.store.EndDowntime(ctx, k) })
	case !d.LostInRecovery():
	case now.Sub(d.Begin) >= leastLost && o.recovered(k):
		o.log.Info("server left behind by a recovery is well again; its downtime ends", "instance", k.String())
		o.picture.declare(k, func(x *declared) { x.downtime = nil })
		o.send("end downtime of "+k.String(), func(ctx context.Context) error { return o.store.EndDowntime(ctx, k) })
	case o.config().MasterFailoverLostInstancesDowntimeMinutes == 0 && d.End.Sub(now) < lostDowntime-renewLost:
		longer := *d
		longer.End = now.Add(lostDowntime)
		o.picture.declare(k, func(x *declared) { x.downtime = &longer })
		o.send("renew downtime of "+k.String(), func(ctx context.Context) error { return o.store.BeginDowntime(ctx, k, longer) })
	}
}

// recovered says whether a server that a recovery left behind is in use again: it replicates, and not from another one
// that was left behind, or it is the top of a cluster whose alias nobody else suggests.
func (o *Observer) recovered(k topology.Key) bool {
	m := o.picture.members[k]
	if m == nil || !m.asked || !m.inst.LastCheckValid() {
		return false
	}
	i := m.inst
	if i.HasSource() {
		return i.Replicating() && !o.belowLost(i)
	}
	if i.Depth != 0 || i.SuggestedClusterAlias == "" {
		return false
	}
	for other, x := range o.picture.members {
		if other != k && x.inst.SuggestedClusterAlias == i.SuggestedClusterAlias {
			return false
		}
	}
	return true
}

// belowLost says whether a server that a recovery left behind stands above this one.
func (o *Observer) belowLost(i *topology.Instance) bool {
	for range o.picture.members { // no chain is longer, and a ring ends
		if i = o.picture.instance(i.Channel.Source); i == nil || i.Downtime.LostInRecovery() {
			return i != nil
		}
	}
	return false
}

// careMinute is the housekeeping of each minute.
func (o *Observer) careMinute() {
	now := o.now()
	o.resolver.expire()
	o.picture.names.expire(now)
	for k, until := range o.denied {
		if !until.After(now) {
			delete(o.denied, k)
		}
	}
	o.forgetUnseen(now)
	if o.store != nil {
		o.send("caretaking", o.store.Caretake)
	}
}

// saveNames stores the names when they changed, and now and then so that they do not expire in the store.
func (o *Observer) saveNames(now time.Time) {
	if o.store == nil {
		return
	}
	n := o.storedNames()
	old := &o.savedNames
	if maps.Equal(n.Aliases, old.Aliases) && maps.Equal(n.Domains, old.Domains) && maps.Equal(n.Resolved, old.Resolved) &&
		now.Sub(o.namesSaved) < resaveNames {
		return
	}
	o.savedNames, o.namesSaved = n, now
	o.send("save names", func(ctx context.Context) error { return o.store.SaveNames(ctx, n) })
}

// resaveNames is how long names that do not change are not written again.
const resaveNames = 10 * time.Minute

// storedNames is what is kept of the names: every cluster has an alias there, if only its name, and without a resolve
// method no host names are kept.
func (o *Observer) storedNames() topology.Names {
	n := o.picture.names.current()
	aliases := make(map[string]string, len(o.picture.clusters))
	for c := range o.picture.clusters {
		aliases[c] = c
	}
	maps.Copy(aliases, n.Aliases)
	n.Aliases = aliases
	if o.config().HostnameResolveMethod == "none" {
		n.Resolved = nil
	}
	return n
}

// forgetUnseen takes out servers that were not seen for UnseenInstanceForgetHours, and those that cannot be reached
// and whose host name has come to mean another host.
func (o *Observer) forgetUnseen(now time.Time) {
	limit := o.config().UnseenInstanceForget()
	for k, m := range o.picture.members {
		if m.inst.LastCheckValid() {
			continue
		}
		last := m.inst.Check.Seen
		if last.IsZero() {
			last = m.since
		}
		known, ok := o.resolver.cached(k.Hostname)
		switch {
		case now.Sub(last) > limit:
			o.log.Info("server was not seen for long and is forgotten", "instance", k.String(), "last_seen", m.inst.Check.Seen)
			o.drop(k)
		case ok && known.err == nil && known.name != k.Hostname && m.asked && !o.hasReplicas(k):
			o.log.Info("host name means another host now; the old name is forgotten", "instance", k.String(), "resolves_to", known.name)
			o.drop(k)
		}
	}
}

// eraseStored deletes a server's rows.
func (o *Observer) eraseStored(k topology.Key) {
	o.send("forget "+k.String(), func(ctx context.Context) error { return o.store.ForgetInstances(ctx, k) })
}

// save hands what changed to the store. The caller holds mu.
func (o *Observer) save() {
	if o.store != nil {
		for k := range o.unsaved {
			if i := o.picture.instance(k); i != nil {
				o.store.Observe(i)
			}
		}
	}
	clear(o.unsaved)
}

// declareFromAnswer registers the promotion rule that the server's own query gave.
func (o *Observer) declareFromAnswer(i *topology.Instance, f finding) {
	r := f.answer.PromotionRule
	if r == nil {
		return
	}
	d := o.picture.declared.servers[i.Key]
	until := f.ended.Add(o.ruleExpiry())
	// Registered anew when half of its life is over, so that it neither expires nor is written with each probe.
	renew := d.ruleUntil.IsZero() || d.rule != *r || d.ruleUntil.Sub(f.ended) < o.ruleExpiry()/2
	if !renew {
		return
	}
	d.rule, d.ruleUntil = *r, until
	o.picture.declared.servers[i.Key] = d
	i.PromotionRule = *r
	k, rule := i.Key, *r
	o.send("register candidate "+k.String(), func(ctx context.Context) error { return o.store.RegisterCandidate(ctx, k, rule) })
}

func (o *Observer) ruleExpiry() time.Duration {
	return max(o.config().CandidateInstanceExpire(), time.Minute)
}
