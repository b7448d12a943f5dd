package recovery

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/observe"
	"orchestrator/internal/plan"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

func (s fakeServer) Credentials(context.Context) (server.Credentials, error) {
	if s.f.mute {
		return server.Credentials{}, server.ErrNoCredentials
	}
	return server.Credentials{User: "repl", Password: "secret"}, nil
}
func (s fakeServer) Processlist(context.Context) ([]server.Process, error) { return nil, nil }
func (s fakeServer) KillConnection(context.Context, uint64) error          { return nil }

const gracefulHooks = `"PreGracefulTakeoverProcesses": ["g"], "PostGracefulTakeoverProcesses": ["h"]`

var (
	auto  = TakeoverRequest{Command: GracefulTakeoverAuto, Cluster: "p:3306"}
	force = TakeoverRequest{Command: ForceFailover, Cluster: "p:3306"}
)

// working is a primary that takes writes, with two replicas.
func working() *fakeFleet {
	f := star("a", "b")
	for _, r := range []string{"a", "b"} {
		f.change(r, func(i *topology.Instance) { i.Lag = topology.Seconds{Known: true} })
	}
	return f
}

func (b *bench) open(name string) bool { return !b.Snapshot().Instance(key(name)).ReadOnly }

// before says whether one statement came before another; both must have been said.
func (b *bench) before(first, second string) bool {
	all := b.statements()
	i, j := slices.Index(all, first), slices.Index(all, second)
	return i >= 0 && j > i
}

func TestTakeover(t *testing.T) {
	inBubble(t, working, gracefulHooks, func(t *testing.T, b *bench) {
		b.run(t)
		b.ledger.disabled = true // it is about what happens by itself
		r, err := b.engine.Takeover(t.Context(), auto)
		if err != nil || r.Successor != key("a") || r.SuccessorCoordinates.LogFile != "own.000001" || r.Finding.Code != "DeadMaster" {
			t.Fatalf("%+v, %v", r, err)
		}
		want := []string{"PreGracefulTakeoverProcesses", "OnFailureDetectionProcesses", "PreFailoverProcesses",
			"PostMasterFailoverProcesses", "PostFailoverProcesses", "PostGracefulTakeoverProcesses"}
		if got := b.hooks.lists(); !slices.Equal(got, want) {
			t.Errorf("hooks %v", got)
		}
		if v := b.hooks.last; v.Command != "graceful-master-takeover" || v.Successor != key("a") || v.Failed != key("p") {
			t.Errorf("hooks were told %+v", v)
		}
		if !b.before("b: follow a", "p: read_only=true") || !b.before("p: read_only=true", "a: read_only=false") || !b.before("a: read_only=false", "p: follow a") || !b.said("p: start") {
			t.Errorf("statements %v", b.statements())
		}
		if len(b.ledger.downtimes) > 0 {
			t.Errorf("downtimes %v", b.ledger.downtimes)
		}
		if got, ok := b.ledger.ended(); !ok || got.Successor != key("a") || !slices.Equal(b.ledger.acked, []string{r.UID}) || len(b.ledger.journals) > 0 {
			t.Errorf("record %+v, acknowledged %v, open journals %v", got, b.ledger.acked, b.ledger.journals)
		}
		if !slices.Contains(b.ledger.audits, "p: graceful-master-takeover") {
			t.Errorf("audits %v", b.ledger.audits)
		}
		after(2 * time.Second)
		if b.open("p") || !b.open("a") || b.open("b") {
			t.Error("not exactly the new primary is open")
		}
	})
}

// TestTakeoverClosesWhomThePrimaryReplacedFirst: that one came back open while nobody led.
func TestTakeoverClosesWhomThePrimaryReplacedFirst(t *testing.T) {
	inBubble(t, working, "", func(t *testing.T, b *bench) {
		b.put(&topology.Instance{Key: key("o"), LogBin: true, Downtime: &topology.Downtime{Reason: topology.ReasonLostInRecovery, Begin: time.Now(), End: time.Now().Add(time.Hour)}})
		b.change("o", func(i *topology.Instance) { i.ClusterName = "o:3306" })
		b.ledger.resolved = []Recovery{{UID: "earlier", Finding: analysis.Finding{Key: key("o"), Code: analysis.DeadPrimary, ClusterName: "o:3306", IsPrimary: true}, Successor: key("p")}}
		ctx, cancel := context.WithCancel(t.Context())
		b.engine.ctx = ctx // it runs, and has not looked around yet
		r, err := b.engine.Takeover(ctx, auto)
		if cancel(); err != nil || r.Successor != key("a") {
			t.Fatalf("%+v, %v", r, err)
		}
		b.engine.work.Wait()
		if !b.before("o: read_only=true", "p: read_only=true") {
			t.Errorf("statements %v", b.statements())
		}
	})
}

