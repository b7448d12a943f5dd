package store

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
)

func TestAddresses(t *testing.T) {
	for _, tt := range []struct {
		hosts string
		want  []string
	}{
		{"db", []string{"db:3306"}},
		{"db1, db2:3307,", []string{"db1:3306", "db2:3307"}},
		{"::1", []string{"[::1]:3306"}},
		{"[2001:db8::1],[2001:db8::2]:3307", []string{"[2001:db8::1]:3306", "[2001:db8::2]:3307"}},
		{"", nil},
		{" , ", nil},
	} {
		if have := Addresses(tt.hosts, 3306); !slices.Equal(have, tt.want) {
			t.Errorf("%q: %q, want %q", tt.hosts, have, tt.want)
		}
	}
}

// TestGalera is a backend of three members, each of which is the first choice of a process of its own.
func TestGalera(t *testing.T) {
	t.Parallel()
	c := sandboxtest.New(t, sandbox.Options{Layout: sandbox.Galera})
	b := &backendServer{node: c.Node(0)}
	o := b.options(newClock())
	o.ConnectTimeout, o.ReadTimeout = 2*time.Second, 5*time.Second
	stores := make([]*Store, 3)
	errs := make([]error, 3)
	var all sync.WaitGroup
	for i := range stores { // on an empty server
		mine := o
		mine.Host = strings.Join(append(c.Addrs()[i:], c.Addrs()[:i]...), ",")
		all.Go(func() { stores[i], errs[i] = Open(t.Context(), mine) })
	}
	all.Wait()
	must(t, errors.Join(errs...))
	for i := range stores {
		mine := o
		mine.Host = strings.Join(append(c.Addrs()[i:], c.Addrs()[:i]...), ",")
		for ctx := within(t); portOf(t, stores[i]) != c.Node(i).Port; { // its first choice was slower than others for a moment
			must(t, stores[i].Close())
			var err error
			stores[i], err = Open(ctx, mine)
			must(t, err)
		}
		t.Cleanup(func() { must(t, stores[i].Close()) })
	}
	t.Run("one registers", func(t *testing.T) { registerAtOnce(t, "all", stores...) })
	t.Run("one leads", func(t *testing.T) { wantTheLease(t, stores...) })
	t.Run("a member dies", func(t *testing.T) { memberDies(t, c, stores) })
	t.Run("a member hangs", func(t *testing.T) { memberHangs(t, c, stores) })
	t.Run("a member is closed for writing", func(t *testing.T) { memberIsClosed(t, c, stores) })
	t.Run("a member is cut off from its group", func(t *testing.T) { quorumIsLost(t, c, stores) })
}

// portOf is the port of the server that a process is with.
func portOf(t *testing.T, s *Store) (port int) {
	t.Helper()
	must(t, s.reader.QueryRowContext(t.Context(), "SELECT @@port").Scan(&port))
	return port
}

// within is a bound for what a group of servers does when it loses a member.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// awaitWrite waits until a store can be written to, and returns how often it could not.
func awaitWrite(t *testing.T, s *Store, name string) (failures int) {
	t.Helper()
	ctx := within(t)
	for {
		ask, cancel := context.WithTimeout(ctx, 2*time.Second)
		err := s.ReportHealth(ask, NodeHealth{Node: Node{Hostname: name, Token: name}})
		cancel()
		if err == nil {
			return failures
		}
		failures++
		if ctx.Err() != nil {
			t.Fatalf("the backend cannot be written to: %v", err)
		}
	}
}

// seenBy waits until a store reads what another one has written.
func seenBy(t *testing.T, s *Store, name string) {
	t.Helper()
	ctx := within(t)
	for {
		nodes, err := s.LiveNodes(ctx, time.Minute)
		must(t, err)
		if slices.ContainsFunc(nodes, func(n NodeHealth) bool { return n.Hostname == name }) {
			return
		}
	}
}

func memberDies(t *testing.T, c *sandbox.Cluster, stores []*Store) {
	must(t, c.Node(0).Kill())
	awaitWrite(t, stores[0], "after the death")
	seenBy(t, stores[1], "after the death")
	registerAtOnce(t, "one-dead", stores...)
	must(t, c.Node(0).Restart(within(t)))
}

func memberHangs(t *testing.T, c *sandbox.Cluster, stores []*Store) {
	must(t, c.Node(1).Freeze())
	awaitWrite(t, stores[1], "while it hangs")
	seenBy(t, stores[2], "while it hangs")
	must(t, c.Node(1).Thaw())
	must(t, c.Node(1).AwaitSQL(within(t)))
}

func memberIsClosed(t *testing.T, c *sandbox.Cluster, stores []*Store) {
	// The accounts of these tests may write all the same, which a backend that was demoted must not be asked for.
	must(t, c.Node(2).SetReadOnly(t.Context(), true))
	o := stores[2].options
	s, err := Open(t.Context(), o)
	must(t, err)
	defer func() { must(t, s.Close()) }()
	var port int
	must(t, s.reader.QueryRowContext(t.Context(), "SELECT @@port").Scan(&port))
	if port == c.Node(2).Port {
		t.Error("a member that is closed for writing is used")
	}
	for _, n := range c.Nodes() {
		must(t, n.SetReadOnly(t.Context(), true))
	}
	if _, err := Open(t.Context(), o); !errors.Is(err, ErrReadOnly) {
		t.Errorf("all members are closed for writing: %v", err)
	}
	for _, n := range c.Nodes() {
		must(t, n.SetReadOnly(t.Context(), false))
	}
}

func quorumIsLost(t *testing.T, c *sandbox.Cluster, stores []*Store) {
	must(t, c.Node(1).Kill())
	must(t, c.Node(2).Kill())
	awaitError(t, stores[0], ErrUnreachable)
	ctx := within(t)
	must(t, c.Node(0).Exec(ctx, "SET GLOBAL wsrep_provider_options = 'pc.bootstrap=yes'")) // as an administrator would
	awaitWrite(t, stores[0], "with a new group")
}

func awaitError(t *testing.T, s *Store, want error) {
	t.Helper()
	ctx := within(t)
	for {
		ask, cancel := context.WithTimeout(ctx, 2*time.Second)
		err := s.ReportHealth(ask, NodeHealth{Node: Node{Hostname: "h", Token: "t"}})
		cancel()
		if errors.Is(err, want) {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("not %v: %v", want, err)
		}
	}
}
