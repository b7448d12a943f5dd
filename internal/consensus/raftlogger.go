package consensus

import (
	"context"
	"io"
	"log"
	"log/slog"

	"github.com/hashicorp/go-hclog"
)

// raftLogger lets raft write to our log. What raft calls information is detail here: who leads is said elsewhere.
type raftLogger struct {
	log  *slog.Logger
	name string
}

func (l raftLogger) at(level slog.Level, message string, args ...any) {
	for n, a := range args {
		if f, ok := a.(hclog.Format); ok && len(f) > 0 {
			args[n] = f[0]
		}
	}
	l.log.Log(context.Background(), level, "raft: "+message, args...)
}

// Log implements hclog.Logger.
func (l raftLogger) Log(level hclog.Level, message string, args ...any) {
	switch level {
	case hclog.Error:
		l.Error(message, args...)
	case hclog.Warn:
		l.Warn(message, args...)
	default:
		l.Debug(message, args...)
	}
}

// The methods of hclog.Logger.
func (l raftLogger) Trace(string, ...any)                {}
func (l raftLogger) Debug(message string, args ...any)   { l.at(slog.LevelDebug-4, message, args...) }
func (l raftLogger) Info(message string, args ...any)    { l.at(slog.LevelDebug, message, args...) }
func (l raftLogger) Warn(message string, args ...any)    { l.at(slog.LevelDebug, message, args...) }
func (l raftLogger) Error(message string, args ...any)   { l.at(slog.LevelInfo, message, args...) }
func (raftLogger) IsTrace() bool                         { return false }
func (raftLogger) IsDebug() bool                         { return true }
func (raftLogger) IsInfo() bool                          { return true }
func (raftLogger) IsWarn() bool                          { return true }
func (raftLogger) IsError() bool                         { return true }
func (raftLogger) ImpliedArgs() []any                    { return nil }
func (l raftLogger) With(args ...any) hclog.Logger       { return raftLogger{l.log.With(args...), l.name} }
func (l raftLogger) Name() string                        { return l.name }
func (l raftLogger) Named(name string) hclog.Logger      { return raftLogger{l.log, name} }
func (l raftLogger) ResetNamed(name string) hclog.Logger { return raftLogger{l.log, name} }
func (raftLogger) SetLevel(hclog.Level)                  {}
func (raftLogger) GetLevel() hclog.Level                 { return hclog.Debug }
func (l raftLogger) StandardLogger(*hclog.StandardLoggerOptions) *log.Logger {
	return log.New(l.StandardWriter(nil), "", 0)
}
func (raftLogger) StandardWriter(*hclog.StandardLoggerOptions) io.Writer { return io.Discard }
