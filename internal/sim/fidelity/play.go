package fidelity

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"orchestrator/internal/sim"
)

// world is where scripts can be played.
type world interface {
	// do has a step done, other than writing on whoever is the primary, asking a person's question and settling.
	do(Step) error
	// ask has a person ask for something; refused is the answer no.
	ask(Step) (refused bool, err error)
	look() (sim.Outcome, error)
	// settle waits until nothing changes any more; last says that nothing will happen after it.
	settle(last bool) (sim.Outcome, error)
}

var errAnswer = errors.New("the person heard another answer")

// play plays a script, and returns what was so whenever everything had settled, the end last.
func play(w world, s *Script) (seen []sim.Outcome, err error) {
	for n, step := range append(slices.Clone(s.Steps), Settle()) {
		switch step.Verb {
		case settle:
			var o sim.Outcome
			o, err = w.settle(n == len(s.Steps))
			seen = append(seen, o)
		case write:
			err = writeOnPrimary(w, step)
		case takeOver, failOver, seize, recoverServer, downtime, disable, acknowledge:
			var refused bool
			if refused, err = w.ask(step); err == nil && refused != step.Refused {
				err = fmt.Errorf("refused: %t: %w", refused, errAnswer)
			}
		default:
			err = w.do(step)
		}
		if err != nil {
			return seen, fmt.Errorf("step %d, %s: %w", n+1, step, err)
		}
	}
	return seen, nil
}

func writeOnPrimary(w world, step Step) error {
	o, err := w.look()
	if err != nil {
		return err
	}
	if step.Server = o.Primary(); step.Server == "" {
		return errors.New("there is no primary to write on")
	}
	return w.do(step)
}

// differences are the lines that only one of two outcomes has. Whether each replica answered in the very moment in which its
// source was found dead depends on the load of the machine, and is no difference.
func differences(simulated, real sim.Outcome) (lines []string) {
	a, b := timeless(simulated), timeless(real)
	for _, line := range a {
		if !slices.Contains(b, line) {
			lines = append(lines, "only simulated: "+line)
		}
	}
	for _, line := range b {
		if !slices.Contains(a, line) {
			lines = append(lines, "only real:      "+line)
		}
	}
	if len(lines) == 0 && !slices.Equal(a, b) {
		lines = append(lines, "the same lines in another order or number")
	}
	return lines
}

func timeless(o sim.Outcome) []string {
	lines := o.Lines()
	for n := range lines {
		lines[n] = strings.Replace(lines[n], "AndSomeReplicas of ", " of ", 1)
	}
	return lines
}
