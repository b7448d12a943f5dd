package v2

import (
	"testing"

	"orchestrator/internal/move"
	"orchestrator/internal/server"
)

// TestStatementHead: what was done is told, with what values is not.
func TestStatementHead(t *testing.T) {
	for text, want := range map[string]string{
		"CREATE DATABASE stray": "CREATE DATABASE stray",
		"BEGIN":                 "BEGIN",
		"use `shop`; INSERT INTO cards (number) VALUES (41)": "use `shop`; INSERT INTO cards …",
		"UPDATE cards SET number=41 WHERE id=1":              "UPDATE cards …",
		"CREATE USER bob IDENTIFIED BY 'secret'":             "CREATE USER bob …",
		"DELETE FROM cards WHERE number IN (41)":             "DELETE FROM cards …",
		"insert into t select 41":                            "insert into t …",
		"SET @a=41":                                          "SET @a …",
		"table_id: 91 (shop.cards)":                          "table_id: 91 (shop.cards)",
	} {
		if got := statementHead(text); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// TestErrantTransactions: the events of one transaction stand together, with the place where it begins.
func TestErrantTransactions(t *testing.T) {
	event := func(gtid, file string, pos int64, kind string) move.ErrantEvent {
		return move.ErrantEvent{GTID: gtid, Event: server.BinlogEvent{LogName: file, Pos: pos, EventType: kind, Info: kind}}
	}
	list := errantTransactions([]move.ErrantEvent{event("a:1", "x.1", 4, "Query"), event("a:1", "x.1", 90, "Xid"), event("a:2", "x.2", 4, "Query")})
	if len(list) != 2 || list[0].GTID != "a:1" || list[0].Pos != 4 || len(list[0].Events) != 2 || list[1].File != "x.2" {
		t.Errorf("%+v", list)
	}
}
