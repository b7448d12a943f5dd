package recovery

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/observe"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// replicaOf has a server of the fleet replicate from another one.
func (f *fakeFleet) replicaOf(name, source string, depth int) {
	f.change(name, func(i *topology.Instance) { i.Channel.Source, i.Depth = key(source), depth })
}

// chain is p with the intermediate source i and its sibling s; a and b replicate from i.
func chain() *fakeFleet {
	f := star("i", "s", "a", "b")
	f.oneCluster = true
	f.replicaOf("a", "i", 2)
	f.replicaOf("b", "i", 2)
	return f
}

// ring is p and o, which replicate from each other, and a below p.
func ring() *fakeFleet {
	f := star("o", "a")
	f.change("p", func(i *topology.Instance) {
		i.IsCoPrimary = true
		i.Channel = topology.Channel{Source: key("o"), GTID: topology.OracleGTID, RetrievedSet: i.ExecutedSet,
			IOThread: topology.ThreadRunning, SQLThread: topology.ThreadRunning}
	})
	f.change("o", func(i *topology.Instance) { i.IsCoPrimary = true })
	return f
}

// group is a replication group of p, g and h; a replicates from g.
func group() *fakeFleet {
	f := star("g", "h", "a")
	f.oneCluster = true
	for _, n := range []string{"p", "g", "h"} {
		f.change(n, func(i *topology.Instance) {
			i.Channel = topology.Channel{IOThread: topology.NoThread, SQLThread: topology.NoThread}
			i.Group = topology.Group{Name: "group", SinglePrimary: true, MemberState: "ONLINE", MemberRole: "SECONDARY",
				Members: []topology.Key{key("p"), key("g"), key("h")}, Primary: key("p")}
			if n == "p" {
				i.Group.MemberRole = "PRIMARY"
			}
		})
	}
	f.replicaOf("a", "g", 1)
	f.change("h", func(i *topology.Instance) { i.PromotionRule = topology.MustNotPromote })
	return f
}

// locked is p, which waits for an acknowledgement that nobody gives; a and b could.
func locked() *fakeFleet {
	f := star("a", "b")
	f.change("p", func(i *topology.Instance) {
		i.SemiSync = topology.SemiSync{Available: true, SourceEnabled: true, SourceStatus: true, SourceWaitCount: 1}
		i.StaleSince = time.Now().Add(-time.Hour)
	})
	for n, name := range []string{"a", "b"} {
		f.change(name, func(i *topology.Instance) { i.SemiSyncPriority, i.SemiSync.Available = uint(2-n), true })
	}
	f.change("a", func(i *topology.Instance) { i.SemiSync.SourceEnabled = true })
	f.on["a: start receiving"] = func(context.Context) error {
		f.change("p", func(i *topology.Instance) { i.SemiSync.SourceClients = 1 })
		return nil
	}
	return f
}

// crowded is p with more acknowledging replicas than it waits for.
func crowded() *fakeFleet {
	f := locked()
	f.change("p", func(i *topology.Instance) { i.SemiSync.SourceClients, i.StaleSince = 2, time.Time{} })
	for _, name := range []string{"a", "b"} {
		f.change(name, func(i *topology.Instance) {
			i.SemiSync.ReplicaEnabled, i.SemiSync.ReplicaStatus, i.SemiSync.SourceEnabled = true, true, false
		})
	}
	f.on["b: start receiving"] = func(context.Context) error {
		f.change("p", func(i *topology.Instance) { i.SemiSync.SourceClients = 1 })
		return nil
	}
	return f
}

// closed is p that takes no writes, with replicas in good order.
func closed() *fakeFleet {
	f := star("a", "b")
	f.change("p", func(i *topology.Instance) { i.ReadOnly = true })
	return f
}

// full is p whose disk has been full for a while.
func full() *fakeFleet {
	f := star("a", "b")
	f.change("p", func(i *topology.Instance) {
		i.Troubles = topology.WriteTroubles{{WriteSign: topology.WriteSign{Obstacle: topology.DiskFull, Says: "it waits for disk space"},
			Since: time.Now().Add(-time.Minute), Until: time.Now().Add(time.Hour)}}
	})
	return f
}

