package recovery

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/observe"
	"orchestrator/internal/topology"
)

// strayed is a bench after a failover from p to a, during which b did not answer. b is back, below p, which is gone.
func strayed(b *bench) {
	b.engine.noteSuccessor(key("p"), key("a"))
	for _, name := range []string{"p", "a", "b"} {
		b.change(name, func(i *topology.Instance) {
			i.GTIDMode, i.ReadOnly, i.HasCredentials, i.ExecutedSet = "ON", name != "a", true, uuid("p")+":1-100"
		})
	}
	b.change("a", func(i *topology.Instance) {
		i.Channel = topology.Channel{IOThread: topology.NoThread, SQLThread: topology.NoThread}
		i.ExecutedSet += "," + uuid("a") + ":1-7"
	})
	b.change("b", func(i *topology.Instance) { i.Downtime = lostSince(time.Now()) })
	b.lose("p")
}

func lostSince(at time.Time) *topology.Downtime {
	return &topology.Downtime{Reason: topology.ReasonLostInRecovery, Begin: at, End: at.Add(time.Hour)}
}

func TestWhichReplicasThatWereLeftBehindFollow(t *testing.T) {
	follows := func(source string) func(b *bench) {
		return func(b *bench) { b.change("b", func(i *topology.Instance) { i.Channel.Source = key(source) }) }
	}
	for name, c := range map[string]struct {
		change func(b *bench)
		to     string // whom it is pointed at; "" where it is left alone
		says   string // why not; "" where there is nothing to say
	}{
		"one below a primary that is gone": {func(*bench) {}, "a", ""},
		"one whose source is back, alone": {func(b *bench) {
			b.change("p", func(i *topology.Instance) {
				i.Check.Err, i.Check.Checked, i.Check.Seen = "", time.Now(), time.Now()
			})
		}, "a", ""},
		"one whose successor was replaced in turn": {func(b *bench) {
			b.engine.noteSuccessor(key("z"), key("p"))
			follows("z")(b)
			b.engine.noteSuccessor(key("p"), key("a"))
		}, "a", ""},
		"one below the old primary, which replicates already": {func(b *bench) {
			b.change("p", func(i *topology.Instance) {
				i.Check.Err, i.Check.Checked, i.Check.Seen = "", time.Now(), time.Now()
				i.Channel = topology.Channel{Source: key("a"), IOThread: topology.ThreadRunning, SQLThread: topology.ThreadRunning}
			})
			b.change("b", func(i *topology.Instance) { i.Channel.IOThread = topology.ThreadRunning })
		}, "", ""},
		"one below the primary already":   {follows("a"), "", ""},
		"one that somebody put elsewhere": {follows("x"), "", ""},
		"one with several sources":        {func(b *bench) { b.change("b", func(i *topology.Instance) { i.Others = make([]topology.Channel, 1) }) }, "", ""},
		"one that is under maintenance": {func(b *bench) {
			b.change("b", func(i *topology.Instance) { i.Maintenance = &topology.Maintenance{Owner: "anna"} })
		}, "", "maintenance by anna"},
		"one that holds more than the primary": {func(b *bench) { b.change("b", func(i *topology.Instance) { i.ExecutedSet = uuid("p") + ":1-101" }) }, "", ":101"},
		"one that has received more": {func(b *bench) {
			b.change("b", func(i *topology.Instance) { i.Channel.RetrievedSet = uuid("p") + ":1-102" })
		}, "", ":101-102"},
		"one whose primary is closed":                {func(b *bench) { b.change("a", func(i *topology.Instance) { i.ReadOnly = true }) }, "", "not a primary that takes writes"},
		"none, where this node does not lead":        {func(b *bench) { b.leader.set(false) }, "", "does not lead"},
		"none, while the cluster is being worked on": {func(b *bench) { b.engine.occupy("p:3306") }, "", "worked on"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, pair, "", func(t *testing.T, b *bench) {
				strayed(b)
				c.change(b)
				err := b.engine.rejoinOnce(t.Context(), key("b"))
				to := b.Snapshot().Instance(key("b")).Channel.Source
				moved := slices.ContainsFunc(b.statements(), func(s string) bool { return strings.HasPrefix(s, "b: follow ") })
				switch {
				case moved != (c.to != "") || moved && to != key(c.to):
					t.Errorf("it follows %s, having done %q: %v", to, b.statements(), err)
				case c.says == "" && err != nil:
					t.Errorf("failed: %v", err)
				case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
					t.Errorf("%v does not say %q", err, c.says)
				}
			})
		})
	}
}

// TestHeir: the records of servers that replaced one another in turn lead to the one that nobody replaced.
func TestHeir(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		b.engine.noteSuccessor(key("p"), key("a"))
		b.engine.noteSuccessor(key("a"), key("b"))
		for from, want := range map[string]string{"p": "b", "a": "b"} {
			if to, err := b.engine.heir(t.Context(), key(from)); err != nil || to != key(want) {
				t.Errorf("the heir of %s is %s: %v", from, to, err)
			}
		}
		b.engine.noteSuccessor(key("b"), key("p")) // and back to the first
		for _, from := range []string{"a", "b"} {
			if to, err := b.engine.heir(t.Context(), key(from)); err != nil || to != key("p") {
				t.Errorf("the heir of %s is %s: %v", from, to, err)
			}
		}
		if to, err := b.engine.heir(t.Context(), key("p")); !errors.Is(err, errNoSuccessor) {
			t.Errorf("the heir of the primary is %s: %v", to, err)
		}
	})
}

