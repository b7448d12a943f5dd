package analysis

import (
	"slices"
	"testing"

	"orchestrator/internal/topology"
)

func TestStructureWarnings(t *testing.T) {
	producedWarnings := make(map[Code]bool)
	file := gtidUse(topology.FilePosition)
	for _, c := range []struct {
		name    string
		servers []*topology.Instance
		want    []Code
	}{
		{"healthy", fleet(server("db1"), replica("db2"), replica("db3")), nil},

		{"STATEMENT and MIXED", fleet(server("db1"), replica("db2", format("STATEMENT")), replica("db3", format("MIXED"))),
			[]Code{StatementAndMixedLogging}},
		{"STATEMENT and ROW", fleet(server("db1"), replica("db2", format("STATEMENT")), replica("db3", format("ROW"))),
			[]Code{StatementAndRowLogging}},
		{"MIXED and ROW", fleet(server("db1"), replica("db2", format("MIXED")), replica("db3", format("ROW"))),
			[]Code{MixedAndRowLogging}},
		{"all three formats", fleet(server("db1"), replica("db2", format("MIXED")), replica("db3"),
			replica("db4", format("statement"))), []Code{StatementAndMixedLogging, StatementAndRowLogging, MixedAndRowLogging}},
		{"another format, but it does not log",
			fleet(server("db1"), replica("db2", format("MIXED"), noLogging), replica("db3")), nil},
		{"formats below an intermediate source",
			fleet(inter(), replica("db2", format("MIXED")), replica("db3")), nil},
		{"formats, one replica dead", fleet(server("db1"), replica("db2", format("MIXED"), unseen), replica("db3")),
			[]Code{MixedAndRowLogging}},

		{"several major versions", fleet(server("db1"), replica("db2", version("8.4.3")), replica("db3")),
			[]Code{MultipleMajorVersionsLogging}},
		{"several minor versions", fleet(server("db1"), replica("db2", version("8.0.41-log")), replica("db3")), nil},
		{"several major versions, one does not log",
			fleet(server("db1"), replica("db2", version("8.4.3"), noLogging), replica("db3")), nil},
		{"major versions below an intermediate source",
			fleet(inter(), replica("db2", version("8.4.3")), replica("db3")), nil},

		{"no logging replicas", fleet(server("db1"), replica("db2", noLogging), replica("db3", noLogging)),
			[]Code{NoLoggingReplicas}},
		{"replicas without binary log", fleet(server("db1"), replica("db2", noBinlog), replica("db3", noBinlog)),
			[]Code{NoLoggingReplicas}},
		{"one logging replica", fleet(server("db1"), replica("db2", noLogging), replica("db3")), nil},
		{"single replica that does not log", fleet(server("db1"), replica("db2", noLogging)), nil},
		{"no logging replicas below an intermediate source",
			fleet(inter(), replica("db2", noLogging), replica("db3", noLogging)), nil},

		{"GTID modes differ", fleet(server("db1"), replica("db2", gtidMode("OFF"))), []Code{DifferentGTIDModes}},
		{"GTID mode of one replica differs",
			fleet(server("db1"), replica("db2"), replica("db3", gtidMode("ON_PERMISSIVE"))), []Code{DifferentGTIDModes}},
		{"GTID modes differ below an intermediate source", fleet(inter(), replica("db2", gtidMode("OFF"))),
			[]Code{DifferentGTIDModes}},
		{"GTID off everywhere", fleet(server("db1", gtidMode("OFF")), replica("db2", gtidMode("OFF"))), nil},

		{"errant transactions", fleet(server("db1"), replica("db2", errant("00020192-1111-1111-1111-111111111111:1"))),
			[]Code{ErrantGTID}},
		{"errant transactions below an intermediate source", fleet(inter(), replica("db2", errant("x:1"))),
			[]Code{ErrantGTID}},
		{"errant transactions of a downtimed replica", fleet(server("db1"), replica("db2", errant("x:1"), downtimed)), nil},
		{"errant transactions, downtime over", fleet(server("db1"), replica("db2", errant("x:1"), downtimeOver)),
			[]Code{ErrantGTID}},
		{"errant transactions of the server itself", fleet(server("db1", errant("x:1")), replica("db2")), nil},

		{"no common way to regroup", fleet(server("db1"), replica("db2", file), replica("db3")),
			[]Code{NoFailoverSupport}},
		{"no common way, single replica", fleet(server("db1"), replica("db2", file)), nil},
		{"no common way, but Pseudo-GTID", fleet(server("db1", pseudoGTID), replica("db2", file), replica("db3", file)), nil},
		{"no common way below an intermediate source", fleet(inter(), replica("db2", file), replica("db3", file)), nil},
		{"all by MariaDB's GTID", fleet(server("db1"), replica("db2", gtidUse(topology.MariaDBGTID)),
			replica("db3", gtidUse(topology.MariaDBGTID))), nil},
		{"all are binlog servers",
			fleet(server("db1"), replica("db2", file, binlogServer), replica("db3", file, binlogServer)), nil},
		{"the one replica that could not is dead",
			fleet(server("db1"), replica("db2", file, unseen), replica("db3")), nil},
		{"all replicas dead", fleet(server("db1"), replica("db2", unseen), replica("db3", unseen)),
			[]Code{NoFailoverSupport}},

		{"read-only primary", fleet(server("db1", readOnly), replica("db2")), []Code{NoWriteablePrimary}},
		{"read-only primary that is dead", fleet(server("db1", readOnly, unseen), replica("db2")),
			[]Code{NoWriteablePrimary}},
		{"read-only intermediate source", fleet(inter(readOnly), replica("db2")), nil},

		{"fallen back from semi-sync", fleet(server("db1", semiSync(false, 1, 0)), replica("db2")),
			[]Code{NotEnoughSemiSyncReplicas}},
		{"semi-sync off with enough clients", fleet(server("db1", semiSync(false, 1, 1)), replica("db2")), nil},
		{"semi-sync that wants none", fleet(server("db1", semiSync(false, 0, 0)), replica("db2")), nil},
		{"semi-sync that works", fleet(server("db1", semiSync(true, 1, 0)), replica("db2")), nil},
		{"intermediate source fallen back", fleet(inter(semiSync(false, 1, 0)), replica("db2")), nil},

		{"group primary that is read-only",
			fleet(server("db1", readOnly, member("PRIMARY", "ONLINE")), replica("db2")), []Code{NoWriteablePrimary}},
		{"group secondary that is read-only",
			fleet(server("db1", readOnly, member("SECONDARY", "ONLINE")), replica("db2")), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := findingOf(t, usual(), "db1", c.servers...)
			if !slices.Equal(f.Structure, c.want) {
				t.Fatalf("structure warnings %v, want %v", f.Structure, c.want)
			}
			if len(c.want) > 0 && len(f.Evidence) < 2 {
				t.Errorf("no evidence for %v: %q", c.want, f.Evidence)
			}
			for _, w := range c.want {
				producedWarnings[w] = true
			}
		})
	}
	for _, c := range StructureCodes() {
		if !producedWarnings[c] {
			t.Errorf("no case produces %s", c)
		}
	}
}

func noBinlog(i *topology.Instance) { i.LogBin = false }
