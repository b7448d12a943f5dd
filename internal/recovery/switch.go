package recovery

import (
	"context"
	"time"

	"orchestrator/internal/failover"
)

// switches are those that are off, as they were read last.
type switches struct {
	off  []failover.SwitchedOff
	read time.Time
}

// of returns the switch that keeps a cluster from being recovered at a moment, the one for all clusters or its own; nil
// where both are on.
func (s switches) of(cluster string, now time.Time) *failover.SwitchedOff {
	for _, off := range s.off {
		if (off.Cluster == cluster || off.Cluster == "") && now.Before(off.Until) {
			return &off
		}
	}
	return nil
}

// switchedOff returns the switch of a cluster where its recoveries are switched off, nil where they are on. Where the
// switches cannot be read, those that were read a moment ago count; without them it is not known, and the error says
// why.
func (e *Engine) switchedOff(ctx context.Context, cluster string) (*failover.SwitchedOff, error) {
	off, err := e.o.Ledger.SwitchedOff(ctx)
	now := e.o.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case err == nil:
		e.switches = switches{off: off, read: now}
	case now.Before(e.switches.read.Add(switchKnown)):
		err = nil
	}
	return e.switches.of(cluster, now), err
}
