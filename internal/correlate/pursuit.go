package correlate

import (
	"errors"
	"fmt"

	"orchestrator/internal/topology"
)

// Pursuit follows in the log of a server what a replica holds from a common entry on, to the end of that. The place
// where the server's log goes on is where the replica can.
type Pursuit struct {
	Held []Transaction // by the replica, the common entry first

	matched int
	next    topology.Coordinates
}

// Take compares the next transaction of the server's log; the first is the common entry. It is done when all that the
// replica holds was found.
func (p *Pursuit) Take(t *Transaction) (done bool, err error) {
	if p.matched < len(p.Held) {
		if m := Compare(&p.Held[p.matched], t); m != nil {
			return false, m
		}
		p.matched++
		p.next = t.End
	}
	return p.matched == len(p.Held), nil
}

// Place is where the server's log goes on after what the replica holds. It is an error when not all of that was found:
// then the replica is ahead.
func (p *Pursuit) Place() (topology.Coordinates, error) {
	switch {
	case len(p.Held) == 0:
		return topology.Coordinates{}, errors.New("there is nothing to compare")
	case p.matched < len(p.Held):
		return topology.Coordinates{}, fmt.Errorf("the log ends after %d of %d transactions: it lacks %s", p.matched, len(p.Held), &p.Held[p.matched])
	}
	return p.next, nil
}

// Matched is how many transactions were found to be the same.
func (p *Pursuit) Matched() int { return p.matched }