// failure is one kind of failure and what is done about it.
type failure struct {
	fleet    func() *fakeFleet
	lost     string // who is lost; "" for nobody
	settings string // with which it is repaired
	off      string // with which it is not
	why      string // and why then; "" where it is no failure at all then
	failed   string
	want     []string // statements
	wins     string
	hooks    []string
	audit    string
	apiType  string
	promotes bool
}

func failures() map[string]failure {
	const (
		masters       = `"RecoverMasterClusterFilters": ["*"]`
		intermediates = `"RecoverIntermediateMasterClusterFilters": ["*"]`
	)
	all := func(post ...string) []string {
		return slices.Concat([]string{"OnFailureDetectionProcesses", "PreFailoverProcesses"}, post, []string{"PostFailoverProcesses"})
	}
	return map[string]failure{
		"intermediate source": {fleet: chain, lost: "i", settings: intermediates, off: masters, why: "RecoverIntermediateMasterClusterFilters",
			failed: "i", wins: "s", want: []string{"a: stop", "a: follow s", "a: start receiving", "b: stop", "b: follow s", "b: start receiving"},
			hooks: all("PostIntermediateMasterFailoverProcesses"), audit: "recover-dead-intermediate-master", apiType: "IntermediateMasterRecovery"},
		"co-primary": {fleet: ring, lost: "p", settings: masters, off: intermediates, why: "RecoverMasterClusterFilters",
			failed: "p", wins: "o", want: []string{"a: stop receiving", "o: stop receiving", "o: read_only=false", "o: stop", "o: forget", "a: stop", "a: follow o", "a: start receiving"},
			hooks: all("PostMasterFailoverProcesses"), audit: "recover-dead-co-master", apiType: "CoMasterRecovery", promotes: true},
		"group member": {fleet: group, lost: "g", settings: intermediates, off: masters, why: "RecoverIntermediateMasterClusterFilters",
			failed: "g", wins: "p", want: []string{"a: stop", "a: follow p", "a: start receiving"},
			hooks: all("PostIntermediateMasterFailoverProcesses"), audit: "recover-dead-replication-group-member-with-replicas", apiType: "ReplicationGroupMemberRecovery"},
		"locked by semi-sync": {fleet: locked, settings: `"RecoverLockedSemiSyncMaster": true`, off: masters, why: "RecoverLockedSemiSyncMaster",
			failed: "p", wins: "p", want: []string{"a: semi-sync source=false", "a: semi-sync=true", "a: stop", "a: start receiving"},
			hooks: []string{"OnFailureDetectionProcesses", "PostFailoverProcesses"}, audit: "recover-semi-sync-master"},
		"too many acknowledge": {fleet: crowded, settings: `"EnforceExactSemiSyncReplicas": true`, off: masters,
			failed: "p", wins: "p", want: []string{"b: semi-sync=false", "b: stop", "b: start receiving"},
			hooks: []string{"OnFailureDetectionProcesses", "PostFailoverProcesses"}, audit: "recover-semi-sync-master"},
		"read-only primary": {fleet: closed, settings: `"RecoverNonWriteableMaster": true`, off: masters,
			failed: "p", wins: "p", want: []string{"p: read_only=false"},
			hooks: all(), audit: "recover-non-writeable-master"},
		"primary that cannot write": {fleet: full, settings: masters + `, "FailoverOnCannotWrite": ["MasterDiskFull"]`, off: masters,
			failed: "p", wins: "a", want: []string{"p: read_only=true", "a: stop receiving", "b: stop receiving", "a: read_only=false", "a: stop", "a: forget", "b: stop", "b: follow a", "b: start receiving"},
			hooks: all("PostMasterFailoverProcesses"), audit: "recover-unwritable-master", apiType: "MasterRecovery", promotes: true},
	}
}

// strike has the failure happen, and the engine see it for a while.
func (b *bench) strike(lost string, d time.Duration) {
	if lost != "" {
		b.lose(lost)
	}
	for end := time.Now().Add(d); ; after(500 * time.Millisecond) {
		if err := b.Probe(context.Background(), topology.Keys(b.Snapshot().Instances())...); err != nil {
			panic(err)
		}
		b.event(observe.ClusterChanged, "p")
		after(0)
		if !time.Now().Before(end) {
			return
		}
	}
}

