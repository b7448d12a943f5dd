package recovery

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/execute"
	"orchestrator/internal/failover"
	"orchestrator/internal/observe"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

func pair() *fakeFleet { return star("a", "b") }

// twoClusters are p with a and b, and q with r.
func twoClusters() *fakeFleet {
	f := star("a", "b")
	f.put(&topology.Instance{Key: key("q"), LogBin: true, LogReplicaUpdates: true, Channel: topology.Channel{IOThread: topology.NoThread, SQLThread: topology.NoThread}})
	f.put(&topology.Instance{Key: key("r"), LogBin: true, LogReplicaUpdates: true, ReadOnly: true, Depth: 1, Channel: topology.Channel{
		Source: key("q"), GTID: topology.OracleGTID, IOThread: topology.ThreadRunning, SQLThread: topology.ThreadRunning}})
	for _, n := range []string{"q", "r"} {
		f.change(n, func(i *topology.Instance) { i.ClusterName = "q:3306" })
	}
	return f
}

func TestDeadPrimaryIsReplaced(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		b.run(t)
		b.kill()
		r, ok := b.ledger.ended()
		if !ok || r.Successor != key("a") || len(r.Lost) > 0 || len(r.Errors) > 0 {
			t.Fatalf("recovery %+v, statements %q", r, b.statements())
		}
		want := []string{"OnFailureDetectionProcesses", "PreFailoverProcesses", "PostMasterFailoverProcesses", "PostFailoverProcesses"}
		if got := b.hooks.lists(); !slices.Equal(got, want) {
			t.Errorf("hooks %q, want %q", got, want)
		}
		s := b.statements()
		if open := slices.Index(s, "a: read_only=false"); open < 0 || slices.Index(s, "b: follow a") < open || slices.Index(s, "a: stop receiving") > open {
			t.Errorf("the order of the statements is wrong: %q", s)
		}
		d := b.ledger.downtimes[key("p")]
		if d.Reason != topology.ReasonLostInRecovery || d.End.Sub(d.Begin) != 365*24*time.Hour {
			t.Errorf("downtime of the lost primary: %+v", d)
		}
		if len(b.ledger.journals) > 0 {
			t.Errorf("the journal is still open")
		}
		if got := b.told(Promoted); len(got) != 1 || len(b.told(Finished)) != 1 {
			t.Errorf("progress %v", b.progress)
		}
	})
}

func TestLostServersStayInDowntimeAsConfigured(t *testing.T) {
	inBubble(t, pair, `"RecoverMasterClusterFilters": ["*"], "MasterFailoverLostInstancesDowntimeMinutes": 30`, func(t *testing.T, b *bench) {
		b.run(t)
		b.kill()
		if d := b.ledger.downtimes[key("p")]; d.End.Sub(d.Begin) != 30*time.Minute {
			t.Errorf("downtime of the lost primary: %+v", d)
		}
	})
}

