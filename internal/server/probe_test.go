package server_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"orchestrator/internal/server"
	"orchestrator/internal/topology"
	"orchestrator/internal/wire"
)

func TestProbeReadsEverything(t *testing.T) {
	yes, no := true, false
	f := newFake(t, mysql80()...)
	s := f.open(t, func(o *server.Options) { o.HostnameMethod = "@@hostname" })
	want := &topology.Instance{
		Key: f.key, ServerID: 102, ServerUUID: "2f85987c-e4be-11f1-927e-02fc00000001", Version: "8.0.36",
		VersionComment: "MySQL Community Server - GPL", Flavor: topology.FlavorMySQL, Uptime: time.Hour,
		ReadOnly: true, SuperReadOnly: true, BinlogFormat: "ROW", BinlogRowImage: "MINIMAL", LogBin: true, LogReplicaUpdates: true,
		SelfCoordinates: topology.Coordinates{LogFile: "binlog.000004", LogPos: 197}, BinlogPath: "/var/lib/mysql/binlog.index",
		GTIDMode: "ON", SupportsOracleGTID: true,
		ExecutedSet: "1f85987c-e4be-11f1-927e-02fc00000001:1-5,2f85987c-e4be-11f1-927e-02fc00000001:1", PurgedSet: "1f85987c-e4be-11f1-927e-02fc00000001:1-2",
		Channel: topology.Channel{
			Source: topology.Key{Hostname: "db1", Port: 3306}, SourceHost: "db1", SourceUUID: "1f85987c-e4be-11f1-927e-02fc00000001", User: "repl",
			IOThread: topology.ThreadRunning, SQLThread: topology.ThreadRunning, GTID: topology.OracleGTID,
			RetrievedSet: "1f85987c-e4be-11f1-927e-02fc00000001:3-5",
			Read:         topology.Coordinates{LogFile: "binlog.000007", LogPos: 1500}, Exec: topology.Coordinates{LogFile: "binlog.000007", LogPos: 1400},
			Relay:         topology.Coordinates{LogFile: "relay.000003", LogPos: 700, Type: topology.RelayLog},
			SecondsBehind: topology.KnownSeconds(3), SQLDelay: 10, HasFilters: true, ConnectRetry: time.Minute, RetryCount: 86400, Heartbeat: 30 * time.Second,
			TLS: topology.TLSOptions{Enabled: true, CAFile: "/ca.pem", VerifyServerCert: &no, Version: "TLSv1.2", GetSourcePublicKey: &yes},
		},
		Lag: topology.KnownSeconds(3), HasCredentials: true, CredentialsAvailable: true,
		SemiSync: topology.SemiSync{Available: true, SourceTimeoutMillis: 5000, SourceWaitCount: 2, SourceClients: 1, ReplicaEnabled: true, ReplicaStatus: true},
		Reported: []topology.Key{{Hostname: "db3.example.com", Port: 3307}},
	}
	obs := must1(s.Probe(limited(t)))(t)
	if diff := cmp.Diff(want, obs.Instance); diff != "" {
		t.Errorf("instance (-want +got):\n%s", diff)
	}
	if obs.ResolvedName != "db2" || !obs.Connected || obs.Partial || len(obs.Warnings) > 0 || obs.Latency <= 0 {
		t.Errorf("observation %+v", obs)
	}
	if !slices.Equal(obs.Replicas, want.Reported) || !slices.Equal(obs.ReplicaUsers, []string{"repl"}) {
		t.Errorf("replicas %v, users %v", obs.Replicas, obs.ReplicaUsers)
	}
}

