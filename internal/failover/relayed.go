package failover

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// A lost primary that has nothing but binlog servers below it, by file and position. Where they and their replicas stand is
// a place in its log, and all they can do is to go on in it. So one of their replicas is promoted that has applied all that
// the most advanced binlog server holds, and whose own log goes on with the number that comes next: of the two logs, laid end
// to end, nobody below a binlog server notices the seam.

// family are the binlog servers of a lost primary, and who replicates from them.
type family struct {
	relays  []*topology.Instance // reachable, and not below a reachable binlog server
	gone    []*topology.Instance // binlog servers that cannot be reached
	servers []*topology.Instance // replicas of binlog servers of either kind
	byGTID  bool                 // one of the reachable ones finds its place by GTID
}

// familyOf looks for binlog servers below a server, and below other binlog servers.
func familyOf(t *topology.Topology, failed topology.Key) *family {
	f := &family{}
	seen := map[topology.Key]bool{failed: true}
	var below func(k topology.Key, live bool)
	below = func(k topology.Key, live bool) {
		for _, i := range t.Replicas(k) {
			switch {
			case seen[i.Key]:
				continue
			case !i.IsBinlogServer():
				if k != failed {
					f.servers = append(f.servers, i)
				}
				continue
			case !i.LastCheckValid():
				f.gone = append(f.gone, i)
			case !live: // else it goes with the one above it
				f.relays = append(f.relays, i)
				f.byGTID = f.byGTID || i.UsesGTID()
			}
			seen[i.Key] = true
			below(i.Key, i.LastCheckValid())
		}
	}
	below(failed, false)
	return f
}

// stands says whether binlog servers by file and position are all that can be reached below the lost primary; beside are
// its other replicas.
func (f *family) stands(beside []*topology.Instance) bool {
	return len(f.relays) > 0 && !f.byGTID && len(reachable(beside)) == 0
}

// BelowRelays are the servers that stand below a primary by way of binlog servers: what replaces it may depend on them.
func BelowRelays(t *topology.Topology, primary topology.Key) []topology.Key {
	f := familyOf(t, primary)
	keys := topology.Keys(f.servers)
	for _, i := range slices.Concat(f.relays, f.gone) {
		if i.SourceKey() != primary {
			keys = append(keys, i.Key)
		}
	}
	return keys
}

// orphan says whether the source of a server is a binlog server that cannot be reached.
func (f *family) orphan(i *topology.Instance) bool {
	return slices.ContainsFunc(f.gone, func(g *topology.Instance) bool { return g.Key == i.SourceKey() })
}

// held is up to where a binlog server has whole transactions of the log.
func held(relay *topology.Instance) topology.Coordinates {
	if relay.Channel.Exec.IsEmpty() {
		return relay.Channel.Read
	}
	return relay.Channel.Exec
}

func (f *family) mostAdvanced() *topology.Instance {
	return slices.MaxFunc(f.relays, func(a, b *topology.Instance) int {
		return cmp.Or(held(a).Compare(held(b)), b.Key.Compare(a.Key))
	})
}

// relayed plans for such a primary.
type relayed struct {
	deadPrimary
	topology *topology.Topology
	family   *family
	top      *topology.Instance   // the binlog server that has received the most
	end      topology.Coordinates // of its log
	settled  bool                 // that is not going to move; else all is a forecast
	next     topology.Coordinates // where the successor's log goes on
}

// replaceRelayed is DeadPrimary for a primary with nothing but binlog servers below it.
func replaceRelayed(t *topology.Topology, f *family, r Request, p Policy, failed *topology.Instance) plan.Plan {
	d := &relayed{topology: t, family: f, deadPrimary: deadPrimary{request: r, policy: &p, failed: failed, plan: replacing(failed, r)}}
	d.chooser = newChooserBy(byPosition, failed, f.servers, &p)
	d.chooser.relayed = true
	d.gatherRelays()
	if !d.findEnd() {
		return d.plan
	}
	for _, k := range d.chooser.candidates {
		k.barred, k.soft = d.bar(k)
	}
	successor, rejected, warnings := d.chooser.choose(r.Designated)
	d.plan.Rejected, d.plan.Warnings = rejected, append(d.plan.Warnings, warnings...)
	if successor == nil {
		return d.plan
	}
	d.plan.Successor, d.plan.SuccessorWasOpen = successor.Key, !successor.ReadOnly
	d.plan.Title += " by " + successor.Key.String()
	d.align(successor)
	d.open(successor)
	d.joinLogs(successor)
	d.pointRelays(successor)
	d.adopt(successor)
	d.plan.Arrange()
	return d.plan
}