// TestWhatIsNotRecovered has a case for each reason to leave a dead primary alone.
func TestWhatIsNotRecovered(t *testing.T) {
	for name, c := range map[string]struct {
		settings string
		prepare  func(*bench)
		held     string // what is told; "" for nothing
		rule     string // for the record of the detection; "" for none
		detected bool
		once     bool // the next round is another matter
	}{
		"no filter matches": {settings: `"RecoverMasterClusterFilters": ["other"]`, held: "RecoverMasterClusterFilters", rule: "filter", detected: true},
		"recoveries are switched off": {
			prepare: func(b *bench) { b.ledger.disabled = true }, held: "disabled globally", rule: "disabled", detected: true},
		"the switch cannot be read and never was": {
			prepare: func(b *bench) { b.ledger.fail["Disabled"] = errNo }, held: "cannot be read", rule: "unreadable", detected: true},
		"recoveries of the cluster are switched off": {
			prepare: func(b *bench) {
				b.ledger.off = []failover.SwitchedOff{{Cluster: "p:3306", Owner: "ann", Reason: "moving house", Until: time.Now().Add(time.Hour)}}
			}, held: "switched off by ann until", rule: "cluster-disabled", detected: true},
		"recoveries of all clusters are switched off for a time": {
			prepare: func(b *bench) {
				b.ledger.off = []failover.SwitchedOff{{Owner: "ann", Reason: "moving house", Until: time.Now().Add(time.Hour)}}
			}, held: "all clusters are switched off by ann until", rule: "disabled", detected: true},
		"whether they are cannot be read and never could": {
			prepare: func(b *bench) { b.ledger.fail["SwitchedOff"] = errNo }, held: "cannot be read", rule: "unreadable", detected: true},
		"the cluster was recovered a moment ago": {
			prepare: func(b *bench) { b.ledger.block = Block{By: 7, Reason: "blocked by a recovery of the cluster"} }, held: "blocked by", rule: "blocked", detected: true},
		"the failed server was promoted a moment ago": {
			prepare: func(b *bench) {
				b.ledger.block = Block{By: 7, Reason: "blocked by the recovery that promoted the instance"}
			}, held: "that promoted", rule: "blocked", detected: true},
		"a detection hook fails": {
			prepare: func(b *bench) {
				b.hooks.on["OnFailureDetectionProcesses"] = func(context.Context) error { return errNo }
			},
			rule: "hook", detected: true, once: true},
		"it is in downtime": {
			prepare: func(b *bench) {
				b.change("p", func(i *topology.Instance) {
					i.Downtime = &topology.Downtime{Reason: "work", Begin: time.Now(), End: time.Now().Add(time.Hour)}
				})
			}},
		"the picture is incomplete": {prepare: func(b *bench) { b.incomplete["p:3306"] = true }},
		"it is outside its replication group": {
			prepare: func(b *bench) {
				b.put(&topology.Instance{Key: key("m"), ClusterName: "m:3306", Group: topology.Group{Name: "group", SinglePrimary: true, MemberState: "ONLINE", MemberRole: "PRIMARY"}})
				b.change("p", func(i *topology.Instance) { i.Group.Outside = "group" })
			}, held: "outside replication group group, of which m:3306 is a member", rule: "outside-group", detected: true},
		"this node does not lead": {prepare: func(b *bench) { b.leader.set(false) }},
		"another recovery of the cluster is unfinished": {
			prepare: func(b *bench) {
				u := Unfinished{Running: true}
				u.Recovery = Recovery{UID: "other", Finding: analysis.Finding{Key: key("x"), ClusterName: "p:3306"}}
				b.ledger.journals["other"] = u
			}, held: "has not been finished", rule: "running", detected: true},
		"a replica of it takes part in an unfinished recovery": {
			prepare: func(b *bench) {
				u := Unfinished{Running: true}
				u.Recovery = Recovery{UID: "other", Participants: []topology.Key{key("b")}, Finding: analysis.Finding{Key: key("x"), ClusterName: "x:3306"}}
				b.ledger.journals["other"] = u
			}, held: "has not been finished", rule: "running", detected: true},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, pair, c.settings, func(t *testing.T, b *bench) {
				if c.prepare != nil {
					c.prepare(b)
				}
				b.run(t)
				b.kill()
				if !c.once {
					after(3 * time.Second)
				}
				if s := b.statements(); len(s) > 0 {
					t.Errorf("servers were changed: %q", s)
				}
				if _, ok := b.ledger.ended(); ok {
					t.Error("a recovery was recorded")
				}
				if held := b.told(Held); c.held == "" && len(held) > 0 || c.held != "" && !contains(held, c.held) {
					t.Errorf("held: %q, want %q", held, c.held)
				}
				if rules := b.rules(1); c.rule == "" && len(rules) > 0 || c.rule != "" && !slices.Contains(rules, c.rule) {
					t.Errorf("detection 1 is held by %q, want %q", rules, c.rule)
				}
				if got := len(b.told(Detected)) > 0; got != c.detected {
					t.Errorf("detected: %t", got)
				}
			})
		})
	}
}

func TestReplicasThatStillReceiveHoldTheRecovery(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		b.run(t)
		b.lose("p")
		for _, n := range []string{"a", "b"} { // connected, and the appliers stopped: by the published rules nobody replicates
			b.change(n, func(i *topology.Instance) {
				i.Channel.IOThread, i.Channel.LastIOErrno, i.Channel.SQLThread = topology.ThreadRunning, 0, topology.ThreadStopped
			})
		}
		b.event(observe.ClusterChanged, "p")
		after(100 * time.Millisecond)
		if b.said("a: read_only=false") || b.said("b: read_only=false") {
			t.Errorf("a second primary was opened: %q", b.statements())
		}
		if _, ok := b.ledger.ended(); ok {
			t.Error("a recovery was recorded")
		}
	})
}

func TestTheSwitchAsItWasReadLast(t *testing.T) {
	for name, c := range map[string]struct {
		age       time.Duration
		recovered bool
	}{"a moment ago": {2 * time.Second, true}, "too long ago": {40 * time.Second, false}} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, pair, "", func(t *testing.T, b *bench) {
				b.run(t)
				b.ledger.mu.Lock()
				b.ledger.fail["Disabled"] = errNo
				b.ledger.mu.Unlock()
				after(c.age)
				if err := b.Probe(t.Context(), key("p"), key("a"), key("b")); err != nil {
					t.Fatal(err)
				}
				b.kill()
				after(time.Second)
				if got := b.said("a: read_only=false"); got != c.recovered {
					t.Errorf("recovered: %t", got)
				}
			})
		})
	}
}

func TestFailingPreHookEndsTheRecoveryAsFailed(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		b.hooks.on["PreFailoverProcesses"] = func(context.Context) error { return errNo }
		b.run(t)
		b.kill()
		r, ok := b.ledger.ended()
		if !ok || r.Successful() || r.Ended.IsZero() || !contains(r.Errors, "PreFailoverProcesses") {
			t.Errorf("the record: %+v", r)
		}
		if s := b.statements(); len(s) > 0 {
			t.Errorf("servers were changed: %q", s)
		}
		want := []string{"OnFailureDetectionProcesses", "PreFailoverProcesses", "PostUnsuccessfulFailoverProcesses"}
		if got := b.hooks.lists(); !slices.Equal(got, want) {
			t.Errorf("hooks %q, want %q", got, want)
		}
	})
}

