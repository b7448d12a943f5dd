package topology

import (
	"testing"
	"time"
)

func TestInstanceIsReplica(t *testing.T) {
	for name, c := range map[string]struct {
		change             func(*Instance)
		replica, hasSource bool
	}{
		"by GTID":                 {func(i *Instance) {}, true, true},
		"by MariaDB's GTID":       {func(i *Instance) { i.Channel.GTID = MariaDBGTID }, true, true},
		"by position":             {func(i *Instance) { i.Channel.GTID, i.Channel.Read.LogFile = FilePosition, "b.1" }, true, true},
		"by position, not begun":  {func(i *Instance) { i.Channel.GTID = FilePosition }, false, true},
		"no channel":              {func(i *Instance) { i.Channel = Channel{} }, false, false},
		"source is a placeholder": {func(i *Instance) { i.Channel.Source.Hostname = "_" }, false, false},
		"source without a port":   {func(i *Instance) { i.Channel.Source.Port = 0 }, false, false},
		"detached source":         {func(i *Instance) { i.Channel.Source = i.Channel.Source.Detached() }, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			i := replica()
			c.change(i)
			if i.IsReplica() != c.replica || i.HasSource() != c.hasSource {
				t.Errorf("replica %v, source %v; want %v, %v", i.IsReplica(), i.HasSource(), c.replica, c.hasSource)
			}
		})
	}
}

func TestThreads(t *testing.T) {
	for name, c := range map[string]struct {
		io, sql                     ThreadState
		replicating, exist, stopped bool
	}{
		"both run":            {ThreadRunning, ThreadRunning, true, true, false},
		"connecting":          {ThreadOther, ThreadRunning, false, true, false},
		"applier stopped":     {ThreadRunning, ThreadStopped, false, true, false},
		"both stopped":        {ThreadStopped, ThreadStopped, false, true, true},
		"none":                {NoThread, NoThread, false, false, false},
		"one of them missing": {NoThread, ThreadStopped, false, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			i := &Instance{Channel: Channel{IOThread: c.io, SQLThread: c.sql}}
			if i.Replicating() != c.replicating || i.ThreadsExist() != c.exist || i.ThreadsStopped() != c.stopped {
				t.Errorf("replicating %v, exist %v, stopped %v", i.Replicating(), i.ThreadsExist(), i.ThreadsStopped())
			}
		})
	}
}

func TestReceivedAll(t *testing.T) {
	at := func(pos int64) Coordinates { return Coordinates{LogFile: "binlog.000001", LogPos: pos} }
	if c := (Channel{Read: at(100), Exec: at(100)}); !c.ReceivedAll() {
		t.Error("at the same position everything is applied")
	}
	if c := (Channel{Read: at(101), Exec: at(100)}); c.ReceivedAll() {
		t.Error("one byte is not applied")
	}
}

func TestFamilies(t *testing.T) {
	for name, c := range map[string]struct {
		flavor               Flavor
		mysql, maria, relays bool
	}{
		"MySQL":    {FlavorMySQL, true, false, false},
		"Percona":  {FlavorPercona, true, false, false},
		"MariaDB":  {FlavorMariaDB, false, true, false},
		"MaxScale": {FlavorMaxScale, false, false, true},
		"unknown":  {FlavorUnknown, false, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			i := &Instance{Flavor: c.flavor}
			if i.IsOracleMySQL() != c.mysql || i.IsMariaDB() != c.maria || i.IsBinlogServer() != c.relays {
				t.Errorf("MySQL %v, MariaDB %v, binlog server %v", i.IsOracleMySQL(), i.IsMariaDB(), i.IsBinlogServer())
			}
		})
	}
}

