package main

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"orchestrator/internal/observe"
	"orchestrator/internal/operate"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

func TestVirtualNamesOfHosts(t *testing.T) {
	ctx := t.Context()
	p, e, _ := startService(t, fleet{}.put("db1", ""), "")
	if _, err := e.Discovery.Discover(ctx, key("db1")); err != nil {
		t.Fatal(err)
	}
	observer := e.Picture.(livePicture).observer
	shows := func(want string) {
		t.Helper()
		if got := observer.Instance(key("db1")).UnresolvedHostname; got != want {
			t.Errorf("the picture has %q, want %q", got, want)
		}
		kept, err := e.HostNames.Virtual(ctx)
		must(t, err)
		if kept["db1"] != want {
			t.Errorf("stored is %q, want %q", kept["db1"], want)
		}
	}
	must(t, e.HostNames.RegisterVirtual(ctx, "db1", "vip"))
	shows("vip")
	must(t, e.HostNames.DeregisterVirtual(ctx, "db1"))
	shows("")
	if err := e.HostNames.RegisterVirtual(cancelled(t), "db1", "vip"); err == nil {
		t.Error("registered without a backend")
	}
	shows("")

	// A command that runs beside the service is noticed.
	n := p.news(observer.Apply, nil)
	must(t, n.look(ctx))
	must(t, p.hostNameRecords(observer, func(observe.Change) {}).RegisterVirtual(ctx, "db1", "other"))
	must(t, n.look(ctx))
	shows("other")
	must(t, p.hostNameRecords(observer, func(observe.Change) {}).DeregisterVirtual(ctx, "db1"))
	must(t, n.look(ctx))
	shows("")
}

func TestResolvedNames(t *testing.T) {
	ctx := t.Context()
	p, e, _ := startService(t, fleet{}.put("db1", ""), `"HostnameResolveMethod": "ip"`)
	if _, err := e.Discovery.Discover(ctx, topology.Key{Hostname: "127.0.0.1", Port: 3306}); err == nil {
		t.Error("discovered a server that is not there")
	}
	before := time.Now()
	if n := e.HostNames.Cached()["127.0.0.1"]; n.Name != "127.0.0.1" || !n.Expires.After(before) {
		t.Errorf("remembered as %+v", n)
	}
	must(t, p.store.SaveResolvedNames(ctx, store.ResolvedName{Hostname: "vip", Resolved: "db1"}))
	if names, err := e.HostNames.Resolved(ctx); err != nil || names["vip"] != "db1" {
		t.Errorf("stored %v, %v", names, err)
	}
	must(t, e.HostNames.ResetCache(ctx))
	names, err := e.HostNames.Resolved(ctx)
	if err != nil || len(names) != 0 || len(e.HostNames.Cached()) != 0 {
		t.Errorf("after a reset: stored %v, remembered %v, %v", names, e.HostNames.Cached(), err)
	}
}

func TestReach(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	k := topology.Key{Hostname: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port}
	h := testParts(t, testFile(t), "").hostNameRecords(nil, nil)
	must(t, h.Reach(t.Context(), k))
	must(t, l.Close())
	if err := h.Reach(t.Context(), k); err == nil {
		t.Error("reached what is not there")
	}
}