func TestProbeReadsAGroup(t *testing.T) {
	f := newFake(t, mysql84()...)
	s := f.open(t, nil)
	want := topology.Group{
		Name: "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa", SinglePrimary: true, MemberState: "ONLINE", MemberRole: "PRIMARY",
		Members: []topology.Key{{Hostname: "db2", Port: 3306}, {Hostname: "db3", Port: 3306}}, Primary: topology.Key{Hostname: "db2", Port: 3306},
	}
	for range 2 {
		obs := must1(s.Probe(limited(t)))(t)
		if diff := cmp.Diff(want, obs.Instance.Group); diff != "" {
			t.Errorf("group (-want +got):\n%s", diff)
		}
		semi := topology.SemiSync{Available: true, SourceNewNames: true, ReplicaNewNames: true, SourceEnabled: true, SourceStatus: true,
			SourceTimeoutMillis: 10000, SourceWaitCount: 1, SourceClients: 2}
		if !obs.Connected { // the second probe reads the variables by name
			semi.SourceEnabled, semi.SourceTimeoutMillis, semi.SourceWaitCount = true, 9000, 3
		}
		if diff := cmp.Diff(semi, obs.Instance.SemiSync); diff != "" {
			t.Errorf("semi-sync (-want +got):\n%s", diff)
		}
		if obs.Instance.Channel.IOThread != topology.NoThread || obs.Instance.SelfCoordinates.LogFile != "binlog.000009" {
			t.Errorf("instance %+v", obs.Instance)
		}
	}
}

func TestProbeReadsWhoIsOutsideAGroup(t *testing.T) {
	f := newFake(t, mysql84()...)
	f.change(answer{begins: "SELECT MEMBER_ID", result: rows([]string{"MEMBER_ID", "MEMBER_HOST", "MEMBER_PORT", "MEMBER_STATE", "MEMBER_ROLE"},
		[]any{"2f85987c-e4be-11f1-927e-02fc00000001", "db2", 3306, "OFFLINE", ""})})
	want := topology.Group{Outside: "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa"}
	in := must1(f.open(t, nil).Probe(limited(t)))(t).Instance
	if diff := cmp.Diff(want, in.Group); diff != "" || in.Group.IsMember() || !topology.IsPrimary(in) {
		t.Errorf("group (-want +got):\n%s\nmember: %t, primary: %t", diff, in.Group.IsMember(), topology.IsPrimary(in))
	}
}

func TestProbeIsOneRoundTrip(t *testing.T) {
	for name, answers := range map[string][]answer{"8.0": mysql80(), "8.4, group": mysql84()} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, answers...)
			s := f.open(t, func(o *server.Options) { o.Queries.Lag = " SELECT 7 ; " })
			f.change(answer{begins: "SELECT 7", result: row([]string{"7"}, 7)})
			_ = must1(s.Probe(limited(t)))(t)
			f.queries()
			for range 3 {
				obs := must1(s.Probe(limited(t)))(t)
				asked := f.queries()
				if len(asked) != 1 {
					t.Fatalf("%d round trips: %q", len(asked), asked)
				}
				for _, constant := range []string{"Uptime", "hostname", "mysql.slave_master_info", "LIKE"} {
					if strings.Contains(asked[0], constant) {
						t.Errorf("%s is read again: %s", constant, asked[0])
					}
				}
				if in := obs.Instance; in.ServerUUID == "" || !in.LogBin || in.Lag != topology.KnownSeconds(7) || obs.Connected {
					t.Errorf("observation %+v", obs)
				}
			}
		})
	}
}

func TestSettingsAreReadAgain(t *testing.T) {
	now := time.Unix(1000, 0)
	f := newFake(t, mysql80()...)
	s := f.open(t, func(o *server.Options) {
		o.Now = func() time.Time { return now }
		o.RefreshSettings = time.Minute
	})
	first := must1(s.Probe(limited(t)))(t)
	now = now.Add(59 * time.Second)
	f.queries()
	obs := must1(s.Probe(limited(t)))(t)
	if asked := f.queries(); strings.Contains(asked[0], "Uptime") {
		t.Errorf("settings were read too early: %s", asked[0])
	}
	if got, want := obs.Instance.Uptime, first.Instance.Uptime+59*time.Second; got != want {
		t.Errorf("uptime %v, want %v", got, want)
	}
	now = now.Add(time.Second)
	_ = must1(s.Probe(limited(t)))(t)
	if asked := f.queries(); len(asked) != 1 || !strings.Contains(asked[0], "Uptime") {
		t.Errorf("settings were not read again: %q", asked)
	}
}

