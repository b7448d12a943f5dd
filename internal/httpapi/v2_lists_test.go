package httpapi_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/failover"
	"orchestrator/internal/httpapi"
	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/operate"
	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/plan"
	"orchestrator/internal/recovery"
	"orchestrator/internal/topology"
)

// several are records of recoveries with journals of their own.
type several struct {
	*operatetest.Backend
	list  []operate.Recovery
	asked map[string]recovery.Journal
	fail  error
}

func (s *several) Recoveries(context.Context, operate.RecoveryQuery) ([]operate.Recovery, error) {
	return slices.Clone(s.list), s.fail
}

func (s *several) Journal(_ context.Context, uid string) (recovery.Journal, bool, error) {
	j, ok := s.asked[uid]
	return j, ok, nil
}

// add notes a recovery of a cluster, so many days ago.
func (s *several) add(days int, cluster, alias, to string, j recovery.Journal, loss *operate.Loss) {
	at := operatetest.Now().Add(-time.Duration(days) * 24 * time.Hour)
	r := operate.Recovery{
		ID: int64(len(s.list) + 1), UID: fmt.Sprintf("%d:a", at.UnixNano()), IsSuccessful: to != "", Start: at, End: at.Add(time.Second), NodeHostname: fmt.Sprintf("Node%d", len(s.list)), Loss: loss,
		Finding: analysis.Finding{Key: operatetest.Key(cluster), Code: analysis.DeadPrimary, ClusterName: cluster + ":3306", ClusterAlias: alias},
	}
	if to != "" {
		r.SuccessorKey = operatetest.Key(to)
		j.Add(1, plan.Step{Phase: plan.Promote, Server: r.SuccessorKey, Action: plan.Action{Verb: plan.SetWritable}, State: plan.Done, Started: at, Ended: at.Add(time.Second)})
	}
	s.list = append(s.list, r)
	s.asked[r.UID] = j
}

func newSeveral(t *testing.T) (second, *several) {
	t.Helper()
	b := operatetest.New()
	r := &several{Backend: b, asked: map[string]recovery.Journal{}}
	r.add(1, "db-a1", "orders", "db-a2", recovery.Journal{}, nil)
	r.add(3, "db-a1", "orders", "db-a2", recovery.Journal{ByHand: true, Asked: "Anna"}, &operate.Loss{Transactions: 12, Basis: "b"})
	r.add(10, "db-a1", "orders", "db-a2", recovery.Journal{Command: string(recovery.GracefulTakeover), ByHand: true, Asked: "Bert"}, nil)
	r.add(20, "db-a1", "orders", "", recovery.Journal{}, nil)
	r.add(30, "db-x2", "db-x2:3306", "db-x3", recovery.Journal{}, &operate.Loss{Transactions: 3})
	r.add(40, "db-x1", "db-x1:3306", "db-x2", recovery.Journal{}, &operate.Loss{})
	r.add(100, "db-a1", "orders", "db-a2", recovery.Journal{}, &operate.Loss{Transactions: 900})
	e, registry := b.Engine(), operate.NewRegistry()
	e.Records = r
	api := v2.New(v2.Deps{Engine: e, Registry: registry, Journal: r.Journal})
	return second{httpapi.New(httpapi.Deps{Engine: e, Registry: registry, V2: api}), api, b}, r
}

// TestV2RecoveriesAreFiltered by when, why, by whom and where they were.
func TestV2RecoveriesAreFiltered(t *testing.T) {
	s, _ := newSeveral(t)
	for query, want := range map[string]int{
		"": 7, "kind=planned": 1, "kind=asked": 1, "kind=automatic": 5, "person=anna": 1, "person=carla": 0, "person=bert&kind=asked": 0,
		"node=node1": 1, "node=NODE": 7, "since=7d": 2, "since=7d&kind=asked": 1, "until=7d": 5, "since=31d&until=5d": 3, "since=2026-01-01T00:00:00Z": 6,
	} {
		list := decode[v2.Page[v2.Recovery]](t, s.do(http.MethodGet, "/api/v2/recoveries?limit=3&"+query, ""))
		if list.Total != want || len(list.Items) != min(want, 3) {
			t.Errorf("%s: %d of %d, want %d", query, len(list.Items), list.Total, want)
		}
	}
	if got := s.do(http.MethodGet, "/api/v2/recoveries?since=yesterday", ""); got.Code != http.StatusBadRequest {
		t.Errorf("a time that cannot be read: %d", got.Code)
	}
	planned := decode[v2.Page[v2.Recovery]](t, s.do(http.MethodGet, "/api/v2/recoveries?kind=planned", "")).Items[0]
	if planned.Asked != "Bert" || planned.Loss == nil || planned.Loss.Transactions != 0 {
		t.Errorf("a planned takeover %+v", planned)
	}
}

