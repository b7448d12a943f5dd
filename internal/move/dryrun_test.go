package move_test

import (
	"fmt"
	"slices"
	"testing"

	"orchestrator/internal/move"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// dryRun has an operation planned, which is to change nothing, and returns what it would do.
func (r *rig) dryRun(t *testing.T, job move.Job) []string {
	t.Helper()
	before, audits := r.configured(t), len(r.Audits)
	p, err := r.runner.Preview(limited(t), job)
	if err != nil {
		t.Fatalf("dry run: %v", err)
	}
	if after := r.configured(t); !slices.Equal(before, after) {
		t.Fatalf("the dry run of %s has changed\n%q into\n%q", job.Operation, before, after)
	}
	if len(r.Audits) != audits || len(r.Locked) != 0 {
		t.Errorf("the dry run of %s was audited as %q, locks %v", job.Operation, r.Audits[audits:], r.Locked)
	}
	return steps(&p)
}

// agrees says that what was done is what the dry run has said.
func agrees(t *testing.T, said []string, done *plan.Plan) {
	t.Helper()
	if did := steps(done); !slices.Equal(said, did) {
		t.Errorf("%s: the dry run said\n%q, and it did\n%q", done.Operation, said, did)
	}
}

func steps(p *plan.Plan) (lines []string) {
	for _, s := range p.Steps {
		lines = append(lines, fmt.Sprintf("%d %s %s", s.Stage, s.Server, s.Action))
	}
	return lines
}

// configured is how all servers that answer are set up: what changes by itself is left out.
func (r *rig) configured(t *testing.T) (lines []string) {
	t.Helper()
	stands := func(s topology.ThreadState) bool { return s == topology.ThreadStopped }
	for _, n := range r.Nodes() {
		s := r.Servers.For(keyOf(n))
		channels, err := s.Status(limited(t))
		if err != nil {
			continue
		}
		state, err := s.ReadOnly(limited(t))
		must(t, err)
		line := fmt.Sprintf("%d %+v", n.Port, state)
		for i := range channels {
			c := &channels[i]
			line += fmt.Sprintf(" %q<%s stopped %t %t gtid %d delay %d", c.Name, c.Source, stands(c.IOThread), stands(c.SQLThread), c.GTID, c.SQLDelay)
		}
		lines = append(lines, line)
	}
	return lines
}
