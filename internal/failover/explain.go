package failover

import (
	"cmp"
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

// opens says whether the repair of a failure opens a server for writing.
func opens(c analysis.Code) bool {
	return promotes(c) || analysis.HandlingOf(c).Recovery == analysis.RecoverNonWriteable
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