// TestV2LostInTheFleet: failovers of 90 days count, planned ones do not, and what is not known is said. A cluster without an
// alias is found under the name that it has now.
func TestV2LostInTheFleet(t *testing.T) {
	s, r := newSeveral(t)
	fleet := decode[v2.Fleet](t, s.do(http.MethodGet, "/api/v2/fleet", ""))
	if fleet.Lost == nil || *fleet.Lost != (v2.Lost{Transactions: 15, Failovers: 4, Unknown: 1}) {
		t.Fatalf("lost %+v", fleet.Lost)
	}
	for _, row := range fleet.Clusters {
		want := v2.Lost{}
		if row.Alias == "orders" {
			want = v2.Lost{Transactions: 12, Failovers: 2, Unknown: 1}
		}
		if row.Lost == nil || *row.Lost != want {
			t.Errorf("%s lost %+v", row.Alias, row.Lost)
		}
	}
	r.list = r.list[1:] // as if it were counted now
	s.api.Progress(recovery.Progress{Kind: recovery.Counted})
	if fleet = decode[v2.Fleet](t, s.do(http.MethodGet, "/api/v2/fleet", "")); fleet.Lost.Failovers != 3 {
		t.Errorf("after word of it: %+v", fleet.Lost)
	}
	r.fail = context.DeadlineExceeded
	s.api.Progress(recovery.Progress{Kind: recovery.Counted})
	if fleet = decode[v2.Fleet](t, s.do(http.MethodGet, "/api/v2/fleet", "")); fleet.Lost == nil || fleet.Lost.Failovers != 3 {
		t.Errorf("while the records cannot be read: %+v", fleet.Lost)
	}
}

// detected are detections of each outcome.
type detected struct{ *operatetest.Backend }

func (detected) Detections(_ context.Context, q operate.RecoveryQuery) ([]operate.Recovery, error) {
	of := func(id int64, code analysis.Code, actionable bool) operate.Recovery {
		return operate.Recovery{ID: id, Detection: true, Start: operatetest.Now(), Finding: analysis.Finding{Key: operatetest.Key("db-a1"), Code: code, Actionable: actionable}}
	}
	repaired, held, report, old := of(4, analysis.DeadPrimary, true), of(3, analysis.DeadPrimary, true), of(2, analysis.UnreachablePrimary, false), of(1, analysis.DeadPrimary, true)
	repaired.RelatedRecoveryID = 9
	held.Held, held.HeldAt = &failover.Hold{Rule: "filter", Reason: "no entry matches", Setting: "RecoverMasterClusterFilters", Until: operatetest.Now()}, operatetest.Now()
	return slices.DeleteFunc([]operate.Recovery{repaired, held, report, old}, func(r operate.Recovery) bool { return q.ID != 0 && q.ID != r.ID }), nil
}

func (detected) Changelog(_ context.Context, key topology.Key) ([]operate.AnalysisHistory, error) {
	now := operatetest.Now()
	return []operate.AnalysisHistory{{Key: key, Changes: []operate.AnalysisChange{
		{At: now.Add(-2 * time.Hour), Text: "of another time"}, {At: now.Add(-time.Minute), Text: string(analysis.UnreachablePrimary)}, {At: now, Text: string(analysis.DeadPrimary)}, {At: now.Add(25 * time.Hour), Text: "of another day"},
	}}}, nil
}

