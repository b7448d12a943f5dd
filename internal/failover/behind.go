package failover

import (
	"fmt"
	"time"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// followBehind points those at the successor that have received less by file and position. What they lack is in the
// successor's log, and in its relay log with the positions of the lost primary, as long as it has that: so it is read before the
// successor forgets its source, and after the opening, which must not wait for it. Whether the place of a replica can be
// proven shows when its step runs, by what was received or by pseudo-GTID; one whose place cannot be is lost. opened is where the successor's log ended when it was opened, where
// that was done before this plan.
func (d *deadPrimary) followBehind(behind []*candidate, successor *candidate, opened topology.Coordinates) {
	if len(behind) == 0 {
		return
	}
	least := behind[0].Channel.Exec
	for _, k := range behind[1:] {
		if k.Channel.Exec.Less(least) {
			least = k.Channel.Exec
		}
	}
	if successor.SourceKey() == d.request.Failed {
		d.plan.Add(stageNote, plan.Step{
			Phase: plan.Promote, Server: successor.Key, MayFail: true,
			Action:   plan.Action{Verb: plan.NoteReceived, At: least, Channel: successor.Channel.Name},
			Why:      "others have received less, and it is about to forget its source and with it what it received",
			Until:    "its relay log has been read",
			Deadline: noteWithin,
		})
	}
	for _, k := range behind {
		d.plan.Add(stageFollow, plan.Step{
			Phase: plan.Repoint, Server: k.Key, MayFail: true,
			Action: plan.Action{Verb: plan.ChangeSource, Source: successor.Key, Place: plan.ByContent, At: opened, On: k.LogsUpdates() && k.BinlogFormat == successor.BinlogFormat},
			Why:    fmt.Sprintf("it follows the new primary, and has received only up to %s", k.Channel.Read),
			Needs:  "what it has not received is at the end of the log of " + successor.Key.String() + ", and nothing else",
			Until:  "it receives from " + successor.Key.String(),
		})
		if d.policy.DetachLost {
			d.plan.Add(stageLost, plan.Step{
				Phase: plan.Detach, Server: k.Key, MayFail: true,
				Action: plan.Action{Verb: plan.DetachSource, Source: successor.Key},
				Why:    "it is lost if it could not follow",
				Until:  "it follows the new primary, or its source's name carries the detach mark",
			})
		}
	}
	d.plan.Arrange()
}

// noteWithin bounds the reading of the successor's relay log: until it has been read, nobody follows.
const noteWithin = 10 * time.Second

// cannotFollowBehind says why the place of a replica that has received less cannot be found by what the logs hold, or
// nil. What they hold must be the same in the same order: what the lost server sent and nothing else.
func (d *deadPrimary) cannotFollowBehind(k, successor *candidate) *plan.Verdict {
	lost := func(format string, args ...any) *plan.Verdict {
		return &plan.Verdict{Server: k.Key, Rule: "behind", Reason: fmt.Sprintf("it has received up to %s, %s up to %s, and ", k.history.read, successor.Key, successor.history.read) +
			fmt.Sprintf(format, args...)}
	}
	switch {
	case k.UsesGTID():
		return lost("it finds its place by GTID, which the others do not use")
	case k.Channel.Exec.IsEmpty():
		return lost("up to where it has applied is unknown")
	case successor.IsCoPrimary || d.failed.IsCoPrimary:
		return lost("in a ring the log of %s also holds what it did not receive from %s", successor.Key, d.failed.Key)
	case successor.Channel.HasFilters:
		return lost("%s applies by filters, so its log does not hold all that it received", successor.Key)
	}
	return nil
}
