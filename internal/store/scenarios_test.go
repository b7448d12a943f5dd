package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"orchestrator/internal/topology"
)

// scenarios are the stories that hold on every backend; each gets an empty database.
var scenarios = []struct {
	name string
	run  func(t *testing.T, s *Store, clock *testClock)
}{
	{"instance round trip", roundTrip},
	{"names", names},
	{"import of another installation", importing},
	{"import of what cannot be", importingNothing},
	{"import of a raft snapshot", importingSnapshot},
	{"downtime", downtimes},
	{"maintenance", maintenances},
	{"candidates and tags and pools", declarations},
	{"key-value and switches", keyValues},
	{"detections", detections},
	{"recovery from registration to acknowledgement", recoveryStory},
	{"blocked recoveries", blockedRecoveries},
	{"forced recovery", forcedRecovery},
	{"crashed recovery", crashedRecovery},
	{"recovery of another node", foreignRecovery},
	{"acknowledging", acknowledging},
	{"journal", journals},
	{"game days", gameDays},
	{"losses of recoveries", losses},
	{"what holds recoveries back", detectionHolds},
	{"analysis changelog", changelog},
	{"stale coordinates", stale},
	{"audit", audits},
	{"who wrote the audit", authors},
	{"leader lease", lease},
	{"node health", health},
	{"node reports", reports},
	{"access tokens", tokens},
	{"history", histories},
	{"agents and seeds", agents},
	{"forget", forgetting},
	{"housekeeping", housekeeping},
	{"export and import", exportImport},
	{"writer", writing},
	{"foreign characters and long texts", foreignTexts},
}

func TestSQLite(t *testing.T) {
	for _, sc := range scenarios {
		t.Run(sc.name, func(t *testing.T) {
			s, clock := openTest(t)
			sc.run(t, s, clock)
		})
	}
}

func same[T any](t *testing.T, what string, have, want T) {
	t.Helper()
	if d := cmp.Diff(want, have); d != "" {
		t.Errorf("%s (-want +have):\n%s", what, d)
	}
}

func roundTrip(t *testing.T, s *Store, _ *testClock) {
	i := filled(t)
	if s.dialect == MySQL {
		// The column cannot hold these.
		i.Downtime.Reason, i.Maintenance.Reason = "größer", "move"
	}
	saveDeclared(t, s, i)
	must(t, s.SaveInstances(t.Context(), i))
	must(t, s.SaveInstances(t.Context(), i))
	loaded, _, err := s.LoadInstances(t.Context())
	must(t, err)
	same(t, "instances", loaded, []*topology.Instance{i})
}

func names(t *testing.T, s *Store, clock *testClock) {
	ctx := t.Context()
	must(t, s.SetAliases(ctx, []ClusterAlias{{"a:1", "x"}, {"b:1", "y"}, {"c:1", "x"}}))
	same(t, "the later claim wins", must2(s.Aliases(ctx)), map[string]string{"b:1": "y", "c:1": "x"})
	must(t, s.SetAliasOverride(ctx, "c:1", "manual"))
	must(t, s.SetDomain(ctx, "c:1", "c.example.com"))
	must(t, s.RenameCluster(ctx, "c:1", "b:1"))
	must(t, s.RenameCluster(ctx, "unknown:1", "b:1"))
	must(t, s.RenameCluster(ctx, "b:1", "b:1"))
	same(t, "aliases after failover", must2(s.Aliases(ctx)), map[string]string{"b:1": "x"})
	same(t, "overrides after failover", must2(s.AliasOverrides(ctx)), map[string]string{"b:1": "manual"})
	must(t, s.SaveResolvedNames(ctx, ResolvedName{"a", "b", clock.t}, ResolvedName{"b", "a", clock.t.Add(time.Second)}, ResolvedName{"c", "c", time.Time{}}))
	same(t, "names", must2(s.ResolvedNames(ctx)), []ResolvedName{
		{"a", "b", clock.t}, {"b", "a", clock.t.Add(time.Second)}, {"c", "c", clock.t}})
	same(t, "history", must2(s.ResolveHistory(ctx)), map[string]string{"b": "a", "a": "b"})
	_, loadedNames, err := s.LoadInstances(ctx)
	must(t, err)
	same(t, "loaded names", loadedNames, topology.Names{
		Aliases: map[string]string{"b:1": "x"}, Domains: map[string]string{"b:1": "c.example.com"},
		Resolved: map[string]string{"a": "b", "b": "a", "c": "c"}})
	must2(s.deleteResolveLoops(ctx))
	same(t, "without the older of the loop", len(must2(s.ResolvedNames(ctx))), 2)
	must(t, s.ResetResolvedNames(ctx))
	same(t, "after reset", len(must2(s.ResolvedNames(ctx))), 0)

	must(t, s.RegisterUnresolve(ctx, "h", "vip", clock.t))
	same(t, "unresolved", must2(s.Unresolved(ctx)), map[string]string{"h": "vip"})
	same(t, "deregistered", must2(s.DeregisterUnresolve(ctx, "h")), true)
	same(t, "deregistered again", must2(s.DeregisterUnresolve(ctx, "h")), false)
	same(t, "unresolve history", must2(s.UnresolveHistory(ctx)), map[string]string{"vip": "h"})

	must(t, s.SaveHostIPs(ctx, HostIPs{"h", "10.0.0.1", ""}))
	ips, ok, err := s.HostIPs(ctx, "h")
	must(t, err)
	same(t, "addresses", ips, HostIPs{"h", "10.0.0.1", ""})
	_, other, err := s.HostIPs(ctx, "other")
	must(t, err)
	same(t, "known hosts", []bool{ok, other}, []bool{true, false})

	must(t, s.PutHostAttribute(ctx, HostAttribute{Hostname: "*", Name: "d", Value: "h:1"}))
	must(t, s.PutHostAttribute(ctx, HostAttribute{Hostname: "*", Name: "d", Value: "h:2"}))
	must(t, s.PutHostAttribute(ctx, HostAttribute{Hostname: "h", Name: "e", Value: "v"}))
	same(t, "attributes of a name", must2(s.HostAttributes(ctx, "d")), []HostAttribute{{"*", "d", "h:2", clock.t}})
	same(t, "all attributes", len(must2(s.HostAttributes(ctx, ""))), 2)
	same(t, "attribute deleted", must2(s.DeleteHostAttribute(ctx, "h", "e")), true)
}

func gameDays(t *testing.T, s *Store, clock *testClock) {
	ctx := t.Context()
	long := strings.Repeat("größer als eine Zeile ", 1000)
	for n := range gameDaysKept + 5 {
		must(t, s.PutGameDay(ctx, GameDay{fmt.Sprintf("a:1 %03d", n), clock.t.Add(time.Duration(n) * time.Second), "{}"}))
	}
	last := GameDay{"a:1 204", clock.t.Add((gameDaysKept + 4) * time.Second), long}
	must(t, s.PutGameDay(ctx, last))
	list := must2(s.GameDays(ctx))
	same(t, "how many are kept", len(list), gameDaysKept)
	same(t, "the newest first, as it was written last", list[0], last)
	same(t, "the oldest that is kept", list[len(list)-1].ID, "a:1 005")
}

