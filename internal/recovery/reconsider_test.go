package recovery

import (
	"slices"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/topology"
)

// aside is a bench after a failover from p to a, p being back without anybody who could tell it what to sign in with.
func aside(b *bench) {
	clonable(b)
	for _, name := range []string{"p", "a", "b"} {
		b.change(name, func(i *topology.Instance) { i.GTIDMode, i.ExecutedSet = "ON", uuid("p")+":1-100" })
	}
}

func (b *bench) quarantines() (out []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.progress {
		if p.Kind == Quarantined {
			out = append(out, p.Text)
		}
	}
	return out
}

func TestWithoutCredentialsAServerIsLeftAlone(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		aside(b)
		b.mute = true
		b.run(t)
		b.engine.rejoin(key("p"))
		after(5 * reconsiderEvery)
		said := b.quarantines()
		if len(said) != 1 || !strings.Contains(said[0], "ReplicationCredentialsQuery") {
			t.Errorf("said %d times: %q", len(said), said)
		}
		if i := slices.IndexFunc(b.statements(), func(s string) bool { return strings.HasPrefix(s, "p: ") && !strings.Contains(s, "GTID") }); i >= 0 {
			t.Errorf("it was changed: %q", b.statements())
		}
		if notes := b.engine.setAside(b.Snapshot()); len(notes) != 1 || !strings.Contains(notes[0], said[0]) {
			t.Errorf("explain notes %q", notes)
		}
	})
}

// A leader that loses its office while it takes a server back does not decide about it: whoever leads next does, at once.
func TestWhoLeadsNextTakesAServerBack(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		aside(b)
		b.change("a", func(i *topology.Instance) { i.CredentialsAvailable = true })
		b.leader.set(false)
		b.run(t)
		b.engine.rejoin(key("p"))
		after(time.Second)
		if said := b.quarantines(); len(said) > 0 {
			t.Errorf("decided by a node that does not lead: %q", said)
		}
		b.leader.set(true)
		b.engine.Wake()
		after(reconsiderEvery / 3)
		if !slices.ContainsFunc(b.statements(), func(s string) bool { return strings.HasPrefix(s, "p: follow a") }) {
			t.Errorf("not taken back: %q, %q", b.statements(), b.quarantines())
		}
	})
}

func TestWhenAServerIsLookedAtAgain(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]struct {
		last  considered
		facts string
		want  bool
	}{
		"it is being looked at":         {considered{facts: "x"}, "y", false},
		"something has changed":         {considered{facts: "x", at: now}, "y", true},
		"nothing has":                   {considered{facts: "x", at: now, why: "extra"}, "x", false},
		"nothing has for a while":       {considered{facts: "x", at: now.Add(-reconsiderEvery), why: "extra"}, "x", true},
		"it was taken back a while ago": {considered{facts: "x", at: now.Add(-time.Hour)}, "x", false},
	} {
		if got := c.last.due(c.facts, now); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestFactsOfAReturn: each of these may decide whether a former primary can be taken back.
func TestFactsOfAReturn(t *testing.T) {
	for name, change := range map[string]func(b *bench){
		"another recovery": func(b *bench) {
			b.change("p", func(i *topology.Instance) { i.Downtime.Begin = i.Downtime.Begin.Add(time.Second) })
		},
		"maintenance":         func(b *bench) { b.change("p", func(i *topology.Instance) { i.Maintenance = &topology.Maintenance{} }) },
		"a user of its own":   func(b *bench) { b.change("p", func(i *topology.Instance) { i.HasCredentials = true }) },
		"somebody tells":      func(b *bench) { b.change("a", func(i *topology.Instance) { i.CredentialsAvailable = true }) },
		"the query":           func(b *bench) { b.config.ReplicationCredentialsQuery = "SELECT 1" },
		"the primary closed":  func(b *bench) { b.change("a", func(i *topology.Instance) { i.ReadOnly = true }) },
		"the primary is lost": func(b *bench) { b.lose("a") },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, pair, "", func(t *testing.T, b *bench) {
				aside(b)
				facts := func() string {
					s := b.Snapshot()
					return b.engine.factsOf(s, s.Instance(key("p")))
				}
				before := facts()
				change(b)
				if facts() == before {
					t.Error("nobody would look again")
				}
			})
		})
	}
}