// silent says whether a binlog server was seen to have stopped receiving.
func silent(relay *topology.Instance) bool {
	return relay.Channel.IOThread == topology.ThreadStopped || relay.Channel.IOThread == topology.NoThread
}

// gatherRelays has all binlog servers stop receiving. What they have received, they serve.
func (d *relayed) gatherRelays() {
	for _, i := range d.family.relays {
		if silent(i) {
			continue
		}
		d.plan.Add(GatherStage, plan.Step{
			Phase: plan.Gather, Server: i.Key, MayFail: true,
			Action: plan.Action{Verb: plan.StopReplica, Channel: i.Channel.Name},
			Why:    "the log that it holds must not grow while the successor is chosen",
			Until:  "it receives nothing any more",
			Undo:   &plan.Action{Verb: plan.StartReplica, Channel: i.Channel.Name},
		})
	}
}

// findEnd finds the binlog server that has received the most, where its log ends, and where that can go on; false, with a
// reason, where it cannot.
func (d *relayed) findEnd() bool {
	d.top = d.family.mostAdvanced()
	d.end, d.settled = held(d.top), silent(d.top)
	file, ok := topology.NextLogFile(d.end.LogFile)
	if !ok {
		d.warn("the place of the binlog server %s in the log of %s is not known", d.top.Key, d.failed.Key)
		return false
	}
	d.next = topology.Coordinates{LogFile: file, LogPos: firstPosition}
	if len(d.chooser.candidates) == 0 {
		d.warn("nobody replicates from the binlog servers of %s", d.failed.Key)
		return false
	}
	for _, i := range d.family.servers {
		if d.settled && i.LastCheckValid() && !d.family.orphan(i) && d.end.Less(i.Channel.Read) {
			d.warn("%s ends at %s of the log of %s, in the middle of a transaction, and %s has received up to %s: what a new primary writes would be taken for the rest",
				d.top.Key, d.end, d.failed.Key, i.Key, i.Channel.Read)
			return false
		}
	}
	return true
}

func (d *relayed) warn(format string, args ...any) {
	d.plan.Warnings = append(d.plan.Warnings, fmt.Sprintf(format, args...))
}

// firstPosition is where the first event of a binary log stands.
const firstPosition = 4

// bar applies the rules of promotion to a replica of a binlog server. That it does not log what it replicates is what is
// wanted here: its log is its own then, and nobody reads it.
func (d *relayed) bar(k *candidate) (v *plan.Verdict, soft bool) {
	logging := k.Clone()
	logging.LogReplicaUpdates = true
	_, unknown := historyOf(byPosition, k.Instance)
	v, soft = d.chooser.bar(&candidate{Instance: logging, history: k.history}, unknown)
	if v != nil && !soft {
		return v, false
	}
	if v != nil && v.Rule == "no-binary-log" {
		return v, false
	}
	verdict := func(rule, format string, args ...any) *plan.Verdict {
		return &plan.Verdict{Server: k.Key, Rule: rule, Reason: fmt.Sprintf(format, args...)}
	}
	self := k.SelfCoordinates.LogFile
	base, number, numbered := topology.SplitLogFile(self)
	want, next, _ := topology.SplitLogFile(d.next.LogFile)
	switch {
	case k.UsesGTID():
		return verdict("gtid", "it finds its place by GTID, the binlog servers by file and position"), false
	case !numbered:
		return verdict("unknown-position", "which binary log it writes is not known"), false
	case base != want:
		return verdict("log-name", "its binary logs are called %s, and those of %s, in which the binlog servers go on, %s", base, d.failed.Key, want), false
	case number > next:
		return verdict("log-number", "its binary log has come to %s, beyond %s, where the binlog servers go on", self, d.next.LogFile), false
	case d.settled && d.end.Less(k.Channel.Read):
		return verdict("ahead", "it has received up to %s, and %s, from which the others go on, only up to %s", k.Channel.Read, d.top.Key, d.end), false
	case v != nil:
		return v, true
	case number == next:
		return verdict("log-number", "its binary log has come to %s already: the binlog servers can go on there only if nothing was written to it", self), true
	case k.LogReplicaUpdates:
		return verdict("log-replica-updates", "it logs what it replicates (log_replica_updates=ON), so others may read logs of it that have to be purged"), true
	}
	return nil, false
}

