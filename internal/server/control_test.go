package server_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/server"
	"orchestrator/internal/topology"
	"orchestrator/internal/wire"
)

func insecure() *tls.Config { return &tls.Config{InsecureSkipVerify: true} }

// certificate makes a self-signed certificate for 127.0.0.1.
func certificate(t testing.TB) tls.Certificate {
	t.Helper()
	key := must1(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "db"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der := must1(x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key))(t)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestMixedTLS(t *testing.T) {
	for _, c := range []struct {
		name    string
		code    uint16 // what the server says to plain queries; 0: nothing
		offered bool
		learnt  []bool
		kind    server.Kind // server.Other: success
	}{
		{"not needed", 0, false, nil, server.Other},
		{"secure transport required", 3159, true, []bool{true}, server.Other},
		{"access denied without TLS", 1045, true, []bool{true}, server.Other},
		{"access denied, and no TLS there", 1045, false, nil, server.AccessDenied},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFakeWith(t, func(f *fake) {
				if c.offered {
					f.srv.TLS = &tls.Config{Certificates: []tls.Certificate{certificate(t)}}
				}
				switch {
				case c.code != 0 && c.offered:
					f.refuseFirst(c.code)
				case c.code != 0:
					f.srv.Password = func(string) (string, bool) { return "other", true }
				}
			}, mysql80()...)
			var learnt []bool
			o := server.Options{User: "u", Password: "p", TLSMode: server.TLSMixed, TLS: insecure(),
				LearnedTLS: func(_ topology.Key, needs bool) { learnt = append(learnt, needs) }}
			s := open(t, o).For(f.key)
			for range 2 {
				err := s.Fresh(limited(t))
				if c.kind == server.Other {
					must(t, err)
				} else {
					wantKind(t, err, c.kind)
				}
			}
			if !slices.Equal(learnt, c.learnt) {
				t.Errorf("learnt %v, want %v", learnt, c.learnt)
			}
			eventually(t, "connections closed", func() bool { return f.connected() == 0 })
			if encrypted := f.encrypted.Load(); (encrypted > 0) != c.offered {
				t.Errorf("%d encrypted connections", encrypted)
			}
			// What earlier runs learnt is used at once, and unlearnt when it is no longer so.
			o.NeedsTLS = func(topology.Key) bool { return true }
			if c.kind == server.Other {
				learnt = nil
				must(t, open(t, o).For(f.key).Fresh(limited(t)))
				if !c.offered && !slices.Equal(learnt, []bool{false}) || c.offered && learnt != nil {
					t.Errorf("from stored knowledge: learnt %v", learnt)
				}
			}
		})
	}
}

func TestTLSAlwaysVerifies(t *testing.T) {
	cert := certificate(t)
	f := newFakeWith(t, func(f *fake) { f.srv.TLS = &tls.Config{Certificates: []tls.Certificate{cert}} }, mysql80()...)
	o := server.Options{User: "u", Password: "p", TLSMode: server.TLSAlways}
	wantKind(t, open(t, o).For(f.key).Fresh(limited(t)), server.AccessDenied)
	pool := x509.NewCertPool()
	pool.AddCert(must1(x509.ParseCertificate(cert.Certificate[0]))(t))
	o.TLS = &tls.Config{RootCAs: pool}
	must(t, open(t, o).For(f.key).Fresh(limited(t)))
}

func TestControlConnections(t *testing.T) {
	f := newFake(t, mysql80()...)
	f.change(answer{begins: "STOP REPLICA"})
	o := server.Options{User: "u", Password: "p", ControlIdle: 2 * brief}
	servers := open(t, o)
	s := servers.For(f.key)
	must(t, s.Warm(limited(t)))
	must(t, s.Warm(limited(t)))
	if n := servers.Stats(); n.ConnectionsOpened != 1 || n.ConnectionsOpen != 1 {
		t.Errorf("after warming twice: %+v", n)
	}
	f.queries()
	must(t, s.StopReplica(limited(t), server.AllThreads, ""))
	if asked := f.queries(); !slices.Equal(asked, []string{"STOP REPLICA"}) {
		t.Errorf("asked %q", asked)
	}
	if n := servers.Stats(); n.ConnectionsOpened != 1 {
		t.Errorf("the warm connection was not used: %+v", n)
	}
	eventually(t, "idle connection closed", func() bool { return servers.Stats().ConnectionsOpen == 0 })
	must(t, s.StopReplica(limited(t), server.AllThreads, ""))

	// A kept connection that has ended meanwhile is noticed before it is used.
	f.drop()
	eventually(t, "connections dropped", func() bool { return f.connected() == 0 })
	must(t, s.StopReplica(limited(t), server.AllThreads, ""))

	// A connection whose context ended is not used again.
	f.setHang(make(chan struct{}))
	ctx, cancel := context.WithTimeout(t.Context(), brief)
	defer cancel()
	wantKind(t, s.StopReplica(ctx, server.AllThreads, ""), server.Hung)
	if n := servers.Stats(); n.ConnectionsOpen != 0 {
		t.Errorf("after a timeout: %+v", n)
	}
}