func TestPrimaryThatAnswersAgainIsNotReplaced(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		b.on["b: stop receiving"] = func(context.Context) error {
			time.Sleep(10 * time.Millisecond)
			b.change("p", func(i *topology.Instance) {
				i.Check.Checked, i.Check.Seen = time.Now(), time.Now()
			})
			return nil
		}
		b.run(t)
		b.kill()
		after(time.Second)
		r, ok := b.ledger.ended()
		if !ok || r.Successful() || !contains(r.Errors, "answers again") {
			t.Errorf("the record: %+v", r)
		}
		if b.said("a: read_only=false") || !b.said("a: start receiving") || !b.said("b: start receiving") {
			t.Errorf("not taken back: %q", b.statements())
		}
	})
}

func TestSecondWriterIsRefused(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		b.on["b: stop receiving"] = func(context.Context) error { // somebody else promotes b meanwhile
			b.change("b", func(i *topology.Instance) {
				i.ReadOnly, i.Channel, i.ClusterName = false, topology.Channel{IOThread: topology.NoThread, SQLThread: topology.NoThread}, "b:3306"
			})
			return errNo
		}
		b.run(t)
		b.kill()
		after(time.Second)
		if b.said("a: read_only=false") {
			t.Errorf("a was opened beside b: %q", b.statements())
		}
		if r, ok := b.ledger.ended(); !ok || !contains(r.Errors, "open for writing already") {
			t.Errorf("the record: %+v", r)
		}
	})
}

func TestLeadershipLost(t *testing.T) {
	for name, c := range map[string]struct {
		at     string // the statement in the middle of which the leadership is lost
		opened bool
	}{
		"before the opening": {"a: stop receiving", false},
		"after the opening":  {"a: read_only=false", true},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, pair, "", func(t *testing.T, b *bench) {
				b.on[c.at] = func(context.Context) error { b.leader.set(false); return nil }
				b.run(t)
				b.kill()
				after(2 * time.Second)
				if b.said("b: follow a") || b.said("a: start receiving") || b.said("a: read_only=false") != c.opened {
					t.Errorf("a node that leads no more did %q", b.statements())
				}
				if _, ok := b.ledger.ended(); ok {
					t.Error("the record was closed, so nobody carries on")
				}
				if len(b.ledger.journals) != 1 {
					t.Fatalf("journals %v", b.ledger.journals)
				}
				// It leads again, and carries on.
				delete(b.on, c.at)
				b.leader.set(true)
				after(15 * time.Second)
				if len(b.ledger.journals) > 0 || !b.said("b: follow a") {
					t.Errorf("not carried on: %q", b.statements())
				}
				opened := slices.DeleteFunc(b.statements(), func(s string) bool { return !strings.Contains(s, "read_only=false") })
				if !slices.Equal(opened, []string{"a: read_only=false"}) {
					t.Errorf("opened %q", opened)
				}
				if r, _ := b.ledger.ended(); r.Successor != key("a") {
					t.Errorf("the record: %+v", r)
				}
			})
		})
	}
}

// TestLeadershipLostAfterTheLastStep: what follows the steps is done once, by who leads then.
func TestLeadershipLostAfterTheLastStep(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		var mu sync.Mutex
		left := 2
		last := func(context.Context) error {
			mu.Lock()
			defer mu.Unlock()
			if left--; left == 0 {
				b.leader.set(false)
			}
			return nil
		}
		b.on["a: forget"], b.on["b: start receiving"] = last, last // at the same time
		b.run(t)
		b.kill()
		after(2 * time.Second)
		if _, ok := b.ledger.ended(); ok || left != 0 || len(b.ledger.journals) != 1 {
			t.Fatalf("closed %v, journals %v, statements %q", ok, b.ledger.journals, b.statements())
		}
		if lists := b.hooks.lists(); slices.Contains(lists, "PostFailoverProcesses") {
			t.Errorf("a node that leads no more runs hooks: %q", lists)
		}
		b.leader.set(true)
		after(15 * time.Second)
		if r, _ := b.ledger.ended(); len(b.ledger.journals) > 0 || r.Successor != key("a") {
			t.Errorf("not carried on: %+v, %q", r, b.statements())
		}
	})
}

