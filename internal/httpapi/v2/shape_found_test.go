package v2

import (
	"testing"
	"time"

	"orchestrator/internal/plan"
	"orchestrator/internal/recovery"
	"orchestrator/internal/topology"
)

// TestFound: where each server went is what the steps did that were done, and no others.
func TestFound(t *testing.T) {
	key := func(name string) topology.Key { return topology.Key{Hostname: name, Port: 3306} }
	a, b, c, d, e, x := key("a"), key("b"), key("c"), key("d"), key("e"), key("x")
	at := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	f := &recovery.Found{At: at, Evidence: []string{"a did not answer."}, More: 2,
		Views: []recovery.NodeView{{Node: "m2", View: recovery.View{Sees: true, Agrees: true, Why: "DeadMaster"}}, {Node: "m3", Error: "no route to host"}},
		Stood: []recovery.Standing{{Server: a, Says: "connection refused"}, {Server: b, Source: a, Answered: true, Checked: at}, {Server: c, Source: a}, {Server: d, Source: a}, {Server: e, Source: b}, {Server: x, Source: a}},
	}
	step := func(k topology.Key, verb plan.Verb, source topology.Key, state plan.State) plan.Step {
		return plan.Step{Server: k, Action: plan.Action{Verb: verb, Source: source}, State: state}
	}
	r := &RecoveryDetail{Recovery: Recovery{Failed: a.String(), Successor: b.String(), Lost: []string{x.String()}}}
	out := foundOf(f, r, sources(f, []plan.Step{
		step(b, plan.ForgetSource, topology.Key{}, plan.Done), step(c, plan.ChangeSource, b, plan.Done), step(d, plan.ChangeSource, b, plan.Failed), step(x, plan.DetachSource, a, plan.Done), step(e, plan.ChangeSource, c, plan.Waiting),
	}))
	want := map[string][3]string{ // before, after, fate
		"a:3306": {"", "", "failed"}, "b:3306": {"a:3306", "", "successor"}, "c:3306": {"a:3306", "b:3306", "moved"}, "d:3306": {"a:3306", "a:3306", "same"},
		"e:3306": {"b:3306", "b:3306", "same"}, "x:3306": {"a:3306", "", "lost"},
	}
	for _, s := range out.Servers {
		if got := [3]string{s.Before, s.After, s.Fate}; got != want[s.Server] {
			t.Errorf("%s: %q, want %q", s.Server, got, want[s.Server])
		}
	}
	if len(out.Servers) != len(want) || out.More != 2 || out.Servers[0].Says == "" || !out.Servers[1].Answered {
		t.Errorf("%+v", out)
	}
	if m := out.Managers; len(m) != 2 || !m[0].Agrees || m[1].Agrees || m[1].Why != "no route to host" {
		t.Errorf("%+v", m)
	}
	// A primary that is repaired where it stands has not failed for good.
	r.Successor = r.Failed
	if s := foundOf(f, r, sources(f, nil)).Servers[0]; s.Fate != "successor" {
		t.Errorf("%+v", s)
	}
}
