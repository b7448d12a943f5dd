package server_test

import (
	"testing"
	"time"

	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// TestRealMultiSource gives a replica a second source on a named channel and works on each channel alone.
func TestRealMultiSource(t *testing.T) {
	sandboxtest.EachFlavor(t, func(t *testing.T, flavor sandbox.Flavor) {
		extra := map[string]string{}
		if flavor == sandbox.MariaDB {
			extra["gtid_ignore_duplicates"] = "ON" // the same transactions arrive on both channels
		}
		cluster := sandboxtest.New(t, sandbox.Options{Flavor: flavor, Nodes: 3, Layout: sandbox.Chain, GTID: true, ExtraOptions: extra})
		servers := open(t, options())
		first, second, replica := keyOf(cluster.Node(1)), keyOf(cluster.Node(0)), servers.For(keyOf(cluster.Node(2)))
		const name = "it's second"
		yes := true
		change := server.SourceChange{Channel: name, Source: second, Mode: server.GTIDAuto, User: sandbox.UserRepl, Password: sandbox.Password(sandbox.UserRepl), Fresh: true}
		if flavor == sandbox.MariaDB {
			change.Mode = server.MariaDBSlavePos
		} else {
			change.TLS = &topology.TLSOptions{GetSourcePublicKey: &yes}
		}
		must(t, replica.ChangeSource(limited(t), change))
		must(t, replica.StartReplica(limited(t), server.AllThreads, name))
		var in *topology.Instance
		eventually(t, "both channels replicate", func() bool {
			in = must1(replica.Probe(limited(t)))(t).Instance
			return in.IsMultiSource() && in.Replicating() && in.Others[0].Replicating()
		})
		if in.SourceKey() != first || in.Others[0].Source != second || in.Others[0].Name != name || in.Channel.Name != "" || len(in.Others) != 1 {
			t.Errorf("channels %+v and %+v", in.Channel, in.Others)
		}
		if c := in.Others[0]; c.ConnectRetry != server.FreshConnectRetry || flavor == sandbox.MySQL && c.RetryCount != server.FreshRetryCount {
			t.Errorf("retries of a fresh channel: %+v", c)
		}
		must(t, cluster.Node(0).ExecAs(limited(t), sandbox.UserApp, "CREATE TABLE t (id INT PRIMARY KEY)"))
		pos := must1(servers.For(second).SelfCoordinates(limited(t)))(t)
		must(t, replica.WaitPosition(limited(t), pos, name, 10*time.Second))

		must(t, replica.StopReplica(limited(t), server.AllThreads, name))
		channels := must1(replica.Status(limited(t)))(t)
		if len(channels) != 2 || !channels[0].Replicating() || channels[1].Replicating() {
			t.Errorf("after stopping one: %+v", channels)
		}
		must(t, replica.ResetReplicaAll(limited(t), name))
		must(t, replica.ResetReplicaAll(limited(t), name+" that never was")) // kind NotReplica is no error here
		channels = must1(replica.Status(limited(t)))(t)
		if len(channels) != 1 || !channels[0].Replicating() || channels[0].Source != first {
			t.Errorf("after resetting one: %+v", channels)
		}
	})
}