func TestAnOpeningInDoubtIsLookedAt(t *testing.T) {
	for name, opened := range map[string]bool{"it was opened": true, "it was not": false} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, pair, "", func(t *testing.T, b *bench) {
				b.on["a: read_only=false"] = func(context.Context) error {
					b.change("a", func(i *topology.Instance) {
						i.ReadOnly = !opened
						i.Check.Checked = time.Now().Add(time.Millisecond) // and the connection is lost
					})
					return errNo
				}
				b.run(t)
				b.kill()
				after(100 * time.Millisecond)
				if _, ok := b.ledger.ended(); ok || b.said("b: start receiving") || b.said("b: read_only=false") {
					t.Fatalf("it was settled without a look: %q", b.statements())
				}
				after(3 * time.Second)
				if b.said("b: read_only=false") {
					t.Fatalf("a second one was opened while it was not known about the first: %q", b.statements())
				}
				delete(b.on, "a: read_only=false")
				b.change("a", func(i *topology.Instance) { i.Check.Checked, i.Check.Seen = time.Now(), time.Now() })
				after(15 * time.Second)
				if r, ok := b.ledger.ended(); !ok || !r.Successful() {
					t.Errorf("the record: %+v", r)
				}
				b.ledger.mu.Lock()
				defer b.ledger.mu.Unlock()
				if len(b.ledger.resolved) != 1 || len(b.ledger.acked) > 0 {
					t.Errorf("records %+v, acknowledged %q", b.ledger.resolved, b.ledger.acked)
				}
				if anew := contains(b.ledger.lines, "begun anew by"); anew == opened {
					t.Errorf("begun anew: %t", anew)
				}
			})
		})
	}
}

func TestLedgerErrorsDoNotStop(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		for _, name := range []string{"RegisterDetection", "RegisterRecovery", "ResolveRecovery", "AddStep", "SaveProgress", "Unfinished",
			"ClearDetections", "Downtime", "EndDowntime", "RenameCluster", "PublishPrimary", "Audit", "Expire", "CloseJournal"} {
			b.ledger.fail[name] = errNo
		}
		b.run(t)
		b.kill()
		after(time.Second)
		if !b.said("a: read_only=false") || !b.said("b: follow a") {
			t.Errorf("not recovered: %q", b.statements())
		}
		r, _ := b.ledger.ended()
		if !contains(r.Errors, "PublishPrimary") && !contains(r.Errors, "publishing the primary") {
			t.Errorf("the errors are not on the record: %q", r.Errors)
		}
		if got := b.hooks.lists(); !slices.Contains(got, "PostMasterFailoverProcesses") {
			t.Errorf("hooks %q", got)
		}
	})
}

func TestAHangingLedgerDoesNotStop(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		b.run(t)
		b.ledger.mu.Lock()
		b.ledger.hang = true
		b.ledger.mu.Unlock()
		began := time.Now()
		var promoted time.Duration
		b.listen = func(p Progress) {
			if p.Kind == Promoted {
				promoted = time.Since(began)
			}
		}
		b.kill()
		after(20 * time.Second)
		if got := b.hooks.lists(); !slices.Contains(got, "PostFailoverProcesses") {
			t.Errorf("hooks wait for the ledger: %q", got)
		}
		after(10 * time.Second)
		if promoted == 0 || promoted > ledgerCritical+time.Second {
			t.Errorf("promoted after %s: %q", promoted, b.statements())
		}
		b.ledger.mu.Lock()
		b.ledger.hang = false
		b.ledger.mu.Unlock()
		after(2 * time.Minute)
		if r, ok := b.ledger.ended(); !ok || !r.Successful() || r.ID == 0 {
			t.Errorf("the record: %+v", r)
		}
		if len(b.ledger.journals) > 0 || len(b.engine.concluded) > 0 || b.ledger.downtimes[key("p")].Reason != topology.ReasonLostInRecovery {
			t.Errorf("not all is written down: %v, downtimes %v", b.ledger.journals, b.ledger.downtimes)
		}
	})
}

func TestTwoPrimariesAtOnce(t *testing.T) {
	inBubble(t, twoClusters, "", func(t *testing.T, b *bench) {
		b.on["a: read_only=false"] = func(context.Context) error { time.Sleep(time.Second); return nil }
		b.run(t)
		b.lose("q")
		b.kill()
		b.event(observe.ClusterChanged, "q")
		after(0)
		if !b.said("r: read_only=false") || b.said("a: read_only=false") {
			t.Errorf("one cluster waits for the other: %q", b.statements())
		}
		after(2 * time.Second)
		if !b.said("a: read_only=false") || len(b.told(Finished)) != 2 {
			t.Errorf("statements %q", b.statements())
		}
	})
}

func TestASlowListenerHoldsNothingUp(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		b.listen = func(Progress) { time.Sleep(time.Minute) }
		b.run(t)
		began := time.Now()
		b.kill()
		if !b.said("a: read_only=false") || time.Since(began) > time.Second {
			t.Errorf("after %s: %q", time.Since(began), b.statements())
		}
	})
}

