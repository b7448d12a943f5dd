package store

import (
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/topology"
)

// importing takes over an older SQLite file, which lacks columns and tables, into any database; and out of any database
// into a file.
func importing(t *testing.T, s *Store, clock *testClock) {
	ctx := t.Context()
	file := filepath.Join(t.TempDir(), "old.db")
	old := openFile(t, file, clock)
	must(t, old.SaveInstances(ctx, &topology.Instance{Key: key("a"), ClusterName: "a:3306", Version: "8.0.41", Check: topology.Check{Attempted: clock.t, Checked: clock.t, Seen: clock.t}}))
	must(t, old.PutTag(ctx, key("a"), topology.Tag{Name: "role", Value: "backup"}))
	must(t, old.BeginDowntime(ctx, key("a"), topology.Downtime{Owner: "me", Reason: "why", Begin: clock.t, End: clock.t.Add(time.Hour)}))
	must(t, old.SetRecoveryDisabled(ctx, true))
	must(t, old.WriteRecoveryStep(ctx, RecoveryStep{UID: "1:x", Message: "done"}))
	if _, err := old.BeginMaintenance(ctx, topology.Maintenance{Key: key("a"), Owner: "me", Reason: "lock"}, Node{Hostname: "gone"}); err != nil {
		t.Fatal(err)
	}
	raw(t, file, "ALTER TABLE database_instance DROP COLUMN region", "DROP TABLE database_instance_extra", "DROP TABLE recovery_journal",
		"DROP TABLE database_instance_tls", "CREATE TABLE of_somebody (x int)")
	before := must2(os.ReadFile(file))

	carried := must2(ReadOther(ctx, Options{Dialect: SQLite, File: file, Now: clock.now}))
	if !strings.HasSuffix(carried.From, "old.db") {
		t.Errorf("from %q", carried.From)
	}
	if !bytes.Equal(before, must2(os.ReadFile(file))) {
		t.Error("the other installation's file was changed")
	}
	must(t, s.Carry(ctx, carried))
	check := func(s *Store) {
		t.Helper()
		instances, _, err := s.LoadInstances(ctx)
		must(t, err)
		if len(instances) != 1 || instances[0].Key != key("a") || instances[0].Version != "8.0.41" || !instances[0].LastCheckValid() {
			t.Errorf("instances %+v", instances)
		}
		same(t, "tags", must2(s.Tags(ctx)), map[topology.Key][]topology.Tag{key("a"): {{Name: "role", Value: "backup"}}})
		same(t, "end of downtime", must2(s.Downtimes(ctx))[key("a")].End, clock.t.Add(time.Hour))
		same(t, "recoveries are off", must2(s.RecoveryDisabled(ctx)), true)
		same(t, "locks of processes that are gone", len(must2(s.Maintenances(ctx))), 0)
	}
	check(s)
	if err := s.Carry(ctx, carried); !errors.Is(err, ErrOccupied) {
		t.Errorf("imported twice: %v", err)
	}

	back := openFile(t, filepath.Join(t.TempDir(), "back.db"), clock)
	must(t, back.Carry(ctx, must2(ReadOther(ctx, s.options))))
	check(back)
}

// importingNothing leaves no half of an import behind.
func importingNothing(t *testing.T, s *Store, clock *testClock) {
	ctx := t.Context()
	name, value := "c", "alias"
	bad := Carried{Tables: map[string]TableData{"cluster_alias_override": {Columns: []string{"cluster_name", "alias"}, Data: [][]*string{{&name, &value}}}, "none": {}}}
	if err := s.Carry(ctx, bad); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown table: %v", err)
	}
	same(t, "half of it", must2(s.AliasOverrides(ctx)), map[string]string{})
	if _, err := ReadOther(ctx, Options{Dialect: SQLite, File: filepath.Join(t.TempDir(), "none.db")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	empty := filepath.Join(t.TempDir(), "empty.db")
	raw(t, empty, "CREATE TABLE x (y int)")
	if _, err := ReadOther(ctx, Options{Dialect: SQLite, File: empty}); !errors.Is(err, ErrNoSchema) {
		t.Errorf("a file of something else: %v", err)
	}
}

// zipped is a snapshot as a raft node of the original writes it.
func zipped(t *testing.T, text string) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(text))
	must(t, err)
	must(t, z.Close())
	return &b
}

