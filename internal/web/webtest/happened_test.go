package webtest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/failover"
	"orchestrator/internal/operate"
	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/plan"
	"orchestrator/internal/recovery"
	"orchestrator/internal/topology"
	"orchestrator/internal/web/webtest"
)

// happened are records of three months, as an installation has them that fails over now and then.
type happened struct {
	*operatetest.Backend

	mu    sync.Mutex
	acked map[string]operate.AckQuery
}

// an event of the records: how many days ago, and what it was.
type event struct {
	ago          float64
	alias        string
	pause        time.Duration // 0: writes were not concerned
	asked        string        // a person
	planned      bool
	failed       bool
	lost         int // -1: not known
	acknowledged bool
}

var events = []event{
	{ago: 0.04, alias: "orders", pause: 412 * time.Millisecond, lost: -1},
	{ago: 3.2, alias: "billing", pause: 1900 * time.Millisecond, asked: "anna", lost: 12, acknowledged: true},
	{ago: 3.3, alias: "billing", failed: true},
	{ago: 9, alias: "payments", pause: 240 * time.Millisecond, planned: true, asked: "anna", acknowledged: true},
	{ago: 16, alias: "chain", acknowledged: true},
	{ago: 17, alias: "ledger", pause: 330 * time.Millisecond, acknowledged: true},
	{ago: 30, alias: "payments", pause: 200 * time.Millisecond, planned: true, asked: "bert", acknowledged: true},
	{ago: 52, alias: "inventory", pause: 74 * time.Second, lost: 3, acknowledged: true},
	{ago: 88, alias: "orders", pause: 620 * time.Millisecond, acknowledged: true},
	{ago: 140, alias: "orders", pause: 9 * time.Second, acknowledged: true},
}

func (e *event) record(n int) operate.Recovery {
	at := operatetest.Now().Add(-time.Duration(e.ago * float64(24*time.Hour)))
	r := operate.Recovery{
		ID: int64(3 + n), UID: fmt.Sprintf("%d:ab", at.UnixNano()), IsSuccessful: !e.failed, Start: at, End: at.Add(e.pause + 300*time.Millisecond), NodeHostname: fmt.Sprintf("node%d", 1+n%3), LastDetectionID: 11,
		Finding:      analysis.Finding{Key: operatetest.Key("db-a1"), Code: analysis.DeadPrimary, ClusterName: "db-a1:3306", ClusterAlias: e.alias, CountReplicas: 2},
		Participants: []topology.Key{operatetest.Key("db-a1"), operatetest.Key("db-a2")},
	}
	switch {
	case e.failed:
		r.Errors = []string{"no replica of db-a1:3306 may be promoted: all of them lag"}
	case e.pause == 0:
		r.Finding.Code = analysis.DeadIntermediate
	default:
		r.SuccessorKey = operatetest.Key("db-a2")
	}
	if e.lost >= 0 && e.pause > 0 && !e.planned {
		r.Loss = &operate.Loss{Transactions: uint64(e.lost), Basis: "when db-a1:3306 came back, it held them and db-a2:3306 did not"}
	}
	if e.acknowledged {
		r.Acknowledged, r.AcknowledgedBy, r.AcknowledgedAt, r.AcknowledgedComment = true, "dba-oncall", r.End, "seen"
	}
	return r
}

func (h *happened) Recoveries(_ context.Context, q operate.RecoveryQuery) ([]operate.Recovery, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var list []operate.Recovery
	for n := range events {
		r := events[n].record(n)
		if a, acked := h.acked[r.UID]; acked {
			r.Acknowledged, r.AcknowledgedBy, r.AcknowledgedComment = true, "anna", a.UID
		}
		if (q.ID == 0 || q.ID == r.ID) && (q.UID == "" || q.UID == r.UID) && (!q.Unacknowledged || !r.Acknowledged) {
			list = append(list, r)
		}
	}
	return list, nil
}

