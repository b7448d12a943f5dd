package execute

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"orchestrator/internal/plan"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// sleepy is a server that hangs when it is to be opened, and comes to the statement when it goes on.
type sleepy struct {
	*fake
	hangs *[]time.Duration // one time after the other; the last again and again
	ahead time.Duration    // of its clock
}

func (s sleepy) Clock(context.Context) (time.Time, error) { return time.Now().Add(s.ahead), nil }

func (s sleepy) SetWritableBefore(ctx context.Context, end time.Time) error {
	time.Sleep((*s.hangs)[0])
	if len(*s.hangs) > 1 {
		*s.hangs = (*s.hangs)[1:]
	}
	if !time.Now().Add(s.ahead).Before(end) {
		return server.ErrTooLate
	}
	return s.SetReadOnly(ctx, false, false)
}

func TestAServerThatHangsIsNotOpenedLongAfterTheLastLookElsewhere(t *testing.T) {
	const second = time.Second
	for name, c := range map[string]struct {
		look, ahead time.Duration
		hangs       []time.Duration
		looks       int
		opened      bool
	}{
		"at once":                                   {hangs: []time.Duration{0}, looks: 1, opened: true},
		"after a moment":                            {hangs: []time.Duration{second}, looks: 1, opened: true},
		"the look itself may take its time":         {hangs: []time.Duration{second}, look: 10 * second, looks: 1, opened: true},
		"too late, and in time after another look":  {hangs: []time.Duration{openWithin, second}, looks: 2, opened: true},
		"too late again and again":                  {hangs: []time.Duration{openWithin}, looks: openTries},
		"too late by a clock that is an hour ahead": {hangs: []time.Duration{openWithin}, ahead: time.Hour, looks: openTries},
		"in time by a clock that is an hour behind": {hangs: []time.Duration{second}, ahead: -time.Hour, looks: 1, opened: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newFake("a")
				run := New(Options{Server: func(topology.Key) Server { return sleepy{a, &c.hangs, c.ahead} }}).NewRun()
				looks := 0
				run.BeforeNoReturn(func(context.Context) error { looks++; time.Sleep(c.look); return nil })
				open := on("a", plan.Action{Verb: plan.SetWritable})
				open.NoReturn = true
				p := plan.Plan{}
				p.Add(1, open)
				err := run.Plan(t.Context(), &p, 0)
				if c.opened != (err == nil) || !c.opened && !errors.Is(err, server.ErrTooLate) {
					t.Errorf("error %v", err)
				}
				if looks != c.looks {
					t.Errorf("%d looks elsewhere, want %d", looks, c.looks)
				}
				if a.state.ReadOnly == c.opened || run.PassedNoReturn() != c.opened {
					t.Errorf("read-only %t, passed %t", a.state.ReadOnly, run.PassedNoReturn())
				}
			})
		})
	}
}
