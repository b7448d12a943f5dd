package move_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"orchestrator/internal/refactor"
	"orchestrator/internal/sandbox"
)

// TestRealOptionsSurvive sets every option that a channel can have to another value than its default, does everything
// that changes a source, and sees that nothing but the source has changed.
func TestRealOptionsSurvive(t *testing.T) {
	for name, o := range map[string]sandbox.Options{
		"MariaDB":              {Flavor: sandbox.MariaDB, GTID: true},
		"MySQL":                {Flavor: sandbox.MySQL, GTID: true, TLS: true},
		"MariaDB, by position": {Flavor: sandbox.MariaDB},
		"MySQL, by position":   {Flavor: sandbox.MySQL, TLS: true},
		"MySQL 5.6":            {Flavor: sandbox.MySQL56},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, o)
			r.write(t, "CREATE DATABASE moved", "CREATE TABLE moved.t (id INT PRIMARY KEY)")
			r.followed(t)
			must(t, r.Node(2).ExecAs(limited(t), sandbox.UserAdmin, r.unusual()...))
			must(t, r.AwaitReplication(limited(t)))
			want := r.allOptions(t)
			back := func(op refactor.Operation) func() {
				return func() { r.do(t, refactor.Request{Operation: op, Server: keyOf(r.Node(2))}) }
			}
			move := func(command refactor.RelocationCommand, below int) func() {
				return func() { r.relocate(t, command, 2, below) }
			}
			steps := []struct {
				name string
				do   func()
			}{
				{"relocate", move(refactor.Relocate, 1)}, {"repoint", move(refactor.Repoint, -1)},
				{"take-master", move(refactor.TakeSource, -1)},
				{"relocate again", func() {
					r.relocate(t, refactor.Relocate, 1, 0)
					must(t, r.AwaitReplication(limited(t)))
					r.look(t)
					r.relocate(t, refactor.Relocate, 2, 1)
				}},
				{"move-up", move(refactor.MoveUp, -1)}, {"stop", back(refactor.StopReplica)}, {"start", back(refactor.StartReplica)},
				{"detach", back(refactor.DetachReplica)}, {"reattach", back(refactor.ReattachReplica)},
			}
			if o.GTID && o.Flavor == sandbox.MySQL { // MariaDB knows domains to ignore only where GTID is in use
				steps = append(steps, []struct {
					name string
					do   func()
				}{{"disable-gtid", back(refactor.DisableGTID)}, {"enable-gtid", back(refactor.EnableGTID)}}...)
			}
			for _, step := range steps {
				r.look(t)
				step.do()
				if step.name != "stop" && step.name != "detach" {
					must(t, r.AwaitReplication(limited(t)))
				}
				if step.name == "disable-gtid" {
					continue // which is what is to change
				}
				got := r.allOptions(t)
				for _, k := range slices.Sorted(maps.Keys(want)) {
					if got[k] != want[k] {
						t.Errorf("after %s %s is %q and was %q", step.name, k, got[k], want[k])
					}
				}
			}
			if len(want) < 20 {
				t.Errorf("only %d options were compared", len(want))
			}
		})
	}
}