func TestAHangingDetectionHook(t *testing.T) {
	t.Run("of one cluster does not hold another", func(t *testing.T) {
		inBubble(t, twoClusters, "", func(t *testing.T, b *bench) {
			first := true
			b.hooks.on["OnFailureDetectionProcesses"] = func(ctx context.Context) error {
				b.hooks.mu.Lock()
				mine := first
				first = false
				b.hooks.mu.Unlock()
				if mine {
					<-ctx.Done()
				}
				return ctx.Err()
			}
			b.run(t)
			b.lose("p")
			b.event(observe.ClusterChanged, "p")
			b.lose("q")
			after(2 * time.Second)
			opened := 0
			for _, s := range b.statements() {
				if strings.HasSuffix(s, "read_only=false") {
					opened++
				}
			}
			if opened != 1 {
				t.Errorf("%d servers were opened, want that of the other cluster: %q", opened, b.statements())
			}
		})
	})
	t.Run("of what is only noted does not hold the recovery", func(t *testing.T) {
		inBubble(t, pair, "", func(t *testing.T, b *bench) {
			b.hooks.on["OnFailureDetectionProcesses"] = func(ctx context.Context) error {
				b.hooks.mu.Lock()
				v := b.hooks.last
				b.hooks.mu.Unlock()
				if v.FailureType == string(analysis.UnreachablePrimary) {
					<-ctx.Done()
				}
				return ctx.Err()
			}
			b.run(t)
			b.change("p", func(i *topology.Instance) { i.Check.Checked = time.Now().Add(time.Millisecond) })
			after(3 * time.Second)
			if got := b.told(Detected); !contains(got, string(analysis.UnreachablePrimary)) {
				t.Fatalf("detected %q", got)
			}
			b.kill()
			after(6 * time.Second)
			if !b.said("a: read_only=false") {
				t.Errorf("held by the hook of an earlier detection: %q %q", b.told(Held), b.statements())
			}
		})
	})
}

func TestWhatIsOnlyNotedWaitsATick(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		b.run(t)
		b.change("p", func(i *topology.Instance) { i.Check.Checked = time.Now().Add(time.Millisecond) })
		b.event(observe.ClusterChanged, "p")
		after(10 * time.Millisecond)
		if got := b.told(Detected); len(got) > 0 {
			t.Errorf("detected at the first glimpse: %q", got)
		}
		after(3 * time.Second)
		if got := b.told(Detected); !contains(got, string(analysis.UnreachablePrimary)) {
			t.Errorf("detected %q", got)
		}
	})
}

func TestTheSameFailureTwiceIsOneRecovery(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		b.on["a: read_only=false"] = func(context.Context) error { time.Sleep(100 * time.Millisecond); return nil }
		b.run(t)
		b.lose("p")
		for range 5 {
			b.event(observe.ClusterChanged, "p")
		}
		after(10 * time.Second)
		b.ledger.mu.Lock()
		defer b.ledger.mu.Unlock()
		if len(b.ledger.resolved) != 1 {
			t.Errorf("%d recoveries", len(b.ledger.resolved))
		}
	})
}

func TestRecoverOnDemand(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(*bench)
		key     string
		err     string // "" for a recovery
	}{
		"in spite of the filters, the switch and the block": {
			prepare: func(b *bench) {
				b.lose("p")
				b.ledger.disabled = true
				b.ledger.block = Block{By: 1, Reason: "blocked"}
			}, key: "p"},
		"not where nothing is wrong": {key: "p", err: "nothing is wrong"},
		"not of an unknown server":   {key: "x", err: "not known"},
		"not by who does not lead":   {prepare: func(b *bench) { b.leader.set(false) }, key: "p", err: "not the leader"},
		"not while another one is unfinished": {
			prepare: func(b *bench) {
				b.lose("p")
				u := Unfinished{Running: true}
				u.Recovery = Recovery{UID: "other", Finding: analysis.Finding{Key: key("p"), ClusterName: "p:3306"}}
				b.ledger.journals["other"] = u
			}, key: "p", err: "has not been finished"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, pair, `"RecoverMasterClusterFilters": []`, func(t *testing.T, b *bench) {
				if c.prepare != nil {
					c.prepare(b)
				}
				r, err := b.engine.Recover(t.Context(), key(c.key), key("b"), false)
				if c.err != "" {
					if err == nil || !strings.Contains(err.Error(), c.err) || len(b.statements()) > 0 {
						t.Errorf("error %v, statements %q", err, b.statements())
					}
					return
				}
				if err != nil || r.Successor != key("b") {
					t.Errorf("error %v, successor %s", err, r.Successor)
				}
				if got := b.hooks.lists(); len(got) > 0 {
					t.Errorf("recover-lite ran hooks: %q", got)
				}
			})
		})
	}
}

func TestStoppedInTheMiddle(t *testing.T) {
	for name, c := range map[string]struct {
		at       string
		promoted bool
	}{
		"before the opening it is taken back":        {"a: stop receiving", false},
		"in the opening it is brought to its end":    {"a: read_only=false", true},
		"after the opening it is brought to its end": {"b: follow a", true},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, pair, "", func(t *testing.T, b *bench) {
				ctx, cancel := context.WithCancel(t.Context())
				b.on[c.at] = func(context.Context) error { cancel(); return nil }
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					if err := b.engine.Run(ctx); err != nil {
						t.Error(err)
					}
				}()
				after(0)
				b.kill()
				<-ended
				r, ok := b.ledger.ended()
				if !ok || r.Successful() != c.promoted || len(b.ledger.journals) > 0 {
					t.Errorf("the record: %+v; journals %d", r, len(b.ledger.journals))
				}
				if c.promoted != b.said("b: follow a") || !b.said("b: start receiving") { // there, or again where it was
					t.Errorf("statements %q", b.statements())
				}
			})
		})
	}
}

