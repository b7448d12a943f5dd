package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"orchestrator/internal/topology"
)

func server(n int) *topology.Instance {
	i := &topology.Instance{
		Key: topology.Key{Hostname: fmt.Sprintf("db-%d.example.com", n), Port: 3306}, ServerID: uint32(n), Version: "8.0.41",
		ServerUUID: fmt.Sprintf("00000000-0000-0000-0000-%012d", n), BinlogFormat: "ROW", LogBin: true, LogReplicaUpdates: true,
		SelfCoordinates: topology.Coordinates{LogFile: "binlog.000001", LogPos: 4}, GTIDMode: "ON", ClusterName: "db-0.example.com:3306",
		ExecutedSet: "00000000-0000-0000-0000-000000000001:1-1000000,00000000-0000-0000-0000-000000000002:1-500",
	}
	i.Channel.Source = topology.Key{Hostname: "db-0.example.com", Port: 3306}
	i.Channel.IOThread, i.Channel.SQLThread = topology.ThreadRunning, topology.ThreadRunning
	i.Channel.Read = topology.Coordinates{LogFile: "binlog.000009", LogPos: 1234567}
	i.Channel.Exec = i.Channel.Read
	i.Channel.RetrievedSet = "00000000-0000-0000-0000-000000000001:1-1000000"
	return i
}

func checked(i *topology.Instance, t time.Time, ok bool) *topology.Instance {
	c := i.Clone()
	c.Check.Attempted, c.Check.Checked, c.Check.PartialSuccess = t, t, ok
	if ok {
		c.Check.Seen = t
	}
	return c
}

// quietWriter is a Writer that only writes when told to.
func quietWriter(t *testing.T, s *Store, o WriterOptions) *Writer {
	t.Helper()
	o.Interval = time.Hour
	w := s.NewWriter(o)
	t.Cleanup(func() { must(t, w.Close(context.WithoutCancel(t.Context()))) })
	return w
}

func load(t *testing.T, s *Store) map[topology.Key]*topology.Instance {
	t.Helper()
	all, _, err := s.LoadInstances(t.Context())
	must(t, err)
	byKey := make(map[topology.Key]*topology.Instance)
	for _, i := range all {
		byKey[i.Key] = i
	}
	return byKey
}

func TestWriterWritesOnlyWhatChanged(t *testing.T) {
	s, clock := openTest(t)
	w := quietWriter(t, s, WriterOptions{})
	flush := func(i *topology.Instance) WriterStats {
		t.Helper()
		before := w.Stats()
		w.Observe(i)
		must(t, w.Flush(t.Context()))
		after := w.Stats()
		return WriterStats{Full: after.Full - before.Full, Touched: after.Touched - before.Touched}
	}
	i := checked(server(1), clock.t, true)
	steps := []struct {
		name string
		make func() *topology.Instance
		full uint64
	}{
		{"first sight", func() *topology.Instance { return i }, 1},
		{"nothing changed", func() *topology.Instance { i = checked(i, clock.t, true); i.Uptime += time.Second; return i }, 0},
		{"position moved", func() *topology.Instance { i = checked(i, clock.t, true); i.SelfCoordinates.LogPos++; return i }, 1},
		{"check failed", func() *topology.Instance { i = checked(i, clock.t, false); return i }, 1},
		{"check failed again", func() *topology.Instance { i = checked(i, clock.t, false); return i }, 0},
		{"only a detail changed", func() *topology.Instance { i = checked(i, clock.t, false); i.Check.Err = "refused"; return i }, 1},
		{"long unchanged", func() *topology.Instance { clock.advance(time.Hour); i = checked(i, clock.t, false); return i }, 1},
	}
	for _, st := range steps {
		clock.advance(5 * time.Second)
		want := st.make()
		if n := flush(want); n.Full != st.full || n.Full+n.Touched != 1 {
			t.Errorf("%s: %d full, %d touched", st.name, n.Full, n.Touched)
		}
		stored := load(t, s)[i.Key]
		if stored == nil || stored.Check.Checked != want.Check.Checked || stored.Check.Seen != want.Check.Seen ||
			stored.Check.PartialSuccess != want.Check.PartialSuccess || stored.SelfCoordinates != want.SelfCoordinates ||
			stored.Check.Err != want.Check.Err {
			t.Errorf("%s: stored %+v, want %+v", st.name, stored, want.Check)
		}
	}
}

