package recovery

import (
	"slices"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// crashedTwice leaves behind what a process leaves that ended with two recoveries under way: p was replaced by a, and a by b. c
// still stands below a.
func (b *bench) crashedTwice() {
	b.crashed(3)
	b.ledger.change("old", func(u *Unfinished) { u.Recovery.Finding.Replicas = []topology.Key{key("a"), key("b"), key("c")} })
	p := plan.Plan{Operation: "DeadMaster", Cluster: "a:3306", Failed: key("a"), Successor: key("b")}
	for _, n := range []string{"b", "c"} {
		p.Add(1, plan.Step{Phase: plan.Gather, Server: key(n), State: plan.Done, Action: plan.Action{Verb: plan.StopReceiving}})
	}
	p.Add(6, plan.Step{Phase: plan.Promote, Server: key("b"), NoReturn: true, State: plan.Done, Action: plan.Action{Verb: plan.SetWritable}})
	p.Add(7, plan.Step{Phase: plan.Repoint, Server: key("c"), MayFail: true, Action: plan.Action{Verb: plan.ChangeSource, Source: key("b")}})
	u := Unfinished{Journal: Journal{Plan: p, Hooks: true}}
	u.Recovery = Recovery{UID: "second", Started: time.Now().Add(time.Second), Plan: p, Participants: participants(&p),
		Finding: analysis.Finding{Key: key("a"), Code: analysis.DeadPrimary, ClusterName: "a:3306", IsPrimary: true, Replicas: []topology.Key{key("b"), key("c")}}}
	b.ledger.journals["second"] = u
	b.change("a", func(i *topology.Instance) { i.ReadOnly = false })
	b.change("c", func(i *topology.Instance) { i.Channel.Source, i.ClusterName = key("a"), "a:3306" })
}

// openedSecond has both successors be primaries that take writes.
func (b *bench) openedSecond() {
	for _, n := range []string{"a", "b"} {
		b.change(n, func(i *topology.Instance) {
			i.ReadOnly, i.Channel, i.ClusterName = false, topology.Channel{}, i.Key.String()
		})
	}
}

// TestTwoRecoveriesThatFollowEachOtherAreFinishedInTheirOrder has the successor of the first return open: it is a lost primary
// itself, and nobody is led there.
func TestTwoRecoveriesThatFollowEachOtherAreFinishedInTheirOrder(t *testing.T) {
	for name, back := range map[string]func(*bench){
		"both primaries are back": func(b *bench) {
			b.change("p", func(i *topology.Instance) { i.Check.Checked, i.Check.Seen = time.Now(), time.Now() })
		},
		"only the second one is": func(*bench) {},
		"neither is":             func(b *bench) { b.lose("a") },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func() *fakeFleet { return star("a", "b", "c") }, "", func(t *testing.T, b *bench) {
				b.crashedTwice()
				b.openedSecond()
				back(b)
				b.run(t)
				after(doubtFor / 2)
				rs := b.ledger.records()
				if len(rs) != 2 || rs[0].UID != "old" || rs[0].Successor != key("a") || rs[1].UID != "second" || rs[1].Successor != key("b") {
					t.Fatalf("%d records: %+v", len(rs), rs)
				}
				if !b.said("c: follow b") || b.said("b: follow a") || b.said("c: follow a") {
					t.Errorf("statements %q\n%s", b.statements(), strings.Join(b.ledger.lines, "\n"))
				}
				for _, n := range []string{"p", "a"} {
					if i := b.Snapshot().Instance(key(n)); i.LastCheckValid() && !b.said(n+": read_only=true") {
						t.Errorf("%s stays open: %q", n, b.statements())
					}
				}
				if lost := b.ledger.downtimes[key("b")]; b.said("b: read_only=true") || lost.LostInRecovery() {
					t.Errorf("the primary is closed, or counts as lost: %q", b.statements())
				}
				if !slices.Equal(b.ledger.closed, []string{"old", "second"}) {
					t.Errorf("closed %q", b.ledger.closed)
				}
			})
		})
	}
}

// TestASecondRecoveryThatOpenedNobodyIsTakenBackAfterTheFirst: its successor never was opened, so the first one's still is it.
func TestASecondRecoveryThatOpenedNobodyIsTakenBackAfterTheFirst(t *testing.T) {
	inBubble(t, func() *fakeFleet { return star("a", "b", "c") }, "", func(t *testing.T, b *bench) {
		b.crashedTwice()
		b.ledger.change("second", func(u *Unfinished) { u.Journal.Steps[2].State = plan.Waiting })
		b.run(t)
		after(doubtFor)
		rs := b.ledger.records()
		if len(rs) == 0 || rs[0].UID != "old" || rs[0].Successor != key("a") {
			t.Fatalf("%d records: %+v", len(rs), rs)
		}
		if b.said("a: read_only=true") || b.said("b: read_only=false") || !b.said("b: follow a") {
			t.Errorf("statements %q\n%s", b.statements(), strings.Join(b.ledger.lines, "\n"))
		}
	})
}

// TestASuccessorThatWasReplacedOnRecordIsLeftToThat: the second recovery has ended, and the first one's end was not written.
func TestASuccessorThatWasReplacedOnRecordIsLeftToThat(t *testing.T) {
	inBubble(t, func() *fakeFleet { return star("a", "b", "c") }, "", func(t *testing.T, b *bench) {
		b.crashedTwice()
		b.openedSecond()
		delete(b.ledger.journals, "second")
		b.ledger.demoted = map[topology.Key]bool{key("a"): true}
		b.run(t)
		after(doubtFor)
		rs := b.ledger.records()
		if len(rs) != 1 || rs[0].UID != "old" || rs[0].Successor != key("a") {
			t.Fatalf("%d records: %+v", len(rs), rs)
		}
		if b.said("b: follow a") || b.said("c: follow a") || b.ledger.called("PublishPrimary") > 0 || b.ledger.called("RenameCluster") > 0 {
			t.Errorf("statements %q, calls %q", b.statements(), b.ledger.calls)
		}
	})
}

func TestComesAfter(t *testing.T) {
	at := time.Unix(946684812, 0)
	first := &Recovery{UID: "946684812505945399:aa", ID: 1, Started: at, Finding: analysis.Finding{Key: key("p"), Code: analysis.DeadPrimary, IsPrimary: true}}
	for name, c := range map[string]struct {
		failed  string
		uid     string
		started time.Time
		want    bool
	}{
		"a later one of its successor":           {"a", "946684815142433310:bb", at.Add(3 * time.Second), true},
		"a later one of another server":          {"b", "946684815142433310:bb", at.Add(3 * time.Second), false},
		"one of its successor within the second": {"a", "946684812999999999:bb", at, true},
		"an earlier one within the second":       {"a", "946684812000000001:bb", at, false},
		"itself":                                 {"a", "946684812505945399:aa", at, false},
	} {
		t.Run(name, func(t *testing.T) {
			u := Unfinished{}
			u.Recovery = Recovery{UID: c.uid, ID: 2, Started: c.started, Finding: analysis.Finding{Key: key(c.failed), Code: analysis.DeadPrimary, IsPrimary: true}}
			if got := u.comesAfter(first, key("a")); got != c.want {
				t.Errorf("%t", got)
			}
		})
	}
}
