package v2

import (
	"time"

	"orchestrator/internal/plan"
)

// Plan is a change: before it runs, while it runs, and afterwards.
type Plan struct {
	PlanRow
	Arguments map[string]string `json:"arguments" doc:"of the operation, by name"`
	Revision  string            `json:"revision" doc:"what the plan rests on: the revision of its cluster, and its steps"`
	Numbers   []Number          `json:"numbers"`
	Checks    []CheckPoint      `json:"checks" doc:"what was looked at"`
	Steps     []Step            `json:"steps"`
	Rejected  []Judged          `json:"rejected" doc:"who was not chosen, and why"`
	Lost      []Judged          `json:"lost" doc:"who cannot follow"`
	Warnings  []string          `json:"warnings"`
	Risk      string            `json:"risk" doc:"what may be lost, in a sentence; empty: nothing"`
	Undo      *Undo             `json:"undo" doc:"how to get back; null: there is no way back by one operation"`
	CLI       string            `json:"cli" doc:"the same from the command line"`
	HTTP      string            `json:"http" doc:"the same by the old API"`
	Confirm   string            `json:"confirm,omitempty" doc:"level 2: what has to be sent as confirm"`
	Error     string            `json:"error,omitempty" doc:"why it failed"`
	Stop      string            `json:"stop,omitempty" doc:"while it runs: what stopping it now would leave; missing: it cannot be stopped"`
	After     *Aftermath        `json:"after,omitempty" doc:"of one that failed or was stopped: what it leaves"`
	Result    string            `json:"result,omitempty" doc:"what became of it, in a sentence"`
}

// PlanRow is a plan in one line.
type PlanRow struct {
	ID        string     `json:"id"`
	Operation string     `json:"operation"`
	Level     int        `json:"level" doc:"0: can be undone, and writes go on; 1: writes or reads pause; 2: data may be lost, or it cannot be undone"`
	State     string     `json:"state" enum:"planned,running,done,failed,stopped,expired"`
	Title     string     `json:"title"`
	Cluster   string     `json:"cluster"`
	Servers   []string   `json:"servers" doc:"that it changes"`
	User      string     `json:"user"`
	Created   *time.Time `json:"created"`
	Expires   *time.Time `json:"expires" doc:"until when it may be run"`
	Started   *time.Time `json:"started"`
	Ended     *time.Time `json:"ended"`
	Done      int        `json:"steps_done"`
	Of        int        `json:"steps_total"`
}

// Number is a figure that a person wants to see before.
type Number struct {
	Name string   `json:"name" enum:"duration,pause,steps,servers"`
	Text string   `json:"text"`
	MS   *float64 `json:"ms" doc:"null: it is no time, or nothing like it was measured yet"`
}

// CheckPoint is something that was looked at while the plan was made.
type CheckPoint struct {
	Rule string `json:"rule" doc:"empty: none has a name"`
	OK   bool   `json:"ok"`
	Text string `json:"text"`
}

// Undo is the operation that takes a plan back.
type Undo struct {
	Text      string            `json:"text"`
	Operation string            `json:"operation"`
	Arguments map[string]string `json:"arguments"`
}

// Step is a step of a plan, of its run, and of the record of a recovery.
type Step struct {
	N        int        `json:"n"`
	Stage    int        `json:"stage" doc:"steps of one stage run at the same time; stages follow each other"`
	Phase    string     `json:"phase"`
	Server   string     `json:"server"`
	Source   string     `json:"source,omitempty" doc:"the server that it replicates from when the step is done, where that changes"`
	Action   string     `json:"action" doc:"what is done, in words"`
	Verb     string     `json:"verb" doc:"the same, short and stable"`
	Why      string     `json:"why"`
	Needs    string     `json:"needs,omitempty" doc:"what must hold before"`
	Until    string     `json:"until,omitempty" doc:"how one knows that it is done"`
	Undo     string     `json:"undo,omitempty" doc:"what takes it back"`
	MayFail  bool       `json:"may_fail" doc:"its failure is noted and does not end the plan"`
	NoReturn bool       `json:"no_return" doc:"from here on the plan is not undone any more"`
	Estimate *float64   `json:"estimate_ms" doc:"by what such steps took lately; null: none was measured"`
	State    string     `json:"state" enum:"waiting,running,done,failed,skipped,undone"`
	Started  *time.Time `json:"started"`
	Ended    *time.Time `json:"ended"`
	Took     *float64   `json:"took_ms"`
	Note     string     `json:"note,omitempty"`
	Error    string     `json:"error,omitempty"`
}

func stepsOf(steps []plan.Step, e *experience) []Step {
	return mapped(steps, func(s plan.Step) Step { return stepOf(&s, e) })
}

func stepOf(s *plan.Step, e *experience) Step {
	out := Step{
		N: s.N, Stage: s.Stage, Phase: string(s.Phase), Server: s.Server.String(), Action: s.Action.String(), Verb: string(s.Action.Verb), Why: s.Why,
		Needs: s.Needs, Until: s.Until, MayFail: s.MayFail, NoReturn: s.NoReturn, State: string(s.State), Started: when(s.Started), Ended: when(s.Ended),
		Note: s.Note, Error: s.Error, Estimate: e.of(s.Action.Verb),
	}
	if s.Action.ChangesSource() {
		out.Source = keyText(s.Action.Source)
	}
	if s.State == plan.Waiting {
		out.State = "waiting"
	}
	if s.Undo != nil {
		out.Undo = s.Undo.String()
	}
	if out.Started != nil && out.Ended != nil {
		took := millis(s.Took())
		out.Took = &took
	}
	return out
}
