package publish

import (
	"context"
	"errors"
	"testing"
	"time"

	"orchestrator/internal/topology"
)

// TestLookout: a name that leads to the primary is in order; one that leads to another server of the cluster, or to none of them,
// is not, since the first look that has seen it; where nobody answers, nothing is said of where it leads.
func TestLookout(t *testing.T) {
	t.Parallel()
	key := func(host string) topology.Key { return topology.Key{Hostname: host, Port: 3306} }
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	leads, active := "p 1", true
	l := NewLookout(LookoutOptions{
		Names: func() []Name {
			return []Name{{Alias: "orders", Name: "orders-vip", Primary: key("p"), Others: []topology.Key{key("r")}}}
		},
		Active: func() bool { return active }, Now: func() time.Time { return now },
		Whose: func(_ context.Context, k topology.Key) (string, error) {
			switch {
			case k.Hostname != "orders-vip":
				return k.Hostname + " 1", nil
			case leads == "":
				return "", errors.New("connection refused")
			}
			return leads, nil
		},
	})
	var begun time.Time
	for _, step := range []struct {
		leads, value string
		state        State
	}{{"p 1", "p:3306", AsWanted}, {"r 1", "r:3306", Elsewhere}, {"r 1", "r:3306", Elsewhere}, {"x 9", "a server that is not of this cluster (x 9)", Elsewhere}, {"", "", Unreadable}} {
		now, leads = now.Add(time.Minute), step.leads
		l.Look(t.Context())
		e := l.Listing().Entries[0]
		value := ""
		if len(e.Sights) > 0 {
			value = e.Sights[0].Value
		}
		if e.State != step.state || value != step.value || e.Wanted != "p:3306" || e.Name != "orders-vip:3306" || !e.Checked.Equal(now) || (e.State == Unreadable) != (e.Problem != "") {
			t.Errorf("leads to %q: %+v", step.leads, e)
		}
		if e.State == Elsewhere && begun.IsZero() {
			begun = now
		}
		if e.State == Elsewhere && !e.Since.Equal(begun) {
			t.Errorf("since %s, not %s", e.Since, begun)
		}
	}
	active = false
	if l.Look(t.Context()); len(l.Listing().Entries) > 0 {
		t.Error("a node that does not look knows something")
	}
}

// TestLookoutRests: a name at which nobody says who he is is left alone for a while, unless another primary is to answer there.
func TestLookoutRests(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	primary := topology.Key{Hostname: "p", Port: 3306}
	asked := 0
	l := NewLookout(LookoutOptions{
		Names:  func() []Name { return []Name{{Alias: "orders", Name: "proxy", Primary: primary}} },
		Active: func() bool { return true }, Now: func() time.Time { return now },
		Whose: func(_ context.Context, k topology.Key) (string, error) {
			if k.Hostname == "proxy" {
				asked++
			}
			return "", errors.New("access denied")
		},
	})
	for n, step := range []struct {
		after   time.Duration
		primary string
		asked   int
	}{{0, "p", 1}, {lookEvery, "p", 1}, {lookAgain - time.Second, "p", 2}, {time.Second, "q", 3}} {
		now, primary.Hostname = now.Add(step.after), step.primary
		l.Look(t.Context())
		if asked != step.asked || len(l.Listing().Entries) != 1 {
			t.Errorf("look %d: asked %d times, want %d", n, asked, step.asked)
		}
	}
}
