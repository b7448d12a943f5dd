package recovery

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/config"
	"orchestrator/internal/failover"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// kind is all in which one kind of repair differs from the others.
type kind struct {
	name    string // for figures
	apiType string // in the words of the API; "" where it has none
	audit   string // what it is audited as

	// chosen says whether the configuration wants the cluster repaired, by the filters of that key; nil always.
	chosen  func(*analysis.Finding) bool
	filters string

	plan func(*topology.Topology, failover.Request, failover.Policy) plan.Plan
	// around are the servers whose state the plan rests on, in rounds: who stands in a later one has to be looked at
	// after those before it.
	around func(t *topology.Topology, failed topology.Key) [][]topology.Key
	// result says by a plan that has run who succeeded the failed server, or why it counts as failed.
	result func(*plan.Plan) (topology.Key, error)

	// promotes: the successor is the cluster's new primary. The failed server and the lost ones are put into downtime,
	// the failed one is closed for writing, and the cluster's name, alias and published primary follow.
	promotes bool
	// alive: the failed server lives, and is closed for writing before anything else is done.
	alive bool
	// inPlace: the failed server is repaired where it stands, and is its own successor.
	inPlace bool
	// looksFirst: no client waits for every moment, so everything is looked at afresh before anything is registered.
	looksFirst bool
	// quietWhenIdle: where the plan has nothing to do, nothing is registered.
	quietWhenIdle bool
	// heedsDemotion: what is done must not undo a demotion, so the planner is told of one.
	heedsDemotion bool
	// antiFlapping holds even when a person asks.
	antiFlapping bool
	// stands is how long the failure must have been there; nil acts at once.
	stands func(*config.Config) time.Duration

	preHooks bool                                           // PreFailoverProcesses
	post     func(*config.Config) (name string, _ []string) // run after a success, before PostFailoverProcesses; nil is none

	vain   string // why it failed when the plan has no successor
	halted string // what became of it when its process ended in the middle
}

// Promotes says whether the recovery from a failure makes another server the primary.
func Promotes(code analysis.Code) bool { return kindOf(analysis.HandlingOf(code).Recovery).promotes }

// kindOf is the table of the kinds. What is no repair here counts as that of a primary: so do the records of commands.
func kindOf(r analysis.Recovery) kind {
	switch r {
	case analysis.RecoverCoPrimary:
		k := promotion("dead_co_master", "CoMasterRecovery", "recover-dead-co-master", failover.DeadCoPrimary)
		k.around = ofCoPrimary
		return k
	case analysis.RecoverIntermediate:
		k := relocation("dead_intermediate_master", "IntermediateMasterRecovery", "recover-dead-intermediate-master", failover.DeadIntermediate)
		k.around, k.result = ofIntermediate, someMoved
		return k
	case analysis.RecoverGroupMember:
		k := relocation("dead_replication_group_member", "ReplicationGroupMemberRecovery", "recover-dead-replication-group-member-with-replicas", failover.DeadGroupMember)
		k.around, k.result = ofGroupMember, allMoved
		return k
	case analysis.RecoverSemiSync:
		return kind{
			name: "semi_sync", audit: "recover-semi-sync-master", plan: failover.SemiSync, around: ofStanding, result: planned,
			inPlace: true, looksFirst: true, quietWhenIdle: true, antiFlapping: true,
			vain: "nothing could be switched", halted: "the manager ended before all was switched",
		}
	case analysis.RecoverNonWriteable:
		return kind{
			name: "non_writeable_master", audit: "recover-non-writeable-master", plan: failover.NonWriteable, around: ofStanding, result: planned,
			inPlace: true, looksFirst: true, quietWhenIdle: true, antiFlapping: true, heedsDemotion: true, preHooks: true,
			// Who closes a primary by hand, to open another, must be let finish; one period is what polling took.
			stands: (*config.Config).InstancePoll,
			vain:   "it is not to be opened", halted: "the manager ended before it was opened",
		}
	case analysis.RecoverUnwritable:
		k := promotion("unwritable_master", "MasterRecovery", "recover-unwritable-master", failover.Unwritable)
		k.alive, k.around = true, ofStanding
		return k
	}
	return promotion("dead_master", "MasterRecovery", "recover-dead-master", failover.DeadPrimary)
}

// promotion is a kind that makes another server the primary.
func promotion(name, apiType, audit string, make func(*topology.Topology, failover.Request, failover.Policy) plan.Plan) kind {
	return kind{
		name: name, apiType: apiType, audit: audit, plan: make, around: ofPrimary, result: planned,
		filters: "RecoverMasterClusterFilters", chosen: func(f *analysis.Finding) bool { return f.AutomatedPrimaryRecovery },
		promotes: true, preHooks: true,
		post: func(c *config.Config) (string, []string) {
			return "PostMasterFailoverProcesses", c.PostMasterFailoverProcesses
		},
		vain: "no replica can be promoted", halted: "the manager ended before a successor was opened",
	}
}

