package fleet_test

import (
	"context"
	"database/sql"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/google/go-cmp/cmp"

	"orchestrator/bench/fleet"
	"orchestrator/internal/gtid"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

const user, password = "orchestrator", "secret"

func start(t testing.TB, o fleet.Options) *fleet.Fleet {
	t.Helper()
	o.User, o.Password = user, password
	f, err := fleet.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	if err := f.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return f
}

// manager gives what a manager would talk to the fleet with.
func manager(t testing.TB, change func(*server.Options)) *server.Servers {
	t.Helper()
	o := server.Options{User: user, Password: password, ProbeTimeout: 5 * time.Second}
	if change != nil {
		change(&o)
	}
	s := server.New(o)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func probe(t testing.TB, s *server.Servers, k topology.Key) *server.Observation {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	obs, err := s.For(k).Probe(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(obs.Warnings) > 0 {
		t.Errorf("%s: warnings %q", k, obs.Warnings)
	}
	return obs
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// noneUnknown checks that the fleet has understood everything.
func noneUnknown(t testing.TB, f *fleet.Fleet) {
	t.Helper()
	if s := f.Stats(); len(s.Unknown) > 0 {
		t.Errorf("not understood: %q", s.Unknown)
	}
}

func TestDriver(t *testing.T) {
	f := start(t, fleet.Options{Servers: 2})
	cfg := mysql.NewConfig()
	cfg.User, cfg.Passwd, cfg.Net, cfg.Addr = user, password, "tcp", f.Key(1).String()
	connector, err := mysql.NewConnector(cfg)
	must(t, err)
	db := sql.OpenDB(connector)
	defer func() { must(t, db.Close()) }()

	var version string
	var id, readOnly int
	must(t, db.QueryRowContext(t.Context(), "select @@version, @@server_id, @@global.read_only as ro").Scan(&version, &id, &readOnly))
	if version != "8.0.36" || id != 2 || readOnly != 1 {
		t.Errorf("%s, %d, %d", version, id, readOnly)
	}
	var e *mysql.MySQLError
	if _, err := db.ExecContext(t.Context(), "SELECT @@nothing"); !errors.As(err, &e) || e.Number != 1193 {
		t.Errorf("unknown variable: %v", err)
	}
	if _, err := db.ExecContext(t.Context(), "DROP TABLE x"); !errors.As(err, &e) || e.Number != 1064 {
		t.Errorf("unknown statement: %v", err)
	}
	if diff := cmp.Diff([]string{"DROP TABLE x"}, f.Stats().Unknown); diff != "" {
		t.Error(diff)
	}
	cfg.Passwd = "wrong"
	connector, err = mysql.NewConnector(cfg)
	must(t, err)
	stranger := sql.OpenDB(connector)
	defer func() { must(t, stranger.Close()) }()
	if err := stranger.PingContext(t.Context()); !errors.As(err, &e) || e.Number != 1045 {
		t.Errorf("wrong password: %v", err)
	}
}

func TestProbe(t *testing.T) {
	tests := []struct {
		name    string
		options fleet.Options
		flavor  topology.Flavor
		gtid    topology.GTIDUse
		methods []bool // DiscoverByShowReplicas
	}{
		{"MySQL", fleet.Options{Servers: 6, ReplicasPerPrimary: 2, SemiSync: true}, topology.FlavorMySQL, topology.OracleGTID, nil},
		{"MariaDB", fleet.Options{Servers: 6, ReplicasPerPrimary: 2, SemiSync: true, MariaDBShare: 1}, topology.FlavorMariaDB,
			topology.MariaDBGTID, nil},
	}
	for _, tc := range tests {
		for _, show := range []bool{false, true} {
			t.Run(tc.name+map[bool]string{false: " by connections", true: " by registration"}[show], func(t *testing.T) {
				o := tc.options
				o.TransactionInterval = time.Nanosecond // so that something has been committed
				f := start(t, o)
				m := manager(t, func(o *server.Options) { o.DiscoverByShowReplicas = show })
				obs := probe(t, m, f.Key(0))
				primary := obs.Instance
				if primary.Flavor != tc.flavor || primary.ReadOnly || primary.IsReplica() || !primary.LogsUpdates() ||
					primary.ExecutedSet == "" || primary.SelfCoordinates.IsEmpty() || primary.Uptime <= 0 {
					t.Errorf("primary %+v", primary)
				}
				if s := primary.SemiSync; !s.Available || !s.SourceEnabled || !s.SourceStatus || s.SourceClients != 2 {
					t.Errorf("semi-sync of the primary %+v", s)
				}
				if diff := cmp.Diff([]topology.Key{f.Key(1), f.Key(2)}, obs.Replicas); diff != "" {
					t.Error(diff)
				}
				replica := probe(t, m, f.Key(4)).Instance
				if c := replica.Channel; !c.Replicating() || c.Source != f.Key(3) || c.GTID != tc.gtid || c.RetrievedSet == "" ||
					c.LastIOErrno != 0 || !c.SecondsBehind.Known || !c.ReceivedAll() || !replica.HasCredentials {
					t.Errorf("channel %+v", c)
				}
				if s := replica.SemiSync; !replica.ReadOnly || !s.ReplicaEnabled || !s.ReplicaStatus {
					t.Errorf("semi-sync of the replica %+v", s)
				}
				// The short probe, without the settings that never change.
				again := probe(t, m, f.Key(4)).Instance
				if again.ServerUUID != replica.ServerUUID || !again.Channel.Replicating() {
					t.Errorf("second probe %+v", again)
				}
				noneUnknown(t, f)
			})
		}
	}
}

func TestChain(t *testing.T) {
	f := start(t, fleet.Options{Servers: 8, ReplicasPerPrimary: 3, ChainShare: 0.5})
	m := manager(t, nil)
	want := map[int]int{1: 0, 2: 0, 3: 0, 5: 4, 6: 4, 7: 5}
	for replica, source := range want {
		if got := probe(t, m, f.Key(replica)).Instance.SourceKey(); got != f.Key(source) {
			t.Errorf("server %d replicates from %s, want server %d", replica, got, source)
		}
	}
	if got := probe(t, m, f.Key(5)).Replicas; !slices.Equal(got, []topology.Key{f.Key(7)}) {
		t.Errorf("intermediate source has %v", got)
	}
}

func TestTransactionsArrive(t *testing.T) {
	f := start(t, fleet.Options{Servers: 3, ReplicasPerPrimary: 2, ChainShare: 1, TransactionInterval: time.Millisecond})
	m := manager(t, nil)
	first := executed(t, m, f.Key(2))
	await(t, "the chain's end executes more", func() bool {
		now := executed(t, m, f.Key(2))
		return now.Contains(first) && now.Count() > first.Count()
	})
	// Asked later, the primary has at least what its replicas had.
	last := executed(t, m, f.Key(2))
	if primary := executed(t, m, f.Key(0)); !primary.Contains(last) {
		t.Errorf("primary %s, replica %s", primary, last)
	}
}

func executed(t testing.TB, m *server.Servers, k topology.Key) gtid.Set {
	t.Helper()
	set, err := gtid.Parse(probe(t, m, k).Instance.ExecutedSet)
	must(t, err)
	return set
}

func await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within the time of the test", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestKillAndRevive(t *testing.T) {
	f := start(t, fleet.Options{Servers: 3, ReplicasPerPrimary: 2, TransactionInterval: time.Millisecond})
	lost := make(chan topology.Key, 1)
	m := manager(t, func(o *server.Options) { o.OnLost = func(k topology.Key, _ error) { lost <- k } })
	m.For(f.Key(0)).Watch(true)
	probe(t, m, f.Key(0))
	probe(t, m, f.Key(1))

	must(t, f.Kill(0))
	must(t, f.Kill(0)) // no effect
	if k := <-lost; k != f.Key(0) {
		t.Errorf("lost %s", k)
	}
	if _, err := m.For(f.Key(0)).Probe(t.Context()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("probe of a dead server: %v", err)
	}
	c := probe(t, m, f.Key(1)).Instance.Channel
	if c.IOThread != topology.ThreadOther || c.LastIOErrno != 2003 || c.LastIOError == "" || !c.SQLThread.Running() || c.SecondsBehind.Known {
		t.Errorf("channel to a dead source: %+v", c)
	}
	before := executed(t, m, f.Key(1))
	if f.Alive(0) || f.Stats().Alive != 2 || f.Stats().SinceLastProbe.Count() != 2 {
		t.Errorf("%+v", f.State(0))
	}

	must(t, f.Revive(0))
	if got := probe(t, m, f.Key(0)).Instance; got.ReadOnly || len(got.Reported) != 2 {
		t.Errorf("revived: %+v", got)
	}
	await(t, "transactions after the revival", func() bool { return executed(t, m, f.Key(1)).Count() > before.Count() })
	if c := probe(t, m, f.Key(1)).Instance.Channel; !c.Replicating() || c.LastIOErrno != 0 {
		t.Errorf("channel to a revived source: %+v", c)
	}
	noneUnknown(t, f)
}

func TestFreeze(t *testing.T) {
	f := start(t, fleet.Options{Servers: 2, NetTimeout: time.Hour})
	m := manager(t, nil)
	probe(t, m, f.Key(0))
	must(t, f.Freeze(0))

	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := m.For(f.Key(0)).Ping(short); server.KindOf(err) != server.Hung {
		t.Errorf("ping of a frozen server: %v", err)
	}
	short, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	// The kernel accepts, the greeting does not come.
	if err := m.For(f.Key(0)).Fresh(short); server.KindOf(err) != server.Hung {
		t.Errorf("new connection to a frozen server: %v", err)
	}
	replica := m.For(f.Key(1))
	if c := probe(t, m, f.Key(1)).Instance.Channel; !c.Replicating() {
		t.Errorf("the net timeout is not over: %+v", c)
	}
	// Asked to connect anew, the replica finds out.
	must(t, replica.StopReplica(t.Context(), server.IOThread, ""))
	must(t, replica.StartReplica(t.Context(), server.IOThread, ""))
	if c := probe(t, m, f.Key(1)).Instance.Channel; c.IOThread != topology.ThreadOther || c.LastIOErrno != 0 {
		t.Errorf("channel to a frozen source: %+v", c)
	}

	waiting := make(chan error, 1)
	go func() {
		_, err := m.For(f.Key(0)).Probe(t.Context())
		waiting <- err
	}()
	await(t, "the probe waits", func() bool { return f.Stats().Probes >= 4 || f.State(0).Connections > 0 })
	must(t, f.Revive(0))
	if err := <-waiting; err != nil {
		t.Errorf("probe over the thaw: %v", err)
	}
	if c := probe(t, m, f.Key(1)).Instance.Channel; !c.Replicating() {
		t.Errorf("channel to a thawed source: %+v", c)
	}
}

func TestNetTimeout(t *testing.T) {
	f := start(t, fleet.Options{Servers: 2, NetTimeout: 50 * time.Millisecond})
	m := manager(t, nil)
	must(t, f.Freeze(0))
	await(t, "the replica gives its source up", func() bool {
		return probe(t, m, f.Key(1)).Instance.Channel.IOThread == topology.ThreadOther
	})
	must(t, f.Kill(0)) // a frozen server can be killed
	if c := probe(t, m, f.Key(1)).Instance.Channel; c.LastIOErrno != 2003 {
		t.Errorf("channel %+v", c)
	}
}

// A failover by hand: everything that a manager sends for it is understood and has its effect.
func TestFailover(t *testing.T) {
	tests := []struct {
		name string
		mode server.PositionMode
		f    fleet.Options
	}{
		{"MySQL", server.GTIDAuto, fleet.Options{Servers: 3, ReplicasPerPrimary: 2}},
		{"MariaDB", server.MariaDBSlavePos, fleet.Options{Servers: 3, ReplicasPerPrimary: 2, MariaDBShare: 1}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			tc.f.TransactionInterval = time.Millisecond
			f := start(t, tc.f)
			m := manager(t, nil)
			await(t, "some transactions", func() bool { return probe(t, m, f.Key(1)).Instance.ExecutedSet != "" })
			must(t, f.Kill(0))
			ctx := t.Context()
			before := probe(t, m, f.Key(2)).Instance.ExecutedSet

			promoted, other := m.For(f.Key(1)), m.For(f.Key(2))
			must(t, promoted.StopReplica(ctx, server.AllThreads, ""))
			must(t, promoted.ResetReplicaAll(ctx, ""))
			must(t, promoted.SetReadOnly(ctx, false, false))
			must(t, promoted.SetSemiSync(ctx, server.SemiSyncSource, true))
			must(t, other.StopReplica(ctx, server.AllThreads, ""))
			must(t, other.ChangeSource(ctx, server.SourceChange{Source: f.Key(1), Mode: tc.mode}))
			must(t, other.StartReplica(ctx, server.AllThreads, ""))

			if in := probe(t, m, f.Key(1)).Instance; in.ReadOnly || in.IsReplica() || !in.SemiSync.SourceEnabled {
				t.Errorf("promoted: %+v", in)
			}
			await(t, "transactions of the new primary on the other replica", func() bool {
				in := probe(t, m, f.Key(2)).Instance
				return in.SourceKey() == f.Key(1) && in.Channel.Replicating() && in.ExecutedSet != before
			})
			if tc.mode == server.GTIDAuto {
				old, err := gtid.Parse(before)
				must(t, err)
				if now := executed(t, m, f.Key(2)); !now.Contains(old) || len(now.UUIDs()) != 2 {
					t.Errorf("before %s, now %s", old, now)
				}
			}
			must(t, f.Revive(0))
			if in := probe(t, m, f.Key(0)).Instance; in.ReadOnly || len(in.Reported) != 0 {
				t.Errorf("returned: %+v", in)
			}
			noneUnknown(t, f)
		})
	}
}

func TestControl(t *testing.T) {
	for _, share := range []float64{0, 1} {
		f := start(t, fleet.Options{Servers: 2, MariaDBShare: share})
		m := manager(t, nil)
		ctx := t.Context()
		s := m.For(f.Key(1))
		mode := server.GTIDAuto
		if share == 1 {
			mode = server.MariaDBSlavePos
		}
		if code := server.CodeOf(s.ChangeSource(ctx, server.SourceChange{Source: f.Key(0), Mode: mode})); code != 3021 {
			t.Errorf("change while running: %d", code)
		}
		if code := server.CodeOf(m.For(f.Key(0)).StartReplica(ctx, server.AllThreads, "")); code != 1200 {
			t.Errorf("start on a primary: %d", code)
		}
		must(t, s.SetReadOnly(ctx, true, true))
		state, err := s.ReadOnly(ctx)
		must(t, err)
		if want := (server.ReadOnlyState{ReadOnly: true, SuperReadOnly: share == 0}); state != want {
			t.Errorf("read only: %+v", state)
		}
		gtids, err := s.GTIDs(ctx)
		must(t, err)
		if share == 0 && gtids.Mode != "ON" {
			t.Errorf("GTIDs: %+v", gtids)
		}
		_, err = s.Processlist(ctx)
		must(t, err)
		_, err = s.BinaryLogs(ctx)
		must(t, err)
		must(t, s.FlushBinaryLogs(ctx))
		must(t, s.WaitExecuted(ctx, gtids.Executed, time.Second))
		if share == 0 {
			c, err := s.Credentials(ctx)
			must(t, err)
			if c.User == "" || c.Password == "" {
				t.Errorf("credentials %+v", c)
			}
		}
		// Detached: the source is a name that does not exist.
		must(t, s.StopReplica(ctx, server.AllThreads, ""))
		must(t, s.ChangeSource(ctx, server.SourceChange{Source: f.Key(0).Detached(), Mode: server.KeepAsIs}))
		must(t, s.StartReplica(ctx, server.AllThreads, ""))
		if c := probe(t, m, f.Key(1)).Instance.Channel; c.Source != f.Key(0).Detached() || c.LastIOErrno != 2005 {
			t.Errorf("detached: %+v", c)
		}
		noneUnknown(t, f)
	}
}

// Faults come and go while a manager looks; in the end all is as it was.
func TestFaultsUnderLoad(t *testing.T) {
	f := start(t, fleet.Options{Servers: 6, ReplicasPerPrimary: 2, ChainShare: 1, TransactionInterval: time.Millisecond})
	m := manager(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	var looking sync.WaitGroup
	for i := range f.Len() {
		looking.Go(func() {
			for ctx.Err() == nil {
				short, done := context.WithTimeout(ctx, 20*time.Millisecond)
				_, _ = m.For(f.Key(i)).Probe(short) // fails while the server is sick
				done()
				f.Stats()
			}
		})
	}
	for round := range 30 {
		i := round % f.Len()
		if round%2 == 0 {
			must(t, f.Kill(i))
		} else {
			must(t, f.Freeze(i))
		}
		must(t, f.Revive(i))
	}
	cancel()
	looking.Wait()
	for i := range f.Len() {
		in := probe(t, m, f.Key(i)).Instance
		if in.HasSource() && !in.Channel.Replicating() {
			t.Errorf("server %d: %+v", i, in.Channel)
		}
		if !executed(t, m, f.Key(i/3*3)).Contains(must1(gtid.Parse(in.ExecutedSet))(t)) {
			t.Errorf("server %d has more than its primary", i)
		}
	}
	noneUnknown(t, f)
}

func must1[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		must(t, err)
		return v
	}
}

func TestStats(t *testing.T) {
	f := start(t, fleet.Options{Servers: 2})
	m := manager(t, nil)
	if s := f.Stats(); s.Asked != 0 || s.Alive != 2 || s.SinceLastProbe.Within(time.Minute-time.Second) != 0 {
		t.Errorf("before: asked %d, alive %d", s.Asked, s.Alive)
	}
	probe(t, m, f.Key(0))
	first := f.LastProbed(0)
	probe(t, m, f.Key(0))
	s := f.Stats()
	if s.Asked != 1 || s.Probes != 2 || s.Queries <= s.Probes || s.Connections != 1 || s.MostPerServer != 1 || s.PerServer != 0.5 {
		t.Errorf("after two probes: %d asked, %d probes, %d queries, %d and %d connections", s.Asked, s.Probes, s.Queries,
			s.Connections, s.MostPerServer)
	}
	if got := s.Intervals.Count(); got != 1 || !f.LastProbed(0).After(first) || !f.LastProbed(1).IsZero() {
		t.Errorf("%d intervals", got)
	}
	if s.SinceLastProbe.Within(30*time.Second) != 0.5 {
		t.Errorf("asked lately: %v", s.SinceLastProbe.Within(30*time.Second))
	}
	f.ResetStats()
	if s := f.Stats(); s.Probes != 0 || s.Intervals.Count() != 0 || s.Asked != 1 {
		t.Errorf("after reset: %d probes", s.Probes)
	}
}

func TestLatency(t *testing.T) {
	const latency = 30 * time.Millisecond
	f := start(t, fleet.Options{Servers: 1, Latency: latency})
	m := manager(t, nil)
	probe(t, m, f.Key(0))
	if obs := probe(t, m, f.Key(0)); obs.Latency < latency {
		t.Errorf("answered after %v", obs.Latency)
	}
}

func TestLayout(t *testing.T) {
	tests := []struct {
		name    string
		options fleet.Options
		valid   bool
	}{
		{"default", fleet.Options{}, true},
		{"no replicas", fleet.Options{Servers: 3, ReplicasPerPrimary: -1}, true},
		{"a cluster cut short", fleet.Options{Servers: 7}, true},
		{"not loopback", fleet.Options{Base: netip.MustParseAddr("10.0.0.1")}, false},
		{"IPv6", fleet.Options{Base: netip.MustParseAddr("::1")}, false},
		{"no room", fleet.Options{Servers: 10, Base: netip.MustParseAddr("127.255.255.250")}, false},
		{"too many", fleet.Options{Servers: 1_000_000}, false},
		{"share", fleet.Options{ChainShare: 1.5}, false},
		{"port", fleet.Options{Port: 70000}, false},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			f, err := fleet.New(tc.options)
			if (err == nil) != tc.valid {
				t.Fatalf("error %v", err)
			}
			if err != nil {
				return
			}
			if err := f.Kill(0); err == nil {
				t.Error("a fleet that was not started has no servers to kill")
			}
			f.Close()
		})
	}
	f := start(t, fleet.Options{Servers: 300, ReplicasPerPrimary: 4})
	if got := f.Key(254).Hostname; got != "127.10.1.1" {
		t.Errorf("server 255 has address %s", got)
	}
	if got := len(f.Seeds()); got != 60 || f.Primaries()[1] != 5 {
		t.Errorf("%d seeds, primaries %v", got, f.Primaries())
	}
	if i, ok := f.Index(f.Key(77)); !ok || i != 77 {
		t.Errorf("index %d, %v", i, ok)
	}
	if err := f.Start(t.Context()); err == nil {
		t.Error("started twice")
	}
	f.Close()
	if err := f.Kill(0); err == nil {
		t.Error("a closed fleet has no servers to kill")
	}
}
