package recovery_test

import (
	"testing"

	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
)

// TestAReplicaThatWasAwayFollowsTheNewPrimary: it is frozen while its source is replaced, and thaws below a primary that
// is dead.
func TestAReplicaThatWasAwayFollowsTheNewPrimary(t *testing.T) {
	for _, f := range []sandbox.Flavor{sandbox.MariaDB, sandbox.MySQL} {
		t.Run(f.String(), func(t *testing.T) {
			t.Parallel()
			options := sandbox.Options{Flavor: f, GTID: true}
			c := sandboxtest.New(t, options)
			m := startManager(t, c, settings{config: `, "AutoRejoin": "clean"`})
			insert(t, c.Node(0), 1, 50)
			away := c.Node(2)
			awaitReceived(t, c, c.Node(1))
			awaitReceived(t, c, away)
			if err := away.Freeze(); err != nil {
				t.Fatal(err)
			}
			if err := c.Node(0).Kill(); err != nil {
				t.Fatal(err)
			}
			promoted := m.finished(t, c)
			if !m.lost(t, away) {
				t.Fatalf("%s does not answer and does not count as lost", away)
			}
			insert(t, promoted, 51, 60)
			if err := away.Thaw(); err != nil {
				t.Fatal(err)
			}
			follows(t, away, promoted)
			scenario{options: options}.checkData(t, m, promoted, []*sandbox.Node{away}, nil, sandbox.LoadResult{})
		})
	}
}
