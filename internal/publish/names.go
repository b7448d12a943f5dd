package publish

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"orchestrator/internal/topology"
)

// Name is one by which clients reach the primary of a cluster: a virtual address, a name in DNS, or that of a proxy. Something
// else moves it, such as a hook; it can only be asked who answers there.
type Name struct {
	Alias   string
	Name    string
	Primary topology.Key
	Others  []topology.Key // the other servers of the cluster
}

// LookoutOptions are what a Lookout works with. All are required.
type LookoutOptions struct {
	Names func() []Name
	// Whose says who answers at an address, in words that are the same for the same server.
	Whose  func(context.Context, topology.Key) (string, error)
	Active func() bool // whether this node looks
	Now    func() time.Time
}

// Lookout sees where names lead.
type Lookout struct {
	o    LookoutOptions
	mu   sync.Mutex
	seen map[string]Entry // by alias
}

// NewLookout makes one that has not looked yet.
func NewLookout(o LookoutOptions) *Lookout { return &Lookout{o: o, seen: make(map[string]Entry)} }

const (
	lookEvery  = 30 * time.Second
	lookFirst  = 3 * time.Second // while there is nothing to look at
	lookWithin = 2 * time.Second
	// lookAgain is for a name at which nobody answers as a server of ours does: a proxy that does not know the managing user
	// is not to be asked twice a minute.
	lookAgain = 10 * time.Minute
	// lookAtOnce is at how many names at the same time.
	lookAtOnce = 16
)

// NamesStore is what the names are called among the stores.
const NamesStore = "name"

// Run looks again and again until ctx ends.
func (l *Lookout) Run(ctx context.Context) {
	again := time.NewTimer(0)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
		l.Look(ctx)
		pause := lookEvery
		if len(l.Listing().Entries) == 0 {
			pause = lookFirst
		}
		again.Reset(pause)
	}
}

// Look asks who answers at each name, once. What it saw is in Listing.
func (l *Lookout) Look(ctx context.Context) {
	next := make(map[string]Entry)
	if l.o.Active() {
		l.mu.Lock()
		seen := l.seen
		l.mu.Unlock()
		var mu sync.Mutex
		var all sync.WaitGroup
		free := make(chan struct{}, lookAtOnce)
		for _, n := range l.o.Names() {
			before, known := seen[n.Alias]
			free <- struct{}{}
			all.Go(func() {
				defer func() { <-free }()
				e := before
				if !known || !before.rests(n, l.o.Now()) {
					e = l.look(ctx, n).after(before, known)
				}
				mu.Lock()
				defer mu.Unlock()
				next[n.Alias] = e
			})
		}
		all.Wait()
		if ctx.Err() != nil {
			return // that nobody waited says nothing about a name
		}
	}
	l.mu.Lock()
	l.seen = next
	l.mu.Unlock()
}

// rests says whether a name that cannot be read is left alone for now.
func (e Entry) rests(n Name, now time.Time) bool {
	return e.State == Unreadable && e.Wanted == n.Primary.String() && e.Name == n.at().String() && now.Sub(e.Checked) < lookAgain
}

// at is where the name is asked.
func (n Name) at() topology.Key { return topology.Key{Hostname: n.Name, Port: n.Primary.Port} }

// Listing says where the names lead.
func (l *Lookout) Listing() Listing {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := Listing{Store: NamesStore}
	for _, e := range l.seen {
		all.Entries = append(all.Entries, e)
	}
	slices.SortFunc(all.Entries, func(a, b Entry) int { return cmp.Compare(a.Alias, b.Alias) })
	return all
}

// look asks who answers at a name, and which server of the cluster that is.
func (l *Lookout) look(ctx context.Context, n Name) Entry {
	at := n.at()
	e := Entry{Alias: n.Alias, Wanted: n.Primary.String(), Checked: l.o.Now(), Name: at.String()}
	who, err := l.whose(ctx, at)
	if err != nil {
		e.State, e.Problem = Unreadable, fmt.Sprintf("nothing answers at %s, as seen from this manager: %v", at, err)
		return e
	}
	primary, err := l.whose(ctx, n.Primary)
	if err != nil {
		e.State, e.Problem = Unreadable, fmt.Sprintf("the primary does not say who it is: %v", err)
		return e
	}
	if who == primary {
		e.State, e.Sights = AsWanted, []Sight{{Value: n.Primary.String(), Would: Present}}
		return e
	}
	value := "a server that is not of this cluster (" + who + ")"
	for _, k := range n.Others {
		if other, err := l.whose(ctx, k); err == nil && other == who {
			value = k.String()
			break
		}
	}
	e.State, e.Sights, e.Since = Elsewhere, []Sight{{Value: value, Would: Written}}, e.Checked
	return e
}

func (l *Lookout) whose(ctx context.Context, k topology.Key) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	return l.o.Whose(ctx, k)
}

// after is an entry with what is known from the look before: since when it is as it is, and when it came to lead elsewhere.
func (e Entry) after(before Entry, known bool) Entry {
	if !known {
		return e
	}
	e.Changed = before.Changed
	if len(e.Sights) > 0 && len(before.Sights) > 0 && e.Sights[0].Value != before.Sights[0].Value {
		e.Changed = e.Checked
	}
	if e.State == before.State && !before.Since.IsZero() {
		e.Since = before.Since
	}
	return e
}
