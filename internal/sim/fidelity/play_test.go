package fidelity

import (
	"slices"
	"testing"

	"orchestrator/internal/sim"
	"orchestrator/internal/topology"
)

func TestDifferences(t *testing.T) {
	base := func() sim.Outcome {
		return sim.Outcome{
			Servers: []sim.ServerOutcome{
				{Name: "db1", Open: true},
				{Name: "db2", Source: "db1", IO: topology.ThreadRunning, SQL: topology.ThreadRunning},
			},
			Detected: []string{"DeadMaster of db3"},
		}
	}
	for name, c := range map[string]struct {
		change func(*sim.Outcome)
		want   []string
	}{
		"the same": {func(*sim.Outcome) {}, nil},
		"another source": {func(o *sim.Outcome) { o.Servers[1].Source = "db3" },
			[]string{"only simulated: db2: closed, below db1", "only real:      db2: closed, below db3"}},
		"a receiver that connects": {func(o *sim.Outcome) { o.Servers[1].IO = topology.ThreadOther },
			[]string{"only simulated: db2: closed, below db1", "only real:      db2: closed, below db1, receiver connecting"}},
		"a transaction that is missing":    {func(o *sim.Outcome) { o.Missing = 1 }, []string{"only real:      1 acknowledged transactions are missing"}},
		"one more of the same":             {func(o *sim.Outcome) { o.Detected = append(o.Detected, o.Detected...) }, []string{"the same lines in another order or number"}},
		"a replica that missed the moment": {func(o *sim.Outcome) { o.Detected = []string{"DeadMasterAndSomeReplicas of db3"} }, nil},
		"no replica at all": {func(o *sim.Outcome) { o.Detected = []string{"DeadMasterAndReplicas of db3"} },
			[]string{"only simulated: detected: DeadMaster of db3", "only real:      detected: DeadMasterAndReplicas of db3"}},
	} {
		t.Run(name, func(t *testing.T) {
			real := base()
			c.change(&real)
			if got := differences(base(), real); !slices.Equal(got, c.want) {
				t.Errorf("%q, not %q", got, c.want)
			}
		})
	}
}
