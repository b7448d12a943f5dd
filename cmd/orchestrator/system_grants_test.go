package main

import (
	"os"
	"strings"
	"testing"

	"orchestrator/internal/recovery"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
	"orchestrator/internal/topology"
)

// TestGrantsSuffice: with the privileges that the page and the manuals name, and no others, servers are found, a dead primary is
// replaced, and comes back as a replica.
func TestGrantsSuffice(t *testing.T) {
	sandboxtest.EachFlavor(t, func(t *testing.T, flavor sandbox.Flavor) {
		const user, password = "exactly", "exactly_pw"
		c := sandboxtest.New(t, sandbox.Options{Flavor: flavor, GTID: true})
		for _, statement := range neededGrants(t, flavor, user) {
			must(t, c.Node(0).ExecAs(t.Context(), sandbox.UserAdmin, strings.Replace(statement, topology.NoPassword, password, 1)))
		}
		more := ""
		if flavor == sandbox.MariaDB { // nobody can read there what replicas sign in with
			more = credentials
		}
		g := guardAs(t, t.TempDir(), c, user, password, more)
		must(t, c.Node(0).Kill())
		g.await(t, "the end of the recovery", g.has(recovery.Finished))
		must(t, c.Node(0).Restart(t.Context()))
		g.await(t, "the former primary to be taken back", g.has(recovery.Rejoined))
	})
}

// TestGuidesNameTheGrants: the README and the guide for trouble name the same privileges.
func TestGuidesNameTheGrants(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"../../README.md", "../../docs/troubleshooting.md"} {
		guide, err := os.ReadFile(file)
		must(t, err)
		text := strings.Join(strings.Fields(string(guide)), " ")
		for _, flavor := range []sandbox.Flavor{sandbox.MySQL, sandbox.MariaDB} {
			for _, statement := range neededGrants(t, flavor, "orchestrator") {
				if strings.HasPrefix(statement, "GRANT ") && !strings.Contains(text, statement) {
					t.Errorf("%s does not have: %s", file, statement)
				}
			}
		}
	}
}

// neededGrants are the statements without which things do not work every day.
func neededGrants(t *testing.T, flavor sandbox.Flavor, user string) (needed []string) {
	t.Helper()
	servers := map[sandbox.Flavor]string{sandbox.MySQL: "MySQL 8.0 and later", sandbox.MariaDB: "MariaDB 10.5 and later"}[flavor]
	for _, g := range topology.ManagingGrants(user) {
		for _, s := range g.Statements {
			if g.Servers == servers && !s.Optional {
				needed = append(needed, s.SQL)
			}
		}
	}
	if len(needed) == 0 {
		t.Fatalf("no statements for %s", flavor)
	}
	return needed
}