func downtimes(t *testing.T, s *Store, clock *testClock) {
	ctx := t.Context()
	d := topology.Downtime{Owner: "ann", Reason: "disk", Begin: clock.t, End: clock.t.Add(time.Minute)}
	must(t, s.BeginDowntime(ctx, key("a"), d))
	d.Reason = "again"
	must(t, s.BeginDowntime(ctx, key("a"), d))
	lost := topology.Downtime{Owner: "o", Reason: topology.ReasonLostInRecovery, Begin: clock.t, End: clock.t.Add(time.Hour)}
	must(t, s.BeginDowntime(ctx, key("b"), lost))
	same(t, "downtimes", must2(s.Downtimes(ctx)), map[topology.Key]topology.Downtime{key("a"): d, key("b"): lost})
	clock.advance(2 * time.Minute)
	same(t, "that of a lost server", must2(s.Downtimes(ctx)), map[topology.Key]topology.Downtime{key("b"): lost})
	same(t, "expired", must2(s.ExpireDowntimes(ctx)), []topology.Key{key("a")})
	same(t, "expired again", must2(s.ExpireDowntimes(ctx)), []topology.Key{})
	same(t, "ended", must2(s.EndDowntime(ctx, key("b"))), true)
	same(t, "ended again", must2(s.EndDowntime(ctx, key("b"))), false)
}

func maintenances(t *testing.T, s *Store, clock *testClock) {
	ctx := t.Context()
	me, other := Node{"me", "1"}, Node{"other", "2"}
	lock := func(host string, bounded bool, by Node) (int64, error) {
		return s.BeginMaintenance(ctx, topology.Maintenance{Key: key(host), Owner: "ann", Reason: "move",
			Begin: clock.t, End: clock.t.Add(10 * time.Minute), Bounded: bounded}, by)
	}
	id := must2(lock("a", false, me))
	if _, err := lock("a", false, other); !errors.Is(err, ErrInMaintenance) {
		t.Errorf("second lock: %v", err)
	}
	held := must2(s.Maintenances(ctx))
	same(t, "held", held, []topology.Maintenance{{ID: id, Key: key("a"), Owner: "ann", Reason: "move", Begin: clock.t, End: clock.t.Add(10 * time.Minute)}})
	same(t, "ended", must2(s.EndMaintenance(ctx, id)), true)
	same(t, "ended again", must2(s.EndMaintenance(ctx, id)), false)
	must2(lock("a", false, me))
	same(t, "ended by key", must2(s.EndMaintenanceOf(ctx, key("a"))), true)

	must2(lock("a", false, other))
	must2(lock("b", true, other))
	must2(lock("c", false, me))
	same(t, "orphans", must2(s.ExpireMaintenance(ctx, []Node{me})), 1)
	clock.advance(11 * time.Minute)
	same(t, "none held after the end", len(must2(s.Maintenances(ctx))), 0)
	must2(lock("b", true, me)) // an expired lock that nobody has removed yet is no obstacle
	same(t, "expired", must2(s.ExpireMaintenance(ctx, []Node{me})), 1)
	same(t, "held", len(must2(s.Maintenances(ctx))), 1)
}

func declarations(t *testing.T, s *Store, clock *testClock) {
	ctx := t.Context()
	must(t, s.RegisterCandidate(ctx, Candidate{key("a"), topology.PreferPromote, clock.t}))
	must(t, s.RegisterCandidate(ctx, Candidate{key("a"), topology.MustNotPromote, clock.t}))
	clock.advance(time.Hour)
	must(t, s.RegisterCandidate(ctx, Candidate{key("b"), topology.PreferPromote, clock.t}))
	same(t, "expired", must2(s.ExpireCandidates(ctx, time.Minute)), 1)
	same(t, "candidates", must2(s.Candidates(ctx)), []Candidate{{key("b"), topology.PreferPromote, clock.t}})

	a, b := key("a"), key("b")
	for _, tag := range []topology.Tag{{Name: "z", Value: "1"}, {Name: "n"}, {Name: "z", Value: "2"}} {
		must(t, s.PutTag(ctx, a, tag))
	}
	must(t, s.PutTag(ctx, b, topology.Tag{Name: "z", Value: "1"}))
	same(t, "tags", must2(s.Tags(ctx)), map[topology.Key][]topology.Tag{
		a: {{Name: "n"}, {Name: "z", Value: "2"}}, b: {{Name: "z", Value: "1"}}})
	untag := func(k *topology.Key, text string) []topology.Key {
		q, err := topology.ParseTagQuery(text)
		must(t, err)
		return must2(s.DeleteTag(ctx, k, q))
	}
	same(t, "wrong value", untag(&a, "z=1"), []topology.Key{})
	same(t, "everywhere", untag(nil, "z=1"), []topology.Key{b})
	same(t, "by name", untag(&a, "z"), []topology.Key{a})

	must(t, s.SubmitPool(ctx, "p", []topology.Key{b, a, b}, clock.t))
	must(t, s.SubmitPool(ctx, "q", []topology.Key{b}, clock.t))
	same(t, "pools", must2(s.Pools(ctx)), map[string][]topology.Key{"p": {a, b}, "q": {b}})
	must(t, s.SubmitPool(ctx, "p", []topology.Key{b}, clock.t))
	must(t, s.SubmitPool(ctx, "q", nil, clock.t))
	same(t, "pools", must2(s.Pools(ctx)), map[string][]topology.Key{"p": {b}})
}

func keyValues(t *testing.T, s *Store, _ *testClock) {
	ctx := t.Context()
	must(t, s.PutKV(ctx, KV{"mysql/master/a", "h:1"}))
	must(t, s.PutKV(ctx, KV{"mysql/master/a", "h:2"}))
	must(t, s.PutKV(ctx, KV{"other", "größe"}))
	text, ok, err := s.GetKV(ctx, "mysql/master/a")
	must(t, err)
	same(t, "value", text, "h:2")
	same(t, "ok", ok, true)
	_, ok, err = s.GetKV(ctx, "none")
	must(t, err)
	same(t, "no such key", ok, false)
	same(t, "list", must2(s.ListKV(ctx, "mysql/")), []KV{{"mysql/master/a", "h:2"}})
	same(t, "all", must2(s.ListKV(ctx, "")), []KV{{"mysql/master/a", "h:2"}, {"other", "größe"}})
	same(t, "deleted", must2(s.DeleteKV(ctx, "other")), true)
	same(t, "deleted again", must2(s.DeleteKV(ctx, "other")), false)

	same(t, "enabled", must2(s.RecoveryDisabled(ctx)), false)
	must(t, s.SetRecoveryDisabled(ctx, true))
	must(t, s.SetRecoveryDisabled(ctx, true))
	same(t, "disabled", must2(s.RecoveryDisabled(ctx)), true)
	must(t, s.SetRecoveryDisabled(ctx, false))
	same(t, "enabled again", must2(s.RecoveryDisabled(ctx)), false)

	now := s.now().UTC().Truncate(time.Second)
	shop := ClusterSwitch{Cluster: "p:3306", Owner: "ann", Reason: "moving house", Begin: now.Add(-time.Hour), End: now.Add(time.Hour)}
	must(t, s.SwitchOffCluster(ctx, shop))
	must(t, s.SwitchOffCluster(ctx, ClusterSwitch{Cluster: "over:3306", Owner: "ann", Reason: "done", Begin: now.Add(-2 * time.Hour), End: now.Add(-time.Hour)}))
	same(t, "switched off", must2(s.SwitchedOffClusters(ctx)), []ClusterSwitch{shop})
	same(t, "expired", must2(s.ExpireClusterSwitches(ctx)), int64(1))
	must(t, s.RenameCluster(ctx, "p:3306", "a:3306"))
	shop.Cluster = "a:3306"
	same(t, "switched off under the new name", must2(s.SwitchedOffClusters(ctx)), []ClusterSwitch{shop})
	same(t, "switched on", must2(s.SwitchOnCluster(ctx, "a:3306")), true)
	same(t, "switched on twice", must2(s.SwitchOnCluster(ctx, "a:3306")), false)
	same(t, "nothing is off", len(must2(s.SwitchedOffClusters(ctx))), 0)

	all := ClusterSwitch{Owner: "ann", Reason: "a storm", Begin: now.Add(-time.Hour), End: now.Add(time.Hour)}
	must(t, s.SetRecoveryDisabled(ctx, true))
	must(t, s.SwitchOffCluster(ctx, all))
	same(t, "off for a time, instead of until it is switched on", must2(s.RecoveryDisabled(ctx)), false)
	same(t, "off for a time", must2(s.SwitchedOffClusters(ctx)), []ClusterSwitch{all})
	must(t, s.SetRecoveryDisabled(ctx, true))
	same(t, "off until it is switched on, instead of for a time", len(must2(s.SwitchedOffClusters(ctx))), 0)
	must(t, s.SwitchOffCluster(ctx, all))
	must(t, s.SetRecoveryDisabled(ctx, false))
	same(t, "on again before its time", len(must2(s.SwitchedOffClusters(ctx))), 0)
	must2(s.exec(ctx, "test", "DROP TABLE global_recovery_disable"))
	if disabled, err := s.RecoveryDisabled(ctx); err == nil || !disabled {
		t.Errorf("a switch that cannot be read: %v, %v", disabled, err)
	}

	must(t, s.SetTLSRequired(ctx, key("a"), true))
	must(t, s.SetTLSRequired(ctx, key("a"), false))
	same(t, "tls", must2(s.TLSRequired(ctx)), map[topology.Key]bool{key("a"): false})
}