func TestAHookThatHangsDoesNotKeepTheProcess(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		b.hooks.on["PostFailoverProcesses"] = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		b.run(t)
		b.kill()
		began := time.Now()
		b.stop()
		if took := time.Since(began); took > 2*stopWithin {
			t.Errorf("stopping took %s", took)
		}
		if len(b.ledger.journals) != 1 {
			t.Error("the journal is closed, and nobody will run the hook again")
		}
		b.stop = nil
	})
}

func TestOldPrimaryIsFenced(t *testing.T) {
	t.Run("when it answers again", func(t *testing.T) {
		inBubble(t, pair, "", func(t *testing.T, b *bench) {
			b.run(t)
			b.kill()
			b.change("p", func(i *topology.Instance) { i.Check.Checked, i.Check.Seen = time.Now(), time.Now() })
			after(time.Second)
			if !b.said("p: read_only=true") || len(b.told(Fenced)) != 1 {
				t.Errorf("statements %q", b.statements())
			}
		})
	})
	lost := func(b *bench, open bool) {
		b.change("p", func(i *topology.Instance) {
			i.ReadOnly, i.Uptime = !open, time.Second
			i.Downtime = &topology.Downtime{Reason: topology.ReasonLostInRecovery, Begin: time.Now().Add(-time.Hour), End: time.Now().Add(time.Hour)}
		})
		for _, n := range []string{"a", "b"} {
			b.change(n, func(i *topology.Instance) { i.Channel.Source = key("z") })
		}
	}
	for _, kind := range []observe.EventKind{observe.InstanceBack, observe.InstanceDiscovered} {
		t.Run("by a new process: "+kind.String(), func(t *testing.T) {
			inBubble(t, pair, "", func(t *testing.T, b *bench) {
				lost(b, true)
				b.run(t)
				b.event(kind, "p")
				after(time.Second)
				if !b.said("p: read_only=true") {
					t.Errorf("statements %q", b.statements())
				}
			})
		})
	}
	for name, prepare := range map[string]func(*bench){
		"not when it is closed already": func(b *bench) { lost(b, false) },
		"not when it replicates": func(b *bench) {
			lost(b, true)
			b.change("p", func(i *topology.Instance) {
				i.Channel = topology.Channel{Source: key("a"), IOThread: topology.ThreadRunning, SQLThread: topology.ThreadRunning}
			})
		},
		"not when it is not lost": func(b *bench) {
			lost(b, true)
			b.change("p", func(i *topology.Instance) { i.Downtime = nil })
		},
		"not by who does not lead": func(b *bench) { lost(b, true); b.leader.set(false) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, pair, "", func(t *testing.T, b *bench) {
				prepare(b)
				b.run(t)
				b.event(observe.InstanceBack, "p")
				after(time.Second)
				if b.said("p: read_only=true") {
					t.Errorf("statements %q", b.statements())
				}
			})
		})
	}
	t.Run("not after an operator has opened it", func(t *testing.T) {
		inBubble(t, pair, "", func(t *testing.T, b *bench) {
			lost(b, true)
			b.run(t)
			b.event(observe.InstanceBack, "p")
			after(10 * time.Second)
			b.change("p", func(i *topology.Instance) {
				i.ReadOnly, i.Uptime = false, time.Minute
				i.Check.Checked, i.Check.Seen = time.Now(), time.Now()
			})
			b.event(observe.ClusterChanged, "p")
			b.event(observe.InstanceBack, "p") // its connection was interrupted
			after(time.Second)
			if got := slices.DeleteFunc(b.statements(), func(s string) bool { return s != "p: read_only=true" }); len(got) != 1 {
				t.Errorf("the operator is fought: %q", b.statements())
			}
		})
	})
	t.Run("again after a restart, though a look that was under way when it was closed found it open", func(t *testing.T) {
		inBubble(t, pair, "", func(t *testing.T, b *bench) {
			lost(b, true)
			b.run(t)
			b.event(observe.InstanceBack, "p")
			after(10 * time.Second)
			found := func(uptime, latency time.Duration) {
				b.change("p", func(i *topology.Instance) {
					i.ReadOnly, i.Uptime = false, uptime
					i.Check.Checked, i.Check.Seen, i.Check.Latency = time.Now(), time.Now(), latency
				})
				b.event(observe.ClusterChanged, "p")
			}
			found(time.Hour, 11*time.Second)
			after(time.Minute)
			found(time.Second, time.Millisecond)
			b.event(observe.InstanceBack, "p")
			after(time.Second)
			if got := slices.DeleteFunc(b.statements(), func(s string) bool { return s != "p: read_only=true" }); len(got) != 2 {
				t.Errorf("it is open after its restart: %q", b.statements())
			}
		})
	})
	t.Run("again after a restart that opened it", func(t *testing.T) {
		inBubble(t, pair, "", func(t *testing.T, b *bench) {
			lost(b, true)
			b.run(t)
			b.event(observe.InstanceBack, "p")
			after(10 * time.Second)
			b.change("p", func(i *topology.Instance) {
				i.ReadOnly, i.Uptime = false, time.Second
				i.Check.Checked, i.Check.Seen = time.Now(), time.Now()
			})
			b.event(observe.ClusterChanged, "p")
			b.event(observe.InstanceBack, "p")
			after(time.Second)
			if got := slices.DeleteFunc(b.statements(), func(s string) bool { return s != "p: read_only=true" }); len(got) != 2 {
				t.Errorf("it is open after its restart: %q", b.statements())
			}
		})
	})
}

