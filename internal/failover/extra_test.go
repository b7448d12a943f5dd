package failover

import (
	"strings"
	"testing"
)

func TestExtra(t *testing.T) {
	const u1, u2 = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"
	for name, c := range map[string]struct {
		had, has     Holding
		maria        bool
		says         string
		holds, not   string // lists, separated by blanks
		before, from string // lists of what comes before a log: with some of them, with none
		missing      string // of "holds" without its first
	}{
		"MySQL": {
			had: Holding{Executed: u1 + ":1-105"}, has: Holding{Executed: u1 + ":1-102:104," + u2 + ":1-9"},
			says: u1 + ":103:105", holds: u1 + ":103 " + u1 + ":105", not: u1 + ":104 " + u2 + ":7 nonsense",
			before: u1 + ":1-103", from: u1 + ":1-102", missing: u1 + ":103",
		},
		"MySQL, nothing": {had: Holding{Executed: u1 + ":1-105"}, has: Holding{Executed: u1 + ":1-106"}, not: u1 + ":105"},
		"MariaDB": {
			had: Holding{Position: "0-1-105", BinlogState: "0-2-50,0-1-105"}, has: Holding{BinlogState: "0-1-102,0-2-110"}, maria: true,
			says: "0-1-105", holds: "0-1-103 0-1-104 0-1-105", not: "0-1-102 0-1-50 0-2-50 0-2-110 1-1-200 nonsense",
			before: "0-2-50,0-1-103", from: "0-2-50,0-1-102", missing: "",
		},
		"MariaDB: the new primary does not know an old server": {
			had: Holding{Position: "0-1-105", BinlogState: "0-7-40,0-1-105"}, has: Holding{BinlogState: "0-1-102,0-2-110"}, maria: true,
			says: "0-1-105", holds: "0-1-103", not: "0-7-40 0-7-3", before: "0-7-40,0-1-104", from: "0-7-40,0-1-102",
			missing: "0-1-105",
		},
		"MariaDB: a domain that the new primary does not know": {
			had: Holding{Position: "0-1-105,5-1-2", BinlogState: "0-1-105,5-1-2"}, has: Holding{BinlogState: "0-1-105"}, maria: true,
			says: "5-1-2", holds: "5-1-1 5-1-2", not: "0-1-105", before: "0-1-100,5-1-1", from: "0-1-100", missing: "",
		},
		"MariaDB, nothing": {had: Holding{Position: "0-1-105", BinlogState: "0-1-105"}, has: Holding{BinlogState: "0-1-105,0-2-110"}, maria: true, not: "0-1-105"},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := ExtraOf(c.had, c.has, c.maria)
			if err != nil || e.String() != c.says || e.IsEmpty() != (c.says == "") {
				t.Fatalf("%s (%v), want %s", e, err, c.says)
			}
			for _, g := range strings.Fields(c.holds) {
				if !e.Holds(g) {
					t.Errorf("it does not hold %s", g)
				}
			}
			for _, g := range strings.Fields(c.not) {
				if e.Holds(g) {
					t.Errorf("it holds %s", g)
				}
			}
			for list, want := range map[string]bool{c.before: true, c.from: false} {
				if got, err := e.Before(list); list != "" && (got != want || err != nil) {
					t.Errorf("before %s: %t, %v", list, got, err)
				}
			}
			if found := strings.Fields(c.holds); len(found) > 0 {
				if got := e.Missing(found[1:]); got != c.missing {
					t.Errorf("missing %q, want %q", got, c.missing)
				}
			}
		})
	}
	for _, bad := range []Holding{{Executed: "x", Position: "x"}, {Executed: "x", BinlogState: "x"}} {
		for _, maria := range []bool{false, true} {
			if _, err := ExtraOf(bad, Holding{}, maria); err == nil {
				t.Errorf("%+v was taken for a history", bad)
			}
		}
	}
}
