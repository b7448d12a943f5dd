package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
)

// TestServiceTendsServers asks a running service for operations over HTTP, old spellings included; none of them is taken
// for a failure.
func TestServiceTendsServers(t *testing.T) {
	t.Parallel()
	c := sandboxtest.New(t, sandbox.Options{Flavor: sandbox.MariaDB, GTID: true, Nodes: 2})
	s := startProcess(t, fmt.Sprintf(`"MySQLTopologyUser": %q, "MySQLTopologyPassword": %q, "DiscoverByShowSlaveHosts": true, "AuditToBackendDB": true,
		"RecoverMasterClusterFilters": ["*"]`, sandbox.UserOrc, sandbox.Password(sandbox.UserOrc)))
	primary, replica := c.Node(0), c.Node(1)
	path := func(word string, n *sandbox.Node, more ...string) string {
		return strings.Join(append([]string{word, n.Host, fmt.Sprint(n.Port)}, more...), "/")
	}
	s.ok(t, path("discover", primary))
	s.await(t, "both servers", func() bool { return s.ask(t, path("discover", replica)).Code == "OK" })
	running := func(want bool) {
		t.Helper()
		state, _, err := replica.Replica(t.Context())
		must(t, err)
		if state.Running() != want {
			t.Errorf("replicating: %s", state)
		}
	}
	s.ok(t, path("stop-slave", replica)+"?dry-run=true")
	running(true)
	s.ok(t, path("stop-slave", replica))
	running(false)
	s.ok(t, path("start-replica", replica))
	running(true)
	s.ok(t, path("detach-slave", replica))
	s.ok(t, path("reattach-replica-master-host", replica))
	running(true)
	s.ok(t, path("delay-replication", replica, "1"))
	s.ok(t, path("delay-replication", replica, "0"))
	s.ok(t, path("flush-binary-logs", primary))
	s.ok(t, path("set-read-only", primary))
	if closed, err := primary.ReadOnly(t.Context()); err != nil || !closed {
		t.Errorf("the primary is open: %v", err)
	}
	s.ok(t, path("set-writeable", primary))
	for _, refused := range []struct{ path, why string }{
		{path("stop-replica", primary), "is not a replica"},
		{path("skip-query", replica), "runs"},
		{path("kill-query", primary, "0"), "connection 0 is none"},
		{path("enable-gtid", replica), "uses GTID already"},
	} {
		if r := s.ask(t, refused.path); r.Code != "ERROR" || !strings.Contains(r.Message, refused.why) {
			t.Errorf("%s: %+v", refused.path, r)
		}
	}
	for path, want := range map[string]string{"/api/maintenance": "[]", "/api/audit-recovery": "[]"} {
		if status, body := s.get(t, path); status != http.StatusOK || strings.TrimSpace(string(body)) != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	_, audit := s.get(t, "/api/audit")
	for _, kind := range []string{"stop-replica", "detach-replica-master-host", "delay-replication", "read-only", "flush-binary-logs"} {
		if !slices.Contains(strings.Split(string(audit), `"`), kind) {
			t.Errorf("%s is not audited: %s", kind, audit)
		}
	}
}
