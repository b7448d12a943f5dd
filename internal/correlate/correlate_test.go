package correlate

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"orchestrator/internal/topology"
)

// listed reads events as a client prints them: position | type | server | end | info.
func listed(file, text string) []topology.LogEvent {
	var out []topology.LogEvent
	for line := range strings.Lines(strings.TrimSpace(text)) {
		f := strings.SplitN(line, "|", 5)
		number := func(s string) int64 {
			n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
			if err != nil {
				panic(err)
			}
			return n
		}
		out = append(out, topology.LogEvent{
			LogName: file, Pos: number(f[0]), EventType: strings.TrimSpace(f[1]), ServerID: uint32(number(f[2])),
			EndLogPos: number(f[3]), Info: strings.TrimSpace(f[4]),
		})
	}
	return out
}

// logged are the transactions of a binary log.
func logged(file, text string, skip ...string) []Transaction {
	g := Grouper{Skip: skip}
	var out []Transaction
	for _, e := range listed(file, text) {
		if t, whole := g.Take(InBinaryLog(e)); whole {
			out = append(out, t)
		}
	}
	return out
}

// got are the transactions of relay logs, in order, and where they begin in the source's log.
func got(t *testing.T, files ...string) ([]Transaction, *Received) {
	t.Helper()
	var r Received
	var g Grouper
	var out []Transaction
	for n, text := range files {
		for _, e := range listed("relay.00000"+strconv.Itoa(n+3), text) {
			placed, ok, err := r.Take(e)
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				continue
			}
			if t, whole := g.Take(placed); whole {
				out = append(out, t)
			}
		}
	}
	return out, &r
}

const (
	relay56 = `
		4   | Format_desc | 2 | 120 | Server ver: 5.6.24-log, Binlog ver: 4
		120 | Rotate      | 1 | 0   | binlog.000002;pos=4
		164 | Format_desc | 1 | 120 | Server ver: 5.6.24-log, Binlog ver: 4
		280 | Query       | 1 | 188 | BEGIN
		348 | Table_map   | 1 | 236 | table_id: 70 (moved.t)
		396 | Write_rows  | 1 | 278 | table_id: 70 flags: STMT_END_F
		438 | Xid         | 1 | 309 | COMMIT /* xid=23 */
		469 | Query       | 1 | 400 | use ` + "`moved`" + `; CREATE TABLE x (i int) /* why */
		560 | Query       | 1 | 468 | BEGIN
		628 | Table_map   | 1 | 516 | table_id: 71 (moved.x)
		676 | Update_rows | 1 | 582 | table_id: 71 flags: STMT_END_F
		742 | Xid         | 1 | 613 | COMMIT /* xid=26 */`
	log56 = `
		4    | Format_desc | 2 | 120  | Server ver: 5.6.24-log, Binlog ver: 4
		860  | Query       | 1 | 923  | BEGIN
		923  | Table_map   | 1 | 971  | table_id: 90 (moved.t)
		971  | Write_rows  | 1 | 1013 | table_id: 90 flags: STMT_END_F
		1013 | Xid         | 1 | 1044 | COMMIT /* xid=18 */
		1044 | Query       | 1 | 1120 | use ` + "`moved`" + `; CREATE TABLE x (i int)
		1120 | Query       | 1 | 1183 | BEGIN
		1183 | Table_map   | 1 | 1231 | table_id: 91 (moved.x)
		1231 | Update_rows | 1 | 1297 | table_id: 91 flags: STMT_END_F
		1297 | Xid         | 1 | 1328 | COMMIT /* xid=20 */`
	relayMaria = `
		4   | Format_desc       | 2 | 256 | Server ver: 10.11.18-MariaDB
		256 | Rotate            | 1 | 0   | binlog.000002;pos=4
		300 | Format_desc       | 1 | 256 | Server ver: 10.11.18-MariaDB
		552 | Gtid_list         | 1 | 299 | [0-1-5]
		595 | Binlog_checkpoint | 1 | 339 | binlog.000001
		635 | Gtid              | 1 | 381 | BEGIN GTID 0-1-6 cid=7
		677 | User var          | 1 | 420 | @a=_utf8mb4 X'78' COLLATE utf8mb4_general_ci
		716 | Query             | 1 | 516 | INSERT INTO moved.t VALUES (9,@a)
		812 | Xid               | 1 | 547 | COMMIT /* xid=24 */`
	logMaria = `
		1478 | Gtid          | 1 | 1520 | BEGIN GTID 0-1-6
		1520 | Table_map     | 1 | 1568 | table_id: 18 (moved.t)
		1568 | Write_rows_v1 | 1 | 1608 | table_id: 18 flags: STMT_END_F
		1608 | Xid           | 1 | 1639 | COMMIT /* xid=18 */`
	relay97 = `
		4   | Format_desc         | 2 | 127 | Server ver: 9.7.4-2, Binlog ver: 4
		127 | Previous_gtids      | 2 | 158 |
		158 | Rotate              | 1 | 0   | binlog.000002;pos=4
		202 | Format_desc         | 1 | 127 | Server ver: 9.7.4-2, Binlog ver: 4
		325 | Rotate              | 0 | 0   | binlog.000002;pos=158
		369 | Anonymous_Gtid      | 1 | 235 | SET @@SESSION.GTID_NEXT= 'ANONYMOUS'
		446 | Transaction_payload | 1 | 405 | compression='ZSTD', decompressed_size=184 bytes
		616 | Query               | 1 | 405 | BEGIN
		616 | Table_map           | 1 | 405 | table_id: 85 (moved.t)
		616 | Write_rows          | 1 | 405 | table_id: 85 flags: STMT_END_F USE_SQL_FOREIGN_KEY_F
		616 | Xid                 | 1 | 405 | COMMIT /* xid=25 */`
	log97 = `
		1957 | Anonymous_Gtid | 1 | 2043 | SET @@SESSION.GTID_NEXT= 'ANONYMOUS'
		2043 | Query          | 1 | 2114 | BEGIN
		2114 | Table_map      | 1 | 2170 | table_id: 85 (moved.t)
		2170 | Write_rows     | 1 | 2212 | table_id: 85 flags: STMT_END_F
		2212 | Xid            | 1 | 2243 | COMMIT /* xid=22 */`
)

