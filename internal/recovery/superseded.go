package recovery

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A recovery whose process lost the ledger comes to be known late: by then another one may have replaced the same primary.
// What the earlier one meant to do and what it would take back are both things of the past then.

// beganBefore is how much earlier a recovery must have begun than the one by which it counts as superseded: times on record
// are exact to the second.
const beganBefore = time.Second

// superseded says whether a later recovery has replaced the primary of an unfinished one.
func (e *Engine) superseded(ctx context.Context, u *Unfinished) bool {
	r := &u.Recovery
	if !r.kind().promotes {
		return false
	}
	replaced, err := e.o.Ledger.DemotedSince(ctx, r.Finding.Key, startOf(r).Add(beganBefore))
	if err != nil {
		e.o.Logger.Error("whether a later recovery has replaced a primary cannot be read", "failed", r.Finding.Key.String(), "uid", r.UID, "error", err)
	}
	return replaced && err == nil
}

// closeSuperseded ends the record of a superseded recovery and touches no server.
func (e *Engine) closeSuperseded(ctx context.Context, u *Unfinished) {
	r := &u.Recovery
	log := e.adopt(ctx, u)
	if log == nil {
		return
	}
	defer e.forgetActive(r)
	r.Plan = u.Journal.Plan
	e.involve(r, &r.Plan)
	e.conclude(ctx, r, request{hooks: u.Journal.Hooks}, log, fmt.Errorf("a later recovery has replaced %s, nothing is left to be done", r.Finding.Key))
	if err := e.o.Ledger.Acknowledge(context.WithoutCancel(ctx), r.UID, "a later recovery has replaced the same server"); err != nil {
		e.o.Logger.Error("acknowledging a superseded recovery", "uid", r.UID, "error", err)
	}
}

// startOf is when a recovery began. One that could not be registered has no time of that on record, but its name tells it.
func startOf(r *Recovery) time.Time {
	if at := namedAt(r); r.ID == 0 && !at.IsZero() {
		return at
	}
	return r.Started
}

// namedAt is when a recovery began by its name, more exactly than by its record; the zero time where the name does not tell.
func namedAt(r *Recovery) time.Time {
	text, _, _ := strings.Cut(r.UID, ":")
	if at, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(0, at)
	}
	return time.Time{}
}