// align lets the successor apply everything that the most advanced binlog server holds.
func (d *relayed) align(successor *candidate) {
	if from := successor.SourceKey(); from != d.top.Key {
		d.plan.Add(stageCatchUp, plan.Step{
			Phase: plan.CatchUp, Server: successor.Key,
			Action: plan.Action{Verb: plan.ChangeSource, Source: d.top.Key, Place: plan.OwnPosition, Channel: successor.Channel.Name},
			Why:    "of the binlog servers it has received the most",
			Needs:  "both hold the same log",
			Until:  "it receives from " + d.top.Key.String(),
			Undo:   &plan.Action{Verb: plan.ChangeSource, Source: from, Place: plan.OwnPosition, Channel: successor.Channel.Name},
		})
	}
	d.plan.Add(stageFetch, plan.Step{
		Phase: plan.CatchUp, Server: successor.Key,
		Action:   plan.Action{Verb: plan.AwaitRelayed, Source: d.top.Key, Set: d.end.String(), Channel: successor.Channel.Name, Timeout: d.policy.ApplyPatience},
		Why:      "the binlog servers and their replicas go on where that log ends",
		Needs:    d.top.Key.String() + " receives nothing any more",
		Until:    "it has applied up to " + d.end.String(),
		Deadline: 24 * time.Hour, // as long as it makes progress; Timeout bounds standing still
	})
	d.plan.Add(stageFetched, plan.Step{
		Phase: plan.CatchUp, Server: successor.Key,
		Action: plan.Action{Verb: plan.StopReplica, Channel: successor.Channel.Name},
		Why:    "it must receive nothing any more when it is opened for writing",
		Until:  "both threads have ended",
		Undo:   &plan.Action{Verb: plan.StartReplica, Channel: successor.Channel.Name},
	})
	d.plan.Add(stagePrepare, plan.Step{
		Phase: plan.Promote, Server: successor.Key,
		Action:   plan.Action{Verb: plan.BeginLog, At: d.next},
		Why:      fmt.Sprintf("what it writes comes after %s in the log of the binlog servers", d.end),
		Needs:    "its log has not come so far, or nothing was written there",
		Until:    "it writes " + d.next.LogFile,
		Deadline: beginWithin,
	})
}

// beginWithin bounds the time in which a successor begins as many binary logs as its number lags behind.
const beginWithin = 10 * time.Minute

// joinLogs takes earlier files of the successor away: they have the names of the lost primary's, and another content.
func (d *relayed) joinLogs(successor *candidate) {
	if own := d.topology.Replicas(successor.Key); len(own) > 0 {
		d.warn("the binary logs of %s before %s are kept, because %s replicates from it: they have the names of those of %s, and another content",
			successor.Key, d.next.LogFile, own[0].Key, d.failed.Key)
		return
	}
	d.plan.Add(stageNote, plan.Step{
		Phase: plan.Promote, Server: successor.Key, MayFail: true,
		Action: plan.Action{Verb: plan.PurgeLogs, At: topology.Coordinates{LogFile: d.next.LogFile}},
		Why:    "they have the names of those of " + d.failed.Key.String() + ", and another content",
		Until:  "its first binary log is " + d.next.LogFile,
	})
}

// directRelays is how many binlog servers beside the most advanced one are placed directly below the successor.
const directRelays = 3

// pointRelays has the binlog servers go on in the successor's log: the most advanced one, and a few others directly, the
// rest by way of it.
func (d *relayed) pointRelays(successor *candidate) {
	others := slices.DeleteFunc(slices.Clone(d.family.relays), func(i *topology.Instance) bool { return i == d.top })
	slices.SortFunc(others, func(a, b *topology.Instance) int {
		return cmp.Or(held(b).Compare(held(a)), a.Key.Compare(b.Key))
	})
	below := plan.Action{Verb: plan.RelayFrom, Source: successor.Key, At: d.next, Set: d.end.String()}
	d.relayFrom(stageFollow, d.top, below, "it relays the new primary's log, which continues its own")
	for n, i := range others {
		direct := n < directRelays
		if direct && held(i).Compare(d.end) == 0 {
			d.relayFrom(stageFollow, i, below, "it holds the same")
			continue
		}
		d.relayFrom(stageFollow, i, plan.Action{Verb: plan.RelayFrom, Source: d.top.Key, Place: plan.OwnPosition, Set: d.end.String()},
			"of the binlog servers "+d.top.Key.String()+" has received the most")
		if direct {
			late := below
			late.Timeout = alignWithin
			d.relayFrom(stageAlign, i, late, "it need not depend on "+d.top.Key.String())
		}
	}
	for _, i := range d.family.gone {
		d.lose(i, "unreachable", "the last check failed: %s", cmp.Or(i.Check.Err, "no answer"))
	}
}

