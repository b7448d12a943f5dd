package failover

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"orchestrator/internal/analysis"
	"orchestrator/internal/topology"
)

// judge collects everything that would keep a recovery from happening.
func (x *explainer) judge() {
	x.judgeState()
	x.judgeServer()
	handling := analysis.HandlingOf(x.Code)
	switch {
	case x.Code == analysis.NoProblem:
		x.hold(Hold{Rule: "no-problem", Reason: "the analysis finds nothing wrong with " + x.Failed.String()})
	case handling.Recovery == analysis.NoRecovery:
		x.hold(Hold{Rule: "no-recovery", Reason: fmt.Sprintf("%s has no automatic recovery%s", x.Code, whyNot(x.Code))})
	case handling.Recovery == analysis.DetectOnly:
		x.hold(OnlyDetected(x.Code))
	}
	x.judgeSettings(handling.Recovery)
	if handling.HeldBackInGrace && x.state.GraceUntil.After(x.state.Now) {
		x.hold(Hold{Rule: "grace", Reason: "its replicas were made to reconnect a moment ago, and get the time to find it again", Until: x.state.GraceUntil})
	}
	for _, c := range x.finding.CannotWrite() {
		if c != x.Code {
			x.Notes = append(x.Notes, fmt.Sprintf("it cannot write at this moment (%s): --failure %s says what is done about that", c, c))
		}
	}
	if len(x.policies.VetoingHooks) > 0 && handling.Actionable() {
		x.Notes = append(x.Notes, "a hook that fails would stop it: "+strings.Join(x.policies.VetoingHooks, ", "))
	}
}

// OnlyDetected is what keeps failures of a code from ever being repaired.
func OnlyDetected(c analysis.Code) Hold {
	return Hold{Rule: "detect-only", Reason: fmt.Sprintf("%s is only detected, with its hooks, and never repaired%s", c, whyNot(c))}
}

// whyNot says why a code is not repaired.
func whyNot(c analysis.Code) string {
	switch c {
	case analysis.DeadPrimaryWithoutReplicas:
		return ": there is nobody to promote"
	case analysis.DeadPrimaryAndReplicas, analysis.DeadIntermediateAndReplicas:
		return ": no replica can be reached either, so it may be this node that is cut off"
	case analysis.UnreachablePrimary, analysis.UnreachableCoPrimary, analysis.UnreachableIntermediate:
		return ": replicas still replicate from it, so it lives"
	case analysis.UnreachablePrimaryWithLagging, analysis.UnreachableIntermediateWithLagging:
		return ": its replicas lag and may not have noticed; they are made to reconnect, and it is judged again"
	}
	return ""
}

// judgeSwitches names what people have switched off.
func (x *explainer) judgeSwitches() {
	off, everywhere := x.state.SwitchedOff, x.state.SwitchedOff != nil && x.state.SwitchedOff.Cluster == ""
	switch {
	case x.state.GlobalDisabled:
		x.hold(Hold{Rule: "disabled", Reason: "recoveries are switched off globally", Change: "enable-global-recoveries"})
	case everywhere:
		x.hold(Hold{Rule: "disabled", Reason: off.String(), Change: "enable-global-recoveries", Until: off.Until})
	default:
		x.pass("disabled", "", "automatic recovery is on everywhere")
	}
	if off != nil && !everywhere {
		x.hold(Hold{Rule: "cluster-disabled", Reason: off.String(), Change: "enable-cluster-recoveries", Until: off.Until})
	} else {
		x.pass("cluster-disabled", "", "it is not switched off for this cluster")
	}
}

func (x *explainer) judgeState() {
	s := x.state
	switch {
	case s.Leader:
		x.pass("not-leader", "", "this node leads, and may recover")
	case s.Elsewhere != "":
		x.pass("not-leader", "", s.Elsewhere+" leads, and may recover")
	case s.Leaderless:
		x.hold(Hold{Rule: "no-leader", Reason: "no quorum: no manager leads, and only a leader recovers", Change: "bring managers back, until more than half of them are there"})
	default:
		x.hold(Hold{Rule: "not-leader", Reason: "this node is not the leader, and only the leader recovers", Change: "ask the leader, or wait until one is elected"})
	}
	if !s.Complete {
		x.hold(Hold{Rule: "incomplete", Reason: "not all servers of the cluster have been looked at since the program began", Change: "wait for the first round of probes; forget servers that are gone"})
	} else {
		x.pass("incomplete", "", "all servers of the cluster have been looked at")
	}
	x.judgeSwitches()
	if out := s.OutsideGroup; out != nil && opens(x.Code) {
		x.hold(Hold{Rule: "outside-group", Reason: out.String(), Change: "START GROUP_REPLICATION there, or forget the server"})
	}
	switch b := s.Blocking; {
	case b == nil:
		x.pass("blocked", "RecoveryPeriodBlockSeconds", "no recent recovery blocks it")
	case b.Running:
		x.hold(Hold{Rule: "running", Reason: "a recovery of the cluster is still running" + b.inBrackets(), Change: "wait for its end"})
	case !b.Promotion && promotes(x.Code): // that one gives way
	case b.Until.IsZero() || b.Until.After(s.Now):
		x.hold(Hold{Rule: "blocked", Setting: "RecoveryPeriodBlockSeconds", Until: b.Until,
			Reason: "the cluster was recovered a short time ago" + b.inBrackets(), Change: "ack-cluster-recoveries, or wait until its period ends"})
	}
}