// relocation is a kind that moves replicas.
func relocation(name, apiType, audit string, make func(*topology.Topology, failover.Request, failover.Policy) plan.Plan) kind {
	return kind{
		name: name, apiType: apiType, audit: audit, plan: make,
		filters: "RecoverIntermediateMasterClusterFilters", chosen: func(f *analysis.Finding) bool { return f.AutomatedIntermediateRecovery },
		looksFirst: true, preHooks: true,
		post: func(c *config.Config) (string, []string) {
			return "PostIntermediateMasterFailoverProcesses", c.PostIntermediateMasterFailoverProcesses
		},
		vain: "no replica can be moved", halted: "the manager ended before all replicas were moved",
	}
}

// Repairs are the kinds of repair as Progress and figures name them.
func Repairs() []string {
	var names []string
	for r := analysis.RecoverPrimary; r <= analysis.RecoverUnwritable; r++ {
		names = append(names, kindOf(r).name)
	}
	return names
}

// opens says whether a server is opened for writing.
func (k *kind) opens() bool { return k.promotes || k.heedsDemotion }

// kind is the kind of repair that the recovery is.
func (r *Recovery) kind() kind { return kindOf(analysis.HandlingOf(r.Finding.Code).Recovery) }

// heldByFilters says why the configuration leaves the cluster alone, or "".
func (k *kind) heldByFilters(f *analysis.Finding) string {
	if k.chosen == nil || k.chosen(f) {
		return ""
	}
	return fmt.Sprintf("no entry of %s matches the cluster", k.filters)
}

func ofPrimary(t *topology.Topology, failed topology.Key) [][]topology.Key {
	return [][]topology.Key{slices.Concat(t.ReplicaKeys(failed), failover.BelowRelays(t, failed))}
}

// ofCoPrimary adds the ring above, of which nobody must be promoted beside another one that takes writes.
func ofCoPrimary(t *topology.Topology, failed topology.Key) [][]topology.Key {
	keys := slices.Clone(t.ReplicaKeys(failed))
	if i := t.Instance(failed); i != nil {
		for s := t.Source(i); s != nil && s.Key != failed && !slices.Contains(keys, s.Key); s = t.Source(s) {
			keys = append(keys, s.Key)
		}
	}
	return [][]topology.Key{keys}
}

// ofIntermediate looks at the source above last: how far that has come is compared with what the others had applied.
func ofIntermediate(t *topology.Topology, failed topology.Key) [][]topology.Key {
	beside := append(slices.Clone(t.ReplicaKeys(failed)), failed)
	above := topology.Key{}
	if i := t.Instance(failed); i != nil {
		if s := t.Source(i); s != nil {
			above = s.Key
			beside = append(beside, t.ReplicaKeys(above)...)
		}
	}
	slices.SortFunc(beside, topology.Key.Compare)
	beside = slices.DeleteFunc(slices.Compact(beside), func(k topology.Key) bool { return k == above })
	if above.IsZero() {
		return [][]topology.Key{beside}
	}
	return [][]topology.Key{beside, {above}}
}

func ofGroupMember(t *topology.Topology, failed topology.Key) [][]topology.Key {
	keys := append(slices.Clone(t.ReplicaKeys(failed)), failed)
	if i := t.Instance(failed); i != nil {
		for _, m := range t.Instances() {
			if i.Group.Name != "" && m.Group.Name == i.Group.Name || slices.Contains(i.Group.Members, m.Key) {
				keys = append(keys, m.Key)
			}
		}
	}
	slices.SortFunc(keys, topology.Key.Compare)
	return [][]topology.Key{slices.Compact(keys)}
}

// ofStanding is for a primary that is repaired in place.
func ofStanding(t *topology.Topology, failed topology.Key) [][]topology.Key {
	return [][]topology.Key{append(slices.Clone(t.ReplicaKeys(failed)), failed)}
}

// planned: the plan ran to its end, so it is as it was planned.
func planned(p *plan.Plan) (topology.Key, error) { return p.Successor, nil }

// someMoved: replicas were moved, which not all of them need to be. The successor is the server that was planned, or
// else the one that most of them went below.
func someMoved(p *plan.Plan) (topology.Key, error) {
	below := make(map[topology.Key]int)
	var best topology.Key
	for _, s := range p.Steps {
		if s.Action.Verb != plan.ChangeSource || s.State != plan.Done && s.State != plan.Skipped {
			continue
		}
		below[s.Action.Source]++
		if best.IsZero() || below[s.Action.Source] > below[best] {
			best = s.Action.Source
		}
	}
	switch {
	case best.IsZero():
		return best, errors.New("no replica could be moved")
	case below[p.Successor] > 0:
		return p.Successor, nil
	}
	return best, nil
}

// allMoved is someMoved where every replica must be moved.
func allMoved(p *plan.Plan) (topology.Key, error) {
	left := len(p.Lost)
	for _, s := range p.Steps {
		if s.Action.Verb == plan.ChangeSource && s.State != plan.Done && s.State != plan.Skipped {
			left++
		}
	}
	if left > 0 {
		return topology.Key{}, fmt.Errorf("%d replicas could not be moved", left)
	}
	return someMoved(p)
}