// unusual are the statements that give node 2 options that nobody has by default.
func (r *rig) unusual() []string {
	dir, delay, ignored := r.Node(2).DataDir(), "1", "" // by position a delayed replica is not moved
	if !r.Options().GTID {
		delay, ignored = "0", " IGNORE_SERVER_IDS=(4242),"
	}
	switch r.Options().Flavor {
	case sandbox.MariaDB:
		domains := ""
		if r.Options().GTID {
			domains = ", IGNORE_DOMAIN_IDS=(77)"
		}
		return []string{"STOP SLAVE", "SET GLOBAL replicate_wild_ignore_table='none.%'",
			"CHANGE MASTER TO MASTER_CONNECT_RETRY=7, MASTER_DELAY=" + delay + ", MASTER_HEARTBEAT_PERIOD=1.25, MASTER_SSL=0, MASTER_SSL_CA='/ca.pem'," +
				" MASTER_SSL_CERT='/cert.pem', MASTER_SSL_KEY='/key.pem', MASTER_SSL_CIPHER='AES', MASTER_SSL_CAPATH='/capath', MASTER_SSL_CRL='/crl'," +
				" MASTER_SSL_CRLPATH='/crlpath', IGNORE_SERVER_IDS=(4242)" + domains, "START SLAVE"}
	case sandbox.MySQL56:
		return []string{"STOP SLAVE", "CHANGE MASTER TO MASTER_CONNECT_RETRY=7, MASTER_DELAY=" + delay + ", MASTER_HEARTBEAT_PERIOD=1.25, MASTER_RETRY_COUNT=77," +
			" IGNORE_SERVER_IDS=(4242), MASTER_BIND='127.0.0.1'", "START SLAVE"}
	}
	return []string{"STOP REPLICA", "SET GLOBAL super_read_only=0", "SET sql_log_bin=0", "CREATE USER applier", "GRANT ALL ON *.* TO applier", "SET GLOBAL super_read_only=1",
		"CHANGE REPLICATION FILTER REPLICATE_WILD_IGNORE_TABLE=('none.%'), REPLICATE_REWRITE_DB=((x,y))",
		"CHANGE REPLICATION SOURCE TO SOURCE_CONNECT_RETRY=7, SOURCE_RETRY_COUNT=77, SOURCE_DELAY=" + delay + ", SOURCE_HEARTBEAT_PERIOD=1.25, SOURCE_BIND='127.0.0.1'," +
			" SOURCE_SSL=1, SOURCE_SSL_CA='" + dir + "/ca.pem', SOURCE_SSL_CERT='" + dir + "/client-cert.pem', SOURCE_SSL_KEY='" + dir + "/client-key.pem'," +
			" SOURCE_SSL_CIPHER='ECDHE-RSA-AES256-GCM-SHA384', SOURCE_TLS_VERSION='TLSv1.2', SOURCE_TLS_CIPHERSUITES='TLS_AES_256_GCM_SHA384'," +
			" SOURCE_SSL_VERIFY_SERVER_CERT=0, SOURCE_PUBLIC_KEY_PATH='" + dir + "/public_key.pem', GET_SOURCE_PUBLIC_KEY=1," +
			" SOURCE_COMPRESSION_ALGORITHMS='zstd', SOURCE_ZSTD_COMPRESSION_LEVEL=7," + ignored +
			" PRIVILEGE_CHECKS_USER='applier'@'%', REQUIRE_ROW_FORMAT=1, REQUIRE_TABLE_PRIMARY_KEY_CHECK=ON", "START REPLICA"}
}

// allOptions are the options of the channel of node 2, apart from what names its source and its place there.
func (r *rig) allOptions(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	add := func(query string, wanted func(column string) bool) {
		t.Helper()
		row, err := r.Node(2).Row(limited(t), query)
		must(t, err)
		for k, v := range row {
			if wanted(strings.ToLower(k)) {
				all[strings.ToLower(k)] = v
			}
		}
	}
	status := func(c string) bool {
		for _, part := range []string{"ssl", "tls", "retry", "sql_delay", "replicate", "ignore", "heartbeat_period", "domain_ids", "bind", "public_key", "auto_position", "using_gtid"} {
			if strings.Contains(c, part) {
				return true
			}
		}
		return false
	}
	if r.Options().Flavor == sandbox.MariaDB {
		add("SHOW ALL SLAVES STATUS", status)
		return all
	}
	word := "SLAVE"
	if r.Options().Flavor == sandbox.MySQL {
		word = "REPLICA"
	}
	add("SHOW "+word+" STATUS", status)
	add("SELECT * FROM mysql.slave_master_info", func(c string) bool {
		return !slices.Contains([]string{"host", "port", "master_log_name", "master_log_pos", "number_of_lines", "uuid"}, c)
	})
	add("SELECT * FROM mysql.slave_relay_log_info", func(c string) bool {
		return !strings.Contains(c, "log_") && c != "number_of_lines" && c != "number_of_workers"
	})
	return all
}
