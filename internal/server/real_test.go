package server_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// Tests in this file run against real servers.

func eachFamily(t *testing.T, test func(t *testing.T, flavor sandbox.Flavor)) {
	for _, flavor := range sandbox.Flavors() {
		t.Run(flavor.String(), func(t *testing.T) { test(t, flavor) })
	}
}

func keyOf(n *sandbox.Node) topology.Key { return topology.Key{Hostname: n.Host, Port: n.Port} }

func options() server.Options {
	return server.Options{
		User: sandbox.UserOrc, Password: sandbox.Password(sandbox.UserOrc), TLSMode: server.TLSMixed,
		HostnameMethod: "report_host",
	}
}

func open(t testing.TB, o server.Options) *server.Servers {
	t.Helper()
	servers := server.New(o)
	t.Cleanup(func() {
		if err := servers.Close(); err != nil {
			t.Error(err)
		}
	})
	return servers
}

// limited is a context for one test step.
func limited(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func must1[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// eventually waits for a condition on a server.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	ctx := limited(t)
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not within the time of this step", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func wantKind(t testing.TB, err error, kind server.Kind) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one of kind %q", kind)
	}
	if got := server.KindOf(err); got != kind {
		t.Fatalf("kind %q (code %d) of %v, want %q", got, server.CodeOf(err), err, kind)
	}
}

func TestRealProbe(t *testing.T) {
	eachFamily(t, func(t *testing.T, flavor sandbox.Flavor) {
		cluster := sandboxtest.New(t, sandbox.Options{Flavor: flavor, Nodes: 3, GTID: true, SemiSync: flavor != sandbox.MySQL56})
		servers := open(t, options())
		primary, replica := cluster.Node(0), cluster.Node(1)
		must(t, primary.ExecAs(limited(t), sandbox.UserApp, "CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)"))
		must(t, cluster.AwaitCaughtUp(limited(t)))

		for round := range 2 { // the first reads the settings, the second only what changes
			t.Run(fmt.Sprintf("primary, probe %d", round+1), func(t *testing.T) {
				obs := must1(servers.For(keyOf(primary)).Probe(limited(t)))(t)
				in := obs.Instance
				if in.ReadOnly || !in.LogBin || !in.LogReplicaUpdates || in.BinlogFormat != "ROW" || in.ServerID == 0 ||
					in.SelfCoordinates.IsEmpty() || in.ExecutedSet == "" || in.Channel.IOThread != topology.NoThread || in.HasSource() {
					t.Errorf("instance %+v", in)
				}
				if len(obs.Warnings) > 0 || obs.Partial || obs.Connected != (round == 0) || obs.ResolvedName != "127.0.0.1" {
					t.Errorf("observation %+v", obs)
				}
				want := []topology.Key{keyOf(cluster.Node(1)), keyOf(cluster.Node(2))}
				if got := topology.SortKeys(obs.Replicas); !slices.Equal(got, topology.SortKeys(want)) {
					t.Errorf("replicas %v, want %v", got, want)
				}
				if flavor == sandbox.MySQL56 {
					return
				}
				s := in.SemiSync
				if !s.Available || !s.SourceEnabled || !s.SourceStatus || s.SourceClients == 0 || s.SourceNewNames != (flavor == sandbox.MySQL) {
					t.Errorf("semi-sync %+v", s)
				}
			})
			t.Run(fmt.Sprintf("replica, probe %d", round+1), func(t *testing.T) {
				obs := must1(servers.For(keyOf(replica)).Probe(limited(t)))(t)
				in := obs.Instance
				if !in.ReadOnly || in.SuperReadOnly != (flavor == sandbox.MySQL) || !in.Replicating() || in.SourceKey() != keyOf(primary) ||
					!in.UsesGTID() || in.Channel.User != sandbox.UserRepl || !in.Lag.Known || !in.HasCredentials ||
					in.CredentialsAvailable != (flavor != sandbox.MariaDB) || !in.IsReplica() || in.Channel.Exec.IsEmpty() {
					t.Errorf("instance %+v", in)
				}
				if flavor != sandbox.MariaDB && in.Channel.SourceUUID == "" {
					t.Errorf("no UUID of the source")
				}
				if flavor != sandbox.MySQL56 && !in.SemiSync.ReplicaStatus {
					t.Errorf("semi-sync %+v", in.SemiSync)
				}
				if len(obs.Warnings) > 0 {
					t.Errorf("warnings %q", obs.Warnings)
				}
			})
		}
	})
}

