package main

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"orchestrator/internal/failover"
	"orchestrator/internal/observe"
	"orchestrator/internal/operate"
	"orchestrator/internal/recovery"
	"orchestrator/internal/server"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// fleet is a prober of servers that are nothing but values.
type fleet map[topology.Key]*topology.Instance

func (f fleet) Probe(_ context.Context, k topology.Key, _ observe.Ask) (observe.Answer, error) {
	i := f[k]
	if i == nil {
		return observe.Answer{}, errors.New("connection refused")
	}
	return observe.Answer{Instance: i.Clone()}, nil
}
func (f fleet) Ping(context.Context, topology.Key) error      { return nil }
func (f fleet) Watch(topology.Key, func(error)) (stop func()) { return func() {} }
func (f fleet) Release(topology.Key)                          {}
func (f fleet) put(host, source string, reported ...topology.Key) fleet {
	i := &topology.Instance{Key: key(host), ServerID: uint32(len(f) + 1), ServerUUID: host, Version: "8.4.0", Flavor: topology.FlavorMySQL, Reported: reported}
	i.Channel.IOThread, i.Channel.SQLThread = topology.NoThread, topology.NoThread
	if source != "" {
		i.Channel.Source = key(source)
		i.Channel.IOThread, i.Channel.SQLThread = topology.ThreadRunning, topology.ThreadRunning
	}
	f[i.Key] = i
	return f
}

// startService runs the service's engine over a fleet.
func startService(t *testing.T, f fleet, document string) (*parts, *operate.Engine, *store.Writer) {
	t.Helper()
	p := testParts(t, testFile(t), document)
	writer := p.store.NewWriter(store.WriterOptions{})
	kept := p.pictureStore(writer)
	o := observe.New(observe.Options{Prober: f, Store: kept, Config: p.config, Logger: p.log})
	servers := server.New(server.Options{})
	e := p.serviceEngine(o, kept, p.recoveryEngine(o, servers), servers, nil)
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() {
		if err := o.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		cancel()
		work.Wait()
		must(t, servers.Close())
		must(t, writer.Close(context.Background()))
	})
	return p, e, writer
}

func TestServiceDiscoversDeclaresAndForgets(t *testing.T) {
	f := fleet{}.put("db1", "", key("db2")).put("db2", "db1")
	p, e, writer := startService(t, f, `"DiscoveryIgnoreHostnameFilters": ["hidden"], "AuditLogFile": ""`)
	ctx := t.Context()

	i, err := e.Discovery.Discover(ctx, key("db1"))
	if err != nil || i == nil || i.Key != key("db1") {
		t.Fatalf("discovered %+v, %v", i, err)
	}
	if i, err := e.Discovery.Discover(ctx, key("hidden")); i != nil || err != nil {
		t.Errorf("a server that a filter excludes: %+v, %v", i, err)
	}
	if i, err := e.Discovery.Refresh(ctx, key("db2")); err != nil || i.ClusterName != "db1:3306" {
		t.Errorf("refreshed %+v, %v", i, err)
	}
	if _, err := e.Discovery.Refresh(ctx, key("nowhere")); err == nil {
		t.Error("a server that is not there was refreshed")
	}

	// What is declared is seen and stored at once.
	if _, err := call(ctx, e, "tag", map[operate.Param]string{operate.ParamInstance: "db2:3306", operate.ParamTag: "role=backup"}); err != nil {
		t.Fatal(err)
	}
	seen := func() *topology.Instance {
		t.Helper()
		all, err := e.Picture.Topology(ctx)
		must(t, err)
		return all.Instance(key("db2"))
	}
	stored, err := p.store.Tags(ctx)
	must(t, err)
	if len(seen().Tags) != 1 || len(stored[key("db2")]) != 1 {
		t.Errorf("seen %v, stored %v", seen().Tags, stored)
	}
	if got := p.audit.cluster(key("db2"), ""); got != "db1:3306" {
		t.Errorf("audited with cluster %q", got)
	}

	// What is forgotten is gone from both, and unknown ones are no error.
	must(t, writer.Flush(ctx))
	must(t, e.Discovery.Forget(ctx, key("db2"), key("nowhere")))
	must(t, writer.Flush(ctx))
	left, _, err := p.store.LoadInstances(ctx)
	must(t, err)
	if seen() != nil || len(left) != 1 {
		t.Errorf("seen %+v, stored %s", seen(), topology.JoinKeys(topology.Keys(left)))
	}
}

func TestMeasurements(t *testing.T) {
	began := time.Now()
	_, e, _ := startService(t, fleet{}.put("db1", ""), "")
	if _, err := e.Discovery.Discover(t.Context(), key("db1")); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Discovery.Discover(t.Context(), key("db9")); err == nil {
		t.Fatal("a server that is not there was discovered")
	}
	var ok, failed int
	for _, d := range e.Metrics.Discoveries(began) {
		if d.Err == nil {
			ok++
		} else {
			failed++
		}
		if d.Total != d.Instance || d.Backend != 0 {
			t.Errorf("measured %+v", d)
		}
	}
	if ok == 0 || failed == 0 {
		t.Errorf("%d probes succeeded, %d failed", ok, failed)
	}
	for name, there := range map[string]bool{"DEFAULT": true, "DEADINSTANCES": true, "other": false} {
		if _, ok := e.Metrics.Queue(name, 10); ok != there {
			t.Errorf("queue %s: %t", name, ok)
		}
	}
}

