package consensus

import (
	"context"
	"errors"
)

// Leadership says whether this node may change servers.
type Leadership interface {
	// IsLeader answers from memory, at once. It is for choosing what to do; before doing it, ask Confirm.
	IsLeader() bool
	// Confirm returns nil when this node leads, as freshly as that can be known within a moment. Otherwise the error
	// matches ErrNotLeader and says who leads instead, where that is known.
	Confirm(ctx context.Context) error
	// Run takes part until ctx ends, and then gives up what this node holds, so that the next one leads at once. It
	// must outlive everything that acts on the strength of the leadership.
	Run(ctx context.Context) error
}

// ErrNotLeader means that this node must not change servers.
var ErrNotLeader = errors.New("this node does not lead")

// Alone is the leadership of a node that has no others: it always leads.
type Alone struct{}

// IsLeader implements Leadership.
func (Alone) IsLeader() bool { return true }

// Confirm implements Leadership.
func (Alone) Confirm(context.Context) error { return nil }

// Run implements Leadership.
func (Alone) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}