// TestRealControl takes a star apart and together again with every verb.
func TestRealControl(t *testing.T) {
	eachFamily(t, func(t *testing.T, flavor sandbox.Flavor) {
		cluster := sandboxtest.New(t, sandbox.Options{Flavor: flavor, Nodes: 3, GTID: true})
		servers := open(t, options())
		primary, a, b := servers.For(keyOf(cluster.Node(0))), servers.For(keyOf(cluster.Node(1))), servers.For(keyOf(cluster.Node(2)))
		write := func(t *testing.T, n *sandbox.Node, sql ...string) {
			t.Helper()
			must(t, n.ExecAs(limited(t), sandbox.UserApp, sql...))
		}
		write(t, cluster.Node(0), "CREATE TABLE t (id INT PRIMARY KEY)")
		must(t, cluster.AwaitCaughtUp(limited(t)))
		channel := func(t *testing.T, s *server.Server) topology.Channel {
			t.Helper()
			channels := must1(s.Status(limited(t)))(t)
			if len(channels) != 1 {
				t.Fatalf("%d channels, want 1", len(channels))
			}
			return channels[0]
		}
		auto := server.GTIDAuto
		if flavor == sandbox.MariaDB {
			auto = server.MariaDBSlavePos
		}

		t.Run("stop and start threads", func(t *testing.T) {
			ctx := limited(t)
			must(t, a.StopReplica(ctx, server.IOThread, ""))
			if c := channel(t, a); c.IOThread != topology.ThreadStopped || c.SQLThread != topology.ThreadRunning {
				t.Errorf("after stopping the IO thread: %+v", c)
			}
			must(t, a.StopReplica(ctx, server.AllThreads, ""))
			must(t, a.StopReplica(ctx, server.AllThreads, "")) // twice is fine
			must(t, a.StartReplica(ctx, server.SQLThread, ""))
			must(t, a.StartReplica(ctx, server.AllThreads, ""))
			must(t, a.StartReplica(ctx, server.AllThreads, ""))
			eventually(t, "replicating", func() bool { c := channel(t, a); return c.Replicating() })
		})

		t.Run("wait for what was executed", func(t *testing.T) {
			write(t, cluster.Node(0), "INSERT INTO t VALUES (1)")
			g := must1(primary.GTIDs(limited(t)))(t)
			set := g.Executed
			if flavor == sandbox.MariaDB {
				set = g.CurrentPos
			}
			if set == "" || strings.ContainsAny(set, "\n ") {
				t.Fatalf("GTID state %+v", g)
			}
			must(t, a.WaitExecuted(limited(t), set, 10*time.Second))
			pos := must1(primary.SelfCoordinates(limited(t)))(t)
			must(t, a.WaitPosition(limited(t), pos, "", 10*time.Second))

			pos.LogPos += 100000
			err := a.WaitPosition(limited(t), pos, "", time.Second)
			if !errors.Is(err, server.ErrNotReached) {
				t.Errorf("wait for a position to come: %v", err)
			}
			future := "00000000-0000-0000-0000-000000000001:1"
			if flavor == sandbox.MariaDB {
				future = "0-1-1000000"
			}
			if err := a.WaitExecuted(limited(t), future, time.Second); !errors.Is(err, server.ErrNotReached) {
				t.Errorf("wait for a GTID to come: %v", err)
			}
			if err := a.WaitExecuted(limited(t), future, 50*time.Millisecond); !errors.Is(err, server.ErrNotReached) {
				t.Errorf("wait for less than a second: %v", err)
			}
			must(t, a.StopReplica(limited(t), server.AllThreads, ""))
			if err := a.WaitPosition(limited(t), pos, "", time.Second); !errors.Is(err, server.ErrApplierStopped) {
				t.Errorf("wait without an applier: %v", err)
			}
			must(t, a.StartReplica(limited(t), server.AllThreads, ""))
		})

		t.Run("a context ends a wait", func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			future := "00000000-0000-0000-0000-000000000001:2" // another one than above: servers may still be waiting for that
			if flavor == sandbox.MariaDB {
				future = "0-1-2000000"
			}
			done := make(chan error, 1)
			go func() { done <- a.WaitExecuted(ctx, future, 20*time.Second) }()
			eventually(t, "waiting", func() bool {
				ps := must1(a.Processlist(limited(t)))(t)
				return slices.ContainsFunc(ps, func(p server.Process) bool {
					return strings.Contains(p.Info, "WAIT") && strings.Contains(p.Info, future)
				})
			})
			cancel()
			err := <-done
			if !errors.Is(err, context.Canceled) || errors.Is(err, server.ErrNotReached) {
				t.Errorf("canceled wait: %v", err)
			}
			_ = must1(a.ReadOnly(limited(t)))(t) // on another connection
		})

		t.Run("read only", func(t *testing.T) {
			want := server.ReadOnlyState{ReadOnly: true, SuperReadOnly: flavor == sandbox.MySQL}
			for range 2 {
				must(t, primary.SetReadOnly(limited(t), true, true))
				if got := must1(primary.ReadOnly(limited(t)))(t); got != want {
					t.Errorf("after read only: %+v, want %+v", got, want)
				}
			}
			if err := cluster.Node(0).ExecAs(limited(t), sandbox.UserApp, "INSERT INTO t VALUES (99)"); err == nil {
				t.Error("a write went through read_only")
			}
			must(t, primary.SetReadOnly(limited(t), false, true))
			if got := must1(primary.ReadOnly(limited(t)))(t); got != (server.ReadOnlyState{}) {
				t.Errorf("after writeable: %+v", got)
			}
		})

		t.Run("writable before a moment", func(t *testing.T) {
			must(t, primary.SetReadOnly(limited(t), true, true))
			now := must1(primary.Clock(limited(t)))(t)
			if err := primary.SetWritableBefore(limited(t), now); !errors.Is(err, server.ErrTooLate) {
				t.Errorf("opened by a statement whose time was over: %v", err)
			}
			if got := must1(primary.ReadOnly(limited(t)))(t); !got.ReadOnly {
				t.Errorf("after a statement that came too late: %+v", got)
			}
			must(t, primary.SetWritableBefore(limited(t), now.Add(time.Hour)))
			if got := must1(primary.ReadOnly(limited(t)))(t); got != (server.ReadOnlyState{}) {
				t.Errorf("after writeable in time: %+v", got)
			}
		})

		t.Run("re-point by GTID keeps every option", func(t *testing.T) {
			ctx := limited(t)
			must(t, b.StopReplica(ctx, server.AllThreads, ""))
			retries, delay := int64(77), int64(0)
			yes := true
			change := server.SourceChange{ConnectRetry: 3 * time.Second, RetryCount: &retries, Delay: &delay, Heartbeat: 1500 * time.Millisecond}
			if flavor == sandbox.MySQL {
				change.TLS = &topology.TLSOptions{Enabled: true, GetSourcePublicKey: &yes, Version: "TLSv1.2,TLSv1.3", VerifyServerCert: new(bool)}
			}
			must(t, b.ChangeSource(ctx, change))
			before := channel(t, b)
			if before.ConnectRetry != 3*time.Second || flavor != sandbox.MariaDB && before.RetryCount != 77 {
				t.Fatalf("options were not taken: %+v", before)
			}
			must(t, b.ChangeSource(ctx, server.SourceChange{
				Source: a.Key(), Mode: auto, TLS: &before.TLS, ConnectRetry: before.ConnectRetry, RetryCount: &before.RetryCount,
				Heartbeat: 1500 * time.Millisecond,
			}))
			must(t, b.StartReplica(ctx, server.AllThreads, ""))
			eventually(t, "replicating from a", func() bool { c := channel(t, b); return c.Replicating() && c.Source == a.Key() })
			after := channel(t, b)
			if after.User != before.User || after.ConnectRetry != before.ConnectRetry || after.RetryCount != before.RetryCount ||
				after.TLS.Enabled != before.TLS.Enabled || after.TLS.Version != before.TLS.Version || after.GTID != before.GTID {
				t.Errorf("options changed:\nbefore %+v\nafter  %+v", before, after)
			}
			write(t, cluster.Node(0), "INSERT INTO t VALUES (2)")
			must(t, cluster.AwaitCaughtUp(limited(t)))
			if flavor == sandbox.MySQL {
				obs := must1(b.Probe(limited(t)))(t)
				if obs.Instance.Channel.Heartbeat != 1500*time.Millisecond {
					t.Errorf("heartbeat period %v", obs.Instance.Channel.Heartbeat)
				}
			}
		})

		t.Run("re-point to file and position and back", func(t *testing.T) {
			ctx := limited(t)
			must(t, b.StopReplica(ctx, server.AllThreads, ""))
			must(t, a.StopReplica(ctx, server.AllThreads, ""))
			pos := must1(primary.SelfCoordinates(ctx))(t)
			must(t, b.ChangeSource(ctx, server.SourceChange{Source: primary.Key(), Mode: server.FilePosition, Coords: pos}))
			if c := channel(t, b); c.GTID != topology.FilePosition || c.Exec != pos && c.Read != pos {
				t.Errorf("after a change to %v: %+v", pos, c)
			}
			must(t, b.StartReplica(ctx, server.AllThreads, ""))
			eventually(t, "replicating", func() bool { c := channel(t, b); return c.Replicating() })
			must(t, b.StopReplica(ctx, server.AllThreads, ""))
			write(t, cluster.Node(0), "INSERT INTO t VALUES (3)")
			until := must1(primary.SelfCoordinates(ctx))(t)
			write(t, cluster.Node(0), "INSERT INTO t VALUES (4)")
			must(t, b.StartUntil(ctx, until, ""))
			eventually(t, "reached the position", func() bool { return channel(t, b).Exec.Compare(until) >= 0 })
			eventually(t, "stopped there", func() bool { return channel(t, b).SQLThread == topology.ThreadStopped })
			if c := channel(t, b); c.Exec != until {
				t.Errorf("stopped at %v, want %v", c.Exec, until)
			}
			must(t, b.StopReplica(ctx, server.AllThreads, ""))
			must(t, b.ChangeSource(ctx, server.SourceChange{Mode: auto}))
			must(t, b.StartReplica(ctx, server.AllThreads, ""))
			must(t, a.StartReplica(ctx, server.AllThreads, ""))
			must(t, cluster.AwaitCaughtUp(limited(t)))
		})

		t.Run("errors by kind", func(t *testing.T) {
			ctx := limited(t)
			wantKind(t, a.ChangeSource(ctx, server.SourceChange{Source: primary.Key()}), server.ReplicaRunning)
			wantKind(t, primary.StartReplica(ctx, server.AllThreads, ""), server.NotReplica)
			must(t, primary.StopReplica(ctx, server.AllThreads, ""))
			must(t, primary.ResetReplicaAll(ctx, ""))
			wrong := server.GTIDAuto
			if flavor != sandbox.MariaDB {
				wrong = server.MariaDBSlavePos
			}
			wantKind(t, a.ChangeSource(ctx, server.SourceChange{Source: primary.Key(), Mode: wrong}), server.Unsupported)
			if flavor == sandbox.MySQL56 {
				wantKind(t, a.StopReplica(ctx, server.AllThreads, "x"), server.Unsupported)
			}
			o := options()
			o.Password = "wrong secret"
			_, err := open(t, o).For(a.Key()).Probe(ctx)
			wantKind(t, err, server.AccessDenied)
			if strings.Contains(err.Error(), "wrong secret") {
				t.Errorf("the password is in %q", err)
			}
		})

		t.Run("credentials", func(t *testing.T) {
			c, err := b.Credentials(limited(t))
			if flavor == sandbox.MariaDB {
				if !errors.Is(err, server.ErrNoCredentials) {
					t.Errorf("credentials of MariaDB: %+v, %v", c, err)
				}
				return
			}
			if err != nil || c.User != sandbox.UserRepl || c.Password != sandbox.Password(sandbox.UserRepl) {
				t.Errorf("credentials %+v, %v", c, err)
			}
		})

		t.Run("credentials by query", func(t *testing.T) {
			o := options()
			o.CredentialsQuery = "SELECT 'u', 'p', 'ca', 'cert', 'key'"
			c := must1(open(t, o).For(b.Key()).Credentials(limited(t)))(t)
			if c != (server.Credentials{User: "u", Password: "p", SSLCA: "ca", SSLCert: "cert", SSLKey: "key"}) {
				t.Errorf("credentials %+v", c)
			}
		})

		t.Run("new credentials with awkward characters", func(t *testing.T) {
			ctx := limited(t)
			must(t, b.StopReplica(ctx, server.AllThreads, ""))
			must(t, b.ChangeSource(ctx, server.SourceChange{User: "o'brien", Password: `a'b\c"d`}))
			if flavor != sandbox.MariaDB {
				if c := must1(b.Credentials(ctx))(t); c.User != "o'brien" || c.Password != `a'b\c"d` {
					t.Errorf("credentials %+v", c)
				}
			}
			must(t, b.ChangeSource(ctx, server.SourceChange{User: sandbox.UserRepl, Password: sandbox.Password(sandbox.UserRepl)}))
			must(t, b.StartReplica(ctx, server.AllThreads, ""))
			eventually(t, "replicating", func() bool { c := channel(t, b); return c.Replicating() })
		})

		t.Run("binary logs", func(t *testing.T) {
			ctx := limited(t)
			before := must1(primary.BinaryLogs(ctx))(t)
			must(t, primary.FlushBinaryLogs(ctx))
			after := must1(primary.BinaryLogs(ctx))(t)
			if len(after) != len(before)+1 || after[0].Size == 0 || after[0].Name == "" {
				t.Fatalf("logs %+v, then %+v", before, after)
			}
			events := must1(primary.BinlogEvents(ctx, topology.BinaryLog, after[0].Name, 0, 2, ""))(t)
			if len(events) != 2 || events[0].Pos != 4 || events[0].EventType != "Format_desc" {
				t.Errorf("events %+v", events)
			}
			if flavor != sandbox.MariaDB {
				if set := must1(primary.PreviousGTIDs(ctx, after[len(after)-1].Name))(t); set == "" {
					t.Errorf("no previous GTIDs in %s", after[len(after)-1].Name)
				}
			}
			must(t, cluster.AwaitCaughtUp(limited(t)))
			last := after[len(after)-1].Name
			eventually(t, "purged", func() bool { // while a replica still reads the old file, it is kept
				must(t, primary.PurgeBinaryLogs(ctx, last))
				return must1(primary.BinaryLogs(ctx))(t)[0].Name == last
			})
			// Its own old log goes when its applier has come to the new one: not between two looks.
			eventually(t, "a is in the new log", func() bool {
				c := channel(t, a)
				return c.Read.LogFile == last && c.Exec.LogFile == last
			})
			relay := channel(t, a).Relay
			if events := must1(a.BinlogEvents(ctx, topology.RelayLog, relay.LogFile, 0, 1, ""))(t); len(events) != 1 {
				t.Errorf("relay log events %+v", events)
			}
		})

		t.Run("kill", func(t *testing.T) {
			sleeping := make(chan error, 1)
			go func() {
				sleeping <- cluster.Node(0).ExecAs(limited(t), sandbox.UserApp, "DO SLEEP(30)")
			}()
			var id uint64
			eventually(t, "sleeping", func() bool {
				for _, p := range must1(primary.Processlist(limited(t)))(t) {
					if strings.Contains(p.Info, "SLEEP(30)") {
						id = p.ID
						return true
					}
				}
				return false
			})
			must(t, primary.KillQuery(limited(t), id))
			<-sleeping // ended, with or without an error
			must(t, primary.KillConnection(limited(t), id))
		})

		t.Run("grants", func(t *testing.T) {
			for _, g := range must1(a.Grants(limited(t)))(t) {
				if strings.Contains(g, "PASSWORD") || !strings.HasPrefix(g, "GRANT") {
					t.Errorf("grant %q", g)
				}
			}
		})

		t.Run("GTID surgery", func(t *testing.T) {
			ctx := limited(t)
			must(t, b.StopReplica(ctx, server.AllThreads, ""))
			if flavor == sandbox.MariaDB {
				wantKind(t, b.InjectEmpty(ctx, "0-1-1"), server.Unsupported)
				g := must1(b.GTIDs(ctx))(t)
				must(t, b.ResetReplicaAll(ctx, ""))
				must(t, b.ResetBinaryLogsAndGTIDs(ctx))
				must(t, b.SetMariaDBSlavePos(ctx, g.SlavePos))
				if now := must1(b.GTIDs(ctx))(t); now.SlavePos != g.SlavePos || now.BinlogPos != "" {
					t.Errorf("GTID state %+v, was %+v", now, g)
				}
				return
			}
			errant := "11111111-1111-1111-1111-111111111111:1"
			must(t, b.InjectEmpty(ctx, errant))
			must(t, b.InjectEmpty(ctx, errant))
			g := must1(b.GTIDs(ctx))(t)
			if !strings.Contains(g.Executed, errant) {
				t.Errorf("executed %q after injecting %s", g.Executed, errant)
			}
			must(t, b.ResetReplicaAll(ctx, ""))
			must(t, b.ResetBinaryLogsAndGTIDs(ctx))
			must(t, b.SetGTIDPurged(ctx, g.Executed))
			if now := must1(b.GTIDs(ctx))(t); now.Executed != g.Executed || now.Purged != g.Executed {
				t.Errorf("GTID state %+v, want all of %s purged", now, g.Executed)
			}
			if channels := must1(b.Status(ctx))(t); len(channels) != 0 {
				t.Errorf("channels after reset: %+v", channels)
			}
		})
	})
}

