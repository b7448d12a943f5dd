package httpapi_test

import (
	"context"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/failover"
	"orchestrator/internal/httpapi"
	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/plan"
)

// TestV2History: what was done stands in the span that is asked for, and what is no span is refused.
func TestV2History(t *testing.T) {
	s := newSecond(t, operatetest.New())
	const path = "/api/v2/clusters/orders/history"
	all := decode[v2.History](t, s.do(http.MethodGet, path+"?from=2026-02-20T00:00:00Z", ""))
	if len(all.Moments) != 2 || len(all.Marks) == 0 || !all.To.Equal(operatetest.Now()) {
		t.Fatalf("%+v", all)
	}
	recovered := 0
	for n, mark := range all.Marks {
		if n > 0 && mark.At.Before(all.Marks[n-1].At) {
			t.Errorf("%s stands behind %s", mark.At, all.Marks[n-1].At)
		}
		if mark.Recovery != "" {
			recovered++
		}
	}
	if recovered == 0 {
		t.Errorf("no recovery among %+v", all.Marks)
	}
	if none := decode[v2.History](t, s.do(http.MethodGet, path+"?from=2026-02-20T00:00:00Z&to=2026-02-20T00:00:01Z", "")); len(none.Marks) > 0 {
		t.Errorf("in a second long ago: %+v", none.Marks)
	}
	s.await(t, "the lag to be looked at", func() bool {
		h := decode[v2.History](t, s.do(http.MethodGet, path, ""))
		return h.LagSince != nil && len(h.Lag) > 0
	})
	for name, query := range map[string]string{"no moment": "?from=yesterday", "backwards": "?from=2026-03-04T00:00:00Z&to=2026-03-03T00:00:00Z", "a year": "?from=2025-03-04T00:00:00Z"} {
		if w := s.do(http.MethodGet, path+query, ""); w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}

// TestV2ForecastHistory: what would have happened is kept while nobody looks, when it changes, and set against what did.
func TestV2ForecastHistory(t *testing.T) {
	var clock atomic.Pointer[time.Time]
	set := func(at time.Time) { clock.Store(&at) }
	var forecast atomic.Pointer[failover.Explanation]
	forecast.Store(&failover.Explanation{Supposed: true, Would: true, Plan: plan.Plan{Successor: operatetest.Key("db-a2")}, Expected: failover.Estimate{Total: 60 * time.Millisecond}})
	begin := operatetest.Now().Add(-2 * time.Hour)
	set(begin)
	s := newSecond(t, operatetest.New(), func(d *httpapi.Deps) {
		d.Engine.Now = func() time.Time { return *clock.Load() }
		d.V2.Forecast = func(_ context.Context, cluster string, _ analysis.Code) (failover.Explanation, error) {
			x := *forecast.Load()
			x.Cluster = cluster
			if cluster == "db-a1:3306" {
				x.Alias = "orders"
			}
			return x, nil
		}
	})
	read := func() v2.ForecastHistory {
		return decode[v2.ForecastHistory](t, s.do(http.MethodGet, "/api/v2/clusters/orders/forecast/history", ""))
	}
	s.await(t, "the first forecast", func() bool { return len(read().Points) == 1 })
	forecast.Store(&failover.Explanation{Supposed: true, Holds: []failover.Hold{{Rule: "disabled", Reason: "recoveries are switched off globally"}}})
	set(operatetest.Now())
	s.await(t, "the next one", func() bool { return len(read().Points) == 2 })
	h := read()
	first, then := h.Points[0], h.Points[1]
	if !first.Would || first.Pause != 60 || !first.At.Equal(begin) || then.Would || then.Rule != "disabled" || !then.At.Equal(operatetest.Now()) || h.Since == nil || !h.Since.Equal(begin) {
		t.Errorf("%+v", h)
	}
	if len(h.Compared) != 1 || h.Compared[0].Foretold != 60 || h.Compared[0].Took <= 0 || h.Compared[0].Recovery == "" {
		t.Errorf("the takeover of that time: %+v", h.Compared)
	}
	// Once the primary has failed, nothing is foretold any more.
	forecast.Store(&failover.Explanation{Holds: []failover.Hold{{Rule: "detect-only", Reason: "it is only detected"}}})
	set(operatetest.Now().Add(time.Hour))
	s.await(t, "the failure", func() bool {
		rows := decode[v2.Fleet](t, s.do(http.MethodGet, "/api/v2/fleet", "")).Clusters
		return slices.ContainsFunc(rows, func(r v2.ClusterRow) bool {
			return r.Alias == "orders" && r.Forecast != nil && r.Forecast.Rule == "detect-only"
		})
	})
	if n := len(read().Points); n != 2 {
		t.Errorf("%d points", n)
	}
}
