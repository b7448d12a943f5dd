package analysis

import (
	"testing"
	"time"

	"orchestrator/internal/topology"
)

// situation is a fleet and what is to be said of its server db1.
type situation struct {
	name    string
	policy  func(*Policy)
	servers []*topology.Instance
	want    Code
}

func exactSemiSync(p *Policy)   { p.EnforceExactSemiSync = true }
func recoverReadOnly(p *Policy) { p.RecoverNonWriteable = true }

// inter is db1 as an intermediate source below db0.
func inter(options ...option) *topology.Instance {
	return server("db1", append([]option{below("db0"), depth(2)}, options...)...)
}

// ring is db1 as one of two co-primaries, with db2 as the other.
func ring(options ...option) *topology.Instance {
	return server("db1", append([]option{below("db2"), coPrimary, depth(0)}, options...)...)
}

var situations = []situation{
	// Row 1.
	{name: "dead primary, no replicas", servers: fleet(server("db1", unseen)), want: DeadPrimaryWithoutReplicas},
	{name: "half dead primary, no replicas", servers: fleet(server("db1", half)), want: DeadPrimaryWithoutReplicas},
	{name: "healthy primary, no replicas", servers: fleet(server("db1")), want: NoProblem},
	{name: "dead leaf replica", servers: fleet(server("db1", below("db0"), unseen)), want: NoProblem},
	{name: "dead primary with a detached source", servers: fleet(server("db1", below("//db0"), unseen)),
		want: DeadPrimaryWithoutReplicas},
	{name: "primary never seen", servers: fleet(server("db1", func(i *topology.Instance) { i.Check.Seen = time.Time{} })),
		want: DeadPrimaryWithoutReplicas},

	// Rows 2 to 4.
	{name: "dead primary, one replica cannot connect", servers: fleet(server("db1", unseen), replica("db2", failing)),
		want: DeadPrimary},
	{name: "dead primary, two replicas cannot connect",
		servers: fleet(server("db1", unseen), replica("db2", failing), replica("db3", failing)), want: DeadPrimary},
	{name: "dead primary, replica merely stopped", servers: fleet(server("db1", unseen), replica("db2", stopped)),
		want: DeadPrimary},
	{name: "dead primary, replica's applier stopped", servers: fleet(server("db1", unseen), replica("db2", applierStopped)),
		want: DeadPrimary},
	{name: "half dead primary, replica cannot connect", servers: fleet(server("db1", half), replica("db2", failing)),
		want: DeadPrimary},
	{name: "hanging probe of primary, replica cannot connect",
		servers: fleet(server("db1", hanging), replica("db2", failing)), want: DeadPrimary},
	{name: "dead primary that is downtimed", servers: fleet(server("db1", unseen, downtimed), replica("db2", failing)),
		want: DeadPrimary},
	{name: "dead primary whose replicas are downtimed",
		servers: fleet(server("db1", unseen), replica("db2", failing, downtimed)), want: DeadPrimary},
	{name: "dead primary and its only replica", servers: fleet(server("db1", unseen), replica("db2", unseen)),
		want: DeadPrimaryAndReplicas},
	{name: "dead primary and all of its replicas",
		servers: fleet(server("db1", unseen), replica("db2", unseen), replica("db3", unseen)), want: DeadPrimaryAndReplicas},
	{name: "dead primary, one replica dead, one cannot connect",
		servers: fleet(server("db1", unseen), replica("db2", unseen), replica("db3", failing)),
		want:    DeadPrimaryAndSomeReplicas},

	// Row 5.
	{name: "unreachable primary, all replicas lag",
		servers: fleet(server("db1", unseen), replica("db2", lag(11)), replica("db3", lag(60))),
		want:    UnreachablePrimaryWithLagging},
	{name: "half reachable primary, all replicas lag", servers: fleet(server("db1", half), replica("db2", lag(11))),
		want: UnreachablePrimaryWithLagging},
	{name: "unreachable primary, lag at the limit", servers: fleet(server("db1", unseen), replica("db2", lag(10))),
		want: UnreachablePrimary},
	{name: "unreachable primary, one replica does not lag",
		servers: fleet(server("db1", unseen), replica("db2", lag(11)), replica("db3")), want: UnreachablePrimary},
	{name: "unreachable primary, one lag unknown",
		servers: fleet(server("db1", unseen), replica("db2", lag(11)), replica("db3", applierStopped)),
		want:    UnreachablePrimary},
	{name: "unreachable primary, all replicas delayed",
		servers: fleet(server("db1", unseen), replica("db2", lag(60), delay(60))), want: UnreachablePrimary},
	{name: "unreachable primary, lagging and delayed replicas",
		servers: fleet(server("db1", unseen), replica("db2", lag(60), delay(60)), replica("db3", lag(11))),
		want:    UnreachablePrimaryWithLagging},
	{name: "unreachable primary, lagging replica is dead itself",
		servers: fleet(server("db1", unseen), replica("db2", lag(11), unseen), replica("db3", lag(11))),
		want:    UnreachablePrimaryWithLagging},
	{name: "reachable primary, all replicas lag", servers: fleet(server("db1"), replica("db2", lag(11))), want: NoProblem},

	// Rows 6 and 7.
	{name: "unreachable primary, replica replicates", servers: fleet(server("db1", unseen), replica("db2")),
		want: UnreachablePrimary},
	{name: "unreachable primary, one of two replicas replicates",
		servers: fleet(server("db1", unseen), replica("db2"), replica("db3", stopped)), want: UnreachablePrimary},
	{name: "half reachable primary, one of two replicas cannot connect",
		servers: fleet(server("db1", half), replica("db2"), replica("db3", failing)), want: UnreachablePrimary},
	{name: "half reachable primary, replica replicates", servers: fleet(server("db1", half), replica("db2")),
		want: NoProblem},
	{name: "half reachable primary, other replica merely stopped",
		servers: fleet(server("db1", half), replica("db2"), replica("db3", stopped)), want: NoProblem},
	{name: "hanging probe of primary, replica replicates", servers: fleet(server("db1", hanging), replica("db2")),
		want: NoProblem},

	// Rows 8 and 9.
	{name: "locked semi-sync primary", servers: fleet(server("db1", semiSync(true, 1, 0), staleFor(11*time.Second)),
		replica("db2")), want: LockedSemiSyncPrimary},
	{name: "locked semi-sync primary, without replicas",
		servers: fleet(server("db1", semiSync(true, 2, 1), staleFor(time.Hour))), want: LockedSemiSyncPrimary},
	{name: "semi-sync primary that stands still for too short", servers: fleet(
		server("db1", semiSync(true, 1, 0), staleFor(10*time.Second)), replica("db2")),
		want: LockedSemiSyncPrimaryHypothesis},
	{name: "semi-sync primary of which no standstill is known",
		servers: fleet(server("db1", semiSync(true, 1, 0)), replica("db2")), want: LockedSemiSyncPrimaryHypothesis},
	{name: "semi-sync primary with enough clients",
		servers: fleet(server("db1", semiSync(true, 1, 1), staleFor(time.Hour)), replica("db2")), want: NoProblem},
	{name: "semi-sync primary that has fallen back",
		servers: fleet(server("db1", semiSync(false, 1, 0), staleFor(time.Hour)), replica("db2")), want: NoProblem},
	{name: "semi-sync primary that wants none",
		servers: fleet(server("db1", semiSync(true, 0, 0), staleFor(time.Hour)), replica("db2")), want: NoProblem},
	{name: "intermediate source that looks locked",
		servers: fleet(inter(semiSync(true, 1, 0), staleFor(time.Hour)), replica("db2")), want: NoProblem},
	{name: "half reachable primary whose old status looks locked",
		servers: fleet(server("db1", half, semiSync(true, 1, 0), staleFor(time.Hour)), replica("db2")), want: NoProblem},
	{name: "primary whose status looks locked and is one failed probe old", servers: fleet(
		server("db1", half, semiSync(true, 1, 0), staleFor(time.Hour),
			func(i *topology.Instance) { i.Check.Seen = i.Check.Checked.Add(-5 * time.Second) }),
		replica("db2")), want: LockedSemiSyncPrimary},
	{name: "hanging probe of primary whose old status looks locked",
		servers: fleet(server("db1", hanging, semiSync(true, 1, 0), staleFor(time.Hour)), replica("db2")), want: NoProblem},

	// Row 10.
	{name: "too many semi-sync replicas", policy: exactSemiSync,
		servers: fleet(server("db1", semiSync(true, 1, 2)), replica("db2")), want: PrimaryWithTooManySemiSync},
	{name: "too many semi-sync replicas, not enforced",
		servers: fleet(server("db1", semiSync(true, 1, 2)), replica("db2")), want: NoProblem},
	{name: "just enough semi-sync replicas", policy: exactSemiSync,
		servers: fleet(server("db1", semiSync(true, 2, 2)), replica("db2")), want: NoProblem},
	{name: "too many semi-sync replicas, fallen back", policy: exactSemiSync,
		servers: fleet(server("db1", semiSync(false, 1, 2)), replica("db2")), want: NoProblem},

	// Row 11.
	{name: "read-only primary to be recovered", policy: recoverReadOnly,
		servers: fleet(server("db1", readOnly), replica("db2")), want: NoWriteablePrimary},
	{name: "read-only primary not to be recovered", servers: fleet(server("db1", readOnly), replica("db2")),
		want: NoProblem},
	{name: "read-only primary whose replica is stopped", policy: recoverReadOnly,
		servers: fleet(server("db1", readOnly), replica("db2", stopped)), want: PrimarySingleReplicaNotReplicating},
	{name: "read-only primary that is unreachable", policy: recoverReadOnly,
		servers: fleet(server("db1", readOnly, unseen), replica("db2")), want: UnreachablePrimary},
	{name: "read-only intermediate source", policy: recoverReadOnly,
		servers: fleet(inter(readOnly), replica("db2")), want: NoProblem},

	// Rows 12 to 15.
	{name: "single replica stopped", servers: fleet(server("db1"), replica("db2", stopped)),
		want: PrimarySingleReplicaNotReplicating},
	{name: "single replica replicates", servers: fleet(server("db1"), replica("db2")), want: NoProblem},
	{name: "single replica dead", servers: fleet(server("db1"), replica("db2", unseen)), want: PrimarySingleReplicaDead},
	{name: "both replicas stopped", servers: fleet(server("db1"), replica("db2", stopped), replica("db3", failing)),
		want: AllPrimaryReplicasNotReplicating},
	{name: "one of two replicas stopped", servers: fleet(server("db1"), replica("db2", stopped), replica("db3")),
		want: NoProblem},
	{name: "one replica stopped, one dead", servers: fleet(server("db1"), replica("db2", stopped), replica("db3", unseen)),
		want: AllPrimaryReplicasStoppedOrDead},
	{name: "both replicas dead", servers: fleet(server("db1"), replica("db2", unseen), replica("db3", unseen)),
		want: NoProblem},

	// Rows 16 to 19.
	{name: "dead co-primary", servers: fleet(ring(unseen), replica("db2", coPrimary, failing)), want: DeadCoPrimary},
	{name: "dead co-primary and one dead replica",
		servers: fleet(ring(unseen), replica("db2", coPrimary, failing), replica("db3", unseen)),
		want:    DeadCoPrimaryAndSomeReplicas},
	{name: "dead co-primary and all replicas", servers: fleet(ring(unseen), replica("db2", coPrimary, unseen)),
		want: DeadIntermediateAndReplicas},
	{name: "unreachable co-primary", servers: fleet(ring(unseen), replica("db2", coPrimary)), want: UnreachableCoPrimary},
	{name: "unreachable co-primary, all replicas lag", servers: fleet(ring(unseen), replica("db2", coPrimary, lag(11))),
		want: UnreachableCoPrimary},
	{name: "half reachable co-primary, all replicas lag", servers: fleet(ring(half), replica("db2", coPrimary, lag(11))),
		want: UnreachableIntermediateWithLagging},
	{name: "half reachable co-primary", servers: fleet(ring(half), replica("db2", coPrimary)), want: NoProblem},
	{name: "co-primary whose replicas are stopped",
		servers: fleet(ring(), replica("db2", coPrimary, stopped), replica("db3", stopped)),
		want:    AllCoPrimaryReplicasNotReplicating},
	{name: "co-primary whose replica is dead", servers: fleet(ring(), replica("db2", coPrimary, unseen)),
		want: AllCoPrimaryReplicasNotReplicating},
	{name: "healthy co-primary", servers: fleet(ring(), replica("db2", coPrimary)), want: NoProblem},
	{name: "co-primary known as such by its replica alone",
		servers: fleet(inter(unseen), replica("db2", coPrimary, failing)), want: DeadCoPrimary},

	// Rows 20 to 24.
	{name: "dead intermediate source, single replica cannot connect",
		servers: fleet(inter(unseen), replica("db2", failing)), want: DeadIntermediateSingleReplicaFailing},
	{name: "dead intermediate source, single replica stopped", servers: fleet(inter(unseen), replica("db2", stopped)),
		want: DeadIntermediateSingleReplica},
	{name: "dead intermediate source, single replica dead", servers: fleet(inter(unseen), replica("db2", unseen)),
		want: DeadIntermediateAndReplicas},
	{name: "dead intermediate source, two replicas stopped",
		servers: fleet(inter(unseen), replica("db2", stopped), replica("db3", failing)), want: DeadIntermediate},
	{name: "dead intermediate source, one replica dead",
		servers: fleet(inter(unseen), replica("db2", unseen), replica("db3", stopped)),
		want:    DeadIntermediateAndSomeReplicas},
	{name: "dead intermediate source and both replicas",
		servers: fleet(inter(unseen), replica("db2", unseen), replica("db3", unseen)), want: DeadIntermediateAndReplicas},

	// Rows 25 and 26.
	{name: "unreachable intermediate source, all replicas lag",
		servers: fleet(inter(unseen), replica("db2", lag(11)), replica("db3", lag(11))),
		want:    UnreachableIntermediateWithLagging},
	{name: "unreachable intermediate source, all replicas delayed",
		servers: fleet(inter(unseen), replica("db2", lag(60), delay(60))), want: UnreachableIntermediate},
	{name: "unreachable intermediate source", servers: fleet(inter(unseen), replica("db2"), replica("db3", stopped)),
		want: UnreachableIntermediate},
	{name: "half reachable intermediate source", servers: fleet(inter(half), replica("db2"), replica("db3", failing)),
		want: NoProblem},

	// Rows 27 and 28.
	{name: "intermediate source, both replicas cannot connect",
		servers: fleet(inter(), replica("db2", failing), replica("db3", failing)),
		want:    AllIntermediateReplicasFailingOrDead},
	{name: "intermediate source, one replica cannot connect, one dead",
		servers: fleet(inter(), replica("db2", failing), replica("db3", unseen)),
		want:    AllIntermediateReplicasFailingOrDead},
	{name: "intermediate source, one replica cannot connect, one stopped",
		servers: fleet(inter(), replica("db2", failing), replica("db3", stopped)), want: AllIntermediateReplicasStopped},
	{name: "intermediate source, single replica cannot connect", servers: fleet(inter(), replica("db2", failing)),
		want: AllIntermediateReplicasStopped},
	{name: "intermediate source, replica dead", servers: fleet(inter(), replica("db2", unseen)), want: NoProblem},
	{name: "intermediate source, both replicas dead",
		servers: fleet(inter(), replica("db2", unseen), replica("db3", unseen)), want: NoProblem},
	{name: "healthy intermediate source", servers: fleet(inter(), replica("db2")), want: NoProblem},

	// Rows 29 and 30.
	{name: "binlog server cannot connect", servers: fleet(inter(binlogServer, failing)),
		want: BinlogServerFailingToConnect},
	{name: "binlog server cannot connect and is first tier", servers: fleet(inter(binlogServer, failing, depth(1))),
		want: BinlogServerFailingToConnect},
	{name: "binlog server merely stopped", servers: fleet(inter(binlogServer, stopped)), want: NoProblem},
	{name: "first-tier replica cannot connect", servers: fleet(inter(failing, depth(1))),
		want: FirstTierReplicaFailingToConnect},
	{name: "first-tier replica that is dead could not connect", servers: fleet(inter(failing, unseen, depth(1))),
		want: FirstTierReplicaFailingToConnect},
	{name: "second-tier replica cannot connect", servers: fleet(inter(failing)), want: NoProblem},
	{name: "first-tier replica whose applier is stopped, too",
		servers: fleet(inter(failing, depth(1), func(i *topology.Instance) { i.Channel.SQLThread = topology.ThreadStopped })),
		want:    NoProblem},

	// Replication groups.
	{name: "dead group primary, replica stopped",
		servers: fleet(server("db1", unseen, member("PRIMARY", "ONLINE")), replica("db2", stopped)),
		want:    DeadGroupMemberWithReplicas},
	{name: "dead group secondary and its replica",
		servers: fleet(server("db1", unseen, member("SECONDARY", "ONLINE")), replica("db2", unseen)),
		want:    DeadGroupMemberWithReplicas},
	{name: "dead group member in error, replica stopped",
		servers: fleet(server("db1", unseen, member("SECONDARY", "ERROR")), replica("db2", stopped)),
		want:    DeadGroupMemberWithReplicas},
	{name: "dead group member, replica replicates",
		servers: fleet(server("db1", unseen, member("PRIMARY", "ONLINE")), replica("db2")), want: NoProblem},
	{name: "dead group member without replicas", servers: fleet(server("db1", unseen, member("PRIMARY", "ONLINE"))),
		want: NoProblem},
	{name: "reachable group member, replica stopped",
		servers: fleet(server("db1", member("PRIMARY", "ONLINE")), replica("db2", stopped)), want: NoProblem},
	{name: "dead primary that has left its group",
		servers: fleet(server("db1", unseen, member("PRIMARY", "OFFLINE")), replica("db2", stopped)), want: DeadPrimary},
	{name: "dead secondary that has left its group",
		servers: fleet(server("db1", unseen, member("SECONDARY", "OFFLINE")), replica("db2", stopped)),
		want:    DeadIntermediateSingleReplica},
}

