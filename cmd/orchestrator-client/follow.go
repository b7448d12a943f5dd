package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync"
	"time"

	"orchestrator/internal/cli/progress"
	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/operate"
	"orchestrator/internal/plan"
)

// greetWithin is how long a service may take to begin its stream of events. Then the command goes on without.
const greetWithin = time.Second

// eventAtMost is how long a line of the stream may be, in bytes.
const eventAtMost = 1 << 20

// follow shows on a terminal how an operation that has a plan gets on, until the returned function is called. The
// service tells of it in its stream of events, under a name that goes with the command. Services that have no such
// stream are none the worse: nothing is shown.
func (c *caller) follow(ctx context.Context, o *operate.Operation) (end func()) {
	if !progress.OnTerminal(c.stderr) || c.options.dryRun || !o.Takes(operate.ParamDryRun) {
		return func() {}
	}
	name := rand.Text()
	ctx, cancel := context.WithCancel(ctx)
	events := c.api.events(ctx, v2.OperationTopic(name))
	if events == nil {
		cancel()
		return func() {}
	}
	c.api.operation = name
	line := progress.NewLine(c.stderr)
	var reading sync.WaitGroup
	reading.Go(func() { showSteps(events, line) })
	return func() {
		cancel()
		reading.Wait()
		line.End()
		_ = events.Close() // it was only read
	}
}

// events opens the stream of events on a topic; nil means that the service has none, or does not say so in time. The
// stream ends with ctx.
func (a *api) events(ctx context.Context, topic string) io.ReadCloser {
	base, err := a.base(ctx)
	if err != nil {
		return nil // the command itself will say why
	}
	ctx, cancel := context.WithCancel(ctx)
	late := time.AfterFunc(greetWithin, cancel)
	w, err := a.open(ctx, base+strings.TrimPrefix(v2.Prefix, "/api")+"/events?topics="+topic)
	if err != nil {
		cancel()
		return nil
	}
	kind, _, _ := mime.ParseMediaType(w.Header.Get("Content-Type"))
	if w.StatusCode != http.StatusOK || kind != "text/event-stream" || !late.Stop() {
		_ = w.Body.Close() // nothing was wanted of it
		cancel()
		return nil
	}
	return &stream{w.Body, cancel}
}

// stream is the body of an answer; closing it frees what waits for it.
type stream struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (s *stream) Close() error {
	s.cancel()
	return s.ReadCloser.Close()
}

// showSteps shows the steps that a stream tells of, to its end.
func showSteps(events io.Reader, line *progress.Line) {
	lines := bufio.NewScanner(events)
	lines.Buffer(nil, eventAtMost)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var e v2.Event
		if json.Unmarshal([]byte(data), &e) != nil || e.Step == nil || e.Progress == nil {
			continue // of something else
		}
		line.Show(plan.Tally{Steps: e.Progress.Steps, Ended: e.Progress.Ended, Fails: e.Progress.Fails}, e.Step.Server+" "+e.Step.Action)
	}
}
