package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/consensus"
	"orchestrator/internal/httpapi"
	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/observe"
	"orchestrator/internal/operate"
	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/plan"
	"orchestrator/internal/recovery"
	"orchestrator/internal/topology"
)

// message is an event of the stream.
type message struct{ id, kind, data string }

// listener reads a stream over a real connection.
type listener struct {
	t      *testing.T
	events chan message // closed at the end of the stream
	close  func()
}

func listen(t *testing.T, server *httptest.Server, query string, headers ...string) *listener {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/api/v2/events"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n+1 < len(headers); n += 2 {
		r.Header.Set(headers[n], headers[n+1])
	}
	w, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if w.StatusCode != http.StatusOK || w.Header.Get("Content-Type") != "text/event-stream" || w.Header.Get("X-Accel-Buffering") != "no" {
		t.Fatalf("%d %v", w.StatusCode, w.Header)
	}
	l := &listener{t: t, events: make(chan message, 1000)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer close(l.events)
		var m message
		lines := bufio.NewScanner(w.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "id":
				m.id = value
			case "event":
				m.kind = value
			case "data":
				m.data = value
			case "":
				if m.kind != "" {
					l.events <- m
				}
				m = message{}
			}
		}
	}()
	l.close = func() {
		cancel()
		<-ended
		_ = w.Body.Close()
	}
	t.Cleanup(l.close)
	return l
}

// next is the next event that is no ping.
func (l *listener) next() message {
	l.t.Helper()
	for {
		select {
		case m, ok := <-l.events:
			if !ok {
				l.t.Fatal("the stream has ended")
			}
			if m.kind != "ping" {
				return m
			}
		case <-time.After(30 * time.Second):
			l.t.Fatal("no event comes")
		}
	}
}

// until reads on to the event that fits.
func (l *listener) until(what string, fits func(m message, e v2.Event) bool) (message, v2.Event) {
	l.t.Helper()
	for {
		m := l.next()
		var e v2.Event
		if err := json.Unmarshal([]byte(m.data), &e); err != nil {
			l.t.Fatalf("%v in %s", err, m.data)
		}
		if fits(m, e) {
			return m, e
		}
		if m.kind == "reset" {
			l.t.Fatalf("waiting for %s: %+v", what, m)
		}
	}
}

// streaming is a handler on a real connection, and the picture's events in the hands of the test.
type streaming struct {
	second
	server  *httptest.Server
	picture *operatetest.Events
}

func newStreaming(t *testing.T) streaming {
	t.Helper()
	b := operatetest.New()
	return streamingOf(t, b, b.Engine())
}

func streamingOf(t *testing.T, b *operatetest.Backend, engine *operate.Engine) streaming {
	t.Helper()
	picture := &operatetest.Events{}
	api := v2.New(v2.Deps{
		Engine: engine, Registry: operate.NewRegistry(),
		Subscribe: picture.Subscribe,
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- api.Run(ctx) }()
	h := httpapi.New(httpapi.Deps{Engine: engine, Registry: operate.NewRegistry(), V2: api})
	server := httptest.NewServer(h)
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		server.Close()
	})
	return streaming{second{h, api, b}, server, picture}
}

func (s streaming) changed(cluster string) {
	s.picture.Tell(observe.Event{Kind: observe.ClusterChanged, Cluster: cluster, Topology: s.b.Fleet})
}

