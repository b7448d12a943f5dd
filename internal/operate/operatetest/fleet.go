package operatetest

import (
	"time"

	"orchestrator/internal/topology"
)

// Now is the time in which the fleet lives.
func Now() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) }

// Key is host:3306.
func Key(host string) topology.Key { return topology.Key{Hostname: host, Port: 3306} }

// Fleet is the topology of the examples: cluster db-a1:3306 with alias orders (a primary, a semi-sync replica with a
// replica of its own in another data centre, and a broken downtimed one), and the single server solo:3306.
func Fleet() *topology.Topology {
	a1 := server("db-a1", 1, "dc1", "")
	a1.SemiSync.SourceEnabled = true
	a1.PromotionRule = topology.PreferPromote
	a1.Tags = []topology.Tag{{Name: "role", Value: "primary"}}
	a2 := server("db-a2", 2, "dc1", "db-a1")
	a2.SemiSync.ReplicaEnabled = true
	a2.Tags = []topology.Tag{{Name: "zone", Value: "x"}, {Name: "backup"}}
	b1 := server("db-b1", 3, "dc2", "db-a2")
	b1.Lag = topology.KnownSeconds(2)
	a3 := server("db-a3", 4, "", "db-a1")
	a3.Version = "8.0.39"
	a3.Channel.SQLThread, a3.Channel.LastSQLError = topology.ThreadStopped, "Duplicate entry '1' for key 'PRIMARY'"
	a3.Lag = topology.Seconds{}
	a3.ErrantSet = "00000000-0000-0000-0000-000000000004:1"
	a3.Downtime = &topology.Downtime{Owner: "dba", Reason: topology.ReasonLostInRecovery, Begin: Now().Add(-time.Hour), End: Now().Add(time.Hour)}
	solo := server("solo", 5, "", "")
	solo.ReadOnly = true
	solo.LogBin, solo.LogReplicaUpdates, solo.BinlogFormat = false, false, ""
	names := topology.Names{
		Aliases: map[string]string{"db-a1:3306": "orders"},
		Domains: map[string]string{"db-a1:3306": "orders.example.com"},
	}
	return topology.New(topology.Derive([]*topology.Instance{a1, a2, a3, b1, solo}, names), names)
}

func server(host string, id uint32, dc, source string) *topology.Instance {
	seen := Now().Add(-2 * time.Second)
	i := &topology.Instance{
		Key: Key(host), ServerID: id, ServerUUID: "00000000-0000-0000-0000-00000000000" + string(rune('0'+id)),
		Version: "8.0.41", VersionComment: "MySQL Community Server - GPL", Flavor: topology.FlavorMySQL, Uptime: time.Hour,
		BinlogFormat: "ROW", BinlogRowImage: "FULL", LogBin: true, LogReplicaUpdates: true,
		SelfCoordinates: topology.Coordinates{LogFile: "binlog.000012", LogPos: 4711},
		GTIDMode:        "ON", SupportsOracleGTID: true, ExecutedSet: "00000000-0000-0000-0000-000000000001:1-100", DataCenter: dc,
		Check:   topology.Check{Attempted: seen, Checked: seen, Seen: seen, Latency: 3 * time.Millisecond},
		Channel: topology.Channel{IOThread: topology.NoThread, SQLThread: topology.NoThread},
	}
	if source == "" {
		return i
	}
	i.ReadOnly = true
	i.Lag = topology.KnownSeconds(0)
	i.Channel = topology.Channel{
		Source: Key(source), SourceHost: source, SourceUUID: "", User: "repl",
		IOThread: topology.ThreadRunning, SQLThread: topology.ThreadRunning, GTID: topology.OracleGTID,
		Read: topology.Coordinates{LogFile: "binlog.000012", LogPos: 4711}, Exec: topology.Coordinates{LogFile: "binlog.000012", LogPos: 4711},
		SecondsBehind: topology.KnownSeconds(0),
	}
	return i
}
