package binlog_test

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/binlog"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
	"orchestrator/internal/wire"
)

// changes are what a script has to carry over: rows of many types, statements, several tables in one transaction.
var changes = []string{
	"CREATE TABLE shop.items (id INT PRIMARY KEY, name VARCHAR(600) CHARACTER SET utf8mb4, price DECIMAL(12,4), seen TIMESTAMP(6) NULL, day DATE, at TIME(3), y YEAR, big BIGINT UNSIGNED, f DOUBLE, g FLOAT, bits BIT(13), e ENUM('a','b'), s SET('x','y','z'), doc LONGTEXT, raw VARBINARY(300), c CHAR(200))",
	"CREATE TABLE shop.notes (id INT PRIMARY KEY AUTO_INCREMENT, text TEXT)",
	"INSERT INTO shop.items VALUES (1, 'it''s \\\\ ünï\ncode', 12.3456, '2026-01-02 03:04:05.678901', '2026-02-28', '-12:34:56.789', 2026, 18446744073709551615, 1.5e300, -2.5, b'1010101010101', 'b', 'x,z', REPEAT('long ', 60000), X'00FF2700', 'c')",
	"INSERT INTO shop.items (id, name) VALUES (2, NULL), (3, ''), (4, 'gone')",
	"BEGIN", "UPDATE shop.items SET price = 1, name = 'new' WHERE id IN (1, 2)", "DELETE FROM shop.items WHERE id = 4", "INSERT INTO shop.notes (text) VALUES ('one'), ('two')", "COMMIT",
	"UPDATE shop.items i, shop.notes n SET i.name = 'both', n.text = 'both; /*!*/ done' WHERE i.id = 3 AND n.id = 1",
	"SET SESSION binlog_format = 'STATEMENT'",
	"SET SESSION sql_mode = ''", "SET timestamp = 1700000000",
	"INSERT INTO shop.notes (text) VALUES (CONCAT('at ', NOW(), ' é;'))",
	"SET timestamp = DEFAULT", "SET SESSION binlog_format = 'ROW'",
	"CREATE PROCEDURE shop.p() BEGIN SELECT 1; SELECT ';'; END",
	"ALTER TABLE shop.notes ADD COLUMN more INT DEFAULT 7",
	"CREATE TABLE shop.`odd ``name` AS SELECT id, text FROM shop.notes",
}

func TestScriptReplays(t *testing.T) {
	sandboxtest.EachFlavor(t, func(t *testing.T, flavor sandbox.Flavor) {
		c := sandboxtest.New(t, sandbox.Options{Flavor: flavor, GTID: true, Nodes: 2})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		from, to := c.Node(0), c.Node(1)
		must(t, from.Exec(ctx, "CREATE DATABASE shop"))
		must(t, c.AwaitCaughtUp(ctx))
		word := "SLAVE"
		if flavor == sandbox.MySQL {
			word = "REPLICA"
		}
		must(t, to.Exec(ctx, "STOP "+word, "RESET "+word+" ALL", "SET GLOBAL read_only=0"))
		signsInAnew(ctx, t, from)
		before := gtids(ctx, t, flavor, from)
		must(t, from.Exec(ctx, changes...))

		servers := server.New(server.Options{User: sandbox.UserOrc, Password: sandbox.Password(sandbox.UserOrc)})
		defer servers.Close()
		s := servers.For(topology.Key{Hostname: from.Host, Port: from.Port})
		logs, err := s.BinaryLogs(ctx)
		must(t, err)
		var text bytes.Buffer
		script := binlog.NewScript(&text, logs[0].Name)
		script.Wanted = func(g string) bool { return !before[g] }
		must(t, script.Begin("a test"))
		must(t, s.DumpBinlog(ctx, logs[0].Name, script.Event))
		must(t, script.End("the end"))
		if len(script.LeftOut()) > 0 {
			t.Fatalf("left out: %q", script.LeftOut())
		}
		after := gtids(ctx, t, flavor, from)
		if want := len(after) - len(before); len(script.Found()) != want {
			t.Errorf("%d transactions were written, want %d: %q", len(script.Found()), want, script.Found())
		}
		for _, want := range []string{"# rows of shop.items\n", "# rows of shop.notes\n", "# the end\n", logs[len(logs)-1].Name} {
			if !strings.Contains(text.String(), want) {
				t.Errorf("the script does not say %q", want)
			}
		}
		file := filepath.Join(t.TempDir(), "script.sql")
		must(t, os.WriteFile(file, text.Bytes(), 0o600))
		must(t, to.Replay(ctx, file))
		for _, table := range []string{"shop.items", "shop.notes", "shop.`odd ``name`"} {
			var name, want, got string
			must(t, from.Scan(ctx, "CHECKSUM TABLE "+table, &name, &want))
			must(t, to.Scan(ctx, "CHECKSUM TABLE "+table, &name, &got))
			if got != want {
				t.Errorf("%s: checksum %s, want %s", table, got, want)
			}
		}
		var rows int
		must(t, to.Scan(ctx, "SELECT COUNT(*) FROM shop.notes", &rows))
		if rows != 3 {
			t.Errorf("%d rows were replayed, want 3", rows)
		}
	})
}

// signsInAnew signs in where the server has forgotten the hashes of passwords, so that MySQL asks for the password.
func signsInAnew(ctx context.Context, t *testing.T, n *sandbox.Node) {
	t.Helper()
	must(t, n.Exec(ctx, "FLUSH PRIVILEGES"))
	conn, err := net.Dial("tcp", n.Addr())
	must(t, err)
	c, err := wire.SignIn(ctx, conn, wire.ClientConfig{User: sandbox.UserOrc, Password: sandbox.Password(sandbox.UserOrc)})
	must(t, err)
	must(t, c.Exec(ctx, "SET @signed_in=1"))
	must(t, c.Close())
}

// gtids lists what is in all logs of a server.
func gtids(ctx context.Context, t *testing.T, flavor sandbox.Flavor, n *sandbox.Node) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	var text string
	if flavor == sandbox.MySQL {
		must(t, n.Scan(ctx, "SELECT @@global.gtid_executed", &text))
		uuid, interval, _ := strings.Cut(text, ":")
		_, last, _ := strings.Cut(interval, "-")
		if last == "" {
			last = interval
		}
		for i := range number(t, last) {
			all[uuid+":"+strconv.Itoa(i+1)] = true
		}
		return all
	}
	must(t, n.Scan(ctx, "SELECT @@global.gtid_binlog_pos", &text))
	at := strings.LastIndexByte(text, '-')
	for i := range number(t, text[at+1:]) {
		all[text[:at+1]+strconv.Itoa(i+1)] = true
	}
	return all
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	must(t, err)
	return n
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
