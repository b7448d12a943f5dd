package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/failover"
	"orchestrator/internal/httpapi"
	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/httpapi/v2/v2test"
	"orchestrator/internal/operate"
	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/plan"
	"orchestrator/internal/recovery"
)

// second is a handler with the second generation of the API over a backend, running until the test ends.
type second struct {
	http.Handler
	api *v2.API
	b   *operatetest.Backend
}

func newSecond(t testing.TB, b *operatetest.Backend, more ...func(*httpapi.Deps)) second {
	t.Helper()
	e, registry := b.Engine(), operate.NewRegistry()
	found := recovery.Found{
		At: operatetest.Now(), Evidence: []string{"db-a1 did not answer."}, Views: []recovery.NodeView{{Node: "node2", View: recovery.View{Sees: true, Agrees: true, Why: "DeadMaster"}}},
		Stood: []recovery.Standing{{Server: operatetest.Key("db-a1")}, {Server: operatetest.Key("db-a2"), Source: operatetest.Key("db-a1"), Answered: true}},
	}
	api := v2.New(v2.Deps{
		Engine: e, Registry: registry,
		Forecast: func(ctx context.Context, cluster string, code analysis.Code) (failover.Explanation, error) {
			return b.Explain(ctx, cluster, operatetest.Key("db-a1"), code)
		},
		Journal: func(_ context.Context, uid string) (recovery.Journal, bool, error) {
			p := recovery.Journal{Plan: plan.Plan{Title: "db-a2 takes over"}, Found: found, ByHand: true, Asked: "Anna"}
			p.Add(1, plan.Step{Phase: plan.Promote, Server: operatetest.Key("db-a2"), Action: plan.Action{Verb: plan.SetWritable}, State: plan.Done, Started: operatetest.Now(), Ended: operatetest.Now().Add(time.Millisecond)})
			return p, true, nil
		},
	})
	d := httpapi.Deps{Engine: e, Registry: registry, V2: api}
	for _, change := range more {
		change(&d)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() {
		if err := api.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); work.Wait() })
	s := second{httpapi.New(d), api, b}
	s.await(t, "the API to run", func() bool { return s.do(http.MethodGet, "/api/v2/me", "").Code == http.StatusOK })
	return s
}