// TestV2Events: what happens arrives, with what has changed alone, and fits the document.
func TestV2Events(t *testing.T) {
	s := newStreaming(t)
	d := s.document(t)
	l := listen(t, s.server, "?topics=fleet,cluster:orders,audit,recovery:*")
	hello := l.next()
	if hello.kind != "hello" {
		t.Fatalf("first comes %+v", hello)
	}
	must(t, d.Named("Hello", []byte(hello.data)))

	s.changed("db-a1:3306")
	m, whole := l.until("the cluster", func(m message, e v2.Event) bool { return m.kind == "patch" && len(e.Members) > 0 })
	must(t, d.Named("Event", []byte(m.data)))
	if len(whole.Members) != len(s.b.Fleet.Cluster("db-a1:3306").Members) || whole.Row == nil || whole.Findings == nil || whole.To == "" || whole.Alias != "orders" {
		t.Errorf("%s", m.data)
	}
	if _, row := l.until("the row", func(_ message, e v2.Event) bool { return len(e.Topics) == 1 && e.Topics[0] == "fleet" }); row.Row == nil || row.Row.Alias != "orders" {
		t.Errorf("%+v", row)
	}

	// One server lags; only that one comes.
	members := []*topology.Instance{}
	for _, i := range s.b.Fleet.Instances() {
		i = i.Clone()
		i.Check.Seen, i.Check.Checked = i.Check.Seen.Add(time.Second), i.Check.Checked.Add(time.Second)
		if i.Key == operatetest.Key("db-a2") {
			i.Lag = topology.KnownSeconds(77)
		}
		members = append(members, i)
	}
	s.b.Fleet = topology.New(members, s.b.Fleet.Names())
	s.changed("db-a1:3306")
	_, e := l.until("the lag", func(m message, e v2.Event) bool { return m.kind == "patch" && len(e.Members) > 0 })
	if len(e.Members) != 1 || e.Members[0].Key != "db-a2:3306" || *e.Members[0].Lag != 77 || e.From == "" {
		t.Errorf("%+v", e)
	}

	s.api.Progress(recovery.Progress{Kind: recovery.Began, Cluster: "db-a1:3306", Server: operatetest.Key("db-a1"), Text: "DeadMaster", Recovery: "u9"})
	m, e = l.until("the recovery", func(m message, e v2.Event) bool { return m.kind == "notice" && e.What == "began" })
	must(t, d.Named("Event", []byte(m.data)))
	if e.Recovery != "u9" || !strings.Contains(strings.Join(e.Topics, " "), "cluster:orders") {
		t.Errorf("%+v", e)
	}
	if row := decode[v2.Cluster](t, s.do(http.MethodGet, "/api/v2/clusters/orders", "")); row.Recovery != "u9" {
		t.Errorf("the cluster does not say that it recovers: %+v", row.ClusterRow)
	}
	s.api.Progress(recovery.Progress{Kind: recovery.StepChanged, Cluster: "db-a1:3306", Server: operatetest.Key("db-a2"), Recovery: "u9",
		Step: &plan.Step{N: 1, Phase: plan.Promote, Server: operatetest.Key("db-a2"), Action: plan.Action{Verb: plan.SetWritable}, State: plan.Running}})
	m, e = l.until("the step", func(m message, _ v2.Event) bool { return m.kind == "step" })
	must(t, d.Named("Event", []byte(m.data)))
	if e.Step == nil || e.Step.State != "running" || e.Step.Server != "db-a2:3306" {
		t.Errorf("%+v", e)
	}
	s.api.Progress(recovery.Progress{Kind: recovery.Finished, Cluster: "db-a1:3306", Recovery: "u9", Success: true})
	if _, e = l.until("the end", func(_ message, e v2.Event) bool { return e.What == "finished" }); e.Success == nil || !*e.Success {
		t.Errorf("%+v", e)
	}
	s.api.Audited("tag", operatetest.Key("db-a2"), "", "role=backup (by alice)")
	if _, e = l.until("the audit", func(m message, _ v2.Event) bool { return m.kind == "audit" }); e.Audit == nil || e.Audit.Message != "role=backup (by alice)" {
		t.Errorf("%+v", e)
	}
	s.api.Audited("disable-global-recoveries", topology.Key{}, "", "off")
	if _, e = l.until("the switch of all clusters", func(_ message, e v2.Event) bool { return e.Audit != nil && e.Audit.Kind == "disable-global-recoveries" }); !slices.Contains(e.Topics, "fleet") {
		t.Errorf("who looks at the fleet is not told: %q", e.Topics)
	}
	s.picture.Tell(observe.Event{Kind: observe.ClusterChanged, Cluster: "db-a1:3306"})
	l.until("the end of the cluster", func(_ message, e v2.Event) bool { return e.What == "cluster-gone" && e.Alias == "orders" })
}