func at(file string, pos int64) topology.Coordinates {
	return topology.Coordinates{LogFile: file, LogPos: pos}
}

// TestTail has what real servers have listed, and what keeps a place from being proven.
func TestTail(t *testing.T) {
	replace := func(text, old, new string) string {
		t.Helper()
		if !strings.Contains(text, old) {
			t.Fatalf("%q is not there", old)
		}
		return strings.Replace(text, old, new, 1)
	}
	for name, c := range map[string]struct {
		relay, log string
		stands     topology.Coordinates
		want       int64 // in the log; 0: refused
		says       []string
	}{
		"5.6: all of it":                  {relay56, log56, at("binlog.000002", 120), 860, nil},
		"5.6: before the rotation":        {relay56, log56, at("binlog.000002", 4), 860, nil},
		"5.6: one transaction":            {relay56, log56, at("binlog.000002", 309), 1044, nil},
		"5.6: two":                        {relay56, log56, at("binlog.000002", 400), 1120, nil},
		"5.6: nothing":                    {relay56, log56, at("binlog.000002", 613), 1328, nil},
		"5.6: not received any more":      {relay56, log56, at("binlog.000001", 999), 0, []string{"binlog.000001:999", "binlog.000002:4"}},
		"5.6: between two events":         {relay56, log56, at("binlog.000002", 236), 0, []string{"binlog.000002:236", "middle", `Table_map "moved.t"`}},
		"9.7: compressed on the way":      {relay97, log97, at("binlog.000002", 158), 1957, nil},
		"MariaDB: GTID says it":           {relayMaria, logMaria, at("binlog.000002", 339), 1478, nil},
		"MariaDB: another GTID":           {relayMaria, replace(logMaria, "0-1-6", "0-2-6"), at("binlog.000002", 339), 0, []string{"0-1-6 (", "at binlog.000002:339", "0-2-6 (", "at binlog.000001:1478"}},
		"another table":                   {relay56, replace(log56, "moved.x)", "moved.y)"), at("binlog.000002", 400), 0, []string{`Table_map "moved.x"`, `Table_map "moved.y"`, "binlog.000002:400", "binlog.000001:1120"}},
		"another table before that":       {relay56, replace(log56, "moved.t)", "moved.y)"), at("binlog.000002", 400), 1120, nil},
		"another change":                  {relay56, replace(log56, "Update_rows", "Delete_rows"), at("binlog.000002", 400), 0, []string{"Update_rows", "Delete_rows"}},
		"another statement":               {relay56, replace(log56, "(i int)", "(j int)"), at("binlog.000002", 309), 0, []string{"(i int)", "(j int)"}},
		"another writer":                  {relay56, replace(log56, "1183 | Table_map   | 1", "1183 | Table_map   | 2"), at("binlog.000002", 400), 0, []string{"server 1", "server 2"}},
		"another one in the middle":       {relay56, replace(log56, "1120 | Query       | 1 | 1183 | BEGIN", "1120 | Query       | 2 | 1120 | DROP TABLE z\n		1120 | Query       | 1 | 1183 | BEGIN"), at("binlog.000002", 309), 0, []string{"CREATE TABLE x", "DROP TABLE z"}},
		"the log does not go back as far": {relay56, log97, at("binlog.000002", 120), 0, []string{"Table_map"}},
		"an event more":                   {relay56, replace(log56, "1297 | Xid", "1297 | Table_map   | 1 | 1297 | table_id: 92 (moved.z)\n		1297 | Xid"), at("binlog.000002", 400), 0, []string{"moved.z", "no counterpart"}},
		"as many rows, but longer ones":   {relay56, replace(replace(log56, "1231 | Update_rows | 1 | 1297", "1231 | Update_rows | 1 | 1298"), "1297 | Xid         | 1 | 1328", "1298 | Xid         | 1 | 1329"), at("binlog.000002", 400), 0, []string{"62 bytes", "63"}},
		"a log without checksums":         {relay56, replace(replace(log56, "1231 | Update_rows | 1 | 1297", "1231 | Update_rows | 1 | 1293"), "1297 | Xid         | 1 | 1328", "1293 | Xid         | 1 | 1320"), at("binlog.000002", 400), 1120, nil},
		"rows spread over more events": {relay56, replace(log56, "1231 | Update_rows | 1 | 1297 | table_id: 91 flags: STMT_END_F",
			"1231 | Update_rows | 1 | 1260 | table_id: 91\n		1260 | Update_rows | 1 | 1297 | table_id: 91 flags: STMT_END_F"), at("binlog.000002", 400), 1120, nil},
	} {
		t.Run(name, func(t *testing.T) {
			received, decode := got(t, c.relay)
			tail := Tail{Received: received, Since: decode.Since, Logged: logged("binlog.000001", c.log), End: at("binlog.000001", 1328)}
			place, err := tail.At(c.stands)
			if c.want != 0 {
				if err != nil || place != at("binlog.000001", c.want) {
					t.Errorf("place %s, %v; want %d", place, err, c.want)
				}
				return
			}
			if err == nil {
				t.Fatalf("place %s", place)
			}
			for _, text := range c.says {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("%q is not in: %v", text, err)
				}
			}
		})
	}
}

