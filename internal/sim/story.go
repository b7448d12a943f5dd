package sim

import (
	"context"
	"fmt"
	"hash/fnv"
	"log/slog"
	"regexp"
	"strings"
	"time"
)

// lineKind says whose word a line of the story is.
type lineKind int

const (
	happened lineKind = iota // on a server or in the network
	saw                      // what the engine noticed and reported
	decided                  // a line of a recovery's log: the plan, its reasons, its steps
	broke                    // an invariant
)

var kindWords = [...]string{"", "saw      ", "decided  ", "BROKEN   "}

type line struct {
	at   moment
	who  node
	kind lineKind
	text string
}

// story is the timeline of a run.
type story struct{ lines []line }

// say notes what happened. The caller holds mu.
func (w *World) say(who node, format string, args ...any) {
	text := format
	if len(args) > 0 {
		text = fmt.Sprintf(format, args...)
	}
	w.tell(who, happened, text)
}

// tell adds a line, and begins what the scenario has waited for it with. The caller holds mu.
func (w *World) tell(who node, kind lineKind, text string) {
	w.story.lines = append(w.story.lines, line{w.now(), who, kind, text})
	if len(w.triggers) == 0 {
		return
	}
	full := w.name(who) + ": " + text
	for n := 0; n < len(w.triggers); n++ {
		step := w.triggers[n]
		if !strings.Contains(full, step.When) {
			continue
		}
		w.awake("what a step waits for")
		w.triggers = append(w.triggers[:n], w.triggers[n+1:]...)
		n--
		w.after(step.At, func() { step.Do(w) })
	}
}

// text prints the story.
func (s *story) text(w *World) string {
	var b strings.Builder
	for _, l := range s.lines {
		fmt.Fprintf(&b, "%12s  %-8s %s%s\n", stamp(l.at), w.name(l.who), kindWords[l.kind], l.text)
	}
	return b.String()
}

func stamp(d time.Duration) string {
	return fmt.Sprintf("%.6fs", d.Seconds())
}

// drawn is the unique name of a recovery, which the engine draws by lot each time.
var drawn = regexp.MustCompile(`[0-9]+:[0-9a-f]{64}`)

// trace is a number that is the same for two runs with the same story.
func (s *story) trace() uint64 {
	h := fnv.New64a()
	for _, l := range s.lines {
		fmt.Fprintf(h, "%d %d %d %s\n", l.at, l.who, l.kind, drawn.ReplaceAllString(l.text, "…")) // a hash never fails to write
	}
	return h.Sum64()
}

// storyLog puts the log of a manager into the story.
type storyLog struct {
	w   *World
	who node
}

// Enabled implements slog.Handler.
func (storyLog) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelInfo }

// Handle implements slog.Handler.
func (l storyLog) Handle(_ context.Context, r slog.Record) error {
	text := "log: " + r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += " " + a.String()
		return true
	})
	go func() { // the one who logs may hold what the world waits for
		l.w.lock()
		defer l.w.unlock()
		l.w.tell(l.who, saw, text)
	}()
	return nil
}

// WithAttrs implements slog.Handler.
func (l storyLog) WithAttrs([]slog.Attr) slog.Handler { return l }

// WithGroup implements slog.Handler.
func (l storyLog) WithGroup(string) slog.Handler { return l }
