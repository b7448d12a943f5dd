package analysis

import (
	"slices"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/topology"
)

func TestEvidenceNamesServersAndValues(t *testing.T) {
	f := findingOf(t, usual(), "db1",
		server("db1", unseen),
		replica("db2", failing, func(i *topology.Instance) { i.Channel.LastIOError = "can't connect\nto db1" }),
		replica("db3", unseen),
		replica("db4", stopped, func(i *topology.Instance) {
			i.Channel.LastSQLErrno, i.Channel.LastSQLError = 1062, "duplicate entry"
		}))
	want := []string{
		"db1:3306 did not answer the last probe, 1s ago (dial tcp: connection refused); it was last seen 1m0s ago.",
		"Of its 3 replicas, 2 are reachable, 0 of these replicate and 1 cannot connect to it; 0 of all lag, 0 have a " +
			"configured delay, and 0 are downtimed.",
		"db2:3306 has its receiver connecting (error 2003: can't connect to db1) and its applier running.",
		"db3:3306 is not reachable itself (dial tcp: connection refused); it was last seen 1m0s ago.",
		"db4:3306 has its receiver stopped and its applier stopped (error 1062: duplicate entry).",
	}
	if !slices.Equal(f.Evidence, want) {
		t.Errorf("got  %s\nwant %s", strings.Join(f.Evidence, "\n     "), strings.Join(want, "\n     "))
	}
}

func TestEvidenceSentences(t *testing.T) {
	for _, c := range []struct {
		name    string
		servers []*topology.Instance
		want    string
	}{
		{"valid", fleet(server("db1"), replica("db2", stopped)), "db1:3306 answered the last probe, 1s ago."},
		{"never seen", fleet(server("db1", unseen, func(i *topology.Instance) { i.Check.Seen = time.Time{} })),
			"db1:3306 was never seen (dial tcp: connection refused)."},
		{"hanging", fleet(server("db1", hanging), replica("db2", failing)),
			"A probe of db1:3306 that began 1s ago has not ended; it was last seen 8s ago."},
		{"no answer", fleet(server("db1", unseen, func(i *topology.Instance) { i.Check.Hung = true }), replica("db2")),
			"No answer came from db1:3306 in time; it did not refuse the probe."},
		{"half an answer", fleet(server("db1", half), replica("db2", failing)),
			"db1:3306 did answer the first query of the last probe that ended."},
		{"hung", fleet(server("db1", half), replica("db2")),
			"No probe of db1:3306 has succeeded for 59s; the limit is 6s."},
		{"no replicas", fleet(server("db1", unseen)), "db1:3306 has no replicas."},
		{"replica never seen", fleet(server("db1", unseen), replica("db2", func(i *topology.Instance) {
			i.Check.Seen = time.Time{}
		})), "db2:3306 is not reachable itself; it was never seen."},
		{"error without a number", fleet(server("db1", unseen), replica("db2", ioText("error connecting to master"))),
			"db2:3306 has its receiver stopped (error connecting to master) and its applier running."},
		{"replica without threads", fleet(server("db1", unseen), replica("db2", threadsOf(topology.NoThread, topology.NoThread))),
			"db2:3306 has its receiver missing and its applier missing."},
		{"lag", fleet(server("db1", unseen), replica("db2", lag(70), delay(60)), replica("db3", lag(11))),
			"db2:3306 lags by 70s, with a configured delay of 60s."},
		{"own source", fleet(inter(failing, depth(1))),
			"db1:3306 itself cannot connect to its source db0:3306 (error 2003)."},
		{"locked", fleet(server("db1", semiSync(true, 2, 1), staleFor(12*time.Second))),
			"db1:3306 wants 2 semi-sync acknowledgements for each commit and has 1 semi-sync client (status ON)."},
		{"standing still", fleet(server("db1", semiSync(true, 2, 1), staleFor(12*time.Second))),
			"Its binary log was first seen at binlog.000007:1234 12s ago and stands there still; the limit is 10s."},
		{"standstill not known", fleet(server("db1", semiSync(true, 2, 1))),
			"It has not yet been noted how long its binary log stands at binlog.000007:1234."},
		{"formats", fleet(server("db1"), replica("db2", format("MIXED")), replica("db3")),
			"Of 2 logging replicas, 0 log in STATEMENT, 1 in MIXED and 1 in ROW format."},
		{"versions", fleet(server("db1"), replica("db2", version("8.4.3")), replica("db3"), replica("db4", noLogging)),
			"db2:3306 logs and is of version 8.4.3."},
		{"GTID modes", fleet(server("db1"), replica("db2", gtidMode(""))),
			"db1:3306 has gtid_mode ON; its replicas have (none) to (none)."},
		{"errant", fleet(server("db1"), replica("db2", errant("x:1,\ny:2")), replica("db3", errant("z:1"), downtimed)),
			"db2:3306 has executed what its source has not: x:1, y:2."},
		{"still receiving", fleet(server("db1", unseen), replica("db2", applierStopped), replica("db3", failing)),
			"db2:3306 still holds its connection to db1:3306."},
		{"group", fleet(server("db1", member("SECONDARY", "ONLINE", "db1", "db2")),
			server("db2", unseen, member("PRIMARY", "ONLINE", "db1", "db2"))),
			"Group group-1 counts the members db1:3306,db2:3306; reachable and online: db1:3306; of these primary: none."},
	} {
		t.Run(c.name, func(t *testing.T) {
			if f := findingOf(t, usual(), "db1", c.servers...); !slices.Contains(f.Evidence, c.want) {
				t.Errorf("no sentence %q in\n%s", c.want, strings.Join(f.Evidence, "\n"))
			}
		})
	}
}

func TestEvidenceSaysEachThingOnce(t *testing.T) {
	p := usual()
	p.RecoverNonWriteable = true // then being read-only is a failure and a structure warning
	f := findingOf(t, p, "db1", server("db1", readOnly), replica("db2"))
	for n, line := range f.Evidence {
		if slices.Contains(f.Evidence[:n], line) {
			t.Errorf("%q is said twice", line)
		}
	}
	if !f.Has(NoWriteablePrimary) || !slices.Contains(f.Evidence, "db1:3306 is read-only.") {
		t.Errorf("%s: %q", f.Text(), f.Evidence)
	}
}

func TestEvidenceStaysShort(t *testing.T) {
	servers := fleet(server("db1", unseen, func(i *topology.Instance) { i.Check.Err = strings.Repeat("é", 1000) }))
	for n := range 500 {
		servers = append(servers, replica("r"+string(rune('a'+n%26))+strings.Repeat("x", n/26), failing))
	}
	f := findingOf(t, usual(), "db1", servers...)
	if len(f.Evidence) > 15 {
		t.Errorf("%d sentences", len(f.Evidence))
	}
	if last := f.Evidence[len(f.Evidence)-1]; last != "So it is with 490 more replicas that do not replicate." {
		t.Errorf("the last sentence is %q", last)
	}
	if n := len(f.Evidence[0]); n > 500 {
		t.Errorf("a sentence of %d bytes", n)
	}
}

func TestHealthyServersHaveNoEvidence(t *testing.T) {
	if f := findingOf(t, usual(), "db1", server("db1"), replica("db2")); f.Evidence != nil {
		t.Errorf("evidence %q", f.Evidence)
	}
}
