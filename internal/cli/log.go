package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"
)

// LevelFatal is the level of the line that says why the program ends.
const LevelFatal = slog.LevelError + 4

// LogOptions say what is logged and how.
type LogOptions struct {
	Level    slog.Leveler
	Location *time.Location // of the time in each line; nil is the local one
	Stack    bool           // a stack trace with errors
	System   SystemLog      // gets the lines as well; nil: it does not
}

// SystemLog is the log of the operating system, as package log/syslog has it. It notes the time itself.
type SystemLog interface {
	Info(line string) error
	Warning(line string) error
	Err(line string) error
	Crit(line string) error
	Close() error
}

// NewLogHandler writes log lines as `YYYY-MM-DD hh:mm:ss LEVEL message key=value …`, which is the form that log
// collectors know.
func NewLogHandler(w io.Writer, o LogOptions) slog.Handler {
	if o.Location == nil {
		o.Location = time.Local
	}
	if o.Level == nil {
		o.Level = slog.LevelInfo
	}
	return &logHandler{options: o, out: w, mu: &sync.Mutex{}}
}

type logHandler struct {
	options LogOptions
	mu      *sync.Mutex // guards out, shared by all handlers made from one
	out     io.Writer
	fixed   string // attributes given before
	group   string // prefix of attributes given from now on
}

// Enabled says whether the level is logged.
func (h *logHandler) Enabled(_ context.Context, l slog.Level) bool {
	return l >= h.options.Level.Level()
}

// Handle writes one line.
func (h *logHandler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString(levelName(r.Level) + " " + r.Message + h.fixed)
	r.Attrs(func(a slog.Attr) bool {
		writeAttr(&b, h.group, a)
		return true
	})
	line := b.String()
	stack := ""
	if h.options.Stack && r.Level >= slog.LevelError {
		stack = string(debug.Stack())
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := io.WriteString(h.out, r.Time.In(h.options.Location).Format(time.DateTime)+" "+line+"\n"+stack)
	if err = errors.Join(err, h.mirror(r.Level, line)); err != nil {
		return fmt.Errorf("write a log line: %w", err)
	}
	return nil
}

// mirror hands a line of level INFO or above to the system's log.
func (h *logHandler) mirror(l slog.Level, line string) error {
	switch s := h.options.System; {
	case s == nil || l < slog.LevelInfo:
		return nil
	case l >= LevelFatal:
		return s.Crit(line)
	case l >= slog.LevelError:
		return s.Err(line)
	case l >= slog.LevelWarn:
		return s.Warning(line)
	default:
		return s.Info(line)
	}
}

// WithAttrs returns a handler that adds the attributes to every line.
func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	var b strings.Builder
	for _, a := range attrs {
		writeAttr(&b, h.group, a)
	}
	c.fixed += b.String()
	return &c
}

// WithGroup returns a handler that puts the name before the attributes to come.
func (h *logHandler) WithGroup(name string) slog.Handler {
	c := *h
	if name != "" {
		c.group += name + "."
	}
	return &c
}

func writeAttr(b *strings.Builder, group string, a slog.Attr) {
	v := a.Value.Resolve()
	if v.Kind() == slog.KindGroup {
		if a.Key != "" {
			group += a.Key + "."
		}
		for _, inner := range v.Group() {
			writeAttr(b, group, inner)
		}
		return
	}
	if a.Equal(slog.Attr{}) {
		return
	}
	text := v.String()
	if text == "" || strings.ContainsAny(text, " \t\n\"=") {
		text = strconv.Quote(text)
	}
	b.WriteString(" " + group + a.Key + "=" + text)
}

func levelName(l slog.Level) string {
	switch {
	case l >= LevelFatal:
		return "FATAL"
	case l >= slog.LevelError:
		return "ERROR"
	case l >= slog.LevelWarn:
		return "WARNING"
	case l >= slog.LevelInfo:
		return "INFO"
	}
	return "DEBUG"
}