func TestWriterCoalesces(t *testing.T) {
	s, clock := openTest(t)
	w := quietWriter(t, s, WriterOptions{})
	for n := range 10 {
		clock.advance(time.Second)
		i := checked(server(1), clock.t, true)
		i.SelfCoordinates.LogPos = int64(n)
		w.Observe(i)
	}
	must(t, w.Flush(t.Context()))
	if st := w.Stats(); st.Observed != 10 || st.Coalesced != 9 || st.Full != 1 || st.Batches != 1 || st.Flushes[0].Waiting != 9*time.Second {
		t.Errorf("stats %+v", st)
	}
	if pos := load(t, s)[server(1).Key].SelfCoordinates.LogPos; pos != 9 {
		t.Errorf("position %d", pos)
	}
}

func TestWriterDoesNotAddServersThatWereNeverSeen(t *testing.T) {
	s, clock := openTest(t)
	w := quietWriter(t, s, WriterOptions{})
	w.Observe(checked(server(1), clock.t, false))
	must(t, w.Flush(t.Context()))
	if n := len(load(t, s)); n != 0 {
		t.Errorf("%d instances", n)
	}
	added := must2(s.InsertUnseen(t.Context(), server(1), server(1), server(2)))
	if added != 2 {
		t.Errorf("%d added", added)
	}
	w.Observe(checked(server(1), clock.t, false))
	must(t, w.Flush(t.Context()))
	if i := load(t, s)[server(1).Key]; i == nil || !i.Check.Checked.Equal(clock.t) || !i.Check.Seen.IsZero() {
		t.Errorf("stored %+v", i)
	}
}

func TestWriterAfterRowsWereDeleted(t *testing.T) {
	for _, tt := range []struct {
		name   string
		forget func(t *testing.T, s *Store, w *Writer, k topology.Key)
		back   bool // after the observation that was waiting
	}{
		{"by another process: comes back with the next observations", func(t *testing.T, s *Store, _ *Writer, k topology.Key) {
			must2(s.ForgetInstances(t.Context(), k))
		}, false},
		{"by this one: what was waiting does not bring it back", func(t *testing.T, s *Store, w *Writer, k topology.Key) {
			w.Forget(k)
			must2(s.ForgetInstances(t.Context(), k))
		}, false},
		{"reset: the next observation is written in full", func(t *testing.T, s *Store, w *Writer, k topology.Key) {
			w.Reset()
			must2(s.ForgetInstances(t.Context(), k))
		}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, clock := openTest(t)
			w := quietWriter(t, s, WriterOptions{})
			i := checked(server(1), clock.t, true)
			w.Observe(i)
			must(t, w.Flush(t.Context()))
			clock.advance(time.Second)
			w.Observe(checked(i, clock.t, true))
			tt.forget(t, s, w, i.Key)
			must(t, w.Flush(t.Context()))
			if _, back := load(t, s)[i.Key]; back != tt.back {
				t.Errorf("back %v", back)
			}
			clock.advance(time.Second)
			w.Observe(checked(i, clock.t, true))
			must(t, w.Flush(t.Context()))
			if _, back := load(t, s)[i.Key]; !back {
				t.Error("not written again")
			}
		})
	}
}

// What somebody else has forgotten is not written again, and the owner of the Writer gets to know of it.
func TestWriterNoticesForgottenServers(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(i *topology.Instance)
	}{
		{"nothing else changed", func(*topology.Instance) {}},
		{"something changed", func(i *topology.Instance) { i.SelfCoordinates.LogPos++ }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, clock := openTest(t)
			var told []topology.Key
			w := quietWriter(t, s, WriterOptions{OnForgotten: func(keys []topology.Key) { told = append(told, keys...) }})
			a, b, never := checked(server(1), clock.t, true), checked(server(2), clock.t, true), checked(server(3), clock.t, false)
			write := func() {
				t.Helper()
				for _, i := range []*topology.Instance{a, b, never} {
					c := i.Clone()
					tt.change(c)
					w.Observe(c)
				}
				must(t, w.Flush(t.Context()))
			}
			write()
			if len(told) > 0 {
				t.Fatalf("told of %v before anything was forgotten", told)
			}
			must2(s.ForgetInstances(t.Context(), a.Key))
			tt.change(a)
			tt.change(b)
			write()
			same(t, "told", told, []topology.Key{a.Key})
			same(t, "stored", must2(s.InstanceKeys(t.Context())), []topology.Key{b.Key})
			// Whoever observes it again from here on means it.
			write()
			same(t, "told again", len(told), 1)
			same(t, "stored at last", must2(s.InstanceKeys(t.Context())), []topology.Key{a.Key, b.Key})
		})
	}
}