// TestRealSemiSync switches both sides off and on under the names of each family.
func TestRealSemiSync(t *testing.T) {
	sandboxtest.EachFlavor(t, func(t *testing.T, flavor sandbox.Flavor) {
		cluster := sandboxtest.New(t, sandbox.Options{Flavor: flavor, Nodes: 2, GTID: true, SemiSync: true})
		servers := open(t, options())
		primary, replica := servers.For(keyOf(cluster.Node(0))), servers.For(keyOf(cluster.Node(1)))
		state := func(s *server.Server) topology.SemiSync { return must1(s.Probe(limited(t)))(t).Instance.SemiSync }
		for _, on := range []bool{false, false, true, true} {
			must(t, primary.SetSemiSync(limited(t), server.SemiSyncSource, on))
			must(t, replica.SetSemiSync(limited(t), server.SemiSyncReplica, on))
			must(t, replica.StopReplica(limited(t), server.IOThread, ""))
			must(t, replica.StartReplica(limited(t), server.IOThread, ""))
			if got := state(primary); got.SourceEnabled != on {
				t.Errorf("switched to %t: %+v", on, got)
			}
			eventually(t, "the replica says so too", func() bool { s := state(replica); return s.ReplicaEnabled == on && s.ReplicaStatus == on })
			if on {
				eventually(t, "acknowledging", func() bool { s := state(primary); return s.SourceStatus && s.SourceClients == 1 })
			}
		}
	})
}