func TestRefusedPartsAreLearnt(t *testing.T) {
	f := newFake(t, mysql80()...)
	f.change(refuse("SELECT COUNT(*) FROM mysql.slave_master_info", 1142), refuse("SHOW REPLICAS", 1227),
		refuse("SELECT HOST, USER FROM", 1142))
	s := f.open(t, nil)
	obs := must1(s.Probe(limited(t)))(t)
	if obs.Instance.CredentialsAvailable || len(obs.Replicas) > 0 || obs.Instance.Channel.User != "repl" || obs.Instance.Channel.Heartbeat != 30*time.Second {
		t.Errorf("observation %+v", obs)
	}
	if len(obs.Warnings) != 2 {
		t.Errorf("warnings %q, want two: missing credentials are no news", obs.Warnings)
	}
	f.queries()
	obs = must1(s.Probe(limited(t)))(t)
	if asked := f.queries(); len(asked) != 1 || strings.Contains(asked[0], "SHOW REPLICAS") {
		t.Errorf("what was refused is asked again: %q", asked)
	}
	if len(obs.Warnings) != 2 {
		t.Errorf("warnings %q are not repeated", obs.Warnings)
	}
	// A new connection tries again.
	f.change(mysql80()...)
	f.drop()
	eventually(t, "connections dropped", func() bool { return f.connected() == 0 })
	obs = must1(s.Probe(limited(t)))(t)
	if !obs.Instance.CredentialsAvailable || len(obs.Replicas) != 1 || len(obs.Warnings) > 0 {
		t.Errorf("after reconnecting: %+v", obs)
	}
}

func TestProcessListOfTheOtherSchema(t *testing.T) {
	f := newFake(t, mysql80()...)
	f.change(refuse("SELECT HOST, USER FROM performance_schema", 1142),
		answer{begins: "SELECT HOST, USER FROM information_schema", result: row([]string{"HOST", "USER"}, "db5:1", "repl")})
	s := f.open(t, nil)
	for range 2 {
		obs := must1(s.Probe(limited(t)))(t)
		if !slices.Contains(obs.Replicas, topology.Key{Hostname: "db5", Port: f.key.Port}) || len(obs.Warnings) > 0 {
			t.Errorf("observation %+v", obs)
		}
	}
}

func TestMaxScale(t *testing.T) {
	status := answer{begins: "SHOW SLAVE STATUS", result: row([]string{"Master_Host", "Master_Port", "Slave_IO_Running", "Slave_SQL_Running", "Master_Log_File", "Read_Master_Log_Pos"}, "db1", 3306, "Yes", "Yes", "binlog.000001", 4)}
	id := answer{variables: map[string]any{"server_id": 9}}
	replicas := answer{begins: "SHOW SLAVE HOSTS", result: row([]string{"Server_id", "Host", "Port", "Master_id"}, 3, "db3", 3306, 9)}
	position := answer{begins: "SHOW MASTER STATUS", result: row([]string{"File", "Position"}, "binlog.000001", 99)}
	for name, c := range map[string]struct {
		answers []answer
		check   bool
	}{
		"known by its version": {[]answer{version("10.2.12-maxscale", ""), id, status, replicas, position}, false},
		"hidden behind another version": {[]answer{version("5.7.1", ""), {begins: "SHOW VARIABLES LIKE 'maxscale%'",
			result: row([]string{"Variable_name", "Value"}, "MAXSCALE_VERSION", "2.1.0")}, id, status, replicas, position}, true},
		"knows one statement at a time": {[]answer{refuse("SELECT @@global.version", 1064),
			{begins: "SELECT @@version", result: row([]string{"v", "c"}, "10.2.12-maxscale", "")}, id, status, replicas, position}, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, c.answers...)
			s := f.open(t, func(o *server.Options) { o.CheckMaxScale = c.check })
			for range 2 {
				obs := must1(s.Probe(limited(t)))(t)
				in := obs.Instance
				if !in.IsBinlogServer() || in.ServerID != 9 || !in.Replicating() || len(obs.Replicas) != 1 || in.Channel.Source.Hostname != "db1" {
					t.Errorf("observation %+v\n%+v", obs, in)
				}
			}
			asked := f.queries()
			for _, q := range asked[1:] {
				if strings.Contains(q, ";") {
					t.Errorf("several statements at once: %s", q)
				}
			}
			if in := must1(s.Probe(limited(t)))(t).Instance; in.SelfCoordinates.LogPos != 99 {
				t.Errorf("own position %v", in.SelfCoordinates)
			}
		})
	}
}