// crashed leaves behind what a process that ended in the middle of a recovery of p leaves: a journal in which the
// steps up to the given one have been done.
func (b *bench) crashed(done int) {
	p := plan.Plan{Operation: "DeadMaster", Cluster: "p:3306", Failed: key("p"), Successor: key("a")}
	for _, n := range []string{"a", "b"} {
		p.Add(1, plan.Step{Phase: plan.Gather, Server: key(n), Action: plan.Action{Verb: plan.StopReceiving}, Undo: &plan.Action{Verb: plan.StartReceiving}})
	}
	p.Add(6, plan.Step{Phase: plan.Promote, Server: key("a"), NoReturn: true, Action: plan.Action{Verb: plan.SetWritable}})
	p.Add(7, plan.Step{Phase: plan.Repoint, Server: key("b"), MayFail: true, Action: plan.Action{Verb: plan.ChangeSource, Source: key("a")}})
	for n := range done {
		p.Steps[n].State = plan.Done
	}
	u := Unfinished{Journal: Journal{Plan: p, Hooks: true}}
	u.Recovery = Recovery{UID: "old", Started: time.Now(), Plan: p, Participants: participants(&p),
		Finding: analysis.Finding{Key: key("p"), Code: analysis.DeadPrimary, ClusterName: "p:3306", IsPrimary: true, Replicas: []topology.Key{key("a"), key("b")}}}
	b.ledger.journals["old"] = u
	b.lose("p")
	for _, n := range []string{"a", "b"} {
		b.change(n, func(i *topology.Instance) { i.Channel.IOThread = topology.ThreadStopped })
	}
}

func TestUnfinishedRecovery(t *testing.T) {
	open := func(b *bench) { b.change("a", func(i *topology.Instance) { i.ReadOnly = false }) }
	for name, c := range map[string]struct {
		done     int
		prepare  func(*bench)
		want     []string // statements, in any order but those of the old primary
		promoted bool     // by the unfinished recovery
	}{
		"opened and nothing else": {done: 3, prepare: open, want: []string{"a: stop", "a: forget", "b: stop", "b: follow a", "b: start receiving"}, promoted: true},
		"opened, and the record does not know yet": {
			done: 2, prepare: open, want: []string{"a: stop", "a: forget", "b: stop", "b: follow a", "b: start receiving"}, promoted: true},
		"opened, and restarted closed since": {done: 3, want: []string{"a: stop", "a: forget", "a: read_only=false", "b: stop", "b: follow a", "b: start receiving"}, promoted: true},
		"all done but for the record": {done: 4, prepare: func(b *bench) {
			open(b)
			b.change("a", func(i *topology.Instance) { i.Channel, i.ClusterName = topology.Channel{}, "a:3306" })
			b.change("b", func(i *topology.Instance) {
				i.Channel.Source, i.ClusterName, i.Channel.IOThread, i.Channel.LastIOErrno = key("a"), "a:3306", topology.ThreadRunning, 0
			})
		}, promoted: true},
		"the follower was pointed and not started": {done: 3, prepare: func(b *bench) {
			open(b)
			b.change("a", func(i *topology.Instance) { i.Channel, i.ClusterName = topology.Channel{}, "a:3306" })
			b.change("b", func(i *topology.Instance) {
				i.Channel.Source, i.ClusterName, i.Channel.SQLThread, i.Channel.LastIOErrno = key("a"), "a:3306", topology.ThreadStopped, 0
			})
		}, want: []string{"b: start"}, promoted: true},
		"only gathered":    {done: 2, want: []string{"a: start receiving", "b: start receiving"}},
		"nothing was done": {done: 0},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, pair, `"RecoverMasterClusterFilters": []`, func(t *testing.T, b *bench) {
				b.crashed(c.done)
				if c.prepare != nil {
					c.prepare(b)
				}
				b.run(t)
				after(anewWithin + 10*time.Second)
				got := b.statements()
				slices.Sort(got)
				slices.Sort(c.want)
				if !slices.Equal(got, c.want) {
					t.Errorf("statements %q, want %q", got, c.want)
				}
				r, ok := b.ledger.ended()
				if !ok || r.UID != "old" || r.Successful() != c.promoted {
					t.Fatalf("the record: %+v", r)
				}
				if !slices.Equal(b.ledger.closed, []string{"old"}) {
					t.Errorf("closed %q", b.ledger.closed)
				}
				wantHooks := []string{"PostUnsuccessfulFailoverProcesses"}
				if c.promoted {
					wantHooks = []string{"PostMasterFailoverProcesses", "PostFailoverProcesses"}
					if r.Successor != key("a") || b.ledger.downtimes[key("p")].Reason != topology.ReasonLostInRecovery {
						t.Errorf("not settled: %+v", r)
					}
					if o := r.Plan.NoReturn(); o == nil || o.State != plan.Done || o.Server != key("a") {
						t.Errorf("that a was opened is not on record: %+v", o)
					}
				} else if !slices.Equal(b.ledger.acked, []string{"old"}) || !contains(r.Errors, "ended before a successor was opened") {
					t.Errorf("acknowledged %q, errors %q", b.ledger.acked, r.Errors)
				}
				ran := slices.DeleteFunc(b.hooks.lists(), func(l string) bool { return l == "OnFailureDetectionProcesses" })
				if !slices.Equal(ran, wantHooks) {
					t.Errorf("hooks %q, want %q", ran, wantHooks)
				}
			})
		})
	}
}

