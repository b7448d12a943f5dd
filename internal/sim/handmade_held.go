package sim

import (
	"time"

	"orchestrator/internal/recovery"
)

// held are orderings in which what a server holds, or below whom it stands, is another matter than was seen of it last.
func held() []Expected {
	opens := set(1, func(s *ServerSpec) { s.OpensOnRestart = true })
	long := func(sc Scenario) Scenario { sc.Until = 110 * sec; return sc }
	unseen := semi("a replica has just been pointed at the new primary when that is lost", cluster(3, set(4, func(s *ServerSpec) { s.Apply = 150 * time.Millisecond })),
		at(12*sec, Kill("db1")), when("db3:3306: replicate from db2:3306: done", 0, Kill("db2")))
	received := semi("the old primary comes back open while nobody leads, and a replica receives from it", cluster(2, opens),
		at(11*sec, Kill("db3")), at(12*sec, Kill("db1")), when(": open for writing", 0, CrashLeader), at(14*sec, Restart("db3")), at(15*sec, Restart("db1")), at(25*sec, RestartManagers))
	away := semi("a replica that waits to be moved is restarted below the old primary, which has come back open", cluster(2, opens),
		at(12*sec, PowerOff("db1")), when(": open for writing", 0, Freeze("db3")), at(20*sec, Restart("db1"), Kill("db3"), Restart("db3")))
	beside := long(semi("the last replica is far behind, and a former primary stands beside it that nobody could take back", cluster(2, set(3, func(s *ServerSpec) { s.Delay = 30 * sec })),
		at(12*sec, Kill("db1")), at(30*sec, Kill("db2"), Kill("db3")), at(32*sec, Restart("db1")), at(40*sec, Restart("db3"))))
	moved := with(semi("leader and former primary die right after a takeover, and then the new primary", cluster(2), at(12*sec, TakeOver(recovery.GracefulTakeoverAuto, "db1", "db2")),
		when("finished: ", 0, CrashLeader, Kill("db1")), at(13*sec, Kill("db2")), at(40*sec, Restart("db1"))), func(sc *Scenario) { sc.Managers, sc.Until = 2, 100*sec })
	silent := semi("the old primary is restarted open while its answers are dropped, and its closing is forgotten with it", cluster(1, opens),
		at(12*sec, func(w *World) { w.oneWay("db1", false, w.cut) }), at(20*sec, Kill("db1")), at(28*sec, Restart("db1")), at(34*sec, func(w *World) { w.oneWay("db1", false, w.heal) }))
	hangs := semi("the backend hangs in the moment when the old primary is written down as lost", cluster(2, opens), at(12*sec, Kill("db1")),
		when(": open for writing", time.Millisecond, BackendHangs(true)), when(": open for writing", 1200*time.Millisecond, BackendHangs(false)),
		at(20*sec, CrashManager(1), Kill("db2")), at(22*sec, Restart("db1"), Restart("db2")), at(30*sec, RestartManager(1)))
	wrote := with(semi("a former primary without credentials is restarted open and written to, and its source dies", cluster(2, opens), at(12*sec, TakeOver(recovery.GracefulTakeoverAuto, "db1", "db2")),
		at(20*sec, Kill("db1")), at(21*sec, Restart("db1")), at(30*sec, Kill("db2"))), func(sc *Scenario) { sc.MariaDB, sc.NoQuery = true, true })
	return []Expected{
		{Scenario: unseen, Primary: "db3 db4", Promotions: 2},
		{Scenario: maria(unseen), Primary: "db3 db4", Promotions: 2},
		{Scenario: received, Primary: "db2", Promotions: 1, Roles: map[string]string{"db3": "below //db1"}, MayLose: true},
		{Scenario: maria(received), Primary: "db2", Promotions: 1, Roles: map[string]string{"db3": "below //db1"}, MayLose: true},
		{Scenario: away, Primary: "db2", Promotions: 1},
		{Scenario: maria(away), Primary: "db2", Promotions: 1},
		{Scenario: beside, Primary: "db3", Promotions: 2, Roles: map[string]string{"db1": "below db3|closed"}, MayLose: true},
		{Scenario: maria(beside), Primary: "db3", Promotions: 2, Roles: map[string]string{"db1": "below db3|closed"}, MayLose: true},
		{Scenario: moved, Primary: "db3", Promotions: 2, Roles: map[string]string{"db1": "below db3"}},
		{Scenario: silent, Primary: "db2", Promotions: 1, Roles: map[string]string{"db1": "closed|below db2"}},
		{Scenario: hangs, Primary: "", Promotions: 1, Roles: map[string]string{"db1": "closed", "db3": "below db2"}},
		{Scenario: wrote, Primary: "", Promotions: 2, Roles: map[string]string{"db1": "below db3", "db3": "open"}},
	}
}