func TestFailureCodes(t *testing.T) {
	for _, c := range situations {
		t.Run(c.name, func(t *testing.T) {
			p := usual()
			if c.policy != nil {
				c.policy(&p)
			}
			f := findingOf(t, p, "db1", c.servers...)
			if f.Code != c.want {
				t.Fatalf("code %s, want %s", f.Code, c.want)
			}
			if want := HandlingOf(c.want).Actionable(); f.Actionable != want {
				t.Errorf("actionable %v, want %v", f.Actionable, want)
			}
			if c.want != NoProblem && (f.Description == "" || len(f.Evidence) == 0) {
				t.Errorf("description %q and evidence %q must not be empty", f.Description, f.Evidence)
			}
		})
	}
}

func TestEveryFailureCodeIsProduced(t *testing.T) {
	produced := map[Code]bool{PrimaryWithoutReplicas: true} // by definition never
	for _, c := range situations {
		produced[c.want] = true
	}
	for _, c := range FailureCodes() {
		if !produced[c] {
			t.Errorf("no situation produces %s", c)
		}
	}
}

func TestReplicasAreFoundUnderEveryName(t *testing.T) {
	stoppedBelow := func(source string) *topology.Instance { return server("db2", below(source), stopped) }
	for _, c := range []struct {
		name    string
		resolve map[string]string
		primary *topology.Instance
		replica *topology.Instance
		want    Code
	}{
		{"own name", nil, server("db1", unseen), stoppedBelow("db1"), DeadPrimary},
		{"alias that resolves to the primary", map[string]string{"writer": "db1"}, server("db1", unseen),
			stoppedBelow("writer"), DeadPrimary},
		{"name that the primary's own name resolves to", map[string]string{"db1": "db1.example"}, server("db1", unseen),
			stoppedBelow("db1.example"), DeadPrimary},
		{"unknown alias, but the primary's UUID", nil, server("db1", unseen), server("db2", below("writer"), stopped,
			func(i *topology.Instance) { i.Channel.SourceUUID = "uuid-db1" }), DeadPrimary},
		{"unknown alias", nil, server("db1", unseen), stoppedBelow("writer"), DeadPrimaryWithoutReplicas},
		{"name that resolves to something nobody replicates from", map[string]string{"db1": "db1.example"},
			server("db1", unseen), stoppedBelow("db1"), DeadPrimary},
		{"other port", nil, server("db1", unseen), server("db2", below("db1"), stopped,
			func(i *topology.Instance) { i.Channel.Source.Port = 3307 }), DeadPrimaryWithoutReplicas},
	} {
		t.Run(c.name, func(t *testing.T) {
			top := topology.New(fleet(c.primary, c.replica), topology.Names{Resolved: c.resolve})
			for _, f := range Analyze(top, usual(), now) {
				if f.Key == key("db1") {
					if f.Code != c.want {
						t.Errorf("code %s, want %s", f.Code, c.want)
					}
					return
				}
			}
			t.Error("no finding for db1")
		})
	}
}