func TestTakeoverLeavesTheFormerPrimaryStoppedUnlessAsked(t *testing.T) {
	inBubble(t, working, "", func(t *testing.T, b *bench) {
		r, err := b.engine.Takeover(t.Context(), TakeoverRequest{Command: GracefulTakeover, Cluster: "p:3306", Designated: key("b")})
		if err != nil || r.Successor != key("b") {
			t.Fatalf("%+v, %v", r, err)
		}
		if !b.said("p: follow b") || b.said("p: start") {
			t.Errorf("statements %v", b.statements())
		}
		if d := b.ledger.downtimes[key("p")]; d.Reason != topology.ReasonLostInRecovery || len(b.ledger.downtimes) != 1 {
			t.Errorf("downtimes %v", b.ledger.downtimes)
		}
	})
}

// TestAPrimaryThatIsOpenAgainKeepsATakeoverFromOpening: it was started anew since it was closed, and its option file opens it.
func TestAPrimaryThatIsOpenAgainKeepsATakeoverFromOpening(t *testing.T) {
	for name, c := range map[string]struct {
		state   plan.State
		change  func(*bench)
		refused bool
	}{
		"it is closed":              {plan.Done, func(b *bench) { b.change("p", func(i *topology.Instance) { i.ReadOnly = true }) }, false},
		"it is open again":          {plan.Done, func(*bench) {}, true},
		"it was not closed":         {plan.Failed, func(*bench) {}, false},
		"it has not answered since": {plan.Done, func(b *bench) { b.lose("p") }, false},
		"it was open when it answered last": {plan.Done, func(b *bench) {
			b.change("p", func(i *topology.Instance) { i.Check.Seen = time.Now().Add(time.Second) })
			b.lose("p")
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, working, "", func(t *testing.T, b *bench) {
				c.change(b)
				r := &Recovery{Finding: analysis.Finding{Key: key("p")}}
				r.Plan.Add(1, plan.Step{Server: key("p"), State: c.state, Ended: time.Now(), Action: plan.Action{Verb: plan.ClosePrimary}})
				if err := b.engine.stillClosed(t.Context(), r); (err != nil) != c.refused {
					t.Errorf("%v", err)
				}
			})
		})
	}
}

// TestTakeoverOpensNobodyBesideAPrimaryThatIsOpenAgain has that happen while the successor still applies the newest transaction.
func TestTakeoverOpensNobodyBesideAPrimaryThatIsOpenAgain(t *testing.T) {
	inBubble(t, working, "", func(t *testing.T, b *bench) {
		b.run(t)
		b.on["a: wait"] = func(context.Context) error {
			if b.said("p: read_only=true") {
				b.change("p", func(i *topology.Instance) { i.ReadOnly = false })
			}
			return nil
		}
		if r, err := b.engine.Takeover(t.Context(), auto); err == nil || !strings.Contains(err.Error(), "open again") {
			t.Errorf("%+v: %v", r, err)
		}
		if b.said("a: read_only=false") || !b.open("p") {
			t.Errorf("statements %v", b.statements())
		}
	})
}

