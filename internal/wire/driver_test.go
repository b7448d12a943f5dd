package wire

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/google/go-cmp/cmp"
)

func TestValuesReachTheClient(t *testing.T) {
	when := time.Date(2024, 2, 29, 12, 30, 1, 250000000, time.UTC)
	values := []struct {
		name string
		in   any
		want any
	}{
		{"string", "text", []byte("text")},
		{"empty string", "", []byte("")},
		{"not ASCII", "größe", []byte("größe")},
		{"bytes", []byte{0, 1, 255}, []byte{0, 1, 255}},
		{"no bytes", []byte(nil), nil},
		{"NULL", nil, nil},
		{"int", -5, int64(-5)},
		{"int8", int8(-8), int64(-8)},
		{"int16", int16(-16), int64(-16)},
		{"int32", int32(-32), int64(-32)},
		{"int64", int64(-1 << 63), int64(-1 << 63)},
		{"uint8", uint8(8), uint64(8)},
		{"uint16", uint16(16), uint64(16)},
		{"uint32", uint32(32), uint64(32)},
		{"uint", uint(7), uint64(7)},
		{"true", true, int64(1)},
		{"false", false, int64(0)},
		{"float64", 1.5, 1.5},
		{"float32", float32(0.1), 0.1},
		{"time", when, when},
		{"valuer", sql.NullString{String: "v", Valid: true}, []byte("v")},
		{"null valuer", sql.NullString{}, nil},
		{"string of 250", strings.Repeat("x", 250), []byte(strings.Repeat("x", 250))},
		{"string of 251", strings.Repeat("x", 251), []byte(strings.Repeat("x", 251))},
		{"string of 70000", strings.Repeat("x", 70000), []byte(strings.Repeat("x", 70000))},
	}
	result := Result{Rows: [][]any{nil}}
	for _, v := range values {
		result.Columns = append(result.Columns, v.name)
		result.Rows[0] = append(result.Rows[0], v.in)
	}
	for _, withhold := range []Capability{0, ClientDeprecateEOF} {
		t.Run(fmt.Sprintf("withhold %#x", withhold), func(t *testing.T) {
			db := open(t, serve(t, &Server{Handler: answer(result), Withhold: withhold}),
				func(c *mysql.Config) { c.ParseTime = true })
			columns, rows := read(t, db, "select")
			if diff := cmp.Diff(result.Columns, columns[0]); diff != "" {
				t.Errorf("columns: %s", diff)
			}
			for i, v := range values {
				if diff := cmp.Diff(v.want, rows[0][0][i]); diff != "" {
					t.Errorf("%s: %s", v.name, diff)
				}
			}
		})
	}
}

