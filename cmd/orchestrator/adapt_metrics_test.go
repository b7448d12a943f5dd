package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/observe"
	"orchestrator/internal/publish"
	"orchestrator/internal/recovery"
	"orchestrator/internal/server"
	"orchestrator/internal/store"
)

// scrape is what /metrics answers.
func scrape(t *testing.T, m *metrics) string {
	t.Helper()
	return answerOf(t, m.handler())
}

func answerOf(t *testing.T, h http.Handler) string {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func wantLines(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, l := range lines {
		if !strings.Contains("\n"+text, "\n"+l+"\n") {
			t.Errorf("no line %q", l)
		}
	}
}

func TestFiguresOfOthers(t *testing.T) {
	m := emptyMetrics(time.Now)
	m.read(measured{
		observer: func() observe.Stats { return observe.Stats{Servers: 5, Invalid: 2, Clusters: 1} },
		servers:  func() server.Stats { return server.Stats{ConnectionsOpen: 4, ConnectionsOpened: 9} },
		writer:   func() store.WriterStats { return store.WriterStats{Failures: 3} },
		published: func() []publish.Standing {
			return []publish.Standing{{Store: "etcd http://e:2379", Clusters: 2, Problems: []publish.Problem{{Alias: "a"}}, Written: 3, Failures: 4}}
		},
		findings: func() []analysis.Finding {
			return []analysis.Finding{{Code: analysis.DeadPrimary}, {Code: analysis.DeadPrimary}, {Code: analysis.NoProblem}}
		},
	})
	m.probed(3*time.Millisecond, nil)
	m.probed(5*time.Millisecond, errors.New("no"))
	m.probed(5*time.Millisecond, nil)
	text := scrape(t, m)
	wantLines(t, text, "orchestrator_servers 5", "orchestrator_dead_servers 2", "orchestrator_clusters 1", "orchestrator_connections 4",
		"orchestrator_connections_opened_total 9", "orchestrator_store_write_errors_total 3",
		`orchestrator_kv_clusters{store="etcd http://e:2379"} 2`, `orchestrator_kv_problems{store="etcd http://e:2379"} 1`,
		`orchestrator_kv_written_total{store="etcd http://e:2379"} 3`, `orchestrator_kv_failures_total{store="etcd http://e:2379"} 4`,
		`orchestrator_findings{code="`+string(analysis.DeadPrimary)+`"} 2`,
		`orchestrator_probes_total{result="ok"} 2`, `orchestrator_probes_total{result="failed"} 1`,
		"orchestrator_discovery_latency_seconds_count 3")
	if strings.Contains(text, string(analysis.NoProblem)+`"`) {
		t.Error("what is well is no finding")
	}
}

func TestServiceIsMeasured(t *testing.T) {
	parts := testParts(t, testFile(t), "")
	pretended, prober := newPretended(t), testProber(t)
	writer := parts.store.NewWriter(store.WriterOptions{})
	t.Cleanup(func() { must(t, writer.Close(context.Background())) })
	progress, exposition := newMetrics()
	h := exposition(&service{
		parts: parts, prober: prober, writer: writer,
		observer: observe.New(observe.Options{Prober: prober, Config: parts.config}),
	})
	if _, err := prober.Probe(t.Context(), pretended.key, observeAsk(false)); err == nil {
		t.Fatal("a server that answers nothing was probed")
	}
	progress(recovery.Progress{Kind: recovery.Fenced})
	wantLines(t, answerOf(t, h), `orchestrator_probes_total{result="failed"} 1`, "orchestrator_connections_opened_total 1",
		"orchestrator_servers 0", "orchestrator_store_write_errors_total 0", "orchestrator_fenced_total 1")
}

func TestMetricsOfACommandHaveNoSources(t *testing.T) {
	m := emptyMetrics(time.Now)
	m.read(measured{})
	wantLines(t, scrape(t, m), `orchestrator_recoveries_total{outcome="promoted",repair="dead_master"} 0`)
}

func TestStagesOfRecoveries(t *testing.T) {
	at := &clock{time.Unix(1000, 0)}
	m := emptyMetrics(at.now)
	tell := func(after time.Duration, kind recovery.ProgressKind, server, text, uid string) {
		at.pass(after)
		m.progress(recovery.Progress{At: at.at, Kind: kind, Server: key(server), Text: text, Recovery: uid, Repair: "dead_master"})
	}
	const s = time.Second
	tell(0, recovery.Suspected, "db1", "", "")
	tell(1*s, recovery.Detected, "db1", "DeadMaster: it is dead", "")
	tell(2*s, recovery.Began, "db1", "", "r1")
	tell(4*s, recovery.Promoted, "db2", "", "r1")
	tell(0, recovery.Promoted, "db2", "", "r1") // only the first counts
	tell(8*s, recovery.Finished, "db1", "", "r1")
	tell(s, recovery.Fenced, "db1", "", "")
	// One that nobody suspected, in vain.
	tell(s, recovery.Detected, "db5", "DeadMaster: it is dead", "")
	tell(0, recovery.Held, "db5", "", "")
	tell(s, recovery.Began, "db5", "", "r2")
	tell(16*s, recovery.Finished, "db5", "", "r2")
	// One in which nobody is opened.
	m.progress(recovery.Progress{At: at.at, Kind: recovery.Began, Server: key("db7"), Recovery: "r3"})
	at.pass(2 * s)
	m.progress(recovery.Progress{At: at.at, Kind: recovery.Finished, Server: key("db7"), Recovery: "r3", Repair: "dead_intermediate_master", Success: true})
	text := scrape(t, m)
	sum := func(stage, seconds string, n string) []string {
		return []string{
			`orchestrator_recovery_stage_seconds_sum{stage="` + stage + `"} ` + seconds,
			`orchestrator_recovery_stage_seconds_count{stage="` + stage + `"} ` + n,
		}
	}
	wantLines(t, text, sum(stageDetect, "1", "1")...)
	wantLines(t, text, sum(stageBegin, "3", "2")...) // 2 and 1
	wantLines(t, text, sum(stagePromote, "4", "1")...)
	wantLines(t, text, sum(stageFinish, "8", "1")...)
	wantLines(t, text, sum(stageOutage, "7", "1")...)
	wantLines(t, text, sum(stageGiveUp, "16", "1")...)
	wantLines(t, text, sum(stageRepair, "2", "1")...)
	wantLines(t, text, `orchestrator_recoveries_total{outcome="promoted",repair="dead_master"} 1`, `orchestrator_recoveries_total{outcome="failed",repair="dead_master"} 1`,
		`orchestrator_recoveries_total{outcome="repaired",repair="dead_intermediate_master"} 1`,
		`orchestrator_detections_total{code="DeadMaster"} 2`, "orchestrator_suspicions_total 1", "orchestrator_recoveries_held_total 1",
		"orchestrator_fenced_total 1")
	if len(m.course) != 0 {
		t.Errorf("%d recoveries are still waited for", len(m.course))
	}
}

func TestFailuresWithoutRecoveryAreNotKept(t *testing.T) {
	at := &clock{time.Unix(1000, 0)}
	m := emptyMetrics(at.now)
	for _, host := range []string{"db1", "db2", "db3"} {
		m.progress(recovery.Progress{At: at.at, Kind: recovery.Suspected, Server: key(host)})
		at.pass(2 * staleCourse)
	}
	if len(m.course) != 1 {
		t.Errorf("%d failures are waited for", len(m.course))
	}
}