func (h *happened) Acknowledge(_ context.Context, q operate.AckQuery, _, _ string) (int64, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.acked[q.UID] = q
	return 1, nil
}

func (h *happened) Journal(_ context.Context, uid string) (recovery.Journal, bool, error) {
	for n := range events {
		e, r := &events[n], events[n].record(n)
		if r.UID != uid {
			continue
		}
		why := []plan.Verdict{{Server: operatetest.Key("db-a3"), Rule: "lag", Reason: "it lags 41 s"}}
		j := recovery.Journal{Plan: plan.Plan{Title: "db-a2 takes over", Rejected: why}, Found: primaryGone, ByHand: e.asked != "", Asked: e.asked}
		if e.planned {
			j.Command = string(recovery.GracefulTakeover)
		}
		if e.pause > 0 {
			half := r.Start.Add(e.pause / 2)
			j.Add(1, plan.Step{Phase: plan.Gather, Server: operatetest.Key("db-a3"), Action: plan.Action{Verb: plan.StopReceiving}, State: plan.Done, Started: r.Start, Ended: half})
			j.Add(2, plan.Step{Phase: plan.Promote, Server: operatetest.Key("db-a2"), Action: plan.Action{Verb: plan.SetWritable}, State: plan.Done, Started: half, Ended: r.Start.Add(e.pause)})
		}
		return j, true, nil
	}
	return recovery.Journal{}, false, nil
}

var lines = []operate.AuditEntry{
	{ID: 9, Kind: "relocate-below", Key: operatetest.Key("db-a3"), Cluster: "orders", Message: "relocated db-a3:3306 below db-a2:3306 (by anna)", Person: "anna", Node: "node1", Plan: "gone"},
	{ID: 8, Kind: "recovery", Key: operatetest.Key("db-a1"), Cluster: "orders", Message: "DeadMaster: successor db-a2:3306, 0 lost, 712ms", Node: "node1", Recovery: events[0].record(0).UID},
	{ID: 7, Kind: "begin-downtime", Key: operatetest.Key("db-a3"), Cluster: "orders", Message: "new disk (by bert)", Person: "bert", Node: "node2"},
}

func (h *happened) AuditLog(_ context.Context, q operate.AuditQuery) ([]operate.AuditEntry, error) {
	var list []operate.AuditEntry
	for n, l := range lines {
		l.At = operatetest.Now().Add(-time.Duration(n) * 2 * time.Hour)
		if (q.Person == "" || l.Person == q.Person) && strings.Contains(l.Node, q.Node) && strings.Contains(l.Message, q.Text) && (q.Kind == "" || l.Kind == q.Kind) && (q.Plan == "" || l.Plan == q.Plan) && !l.At.Before(q.From) {
			list = append(list, l)
		}
	}
	return list, nil
}

func (h *happened) CountAudit(ctx context.Context, q operate.AuditQuery) (int, error) {
	list, err := h.AuditLog(ctx, q)
	return len(list), err
}

// Detections are one that was acted on, one that a filter held back, one of a kind that is never repaired, and an old one.
func (h *happened) Detections(_ context.Context, q operate.RecoveryQuery) ([]operate.Recovery, error) {
	of := func(id int64, code analysis.Code, actionable bool) operate.Recovery {
		f := analysis.Finding{Key: operatetest.Key("db-a1"), Code: code, Description: analysis.Describe(code), Actionable: actionable, ClusterName: "db-a1:3306", ClusterAlias: "orders", CountReplicas: 2}
		return operate.Recovery{ID: id, Detection: true, Start: operatetest.Now().Add(-time.Hour), NodeHostname: "node1", Finding: f}
	}
	list := []operate.Recovery{of(11, analysis.DeadPrimary, true), of(10, analysis.DeadPrimary, true), of(9, analysis.UnreachablePrimary, false), of(8, analysis.DeadPrimary, true)}
	list[0].RelatedRecoveryID = 3
	list[1].Held = &failover.Hold{Rule: "filter", Reason: "no entry of RecoverMasterClusterFilters matches the cluster", Setting: "RecoverMasterClusterFilters"}
	list[1].HeldAt = operatetest.Now().Add(-time.Hour)
	return slices.DeleteFunc(list, func(r operate.Recovery) bool { return q.ID != 0 && q.ID != r.ID }), nil
}

