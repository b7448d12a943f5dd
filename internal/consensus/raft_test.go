package consensus

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/raft"

	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// raftNode is a node with its own backend, as the service has it.
type raftNode struct {
	*Raft
	store *store.Store
	o     RaftOptions
	stop  func()
}

// raftRig makes nodes on this machine.
type raftRig struct {
	t      *testing.T
	dir    string
	secret string
	tls    *tls.Config
	nodes  []*raftNode
}

const soon = 60 * time.Second

func (rig *raftRig) listen() net.Listener {
	rig.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		rig.t.Fatal(err)
	}
	return l
}

// form makes n nodes that form a cluster, and waits for its leader.
func (rig *raftRig) form(n int) {
	rig.t.Helper()
	var listeners []net.Listener
	var members []string
	for range n {
		l := rig.listen()
		listeners, members = append(listeners, l), append(members, l.Addr().String())
	}
	for k, l := range listeners {
		rig.nodes = append(rig.nodes, rig.start(fmt.Sprintf("node%d", k), l, members, nil))
	}
	rig.leader()
}

func (rig *raftRig) start(name string, l net.Listener, members []string, change func(*RaftOptions)) *raftNode {
	t := rig.t
	t.Helper()
	dir := filepath.Join(rig.dir, name)
	s, err := store.Open(t.Context(), store.Options{File: filepath.Join(rig.dir, name+".db"), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	n := &raftNode{store: s, o: RaftOptions{
		Backend: s, Dir: dir, Listener: l, Advertise: l.Addr().String(), Nodes: func() []string { return members },
		URI: "http://" + name + ":3000", Version: "test", Self: store.Node{Hostname: name, Token: name + time.Now().String()},
		Secret: rig.secret, TLS: rig.tls, Election: time.Second, Now: time.Now,
		Begin:  s.Genesis,
		Logger: slog.New(slog.NewTextHandler(testWriter{t, name}, &slog.HandlerOptions{Level: slog.LevelInfo})),
	}}
	if change != nil {
		change(&n.o)
	}
	if n.Raft, err = NewRaft(n.o); err != nil {
		t.Fatal(err)
	}
	s.Replicate(n.Raft)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	stopped := false
	n.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("%s ended with %v", name, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(n.stop)
	return n
}

type testWriter struct {
	t    *testing.T
	name string
}

func (w testWriter) Write(b []byte) (int, error) {
	if w.t.Context().Err() == nil {
		w.t.Logf("%s: %s", w.name, b)
	}
	return len(b), nil
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(soon); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", soon, what)
		}
	}
}

func (rig *raftRig) leader() *raftNode {
	rig.t.Helper()
	var l *raftNode
	eventually(rig.t, "a leader", func() bool {
		for _, n := range rig.nodes {
			if n.IsLeader() && n.Confirm(rig.t.Context()) == nil {
				l = n
				return true
			}
		}
		return false
	})
	return l
}

func (rig *raftRig) follower() *raftNode {
	l := rig.leader()
	return rig.nodes[slices.IndexFunc(rig.nodes, func(n *raftNode) bool { return n != l })]
}

func (rig *raftRig) lose(n *raftNode) {
	n.stop()
	rig.nodes = slices.DeleteFunc(rig.nodes, func(m *raftNode) bool { return m == n })
}

var key = topology.Key{Hostname: "db1", Port: 3306}

// asLeader has the leader do something, and the next one if it ceased to lead meanwhile: on a machine that is busy a
// leader may not be heard of in time.
func (rig *raftRig) asLeader(do func(*raftNode) error) {
	rig.t.Helper()
	for end := time.Now().Add(soon); ; {
		err := do(rig.leader())
		switch {
		case err == nil:
			return
		case time.Now().After(end) || !errors.Is(err, ErrNotLeader) && !errors.Is(err, store.ErrNotAgreed) && !errors.Is(err, raft.ErrLeadershipLost) && !errors.Is(err, raft.ErrNotLeader):
			rig.t.Fatal(err)
		}
	}
}

func (rig *raftRig) tag(name string) {
	rig.t.Helper()
	rig.asLeader(func(n *raftNode) error { return n.store.PutTag(rig.t.Context(), key, topology.Tag{Name: name}) })
}

// equal waits until every node has what the leader has.
func (rig *raftRig) equal() {
	rig.t.Helper()
	rows := func(n *raftNode) map[string]store.TableData {
		got, err := n.store.ExportTables(rig.t.Context(), store.AgreedTables()...)
		if err != nil {
			rig.t.Fatal(err)
		}
		return got
	}
	l := rig.leader()
	for _, n := range rig.nodes {
		eventually(rig.t, n.o.Self.Hostname+" has what the leader has", func() bool { return cmp.Equal(rows(l), rows(n)) })
	}
}

func TestRaftAgreesAndSurvives(t *testing.T) {
	t.Parallel()
	rig := &raftRig{t: t, dir: t.TempDir(), secret: "s3cret"}
	rig.form(3)
	rig.tag("first")
	if err := rig.follower().store.PutTag(t.Context(), key, topology.Tag{Name: "no"}); !errors.Is(err, store.ErrNotAgreed) || !errors.Is(err, ErrNotLeader) {
		t.Errorf("a decision of a follower: %v", err)
	}
	if err := rig.follower().Confirm(t.Context()); !errors.Is(err, ErrNotLeader) {
		t.Errorf("a follower confirms: %v", err)
	}
	rig.equal()

	old := rig.leader()
	eventually(t, "every member is heard of", func() bool {
		s := old.Standing()
		return s.Reachable == 3 && s.Needed == 2 && !slices.ContainsFunc(s.Members, func(m Member) bool { return m.Lag > 0 })
	})
	want := rig.follower()
	rig.asLeader(func(n *raftNode) error { return n.TransferByHint(want.o.Self.Hostname) })
	eventually(t, "the leadership has moved", want.IsLeader)
	eventually(t, "its URI is known", func() bool { return old.LeaderURI() == want.o.URI })
	rig.asLeader(func(n *raftNode) error { return n.Transfer(old.o.Advertise) })
	eventually(t, "the leadership has moved back", old.IsLeader)

	// The leader goes; the others elect another one, and the same node comes back under another address.
	name := old.o.Self.Hostname
	rig.lose(old)
	rig.tag("second")
	l := rig.listen()
	members := append([]string{l.Addr().String()}, rig.nodes[0].o.Advertise, rig.nodes[1].o.Advertise)
	back := rig.start(name, l, members, nil)
	rig.nodes = append(rig.nodes, back)
	if back.ID() == back.o.Advertise || back.ID() != old.ID() {
		t.Errorf("the identity %s came back as %s", old.ID(), back.ID())
	}
	rig.equal()
	eventually(t, "the membership has the new address", func() bool {
		return slices.ContainsFunc(rig.leader().servers(), func(s raft.Server) bool {
			return string(s.ID) == back.ID() && string(s.Address) == back.o.Advertise
		})
	})

	// Too few are left: nothing is agreed on, and nobody leads.
	last := rig.leader()
	for _, n := range slices.Clone(rig.nodes) {
		if n != last {
			n.stop()
		}
	}
	rig.nodes = []*raftNode{last}
	eventually(t, "the last one does not lead", func() bool { return !last.IsLeader() })
	if err := last.store.PutTag(t.Context(), key, topology.Tag{Name: "alone"}); !errors.Is(err, store.ErrNotAgreed) {
		t.Errorf("a decision of one of three: %v", err)
	}
	if s := last.Standing(); s.Quorum || s.Leader != "" {
		t.Errorf("it stands %+v", s)
	}
}

func TestRaftMembership(t *testing.T) {
	t.Parallel()
	rig := &raftRig{t: t, dir: t.TempDir(), tls: certificates(t)}
	rig.form(2)
	rig.tag("before")
	for range 20 {
		rig.tag(fmt.Sprint("x", time.Now().UnixNano()))
	}
	if err := rig.leader().Snapshot(); err != nil {
		t.Fatal(err)
	}
	join := func(name string) *raftNode {
		members := []string{rig.nodes[0].o.Advertise, rig.nodes[1].o.Advertise}
		n := rig.start(name, rig.listen(), members, nil)
		if err := n.store.Local().PutTag(t.Context(), key, topology.Tag{Name: "its own"}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	third := join("third")
	rig.asLeader(func(n *raftNode) error { return n.AddMember(t.Context(), third.o.Advertise, true) })
	rig.nodes = append(rig.nodes, third)
	rig.equal()
	if rig.leader().voters() != 3 {
		t.Errorf("%d voters", rig.leader().voters())
	}
	watcher := join("watcher")
	rig.asLeader(func(n *raftNode) error { return n.AddMember(t.Context(), watcher.o.Advertise, false) })
	rig.nodes = append(rig.nodes, watcher)
	rig.equal()
	if rig.leader().voters() != 3 {
		t.Errorf("%d voters beside one that does not vote", rig.leader().voters())
	}
	if err := rig.leader().Transfer(watcher.o.Advertise); err == nil {
		t.Error("the leadership went to a node that does not vote")
	}
	fresh := join("fresh")
	old := rig.follower()
	rig.asLeader(func(n *raftNode) error {
		if _, err := n.member(old.o.Advertise); err != nil {
			return nil // done before the leadership moved
		}
		return n.ReplaceMember(t.Context(), old.o.Advertise, fresh.o.Advertise)
	})
	rig.lose(old)
	rig.nodes = append(rig.nodes, fresh)
	rig.equal()
	if m, err := rig.leader().member(old.o.Advertise); err == nil {
		t.Errorf("the replaced node is a member: %+v", m)
	}
	if err := rig.leader().RemoveMember(t.Context(), "nobody:1"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("remove nobody: %v", err)
	}
}

func TestRaftWitnessVotesAndNeverLeads(t *testing.T) {
	t.Parallel()
	rig := &raftRig{t: t, dir: t.TempDir()}
	var listeners []net.Listener
	var members []string
	for range 3 {
		l := rig.listen()
		listeners, members = append(listeners, l), append(members, l.Addr().String())
	}
	for n, l := range listeners {
		rig.nodes = append(rig.nodes, rig.start(fmt.Sprint("node", n), l, members, func(o *RaftOptions) { o.Witness = n == 0 }))
	}
	rig.tag("one")
	first := rig.leader()
	rig.lose(first)
	if second := rig.leader(); second == rig.nodes[0] && second.o.Witness {
		t.Error("the witness leads")
	}
	rig.tag("two")
	rig.equal()
}

func TestRaftOpinions(t *testing.T) {
	t.Parallel()
	rig := &raftRig{t: t, dir: t.TempDir()}
	rig.form(3)
	for _, n := range rig.nodes {
		n.AnswerOpinions(func(_ context.Context, body json.RawMessage) (any, error) {
			if n == rig.nodes[0] {
				return nil, errors.New("no idea")
			}
			return string(body) + " by " + n.o.Self.Hostname, nil
		})
	}
	l := rig.leader()
	eventually(t, "all are heard of", func() bool { return l.Standing().Reachable == 3 })
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	var got []Opinion
	l.AskOpinions(ctx, "what", func(o Opinion) bool {
		got = append(got, o)
		return false
	})
	if len(got) != 2 {
		t.Fatalf("%d opinions", len(got))
	}
	for _, o := range got {
		switch {
		case o.Member.Hostname == "node0" && (o.Err == nil || o.Err.Error() != "no idea"):
			t.Errorf("node0: %s, %v", o.Body, o.Err)
		case o.Member.Hostname != "node0" && (o.Err != nil || string(o.Body) != fmt.Sprintf(`"\"what\" by %s"`, o.Member.Hostname)):
			t.Errorf("%s: %s, %v", o.Member.Hostname, o.Body, o.Err)
		}
	}
}

func TestRaftPortRefusesStrangers(t *testing.T) {
	t.Parallel()
	rig := &raftRig{t: t, dir: t.TempDir(), secret: "right", tls: certificates(t)}
	rig.form(1)
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	at := rig.nodes[0].o.Advertise
	for name, s := range map[string]*stream{
		"another secret":              newStream(nil, "", "wrong", rig.tls, nil),
		"no secret":                   newStream(nil, "", "", rig.tls, nil),
		"no TLS":                      newStream(nil, "", "right", nil, nil),
		"a certificate of another CA": newStream(nil, "", "right", certificates(t), nil),
	} {
		if c, err := s.dial(ctx, at, forTalk); err == nil {
			_ = c.Close()
			t.Errorf("%s: let in", name)
		}
	}
	c, err := newStream(nil, "", "right", rig.tls, nil).dial(ctx, at, forTalk)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
}

// certificates makes an authority and one certificate of it for this host.
func certificates(t *testing.T) *tls.Config {
	t.Helper()
	fail := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	fail(err)
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	fail(err)
	ca, err = x509.ParseCertificate(caDER)
	fail(err)
	ownKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	fail(err)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, IPAddresses: []net.IP{net.ParseIP("127.0.0.1")},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, ca, ownKey.Public(), caKey)
	fail(err)
	pool := x509.NewCertPool()
	pool.AddCert(ca)
	return &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: ownKey}}, MinVersion: tls.VersionTLS12}
}
