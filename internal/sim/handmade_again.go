package sim

import (
	"time"

	"orchestrator/internal/recovery"
	"orchestrator/internal/topology"
)

// lostAgain are scenarios in which a successor is lost before the recovery that opened it has ended.
func lostAgain() []Expected {
	delayed := func(n int, d time.Duration) func([]ServerSpec) {
		return set(n, func(s *ServerSpec) { s.Delay = d })
	}
	long := func(sc Scenario) Scenario { sc.Until = 120 * sec; return sc }
	n := func(sc Scenario, managers int) Scenario { sc.Managers = managers; return sc }
	again := long(semi("the successor dies while a delayed replica is waited for, and the old primary takes its place again", cluster(2, delayed(3, 20*sec)),
		at(12*sec, Kill("db1")), at(14*sec, Restart("db1")), at(20*sec, Kill("db2")), at(24*sec, Restart("db2"))))
	power := semi("the successor's machine loses power right after it was opened", cluster(2), at(12*sec, Kill("db1")), when(": open for writing", 5*time.Millisecond, PowerOff("db2")))
	stray := long(semi("a replica that was away during the failover comes back below a primary that does not", cluster(2), at(11*sec, Kill("db3")), at(12*sec, Kill("db1")), at(30*sec, Restart("db3"))))
	return []Expected{
		{Scenario: again, Primary: "db1", Promotions: 2},
		{Scenario: maria(again), Primary: "db1", Promotions: 2},
		{Scenario: semi("the successor dies when the others follow it already", cluster(2), at(12*sec, Kill("db1")), when(": open for writing", 6*time.Millisecond, Kill("db2"))), Primary: "db3", Promotions: 2},
		{Scenario: long(power), Primary: "db3", Promotions: 2},
		{Scenario: long(maria(power)), Primary: "db3", Promotions: 2},
		{Scenario: n(long(semi("successor and leader die right after the opening, when the others follow already", cluster(2), at(12*sec, Kill("db1")), when(": open for writing", 6*time.Millisecond, Kill("db2"), CrashLeader))), 2),
			Primary: "db3", Promotions: 2},
		{Scenario: with(semi("the successor dies at once within the anti-flapping period", cluster(2), at(12*sec, Kill("db1")), when(": open for writing", 6*time.Millisecond, Kill("db2"))), func(sc *Scenario) {
			sc.Settings = `"RecoveryPeriodBlockSeconds": 3600`
			sc.Unwanted = true
		}), Primary: "", Promotions: 1},
		{Scenario: with(semi("the manager stands still for nine seconds while nothing happens", cluster(2), at(12*sec, Pause(1)), at(21*sec, Resume(1))), func(sc *Scenario) { sc.NetTimeout = 4 * sec }), Primary: "db1"},
		{Scenario: semi("the machine of the only candidate is gone while it applies what it has received", cluster(1), at(11*sec, SlowApplier("db2", 400*time.Millisecond)), at(20*sec, Kill("db1")),
			when(": stop receiving", 100*time.Millisecond, PowerOff("db2")), at(30*sec, Restart("db1"))), Primary: "|db2", Promotions: 0},
		{Scenario: with(n(semi("primary and leader die, and the one before returns open while nobody leads", cluster(2, set(1, func(s *ServerSpec) { s.OpensOnRestart = true })), at(12*sec, Kill("db1")),
			at(30*sec, Kill("db2"), CrashLeader), at(32*sec, Restart("db1"))), 2), func(sc *Scenario) { sc.Until = 90 * sec }), Primary: "db3", Promotions: 2},
		{Scenario: with(maria(async("the old primary has lost the end of its own log with its machine", cluster(2, set(1, func(s *ServerSpec) { s.Lossy = true })), at(12*sec, PowerOff("db1")), at(25*sec, Restart("db1")))),
			func(sc *Scenario) { sc.WriteEvery = 20 * time.Millisecond }), Primary: "db2 db3", Promotions: 1, MayLose: true, Roles: map[string]string{"db1": "closed|below db2|below db3"}},
		{Scenario: stray, Primary: "db2", Promotions: 1, Roles: map[string]string{"db3": "below db2"}},
		{Scenario: maria(stray), Primary: "db2", Promotions: 1, Roles: map[string]string{"db3": "below db2"}},
		{Scenario: with(semi("a replica that was away during two failovers comes back below the first primary", cluster(3), at(11*sec, Kill("db4")), at(12*sec, Kill("db1")),
			at(25*sec, Restart("db1")), at(30*sec, TakeOver(recovery.GracefulTakeoverAuto, "db2", "db3")), at(45*sec, Kill("db1"), Restart("db4"))), func(sc *Scenario) { sc.Until = 100 * sec }),
			Primary: "db3", Promotions: 2, Roles: map[string]string{"db4": "below db3", "db2": "below db3"}},
		{Scenario: n(semi("the leader that replaced the primary dies, and the next one was cut off with the old primary meanwhile", cluster(2, set(1, func(s *ServerSpec) { s.OpensOnRestart = true })),
			at(12*sec, Isolate("db1", "m2")), when("finished: ", 10*time.Millisecond, CrashManager(1)), at(20*sec, Rejoin("db1", "m2"))), 2), Primary: "db2 db3", Promotions: 1},
	}
}