func detections(t *testing.T, s *Store, clock *testClock) {
	ctx := t.Context()
	register := func(host string, actionable bool) (Detection, bool) {
		d := Detection{Key: key(host), Analysis: "DeadMaster", ClusterName: "c:1", ClusterAlias: "c",
			Replicas: []topology.Key{key("r1"), key("r2")}, CountReplicas: 2, Actionable: actionable, By: Node{"me", "1"}}
		ok := must2(s.RegisterDetection(ctx, &d))
		return d, ok
	}
	first, ok := register("a", true)
	same(t, "registered", ok, true)
	_, ok = register("a", true)
	same(t, "registered again", ok, false)
	_, ok = register("a", false)
	same(t, "not actionable is another one", ok, true)
	list := must2(s.Detections(ctx, DetectionFilter{ID: first.ID}))
	first.Active = true
	same(t, "loaded", list, []Detection{first})
	for range 3 { // several within the same second
		same(t, "cleared", must2(s.ClearDetections(ctx, key("a"))) > 0, true)
		_, ok = register("a", true)
		same(t, "registered after clearing", ok, true)
	}
	same(t, "cleared by alias", must2(s.ClearClusterDetections(ctx, "c")), 1)
	_, ok = register("a", true)
	same(t, "registered", ok, true)
	clock.advance(time.Hour)
	same(t, "expired", must2(s.ExpireDetections(ctx, 59*time.Minute)), 1)
	for range 30 {
		_, _ = register("b", true)
		must2(s.ClearDetections(ctx, key("b")))
	}
	page0, page1 := must2(s.Detections(ctx, DetectionFilter{})), must2(s.Detections(ctx, DetectionFilter{Page: 1}))
	same(t, "first page", len(page0), PageSize)
	same(t, "newest first", page0[0].ID > page0[1].ID && page0[PageSize-1].ID > page1[0].ID, true)
	same(t, "by alias", len(must2(s.Detections(ctx, DetectionFilter{ClusterAlias: "none"}))), 0)
	same(t, "by key", len(must2(s.Detections(ctx, DetectionFilter{Key: key("b"), All: true}))), 30)
}

func newRecovery(uid, host, cluster string) *Recovery {
	return &Recovery{UID: uid, Key: key(host), Analysis: "DeadMaster", ClusterName: cluster, ClusterAlias: cluster + "-alias",
		Replicas: []topology.Key{key("r1"), key("r2")}, CountReplicas: 2, DetectionID: 7, By: Node{"me", "1"}}
}

func register(t *testing.T, s *Store, r *Recovery, force bool) Registration {
	t.Helper()
	return must2(s.RegisterRecovery(t.Context(), r, nil, force))
}

func recoveryStory(t *testing.T, s *Store, clock *testClock) {
	ctx := t.Context()
	r := newRecovery("1:a", "a", "c:1")
	same(t, "registration", register(t, s, r, false), Registration{Registered, 0})
	same(t, "loaded", must2(s.Recoveries(ctx, RecoveryFilter{UID: r.UID})), []Recovery{*r})
	for _, m := range []string{"first", "second – größer"} {
		must(t, s.WriteRecoveryStep(ctx, RecoveryStep{UID: r.UID, Message: m}))
	}
	steps := must2(s.RecoverySteps(ctx, r.UID))
	same(t, "steps", []string{steps[0].Message, steps[1].Message}, []string{"first", "second – größer"})
	same(t, "running", len(must2(s.Recoveries(ctx, RecoveryFilter{Running: true, ClusterName: "c:1"}))), 1)

	clock.advance(time.Minute)
	r.Successful, r.Successor, r.SuccessorAlias = true, key("b"), "bee"
	r.Lost, r.Participating, r.Errors = []topology.Key{key("r9")}, []topology.Key{key("r1"), key("r2")}, []string{"one", "two"}
	must(t, s.ResolveRecovery(ctx, r))
	same(t, "resolved", must2(s.Recoveries(ctx, RecoveryFilter{ID: r.ID})), []Recovery{*r})
	same(t, "end", r.End, clock.t)
	same(t, "ended lately", len(must2(s.Recoveries(ctx, RecoveryFilter{Successor: key("b"), EndedWithin: 5 * time.Minute}))), 1)
	clock.advance(6 * time.Minute)
	same(t, "not lately any more", len(must2(s.Recoveries(ctx, RecoveryFilter{Successor: key("b"), EndedWithin: 5 * time.Minute}))), 0)
	if err := s.ResolveRecovery(ctx, newRecovery("none", "x", "y")); !errors.Is(err, ErrNotFound) {
		t.Errorf("resolving an unknown recovery: %v", err)
	}

	same(t, "blocked", register(t, s, newRecovery("2:a", "a", "c:1"), false), Registration{BlockedByCluster, r.ID})
	same(t, "not expired", must2(s.ExpireRecoveries(ctx, time.Hour)), 0)
	clock.advance(time.Hour)
	same(t, "expired", must2(s.ExpireRecoveries(ctx, time.Hour)), 1)
	loaded := must2(s.Recoveries(ctx, RecoveryFilter{ID: r.ID}))[0]
	same(t, "block over", []any{loaded.Active, loaded.ActiveEnd, loaded.Acknowledged}, []any{false, clock.t, false})
	same(t, "after the block", register(t, s, newRecovery("3:a", "a", "c:1"), false).Outcome, Registered)
}

func blockedRecoveries(t *testing.T, s *Store, clock *testClock) {
	ctx := t.Context()
	first := newRecovery("1", "a", "c:1")
	register(t, s, first, false)
	first.Successor, first.Successful = key("b"), true
	must(t, s.ResolveRecovery(ctx, first))
	for _, tt := range []struct {
		name string
		r    *Recovery
		want Registration
	}{
		{"the promoted server fails, seen in another cluster", newRecovery("2", "b", "b:1"), Registration{BlockedBySuccessor, first.ID}},
		{"another server of the cluster", newRecovery("3", "x", "c:1"), Registration{BlockedByCluster, first.ID}},
		{"the same server", newRecovery("4", "a", "c:1"), Registration{BlockedByCluster, first.ID}},
		{"the same server under another cluster name", newRecovery("5", "a", "other:1"), Registration{Duplicate, first.ID}},
	} {
		same(t, tt.name, register(t, s, tt.r, false), tt.want)
	}
	same(t, "another cluster is free", register(t, s, newRecovery("6", "z", "z:1"), false).Outcome, Registered)
	same(t, "blocked", len(must2(s.BlockedRecoveries(ctx, ""))), 3)
	same(t, "blocked in a cluster", must2(s.BlockedRecoveries(ctx, "b:1")), []BlockedRecovery{
		{key("b"), "b:1", "DeadMaster", clock.t, first.ID}})
	must2(s.AcknowledgeRecoveries(ctx, Acknowledgement{ID: first.ID, By: "ann", Comment: "seen"}))
	same(t, "blocks vanish with the acknowledgement", len(must2(s.BlockedRecoveries(ctx, ""))), 0)
	same(t, "free again", register(t, s, newRecovery("7", "b", "b:1"), false).Outcome, Registered)
	must(t, s.RecordBlockedRecovery(ctx, BlockedRecovery{Key: key("q"), ClusterName: "q"}))
	clock.advance(3 * time.Second)
	same(t, "expired", must2(s.ExpireBlockedRecoveries(ctx, 2*time.Second)), 1)
	if _, err := s.RegisterRecovery(ctx, &Recovery{Key: key("a")}, nil, false); err == nil {
		t.Error("a recovery without uid was registered")
	}
}

