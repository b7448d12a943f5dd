package observe

import (
	"time"

	"orchestrator/internal/topology"
)

// face is by what a server that answers under two names is recognised.
type face struct {
	ownName string    // as it calls itself; "" when it was not asked
	started time.Time // when it started, give or take a second
}

func faceOf(i *topology.Instance, f finding) face {
	x := face{ownName: f.answer.OwnName}
	if i.Uptime > 0 {
		x.started = f.ended.Add(-i.Uptime)
	}
	return x
}

// sameStart is how far two readings of one server's start may be apart: its uptime is in whole seconds.
const sameStart = 3 * time.Second

// double decides under which key a server stands that has just answered as i: normally its own, but when the same
// server is already known by another name, the better of the two names. The other one leaves the picture.
//
// Two names are one server when they share server UUID, server id and port, when what the server calls itself and
// when it started does not speak against it, and both names answered. Servers that merely share a copied UUID are
// kept, with a warning.
func (o *Observer) double(i *topology.Instance, f finding) topology.Key {
	if i.ServerUUID == "" {
		return i.Key
	}
	for k := range o.picture.byUUID[i.ServerUUID] {
		m := o.picture.members[k]
		if k == i.Key || !m.asked || !m.inst.LastCheckValid() {
			continue
		}
		if !oneServer(i, faceOf(i, f), m) {
			o.warnCopied(i.Key, k, i.ServerUUID)
			continue
		}
		if o.betterName(k, i.Key, f.answer.OwnName) {
			o.join(i.Key, k)
			return k
		}
		o.join(k, i.Key)
		return i.Key
	}
	return i.Key
}

// join drops a name of a server in favour of another one. Others may go on to report it by that name.
func (o *Observer) join(from, to topology.Key) {
	o.log.Info("two names of one server; one is dropped", "instance", to.String(), "dropped", from.String())
	o.doubles[from] = double{to: to, until: o.now().Add(nameExpiry(o.config()))}
	o.moveReplicas(from, to)
	o.drop(from)
}

// double is the name under which a server stands that is also known by another one.
type double struct {
	to    topology.Key
	until time.Time
}

// isDouble says whether a key is a second name of a server that answers under its first one.
func (o *Observer) isDouble(k topology.Key) bool {
	d, ok := o.doubles[k]
	if !ok {
		return false
	}
	if i := o.picture.instance(d.to); i != nil && i.LastCheckValid() && d.until.After(o.now()) {
		return true
	}
	delete(o.doubles, k)
	return false
}

func oneServer(i *topology.Instance, f face, m *member) bool {
	o := m.inst
	if i.ServerID != o.ServerID || i.Key.Port != o.Key.Port || f.ownName != m.face.ownName {
		return false
	}
	if f.started.IsZero() || m.face.started.IsZero() {
		return false // nothing but copied settings may be in common
	}
	return f.started.Sub(m.face.started).Abs() <= sameStart
}

// betterName says whether a server should rather be called a than b: by the name it gives itself, else by the one
// that replicas use, else by the one that is configured, else by the one that is known for longer, which is a.
func (o *Observer) betterName(a, b topology.Key, own string) bool {
	if (a.Hostname == own) != (b.Hostname == own) {
		return a.Hostname == own
	}
	if o.hasReplicas(a) != o.hasReplicas(b) {
		return o.hasReplicas(a)
	}
	return o.isSeed(a) || !o.isSeed(b)
}

func (o *Observer) isSeed(k topology.Key) bool {
	m := o.picture.members[k]
	return m != nil && m.seed
}

// moveReplicas points replicas that name a server by a dropped key to the key that stays.
func (o *Observer) moveReplicas(from, to topology.Key) {
	for _, k := range o.picture.replicaKeys(from) {
		c := o.picture.instance(k).Clone()
		c.Channel.Source = to
		o.take(c)
	}
}

func (o *Observer) warnCopied(a, b topology.Key, uuid string) {
	if b.Compare(a) < 0 {
		a, b = b, a
	}
	pair := a.String() + " " + b.String()
	if o.warned[pair] {
		return
	}
	o.warned[pair] = true
	o.log.Warn("two servers have the same server UUID; was a data directory copied with its auto.cnf?",
		"instance", a.String(), "other", b.String(), "server_uuid", uuid)
}
