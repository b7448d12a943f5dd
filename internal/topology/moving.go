package topology

import (
	"cmp"
	"fmt"
	"slices"

	"orchestrator/internal/gtid"
)

// CanMove says whether replica r may be moved below s in this topology: CanReplicate, and what depends on the graph and
// on how the two were found. Both answer, s is not below r, and no replication group forbids it. It returns nil when r
// may be moved.
func (t *Topology) CanMove(r, s *Instance, rules ReplicationRules) *Refusal {
	if no := Answers(r); no != nil {
		return no
	}
	if no := Answers(s); no != nil {
		return no
	}
	switch {
	case !r.HasSource() && !r.Channel.Source.IsDetached():
		return &Refusal{"not-a-replica", fmt.Sprintf("%s replicates from nobody, and so cannot be moved below %s", r.Key, s.Key), "set its source up first"}
	case r.Group.IsSecondary():
		return &Refusal{"group-secondary", fmt.Sprintf("%s is a secondary of replication group %s and cannot be moved", r.Key, r.Group.Name), "take it out of the group first"}
	case r.Group.IsMember() && r.Group.Name == s.Group.Name:
		return &Refusal{"own-group", fmt.Sprintf("%s is the primary of replication group %s, and %s is a member of it", r.Key, r.Group.Name, s.Key), "name a server outside the group"}
	case r.Key != s.Key && t.IsBelow(s.Key, r.Key):
		return &Refusal{"loop", fmt.Sprintf("%s replicates, directly or not, from %s", s.Key, r.Key), "move " + s.Key.String() + " away first"}
	}
	for _, c := range r.Others {
		if c.Source == s.Key {
			return &Refusal{"other-channel", fmt.Sprintf("%s replicates from %s already, on channel %q", r.Key, s.Key, c.Name), "drop that channel first"}
		}
	}
	return CanReplicate(r, asRelay(s), rules)
}

// Answers says why nothing can be done with a server, or nil when its last check was successful.
func Answers(i *Instance) *Refusal {
	if i.LastCheckValid() {
		return nil
	}
	return &Refusal{"unreachable", fmt.Sprintf("the last check of %s failed: %s", i.Key, cmp.Or(i.Check.Err, "no answer")), "look why it does not answer"}
}

// asRelay is a source as CanReplicate wants to see it: a binlog server passes everything on.
func asRelay(s *Instance) *Instance {
	if !s.IsBinlogServer() {
		return s
	}
	c := s.Clone()
	c.LogBin, c.LogReplicaUpdates = true, true
	return c
}

// Moved is the topology as it will be when a server replicates from another one and nothing else has changed; where in the
// log of that one it will stand is not known.
func (t *Topology) Moved(server, source Key) *Topology {
	all := slices.Clone(t.instances)
	for n, i := range all {
		if i.Key == server {
			moved := i.Clone()
			moved.Channel.Source, moved.Channel.SourceHost, moved.Channel.SourceUUID = source, source.Hostname, ""
			moved.Channel.Read, moved.Channel.Exec, moved.Channel.Relay = Coordinates{}, Coordinates{}, Coordinates{}
			all[n] = moved
		}
	}
	return New(all, t.names)
}

// IsBelow says whether i replicates from k, directly or through others, on whatever channel. No server is below itself,
// unless it is part of a ring.
func (t *Topology) IsBelow(i, k Key) bool {
	seen := make(map[Key]bool)
	next := t.above(i)
	for len(next) > 0 {
		at := next[0]
		next = next[1:]
		switch {
		case at == k:
			return true
		case !seen[at]:
			seen[at] = true
			next = append(next, t.above(at)...)
		}
	}
	return false
}

// above are the servers that k replicates from, one for each channel.
func (t *Topology) above(k Key) []Key {
	var keys []Key
	if s := t.sources[k]; !s.IsZero() {
		keys = append(keys, s)
	}
	if i := t.Instance(k); i != nil {
		for _, c := range i.Others {
			if c.Source.IsValid() {
				keys = append(keys, c.Source)
			}
		}
	}
	return keys
}

// CanReplicateByGTID says whether replica r finds its place in the log of s by GTID: both use GTIDs of one family, and
// s has purged nothing that r lacks. What a MariaDB server has purged cannot be told from its position. It returns nil
// when r does.
func CanReplicateByGTID(r, s *Instance) *Refusal {
	switch {
	case r.UsesMariaDBGTID() && s.IsMariaDB():
		return nil
	case r.UsesMariaDBGTID():
		return &Refusal{"family", fmt.Sprintf("%s replicates by MariaDB's GTID and %s is %s", r.Key, s.Key, s.Flavor), "name a MariaDB server, or let it use file and position first (disable-gtid)"}
	case !r.UsesOracleGTID():
		return &Refusal{"no-gtid", fmt.Sprintf("%s replicates by file and position, at %s of %s", r.Key, r.Channel.Exec, r.SourceKey()), "let it use GTID first (enable-gtid)"}
	case !s.SupportsOracleGTID && !s.UsesOracleGTID():
		return &Refusal{"no-gtid", fmt.Sprintf("%s replicates by GTID, and gtid_mode of %s is %q", r.Key, s.Key, s.GTIDMode), "set gtid_mode=ON there"}
	}
	missing, err := purgedBefore(r, s)
	switch {
	case err != nil:
		return &Refusal{"unknown-history", fmt.Sprintf("whether %s still has what %s lacks cannot be told: %v", s.Key, r.Key, err), "discover both again"}
	case !missing.IsEmpty():
		return &Refusal{"purged", fmt.Sprintf("%s has purged transactions that %s lacks: %s", s.Key, r.Key, missing), "rebuild it from a backup, or name a source that still has them"}
	}
	return nil
}

// purgedBefore is what s has purged and r has not executed.
func purgedBefore(r, s *Instance) (gtid.Set, error) {
	purged, err := gtid.Parse(s.PurgedSet)
	if err != nil {
		return purged, fmt.Errorf("gtid_purged of %s: %w", s.Key, err)
	}
	executed, err := gtid.Parse(r.ExecutedSet)
	if err != nil {
		return executed, fmt.Errorf("gtid_executed of %s: %w", r.Key, err)
	}
	return purged.Subtract(executed), nil
}
