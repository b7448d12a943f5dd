package correlate

import (
	"fmt"
	"slices"

	"orchestrator/internal/topology"
)

// Tail is the end of the log of a source, as a replica has received it, beside the end of the binary log of that replica,
// which has applied all of it and logged nothing after it. It tells where in the latter somebody goes on who stands
// somewhere in the former.
type Tail struct {
	Received []Transaction        // in the source's log
	Since    topology.Coordinates // from where on Received is complete
	Logged   []Transaction        // in the replica's log, at most as many as received
	End      topology.Coordinates // of the replica's log

	matched  int
	mismatch *Mismatch
	compared bool
}

// After is how many of the received transactions lie after a place in the source's log. An error says that the place is
// not in what was received, or no place between two transactions.
func (t *Tail) After(at topology.Coordinates) (int, error) {
	if t.Since.IsEmpty() || at.Less(t.Since) {
		return 0, fmt.Errorf("what it lacks begins at %s, and what is left of the received log begins at %s", at, known(t.Since))
	}
	i := slices.IndexFunc(t.Received, func(x Transaction) bool { return at.Less(x.End) })
	switch {
	case i < 0:
		return 0, nil
	case t.Received[i].Begin.Less(at):
		return 0, fmt.Errorf("%s is in the middle of %s, which ends at %s", at, &t.Received[i], t.Received[i].End)
	}
	return len(t.Received) - i, nil
}

func known(c topology.Coordinates) string {
	if c.IsEmpty() {
		return "nowhere"
	}
	return c.String()
}

// At is the place in the replica's log that is the same as a place in the source's. An error says why there is none, or
// which two events differ.
func (t *Tail) At(at topology.Coordinates) (topology.Coordinates, error) {
	n, err := t.After(at)
	if err != nil {
		return topology.Coordinates{}, err
	}
	if !t.compared {
		t.compare()
	}
	switch {
	case n == 0:
		return t.End, nil
	case n <= t.matched:
		return t.Logged[len(t.Logged)-n].Begin, nil
	case t.mismatch != nil:
		return topology.Coordinates{}, t.mismatch
	}
	return topology.Coordinates{}, fmt.Errorf("it lacks %d transactions, and the log that should have them all has %d up to %s", n, len(t.Logged), t.End)
}

// compare goes backwards from both ends.
func (t *Tail) compare() {
	t.compared = true
	for t.matched < min(len(t.Received), len(t.Logged)) {
		if t.mismatch = Compare(&t.Received[len(t.Received)-1-t.matched], &t.Logged[len(t.Logged)-1-t.matched]); t.mismatch != nil {
			return
		}
		t.matched++
	}
}
