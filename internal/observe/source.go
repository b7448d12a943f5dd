package observe

import "orchestrator/internal/topology"

// findSource points a replica to the server that its source is known as, when it uses a name that nobody else knows,
// or one that has come to mean another server: while it receives, the UUID is that of the server at the other end.
func (o *Observer) findSource(i *topology.Instance) {
	if !i.HasSource() {
		return
	}
	known := o.picture.instance(i.Channel.Source)
	seen := known != nil && !known.Check.Seen.IsZero()
	moved := seen && known.ServerUUID != "" && known.ServerUUID != i.Channel.SourceUUID && i.Channel.IOThread.Running()
	if seen && !moved {
		return
	}
	if k, ok := o.uniqueUUID(i.Channel.SourceUUID); ok && k != i.Key {
		i.Channel.Source = k
	}
}

// uniqueUUID finds the one server with that UUID.
func (o *Observer) uniqueUUID(uuid string) (topology.Key, bool) {
	set := o.picture.byUUID[uuid]
	if uuid == "" || len(set) != 1 {
		return topology.Key{}, false
	}
	return anyOf(set), true
}

// adopt points replicas to a server that has just become known and is their source by UUID, though they call it by
// another name under which nothing was ever seen.
func (o *Observer) adopt(i *topology.Instance) {
	if k, ok := o.uniqueUUID(i.ServerUUID); !ok || k != i.Key {
		return
	}
	for k := range o.picture.sourceUUID[i.ServerUUID] {
		r := o.picture.instance(k)
		if k == i.Key || r.Channel.Source == i.Key {
			continue
		}
		named := r.Channel.Source
		if at := o.picture.instance(named); at != nil && !at.Check.Seen.IsZero() {
			continue
		}
		c := r.Clone()
		c.Channel.Source = i.Key
		o.take(c)
		o.dropStub(named)
	}
}
