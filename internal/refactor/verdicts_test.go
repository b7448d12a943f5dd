package refactor

import (
	"testing"

	"orchestrator/internal/failover"
	"orchestrator/internal/topology"
)

func targetsOf(t *testing.T, top *topology.Topology, server string, all bool) map[string]Target {
	t.Helper()
	m := map[string]Target{}
	for _, v := range Targets(top, at(server), all, failover.Policy{}, seen) {
		m[v.Server.Hostname] = v
	}
	if len(m) != top.Len() {
		t.Fatalf("%d verdicts for %d servers", len(m), top.Len())
	}
	return m
}

// TestTargetsAgreeWithPlans: a verdict is what the plan says.
func TestTargetsAgreeWithPlans(t *testing.T) {
	top := tree(nil)
	for _, server := range []string{"a", "m", "g", "d"} {
		for name, v := range targetsOf(t, top, server, false) {
			_, no := PlanRelocation(top, Relocation{Command: Relocate, Server: at(server), Below: at(name)}, failover.Policy{})
			if (no == nil) != (v.Refusal == nil) {
				t.Errorf("%s below %s: the plan says %v, the verdict %v", server, name, no, v.Refusal)
			}
			if v.Refusal == nil && v.Method == "" {
				t.Errorf("%s below %s: no method", server, name)
			}
		}
	}
}

func TestTargets(t *testing.T) {
	far := func(i *topology.Instance) { i.DataCenter = "far" }
	near := func(i *topology.Instance) { i.DataCenter = "near" }
	top := tree(change{"a": near, "b": near, "s": far})
	all := targetsOf(t, top, "a", false)
	if v := all["b"]; v.Refusal != nil || v.Costly != "" || v.Method != "by GTID" {
		t.Errorf("below its sibling: %+v", v)
	}
	if v := all["s"]; v.Refusal != nil || v.Costly != "it crosses from near to far" {
		t.Errorf("below a server elsewhere: %+v", v)
	}
	if v := all["a"]; v.Refusal == nil || v.Refusal.Rule != "same-server" {
		t.Errorf("below itself: %+v", v)
	}
	if v := all["d"]; v.Refusal == nil || v.Instead.IsZero() {
		t.Errorf("below its own replica: %+v", v)
	}
	if v := all["m"]; v.Swap != TakeSource {
		t.Errorf("it could take the place of its source: %+v", v)
	}
	if v := all["g"]; v.Swap != "" || v.Replace {
		t.Errorf("it does not replicate from the primary: %+v", v)
	}
	if v := targetsOf(t, top, "m", true)["s"]; v.Refusal != nil || len(v.Verbs) != 3 {
		t.Errorf("the replicas of m below s: %+v", v)
	}
	if v := targetsOf(t, top, "m", false)["g"]; !v.Replace {
		t.Errorf("m could take over from the primary: %+v", v)
	}
	if v := targetsOf(t, top, "g", false)["m"]; v.Swap != MakeCoPrimary {
		t.Errorf("the primary could replicate from its own replica: %+v", v)
	}
	if v := targetsOf(t, top, "g", false)["a"]; v.Swap != "" {
		t.Errorf("the primary and a replica of its replica: %+v", v)
	}
	if v := targetsOf(t, top, "m", true)["m"]; v.Swap != RepointReplicas {
		t.Errorf("the replicas of m back onto m: %+v", v)
	}
	if Targets(top, at("nobody"), false, failover.Policy{}, seen) != nil {
		t.Error("verdicts for a server that is not known")
	}
}

func TestTargetsByPosition(t *testing.T) {
	top := tree(everywhere(byPosition))
	if v := targetsOf(t, top, "a", false)["b"]; v.Refusal != nil || v.Costly == "" {
		t.Errorf("below its sibling by position: %+v", v)
	}
}
