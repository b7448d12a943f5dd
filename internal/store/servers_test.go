package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
	"orchestrator/internal/topology"
)

// backendServer is a real server that gives each test a database of its own.
type backendServer struct {
	node *sandbox.Node
	next int
}

func startServer(t *testing.T, flavor sandbox.Flavor) *backendServer {
	t.Helper()
	return &backendServer{node: sandboxtest.New(t, sandbox.Options{Flavor: flavor, Nodes: 1, ExtraOptions: map[string]string{
		"sql_mode":          "TRADITIONAL", // the strictest one that both families have
		"default_time_zone": "+05:30",
	}}).Node(0)}
}

func (b *backendServer) options(clock *testClock) Options {
	b.next++
	return Options{
		Dialect: MySQL, Host: b.node.Host, Port: b.node.Port, User: sandbox.UserAdmin, Password: sandbox.Password(sandbox.UserAdmin),
		Database: fmt.Sprintf("backend-%d", b.next), Version: "test", MaxConnections: 20, MaxAllowedPacket: -1, Now: clock.now,
	}
}

func openServer(t *testing.T, o Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

func TestServers(t *testing.T) {
	sandboxtest.EachFlavor(t, func(t *testing.T, flavor sandbox.Flavor) {
		b := startServer(t, flavor)
		for _, sc := range scenarios {
			t.Run(sc.name, func(t *testing.T) {
				clock := newClock()
				sc.run(t, openServer(t, b.options(clock)), clock)
			})
		}
		for _, tt := range []struct {
			name string
			run  func(t *testing.T, b *backendServer)
		}{
			{"database of the original", originalOnServer},
			{"upgrade", upgradeServer},
			{"deploy concurrently", deployServerConcurrently},
			{"outside rows in a strict session", outsideRowsOnServer},
			{"refusals", serverRefusals},
			{"two nodes want the lease", twoNodesWantTheLease},
			{"two nodes register a recovery", twoNodesRegister},
			{"the server goes away and comes back", serverGoesAway},
		} {
			t.Run(tt.name, func(t *testing.T) { tt.run(t, b) })
		}
	})
}

func originalOnServer(t *testing.T, b *backendServer) {
	o := b.options(newClock())
	ctx := t.Context()
	db := b.node.DB(sandbox.UserAdmin)
	conn, err := db.Conn(ctx)
	must(t, err)
	for _, st := range append([]string{"CREATE DATABASE `" + o.Database + "`", "USE `" + o.Database + "`"}, originalDDL(MySQL)...) {
		if _, err := conn.ExecContext(ctx, st); err != nil {
			t.Fatalf("%s: %v", st, err)
		}
	}
	must(t, conn.Close())
	checkOriginal(t, openServer(t, o))
}

func upgradeServer(t *testing.T, b *backendServer) {
	o := b.options(newClock())
	s := openServer(t, o)
	want := dump(t, s)
	run := func(statements ...string) {
		t.Helper()
		for _, st := range statements {
			must2(s.exec(t.Context(), "test", st))
		}
	}
	run(
		"INSERT INTO database_instance (hostname, port) VALUES ('h', 1)",
		"INSERT INTO node_health_history (hostname, token) VALUES ('h', 't')",
		"ALTER TABLE database_instance DROP COLUMN semi_sync_master_clients, DROP COLUMN replication_group_members, DROP KEY last_seen_idx_database_instance",
		"ALTER TABLE node_health_history DROP KEY first_seen_active_idx_node_health_history, DROP COLUMN first_seen_active",
		"ALTER TABLE candidate_database_instance DROP COLUMN promotion_rule",
		"ALTER TABLE database_instance MODIFY COLUMN semi_sync_master_timeout int unsigned NOT NULL DEFAULT 0, "+
			"MODIFY COLUMN version varchar(32) CHARACTER SET ascii NOT NULL, MODIFY COLUMN seconds_behind_master bigint unsigned NOT NULL, "+
			"MODIFY COLUMN ancestry_uuid tinytext NOT NULL, MODIFY COLUMN replication_sql_thread_state tinyint NOT NULL, "+
			"MODIFY COLUMN executed_gtid_set longtext NOT NULL",
		"DROP TABLE database_instance_tags", "DROP TABLE recovery_journal",
		"ALTER TABLE cluster_alias DROP KEY alias_uidx",
		"DELETE FROM orchestrator_db_deployments",
	)
	o.Version = "newer"
	up := openServer(t, o)
	if have := dump(t, up); !slices.Equal(have, want) {
		t.Errorf("schema differs:\n%s", strings.Join(diff(want, have), "\n"))
	}
	found := must2(up.catalogue(t.Context(), up.reader))["database_instance"].columns
	for name, want := range map[string]foundColumn{
		"semi_sync_master_timeout":     {"bigint", false, true},
		"version":                      {"varchar(128)", false, false},
		"ancestry_uuid":                {"text", false, false},
		"replication_sql_thread_state": {"tinyint", false, true},
		"executed_gtid_set":            {"longtext", false, false}, // what is wider stays
	} {
		have := found[name]
		if !strings.HasPrefix(have.typ, want.typ) || have.nullable != want.nullable || have.hasDefault != want.hasDefault {
			t.Errorf("%s: %+v, want %+v", name, have, want)
		}
	}
	if !found["seconds_behind_master"].nullable {
		t.Error("seconds_behind_master may not be NULL")
	}
	if todo := up.missing(must2(up.catalogue(t.Context(), up.reader))); len(todo) != 0 {
		t.Errorf("the next start would do %+v", todo)
	}
	if n := len(load(t, up)); n != 1 {
		t.Errorf("%d instances", n)
	}
}

func deployServerConcurrently(t *testing.T, b *backendServer) {
	o := b.options(newClock())
	var wg sync.WaitGroup
	errs := make([]error, 3)
	for n := range errs {
		wg.Go(func() {
			s, err := Open(t.Context(), o)
			if err == nil {
				err = s.Close()
			}
			errs[n] = err
		})
	}
	wg.Wait()
	must(t, errors.Join(errs...))
}

// outsideRowsOnServer inserts the documented 64 columns with the server's own strict sql_mode and time zone.
func outsideRowsOnServer(t *testing.T, b *backendServer) {
	clock := newClock()
	o := b.options(clock)
	s := openServer(t, o)
	statements := outsideRows("current_timestamp() - interval 1 second")
	statements = append(statements, "INSERT INTO candidate_database_instance (hostname, port, promotion_rule) VALUES ('testhost', 22294, 'must')",
		"UPDATE database_instance SET last_io_error = 'error \"x\" connecting to master' WHERE port = 22294",
		`INSERT INTO database_instance_downtime (hostname, port, downtime_active, begin_timestamp, end_timestamp, owner, reason)
			VALUES ('testhost', 22294, 1, current_timestamp(), current_timestamp() + interval 1 hour, 'o', 'r')`)
	must(t, b.node.ExecAs(t.Context(), sandbox.UserAdmin, append([]string{"USE `" + o.Database + "`"}, withDatabase(o.Database, statements)...)...))
	checkNow := time.Now()
	clock.t = checkNow
	loaded := load(t, s)
	i := loaded[topology.Key{Hostname: "testhost", Port: 22294}]
	if i == nil || i.PromotionRule != topology.MustPromote || !i.IsDowntimed(checkNow) || i.Channel.LastIOError != `error "x" connecting to master` {
		t.Fatalf("instance %+v", i)
	}
	if age := checkNow.Sub(i.Check.Checked); age < 0 || age > time.Minute {
		t.Errorf("checked %v ago: the time zone of the session is lost", age)
	}
	if top := loaded[topology.Key{Hostname: "testhost", Port: 22293}]; !top.LastCheckValid() || len(top.StoredReplicas) != 1 {
		t.Errorf("top %+v", top)
	}
}

func withDatabase(database string, statements []string) []string {
	out := make([]string, len(statements))
	for n, st := range statements {
		for _, tab := range []string{"INTO ", "UPDATE "} {
			st = strings.Replace(st, tab, tab+"`"+database+"`.", 1)
		}
		out[n] = st
	}
	return out
}

func serverRefusals(t *testing.T, b *backendServer) {
	o := b.options(newClock())
	wrong := o
	wrong.Password = "wrong"
	if _, err := Open(t.Context(), wrong); !errors.Is(err, ErrDenied) || strings.Contains(err.Error(), "wrong\"") {
		t.Errorf("wrong password: %v", err)
	}
	wrong = o
	wrong.SkipUpdate = true
	if _, err := Open(t.Context(), wrong); err == nil {
		t.Error("a missing database was opened without the right to make one")
	}
	s := openServer(t, o)
	wrong = o
	wrong.User, wrong.Password = sandbox.UserApp, sandbox.Password(sandbox.UserApp)
	if _, err := Open(t.Context(), wrong); !errors.Is(err, ErrDenied) {
		t.Errorf("a user without grants: %v", err)
	}
	must(t, s.Ping(t.Context()))
}

func twoNodesWantTheLease(t *testing.T, b *backendServer) {
	o := b.options(newClock())
	wantTheLease(t, openServer(t, o), openServer(t, o), openServer(t, o))
}

// wantTheLease has several processes attempt the lease at the same time.
func wantTheLease(t *testing.T, stores ...*Store) {
	t.Helper()
	for round := range 5 {
		must(t, stores[0].Reelect(t.Context()))
		for _, s := range stores {
			awaitNoHolder(t, s)
		}
		var wg sync.WaitGroup
		leads := make([]bool, len(stores))
		errs := make([]error, len(stores))
		for n, s := range stores {
			wg.Go(func() {
				me := Node{fmt.Sprint(n), "1"}
				holder, err := s.AttemptLease(t.Context(), me, LeaseMark{})
				leads[n], errs[n] = holder.Node == me, err
			})
		}
		wg.Wait()
		must(t, errors.Join(errs...))
		leaders := 0
		for _, l := range leads {
			if l {
				leaders++
			}
		}
		if leaders != 1 {
			t.Errorf("round %d: %d leaders", round, leaders)
		}
	}
}

// awaitNoHolder waits until the end of a lease has come to the member that a process is with. Before, a holder that renews its
// lease in the same second as it did last changes nothing there, and what changes nothing conflicts with nothing.
func awaitNoHolder(t *testing.T, s *Store) {
	t.Helper()
	for ctx, rows := within(t), 1; rows > 0; {
		must(t, s.reader.QueryRowContext(ctx, "SELECT COUNT(*) FROM active_node").Scan(&rows))
	}
}

func twoNodesRegister(t *testing.T, b *backendServer) {
	o := b.options(newClock())
	stores := []*Store{openServer(t, o), openServer(t, o), openServer(t, o)}
	registerAtOnce(t, "h", stores...)
	changeAtOnce(t, stores...)
}

// changeAtOnce has several processes change the same journal at the same time: none must undo what another one did.
func changeAtOnce(t *testing.T, stores ...*Store) {
	t.Helper()
	const times = 5
	ctx := t.Context()
	must(t, setJournal(ctx, stores[0], JournalEntry{UID: "shared", Open: true}))
	var wg sync.WaitGroup
	errs := make([]error, len(stores)*times)
	for n, s := range stores {
		wg.Go(func() {
			for i := range times {
				errs[n*times+i] = s.ChangeJournal(ctx, "shared", func(there JournalEntry, _ bool) (JournalEntry, error) {
					there.Step++
					return there, nil
				})
			}
		})
	}
	wg.Wait()
	must(t, errors.Join(errs...))
	if e, _, err := stores[0].Journal(ctx, "shared"); err != nil || e.Step != len(stores)*times {
		t.Errorf("%d processes changed a journal %d times each, and %d are left (%v)", len(stores), times, e.Step, err)
	}
}

// registerAtOnce has several processes register the same failures and recoveries, of hosts of that name, at the same time.
func registerAtOnce(t *testing.T, name string, stores ...*Store) {
	t.Helper()
	for round := range 5 {
		host := fmt.Sprint(name, round)
		var wg sync.WaitGroup
		results := make([]Registration, len(stores))
		detected := make([]bool, len(stores))
		errs := make([]error, 2*len(stores))
		for n, s := range stores {
			wg.Go(func() {
				detected[n], errs[n] = s.RegisterDetection(t.Context(), &Detection{Key: key(host), Analysis: "DeadMaster"})
				results[n], errs[len(stores)+n] = s.RegisterRecovery(t.Context(), newRecovery(fmt.Sprint(name, round, n), host, host), nil, false)
			})
		}
		wg.Wait()
		must(t, errors.Join(errs...))
		registered, first := 0, 0
		for n, r := range results {
			if r.Outcome == Registered {
				registered++
			}
			if detected[n] {
				first++
			}
		}
		if registered != 1 || first != 1 {
			t.Errorf("round %d: %d registered (%v), %d detected", round, registered, results, first)
		}
	}
}

func serverGoesAway(t *testing.T, b *backendServer) {
	clock := newClock()
	s := openServer(t, b.options(clock))
	var states []error
	w := quietWriter(t, s, WriterOptions{OnState: func(err error) { states = append(states, err) }})
	must(t, b.node.Kill())
	w.Observe(checked(server(1), clock.t, true))
	err := w.Flush(t.Context())
	if !errors.Is(err, ErrUnreachable) || !Retryable(err) {
		t.Errorf("error %v", err)
	}
	if disabled, err := s.RecoveryDisabled(t.Context()); err == nil || !disabled {
		t.Errorf("the recovery switch without a backend: %v, %v", disabled, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	must(t, b.node.Restart(ctx))
	must(t, b.node.SetReadOnly(ctx, false)) // as some configurations let it begin
	must(t, w.Flush(t.Context()))
	if len(load(t, s)) != 1 || len(states) != 2 || states[1] != nil {
		t.Errorf("states %v", states)
	}
}

// Some backends are older than any server that one would still manage.
func TestMySQL56(t *testing.T) {
	b := startServer(t, sandbox.MySQL56)
	for _, sc := range scenarios {
		t.Run(sc.name, func(t *testing.T) {
			clock := newClock()
			sc.run(t, openServer(t, b.options(clock)), clock)
		})
	}
	t.Run("upgrade", func(t *testing.T) { upgradeServer(t, b) })
	t.Run("two nodes register a recovery", func(t *testing.T) { twoNodesRegister(t, b) })
}
