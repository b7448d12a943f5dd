package failover

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// Policies are the settings that decide whether and how a failure is repaired automatically.
type Policies struct {
	Promotion Policy
	// Analysis holds the filters, too: IgnoreHostname, RecoversPrimary and RecoversIntermediate.
	Analysis analysis.Policy
	// VetoingHooks are the commands of OnFailureDetectionProcesses and PreFailoverProcesses: each may stop a recovery.
	VetoingHooks []string
}

// State is what decides about a recovery beside the servers and the settings.
type State struct {
	Now            time.Time
	Leader         bool // this node acts
	Complete       bool // the cluster has been seen as a whole since the program began
	GlobalDisabled bool // disable-global-recoveries

	SwitchedOff *SwitchedOff // disable-cluster-recoveries; nil where the cluster's switch is on

	Blocking   *Blocking // the recovery that keeps another one from beginning; nil when none does
	GraceUntil time.Time // until then a dead primary is only detected
}

// SwitchedOff says that automatic recoveries of one cluster are switched off.
type SwitchedOff struct {
	Cluster       string
	Owner, Reason string
	Until         time.Time
}

// String is the switch in a sentence.
func (s SwitchedOff) String() string {
	return fmt.Sprintf("recoveries of cluster %s are switched off by %s until %s: %s", s.Cluster, s.Owner, s.Until.UTC().Format(time.RFC3339), s.Reason)
}

// Blocking is a recovery that is running or recent.
type Blocking struct {
	ID      int64     `json:"id,omitempty"`
	UID     string    `json:"uid,omitempty"`
	Running bool      `json:"running,omitempty"`
	Until   time.Time `json:"until,omitzero"` // the end of its active period; zero while it runs
	// Promotion says that it made another server the primary. One that did not gives way to one that does.
	Promotion bool `json:"promotion,omitempty"`
}

// Explanation is a forecast: what would happen automatically, why, and what it would cost.
type Explanation struct {
	Cluster string        `json:"cluster"`
	Alias   string        `json:"alias,omitempty"`
	Failed  topology.Key  `json:"failed"`
	Code    analysis.Code `json:"code"`
	// Supposed says that the server works, and the forecast is for the case that it died now.
	Supposed bool `json:"supposed,omitempty"`

	// Would says that a recovery would begin by itself and find a way.
	Would bool `json:"would_recover"`
	// Holds are all the reasons that keep it from doing so; empty exactly when Would is true.
	Holds []Hold `json:"holds,omitempty"`
	// Passed are the rules that were asked and would let it happen, in the order of asking.
	Passed []Pass `json:"passed,omitempty"`

	// Plan is what would be done: its successor, its steps, who was not chosen and who would be lost. It is there
	// whether or not something holds it back, and empty where the code calls for no promotion.
	Plan     plan.Plan `json:"plan,omitzero"`
	Risk     Risk      `json:"risk,omitzero"`
	Expected Estimate  `json:"expected,omitzero"`
	Notes    []string  `json:"notes,omitempty"`
}

// Hold is a reason why nothing would be done.
type Hold struct {
	Rule    string    `json:"rule"`              // short and stable
	Reason  string    `json:"reason"`            // a sentence, with the values that decided
	Setting string    `json:"setting,omitempty"` // the configuration key that decides; "" where it is a state
	Change  string    `json:"change,omitempty"`  // what would lift it
	Until   time.Time `json:"until,omitzero"`    // when it ends by itself
}

// Pass is a rule that keeps nothing from happening.
type Pass struct {
	Rule    string `json:"rule"`              // as in Hold
	Text    string `json:"text"`              // what is the case
	Setting string `json:"setting,omitempty"` // the configuration key that decides; "" where it is a state
}

// Explain says what would happen if the server failed, or what does happen where it has failed. The zero Key means the
// primary of the topology's only cluster, of two co-primaries the writable one. The code is the failure to be explained; without one it is what the analysis
// finds, in a server that works what it would find if it died now. Explain changes nothing, and the same arguments give
// the same answer.
func Explain(t *topology.Topology, failed topology.Key, code analysis.Code, p Policies, s State) Explanation {
	x := &explainer{topology: t, policies: &p, state: &s}
	x.Failed, x.Code = failed, code
	if !x.find() {
		return x.Explanation
	}
	x.suppose()
	x.judge()
	x.forecast()
	x.Would = len(x.Holds) == 0
	return x.Explanation
}

type explainer struct {
	Explanation
	topology *topology.Topology // in the end the cluster as it would be
	policies *Policies
	state    *State
	server   *topology.Instance // as it is
	finding  analysis.Finding
	ignored  bool // the analysis leaves the server out
}

func (x *explainer) hold(h Hold) { x.Holds = append(x.Holds, h) }

