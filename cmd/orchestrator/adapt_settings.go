package main

import (
	"context"
	"io"
	"sync"
	"sync/atomic"

	"orchestrator/internal/config"
)

// settings hold the configuration in force.
type settings struct {
	options config.Options
	current atomic.Pointer[config.Config]

	mu       sync.Mutex // one reload at a time
	warnings []config.Warning
	followed []func(*config.Config) error
}

// loadSettings reads the configuration.
func loadSettings(o config.Options) (*settings, error) {
	c, warnings, err := config.Load(o)
	if err != nil {
		return nil, err
	}
	s := &settings{options: o, warnings: warnings}
	s.current.Store(c)
	return s, nil
}

// config is the configuration in force. It never changes; a reload puts another in its place.
func (s *settings) config() *config.Config { return s.current.Load() }

// onReload has f called with each new configuration before it comes into force; its error keeps the old one.
func (s *settings) onReload(f func(*config.Config) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.followed = append(s.followed, f)
}

// Reload implements operate.Settings.
func (s *settings) Reload(_ context.Context, extra string) ([]config.Warning, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.options
	o.Extra = extra
	next, warnings, err := config.Reload(s.config(), o)
	if err != nil {
		return warnings, err
	}
	for _, f := range s.followed {
		if err := f(next); err != nil {
			return warnings, err
		}
	}
	s.current.Store(next)
	s.warnings = warnings
	return warnings, nil
}

// Preview implements operate.Settings.
func (s *settings) Preview(_ context.Context, extra string) (*config.Config, []config.Warning, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.options
	o.Extra = extra
	return config.Reload(s.config(), o)
}

// Report implements operate.Settings.
func (s *settings) Report(w io.Writer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return config.Report(w, s.config(), s.warnings)
}

// lastWarnings are what reading the configuration in force has warned of.
func (s *settings) lastWarnings() []config.Warning {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.warnings
}

// settingsFrom are the settings of one file that is not on disk.
func settingsFrom(name, document string) (*settings, error) {
	return loadSettings(config.Options{
		Explicit: name,
		ReadFile: func(string) ([]byte, error) { return []byte(document), nil },
	})
}