func TestEveryKindOfFailureIsRepaired(t *testing.T) {
	for name, f := range failures() {
		t.Run(name, func(t *testing.T) {
			inBubble(t, f.fleet, f.settings, func(t *testing.T, b *bench) {
				b.run(t)
				b.strike(f.lost, 8*time.Second)
				r, ok := b.ledger.ended()
				if !ok || r.Successor != key(f.wins) || r.Finding.Key != key(f.failed) || len(r.Errors) > 0 || len(r.Lost) > 0 {
					t.Fatalf("record %+v, statements %q, held %q", r, b.statements(), b.told(Held))
				}
				if len(b.ledger.resolved) != 1 {
					t.Errorf("%d records", len(b.ledger.resolved))
				}
				got, want := b.statements(), slices.Clone(f.want)
				slices.Sort(got)
				slices.Sort(want)
				// How often a lost primary is closed depends on whether one closing is over when the next is asked for.
				if got, want := slices.Compact(got), slices.Compact(want); !slices.Equal(got, want) {
					t.Errorf("statements %q, want %q", b.statements(), f.want)
				}
				if got := b.hooks.lists(); !slices.Equal(got, f.hooks) {
					t.Errorf("hooks %q, want %q", got, f.hooks)
				}
				if r.Type() != f.apiType {
					t.Errorf("type %q, want %q", r.Type(), f.apiType)
				}
				if !slices.Contains(b.ledger.audits, f.failed+": "+f.audit) {
					t.Errorf("audited %q, want %s", b.ledger.audits, f.audit)
				}
				_, down := b.ledger.downtimes[key(f.failed)]
				published := slices.Contains(b.ledger.calls, "PublishPrimary") && slices.Contains(b.ledger.calls, "RenameCluster")
				if down != f.promotes || published != f.promotes {
					t.Errorf("downtime %t, published %t, want %t", down, published, f.promotes)
				}
				if len(b.ledger.journals) > 0 || len(b.ledger.acked) > 0 {
					t.Errorf("journals %v, acknowledged %v", b.ledger.journals, b.ledger.acked)
				}
			})
		})
	}
}

// TestFailureThatIsNotToBeRepaired has neither record nor statement where the configuration wants no repair.
func TestFailureThatIsNotToBeRepaired(t *testing.T) {
	for name, f := range failures() {
		t.Run(name, func(t *testing.T) {
			inBubble(t, f.fleet, f.off, func(t *testing.T, b *bench) {
				b.run(t)
				b.strike(f.lost, 8*time.Second)
				if s := b.statements(); len(s) > 0 || slices.Contains(b.ledger.calls, "RegisterRecovery") {
					t.Errorf("statements %q, ledger %q", s, b.ledger.calls)
				}
				if held := b.told(Held); f.why == "" && len(held) > 0 || f.why != "" && !contains(held, f.why) {
					t.Errorf("held %q, want %q", held, f.why)
				}
			})
		})
	}
}

// TestGuardsHoldForEveryKind has a case for each guard that is no matter of the kind.
func TestGuardsHoldForEveryKind(t *testing.T) {
	for name, f := range failures() {
		for guard, prepare := range map[string]func(*bench){
			"downtime": func(b *bench) {
				b.change(f.failed, func(i *topology.Instance) {
					i.Downtime = &topology.Downtime{Reason: "work", Begin: time.Now(), End: time.Now().Add(time.Hour)}
				})
			},
			"incomplete":   func(b *bench) { b.incomplete["p:3306"] = true },
			"switched off": func(b *bench) { b.ledger.disabled = true },
			"blocked":      func(b *bench) { b.ledger.block = Block{By: 7, Reason: "blocked by another one"} },
			"no leader":    func(b *bench) { b.leader.set(false) },
		} {
			t.Run(name+", "+guard, func(t *testing.T) {
				inBubble(t, f.fleet, f.settings, func(t *testing.T, b *bench) {
					prepare(b)
					b.run(t)
					b.strike(f.lost, 8*time.Second)
					if s := b.statements(); len(s) > 0 {
						t.Errorf("servers were changed: %q", s)
					}
					if _, ok := b.ledger.ended(); ok {
						t.Error("a recovery was recorded")
					}
				})
			})
		}
	}
}

