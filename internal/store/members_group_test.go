package store

import (
	"strings"
	"testing"
	"time"

	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
)

// TestReplicationGroup is a backend of three members of which one takes writes, and dies.
func TestReplicationGroup(t *testing.T) {
	t.Parallel()
	nodes := sandboxtest.New(t, sandbox.Options{Flavor: sandbox.MySQL, GTID: true, Layout: sandbox.Group}).Nodes()
	b := &backendServer{node: nodes[0]}
	o := b.options(newClock())
	o.ReadTimeout = 5 * time.Second
	var hosts []string
	for _, n := range nodes {
		hosts = append([]string{n.Addr()}, hosts...) // the one that takes writes comes last
	}
	o.Host = strings.Join(hosts, ",")
	first, second := openServer(t, o), openServer(t, o)
	port := func() (port int) {
		t.Helper()
		must(t, first.reader.QueryRowContext(t.Context(), "SELECT @@port").Scan(&port))
		return port
	}
	if port() != nodes[0].Port {
		t.Error("a member is used that takes no writes")
	}
	registerAtOnce(t, "h", first, second)
	must(t, nodes[0].Kill())
	awaitWrite(t, first, "after the death")
	seenBy(t, second, "after the death")
	registerAtOnce(t, "one-dead", first, second)
	before := port()
	other := nodes[1]
	if before == other.Port {
		other = nodes[2]
	}
	var uuid string
	must(t, other.Scan(t.Context(), "SELECT @@server_uuid", &uuid))
	must(t, other.Exec(t.Context(), "SELECT group_replication_set_as_primary('"+uuid+"')"))
	awaitWrite(t, first, "elsewhere")
	if port() != other.Port {
		t.Error("a member is used that does not take writes any more")
	}
}
