package observe

import "orchestrator/internal/topology"

// judgeErrant sets the errant set of a replica that has just been read. The source was read a while before the
// replica, so what looks errant may merely be newer than that; a set that is new therefore waits until the source has
// been read again.
func (o *Observer) judgeErrant(i, old *topology.Instance) {
	if old != nil {
		i.ErrantSet = old.ErrantSet
	}
	source := o.picture.instance(i.Channel.Source)
	if i.IsMariaDB() || source == nil || !i.HasSource() || source.ExecutedSet == "" || i.ExecutedSet == "" {
		i.ErrantSet = ""
		return
	}
	if i.AncestryUUID == "" || old == nil || placing(old) != placing(i) {
		o.awaitSource(i.Key, source.Key, false) // its ancestors are derived at the end of this batch
		return
	}
	m := o.picture.members[i.Key]
	if sets := [2]string{i.ExecutedSet, source.ExecutedSet}; m.judged != sets {
		m.judged = sets
	} else {
		return
	}
	errant, err := topology.Errant(i, source)
	switch {
	case err != nil:
		o.log.Warn("errant transactions unknown", "instance", i.Key.String(), "error", err)
		i.ErrantSet = ""
	case errant == "" || errant == i.ErrantSet:
		i.ErrantSet = errant
	default:
		o.awaitSource(i.Key, source.Key, true)
	}
}

// awaitSource has a replica judged again when its source has been read: the next time, or at once.
func (o *Observer) awaitSource(replica, source topology.Key, atOnce bool) {
	set := o.errants[source]
	if set == nil {
		set = make(keySet)
		o.errants[source] = set
	}
	set[replica] = struct{}{}
	s := o.picture.instance(source)
	if e := o.entries[source]; atOnce && e != nil && s != nil && s.LastCheckValid() {
		o.want(e, &request{urgent: true})
	}
}

// recheckErrant judges the replicas that waited for this source, which has been read after them.
func (o *Observer) recheckErrant(source topology.Key) {
	waiting := o.errants[source]
	if len(waiting) == 0 {
		return
	}
	delete(o.errants, source)
	o.picture.settle(o.config().ClusterAlias) // ancestors must be right
	s := o.picture.instance(source)
	for k := range waiting {
		i := o.picture.instance(k)
		if i == nil || i.Channel.Source != source {
			continue
		}
		errant, err := topology.Errant(i, s)
		if err != nil {
			o.log.Warn("errant transactions unknown", "instance", k.String(), "error", err)
		}
		o.picture.members[k].judged = [2]string{i.ExecutedSet, s.ExecutedSet}
		if errant == i.ErrantSet {
			continue
		}
		if errant != "" {
			o.log.Warn("errant transactions", "instance", k.String(), "gtid_errant", errant)
		}
		c := i.Clone()
		c.ErrantSet = errant
		o.take(c)
	}
}