func forcedRecovery(t *testing.T, s *Store, _ *testClock) {
	ctx := t.Context()
	first := newRecovery("1", "a", "c:1")
	register(t, s, first, false)
	same(t, "an unfinished one blocks even force", register(t, s, newRecovery("2", "a", "c:1"), true), Registration{Duplicate, first.ID})
	must(t, s.ResolveRecovery(ctx, first))
	same(t, "a finished one does not", register(t, s, newRecovery("3", "a", "c:1"), true).Outcome, Registered)
	loaded := must2(s.Recoveries(ctx, RecoveryFilter{ID: first.ID}))[0]
	same(t, "it is acknowledged", []any{loaded.Acknowledged, loaded.AcknowledgedBy, loaded.Active}, []any{true, "orchestrator", false})
	same(t, "force ignores the cluster's block", register(t, s, newRecovery("4", "x", "c:1"), true).Outcome, Registered)
}

func crashedRecovery(t *testing.T, s *Store, clock *testClock) {
	ctx := t.Context()
	gone, alive, done := newRecovery("1", "a", "a:1"), newRecovery("2", "b", "b:1"), newRecovery("3", "c", "c:1")
	alive.By = Node{"live", "2"}
	for _, r := range []*Recovery{gone, alive, done} {
		register(t, s, r, false)
	}
	must(t, s.ResolveRecovery(ctx, done))
	crashed := must2(s.AcknowledgeCrashed(ctx, []Node{alive.By}))
	same(t, "crashed", len(crashed), 1)
	same(t, "which", crashed[0].UID, "1")
	loaded := must2(s.Recoveries(ctx, RecoveryFilter{UID: "1"}))[0]
	same(t, "recorded", []any{loaded.End, loaded.AckComment, loaded.Active}, []any{clock.t, crashedAck, false})
	same(t, "a new one may start", register(t, s, newRecovery("4", "a", "a:1"), false).Outcome, Registered)
}

func foreignRecovery(t *testing.T, s *Store, _ *testClock) {
	ctx := t.Context()
	r := newRecovery("1:x", "a", "c:1")
	r.ID, r.Active, r.Start = 77, true, at(0)
	must(t, s.WriteRecovery(ctx, r))
	must(t, s.WriteRecovery(ctx, r))
	same(t, "loaded", must2(s.Recoveries(ctx, RecoveryFilter{})), []Recovery{*r})
	r.Successful, r.Successor, r.End = true, key("b"), at(9)
	must(t, s.WriteRecovery(ctx, r))
	same(t, "loaded", must2(s.Recoveries(ctx, RecoveryFilter{})), []Recovery{*r})
	must2(s.AcknowledgeRecoveries(ctx, Acknowledgement{UID: r.UID, By: "ann", Comment: "seen"}))
	must(t, s.WriteRecovery(ctx, r))
	same(t, "acknowledged for good", must2(s.Recoveries(ctx, RecoveryFilter{}))[0].Acknowledged, true)
}

func acknowledging(t *testing.T, s *Store, clock *testClock) {
	ctx := t.Context()
	tests := []struct {
		name string
		ack  Acknowledgement
		want []string // uids
	}{
		{"by id", Acknowledgement{ID: 1}, []string{"1"}},
		{"by uid", Acknowledgement{UID: "2"}, []string{"2"}},
		{"by server", Acknowledgement{Key: key("h3")}, []string{"3"}},
		{"by cluster name", Acknowledgement{Cluster: "c4:1"}, []string{"4"}},
		{"by cluster alias", Acknowledgement{Cluster: "c5:1-alias"}, []string{"5"}},
		{"all", Acknowledgement{All: true}, []string{"1", "2", "3", "4", "5"}},
	}
	for _, tt := range tests {
		for _, table := range []string{"topology_recovery", "topology_failure_detection"} {
			must2(s.exec(ctx, "test", "DELETE FROM "+table))
		}
		ids := make(map[string]int64)
		for _, n := range []string{"1", "2", "3", "4", "5"} {
			r := newRecovery(n, "h"+n, "c"+n+":1")
			register(t, s, r, false)
			ids[n] = r.ID
			must2(s.RegisterDetection(ctx, &Detection{Key: r.Key, ClusterName: r.ClusterName, ClusterAlias: r.ClusterAlias, Analysis: "DeadMaster"}))
		}
		ack := tt.ack
		if ack.ID != 0 {
			ack.ID = ids["1"]
		}
		ack.By = "ann"
		if _, err := s.AcknowledgeRecoveries(ctx, ack); err == nil {
			t.Errorf("%s: no comment was needed", tt.name)
		}
		ack.Comment = "seen"
		var want []int64
		for _, n := range tt.want {
			want = append(want, ids[n])
		}
		same(t, tt.name, must2(s.AcknowledgeRecoveries(ctx, ack)), want)
		same(t, tt.name+" again", must2(s.AcknowledgeRecoveries(ctx, ack)), []int64{})
		for _, r := range must2(s.Recoveries(ctx, RecoveryFilter{})) {
			chosen := slices.Contains(want, r.ID)
			same(t, tt.name+": state of "+r.UID, []any{r.Acknowledged, r.Active, r.AcknowledgedAt.Equal(clock.t)}, []any{chosen, !chosen, chosen})
		}
		active := 0
		for _, d := range must2(s.Detections(ctx, DetectionFilter{All: true})) {
			if d.Active {
				active++
			}
		}
		clears := !ack.Key.IsZero() || ack.Cluster != ""
		same(t, tt.name+": detections still active", active, map[bool]int{true: 4, false: 5}[clears])
	}
	if _, err := s.AcknowledgeRecoveries(ctx, Acknowledgement{Comment: "all of them?"}); err == nil {
		t.Error("nothing was selected, and something was acknowledged")
	}
	same(t, "unacknowledged", len(must2(s.Recoveries(ctx, RecoveryFilter{Unacknowledged: true}))), 0)
}

