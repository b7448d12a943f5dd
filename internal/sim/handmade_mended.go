package sim

import (
	"time"

	"orchestrator/internal/recovery"
)

// mended are orderings that random scenarios found the engine to be wrong in, each as small as it gets.
func mended() []Expected {
	delayed := func(s *ServerSpec) { s.Delay = 5 * sec }
	behind := semi("what a delayed replica has applied is fetched from it by one that was cut off for a while", cluster(2, set(2, delayed)),
		at(12*sec, Cut("db3", "db1"), Cut("db1", "db3")), at(25*sec, PowerOff("db1")), at(40*sec, Heal("db3", "db1"), Heal("db1", "db3")))
	hangs := semi("the successor hangs when it is to be opened, and the old primary is back when it goes on", cluster(2),
		at(12*sec, Freeze("db1")), when("semi-sync of the source: true", 0, Freeze("db2")), at(18*sec, Thaw("db1")), at(26*sec, Thaw("db2")))
	closed := semi("the leader dies right after the opening, and the successor is restarted closed before the next one leads", cluster(2),
		at(12*sec, Kill("db1")), when(": open for writing", 0, CrashLeader, Kill("db2")), at(14*sec, Restart("db2")), at(20*sec, RestartManagers))
	ahead := semi("a manager whose clock was an hour ahead is started again after the primary has died", cluster(2),
		at(8*sec, Jump(1, time.Hour)), at(20*sec, CrashManager(1), Kill("db1")), at(25*sec, RestartManager(1)))
	applies := semi("the primary is back while its successor still applies what it has received", cluster(1, set(2, func(s *ServerSpec) { s.Apply = 150 * time.Millisecond })),
		at(20*sec, Kill("db1")), at(22*sec, Restart("db1"), Open("db1", true)))
	unseen := semi("a takeover by a replica that has not noticed yet that nothing comes to it any more", cluster(2),
		at(12*sec, Cut("db1", "db2"), Cut("db2", "db1")), at(20*sec, TakeOver(recovery.GracefulTakeoverAuto, "db1", "db2")), at(50*sec, Heal("db1", "db2"), Heal("db2", "db1")))
	reopened := semi("an old primary that was closed on its return is killed and comes back open", cluster(2, set(1, func(s *ServerSpec) { s.OpensOnRestart = true })),
		at(12*sec, Isolate("db1", "app1")), at(25*sec, Rejoin("db1", "app1")), at(28*sec, Kill("db1")), at(40*sec, Restart("db1")))
	full := semi("the backend takes nothing until the recovery has ended", cluster(3), at(11*sec, Kill("db4")), at(12*sec, BackendFull(true), Kill("db1")),
		when("finished: ", 100*time.Millisecond, BackendFull(false)), at(30*sec, Restart("db4")))
	locked := semi("a former primary whose option file has it wait for acknowledgements is restarted as a replica, and has to take over", cluster(1),
		at(12*sec, Kill("db1")), at(15*sec, Restart("db1")), at(25*sec, Kill("db1")), at(27*sec, Restart("db1")), at(40*sec, Kill("db2")))
	long := func(sc Scenario) Scenario { sc.Until = 110 * sec; return sc }
	return []Expected{
		{Scenario: behind, Primary: "db3", Promotions: 1, Roles: map[string]string{"db2": "below db3"}},
		{Scenario: maria(behind), Primary: "db3", Promotions: 1, Roles: map[string]string{"db2": "below db3"}},
		{Scenario: hangs, Primary: "db1", Promotions: 0},
		{Scenario: maria(hangs), Primary: "db1", Promotions: 0},
		{Scenario: long(closed), Primary: "db2", Promotions: 2, Roles: map[string]string{"db3": "below db2"}},
		{Scenario: long(maria(closed)), Primary: "db2", Promotions: 2, Roles: map[string]string{"db3": "below db2"}},
		{Scenario: ahead, Primary: "db2 db3", Promotions: 1},
		{Scenario: applies, Primary: "db1", Promotions: 0, Roles: map[string]string{"db2": "below db1"}},
		{Scenario: maria(applies), Primary: "db1", Promotions: 0, Roles: map[string]string{"db2": "below db1"}},
		{Scenario: unseen, Primary: "db1", Promotions: 0, Roles: map[string]string{"db3": "below db1"}},
		{Scenario: reopened, Primary: "db2 db3", Promotions: 1},
		{Scenario: locked, Primary: "db1", Promotions: 2},
		{Scenario: full, Primary: "db2", Promotions: 1, Roles: map[string]string{"db4": "below db2"}},
	}
}