// TestV2EventsTopics: who asks for one thing gets no other.
func TestV2EventsTopics(t *testing.T) {
	s := newStreaming(t)
	l := listen(t, s.server, "?topics=recovery:u1")
	l.next()
	s.api.Progress(recovery.Progress{Kind: recovery.Detected, Cluster: "x", Text: "not asked for"})
	s.api.Progress(recovery.Progress{Kind: recovery.Began, Cluster: "x", Recovery: "u2"})
	s.api.Progress(recovery.Progress{Kind: recovery.Began, Cluster: "x", Recovery: "u1"})
	if _, e := l.until("the first", func(message, v2.Event) bool { return true }); e.Recovery != "u1" {
		t.Errorf("%+v", e)
	}
}

// TestV2EventsResume: what happened while a client was away comes once, in its order; where it cannot, the client is
// told to read anew.
func TestV2EventsResume(t *testing.T) {
	s := newStreaming(t)
	fleet := decode[v2.Fleet](t, s.do(http.MethodGet, "/api/v2/fleet", ""))
	s.api.Audited("a", topology.Key{}, "", "between reading and listening")
	l := listen(t, s.server, "?after="+fleet.Revision)
	first, e := l.until("what came between", func(m message, _ v2.Event) bool { return m.kind == "audit" })
	if e.Audit.Kind != "a" {
		t.Errorf("%+v", e)
	}
	l.close()
	for _, kind := range []string{"b", "c", "d"} {
		s.api.Audited(kind, topology.Key{}, "", "")
	}
	l = listen(t, s.server, "", "Last-Event-ID", first.id)
	var got []string
	for len(got) < 3 {
		_, e := l.until("what was missed", func(m message, _ v2.Event) bool { return m.kind == "audit" })
		got = append(got, e.Audit.Kind)
	}
	if strings.Join(got, "") != "bcd" {
		t.Errorf("missed were %v", got)
	}
	for name, id := range map[string]string{"of another process": "x-1", "of the future": strings.Split(first.id, "-")[0] + "-99999", "nonsense": "?"} {
		l := listen(t, s.server, "", "Last-Event-ID", id)
		if l.next().kind != "hello" || l.next().kind != "reset" {
			t.Errorf("an id %s is not refused", name)
		}
	}
}

// TestV2EventsForget: what is too long ago is not kept, and who asks for it is told so.
func TestV2EventsForget(t *testing.T) {
	s := newStreaming(t)
	l := listen(t, s.server, "?topics=nothing")
	l.next()
	begin := decode[v2.Fleet](t, s.do(http.MethodGet, "/api/v2/fleet", "")).Revision
	for range 5000 {
		s.api.Audited("x", topology.Key{}, "", "")
	}
	back := listen(t, s.server, "?after="+begin)
	if back.next().kind != "hello" || back.next().kind != "reset" {
		t.Error("missing events are not said")
	}
}

// TestV2EventsSlowClient: a client that takes nothing is dropped; nobody waits for it.
func TestV2EventsSlowClient(t *testing.T) {
	s := newStreaming(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	w := &stuck{header: http.Header{}, begun: make(chan struct{}), release: make(chan struct{})}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/v2/events", nil).WithContext(ctx))
	}()
	<-w.begun
	quick := listen(t, s.server, "?topics=audit")
	quick.next()
	for n := range 1000 { // more than the queue of a listener holds
		s.api.Audited("x", topology.Key{}, "", "")
		if n%100 == 99 { // the quick one keeps up
			for range 100 {
				quick.next()
			}
		}
	}
	close(w.release)
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		t.Error("the slow client is still served")
	}
}

// stuck is a client that takes nothing until it is released.
type stuck struct {
	header  http.Header
	begun   chan struct{}
	release chan struct{}
	once    bool
}

