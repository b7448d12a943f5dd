package failover

import "orchestrator/internal/topology"

// semiSyncSituations are of the primary g and its replicas.
func semiSyncSituations() []picture {
	enough, exact := Policy{EnoughSemiSync: true}, Policy{ExactSemiSync: true}
	named := func(name, operation string, policy Policy, servers ...*topology.Instance) picture {
		return picture{
			name: "semi-sync: " + name, planner: SemiSync, policy: policy, servers: servers,
			request: Request{Failed: at("g"), Operation: operation},
		}
	}
	still := func(s picture) picture { s.noChange = true; return s }
	const locked, many = "LockedSemiSyncMaster", "MasterWithTooManySemiSyncReplicas"
	acksNot := func(i *topology.Instance) { acks(i); i.SemiSync.ReplicaStatus = false }
	goesOn := func(i *topology.Instance) { acks(i); i.SemiSync.ReplicaEnabled = false }
	sourceToo := func(i *topology.Instance) { i.SemiSync.SourceEnabled = true }
	return []picture{
		named("as many as are lacking", locked, enough, top("g", waits(2, 1)), follower("a", "g", priority(1), acks), follower("b", "g", priority(1)), follower("c", "g", priority(2))),
		named("others stay on where enough will do", locked, enough, top("g", waits(1, 0)), follower("a", "g", acks, func(i *topology.Instance) { i.SemiSync.ReplicaStatus = false }), follower("b", "g", priority(1))),
		named("exactly as many as are waited for", locked, exact, top("g", waits(1, 0)), follower("a", "g", priority(1)), follower("b", "g", priority(2)), follower("c", "g", acks)),
		named("priority then promotion rule then name", locked, enough, top("g", waits(1, 0)), follower("a", "g", priority(2)), follower("b", "g", priority(2), wanted), follower("c", "g", priority(1))),
		named("one that is on and acknowledges nothing", locked, enough, top("g", waits(1, 0)), follower("a", "g", priority(1), acksNot)),
		named("exactly those that acknowledge", locked, exact, top("g", waits(1, 0)), follower("a", "g", priority(2), acksNot), follower("b", "g", priority(1))),
		named("one that may never be promoted may acknowledge", locked, enough, top("g", waits(1, 0)), follower("a", "g", priority(1), forbidden)),
		named("a replica is no semi-sync source", locked, enough, top("g", waits(1, 0)), follower("a", "g", priority(1), sourceToo)),
		named("too few may acknowledge", locked, exact, top("g", waits(3, 1)), follower("a", "g", priority(1)), follower("b", "g", acks)),
		named("too few for what is lacking", locked, enough, top("g", waits(3, 0)), follower("a", "g", priority(1))),
		named("too many", many, exact, top("g", waits(1, 3)), follower("a", "g", priority(1), acks), follower("b", "g", priority(2), acks), follower("c", "g", acks)),
		named("too many and one goes on although it was switched off", many, exact, top("g", waits(1, 2)), follower("a", "g", priority(1), goesOn), follower("b", "g", priority(2), acks)),
		named("too many and one must come in", many, exact, top("g", waits(1, 2)), follower("a", "g", priority(1), acks), follower("b", "g", priority(2)), follower("c", "g", acks)),
		still(named("too many but asynchronous ones are needed", many, exact, top("g", waits(1, 2)), follower("a", "g", acks), follower("b", "g", acks))),
		still(named("the switches are off", locked, Policy{}, top("g", waits(1, 0)), follower("a", "g", priority(1)))),
		still(named("the exact switch is off", many, enough, top("g", waits(1, 2)), follower("a", "g", priority(1), acks), follower("b", "g", acks))),
		still(named("nobody may acknowledge", locked, enough, top("g", waits(1, 0)), follower("a", "g"), follower("b", "g", priority(1), down), replica("c", under("g"), connecting, priority(1)),
			follower("d", "g", func(i *topology.Instance) { i.SemiSyncPriority = 1 }))),
		still(named("the primary cannot be reached", locked, enough, top("g", waits(1, 0), down), follower("a", "g", priority(1)))),
		still(named("the primary waits for nobody", locked, enough, top("g", waits(0, 0)), follower("a", "g", priority(1)))),
		still(named("semi-sync is off on the primary", locked, exact, top("g"), follower("a", "g", priority(1)))),
		still(named("the primary is not known", locked, exact, follower("a", "g", priority(1)))),
		still(named("all is as it should be", locked, exact, top("g", waits(1, 1)), follower("a", "g", priority(1), acks))),
	}
}

// nonWriteableSituations are of the read-only primary g.
func nonWriteableSituations() []picture {
	on := Policy{OpenNonWriteable: true, SuperReadOnly: true}
	closed := func(i *topology.Instance) { i.ReadOnly = true }
	named := func(name string, policy Policy, servers ...*topology.Instance) picture {
		return picture{
			name: "non-writeable: " + name, planner: NonWriteable, policy: policy, servers: servers, noChange: true,
			request: Request{Failed: at("g"), Operation: "NoWriteableMasterStructureWarning"},
		}
	}
	opened := func(s picture) picture { s.noChange = false; return s }
	demoted := func(s picture) picture { s.request.DemotedLately = true; return s }
	left := func(i *topology.Instance) { i.Downtime = &topology.Downtime{Reason: topology.ReasonLostInRecovery} }
	return []picture{
		opened(named("it is opened", on, top("g", closed), follower("a", "g"))),
		opened(named("a binlog server is no writer", on, top("g", closed), follower("a", "g", relay, writable))),
		named("the switch is off", Policy{}, top("g", closed), follower("a", "g")),
		demoted(named("it was demoted lately", on, top("g", closed), follower("a", "g"))),
		named("it was left behind by a recovery", on, top("g", closed, left), follower("a", "g")),
		named("another one takes writes", on, top("g", closed), follower("a", "g", writable)),
		named("another one may take writes", on, top("g", closed), follower("a", "g", writable, down)),
		named("it takes writes already", on, top("g"), follower("a", "g")),
		named("it is no primary", on, follower("g", "x"), follower("a", "g")),
		named("it cannot be reached", on, top("g", closed, down), follower("a", "g")),
		named("it is not known", on, follower("a", "g")),
	}
}
