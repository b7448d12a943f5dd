package httpapi_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"orchestrator/internal/operate/operatetest"
)

// TestBackendRoutes asks the routes about pools, names, history, leadership and the backend; the bodies are golden files.
func TestBackendRoutes(t *testing.T) {
	for name, target := range map[string]string{
		"submit-pool":          "/api/submit-pool-instances/reporting?instances=b1,db-a2:3306%0A",
		"pools":                "/api/cluster-pool-instances/db-a1:3306",
		"pools-one":            "/api/cluster-pool-instances/db-a1:3306/backup",
		"pool-heuristic":       "/api/heuristic-cluster-pool-instances/orders/",
		"pool-heuristic-one":   "/api/heuristic-cluster-pool-instances/orders/reporting",
		"pool-lag":             "/api/heuristic-cluster-pool-lag/db-b1:3306",
		"pool-lag-one":         "/api/heuristic-cluster-pool-lag/orders/backup",
		"kv-all":               "/api/submit-masters-to-kv-stores/",
		"kv-one":               "/api/submit-masters-to-kv-stores/orders",
		"resolve":              "/api/resolve/orders-db/3306",
		"unresolve-register":   "/api/register-hostname-unresolve/db-a1/3306/vip",
		"unresolve-deregister": "/api/deregister-hostname-unresolve/db-a1/3306",
		"names-cache":          "/api/hostname-resolve-cache",
		"names-reset":          "/api/reset-hostname-resolve-cache",
		"snapshot":             "/api/snapshot-topologies",
		"can-replicate":        "/api/can-replicate-from/db-a3/3306/db-a2/3306",
		"can-replicate-gtid":   "/api/can-replicate-from-gtid/db-b1/3306/db-a1/3306",
		"equivalent":           "/api/master-equivalent/db-a1/3306/binlog.000012/4711",
		"grab-election":        "/api/grab-election",
		"reelect":              "/api/reelect",
		"backend-raw":          "/api/backend-query-metrics-raw/60",
		"backend-aggregated":   "/api/backend-query-metrics-aggregated/60",
		"buffer-raw":           "/api/write-buffer-metrics-raw/3",
		"buffer-aggregated":    "/api/write-buffer-metrics-aggregated/60",
	} {
		t.Run(name, func(t *testing.T) {
			b := operatetest.New()
			w := get(t, handler(b), target)
			if w.Code != http.StatusOK {
				t.Fatalf("status %d: %s", w.Code, w.Body)
			}
			golden(t, name, pretty(t, w.Body.Bytes())+strings.Join(b.Calls, "\n"))
		})
	}
}

func TestBackendFailures(t *testing.T) {
	for name, c := range map[string]struct {
		target, message string
		change          func(*operatetest.Backend)
	}{
		"retired":               {"/api/reload-cluster-alias", "This API call has been retired", nil},
		"raft-add-peer":         {"/api/raft-add-peer/a:1", "raft-add-peer: not running with raft setup", nil},
		"raft-remove-peer":      {"/api/raft-remove-peer/a:1", "raft-remove-peer: not running with raft setup", nil},
		"raft-yield":            {"/api/raft-yield/a", "raft-yield: not running with raft setup", nil},
		"raft-yield-hint":       {"/api/raft-yield-hint/a", "raft-yield-hint: not running with raft setup", nil},
		"raft-peers":            {"/api/raft-peers", "raft-peers: not running with raft setup", nil},
		"raft-state":            {"/api/raft-state/", "raft-state: not running with raft setup", nil},
		"raft-leader":           {"/api/raft-leader", "raft-leader: not running with raft setup", nil},
		"raft-health":           {"/api/raft-health", "raft-state: not running with raft setup", nil},
		"raft-status":           {"/api/raft-status", "raft-status: not running with raft setup", nil},
		"raft-snapshot":         {"/api/raft-snapshot", "raft-snapshot: not running with raft setup", nil},
		"raft-health-report":    {"/api/raft-follower-health-report/t/a/b", "raft-follower-health-report: not running with raft setup", nil},
		"grab with raft":        {"/api/grab-election", "grab-election: not with raft, where the nodes elect their leader", func(b *operatetest.Backend) { b.Raft = true }},
		"grab, read only":       {"/api/grab-election", "Unauthorized", func(b *operatetest.Backend) { b.Conf.ReadOnly = true }},
		"snapshot, read only":   {"/api/snapshot-topologies", "Unauthorized", func(b *operatetest.Backend) { b.Conf.ReadOnly = true }},
		"kv, read only":         {"/api/submit-masters-to-kv-stores", "Unauthorized", func(b *operatetest.Backend) { b.Conf.ReadOnly = true }},
		"unreachable":           {"/api/resolve/db-a1/3306", "resolve db-a1:3306: refused", func(b *operatetest.Backend) { b.Fail = errors.New("refused") }},
		"pools of no cluster":   {"/api/cluster-pool-instances/nosuch", "Unable to determine cluster name. clusterHint=nosuch", nil},
		"lag of no cluster":     {"/api/heuristic-cluster-pool-lag/nosuch", "Unable to determine cluster name. clusterHint=nosuch", nil},
		"no binary log":         {"/api/can-replicate-from/db-a1/3306/solo/3306", "solo:3306 has no binary log (log_bin=OFF) from which db-a1:3306 could replicate (set log_bin there)", nil},
		"no position":           {"/api/master-equivalent/db-a1/3306/binlog.000012/x", `log position "x": a whole number is required`, nil},
		"pools cannot be read":  {"/api/cluster-pool-instances/orders", "read the pools: disk full", func(b *operatetest.Backend) { b.Fail = errors.New("disk full") }},
		"kv cannot be written":  {"/api/submit-masters-to-kv-stores", "write the primary of cluster db-a1:3306 to the key-value stores: disk full", func(b *operatetest.Backend) { b.Fail = errors.New("disk full") }},
		"another who is purged": {"/api/can-replicate-from-gtid/db-b1/3306/db-a1/3306", purgedMessage, purge},
	} {
		t.Run(name, func(t *testing.T) {
			b := operatetest.New()
			if c.change != nil {
				c.change(b)
			}
			w := get(t, handler(b), c.target)
			want := `{"Code":"ERROR","Message":` + quoted(t, c.message) + `,"Details":null}`
			if w.Code != http.StatusInternalServerError || w.Body.String() != want {
				t.Errorf("status %d, body %s\nwant %s", w.Code, w.Body, want)
			}
		})
	}
}

const purgedMessage = "db-a1:3306 has purged transactions that db-b1:3306 lacks: 00000000-0000-0000-0000-000000000001:101-105 (rebuild it from a backup, or name a source that still has them)"

// purge lets db-a1 have purged what db-b1 has not executed.
func purge(b *operatetest.Backend) {
	b.Fleet.Instance(operatetest.Key("db-a1")).PurgedSet = "00000000-0000-0000-0000-000000000001:1-105"
}

func TestHeaders(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/api/headers", nil)
	r.Header.Set("X-Forwarded-For", "proxy")
	r.Header.Set("Authorization", "Basic c2VjcmV0")
	r.Header.Set("Cookie", "access-token=public:secret")
	w := httptest.NewRecorder()
	handler(operatetest.New()).ServeHTTP(w, r)
	if w.Code != http.StatusOK || w.Body.String() != `{"Authorization":["********"],"Cookie":["********"],"X-Forwarded-For":["proxy"]}` {
		t.Errorf("status %d, body %s", w.Code, w.Body)
	}
}
