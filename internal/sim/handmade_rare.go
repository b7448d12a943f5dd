package sim

import (
	"time"

	"orchestrator/internal/recovery"
)

// rare are orderings of which only one in some thousands of random scenarios has one, each as small as it gets.
func rare() []Expected {
	read := semi("the successor is read again and loses power before its receiver has ended and it has forgotten its source", cluster(2),
		at(13*sec, PowerOff("db1")), when(": open for writing", 1800*time.Millisecond, PowerOff("db2")))
	alone := semi("only the manager cannot reach the primary, and is cut off itself in the moment when replicas connect to it anew", cluster(2),
		at(12*sec, Cut("m1", "db1"), Cut("db1", "m1")), when("m1: start receiving", 8400*time.Microsecond, Isolate("m1")), when("m1: start receiving", 3*sec, Rejoin("m1"), Cut("m1", "db1"), Cut("db1", "m1")))
	begins := semi("a manager begins when the old primary has come back open and a replica does not answer", cluster(2, set(1, func(s *ServerSpec) { s.OpensOnRestart = true })),
		at(11*sec, PowerOff("db3")), at(12*sec, Kill("db1")), at(20*sec, CrashManager(1)), at(22*sec, Restart("db1")), at(30*sec, RestartManager(1)))
	again := with(semi("an old primary that was closed on its return is started again, and comes back open, before its recovery has ended",
		cluster(2, set(1, func(s *ServerSpec) { s.OpensOnRestart = true }), set(3, func(s *ServerSpec) { s.Apply = 400 * time.Millisecond })),
		at(12*sec, Isolate("db1", "app1")), at(20*sec, Rejoin("db1", "app1")), at(24*sec, Kill("db1")), at(26*sec, Restart("db1"))),
		func(sc *Scenario) { sc.NetTimeout = 4 * sec })
	replica := semi("a takeover by a replica that is open, which is closed first, fails", cluster(2),
		at(10*sec, Open("db2", true), SlowApplier("db2", 2*sec)), at(12*sec, TakeOver(recovery.GracefulTakeoverAuto, "db1", "db2")))
	written := with(semi("a former primary that its option file opens as a replica is written to until waiting for acknowledgements times out, and has to take over",
		cluster(1, set(1, func(s *ServerSpec) { s.OpensOnRestart = true })), at(12*sec, Kill("db1")), at(15*sec, Restart("db1")), at(25*sec, Kill("db1")), at(27*sec, Restart("db1")), at(40*sec, PowerOff("db2"))),
		func(sc *Scenario) { sc.SemiSyncTimeout, sc.Until = 2*sec, 110*sec })
	below := cluster(3, set(4, func(s *ServerSpec) { s.Source = "db2" }))
	answered := with(semi("the successor is lost for good right after it has said that it is open, and the old primary is back, closed", below,
		at(12*sec, Kill("db1")), when(": open for writing", 300*time.Microsecond, PowerOff("db2")), at(15*sec, Restart("db1"))), func(sc *Scenario) { sc.Until = 150 * sec })
	unheard := with(semi("the successor is lost for good in the moment of its opening, and the old primary is back, closed", below,
		at(12*sec, Kill("db1")), when(": open for writing", 0, PowerOff("db2")), at(15*sec, Restart("db1"))), func(sc *Scenario) { sc.Until = 150 * sec })
	opens := cluster(2, set(1, func(s *ServerSpec) { s.OpensOnRestart = true }))
	left := func(sc *Scenario) { sc.Settings = `"AutoRejoin": "off"` }
	started := with(semi("an old primary is closed right after its start, and started anew, open, within the same second", opens,
		at(12*sec, Kill("db1")), at(20*sec, Restart("db1")), when("fenced: ", 100*time.Millisecond, Kill("db1")), when("fenced: ", 400*time.Millisecond, Restart("db1"))), left)
	purpose := with(semi("somebody opens an old primary on purpose within the second in which it was started and closed", opens,
		at(12*sec, Kill("db1")), at(20*sec, Restart("db1")), when("fenced: ", 400*time.Millisecond, Open("db1", true))), func(sc *Scenario) { left(sc); sc.ByHand = true })
	silent := semi("an intermediate source is killed, and the sibling that is behind and shall take its replica hangs in that moment", cluster(3, set(4, func(s *ServerSpec) { s.Source = "db2" })),
		at(11*sec, SlowApplier("db3", 400*time.Millisecond)), at(12*sec, Kill("db2")), when("began: ", 0, Freeze("db3")), at(30*sec, SlowApplier("db3", 0), Thaw("db3")))
	return []Expected{
		{Scenario: silent, Primary: "db1", Promotions: 0, Roles: map[string]string{"db4": "below db1"}},
		{Scenario: maria(silent), Primary: "db1", Promotions: 0, Roles: map[string]string{"db4": "below db1"}},
		{Scenario: started, Primary: "db2", Promotions: 1, Roles: map[string]string{"db1": "closed"}},
		{Scenario: maria(started), Primary: "db2", Promotions: 1, Roles: map[string]string{"db1": "closed"}},
		{Scenario: purpose, Primary: "", Promotions: 1, Roles: map[string]string{"db1": "open", "db2": "open"}},
		{Scenario: answered, Primary: "db3 db4", Promotions: 2},
		{Scenario: unheard, Primary: "", Promotions: 1, Roles: map[string]string{"db1": "closed"}},
		{Scenario: written, Primary: "db1", Promotions: 2, MayLose: true},
		{Scenario: read, Primary: "db3", Promotions: 2},
		{Scenario: alone, Primary: "db1", Promotions: 0},
		{Scenario: maria(alone), Primary: "db1", Promotions: 0},
		{Scenario: begins, Primary: "db2", Promotions: 1, Roles: map[string]string{"db1": "closed"}},
		{Scenario: maria(begins), Primary: "db2", Promotions: 1, Roles: map[string]string{"db1": "closed"}},
		{Scenario: again, Primary: "db2", Promotions: 1},
		{Scenario: maria(again), Primary: "db2", Promotions: 1},
		{Scenario: replica, Primary: "", Promotions: 0, Roles: map[string]string{"db1": "open", "db2": "below db1", "db3": "below db1"}},
	}
}
