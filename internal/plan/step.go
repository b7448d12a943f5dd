package plan

import (
	"time"

	"orchestrator/internal/topology"
)

// Phase groups the steps of a plan for reading and for its stage times.
type Phase string

// The phases of a failover, in order.
const (
	Gather  Phase = "gather"   // end reception, so that what the replicas hold no longer changes
	CatchUp Phase = "catch-up" // bring the successor up to the newest position known
	Promote Phase = "promote"  // make it the primary
	Repoint Phase = "repoint"  // point the others at it
	Fence   Phase = "fence"    // keep the old primary from taking writes
	Detach  Phase = "detach"   // cut off what was lost
	Undo    Phase = "undo"
)

// The phases of what a person asks for, in order.
const (
	Stop   Phase = "stop"
	Change Phase = "change"
	Start  Phase = "start"
)

// State is how far a step has come.
type State string

// The states of a step.
const (
	Waiting State = ""
	Running State = "running"
	Done    State = "done"
	Failed  State = "failed"
	Skipped State = "skipped" // it was already so, or an earlier failure made it pointless
	Undone  State = "undone"
)

// Step is one action on one server, as planned, as running and as recorded.
type Step struct {
	N      int          `json:"n"`
	Stage  int          `json:"stage"` // steps of one stage run at the same time; the stages follow each other
	Phase  Phase        `json:"phase"`
	Server topology.Key `json:"server"`
	Action Action       `json:"action"`

	Why   string  `json:"why"`
	Needs string  `json:"needs,omitempty"` // what must hold before, in words
	Until string  `json:"until,omitempty"` // how one knows that it is done, in words
	Undo  *Action `json:"undo,omitempty"`  // what takes it back; nil when nothing needs to or can

	// MayFail marks a step whose failure is noted and does not end the plan.
	MayFail bool `json:"may_fail,omitempty"`
	// NoReturn marks the step from which on the plan is not undone any more, only carried on.
	NoReturn bool `json:"no_return,omitempty"`
	// Deadline bounds the step; 0 means the executor's default.
	Deadline time.Duration `json:"deadline,omitempty"`

	State   State     `json:"state,omitempty"`
	Started time.Time `json:"started,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`
	Note    string    `json:"note,omitempty"`  // what was found or done, where that is worth a word
	Error   string    `json:"error,omitempty"` // why it failed
}

// Took is how long the step ran, 0 while it has not ended.
func (s *Step) Took() time.Duration {
	if s.Started.IsZero() || s.Ended.IsZero() {
		return 0
	}
	return s.Ended.Sub(s.Started)
}
