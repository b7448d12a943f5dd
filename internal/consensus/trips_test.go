package consensus

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestQuickestTrip(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		trips []trip
		want  trip
	}{
		"none":                         {},
		"one":                          {[]trip{{9, 1}}, trip{9, 1}},
		"the quickest tells the clock": {[]trip{{9, 5}, {3, 1}, {7, 4}}, trip{3, 1}},
	} {
		if got := quickest(c.trips); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestMeasure: the clock is compared with the middle of the trip, only the last trips count, and nodes that do not tell
// their time say nothing.
func TestMeasure(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	r := &Raft{id: "a", o: RaftOptions{Now: func() time.Time { return now }}, trips: map[string][]trip{}}
	r.measure(Greeting{ID: "b", Clock: now.Add(4 * time.Second)}, 2*time.Second)
	if got := r.tripTo("b"); got != (trip{2 * time.Second, 5 * time.Second}) {
		t.Errorf("%v", got)
	}
	for range tripsKept {
		r.measure(Greeting{ID: "b", Clock: now}, 4*time.Second)
	}
	if got := r.tripTo("b"); got != (trip{4 * time.Second, 2 * time.Second}) {
		t.Errorf("after newer ones: %v", got)
	}
	r.measure(Greeting{ID: "c"}, time.Second)
	r.measure(Greeting{ID: "a", Clock: now}, time.Second)
	if all := r.roundTrips(); len(all) != 1 || all["b"] != 4*time.Second {
		t.Errorf("%v", all)
	}
}

func TestVotes(t *testing.T) {
	t.Parallel()
	voter := func(id string, healthy bool) Member { return Member{ID: id, Voter: true, Healthy: healthy} }
	three := []Member{voter("a", true), voter("b", true), voter("c", false), {ID: "d", Healthy: true}}
	for name, c := range map[string]struct {
		without string
		want    Votes
	}{
		"all":                         {"", Votes{3, 2, 2}},
		"without one that is silent":  {"c", Votes{2, 2, 2}},
		"without one that answers":    {"b", Votes{2, 2, 1}},
		"without one that has no say": {"d", Votes{3, 2, 2}},
	} {
		if got := VotesOf(three, c.without); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestRaftReports: members measure how far they are from each other, tell it, and answer how they are, also one that has
// ended: it is named with the reason.
func TestRaftReports(t *testing.T) {
	t.Parallel()
	rig := &raftRig{t: t, dir: t.TempDir()}
	rig.form(3)
	for _, n := range rig.nodes {
		n.AnswerReports(func(_ context.Context, body json.RawMessage) (any, error) {
			return n.o.Self.Hostname + string(body), nil
		})
	}
	l := rig.leader()
	eventually(t, "all trips are measured", func() bool {
		for _, m := range l.Members() {
			if !m.Self && m.RoundTrip <= 0 || len(m.Trips) != 2 {
				return false
			}
		}
		return l.Standing().Reachable == 3
	})
	for _, m := range l.Members() {
		if m.RoundTrip > time.Minute || m.ClockAhead.Abs() > time.Minute {
			t.Errorf("%+v", m)
		}
		if m.Leader == m.LeadsSince.IsZero() {
			t.Errorf("since when %s leads: %v", m.ID, m.LeadsSince)
		}
	}
	ask := func() map[string]error {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		got := map[string]error{}
		for _, o := range l.AskReports(ctx, 7) {
			if o.Err == nil && string(o.Body) != `"`+o.Member.Hostname+`7"` {
				t.Errorf("%s: %s", o.Member.Hostname, o.Body)
			}
			got[o.Member.Hostname] = o.Err
		}
		return got
	}
	if got := ask(); len(got) != 2 || got[rig.other(l).o.Self.Hostname] != nil {
		t.Errorf("%v", got)
	}
	if err := l.Snapshot(); err != nil {
		t.Fatal(err)
	}
	if kept, ok := l.LastSnapshot(); !ok || kept.Size <= 0 || time.Since(kept.At) > time.Minute {
		t.Errorf("the snapshot: %+v %v", kept, ok)
	}

	gone := rig.other(l)
	rig.lose(gone)
	if got := ask(); len(got) != 2 || got[gone.o.Self.Hostname] == nil {
		t.Errorf("with one that has ended: %v", got)
	}
	// Without one of the two that are left, one of two would answer.
	rig.asLeader(func(l *raftNode) error {
		eventually(t, "the dead one is missed", func() bool { return l.Standing().Reachable == 2 })
		err := l.RemoveMember(t.Context(), rig.other(l).o.Advertise)
		if errors.Is(err, ErrQuorum) && strings.Contains(err.Error(), "1 of 2") {
			return nil
		}
		if err == nil {
			t.Error("one of the last two was removed")
		}
		return err
	})
	rig.asLeader(func(l *raftNode) error { return l.RemoveMember(t.Context(), gone.o.Advertise) })
}

// other is a node that runs, and not this one.
func (rig *raftRig) other(than *raftNode) *raftNode {
	for _, n := range rig.nodes {
		if n != than {
			return n
		}
	}
	rig.t.Fatal("there is no other node")
	return nil
}