// TestAStrayIsSeenTo: nobody has to ask for it.
func TestAStrayIsSeenTo(t *testing.T) {
	for policy, want := range map[string]string{"off": "p", "clean": "a"} {
		t.Run(policy, func(t *testing.T) {
			inBubble(t, pair, `"AutoRejoin": "`+policy+`"`, func(t *testing.T, b *bench) {
				b.run(t)
				strayed(b)
				after(time.Second)
				b.event(observe.InstanceBack, "b")
				after(5 * time.Second)
				if to := b.Snapshot().Instance(key("b")).Channel.Source; to != key(want) {
					t.Errorf("it follows %s: %q", to, b.statements())
				}
			})
		})
	}
}

// TestAStrayThatHoldsMoreIsNamed: explain says so, of the cluster that it is in.
func TestAStrayThatHoldsMoreIsNamed(t *testing.T) {
	inBubble(t, pair, `"AutoRejoin": "clean"`, func(t *testing.T, b *bench) {
		b.run(t)
		strayed(b)
		b.change("b", func(i *topology.Instance) { i.Channel.RetrievedSet = uuid("p") + ":1-102" })
		after(time.Second)
		b.event(observe.InstanceBack, "b")
		after(5 * time.Second)
		notes := b.engine.setAside(b.Snapshot())
		if !slices.ContainsFunc(notes, func(n string) bool { return strings.HasPrefix(n, "b:3306 was away") && strings.Contains(n, ":101-102") }) {
			t.Errorf("notes %q", notes)
		}
	})
}

// TestNothingIsSaidOfAServerThatWasPromotedMeanwhile: it was lost, and was being looked at, when its turn came again.
func TestNothingIsSaidOfAServerThatWasPromotedMeanwhile(t *testing.T) {
	inBubble(t, pair, `"AutoRejoin": "clean"`, func(t *testing.T, b *bench) {
		strayed(b)
		b.engine.noteSuccessor(key("a"), key("p"))
		b.ledger.promoted = map[topology.Key]time.Time{key("p"): time.Now()}
		b.change("p", func(i *topology.Instance) { i.Downtime = lostSince(time.Now()) })
		if err := b.engine.rejoinOnce(t.Context(), key("p")); err != nil {
			t.Errorf("it says %v", err)
		}
	})
}

// TestWhatAnotherLeaderDidCountsForWhoReplacedWhom: this process replaced b by a, another one that led since replaced a by b.
func TestWhatAnotherLeaderDidCountsForWhoReplacedWhom(t *testing.T) {
	for name, c := range map[string]struct {
		promoted time.Duration // when b was on record, as seen from what this process did
		want     string
	}{
		"promoted since":  {time.Minute, "b"},
		"promoted before": {-time.Minute, "a"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, pair, "", func(t *testing.T, b *bench) {
				b.engine.noteSuccessor(key("b"), key("a"))
				b.ledger.promoted = map[topology.Key]time.Time{key("b"): time.Now().Add(c.promoted)}
				b.ledger.resolved = []Recovery{{Finding: analysis.Finding{Key: key("p")}, Successor: key("b")}}
				if to, err := b.engine.heir(t.Context(), key("p")); err != nil || to != key(c.want) {
					t.Errorf("%s %v", to, err)
				}
			})
		})
	}
}

// TestAReplicaThatComesBackBelowALostServerIsAStray: a manager that is gone had pointed it there, and was the only one to know.
func TestAReplicaThatComesBackBelowALostServerIsAStray(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*bench)
		want   string
	}{
		"its source counts as lost": {func(b *bench) { b.change("p", func(i *topology.Instance) { i.Downtime = lostSince(time.Now()) }) }, "a"},
		"its source does not":       {func(*bench) {}, "p"},
		"somebody put it into a downtime": {func(b *bench) {
			b.change("p", func(i *topology.Instance) { i.Downtime = lostSince(time.Now()) })
			b.change("b", func(i *topology.Instance) {
				i.Downtime = &topology.Downtime{Reason: "upgrade", Begin: time.Now(), End: time.Now().Add(time.Hour)}
			})
		}, "p"},
		"its source was taken back": {func(b *bench) {
			b.change("p", func(i *topology.Instance) {
				i.Downtime, i.Channel.Source = lostSince(time.Now()), key("a")
			})
		}, "p"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, pair, `"AutoRejoin": "clean"`, func(t *testing.T, b *bench) {
				b.run(t)
				strayed(b)
				b.change("b", func(i *topology.Instance) { i.Downtime = nil })
				c.change(b)
				after(time.Second)
				b.event(observe.InstanceBack, "b")
				after(5 * time.Second)
				if to := b.Snapshot().Instance(key("b")).Channel.Source; to != key(c.want) {
					t.Errorf("it follows %s: %q", to, b.statements())
				}
			})
		})
	}
}
