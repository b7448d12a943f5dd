package execute

import (
	"context"

	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// halt says which threads of a replica a person has stopped. A thread that stopped with an error is none of them: what
// it fails at is what a move may mend.
type halt int

const (
	noneHalted halt = iota
	receiverHalted
	applierHalted
	bothHalted
)

func halted(c *topology.Channel) halt {
	h := noneHalted
	if stands(c.IOThread) && c.LastIOErrno == 0 {
		h |= receiverHalted
	}
	if stands(c.SQLThread) && c.LastSQLErrno == 0 {
		h |= applierHalted
	}
	return h
}

// receives says whether the IO thread is to run.
func (h halt) receives() bool { return h&receiverHalted == 0 }

// String is the note of a step that left threads standing; "" when there is none.
func (h halt) String() string {
	return [...]string{"", "its receiver is left stopped, as it was", "its applier is left stopped, as it was", "it is left stopped, as it was"}[h]
}

// resume starts the threads that nobody had stopped.
func (r *Run) resume(ctx context.Context, k topology.Key, s Server, left halt, name string) error {
	switch left {
	case bothHalted:
		return nil
	case receiverHalted:
		return r.start(ctx, k, s, server.SQLThread, name)
	case applierHalted:
		return r.start(ctx, k, s, server.IOThread, name)
	}
	return r.start(ctx, k, s, server.AllThreads, name)
}