// TestV2DetectionsSayWhy they were not acted on, and how what was found changed.
func TestV2DetectionsSayWhy(t *testing.T) {
	b := operatetest.New()
	e, registry := b.Engine(), operate.NewRegistry()
	e.Records = detected{b}
	api := v2.New(v2.Deps{Engine: e, Registry: registry})
	s := second{httpapi.New(httpapi.Deps{Engine: e, Registry: registry, V2: api}), api, b}
	rules := map[int64]string{}
	for _, d := range decode[v2.Page[v2.Detection]](t, s.do(http.MethodGet, "/api/v2/detections", "")).Items {
		if d.Held != nil {
			rules[d.ID] = d.Held.Rule + " " + d.Held.Setting
		}
	}
	if want := map[int64]string{3: "filter RecoverMasterClusterFilters", 2: "detect-only "}; !maps.Equal(rules, want) {
		t.Errorf("held by %v, want %v", rules, want)
	}
	d := decode[v2.DetectionDetail](t, s.do(http.MethodGet, "/api/v2/detections/3", ""))
	if d.ID != 3 || d.Held == nil || d.Held.At == nil || d.Held.Until == nil || len(d.Changes) != 2 || d.Changes[1].Code != "DeadMaster" || d.Changes[1].Sentence == "" {
		t.Errorf("%+v", d)
	}
	for path, want := range map[string]int{"/api/v2/detections/77": http.StatusNotFound, "/api/v2/detections/x": http.StatusBadRequest} {
		if got := s.do(http.MethodGet, path, ""); got.Code != want {
			t.Errorf("%s: %d", path, got.Code)
		}
	}
}

// TestV2Find: what a text names is found by everything that people have in hand at night.
func TestV2Find(t *testing.T) {
	b := operatetest.New()
	for n, i := range b.Fleet.Instances() {
		i.ServerUUID, i.ServerID = fmt.Sprintf("%08d-0000-0000-0000-000000000000", n+1), uint32(700+n)
		i.ExecutedSet = "8f3c0000-0000-0000-0000-000000000000:1-40"
		if i.Key == operatetest.Key("db-a1") {
			i.ExecutedSet = "8f3c0000-0000-0000-0000-000000000000:1-41"
		}
	}
	e, registry := b.Engine(), operate.NewRegistry()
	api := v2.New(v2.Deps{Engine: e, Registry: registry, Addresses: func(context.Context) (map[string][]string, error) {
		return map[string][]string{"db-a2": {"10.1.2.3", "fd00::3"}}, nil
	}})
	s := second{httpapi.New(httpapi.Deps{Engine: e, Registry: registry, V2: api}), api, b}
	found := func(text string) (names []string, said string) {
		hits := decode[v2.Hits](t, s.do(http.MethodGet, "/api/v2/found?q="+url.QueryEscape(text), ""))
		for _, h := range hits.Items {
			names = append(names, h.Kind+" "+h.Name)
			if h.Text == "" || h.Kind != "setting" && h.Cluster == "" {
				t.Errorf("%s: %+v", text, h)
			}
		}
		return names, hits.Text
	}
	first := b.Fleet.Instances()[0]
	for text, want := range map[string]string{
		"db-a2": "server db-a2:3306", first.ServerUUID: "server " + first.Key.String(), "700": "server " + first.Key.String(), "10.1.2": "server db-a2:3306", "fd00::3": "server db-a2:3306",
		"8f3c0000-0000-0000-0000-000000000000:41": "server db-a1:3306", "1782716400000000000:a1": "recovery ", "RecoverMasterCluster": "setting RecoverMasterClusterFilters", "10.9.9.9": "",
	} {
		names, said := found(text)
		if want == "" && len(names) > 0 || want != "" && !slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, want) }) {
			t.Errorf("%s finds %q, want %q", text, names, want)
		}
		if gtid := strings.HasSuffix(text, ":41"); gtid != (said != "") || gtid && len(names) != 1 {
			t.Errorf("%s: %q, %q", text, said, names)
		}
	}
	if got := s.do(http.MethodGet, "/api/v2/found", ""); got.Code != http.StatusBadRequest {
		t.Errorf("without a text: %d", got.Code)
	}
}