func TestALogThatIsShorterThanWhatWasReceivedProvesNothing(t *testing.T) {
	received, decode := got(t, relay56)
	tail := Tail{Received: received, Since: decode.Since, Logged: logged("binlog.000001", log56)[1:], End: at("binlog.000001", 1328)}
	if place, err := tail.At(at("binlog.000002", 120)); err == nil || !strings.Contains(err.Error(), "lacks 3") {
		t.Errorf("%s, %v", place, err)
	}
	if place, err := tail.At(at("binlog.000002", 309)); err != nil || place.LogPos != 1044 {
		t.Errorf("%s, %v", place, err)
	}
}

func TestTransactionsThatSpreadOverRelayLogs(t *testing.T) {
	received, decode := got(t, `
		4   | Format_desc | 2 | 120 | own
		120 | Rotate      | 1 | 0   | binlog.000002;pos=4
		280 | Query       | 1 | 188 | BEGIN
		348 | Table_map   | 1 | 236 | table_id: 70 (moved.t)
		396 | Rotate      | 2 | 430 | relay.000004;pos=4`, `
		4   | Format_desc | 2 | 120 | own
		120 | Rotate      | 1 | 0   | binlog.000002;pos=236
		396 | Write_rows  | 1 | 278 | table_id: 70 flags: STMT_END_F
		438 | Xid         | 1 | 309 | COMMIT /* xid=23 */
		469 | Query       | 1 | 400 | BEGIN`)
	if len(received) != 1 || received[0].Begin != at("binlog.000002", 4) || received[0].End != at("binlog.000002", 309) || len(received[0].items) != 2 {
		t.Errorf("received %+v", received)
	}
	if decode.Since != at("binlog.000002", 4) || decode.Next != "" {
		t.Errorf("since %s, next %q", decode.Since, decode.Next)
	}
}

