package failover

import (
	"slices"
	"testing"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// unwritableSituations are of the primary g, which lives and cannot write.
func unwritableSituations() []picture {
	apply := Policy{ApplyPromotion: true, DetachLost: true}
	named := func(name string, policy Policy, servers ...*topology.Instance) picture {
		return picture{
			name: "unwritable: " + name, planner: Unwritable, policy: policy, servers: servers,
			request: Request{Failed: at("g"), Operation: "MasterDiskFull"},
		}
	}
	still := func(s picture) picture { s.noChange = true; return s }
	fenced := func(s picture) picture { s.request.Fenced = true; return s }
	closed := func(i *topology.Instance) { i.ReadOnly = true }
	stopped := func(i *topology.Instance) { i.Channel.IOThread = topology.ThreadStopped }
	return []picture{
		named("closed and drained first", apply, top("g"), follower("a", "g"), follower("b", "g")),
		named("it answers no probe and cannot say what it holds", apply, top("g", down), follower("a", "g"), follower("b", "g")),
		named("a delayed replica is not waited for", apply, top("g"), follower("a", "g"), follower("b", "g", delayed(3600))),
		named("a replica that cannot be reached", apply, top("g"), follower("a", "g"), follower("b", "g", down)),
		fenced(named("planned anew when it is closed", apply, top("g", closed), follower("a", "g", stopped), follower("b", "g", stopped))),
		still(named("nobody can be promoted", apply, top("g"), follower("a", "g", forbidden))),
		still(named("one of a ring", apply, top("g", ringed, under("h")), follower("h", "g", ringed), follower("a", "g"))),
		still(named("it is read-only", apply, top("g", closed), follower("a", "g"))),
		still(named("it is not known", apply, follower("a", "g"))),
	}
}

// TestALivingPrimaryIsClosedFirst holds for every plan, whatever the situation: nobody is opened before the primary has
// been closed by a step that must not fail.
func TestALivingPrimaryIsClosedFirst(t *testing.T) {
	for _, s := range unwritableSituations() {
		p := s.plan()
		opened := slices.IndexFunc(p.Steps, func(s plan.Step) bool { return s.Action.Verb == plan.SetWritable })
		barred := slices.IndexFunc(p.Steps, func(s plan.Step) bool { return s.Action.Verb == plan.BarWrites })
		switch {
		case opened < 0 && len(p.Steps) > 0:
			t.Errorf("%s: steps that open nobody", s.name)
		case opened < 0 || s.request.Fenced:
		case barred != 0 || p.Steps[barred].MayFail || p.Steps[barred].Server != s.request.Failed || p.Steps[barred].Stage >= p.Steps[opened].Stage:
			t.Errorf("%s: closed by step %d (may fail: %v), opened by step %d", s.name, barred, p.Steps[max(barred, 0)].MayFail, opened)
		case p.Steps[barred].Undo == nil || p.Steps[barred].Undo.Verb != plan.LiftBar:
			t.Errorf("%s: the closing is not taken back", s.name)
		}
	}
}
