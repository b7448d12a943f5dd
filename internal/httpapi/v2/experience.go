package v2

import (
	"sync"
	"time"

	"orchestrator/internal/plan"
)

// experience is how long the steps of plans took lately, by their verb. It is what estimates rest on: what was never
// measured has none.
type experience struct {
	mu   sync.Mutex
	took map[plan.Verb]time.Duration
}

// weight is how much the newest measurement counts.
const weight = 0.3

// learn takes in a step that has ended.
func (e *experience) learn(s *plan.Step) {
	if s.State != plan.Done || s.Took() <= 0 {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.took == nil {
		e.took = make(map[plan.Verb]time.Duration)
	}
	old, known := e.took[s.Action.Verb]
	if !known {
		e.took[s.Action.Verb] = s.Took()
		return
	}
	e.took[s.Action.Verb] = old + time.Duration(weight*float64(s.Took()-old))
}

// of is the estimate for a verb in milliseconds, nil when there is none.
func (e *experience) of(v plan.Verb) *float64 {
	if e == nil {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	d, known := e.took[v]
	if !known {
		return nil
	}
	ms := millis(d)
	return &ms
}

// plan is the estimate for a whole plan in milliseconds: of each stage the longest step. It is nil when a step of it was
// never measured.
func (e *experience) plan(p *plan.Plan) *float64 {
	total := 0.0
	for _, steps := range p.Stages() {
		longest := 0.0
		for _, s := range steps {
			ms := e.of(s.Action.Verb)
			if ms == nil {
				return nil
			}
			longest = max(longest, *ms)
		}
		total += longest
	}
	return &total
}