func (h *happened) Changelog(_ context.Context, key topology.Key) ([]operate.AnalysisHistory, error) {
	at := operatetest.Now().Add(-time.Hour)
	return []operate.AnalysisHistory{{Key: key, Changes: []operate.AnalysisChange{
		{At: at.Add(-2 * time.Second), Text: string(analysis.UnreachablePrimary)}, {At: at, Text: string(analysis.DeadPrimary)}, {At: at.Add(time.Minute), Text: string(analysis.NoProblem)},
	}}}, nil
}

// withHistory gives an engine the records of three months.
func withHistory(b *operatetest.Backend) func(e *operate.Engine) {
	return func(e *operate.Engine) { e.Records = &happened{Backend: b, acked: map[string]operate.AckQuery{}} }
}

// TestListsAreFiltered: time, kind, person and manager are chosen, stand in the address, and the rows follow.
func TestListsAreFiltered(t *testing.T) {
	t.Parallel()
	b := operatetest.New()
	s := start(t, b, withHistory(b))
	p := webtest.Open(t, s.URL+"/web/audit-recovery")
	rows := func(n int) string {
		return fmt.Sprintf(`document.querySelectorAll("table.list tbody > tr:not(.detail)").length === %d`, n)
	}
	choose := func(label, value string) {
		t.Helper()
		webtest.Value[bool](p, fmt.Sprintf(`(s => (s.value = %q, s.dispatchEvent(new Event("change", {bubbles: true})), true))([...document.querySelectorAll(".filters .pick")].find(l => l.innerText.startsWith(%q)).querySelector("select"))`, value, label))
	}
	p.Await("all of them", rows(len(events)))
	p.AwaitText(".ostrip", "5 outages")
	p.AwaitText(".ostrip", "2 planned switchovers")
	p.Await("a bar for each", `document.querySelectorAll(".o-bars .ob").length === 8 && document.querySelectorAll(".o-bars .ob-planned").length === 2 && document.querySelectorAll(".o-bars .ob-failed").length === 1`)

	choose("Kind", "planned")
	p.Await("planned switchovers, with their own glyph", rows(2)+` && document.querySelectorAll(".planned-row use[href='#i-swap']").length === 2 && location.search.includes("kind=planned")`)
	p.AwaitText(".ostrip", "no outage was repaired · 2 planned switchovers")
	p.ClickText("All")
	choose("When", "7d")
	p.Await("those of a week", rows(3)+` && location.search.includes("since=7d")`)
	p.Await("the strip is that of all times", `document.querySelectorAll(".o-bars .ob").length === 8`)
	p.Go(s.URL + "/web/audit-recovery?person=Anna&since=90d")
	p.Await("those that somebody asked for", rows(2))
	p.Go(s.URL + "/web/audit-recovery?node=node2")
	p.Await("those of a manager", rows(3))
	p.Go(s.URL + "/web/audit-recovery")
	p.Await("the weeks, by the server's clock", `document.querySelectorAll(".o-weeks button").length === 13 && document.querySelectorAll(".o-bars .ob").length === 8`)
	p.Click(".o-weeks button:last-child")
	p.Await("those of the week that was pressed", rows(3)+` && document.querySelector(".o-weeks button:last-child").getAttribute("aria-pressed") === "true" && location.search.includes("until=")`)
	p.Click(".o-weeks button:last-child")
	p.Await("all of them again", rows(len(events)))

	p.Go(s.URL + "/web/audit?person=anna")
	p.Await("what somebody did", rows(1)+` && document.querySelector("table.list tbody").innerText.includes("relocated db-a3")`)
	p.Go(s.URL + "/web/audit?node=node1&text=relocated")
	p.Await("what a manager noted", rows(1))
	p.Go(s.URL + "/web/audit-failure-detection?acted=true")
	p.Await("what was acted on", rows(1)+` && document.querySelector("table.list tbody").innerText.includes("yes, recovery 3")`)
}