func journals(t *testing.T, s *Store, clock *testClock) {
	ctx := t.Context()
	e := JournalEntry{UID: "1", Cluster: "c:1", Step: 1, State: `{"a":"größe"}`, Open: true, Updated: clock.t}
	must(t, setJournal(ctx, s, e))
	e.Step = 2
	must(t, setJournal(ctx, s, e))
	have, ok, err := s.Journal(ctx, "1")
	must(t, err)
	same(t, "journal", have, e)
	same(t, "known", ok, true)
	same(t, "open", must2(s.OpenJournals(ctx)), []JournalEntry{e})
	e.Open = false
	must(t, setJournal(ctx, s, e))
	same(t, "none open", len(must2(s.OpenJournals(ctx))), 0)
	_, ok, err = s.Journal(ctx, "none")
	must(t, err)
	same(t, "unknown", ok, false)

	refusal := errors.New("it is another's")
	err = s.ChangeJournal(ctx, "1", func(there JournalEntry, known bool) (JournalEntry, error) {
		same(t, "there", there, e)
		same(t, "known to who changes it", known, true)
		return JournalEntry{UID: "1", Step: 9}, refusal
	})
	same(t, "refused", errors.Is(err, refusal), true)
	have, _, err = s.Journal(ctx, "1")
	must(t, err)
	same(t, "after a refusal", have, e)

	r := newRecovery("2", "with", "with")
	e = JournalEntry{UID: "2", Cluster: "with:1", State: "{}", Open: true, Updated: clock.t}
	same(t, "registered", must2(s.RegisterRecovery(ctx, r, &e, false)).Outcome, Registered)
	unheard := newRecovery("2", "with", "with")
	same(t, "registered again, as the answer was not heard", must2(s.RegisterRecovery(ctx, unheard, nil, false)), Registration{})
	same(t, "its number", unheard.ID, r.ID)
	same(t, "records of it", len(must2(s.Recoveries(ctx, RecoveryFilter{UID: "2"}))), 1)
	blocked := newRecovery("3", "with", "with")
	same(t, "blocked", must2(s.RegisterRecovery(ctx, blocked, &JournalEntry{UID: "3", Open: true}, false)).Outcome, BlockedByCluster)
	same(t, "the journal of who was registered", must2(s.OpenJournals(ctx)), []JournalEntry{e})
}

func changelog(t *testing.T, s *Store, clock *testClock) {
	ctx := t.Context()
	record := func(codes ...string) int {
		var present []AnalysisChange
		for i, c := range codes {
			present = append(present, AnalysisChange{Key: key(string(rune('a' + i))), Analysis: c})
		}
		return len(must2(s.RecordAnalyses(ctx, present)))
	}
	same(t, "nothing", record(), 0)
	same(t, "first sight", record("NoProblem", "NoProblem"), 0)
	same(t, "no change", record("NoProblem", "NoProblem"), 0)
	same(t, "one change", record("DeadMaster", "NoProblem"), 1)
	same(t, "both", record("NoProblem", "DeadMaster"), 2)
	same(t, "of one", must2(s.AnalysisChangelog(ctx, key("a"))), []AnalysisChange{
		{key("a"), "DeadMaster", clock.t}, {key("a"), "NoProblem", clock.t}})
	same(t, "of all", len(must2(s.AnalysisChangelog(ctx, topology.Key{}))), 3)
}

func stale(t *testing.T, s *Store, clock *testClock) {
	ctx := t.Context()
	here, there := topology.Coordinates{LogFile: "b.1", LogPos: 4}, topology.Coordinates{LogFile: "b.1", LogPos: 5}
	began := clock.t
	same(t, "first", must2(s.RecordStaleCoordinates(ctx, key("a"), here)), began)
	clock.advance(time.Minute)
	same(t, "still", must2(s.RecordStaleCoordinates(ctx, key("a"), here)), began)
	same(t, "moved", must2(s.RecordStaleCoordinates(ctx, key("a"), there)), clock.t)
	must(t, s.DeleteStaleCoordinates(ctx, key("a")))
	clock.advance(time.Minute)
	same(t, "anew", must2(s.RecordStaleCoordinates(ctx, key("a"), there)), clock.t)
	limits := Limits{ReasonableLag: 10 * time.Second, LockedSemiSync: 5 * time.Minute}
	for _, w := range []struct {
		after  time.Duration
		purged int64
	}{{6 * time.Minute, 0}, {5 * time.Minute, 1}} { // it must live longer than it takes to be believed
		clock.advance(w.after)
		same(t, "purged", must2(s.Housekeep(ctx, limits)).Purged["database_instance_stale_binlog_coordinates"], w.purged)
	}
}

func audits(t *testing.T, s *Store, clock *testClock) {
	ctx := t.Context()
	for n := range 25 {
		clock.advance(time.Second)
		a := AuditRow{Type: "forget", Key: key("a"), Message: "größe"}
		if n%2 == 0 {
			a.Key = topology.Key{}
		}
		must(t, s.WriteAudit(ctx, a))
	}
	page0, page1 := must2(s.AuditLog(ctx, AuditFilter{})), must2(s.AuditLog(ctx, AuditFilter{Page: 1}))
	same(t, "pages", []int{len(page0), len(page1)}, []int{20, 5})
	same(t, "newest first", page0[0].At, clock.t)
	same(t, "of a server", len(must2(s.AuditLog(ctx, AuditFilter{Key: key("a"), Page: -3}))), 12)

	first := must2(s.AuditLog(ctx, AuditFilter{Limit: 3}))
	next := must2(s.AuditLog(ctx, AuditFilter{Limit: 30, Before: first[2].ID, Type: "forget"}))
	same(t, "windows", []int{len(first), len(next)}, []int{3, 22})
	same(t, "no line twice", next[0].ID, first[2].ID-1)
	same(t, "counts", []int{must2(s.CountAudit(ctx, AuditFilter{Limit: 3, Before: 5})), must2(s.CountAudit(ctx, AuditFilter{Key: key("a")})), must2(s.CountAudit(ctx, AuditFilter{Type: "x"}))}, []int{25, 12, 0})
}

// losses keeps the greatest number of each recovery, as long as there is the recovery.
func losses(t *testing.T, s *Store, clock *testClock) {
	ctx := t.Context()
	r := Recovery{UID: "1:a", Key: key("a"), ClusterName: "c", By: Node{"n", "t"}}
	must2(s.RegisterRecovery(ctx, &r, nil, false))
	same(t, "at first", len(must2(s.RecoveryLosses(ctx, ""))), 0)
	first := RecoveryLoss{UID: r.UID, Basis: "größe", Found: clock.t}
	must(t, s.NoteRecoveryLoss(ctx, first))
	same(t, "nothing was lost, which is known", must2(s.RecoveryLosses(ctx, r.UID)), []RecoveryLoss{first})
	more := RecoveryLoss{UID: r.UID, Transactions: 12, Basis: "b", Found: clock.t.Add(time.Second)}
	must(t, s.NoteRecoveryLoss(ctx, more))
	must(t, s.NoteRecoveryLoss(ctx, RecoveryLoss{UID: r.UID, Transactions: 3}))
	same(t, "the greatest stays", must2(s.RecoveryLosses(ctx, "")), []RecoveryLoss{more})
	same(t, "of another one", len(must2(s.RecoveryLosses(ctx, "2:b"))), 0)
	clock.advance(48 * time.Hour)
	must2(s.Housekeep(ctx, Limits{Audit: 24 * time.Hour}))
	same(t, "without the recovery", len(must2(s.RecoveryLosses(ctx, ""))), 0)
}

// detectionHolds keeps the newest reason of each detection.
func detectionHolds(t *testing.T, s *Store, clock *testClock) {
	ctx := t.Context()
	same(t, "at first", len(must2(s.DetectionHolds(ctx, 0))), 0)
	first := DetectionHold{Detection: 7, Rule: "filter", Reason: "größe", Setting: "RecoverMasterClusterFilters", At: clock.t}
	must(t, s.NoteDetectionHold(ctx, first))
	same(t, "noted", must2(s.DetectionHolds(ctx, 7)), map[int64]DetectionHold{7: first})
	next := DetectionHold{Detection: 7, Rule: "disabled", Reason: "off", Until: clock.t.Add(time.Hour), At: clock.t.Add(time.Second)}
	must(t, s.NoteDetectionHold(ctx, next))
	must(t, s.NoteDetectionHold(ctx, DetectionHold{Detection: 8, Rule: "blocked", Reason: "b", At: clock.t}))
	same(t, "the newest stays", must2(s.DetectionHolds(ctx, 0))[7], next)
	same(t, "of another one", must2(s.DetectionHolds(ctx, 9)), map[int64]DetectionHold{})
	clock.advance(48 * time.Hour)
	must2(s.Housekeep(ctx, Limits{Audit: 24 * time.Hour}))
	same(t, "after its time", len(must2(s.DetectionHolds(ctx, 0))), 0)
}

