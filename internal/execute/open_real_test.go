package execute_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"orchestrator/internal/execute"
	"orchestrator/internal/plan"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
)

// TestRealServerThatHungIsNotOpenedWhenItGoesOn freezes a server between the last look elsewhere and the statement that
// opens it. The statement waits in its socket, and it executes that as soon as it goes on. Then there is another look.
func TestRealServerThatHungIsNotOpenedWhenItGoesOn(t *testing.T) {
	sandboxtest.EachFlavor(t, func(t *testing.T, flavor sandbox.Flavor) {
		cluster := sandboxtest.New(t, sandbox.Options{Flavor: flavor, GTID: true})
		must(t, cluster.AwaitReplication(limited(t)))
		servers := reach(t)
		successor := cluster.Node(1)
		run := execute.New(execute.Options{Server: execute.Real(servers)}).NewRun()
		looks := 0
		elsewhere := errors.New("somebody else takes writes by now")
		run.BeforeNoReturn(func(context.Context) error {
			if looks++; looks > 1 {
				return elsewhere
			}
			if err := successor.Freeze(); err != nil {
				return err
			}
			time.AfterFunc(3*time.Second, func() { // more than a statement that opens is good for
				if err := successor.Thaw(); err != nil {
					t.Error(err)
				}
			})
			return nil
		})
		p := plan.Plan{}
		p.Add(1, plan.Step{Server: keyOf(successor), NoReturn: true, Action: plan.Action{Verb: plan.SetWritable, Super: true}})
		if err := run.Plan(limited(t), &p, 0); !errors.Is(err, elsewhere) || run.PassedNoReturn() {
			t.Errorf("it was opened: %v", err)
		}
		state, err := servers.For(keyOf(successor)).ReadOnly(limited(t))
		must(t, err)
		if !state.ReadOnly {
			t.Errorf("it takes writes: %+v", state)
		}
	})
}
