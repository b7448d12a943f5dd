package v2

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"orchestrator/internal/operate"
	"orchestrator/internal/plan"
	"orchestrator/internal/recovery"
)

// The kinds of recoveries, by why they were begun.
const (
	kindAutomatic = "automatic"
	kindAsked     = "asked"
	kindPlanned   = "planned"
)

var recoveryKinds = []string{kindAutomatic, kindAsked, kindPlanned}

// course is what the journal of a recovery tells beside its record.
type course struct {
	kind   string
	asked  string    // who asked for it, where that is known
	outage *Outage   // nil: writes were not concerned
	last   time.Time // when the last of its steps ended
}

// courseOf reads a journal; a recovery without one has its record alone.
func courseOf(r *operate.Recovery, j *recovery.Journal) course {
	c := course{kind: kindAutomatic}
	planned := r.AcknowledgedComment == recovery.PlannedComment
	if j != nil {
		planned = planned || j.Planned()
		c.asked, c.outage, c.last = j.Asked, outageOf(j.Steps, r.Began()), lastStep(j.Steps)
	}
	switch {
	case planned:
		c.kind = kindPlanned
	case j != nil && (j.ByHand || j.Command != ""):
		c.kind = kindAsked
	}
	return c
}

func lastStep(steps []plan.Step) (last time.Time) {
	for _, s := range steps {
		if s.Ended.After(last) {
			last = s.Ended
		}
	}
	return last
}

// settledAfter is how long after the end of a recovery its journal changes no more: what it tells is kept then.
const settledAfter = 10 * time.Minute

// courses are those of recoveries that are settled. They are kept because a list that is filtered by them reads all.
type courses struct {
	mu    sync.Mutex
	known map[string]course
}

// of is the course of a recovery.
func (a *API) courseOf(ctx context.Context, r *operate.Recovery) (course, error) {
	if a.Journal == nil {
		return courseOf(r, nil), nil
	}
	a.courses.mu.Lock()
	c, known := a.courses.known[r.UID]
	a.courses.mu.Unlock()
	if known {
		return c, nil
	}
	j, ok, err := a.Journal(ctx, r.UID)
	if err != nil {
		return c, fmt.Errorf("read the journal of recovery %s: %w", r.UID, err)
	}
	c = courseOf(r, nil)
	if ok {
		c = courseOf(r, &j)
	}
	if r.UID != "" && !r.End.IsZero() && a.Engine.Now().Sub(r.End) > settledAfter {
		a.courses.keep(r.UID, c)
	}
	return c, nil
}

// coursesKept is how many are kept; beyond that it is begun anew.
const coursesKept = 5000

func (c *courses) keep(uid string, of course) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil || len(c.known) >= coursesKept {
		c.known = make(map[string]course)
	}
	c.known[uid] = of
}

// refine takes the times from what was written down to the nanosecond: the record itself has whole seconds.
func (d *Recovery) refine(began time.Time, c course) {
	d.Kind, d.Asked, d.Started = c.kind, c.asked, when(began)
	if d.Loss == nil && c.kind == kindPlanned && d.State == "succeeded" {
		d.Loss = &Loss{0, "the former primary was closed for writing first, and its successor had everything"}
	}
	if c.outage != nil {
		d.Pause = c.outage.Took
	}
	if d.Ended == nil {
		return
	}
	ended := *d.Ended
	if c.last.After(ended) {
		ended = c.last
	}
	if ended.Before(began) { // nothing was done, within the second in which it began
		ended = began
	}
	took := millis(ended.Sub(began))
	d.Ended, d.Took = when(ended), &took
}

// concerns says whether a person asked for a recovery or acknowledged it.
func (d *Recovery) concerns(person string) bool {
	return partOf(d.Asked, person) || d.Acknowledged != nil && partOf(d.Acknowledged.By, person)
}

// partOf says whether a text has a part, without regard to letter case.
func partOf(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}