// authors tells lines of the audit apart by who wrote them, what they say, and when.
func authors(t *testing.T, s *Store, clock *testClock) {
	ctx := t.Context()
	begin := clock.t
	for n, a := range []AuditRow{
		{Type: "tag", Message: "100% of orders (by anna)", Person: "anna", Node: "node1"},
		{Type: "tag", Message: "of billing (by bert)", Person: "bert", Node: "node2"},
		{Type: "recovery", Message: "orders", Node: "node2", Plan: "p1", Recovery: "1:a"},
		{Type: "old", Message: "(by anna)"}, // of an older version
	} {
		a.At = begin.Add(time.Duration(n) * time.Minute)
		must(t, s.WriteAudit(ctx, a))
	}
	clock.advance(time.Hour)
	all := must2(s.AuditLog(ctx, AuditFilter{}))
	same(t, "who and where", []string{all[3].Person, all[3].Node, all[1].Person, all[1].Node, all[0].Person, all[0].Node}, []string{"anna", "node1", "", "node2", "", ""})
	same(t, "of what", []string{all[1].Plan, all[1].Recovery, all[0].Plan, all[3].Recovery}, []string{"p1", "1:a", "", ""})
	for _, c := range []struct {
		name string
		f    AuditFilter
		want int
	}{
		{"a person", AuditFilter{Person: "anna"}, 1},
		{"a part of a person", AuditFilter{Person: "ann"}, 0},
		{"a manager", AuditFilter{Node: "NODE2"}, 2},
		{"a person of a manager", AuditFilter{Person: "bert", Node: "node2"}, 1},
		{"a plan", AuditFilter{Plan: "p1"}, 1},
		{"a recovery", AuditFilter{Recovery: "1:a"}, 1},
		{"another recovery", AuditFilter{Plan: "p1", Recovery: "2:a"}, 0},
		{"a text", AuditFilter{Text: "Orders"}, 2},
		{"a text with a sign", AuditFilter{Text: "100%"}, 1},
		{"a sign is no pattern", AuditFilter{Text: "%"}, 1},
		{"from", AuditFilter{From: begin.Add(2 * time.Minute)}, 2},
		{"to", AuditFilter{To: begin.Add(time.Minute)}, 2},
		{"a span", AuditFilter{From: begin.Add(time.Minute), To: begin.Add(2 * time.Minute)}, 2},
	} {
		same(t, c.name, []int{len(must2(s.AuditLog(ctx, c.f))), must2(s.CountAudit(ctx, c.f))}, []int{c.want, c.want})
	}
	must2(s.Housekeep(ctx, Limits{Audit: time.Minute}))
	same(t, "authors of lines that are gone", len(must2(s.exportTables(ctx, s.reader, "audit_author"))["audit_author"].Data), 0)
}

// wait makes rows look as if time had passed, whoever's clock counts.
func wait(t *testing.T, s *Store, clock *testClock, table string, d time.Duration) {
	t.Helper()
	clock.advance(d)
	if s.dialect == SQLite {
		return
	}
	must2(s.exec(t.Context(), "test", "UPDATE "+table+" SET last_seen_active = last_seen_active - INTERVAL ? SECOND", int(d/time.Second)))
}

func lease(t *testing.T, s *Store, clock *testClock) {
	ctx := t.Context()
	a, b := Node{"a", "1"}, Node{"b", "1"}
	if _, ok, err := s.ActiveNode(ctx); ok || err != nil {
		t.Errorf("somebody leads a new database: %v", err)
	}
	leads := func(n Node, silent ...LeaseMark) bool {
		t.Helper()
		return must2(s.AttemptLease(ctx, n, append(silent, LeaseMark{})[0])).Node == n
	}
	same(t, "the first one", leads(a), true)
	same(t, "another one", leads(b), false)
	seen := must2(s.AttemptLease(ctx, b, LeaseMark{}))
	same(t, "who holds it", seen.Node, a)
	wait(t, s, clock, "active_node", 100*LeaseTime)
	same(t, "renewed", leads(a), true)
	same(t, "what was seen silent is not so any more", leads(b, LeaseMark{a, seen.Renewed.Add(-time.Hour)}), false)
	same(t, "somebody else was silent", leads(b, LeaseMark{Node{"a", "2"}, seen.Renewed}), false)
	same(t, "taken over", leads(b, must2(s.AttemptLease(ctx, b, LeaseMark{}))), true)
	same(t, "the old one has lost it", leads(a), false)
	same(t, "so has a new process on the host", leads(Node{"b", "2"}), false)
	must(t, s.GrabLease(ctx, a))
	same(t, "grabbed", leads(b), false)
	must(t, s.ReportHealth(ctx, NodeHealth{Node: a, AppVersion: "4", Mode: "HttpMode"}))
	h, ok, err := s.ActiveNode(ctx)
	must(t, err)
	same(t, "leader", []any{h.Node, ok, h.AppVersion, h.LastSeen.IsZero()}, []any{a, true, "4", false})
	must(t, s.Reelect(ctx))
	same(t, "a lease that is gone is not renewed", must2(s.RenewLease(ctx, a)), false)
	same(t, "after reelect", leads(b), true)
	wait(t, s, clock, "active_node", 4*time.Second)
	same(t, "the holder renews it", must2(s.RenewLease(ctx, b)), true)
	same(t, "nobody else does", must2(s.RenewLease(ctx, a)), false)
	wait(t, s, clock, "active_node", 4*time.Second)
	same(t, "what was renewed so counts", leads(a), false)
	same(t, "not inherited from somebody else", must2(s.InheritLease(ctx, a, "7")), false)
	same(t, "inherited", must2(s.InheritLease(ctx, a, b.Token)), true)
	same(t, "it is the heir's", must2(s.RenewLease(ctx, a)), true)
	must(t, s.ReleaseLease(ctx, b))
	same(t, "only the holder gives it back", leads(b), false)
	must(t, s.ReleaseLease(ctx, a))
	same(t, "after it was given back", leads(b), true)
}

func health(t *testing.T, s *Store, clock *testClock) {
	ctx := t.Context()
	h := NodeHealth{Node: Node{"a", "1"}, Mode: "HttpMode", Command: "", AppVersion: "4", Backend: "x"}
	must(t, s.ReportHealth(ctx, h))
	must(t, s.ReportHealth(ctx, h))
	live := must2(s.LiveNodes(ctx, AvailableTime))
	same(t, "live", len(live), 1)
	h.FirstSeen, h.LastSeen = live[0].FirstSeen, live[0].LastSeen
	same(t, "node", live[0], h)
	wait(t, s, clock, "node_health", 4*time.Second)
	same(t, "not available", len(must2(s.LiveNodes(ctx, AvailableTime))), 0)
	same(t, "alive", len(must2(s.LiveNodes(ctx, HealthTime))), 1)
	same(t, "kept", must2(s.ExpireNodes(ctx)), 0)
	wait(t, s, clock, "node_health", 2*time.Second)
	same(t, "expired", must2(s.ExpireNodes(ctx)), 1)
}