// TestSubmitted runs commands over one backend, as people and their scripts do.
func TestSubmitted(t *testing.T) {
	ctx := t.Context()
	p := testParts(t, testFile(t), "")
	saveCluster(t, p.store)
	must(t, p.store.SetAlias(ctx, "db1:3306", "orders"))
	must(t, p.store.SetDomain(ctx, "db1:3306", "orders.example.com"))
	must(t, p.store.SaveHostIPs(ctx, store.HostIPs{Hostname: "db1", IPv4: "10.0.0.1"}))
	e, wait := p.commandEngine()
	defer wait()
	run := func(name string, values map[operate.Param]string) any {
		t.Helper()
		r, err := call(ctx, e, name, values)
		must(t, err)
		return r.Value
	}
	orders := map[operate.Param]string{operate.ParamCluster: "orders"}

	run("submit-pool-instances", map[operate.Param]string{operate.ParamPool: "reporting", operate.ParamInstances: "b2,db1:3306"})
	members := run("cluster-pool-instances", nil).([]operate.PoolMember)
	member := func(host string) operate.PoolMember {
		return operate.PoolMember{Pool: "reporting", Cluster: "db1:3306", Alias: "orders", Key: key(host)}
	}
	want := []operate.PoolMember{member("db1"), member("db2")}
	if !slices.Equal(members, want) {
		t.Errorf("members %+v", members)
	}
	run("submit-pool-instances", map[operate.Param]string{operate.ParamPool: "reporting"})
	if members := run("cluster-pool-instances", nil).([]operate.PoolMember); len(members) != 0 {
		t.Errorf("members of an emptied pool %+v", members)
	}

	pairs := run("submit-masters-to-kv-stores", nil).([]operate.KeyValue)
	kept, err := p.store.ListKV(ctx, "mysql/master/orders")
	must(t, err)
	const all = "mysql/master/orders:db1:3306 mysql/master/orders/hostname:db1 mysql/master/orders/port:3306 mysql/master/orders/ipv4:10.0.0.1 mysql/master/orders/ipv6:"
	var texts []string
	for _, pair := range pairs {
		texts = append(texts, pair.Key+":"+pair.Value)
		if !slices.Contains(kept, store.KV(pair)) {
			t.Errorf("not stored: %+v", pair)
		}
	}
	if got := strings.Join(texts, " "); got != all || len(kept) != len(pairs) {
		t.Errorf("pairs %s; stored %+v", got, kept)
	}

	if _, err := call(ctx, e, "which-heuristic-domain-instance", orders); err == nil {
		t.Error("an instance of the domain is known before it is set")
	}
	run("set-heuristic-domain-instance", orders)
	if got := run("which-heuristic-domain-instance", orders); got != key("db1") {
		t.Errorf("the instance of the domain is %v", got)
	}
}

func TestPastTopologies(t *testing.T) {
	ctx := t.Context()
	p := testParts(t, testFile(t), "")
	saveCluster(t, p.store)
	e, wait := p.commandEngine()
	defer wait()
	past := map[operate.Param]string{operate.ParamCluster: "db1:3306", operate.ParamMoment: "."}
	if _, err := call(ctx, e, "topology", past); err == nil {
		t.Error("a past topology is drawn before there is any")
	}
	if _, err := call(ctx, e, "snapshot-topologies", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := p.store.ForgetInstances(ctx, key("db2")); err != nil {
		t.Fatal(err)
	}
	if r, err := call(ctx, e, "topology", past); err != nil || r.Value != operate.Drawing("db1:3306\n- db2:3306") {
		t.Errorf("drawn %q, %v", r.Value, err)
	}
	at := func(host string) operate.PositionOn {
		return operate.PositionOn{Key: key(host), Coordinates: topology.Coordinates{LogFile: "binlog.000001", LogPos: 4}}
	}
	must(t, p.store.RecordEquivalence(ctx, store.PositionOn{Key: key("db1"), At: at("db1").Coordinates}, store.PositionOn{Key: key("db2"), At: at("db2").Coordinates}))
	if list, err := e.History.Equivalents(ctx, at("db2")); err != nil || !slices.Equal(list, []operate.PositionOn{at("db1")}) {
		t.Errorf("equivalents %+v, %v", list, err)
	}
}

func TestTokensAreIssued(t *testing.T) {
	p := testParts(t, testFile(t), "")
	tk := tokens{p.store, p.config}
	public, err := tk.Issue(t.Context(), "me")
	must(t, err)
	secret, err := tk.Acquire(t.Context(), public)
	must(t, err)
	if other, err := tk.Issue(t.Context(), "me"); err != nil || other == public || public == secret || len(public) != 64 || len(secret) != 64 {
		t.Errorf("tokens %q, %q, secret %q, %v", public, other, secret, err)
	}
	if _, err := tk.Acquire(t.Context(), public); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("acquired twice: %v", err)
	}
}