func TestTakeoverThatFailsLeavesThePrimaryOpen(t *testing.T) {
	for name, fail := range map[string]string{
		"a replica cannot be moved":      "b: follow a",
		"the primary cannot be closed":   "p: read_only=true",
		"the successor cannot be opened": "a: read_only=false",
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, working, gracefulHooks, func(t *testing.T, b *bench) {
				b.run(t)
				b.on[fail] = func(context.Context) error { return errNo }
				r, err := b.engine.Takeover(t.Context(), auto)
				if !errors.Is(err, errNo) || r == nil || r.Successful() {
					t.Fatalf("%+v, %v", r, err)
				}
				if !b.open("p") || b.open("a") || b.Snapshot().Instance(key("b")).Channel.Source != key("p") {
					t.Errorf("statements %v", b.statements())
				}
				if got := b.hooks.lists(); got[len(got)-1] != "PostUnsuccessfulFailoverProcesses" || slices.Contains(got, "PostGracefulTakeoverProcesses") {
					t.Errorf("hooks %v", got)
				}
				if got, ok := b.ledger.ended(); !ok || got.Successful() || len(got.Errors) == 0 || len(b.ledger.journals) > 0 || len(b.ledger.downtimes) > 0 {
					t.Errorf("record %+v, journals %v, downtimes %v", got, b.ledger.journals, b.ledger.downtimes)
				}
				if !slices.Contains(b.ledger.acked, r.UID) {
					t.Error("a takeover that failed holds recoveries back")
				}
			})
		})
	}
}

func TestTakeoverRefused(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(*bench)
		want    TakeoverRequest
		say     string
	}{
		"not the leader":      {func(b *bench) { b.leader.set(false) }, auto, "not the leader"},
		"unknown cluster":     {func(*bench) {}, TakeoverRequest{Command: GracefulTakeover, Cluster: "x:3306"}, "not known"},
		"cluster not seen":    {func(b *bench) { b.incomplete["p:3306"] = true }, auto, "looked at"},
		"a recovery runs":     {func(b *bench) { b.engine.occupy("p:3306") }, auto, "another recovery is running"},
		"its record is taken": {func(b *bench) { b.ledger.fail["RegisterRecovery"] = errNo }, auto, "no"},
		"nobody designated":   {func(*bench) {}, TakeoverRequest{Command: GracefulTakeover, Cluster: "p:3306"}, "which of them"},
		"stranger":            {func(*bench) {}, TakeoverRequest{Command: GracefulTakeoverAuto, Cluster: "p:3306", Designated: key("x")}, "not a direct replica"},
		"forced, unnamed":     {func(*bench) {}, TakeoverRequest{Command: ForceTakeover, Cluster: "p:3306"}, "must be named"},
		"primary lost":        {func(b *bench) { b.lose("p") }, auto, "last check of p:3306 failed"},
		"no pair":             {func(*bench) {}, TakeoverRequest{Command: CascadeTakeover, Cluster: "p:3306"}, "co-primaries"},
		"pre-graceful hook": {func(b *bench) {
			b.hooks.on["PreGracefulTakeoverProcesses"] = func(context.Context) error { return errNo }
		}, auto, "PreGracefulTakeoverProcesses"},
		"detection hook": {func(b *bench) {
			b.hooks.on["OnFailureDetectionProcesses"] = func(context.Context) error { return errNo }
		}, auto, "OnFailureDetectionProcesses"},
		"unfinished business": {func(b *bench) {
			r := &Recovery{UID: "earlier"}
			u := Unfinished{Recovery: *r, Running: true}
			u.Recovery.Finding.ClusterName = "p:3306"
			b.ledger.journals["earlier"] = u
		}, auto, "has not been finished"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, working, gracefulHooks, func(t *testing.T, b *bench) {
				c.prepare(b)
				r, err := b.engine.Takeover(t.Context(), c.want)
				if r != nil || err == nil || !strings.Contains(err.Error(), c.say) {
					t.Errorf("%+v, %v", r, err)
				}
				if got := b.statements(); len(got) > 0 {
					t.Errorf("statements %v", got)
				}
			})
		})
	}
}

func TestTakeoverIsPlannedAnewAfterItsHooks(t *testing.T) {
	inBubble(t, working, gracefulHooks, func(t *testing.T, b *bench) {
		b.hooks.on["PreFailoverProcesses"] = func(context.Context) error {
			b.change("a", func(i *topology.Instance) { i.Channel.IOThread = topology.ThreadStopped })
			return nil
		}
		r, err := b.engine.Takeover(t.Context(), auto)
		if err == nil || !strings.Contains(err.Error(), "before the hooks ran") || r == nil || len(b.statements()) > 0 {
			t.Errorf("%v, statements %v", err, b.statements())
		}
	})
}

