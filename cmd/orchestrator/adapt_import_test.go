package main

import (
	"bytes"
	"compress/gzip"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// snapshotWith is a state.bin that names one server.
func snapshotWith(t *testing.T, host string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(`{"MinimalInstances": [{"Key": {"Hostname": "` + host + `", "Port": 3306}, "ClusterName": "x"}]}`))
	must(t, err)
	must(t, z.Close())
	return b.Bytes()
}

// TestImportOfSnapshots takes the newest snapshot of a raft node's folder, or the one that is named.
func TestImportOfSnapshots(t *testing.T) {
	dir := t.TempDir()
	older, newer := filepath.Join(dir, "snapshots", "1-5-9"), filepath.Join(dir, "snapshots", "1-7-9")
	for n, folder := range []string{newer, older} { // the order of making is not that of the times
		must(t, os.MkdirAll(folder, 0o700))
		file := filepath.Join(folder, "state.bin")
		must(t, os.WriteFile(file, snapshotWith(t, filepath.Base(folder)), 0o600))
		at := time.Now().Add(-time.Duration(n) * time.Hour)
		must(t, os.Chtimes(file, at, at))
	}
	log := slog.New(slog.DiscardHandler)
	for from, want := range map[string]string{dir: "1-7-9", filepath.Join(dir, "snapshots"): "1-7-9", newer: "1-7-9", filepath.Join(older, "state.bin"): "1-5-9"} {
		c, err := carriedFrom(t.Context(), from, log)
		if err != nil || len(c.Unseen) != 1 || c.Unseen[0].Key.Hostname != want || !strings.HasSuffix(c.From, want+"/state.bin") {
			t.Errorf("%s: %+v, %v", from, c.Unseen, err)
		}
	}
	text := filepath.Join(dir, "text")
	must(t, os.WriteFile(text, []byte("some text"), 0o600))
	for from, want := range map[string]string{t.TempDir(): "no state.bin", text: "neither a SQLite file", filepath.Join(dir, "none"): "no such file"} {
		if _, err := carriedFrom(t.Context(), from, log); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", from, err)
		}
	}
}
