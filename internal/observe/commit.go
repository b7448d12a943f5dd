package observe

import (
	"time"

	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// commit takes a finding into the picture and returns the key under which the server stands. The caller is the loop
// and holds mu.
func (o *Observer) commit(e *entry, f finding) topology.Key {
	switch {
	case f.err != nil:
		o.commitFailure(e, f)
		return e.key
	case f.skipped != "":
		if o.config().EnableDiscoveryFiltersLogs {
			o.log.Info("server skipped", "instance", e.key.String(), "reason", f.skipped)
		}
		o.asked(e)
		if e.tentative {
			o.strike(e, errSkipped(e.key, f.skipped))
		}
		return e.key
	}
	for host, canonical := range f.resolved {
		o.picture.names.resolve(host, canonical)
	}
	if f.key != e.key {
		o.rename(e, f.key)
	}
	return o.commitSuccess(f)
}

// asked notes that a server was asked in this process.
func (o *Observer) asked(e *entry) {
	if m := o.picture.members[e.key]; m != nil {
		m.asked = true
	}
}

// commitFailure notes that a server could not be read. A server that was never seen and that nobody vouches for does
// not enter the picture.
func (o *Observer) commitFailure(e *entry, f finding) {
	e.failures++
	o.asked(e)
	old := o.picture.instance(e.key)
	if old == nil {
		o.failTentative(e, f)
		return
	}
	valid := old.LastCheckValid()
	i := old.Clone()
	i.Check.Attempted = later(i.Check.Attempted, f.began)
	i.Check.Checked = f.ended
	i.Check.PartialSuccess = f.answer.Partial
	i.Check.Err = f.err.Error()
	i.Check.Hung = f.hung
	i.Check.Latency = f.ended.Sub(f.began)
	o.take(i)
	if valid {
		o.log.Warn("server lost", "instance", e.key.String(), "error", f.err)
		o.event(InstanceLost, i, o.hasReplicas(e.key))
	} else if first := old.Check.Checked.IsZero(); first || refusal(f.err) != e.refusal {
		// Nobody is told twice of what goes on, but a server that was never seen and one that fails for another reason
		// are news.
		o.log.Warn("server cannot be read; it is asked again and again", "instance", e.key.String(), "never_seen", old.Check.Seen.IsZero(), "error", f.err)
	} else if o.config().DeadInstanceDiscoveryLogsEnabled {
		o.log.Debug("server still dead", "instance", e.key.String(), "failures", e.failures, "error", f.err)
	}
	e.refusal = refusal(f.err)
	if valid || o.someReplicate(e.key) {
		o.suspect(e.key, f.err)
	}
}

// refusal is why a server that is there cannot be read; 0 for one that cannot be reached, in whatever way.
func refusal(err error) server.Kind {
	if kind := server.KindOf(err); kind == server.AccessDenied || kind == server.SecureTransportRequired || kind == server.TooManyConnections {
		return kind
	}
	return 0
}

// failTentative gives up a server that others do not report any more.
func (o *Observer) failTentative(e *entry, f finding) {
	if !e.tentative || f.ended.Sub(e.reported) > forgetTentative*o.poll() {
		o.strike(e, f.err)
	}
}

// forgetTentative is for how many poll intervals a server that never answered stays in the schedule after it was last
// reported.
const forgetTentative = 3

// commitSuccess puts what was read beside what is known from elsewhere, and follows it to other servers.
func (o *Observer) commitSuccess(f finding) topology.Key {
	i := f.answer.Instance
	if canonical := o.double(i, f); canonical != i.Key {
		return canonical
	}
	e := o.entries[i.Key]
	old := o.picture.instance(i.Key)
	e.failures = 0
	e.tentative = false
	i.Check = topology.Check{
		Attempted: f.ended, Checked: f.ended, Seen: f.ended, PartialSuccess: true, Latency: f.ended.Sub(f.began),
		Connected: f.answer.Connected,
	}
	o.keep(i, old)
	o.findSource(i)
	o.picture.declared.onto(i)
	o.declareFromAnswer(i, f)
	o.noteStale(i, old)
	o.judgeErrant(i, old)
	m := o.take(i)
	if old == nil {
		m.since = f.ended
	}
	m.asked = true
	m.face = faceOf(i, f)
	o.noteAlias(m, f)
	o.noteDomain(m.inst, f)
	o.announce(m.inst, old)
	o.recheckErrant(i.Key)
	o.follow(m.inst, f)
	o.calm(i.Key)
	return i.Key
}

// keep carries over from the last observation what a probe does not say: the place in the graph until it is derived
// anew, what stays from one answer to the next, and classification that could not be read this time.
func (o *Observer) keep(i, old *topology.Instance) {
	if old == nil {
		return
	}
	i.ClusterName, i.Depth, i.IsCoPrimary, i.AncestryUUID = old.ClusterName, old.Depth, old.IsCoPrimary, old.AncestryUUID
	i.SuggestedClusterAlias = old.SuggestedClusterAlias
	if !i.HasSource() {
		i.ClusterDomain = old.ClusterDomain
	}
	if i.Check.Began().Before(o.picture.members[i.Key].repointed) {
		i.Channel = old.Channel
	}
	i.StoredReplicas = old.StoredReplicas
	if !i.ReadOnly {
		i.Troubles = old.Troubles
	}
	for _, f := range []struct{ now, old *string }{
		{&i.Alias, &old.Alias}, {&i.DataCenter, &old.DataCenter}, {&i.Region, &old.Region},
		{&i.PhysicalEnvironment, &old.PhysicalEnvironment},
	} {
		if *f.now == "" {
			*f.now = *f.old
		}
	}
	if i.Group.IsMember() && i.Group.Primary.IsZero() && old.Group.Name == i.Group.Name {
		i.Group.Primary = old.Group.Primary // an expelled member does not know the primary any more
	}
}

// announce tells of a server that is new or back.
func (o *Observer) announce(i, old *topology.Instance) {
	switch {
	case old == nil || old.Check.Seen.IsZero():
		o.log.Info("server discovered", "instance", i.Key.String(), "version", i.Version)
		o.event(InstanceDiscovered, i, false)
		o.adopt(i)
	case !old.LastCheckValid() || startedAnew(i, old):
		o.log.Info("server is back", "instance", i.Key.String(), "uptime", i.Uptime.String())
		o.event(InstanceBack, i, o.hasReplicas(i.Key))
	case old.ServerUUID != i.ServerUUID:
		o.adopt(i)
	}
	if old != nil && old.HasSource() && old.Channel.Source != i.Channel.Source {
		o.dropStub(old.Channel.Source)
	}
}

// startedAnew says whether a server was started between two looks. That its uptime has become less is not enough: its clock
// may have been set back.
func startedAnew(i, old *topology.Instance) bool {
	return i.Uptime < old.Uptime && i.Uptime <= i.Check.Seen.Sub(old.Check.Seen)+time.Second
}

// take puts an instance into the picture and notes that it has to be saved.
func (o *Observer) take(i *topology.Instance) *member {
	o.unsaved[i.Key] = struct{}{}
	o.picture.watch[i.Key] = struct{}{}
	return o.picture.put(i)
}

// drop takes a server out of the picture and the schedule.
func (o *Observer) drop(k topology.Key) {
	if e := o.entries[k]; e != nil {
		o.strike(e, errForgotten(k))
	}
	if i := o.picture.instance(k); i != nil {
		o.event(InstanceForgotten, i, false)
		o.picture.remove(k)
		o.eraseStored(k)
	}
	delete(o.unsaved, k)
	delete(o.suspicions, k)
	delete(o.errants, k)
	delete(o.alarms, k)
	o.picture.watch[k] = struct{}{}
	o.work.Go(func() { o.prober.Release(k) })
}

// rename moves a server to its canonical key. What is declared under the old key stays with the old name.
func (o *Observer) rename(e *entry, to topology.Key) {
	o.log.Info("server stands under the name it gives itself", "instance", to.String(), "asked_as", e.key.String())
	o.moveReplicas(e.key, to)
	o.drop(e.key)
	if n := o.entries[to]; n == nil {
		o.schedule(o.enlist(to))
	}
}

func (o *Observer) hasReplicas(k topology.Key) bool { return len(o.picture.replicas[k]) > 0 }

// someReplicate says whether a replica of the server still claims to receive from it.
func (o *Observer) someReplicate(k topology.Key) bool {
	for r := range o.picture.replicas[k] {
		if i := o.picture.instance(r); i.LastCheckValid() && i.Channel.IOThread.Running() {
			return true
		}
	}
	return false
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