// TestRealQueryLimits makes sure that the server itself limits the queries of a probe connection, and that a probe
// that is cut off leaves nothing running.
func TestRealQueryLimits(t *testing.T) {
	sandboxtest.EachFlavor(t, func(t *testing.T, flavor sandbox.Flavor) {
		cluster := sandboxtest.New(t, sandbox.Options{Flavor: flavor, Nodes: 1})
		const endless = "SELECT COUNT(*) FROM information_schema.COLLATIONS a, information_schema.COLLATIONS b, information_schema.COLLATIONS c, information_schema.COLLATIONS d"
		o := options()
		o.ProbeTimeout = 7 * time.Second
		o.Queries.Lag = map[sandbox.Flavor]string{sandbox.MySQL: "SELECT @@session.max_execution_time", sandbox.MariaDB: "SELECT @@session.max_statement_time"}[flavor]
		want := map[sandbox.Flavor]int64{sandbox.MySQL: 7000, sandbox.MariaDB: 7}[flavor]
		if got := must1(open(t, o).For(keyOf(cluster.Node(0))).Probe(limited(t)))(t).Instance.Lag; got != topology.KnownSeconds(want) {
			t.Errorf("limit %+v, want %d", got, want)
		}
		o.ProbeTimeout, o.Queries.Lag = 300*time.Millisecond, endless
		s := open(t, o).For(keyOf(cluster.Node(0)))
		obs, err := s.Probe(limited(t))
		if err != nil {
			wantKind(t, err, server.Hung)
		} else if len(obs.Warnings) == 0 {
			t.Errorf("the query had an answer: %+v", obs.Instance.Lag)
		}
		eventually(t, "nothing goes on", func() bool {
			return !slices.ContainsFunc(must1(s.Processlist(limited(t)))(t), func(p server.Process) bool { return strings.Contains(p.Info, endless) })
		})
	})
}

