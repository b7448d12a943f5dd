package failover

import (
	"cmp"
	"fmt"
	"slices"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// splitRelays parts the binlog servers from the servers that hold data. Binlog servers are never promoted, and how they
// find their place must not decide how the others are compared.
func splitRelays(replicas []*topology.Instance) (servers, relays []*topology.Instance) {
	for _, i := range replicas {
		if i.IsBinlogServer() {
			relays = append(relays, i)
			continue
		}
		servers = append(servers, i)
	}
	return servers, relays
}

// followRelays settles the binlog servers of a lost primary. By GTID they follow the successor. By file and position a
// binlog server can go on only in a log whose files continue its own, which the successor's do not; so the others
// gather below the one that has received the most, where nothing is lost and their replicas go on, and that one is
// left to a person, with what is to be done.
func (d *deadPrimary) followRelays(relays []*topology.Instance, successor *candidate, final history) {
	lost := func(i *topology.Instance, rule, format string, args ...any) {
		d.plan.Lost = append(d.plan.Lost, plan.Verdict{Server: i.Key, Rule: rule, Reason: fmt.Sprintf(format, args...)})
	}
	var byFile []*topology.Instance
	for _, i := range relays {
		switch {
		case !i.LastCheckValid():
			lost(i, "unreachable", "the last check failed: %s", cmp.Or(i.Check.Err, "no answer"))
		case !i.UsesGTID():
			byFile = append(byFile, i)
		case methodOf([]*topology.Instance{i}) != d.chooser.method:
			lost(i, "unknown-history", "it replicates by %s, the replicas by %s", methodOf([]*topology.Instance{i}), d.chooser.method)
		default:
			h, err := historyOf(d.chooser.method, i)
			switch {
			case err != nil:
				lost(i, "unknown-history", "%v", err)
			case !final.covers(&h):
				lost(i, "ahead", "it holds %s that %s lacks", transactions(final.missing(&h)), successor.Key)
			default:
				d.followRelay(i, plan.Action{Verb: plan.ChangeSource, Source: successor.Key, Channel: i.Channel.Name}, "it relays the new primary's log")
			}
		}
	}
	if len(byFile) == 0 {
		return
	}
	top := slices.MaxFunc(byFile, func(a, b *topology.Instance) int {
		return cmp.Or(a.Channel.Read.Compare(b.Channel.Read), b.Key.Compare(a.Key))
	})
	for _, i := range byFile {
		switch {
		case i == top:
		case i.Channel.Read.IsEmpty():
			lost(i, "unknown-history", "its position in the log of %s is unknown", d.failed.Key)
		default:
			d.followRelay(i, plan.Action{
				Verb: plan.ChangeSource, Source: top.Key, Place: plan.ByCoordinates, At: i.Channel.Read, Channel: i.Channel.Name,
			}, "of the binlog servers "+top.Key.String()+" has received the most")
		}
	}
	if d.chooser.method == byPosition && final.read.Less(top.Channel.Read) {
		d.plan.Warnings = append(d.plan.Warnings, fmt.Sprintf("the binlog server %s has received the log of %s up to %s, %s only up to %s",
			top.Key, d.failed.Key, top.Channel.Read, successor.Key, final.read))
	}
	lost(top, "binlog-server", "it holds the log of %s up to %s and can go on only in files that come after; what %s writes before such a file begins "+
		"is missing below it, so its replicas are to be moved by GTID or rebuilt", d.failed.Key, top.Channel.Read, successor.Key)
}

func (d *deadPrimary) followRelay(i *topology.Instance, a plan.Action, why string) {
	d.plan.Add(stageFollow, plan.Step{
		Phase: plan.Repoint, Server: i.Key, MayFail: true,
		Action: a,
		Why:    why,
		Needs:  "nothing that it received is missing on " + a.Source.String(),
		Until:  "it receives from " + a.Source.String(),
	})
}
