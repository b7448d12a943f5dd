package server_test

import (
	"testing"

	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// TestStopReceiverOfSilentSource: the receiver of a MariaDB replica that gives receipts takes its leave of the source.
func TestStopReceiverOfSilentSource(t *testing.T) {
	c := sandboxtest.New(t, sandbox.Options{Flavor: sandbox.MariaDB, Nodes: 2, GTID: true, SemiSync: true})
	servers := server.New(server.Options{User: sandbox.UserOrc, Password: sandbox.Password(sandbox.UserOrc)})
	defer servers.Close()
	replica := c.Node(1)
	s := servers.For(topology.Key{Hostname: replica.Host, Port: replica.Port})
	must(t, c.Node(0).Freeze())
	must(t, s.StopReceiver(limited(t), ""))
	status, _, err := replica.Replica(limited(t))
	must(t, err)
	var receipts bool
	must(t, replica.Scan(limited(t), "SELECT @@global.rpl_semi_sync_slave_enabled", &receipts))
	if status.IO != "No" || status.SQL != "Yes" || !receipts {
		t.Errorf("%s, receipts %t", status, receipts)
	}
	must(t, s.StopReceiver(limited(t), "")) // what is stopped stays so
	must(t, c.Node(0).Thaw())
}
