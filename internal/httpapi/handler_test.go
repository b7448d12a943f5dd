package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"orchestrator/internal/httpapi"
	"orchestrator/internal/operate"
	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/topology"
)

var update = flag.Bool("update", false, "write the golden files anew")

func handler(b *operatetest.Backend) http.Handler {
	return httpapi.New(httpapi.Deps{Engine: b.Engine(), Registry: operate.NewRegistry()})
}

func get(t *testing.T, h http.Handler, target string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
	return w
}

// TestRoutes asks every kind of route once; the bodies are golden files.
func TestRoutes(t *testing.T) {
	for name, target := range map[string]string{
		"search-all":                  "/api/search",
		"search-text":                 "/api/search?s=db-b1%0A",
		"search-path":                 "/api/search/8.0.39",
		"cluster":                     "/api/cluster/db-a1:3306",
		"cluster-alias":               "/api/cluster/alias/orders",
		"cluster-instance":            "/api/cluster/instance/db-b1/3306",
		"cluster-info":                "/api/cluster-info/orders",
		"clusters":                    "/api/clusters",
		"clusters-info":               "/api/clusters-info",
		"osc":                         "/api/cluster-osc-slaves/orders",
		"masters":                     "/api/masters",
		"master":                      "/api/master/orders",
		"replicas":                    "/api/instance-replicas/db-a1/3306",
		"instance":                    "/api/instance/db-a1/3306",
		"instance-replica":            "/api/instance/db-a3/3306",
		"downtimed":                   "/api/downtimed",
		"downtimed-cluster":           "/api/downtimed/solo:3306",
		"topology":                    "/api/topology/orders",
		"topology-instance":           "/api/topology/db-a2/3306",
		"topology-tabulated":          "/api/topology-tabulated/orders",
		"topology-tags":               "/api/topology-tags/orders",
		"topology-dc":                 "/api/topology-tabulated/orders?dc=true",
		"tagged":                      "/api/tagged/?tag=backup%0A",
		"tags":                        "/api/tags/db-a2/3306",
		"tag-value":                   "/api/tag-value/db-a2/3306?tag=zone",
		"tag-value-path":              "/api/tag-value/db-a2/3306/zone",
		"tag":                         "/api/tag/db-a2/3306?tag=a=b",
		"untag":                       "/api/untag/db-a2/3306/zone",
		"untag-all":                   "/api/untag-all/zone/x",
		"last-pseudo-gtid":            "/api/last-pseudo-gtid/db-a1/3306",
		"relocate":                    "/api/relocate/db-b1/3306/db-a1/3306",
		"relocate-dry":                "/api/relocate-below/db-b1/3306/db-a1/3306?dry-run=true",
		"relocate-replicas":           "/api/relocate-slaves/db-a1/3306/db-a2/3306?pattern=a3",
		"move-replicas-gtid":          "/api/move-replicas-gtid/db-a1/3306/db-a2/3306",
		"move-gtid":                   "/api/move-gtid/db-b1/3306/db-a1/3306/",
		"take-siblings":               "/api/enslave-siblings/db-a2/3306",
		"take-master":                 "/api/take-master/db-b1/3306",
		"make-co-master":              "/api/make-co-master/db-a2/3306",
		"repoint":                     "/api/repoint/db-b1/3306",
		"repoint-replicas":            "/api/repoint-slaves/db-a1/3306",
		"regroup-replicas":            "/api/regroup-slaves/db-a1/3306",
		"regroup-replicas-gtid":       "/api/regroup-replicas-gtid/db-a1/3306",
		"discover":                    "/api/discover/db-a1/3306",
		"discover-filtered":           "/api/discover/filtered/3306",
		"async-discover":              "/api/async-discover/db-a1/3306",
		"refresh":                     "/api/refresh/db-a1/3306",
		"forget":                      "/api/forget/db-a1/3306",
		"forget-cluster":              "/api/forget-cluster/orders",
		"begin-downtime":              "/api/begin-downtime/db-a1/3306/me%0A/new%20disks%0A/2h",
		"end-downtime":                "/api/end-downtime/db-a3/3306",
		"begin-maintenance":           "/api/begin-maintenance/db-a1/3306/me/because",
		"end-maintenance":             "/api/end-maintenance/db-a1/3306",
		"end-maintenance-id":          "/api/end-maintenance/7",
		"in-maintenance":              "/api/in-maintenance/db-a3/3306",
		"not-in-maintenance":          "/api/in-maintenance/db-a1/3306",
		"maintenance":                 "/api/maintenance",
		"set-cluster-alias":           "/api/set-cluster-alias/db-a1:3306?alias=shop",
		"recover":                     "/api/recover/db-a1/3306/db-a2/3306",
		"recover-lite":                "/api/recover-lite/db-a1/3306",
		"recover-dry":                 "/api/recover/db-a1/3306?dry-run=true",
		"force-failover":              "/api/force-master-failover/orders",
		"force-failover-member":       "/api/force-master-failover/db-b1/3306",
		"force-takeover":              "/api/force-master-takeover/orders/db-a3/3306",
		"force-takeover-member":       "/api/force-master-takeover/db-b1/3306/db-a3/3306",
		"takeover":                    "/api/graceful-master-takeover/orders",
		"takeover-member":             "/api/graceful-master-takeover/db-b1/3306",
		"takeover-to":                 "/api/graceful-master-takeover/orders/db-a3/3306",
		"takeover-member-to":          "/api/graceful-master-takeover/db-b1/3306/db-a3/3306",
		"takeover-auto":               "/api/graceful-master-takeover-auto/orders",
		"takeover-auto-dry":           "/api/graceful-master-takeover-auto/orders?dry-run=true",
		"takeover-cascade":            "/api/cascade-master-takeover-auto/db-a1/3306/db-a2/3306",
		"explain":                     "/api/explain/orders",
		"explain-server":              "/api/explain/db-a2/3306?failure=DeadIntermediateMaster",
		"register-candidate":          "/api/register-candidate/db-a2/3306/prefer_not",
		"filters":                     "/api/automated-recovery-filters",
		"detections":                  "/api/audit-failure-detection/alias/orders/2",
		"recoveries":                  "/api/audit-recovery?unacknowledged=true",
		"recovery-uid":                "/api/audit-recovery/uid/17:abc",
		"extra-transactions":          "/api/extra-transactions/db-a1/3306",
		"steps":                       "/api/audit-recovery-steps/17:abc",
		"changelog":                   "/api/replication-analysis-changelog",
		"ack-cluster":                 "/api/ack-recovery/cluster/orders?comment=seen%0A",
		"ack-alias":                   "/api/ack-recovery/cluster/alias/orders?comment=seen",
		"ack-instance":                "/api/ack-recovery/instance/db-a1/3306?comment=seen",
		"ack-id":                      "/api/ack-recovery/3?comment=seen",
		"ack-uid":                     "/api/ack-recovery/uid/17:abc?comment=seen",
		"ack-all":                     "/api/ack-all-recoveries?comment=seen",
		"blocked":                     "/api/blocked-recoveries",
		"cluster-switch-off":          "/api/disable-cluster-recoveries/orders/dba/moving/2h",
		"cluster-switch-on":           "/api/enable-cluster-recoveries/orders",
		"cluster-switches":            "/api/check-cluster-recoveries",
		"running":                     "/api/running-recoveries",
		"cancel":                      "/api/cancel-recovery/orders",
		"blocked-none":                "/api/blocked-recoveries/cluster/solo:3306",
		"disable":                     "/api/disable-global-recoveries",
		"check":                       "/api/check-global-recoveries",
		"problems":                    "/api/problems",
		"audit":                       "/api/audit/instance/db-a3/3306/4",
		"health":                      "/api/health",
		"status":                      "/api/status/",
		"lb-check":                    "/api/lb-check",
		"ping":                        "/api/_ping",
		"leader-check":                "/api/leader-check/503",
		"bulk-instances":              "/api/bulk-instances",
		"bulk-rules":                  "/api/bulk-promotion-rules",
		"discovery-raw":               "/api/discovery-metrics-raw/3",
		"discovery-aggregated":        "/api/discovery-metrics-aggregated/60",
		"queue-raw":                   "/api/discovery-queue-metrics-raw/DEFAULT/60",
		"queue-aggregated":            "/api/discovery-queue-metrics-aggregated/60",
		"reload":                      "/api/reload-configuration?config=extra.json",
		"replication-analysis-single": "/api/replication-analysis/instance/solo/3306",
	} {
		t.Run(name, func(t *testing.T) {
			b := operatetest.New()
			w := get(t, handler(b), target)
			if w.Code != http.StatusOK {
				t.Fatalf("status %d: %s", w.Code, w.Body)
			}
			if got := w.Header().Get("Content-Type"); got != "application/json; charset=UTF-8" {
				t.Errorf("content type %q", got)
			}
			golden(t, name, pretty(t, w.Body.Bytes())+strings.Join(b.Calls, "\n"))
		})
	}
}