func TestPositionsThatGoBackAreRefused(t *testing.T) {
	var r Received
	events := listed("relay.000003", `
		4   | Format_desc | 2 | 120        | own
		120 | Rotate      | 1 | 0          | binlog.000002;pos=4294967000
		164 | Query       | 1 | 5          | BEGIN`)
	var err error
	for _, e := range events {
		_, _, err = r.Take(e)
	}
	if err == nil {
		t.Error("a position beyond four gigabytes was taken for one")
	}
}

func TestNormal(t *testing.T) {
	for text, want := range map[string]string{
		"CREATE  TABLE t (i int) /* xid=12 */":                         "CREATE TABLE t (i int)",
		"@`a`=_utf8mb4 0x78 COLLATE utf8mb4_general_ci":                "@`a`=_utf8mb4 0x78",
		"INSERT INTO t VALUES (_utf8'x' COLLATE 'utf8_general_ci', 1)": "INSERT INTO t VALUES (_utf8'x', 1)",
		"CREATE TABLE t (i int) /*!50100 PARTITION BY HASH (i) */":     "CREATE TABLE t (i int) /*!50100 PARTITION BY HASH (i) */",
		";file_id=7;block_len=12":                                      ";block_len=12",
		"DROP TABLE `t` /* generated\nby server */":                    "DROP TABLE `t`",
		"drop view if exists `_pseudo_gtid_`.`_asc:6571:01:f00`":       "drop view if exists `_pseudo_gtid_`.`_asc:6571:01:f00`",
		"INSERT_ID=5": "INSERT_ID=5",
		"use `d`; UPDATE t SET a=1 COLLATE utf8mb4_0900_ai_ci WHERE 1": "use `d`; UPDATE t SET a=1 WHERE 1",
	} {
		if got := Normal(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
	long := strings.Repeat("x", 5000)
	if a, b := digest(long+"a"), digest(long+"b"); a == b || len(a) > 400 {
		t.Errorf("long texts become %q and %q", a, b)
	}
}

func TestSkippedEventsAreNotCompared(t *testing.T) {
	const heartbeat = `
		100 | Query | 1 | 200 | REPLACE INTO heartbeat VALUES (1)
		200 | Query | 1 | 300 | DROP TABLE x`
	if all := logged("b.000001", heartbeat, "heartbeat"); len(all) != 1 || all[0].Text() != "DROP TABLE x" || all[0].Begin.LogPos != 200 {
		t.Errorf("%+v", all)
	}
}

func TestMarker(t *testing.T) {
	fixed := Marker{Fixed: "drop view if exists `_pseudo_gtid_`", Ascending: "asc:"}
	entry := func(n string) string { return "drop view if exists `_pseudo_gtid_`.`_asc:" + n + "`" }
	expression := Marker{Expression: regexp.MustCompile("^drop view .*pseudo")}
	for name, c := range map[string]struct{ got, want bool }{
		"an entry":                   {fixed.Is(entry("1")), true},
		"by expression":              {expression.Is(entry("1")), true},
		"another statement":          {fixed.Is("drop view if exists `x`"), false},
		"nothing to tell them by":    {Marker{}.Is(entry("1")), false},
		"later":                      {fixed.Later(entry("00a:1"), entry("009:2")), true},
		"earlier":                    {fixed.Later(entry("009:2"), entry("00a:1")), false},
		"the same":                   {fixed.Later(entry("1"), entry("1")), false},
		"not ascending":              {fixed.Later(entry("2"), "drop view if exists `_pseudo_gtid_`.`x`"), false},
		"nothing is known to ascend": {expression.Later(entry("2"), entry("1")), false},
		"none":                       {Marker{Ascending: "asc:"}.IsZero(), true},
		"some":                       {fixed.IsZero() || expression.IsZero(), false},
	} {
		if c.got != c.want {
			t.Errorf("%s: %t", name, c.got)
		}
	}
}

func TestPursuit(t *testing.T) {
	const held = `
		100 | Query | 1 | 200 | DROP VIEW IF EXISTS p1
		200 | Query | 1 | 300 | CREATE TABLE a (i int)
		300 | Query | 1 | 400 | CREATE TABLE b (i int)`
	for name, c := range map[string]struct {
		log  string
		want int64
		says string
	}{
		"the same":                 {held, 400, ""},
		"and more":                 {held + "\n400 | Query | 1 | 500 | CREATE TABLE c (i int)", 400, ""},
		"the replica is ahead":     {"100 | Query | 1 | 200 | DROP VIEW IF EXISTS p1", 0, "lacks Query \"CREATE TABLE a (i int)\""},
		"another one in between":   {"100 | Query | 1 | 200 | DROP VIEW IF EXISTS p1\n200 | Query | 1 | 300 | CREATE TABLE b (i int)", 0, "CREATE TABLE a"},
		"nothing":                  {"100 | Rotate | 1 | 200 | x", 0, "lacks"},
		"the common entry differs": {"100 | Query | 1 | 200 | DROP VIEW IF EXISTS p2", 0, "p2"},
	} {
		t.Run(name, func(t *testing.T) {
			p := Pursuit{Held: logged("r.000001", held)}
			var err error
			done := false
			for _, x := range logged("s.000001", c.log) {
				if done, err = p.Take(&x); done || err != nil {
					break
				}
			}
			var place topology.Coordinates
			if err == nil {
				place, err = p.Place()
			}
			if c.want != 0 && (err != nil || place != at("s.000001", c.want)) || c.want == 0 && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("%s, %v", place, err)
			}
		})
	}
	if _, err := (&Pursuit{}).Place(); err == nil {
		t.Error("nothing at all has a place")
	}
}

// FuzzEvents: whatever a server lists, reading it neither panics nor makes a transaction that ends before it begins.
func FuzzEvents(f *testing.F) {
	f.Add("Rotate", "binlog.000002;pos=4", "Query", "BEGIN", int64(100))
	f.Add("Gtid", "BEGIN GTID 0-1-6 cid=7", "Write_rows_compressed_v1", "table_id: 18 flags: STMT_END_F", int64(4))
	f.Add("Gtid", "SET @@SESSION.GTID_NEXT= 'uuid:5'", "Table_map", "table_id: (", int64(-1))
	f.Fuzz(func(t *testing.T, kindA, infoA, kindB, infoB string, end int64) {
		var r Received
		var g Grouper
		for n, e := range []topology.LogEvent{
			{LogName: "relay.000001", Pos: 4, EventType: "Format_desc", ServerID: 2},
			{LogName: "relay.000001", Pos: 120, EventType: "Rotate", ServerID: 1, Info: "b.000001;pos=4"},
			{EventType: kindA, Info: infoA, EndLogPos: end}, {EventType: kindB, Info: infoB, EndLogPos: end + 1}, {EventType: "Xid", EndLogPos: end + 32},
		} {
			e.LogName = "relay.000001"
			e.Pos = max(e.Pos, int64(200*n))
			placed, ok, err := r.Take(e)
			if err != nil {
				return
			}
			if !ok {
				continue
			}
			if x, whole := g.Take(placed); whole && x.End.LogFile == x.Begin.LogFile && x.End.Less(x.Begin) {
				t.Errorf("%s ends at %s", &x, x.End)
			}
		}
	})
}
