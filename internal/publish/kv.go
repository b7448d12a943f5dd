package publish

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"orchestrator/internal/topology"
)

// Pair is an entry of a key-value store.
type Pair struct{ Key, Value string }

// Primary is what applications are to be told of one cluster.
type Primary struct {
	Alias string
	Key   topology.Key
	// Pairs are the entries that say so; the first key is that of the cluster, the others lie below it.
	Pairs []Pair
	// Revision grows with each decision about the cluster. It is written beside the entries, so that whoever comes late,
	// a manager that slept or an answer that was lost, cannot undo what was decided after it.
	Revision int64
	Decided  time.Time
}

// KV is a key-value store that applications read.
type KV interface {
	// Name says which and where, such as `etcd http://etcd1:2379`.
	Name() string
	// Put makes the entries of the cluster what they are to be, all in one step or none, unless what is there is of a newer
	// revision. It may be called again at any time, also after an error, which does not say that nothing was written.
	Put(ctx context.Context, p Primary) (Outcome, error)
	// Look reads what the store says of the cluster, in each of its places, and changes nothing.
	Look(ctx context.Context, p Primary) ([]Sight, error)
}

// Outcome is what came of a Put.
type Outcome int

// The outcomes. The zero value goes with an error.
const (
	Unknown    Outcome = iota
	Written            // the entries are there now
	Present            // they were there already
	Superseded         // the store holds a newer revision, and was left as it is
)

// String names the outcome as the API does.
func (o Outcome) String() string {
	return []string{"unknown", "written", "present", "superseded"}[o]
}

// errRaced means that somebody else wrote the entries between our look and our write.
var errRaced = errors.New("the entries were changed by somebody else at the same time, again and again")

// putAttempts is how often a write that lost against another one is tried.
const putAttempts = 4

// raced repeats a write that loses against others.
func raced(once func() (Outcome, error)) (o Outcome, err error) {
	for range putAttempts {
		if o, err = once(); !errors.Is(err, errRaced) {
			break
		}
	}
	return o, err
}

// entry is what a store holds under a key.
type entry struct {
	there   bool
	value   string
	version int64 // as the store counts changes of it
}

// change is what one write does. Each must be done together with a check that the revision is still what was read.
type change struct {
	revision entry // as it was read
	set      []Pair
	remove   []string
}

// revisionKey is where the revision lies. A store that has none was written by hand, or by another program.
func (p Primary) revisionKey() string { return p.Pairs[0].Key + "/revision" }

// below are the last parts of the keys that a cluster may have.
var below = []string{"/hostname", "/port", "/ipv4", "/ipv6"}

// keys are all keys that a cluster may have; the first is that of the revision.
func (p Primary) keys() []string {
	base := p.Pairs[0].Key
	keys := []string{p.revisionKey(), base}
	for _, b := range below {
		keys = append(keys, base+b)
	}
	return keys
}

// changes compares what a store holds with what it is to hold. Without an error and with Written there is something
// to write. Addresses of the primary before must not stay when those of this one are not known.
func (p Primary) changes(held map[string]entry) (change, Outcome, error) {
	c := change{revision: held[p.revisionKey()]}
	if c.revision.there {
		there, err := strconv.ParseInt(c.revision.value, 10, 64)
		if err != nil {
			return c, Unknown, fmt.Errorf("%s holds %q, which is no revision: remove the key, if nobody else writes there", p.revisionKey(), c.revision.value)
		}
		if there > p.Revision {
			return c, Superseded, nil
		}
	}
	wanted := map[string]bool{p.revisionKey(): true}
	for _, pair := range append([]Pair{{p.revisionKey(), strconv.FormatInt(p.Revision, 10)}}, p.Pairs...) {
		wanted[pair.Key] = true
		if e := held[pair.Key]; !e.there || e.value != pair.Value {
			c.set = append(c.set, pair)
		}
	}
	for _, key := range p.keys() {
		if held[key].there && !wanted[key] {
			c.remove = append(c.remove, key)
		}
	}
	if len(c.set)+len(c.remove) == 0 {
		return c, Present, nil
	}
	return c, Written, nil
}

// check refuses what cannot be written.
func (p Primary) check() error {
	if len(p.Pairs) == 0 || p.Pairs[0].Key == "" {
		return fmt.Errorf("cluster %q has no entries", p.Alias)
	}
	return nil
}
