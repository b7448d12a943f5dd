package store

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"orchestrator/internal/topology"
)

func TestColumnsOfInstanceAreAllMapped(t *testing.T) {
	var mapped []string
	for _, c := range instanceColumns() {
		mapped = append(mapped, c.name)
	}
	if want := schemaByName()["database_instance"].columnNames(); !slices.Equal(mapped, want) {
		t.Error(cmp.Diff(want, mapped))
	}
}

// filled is an instance in which no field is zero, so that a field which is not stored shows.
func filled(t *testing.T) *topology.Instance {
	t.Helper()
	i := &topology.Instance{}
	n := 0
	fill(t, reflect.ValueOf(i).Elem(), &n)
	// Values that must fit together.
	i.Version, i.Flavor = "10.11.8-MariaDB-log", topology.FlavorMariaDB
	i.VersionComment = "MariaDB Server"
	i.StoredReplicas = i.Reported
	i.PromotionRule = topology.PreferPromote
	i.Downtime = &topology.Downtime{Owner: "ann", Reason: "disk – größer 日本", Begin: at(1), End: at(999999)}
	i.Maintenance = &topology.Maintenance{ID: 1, Key: i.Key, Owner: "bob", Reason: "move", Begin: at(2), End: at(888888), Bounded: true}
	i.SelfCoordinates.Type, i.Channel.Read.Type, i.Channel.Exec.Type = topology.BinaryLog, topology.BinaryLog, topology.BinaryLog
	i.Channel.Relay.Type = topology.RelayLog
	i.Channel.LastIOError = `error "quoted" connecting – 日本 😀 \ end`
	i.Channel.IOThread, i.Channel.SQLThread = topology.ThreadOther, topology.ThreadRunning
	i.Check.Connected = time.Time{} // of a connection that nobody has any more who reads this
	return i
}

func at(seconds int64) time.Time {
	return time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC).Add(time.Duration(seconds) * time.Second)
}

// fill sets every field to a value of its own.
func fill(t *testing.T, v reflect.Value, n *int) {
	t.Helper()
	*n++
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(at(int64(*n))))
		return
	case time.Duration:
		v.SetInt(int64(*n) * int64(time.Second))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("text" + strings.Repeat("x", *n%7) + string(rune('a'+*n%26)))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64, reflect.Int32:
		v.SetInt(int64(*n % 120))
	case reflect.Uint, reflect.Uint64, reflect.Uint32:
		v.SetUint(uint64(*n % 120))
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		fill(t, p.Elem(), n)
		v.Set(p)
	case reflect.Slice:
		s := reflect.MakeSlice(v.Type(), 2, 2)
		fill(t, s.Index(0), n)
		fill(t, s.Index(1), n)
		v.Set(s)
	case reflect.Struct:
		for f := range v.NumField() {
			fill(t, v.Field(f), n)
		}
	default:
		t.Fatalf("no value for %s", v.Type())
	}
}

// Every field of an Instance survives; a field that is added without being stored makes this fail.
func TestInstanceRoundTrip(t *testing.T) {
	s, clock := openTest(t)
	i := filled(t)
	saveDeclared(t, s, i)
	must(t, s.SaveInstances(t.Context(), i))
	loaded, _, err := s.LoadInstances(t.Context())
	must(t, err)
	if len(loaded) != 1 {
		t.Fatalf("%d instances", len(loaded))
	}
	if d := cmp.Diff(i, loaded[0]); d != "" {
		t.Error(d)
	}
	if d := zeroFields(reflect.ValueOf(*loaded[0]), ""); len(d) > 0 {
		t.Errorf("fields that the test leaves empty: %v", d)
	}
	clock.advance(24 * 365 * time.Hour)
	loaded, _, err = s.LoadInstances(t.Context())
	must(t, err)
	if loaded[0].Downtime != nil || loaded[0].Maintenance != nil {
		t.Error("ended downtime or maintenance is still there")
	}
}

// saveDeclared stores what people declared about i.
func saveDeclared(t *testing.T, s *Store, i *topology.Instance) {
	t.Helper()
	ctx := t.Context()
	must(t, s.RegisterCandidate(ctx, Candidate{i.Key, i.PromotionRule, at(0)}))
	must(t, s.BeginDowntime(ctx, i.Key, *i.Downtime))
	must2(s.BeginMaintenance(ctx, *i.Maintenance, Node{"h", "t"}))
	for _, tag := range i.Tags {
		must(t, s.PutTag(ctx, i.Key, tag))
	}
	must(t, s.AcceptErrant(ctx, i.Key, *i.Accepted))
	must(t, s.RegisterUnresolve(ctx, i.Key.Hostname, i.UnresolvedHostname, at(0)))
	must(t, s.SubmitAgent(ctx, i.Key.Hostname, 3001, "token"))
	must(t, s.UpdateAgent(ctx, i.Key.Hostname, true, 3306, i.Snapshots))
	_, err := s.exec(ctx, "test", "INSERT INTO database_instance_stale_binlog_coordinates VALUES (?, ?, ?, ?, ?)",
		i.Key.Hostname, i.Key.Port, i.SelfCoordinates.LogFile, i.SelfCoordinates.LogPos, stamp(i.StaleSince))
	must(t, err)
}