// reports: what processes say of themselves is there for the others; who has ended without a word is missed, unless another
// process has taken its place.
func reports(t *testing.T, s *Store, clock *testClock) {
	ctx := t.Context()
	a, b := Node{"a", "1"}, Node{"b", "1"}
	say := func(n Node, report, config string) {
		t.Helper()
		must(t, s.ReportHealth(ctx, NodeHealth{Node: n, Mode: "HttpMode", AppVersion: "4"}))
		must(t, s.SaveNodeReport(ctx, NodeReport{Node: n, AppVersion: "4", Report: report, Config: config}))
	}
	say(a, `{"servers":1}`, `["first"]`)
	say(a, `{"servers":2}`, "")
	say(b, `{"servers":3}`, "")
	all := must2(s.NodeReports(ctx))
	same(t, "how many", len(all), 2)
	same(t, "the last word, and the configuration before", []any{all[0].Node, all[0].Report, all[0].Config, all[1].Report, all[1].Config, all[0].Age < 3*time.Second},
		[]any{a, `{"servers":2}`, `["first"]`, `{"servers":3}`, "", true})
	same(t, "nobody is missed", len(must2(s.SilentNodes(ctx))), 0)
	wait(t, s, clock, "node_health", HealthTime+2*time.Second)
	must(t, s.ReportHealth(ctx, NodeHealth{Node: b, Mode: "HttpMode"}))
	silent := must2(s.SilentNodes(ctx))
	same(t, "who is missed", len(silent), 1)
	same(t, "it is", []any{silent[0].Node, silent[0].AppVersion, silent[0].LastSeen.IsZero()}, []any{a, "4", false})
	must(t, s.ReportHealth(ctx, NodeHealth{Node: Node{"a", "2"}, Mode: "HttpMode"}))
	same(t, "another one is in its place", len(must2(s.SilentNodes(ctx))), 0)
	must(t, s.ForgetNodeReport(ctx, b))
	same(t, "left", len(must2(s.NodeReports(ctx))), 1)
	trip, ahead, err := s.Distance(ctx)
	must(t, err)
	if trip <= 0 || ahead.Abs() > time.Minute { // the test runs beside its backend
		t.Errorf("%s away, %s ahead", trip, ahead)
	}
}

func tokens(t *testing.T, s *Store, clock *testClock) {
	ctx := t.Context()
	must(t, s.SaveToken(ctx, AccessToken{"p1", "s1", "ann", false}))
	must(t, s.SaveToken(ctx, AccessToken{"p2", "s2", "ann", false}))
	must(t, s.SaveToken(ctx, AccessToken{"p3", "s3", "ann", true}))
	same(t, "not acquired", must2(s.ValidToken(ctx, "p1", "s1", time.Hour)), false)
	same(t, "acquired", must2(s.AcquireToken(ctx, "p1", time.Minute)), "s1")
	if _, err := s.AcquireToken(ctx, "p1", time.Minute); !errors.Is(err, ErrNotFound) {
		t.Errorf("acquired twice: %v", err)
	}
	same(t, "valid", must2(s.ValidToken(ctx, "p1", "s1", time.Hour)), true)
	same(t, "wrong secret", must2(s.ValidToken(ctx, "p1", "s2", time.Hour)), false)
	clock.advance(2 * time.Minute)
	if _, err := s.AcquireToken(ctx, "p2", time.Minute); !errors.Is(err, ErrNotFound) {
		t.Errorf("acquired too late: %v", err)
	}
	for range 2 {
		same(t, "reentrant", must2(s.AcquireToken(ctx, "p3", time.Minute)), "s3")
	}
	clock.advance(2 * time.Hour)
	same(t, "too old", must2(s.ValidToken(ctx, "p1", "s1", time.Hour)), false)
	same(t, "never too old", must2(s.ValidToken(ctx, "p3", "s3", time.Hour)), true)
	same(t, "expired", must2(s.ExpireTokens(ctx, time.Hour)), 2)
}

func histories(t *testing.T, s *Store, clock *testClock) {
	ctx := t.Context()
	i := server(1)
	must(t, s.SaveInstances(ctx, i))
	same(t, "no snapshot yet", must2(s.LastTopologySnapshot(ctx)), time.Time{})
	must(t, s.SnapshotTopologies(ctx))
	must(t, s.SnapshotTopologies(ctx))
	taken := clock.t
	clock.advance(time.Hour)
	same(t, "the last snapshot", must2(s.LastTopologySnapshot(ctx)), taken)
	same(t, "keys", must2(s.InstanceKeys(ctx)), []topology.Key{i.Key})
	same(t, "history", must2(s.TopologyHistory(ctx, i.ClusterName, clock.t)), []TopologyRow{
		{taken, i.Key, i.SourceKey(), i.ClusterName, i.Version}})
	same(t, "before", len(must2(s.TopologyHistory(ctx, "", taken.Add(-time.Second)))), 0)
	must(t, s.SnapshotTopologies(ctx))
	same(t, "snapshots", must2(s.TopologySnapshots(ctx)), []time.Time{clock.t, taken})

	must(t, s.RecordCoordinates(ctx))
	same(t, "coordinates", must2(s.CoordinatesHistory(ctx, i.Key)), []PastCoordinates{
		{clock.t, i.SelfCoordinates, topology.Coordinates{Type: topology.RelayLog}}})
	must(t, s.ClearRelayHistory(ctx, i.Key))

	p := func(host string, pos int64) PositionOn {
		return PositionOn{key(host), topology.Coordinates{LogFile: "b.1", LogPos: pos}}
	}
	must(t, s.RecordEquivalence(ctx, p("a", 1), p("b", 2)))
	must(t, s.RecordEquivalence(ctx, p("a", 1), p("b", 3)))
	same(t, "equivalents", must2(s.Equivalents(ctx, p("a", 1))), []PositionOn{p("b", 3)})
	same(t, "the other way", must2(s.Equivalents(ctx, p("b", 3))), []PositionOn{p("a", 1)})

	must(t, s.RecordInjectedPseudoGTID(ctx, "c:1"))
	must(t, s.RecordInjectedPseudoGTID(ctx, "c:1"))
	same(t, "injected", must2(s.InjectedPseudoGTID(ctx)), map[string]time.Time{"c:1": clock.t})
}

func agents(t *testing.T, s *Store, clock *testClock) {
	ctx := t.Context()
	must(t, s.SubmitAgent(ctx, "h", 3001, "tok"))
	must(t, s.UpdateAgent(ctx, "h", true, 3306, 4))
	clock.advance(time.Second)
	must(t, s.UpdateAgent(ctx, "h", false, 0, 0))
	same(t, "agents", must2(s.Agents(ctx)), []Agent{{"h", 3001, "tok", 3306, 4, at(0), at(1), at(0)}})

	one, two := must2(s.BeginSeed(ctx, "h", "g")), must2(s.BeginSeed(ctx, "i", "g"))
	step := must2(s.WriteSeedState(ctx, SeedState{SeedID: two, Action: "copy"}))
	must(t, s.SetSeedStateError(ctx, step, "broken"))
	same(t, "steps", must2(s.SeedStates(ctx, two)), []SeedState{{step, two, clock.t, "copy", "broken"}})
	must(t, s.EndSeed(ctx, one, true))
	same(t, "active", must2(s.Seeds(ctx, SeedFilter{Active: true, Limit: 1})), []Seed{{ID: two, Target: "i", Source: "g", Start: clock.t}})
	clock.advance(time.Hour)
	same(t, "stale", must2(s.FailStaleSeeds(ctx, time.Minute)), 1)
	same(t, "none active", len(must2(s.Seeds(ctx, SeedFilter{Active: true}))), 0)
	same(t, "of a host", len(must2(s.Seeds(ctx, SeedFilter{Host: "g"}))), 2)
}

func forgetting(t *testing.T, s *Store, clock *testClock) {
	ctx := t.Context()
	for n := range 5 {
		i := checked(server(n), clock.t.Add(-time.Duration(n)*time.Hour), true)
		if n == 4 {
			i.ClusterName, i.Check.Seen = "other:1", time.Time{}
		}
		must(t, s.SaveInstances(ctx, i))
	}
	same(t, "one", must2(s.ForgetInstances(ctx, server(0).Key, key("unknown"))), 1)
	same(t, "unseen", must2(s.ForgetUnseen(ctx, 150*time.Minute)), []topology.Key{server(3).Key, server(4).Key})
	same(t, "cluster", must2(s.ForgetCluster(ctx, server(1).ClusterName)), []topology.Key{server(1).Key, server(2).Key})
	same(t, "nothing left", len(load(t, s)), 0)
	same(t, "no details left", must2(s.deleteOrphans(ctx)), 0)
}