func pretty(t *testing.T, text []byte) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		t.Fatalf("not JSON: %s", text)
	}
	return b.String() + "\n"
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("differs from %s:\n%s", file, got)
	}
}

func TestFailures(t *testing.T) {
	for name, c := range map[string]struct {
		target, message, details string
		change                   func(*operatetest.Backend)
	}{
		"bad port":               {"/api/instance/db-a1/x", "Invalid port: x", "null", nil},
		"unknown instance":       {"/api/instance/nosuch/3306", "Cannot read instance: nosuch:3306 is not known", "null", nil},
		"unknown cluster":        {"/api/cluster/nosuch", "Unable to determine cluster name. clusterHint=nosuch", "null", nil},
		"no recovery":            {"/api/recover/db-a1/3306", "Recovery not attempted", `{"Hostname":"db-a1","Port":3306}`, func(b *operatetest.Backend) { b.Repair = operate.Repair{} }},
		"nobody promoted":        {"/api/recover/db-a1/3306", "Recovery attempted; no instance promoted", `{"Hostname":"db-a1","Port":3306}`, func(b *operatetest.Backend) { b.Repair.Promoted = topology.Key{} }},
		"no comment":             {"/api/ack-all-recoveries?comment=%0A", "reason must be provided", "null", nil},
		"bad duration":           {"/api/begin-downtime/db-a1/3306/me/why/2y", `duration "2y": the form is a number and one of s, m, h, d, w, as in 10m`, "null", nil},
		"must is not registered": {"/api/register-candidate/db-a1/3306/must", "promotion rule must: not supported yet; use prefer", "null", nil},
		"value of untag-all":     {"/api/untag-all?tag=zone", "untag-all needs the value too, as name=value", "null", nil},
		"no such tag":            {"/api/tag-value/db-a1/3306?tag=zone", "tag zone not found for db-a1:3306", "null", nil},
		"no such queue":          {"/api/discovery-queue-metrics-raw/NOSUCH/3", `queue "NOSUCH": there is no such queue: DEFAULT and DEADINSTANCES are known`, "null", nil},
		"acknowledged nothing":   {"/api/ack-recovery/cluster/nosuch?comment=x", "Unable to determine cluster name. clusterHint=nosuch", "null", nil},
		"backend fails":          {"/api/audit", "read the audit log: disk full", "null", func(b *operatetest.Backend) { b.Fail = errors.New("disk full") }},
		"read only":              {"/api/tag/db-a1/3306?tag=a", "Unauthorized", "null", func(b *operatetest.Backend) { b.Conf.ReadOnly = true }},
		"identity":               {"/api/instance/x/y", "Orchestrator node1 says: Invalid port: y", "null", func(b *operatetest.Backend) { b.Conf.PrependMessagesWithOrcIdentity = "FQDN" }},
	} {
		t.Run(name, func(t *testing.T) {
			b := operatetest.New()
			if c.change != nil {
				c.change(b)
			}
			w := get(t, handler(b), c.target)
			want := `{"Code":"ERROR","Message":` + quoted(t, c.message) + `,"Details":` + c.details + `}`
			if w.Code != http.StatusInternalServerError || w.Body.String() != want {
				t.Errorf("status %d, body %s\nwant %s", w.Code, w.Body, want)
			}
		})
	}
}