func TestOldChecks(t *testing.T) {
	old := func(i *topology.Instance) {
		year := 365 * 24 * time.Hour
		i.Check.Attempted, i.Check.Checked, i.Check.Seen = now.Add(-year), now.Add(-year), now.Add(-year)
	}
	live := usual()
	live.Live = true
	for _, c := range []struct {
		name           string
		policy         Policy
		servers        []*topology.Instance
		valid, tooOld  bool
		code           Code
		probingStopped bool
	}{
		{"stored rows however old are judged by their own stamps", usual(),
			fleet(server("db1", old), replica("db2", old, stopped)), true, false, PrimarySingleReplicaNotReplicating, false},
		{"stored rows of a dead primary", usual(),
			fleet(server("db1", old, unseenBy(time.Minute)), replica("db2", old, stopped)), false, false, DeadPrimary, false},
		{"live rows that are old prove nothing", live,
			fleet(server("db1", old), replica("db2", stopped)), false, true, DeadPrimary, true},
		{"live rows within the bound", live,
			fleet(server("db1"), replica("db2", stopped)), true, false, PrimarySingleReplicaNotReplicating, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := findingOf(t, c.policy, "db1", c.servers...)
			if f.LastCheckValid != c.valid || f.LastCheckTooOld != c.tooOld || f.Code != c.code {
				t.Errorf("valid %v, too old %v, code %s; want %v, %v, %s", f.LastCheckValid, f.LastCheckTooOld, f.Code,
					c.valid, c.tooOld, c.code)
			}
			if f.Has(ProbingStopped) != c.probingStopped {
				t.Errorf("additional codes %v", f.Additional)
			}
			if f.Actionable != (Actionable(c.code) && !c.tooOld) {
				t.Errorf("actionable %v: nobody may act on not having looked", f.Actionable)
			}
		})
	}
}