func TestEveryKindIsRecoveredOnDemand(t *testing.T) {
	for name, f := range failures() {
		t.Run(name, func(t *testing.T) {
			settings := f.settings
			if f.lost != "" {
				settings = `"RecoverMasterClusterFilters": []`
			}
			inBubble(t, f.fleet, settings, func(t *testing.T, b *bench) {
				b.ledger.disabled = true
				if f.lost != "" {
					b.lose(f.lost)
				}
				r, err := b.engine.Recover(t.Context(), key(f.failed), topology.Key{}, false)
				if err != nil || r.Successor != key(f.wins) {
					t.Fatalf("%+v %v", r, err)
				}
				if got := b.hooks.lists(); len(got) > 0 {
					t.Errorf("recover-lite ran hooks: %q", got)
				}
				if r.Forced != (f.lost != "" || f.promotes) {
					t.Errorf("forced: %t", r.Forced)
				}
			})
		})
	}
}

// TestReadOnlyOnPurpose has a case for each reason to leave a primary closed.
func TestReadOnlyOnPurpose(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(*bench)
		span    time.Duration
		held    string
	}{
		"it was demoted lately":          {func(b *bench) { b.ledger.demoted = map[topology.Key]bool{key("p"): true} }, 0, "demoted lately"},
		"whether it was cannot be told":  {func(b *bench) { b.ledger.fail["DemotedSince"] = errNo }, 0, "cannot be read"},
		"a recovery left it behind":      {func(b *bench) { b.engine.markLost(key("p")) }, 0, ""},
		"its cluster is being worked on": {func(b *bench) { b.engine.occupy("p:3306") }, 0, ""},
		"it takes part in another recovery": {func(b *bench) {
			b.engine.remember(&Recovery{UID: "x", Participants: []topology.Key{key("p")}})
		}, 0, "demoted lately"},
		"it is outside its group": {func(b *bench) {
			b.put(&topology.Instance{Key: key("m"), ClusterName: "m:3306", ReadOnly: true, Group: topology.Group{Name: "group", SinglePrimary: true, MemberState: "ONLINE", MemberRole: "SECONDARY"}})
			b.change("p", func(i *topology.Instance) { i.Group.Outside = "group" })
		}, 0, "outside replication group"},
		"somebody else takes writes":      {func(b *bench) { b.change("b", func(i *topology.Instance) { i.ReadOnly = false }) }, 0, "b:3306 of the same cluster takes writes"},
		"it was closed only a moment ago": {func(*bench) {}, 3 * time.Second, ""},
		"it is opened while the hooks run": {func(b *bench) {
			b.hooks.on["PreFailoverProcesses"] = func(context.Context) error {
				b.change("p", func(i *topology.Instance) { i.ReadOnly = false })
				return nil
			}
		}, 0, ""},
		"it is demoted while the hooks run": {func(b *bench) {
			b.hooks.on["PreFailoverProcesses"] = func(context.Context) error {
				b.ledger.mu.Lock()
				defer b.ledger.mu.Unlock()
				b.ledger.demoted = map[topology.Key]bool{key("p"): true}
				return nil
			}
		}, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, closed, `"RecoverNonWriteableMaster": true`, func(t *testing.T, b *bench) {
				b.run(t)
				c.prepare(b)
				if c.span == 0 {
					c.span = 8 * time.Second
				}
				b.strike("", c.span)
				if s := b.statements(); len(s) > 0 {
					t.Errorf("it was opened: %q", s)
				}
				if r, ok := b.ledger.ended(); ok && r.Successful() {
					t.Errorf("record %+v", r)
				}
				if held := b.told(Held); c.held != "" && !contains(held, c.held) {
					t.Errorf("held %q, want %q", held, c.held)
				}
			})
		})
	}
}

