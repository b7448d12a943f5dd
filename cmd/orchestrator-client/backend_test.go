package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"orchestrator/internal/operate/operatetest"
)

func TestBackendCommands(t *testing.T) {
	for name, c := range map[string]struct {
		args, want, calls string
	}{
		"submit-pool-instances":         {"submit-pool-instances -i db-a2:3306,b1 -l reporting", "reporting\n", "submit-pool reporting db-a2:3306,db-b1:3306"},
		"heuristic pool":                {"which-heuristic-cluster-pool-instances -a orders", "db-a2:3306\ndb-a3:3306\ndb-b1:3306\n", ""},
		"heuristic pool, one":           {"which-heuristic-cluster-pool-instances -i db-a1 -l backup", "db-a3:3306\ndb-b1:3306\n", ""},
		"submit-masters":                {"submit-masters-to-kv-stores", "mysql/master/orders:db-a1:3306\nmysql/master/orders/hostname:db-a1\n", "put primary orders db-a1:3306"},
		"submit one":                    {"submit-masters-to-kv-stores -a orders", "mysql/master/orders:db-a1:3306\nmysql/master/orders/hostname:db-a1\n", "put primary orders db-a1:3306"},
		"register-hostname-unresolve":   {"register-hostname-unresolve -i db-a1 -H vip", "db-a1:3306\n", "register name db-a1 vip|audit register-hostname-unresolve db-a1 vip"},
		"deregister-hostname-unresolve": {"deregister-hostname-unresolve -i db-a1", "db-a1:3306\n", "deregister name db-a1|audit deregister-hostname-unresolve db-a1"},
		"snapshot-topologies":           {"snapshot-topologies", "Took 0s\n", "snapshot"},
		"can-replicate-from":            {"can-replicate-from -i db-a3 -d db-a2", "db-a2:3306\n", ""},
		"can-replicate-from-gtid":       {"can-replicate-from-gtid -i db-b1 -d db-a1", "db-a1:3306\n", ""},
		"is-replicating":                {"is-replicating -i db-a2", "db-a2:3306\n", ""},
		"is not replicating":            {"is-replicating -i db-a3", "", ""},
		"is-replication-stopped":        {"is-replication-stopped -i db-a3", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			does(t, c.want, c.calls, append([]string{"-c"}, strings.Fields(c.args)...)...)
		})
	}
}

func TestBackendFailures(t *testing.T) {
	for args, want := range map[string]string{
		"can-replicate-from -i db-a1 -d solo":  "solo:3306 has no binary log (log_bin=OFF) from which db-a1:3306 could replicate (set log_bin there)\n",
		"submit-pool-instances -i db-a1":       "orchestrator-client[42]: pool must be provided\n",
		"register-hostname-unresolve -i db-a1": "orchestrator-client[42]: hostname must be provided\n",
		"raft-leader":                          "raft-state: not running with raft setup\n",
		"raft-leader-hostname":                 "raft-state: not running with raft setup\n",
		"raft-health":                          "raft-state: not running with raft setup\n",
		"raft-elect-leader -H dc2":             "raft-state: not running with raft setup\n",
		"raft-elect-leader":                    "orchestrator-client[42]: hostname must be provided\n",
	} {
		t.Run(args, func(t *testing.T) {
			cl := client{env: map[string]string{"ORCHESTRATOR_API": serve(t, operatetest.New())}}
			out, errs, code := cl.run(append([]string{"-c"}, strings.Fields(args)...)...)
			if out != "" || errs != want || code != 1 {
				t.Errorf("exit %d, output %q, errors %q", code, out, errs)
			}
		})
	}
}

// TestRaftCommands talks to a node of a raft cluster as another orchestrator answers.
func TestRaftCommands(t *testing.T) {
	state := `"Leader"`
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answers := map[string]string{
			"/api/raft-state": state, "/api/raft-leader": `"10.0.0.1:10008"`, "/api/status": `{"Code":"OK","Details":{"Hostname":"node1"}}`,
			"/api/raft-yield-hint/dc2": `{"Code":"OK","Message":"Asynchronously yielded","Details":"dc2"}`, "/api/raft-health": `"healthy"`,
		}
		_, _ = w.Write([]byte(answers[r.URL.Path]))
	}))
	defer s.Close()
	for args, want := range map[string]string{
		"raft-leader": "10.0.0.1:10008\n", "raft-leader-hostname": "node1\n", "raft-elect-leader -H dc2": "dc2\n", "raft-health": "healthy\n",
	} {
		out, errs, code := (&client{}).run(append([]string{"-U", s.URL, "-c"}, strings.Fields(args)...)...)
		if out != want || code != 0 {
			t.Errorf("%s: exit %d, output %q, errors %q", args, code, out, errs)
		}
	}
	state = `"Follower"`
	if _, errs, code := (&client{}).run("-U", s.URL, "-c", "raft-leader"); code != 1 || errs != "orchestrator-client[42]: Cannot determine raft state\n" {
		t.Errorf("exit %d, errors %q", code, errs)
	}
}