func TestASuccessorThatWasReplacedSinceIsNotOpenedAgain(t *testing.T) {
	for name, prepare := range map[string]func(*bench){
		"by one that takes writes": func(b *bench) {
			b.change("b", func(i *topology.Instance) { i.Channel, i.ReadOnly, i.ClusterName = topology.Channel{}, false, "b:3306" })
		},
		"by one that is away": func(b *bench) {
			b.ledger.demoted = map[topology.Key]bool{key("a"): true}
			b.lose("b")
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, pair, `"RecoverMasterClusterFilters": []`, func(t *testing.T, b *bench) {
				b.crashed(3)
				prepare(b)
				b.run(t)
				after(2 * time.Minute)
				if b.said("a: read_only=false") {
					t.Errorf("statements %q", b.statements())
				}
				if len(b.ledger.journals) > 0 {
					t.Errorf("not finished: %+v", b.ledger.journals)
				}
			})
		})
	}
}

func TestUnreachableSuccessorHoldsTheClusterForAWhile(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		b.crashed(3)
		b.change("a", func(i *topology.Instance) { i.ReadOnly = false; i.Check.Checked = time.Now().Add(time.Millisecond) })
		b.run(t)
		after(doubtFor - 10*time.Second)
		if b.said("b: read_only=false") {
			t.Fatal("b was opened while a may take writes")
		}
		after(time.Minute)
		if b.ledger.downtimes[key("a")].Reason != topology.ReasonLostInRecovery {
			t.Error("the successor that does not answer does not count as lost")
		}
		b.change("a", func(i *topology.Instance) { i.Check.Checked, i.Check.Seen = time.Now(), time.Now() })
		after(time.Second)
		if !b.said("a: read_only=true") {
			t.Errorf("a came back open and was left so: %q", b.statements())
		}
	})
}

func TestUnfinishedRecoveryOfALivingProcessIsLeftAlone(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		b.crashed(3)
		u := b.ledger.journals["old"]
		u.Running = true
		b.ledger.journals["old"] = u
		b.change("a", func(i *topology.Instance) { i.ReadOnly = false })
		b.run(t)
		after(10 * time.Second)
		if s := b.statements(); len(s) > 0 {
			t.Errorf("statements %q", s)
		}
	})
}

func TestReplicasAreAskedOnlyNowAndThen(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		b.run(t)
		b.change("p", func(i *topology.Instance) { i.Check.Checked = time.Now().Add(time.Millisecond) })
		f := &analysis.Finding{Key: key("p"), ClusterName: "p:3306", Code: analysis.UnreachablePrimaryWithLagging, AutomatedPrimaryRecovery: true,
			Replicas: []topology.Key{key("a"), key("b")}}
		for range 3 {
			b.engine.askReplicas(t.Context(), b.Snapshot(), f)
		}
		got := slices.DeleteFunc(b.statements(), func(s string) bool { return s != "a: stop" })
		if len(got) != 1 {
			t.Errorf("a replica was made to reconnect %d times: %q", len(got), b.statements())
		}
		if !b.engine.mayLook(key("q")) || b.engine.mayLook(key("q")) {
			t.Error("emergency probes are not limited to one a second")
		}
		after(time.Second)
		if !b.engine.mayLook(key("q")) {
			t.Error("no emergency probe after a second")
		}
	})
}

func TestLeftOpen(t *testing.T) {
	for _, err := range []error{execute.ErrMayNotWrite, execute.ErrInDoubt, execute.ErrCutShort} {
		if !leftOpen(errors.Join(errNo, err)) {
			t.Errorf("%v closes the journal", err)
		}
	}
	if leftOpen(errNo) || leftOpen(nil) {
		t.Error("an ordinary end leaves the journal open")
	}
}

func TestRecoverOnDemandFinishesWhatWasLeftFirst(t *testing.T) {
	inBubble(t, pair, `"RecoverMasterClusterFilters": []`, func(t *testing.T, b *bench) {
		b.crashed(3)
		b.change("a", func(i *topology.Instance) { i.ReadOnly = false })
		r, err := b.engine.Recover(t.Context(), key("p"), topology.Key{}, true)
		if r != nil || err == nil {
			t.Errorf("a second recovery began: %+v %v", r, err)
		}
		if !b.said("b: follow a") || b.said("b: read_only=false") || len(b.ledger.journals) > 0 {
			t.Errorf("statements %q", b.statements())
		}
	})
}
