package store

import (
	"sync"
	"time"
)

// WriteStat is one write to the database: a statement alone, or a transaction.
type WriteStat struct {
	At   time.Time     // when it ended
	Wait time.Duration // for its turn, of a transaction
	Took time.Duration // then
	Err  error
}

// keptWrites is how many WriteStats are kept.
const keptWrites = 4096

// writeStats are the newest writes.
type writeStats struct {
	mu   sync.Mutex
	list []WriteStat // a ring once it is full
	next int
}

func (w *writeStats) add(s WriteStat) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.list) < keptWrites {
		w.list = append(w.list, s)
		return
	}
	w.list[w.next] = s
	w.next = (w.next + 1) % keptWrites
}

// Writes returns the writes that ended since then and are still remembered, oldest first.
func (s *Store) Writes(since time.Time) []WriteStat {
	w := s.writes
	w.mu.Lock()
	defer w.mu.Unlock()
	list := []WriteStat{}
	for n := range w.list {
		if x := w.list[(w.next+n)%len(w.list)]; !x.At.Before(since) {
			list = append(list, x)
		}
	}
	return list
}

// wrote notes a write that waited for its turn until started, or in vain when that is zero.
func (s *Store) wrote(begun, started time.Time, err error) {
	end := time.Now()
	if started.IsZero() {
		started = end
	}
	s.writes.add(WriteStat{At: s.now(), Wait: started.Sub(begun), Took: end.Sub(started), Err: err})
}
