package publish

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// theEntry returns the one entry of the one store.
func theEntry(t *testing.T, p *Publisher) Entry {
	t.Helper()
	all := p.Entries()
	if len(all) != 1 || len(all[0].Entries) != 1 {
		t.Fatalf("%+v", all)
	}
	return all[0].Entries[0]
}

// TestEntriesTellWhatIsSeen follows one entry through everything that can become of it.
func TestEntriesTellWhatIsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{name: "m"}
		d := &desk{active: true, wanted: []Primary{primaryOf("o", "a", 1)}}
		p := startPublisher(t, d, m)
		after(time.Second)
		e := theEntry(t, p)
		if e.State != AsWanted || e.Wanted != "a:3306" || e.Sights[0].Value != "a:3306" || e.Checked.IsZero() || e.Changed.IsZero() || e.Drift != nil || !e.Since.IsZero() {
			t.Errorf("written: %+v", e)
		}
		changed := e.Changed

		after(healEvery)
		if e := theEntry(t, p); e.State != AsWanted || !e.Checked.After(changed) || !e.Changed.Equal(changed) {
			t.Errorf("looked at again: %+v", e)
		}

		tampered := primaryOf("o", "a", 1)
		tampered.Pairs[0].Value = "evil:3306"
		m.set(func() { m.held["o"] = tampered })
		after(healEvery)
		e = theEntry(t, p)
		if e.State != AsWanted || e.Drift == nil || e.Drift.Value != "evil:3306" || !e.Changed.After(changed) || e.Sights[0].Value != "a:3306" {
			t.Errorf("somebody changed it, and it was put right: %+v, drift %+v", e, e.Drift)
		}

		// Clients must not be sent there: what is wrong stays, and is told.
		m.set(func() { m.held["o"] = tampered })
		d.set(func() { d.bad = map[string]error{"a": errors.New("a cannot be reached")} })
		after(healEvery)
		e = theEntry(t, p)
		if e.State != Held || e.Sights[0].Value != "evil:3306" || e.Sights[0].Would != Written || e.Since.IsZero() || e.Problem != "not published: a cannot be reached" {
			t.Errorf("held: %+v", e)
		}
		since := e.Since
		after(healEvery)
		if e := theEntry(t, p); !e.Since.Equal(since) {
			t.Errorf("since %v, and later since %v", since, e.Since)
		}

		d.set(func() { d.bad = nil })
		m.set(func() { m.fail = map[string]error{"": errors.New("no quorum")} })
		after(healEvery)
		if e := theEntry(t, p); e.State != Failing || e.Problem != "no quorum" || e.Sights[0].Value != "evil:3306" {
			t.Errorf("it does not answer, and what was seen last is still told: %+v", e)
		}

		m.set(func() { m.fail, m.held = nil, map[string]Primary{"o": primaryOf("o", "b", 9)} })
		after(healEvery)
		if e := theEntry(t, p); e.State != Newer || e.Sights[0].Value != "b:3306" || m.says("o") != "b" {
			t.Errorf("it holds a newer revision: %+v", e)
		}

		d.set(func() { d.wanted = []Primary{primaryOf("o", "c", 12)} })
		p.Wake()
		after(time.Second)
		if e := theEntry(t, p); e.State != AsWanted || e.Wanted != "c:3306" || e.Problem != "" {
			t.Errorf("decided anew: %+v", e)
		}

		d.set(func() { d.active = false })
		p.Wake()
		after(time.Second)
		if all := p.Entries(); len(all[0].Entries) != 0 {
			t.Errorf("another manager publishes: %+v", all)
		}
	})
}

// TestALateAnswerIsNotTheNewestWord has a store answer a Put of an older decision after that of a newer one.
func TestALateAnswerIsNotTheNewestWord(t *testing.T) {
	c := &channel{seen: map[string]seen{}}
	now := time.Now()
	c.wrote(primaryOf("o", "new", 2), Written, now)
	c.wrote(primaryOf("o", "old", 1), Written, now.Add(time.Second))
	if s := c.seen["o"]; s.wanted.Key.Hostname != "new" || s.sights[0].Value != "new:3306" || !s.changed.Equal(now) {
		t.Errorf("%+v", s)
	}
}