func TestNDB(t *testing.T) {
	f := newFake(t, mysql80()...)
	f.change(version("8.0.36-ndb-8.0.36-cluster", "MySQL Cluster"), answer{begins: "SELECT service_URI",
		result: rows([]string{"service_URI"}, []any{"mysql://sql2:3307"}, []any{"mysql://sql3"}, []any{nil})})
	obs := must1(f.open(t, nil).Probe(limited(t)))(t)
	for _, want := range []topology.Key{{Hostname: "sql2", Port: 3307}, {Hostname: "sql3", Port: f.key.Port}} {
		if !slices.Contains(obs.Replicas, want) {
			t.Errorf("replicas %v, want %v among them", obs.Replicas, want)
		}
	}
}

func TestTransientFailureOfAPart(t *testing.T) {
	f := newFake(t, mysql80()...)
	s := f.open(t, nil)
	_ = must1(s.Probe(limited(t)))(t)
	f.change(refuse("SHOW REPLICAS", 1205))
	obs := must1(s.Probe(limited(t)))(t)
	if len(obs.Warnings) != 1 || !obs.Instance.Replicating() {
		t.Errorf("observation %+v", obs)
	}
	f.change(mysql80()...)
	obs = must1(s.Probe(limited(t)))(t)
	if len(obs.Warnings) != 0 || len(obs.Replicas) != 1 {
		t.Errorf("after the failure was over: %+v", obs)
	}
}

// MySQL 5.6 leaves the last column out for a replica that is just leaving.
func TestRowThatBreaksOff(t *testing.T) {
	f := newFake(t, mysql80()...)
	s := f.open(t, nil)
	_ = must1(s.Probe(limited(t)))(t)
	broken := rows([]string{"Server_Id", "Host", "Port", "Source_Id", "Replica_UUID"}, []any{104, "db4", 3306, 102}, []any{103, "db3", 3306, 102, "u"})
	broken.Short = true
	f.change(answer{begins: "SHOW REPLICAS", result: broken})
	obs := must1(s.Probe(limited(t)))(t)
	if len(obs.Warnings) != 1 || !strings.Contains(obs.Warnings[0], "Malformed packet") || !obs.Instance.Replicating() || obs.Connected {
		t.Errorf("observation %+v", obs)
	}
	f.change(mysql80()...)
	obs = must1(s.Probe(limited(t)))(t)
	if len(obs.Warnings) != 0 || len(obs.Replicas) != 1 || obs.Connected {
		t.Errorf("after the replica had left: %+v", obs)
	}
}

func TestUnknownVariable(t *testing.T) {
	f := newFake(t, mysql80()...)
	f.change(refuse("SELECT @@global.server_id", 1193),
		answer{begins: "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('server_id'", result: rows([]string{"Variable_name", "Value"},
			[]any{"server_id", "102"}, []any{"read_only", "ON"}, []any{"gtid_mode", "OFF"})})
	s := f.open(t, nil)
	for range 2 {
		obs := must1(s.Probe(limited(t)))(t)
		if in := obs.Instance; in.ServerID != 102 || !in.ReadOnly || in.GTIDMode != "OFF" || in.SupportsOracleGTID || in.ServerUUID == "" {
			t.Errorf("instance %+v", in)
		}
	}
	f.queries()
	_ = must1(s.Probe(limited(t)))(t)
	if asked := f.queries(); len(asked) != 1 {
		t.Errorf("%d round trips: %q", len(asked), asked)
	}
}

