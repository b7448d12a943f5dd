package failover

import (
	"time"

	"orchestrator/internal/topology"
)

// intermediateSituations are of the tree g → f → r…, with f lost and s… beside it.
func intermediateSituations() []picture {
	lost := func(change ...func(*topology.Instance)) *topology.Instance {
		f := follower("f", "g", has(100, 100), down)
		for _, c := range change {
			c(f)
		}
		return f
	}
	named := func(name string, servers ...*topology.Instance) picture {
		return picture{
			name: "intermediate: " + name, planner: DeadIntermediate, servers: servers,
			request: Request{Failed: at("f"), Operation: "DeadIntermediateMaster"},
		}
	}
	with := func(policy Policy, s picture) picture { s.policy = policy; return s }
	still := func(s picture) picture { s.noChange = true; return s }
	designating := func(host string, s picture) picture { s.request.Designated = at(host); return s }
	quiet := func(host string, s picture) picture {
		s.request.Quiet = map[topology.Key]bool{at(host): true}
		return s
	}
	two := func(change ...func(*topology.Instance)) []*topology.Instance {
		return []*topology.Instance{orphan("r1", "f", change...), orphan("r2", "f", change...)}
	}
	and := func(rs []*topology.Instance, more ...*topology.Instance) []*topology.Instance {
		return append(more, rs...)
	}
	filtered := func(i *topology.Instance) { i.Channel.HasFilters = true }
	ownOf := func(i *topology.Instance) { // f wrote this itself
		i.ExecutedSet += "," + lost().ServerUUID + ":1-3"
	}
	// At rest everything that g has logged has arrived everywhere.
	restingTop := top("g", self(200))
	resting := func() *topology.Instance { return lost(coordinates("g-bin.000003", 200, 200), self(300)) }
	atEnd := func(name string) *topology.Instance {
		return orphan(name, "f", coordinates("f-bin.000003", 300, 300), self(500))
	}
	return []picture{
		named("a sibling nearby takes all", and(two(), top("g"), lost(), follower("s1", "g"))...),
		named("the more advanced sibling", and(two(), top("g"), lost(), follower("s1", "g"), follower("s2", "g", has(150, 150)))...),
		named("a wanted sibling", and(two(), top("g"), lost(), follower("s1", "g", has(150, 150)), follower("s2", "g", wanted))...),
		named("a must_not sibling takes none", and(two(), top("g"), lost(), follower("s1", "g", forbidden))...),
		with(Policy{Ignored: func(k topology.Key) bool { return k.Hostname == "s1" }},
			named("an ignored sibling takes none", and(two(), top("g"), lost(), follower("s1", "g"))...)),
		named("a sibling that does not replicate", and(two(), top("g"), lost(), replica("s1", under("g"), connecting))...),
		named("a sibling with filters", and(two(), top("g"), lost(), follower("s1", "g", filtered))...),
		named("a sibling that lacks what the lost one had", and(two(has(80, 80)), top("g"), lost(), follower("s1", "g", has(90, 90)))...),
		named("a sibling that lacks what one replica has", top("g"), lost(), follower("s1", "g", has(103, 103)), orphan("r1", "f", has(105, 104)), orphan("r2", "f")),
		named("a second sibling takes what the first cannot", top("g"), lost(), follower("s1", "g", wanted, has(103, 103)), follower("s2", "g", has(110, 110)),
			orphan("r1", "f", has(105, 105)), orphan("r2", "f")),
		named("a sibling has purged what a replica lacks", top("g"), lost(), follower("s1", "g", purged("1-95")), orphan("r1", "f", has(90, 90)), orphan("r2", "f")),
		named("the best replica leads", and(two(), top("g"), lost(), orphan("r3", "f", has(105, 105)))...),
		named("a wanted replica leads those that it can", top("g"), lost(), orphan("r1", "f", has(105, 105)), orphan("r2", "f", wanted), orphan("r3", "f")),
		named("a replica that logs nothing does not lead", top("g"), lost(),
			orphan("r1", "f", has(105, 105), func(i *topology.Instance) { i.LogReplicaUpdates = false }), orphan("r2", "f"), orphan("r3", "f")),
		named("the only replica goes below the source", top("g"), lost(), orphan("r1", "f")),
		named("the only replica goes to a sibling elsewhere", top("g"), lost(), follower("s1", "g", dc("dc2")), orphan("r1", "f")),
		named("replicas lead before a sibling elsewhere", and(two(), top("g"), lost(), follower("s1", "g", dc("dc2"), has(150, 150)))...),
		named("another environment is elsewhere", top("g"), lost(), follower("s1", "g", func(i *topology.Instance) { i.PhysicalEnvironment = "test" }), follower("s2", "g"), orphan("r1", "f")),
		named("guards of the primary do not count", top("g"), lost(dc("dc2")), follower("s1", "g"), orphan("r1", "f", dc("dc2"))),
		named("an unreachable replica", top("g"), lost(), follower("s1", "g"), orphan("r1", "f"), orphan("r2", "f", down)),
		named("the source is lost too", and(two(), top("g", down), lost(), follower("s1", "g"))...),
		still(named("the source is lost and nobody is beside", and(two(), top("g", down), lost())...)),
		still(named("the source is not known", and(two(), lost())...)),
		still(named("the lost server is not known", two()...)),
		still(named("what the lost server wrote itself is nowhere", and(two(ownOf), top("g"), lost(ownOf), follower("s1", "g"))...)),
		named("a sibling of a higher version", top("g"), lost(), follower("s1", "g", version("8.4.2")), orphan("r1", "f"), orphan("r2", "f", version("8.4.2"))),
		with(Policy{PostponeDelayed: time.Minute}, named("a delayed replica goes last", top("g"), lost(), follower("s1", "g"), orphan("r1", "f", delayed(3600)), orphan("r2", "f"))),
		named("a broken applier moves where nothing is missing", top("g"), lost(), follower("s1", "g", has(120, 120)),
			orphan("r1", "f", has(110, 90), func(i *topology.Instance) { i.Channel.LastSQLErrno = 1062 })),
		named("a source whose applier is broken has only what it applied", lost(), top("g", under("p"), has(100, 100), func(i *topology.Instance) {
			i.Channel.RetrievedSet, i.Channel.LastSQLErrno = primaryUUID+":1-200", 1062
		}), orphan("r1", "f"), orphan("r2", "f", has(110, 110))),
		named("the lost server answers but its replicas cannot connect", and(two(), top("g"), follower("f", "g", has(150, 150)), follower("s1", "g"))...),
		named("MariaDB", and(two(mariadb("0-1-100", "0-1-90")), top("g", mariadb("", ""), func(i *topology.Instance) { i.ExecutedSet = "0-1-200" }),
			lost(mariadb("0-1-100", "0-1-100")), follower("s1", "g", mariadb("0-1-120", "0-1-110")))...),
		named("MariaDB source whose applier is broken", lost(mariadb("0-1-100", "0-1-100")), top("g", under("p"), mariadb("0-1-200", "0-1-100"), func(i *topology.Instance) {
			i.Channel.LastSQLErrno = 1062
		}), orphan("r1", "f", mariadb("0-1-100", "0-1-100")), orphan("r2", "f", mariadb("0-1-110", "0-1-110"))),
		named("MariaDB source that has dropped its relay log", lost(mariadb("0-1-100", "0-1-100")), top("g", under("p"), mariadb("0-1-200", "0-1-100"), func(i *topology.Instance) {
			i.Channel.IOThread, i.Channel.SQLThread = topology.ThreadStopped, topology.ThreadStopped
		}), orphan("r1", "f", mariadb("0-1-100", "0-1-100")), orphan("r2", "f", mariadb("0-1-110", "0-1-110"))),
		named("MariaDB with another history", top("g", mariadb("", ""), func(i *topology.Instance) { i.ExecutedSet, i.BinlogState = "0-1-200", "0-1-200" }),
			lost(mariadb("0-1-100", "0-1-100")), orphan("r1", "f", mariadb("0-9-100", "0-9-100")), orphan("r2", "f", mariadb("0-1-100", "0-1-100"))),
		named("by position at rest", restingTop, resting(), atEnd("r1"), atEnd("r2"),
			follower("s1", "g", coordinates("g-bin.000003", 200, 200), self(400))),
		named("by position at rest without a sibling", restingTop, resting(), atEnd("r1"), atEnd("r2")),
		named("by position a sibling that was not at rest", restingTop, resting(), atEnd("r1"),
			follower("s1", "g", coordinates("g-bin.000003", 200, 200), self(400), func(i *topology.Instance) { i.Check = restingTop.Check })),
		named("by position one that has something to apply does not lead", restingTop, resting(), atEnd("r2"),
			orphan("r1", "f", wanted, coordinates("f-bin.000003", 300, 290), self(490))),
		named("by position only those that have it all", restingTop, resting(), atEnd("r1"), orphan("r2", "f", coordinates("f-bin.000003", 290, 290))),
		still(named("by position not at rest", top("g", self(201)), resting(), atEnd("r1"), atEnd("r2"))),
		quiet("r1", named("by position one that was stopped goes on", top("g", self(201)), resting(), atEnd("r1"), atEnd("r2"))),
		designating("s2", named("the designated sibling", and(two(), top("g"), lost(), follower("s1", "g", wanted), follower("s2", "g", dc("dc2")))...)),
		designating("g", named("the designated source", and(two(), top("g"), lost(), follower("s1", "g"))...)),
		designating("r2", named("the designated replica", and(two(), top("g"), lost())...)),
		designating("s1", named("the designated sibling is barred", and(two(), top("g"), lost(), follower("s1", "g", forbidden))...)),
		designating("x", named("a designated stranger", and(two(), top("g"), lost(), follower("s1", "g"))...)),
		named("a binlog server is lost and another one goes on", top("g", self(200)), lost(relay, coordinates("g-bin.000003", 200, 200)),
			follower("s1", "g", relay, coordinates("g-bin.000003", 200, 200)), follower("s2", "g"),
			orphan("r1", "f", coordinates("g-bin.000003", 200, 200)), orphan("r2", "f", coordinates("g-bin.000003", 190, 190)), orphan("b3", "f", relay, coordinates("g-bin.000003", 150, 150))),
		named("a binlog server that must not takes none", top("g", self(200)), lost(relay, coordinates("g-bin.000003", 200, 200)),
			follower("s1", "g", relay, forbidden, coordinates("g-bin.000003", 200, 200)), orphan("r1", "f", coordinates("g-bin.000003", 200, 200))),
		named("a source that replicates from a replica", follower("g", "r1", has(200, 200)), lost(), orphan("r1", "f"), orphan("r2", "f")),
		named("a binlog server is lost and its source goes on", top("g", self(200)), lost(relay, coordinates("g-bin.000003", 200, 200)), orphan("r1", "f", coordinates("g-bin.000003", 180, 180))),
		still(named("a binlog server below a lost replica", top("g"), lost(), orphan("b1", "f", relay))),
		still(named("no replicas", top("g"), lost())),
	}
}