// alignWithin is how long a binlog server that has received less is waited for, to be placed below the successor.
const alignWithin = 10 * time.Second

func (d *relayed) relayFrom(stage int, i *topology.Instance, a plan.Action, why string) {
	a.Channel = i.Channel.Name
	needs := "it has received the log up to " + a.Set
	if a.Place == plan.OwnPosition {
		needs = "both hold the same log"
	}
	d.plan.Add(stage, plan.Step{
		Phase: plan.Repoint, Server: i.Key, MayFail: true, Action: a, Why: why, Needs: needs,
		Until: "it receives from " + a.Source.String(), Deadline: a.Timeout + relayWithin,
	})
}

// relayWithin bounds the pointing of a binlog server at another source.
const relayWithin = 30 * time.Second

// adopt settles who replicates from a binlog server that cannot be reached, or besides them from the lost primary.
func (d *relayed) adopt(successor *candidate) {
	for _, i := range d.family.servers {
		switch {
		case i.Key == successor.Key:
		case !i.LastCheckValid():
			d.lose(i, "unreachable", "the last check failed: %s", cmp.Or(i.Check.Err, "no answer"))
		case !d.family.orphan(i): // the log comes to it by the same way as before
		case i.UsesGTID():
			d.lose(i, "unknown-history", "%s is gone, and by GTID its place in the log of another binlog server is not known", i.SourceKey())
		case i.Channel.Read.IsEmpty() || d.end.Less(i.Channel.Read):
			d.lose(i, "ahead", "it has received up to %s, %s only up to %s", i.Channel.Read, d.top.Key, d.end)
		default:
			d.plan.Add(stageFollow, plan.Step{
				Phase: plan.Repoint, Server: i.Key, MayFail: true,
				Action: plan.Action{Verb: plan.ChangeSource, Source: d.top.Key, Place: plan.OwnPosition, Channel: i.Channel.Name},
				Why:    "its binlog server is gone, and this one holds the same log",
				Needs:  "it has received no more than that",
				Until:  "it receives from " + d.top.Key.String(),
			})
		}
	}
	servers, _ := splitRelays(d.topology.Replicas(d.request.Failed))
	for _, i := range servers {
		d.lose(i, "unreachable", "the last check failed: %s", cmp.Or(i.Check.Err, "no answer"))
	}
	d.detachLost()
}

func (d *relayed) lose(i *topology.Instance, rule, format string, args ...any) {
	d.plan.Lost = append(d.plan.Lost, plan.Verdict{Server: i.Key, Rule: rule, Reason: fmt.Sprintf(format, args...)})
}

// goOnRelaying does what is left of the steps by which binlog servers go on in the successor's log. Each looks first whether
// it has been done. left are servers that still name the lost primary.
func (d *deadPrimary) goOnRelaying(t *topology.Topology, steps []plan.Step, left []*topology.Instance) {
	known := make(map[topology.Key]bool)
	for _, s := range steps {
		known[s.Server] = true
		if s.State == plan.Done || s.State == plan.Skipped {
			continue
		}
		i := t.Instance(s.Server)
		if i == nil || !i.LastCheckValid() {
			if !slices.Contains(d.plan.LostKeys(), s.Server) {
				d.plan.Lost = append(d.plan.Lost, plan.Verdict{Server: s.Server, Rule: "unreachable", Reason: "it cannot be reached"})
			}
			continue
		}
		d.plan.Add(s.Stage, plan.Step{
			Phase: s.Phase, Server: s.Server, MayFail: true, Action: s.Action, Why: s.Why, Needs: s.Needs, Until: s.Until, Deadline: s.Deadline,
		})
	}
	for _, i := range left {
		if !known[i.Key] {
			d.plan.Lost = append(d.plan.Lost, plan.Verdict{Server: i.Key, Rule: "unreachable", Reason: "it was not to be reached when the others were given another source"})
		}
	}
	d.plan.Arrange()
}