// TestNobodyInterferesWithATakeover shows the closed primary to the engine in the middle.
func TestNobodyInterferesWithATakeover(t *testing.T) {
	inBubble(t, working, `"RecoverMasterClusterFilters": ["*"], "RecoverNonWriteableMaster": true`, func(t *testing.T, b *bench) {
		b.run(t)
		b.on["a: read_only=false"] = func(context.Context) error {
			b.event(observe.ClusterChanged, "p")
			time.Sleep(500 * time.Millisecond)
			return nil
		}
		if r, err := b.engine.Takeover(t.Context(), auto); err != nil || !r.Successful() {
			t.Fatal(err)
		}
		if b.said("p: read_only=false") {
			t.Errorf("statements %v", b.statements())
		}
		if began := b.told(Began); len(began) != 1 {
			t.Errorf("began %v", began)
		}
	})
}

func TestTakeoverWithoutLeadershipIsTakenBackByTheNextLeader(t *testing.T) {
	inBubble(t, working, "", func(t *testing.T, b *bench) {
		b.run(t)
		b.on["p: read_only=true"] = func(context.Context) error { b.leader.set(false); return nil }
		if _, err := b.engine.Takeover(t.Context(), auto); err == nil || b.open("p") || b.open("a") {
			t.Fatalf("%v, statements %v", err, b.statements())
		}
		b.leader.set(true)
		after(2 * time.Second)
		if !b.open("p") || b.open("a") || len(b.ledger.journals) > 0 {
			t.Errorf("statements %v, journals %v", b.statements(), b.ledger.journals)
		}
	})
}

func TestUndoThatFailsIsTriedAgain(t *testing.T) {
	inBubble(t, working, "", func(t *testing.T, b *bench) {
		b.run(t)
		b.on["a: read_only=false"] = func(context.Context) error { return errNo }
		tries := 0
		b.on["p: read_only=false"] = func(context.Context) error {
			if tries++; tries == 1 {
				return errNo
			}
			return nil
		}
		if _, err := b.engine.Takeover(t.Context(), auto); err == nil || b.open("p") {
			t.Fatalf("%v, statements %v", err, b.statements())
		}
		after(2 * time.Second)
		if !b.open("p") || len(b.ledger.journals) > 0 {
			t.Errorf("statements %v, journals %v", b.statements(), b.ledger.journals)
		}
	})
}

// TestUnfinishedTakeover is left by a process that ended in the middle.
func TestUnfinishedTakeover(t *testing.T) {
	for name, c := range map[string]struct {
		done   plan.Verb // the last step of the process that ended
		opened bool
	}{
		"nothing done":       {done: plan.ReadCredentials},
		"replicas moved":     {done: plan.MoveBelow},
		"primary closed":     {done: plan.ClosePrimary},
		"successor open":     {done: plan.SetWritable, opened: true},
		"source forgotten":   {done: plan.ForgetSource, opened: true},
		"former one pointed": {done: plan.BecomeReplica, opened: true},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, working, gracefulHooks, func(t *testing.T, b *bench) {
				reached := false
				last := map[plan.Verb]string{
					plan.MoveBelow: "b: start", plan.ClosePrimary: "p: read_only=true", plan.SetWritable: "a: read_only=false",
					plan.ForgetSource: "a: forget", plan.BecomeReplica: "p: follow a",
				}[c.done]
				// The process ends: no statement after that one, and nothing is written down any more.
				if last == "" {
					b.leader.set(true)
					b.on["b: stop"] = func(context.Context) error { b.leader.set(false); return errNo }
				} else {
					b.on[last] = func(context.Context) error { reached = true; b.leader.set(false); return nil }
				}
				_, err := b.engine.Takeover(t.Context(), auto)
				if last != "" && !reached {
					t.Fatalf("%s was never said: %v", last, b.statements())
				}
				if err == nil && !c.opened {
					t.Fatalf("statements %v", b.statements())
				}
				clear(b.on)
				b.leader.set(true)
				b.run(t)
				after(3 * time.Second)
				if b.open("p") == c.opened || b.open("a") != c.opened || len(b.ledger.journals) > 0 {
					t.Errorf("statements %v, journals %v, errors %v", b.statements(), b.ledger.journals, b.ledger.lines)
				}
				got, _ := b.ledger.ended()
				if got.Successful() != c.opened {
					t.Errorf("record %+v", got)
				}
				p := b.Snapshot().Instance(key("p"))
				if c.opened && (p.Channel.Source != key("a") || !p.Channel.IOThread.Running()) {
					t.Errorf("the former primary does not follow: %v", b.statements())
				}
				if d := b.ledger.downtimes[key("p")]; d.Reason != "" {
					t.Errorf("the former primary is downtimed: %+v", d)
				}
			})
		})
	}
}

