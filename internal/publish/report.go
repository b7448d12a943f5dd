package publish

import (
	"fmt"
	"time"
)

// Report says of one run of one hook that it begins, or how it went.
type Report struct {
	List        string // the configuration key
	Number, Of  int    // its place in the list, from 1, and how many there are
	Command     string // as configured, without the &; placeholders are not filled in
	RecoveryUID string // empty for hooks of PostTakeMasterProcesses
	Async       bool
	Test        bool // nothing has happened: it was run with a sample

	Began    time.Time
	Ended    bool // the fields below are set
	Duration time.Duration
	Output   string // what it wrote to both outputs; of a long one the beginning and the end
	Err      error
}

// Title names the hook: its list and its place in it.
func (r Report) Title() string {
	title := fmt.Sprintf("%s hook %d of %d", r.List, r.Number, r.Of)
	if r.Test {
		return "test of " + title
	}
	return title
}

// String is a sentence for the audit.
func (r Report) String() string {
	switch {
	case !r.Ended && r.Async:
		return fmt.Sprintf("Running %s in the background: %s", r.Title(), r.Command)
	case !r.Ended:
		return fmt.Sprintf("Running %s: %s", r.Title(), r.Command)
	case r.Err != nil:
		return fmt.Sprintf("Failed after %v: %v", r.Duration.Round(time.Millisecond), r.Err)
	}
	return fmt.Sprintf("Completed %s in %v", r.Title(), r.Duration.Round(time.Millisecond))
}