func (x *explainer) pass(rule, setting, text string) {
	x.Passed = append(x.Passed, Pass{Rule: rule, Text: text, Setting: setting})
}

// find settles which server is meant, and narrows the topology to its cluster.
func (x *explainer) find() bool {
	if x.Failed.IsZero() {
		c, refusal := clusterOf(x.topology, "", topology.Key{})
		if refusal == nil && len(c.Primaries()) == 0 {
			refusal = refuse("no-primary", "", "cluster %s has no primary", c.Name)
		}
		if refusal != nil {
			x.hold(Hold{Rule: refusal.Rule, Reason: refusal.Reason, Change: refusal.Remedy})
			return false
		}
		tops := c.Primaries()
		writable := slices.IndexFunc(tops, func(i *topology.Instance) bool { return !i.ReadOnly })
		x.Failed = tops[max(writable, 0)].Key
	}
	if x.server = x.topology.Instance(x.Failed); x.server == nil {
		x.hold(Hold{Rule: "unknown-server", Reason: x.Failed.String() + " is not known", Change: "discover it"})
		return false
	}
	x.Cluster = x.server.ClusterName
	if c := x.topology.Cluster(x.Cluster); c != nil && c.Alias != c.Name {
		x.Alias = c.Alias
	}
	return true
}

// suppose makes a copy of the cluster in which the server has died, unless it has already, and asks the analysis what
// that is.
func (x *explainer) suppose() {
	members := x.topology.Cluster(x.Cluster).Members
	if x.server.LastCheckValid() && (x.Code == "" || deathOf(x.Code)) {
		x.Supposed = true
		members = lose(members, x.topology, x.server, x.state.Now)
	}
	if n := slices.IndexFunc(members, func(i *topology.Instance) bool { return i.Key == x.Failed && i.Maintenance != nil }); n >= 0 {
		// The analysis leaves out who is under maintenance; what it would be otherwise is worth knowing.
		members = slices.Clone(members)
		members[n] = members[n].Clone()
		members[n].Maintenance = nil
	}
	x.topology = topology.New(members, x.topology.Names())
	policy := x.policies.Analysis
	policy.ClusterName, policy.IncludeNoProblem, policy.IncludeDowntimed, policy.IncludeAdditional = x.Cluster, true, true, true
	x.ignored = policy.IgnoreHostname != nil && policy.IgnoreHostname(x.Failed.Hostname)
	policy.IgnoreHostname = nil // for the same reason
	found := analysis.Analyze(x.topology, policy, x.state.Now)
	if i := slices.IndexFunc(found, func(f analysis.Finding) bool { return f.Key == x.Failed }); i >= 0 {
		x.finding = found[i]
	}
	x.Code = cmp.Or(x.Code, x.finding.Code, analysis.NoProblem)
}

// deathOf says whether a code means that the server itself is gone.
func deathOf(c analysis.Code) bool {
	return strings.HasPrefix(string(c), "Dead") || strings.HasPrefix(string(c), "Unreachable")
}

// lose returns the members of a cluster as they would look when one of them had just died: it does not answer, and
// its replicas try to reach it again. A replica whose receiver is stopped does not notice.
func lose(members []*topology.Instance, t *topology.Topology, dead *topology.Instance, now time.Time) []*topology.Instance {
	out := slices.Clone(members)
	for n, i := range out {
		switch {
		case i == dead:
			c := i.Clone()
			c.Check.Checked, c.Check.Attempted = c.Check.Seen.Add(time.Nanosecond), c.Check.Seen.Add(time.Nanosecond)
			if now.After(c.Check.Seen) {
				c.Check.Checked, c.Check.Attempted = now, now
			}
			c.Check.PartialSuccess, c.Check.Err = false, "supposed to be dead"
			out[n] = c
		case t.Source(i) == dead && i.Channel.IOThread.Running():
			c := i.Clone()
			c.Channel.IOThread = topology.ThreadOther
			c.Channel.LastIOErrno, c.Channel.LastIOError = 2003, "supposed: the source cannot be reached"
			out[n] = c
		}
	}
	return out
}

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
		x.hold(Hold{Rule: "detect-only", Reason: fmt.Sprintf("%s is only detected, with its hooks, and never repaired%s", x.Code, whyNot(x.Code))})
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

