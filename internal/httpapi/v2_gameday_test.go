package httpapi_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"orchestrator/internal/httpapi"
	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/operate"
	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/rehearsal"
	"orchestrator/internal/topology"
)

// oneGameDay is the record of a game day.
type oneGameDay struct{ operate.GameDay }

func (o oneGameDay) GameDays(context.Context) ([]operate.GameDay, error) {
	return []operate.GameDay{o.GameDay}, nil
}
func (oneGameDay) PutGameDay(context.Context, operate.GameDay) error { return nil }

// openPrimary is a gauge of a cluster whose primary takes writes.
type openPrimary struct{ topology.Key }

func (g openPrimary) Ask(context.Context, rehearsal.Question) (rehearsal.Answer, error) {
	return rehearsal.Answer{ReadOnly: g.Hostname != "db-a1"}, nil
}
func (openPrimary) Close() {}

// TestV2GameDayWrites: what servers answer during a game day comes as it is asked and as it happens, and stays with the record.
func TestV2GameDayWrites(t *testing.T) {
	b, e := operatetest.New(), operatetest.New().Engine()
	primary, replica := operatetest.Key("db-a1"), operatetest.Key("db-a2")
	at := func(ms int) time.Time { return operatetest.Now().Add(time.Duration(ms) * time.Millisecond) }
	kept := rehearsal.Series{Server: primary, Began: at(-100), Struck: at(0), Ended: at(6000), Why: "writes have been back for five seconds", Every: 20 * time.Millisecond, Asked: []topology.Key{primary, replica},
		Spans: []rehearsal.Span{
			{Server: primary, State: rehearsal.Open, From: at(-90), To: at(30), Asks: 7}, {Server: replica, State: rehearsal.Closed, From: at(-90), To: at(420), Asks: 26},
			{Server: primary, State: rehearsal.Silent, From: at(50), To: at(5980), Asks: 298, Says: "connection refused"}, {Server: replica, State: rehearsal.Open, From: at(442), To: at(5980), Asks: 277},
		}}
	e.GameDayLog = oneGameDay{operate.GameDay{Begun: at(0), Server: primary, Cluster: "db-a1:3306", Alias: "orders", Owner: "alice", Hypothesis: "within a second", Successor: replica, Pause: 300 * time.Millisecond, Writes: &kept}}
	e.Rehearsals = rehearsal.New(rehearsal.Options{
		Gauge: func(k topology.Key) rehearsal.Gauge { return openPrimary{k} }, Commits: func() bool { return false }, Writer: func(topology.Key) bool { return false }, Leads: func() bool { return true },
		Tell: func(rehearsal.Series) {}, Now: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
	api := v2.New(v2.Deps{Engine: e, Registry: operate.NewRegistry()})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 2)
	go func() { done <- api.Run(ctx) }()
	go func() { done <- e.Rehearsals.Run(ctx) }()
	h := httpapi.New(httpapi.Deps{Engine: e, Registry: operate.NewRegistry(), V2: api})
	server := httptest.NewServer(h)
	defer func() {
		cancel()
		for range 2 {
			must(t, <-done)
		}
		server.Close()
	}()
	s := second{h, api, b}
	d := s.document(t)

	days := decode[v2.GameDays](t, s.do(http.MethodGet, "/api/v2/game-days", ""))
	if len(days.Items) != 1 || days.Items[0].Graph == nil {
		t.Fatalf("%+v", days)
	}
	if d := days.Items[0]; d.Blow != "shut-down" || d.Outage == nil || *d.Outage != 412 {
		t.Errorf("%+v", d)
	}
	g := days.Items[0].Graph
	if len(g.Gaps) != 1 || g.Gaps[0].Took == nil || *g.Gaps[0].Took != 412 || !g.Gaps[0].From.Equal(at(30)) || !g.Gaps[0].To.Equal(at(442)) || g.Sentence != "Nobody took writes for 412 ms." || len(g.Spans) != 4 || !g.Until.Equal(at(5980)) {
		t.Errorf("%+v", g)
	}

	var w *rehearsal.Watch
	s.await(t, "a watch to begin", func() (begun bool) {
		var err error
		w, err = e.Rehearsals.Begin(primary, []topology.Key{primary, replica})
		return err == nil
	})
	w.Await(ctx)
	r := s.do(http.MethodGet, "/api/v2/game-days/writes", "")
	live := decode[v2.Page[v2.GameDayWrites]](t, r)
	if len(live.Items) != 1 || live.Items[0].Sentence != "Writes are taken." || live.Items[0].Struck != nil || len(live.Items[0].Spans) == 0 {
		t.Errorf("%+v", live)
	}

	l := listen(t, server, "?topics=game-days")
	l.next()
	api.Writes(&kept)
	m, event := l.until("what was answered", func(m message, _ v2.Event) bool { return m.kind == "writes" })
	must(t, d.Named("Event", []byte(m.data)))
	if event.Writes == nil || event.Server != "db-a1:3306" || len(event.Writes.Spans) != 4 {
		t.Errorf("%s", m.data)
	}
}