func TestForceFailover(t *testing.T) {
	for name, c := range map[string]struct {
		want   TakeoverRequest
		lost   bool
		winner string
	}{
		"a living primary is closed first": {want: force, winner: "a"},
		"a dead one":                       {want: force, lost: true, winner: "a"},
		"by a named replica":               {want: TakeoverRequest{Command: ForceTakeover, Cluster: "p:3306", Designated: key("b")}, winner: "b"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, working, `"RecoverMasterClusterFilters": []`, func(t *testing.T, b *bench) {
				b.ledger.disabled = true
				b.ledger.block = Block{Reason: "an earlier one"}
				b.change("p", func(i *topology.Instance) {
					i.Downtime = &topology.Downtime{Owner: "me", Reason: "why", Begin: time.Now(), End: time.Now().Add(time.Hour)}
				})
				if c.lost {
					b.lose("p")
				}
				r, err := b.engine.Takeover(t.Context(), c.want)
				if err != nil || r.Successor != key(c.winner) || r.Finding.CommandHint != string(c.want.Command) {
					t.Fatalf("%+v, %v", r, err)
				}
				if !c.lost && (!b.before("p: read_only=true", "a: stop receiving") || !b.before("p: read_only=true", c.winner+": read_only=false")) {
					t.Errorf("statements %v", b.statements())
				}
				if d := b.ledger.downtimes[key("p")]; d.Reason != topology.ReasonLostInRecovery {
					t.Errorf("downtimes %v", b.ledger.downtimes)
				}
				want := []string{"OnFailureDetectionProcesses", "PreFailoverProcesses", "PostMasterFailoverProcesses", "PostFailoverProcesses"}
				if got := b.hooks.lists(); !slices.Equal(got, want) || b.hooks.last.Command != string(c.want.Command) {
					t.Errorf("hooks %v, command %s", got, b.hooks.last.Command)
				}
				if len(b.ledger.acked) > 0 {
					t.Error("a forced failover was acknowledged by nobody")
				}
			})
		})
	}
}

func TestForcedFailoverInVainReopensThePrimary(t *testing.T) {
	inBubble(t, working, "", func(t *testing.T, b *bench) {
		b.on["a: read_only=false"] = func(context.Context) error { return errNo }
		if _, err := b.engine.Takeover(t.Context(), force); err == nil || !b.open("p") {
			t.Errorf("%v, statements %v", err, b.statements())
		}
	})
}

func TestDryRunsChangeNothing(t *testing.T) {
	inBubble(t, working, "", func(t *testing.T, b *bench) {
		for _, want := range []TakeoverRequest{auto, force} {
			p, err := b.engine.PlanTakeover(t.Context(), want)
			if err != nil || p.Successor != key("a") || len(p.Steps) == 0 || p.Operation != string(want.Command) && want.Command != ForceFailover {
				t.Errorf("%+v, %v", p, err)
			}
		}
		if _, err := b.engine.PlanRecovery(t.Context(), key("p"), topology.Key{}); err == nil || !strings.Contains(err.Error(), "nothing is wrong") {
			t.Errorf("a recovery of a primary that works: %v", err)
		}
		b.lose("p")
		for _, designated := range []string{"", "b"} {
			k := topology.Key{}
			winner := "a"
			if designated != "" {
				k, winner = key(designated), designated
			}
			if p, err := b.engine.PlanRecovery(t.Context(), key("p"), k); err != nil || p.Successor != key(winner) {
				t.Errorf("%+v, %v", p, err)
			}
		}
		if len(b.statements()) > 0 || len(b.hooks.lists()) > 0 || slices.Contains(b.ledger.calls, "RegisterRecovery") {
			t.Errorf("statements %v, hooks %v, calls %v", b.statements(), b.hooks.lists(), b.ledger.calls)
		}
	})
}

