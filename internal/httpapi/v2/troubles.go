package v2

import (
	"context"
	"sync"
	"time"

	"orchestrator/internal/topology"
)

// troubles are since when servers have their problems, in the memory of this node.
type troubles struct {
	mu sync.Mutex
	of map[topology.Key]troubled
}

// troubled is what was wrong with a server at the last look at the picture.
type troubled struct {
	probed bool // it had been asked by then since this node began, so what came later is new
	since  map[string]trouble
}

// trouble is since when a problem is there.
type trouble struct {
	at    time.Time
	exact bool // it was not there before; else it was when this node looked first
}

// troublesEvery is how soon a change of the picture is looked at, and so how exactly the beginning of a problem is known.
const troublesEvery = time.Second

// note takes in what is wrong with a server at a moment.
func (k *troubles) note(now, began time.Time, i *topology.Instance, problems []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.of == nil {
		k.of = make(map[topology.Key]troubled)
	}
	was := k.of[i.Key]
	is := troubled{probed: i.Check.Checked.After(began)}
	for _, p := range problems {
		if is.since == nil {
			is.since = make(map[string]trouble, len(problems))
		}
		t, known := was.since[p]
		if !known {
			t = trouble{now, was.probed}
		}
		is.since[p] = t
	}
	k.of[i.Key] = is
}

// keep forgets the servers that are not in the picture any more.
func (k *troubles) keep(there func(topology.Key) bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for key := range k.of {
		if !there(key) {
			delete(k.of, key)
		}
	}
}

// since says since when a server has a problem, and whether it is known that it began then; nil where nothing is known.
func (k *troubles) since(key topology.Key, problem string) (at *time.Time, exact bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	t, known := k.of[key].since[problem]
	if !known {
		return nil, false
	}
	return &t.at, t.exact
}

// noteTroubles looks at servers of the picture.
func (a *API) noteTroubles(members []*topology.Instance) {
	now := a.Engine.Now().UTC()
	for _, i := range members {
		a.troubles.note(now, a.began, i, a.Engine.Problems(i))
	}
}

// runTroubles follows the changes of the picture until ctx ends: each changed cluster is looked at once in a second.
func (a *API) runTroubles(ctx context.Context) {
	if a.Subscribe == nil {
		return
	}
	events, unsubscribe := a.Subscribe(64)
	defer unsubscribe()
	changed := map[string]*topology.Topology{}
	tick := time.NewTicker(troublesEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case ev, ok := <-events:
			if !ok {
				return
			}
			changed[ev.Cluster] = ev.Topology
		case <-tick.C:
			for name, t := range changed {
				if t == nil {
					continue
				}
				if c := t.Cluster(name); c != nil {
					a.noteTroubles(c.Members)
				}
			}
			clear(changed)
		}
	}
}