func TestRecordsOfTheBackend(t *testing.T) {
	p := testParts(t, testFile(t), "")
	ctx := t.Context()
	r := records{store: p.store}
	register := func(host, cluster, alias, uid string) {
		t.Helper()
		row := store.Recovery{UID: uid, Key: key(host), Analysis: "DeadMaster", ClusterName: cluster, ClusterAlias: alias, By: p.storeNode(), Start: time.Now()}
		got, err := p.store.RegisterRecovery(ctx, &row, nil, false)
		must(t, err)
		if got.Outcome != store.Registered {
			t.Fatal(got)
		}
		row.Successful, row.Successor, row.End = true, key("new"), time.Now()
		must(t, p.store.ResolveRecovery(ctx, &row))
	}
	register("db1", "db1:3306", "orders", "u1")
	register("db5", "db5:3306", "old", "u2")
	register("db7", "db7:3306", "other", "u3")
	d := store.Detection{Key: key("db1"), Analysis: "DeadMaster", ClusterName: "db1:3306", Actionable: true, By: p.storeNode()}
	if _, err := p.store.RegisterDetection(ctx, &d); err != nil {
		t.Fatal(err)
	}

	list, err := r.Recoveries(ctx, operate.RecoveryQuery{UID: "u1"})
	must(t, err)
	if len(list) != 1 || list[0].Finding.Key != key("db1") || string(list[0].Finding.Code) != "DeadMaster" || list[0].Finding.Description == "" ||
		list[0].SuccessorKey != key("new") || list[0].Finding.Processing.NodeToken != p.node.Token || list[0].Detection {
		t.Errorf("recovery %+v", list)
	}
	detections, err := r.Detections(ctx, operate.RecoveryQuery{})
	must(t, err)
	if len(detections) != 1 || !detections[0].Detection || !detections[0].Finding.Actionable || !detections[0].IsActive || detections[0].Held != nil {
		t.Errorf("detections %+v", detections)
	}
	book := newHeldBook(p.store, p.log)
	running, stop := context.WithCancel(ctx)
	var ended sync.WaitGroup
	ended.Go(func() { book.run(running) })
	defer ended.Wait()
	defer stop()
	at := time.Now().UTC().Truncate(time.Second)
	book.progress(recovery.Progress{At: at, Kind: recovery.Held, Detection: d.ID, Hold: failover.Hold{Rule: "filter", Reason: "no entry matches", Setting: "RecoverMasterClusterFilters"}})
	book.progress(recovery.Progress{At: at, Kind: recovery.Held, Hold: failover.Hold{Rule: "outdated", Reason: "of no detection"}})
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		detections, err = r.Detections(ctx, operate.RecoveryQuery{ID: d.ID})
		must(t, err)
		if detections[0].Held != nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("what holds the recovery back is not on record")
		}
	}
	if h := detections[0]; h.Held.Rule != "filter" || h.Held.Setting == "" || !h.HeldAt.Equal(at) {
		t.Errorf("held by %+v at %s", h.Held, h.HeldAt)
	}

	// Of a cluster, those are meant that have its name or its alias.
	n, err := r.Acknowledge(ctx, operate.AckQuery{Cluster: "db1:3306", Alias: "old"}, "me", "seen")
	if err != nil || n != 2 {
		t.Errorf("%d acknowledged, %v", n, err)
	}
	list, err = r.Recoveries(ctx, operate.RecoveryQuery{Unacknowledged: true, All: true})
	must(t, err)
	if len(list) != 1 || list[0].UID != "u3" {
		t.Errorf("not acknowledged: %+v", list)
	}
	if empty, err := r.Steps(ctx, "none"); err != nil || empty == nil {
		t.Errorf("no steps: %v, %v", empty, err)
	}
}

func TestChangelogByServer(t *testing.T) {
	p := testParts(t, testFile(t), "")
	began := time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)
	for n, code := range []string{"NoProblem", "DeadMaster", "NoProblem"} {
		at := began.Add(time.Duration(n) * time.Second)
		_, err := p.store.RecordAnalyses(t.Context(), []store.AnalysisChange{{Key: key("db1"), Analysis: code, At: at}, {Key: key("db2"), Analysis: "NoProblem", At: at}})
		must(t, err)
	}
	got, err := records{store: p.store}.Changelog(t.Context(), topology.Key{})
	must(t, err)
	want := []operate.AnalysisHistory{{Key: key("db1"), Changes: []operate.AnalysisChange{
		{At: began.Add(time.Second), Text: "DeadMaster"}, {At: began.Add(2 * time.Second), Text: "NoProblem"},
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