func TestWriterKeepsWhatCannotBeWritten(t *testing.T) {
	s, clock := openTest(t)
	var states []error
	w := quietWriter(t, s, WriterOptions{OnState: func(err error) { states = append(states, err) }})
	var limit int64
	must(t, s.writer.QueryRowContext(t.Context(), "PRAGMA max_page_count = 1").Scan(&limit))
	for n := range 500 {
		w.Observe(checked(server(n), clock.t, true))
	}
	for range 3 {
		if err := w.Flush(t.Context()); !errors.Is(err, ErrFull) {
			t.Fatalf("error %v", err)
		}
	}
	newer := checked(server(7), clock.t, true)
	newer.SelfCoordinates.LogPos = 77
	w.Observe(newer)
	if st := w.Stats(); st.Pending != 500 || st.Failures != 3 || st.Full != 0 {
		t.Errorf("stats %+v", st)
	}
	must(t, s.writer.QueryRowContext(t.Context(), "PRAGMA max_page_count = 1000000").Scan(&limit))
	must(t, w.Flush(t.Context()))
	must(t, w.Flush(t.Context()))
	stored := load(t, s)
	if len(stored) != 500 || stored[server(7).Key].SelfCoordinates.LogPos != 77 {
		t.Errorf("%d stored, %+v", len(stored), stored[server(7).Key])
	}
	if len(states) != 2 || !errors.Is(states[0], ErrFull) || states[1] != nil {
		t.Errorf("told %v", states)
	}
}

func TestWriterFlushesByItself(t *testing.T) {
	path := filepath.Join(t.TempDir(), "backend.db")
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(t.Context(), Options{File: path})
		must(t, err)
		w := s.NewWriter(WriterOptions{})
		w.Observe(checked(server(1), time.Now(), true))
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		if st := w.Stats(); st.Full != 1 || st.Pending != 0 {
			t.Errorf("stats %+v", st)
		}
		w.Observe(checked(server(2), time.Now(), true))
		must(t, w.Close(t.Context()))
		if n := len(load(t, s)); n != 2 {
			t.Errorf("%d stored after Close", n)
		}
		must(t, s.Close())
	})
}

// A fleet of 5,000 servers that are probed every 5 s is 1,000 observations a second; ns/op is the cost of that second.
func BenchmarkWriter(b *testing.B) {
	for _, tt := range []struct {
		name    string
		changed int // of 1,000
	}{{"idle", 0}, {"tenth busy", 100}, {"all busy", 1000}} {
		b.Run(tt.name, func(b *testing.B) {
			s, err := Open(b.Context(), Options{File: filepath.Join(b.TempDir(), "backend.db")})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close() //nolint:errcheck // the benchmark is over
			w := s.NewWriter(WriterOptions{Interval: time.Hour, RewriteAfter: time.Hour})
			defer w.Close(b.Context()) //nolint:errcheck // the benchmark is over
			fleet := make([]*topology.Instance, 5000)
			now := at(0)
			for n := range fleet {
				fleet[n] = checked(server(n), now, true)
				w.Observe(fleet[n])
			}
			if err := w.Flush(b.Context()); err != nil {
				b.Fatal(err)
			}
			round := 0
			for b.Loop() {
				round++
				now = now.Add(time.Second)
				for n := range 1000 {
					at := (round*1000 + n) % len(fleet)
					i := checked(fleet[at], now, true)
					if n < tt.changed {
						i.SelfCoordinates.LogPos++
						i.Channel.Exec.LogPos++
					}
					fleet[at] = i
					w.Observe(i)
				}
				if err := w.Flush(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkLoadInstances(b *testing.B) {
	s, err := Open(b.Context(), Options{File: filepath.Join(b.TempDir(), "backend.db")})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // the benchmark is over
	fleet := make([]*topology.Instance, 5000)
	for n := range fleet {
		fleet[n] = checked(server(n), at(0), true)
	}
	if err := s.SaveInstances(b.Context(), fleet...); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, _, err := s.LoadInstances(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
