package refactor

import (
	"fmt"
	"slices"
	"time"

	"orchestrator/internal/failover"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// Target says whether a replica, or all replicas of a server, may go below another server, and how.
type Target struct {
	Server  topology.Key
	Refusal *topology.Refusal // nil: it may
	// Costly says why it is allowed and still not a matter of course; "" where it is.
	Costly string
	Method string // in words; "" when refused
	Verbs  []plan.Verb
	// Swap is another command that is meant by the target: the replica takes its place; it becomes the other co-primary of
	// a primary that is put onto its own replica; replicas that are put back onto their source are pointed at it anew, or
	// regrouped where it does not answer. Empty: there is none.
	Swap    RelocationCommand
	Replace bool         // the target is the primary, and the replica may take over from it
	Instead topology.Key // refused: a server near the target where it would be possible; zero when none is known
}

// Targets judges every server of the topology as a new source: of the server itself or, with all, of its replicas. The
// answers are in the order of the keys, and are those that PlanRelocation would give on the same topology.
func Targets(t *topology.Topology, server topology.Key, all bool, policy failover.Policy, now time.Time) []Target {
	i := t.Instance(server)
	if i == nil {
		return nil
	}
	command := Relocate
	if all {
		command = RelocateReplicas
	}
	list := make([]Target, 0, t.Len())
	for _, s := range t.Instances() {
		target := Target{Server: s.Key}
		p, no := PlanRelocation(t, Relocation{Command: command, Server: server, Below: s.Key}, policy)
		if no != nil {
			target.Refusal = no
		} else {
			target.describe(i, s, &p)
		}
		if all {
			target.again(t, i, s, policy)
		} else {
			target.swap(t, i, s, policy, now)
		}
		list = append(list, target)
	}
	nearest(t, list)
	return list
}

// describe says how the plan goes about it.
func (v *Target) describe(i, s *topology.Instance, p *plan.Plan) {
	byPosition, waits := false, false
	for _, step := range p.Steps {
		v.Verbs = append(v.Verbs, step.Action.Verb)
		switch step.Action.Verb {
		case plan.Move, plan.MoveBelow:
		case plan.AlignBelow, plan.AlignUp:
			waits = true
		case plan.ChangeSource:
			byPosition = byPosition || step.Action.Place == plan.OwnPosition || step.Action.Place == plan.ByCoordinates
		}
	}
	switch {
	case len(p.Steps) == 0:
		v.Method = "nothing to do"
	case waits:
		v.Method = "by file and position, while both stand still"
		v.Costly = "others wait while it is moved"
	case byPosition:
		v.Method = "by file and position"
		v.Costly = "not by GTID"
	default:
		v.Method = "by GTID"
	}
	switch {
	case v.Costly != "":
	case i.DataCenter != "" && s.DataCenter != "" && i.DataCenter != s.DataCenter:
		v.Costly = fmt.Sprintf("it crosses from %s to %s", i.DataCenter, s.DataCenter)
	case len(p.Lost) > 0:
		v.Costly = fmt.Sprintf("%d of the replicas cannot go there", len(p.Lost))
	case len(p.Warnings) > 0:
		v.Costly = p.Warnings[0]
	}
}

// again says what replicas can do that are put back onto their own source.
func (v *Target) again(t *topology.Topology, i, s *topology.Instance, policy failover.Policy) {
	if s != i {
		return
	}
	command := RepointReplicas
	if !i.LastCheckValid() {
		command = RegroupReplicas
	}
	if _, no := PlanRelocation(t, Relocation{Command: command, Server: i.Key}, policy); no == nil {
		v.Swap = command
	}
}

// swap says whether the replica may take the place of its source, or a primary may replicate from its own replica.
func (v *Target) swap(t *topology.Topology, i, s *topology.Instance, policy failover.Policy, now time.Time) {
	if t.Source(i) == nil && t.Source(s) == i {
		if _, no := PlanRelocation(t, Relocation{Command: MakeCoPrimary, Server: s.Key}, policy); no == nil {
			v.Swap = MakeCoPrimary
		}
		return
	}
	if t.Source(i) != s {
		return
	}
	if t.Source(s) != nil {
		if _, no := PlanRelocation(t, Relocation{Command: TakeSource, Server: i.Key}, policy); no == nil {
			v.Swap = TakeSource
		}
		return
	}
	_, no := failover.Takeover(t, failover.TakeoverRequest{Cluster: i.ClusterName, Designated: i.Key, Auto: true, Operation: "graceful-master-takeover-auto", Now: now}, policy)
	v.Replace = no == nil
}

// nearest names, for each refused target, the next server that is allowed: its replica, its source, its sibling, and so
// on upwards.
func nearest(t *topology.Topology, list []Target) {
	allowed := func(k topology.Key) bool {
		n, found := slices.BinarySearchFunc(list, k, func(v Target, k topology.Key) int { return v.Server.Compare(k) })
		return found && list[n].Refusal == nil && list[n].Costly == ""
	}
	for n := range list {
		v := &list[n]
		if v.Refusal == nil {
			continue
		}
		var near, up []topology.Key
		for s := t.Instance(v.Server); s != nil && !slices.Contains(up, s.Key); s = t.Source(s) {
			up = append(up, s.Key) // rings end where they began
			near = append(append(near, s.Key), t.ReplicaKeys(s.Key)...)
		}
		if at := slices.IndexFunc(near, allowed); at >= 0 {
			v.Instead = near[at]
		}
	}
}