func (w *stuck) Header() http.Header { return w.header }
func (w *stuck) WriteHeader(int)     {}
func (w *stuck) Flush()              {}
func (w *stuck) Write(b []byte) (int, error) {
	if !w.once {
		w.once = true
		close(w.begun)
	}
	<-w.release
	return len(b), nil
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// TestV2PlanRuns: a plan is shown, run, followed and refused when the world has moved.
func TestV2PlanRuns(t *testing.T) {
	s := newStreaming(t)
	l := listen(t, s.server, "?topics=plan:*")
	l.next()
	ask := func(method, target, body string, want int) v2.Plan {
		t.Helper()
		w := s.do(method, "/api/v2"+target, body)
		if w.Code != want {
			t.Fatalf("%s %s: %d %s", method, target, w.Code, w.Body)
		}
		return decode[v2.Plan](t, w)
	}
	p := ask(http.MethodPost, "/plans", `{"operation":"relocate","arguments":{"instance":"db-b1:3306","destination":"db-a1:3306"}}`, 201)
	if p.State != "planned" || p.Level != 0 || p.Title == "" || len(p.Steps) == 0 || p.CLI != "orchestrator -c relocate -i db-b1:3306 -d db-a1:3306" ||
		p.HTTP != "GET /api/relocate/db-b1/3306/db-a1/3306" || p.Undo == nil || p.Undo.Operation != "relocate" || p.Undo.Arguments["destination"] != "db-a2:3306" {
		t.Errorf("%+v", p)
	}
	if got := ask(http.MethodPost, "/plans/"+p.ID+"/run", `{"revision":"`+p.Revision+`"}`, 202); got.State != "running" && got.State != "done" {
		t.Errorf("%+v", got)
	}
	_, e := l.until("its end", func(m message, e v2.Event) bool { return m.kind == "plan" && e.Plan.State != "running" })
	if e.Plan.State != "done" || e.Plan.Result == "" || e.Plan.Ended == nil || e.Plan.ID != p.ID {
		t.Errorf("%+v", e.Plan)
	}
	if again := s.do(http.MethodPost, "/api/v2/plans/"+p.ID+"/run", `{}`); again.Code != http.StatusConflict {
		t.Errorf("it runs twice: %d", again.Code)
	}

	// One that fails says what it leaves, and what can be asked for next.
	s.b.Fail = errors.New("the disk is full")
	failing := ask(http.MethodPost, "/plans", `{"operation":"relocate","arguments":{"instance":"db-b1:3306","destination":"db-a1:3306"}}`, 201)
	if got := ask(http.MethodPost, "/plans/"+failing.ID+"/run", `{}`, 202); got.State == "running" && got.Stop == "" {
		t.Errorf("nothing is said of what stopping leaves: %+v", got)
	}
	_, e = l.until("its end", func(m message, e v2.Event) bool {
		return m.kind == "plan" && e.Plan.ID == failing.ID && e.Plan.State != "running"
	})
	if e.Plan.State != "failed" || e.Plan.Error == "" || e.Plan.After == nil || len(e.Plan.After.Stays) == 0 || e.Plan.After.Again == nil || e.Plan.After.Again.Operation != "relocate" || e.Plan.Stop != "" {
		t.Errorf("%+v", e.Plan)
	}
	s.b.Fail = nil

	// The world moves between the plan and its run.
	p = ask(http.MethodPost, "/plans", `{"operation":"relocate","arguments":{"instance":"db-b1:3306","destination":"db-a1:3306"}}`, 201)
	members := []*topology.Instance{}
	for _, i := range s.b.Fleet.Instances() {
		i = i.Clone()
		if i.Key == operatetest.Key("db-a2") {
			i.ReadOnly = !i.ReadOnly
		}
		members = append(members, i)
	}
	s.b.Calls, s.b.Fleet = nil, topology.New(members, s.b.Fleet.Names())
	w := s.do(http.MethodPost, "/api/v2/plans/"+p.ID+"/run", `{}`)
	moved := decode[v2.Problem](t, w)
	if w.Code != http.StatusConflict || !strings.HasSuffix(moved.Type, "plan-outdated") || moved.Plan == nil || moved.Plan.ID == p.ID || moved.Plan.Revision == p.Revision {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	ask(http.MethodPost, "/plans/"+moved.Plan.ID+"/run", `{}`, 202)
	l.until("the end of the new one", func(m message, e v2.Event) bool {
		return m.kind == "plan" && e.Plan.State == "done" && e.Plan.ID == moved.Plan.ID
	})

	// What may lose data has to be confirmed.
	p = ask(http.MethodPost, "/plans", `{"operation":"force-master-failover","arguments":{"cluster":"orders"}}`, 201)
	if p.Level != 2 || p.Confirm != "orders" || p.Risk == "" {
		t.Errorf("%+v", p)
	}
	s.b.Calls = nil
	for _, body := range []string{`{}`, `{"confirm":"orders"}`, `{"confirm":"order","reason":"x"}`} {
		if w := s.do(http.MethodPost, "/api/v2/plans/"+p.ID+"/run", body); w.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
	ask(http.MethodPost, "/plans/"+p.ID+"/run", `{"confirm":"orders","reason":"the disk burns"}`, 202)
	l.until("the takeover", func(m message, e v2.Event) bool {
		return m.kind == "plan" && e.Plan.State == "done" && e.Plan.ID == p.ID
	})
	if calls := strings.Join(s.b.Calls, "\n"); !strings.Contains(calls, "force-master-failover db-a1:3306") || !strings.Contains(calls, "reason: the disk burns") {
		t.Errorf("%s", calls)
	}

	// What fails says why.
	p = ask(http.MethodPost, "/plans", `{"operation":"tag","arguments":{"instance":"db-a2:3306","tag":"role=backup"}}`, 201)
	if p.Undo == nil || p.Undo.Operation != "untag" || p.Undo.Arguments["tag"] != "role" {
		t.Errorf("%+v", p.Undo)
	}
	s.b.Fail = errors.New("disk full")
	ask(http.MethodPost, "/plans/"+p.ID+"/run", `{}`, 202)
	_, e = l.until("the failure", func(m message, e v2.Event) bool {
		return m.kind == "plan" && e.Plan.ID == p.ID && e.Plan.State != "running"
	})
	if e.Plan.State != "failed" || !strings.Contains(e.Plan.Error, "disk full") {
		t.Errorf("%+v", e.Plan)
	}
}

// TestV2EventsOfManagers: who looks at the managers hears at once that one falls silent and that another one leads; what was measured
// comes to who asks for it by name, and to nobody else.
func TestV2EventsOfManagers(t *testing.T) {
	b := operatetest.New()
	b.Raft = true
	g := operatetest.NewGroup(b)
	s := streamingOf(t, b, g.Engine())
	d := s.document(t)
	l := listen(t, s.server, "?topics=nodes")
	about := func(_ message, e v2.Event) bool { return e.Nodes != nil }
	m, e := l.until("how they are", about)
	must(t, d.Named("Event", []byte(m.data)))
	if e.Nodes.Leader != "manager-2" || !slices.Equal(e.Topics, []string{"nodes"}) || m.kind != "patch" {
		t.Errorf("%s", m.data)
	}
	// A contact is a figure; a silent member and a new leader are not.
	g.Change(func(is *consensus.Standing) { is.Members[0].Contact += time.Second })
	g.Change(func(is *consensus.Standing) { is.Members[2].Healthy = false })
	if m, e = l.until("the silent one", about); e.Nodes.Nodes[2].Here || e.Nodes.Votes.Here != 2 {
		t.Errorf("a figure was told, or the wrong one is silent: %s", m.data)
	}
	g.Change(func(is *consensus.Standing) { is.Members[1].Leader, is.Members[0].Leader = false, true })
	if m, e = l.until("the new leader", about); e.Nodes.Leader != "manager-1" {
		t.Errorf("%s", m.data)
	}
	figures := listen(t, s.server, "?topics=nodes:figures")
	if m, e = figures.until("what was measured", about); e.Nodes.Nodes[0].Contact == nil || !slices.Contains(e.Topics, "nodes:figures") {
		t.Errorf("%s", m.data)
	}
}
