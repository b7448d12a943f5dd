package v2

import (
	"slices"
	"sync"
	"time"
)

// kept is what something was for the last day, of each cluster, in the memory of this node. It goes by the cluster's
// alias, which outlives its name.
type kept[T any] struct {
	same func(a, b T) bool // what is the same as before is not kept again

	mu    sync.Mutex
	since time.Time
	of    map[string][]moment[T]
}

// moment is from when on a value held, until that of the next one.
type moment[T any] struct {
	At    time.Time
	Value T
}

// The limits of what is kept.
const (
	keptFor  = 24 * time.Hour
	keptMost = 2000 // changes for each cluster
)

// note takes in the value of a moment.
func (k *kept[T]) note(now time.Time, alias string, value T) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.of == nil {
		k.of, k.since = make(map[string][]moment[T]), now
	}
	list := k.of[alias]
	if n := len(list); n > 0 && k.same(list[n-1].Value, value) {
		return
	}
	list = append(list, moment[T]{now, value})
	// The one before the oldest moment tells what held then.
	first := max(0, len(list)-keptMost)
	for first+1 < len(list) && now.Sub(list[first+1].At) > keptFor {
		first++
	}
	k.of[alias] = slices.Clone(list[first:])
}

// forget lets go of clusters that are gone, when nothing of them is of the last day.
func (k *kept[T]) forget(now time.Time, there func(alias string) bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for alias, list := range k.of {
		if !there(alias) && now.Sub(list[len(list)-1].At) > keptFor {
			delete(k.of, alias)
		}
	}
}

// between are the values of a cluster in a span, and since when they are kept; nil when they are not.
func (k *kept[T]) between(alias string, from, to time.Time) ([]moment[T], *time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.of == nil {
		return nil, nil
	}
	var list []moment[T]
	for _, m := range k.of[alias] {
		switch {
		case m.At.After(to):
		case m.At.Before(from):
			list = []moment[T]{{from, m.Value}} // it still held
		default:
			list = append(list, m)
		}
	}
	since := k.since
	return list, &since
}

// before is what held right before a moment.
func (k *kept[T]) before(alias string, at time.Time) (value T, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, m := range k.of[alias] {
		if m.At.Before(at) {
			value, ok = m.Value, true
		}
	}
	return value, ok
}