func TestProbeFails(t *testing.T) {
	t.Run("replica status refused", func(t *testing.T) {
		f := newFake(t, mysql80()...)
		f.change(refuse("SHOW REPLICA STATUS", 1227))
		obs, err := f.open(t, nil).Probe(limited(t))
		wantKind(t, err, server.Unsupported)
		if obs == nil || !obs.Partial || obs.Instance.ServerID != 102 {
			t.Errorf("observation %+v, want a partial one", obs)
		}
	})
	t.Run("nobody listens", func(t *testing.T) {
		f := newFake(t)
		f.stop()
		_, err := f.open(t, nil).Probe(limited(t))
		wantKind(t, err, server.Refused)
	})
	t.Run("no such host", func(t *testing.T) {
		s := open(t, server.Options{Dial: func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "x", IsNotFound: true}}
		}})
		_, err := s.For(topology.Key{Hostname: "x", Port: 3306}).Probe(limited(t))
		wantKind(t, err, server.NameResolution)
	})
	t.Run("no route in time", func(t *testing.T) {
		s := open(t, server.Options{ConnectTimeout: 10 * time.Millisecond, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}})
		_, err := s.For(topology.Key{Hostname: "x", Port: 3306}).Probe(limited(t))
		wantKind(t, err, server.Timeout)
	})
	t.Run("connected, but no greeting", func(t *testing.T) {
		ln := must1(net.Listen("tcp", "127.0.0.1:0"))(t)
		defer ln.Close()
		s := open(t, server.Options{ConnectTimeout: brief})
		_, err := s.For(topology.Key{Hostname: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port}).Probe(limited(t))
		wantKind(t, err, server.Hung)
	})
	t.Run("hangs at the first query", func(t *testing.T) {
		f := newFake(t, mysql80()...)
		f.setHang(make(chan struct{}))
		ctx, cancel := context.WithTimeout(t.Context(), brief)
		defer cancel()
		_, err := f.open(t, nil).Probe(ctx)
		wantKind(t, err, server.Hung)
	})
	t.Run("hangs later, by the connection's own limit", func(t *testing.T) {
		f := newFake(t, mysql80()...)
		s := f.open(t, func(o *server.Options) { o.ProbeTimeout = brief })
		_ = must1(s.Probe(limited(t)))(t)
		f.setHang(make(chan struct{}))
		_, err := s.Probe(limited(t))
		wantKind(t, err, server.Hung)
		f.setHang(nil)
		if obs := must1(s.Probe(limited(t)))(t); !obs.Connected {
			t.Error("the connection of a hanging query was used again")
		}
	})
	t.Run("too many connections", func(t *testing.T) {
		f := newFakeWith(t, func(f *fake) {
			f.srv.OnConnect = func(context.Context, *wire.Session) error {
				return &wire.Error{Code: wire.CodeTooManyConnections, Message: "viel"}
			}
		}, mysql80()...)
		_, err := f.open(t, nil).Probe(limited(t))
		wantKind(t, err, server.TooManyConnections)
		if server.CodeOf(err) != 1040 {
			t.Errorf("code %d", server.CodeOf(err))
		}
	})
	t.Run("wrong password", func(t *testing.T) {
		f := newFakeWith(t, func(f *fake) {
			f.srv.Password = func(string) (string, bool) { return "other", true }
		}, mysql80()...)
		_, err := f.open(t, nil).Probe(limited(t))
		wantKind(t, err, server.AccessDenied)
	})
	t.Run("report_host wanted but empty", func(t *testing.T) {
		f := newFake(t, mysql80()...)
		f.change(answer{begins: "SELECT @@global.hostname", result: row([]string{"hostname", "report_host"}, "db2", nil)})
		_, err := f.open(t, func(o *server.Options) { o.HostnameMethod = "report_host" }).Probe(limited(t))
		if err == nil {
			t.Error("no error")
		}
	})
	t.Run("after Close", func(t *testing.T) {
		f := newFake(t, mysql80()...)
		servers := server.New(server.Options{})
		s := servers.For(f.key)
		must(t, servers.Close())
		if _, err := s.Probe(limited(t)); !errors.Is(err, server.ErrClosed) {
			t.Errorf("probe: %v", err)
		}
		if err := servers.For(f.key).SetReadOnly(limited(t), true, true); !errors.Is(err, server.ErrClosed) {
			t.Errorf("control: %v", err)
		}
	})
}