// TestAuditLeadsOn: a line leads to its plan, which says where it is not kept any more, and to its recovery.
func TestAuditLeadsOn(t *testing.T) {
	t.Parallel()
	b := operatetest.New()
	s := start(t, b, withHistory(b))
	p := webtest.Open(t, s.URL+"/web/audit", webtest.Allow("/api/v2/plans/gone"))
	p.Await("a way to the plan, and one to the recovery", `document.querySelectorAll("table.list a[href*='plan/gone']").length === 1 && document.querySelectorAll("table.list a[href*='audit-recovery/uid/']").length === 1`)
	p.Click("table.list a[href*='plan/gone']")
	p.AwaitText("main", "This plan is not kept any more")
	p.ClickText("What the audit has of it")
	p.Await("its lines", `location.search.includes("of=gone") && document.querySelectorAll("table.list tbody > tr").length === 1`)
	p.Go(s.URL + "/web/audit")
	p.Await("the lines", `document.querySelectorAll("table.list tbody > tr").length === 3`)
	p.Click("table.list a[href*='audit-recovery/uid/']")
	p.AwaitText(".r-hero", "Writes were back")
}

// TestDetectionsSayWhy: a detection that was not acted on names the gate that held it back, and shows how the finding changed.
func TestDetectionsSayWhy(t *testing.T) {
	t.Parallel()
	b := operatetest.New()
	s := start(t, b, withHistory(b))
	p := webtest.Open(t, s.URL+"/web/audit-failure-detection?acted=false")
	p.AwaitText("table.list tbody tr:nth-child(1)", "no: no entry of RecoverMasterClusterFilters matches the cluster")
	p.AwaitText("table.list tbody tr:nth-child(2)", "no: UnreachableMaster is only detected")
	p.AwaitText("table.list tbody tr:nth-child(3)", "no: why is not on record")
	p.Click("table.list tbody tr:nth-child(1) .opener")
	p.AwaitText(".opened", "Not acted on: no entry of RecoverMasterClusterFilters")
	p.Await("a way to the setting and to the forecast", `["config?q=RecoverMasterClusterFilters", "tab=forecast"].every(one => document.querySelector(".opened a[href*='" + one + "']"))`)
	p.Await("how it changed", `document.querySelectorAll(".opened table tbody tr").length === 3 && document.querySelector(".opened table tbody").innerText.includes("DeadMaster")`)
}

// TestAcknowledgedInTheList: the button in a row asks what was found, and the row says who it was.
func TestAcknowledgedInTheList(t *testing.T) {
	t.Parallel()
	b := operatetest.New()
	s := start(t, b, withHistory(b))
	p := webtest.Open(t, s.URL+"/web/audit-recovery?unacknowledged=true")
	p.Await("two rows", `document.querySelectorAll("table.list tbody > tr:not(.detail)").length === 2`)
	p.ClickText("Acknowledge…")
	p.AwaitText("dialog[open] h2", "Acknowledge the recovery of orders")
	p.Type("the power supply")
	p.ClickText("Acknowledge the recovery")
	p.Await("one row is left", `!document.querySelector("dialog[open]") && document.querySelectorAll("table.list tbody > tr:not(.detail)").length === 1`)
	if n := len(slices.DeleteFunc(s.recoveries(t), func(r operate.Recovery) bool { return r.Acknowledged })); n != 1 {
		t.Errorf("%d recoveries are not acknowledged", n)
	}
}