// TestThePrimaryComesFirst: the anti-flapping period of a lesser recovery must not cost a primary's.
func TestThePrimaryComesFirst(t *testing.T) {
	const both = `"RecoverMasterClusterFilters": ["*"], "RecoverIntermediateMasterClusterFilters": ["*"]`
	for name, c := range map[string]struct {
		prepare func(*bench)
		first   bool
	}{
		"it can be replaced": {func(*bench) {}, true},
		"it cannot": {func(b *bench) {
			b.engine.refused[key("p")] = refusal{again: time.Now().Add(time.Hour)}
			for _, n := range []string{"i", "s"} {
				b.change(n, func(i *topology.Instance) { i.PromotionRule = topology.MustNotPromote })
			}
		}, false},
		"it is in downtime": {func(b *bench) {
			b.change("p", func(i *topology.Instance) {
				i.Downtime = &topology.Downtime{Reason: "work", Begin: time.Now(), End: time.Now().Add(time.Hour)}
			})
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, chain, both, func(t *testing.T, b *bench) {
				c.prepare(b)
				b.lose("p")
				b.lose("i")
				r := &Recovery{Finding: analysis.Finding{Key: key("i"), Code: analysis.DeadIntermediate, ClusterName: "p:3306"}}
				err := b.engine.recover(t.Context(), r, request{hooks: true})
				if waits := err != nil && strings.Contains(err.Error(), "p:3306 comes first"); waits != c.first {
					t.Errorf("error %v, statements %q", err, b.statements())
				}
			})
		})
	}
}

func TestNobodyCanTakeTheReplicas(t *testing.T) {
	inBubble(t, chain, `"RecoverIntermediateMasterClusterFilters": ["*"]`, func(t *testing.T, b *bench) {
		for _, n := range []string{"p", "s"} { // they lack what the replicas have
			b.change(n, func(i *topology.Instance) { i.ExecutedSet, i.Channel.RetrievedSet = uuid("p")+":1-90", "" })
		}
		b.run(t)
		b.strike("i", 60*time.Second)
		b.ledger.mu.Lock()
		records, acked := len(b.ledger.resolved), len(b.ledger.acked)
		b.ledger.mu.Unlock()
		r, _ := b.ledger.ended()
		if records != 1 || acked != 1 || r.Successful() || !contains(r.Errors, "no replica can be moved") || len(b.statements()) > 0 {
			t.Fatalf("%d records, %d acknowledged, the last %+v; statements %q", records, acked, r, b.statements())
		}
		want := []string{"OnFailureDetectionProcesses", "PreFailoverProcesses", "PostUnsuccessfulFailoverProcesses"}
		if got := b.hooks.lists()[:3]; !slices.Equal(got, want) || slices.Contains(b.hooks.lists()[3:], "PreFailoverProcesses") {
			t.Errorf("hooks %q, want %q once", b.hooks.lists(), want)
		}
		// The sibling catches up, and the replicas are moved at once.
		b.change("s", func(i *topology.Instance) { i.ExecutedSet = uuid("p") + ":1-100" })
		b.strike("", 2*time.Second)
		if r, _ := b.ledger.ended(); r.Successor != key("s") || !b.said("a: follow s") || !b.said("b: follow s") {
			t.Errorf("not moved: %+v %q", r, b.statements())
		}
	})
}

func TestPartOfTheReplicasAreMoved(t *testing.T) {
	for name, c := range map[string]struct {
		fleet func() *fakeFleet
		lost  string
		to    string
		wins  string
	}{
		"of an intermediate source": {chain, "i", "s", "s"},
		"of a group member": {func() *fakeFleet {
			f := group()
			f.put(&topology.Instance{Key: key("b"), LogBin: true, LogReplicaUpdates: true, ReadOnly: true, Depth: 1, ExecutedSet: uuid("p") + ":1-100",
				Channel: topology.Channel{Source: key("g"), GTID: topology.OracleGTID, IOThread: topology.ThreadRunning, SQLThread: topology.ThreadRunning}})
			return f
		}, "g", "p", ""},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, c.fleet, `"RecoverIntermediateMasterClusterFilters": ["*"]`, func(t *testing.T, b *bench) {
				b.on["b: follow "+c.to] = func(context.Context) error { return errNo }
				b.run(t)
				b.strike(c.lost, 30*time.Second)
				r, _ := b.ledger.ended()
				want := topology.Key{}
				if c.wins != "" {
					want = key(c.wins)
				}
				if r.Successor != want || !slices.Contains(r.Lost, key("b")) || !b.said("a: follow "+c.to) {
					t.Errorf("record %+v, statements %q", r, b.statements())
				}
				if len(b.ledger.resolved) != 1 || len(b.ledger.acked) > 0 {
					t.Errorf("%d records, acknowledged %q: servers were changed, so the anti-flapping period counts", len(b.ledger.resolved), b.ledger.acked)
				}
				if down := b.ledger.downtimes; len(down) > 0 {
					t.Errorf("downtimes %v", down)
				}
			})
		})
	}
}

