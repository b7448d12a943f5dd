package cli_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/cli"
)

func TestLogLines(t *testing.T) {
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	east := time.FixedZone("east", 3600)
	for name, c := range map[string]struct {
		level slog.Level
		attrs []any
		with  func(*slog.Logger) *slog.Logger
		want  string
	}{
		"info":    {slog.LevelInfo, nil, nil, "2026-03-04 06:06:07 INFO hello\n"},
		"debug":   {slog.LevelDebug, nil, nil, "2026-03-04 06:06:07 DEBUG hello\n"},
		"warning": {slog.LevelWarn, []any{"instance", "a:1"}, nil, "2026-03-04 06:06:07 WARNING hello instance=a:1\n"},
		"error":   {slog.LevelError, []any{"error", errors.New("no way")}, nil, "2026-03-04 06:06:07 ERROR hello error=\"no way\"\n"},
		"fatal":   {cli.LevelFatal, []any{"empty", ""}, nil, "2026-03-04 06:06:07 FATAL hello empty=\"\"\n"},
		"with":    {slog.LevelInfo, []any{"b", 2}, func(l *slog.Logger) *slog.Logger { return l.With("a", 1) }, "2026-03-04 06:06:07 INFO hello a=1 b=2\n"},
		"group":   {slog.LevelInfo, []any{slog.Group("h", "b", 2)}, func(l *slog.Logger) *slog.Logger { return l.WithGroup("g") }, "2026-03-04 06:06:07 INFO hello g.h.b=2\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			l := slog.New(cli.NewLogHandler(&out, cli.LogOptions{Level: slog.LevelDebug, Location: east}))
			if c.with != nil {
				l = c.with(l)
			}
			r := slog.NewRecord(at, c.level, "hello", 0)
			r.Add(c.attrs...)
			if err := l.Handler().Handle(context.Background(), r); err != nil || out.String() != c.want {
				t.Errorf("%q, %v; want %q", out.String(), err, c.want)
			}
		})
	}
}

func TestLogLevelsAndStack(t *testing.T) {
	var out bytes.Buffer
	l := slog.New(cli.NewLogHandler(&out, cli.LogOptions{Level: slog.LevelWarn, Stack: true}))
	l.Info("not seen")
	l.Warn("no stack")
	if strings.Contains(out.String(), "not seen") || strings.Contains(out.String(), "goroutine") {
		t.Errorf("%s", out.String())
	}
	l.Error("with a stack")
	if !strings.Contains(out.String(), "TestLogLevelsAndStack") {
		t.Errorf("no stack in %s", out.String())
	}
}

func TestWhatIsLogged(t *testing.T) {
	for flags, want := range map[string]string{"": "warning", "-verbose": "info", "-debug": "debug", "-quiet -debug": "error"} {
		s := newSession()
		_, _, _ = s.run(append(strings.Fields(flags), "http")...)
		for name, level := range map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warning": slog.LevelWarn, "error": slog.LevelError} {
			lowest := s.served.Log.Enabled(context.Background(), level) && !s.served.Log.Enabled(context.Background(), level-1)
			if lowest != (name == want) {
				t.Errorf("flags %q: lowest level is %s: %t", flags, name, lowest)
			}
		}
	}
}