// takeovers are what people ask for.
func takeovers() []Expected {
	graceful := TakeOver(recovery.GracefulTakeoverAuto, "db1", "db2")
	swap := semi("a person has a replica take over", cluster(2), at(12*sec, graceful))
	killed := semi("the leader dies in the middle of a takeover", cluster(2), at(12*sec, graceful), when(": close for writing", time.Millisecond, CrashLeader))
	killed.Managers = 2
	opened := semi("the leader dies right after a takeover has opened its target", cluster(2), at(12*sec, graceful), when(": open for writing", 0, CrashLeader))
	opened.Managers = 2
	return []Expected{
		{Scenario: swap, Primary: "db2", Promotions: 1, Roles: map[string]string{"db1": "below db2", "db3": "below db2"}},
		{Scenario: maria(swap), Primary: "db2", Promotions: 1, Roles: map[string]string{"db1": "below db2", "db3": "below db2"}},
		{Scenario: semi("a person has the best replica take over", cluster(2), at(12*sec, TakeOver(recovery.GracefulTakeoverAuto, "db1", ""))), Primary: "db2 db3", Promotions: 1},
		{Scenario: semi("a takeover there and back", cluster(2), at(12*sec, graceful), at(25*sec, TakeOver(recovery.GracefulTakeoverAuto, "db2", "db1"))), Primary: "db1", Promotions: 2, Roles: map[string]string{"db2": "below db1", "db3": "below db1"}},
		{Scenario: semi("the primary dies in the middle of a takeover", cluster(2), at(12*sec, graceful), when(": close for writing", 0, Kill("db1"))), Primary: "db2 db3", Promotions: -1},
		{Scenario: semi("the target of a takeover dies before it is opened", cluster(2), at(12*sec, graceful), when(": close for writing", 0, Kill("db2"))), Primary: "db1 db3", Promotions: -1},
		{Scenario: semi("the target of a takeover dies right after it was opened", cluster(2), at(12*sec, graceful), when(": open for writing", time.Millisecond, Kill("db2"))), Primary: "db1 db3|", Promotions: -1},
		{Scenario: semi("a takeover is asked for below a primary that was replaced", cluster(2), at(11*sec, Kill("db3")), at(12*sec, Kill("db1")), at(20*sec, Restart("db1"), Restart("db3")),
			at(21*sec, TakeOver(recovery.GracefulTakeoverAuto, "db1", "db3"))), Primary: "db2", Promotions: 1},
		{Scenario: killed, Primary: "db1 db2", Promotions: -1},
		{Scenario: maria(killed), Primary: "db1 db2", Promotions: -1},
		{Scenario: opened, Primary: "db2", Promotions: -1},
		{Scenario: semi("a takeover by a replica that may not be promoted is refused", cluster(2, set(2, func(s *ServerSpec) { s.Rule = topology.MustNotPromote })), at(12*sec, graceful)), Primary: "db1|db2", Promotions: -1},
		{Scenario: semi("a takeover by a replica that lags is refused", cluster(2), at(10*sec, SlowApplier("db2", 400*time.Millisecond)), at(20*sec, graceful)), Primary: "db1 db2", Promotions: -1},
		{Scenario: semi("a person forces a failover of a primary that works", cluster(2), at(12*sec, TakeOver(recovery.ForceFailover, "db1", ""))), Primary: "db2 db3", Promotions: 1},
		{Scenario: semi("a person forces a replica to take over from a dead primary", cluster(2), at(12*sec, Kill("db1"), TakeOver(recovery.ForceTakeover, "db1", "db3"))), Primary: "db2 db3", Promotions: -1},
	}
}