// TestRefusedPromotionIsLookedAtAgain: a recovery that changed nothing blocks nobody.
func TestRefusedPromotionIsLookedAtAgain(t *testing.T) {
	barred := func() *fakeFleet {
		f := pair()
		for _, n := range []string{"a", "b"} {
			f.change(n, func(i *topology.Instance) { i.PromotionRule = topology.MustNotPromote })
		}
		return f
	}
	inBubble(t, barred, "", func(t *testing.T, b *bench) {
		b.run(t)
		b.kill()
		after(time.Minute)
		b.ledger.mu.Lock()
		records, acked := slices.Clone(b.ledger.resolved), slices.Clone(b.ledger.acked)
		b.ledger.mu.Unlock()
		if len(records) != 1 || records[0].Successful() || !slices.Equal(acked, []string{records[0].UID}) {
			t.Fatalf("records %+v, acknowledged %q", records, acked)
		}
		b.change("b", func(i *topology.Instance) { i.PromotionRule = topology.NeutralPromote })
		b.event(observe.ClusterChanged, "p")
		after(tick)
		if r, _ := b.ledger.ended(); r.Successor != key("b") {
			t.Errorf("record %+v, statements %q", r, b.statements())
		}
	})
}

func TestVetoOfAHookIsAskedForAgain(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		b.hooks.on["PreFailoverProcesses"] = func(context.Context) error { return errNo }
		b.run(t)
		b.kill()
		times := func() int {
			return len(slices.DeleteFunc(b.hooks.lists(), func(l string) bool { return l != "PreFailoverProcesses" }))
		}
		for _, c := range []struct {
			pass time.Duration
			want int
		}{{againAfter - 2*time.Second, 1}, {4 * time.Second, 2}, {2*againAfter - 4*time.Second, 2}, {4 * time.Second, 3}} {
			after(c.pass)
			if got := times(); got != c.want {
				t.Errorf("asked %d times, want %d", got, c.want)
			}
		}
		b.hooks.mu.Lock()
		delete(b.hooks.on, "PreFailoverProcesses")
		b.hooks.mu.Unlock()
		after(4*againAfter + tick)
		if r, _ := b.ledger.ended(); !r.Successful() {
			t.Errorf("record %+v", r)
		}
	})
}

func TestTouched(t *testing.T) {
	step := func(v plan.Verb, s plan.State) plan.Step {
		return plan.Step{N: 1, Server: key("a"), Action: plan.Action{Verb: v}, State: s}
	}
	undoable := step(plan.SemiSyncSource, plan.Done)
	undoable.Undo = &plan.Action{Verb: plan.SemiSyncSource}
	undo := func(s plan.State) plan.Step {
		u := step(plan.SemiSyncSource, s)
		u.Phase = plan.Undo
		return u
	}
	for name, c := range map[string]struct {
		steps []plan.Step
		want  bool
	}{
		"nothing":                          {nil, false},
		"planned only":                     {[]plan.Step{step(plan.ChangeSource, plan.Waiting)}, false},
		"it was so already":                {[]plan.Step{step(plan.ChangeSource, plan.Skipped)}, false},
		"receivers were stopped":           {[]plan.Step{step(plan.StopReceiving, plan.Done), step(plan.AwaitApplied, plan.Failed)}, false},
		"an opening was refused":           {[]plan.Step{step(plan.SetWritable, plan.Failed)}, false},
		"opened":                           {[]plan.Step{step(plan.SetWritable, plan.Done)}, true},
		"a replica was moved":              {[]plan.Step{step(plan.ChangeSource, plan.Done)}, true},
		"half a move":                      {[]plan.Step{step(plan.ChangeSource, plan.Failed)}, true},
		"taken back":                       {[]plan.Step{undoable, undo(plan.Done)}, false},
		"could not be taken back":          {[]plan.Step{undoable, undo(plan.Failed)}, true},
		"done, and nothing was taken back": {[]plan.Step{undoable}, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := touched(c.steps); got != c.want {
				t.Errorf("%t", got)
			}
		})
	}
}

