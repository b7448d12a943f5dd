package fidelity

import "orchestrator/internal/topology"

// candidates are replicas that differ when their primary is lost.
func candidates() []Script {
	prefer2, not3 := rule(2, topology.PreferPromote), rule(3, topology.PreferNotPromote)
	return []Script{
		semi("the best replica must not be promoted", cluster(2, rule(2, topology.MustNotPromote)), []Step{Write(5), Kill("db1"), Settle(), Write(5)},
			"db1: gone, lost", "db2: closed, below db3", "db3"+waits),
		semi("no replica may be promoted", cluster(2, rule(2, topology.MustNotPromote), rule(3, topology.MustNotPromote)), []Step{Write(5), Kill("db1")},
			"db1: gone", "db2: closed, below db1, receiver connecting", "db3: closed, below db1, receiver connecting"),
		semi("another replica is preferred", cluster(2, rule(3, topology.PreferPromote)), []Step{Write(5), Kill("db1"), Settle(), Write(5)},
			"db1: gone, lost", "db2: closed, below db3", "db3"+waits),
		async("the preferred replica has received less", cluster(2, prefer2), []Step{Write(5), StopReceiver("db2"), Write(5), Kill("db1"), Settle(), Write(5)},
			"db2: open", "db3: closed, below db2"),
		async("the preferred replica has received and not applied", cluster(2, prefer2), []Step{Write(5), StopApplier("db2"), Write(5), Kill("db1"), Settle(), Write(5)},
			"db2: open", "db3: closed, below db2"),
		async("a replica that is not promoted has received and not applied", cluster(2, not3), []Step{Write(5), StopApplier("db3"), Write(5), Kill("db1")},
			"db2: open", "db3: closed, below db2"),
		async("a replica that is not promoted has received less", cluster(2, not3), []Step{Write(5), StopReceiver("db3"), Write(5), Kill("db1")},
			"db2: open"),
		async("replication of one replica was stopped by hand", cluster(2, not3), []Step{Write(5), StopReceiver("db3"), StopApplier("db3"), Write(5), Kill("db1")},
			"db2: open"),
		async("the only replica has received and not applied", cluster(1), []Step{Write(5), StopApplier("db2"), Write(5), Kill("db1")},
			"db2: open"),
		position("the preferred replica has received and not applied, by file and position", cluster(2, prefer2),
			[]Step{Write(5), StopApplier("db2"), Write(5), Kill("db1")}, "db2: open"),
		position("a replica has received less, by file and position", cluster(2), []Step{Write(5), StopReceiver("db2"), Write(5), Kill("db1")},
			"db2: closed, below db3", "db3: open"),
		async("a replica delays by an hour", cluster(2, delayed(2, hour)), []Step{Write(5), Kill("db1")},
			"db2: closed, below db3, delayed by 1h0m0s", "db3: open"),
		async("the applier of the best replica is broken", cluster(2), []Step{Write(5), BreakApplier("db2"), Write(1), Kill("db1")},
			"db2: closed, below db3, applier stopped, error 1062", "db3: open"),
		only(MySQL, async("the best replica has an errant transaction", cluster(2, prefer2), []Step{Write(5), Errant("db2"), Settle(), Kill("db1")},
			"db2: open", "db3: closed, below db2")),
		only(MariaDB, async("the best replica has an errant transaction, and gives way", cluster(2, prefer2), []Step{Write(5), Errant("db2"), Settle(), Kill("db1")},
			"db2: closed, below //db1, receiver stopped, applier stopped, errant, lost", "db3: open")),
		only(MySQL, async("a replica that is not promoted has an errant transaction", cluster(2, prefer2), []Step{Write(5), Errant("db3"), Settle(), Kill("db1")},
			"db2: open", "db3: closed, below db2, errant", "found: ErrantGTIDStructureWarning of db2")),
		only(MariaDB, async("a replica that is not promoted has an errant transaction, and is left behind", cluster(2, prefer2), []Step{Write(5), Errant("db3"), Settle(), Kill("db1")},
			"db2: open", "db3: closed, below //db1, receiver stopped, applier stopped, errant, lost")),
		async("replication of all replicas was stopped by hand", cluster(2),
			[]Step{Write(5), StopReceiver("db2"), StopReceiver("db3"), Settle(), Kill("db1")},
			"db2: open", "db3: closed, below db2"),
	}
}
