package reference

import (
	"fmt"
	"strings"
	"time"

	"orchestrator/internal/failover"
	"orchestrator/internal/refactor"
	"orchestrator/internal/topology"
)

const fleetPicture = `db1                   MySQL by GTID
+ db2
  + db4
  + db5
+ db3
old1                  by file and position
+ old2
  + old3
`

// example is a command line and what it prints.
type example struct{ command, output string }

// asked is what the examples ask for.
type asked struct {
	server, below string
	number        int64
}

func requests() map[string][]asked {
	return map[string][]asked{
		"relocate":                     {{server: "db4", below: "db3"}, {server: "db2", below: "db4"}, {server: "old3", below: "old1"}},
		"relocate-replicas":            {{server: "db2", below: "db1"}},
		"take-siblings":                {{server: "db4"}},
		"regroup-replicas":             {{server: "db2"}},
		"move-up":                      {{server: "db4"}, {server: "db2"}},
		"move-up-replicas":             {{server: "db2"}},
		"move-below":                   {{server: "db4", below: "db5"}},
		"repoint":                      {{server: "db4"}, {server: "old3", below: "old1"}},
		"take-master":                  {{server: "db4"}, {server: "old3"}},
		"make-co-master":               {{server: "db2"}, {server: "old2"}},
		"make-master":                  {{server: "db2"}},
		"make-local-master":            {{server: "db4"}},
		"move-gtid":                    {{server: "db4", below: "db1"}, {server: "old3", below: "old1"}},
		"move-replicas-gtid":           {{server: "db2", below: "db3"}},
		"repoint-replicas":             {{server: "db2"}},
		"regroup-replicas-gtid":        {{server: "db2"}},
		"move-equivalent":              {{server: "old3", below: "old1"}},
		"match":                        {{server: "old3", below: "old1"}, {server: "db4", below: "db1"}},
		"match-up":                     {{server: "old3"}},
		"rematch":                      {{server: "old3"}},
		"match-replicas":               {{server: "old2", below: "old1"}},
		"match-up-replicas":            {{server: "old2"}},
		"regroup-replicas-pgtid":       {{server: "old1"}},
		"regroup-replicas-bls":         {{server: "old1"}},
		"stop-replica":                 {{server: "db4"}, {server: "db1"}},
		"start-replica":                {{server: "db4"}},
		"restart-replica":              {{server: "db4"}},
		"skip-query":                   {{server: "db4"}},
		"change-master-credentials":    {{server: "db4"}},
		"enable-semi-sync-replica":     {{server: "db4"}},
		"gtid-errant-reset-master":     {{server: "db4"}},
		"gtid-errant-inject-empty":     {{server: "db4"}},
		"rebuild-replica":              {{server: "db4"}, {server: "db1"}},
		"set-writeable":                {{server: "db2"}},
		"flush-binary-logs":            {{server: "db1"}},
		"stop-replica-nice":            {{server: "db4"}},
		"detach-replica-master-host":   {{server: "db4"}},
		"reattach-replica-master-host": {{server: "db4"}},
		"enable-gtid":                  {{server: "db4"}},
		"disable-gtid":                 {{server: "db4"}},
		"delay-replication":            {{server: "db4", number: 3600}},
		"set-read-only":                {{server: "db1"}},
		"reset-replica":                {{server: "db4"}},
	}
}

// examplesOf has the plans of an operation made, or the refusals.
func examplesOf(name string) (list []example) {
	for _, a := range requests()[name] {
		output := ""
		command := "-c " + name + " -i " + a.server
		if a.below != "" {
			command += " -d " + a.below
		}
		if a.number != 0 {
			command = fmt.Sprintf("-c api -path %s/%s/3306/%d", name, a.server, a.number)
		}
		p, refusal := refactor.PlanRelocation(fleet(), refactor.Relocation{Command: refactor.RelocationCommand(name), Server: key(a.server), Below: key(a.below), Markers: refactor.Markers{InUse: true}},
			failover.Policy{Replication: topology.ReplicationRules{MaintenanceLag: 20 * time.Second}})
		if refusal != nil && refusal.Rule == "unknown-command" {
			p, refusal = refactor.Single(fleet(), refactor.Request{Operation: refactor.Operation(name), Server: key(a.server), Number: a.number}, refactor.Policy{SuperReadOnly: true})
		}
		if refusal != nil {
			output = refusal.Error() + "\n"
		} else {
			output = p.String()
			command += " --dry-run"
		}
		list = append(list, example{strings.TrimSpace(command), output})
	}
	return list
}

func key(name string) topology.Key {
	if name == "" {
		return topology.Key{}
	}
	return topology.Key{Hostname: name, Port: 3306}
}

// fleet are the servers of the examples.
func fleet() *topology.Topology {
	var all []*topology.Instance
	for n, s := range []struct{ name, source string }{
		{"db1", ""}, {"db2", "db1"}, {"db3", "db1"}, {"db4", "db2"}, {"db5", "db2"}, {"old1", ""}, {"old2", "old1"}, {"old3", "old2"},
	} {
		all = append(all, server(n+1, s.name, s.source))
	}
	return topology.New(topology.Derive(all, topology.Names{}), topology.Names{})
}

func server(n int, name, source string) *topology.Instance {
	seen := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	const executed = "00000000-0000-0000-0000-000000000001:1-4711"
	i := &topology.Instance{
		Key: key(name), ServerID: uint32(n), ServerUUID: fmt.Sprintf("00000000-0000-0000-0000-%012d", n), Version: "8.4.4", Flavor: topology.FlavorMySQL,
		BinlogFormat: "ROW", LogBin: true, LogReplicaUpdates: true, SelfCoordinates: topology.Coordinates{LogFile: "binlog.000003", LogPos: 4711},
		GTIDMode: "ON", SupportsOracleGTID: true, ExecutedSet: executed, Check: topology.Check{Attempted: seen, Checked: seen, Seen: seen},
		Channel: topology.Channel{IOThread: topology.NoThread, SQLThread: topology.NoThread},
	}
	if source != "" {
		at := topology.Coordinates{LogFile: "binlog.000003", LogPos: 4711}
		i.ReadOnly, i.SuperReadOnly, i.CredentialsAvailable, i.Lag = true, true, true, topology.KnownSeconds(0)
		i.Channel = topology.Channel{
			Source: key(source), SourceHost: source, IOThread: topology.ThreadRunning, SQLThread: topology.ThreadRunning, GTID: topology.OracleGTID,
			RetrievedSet: executed, Read: at, Exec: at,
		}
	}
	if strings.HasPrefix(name, "old") {
		i.GTIDMode, i.SupportsOracleGTID, i.ExecutedSet, i.Channel.GTID, i.Channel.RetrievedSet = "OFF", false, "", topology.FilePosition, ""
	}
	return i
}
