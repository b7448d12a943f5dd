package topology

import (
	"cmp"
	"slices"
	"time"
)

// Obstacle is a kind of thing that keeps a server which answers from taking writes.
type Obstacle string

// The obstacles.
const (
	DiskFull           Obstacle = "disk full"
	FileSystemReadOnly Obstacle = "file system read-only"
	CommitsStalled     Obstacle = "commits stalled"     // for a reason that is not known, or known to be none of the others
	WritesLocked       Obstacle = "writes locked"       // by a lock on everything, as backups take it
	ConnectionsUsedUp  Obstacle = "connections used up" // clients cannot sign in
	WriteCheckFails    Obstacle = "write check fails"   // with an error that says none of the others
)

// WriteSign is what one look at a server has found of one obstacle.
type WriteSign struct {
	Obstacle Obstacle
	// Waiting are the connections that are held up. An obstacle that is seen by them is there for as long as one of them
	// has been held up in the same statement: on a busy server somebody is always about to commit. Empty where it is seen
	// by other means.
	Waiting []WaitingWriter
	Says    string // what was seen, as a clause
}

// WaitingWriter is a connection that is held up in a write.
type WaitingWriter struct {
	Connection uint64
	Running    time.Duration // of its statement, in whole seconds
	Since      time.Time     // the first of the looks that have all seen it held up; filled in by Renewed
}

// WriteWitness says by what an obstacle is seen.
type WriteWitness int

// The witnesses.
const (
	BySigns      WriteWitness = iota // the server's own lists and figures
	ByWriteCheck                     // a write of ours
)

// WriteTrouble is an obstacle that was seen at each of several looks.
type WriteTrouble struct {
	WriteSign
	By    WriteWitness
	Since time.Time // the first of the looks that have all seen it
	Seen  time.Time // the last of them
	Until time.Time // what was seen does not count any more after this: nobody has looked
}

// WriteTroubles are all that keeps a server from taking writes, by witness and obstacle. They are never changed in place.
type WriteTroubles []WriteTrouble

// Renewed returns the troubles after another look by one witness, which has found these signs and vouches for them until
// a moment. What that witness does not see any more is gone; what another one saw stays.
func (w WriteTroubles) Renewed(by WriteWitness, at, until time.Time, signs []WriteSign) WriteTroubles {
	var now WriteTroubles
	for _, t := range w {
		if t.By != by {
			now = append(now, t)
		}
	}
	for _, s := range signs {
		t := WriteTrouble{WriteSign: s, By: by, Since: at, Seen: at, Until: until}
		old := w.find(by, s.Obstacle)
		if len(s.Waiting) > 0 {
			t.Waiting = sinceWaiting(old, s.Waiting, at)
			for _, w := range t.Waiting {
				t.Since = earlier(t.Since, w.Since)
			}
		} else if old != nil && !at.After(old.Until) {
			t.Since = old.Since
		}
		now = append(now, t)
	}
	slices.SortFunc(now, func(a, b WriteTrouble) int {
		return cmp.Or(cmp.Compare(a.By, b.By), cmp.Compare(a.Obstacle, b.Obstacle))
	})
	return now
}

// Again returns what a witness sees when it goes on seeing what it saw last.
func (w WriteTroubles) Again(by WriteWitness) []WriteSign {
	var signs []WriteSign
	for _, t := range w {
		if t.By == by {
			signs = append(signs, t.WriteSign)
		}
	}
	return signs
}

func (w WriteTroubles) find(by WriteWitness, o Obstacle) *WriteTrouble {
	for n := range w {
		if w[n].By == by && w[n].Obstacle == o {
			return &w[n]
		}
	}
	return nil
}

// sinceWaiting fills in since when each connection has been seen held up in the statement that it is at now. A statement
// that has not been running for as long as the one that was seen before is another one.
func sinceWaiting(old *WriteTrouble, waiting []WaitingWriter, at time.Time) []WaitingWriter {
	now := slices.Clone(waiting)
	for n := range now {
		w := &now[n]
		w.Since = at
		if old == nil || at.After(old.Until) {
			continue
		}
		before := slices.IndexFunc(old.Waiting, func(b WaitingWriter) bool { return b.Connection == w.Connection })
		if before >= 0 && w.Running >= old.Waiting[before].Running {
			w.Since = old.Waiting[before].Since
		}
	}
	return now
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
