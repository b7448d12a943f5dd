package recovery_test

import (
	"database/sql"
	"slices"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/recovery"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
	"orchestrator/internal/store"
)

// TestReplicationGroupsOnRealServers loses members of groups that have replicas below them.
func TestReplicationGroupsOnRealServers(t *testing.T) {
	slots := make(chan struct{}, 2)
	for name, run := range map[string]func(*testing.T){
		"a secondary with replicas":                    deadSecondary,
		"the primary with replicas":                    deadGroupPrimary,
		"a member that returns and has not joined yet": outsideItsGroup,
		"the primary, of which the others lag":         deadPrimaryOfLaggingGroup,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			slots <- struct{}{}
			t.Cleanup(func() { <-slots })
			run(t)
		})
	}
}

const audited = `, "AuditToBackendDB": true`

// group starts a group of three members with two replicas below node 1, which is a secondary.
func group(t *testing.T) *sandbox.Cluster {
	return sandboxtest.New(t, sandbox.Options{Flavor: sandbox.MySQL, GTID: true, Layout: sandbox.Group, Nodes: 5})
}

// movedWithin waits for the end of the only recovery, by which the replicas of a lost member went below another one, and
// compares record, audit and data when the load has ended.
func movedWithin(t *testing.T, c *sandbox.Cluster, m *manager, lost *sandbox.Node, load *sandbox.Load, replicas ...*sandbox.Node) {
	t.Helper()
	target := m.finished(t, c)
	if target == lost || slices.Contains(replicas, target) {
		m.print(t, time.Now())
		t.Fatalf("the replicas went below %s, want another member", target)
	}
	for _, n := range replicas {
		follows(t, n, target)
	}
	if err := load.AwaitCommits(bounded(t), 20); err != nil {
		t.Fatal(err)
	}
	load.Stop()
	for _, n := range replicas {
		catchesUp(t, m, n, target)
	}
	if err := c.AwaitCaughtUp(bounded(t)); err != nil {
		t.Error(err)
	}
	if err := c.SameData(bounded(t), sandbox.LoadTable); err != nil {
		t.Error(err)
	}
	recorded(t, m, "DeadReplicationGroupMemberWithReplicas", target)
	log, err := m.store.AuditLog(t.Context(), store.AuditFilter{})
	if err != nil || !slices.ContainsFunc(log, func(a store.AuditRow) bool {
		return a.Type == "recover-dead-replication-group-member-with-replicas" && a.Key == keyOf(lost)
	}) {
		t.Errorf("audit: %+v %v", log, err)
	}
}

func deadSecondary(t *testing.T) {
	c := group(t)
	m := startManager(t, c, settings{config: intermediates + audited})
	load := startLoad(t, c)
	if err := c.Node(1).Kill(); err != nil {
		t.Fatal(err)
	}
	guard(t, c, &m.returning)
	movedWithin(t, c, m, c.Node(1), load, c.Node(3), c.Node(4))
	if p, err := c.GroupPrimary(bounded(t)); err != nil || p != c.Node(0) {
		t.Errorf("the group's primary is %v (%v)", p, err)
	}
}

// deadGroupPrimary has the replicas below the primary. The group elects the next one itself.
func deadGroupPrimary(t *testing.T) {
	c := group(t)
	for _, n := range c.Nodes()[3:] {
		if err := n.Follow(bounded(t), c.Node(0)); err != nil {
			t.Fatal(err)
		}
	}
	m := startManager(t, c, settings{config: intermediates + audited})
	load := startLoad(t, c)
	if err := c.Node(0).Kill(); err != nil {
		t.Fatal(err)
	}
	guard(t, c, &m.returning)
	movedWithin(t, c, m, c.Node(0), load, c.Node(3), c.Node(4))
	elected, err := c.GroupPrimary(bounded(t))
	if err != nil || elected == nil || elected == c.Node(0) {
		t.Fatalf("the group's primary is %v (%v)", elected, err)
	}
	m.await(t, "the elected primary to be seen, and the cluster to bear its name", func() bool {
		i := m.observer.Instance(keyOf(c.Node(3)))
		return i.ClusterName == elected.Addr()
	})
	if open := writers(t.Context(), c); !slices.Equal(open, []string{elected.Addr()}) {
		t.Errorf("writable: %v, want %s alone", open, elected)
	}

	// The lost member returns and joins: nobody's role changes, and nobody is moved back.
	if err := c.Node(0).Restart(bounded(t)); err != nil {
		t.Fatal(err)
	}
	if err := c.Node(0).JoinGroup(bounded(t)); err != nil {
		t.Fatal(err)
	}
	m.await(t, "the lost member to be seen online", func() bool {
		i := m.observer.Instance(keyOf(c.Node(0)))
		return i.LastCheckValid() && i.Group.MemberState == "ONLINE" && i.ClusterName == elected.Addr()
	})
	if open := writers(t.Context(), c); !slices.Equal(open, []string{elected.Addr()}) {
		t.Errorf("writable: %v, want %s alone", open, elected)
	}
	if m.saw(recovery.Fenced) {
		t.Error("a member was closed for writing, which is the group's matter")
	}
}

