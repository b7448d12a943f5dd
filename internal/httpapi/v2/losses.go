package v2

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"orchestrator/internal/operate"
	"orchestrator/internal/recovery"
	"orchestrator/internal/topology"
)

// Lost is how many transactions failovers have lost, in the last 90 days. Planned switchovers lose none and do not count.
type Lost struct {
	Transactions uint64 `json:"transactions" doc:"as far as they are counted, which is done when a lost primary is back"`
	Failovers    int    `json:"failovers" doc:"primaries that were replaced because they had failed"`
	Unknown      int    `json:"unknown" doc:"of how many of them it is not known what was lost"`
}

// lossesFor is how far back failovers count, lossesEvery how often they are read, and lossesWithin how long that may take while
// somebody waits for the fleet.
const (
	lossesFor    = 90 * 24 * time.Hour
	lossesEvery  = time.Minute
	lossesWithin = 500 * time.Millisecond
)

// losses are those of the fleet as they were read last.
type losses struct {
	mu    sync.Mutex
	read  time.Time
	all   Lost
	since map[string]Lost // by the cluster's alias, or its present name where it has none
}

// of are those of a cluster; nil when they have not been read yet.
func (l *losses) of(c *topology.Cluster) *Lost {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.since == nil {
		return nil
	}
	lost, known := l.since[c.Alias]
	if !known {
		lost = l.since[c.Name]
	}
	return &lost
}

// stale has them read anew.
func (l *losses) stale() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.read = time.Time{}
}

// lost are the losses of the fleet, read anew if that is due. Where they cannot be, those that were read last are told: a
// backend that hangs or fails must not keep the fleet from being seen. nil when none were read yet.
func (a *API) lost(ctx context.Context, patience time.Duration) *Lost {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := a.readLosses(ctx); err != nil && !errors.Is(ctx.Err(), context.Canceled) {
		a.Logger.WarnContext(ctx, "what failovers have lost cannot be read", "error", err)
	}
	a.losses.mu.Lock()
	defer a.losses.mu.Unlock()
	if a.losses.since == nil {
		return nil
	}
	all := a.losses.all
	return &all
}

// readLosses adds up what was lost, unless that was done a moment ago.
func (a *API) readLosses(ctx context.Context) error {
	now := a.Engine.Now()
	a.losses.mu.Lock()
	fresh := !a.losses.read.IsZero() && now.Sub(a.losses.read) < lossesEvery
	a.losses.mu.Unlock()
	if fresh || a.Engine.Records == nil {
		return nil
	}
	list, err := a.Engine.Records.Recoveries(ctx, operate.RecoveryQuery{All: true})
	if err != nil {
		return fmt.Errorf("read recoveries: %w", err)
	}
	failovers := []operate.Recovery{}
	for n := range list {
		if r := &list[n]; hasReplaced(r) && now.Sub(r.Began()) <= lossesFor {
			c, err := a.courseOf(ctx, r)
			if err != nil {
				return err
			}
			if c.kind != kindPlanned {
				failovers = append(failovers, *r)
			}
		}
	}
	all, since := lostBy(failovers, list)
	a.losses.mu.Lock()
	defer a.losses.mu.Unlock()
	a.losses.read, a.losses.all, a.losses.since = now, all, since
	return nil
}

// hasReplaced says whether a recovery has put another primary in the place of the one that failed.
func hasReplaced(r *operate.Recovery) bool {
	return r.IsSuccessful && !r.SuccessorKey.IsZero() && r.SuccessorKey != r.Finding.Key && recovery.Promotes(r.Finding.Code)
}

// lostBy adds up failovers, of the fleet and of each cluster. all are the recoveries that tell what a cluster without an
// alias is called now.
func lostBy(failovers, all []operate.Recovery) (sum Lost, by map[string]Lost) {
	by = make(map[string]Lost)
	for n := range failovers {
		r := &failovers[n]
		name := r.Finding.ClusterAlias
		if name == "" || name == r.Finding.ClusterName {
			name = nameSince(r, all)
		}
		own := by[name]
		for _, l := range []*Lost{&own, &sum} {
			l.Failovers++
			if r.Loss == nil {
				l.Unknown++
			} else {
				l.Transactions += r.Loss.Transactions
			}
		}
		by[name] = own
	}
	return sum, by
}

// nameSince follows a cluster that is called by its primary: each that was replaced since gave it another name.
func nameSince(r *operate.Recovery, all []operate.Recovery) string {
	at, began := r.SuccessorKey, r.Began()
	later := slices.DeleteFunc(slices.Clone(all), func(o operate.Recovery) bool { return !o.Began().After(began) || !hasReplaced(&o) })
	slices.SortFunc(later, func(a, b operate.Recovery) int { return a.Began().Compare(b.Began()) })
	for n := range later {
		if later[n].Finding.Key == at {
			at = later[n].SuccessorKey
		}
	}
	return at.String()
}
