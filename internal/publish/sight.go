package publish

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"
)

// Sight is what one place of a store was seen to say of a cluster.
type Sight struct {
	Place string // a data center; empty: the store has one place
	Value string // of the cluster's key; empty: there is none
	// Would is what would come of a Put: Present says that all is in order.
	Would Outcome
	// Tampered says that the entries are not those that were written with the revision that lies beside them: somebody else
	// has changed them.
	Tampered bool
}

// sight judges what one place holds.
func (p Primary) sight(place string, held map[string]entry) (Sight, error) {
	c, would, err := p.changes(held)
	if err != nil {
		return Sight{}, err
	}
	s := Sight{Place: place, Value: held[p.Pairs[0].Key].value, Would: would}
	revised := slices.ContainsFunc(c.set, func(pair Pair) bool { return pair.Key == p.revisionKey() })
	s.Tampered = would == Written && c.revision.there && !revised
	return s, nil
}

// seenIn is the sight of a store that has one place.
func (p Primary) seenIn(held map[string]entry) ([]Sight, error) {
	s, err := p.sight("", held)
	if err != nil {
		return nil, err
	}
	return []Sight{s}, nil
}

// State is how it stands with what one store says of one cluster.
type State string

// The states, the worst first.
const (
	Failing State = "failing" // it cannot be read or written
	Newer   State = "newer"   // it holds a newer revision than this manager knows
	Differs State = "differs" // it says something else, and is about to be put right
	// Elsewhere: a name leads to another server, or somebody has changed what the backend holds; it is not put right by itself.
	Elsewhere State = "elsewhere"
	Held      State = "held"     // it is left as it is, because clients must not be sent to the primary now
	Unseen    State = "unseen"   // it was not looked at yet
	AsWanted  State = "in-order" // it says what it is to say
	// Unreadable: what stands there cannot be read back from here.
	Unreadable State = "unreadable"
)

// Drift is that somebody else had changed what a store said.
type Drift struct {
	Value string    // what it said then
	Seen  time.Time // when that was found
}

// Entry is what one store says of one cluster, and what it is to say; or where a name leads, and where it is to lead.
type Entry struct {
	Alias   string
	Name    string // of a name that leads to the primary: itself, with the port
	Wanted  string
	Sights  []Sight   // at the last look
	Checked time.Time // the last look; zero: there was none
	Changed time.Time // when this process changed it last; zero: it has not
	Drift   *Drift    // the last one that was found; nil: none
	State   State
	Since   time.Time // since when it is not in order; zero: it is
	Problem string    // why it is not as it is wanted, if that is known
}

// Listing is all that one store says.
type Listing struct {
	Store   string
	Entries []Entry // by alias; none on a manager that does not publish
}

// seen is what a channel remembers of one cluster.
type seen struct {
	wanted           Primary
	sights           []Sight
	checked, changed time.Time
	differs          time.Time // since when a look has found something else; zero: it has not
	drift            *Drift
}

// Entries says what each store was seen to say.
func (p *Publisher) Entries() []Listing {
	all := make([]Listing, 0, len(p.channels))
	for _, c := range p.channels {
		all = append(all, Listing{c.store.Name(), c.entries()})
	}
	return all
}

func (c *channel) entries() []Entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := make([]Entry, 0, len(c.seen))
	for alias, s := range c.seen {
		e := Entry{
			Alias: alias, Wanted: s.wanted.Pairs[0].Value, Sights: s.sights, Checked: s.checked, Changed: s.changed, Drift: s.drift,
			State: Unseen, Since: s.differs,
		}
		switch {
		case s.checked.IsZero():
		case !s.differs.IsZero():
			e.State = Differs
		default:
			e.State = AsWanted
		}
		for _, of := range []string{alias, ""} {
			if bad, ok := c.problems[of]; ok {
				e.State, e.Since, e.Problem = bad.state, bad.Since, bad.Text
				break
			}
		}
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b Entry) int { return cmp.Compare(a.Alias, b.Alias) })
	return list
}

// stateOf is the state that an error leaves a cluster in.
func stateOf(err error) State {
	held := (*heldError)(nil)
	switch {
	case errors.As(err, &held):
		return Held
	case errors.Is(err, errSuperseded):
		return Newer
	}
	return Failing
}

// look reads what a store says of a cluster, and says whether that is in order.
func (p *Publisher) look(ctx context.Context, c *channel, w Primary) (bool, error) {
	bounded, cancel := context.WithTimeout(ctx, putWithin)
	defer cancel()
	sights, err := c.store.Look(bounded, w)
	if err != nil {
		return false, err
	}
	now := p.o.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.seen[w.Alias]
	s.wanted, s.sights, s.checked = w, sights, now
	other := slices.IndexFunc(sights, func(x Sight) bool { return x.Would != Present })
	switch {
	case other < 0:
		s.differs = time.Time{}
	case s.differs.IsZero():
		s.differs = now
	}
	if n := slices.IndexFunc(sights, func(x Sight) bool { return x.Tampered }); n >= 0 {
		s.drift = &Drift{sights[n].Value, now}
	}
	c.seen[w.Alias] = s
	return other < 0, nil
}

// wrote notes that a store says what it is to say, by its answer to a Put. The caller holds the lock.
func (c *channel) wrote(w Primary, outcome Outcome, now time.Time) {
	s := c.seen[w.Alias]
	if s.wanted.Revision > w.Revision {
		return // an older decision, whose answer came late
	}
	places := s.sights
	if len(places) == 0 {
		places = []Sight{{}}
	}
	s.wanted, s.checked, s.differs, s.sights = w, now, time.Time{}, nil
	for _, at := range places {
		s.sights = append(s.sights, Sight{Place: at.Place, Value: w.Pairs[0].Value, Would: Present})
	}
	if outcome == Written {
		s.changed = now
	}
	c.seen[w.Alias] = s
}