func housekeeping(t *testing.T, s *Store, clock *testClock) {
	ctx := t.Context()
	fill := func() {
		must(t, s.SaveInstances(ctx, checked(server(1), clock.t, true)))
		must(t, s.RegisterCandidate(ctx, Candidate{key("a"), topology.PreferPromote, clock.t}))
		must(t, s.SubmitPool(ctx, "p", []topology.Key{key("a")}, clock.t))
		must(t, s.WriteAudit(ctx, AuditRow{Type: "forget"}))
		must(t, s.SetAlias(ctx, "c:1", "c"))
		must(t, s.SetDomain(ctx, "c:1", "d"))
		must(t, s.SaveResolvedNames(ctx, ResolvedName{Hostname: "a", Resolved: "b"}))
		must(t, s.RegisterUnresolve(ctx, "a", "v", clock.t))
		must(t, s.SaveToken(ctx, AccessToken{Public: "p", Secret: "s"}))
		must2(s.RecordStaleCoordinates(ctx, key("a"), topology.Coordinates{LogFile: "x"}))
		must(t, s.SnapshotTopologies(ctx))
		must(t, s.RecordCoordinates(ctx))
		r := newRecovery("1", "a", "c:1")
		register(t, s, r, true)
		must(t, s.WriteRecoveryStep(ctx, RecoveryStep{UID: "1"}))
		open := newRecovery("2", "b", "d:1")
		register(t, s, open, true)
		must(t, setJournal(ctx, s, JournalEntry{UID: "2", Open: true}))
		must2(s.RegisterDetection(ctx, &Detection{Key: key("a"), Analysis: "DeadMaster"}))
		must2(s.exec(ctx, "test", "INSERT INTO database_instance_extra VALUES ('orphan', 1, '', '{}', ?)", stamp(clock.t)))
	}
	fill()
	all := time.Minute
	limits := Limits{UnseenInstance: all, HostResolve: all, Candidate: all, Pool: all, AccessToken: all, Audit: all,
		UnseenAgent: all, StaleSeed: all, ReasonableLag: 10 * time.Second, LockedSemiSync: 10 * time.Second, History: all}
	report := must2(s.Housekeep(ctx, limits))
	same(t, "nothing is old", report, HousekeepReport{Forgotten: []topology.Key{}, Purged: map[string]int64{"database_instance_extra": 1}})
	clock.advance(time.Hour)
	same(t, "no limits", must2(s.Housekeep(ctx, Limits{})).Purged, map[string]int64{"database_instance_coordinates_history": 1})
	report = must2(s.Housekeep(ctx, limits))
	same(t, "forgotten", report.Forgotten, []topology.Key{server(1).Key})
	same(t, "purged", report.Purged, map[string]int64{
		"database_instance": 1, "candidate_database_instance": 1, "database_instance_pool": 1, "audit": 1, "cluster_alias": 1,
		"cluster_domain_name": 1, "hostname_resolve": 1, "hostname_resolve_history": 1, "hostname_unresolve": 1,
		"hostname_unresolve_history": 1, "access_token": 1, "database_instance_stale_binlog_coordinates": 1,
		"database_instance_topology_history": 1, "topology_recovery": 1, "topology_recovery_steps": 1,
		"topology_failure_detection": 1})
	same(t, "the one with an open journal is kept", len(must2(s.Recoveries(ctx, RecoveryFilter{}))), 1)
}

func exportImport(t *testing.T, s *Store, clock *testClock) {
	ctx := t.Context()
	must(t, s.SetAlias(ctx, "c:1", "c"))
	must(t, s.BeginDowntime(ctx, key("a"), topology.Downtime{Owner: "o", Begin: clock.t, End: clock.t.Add(time.Hour)}))
	r := newRecovery("1", "a", "c:1")
	register(t, s, r, false)
	var tables []string
	for _, name := range SharedTables() {
		tables = append(tables, name)
	}
	exported := must2(s.ExportTables(ctx, tables...))
	same(t, "tables", len(exported), 16)

	iso := "2026-11-20T08:30:00Z"
	for n, c := range exported["database_instance_downtime"].Columns {
		if c == "end_timestamp" {
			exported["database_instance_downtime"].Data[0][n] = &iso
		}
	}
	for _, name := range tables {
		must2(s.exec(ctx, "test", "DELETE FROM "+name))
	}
	must(t, s.SetAlias(ctx, "mine:1", "mine"))
	must(t, s.ImportTables(ctx, exported))
	same(t, "merged", must2(s.Aliases(ctx)), map[string]string{"c:1": "c", "mine:1": "mine"})
	same(t, "recovery", must2(s.Recoveries(ctx, RecoveryFilter{})), []Recovery{*r})
	same(t, "end of downtime", must2(s.Downtimes(ctx))[key("a")].End, clock.t.Add(30*time.Minute))
	clock.advance(31 * time.Minute)
	same(t, "it ends on the same day", must2(s.ExpireDowntimes(ctx)), []topology.Key{key("a")})
	if err := s.ImportTables(ctx, map[string]TableData{"none": {}}); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown table: %v", err)
	}
	if _, err := s.ExportTables(ctx, "none"); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown table: %v", err)
	}
}

func writing(t *testing.T, s *Store, clock *testClock) {
	w := quietWriter(t, s, WriterOptions{})
	const fleet = 1050
	for range 2 {
		clock.advance(time.Second)
		for n := range fleet {
			w.Observe(checked(server(n), clock.t, true))
		}
		must(t, w.Flush(t.Context()))
	}
	st := w.Stats()
	same(t, "full, touched", []uint64{st.Full, st.Touched}, []uint64{fleet, fleet})
	must2(s.ForgetInstances(t.Context(), server(5).Key))
	for range 2 {
		clock.advance(time.Second)
		for n := range fleet {
			w.Observe(checked(server(n), clock.t, true))
		}
		must(t, w.Flush(t.Context()))
	}
	stored := load(t, s)
	same(t, "stored", len(stored), fleet)
	for _, i := range stored {
		if !i.Check.Seen.Equal(clock.t) || i.Channel.RetrievedSet == "" {
			t.Fatalf("%s: %+v", i.Key, i)
		}
	}
}

// Whatever a text contains, it must not keep a decision from being stored.
func foreignTexts(t *testing.T, s *Store, clock *testClock) {
	ctx := t.Context()
	long := ""
	for range 50 {
		long += "日本語 😀 "
	}
	must(t, s.BeginDowntime(ctx, key("a"), topology.Downtime{Owner: long, Reason: long, Begin: clock.t, End: clock.t.Add(time.Hour)}))
	must(t, s.WriteAudit(ctx, AuditRow{Type: "forget", Message: long}))
	r := newRecovery("1", "a", "c:1")
	r.ClusterAlias = long
	same(t, "registered", register(t, s, r, false).Outcome, Registered)
	r.Errors = []string{long}
	must(t, s.ResolveRecovery(ctx, r))
	must2(s.AcknowledgeRecoveries(ctx, Acknowledgement{UID: "1", By: long, Comment: long}))
	i := server(1)
	i.Channel.LastIOError, i.Version, i.Check.Err = long, "8.0.41", long
	must(t, s.SaveInstances(ctx, i))
	same(t, "error", load(t, s)[i.Key].Channel.LastIOError, long)
}

// setJournal stores a journal, whatever is there.
func setJournal(ctx context.Context, s *Store, e JournalEntry) error {
	return s.ChangeJournal(ctx, e.UID, func(JournalEntry, bool) (JournalEntry, error) { return e, nil })
}
