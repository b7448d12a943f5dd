package cli

import (
	"strings"
	"testing"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

func TestMeter(t *testing.T) {
	var out strings.Builder
	m := &meter{out: &out}
	p := plan.Plan{}
	for _, host := range []string{"db1", "db2", "db3"} {
		p.Add(1, plan.Step{Server: topology.Key{Hostname: host, Port: 3306}, Action: plan.Action{Verb: plan.StopReplica}})
	}
	if err := m.begin(&p); err != nil {
		t.Fatal(err)
	}
	for n, state := range []plan.State{plan.Done, plan.Failed, plan.Running} {
		s := p.Steps[n]
		s.State = state
		m.step(s)
	}
	m.end()
	lines := strings.Split(out.String(), "\r\x1b[K")
	want := []string{"", "1 of 3 steps: db1:3306 stop replication", "2 of 3 steps, 1 failed: db2:3306 stop replication", "2 of 3 steps, 1 failed: db3:3306 stop replication", ""}
	if strings.Join(lines, "|") != strings.Join(want, "|") {
		t.Errorf("shown %q", lines)
	}
}

func TestMeterOfOneStep(t *testing.T) {
	var out strings.Builder
	m := &meter{out: &out}
	p := plan.Plan{Steps: []plan.Step{{State: plan.Done}}}
	if err := m.begin(&p); err != nil {
		t.Fatal(err)
	}
	m.step(p.Steps[0])
	m.end()
	if out.Len() > 0 {
		t.Errorf("shown %q", out.String())
	}
}

func TestNoMeterWithoutTerminal(t *testing.T) {
	var out strings.Builder
	p := &program{Deps: Deps{Stderr: &out}}
	ctx, end := p.followed(t.Context())
	end()
	if plan.FollowerOf(ctx).Step != nil {
		t.Error("what is not read by a person is not followed")
	}
}
