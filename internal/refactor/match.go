package refactor

import (
	"cmp"
	"fmt"
	"slices"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// Markers is what is known of pseudo-GTID.
type Markers struct {
	InUse bool // there is something to tell its entries by (PseudoGTIDPattern)
	// Absent are clusters without entries: AutoPseudoGTID is to write them, and has not of late. There nothing is placed by
	// them unless it is asked for by name.
	Absent func(cluster string) bool
	// RelayOnly leaves the binary logs of replicas out (--skip-binlog-search).
	RelayOnly bool
}

// byMarker moves r by pseudo-GTID: its place in the log of s is sought when it stands still.
func (d *relocation) byMarker(r, s *topology.Instance) (plan.Action, *topology.Refusal) {
	if no := d.t.CanMove(r, s, d.policy.Replication); no != nil {
		return plan.Action{}, no
	}
	switch {
	case !d.request.Markers.InUse:
		return plan.Action{}, refuse("no-pseudo-gtid", "set PseudoGTIDPattern, or AutoPseudoGTID", "PseudoGTIDPattern is empty, so there is no common entry to match %s and %s by", r.Key, s.Key)
	case r.UsesGTID():
		return plan.Action{}, refuse("uses-gtid", "use move-gtid or relocate, or disable-gtid first", "%s finds its place by GTID, which matching would switch off", r.Key)
	case r.IsBinlogServer() || s.IsBinlogServer():
		return plan.Action{}, refuse("binlog-server", "use relocate or repoint", "a binlog server (%s or %s) writes no log of its own that could be compared", r.Key, s.Key)
	case s.Maintenance != nil:
		return plan.Action{}, refuse("maintenance", "end-maintenance there first", "%s is under maintenance by %s: %s", s.Key, s.Maintenance.Owner, s.Maintenance.Reason)
	}
	logs := r.LogBin && r.LogReplicaUpdates && r.BinlogFormat == s.BinlogFormat && !d.request.Markers.RelayOnly
	return plan.Action{Verb: plan.Match, Source: s.Key, Channel: r.Channel.Name, On: logs}, nil
}

// placeMatched is place, and by pseudo-GTID where both use it.
func (d *relocation) placeMatched(r, s *topology.Instance) (plan.Action, *topology.Refusal) {
	a, no := d.place(r, s)
	if absent := d.request.Markers.Absent; absent != nil && (absent(r.ClusterName) || absent(s.ClusterName)) {
		return a, no
	}
	if no == nil || no.Rule != "too-complex" || !r.UsingPseudoGTID || !s.UsingPseudoGTID || !d.request.Markers.InUse || r.UsesGTID() {
		return a, no
	}
	return d.byMarker(r, s)
}

// Equivalent is a place in the log of another server that is known to be the same as where a replica stands.
type Equivalent struct {
	Key topology.Key
	At  topology.Coordinates
}

// byEquivalence moves r to a place that is known to be the same as where it stands.
func (d *relocation) byEquivalence(r, s *topology.Instance) (plan.Action, *topology.Refusal) {
	if no := d.t.CanMove(r, s, d.policy.Replication); no != nil {
		return plan.Action{}, no
	}
	if r.UsesGTID() {
		return plan.Action{}, refuse("uses-gtid", "use move-gtid or relocate", "%s finds its place by GTID, which a move by position would switch off", r.Key)
	}
	i := slices.IndexFunc(d.request.Equivalents, func(e Equivalent) bool { return e.Key == s.Key })
	if i < 0 {
		return plan.Action{}, refuse("no-equivalent", "use relocate or match", "no place in the log of %s is known to be the same as %s of %s, where %s stands", s.Key, r.Channel.Exec, r.SourceKey(), r.Key)
	}
	return plan.Action{
		Verb: plan.PlaceAt, Source: s.Key, At: d.request.Equivalents[i].At, Set: r.Channel.Exec.String(), Channel: r.Channel.Name,
	}, nil
}

// placeKnown is byEquivalence for a replica that stands still, so that it will still stand there when the step runs.
func (d *relocation) placeKnown(r, s *topology.Instance) (plan.Action, bool) {
	if r.Channel.SQLThread.Running() || d.t.Source(r) == s {
		return plan.Action{}, false
	}
	a, no := d.byEquivalence(r, s)
	return a, no == nil
}

// matchUp moves the server beside its source.
func (d *relocation) matchUp() *topology.Refusal {
	m, no := d.source()
	if no != nil {
		return no
	}
	up, no := d.above(m)
	if no != nil {
		return no
	}
	return d.one(up, d.byMarker)
}

// rematch finds the place of the server in the log of its source again.
func (d *relocation) rematch() *topology.Refusal {
	m, no := d.source()
	if no != nil {
		return no
	}
	return d.one(m, d.byMarker)
}

// matchReplicas moves the replicas of the server below another.
func (d *relocation) matchReplicas(s *topology.Instance) *topology.Refusal {
	return d.all(d.replicas(d.server), s, func(r, s *topology.Instance) (plan.Action, *topology.Refusal) {
		if _, family := d.relay(r, s); family {
			return d.place(r, s)
		}
		return d.byMarker(r, s)
	})
}

// matchUpReplicas moves the replicas of the server beside it.
func (d *relocation) matchUpReplicas() *topology.Refusal {
	up, no := d.above(d.server)
	if no != nil {
		return no
	}
	return d.matchReplicas(up)
}

// regroupBinlogServers puts the binlog server that has received the most of the server's log above the others.
func (d *relocation) regroupBinlogServers() *topology.Refusal {
	relays := slices.DeleteFunc(d.replicas(d.server), func(r *topology.Instance) bool { return !r.IsBinlogServer() })
	reached := slices.DeleteFunc(slices.Clone(relays), func(r *topology.Instance) bool { return !r.LastCheckValid() })
	if len(reached) == 0 {
		return refuse("no-candidate", "let one of them answer again", "no binlog server that replicates from %s can be reached (of %d)", d.server.Key, len(relays))
	}
	best := slices.MaxFunc(reached, func(a, b *topology.Instance) int {
		return cmp.Or(a.Channel.Read.Compare(b.Channel.Read), b.Key.Compare(a.Key))
	})
	// One that cannot follow does not keep the others from it, nor the command from telling who was chosen.
	_ = d.all(relays, best, d.place)
	d.plan.Title = fmt.Sprintf("%s is placed above %d of the %d binlog servers of %s", best.Key, len(d.plan.Steps), len(relays), d.server.Key)
	return nil
}
