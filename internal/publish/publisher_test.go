package publish

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// memory is a store that can be made to fail or to hang.
type memory struct {
	name string

	mu   sync.Mutex
	held map[string]Primary // by alias
	fail map[string]error   // by alias; "" for all
	hang bool
	puts int
	// looks counts what only read.
	looks int
}

func (m *memory) Name() string { return m.name }

func (m *memory) Put(ctx context.Context, p Primary) (Outcome, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.puts++
	if m.hang {
		m.mu.Unlock()
		<-ctx.Done()
		m.mu.Lock()
		return Unknown, ctx.Err()
	}
	if err := errors.Join(m.fail[""], m.fail[p.Alias]); err != nil {
		return Unknown, err
	}
	held, ok := m.held[p.Alias]
	switch {
	case ok && held.Revision > p.Revision:
		return Superseded, nil
	case ok && held.Revision == p.Revision && slices.Equal(held.Pairs, p.Pairs):
		return Present, nil
	}
	if m.held == nil {
		m.held = map[string]Primary{}
	}
	m.held[p.Alias] = p
	return Written, nil
}

func (m *memory) Look(ctx context.Context, p Primary) ([]Sight, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.looks++
	if m.hang {
		m.mu.Unlock()
		<-ctx.Done()
		m.mu.Lock()
		return nil, ctx.Err()
	}
	held, ok := m.held[p.Alias]
	s := Sight{Would: Written}
	switch {
	case !ok:
	case held.Revision > p.Revision:
		s.Value, s.Would = held.Pairs[0].Value, Superseded
	case held.Revision == p.Revision && slices.Equal(held.Pairs, p.Pairs):
		s.Value, s.Would = held.Pairs[0].Value, Present
	default:
		s.Value, s.Tampered = held.Pairs[0].Value, held.Revision == p.Revision
	}
	return []Sight{s}, errors.Join(m.fail[""], m.fail[p.Alias])
}

func (m *memory) set(do func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	do()
}

func (m *memory) says(alias string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.held[alias].Key.Hostname
}

func (m *memory) asked() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.looks
}

// desk is what a publisher is told to publish.
type desk struct {
	mu     sync.Mutex
	wanted []Primary
	bad    map[string]error // by host
	active bool
	unread error
}

func (d *desk) set(do func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	do()
}

func startPublisher(t *testing.T, d *desk, stores ...KV) *Publisher {
	t.Helper()
	p := NewPublisher(PublisherOptions{
		Stores: stores, Now: time.Now,
		Wanted: func(context.Context) ([]Primary, error) {
			d.mu.Lock()
			defer d.mu.Unlock()
			return slices.Clone(d.wanted), d.unread
		},
		Check: func(w Primary) error {
			d.mu.Lock()
			defer d.mu.Unlock()
			return d.bad[w.Key.Hostname]
		},
		Active: func() bool {
			d.mu.Lock()
			defer d.mu.Unlock()
			return d.active
		},
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return p
}

func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// only returns the standing of the one store, and the texts of its problems.
func only(t *testing.T, p *Publisher) (Standing, string) {
	t.Helper()
	s := p.Standings()[0]
	var texts []string
	for _, problem := range s.Problems {
		texts = append(texts, problem.Alias+": "+problem.Text)
	}
	return s, strings.Join(texts, "; ")
}

func TestPublishedUntilItIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{name: "m", fail: map[string]error{"": errors.New("no quorum")}}
		d := &desk{active: true, wanted: []Primary{primaryOf("o", "a", 1)}}
		p := startPublisher(t, d, m)
		after(time.Minute)
		s, problems := only(t, p)
		if problems != "o: no quorum" || s.Failures < 5 || s.Failures > 12 || s.Written != 0 || s.Clusters != 0 || time.Since(s.Problems[0].Since) != time.Minute {
			t.Errorf("after a minute of failures: %+v", s)
		}
		m.set(func() { m.fail = nil })
		after(retryLongest)
		if s, problems := only(t, p); m.says("o") != "a" || problems != "" || s.Written != 1 || s.Clusters != 1 {
			t.Errorf("it works again: %+v", s)
		}
		before := m.asked()
		after(10 * healEvery)
		if n := m.asked() - before; n < 9 || n > 11 {
			t.Errorf("looked %d times in %v", n, 10*healEvery)
		}
		m.set(func() { delete(m.held, "o") })
		after(healEvery)
		if m.says("o") != "a" {
			t.Error("what somebody removed did not come back")
		}
		d.set(func() { d.wanted = nil })
		after(healEvery)
		if s, _ := only(t, p); s.Clusters != 0 {
			t.Errorf("nothing is wanted any more: %+v", s)
		}
	})
}