func TestMajorVersion(t *testing.T) {
	for version, want := range map[string]string{
		"8.0.41-log":      "8.0",
		"8.4.3":           "8.4",
		"10.11.6-MariaDB": "10.11",
		"5.7.44.1":        "5.7",
		"8.0":             "8.0",
		"9":               "9",
		"Unknown":         "Unknown",
		"":                "",
	} {
		t.Run(version, func(t *testing.T) {
			if got := (&Instance{Version: version}).MajorVersion(); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}

func TestCompareVersions(t *testing.T) {
	for name, c := range map[string]struct {
		a, b string
		want int
	}{
		"equal":                       {"8.0.36", "8.0.36", 0},
		"by number, not by text":      {"8.0.4", "8.0.14", -1},
		"ten is more than nine":       {"10.11", "9.7", 1},
		"suffix does not count":       {"8.0.36-log", "8.0.36", 0},
		"fewer parts come first":      {"8.0", "8.0.0", -1},
		"letters end the comparison":  {"8.0.x", "8.0", 0},
		"distribution after a blank":  {"8.4.3 (Ubuntu)", "8.4.3", 0},
		"build after a plus":          {"10.11.6+maria~ubu", "10.11.6", 0},
		"nothing known against known": {"", "8.0", -1},
	} {
		t.Run(name, func(t *testing.T) {
			if got := CompareVersions(c.a, c.b); got != c.want {
				t.Errorf("%d, want %d", got, c.want)
			}
			if got := CompareVersions(c.b, c.a); got != -c.want {
				t.Errorf("turned round: %d, want %d", got, -c.want)
			}
		})
	}
}

func TestValidity(t *testing.T) {
	now := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	ago := func(seconds float64) time.Time { return now.Add(-time.Duration(seconds * float64(time.Second))) }
	const poll, window = 5 * time.Second, 6 * time.Second
	for name, c := range map[string]struct {
		check                          Check
		valid, analysis, fresh, recent bool
		sinceKnown                     bool
		sinceSeconds                   int64
	}{
		"never looked at": {Check{}, false, false, false, false, false, 0},
		"never answered":  {Check{Attempted: ago(1), Checked: ago(1)}, false, false, true, true, false, 0},
		"just answered":   {Check{Attempted: ago(1), Checked: ago(1), Seen: ago(1)}, true, true, true, true, true, 1},
		"failed since": {
			Check{Attempted: ago(1), Checked: ago(1), Seen: ago(6)}, false, false, true, true, true, 6,
		},
		"a new attempt hangs for less than the window": {
			Check{Attempted: ago(1), Checked: ago(6), Seen: ago(6)}, true, true, false, true, true, 6,
		},
		"a new attempt began after the window": {
			Check{Attempted: ago(1), Checked: ago(8), Seen: ago(8)}, true, false, false, true, true, 8,
		},
		"poll interval, and a fraction of a second": {
			Check{Attempted: ago(5.9), Checked: ago(5.9), Seen: ago(5.9)}, true, true, true, true, true, 5,
		},
		"long ago": {Check{Attempted: ago(60), Checked: ago(60), Seen: ago(60)}, true, true, false, false, true, 60},
	} {
		t.Run(name, func(t *testing.T) {
			i := &Instance{Check: c.check}
			if got := i.LastCheckValid(); got != c.valid {
				t.Errorf("LastCheckValid %v", got)
			}
			if got := i.ValidForAnalysis(window); got != c.analysis {
				t.Errorf("ValidForAnalysis %v", got)
			}
			if got := i.IsUpToDate(now, poll); got != c.fresh {
				t.Errorf("IsUpToDate %v", got)
			}
			if got := i.IsRecentlyChecked(now, poll); got != c.recent {
				t.Errorf("IsRecentlyChecked %v", got)
			}
			if got := i.SinceLastSeen(now); got != (Seconds{c.sinceSeconds, c.sinceKnown}) {
				t.Errorf("SinceLastSeen %+v", got)
			}
		})
	}
}

func TestGroupMembership(t *testing.T) {
	for name, c := range map[string]struct {
		group             Group
		member, secondary bool
	}{
		"no group":           {Group{}, false, false},
		"primary":            {Group{Name: "g", MemberState: "ONLINE", MemberRole: "PRIMARY"}, true, false},
		"secondary":          {Group{Name: "g", MemberState: "ONLINE", MemberRole: "SECONDARY"}, true, true},
		"secondary in error": {Group{Name: "g", MemberState: "ERROR", MemberRole: "SECONDARY"}, true, true},
		"offline":            {Group{Name: "g", MemberState: "OFFLINE", MemberRole: "SECONDARY"}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			if c.group.IsMember() != c.member || c.group.IsSecondary() != c.secondary {
				t.Errorf("member %v, secondary %v", c.group.IsMember(), c.group.IsSecondary())
			}
		})
	}
}

func TestACloneIsIndependent(t *testing.T) {
	i := &Instance{
		Others: []Channel{{Name: "a"}}, Reported: []Key{{"a", 1}}, StoredReplicas: []Key{{"a", 1}},
		Tags: []Tag{{"a", ""}}, Group: Group{Members: []Key{{"a", 1}}},
	}
	c := i.Clone()
	c.Others[0].Name, c.Reported[0].Hostname, c.StoredReplicas[0].Hostname = "b", "b", "b"
	c.Tags[0].Name, c.Group.Members[0].Hostname = "b", "b"
	if i.Others[0].Name != "a" || i.Reported[0].Hostname != "a" || i.StoredReplicas[0].Hostname != "a" ||
		i.Tags[0].Name != "a" || i.Group.Members[0].Hostname != "a" {
		t.Errorf("changing the clone changed the original: %+v", i)
	}
}