// groupSituations are of a group of m1, m2, m3 with m1 lost and replicas below it.
func groupSituations() []picture {
	named := func(name string, servers ...*topology.Instance) picture {
		return picture{
			name: "group member: " + name, planner: DeadGroupMember, servers: append(servers, replica("m1", member("ONLINE", "SECONDARY"), down)),
			request: Request{Failed: at("m1"), Operation: "DeadReplicationGroupMemberWithReplicas"},
		}
	}
	still := func(s picture) picture { s.noChange = true; return s }
	designating := func(host string, s picture) picture { s.request.Designated = at(host); return s }
	online := func(name string, change ...func(*topology.Instance)) *topology.Instance {
		i := replica(name, member("ONLINE", "SECONDARY"))
		for _, c := range change {
			c(i)
		}
		return i
	}
	return []picture{
		named("the first of equal ones", online("m2"), online("m3"), orphan("r1", "m1"), orphan("r2", "m1")),
		named("the most advanced", online("m2"), online("m3", executed("150")), orphan("r1", "m1")),
		named("one nearby before a more advanced one", online("m2"), online("m3", executed("150"), dc("dc2")), orphan("r1", "m1")),
		named("one that is further takes what is missing nearby", online("m2"), online("m3", executed("150"), dc("dc2")), orphan("r1", "m1", has(120, 120)), orphan("r2", "m1")),
		named("not one that recovers", replica("m2", member("RECOVERING", "SECONDARY"), executed("150")), online("m3"), orphan("r1", "m1")),
		named("not one that cannot be reached", online("m2", executed("150"), down), online("m3"), orphan("r1", "m1")),
		named("not one that must not", online("m2", executed("150"), forbidden), online("m3"), orphan("r1", "m1")),
		designating("m3", named("the designated one", online("m2", executed("150")), online("m3"), orphan("r1", "m1"))),
		designating("m2", named("the designated one is not online", replica("m2", member("ERROR", "")), online("m3"), orphan("r1", "m1"))),
		still(named("nobody", orphan("r1", "m1"))),
		still(named("a replica by position", online("m2"), orphan("r1", "m1", filePosition))),
		named("an unreachable replica", online("m2"), online("m3"), orphan("r1", "m1"), orphan("r2", "m1", down)),
		still(named("all lag behind the replica", online("m2", executed("90")), online("m3", executed("95")), orphan("r1", "m1"))),
	}
}