func TestExplain(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(*bench)
		ask     Question
		rules   string
		note    string
	}{
		"would":          {ask: Question{Cluster: "p:3306"}},
		"by server":      {ask: Question{Server: key("p")}},
		"disabled":       {prepare: func(b *bench) { b.ledger.disabled = true }, ask: Question{Cluster: "p:3306"}, rules: "disabled"},
		"unreadable":     {prepare: func(b *bench) { b.ledger.fail["Disabled"] = errNo }, ask: Question{Cluster: "p:3306"}, rules: "disabled", note: "cannot be read"},
		"blocked":        {prepare: func(b *bench) { b.ledger.block = Block{By: 7, Reason: "earlier"} }, ask: Question{Cluster: "p:3306"}, rules: "blocked"},
		"not the leader": {prepare: func(b *bench) { b.leader.set(false) }, ask: Question{Cluster: "p:3306"}, rules: "not-leader"},
		"another leads": {prepare: func(b *bench) {
			b.leader.set(false)
			b.engine.o.Elsewhere = func() string { return "m2" }
		}, ask: Question{Cluster: "p:3306"}},
		"nobody leads": {prepare: func(b *bench) {
			b.leader.set(false)
			b.engine.o.Elsewhere = func() string { return "" }
		}, ask: Question{Cluster: "p:3306"}, rules: "no-leader"},
		"not seen":        {prepare: func(b *bench) { b.incomplete["p:3306"] = true }, ask: Question{Cluster: "p:3306"}, rules: "incomplete"},
		"another failure": {ask: Question{Cluster: "p:3306", Code: "UnreachableMaster"}, rules: "detect-only"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, working, "", func(t *testing.T, b *bench) {
				if c.prepare != nil {
					c.prepare(b)
				}
				x, err := b.engine.Explain(t.Context(), c.ask)
				if err != nil {
					t.Fatal(err)
				}
				var rules []string
				for _, h := range x.Holds {
					rules = append(rules, h.Rule)
				}
				if got := strings.Join(rules, " "); got != c.rules || x.Would != (c.rules == "") || x.Failed != key("p") {
					t.Errorf("%q: %+v", got, x)
				}
				if c.note != "" && !contains(x.Notes, c.note) {
					t.Errorf("notes %v", x.Notes)
				}
				if len(b.statements()) > 0 {
					t.Errorf("statements %v", b.statements())
				}
			})
		})
	}
	inBubble(t, working, "", func(t *testing.T, b *bench) {
		for _, q := range []Question{{Cluster: "x"}, {Server: key("x")}, {Cluster: "p:3306", Code: "Nonsense"}} {
			if x, err := b.engine.Explain(t.Context(), q); err == nil {
				t.Errorf("%+v: %+v", q, x)
			}
		}
	})
}

func TestTakeoverStoppedByAPreFailoverHook(t *testing.T) {
	inBubble(t, working, gracefulHooks, func(t *testing.T, b *bench) {
		b.hooks.on["PreFailoverProcesses"] = func(context.Context) error { return errNo }
		r, err := b.engine.Takeover(t.Context(), auto)
		if !errors.Is(err, errNo) || r == nil || r.Successful() || len(b.statements()) > 0 {
			t.Errorf("%v, statements %v", err, b.statements())
		}
		if got := b.hooks.lists(); got[len(got)-1] != "PostUnsuccessfulFailoverProcesses" {
			t.Errorf("hooks %v", got)
		}
	})
}

// TestClosedPrimaryIsNotOpenedByTakingBack is about one that was read-only before anybody asked for a takeover.
func TestClosedPrimaryIsNotOpenedByTakingBack(t *testing.T) {
	inBubble(t, working, "", func(t *testing.T, b *bench) {
		for _, closed := range []bool{false, true} {
			b.change("p", func(i *topology.Instance) { i.ReadOnly = closed })
			p, err := b.engine.PlanTakeover(t.Context(), auto)
			i := slices.IndexFunc(p.Steps, func(s plan.Step) bool { return s.Action.Verb == plan.ClosePrimary })
			if err != nil || i < 0 || (p.Steps[i].Undo == nil) != closed {
				t.Errorf("read-only %t: %v, %+v", closed, err, p.Steps)
			}
		}
	})
}