func TestBackendMeasurements(t *testing.T) {
	ctx := t.Context()
	p, e, writer := startService(t, fleet{}.put("db1", ""), "")
	if _, err := e.Discovery.Discover(ctx, key("db1")); err != nil {
		t.Fatal(err)
	}
	must(t, writer.Flush(ctx))
	if err := p.store.PutKV(cancelled(t), store.KV{Key: "k"}); err == nil {
		t.Error("written without a backend")
	}
	flushes, writes := e.BackendMetrics.Flushes(time.Time{}), e.BackendMetrics.Writes(time.Time{})
	if len(flushes) == 0 || flushes[0].Instances != 1 || flushes[0].Took <= 0 {
		t.Errorf("flushes %+v", flushes)
	}
	failed := slices.ContainsFunc(writes, func(w operate.BackendWrite) bool { return w.Err != nil })
	worked := slices.ContainsFunc(writes, func(w operate.BackendWrite) bool { return w.Err == nil && w.Took > 0 })
	if !failed || !worked {
		t.Errorf("writes %+v", writes)
	}
	later := time.Now().Add(time.Hour)
	if n := len(e.BackendMetrics.Flushes(later)) + len(e.BackendMetrics.Writes(later)); n != 0 {
		t.Errorf("%d measurements of the future", n)
	}
	if list := (backendMeasurements{store: p.store}).Flushes(time.Time{}); len(list) != 0 {
		t.Errorf("flushes of a process without a writer: %+v", list)
	}
}

func TestGrabbingTheElection(t *testing.T) {
	file := testFile(t)
	a, b := stand(t, file, fleet{}), stand(t, file, fleet{})
	ctx, cancel := context.WithCancel(t.Context())
	var work sync.WaitGroup
	defer func() { cancel(); work.Wait() }()
	a.lease.Try(ctx)
	for _, s := range []*standing{a, b} {
		work.Go(func() {
			if err := s.lease.Run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	if !a.leader.IsLeader() {
		t.Fatal("the first one does not lead")
	}
	must(t, b.engine.Election.Grab(ctx))
	if !b.leader.IsLeader() || a.leader.IsLeader() {
		t.Errorf("lead: %t, %t", a.leader.IsLeader(), b.leader.IsLeader())
	}
	must(t, b.engine.Election.Reelect(ctx))
	soon(t, "somebody leads", func() bool {
		_, held, err := a.store.ActiveNode(ctx)
		must(t, err)
		return held && a.leader.IsLeader() != b.leader.IsLeader()
	})

	stuck := election{store: b.store, self: store.Node{Hostname: "x", Token: "x"}, candidate: true, leads: func() bool { return false }, within: time.Millisecond}
	if err := stuck.Grab(ctx); err == nil || !strings.Contains(err.Error(), "does not lead within 1ms") {
		t.Errorf("a node that does not come to lead: %v", err)
	}
	p := testParts(t, testFile(t), "")
	p.lead(bystander{})
	if err := p.election().Grab(ctx); !errors.Is(err, errNoCandidate) {
		t.Errorf("a node that looks at no server: %v", err)
	}
}

func TestActiveNodes(t *testing.T) {
	ctx := t.Context()
	p := testParts(t, testFile(t), "")
	for _, n := range []store.NodeHealth{
		{Node: store.Node{Hostname: "n1", Token: "t1"}, Mode: httpMode}, {Node: store.Node{Hostname: "n2", Token: "t2"}, Mode: cliMode},
	} {
		must(t, p.store.ReportHealth(ctx, n))
	}
	e, wait := p.commandEngine()
	defer wait()
	if r, err := call(ctx, e, "active-nodes", nil); err != nil || !slices.Equal(r.Value.([]string), []string{"n1:t1"}) {
		t.Errorf("%v, %v", r.Value, err)
	}
}