func (s second) await(t testing.TB, what string, holds func() bool) {
	t.Helper()
	late := time.Now().Add(30 * time.Second)
	for !holds() {
		if time.Now().After(late) {
			t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func (s second) do(method, target, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for n := 0; n+1 < len(headers); n += 2 {
		r.Header.Set(headers[n], headers[n+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func (s second) document(t testing.TB) v2test.Document {
	t.Helper()
	w := s.do(http.MethodGet, "/api/v2/openapi.json", "")
	var d v2test.Document
	if err := json.Unmarshal(w.Body.Bytes(), &d); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d %v: %s", w.Code, err, w.Body)
	}
	return d
}

func decode[T any](t *testing.T, w *httptest.ResponseRecorder) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	return v
}

// samples are a request for each operation of the document: the target below /api/v2 and the body.
var samples = map[string][2]string{
	"acknowledgeRecoveries": {"/acknowledgements", `{"cluster":"orders","comment":"seen"}`},
	"acknowledgeRecovery":   {"/recoveries/u3/acknowledgement", `{"comment":"seen"}`},
	"beginDowntime":         {"/instances/db-a2:3306/downtime", `{"reason":"disks","duration":"1h"}`},
	"beginMaintenance":      {"/instances/db-a2:3306/maintenance", `{"reason":"disks"}`},
	"checkConfig":           {"/config/check", ""},
	"compareSets":           {"/gtid-sets?a=0-1-5&b=0-1-9", ""},
	"deleteTag":             {"/instances/db-a1:3306/tags/role", ""},
	"find":                  {"/found?q=db-a1", ""},
	"discover":              {"/discoveries", `{"instances":["db-a1","db-x"]}`},
	"endDowntime":           {"/instances/db-a3:3306/downtime", ""},
	"endMaintenance":        {"/instances/db-a3:3306/maintenance", ""},
	"forgetCluster":         {"/clusters/orders?confirm=orders", ""},
	"forgetInstance":        {"/instances/db-a3:3306", ""},
	"getAutoRecovery":       {"/auto-recovery", ""},
	"getBinlogs":            {"/clusters/orders/binlogs", ""},
	"getBinlogFiles":        {"/instances/db-a1:3306/binlogs", ""},
	"getCluster":            {"/clusters/orders", ""},
	"getClusterSettings":    {"/clusters/orders/settings", ""},
	"getConfig":             {"/config", ""},
	"getConfigChanges":      {"/config/changes", ""},
	"getConfigDifferences":  {"/config/differences", ""},
	"getFleet":              {"/fleet", ""},
	"getEquivalent":         {"/instances/db-a2:3306/equivalent?in=db-a1:3306&at=binlog.000003:4", ""},
	"getDetection":          {"/detections/11", ""},
	"getErrant":             {"/instances/db-a2:3306/errant", ""},
	"getDonors":             {"/instances/db-a2:3306/donors", ""},
	"getForecast":           {"/clusters/orders/forecast", ""},
	"getForecastHistory":    {"/clusters/orders/forecast/history", ""},
	"getHistory":            {"/clusters/orders/history", ""},
	"getInstance":           {"/instances/db-a2:3306", ""},
	"getPossible":           {"/instances/db-a2:3306/operations", ""},
	"getMe":                 {"/me", ""},
	"getMoves":              {"/clusters/orders/moves?server=db-a2:3306", ""},
	"getNodes":              {"/nodes", ""},
	"getNodeReports":        {"/nodes/reports", ""},
	"getOpenAPI":            {"/openapi.json", ""},
	"getPast":               {"/clusters/orders/past?at=2026-03-04T04:06:07Z", ""},
	"getPlan":               {"/plans/PLAN", ""},
	"getPseudoGTID":         {"/instances/db-a2:3306/pseudo-gtid", ""},
	"getPublishing":         {"/publish", ""},
	"getGrants":             {"/grants", ""},
	"getReadiness":          {"/readiness", ""},
	"getRecovery":           {"/recoveries/u3", ""},
	"listHookRuns":          {"/publish/runs", ""},
	"listPublished":         {"/publish/entries?state=bad", ""},
	"listAudit":             {"/audit?instance=db-a3:3306&limit=1", ""},
	"listBlocked":           {"/blocked-recoveries?cluster=orders", ""},
	"listCandidates":        {"/candidates", ""},
	"listClusters":          {"/clusters?limit=1", ""},
	"listDetections":        {"/detections", ""},
	"listDowntimes":         {"/downtimes", ""},
	"listFindings":          {"/findings", ""},
	"listGameDays":          {"/game-days", ""},
	"listGameDayWrites":     {"/game-days/writes", ""},
	"listInstances":         {"/instances?cluster=orders&limit=2", ""},
	"listMaintenances":      {"/maintenances", ""},
	"listOperations":        {"/operations", ""},
	"listPlans":             {"/plans", ""},
	"listPools":             {"/pools?cluster=orders", ""},
	"listProblems":          {"/problems", ""},
	"listRecoveries":        {"/recoveries?cluster=orders", ""},
	"makePlan":              {"/plans", `{"operation":"relocate","arguments":{"instance":"db-b1:3306","destination":"db-a1:3306"}}`},
	"publishPrimaries":      {"/publish", `{"cluster":"orders"}`},
	"putAutoRecovery":       {"/auto-recovery", `{"enabled":false}`},
	"putClusterAlias":       {"/clusters/orders/alias", `{"alias":"orders"}`},
	"putPool":               {"/pools/backup", `{"instances":["db-a3:3306"]}`},
	"putPreferences":        {"/me/preferences", `{"theme":"dark"}`},
	"putPromotionRule":      {"/instances/db-a2:3306/promotion-rule", `{"rule":"prefer"}`},
	"putTag":                {"/instances/db-a2:3306/tags/role", `{"value":"backup"}`},
	"reelect":               {"/nodes/reelect", ""},
	"refreshInstance":       {"/instances/db-a2:3306/refresh", ""},
	"reloadConfig":          {"/config/reload", `{}`},
	"runPlan":               {"/plans/PLAN/run", `{}`},
	"search":                {"/search?q=db", ""},
	"stopPlan":              {"/plans/PLAN/stop", ""},
	"takeSnapshot":          {"/snapshots", ""},
}

// TestV2AnswersFitTheDocument calls every route of the document and checks what it answers against it.
func TestV2AnswersFitTheDocument(t *testing.T) {
	s := newSecond(t, operatetest.New())
	d := s.document(t)
	operations := d.Operations()
	if len(operations) < len(samples) {
		t.Errorf("%d operations, and %d samples", len(operations), len(samples))
	}
	for _, o := range operations {
		if o.ID == "getEvents" {
			continue // TestV2Events
		}
		t.Run(o.ID, func(t *testing.T) {
			sample, ok := samples[o.ID]
			if !ok {
				t.Fatalf("%s %s has no sample here", o.Method, o.Path)
			}
			made := decode[v2.Plan](t, s.do(http.MethodPost, "/api/v2/plans", samples["makePlan"][1]))
			target := "/api/v2" + strings.Replace(sample[0], "PLAN", made.ID, 1)
			w := s.do(o.Method, target, sample[1])
			if err := d.Answer(o, w.Code, w.Header().Get("Content-Type"), w.Body.Bytes()); err != nil {
				t.Error(err)
			}
			if want := o.ID != "stopPlan"; (w.Code < 300) != want {
				t.Errorf("%s %s: %d %s", o.Method, target, w.Code, w.Body)
			}
			for _, name := range []string{"Orchestrator-Node", "Orchestrator-Role", "Orchestrator-Time", "X-Content-Type-Options", "Content-Security-Policy"} {
				if w.Header().Get(name) == "" {
					t.Errorf("the header %s is missing", name)
				}
			}
			tag := w.Header().Get("ETag")
			if o.Method != http.MethodGet {
				return
			}
			if again := s.do(o.Method, target, "", "If-None-Match", tag); tag == "" || again.Code != http.StatusNotModified && o.ID != "getFleet" {
				t.Errorf("with its ETag %q: %d", tag, again.Code)
			}
		})
	}
}

// TestV2ChangesNeedTheRight goes over all routes as somebody who may only look.
func TestV2ChangesNeedTheRight(t *testing.T) {
	b := operatetest.New()
	b.Conf.ReadOnly = true
	s := newSecond(t, b)
	made := decode[v2.Plan](t, s.do(http.MethodPost, "/api/v2/plans", samples["makePlan"][1]))
	if made.ID == "" {
		t.Fatal("who may look may ask for plans")
	}
	b.Calls = nil
	for _, o := range s.document(t).Operations() {
		if o.ID == "getEvents" || o.ID == "makePlan" || o.ID == "putPreferences" {
			continue // they change nothing but what the caller sees
		}
		sample := samples[o.ID]
		w := s.do(o.Method, "/api/v2"+strings.Replace(sample[0], "PLAN", made.ID, 1), sample[1])
		if want := o.Method != http.MethodGet; (w.Code == http.StatusForbidden) != want {
			t.Errorf("%s %s: %d %s", o.Method, o.Path, w.Code, w.Body)
		}
		if changes := o.Role == "operator" || o.Role == "admin"; changes != (o.Method != http.MethodGet) {
			t.Errorf("%s %s needs the role %q", o.Method, o.Path, o.Role)
		}
	}
	if len(b.Calls) > 0 {
		t.Errorf("done: %s", b.Calls)
	}
}

func TestV2Problems(t *testing.T) {
	for name, c := range map[string]struct {
		method, target, body string
		status               int
		kind, reason         string
		headers              []string
	}{
		"no route":           {"GET", "/nosuch", "", 404, "not-found", "no-route", nil},
		"no method":          {"DELETE", "/fleet", "", 405, "method-not-allowed", "method", nil},
		"no cluster":         {"GET", "/clusters/nosuch", "", 404, "not-found", "unknown-cluster", nil},
		"no server":          {"GET", "/instances/nosuch:3306", "", 404, "not-found", "unknown-server", nil},
		"no plan":            {"GET", "/plans/nosuch", "", 404, "not-found", "unknown-plan", nil},
		"no body":            {"POST", "/plans", "", 415, "unsupported-media-type", "content-type", nil},
		"broken body":        {"POST", "/plans", "{", 400, "bad-request", "body", nil},
		"unknown member":     {"POST", "/plans", `{"operatoin":"x"}`, 400, "bad-request", "body", nil},
		"two values":         {"POST", "/plans", `{} {}`, 400, "bad-request", "", nil},
		"large":              {"POST", "/plans", `{"operation":"` + strings.Repeat("x", 1<<20) + `"}`, 413, "too-large", "", nil},
		"no operation":       {"POST", "/plans", `{"operation":"nosuch"}`, 400, "bad-request", "unknown-operation", nil},
		"reading operation":  {"POST", "/plans", `{"operation":"clusters"}`, 400, "bad-request", "unknown-operation", nil},
		"unknown argument":   {"POST", "/plans", `{"operation":"relocate","arguments":{"to":"x"}}`, 400, "bad-request", "unknown-argument", nil},
		"missing argument":   {"POST", "/plans", `{"operation":"relocate"}`, 400, "bad-request", "", nil},
		"limit":              {"GET", "/audit?limit=0", "", 400, "bad-request", "", nil},
		"cursor":             {"GET", "/instances?cursor=x", "", 400, "bad-request", "cursor", nil},
		"unconfirmed":        {"DELETE", "/clusters/orders", "", 422, "confirmation-required", "confirm", nil},
		"no reason":          {"PUT", "/instances/db-a2:3306/downtime", `{}`, 400, "bad-request", "", nil},
		"bad duration":       {"PUT", "/instances/db-a2:3306/downtime", `{"reason":"x","duration":"soon"}`, 400, "bad-request", "", nil},
		"no comment":         {"POST", "/acknowledgements", `{"all":true}`, 400, "bad-request", "", nil},
		"two of one":         {"POST", "/acknowledgements", `{"all":true,"cluster":"orders","comment":"x"}`, 400, "bad-request", "", nil},
		"switch to nothing":  {"PUT", "/auto-recovery", `{}`, 400, "bad-request", "body", nil},
		"on for an hour":     {"PUT", "/auto-recovery", `{"enabled":true,"duration":"1h"}`, 400, "bad-request", "duration", nil},
		"off for a while":    {"PUT", "/auto-recovery", `{"enabled":false,"duration":"a while"}`, 400, "bad-request", "", nil},
		"another site":       {"PUT", "/auto-recovery", `{"enabled":true}`, 403, "forbidden-origin", "cross-origin", []string{"Sec-Fetch-Site", "cross-site"}},
		"another origin":     {"PUT", "/auto-recovery", `{"enabled":true}`, 403, "forbidden-origin", "cross-origin", []string{"Origin", "https://elsewhere"}},
		"a neighbouring one": {"DELETE", "/instances/db-a3:3306", "", 403, "forbidden-origin", "cross-origin", []string{"Sec-Fetch-Site", "same-site"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := operatetest.New()
			s := newSecond(t, b)
			w := s.do(c.method, "/api/v2"+c.target, c.body, c.headers...)
			p := decode[v2.Problem](t, w)
			if w.Code != c.status || p.Status != c.status || p.Type != "urn:orchestrator:problem:"+c.kind || p.Reason != c.reason || p.Detail == "" || p.Title == "" {
				t.Errorf("%d %+v", w.Code, p)
			}
			if w.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("its type is %s", w.Header().Get("Content-Type"))
			}
			if len(b.Calls) > 0 {
				t.Errorf("done: %s", b.Calls)
			}
			if err := s.document(t).Named("Problem", w.Body.Bytes()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestV2AutoRecoveryWithAnEnd turns the global switch off for a time: all who ask are told until when.
func TestV2AutoRecoveryWithAnEnd(t *testing.T) {
	s := newSecond(t, operatetest.New())
	if w := s.do(http.MethodPut, "/api/v2/auto-recovery", `{"enabled":false,"duration":"2h","reason":"a storm","owner":"ann"}`); w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	end := operatetest.Now().Add(2 * time.Hour)
	now := decode[v2.Switch](t, s.do(http.MethodGet, "/api/v2/auto-recovery", ""))
	if now.Enabled || now.Until == nil || !now.Until.Equal(end) || now.Owner != "ann" || now.Reason != "a storm" {
		t.Errorf("the switch: %+v", now)
	}
	if fleet := decode[v2.Fleet](t, s.do(http.MethodGet, "/api/v2/fleet", "")); fleet.AutoOn || fleet.AutoUntil == nil || !fleet.AutoUntil.Equal(end) {
		t.Errorf("the fleet: %+v", fleet)
	}
	if status := s.do(http.MethodGet, "/api/status", "").Body.String(); !strings.Contains(status, "switched off by ann until "+end.UTC().Format(time.RFC3339)) {
		t.Errorf("the status: %s", status)
	}
	if old := s.do(http.MethodGet, "/api/check-global-recoveries", "").Body.String(); !strings.Contains(old, `"Details":"disabled"`) {
		t.Errorf("the route of old: %s", old)
	}
	s.do(http.MethodPut, "/api/v2/auto-recovery", `{"enabled":false}`)
	if now := decode[v2.Switch](t, s.do(http.MethodGet, "/api/v2/auto-recovery", "")); now.Enabled || now.Until != nil {
		t.Errorf("without an end: %+v", now)
	}
}

// TestV2Pages leafs through a list: every entry comes once.
func TestV2Pages(t *testing.T) {
	s := newSecond(t, operatetest.New())
	whole := decode[v2.Page[v2.Server]](t, s.do(http.MethodGet, "/api/v2/instances", ""))
	var seen []string
	next := ""
	for range whole.Total + 1 {
		p := decode[v2.Page[v2.Server]](t, s.do(http.MethodGet, "/api/v2/instances?limit=1&cursor="+next, ""))
		if p.Total != whole.Total || len(p.Items) != 1 {
			t.Fatalf("%+v", p)
		}
		seen = append(seen, p.Items[0].Key)
		if next = p.Next; next == "" {
			break
		}
	}
	var want []string
	for _, i := range whole.Items {
		want = append(want, i.Key)
	}
	if whole.Total < 3 || fmt.Sprint(seen) != fmt.Sprint(want) {
		t.Errorf("page by page %v, at once %v", seen, want)
	}
}
