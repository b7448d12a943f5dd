package plan

import "fmt"

// Tally counts the steps of a plan while it runs.
type Tally struct {
	Steps int // of the plan
	Ended int // of them
	Fails int // of those that have ended
}

// Begin is told of the plan that is about to run.
func (t *Tally) Begin(p *Plan) { *t = Tally{Steps: len(p.Steps)} }

// Note is told of each change of a step.
func (t *Tally) Note(s Step) {
	switch s.State {
	case Done, Skipped:
		t.Ended++
	case Failed:
		t.Ended++
		t.Fails++
	}
}

// String says how far the plan has come.
func (t Tally) String() string {
	text := fmt.Sprintf("%d of %d steps", t.Ended, t.Steps)
	if t.Fails > 0 {
		text += fmt.Sprintf(", %d failed", t.Fails)
	}
	return text
}