func zeroFields(v reflect.Value, path string) []string {
	if v.Kind() != reflect.Struct || v.Type() == reflect.TypeFor[time.Time]() {
		if v.IsZero() {
			return []string{path}
		}
		return nil
	}
	var all []string
	for f := range v.NumField() {
		name := path + "." + v.Type().Field(f).Name
		if name == ".Check.Connected" || name == ".SelfCoordinates.Type" || name == ".Channel.Read.Type" || name == ".Channel.Exec.Type" {
			continue // the zero value is the right one
		}
		all = append(all, zeroFields(v.Field(f), name)...)
	}
	return all
}

func TestEmptyInstanceRoundTrip(t *testing.T) {
	s, _ := openTest(t)
	i := &topology.Instance{Key: key("h"), Version: "8.0.41", Flavor: topology.FlavorMySQL}
	i.Channel.IOThread, i.Channel.SQLThread = topology.NoThread, topology.NoThread
	must(t, s.SaveInstances(t.Context(), i))
	loaded, _, err := s.LoadInstances(t.Context())
	must(t, err)
	if d := cmp.Diff([]*topology.Instance{i}, loaded); d != "" {
		t.Error(d)
	}
}

func TestDetailsOfARowThatOthersChangedAreNotBelieved(t *testing.T) {
	s, _ := openTest(t)
	i := &topology.Instance{Key: key("h"), Version: "8.0.41"}
	i.Channel.Source = key("s")
	i.Channel.RetrievedSet, i.Channel.LastIOErrno = "a:1-5", 2003
	must(t, s.SaveInstances(t.Context(), i))
	_, err := s.exec(t.Context(), "test", "UPDATE database_instance SET slave_io_running = 1, replication_sql_thread_state = 2")
	must(t, err)
	loaded, _, err := s.LoadInstances(t.Context())
	must(t, err)
	c := loaded[0].Channel
	if c.IOThread != topology.ThreadRunning || c.SQLThread != topology.ThreadOther || c.RetrievedSet != "" || c.LastIOErrno != 0 {
		t.Errorf("channel %+v", c)
	}
}

func TestThreadStatesOfOutsideRows(t *testing.T) {
	tests := []struct {
		name           string
		host           string
		running, state int
		want           topology.ThreadState
	}{
		{"running, state not named", "s", 1, 0, topology.ThreadRunning},
		{"running and state agree", "s", 1, 1, topology.ThreadRunning},
		{"running beats no thread", "s", 1, -1, topology.ThreadRunning},
		{"stopped", "s", 0, 0, topology.ThreadStopped},
		{"stopped after it ran", "s", 0, 1, topology.ThreadStopped},
		{"connecting", "s", 0, 2, topology.ThreadOther},
		{"no replica", "", 0, -1, topology.NoThread},
		{"no thread but a source", "s", 0, -1, topology.ThreadStopped},
	}
	s, _ := openTest(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := s.exec(t.Context(), "test", `REPLACE INTO database_instance (hostname, port, master_host, master_port,
				slave_io_running, replication_io_thread_state) VALUES ('h', 1, ?, 3306, ?, ?)`, tt.host, tt.running, tt.state)
			must(t, err)
			loaded, _, err := s.LoadInstances(t.Context())
			must(t, err)
			if loaded[0].Channel.IOThread != tt.want {
				t.Errorf("state %v, want %v", loaded[0].Channel.IOThread, tt.want)
			}
		})
	}
}

func TestTolerantTexts(t *testing.T) {
	for text, want := range map[string]string{
		``: "", `""`: "", `"a"`: "a", `a "b"`: `a "b"`, `"a \"b\""`: `a "b"`, `"caf\u00e9"`: "café", `"broken \x41"`: "broken A",
	} {
		if have := unquoteError(text); have != want {
			t.Errorf("unquoteError(%s) = %q, want %q", text, have, want)
		}
	}
	one := []topology.Key{{Hostname: "h", Port: 1}}
	for text, want := range map[string][]topology.Key{
		`[]`: nil, ``: nil, `null`: nil, `[{"Hostname":"h","Port":1}]`: one, `[{\"Hostname\":\"h\",\"Port\":1}]`: one,
		`[{"Hostname":"h","Port":"1"}]`: one, `h:1`: one, `nonsense`: nil,
		`"[{\"Hostname\":\"h\",\"Port\":1}]"`: one,
	} {
		if have := parseKeysJSON(text); !slices.Equal(have, want) {
			t.Errorf("parseKeysJSON(%s) = %v, want %v", text, have, want)
		}
	}
	for text, want := range map[string]time.Time{
		"": {}, "1971-01-01 00:00:00": {}, "1970-12-31 22:00:00": {}, "nonsense": {}, "0000-00-00 00:00:00": {},
		"2026-11-20 08:00:01":           at(1),
		"2026-11-20T08:00:01Z":          at(1),
		"2026-11-20 08:00:01.5":         at(1).Add(500 * time.Millisecond),
		"2026-11-20T10:00:01+02:00":     at(1),
		"2026-11-20 08:00:01.000+00:00": at(1),
	} {
		if have := (value{text}).time(); !have.Equal(want) {
			t.Errorf("time %q = %v, want %v", text, have, want)
		}
	}
}