func TestProbeSurvivesALostConnection(t *testing.T) {
	f := newFake(t, mysql80()...)
	s := f.open(t, nil)
	for range 3 {
		obs := must1(s.Probe(limited(t)))(t)
		if !obs.Connected {
			t.Error("no new connection")
		}
		f.drop()
		eventually(t, "connections dropped", func() bool { return f.connected() == 0 })
	}
	must(t, s.Ping(limited(t)))
	_ = must1(s.Probe(limited(t)))(t) // on the connection that the ping made
}

func TestGoodByeOfAServer(t *testing.T) {
	f := newFake(t, mysql80()...)
	s := f.open(t, nil)
	_ = must1(s.Probe(limited(t)))(t)
	f.change(refuse("SELECT @@global.server_id", 1053))
	_, err := s.Probe(limited(t))
	wantKind(t, err, server.ConnectionLost)
	f.change(mysql80()...)
	f.change(refuse("SHOW REPLICAS", 1927))
	obs, err := s.Probe(limited(t))
	wantKind(t, err, server.ConnectionLost)
	if obs == nil || !obs.Partial {
		t.Errorf("observation %+v, want a partial one", obs)
	}
	f.change(mysql80()...)
	if obs := must1(s.Probe(limited(t)))(t); !obs.Connected {
		t.Error("a connection was used again after the server said good-bye")
	}
}

func TestRestIsNoSilence(t *testing.T) {
	f := newFake(t, mysql80()...)
	s := f.open(t, func(o *server.Options) { o.ProbeTimeout = 500 * time.Millisecond })
	_ = must1(s.Probe(limited(t)))(t)
	time.Sleep(600 * time.Millisecond) // longer than a query may be silent
	if obs := must1(s.Probe(limited(t)))(t); obs.Connected {
		t.Error("a connection was dropped because it had rested")
	}
}

func TestClassificationQueries(t *testing.T) {
	now := time.Unix(1000, 0)
	f := newFake(t, mysql80()...)
	cell := func(sql string, v any) answer { return answer{begins: sql, result: row([]string{"x"}, v)} }
	f.change(cell("alias?", "a1"), cell("cluster?", "c1"), cell("domain?", "d.example.com"), cell("dc?", "dc1"), cell("region?", "r1"),
		cell("env?", "prod"), cell("rule?", "prefer"), cell("semi?", 3), cell("pseudo?", 1), cell("lag?", 42))
	s := f.open(t, func(o *server.Options) {
		o.Now = func() time.Time { return now }
		o.RefreshQueries = time.Minute
		o.Queries = server.Queries{Lag: "lag?", InstanceAlias: "alias?", ClusterAlias: "cluster?", ClusterDomain: "domain?", PromotionRule: "rule?",
			DataCenter: "dc?", Region: "region?", Environment: "env?", SemiSyncPriority: "semi?", PseudoGTIDPresent: "pseudo?"}
	})
	check := func(t *testing.T, obs *server.Observation) {
		t.Helper()
		in := obs.Instance
		if in.Alias != "a1" || obs.ClusterAlias != "c1" || obs.ClusterDomain != "d.example.com" || in.DataCenter != "dc1" || in.Region != "r1" ||
			in.PhysicalEnvironment != "prod" || obs.PromotionRule == nil || *obs.PromotionRule != topology.PreferPromote || in.SemiSyncPriority != 3 || !in.UsingPseudoGTID {
			t.Errorf("observation %+v\ninstance %+v", obs, in)
		}
	}
	obs := must1(s.Probe(limited(t)))(t)
	check(t, obs)
	if obs.Instance.Lag != topology.KnownSeconds(42) || len(obs.Warnings) > 0 {
		t.Errorf("lag %v, warnings %q", obs.Instance.Lag, obs.Warnings)
	}
	f.queries()
	check(t, must1(s.Probe(limited(t)))(t))
	if asked := f.queries(); len(asked) != 1 {
		t.Errorf("the queries were asked again: %q", asked)
	}
	// Failing answers change nothing and are told.
	now = now.Add(time.Hour)
	f.change(refuse("dc?", 1146), cell("rule?", "must"), cell("semi?", "many"), cell("alias?", nil), refuse("lag?", 1146))
	obs = must1(s.Probe(limited(t)))(t)
	check(t, obs)
	if len(obs.Warnings) != 4 {
		t.Errorf("warnings %q, want 4", obs.Warnings)
	}
	if obs.Instance.Lag != topology.KnownSeconds(3) {
		t.Errorf("lag %v, want the server's own", obs.Instance.Lag)
	}
	// They survive a new connection.
	f.drop()
	eventually(t, "connections dropped", func() bool { return f.connected() == 0 })
	check(t, must1(s.Probe(limited(t)))(t))
}

