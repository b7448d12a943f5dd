package fidelity

import "orchestrator/internal/topology"

// losses are servers that are killed.
func losses() []Script {
	return []Script{
		semi("the primary is killed", cluster(2), []Step{Write(5), Kill("db1"), Settle(), Write(5)},
			"db1: gone, lost", "db2"+waits, "db3: closed, below db2"),
		async("the primary is killed, without semi-sync", cluster(2), []Step{Write(5), Kill("db1"), Settle(), Write(5)},
			"db1: gone, lost", "db2: open", "db3: closed, below db2"),
		position("the primary is killed where replicas go by file and position", cluster(2), []Step{Write(5), Kill("db1"), Settle(), Write(5)},
			"db1: gone, lost", "db2: open", "db3: closed, below db2"),
		semi("a primary with a single replica is killed", cluster(1), []Step{Write(5), Kill("db1")},
			"db1: gone, lost", "db2"+waits, "recovered: DeadMaster of db1: db2"),
		async("a primary without replicas is killed", cluster(0), []Step{Write(5), Kill("db1")},
			"db1: gone", "found: DeadMasterWithoutReplicas of db1"),
		semi("a replica is killed", cluster(2), []Step{Write(5), Kill("db3"), Settle(), Write(5)},
			"db1"+waits, "db2: closed, below db1", "db3: gone"),
		async("the only replica is killed", cluster(1), []Step{Write(5), Kill("db2"), Settle(), Write(5)},
			"db1: open", "db2: gone", "found: MasterSingleReplicaDead of db1"),
		semi("primary and a replica are killed", cluster(2), []Step{Write(5), Kill("db3"), Kill("db1"), Settle()},
			"db1: gone, lost", "db2"+waits, "db3: gone, lost"),
		async("all servers are killed", cluster(2), []Step{Write(5), Kill("db2"), Kill("db3"), Kill("db1")},
			"db1: gone", "db2: gone", "db3: gone", "found: DeadMasterAndReplicas of db1"),
		semi("an intermediate source is killed", cluster(3, tiered), []Step{Write(5), Kill("db2"), Settle(), Write(5)},
			"db1"+waits, "db2: gone", "db4: closed, below db3"),
		async("the only intermediate source is killed", cluster(2, tiered), []Step{Write(5), Kill("db2"), Settle(), Write(5)},
			"db1: open", "db2: gone", "db3: closed, below db1"),
		semi("intermediate source and primary are killed", cluster(3, tiered), []Step{Write(5), Disable(), Kill("db2"), Settle(), Kill("db1"), Settle(), Enable()},
			"db3"+waits),
		semi("the primary of a tiered cluster is killed", cluster(3, tiered), []Step{Write(5), Kill("db1"), Settle(), Write(5)},
			"db1: gone, lost", "db2"+waits, "db3: closed, below db2", "db4: closed, below db2"),
		async("the replica at the lowest tier is killed", cluster(2, tiered), []Step{Write(5), Kill("db3"), Settle(), Write(5)},
			"db1: open", "db2: closed, below db1", "db3: gone"),
		semi("the primary is killed, and then its successor", cluster(2), []Step{Write(5), Kill("db1"), Settle(), Write(5), Kill("db2")},
			"db1: gone, lost", "db2: gone, lost", "db3"+waits),
		with("RecoveryPeriodBlockSeconds", 3600, semi("the successor is killed within the anti-flapping period", cluster(2),
			[]Step{Write(5), Kill("db1"), Settle(), Write(5), Kill("db2")},
			"db2: gone", "db3: closed, below db2, receiver connecting", "found: DeadMaster of db2")),
		with("RecoveryPeriodBlockSeconds", 3600, semi("the anti-flapping period ends when the recovery is acknowledged", cluster(2),
			[]Step{Write(5), Kill("db1"), Settle(), Kill("db2"), Settle(), Acknowledge()},
			"db2: gone, lost", "db3"+waits)),
		with("RecoverMasterClusterFilters", []string{}, semi("the primary is killed where nothing is recovered automatically", cluster(2),
			[]Step{Write(5), Kill("db1")},
			"db1: gone", "db2: closed, below db1, receiver connecting", "db3: closed, below db1, receiver connecting", "found: DeadMaster of db1")),
		with("RecoverMasterClusterFilters", []string{}, semi("a person asks for the recovery of a dead primary", cluster(2),
			[]Step{Write(5), Kill("db1"), Settle(), Recover("db1")},
			"db1: gone, lost", "db2"+waits, "db3: closed, below db2")),
	}
}

// silences are servers that hang.
func silences() []Script {
	return []Script{
		semi("the primary hangs", cluster(2), []Step{Write(5), Freeze("db1"), Settle(), Write(5)},
			"db1: hangs, lost", "db2"+waits, "db3: closed, below db2"),
		async("the primary hangs, without semi-sync", cluster(2), []Step{Write(5), Freeze("db1"), Settle(), Write(5)},
			"db1: hangs, lost", "db2: open", "db3: closed, below db2"),
		position("the primary hangs where replicas go by file and position", cluster(2), []Step{Write(5), Freeze("db1"), Settle(), Write(5)},
			"db1: hangs, lost", "db2: open", "db3: closed, below db2"),
		semi("the primary hangs for a moment only", cluster(2), []Step{Write(5), Freeze("db1"), Thaw("db1"), Write(5)},
			"db1"+waits, "db2: closed, below db1", "db3: closed, below db1"),
		semi("a replica hangs", cluster(2), []Step{Write(5), Freeze("db3"), Settle(), Write(5)},
			"db1"+waits, "db2: closed, below db1", "db3: hangs"),
		semi("a replica hangs and goes on", cluster(2), []Step{Write(5), Freeze("db3"), Settle(), Write(5), Thaw("db3"), Settle(), Write(5)},
			"db1"+waits, "db2: closed, below db1", "db3: closed, below db1"),
		semi("an intermediate source hangs", cluster(3, tiered), []Step{Write(5), Freeze("db2"), Settle(), Write(5)},
			"db1"+waits, "db2: hangs", "db4: closed, below db3"),
		semi("the primary hangs while a replica's applier stands still", cluster(2, rule(3, topology.PreferNotPromote)),
			[]Step{StopApplier("db3"), Write(5), Freeze("db1")}, "db1: hangs, lost", "db2"+waits),
	}
}
