package main

import (
	"context"
	"database/sql"
	"sync"
	"time"

	"orchestrator/internal/sandbox"
)

// ownSideTable is written by clients that are cut off together with the primary.
const ownSideTable = "own_side"

// ownSideClient goes on writing to a primary from its own side of a cut.
type ownSideClient struct {
	db     *sql.DB
	cancel context.CancelFunc
	done   chan struct{}
	once   sync.Once
	acked  int
}

func startOwnSideClient(ctx context.Context, n *sandbox.Node) *ownSideClient {
	c := &ownSideClient{db: n.OwnSide(sandbox.UserApp), done: make(chan struct{})}
	ctx, c.cancel = context.WithCancel(ctx)
	go func() {
		defer close(c.done)
		for ctx.Err() == nil {
			attempt, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
			if _, err := c.db.ExecContext(attempt, "INSERT INTO "+ownSideTable+" () VALUES ()"); err == nil {
				c.acked++
			}
			cancel()
			select {
			case <-ctx.Done():
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return c
}

// stop ends the client and says how many of its rows were acknowledged.
func (c *ownSideClient) stop() int {
	c.once.Do(func() {
		c.cancel()
		<-c.done
		_ = c.db.Close() // its connections may hang on a server that is cut off
	})
	return c.acked
}