func TestReplicasAreFound(t *testing.T) {
	own := func(f *fake) topology.Key { return f.key }
	host := func(h string, port int) topology.Key { return topology.Key{Hostname: h, Port: port} }
	registered := func(rs ...[]any) answer {
		return answer{begins: "SHOW REPLICAS", result: rows([]string{"Server_Id", "Host", "Port"}, rs...)}
	}
	dumps := func(hosts ...string) answer {
		var rs [][]any
		for _, h := range hosts {
			rs = append(rs, []any{h, "repl"})
		}
		return answer{begins: "SELECT HOST, USER FROM performance_schema.processlist", result: rows([]string{"HOST", "USER"}, rs...)}
	}
	for _, c := range []struct {
		name       string
		byReplicas bool
		answers    []answer
		want       func(f *fake) []topology.Key
	}{
		{"connections alone: this server's port is assumed", false, []answer{registered(), dumps("db3:1", "[fe80::1]:2", "db3:4")},
			func(f *fake) []topology.Key {
				return []topology.Key{host("db3", f.key.Port), host("fe80::1", f.key.Port)}
			}},
		{"registered port is better", false, []answer{registered([]any{3, "db3", 3307}, []any{4, "", 3306}), dumps("db3:1", "db4:2")},
			func(f *fake) []topology.Key { return []topology.Key{host("db3", 3307), host("db4", f.key.Port)} }},
		{"several on one address", false, []answer{registered([]any{3, "a", 1}, []any{4, "b", 2}), dumps("10.0.0.1:1", "10.0.0.1:2")},
			func(*fake) []topology.Key { return []topology.Key{host("a", 1), host("b", 2)} }},
		{"on the same address as this server", false, []answer{registered([]any{3, "a", 1}), dumps("127.0.0.1:1")},
			func(*fake) []topology.Key { return []topology.Key{host("a", 1)} }},
		{"only registered", true, []answer{registered([]any{3, "a", 1}), dumps("db3:1")},
			func(*fake) []topology.Key { return []topology.Key{host("a", 1)} }},
		{"this server itself is none", false, []answer{registered(), dumps("127.0.0.1:1")}, func(*fake) []topology.Key { return nil }},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t, mysql80()...)
			f.change(c.answers...)
			s := f.open(t, func(o *server.Options) { o.DiscoverByShowReplicas = c.byReplicas })
			obs := must1(s.Probe(limited(t)))(t)
			if want := c.want(f); !slices.Equal(obs.Replicas, want) || slices.Contains(obs.Replicas, own(f)) {
				t.Errorf("replicas %v, want %v", obs.Replicas, want)
			}
		})
	}
	t.Run("connections when nobody is registered", func(t *testing.T) {
		f := newFake(t, mysql80()...)
		f.change(registered(), dumps("db3:1"))
		s := f.open(t, func(o *server.Options) { o.DiscoverByShowReplicas = true })
		_ = must1(s.Probe(limited(t)))(t)
		obs := must1(s.Probe(limited(t)))(t)
		if want := []topology.Key{host("db3", f.key.Port)}; !slices.Equal(obs.Replicas, want) {
			t.Errorf("replicas %v, want %v", obs.Replicas, want)
		}
	})
}