func quoted(t *testing.T, text string) string {
	t.Helper()
	b, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestUnknownPaths(t *testing.T) {
	h := handler(operatetest.New())
	for _, target := range []string{"/api/nosuch", "/api/", "/", "/api/instance/db-a1", "/api/instance/a%2Fb/3306", "/api/rematch/a/1"} {
		if w := get(t, h, target); w.Code != http.StatusNotFound || w.Body.String() != "404 page not found\n" {
			t.Errorf("%s: status %d, body %q", target, w.Code, w.Body)
		}
	}
}

func TestFuzzyInstances(t *testing.T) {
	h := handler(operatetest.New())
	for host, want := range map[string]string{"b1": "db-b1", "orders-db": "db-a1", "db-a3": "db-a3"} {
		w := get(t, h, "/api/instance/"+host+"/3306")
		var got struct{ Key struct{ Hostname string } }
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.Key.Hostname != want {
			t.Errorf("%s: %q, want %q (%v)", host, got.Key.Hostname, want, err)
		}
	}
	if w := get(t, h, "/api/instance/db-a/3306"); w.Code != http.StatusInternalServerError {
		t.Errorf("a text that several hosts contain was taken for one: %s", w.Body)
	}
}

func TestHeadAndGzip(t *testing.T) {
	server := httptest.NewServer(handler(operatetest.New()))
	defer server.Close()
	head, err := http.Head(server.URL + "/api/leader-check")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = head.Body.Close() }()
	if body, _ := io.ReadAll(head.Body); head.StatusCode != http.StatusOK || len(body) != 0 {
		t.Errorf("HEAD: status %d, body %q", head.StatusCode, body)
	}
	for accept, wantGzip := range map[string]bool{"gzip": true, "br, gzip;q=0.5": true, "gzip;q=0": false, "": false, "identity": false} {
		r := httptest.NewRequest(http.MethodGet, "/api/clusters", nil)
		r.Header.Set("Accept-Encoding", accept)
		w := httptest.NewRecorder()
		server.Config.Handler.ServeHTTP(w, r)
		var body io.Reader = w.Body
		if is := w.Header().Get("Content-Encoding") == "gzip"; is != wantGzip {
			t.Errorf("Accept-Encoding %q: gzip %t", accept, is)
		} else if is {
			if body, err = gzip.NewReader(w.Body); err != nil {
				t.Fatal(err)
			}
		}
		if text, _ := io.ReadAll(body); string(text) != `["db-a1:3306","solo:3306"]` {
			t.Errorf("Accept-Encoding %q: body %q", accept, text)
		}
	}
}