// deadPrimaryOfLaggingGroup: a replica holds what the other members have not applied yet, so that none can take it. It is
// moved as soon as one can.
func deadPrimaryOfLaggingGroup(t *testing.T) {
	c := group(t)
	p, replica := c.Node(0), c.Node(3)
	if err := replica.Follow(bounded(t), p); err != nil {
		t.Fatal(err)
	}
	insert(t, p, 1, 10)
	m := startManager(t, c, settings{config: intermediates})
	catchesUp(t, m, c.Node(2), p)
	unlock := lockTables(t, c.Node(1), c.Node(2))
	insert(t, p, 11, 20)
	catchesUp(t, m, replica, p)
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	guard(t, c, &m.returning)
	m.await(t, "a first end of the recovery", func() bool { return m.saw(recovery.Finished) })
	if got, _ := m.first(recovery.Finished); strings.HasPrefix(got.Text, "successor") {
		t.Errorf("the replica was moved below a member that lacks what it holds: %s", got.Text)
	}
	unlock()
	var done store.Recovery
	m.await(t, "a successful recovery", func() bool {
		all, err := m.store.Recoveries(t.Context(), store.RecoveryFilter{})
		n := slices.IndexFunc(all, func(r store.Recovery) bool { return r.Successful && !r.End.IsZero() })
		if err == nil && n >= 0 {
			done = all[n]
		}
		return err == nil && n >= 0
	})
	follows(t, replica, nodeAt(t, c, done.Successor.String()))
	var elected *sandbox.Node
	m.await(t, "a new primary of the group", func() bool {
		elected, _ = c.GroupPrimary(t.Context())
		if elected == nil || elected == p {
			return false
		}
		ro, err := elected.ReadOnly(t.Context())
		return err == nil && !ro
	})
	insert(t, elected, 21, 30)
	same(t, c, m, elected)
}

// lockTables holds what is applied to the load's table up on servers, until unlock.
func lockTables(t *testing.T, nodes ...*sandbox.Node) (unlock func()) {
	t.Helper()
	var holders []*sql.Conn
	for _, n := range nodes {
		holder, err := n.DB(sandbox.UserAdmin).Conn(bounded(t))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := holder.ExecContext(t.Context(), "LOCK TABLES "+sandbox.Database+"."+sandbox.LoadTable+" READ"); err != nil {
			t.Fatal(err)
		}
		holders = append(holders, holder)
	}
	return func() {
		t.Helper()
		for _, holder := range holders {
			if _, err := holder.ExecContext(t.Context(), "UNLOCK TABLES"); err != nil {
				t.Error(err)
			}
			if err := holder.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// outsideItsGroup has a member start again without joining its group. It looks like a read-only primary with replicas,
// and must not be opened beside the group; and when it dies, none of its replicas must be.
func outsideItsGroup(t *testing.T) {
	c := group(t)
	load := startLoad(t, c)
	if err := c.Node(1).Kill(); err != nil {
		t.Fatal(err)
	}
	if err := c.Node(1).Restart(bounded(t)); err != nil {
		t.Fatal(err)
	}
	for _, n := range c.Nodes()[3:] {
		follows(t, n, c.Node(1))
	}
	m := startManager(t, c, settings{config: intermediates + `, "RecoverNonWriteableMaster": true, "InstancePollSeconds": 1`, unsettled: true})
	guard(t, c, &m.returning)
	m.await(t, "the member outside to be seen", func() bool {
		i := m.observer.Instance(keyOf(c.Node(1)))
		return i != nil && i.LastCheckValid() && len(m.observer.Snapshot().Replicas(i.Key)) == 2
	})
	m.await(t, "it to be left alone", func() bool { return m.saw(recovery.Held) || m.saw(recovery.Began) })
	if open := writers(t.Context(), c); !slices.Equal(open, []string{c.Node(0).Addr()}) {
		t.Fatalf("writable: %v, want the group's primary alone", open)
	}
	if err := c.Node(1).Kill(); err != nil {
		t.Fatal(err)
	}
	m.await(t, "it to be found dead", func() bool { _, ok := m.found(c.Node(1), analysis.DeadPrimary); return ok })
	began := time.Now()
	m.await(t, "several seconds", func() bool { return time.Since(began) > 3*time.Second })
	if open := writers(t.Context(), c); !slices.Equal(open, []string{c.Node(0).Addr()}) {
		t.Errorf("writable: %v, want the group's primary alone", open)
	}
	load.Stop()
	if held, ok := m.first(recovery.Held); !ok || !strings.Contains(held.Text, "outside replication group") || m.saw(recovery.Began) {
		t.Errorf("held: %t %q; begun: %t", ok, held.Text, m.saw(recovery.Began))
	}
}
