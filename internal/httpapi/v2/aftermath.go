package v2

import (
	"fmt"
	"slices"

	"orchestrator/internal/plan"
)

// Aftermath is what a plan leaves that did not come to its end.
type Aftermath struct {
	Undone int          `json:"undone" doc:"how many steps were taken back"`
	Stays  []string     `json:"stays" doc:"what was done and was not taken back, a server and what was done there"`
	Text   string       `json:"text" doc:"what that comes to, and the next safe step, in words"`
	Again  *PlanRequest `json:"again" doc:"the plan to ask for next; null: a person has to look first"`
}

// takenBack notes that a step was taken back, when told of the step that did so; it returns the one that was, nil when there
// is none.
func takenBack(steps []plan.Step, told plan.Step) *plan.Step {
	if told.Phase != plan.Undo || told.State != plan.Done {
		return nil
	}
	at := slices.IndexFunc(steps, func(s plan.Step) bool {
		return s.N == told.N && s.Server == told.Server && s.Phase != plan.Undo && s.State == plan.Done
	})
	if at < 0 {
		return nil
	}
	steps[at].State = plan.Undone
	return &steps[at]
}

// aftermath is what the steps of a plan leave that ended before its time.
func aftermath(steps []plan.Step, again PlanRequest) *Aftermath {
	out := Aftermath{Stays: []string{}}
	for n := range steps {
		s := &steps[n]
		switch {
		case s.State == plan.Undone:
			out.Undone++
		case s.State == plan.Done && s.Phase != plan.Undo:
			out.Stays = append(out.Stays, s.Server.String()+": "+s.Action.String())
		}
	}
	unknown := slices.ContainsFunc(steps, func(s plan.Step) bool { return s.Phase == plan.Undo && s.State == plan.Failed })
	out.Again = &again
	switch {
	case unknown:
		out.Text, out.Again = "Something could not be taken back. Look at the servers that are named before anything else.", nil
	case len(out.Stays) > 0:
		out.Text = "The servers are otherwise as they were. A plan that is asked for anew begins from how they are now."
	case out.Undone > 0:
		out.Text = "The servers are as they were before. When the reason is gone, ask for the plan anew."
	default:
		out.Text = "Nothing was changed. When the reason is gone, ask for the plan anew."
	}
	return &out
}

// ifStopped says what stopping a plan now would leave.
func ifStopped(steps []plan.Step) string {
	back, stay := 0, 0
	for n := range steps {
		switch s := &steps[n]; {
		case s.State != plan.Done || s.Phase == plan.Undo:
		case s.NoReturn:
			return "It is past the point of no return: it goes on to its end."
		case s.Undo != nil:
			back++
		default:
			stay++
		}
	}
	text := "The step that runs is ended, no further one begins"
	switch {
	case back == 0 && stay == 0:
		return text + ", and nothing else was done yet."
	case stay == 0:
		return fmt.Sprintf("%s, and what was done is taken back: %s.", text, stepCount(back))
	case back == 0:
		return fmt.Sprintf("%s. %s has no way back and stays.", text, stepCount(stay))
	}
	return fmt.Sprintf("%s. Taken back: %s; without a way back, and staying: %s.", text, stepCount(back), stepCount(stay))
}

func stepCount(n int) string {
	if n == 1 {
		return "1 step"
	}
	return itoa(n) + " steps"
}