// TestRealTLS signs in with every TLS mode; caching_sha2_password without TLS included.
func TestRealTLS(t *testing.T) {
	eachFamily(t, func(t *testing.T, flavor sandbox.Flavor) {
		cluster := sandboxtest.New(t, sandbox.Options{Flavor: flavor, Nodes: 1})
		key := keyOf(cluster.Node(0))
		speaksTLS := flavor == sandbox.MySQL
		if flavor == sandbox.MariaDB { // from 11.4 on with a certificate of its own
			var name, have string
			must(t, cluster.Node(0).Scan(limited(t), "SHOW VARIABLES LIKE 'have_ssl'", &name, &have))
			speaksTLS = have == "YES"
		}
		for _, mode := range []server.TLSMode{server.TLSNever, server.TLSMixed, server.TLSAlways} {
			o := options()
			o.TLSMode, o.TLS = mode, insecure()
			err := open(t, o).For(key).Fresh(limited(t))
			if ok := mode != server.TLSAlways || speaksTLS; (err == nil) != ok {
				t.Errorf("mode %d: %v", mode, err)
			}
		}
		if flavor != sandbox.MySQL {
			return
		}
		must(t, cluster.Node(0).Exec(limited(t), "SET GLOBAL require_secure_transport = ON"))
		o := options()
		o.TLSMode = server.TLSNever
		wantKind(t, open(t, o).For(key).Fresh(limited(t)), server.SecureTransportRequired)
		o.TLSMode, o.TLS = server.TLSMixed, insecure()
		learnt := 0
		o.LearnedTLS = func(_ topology.Key, needs bool) {
			if needs {
				learnt++
			}
		}
		s := open(t, o).For(key)
		must(t, s.Fresh(limited(t)))
		_ = must1(s.Probe(limited(t)))(t)
		if learnt != 1 {
			t.Errorf("learnt %d times that TLS is needed, want once", learnt)
		}
	})
}