// unseenBy makes the last check a failed one, that much later than the last success.
func unseenBy(d time.Duration) option {
	return func(i *topology.Instance) { i.Check.Checked = i.Check.Seen.Add(d) }
}

func TestConnectErrors(t *testing.T) {
	for _, c := range []struct {
		name   string
		option option
		want   uint
	}{
		{"cannot connect", ioErrno(2003), 1},
		{"unknown host", ioErrno(2005), 1},
		{"gone away", ioErrno(2006), 1},
		{"connection lost", ioErrno(2013), 1},
		{"too many connections", ioErrno(1040), 1},
		{"access denied", ioErrno(1045), 1},
		{"host blocked", ioErrno(1129), 1},
		{"host not allowed", ioErrno(1130), 1},
		{"TLS", ioErrno(2026), 1},
		{"authentication plugin", ioErrno(2061), 1},
		{"reading a packet failed", ioErrno(1158), 1},
		{"log purged on the source", ioErrno(1236), 0},
		{"fatal error", ioErrno(1593), 0},
		{"no error at all", ioErrno(0), 0},
		{"text of old servers", ioText("error connecting to master 'repl@db1:3306' - retry-time: 60"), 1},
		{"text of old servers, again", ioText("error reconnecting to master 'repl@db1:3306'"), 1},
		{"text of new servers", ioText("Error connecting to source 'repl@db1:3306'. This was attempt 3/86400"), 1},
		{"other text", ioText("Got fatal error 1236 from master when reading data from binary log"), 0},
		{"text without the word error", ioText("connecting to master"), 0},
		{"number wins over text", func(i *topology.Instance) {
			ioText("error connecting to master 'repl@db1:3306'")(i)
			i.Channel.LastIOErrno = 1236
		}, 0},
		{"receiver runs", func(i *topology.Instance) { i.Channel.LastIOErrno = 2003 }, 0},
		{"applier stopped, too", func(i *topology.Instance) { stopped(i); i.Channel.LastIOErrno = 2003 }, 0},
		{"replica dead", func(i *topology.Instance) { ioErrno(2003)(i); unseen(i) }, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := findingOf(t, usual(), "db1", server("db1", unseen), replica("db2", c.option))
			if f.CountFailing != c.want {
				t.Errorf("%d replicas fail to connect, want %d", f.CountFailing, c.want)
			}
		})
	}
}
