package main

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
)

// onMySQL are the keys of a configuration whose backend is a database on that server.
func onMySQL(n *sandbox.Node, database string) string {
	return fmt.Sprintf(`"BackendDB": "mysql", "MySQLOrchestratorHost": %q, "MySQLOrchestratorPort": %d, "MySQLOrchestratorDatabase": %q, "MySQLOrchestratorUser": %q, "MySQLOrchestratorPassword": %q`,
		n.Host, n.Port, database, sandbox.UserAdmin, sandbox.Password(sandbox.UserAdmin))
}

// TestSessionsOnMySQL plays the sessions of an outside tool's rows on a MySQL or MariaDB backend too: the same commands,
// the same answers.
func TestSessionsOnMySQL(t *testing.T) {
	t.Parallel()
	sqlite := `"BackendDB": "sqlite", "SQLite3DataFile": "orc.db"`
	shifted := regexp.MustCompile(`datetime\("now", "([+-]\d+) (\w+)"\)`)
	sandboxtest.EachFlavor(t, func(t *testing.T, flavor sandbox.Flavor) {
		t.Parallel()
		backend := sandboxtest.New(t, sandbox.Options{Flavor: flavor, Nodes: 1, ExtraOptions: map[string]string{"default_time_zone": "+00:00"}}).Node(0)
		for _, name := range []string{"reading", "analysis", "declaring"} {
			t.Run(name, func(t *testing.T) {
				database := "orc_" + name
				s := &session{
					dir:       t.TempDir(),
					configure: func(text string) string { return strings.Replace(text, sqlite, onMySQL(backend, database), 1) },
					outside: func(ctx context.Context, _, text string) error {
						text = shifted.ReplaceAllString(text, "current_timestamp + interval $1 $2")
						text = strings.NewReplacer(`datetime('now')`, "current_timestamp", `datetime("now")`, "current_timestamp").Replace(text)
						statements := []string{"USE " + database}
						for _, statement := range strings.Split(text, ";\n") {
							if strings.TrimSpace(statement) != "" {
								statements = append(statements, statement)
							}
						}
						return backend.ExecAs(ctx, sandbox.UserAdmin, statements...)
					},
				}
				s.playFile(t, name)
			})
		}
	})
}

// TestBackendThatDies kills the MySQL server under the backend: the service answers from memory, says once what is
// wrong, and writes again by itself when the server is back.
func TestBackendThatDies(t *testing.T) {
	t.Parallel()
	backend := sandboxtest.New(t, sandbox.Options{Nodes: 1}).Node(0)
	s := startProcess(t, onMySQL(backend, "orc"))
	s.ok(t, "health")
	must(t, backend.Kill())
	s.awaitLog(t, "ERROR no sign of life can be given")
	s.await(t, "an unhealthy node", func() bool { return s.ask(t, "health").Code == "ERROR" })
	for _, path := range []string{"clusters", "all-instances", "replication-analysis", "lb-check"} {
		if status, body := s.get(t, "/api/"+path); status != http.StatusOK {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if r := s.ask(t, "begin-downtime/127.0.0.1/1/me/why"); r.Code != "ERROR" || !strings.Contains(r.Message, backend.Addr()) {
		t.Errorf("a downtime that cannot be stored: %+v", r)
	}
	must(t, backend.Restart(t.Context()))
	log := s.awaitLog(t, "INFO signs of life are given again")
	if n := strings.Count(log, "no sign of life can be given"); n != 1 {
		t.Errorf("said %d times", n)
	}
	s.ok(t, "begin-downtime/127.0.0.1/1/me/why")
}