func (s *service) recoveries(t *testing.T) []operate.Recovery {
	t.Helper()
	list, err := s.records.Recoveries(t.Context(), operate.RecoveryQuery{All: true})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestLostInTheFleetLine: what failovers have lost is a fact of the fleet, and a filter; what is not counted is said.
func TestLostInTheFleetLine(t *testing.T) {
	t.Parallel()
	b := operatetest.New()
	b.Fleet = fleet(nil, "orders", "billing", "ledger", "inventory", "calm")
	s := start(t, b, withHistory(b))
	p := webtest.Open(t, s.URL+"/web/clusters")
	p.Await("five facts", `document.querySelectorAll(".facts .fact").length === 5`)
	p.AwaitText(".facts .fact:last-child", "15")
	p.AwaitText(".facts .fact:last-child", "90 days · 1 of 5 not counted")
	p.Click(".facts .fact:last-child")
	p.Await("clusters that lost some, or may have", `document.querySelectorAll(".row").length === 3 && location.search.includes("lost")`)
	shown := webtest.Value[string](p, `[...document.querySelectorAll(".row b")].map(b => b.innerText).join(" ")`)
	for _, alias := range []string{"orders", "billing", "inventory"} {
		if !strings.Contains(shown, alias) {
			t.Errorf("%s is missing in %q", alias, shown)
		}
	}
}

// withTrends has servers' lags grow, shrink, and stay, as a manager says that has watched them for a while.
func withTrends(s *service) {
	inner := s.Server.Config.Handler
	trends := []string{
		`{"is":"worse","seconds":63,"over_s":300,"done_s":null}`, `{"is":"better","seconds":-120,"over_s":300,"done_s":1030}`,
		`{"is":"steady","seconds":1,"over_s":120,"done_s":null}`, `{"is":"worse","seconds":null,"over_s":40,"done_s":null}`,
	}
	s.Server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v2/problems" {
			inner.ServeHTTP(w, r)
			return
		}
		got := httptest.NewRecorder()
		r.Header.Del("If-None-Match")
		inner.ServeHTTP(got, r)
		text := got.Body.String()
		for n := range trends {
			text = strings.Replace(text, `"trend":null`, `"trend": `+trends[n], 1)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, text) // the page says what it misses
	})
}

// TestTrends: whether a lag grows is said in words, with an arrow that points where it goes.
func TestTrends(t *testing.T) {
	t.Parallel()
	b := operatetest.New()
	b.Fleet = fleet(func(n int, i *topology.Instance) {
		if !i.Channel.Source.IsZero() {
			i.Lag, i.Channel.SecondsBehind = topology.KnownSeconds(412), topology.KnownSeconds(412)
		}
	}, "orders", "billing")
	s := start(t, b, nil)
	withTrends(s)
	p := webtest.Open(t, s.URL+"/web/problems")
	p.Await("a trend of each", `document.querySelectorAll(".r-tr b").length === 4`)
	shown := webtest.Value[string](p, `[...document.querySelectorAll(".r-tr")].map(e => e.innerText.replaceAll("\n", " ").trim() + " " + getComputedStyle(e.querySelector(".i")).rotate).join("; ")`)
	want := "growing +1 m 3 s in 5 m -45deg; catching up −2 m in 5 m, done in 17 m 45deg; steady none; growing lag not known any more -45deg"
	if shown != want {
		t.Errorf("shown is %q, not %q", shown, want)
	}
}

