package server_test

import (
	"strings"
	"testing"

	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
	"orchestrator/internal/server"
	"orchestrator/internal/wire"
)

// TestRealWriteGauge: a gauge says what a client would find, keeps one connection, writes in the table that is named and
// only where that does no harm, and goes on when the server is back.
func TestRealWriteGauge(t *testing.T) {
	eachFamily(t, func(t *testing.T, flavor sandbox.Flavor) {
		c := sandboxtest.New(t, sandbox.Options{Flavor: flavor, Nodes: 2, GTID: true})
		primary, replica := c.Node(0), c.Node(1)
		servers := open(t, options())
		const table = "meta.write_check"
		rows := func(n *sandbox.Node) (rows int) {
			t.Helper()
			must(t, n.Scan(limited(t), "SELECT COUNT(*) FROM "+table, &rows))
			return rows
		}
		ask := func(g *server.WriteGauge, table string, want server.WriteAnswer) {
			t.Helper()
			got, err := g.Ask(limited(t), server.WriteQuestion{Source: true, Table: table})
			if must(t, err); got != want {
				t.Errorf("%+v, want %+v", got, want)
			}
		}
		of := servers.For(keyOf(primary)).WriteGauge()
		defer of.Close()
		replicas := servers.For(keyOf(replica)).WriteGauge()
		defer replicas.Close()

		opened := servers.Stats().ConnectionsOpened
		for range 3 {
			ask(of, "", server.WriteAnswer{})
		}
		ask(of, table, server.WriteAnswer{}) // it is not there, and that is not the server's fault
		if n := servers.Stats().ConnectionsOpened - opened; n > 2 {
			t.Errorf("%d connections were opened", n)
		}
		must(t, primary.Exec(limited(t), "CREATE DATABASE meta", "CREATE TABLE "+table+" (id TINYINT UNSIGNED NOT NULL PRIMARY KEY, checked_at DATETIME(6) NOT NULL) ENGINE=InnoDB",
			"GRANT INSERT, UPDATE, SELECT ON "+table+" TO '"+sandbox.UserOrc+"'@'%'"))
		must(t, c.AwaitCaughtUp(limited(t)))
		ask(of, table, server.WriteAnswer{}) // it is not tried again there
		if n := rows(primary); n != 0 {
			t.Errorf("%d rows", n)
		}
		again := servers.For(keyOf(primary)).WriteGauge()
		defer again.Close()
		ask(again, table, server.WriteAnswer{})
		if n := rows(primary); n != 1 {
			t.Errorf("%d rows, want the one that was committed", n)
		}

		must(t, primary.Exec(limited(t), "SET GLOBAL read_only=1", "DELETE FROM "+table))
		ask(again, table, server.WriteAnswer{ReadOnly: true})
		if n := rows(primary); n != 0 {
			t.Error("it has written on a read-only server")
		}
		must(t, replica.Exec(limited(t), "SET GLOBAL read_only=0"))
		answer, err := replicas.Ask(limited(t), server.WriteQuestion{Source: true, Table: table})
		if must(t, err); answer.ReadOnly || answer.Source == "" || rows(replica) != 0 {
			t.Errorf("%+v with %d rows: a replica that is not read-only is still a replica", answer, rows(replica))
		}
		answer, err = replicas.Ask(limited(t), server.WriteQuestion{Table: table}) // whose replica it is was not asked, so nothing is written
		if must(t, err); answer != (server.WriteAnswer{}) || rows(replica) != 0 {
			t.Errorf("%+v with %d rows", answer, rows(replica))
		}

		must(t, primary.Kill())
		if _, err := again.Ask(limited(t), server.WriteQuestion{Source: true, Table: table}); err == nil {
			t.Error("a server that is gone answers")
		}
		must(t, primary.Restart(limited(t)))
		eventually(t, "it answers again", func() bool {
			_, err := again.Ask(limited(t), server.WriteQuestion{})
			return err == nil
		})
	})
}

// TestWriteGaugeRefused: what a server says when it cannot commit is an answer, and no failure to ask.
func TestWriteGaugeRefused(t *testing.T) {
	f := newFake(t, mysql80()...)
	f.change(answer{begins: "SELECT @@global.read_only+0", result: row([]string{"a", "b"}, 0, 0)}, answer{begins: "SHOW REPLICA STATUS", result: rows([]string{"Source_Host"})},
		answer{begins: "INSERT INTO `meta`.`write_check`", err: &wire.Error{Code: 1021, Message: "Disk full (/tmp)"}})
	g := f.open(t, nil).WriteGauge()
	defer g.Close()
	a, err := g.Ask(limited(t), server.WriteQuestion{Source: true, Table: "meta.write_check"})
	if must(t, err); !strings.Contains(a.Refused, "Disk full") {
		t.Errorf("%+v", a)
	}
}