// TestUnfinishedOfOtherKinds: what a process left in the middle is taken back and planned anew, or noted as done.
func TestUnfinishedOfOtherKinds(t *testing.T) {
	leave := func(b *bench, f failure, code analysis.Code, steps ...plan.Step) {
		p := plan.Plan{Operation: string(code), Cluster: "p:3306", Failed: key(f.failed), Successor: key(f.wins)}
		for n, s := range steps {
			p.Add(n+1, s)
		}
		u := Unfinished{Journal: Journal{Plan: p, Hooks: true}}
		u.Recovery = Recovery{UID: "old", Started: time.Now(), Plan: p, Participants: participants(&p),
			Finding: analysis.Finding{Key: key(f.failed), Code: code, ClusterName: "p:3306"}}
		b.ledger.journals["old"] = u
	}
	t.Run("half of the replicas were moved", func(t *testing.T) {
		f := failures()["intermediate source"]
		inBubble(t, f.fleet, f.settings, func(t *testing.T, b *bench) {
			b.lose("i")
			b.replicaOf("a", "s", 2)
			b.change("a", func(i *topology.Instance) { i.Channel.IOThread, i.Channel.LastIOErrno = topology.ThreadRunning, 0 })
			b.change("b", func(i *topology.Instance) { i.Channel.IOThread = topology.ThreadStopped })
			stopped := plan.Step{Phase: plan.Gather, Server: key("b"), State: plan.Done, Action: plan.Action{Verb: plan.StopReceiving}, Undo: &plan.Action{Verb: plan.StartReceiving}}
			moved := plan.Step{Phase: plan.Repoint, Server: key("a"), State: plan.Done, Action: plan.Action{Verb: plan.ChangeSource, Source: key("s")}}
			leave(b, f, analysis.DeadIntermediate, stopped, moved)
			b.run(t)
			b.strike("", 15*time.Second)
			b.ledger.mu.Lock()
			records := slices.Clone(b.ledger.resolved)
			b.ledger.mu.Unlock()
			if len(records) != 1 || records[0].UID != "old" || records[0].Successor != key("s") || !b.said("b: follow s") || b.said("a: follow s") {
				t.Errorf("records %+v, statements %q", records, b.statements())
			}
			if len(b.ledger.acked) > 0 || len(b.ledger.journals) > 0 {
				t.Errorf("acknowledged %q, journals %v", b.ledger.acked, b.ledger.journals)
			}
		})
	})
	for name, opened := range map[string]bool{"it was opened": true, "it was not opened": false} {
		t.Run(name, func(t *testing.T) {
			f := failures()["read-only primary"]
			inBubble(t, f.fleet, f.settings, func(t *testing.T, b *bench) {
				b.change("p", func(i *topology.Instance) { i.ReadOnly = !opened })
				leave(b, f, analysis.NoWriteablePrimary, plan.Step{Phase: plan.Promote, Server: key("p"), NoReturn: true, State: plan.Running, Action: plan.Action{Verb: plan.SetWritable}})
				b.run(t)
				b.strike("", 15*time.Second)
				b.ledger.mu.Lock()
				records := slices.Clone(b.ledger.resolved)
				b.ledger.mu.Unlock()
				if len(records) != 1 || records[0].UID != "old" || !records[0].Successful() || b.said("p: read_only=false") == opened {
					t.Errorf("records %+v, statements %q", records, b.statements())
				}
				if opened && len(b.statements()) > 0 {
					t.Errorf("statements %q", b.statements())
				}
				if down := b.ledger.downtimes; len(down) > 0 || slices.ContainsFunc(b.statements(), func(s string) bool { return strings.Contains(s, "follow") }) {
					t.Errorf("downtimes %v, statements %q", down, b.statements())
				}
			})
		})
	}
}
