package recovery

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/config"
	"orchestrator/internal/plan"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// backend is a ledger in a new database; alive are the tokens of the processes that live.
func backend(t *testing.T, alive *[]string) (*StoreLedger, *store.Store) {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{File: filepath.Join(t.TempDir(), "o.sqlite3"), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	cfg := config.Default()
	return NewStoreLedger(s, Node{"host", "me"}, func() *config.Config { return cfg }, func(context.Context) ([]store.Node, error) {
		var nodes []store.Node
		for _, token := range *alive {
			nodes = append(nodes, store.Node{Hostname: "host", Token: token})
		}
		return nodes, nil
	}), s
}

func TestUnfinishedRecoveriesOnRecord(t *testing.T) {
	alive := []string{"me"}
	l, s := backend(t, &alive)
	ctx := t.Context()
	r := &Recovery{UID: "1:a", Started: time.Now(), Finding: analysis.Finding{
		Key: key("p"), Code: analysis.DeadPrimary, ClusterName: "p:3306", ClusterAlias: "shop", Replicas: []topology.Key{key("a"), key("b")}, CountReplicas: 2}}
	if block, err := l.RegisterRecovery(ctx, r, nil); err != nil || block.Blocked() {
		t.Fatal(block, err)
	}
	p := plan.Plan{Operation: "DeadMaster", Cluster: "p:3306", Failed: key("p"), Successor: key("a")}
	p.Add(1, plan.Step{Server: key("a"), State: plan.Done, NoReturn: true, Action: plan.Action{Verb: plan.SetWritable, At: topology.Coordinates{LogFile: "x.000001", LogPos: 4}}})
	if err := l.SaveProgress(ctx, r.UID, &Journal{Plan: p, Hooks: true}); err != nil {
		t.Fatal(err)
	}
	read := func() Unfinished {
		t.Helper()
		got, err := l.Unfinished(ctx)
		if err != nil || len(got) != 1 {
			t.Fatalf("%+v %v", got, err)
		}
		return got[0]
	}
	u := read()
	if !u.Own || !u.Running || !u.Journal.Hooks || u.Journal.Successor != key("a") || u.Journal.NoReturn().Action.At.LogPos != 4 {
		t.Errorf("journal %+v", u)
	}
	if f := u.Recovery.Finding; f.Key != key("p") || f.Code != analysis.DeadPrimary || f.ClusterAlias != "shop" || len(f.Replicas) != 2 || u.Recovery.ID != r.ID {
		t.Errorf("recovery %+v", u.Recovery)
	}
	if err := l.SaveProgress(ctx, r.UID, &Journal{Plan: p, GivenUp: true}); err != nil {
		t.Fatal(err)
	}
	if read().Running {
		t.Error("what was given up counts as running")
	}

	// Its process is gone. It is left alone until it has been finished.
	alive = []string{"other"}
	if u := read(); u.Running {
		t.Error("the process is gone and the recovery counts as running")
	}
	if err := l.Expire(ctx); err != nil {
		t.Fatal(err)
	}
	crashed := func() bool {
		t.Helper()
		rows, err := s.Recoveries(ctx, store.RecoveryFilter{UID: r.UID})
		if err != nil || len(rows) != 1 {
			t.Fatalf("%+v %v", rows, err)
		}
		return rows[0].Acknowledged
	}
	if crashed() {
		t.Error("it was acknowledged as crashed while its journal was open")
	}
	next := &Recovery{UID: "2:b", Started: time.Now(), Finding: r.Finding}
	if block, err := l.RegisterRecovery(ctx, next, nil); err != nil || !block.Blocked() {
		t.Errorf("a second recovery may begin: %v %v", block, err)
	}
	if err := l.CloseJournal(ctx, r.UID); err != nil {
		t.Fatal(err)
	}
	if got, err := l.Unfinished(ctx); err != nil || len(got) > 0 {
		t.Errorf("%+v %v", got, err)
	}
	if err := l.Expire(ctx); err != nil || !crashed() {
		t.Errorf("a crashed recovery with nothing left to do is not acknowledged: %v", err)
	}
	if err := l.CloseJournal(ctx, "none"); err != nil {
		t.Errorf("no journal to close: %v", err)
	}
}

func TestAcknowledgedRecoveryBlocksNoMore(t *testing.T) {
	alive := []string{"me"}
	l, _ := backend(t, &alive)
	first := &Recovery{UID: "1:a", Started: time.Now(), Finding: analysis.Finding{Key: key("p"), Code: analysis.DeadPrimary, ClusterName: "p:3306"}}
	if _, err := l.RegisterRecovery(t.Context(), first, nil); err != nil {
		t.Fatal(err)
	}
	first.Ended = time.Now()
	if err := l.ResolveRecovery(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if err := l.Acknowledge(t.Context(), first.UID, crashComment); err != nil {
		t.Fatal(err)
	}
	second := &Recovery{UID: "2:b", Started: time.Now(), Finding: first.Finding}
	if block, err := l.RegisterRecovery(t.Context(), second, nil); err != nil || block.Blocked() {
		t.Errorf("blocked: %v %v", block, err)
	}
}

// TestWhoPromotedNobodyGivesWay registers a recovery of one kind after a finished one of another, in the same cluster.
func TestWhoPromotedNobodyGivesWay(t *testing.T) {
	for name, c := range map[string]struct {
		first, second analysis.Code
		unfinished    bool
		blocked       bool
	}{
		"a primary after an intermediate source":    {first: analysis.DeadIntermediate, second: analysis.DeadPrimary},
		"a primary after semi-sync":                 {first: analysis.LockedSemiSyncPrimary, second: analysis.DeadPrimary},
		"a co-primary after an intermediate source": {first: analysis.DeadIntermediate, second: analysis.DeadCoPrimary},
		"a primary while another recovery runs":     {first: analysis.DeadIntermediate, second: analysis.DeadPrimary, unfinished: true, blocked: true},
		"a primary after a primary":                 {first: analysis.DeadPrimary, second: analysis.DeadPrimary, blocked: true},
		"an intermediate source after another one":  {first: analysis.DeadIntermediate, second: analysis.DeadIntermediate, blocked: true},
		"an intermediate source after a primary":    {first: analysis.DeadPrimary, second: analysis.DeadIntermediate, blocked: true},
	} {
		t.Run(name, func(t *testing.T) {
			alive := []string{"me"}
			l, s := backend(t, &alive)
			register := func(uid, server string, code analysis.Code) Block {
				t.Helper()
				r := &Recovery{UID: uid, Started: time.Now(), Finding: analysis.Finding{Key: key(server), Code: code, ClusterName: "p:3306"}}
				b, err := l.RegisterRecovery(t.Context(), r, nil)
				if err != nil {
					t.Fatal(err)
				}
				if c.unfinished || b.Blocked() {
					return b
				}
				r.Ended, r.Successor = time.Now(), key("s")
				if err := l.ResolveRecovery(t.Context(), r); err != nil {
					t.Fatal(err)
				}
				return b
			}
			if b := register("1:a", "i", c.first); b.Blocked() {
				t.Fatal(b)
			}
			before, err := l.Blocking(t.Context(), key("p"), "p:3306")
			if err != nil || before == nil || before.Promotion != hasPromoted(&store.Recovery{Analysis: string(c.first)}) {
				t.Errorf("in the way: %+v %v", before, err)
			}
			b := register("2:b", "p", c.second)
			if b.Blocked() != c.blocked || c.blocked && !c.unfinished && b.Until.Before(time.Now()) {
				t.Errorf("blocked: %+v", b)
			}
			rows, err := s.Recoveries(t.Context(), store.RecoveryFilter{UID: "1:a"})
			if err != nil || rows[0].Acknowledged == c.blocked || !c.blocked && rows[0].AckComment != givesWay {
				t.Errorf("the first one: %+v %v", rows, err)
			}
		})
	}
}

func TestUnreadableJournalIsStillUnfinished(t *testing.T) {
	alive := []string{"me"}
	l, s := backend(t, &alive)
	if err := s.ChangeJournal(t.Context(), "bad", func(store.JournalEntry, bool) (store.JournalEntry, error) {
		return store.JournalEntry{UID: "bad", Cluster: "x", State: "{", Open: true}, nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := l.SaveProgress(t.Context(), "good", &Journal{Plan: plan.Plan{Failed: key("p"), Cluster: "p:3306"}}); err != nil {
		t.Fatal(err)
	}
	got, err := l.Unfinished(t.Context())
	if err != nil || len(got) != 2 || got[0].Recovery.UID != "bad" || got[0].Recovery.Finding.ClusterName != "x" {
		t.Errorf("%+v %v", got, err)
	}
}

func TestAClosedJournalStaysClosed(t *testing.T) {
	alive := []string{"me"}
	l, _ := backend(t, &alive)
	j := &Journal{Plan: plan.Plan{Failed: key("p"), Cluster: "p:3306"}}
	for n := range 2 { // a process that was away has more to write after another one has finished its recovery
		if err := l.SaveProgress(t.Context(), "uid", j); n == 0 && err != nil || n > 0 && !errors.Is(err, ErrTakenUp) {
			t.Errorf("write %d: %v", n, err)
		}
		if err := l.CloseJournal(t.Context(), "uid"); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := l.Unfinished(t.Context()); err != nil || len(left) > 0 {
		t.Errorf("unfinished: %+v %v", left, err)
	}
}

func TestDemotedSince(t *testing.T) {
	alive := []string{"me"}
	type happened struct {
		code           analysis.Code
		failed, winner string // no winner: it failed
	}
	for name, c := range map[string]struct {
		course []happened
		age    time.Duration
		want   bool
	}{
		"nothing happened":           {want: false},
		"another one was promoted":   {course: []happened{{analysis.DeadPrimary, "p", "a"}}, want: true},
		"as a co-primary":            {course: []happened{{analysis.DeadCoPrimary, "p", "a"}}, want: true},
		"that was long ago":          {course: []happened{{analysis.DeadPrimary, "p", "a"}}, age: time.Hour, want: false},
		"nobody was promoted":        {course: []happened{{analysis.DeadPrimary, "p", ""}}, want: false},
		"it was promoted again":      {course: []happened{{analysis.DeadPrimary, "p", "a"}, {analysis.DeadPrimary, "a", "p"}}, want: false},
		"and demoted again":          {course: []happened{{analysis.DeadPrimary, "p", "a"}, {analysis.DeadPrimary, "a", "p"}, {analysis.DeadPrimary, "p", "b"}}, want: true},
		"its replicas were moved":    {course: []happened{{analysis.DeadIntermediate, "p", "a"}}, want: false},
		"it was opened in its place": {course: []happened{{analysis.NoWriteablePrimary, "p", "p"}}, want: false},
		"another one was demoted":    {course: []happened{{analysis.DeadPrimary, "q", "a"}}, want: false},
	} {
		t.Run(name, func(t *testing.T) {
			l, _ := backend(t, &alive)
			for n, h := range c.course {
				r := &Recovery{UID: newUID(time.Now()), Started: time.Now().Add(-c.age), Forced: true,
					Finding: analysis.Finding{Key: key(h.failed), Code: h.code, ClusterName: "p:3306", ClusterAlias: "p:3306"}}
				if block, err := l.RegisterRecovery(t.Context(), r, nil); err != nil || block.Blocked() {
					t.Fatal(n, block, err)
				}
				if h.winner != "" {
					r.Successor = key(h.winner)
				}
				r.Ended = r.Started
				if err := l.ResolveRecovery(t.Context(), r); err != nil {
					t.Fatal(err)
				}
			}
			got, err := l.DemotedSince(t.Context(), key("p"), time.Now().Add(-time.Minute))
			if err != nil || got != c.want {
				t.Errorf("%t %v", got, err)
			}
		})
	}
}

// TestOneProcessAtATimeWorksOnARecovery: who was replaced while it stood still changes nothing of what another one does.
func TestOneProcessAtATimeWorksOnARecovery(t *testing.T) {
	alive := []string{"me", "next"}
	l, s := backend(t, &alive)
	next := NewStoreLedger(s, Node{"host", "next"}, l.config, l.alive)
	ctx := t.Context()
	r := &Recovery{UID: "1:a", Started: time.Now(), Finding: analysis.Finding{Key: key("p"), Code: analysis.DeadPrimary, ClusterName: "p:3306"}}
	mine := newJournal(r, true)
	if block, err := l.RegisterRecovery(ctx, r, &mine); err != nil || block.Blocked() {
		t.Fatal(block, err)
	}
	seen := func() *Unfinished {
		t.Helper()
		left, err := next.Unfinished(ctx)
		if err != nil || len(left) != 1 {
			t.Fatalf("%+v %v", left, err)
		}
		return &left[0]
	}
	first := seen()
	if first.Own || !first.Running || first.Recovery.ID != r.ID || first.Journal.Failed != key("p") || !first.Journal.Hooks {
		t.Fatalf("what is known of it from its first moment: %+v", first)
	}
	alive = []string{"next"}
	if seen().Running {
		t.Error("the process is gone and the recovery counts as running")
	}
	if err := next.SaveProgress(ctx, r.UID, &mine); !errors.Is(err, ErrTakenUp) {
		t.Errorf("somebody writes what it has not taken up: %v", err)
	}
	theirs := seen().Journal
	theirs.Begun = map[string]int{"PostFailoverProcesses": 1}
	if err := next.TakeUp(ctx, first, &theirs); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"writes its journal": l.SaveProgress(ctx, r.UID, &mine),
		"ends it":            l.ResolveRecovery(ctx, r),
		"closes its journal": l.CloseJournal(ctx, r.UID),
		"takes it up again":  l.TakeUp(ctx, first, &mine),
	} {
		if !errors.Is(err, ErrTakenUp) {
			t.Errorf("who stood still %s: %v", what, err)
		}
	}
	if u := seen(); !u.Own || !u.Running || u.Journal.Begun["PostFailoverProcesses"] != 1 {
		t.Errorf("%+v", u)
	}
	r.Ended = time.Now()
	if err := errors.Join(next.SaveProgress(ctx, r.UID, &theirs), next.ResolveRecovery(ctx, r), next.CloseJournal(ctx, r.UID)); err != nil {
		t.Error(err)
	}
}

func TestUnfinishedRecoveriesOfAllKinds(t *testing.T) {
	alive := []string{"me"}
	for code, want := range map[analysis.Code]string{
		analysis.DeadPrimary: "master", analysis.DeadCoPrimary: "co-master", analysis.DeadIntermediate: "intermediate-master",
		analysis.DeadGroupMemberWithReplicas: "group-member", analysis.NoWriteablePrimary: "master", analysis.LockedSemiSyncPrimary: "master",
	} {
		t.Run(string(code), func(t *testing.T) {
			l, _ := backend(t, &alive)
			r := &Recovery{UID: "1:a", Started: time.Now(), Finding: analysis.Finding{Key: key("p"), Code: code, ClusterName: "p:3306"}}
			if _, err := l.RegisterRecovery(t.Context(), r, nil); err != nil {
				t.Fatal(err)
			}
			if err := l.SaveProgress(t.Context(), r.UID, &Journal{Plan: plan.Plan{Operation: string(code), Cluster: "p:3306", Failed: key("p")}}); err != nil {
				t.Fatal(err)
			}
			left, err := l.Unfinished(t.Context())
			if err != nil || len(left) != 1 || left[0].Recovery.Finding.InstanceType() != want {
				t.Errorf("%+v %v", left, err)
			}
		})
	}
}