// TestProblemsAreActedOn: a problem says since when it is so, a server is looked at and put into downtime without leaving the
// list, and all servers of one cause at once.
func TestProblemsAreActedOn(t *testing.T) {
	t.Parallel()
	b := operatetest.New()
	b.Fleet = fleet(func(n int, i *topology.Instance) {
		if !i.Channel.Source.IsZero() {
			i.Lag, i.Channel.SecondsBehind = topology.KnownSeconds(412), topology.KnownSeconds(412)
		}
	}, "orders")
	s := start(t, b, nil)
	p := webtest.Open(t, s.URL+"/web/problems")
	p.AwaitText(".p-row .r-seen", "at least since")
	server := webtest.Value[string](p, `new URL(document.querySelector(".p-row").href).searchParams.get("sel")`)
	p.Click(".row-acts button:first-child")
	p.AwaitText(".toast", "Instance refreshed: "+server)
	p.Click(".row-acts button:last-child")
	p.AwaitText("dialog[open] h2", "owntime")
	p.Type("a new disk")
	p.ClickText("Begin")
	p.Await("the dialog is done with", `!document.querySelector("dialog[open]")`)
	if calls := strings.Join(b.Calls, "\n"); !strings.Contains(calls, "a new disk") {
		t.Errorf("noted %s", calls)
	}
}

// TestRecoveryIsLookedInto: dragging over the bars shows a part of them, the buttons do the same, the address keeps it, and the
// page says why nobody else was promoted.
func TestRecoveryIsLookedInto(t *testing.T) {
	t.Parallel()
	b := operatetest.New()
	s := start(t, b, withHistory(b))
	p := webtest.Open(t, s.URL+"/web/audit-recovery/id/3")
	p.AwaitText("main", "it lags 41 s")
	marks := func() string {
		return webtest.Value[string](p, `[...document.querySelectorAll(".f-axis .f-t span")].map(e => e.innerText).join(" ")`)
	}
	all := marks()
	p.ClickText("Fit outage")
	p.Await("the outage alone", `/zoom=\d/.test(location.search) && document.querySelector(".f-zoom [aria-pressed=true]").innerText === "Fit outage"`)
	if marks() == all {
		t.Errorf("the axis is still %q", all)
	}
	p.Go(s.URL + "/web/audit-recovery/id/3" + webtest.Value[string](p, "location.search"))
	p.Await("the same by its address", `document.querySelector(".f-zoom [aria-pressed=true]")?.innerText === "Fit outage"`)
	p.ClickText("Fit all")
	p.Await("all of it", `!location.search.includes("zoom")`)
	to := p.At(".f-row .f-t", 0.5, 0.5)
	p.Drag(p.At(".f-row .f-t", 0.25, 0.5), to, 4)
	p.Await("what is being chosen", `document.querySelector(".f-lines .pick")`)
	p.Release(to)
	part := webtest.Value[string](p, `new URLSearchParams(location.search).get("zoom")`)
	var first, last float64
	if n, err := fmt.Sscanf(part, "%f-%f", &first, &last); n != 2 || err != nil || first <= 0 || last <= first*1.8 || last >= first*2.2 {
		t.Errorf("dragging from a quarter to the half shows %q", part)
	}
	p.Await("nothing is being chosen", `!document.querySelector(".f-lines .pick")`)
	p.Click(".f-zoom [aria-label='Further away']")
	p.Await("more of it", `new URLSearchParams(location.search).get("zoom") !== "`+part+`"`)
}

// TestServerPanelInTrouble: the panel of a server says from which lag on it has a problem, in which pools it is, and offers the
// way past a transaction that its applier cannot take.
func TestServerPanelInTrouble(t *testing.T) {
	t.Parallel()
	b := operatetest.New()
	b.Fleet.Instance(operatetest.Key("db-a2")).Channel.LastSQLErrno = 1062
	b.Fleet.Instance(operatetest.Key("db-a2")).Channel.LastSQLError = "Duplicate entry '7'"
	s := start(t, b, nil)
	p := webtest.Open(t, s.URL+"/web/cluster/alias/orders?sel=db-a2:3306")
	p.AwaitText(".panel dl", "limit 10 s")
	p.AwaitText(".panel", "In pools: reporting")
	p.AwaitText(".panel", "error 1062: Duplicate entry")
	p.ClickText("Skip this transaction…")
	p.AwaitText(".plan", "skip-query")
}