func (x *explainer) judgeState() {
	s := x.state
	if !s.Leader {
		x.hold(Hold{Rule: "not-leader", Reason: "this node is not the leader, and only the leader recovers", Change: "ask the leader, or wait until one is elected"})
	} else {
		x.pass("not-leader", "", "this node leads, and may recover")
	}
	if !s.Complete {
		x.hold(Hold{Rule: "incomplete", Reason: "not all servers of the cluster have been looked at since the program began", Change: "wait for the first round of probes; forget servers that are gone"})
	} else {
		x.pass("incomplete", "", "all servers of the cluster have been looked at")
	}
	if s.GlobalDisabled {
		x.hold(Hold{Rule: "disabled", Reason: "recoveries are switched off globally", Change: "enable-global-recoveries"})
	} else {
		x.pass("disabled", "", "automatic recovery is on everywhere")
	}
	if off := s.SwitchedOff; off != nil {
		x.hold(Hold{Rule: "cluster-disabled", Reason: off.String(), Change: "enable-cluster-recoveries", Until: off.Until})
	} else {
		x.pass("cluster-disabled", "", "it is not switched off for this cluster")
	}
	switch b := s.Blocking; {
	case b == nil:
		x.pass("blocked", "RecoveryPeriodBlockSeconds", "no recent recovery blocks it")
	case b.Running:
		x.hold(Hold{Rule: "running", Reason: fmt.Sprintf("recovery %s of the cluster is still running", b), Change: "wait for its end"})
	case !b.Promotion && promotes(x.Code): // that one gives way
	case b.Until.IsZero() || b.Until.After(s.Now):
		x.hold(Hold{Rule: "blocked", Setting: "RecoveryPeriodBlockSeconds", Until: b.Until,
			Reason: fmt.Sprintf("recovery %s of the cluster was a short time ago", b), Change: "ack-cluster-recoveries, or wait until its period ends"})
	}
}

// String names the recovery by what is known of it.
func (b *Blocking) String() string {
	if b.UID != "" {
		return b.UID
	}
	return fmt.Sprint(b.ID)
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

// planner is what plans a kind of recovery; nil where there is none.
func planner(r analysis.Recovery) func(*topology.Topology, Request, Policy) plan.Plan {
	switch r {
	case analysis.RecoverPrimary:
		return DeadPrimary
	case analysis.RecoverCoPrimary:
		return DeadCoPrimary
	case analysis.RecoverIntermediate:
		return DeadIntermediate
	case analysis.RecoverGroupMember:
		return DeadGroupMember
	case analysis.RecoverSemiSync:
		return SemiSync
	case analysis.RecoverNonWriteable:
		return NonWriteable
	case analysis.RecoverUnwritable:
		return Unwritable
	}
	return nil
}

// promotes says whether the recovery of a code puts a replica in the place of the failed server.
func promotes(c analysis.Code) bool {
	r := analysis.HandlingOf(c).Recovery
	return r == analysis.RecoverPrimary || r == analysis.RecoverCoPrimary || r == analysis.RecoverUnwritable
}

// forecast plans what would be done.
func (x *explainer) forecast() {
	planned := planner(analysis.HandlingOf(x.Code).Recovery)
	if planned == nil {
		return
	}
	x.Plan = planned(x.topology, Request{Failed: x.Failed, Operation: string(x.Code)}, x.policies.Promotion)
	switch {
	case x.Plan.Successor.IsZero():
		x.noSuccessor()
	case promotes(x.Code):
		x.pass("no-successor", "", x.Plan.Successor.String()+" can be promoted")
		x.Risk = x.risk()
		if key, reason := x.policies.Promotion.Loss.Exceeded(x.Risk); key != "" {
			x.hold(Hold{Rule: "loss-limit", Setting: key, Reason: reason, Change: "recover -i " + x.Failed.String() + ", which loses them, or a higher " + key})
		}
		x.Expected = x.estimate()
	}
}

// noSuccessor says why the plan leads nowhere.
func (x *explainer) noSuccessor() {
	reasons := join(slices.Concat(x.Plan.Rejected, x.Plan.Lost))
	if reasons == "" {
		reasons = strings.Join(x.Plan.Warnings, "; ")
	}
	what := "nothing can be done"
	if promotes(x.Code) {
		what = "no replica can be promoted"
	}
	x.hold(Hold{Rule: "no-successor", Reason: what + ": " + reasons, Change: x.remedies()})
}

// remedies are the settings behind the rules that reject everybody.
func (x *explainer) remedies() string {
	settings := map[string]string{
		"ignored-hostname": "PromotionIgnoreHostnameFilters",
		"must-not":         "the promotion rule (register-candidate)",
		"data-center":      "PreventCrossDataCenterMasterFailover",
		"region":           "PreventCrossRegionMasterFailover",
		"lag":              "FailMasterPromotionOnLagMinutes",
		"not-applied":      "FailMasterPromotionIfSQLThreadNotUpToDate",
	}
	var change []string
	for _, v := range x.Plan.Rejected {
		if s := settings[v.Rule]; s != "" && !slices.Contains(change, s) {
			change = append(change, s)
		}
	}
	if len(change) == 0 {
		return ""
	}
	return "change " + strings.Join(change, ", ")
}
