package topology

import (
	"strings"
	"testing"
	"time"
)

// top → mid → leaf, and side beside mid.
func movingFleet(change func(top, mid, leaf, side *Instance)) *Topology {
	seen := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	server := func(name, source string, id uint32) *Instance {
		i := &Instance{
			Key: Key{name, 3306}, ServerID: id, ServerUUID: name, Version: "8.0.41", Flavor: FlavorMySQL, LogBin: true, LogReplicaUpdates: true,
			BinlogFormat: "ROW", Check: Check{Checked: seen, Seen: seen}, SupportsOracleGTID: true, GTIDMode: "ON", ExecutedSet: movingUUID + ":1-9",
		}
		if source != "" {
			i.Channel = Channel{Source: Key{source, 3306}, GTID: OracleGTID}
		}
		return i
	}
	top, mid, leaf, side := server("top", "", 1), server("mid", "top", 2), server("leaf", "mid", 3), server("side", "top", 4)
	if change != nil {
		change(top, mid, leaf, side)
	}
	return New([]*Instance{top, mid, leaf, side}, Names{})
}

const movingUUID = "00000000-0000-0000-0000-000000000001"

func TestCanMove(t *testing.T) {
	for name, c := range map[string]struct {
		r, s   string
		change func(top, mid, leaf, side *Instance)
		rule   string
	}{
		"up":              {"leaf", "top", nil, ""},
		"sideways":        {"mid", "side", nil, ""},
		"down":            {"side", "leaf", nil, ""},
		"below its child": {"mid", "leaf", nil, "loop"},
		"below what replicates from it on another channel": {"mid", "side", func(_, _, leaf, side *Instance) { side.Others = []Channel{{Name: "x", Source: leaf.Key}} }, "loop"},
		"itself":          {"mid", "mid", nil, "same-server"},
		"no replica":      {"top", "leaf", nil, "not-a-replica"},
		"detached":        {"mid", "side", func(_, mid, _, _ *Instance) { mid.Channel.Source = mid.Channel.Source.Detached() }, ""},
		"it is not there": {"mid", "side", func(_, mid, _, _ *Instance) { mid.Check.Seen = time.Time{} }, "unreachable"},
		"that is not":     {"mid", "side", func(_, _, _, side *Instance) { side.Check.Seen = time.Time{} }, "unreachable"},
		"a secondary":     {"mid", "side", func(_, mid, _, _ *Instance) { mid.Group = Group{Name: "g", MemberRole: "SECONDARY"} }, "group-secondary"},
		"within its group": {"mid", "side", func(_, mid, _, side *Instance) {
			mid.Group = Group{Name: "g", MemberRole: "PRIMARY"}
			side.Group = mid.Group
		}, "own-group"},
		"another group": {"mid", "side", func(_, mid, _, side *Instance) {
			mid.Group = Group{Name: "g", MemberRole: "PRIMARY"}
			side.Group.Name = "h"
		}, ""},
		"another channel":  {"mid", "side", func(_, mid, _, side *Instance) { mid.Others = []Channel{{Name: "x", Source: side.Key}} }, "other-channel"},
		"by the old rules": {"mid", "side", func(_, _, _, side *Instance) { side.LogBin = false }, "no-binary-log"},
		"a binlog server": {"mid", "side", func(_, _, _, side *Instance) {
			side.Flavor, side.LogBin, side.LogReplicaUpdates = FlavorMaxScale, false, false
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			topo := movingFleet(c.change)
			no := topo.CanMove(topo.Instance(Key{c.r, 3306}), topo.Instance(Key{c.s, 3306}), ReplicationRules{})
			switch {
			case no == nil && c.rule != "", no != nil && no.Rule != c.rule:
				t.Errorf("refusal %v, want rule %q", no, c.rule)
			case no != nil && (no.Remedy == "" || !strings.Contains(no.Reason, c.r) && !strings.Contains(no.Reason, c.s)):
				t.Errorf("it does not say what would help: %s", no)
			}
		})
	}
}

func TestIsBelow(t *testing.T) {
	ring := movingFleet(func(top, mid, _, _ *Instance) { top.Channel.Source = mid.Key })
	tree := movingFleet(nil)
	for name, c := range map[string]struct {
		of   *Topology
		i, k string
		want bool
	}{
		"child":                 {tree, "leaf", "mid", true},
		"grandchild":            {tree, "leaf", "top", true},
		"parent":                {tree, "mid", "leaf", false},
		"sibling":               {tree, "side", "mid", false},
		"itself":                {tree, "mid", "mid", false},
		"itself, in a ring":     {ring, "mid", "mid", true},
		"beside the ring":       {ring, "top", "side", false},
		"a ring above, no link": {ring, "leaf", "side", false},
	} {
		if got := c.of.IsBelow(Key{c.i, 3306}, Key{c.k, 3306}); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestCanReplicateByGTID(t *testing.T) {
	maria := func(i *Instance) {
		i.Flavor, i.SupportsOracleGTID, i.GTIDMode = FlavorMariaDB, false, ""
		if i.HasSource() {
			i.Channel.GTID = MariaDBGTID
		}
	}
	for name, c := range map[string]struct {
		change func(top, mid, leaf, side *Instance)
		rule   string
		says   string
	}{
		"both use it":       {nil, "", ""},
		"MariaDB":           {func(_, mid, _, side *Instance) { maria(mid); maria(side) }, "", ""},
		"MariaDB and MySQL": {func(_, mid, _, _ *Instance) { maria(mid) }, "family", "MySQL"},
		"by position":       {func(_, mid, _, _ *Instance) { mid.Channel.GTID = FilePosition }, "no-gtid", "enable-gtid"},
		"not there": {func(_, _, _, side *Instance) {
			side.SupportsOracleGTID, side.GTIDMode, side.Channel.GTID = false, "OFF", FilePosition
		}, "no-gtid", `"OFF"`},
		"purged, and had": {func(_, _, _, side *Instance) { side.PurgedSet = movingUUID + ":1-9" }, "", ""},
		"purged":          {func(_, _, _, side *Instance) { side.PurgedSet = movingUUID + ":1-11" }, "purged", movingUUID + ":10-11"},
		"not readable":    {func(_, _, _, side *Instance) { side.PurgedSet = "?" }, "unknown-history", "gtid_purged of side:3306"},
		"nor this":        {func(_, mid, _, _ *Instance) { mid.ExecutedSet = "?" }, "unknown-history", "gtid_executed of mid:3306"},
	} {
		t.Run(name, func(t *testing.T) {
			topo := movingFleet(c.change)
			no := CanReplicateByGTID(topo.Instance(Key{"mid", 3306}), topo.Instance(Key{"side", 3306}))
			switch {
			case no == nil && c.rule != "", no != nil && (no.Rule != c.rule || !strings.Contains(no.Error(), c.says)):
				t.Errorf("refusal %v, want rule %q", no, c.rule)
			}
		})
	}
}