// read gives columns and rows of every result of a query.
func read(t *testing.T, db *sql.DB, query string) (columns [][]string, results [][][]any) {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for more := true; more; more = rows.NextResultSet() {
		names, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		columns = append(columns, names)
		var result [][]any
		for rows.Next() {
			row := make([]any, len(names))
			into := make([]any, len(names))
			for i := range row {
				into[i] = &row[i]
			}
			if err := rows.Scan(into...); err != nil {
				t.Fatal(err)
			}
			result = append(result, row)
		}
		results = append(results, result)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return columns, results
}

func TestColumnTypes(t *testing.T) {
	result := Result{
		Columns: []string{"unsigned", "mixed", "all null", "said", "blob"},
		Types:   []ColumnType{TypeAuto, TypeAuto, TypeAuto, TypeLongLong, TypeBlob},
		Rows: [][]any{
			{uint64(1), 1, nil, "12", []byte{1}},
			{nil, "a", nil, nil, nil},
		},
	}
	db := open(t, serve(t, &Server{Handler: answer(result)}), nil)
	rows, err := db.Query("select")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	types, err := rows.ColumnTypes()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, typ := range types {
		got = append(got, typ.DatabaseTypeName())
	}
	want := []string{"UNSIGNED BIGINT", "VARCHAR", "VARCHAR", "BIGINT", "BLOB"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSeveralStatements(t *testing.T) {
	one := func(v any) Result { return Result{Columns: []string{"c"}, Rows: [][]any{{v}}} }
	handler := HandlerFunc(func(_ context.Context, s *Session, text string) ([]Result, error) {
		var results []Result
		for _, statement := range SplitStatements(text) {
			switch statement {
			case "fail":
				return results, &Error{CodeParse, "42000", "no"}
			case "none":
				results = append(results, Result{Columns: []string{"c"}})
			default:
				results = append(results, one(statement))
			}
		}
		return results, nil
	})
	for _, withhold := range []Capability{0, ClientDeprecateEOF} {
		t.Run(fmt.Sprintf("withhold %#x", withhold), func(t *testing.T) {
			db := open(t, serve(t, &Server{Handler: handler, Withhold: withhold}),
				func(c *mysql.Config) { c.MultiStatements = true })
			_, got := read(t, db, "a; none; b")
			want := [][][]any{{{[]byte("a")}}, nil, {{[]byte("b")}}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			rows, err := db.Query("a; fail")
			if err != nil {
				t.Fatal(err)
			}
			if !rows.Next() || rows.Next() || rows.NextResultSet() || code(rows.Err()) != CodeParse {
				t.Errorf("second statement: %v", rows.Err())
			}
			if err := rows.Close(); err != nil && code(err) != CodeParse {
				t.Error(err)
			}
		})
	}
}

func TestExec(t *testing.T) {
	want := Result{AffectedRows: 300, LastInsertID: 1 << 40, Warnings: 2, Info: "info"}
	db := open(t, serve(t, &Server{Handler: answer(want)}), nil)
	r, err := db.Exec("update")
	if err != nil {
		t.Fatal(err)
	}
	affected, _ := r.RowsAffected()
	id, _ := r.LastInsertId()
	if affected != 300 || id != 1<<40 {
		t.Errorf("got %d rows, id %d", affected, id)
	}
}

func TestErrorsReachTheClient(t *testing.T) {
	cases := map[string]struct {
		result []Result
		err    error
		want   mysql.MySQLError
	}{
		"with state":    {err: &Error{CodeReadOnly, "HY000", "read only"}, want: mysql.MySQLError{Number: 1290, Message: "read only"}},
		"without state": {err: &Error{Code: 1193, Message: "unknown"}, want: mysql.MySQLError{Number: 1193, Message: "unknown"}},
		"wrapped":       {err: fmt.Errorf("step: %w", &Error{Code: 1193, Message: "unknown"}), want: mysql.MySQLError{Number: 1193, Message: "unknown"}},
		"plain":         {err: errors.New("plain"), want: mysql.MySQLError{Number: 1105, Message: "plain"}},
		"bad value": {result: []Result{{Columns: []string{"c"}, Rows: [][]any{{1}, {struct{}{}}}}},
			want: mysql.MySQLError{Number: 1105, Message: "encode result 1: column c: value of unsupported type struct {}"}},
		"short row": {result: []Result{{Columns: []string{"c", "d"}, Rows: [][]any{{1}}}},
			want: mysql.MySQLError{Number: 1105, Message: "encode result 1: row of 1 values for 2 columns"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			first := true
			db := open(t, serve(t, &Server{Handler: HandlerFunc(func(context.Context, *Session, string) ([]Result, error) {
				if !first {
					return nil, nil
				}
				first = false
				return c.result, c.err
			})}), func(c *mysql.Config) {})
			db.SetMaxOpenConns(1)
			_, err := db.Exec("do")
			got, ok := errors.AsType[*mysql.MySQLError](err)
			if !ok {
				t.Fatalf("got %v", err)
			}
			if got.Number != c.want.Number || got.Message != c.want.Message {
				t.Errorf("got %v, want %v", got, &c.want)
			}
			if _, err := db.Exec("again"); err != nil {
				t.Errorf("the connection is not usable any more: %v", err)
			}
		})
	}
}

func TestParameters(t *testing.T) {
	echo := HandlerFunc(func(_ context.Context, _ *Session, text string) ([]Result, error) {
		return []Result{{Columns: []string{"q"}, Rows: [][]any{{text}}}}, nil
	})
	addr := serve(t, &Server{Handler: echo})
	t.Run("interpolated", func(t *testing.T) {
		db := open(t, addr, func(c *mysql.Config) { c.InterpolateParams = true })
		var got string
		if err := db.QueryRow("select ?", "it's").Scan(&got); err != nil {
			t.Fatal(err)
		}
		if want := `select 'it\'s'`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
	t.Run("prepared", func(t *testing.T) {
		db := open(t, addr, nil)
		if _, err := db.Query("select ?", 1); code(err) != CodeUnsupportedPrepare {
			t.Errorf("got %v", err)
		}
	})
}

func TestSession(t *testing.T) {
	type facts struct {
		User, Database, Local string
		ID                    uint32
	}
	var got []facts
	closed := make(chan *Session, 1)
	server := &Server{
		Handler: HandlerFunc(func(_ context.Context, s *Session, _ string) ([]Result, error) {
			got = append(got, facts{s.User(), s.Database(), s.LocalAddr().String(), s.ID()})
			return nil, nil
		}),
		OnClose: func(s *Session) { closed <- s },
	}
	addr := serve(t, server)
	for _, database := range []string{"", "shop"} {
		db := open(t, addr, func(c *mysql.Config) { c.DBName = database })
		if _, err := db.Exec("do"); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		<-closed
	}
	want := []facts{{"tester", "", addr, 1}, {"tester", "shop", addr, 2}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLargePackets(t *testing.T) {
	echo := HandlerFunc(func(_ context.Context, _ *Session, text string) ([]Result, error) {
		return []Result{{Columns: []string{"q"}, Rows: [][]any{{text}, {"after"}}}}, nil
	})
	addr := serve(t, &Server{Handler: echo})
	db := open(t, addr, nil)
	// A query has one byte before the text, a row four: the length.
	for _, size := range []int{maxPacketPayload - 2, maxPacketPayload - 1, maxPacketPayload - 4, 2*maxPacketPayload + 5} {
		want := strings.Repeat("0123456789abcdef", size/16+1)[:size]
		_, got := read(t, db, want)
		if len(got[0]) != 2 || string(got[0][0][0].([]byte)) != want || string(got[0][1][0].([]byte)) != "after" {
			t.Errorf("%d bytes did not come back", size)
		}
	}
}

func TestPacketTooLarge(t *testing.T) {
	addr := serve(t, &Server{Handler: answer(), MaxPacket: 100})
	db := open(t, addr, nil)
	if _, err := db.Exec(strings.Repeat("x", 99)); err != nil {
		t.Error(err)
	}
	if _, err := db.Exec(strings.Repeat("x", 100)); err == nil {
		t.Error("no error")
	}
}