func TestErrorsAreToldByNumber(t *testing.T) {
	f := newFake(t, mysql80()...)
	s := f.open(t, nil)
	for code, kind := range map[uint16]server.Kind{
		1290: server.ReadOnly, 1836: server.ReadOnly, 1200: server.NotReplica, 1198: server.ReplicaRunning, 3021: server.ReplicaRunning,
		1193: server.Unsupported, 1064: server.Unsupported, 1146: server.Unsupported, 1227: server.Unsupported, 3159: server.SecureTransportRequired,
		1053: server.ConnectionLost, 1040: server.TooManyConnections, 1205: server.Other, 3024: server.Hung, 1969: server.Hung,
	} {
		f.change(refuse("START REPLICA", code))
		err := s.StartReplica(limited(t), server.AllThreads, "")
		wantKind(t, err, kind)
		if server.CodeOf(err) != code || !strings.Contains(err.Error(), f.key.String()) || !strings.Contains(err.Error(), "start replica") {
			t.Errorf("%d: %v", code, err)
		}
	}
	if server.KindOf(errors.New("x")) != server.Other || server.KindOf(nil) != server.Other || server.CodeOf(nil) != 0 {
		t.Error("foreign errors have a kind")
	}
}

func TestNothingToStopIsNoError(t *testing.T) {
	f := newFake(t, mysql80()...)
	s := f.open(t, nil)
	for _, code := range []uint16{1617, 3074, 1254} {
		f.change(refuse("STOP REPLICA", code), refuse("RESET REPLICA", code))
		must(t, s.StopReplica(limited(t), server.AllThreads, "gone"))
		must(t, s.ResetReplicaAll(limited(t), "gone"))
		must(t, must1(s.StopReplicaAsync(limited(t), server.AllThreads, "gone"))(t).Wait(limited(t)))
	}
}

func TestPasswordsAreNotTold(t *testing.T) {
	f := newFake(t, mysql80()...)
	s := f.open(t, nil)
	const password = "it's a secret"
	for name, message := range map[string]string{
		"whole":     "near '" + password + "' at line 1",
		"as quoted": "near 'it''s a secret' at line 1",
		"in part":   "near 's a sec' at line 1",
	} {
		t.Run(name, func(t *testing.T) {
			f.change(answer{begins: "CHANGE REPLICATION SOURCE", err: &wire.Error{Code: 1064, Message: message}})
			err := s.ChangeSource(limited(t), server.SourceChange{User: "repl", Password: password})
			if err == nil || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "s a sec") || server.CodeOf(err) != 1064 {
				t.Errorf("error %v", err)
			}
		})
	}
	f.change(answer{begins: "CHANGE REPLICATION SOURCE", err: &wire.Error{Code: 3000, Message: "bad " + password}})
	if err := s.ChangeSource(limited(t), server.SourceChange{User: "repl", Password: password}); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("error %v", err)
	}
	f.change(answer{begins: "CHANGE REPLICATION SOURCE", err: &wire.Error{Code: 3021, Message: "a thread runs"}})
	if err := s.ChangeSource(limited(t), server.SourceChange{User: "repl", Password: password}); err == nil || !strings.Contains(err.Error(), "a thread runs") {
		t.Errorf("error %v, want the server's words", err)
	}
}

