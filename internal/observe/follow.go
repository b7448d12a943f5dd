package observe

import (
	"slices"

	"orchestrator/internal/topology"
)

// follow goes on to the servers that this one names: its source, its replicas and its group.
func (o *Observer) follow(i *topology.Instance, f finding) {
	c := o.config()
	if s := i.Channel.Source; i.HasSource() && o.picture.instance(s) == nil && !c.DiscoveryIgnoreSources().Match(s.Hostname, s.Port) {
		o.stub(s)
	}
	users := f.answer.Users
	for n, k := range i.Reported {
		if c.DiscoveryIgnoreReplicas().Match(k.Hostname, k.Port) {
			continue
		}
		if n < len(users) && users[n] != "" && c.DiscoveryIgnoreReplicationUsers().Match(users[n]) {
			continue
		}
		o.reported(k)
	}
	for _, k := range slices.Concat(i.Group.Members, f.answer.Group) {
		o.reported(k)
	}
	for n := range i.Others {
		if s := i.Others[n].Source; s.IsValid() && !c.DiscoveryIgnoreSources().Match(s.Hostname, s.Port) {
			o.reported(s)
		}
	}
}

// reported notes that a server is said to exist.
func (o *Observer) reported(k topology.Key) {
	if e := o.entries[k]; e != nil {
		e.reported = o.now()
		return
	}
	if o.picture.members[k] != nil || o.isDouble(k) || !o.mayAsk(k) {
		return
	}
	e := o.enlist(k)
	e.tentative = true
	e.reported = o.now()
	o.picture.open[k] = struct{}{}
	o.want(e, &request{})
}

// stub puts a server that others replicate from into the picture before it was ever seen.
func (o *Observer) stub(k topology.Key) {
	if !o.mayAsk(k) {
		return
	}
	i := &topology.Instance{Key: k, Version: "Unknown", Flavor: topology.FlavorUnknown}
	i.Channel.IOThread, i.Channel.SQLThread = topology.NoThread, topology.NoThread
	o.picture.declared.onto(i)
	o.take(i).since = o.now()
	e := o.enlist(k)
	e.tentative = false
	if e.running == nil && e.waiting == nil {
		o.want(e, &request{})
	}
}

// dropStub removes a server that was never seen and that nobody names as a source any more.
func (o *Observer) dropStub(k topology.Key) {
	i := o.picture.instance(k)
	if i == nil || !i.Check.Seen.IsZero() || o.hasReplicas(k) || o.picture.members[k].seed {
		return
	}
	o.drop(k)
}

// mayAsk says whether a server may be discovered: its key can be an address, no filter excludes it, and it was not
// forgotten a moment ago.
func (o *Observer) mayAsk(k topology.Key) bool {
	if !k.IsValid() || o.config().DiscoveryIgnoreAny().Match(k.Hostname, k.Port) {
		return false
	}
	until, denied := o.denied[k]
	if denied && !until.After(o.now()) {
		delete(o.denied, k)
		denied = false
	}
	return !denied
}
