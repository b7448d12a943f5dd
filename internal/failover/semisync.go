package failover

import (
	"cmp"
	"fmt"
	"slices"

	"orchestrator/internal/analysis"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// The stages of a plan for semi-synchronous replication: everything that is switched on takes effect before anything
// is switched off.
const (
	stageUnsource = 1 + iota
	stageEnable
	stageEnableApply
	stageEnableReconnect
	stageDisable
	stageDisableApply
	stageDisableReconnect
)

// SemiSync plans which replicas of a primary acknowledge its transactions: in the exact mode as many as it waits for,
// the best by priority; in the enough mode as many more as it lacks. The Operation is the failure code;
// MasterWithTooManySemiSyncReplicas always asks for the exact mode. When the switches are off, or nothing can be done,
// the plan has no steps and no Successor, and says in Warnings why; otherwise the Successor is the primary itself.
//
// The semi-sync settings of the primary are not touched: switching it off there would release transactions that nobody
// else holds.
func SemiSync(t *topology.Topology, r Request, p Policy) plan.Plan {
	s := &semiSync{primary: t.Instance(r.Failed), policy: &p, plan: plan.Plan{
		Title:     fmt.Sprintf("adjust who acknowledges the transactions of %s", r.Failed),
		Operation: r.Operation, Cluster: r.Failed.String(), Failed: r.Failed,
	}}
	if s.primary != nil {
		s.plan.Cluster = s.primary.ClusterName
	}
	exact := p.ExactSemiSync || r.Operation == string(analysis.PrimaryWithTooManySemiSync)
	if why := s.idle(&r, exact); why != "" {
		s.plan.Warnings = append(s.plan.Warnings, why)
		return s.plan
	}
	s.classify(t.Replicas(r.Failed))
	if exact {
		s.exact()
	} else {
		s.enough()
	}
	s.write()
	return s.plan
}

type semiSync struct {
	primary  *topology.Instance
	policy   *Policy
	plan     plan.Plan
	possible []*topology.Instance // may acknowledge, best first
	async    []*topology.Instance // shall not
	on, off  []*topology.Instance // to be switched
}

// idle says why nothing is to be done at all, or "".
func (s *semiSync) idle(r *Request, exact bool) string {
	switch i := s.primary; {
	case r.Operation == string(analysis.PrimaryWithTooManySemiSync) && !s.policy.ExactSemiSync:
		return "EnforceExactSemiSyncReplicas is off"
	case !exact && !s.policy.EnoughSemiSync:
		return "RecoverLockedSemiSyncMaster and EnforceExactSemiSyncReplicas are off"
	case i == nil:
		return r.Failed.String() + " is not known"
	case !i.LastCheckValid():
		return i.Key.String() + " cannot be reached, so how many acknowledge its transactions is not known"
	case !i.SemiSync.SourceEnabled:
		return "semi-sync is off on " + i.Key.String()
	case i.SemiSync.SourceWaitCount == 0:
		return i.Key.String() + " waits for nobody"
	}
	return ""
}

// acknowledges says whether the replica is set to acknowledge and does.
func acknowledges(i *topology.Instance) bool {
	return i.SemiSync.ReplicaEnabled && i.SemiSync.ReplicaStatus
}

// classify parts the replicas; who can do nothing now is rejected.
func (s *semiSync) classify(replicas []*topology.Instance) {
	for _, i := range replicas {
		switch {
		case !i.LastCheckValid():
			s.reject(i, "unreachable", "the last check failed: %s", cmp.Or(i.Check.Err, "no answer"))
		case !i.Replicating():
			s.reject(i, "not-replicating", "it does not replicate")
		case i.SemiSyncPriority == 0:
			s.async = append(s.async, i)
		case !i.SemiSync.Available && !i.SemiSync.ReplicaEnabled:
			s.reject(i, "no-semi-sync", "the semi-sync plug-ins are not loaded")
		default:
			s.possible = append(s.possible, i)
		}
	}
	slices.SortFunc(s.possible, func(a, b *topology.Instance) int {
		return cmp.Or(
			cmp.Compare(b.SemiSyncPriority, a.SemiSyncPriority),
			cmp.Compare(a.PromotionRule, b.PromotionRule),
			a.Key.Compare(b.Key))
	})
}

func (s *semiSync) reject(i *topology.Instance, rule, format string, args ...any) {
	s.plan.Rejected = append(s.plan.Rejected, plan.Verdict{Server: i.Key, Rule: rule, Reason: fmt.Sprintf(format, args...)})
}

// exact switches so that the first of the possible ones acknowledge, as many as the primary waits for, and nobody else.
func (s *semiSync) exact() {
	wait := int(s.primary.SemiSync.SourceWaitCount)
	rest := slices.Clone(s.async)
	for n, i := range s.possible {
		switch {
		case n >= wait:
			rest = append(rest, i)
			s.reject(i, "outranked", "those that come before it by priority are as many as are waited for")
		case !acknowledges(i):
			s.on = append(s.on, i)
		}
	}
	for _, i := range s.async {
		s.reject(i, "async", "its semi-sync priority is 0")
	}
	slices.SortFunc(rest, func(a, b *topology.Instance) int { return a.Key.Compare(b.Key) })
	if len(s.possible) < wait {
		s.plan.Warnings = append(s.plan.Warnings, fmt.Sprintf(
			"%s waits for %d acknowledgements, and the replicas that may give them number %d: nobody is switched off", s.primary.Key, wait, len(s.possible)))
		return
	}
	for _, i := range rest {
		// One that was switched off, and has not connected again since, goes on acknowledging.
		if i.SemiSync.ReplicaEnabled || i.SemiSync.ReplicaStatus {
			s.off = append(s.off, i)
		}
	}
}

// enough switches on as many as the primary lacks.
func (s *semiSync) enough() {
	for _, i := range s.async {
		s.reject(i, "async", "its semi-sync priority is 0")
	}
	lacks := int(s.primary.SemiSync.SourceWaitCount) - int(s.primary.SemiSync.SourceClients)
	for _, i := range s.possible {
		switch {
		case acknowledges(i):
		case len(s.on) < lacks:
			s.on = append(s.on, i)
		default:
			s.reject(i, "enough", "without it there are enough")
		}
	}
	if len(s.on) < lacks {
		s.plan.Warnings = append(s.plan.Warnings, fmt.Sprintf("%s lacks %d acknowledgements, and the replicas that can be switched on number %d", s.primary.Key, lacks, len(s.on)))
	}
}

// write makes steps of what is to be switched. A setting takes effect when the receiver connects again, and that must
// not happen before everything that was received has been applied.
func (s *semiSync) write() {
	if len(s.on)+len(s.off) == 0 {
		s.plan.Warnings = append(s.plan.Warnings, "there is nothing to switch")
		return
	}
	s.plan.Successor = s.primary.Key
	for _, i := range s.possible {
		if i.SemiSync.SourceEnabled {
			s.plan.Add(stageUnsource, plan.Step{
				Phase: plan.Promote, Server: i.Key, MayFail: true,
				Action: plan.Action{Verb: plan.SemiSyncSource},
				Why:    "a replica that acknowledges must not wait for acknowledgements itself",
				Until:  "the source side is off",
				Undo:   &plan.Action{Verb: plan.SemiSyncSource, On: true},
			})
		}
	}
	s.turn(s.on, true, stageEnable)
	s.turn(s.off, false, stageDisable)
}

func (s *semiSync) turn(replicas []*topology.Instance, on bool, stage int) {
	why, until := "it shall acknowledge", "the replica side is on"
	if !on {
		why, until = "without it there are as many as the primary waits for", "the replica side is off"
	}
	for _, i := range replicas {
		step := plan.Step{
			Phase: plan.Promote, Server: i.Key,
			Action: plan.Action{Verb: plan.SemiSyncReplica, On: on},
			Why:    why, Until: until,
		}
		if !on { // taking back an enabling would lock the primary again
			step.Undo = &plan.Action{Verb: plan.SemiSyncReplica, On: true}
		}
		s.plan.Add(stage, step)
	}
	for _, i := range replicas {
		s.plan.Add(stage+1, plan.Step{
			Phase: plan.CatchUp, Server: i.Key, MayFail: !on,
			Action: plan.Action{Verb: plan.AwaitApplied, Channel: i.Channel.Name, Timeout: s.policy.ApplyPatience},
			Why:    "its receiver must not connect again with something left to apply",
			Until:  "applied equals received",
		})
	}
	for _, i := range replicas {
		s.plan.Add(stage+2, plan.Step{
			Phase: plan.Promote, Server: i.Key, MayFail: !on,
			Action: plan.Action{Verb: plan.ReconnectReceiving, Channel: i.Channel.Name, Timeout: s.policy.ApplyPatience},
			Why:    "the setting takes effect when the receiver connects",
			Needs:  "it has applied everything that it received",
			Until:  "it receives again",
		})
	}
}