func TestChangeSourceWorksAround1201(t *testing.T) {
	for _, c := range []struct {
		name   string
		change server.SourceChange
		want   []string
	}{
		{"by auto position", server.SourceChange{Mode: server.GTIDAuto},
			[]string{"CHANGE", "RESET REPLICA", "START REPLICA IO_THREAD", "STOP REPLICA IO_THREAD", "RESET REPLICA", "CHANGE"}},
		{"kept auto position", server.SourceChange{ConnectRetry: time.Second},
			[]string{"CHANGE", "SHOW REPLICA STATUS", "RESET REPLICA", "START REPLICA IO_THREAD", "STOP REPLICA IO_THREAD", "RESET REPLICA", "CHANGE"}},
		{"by file: the relay log is all there is", server.SourceChange{Mode: server.FilePosition}, []string{"CHANGE"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t, mysql80()...)
			f.change(refuse("CHANGE", 1201), answer{begins: "START"}, answer{begins: "STOP"}, answer{begins: "RESET"})
			s := f.open(t, nil)
			must(t, s.Warm(limited(t)))
			f.queries()
			if err := s.ChangeSource(limited(t), c.change); server.CodeOf(err) != 1201 {
				t.Errorf("error %v, want the server's 1201", err)
			}
			asked := f.queries()
			ok := len(asked) == len(c.want)
			for i := 0; ok && i < len(asked); i++ {
				ok = strings.HasPrefix(asked[i], c.want[i])
			}
			if !ok {
				t.Errorf("asked %q, want %q", asked, c.want)
			}
		})
	}
}

func TestSemiSyncUnderBothNames(t *testing.T) {
	names := []string{"Variable_name", "Value"}
	for _, c := range []struct {
		name string
		have [][]any
		side server.SemiSyncSide
		on   bool
		want string // "" for nothing to do
		kind server.Kind
	}{
		{"old source", [][]any{{"rpl_semi_sync_master_enabled", "OFF"}}, server.SemiSyncSource, true, "SET GLOBAL rpl_semi_sync_master_enabled=1", server.Other},
		{"new source", [][]any{{"rpl_semi_sync_source_enabled", "ON"}}, server.SemiSyncSource, false, "SET GLOBAL rpl_semi_sync_source_enabled=0", server.Other},
		{"mixed: old replica", [][]any{{"rpl_semi_sync_source_enabled", "ON"}, {"rpl_semi_sync_slave_enabled", "OFF"}}, server.SemiSyncReplica, true, "SET GLOBAL rpl_semi_sync_slave_enabled=1", server.Other},
		{"new replica, as wanted", [][]any{{"rpl_semi_sync_replica_enabled", "ON"}}, server.SemiSyncReplica, true, "", server.Other},
		{"not loaded", nil, server.SemiSyncReplica, true, "", server.Unsupported},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t, mysql80()...)
			f.change(answer{begins: "SHOW GLOBAL VARIABLES LIKE 'rpl_semi_sync_%_enabled'", result: rows(names, c.have...)})
			s := f.open(t, nil)
			must(t, s.Warm(limited(t)))
			f.queries()
			err := s.SetSemiSync(limited(t), c.side, c.on)
			if c.kind != server.Other {
				wantKind(t, err, c.kind)
				return
			}
			must(t, err)
			asked := f.queries()[1:]
			if c.want == "" && len(asked) > 0 || c.want != "" && !slices.Equal(asked, []string{c.want}) {
				t.Errorf("asked %q, want %q", asked, c.want)
			}
		})
	}
}

func TestCarryOver(t *testing.T) {
	got := server.CarryOver(topology.Channel{Name: "c", ConnectRetry: time.Second, RetryCount: 7, SQLDelay: 9, Heartbeat: time.Second, TLS: topology.TLSOptions{Enabled: true}})
	d := server.DialectOf("8.4.0", "")
	const want = "CHANGE REPLICATION SOURCE TO SOURCE_CONNECT_RETRY=1, SOURCE_RETRY_COUNT=7, SOURCE_DELAY=9, SOURCE_HEARTBEAT_PERIOD=1.000, SOURCE_SSL=1 FOR CHANNEL 'c'"
	if sql := d.ChangeSource(got); sql != want {
		t.Errorf("%s, want %s", sql, want)
	}
	fresh := d.ChangeSource(server.SourceChange{Source: topology.Key{Hostname: "h", Port: 1}, Mode: server.GTIDAuto, Fresh: true})
	const wantFresh = "CHANGE REPLICATION SOURCE TO SOURCE_HOST='h', SOURCE_PORT=1, SOURCE_AUTO_POSITION=1, SOURCE_CONNECT_RETRY=5, SOURCE_RETRY_COUNT=1000000"
	if fresh != wantFresh {
		t.Errorf("%s, want %s", fresh, wantFresh)
	}
}
