package recovery

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"orchestrator/internal/failover"
	"orchestrator/internal/observe"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// records are all recoveries that ended, in their order.
func (l *fakeLedger) records() []Recovery {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.resolved)
}

// called is how often a method was called.
func (l *fakeLedger) called(name string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.calls {
		if c == name {
			n++
		}
	}
	return n
}

func (l *fakeLedger) said(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return contains(l.lines, text)
}

// change changes what is left of a recovery.
func (l *fakeLedger) change(uid string, change func(*Unfinished)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	u := l.journals[uid]
	change(&u)
	l.journals[uid] = u
}

func (l *fakeLedger) left(uid string) (Unfinished, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	u, ok := l.journals[uid]
	return u, ok
}

// refuse has a method fail from now on; nil lets it work again.
func (l *fakeLedger) refuse(name string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fail[name] = err
}

// ofRecovery are the hook lists that ran, but for those of detections.
func (h *fakeHooks) ofRecovery() []string {
	return slices.DeleteFunc(h.lists(), func(l string) bool { return l == "OnFailureDetectionProcesses" })
}

func TestWhatWasTakenBackIsBegunAnewUnderItsRecord(t *testing.T) {
	for name, c := range map[string]struct {
		begun, ended int // of the hooks before the failover
		ran          []string
		said         string
	}{
		"before its hooks": {0, 0, []string{"PreFailoverProcesses", "PostMasterFailoverProcesses", "PostFailoverProcesses"}, "begun anew by"},
		"beside a hook":    {1, 0, []string{"PostMasterFailoverProcesses", "PostFailoverProcesses"}, "how number 1 ended is not known"},
		"after its hooks":  {1, 1, []string{"PostMasterFailoverProcesses", "PostFailoverProcesses"}, "1 of 1 had run before the manager ended"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, pair, "", func(t *testing.T, b *bench) {
				b.crashed(2)
				b.ledger.change("old", func(u *Unfinished) {
					u.Recovery.ID = 7
					u.Journal.Begun, u.Journal.Ended = map[string]int{"PreFailoverProcesses": c.begun}, map[string]int{"PreFailoverProcesses": c.ended}
				})
				b.run(t)
				after(15 * time.Second)
				if rs := b.ledger.records(); len(rs) != 1 || rs[0].UID != "old" || rs[0].ID != 7 || rs[0].Successor != key("a") || b.ledger.called("RegisterRecovery") > 0 {
					t.Fatalf("records %+v", rs)
				}
				if len(b.ledger.acked) > 0 || !slices.Equal(b.ledger.closed, []string{"old"}) {
					t.Errorf("acknowledged %q, closed %q", b.ledger.acked, b.ledger.closed)
				}
				if !slices.Equal(b.hooks.ofRecovery(), c.ran) || !b.ledger.said(c.said) {
					t.Errorf("hooks %q, steps %q", b.hooks.ofRecovery(), b.ledger.lines)
				}
			})
		})
	}
}

