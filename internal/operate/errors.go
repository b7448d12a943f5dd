package operate

import (
	"errors"
	"fmt"

	"orchestrator/internal/topology"
)

// ErrUnauthorized refuses a caller without write permission. Its text is published.
var ErrUnauthorized = errors.New("Unauthorized")

// ErrNotReady says that requests had better go to another node for the moment.
var ErrNotReady = errors.New("not ready")

// ErrNoOperation refuses what would change something while the process only pretends to (the flag -noop).
var ErrNoOperation = errors.New("noop: nothing was changed")

// Failure is a refusal that tells more than its sentence: Details is what the HTTP API puts beside it.
type Failure struct {
	Message string
	Details any
	Err     error // the cause, or nil
	// Answer says that this is what was asked for, a "no": a command prints nothing and succeeds.
	Answer bool
}

// Error is the sentence and the cause, of which one may be missing.
func (f *Failure) Error() string {
	switch {
	case f.Err == nil:
		return f.Message
	case f.Message == "":
		return f.Err.Error()
	}
	return f.Message + ": " + f.Err.Error()
}

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Err }

// unavailable says that this process was put together without what an operation needs.
func unavailable(what string) error { return fmt.Errorf("%s: not available in this process", what) }

// unknownInstance says that a server is not known.
func unknownInstance(key topology.Key) error {
	//lint:ignore ST1005 the text is published
	return fmt.Errorf("Cannot read instance: %s is not known", key)
}