func (x *explainer) judgeServer() {
	i := x.server
	if x.ignored {
		x.hold(Hold{Rule: "ignored-hostname", Setting: "RecoveryIgnoreHostnameFilters", Reason: "RecoveryIgnoreHostnameFilters matches " + i.Key.Hostname + ": it is left out of the analysis", Change: "take the filter out"})
	}
	if m := i.Maintenance; m != nil {
		x.hold(Hold{Rule: "maintenance", Reason: fmt.Sprintf("%s is under maintenance by %s: %s", i.Key, m.Owner, m.Reason), Change: "end-maintenance " + i.Key.String(), Until: m.End})
	} else {
		x.pass("maintenance", "", i.Key.String()+" is not under maintenance")
	}
	if d := i.Downtime; d.ActiveAt(x.state.Now) {
		x.hold(Hold{Rule: "downtime", Reason: fmt.Sprintf("%s is downtimed by %s: %s", i.Key, d.Owner, d.Reason), Change: "end-downtime " + i.Key.String(), Until: d.End})
	} else if x.finding.Code == x.Code && x.finding.ReplicasDowntimed {
		x.hold(Hold{Rule: "replicas-downtimed", Reason: "all replicas of " + i.Key.String() + " are downtimed, and " + string(x.Code) + " is about them", Change: "end the downtime of one of them"})
	} else {
		x.pass("downtime", "", i.Key.String()+" is not in downtime")
	}
	if x.finding.LastCheckTooOld {
		x.hold(Hold{Rule: "not-looked", Reason: "nobody has looked at " + i.Key.String() + " for too long", Change: "discover it again"})
	}
	if x.finding.Has(analysis.ReplicasStillReceiving) {
		var still []topology.Key
		for _, r := range x.topology.Replicas(i.Key) {
			if r.LastCheckValid() && r.Channel.IOThread.Running() {
				still = append(still, r.Key)
			}
		}
		x.hold(Hold{Rule: "still-receiving", Reason: fmt.Sprintf("replicas are still connected to %s (%s): a stopped applier is no sign of a dead source", i.Key, topology.JoinKeys(still)), Change: "they notice by themselves; restart-slave-threads makes them look"})
	}
}

// judgeSettings asks the settings that each kind of recovery depends on.
func (x *explainer) judgeSettings(r analysis.Recovery) {
	filter := func(setting string, match func(string, string) bool) {
		if match == nil || !match(x.Cluster, cmp.Or(x.Alias, x.Cluster)) {
			x.hold(Hold{Rule: "filter", Setting: setting, Reason: fmt.Sprintf("no entry of %s matches cluster %s%s", setting, x.Cluster, x.alias()),
				Change: fmt.Sprintf("add %q, or \"*\" for every cluster", cmp.Or(x.Alias, x.Cluster))})
		} else {
			x.pass("filter", setting, "cluster "+cmp.Or(x.Alias, x.Cluster)+" is included")
		}
	}
	a := &x.policies.Analysis
	off := func(on bool, setting string) {
		if !on {
			x.hold(Hold{Rule: "switched-off", Setting: setting, Reason: setting + " is off", Change: "set it to true"})
		} else {
			x.pass("switched-off", setting, "its recovery is switched on")
		}
	}
	switch r {
	case analysis.RecoverPrimary, analysis.RecoverCoPrimary:
		filter("RecoverMasterClusterFilters", a.RecoversPrimary)
	case analysis.RecoverUnwritable:
		filter("RecoverMasterClusterFilters", a.RecoversPrimary)
		if !slices.Contains(a.FailoverOnCannotWrite, x.Code) {
			x.hold(Hold{Rule: "report-only", Setting: "FailoverOnCannotWrite", Reason: fmt.Sprintf("FailoverOnCannotWrite does not name %s: it is reported only", x.Code),
				Change: fmt.Sprintf("add %q", string(x.Code))})
		}
		if a.CannotWriteAfter <= 0 {
			x.hold(Hold{Rule: "switched-off", Setting: "CannotWriteSeconds", Reason: "CannotWriteSeconds is 0: nobody looks whether it can write", Change: "set it to a number above 0"})
		}
	case analysis.RecoverIntermediate, analysis.RecoverGroupMember:
		filter("RecoverIntermediateMasterClusterFilters", a.RecoversIntermediate)
	case analysis.RecoverNonWriteable:
		off(a.RecoverNonWriteable, "RecoverNonWriteableMaster")
	case analysis.RecoverSemiSync:
		if x.Code == analysis.LockedSemiSyncPrimary {
			off(a.EnforceExactSemiSync || x.policies.Promotion.EnoughSemiSync, "RecoverLockedSemiSyncMaster")
		} else {
			off(a.EnforceExactSemiSync, "EnforceExactSemiSyncReplicas")
		}
	}
}

func (x *explainer) alias() string {
	if x.Alias == "" {
		return ""
	}
	return " (" + x.Alias + ")"
}