const snapshotOfRaft = `{"Keys": [{"Hostname": "older", "Port": 3306}], "LeaderURI": "http://n1:3000", "RecoveryDisabled": true,
	"MinimalInstances": [{"Key": {"Hostname": "a", "Port": 3306}, "MasterKey": {"Hostname": "", "Port": 0}, "ClusterName": "a:3306"},
		{"Key": {"Hostname": "b", "Port": 3306}, "MasterKey": {"Hostname": "a", "Port": 3306}, "ClusterName": "a:3306"}],
	"InstanceTags": {"Columns": ["hostname", "port", "tag_name", "tag_value", "last_updated"], "Data": [["b", "3306", "role", "backup", "2026-11-20T07:00:00Z"]]},
	"DowntimedInstances": {"Columns": ["hostname", "port", "downtime_active", "begin_timestamp", "end_timestamp", "owner", "reason"],
		"Data": [["b", "3306", "1", "2026-11-20T07:00:00Z", "2026-11-20T09:00:00Z", "me", "why"]]},
	"KVStore": {"Columns": ["store_key", "store_value", "last_updated", "of_later"], "Data": [["mysql/master/a", "a:3306", "2026-11-20 07:00:00", null]]},
	"Recovery": {"Columns": [], "Data": null}, "OfLater": {"Columns": ["x"], "Data": [["y"]]}}`

func importingSnapshot(t *testing.T, s *Store, _ *testClock) {
	ctx := t.Context()
	carried := must2(ReadSnapshot(zipped(t, snapshotOfRaft)))
	must(t, s.Carry(ctx, carried))
	instances, _, err := s.LoadInstances(ctx)
	must(t, err)
	sources := map[string]string{}
	for _, i := range instances {
		sources[i.Key.Hostname] = i.Channel.Source.Hostname
	}
	same(t, "servers and sources", sources, map[string]string{"a": "", "b": "a", "older": ""})
	same(t, "tags", must2(s.Tags(ctx)), map[topology.Key][]topology.Tag{key("b"): {{Name: "role", Value: "backup"}}})
	same(t, "end of downtime", must2(s.Downtimes(ctx))[key("b")].End, time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC))
	same(t, "recoveries are off", must2(s.RecoveryDisabled(ctx)), true)
}

func TestSnapshotsThatAreNone(t *testing.T) {
	for name, text := range map[string]string{
		"other JSON": `{"a": 1}`, "no JSON": `x`, "keys of another kind": `{"Keys": 1}`, "a table of another kind": `{"Keys": [], "KVStore": 1}`, "a switch of another kind": `{"Keys": [], "RecoveryDisabled": 1}`,
	} {
		if _, err := ReadSnapshot(zipped(t, text)); err == nil {
			t.Errorf("%s was taken for a snapshot", name)
		}
	}
	if _, err := ReadSnapshot(strings.NewReader("plain")); err == nil {
		t.Error("what is not packed was taken for a snapshot")
	}
}

// FuzzReadSnapshot reads whatever comes.
func FuzzReadSnapshot(f *testing.F) {
	f.Add([]byte(snapshotOfRaft), true)
	f.Add([]byte(`{"Keys": [null]}`), true)
	f.Add([]byte{0x1f, 0x8b}, false)
	f.Fuzz(func(t *testing.T, text []byte, pack bool) {
		if pack {
			text = zipped(t, string(text)).Bytes()
		}
		c, err := ReadSnapshot(bytes.NewReader(text))
		for _, i := range c.Unseen {
			if err != nil || !i.Key.IsValid() {
				t.Errorf("%v, %v", i.Key, err)
			}
		}
	})
}
