package main

import (
	"log/slog"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/publish"
)

// hookOptions are how hooks run, by the configuration in force.
func hookOptions(cfg func() *config.Config, log *slog.Logger) publish.HookOptions {
	return publish.HookOptions{
		Shell:   func() string { return cfg().ProcessesShellCommand },
		Timeout: func() time.Duration { return cfg().ProcessesTimeout() },
		Logger:  log,
	}
}