func TestHealthOfASickNode(t *testing.T) {
	for target, message := range map[string]string{
		"/api/health": "Orchestrator me says: Application node is unhealthy no backend",
		"/api/status": "Application node is unhealthy no backend",
	} {
		b := operatetest.New()
		b.Sick = errors.New("no backend")
		b.Conf.PrependMessagesWithOrcIdentity, b.Conf.CustomOrcIdentity = "custom", "me"
		w := get(t, handler(b), target)
		var got struct {
			Code, Message string
			Details       struct{ Healthy bool }
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if w.Code != 500 || got.Code != "ERROR" || got.Message != message || got.Details.Healthy {
			t.Errorf("%s: %d %+v", target, w.Code, got)
		}
	}
}

func TestProbes(t *testing.T) {
	for name, c := range map[string]struct {
		change      func(*operatetest.Backend)
		ready, live int
		says        string
	}{
		"well":              {func(*operatetest.Backend) {}, http.StatusOK, http.StatusOK, `"OK"`},
		"it follows":        {func(b *operatetest.Backend) { b.Raft, b.Leading = true, false }, http.StatusOK, http.StatusOK, `"OK"`},
		"no backend":        {func(b *operatetest.Backend) { b.Sick = errors.New("disk full") }, http.StatusServiceUnavailable, http.StatusOK, `{"Code":"ERROR","Message":"not ready: disk full","Details":null}`},
		"nobody leads":      {func(b *operatetest.Backend) { b.Astray = true }, http.StatusServiceUnavailable, http.StatusOK, `{"Code":"ERROR","Message":"not ready: no node is known to lead","Details":null}`},
		"read only":         {func(b *operatetest.Backend) { b.Conf.ReadOnly = true }, http.StatusOK, http.StatusOK, `"OK"`},
		"signing in wanted": {func(b *operatetest.Backend) { b.Conf.AuthenticationMethod, b.Conf.HTTPAuthUser = "basic", "dba" }, http.StatusUnauthorized, http.StatusUnauthorized, "Not Authorized\n"},
	} {
		t.Run(name, func(t *testing.T) {
			b := operatetest.New()
			c.change(b)
			h := handler(b)
			if w := get(t, h, "/api/readyz"); w.Code != c.ready || w.Body.String() != c.says {
				t.Errorf("ready: %d %q", w.Code, w.Body)
			}
			if w := get(t, h, "/api/livez/"); w.Code != c.live {
				t.Errorf("live: %d %q", w.Code, w.Body)
			}
		})
	}
}

func TestLeaderCheck(t *testing.T) {
	for name, c := range map[string]struct {
		leading bool
		target  string
		status  int
		body    string
	}{
		"leader":              {true, "/api/leader-check", 200, `"OK"`},
		"other":               {false, "/api/leader-check", 404, `"Not leader"`},
		"other, own code":     {false, "/api/leader-check/503", 503, `"Not leader"`},
		"other, bad code":     {false, "/api/leader-check/x", 404, `"Not leader"`},
		"other, no such code": {false, "/api/leader-check/7", 404, `"Not leader"`},
		"routed, alone":       {false, "/api/routed-leader-check", 404, `"Not leader"`},
	} {
		t.Run(name, func(t *testing.T) {
			b := operatetest.New()
			b.Leading = c.leading
			if w := get(t, handler(b), c.target); w.Code != c.status || w.Body.String() != c.body {
				t.Errorf("status %d, body %s", w.Code, w.Body)
			}
		})
	}
}

func TestPrefixAndStatusEndpoint(t *testing.T) {
	b := operatetest.New()
	b.Conf.URLPrefix, b.Conf.StatusEndpoint = "orc/", "/api/lb-check"
	h := handler(b)
	for target, status := range map[string]int{
		"/orc/api/clusters": 200, "/orc/api/clusters/": 200, "/api/clusters": 404, "/orc/api/status": 404,
		"/api/lb-check": 200, "/api/lb-check/": 200, "/orc/api/lb-check": 200, "/orc/debug/vars": 200, "/orc/debug/pprof/": 200,
		"/orc/debug/pprof/goroutine?debug=1": 200, "/orc/debug/pprof/cmdline": 200,
	} {
		if w := get(t, h, target); w.Code != status {
			t.Errorf("%s: status %d, want %d", target, w.Code, status)
		}
	}
	if w := get(t, h, "/api/lb-check"); !strings.Contains(w.Body.String(), "Application node is healthy") {
		t.Errorf("the status endpoint answers %s", w.Body)
	}
}

func TestForwarding(t *testing.T) {
	leader := operatetest.New()
	leader.Raft = true
	server := httptest.NewServer(handler(leader))
	defer server.Close()
	follower := operatetest.New()
	follower.Raft, follower.Leading, follower.URI = true, false, server.URL
	h := handler(follower)
	if w := get(t, h, "/api/discover/db-a1/3306"); w.Code != 200 || len(leader.Calls) != 1 || len(follower.Calls) != 0 {
		t.Errorf("status %d, leader did %v, follower did %v", w.Code, leader.Calls, follower.Calls)
	}
	if w := get(t, h, "/api/routed-leader-check"); w.Code != 200 {
		t.Errorf("routed-leader-check: %d", w.Code)
	}
	if w := get(t, h, "/api/leader-check"); w.Code != 404 {
		t.Errorf("leader-check: %d", w.Code)
	}
	leader.Leading, leader.URI = false, server.URL // takes itself for the leader
	if w := get(t, h, "/api/routed-leader-check"); w.Code != 404 {
		t.Errorf("two nodes that take another one for the leader: %d", w.Code)
	}
	follower.URI = ""
	if w := get(t, h, "/api/clusters"); w.Code != 200 {
		t.Errorf("a read without a leader: %d", w.Code)
	}
	if w := get(t, h, "/api/discover/db-a1/3306"); w.Code != 503 || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "no node leads") {
		t.Errorf("a write without a leader: %d %s", w.Code, w.Body)
	}
	server.Close()
	follower.URI = server.URL
	if w := get(t, h, "/api/raft-yield/other"); w.Code != 500 || !strings.Contains(w.Body.String(), `"Message":"Unauthorized"`) {
		t.Errorf("what only the leader itself does: %d %s", w.Code, w.Body)
	}
	if w := get(t, h, "/api/clusters"); w.Code != 200 {
		t.Errorf("a read while the leader does not answer: %d", w.Code)
	}
	if w := get(t, h, "/api/discover/db-a1/3306"); w.Code != 503 || !strings.Contains(w.Body.String(), "nothing was done") {
		t.Errorf("a write while the leader cannot be reached: %d %s", w.Code, w.Body)
	}
}

// TestForwardingToALeaderThatHangs answers questions itself after a while, and gives a change up when another node
// leads.
func TestForwardingToALeaderThatHangs(t *testing.T) {
	asked := make(chan struct{}, 2)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	defer server.Close()
	follower := operatetest.New()
	follower.Raft, follower.Leading, follower.URI = true, false, server.URL
	h := handler(follower)
	if w := get(t, h, "/api/clusters"); w.Code != 200 {
		t.Errorf("a read: %d %s", w.Code, w.Body)
	}
	<-asked
	go func() {
		<-asked
		follower.SetURI("http://another")
	}()
	if w := get(t, h, "/api/discover/db-a1/3306"); w.Code != 503 || !strings.Contains(w.Body.String(), "another node leads now") {
		t.Errorf("a write: %d %s", w.Code, w.Body)
	}
}