// TestRealGroup reads a group of one member.
func TestRealGroup(t *testing.T) {
	cluster := sandboxtest.New(t, sandbox.Options{Flavor: sandbox.MySQL, Nodes: 1, GTID: true})
	node := cluster.Node(0)
	s := open(t, options()).For(keyOf(node))
	if g := must1(s.Probe(limited(t)))(t).Instance.Group; g.Name != "" {
		t.Errorf("group %+v before there is one", g)
	}
	const name = "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa"
	if err := node.Exec(limited(t), "INSTALL PLUGIN group_replication SONAME 'group_replication.so'"); err != nil {
		t.Skipf("no group replication in this package: %v", err)
	}
	ports := must1(freePort())(t)
	must(t, node.Exec(limited(t),
		"SET GLOBAL group_replication_group_name = '"+name+"'",
		fmt.Sprintf("SET GLOBAL group_replication_local_address = '127.0.0.1:%d'", ports),
		"SET GLOBAL group_replication_bootstrap_group = ON",
		"SET GLOBAL group_replication_recovery_get_public_key = ON",
		"START GROUP_REPLICATION USER='"+sandbox.UserRepl+"', PASSWORD='"+sandbox.Password(sandbox.UserRepl)+"'"))
	fresh := open(t, options()).For(keyOf(node)) // the other one reads its settings once a minute
	eventually(t, "primary of the group", func() bool {
		in := must1(fresh.Probe(limited(t)))(t).Instance
		g := in.Group
		return g.Name == name && g.MemberRole == "PRIMARY" && g.MemberState == "ONLINE" && g.Primary == keyOf(node) && len(g.Members) == 1 &&
			in.Channel.IOThread == topology.NoThread && len(in.Others) == 0
	})
}

func freePort() (int, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port, nil
}
