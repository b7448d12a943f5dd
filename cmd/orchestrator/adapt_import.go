package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"orchestrator/internal/config"
	"orchestrator/internal/operate"
	"orchestrator/internal/store"
)

// Import implements operate.Backend.
func (b backend) Import(ctx context.Context, from string) (operate.Imported, error) {
	carried, err := carriedFrom(ctx, from, b.log)
	if err != nil {
		return operate.Imported{}, err
	}
	if err := b.store.Carry(ctx, carried); err != nil {
		return operate.Imported{}, err
	}
	done := operate.Imported{From: carried.From, Rows: map[string]int{}}
	for name, data := range carried.Tables {
		if n := len(data.Data); n > 0 {
			done.Rows[name] = n
		}
	}
	if n := len(carried.Unseen); n > 0 {
		done.Rows["database_instance"] += n
	}
	return done, nil
}

// carriedFrom reads what is to be imported, which its first bytes tell: a SQLite file, the configuration of the other
// installation, or a snapshot of raft. A folder is one of snapshots; the newest counts.
func carriedFrom(ctx context.Context, from string, log *slog.Logger) (c store.Carried, err error) {
	if from, err = inFolder(from); err != nil {
		return c, err
	}
	f, err := os.Open(from)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	head := make([]byte, 16)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return c, fmt.Errorf("%s: %w", from, err)
	}
	head = head[:n]
	switch {
	case bytes.HasPrefix(head, []byte("SQLite format 3\x00")):
		return store.ReadOther(ctx, store.Options{Dialect: store.SQLite, File: from, Logger: log})
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return c, err
		}
		c, err := store.ReadSnapshot(f)
		c.From = from
		return c, err
	case bytes.HasPrefix(bytes.TrimSpace(head), []byte("{")):
		return carriedByConfiguration(ctx, from, log)
	}
	return c, fmt.Errorf("%s is neither a SQLite file, nor a configuration, nor a snapshot of raft (state.bin)", from)
}

// carriedByConfiguration reads the backend that a configuration names.
func carriedByConfiguration(ctx context.Context, file string, log *slog.Logger) (store.Carried, error) {
	c, _, err := config.Load(config.Options{Explicit: file})
	if err != nil {
		return store.Carried{}, err
	}
	o, err := storeOptions(c, version, log)
	if err != nil {
		return store.Carried{}, err
	}
	return store.ReadOther(ctx, o)
}

// inFolder is the newest state.bin below a folder, or the path itself when it is none.
func inFolder(from string) (string, error) {
	info, err := os.Stat(from)
	if err != nil || !info.IsDir() {
		return from, err
	}
	var found []string
	for _, pattern := range []string{"state.bin", "*/state.bin", "snapshots/*/state.bin"} {
		more, err := filepath.Glob(filepath.Join(from, pattern))
		if err != nil {
			return "", fmt.Errorf("%s: %w", from, err)
		}
		found = append(found, more...)
	}
	if len(found) == 0 {
		return "", fmt.Errorf("%s: there is no state.bin in it", from)
	}
	newest := func(a, b string) int {
		x, errX := os.Stat(a)
		y, errY := os.Stat(b)
		if errX != nil || errY != nil {
			return 0
		}
		return x.ModTime().Compare(y.ModTime())
	}
	return slices.MaxFunc(found, newest), nil
}
