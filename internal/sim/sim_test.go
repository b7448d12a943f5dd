package sim

import (
	"fmt"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

func TestMain(m *testing.M) {
	if err := Undisturbed(); err != nil {
		fmt.Fprintln(os.Stderr, "beginning anew without preemption:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// run runs a scenario in a bubble of its own.
func run(t *testing.T, r *Runner, sc *Scenario) (result *Result) {
	t.Helper()
	synctest.Test(t, func(*testing.T) { result = r.Run(sc) })
	return result
}

// three are a primary and two replicas.
func three() []ServerSpec {
	return []ServerSpec{
		{Name: "db1", Open: true, Priority: 1},
		{Name: "db2", Source: "db1", Priority: 1},
		{Name: "db3", Source: "db1", Priority: 1},
	}
}

func TestAPrimaryThatIsKilledIsReplaced(t *testing.T) {
	for _, maria := range []bool{false, true} {
		sc := &Scenario{Name: "kill", Seed: 1, MariaDB: maria, SemiSync: true, Servers: three(), Apps: 1, Until: 90 * time.Second, Steps: []Step{
			{At: 15 * time.Second, Do: Kill("db1")},
			{At: 25 * time.Second, Do: Restart("db1")},
		}}
		r := run(t, NewRunner(), sc)
		if len(r.Violations) > 0 || r.Primary == "db1" || r.Primary == "" || r.Lost > 0 || r.Acknowledged < 100 {
			t.Errorf("maria %t: primary %q, lost %d of %d\n%s", maria, r.Primary, r.Lost, r.Acknowledged, r.Story())
		}
		if r.Roles["db1"] != "below "+r.Primary {
			t.Errorf("db1 is %s", r.Roles["db1"])
		}
		t.Log(r.Story())
	}
}
