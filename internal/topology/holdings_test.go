package topology

import (
	"fmt"
	"testing"
)

const (
	uuidA = "11111111-1111-1111-1111-111111111111"
	uuidB = "22222222-2222-2222-2222-222222222222"
)

// holder is a server that says what it has.
func holder(n uint32, executed, purged, errant string) *Instance {
	i := &Instance{
		Key: Key{Hostname: fmt.Sprintf("db%d", n), Port: 3306}, ServerID: n, ServerUUID: fmt.Sprintf("00000000-0000-0000-0000-%012d", n), Flavor: FlavorMySQL,
		Version: "8.4.6", LogBin: true, LogReplicaUpdates: true, GTIDMode: "ON", SupportsOracleGTID: true, ExecutedSet: executed, PurgedSet: purged, ErrantSet: errant,
	}
	return i
}

func TestHoldings(t *testing.T) {
	h := HoldingsOf([]*Instance{
		holder(1, uuidA+":1-100", uuidA+":1-40", ""),
		holder(2, uuidA+":1-50:60-98", "", ""),
		holder(3, uuidA+":1-100,"+uuidB+":1-3", "", uuidB+":1-3"),
		holder(4, "", "", ""),
	})
	if got := h.All.String(); got != uuidA+":1-100,"+uuidB+":1-3" {
		t.Errorf("all: %s", got)
	}
	for n, want := range []struct{ lacks, alone string }{{"", ""}, {uuidA + ":51-59:99-100", ""}, {"", uuidB + ":1-3"}, {"", ""}} {
		x := h.Servers[n]
		if x.Lacks.String() != want.lacks || x.Alone.String() != want.alone || x.Known != (n != 3) {
			t.Errorf("%s: known %t, lacks %q, alone %q", x.Server.Key, x.Known, x.Lacks, x.Alone)
		}
	}
	sources := h.All.Sources()
	if len(sources) != 2 || sources[0].UUID() != uuidA || sources[1].UUID() != uuidB || h.All.CountOf(sources[0]) != 100 {
		t.Fatalf("%v", sources)
	}
	for n, want := range []string{"[purged 1-40 logged 41-100]", "[logged 1-50 missing 51-59 logged 60-98 missing 99-100]", "[logged 1-100]", "[]"} {
		if got := fmt.Sprint(h.Servers[n].Stretches(sources[0])); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
	// What is errant on one server is not missing on the others.
	for n, want := range []string{"[]", "[]", "[errant 1-3]"} {
		if got := fmt.Sprint(h.Servers[n].Stretches(sources[1])); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

func TestHoldingsOfMariaDB(t *testing.T) {
	servers := []*Instance{holder(1, "0-1-100,7-1-5", "", ""), holder(2, "0-2-98", "", "")}
	for _, i := range servers {
		i.Flavor, i.ServerUUID, i.GTIDMode, i.SupportsOracleGTID = FlavorMariaDB, "", "", false
	}
	h := HoldingsOf(servers)
	if got := h.Servers[1].Lacks.String(); got != "domain 0: 99-100, domain 7: 1-5" {
		t.Error(got)
	}
	if sources := h.All.Sources(); len(sources) != 2 || sources[0].String() != "domain 0" || sources[0].UUID() != "" {
		t.Errorf("%v", sources)
	}
	if no := CouldFeed(&h.Servers[0], &h.Servers[1], ReplicationRules{}); no != nil {
		t.Error(no)
	}
	if no := CouldFeed(&h.Servers[1], &h.Servers[0], ReplicationRules{}); no == nil || no.Rule != "behind" {
		t.Error(no)
	}
}

func TestCouldFeed(t *testing.T) {
	replica := holder(9, uuidA+":1-90", "", "")
	for name, c := range map[string]struct {
		source *Instance
		want   string
	}{
		"ahead":       {holder(1, uuidA+":1-100", "", ""), ""},
		"equal":       {holder(1, uuidA+":1-90", uuidA+":1-90", ""), ""},
		"behind":      {holder(1, uuidA+":1-80", "", ""), "behind"},
		"purged":      {holder(1, uuidA+":1-100", uuidA+":1-95", ""), "purged"},
		"unknown":     {holder(1, "", "", ""), "unknown-history"},
		"same server": {replica, "same-server"},
	} {
		h := HoldingsOf([]*Instance{c.source, replica})
		got := ""
		if no := CouldFeed(&h.Servers[0], &h.Servers[1], ReplicationRules{}); no != nil {
			got = no.Rule
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	silent := holder(1, uuidA+":1-100", "", "")
	silent.LogBin = false
	h := HoldingsOf([]*Instance{silent, replica})
	if no := CouldFeed(&h.Servers[0], &h.Servers[1], ReplicationRules{}); no == nil || no.Rule != "no-binary-log" {
		t.Errorf("one that logs nothing could feed: %v", no)
	}
}
