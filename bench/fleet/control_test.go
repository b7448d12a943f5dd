package fleet_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"orchestrator/bench/fleet"
)

func TestControlInterface(t *testing.T) {
	f := start(t, fleet.Options{Servers: 6, ReplicasPerPrimary: 1})
	h := f.Control()
	call := func(method, path string, status int, into any) {
		t.Helper()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
		if w.Code != status {
			t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
		}
		if into != nil {
			must(t, json.Unmarshal(w.Body.Bytes(), into))
		}
	}
	keys := func(indexes ...int) []string {
		var list []string
		for _, i := range indexes {
			list = append(list, f.Key(i).String())
		}
		return list
	}
	var got []string
	same := func(want []string) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		got = nil
	}
	call("GET", "/seeds", http.StatusOK, &got)
	same(keys(0, 2, 4))
	call("POST", "/kill?n=2", http.StatusOK, &got)
	same(keys(0, 2))
	call("POST", "/freeze?server="+f.Key(5).String(), http.StatusOK, &got)
	same(keys(5))
	call("POST", "/kill?n=9", http.StatusOK, &got)
	same(keys(4))
	for i, want := range []bool{false, true, false, true, false, false} {
		if f.Alive(i) != want {
			t.Errorf("server %d: alive %v", i, !want)
		}
	}
	var servers []fleet.ServerState
	call("GET", "/servers", http.StatusOK, &servers)
	if len(servers) != 6 || servers[0].Alive || servers[1].Source != f.Key(0) {
		t.Errorf("servers %+v", servers)
	}
	call("POST", "/revive", http.StatusOK, &got)
	same(keys(0, 2, 4, 5))

	probe(t, manager(t, nil), f.Key(0))
	var stats struct{ Alive, Probes int }
	call("GET", "/stats", http.StatusOK, &stats)
	if stats.Alive != 6 || stats.Probes != 1 {
		t.Errorf("stats %+v", stats)
	}
	call("POST", "/stats/reset", http.StatusOK, nil)
	call("GET", "/stats", http.StatusOK, &stats)
	if stats.Probes != 0 {
		t.Errorf("stats after reset %+v", stats)
	}
	call("POST", "/kill?n=x", http.StatusBadRequest, nil)
	call("POST", "/kill?server=127.0.0.1:1", http.StatusBadRequest, nil)
	call("GET", "/kill", http.StatusMethodNotAllowed, nil)
}