func TestWhatWasTakenBackEndsWhereNothingIsFoundAgain(t *testing.T) {
	t.Run("the primary is back", func(t *testing.T) {
		inBubble(t, pair, "", func(t *testing.T, b *bench) {
			b.crashed(2)
			b.ledger.off = []failover.SwitchedOff{{Cluster: "p:3306", Until: time.Now().Add(time.Hour)}}
			b.run(t)
			after(5 * time.Second)
			if u, ok := b.ledger.left("old"); !ok || !u.Journal.GivenUp || len(b.ledger.records()) > 0 {
				t.Fatalf("it does not wait: %+v", b.ledger.records())
			}
			b.change("p", func(i *topology.Instance) { i.Check.Checked, i.Check.Seen = time.Now(), time.Now() })
			b.event(observe.InstanceBack, "p")
			after(2 * time.Second)
			if rs := b.ledger.records(); len(rs) != 1 || rs[0].Successful() || !slices.Equal(b.ledger.acked, []string{"old"}) {
				t.Errorf("records %+v, acknowledged %q", rs, b.ledger.acked)
			}
		})
	})
	t.Run("a hook has forbidden it", func(t *testing.T) {
		inBubble(t, pair, "", func(t *testing.T, b *bench) {
			b.crashed(0)
			b.ledger.change("old", func(u *Unfinished) { u.Journal.Veto = "PreFailoverProcesses: not today" })
			b.run(t)
			after(5 * time.Second)
			rs := b.ledger.records()
			if len(rs) != 1 || rs[0].Successful() || !contains(rs[0].Errors, "not today") || len(b.ledger.acked) > 0 || b.said("a: read_only=false") {
				t.Errorf("records %+v, acknowledged %q, statements %q", rs, b.ledger.acked, b.statements())
			}
		})
	})
	t.Run("another one leads meanwhile", func(t *testing.T) {
		inBubble(t, pair, "", func(t *testing.T, b *bench) {
			b.crashed(2)
			b.ledger.off = []failover.SwitchedOff{{Cluster: "p:3306", Until: time.Now().Add(time.Hour)}}
			b.run(t)
			after(5 * time.Second)
			b.leader.set(false)
			after(2 * anewWithin)
			if _, ok := b.ledger.left("old"); !ok || len(b.ledger.records()) > 0 {
				t.Errorf("it was ended by who does not lead: %+v", b.ledger.records())
			}
		})
	})
}

// TestHooksWhenTheOfficeIsLost: none is run by two managers, and each is run by one.
func TestHooksWhenTheOfficeIsLost(t *testing.T) {
	t.Run("who lost it runs no more of them, and finishes when it leads again", func(t *testing.T) {
		inBubble(t, pair, "", func(t *testing.T, b *bench) {
			b.hooks.on = map[string]func(context.Context) error{"PostMasterFailoverProcesses": func(context.Context) error {
				b.leader.set(false)
				b.ledger.refuse("SaveProgress", store.ErrNotAgreed)
				return nil
			}}
			b.run(t)
			b.kill()
			after(20 * time.Second)
			want := []string{"PreFailoverProcesses", "PostMasterFailoverProcesses"}
			if !slices.Equal(b.hooks.ofRecovery(), want) {
				t.Fatalf("hooks %q", b.hooks.ofRecovery())
			}
			b.ledger.refuse("SaveProgress", nil)
			after(5 * time.Second)
			b.leader.set(true)
			after(20 * time.Second)
			if !slices.Equal(b.hooks.ofRecovery(), append(want, "PostFailoverProcesses")) {
				t.Errorf("hooks %q", b.hooks.ofRecovery())
			}
			if rs := b.ledger.records(); rs[len(rs)-1].UID != rs[0].UID || len(b.ledger.journals) > 0 {
				t.Errorf("records %+v, open %v", rs, b.ledger.journals)
			}
		})
	})
	t.Run("another one has taken it up", func(t *testing.T) {
		inBubble(t, pair, "", func(t *testing.T, b *bench) {
			b.hooks.on = map[string]func(context.Context) error{"PostMasterFailoverProcesses": func(context.Context) error {
				b.ledger.mu.Lock()
				defer b.ledger.mu.Unlock()
				for uid := range b.ledger.journals {
					b.ledger.taken = append(b.ledger.taken, uid)
				}
				return nil
			}}
			b.run(t)
			b.kill()
			after(5 * time.Second)
			if got := b.hooks.ofRecovery(); !slices.Equal(got, []string{"PreFailoverProcesses", "PostMasterFailoverProcesses"}) || len(b.ledger.closed) > 0 {
				t.Errorf("hooks %q, closed %q", got, b.ledger.closed)
			}
		})
	})
	t.Run("only the ledger fails", func(t *testing.T) {
		inBubble(t, pair, "", func(t *testing.T, b *bench) {
			b.hooks.on = map[string]func(context.Context) error{"PostMasterFailoverProcesses": func(context.Context) error {
				b.ledger.refuse("SaveProgress", errors.New("disk full"))
				return nil
			}}
			b.run(t)
			b.kill()
			after(5 * time.Second)
			if got := b.hooks.ofRecovery(); len(got) != 3 {
				t.Errorf("hooks %q", got)
			}
		})
	})
}
