package analysis

import (
	"cmp"
	"slices"
	"time"

	"orchestrator/internal/topology"
)

// Analyze judges every server of the topology by the policy and returns the findings that the policy asks for:
// primaries first, then servers after which their cluster is named, then those with more replicas, then by key.
// Its cost is linear in the number of servers, or of those of the cluster that the policy names.
func Analyze(t *topology.Topology, p Policy, now time.Time) []Finding {
	a := analyzer{topology: t, policy: &p, now: now}
	var found []Finding
	var s subject
	for _, i := range a.candidates() {
		if !a.population(i) {
			continue
		}
		a.examine(&s, i)
		if a.wanted(&s) {
			a.complete(&s)
			found = append(found, s.Finding)
		}
	}
	return ordered(found)
}

type analyzer struct {
	topology *topology.Topology
	policy   *Policy
	now      time.Time
	groups   map[string]*group // by name; made when the first member is met
	versions versionSet        // of the replicas of one server; kept for its memory
}

// subject is a server under examination: its finding as far as it is known, and what the rules need beside it.
type subject struct {
	Finding
	instance    *topology.Instance
	replicas    []*topology.Instance
	policy      *Policy
	group       *group // nil for servers outside of any
	silence     time.Duration
	statusFresh bool                    // the stored semi-sync status is not older than a check may be
	stale       bool                    // the binary log has stood still for long enough
	proven      uint                    // replicas that receive and whose known lag, beyond their delay, is small
	troubles    []topology.WriteTrouble // what keeps it from taking writes, for long enough
}

// candidates are the servers that the policy asks about.
func (a *analyzer) candidates() []*topology.Instance {
	if a.policy.ClusterName == "" {
		return a.topology.Instances()
	}
	if c := a.topology.Cluster(a.policy.ClusterName); c != nil {
		return c.Members
	}
	return nil
}

// population says whether the server is looked at at all. A server under maintenance is in the hands of somebody.
func (a *analyzer) population(i *topology.Instance) bool {
	return i.Maintenance == nil && !a.policy.ignores(i.Key.Hostname)
}

// examine gathers the facts about a server and judges it.
func (a *analyzer) examine(s *subject, i *topology.Instance) {
	*s = subject{instance: i, replicas: a.replicasOf(i), policy: a.policy}
	s.describeServer(i)
	a.judgeCheck(s)
	a.countReplicas(s)
	if s.IsGroupMember {
		s.group = a.groupOf(i)
	}
	s.troubles, s.Stuck = a.lastingTroubles(i), a.stuck(i)
	s.Code = s.failure()
	s.Structure = s.structure()
	s.Additional = s.additional()
	s.Actionable = Actionable(s.Code) && !s.LastCheckTooOld
	s.judgeDowntime(a.now)
}

// wanted says whether the caller asked for a finding like this.
func (a *analyzer) wanted(s *subject) bool {
	additional := a.policy.IncludeAdditional && len(s.Additional) > 0
	switch {
	case s.SkippableDueToDowntime && !a.policy.IncludeDowntimed:
		return false
	case a.policy.ReduceAnalysisCount && s.unremarkable() && !additional:
		return false
	}
	return s.HasProblem() || a.policy.IncludeNoProblem || additional
}

// unremarkable servers are healthy and have no replicas.
func (s *subject) unremarkable() bool {
	return s.LastCheckValid && s.CountReplicas == 0 && !s.IsFailingToConnect
}

// complete fills in what only findings that are handed out need.
func (a *analyzer) complete(s *subject) {
	s.Replicas = topology.Keys(s.replicas)
	s.Description = Describe(s.Code)
	s.OwnsCluster = s.ClusterName == s.Key.String()
	s.ClusterAlias, s.ClusterDomain = s.ClusterName, s.ClusterName
	if c := a.topology.Cluster(s.ClusterName); c != nil {
		s.ClusterSize = uint(len(c.Members))
		s.ClusterAlias = cmp.Or(c.Alias, s.ClusterName)
		s.ClusterDomain = cmp.Or(c.Domain, s.ClusterName)
	}
	if may := a.policy.RecoversPrimary; may != nil {
		s.AutomatedPrimaryRecovery = may(s.ClusterName, s.ClusterAlias)
	}
	if may := a.policy.RecoversIntermediate; may != nil {
		s.AutomatedIntermediateRecovery = may(s.ClusterName, s.ClusterAlias)
	}
	s.Evidence = s.evidence(a.now)
}

// ordered returns the findings, which come ordered by key, in the order of publication. It sorts numbers rather
// than findings, because findings are large.
func ordered(found []Finding) []Finding {
	order := make([]int, len(found))
	for n := range order {
		order[n] = n
	}
	slices.SortFunc(order, func(x, y int) int {
		a, b := &found[x], &found[y]
		return cmp.Or(
			topology.TrueFirst(a.IsPrimary, b.IsPrimary),
			topology.TrueFirst(a.OwnsCluster, b.OwnsCluster),
			cmp.Compare(b.CountReplicas, a.CountReplicas),
			cmp.Compare(x, y),
		)
	})
	if slices.IsSorted(order) {
		return found
	}
	out := make([]Finding, len(found))
	for n, from := range order {
		out[n] = found[from]
	}
	return out
}