// TestAHangingStoreHoldsUpNothing has one store hang, while another is told at once, and does not keep callers waiting
// longer than they want.
func TestAHangingStoreHoldsUpNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad, good := &memory{name: "bad", hang: true}, &memory{name: "good"}
		d := &desk{active: true}
		p := startPublisher(t, d, bad, good)
		after(time.Millisecond)
		w := primaryOf("o", "a", 1)
		d.set(func() { d.wanted = []Primary{w} })
		p.Wake()
		after(time.Millisecond)
		if good.says("o") != "a" {
			t.Error("the good one was not told at once")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if err := p.Put(ctx, primaryOf("o", "b", 2)); err == nil || time.Since(began) != time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		if good.says("o") != "b" {
			t.Errorf("the good one says %s", good.says("o"))
		}
		bad.set(func() { bad.hang = false })
		d.set(func() { d.wanted = []Primary{primaryOf("o", "b", 2)} })
		after(time.Minute)
		if bad.says("o") != "b" {
			t.Errorf("the other one says %q", bad.says("o"))
		}
	})
}

// TestClientsAreNotSentAnywhere holds a primary back for as long as clients must not be sent to it.
func TestClientsAreNotSentAnywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{name: "m"}
		d := &desk{active: true, wanted: []Primary{primaryOf("o", "a", 1), primaryOf("q", "b", 1)}, bad: map[string]error{"a": errors.New("a takes no writes")}}
		p := startPublisher(t, d, m)
		after(time.Second)
		if s, problems := only(t, p); m.says("o") != "" || m.says("q") != "b" || problems != "o: not published: a takes no writes" || s.Failures != 0 {
			t.Errorf("%+v", s)
		}
		if err := p.Put(t.Context(), d.wanted[0]); err == nil || m.says("o") != "" {
			t.Errorf("by hand: %v", err)
		}
		d.set(func() { d.bad = nil })
		after(retryLongest)
		if _, problems := only(t, p); m.says("o") != "a" || problems != "" {
			t.Errorf("says %q, problems %s", m.says("o"), problems)
		}
	})
}

// TestOneBadClusterIsNotInTheWay writes the others, wherever it stands among them.
func TestOneBadClusterIsNotInTheWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{name: "m", fail: map[string]error{}}
		d := &desk{active: true}
		for _, alias := range []string{"a", "b", "c", "d", "e"} {
			d.wanted = append(d.wanted, primaryOf(alias, "h", 1))
			if alias < "d" {
				m.fail[alias] = errors.New("no revision")
			}
		}
		p := startPublisher(t, d, m)
		after(time.Minute)
		if s, _ := only(t, p); m.says("d") != "h" || m.says("e") != "h" || len(s.Problems) != 3 {
			t.Errorf("%+v", s)
		}
	})
}

// TestAnotherNodePublishes writes nothing while another node does, and looks at everything anew afterwards.
func TestAnotherNodePublishes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{name: "m"}
		d := &desk{wanted: []Primary{primaryOf("o", "a", 1)}}
		p := startPublisher(t, d, m)
		after(time.Minute)
		if m.asked() > 0 {
			t.Error("written by a node that is not to")
		}
		d.set(func() { d.active = true })
		after(idleEvery)
		if m.says("o") != "a" {
			t.Error("not written")
		}
		m.set(func() { m.held["o"] = primaryOf("o", "b", 2) })
		after(healEvery)
		if _, problems := only(t, p); m.says("o") != "b" || !strings.Contains(problems, "newer revision") {
			t.Errorf("says %s, %s", m.says("o"), problems)
		}
		d.set(func() { d.unread = errors.New("disk full") })
		p.Wake()
		after(time.Second)
		if _, problems := only(t, p); !strings.Contains(problems, ": disk full") {
			t.Errorf("problems %s", problems)
		}
		d.set(func() { d.active = false })
		after(retryLongest)
		if s, problems := only(t, p); problems != "" || s.Clusters != 0 {
			t.Errorf("%+v", s)
		}
	})
}
