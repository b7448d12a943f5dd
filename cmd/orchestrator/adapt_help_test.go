package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/operate"
	"orchestrator/internal/publish"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// testSettings are settings of one file that holds what document returns at the time.
func testSettings(t *testing.T, document func() string) *settings {
	t.Helper()
	s, err := loadSettings(config.Options{
		Files:    []string{"test.json"},
		ReadFile: func(string) ([]byte, error) { return []byte(document()), nil },
		Env:      func(string) (string, bool) { return "", false },
	})
	must(t, err)
	return s
}

func testConfig(t *testing.T, document string) *config.Config {
	t.Helper()
	return testSettings(t, func() string { return document }).config()
}

// testParts are those of a process with a SQLite file. document is the configuration without the backend.
func testParts(t *testing.T, file, document string) *parts {
	t.Helper()
	if document != "" {
		document = ", " + document
	}
	s := testSettings(t, func() string {
		return fmt.Sprintf(`{"BackendDB": "sqlite", "SQLite3DataFile": %q, "MySQLHostnameResolveMethod": "none"%s}`, file, document)
	})
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	options, err := storeOptions(s.config(), "test", log)
	must(t, err)
	st, err := store.Open(t.Context(), options)
	must(t, err)
	t.Cleanup(func() { must(t, st.Close()) })
	node, err := newNode("test", "commit")
	must(t, err)
	a := newAuditor(s.config, st, "node1", time.Now, log)
	t.Cleanup(func() { must(t, a.Close()) })
	noHooks := publish.New(publish.HookOptions{})
	return &parts{
		settings: s, store: st, node: node, now: time.Now, log: log, audit: a,
		hooks: allHooks{Hooks: noHooks, moves: noHooks}, leader: standalone{},
		health: newNodeHealth(st, node, cliMode, "test", backendAddress(s.config()), standalone{}, time.Now, log),
	}
}

func testFile(t *testing.T) string { return filepath.Join(t.TempDir(), "orchestrator.sqlite3") }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// call runs an operation as a person would.
func call(ctx context.Context, e *operate.Engine, name string, values map[operate.Param]string) (operate.Result, error) {
	return operate.NewRegistry().Command(name).Call(ctx, e, operate.Input{Values: values, User: "test"})
}

func key(host string) topology.Key { return topology.Key{Hostname: host, Port: 3306} }

// saveCluster stores a primary db1 and its replica db2.
func saveCluster(t *testing.T, s *store.Store) {
	t.Helper()
	now := time.Now()
	check := topology.Check{Attempted: now, Checked: now, Seen: now}
	primary := &topology.Instance{Key: key("db1"), ServerID: 1, Version: "8.4.0", Flavor: topology.FlavorMySQL, Check: check}
	replica := &topology.Instance{Key: key("db2"), ServerID: 2, Version: "8.4.0", Flavor: topology.FlavorMySQL, ReadOnly: true, Check: check}
	replica.Channel.Source = primary.Key
	replica.Channel.IOThread, replica.Channel.SQLThread = topology.ThreadRunning, topology.ThreadRunning
	derived := topology.Derive([]*topology.Instance{primary, replica}, topology.Names{})
	must(t, s.SaveInstances(t.Context(), derived...))
}

func tagRole() topology.Tag { return topology.Tag{Name: "role", Value: "backup"} }

// cancelled is a context that has ended.
func cancelled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
