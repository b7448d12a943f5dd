package sim

import (
	"time"

	"orchestrator/internal/topology"
)

// Handmade returns scenarios in which the field has bled, each named in one sentence, with what must come of it.
func Handmade() []Expected {
	var all []Expected
	for _, list := range [][]Expected{lostPrimaries(), silentPrimaries(), candidates(), returns(), managersInTrouble(), twiceAtOnce(), lostAgain(), takeovers(), surroundings(), people(), mended(), rare(), held()} {
		all = append(all, list...)
	}
	for n := range all {
		all[n].Seed = uint64(1000 + n)
		if all[n].Apps == 0 {
			all[n].Apps = 1
		}
		if all[n].Until == 0 {
			all[n].Until = 75 * time.Second
		}
	}
	return all
}

// Expected is a scenario with its end.
type Expected struct {
	Scenario
	// Primary is who takes writes in the end; several are separated by spaces, "" is nobody.
	Primary string
	// Roles are what servers must be in the end; see Result.Roles.
	Roles map[string]string
	// MayLose says that acknowledged transactions may be lost: nobody who could be reached had them.
	MayLose bool
	// Promotions is how many servers managers open; -1 does not count.
	Promotions int
}

const sec = time.Second

// cluster are a primary and n replicas with semi-sync.
func cluster(n int, change ...func([]ServerSpec)) []ServerSpec {
	specs := []ServerSpec{{Name: "db1", Open: true, Priority: 1}}
	for i := range n {
		specs = append(specs, ServerSpec{Name: "db" + string(rune('2'+i)), Source: "db1", Priority: 1})
	}
	for _, c := range change {
		c(specs)
	}
	return specs
}

// set changes the server with a number, from 1.
func set(n int, change func(*ServerSpec)) func([]ServerSpec) {
	return func(specs []ServerSpec) { change(&specs[n-1]) }
}

func at(t time.Duration, do ...func(*World)) Step {
	return Step{At: t, Do: func(w *World) {
		for _, d := range do {
			d(w)
		}
	}}
}

func when(line string, after time.Duration, do ...func(*World)) Step {
	s := at(after, do...)
	s.When = line
	return s
}

// semi is a scenario with semi-sync.
func semi(name string, servers []ServerSpec, steps ...Step) Scenario {
	return Scenario{Name: name, SemiSync: true, Servers: servers, Steps: steps}
}

// async is one without.
func async(name string, servers []ServerSpec, steps ...Step) Scenario {
	return Scenario{Name: name, Servers: servers, Steps: steps}
}

// maria makes the servers MariaDB's.
func maria(sc Scenario) Scenario {
	sc.MariaDB = true
	sc.Name += " (MariaDB)"
	return sc
}

// with changes a scenario.
func with(sc Scenario, change func(*Scenario)) Scenario {
	change(&sc)
	return sc
}

func lostPrimaries() []Expected {
	killed := semi("the primary is killed", cluster(2), at(12*sec, Kill("db1")))
	power := semi("the primary's machine loses power", cluster(2), at(12*sec, PowerOff("db1")))
	return []Expected{
		{Scenario: killed, Primary: "db2", Promotions: 1},
		{Scenario: maria(killed), Primary: "db2", Promotions: 1},
		{Scenario: power, Primary: "db2 db3", Promotions: 1},
		{Scenario: maria(power), Primary: "db2 db3", Promotions: 1},
		{Scenario: semi("a primary with a single replica is killed", cluster(1), at(12*sec, Kill("db1"))), Primary: "db2", Promotions: 1},
		{Scenario: with(async("the primary is killed where replicas go by file and position", cluster(2), at(12*sec, Kill("db1"))), func(sc *Scenario) { sc.ByPosition = true }),
			Primary: "db2 db3", Promotions: 1, MayLose: true},
		{Scenario: semi("the primary is killed with four replicas", cluster(4), at(12*sec, Kill("db1"))), Primary: "db2", Promotions: 1},
		{Scenario: semi("the primary is killed, and its successor a while later", cluster(2), at(12*sec, Kill("db1")), at(22*sec, Kill("db2"))), Primary: "db3", Promotions: 2},
		{Scenario: async("the primary's unsynced tail is lost with its machine", cluster(2, set(1, func(s *ServerSpec) { s.Lossy = true })), at(12*sec, PowerOff("db1")), at(25*sec, Restart("db1"))),
			Primary: "db2 db3", Promotions: 1, MayLose: true},
		{Scenario: semi("an intermediate source is killed", cluster(3, set(4, func(s *ServerSpec) { s.Source = "db2" })), at(12*sec, Kill("db2"))),
			Primary: "db1", Roles: map[string]string{"db4": "below db1|below db3"}},
		{Scenario: semi("an intermediate source and the primary are killed together", cluster(3, set(4, func(s *ServerSpec) { s.Source = "db2" })), at(12*sec, Kill("db2"), Kill("db1"))),
			Primary: "db3", Promotions: 1},
	}
}

func silentPrimaries() []Expected {
	frozen := semi("the primary hangs for good", cluster(2), at(12*sec, Freeze("db1")))
	oneWayIn := func(cut bool) func(*World) {
		return func(w *World) {
			if cut {
				w.oneWay("db1", true, w.cut)
			} else {
				w.oneWay("db1", true, w.heal)
			}
		}
	}
	return []Expected{
		{Scenario: frozen, Primary: "db2 db3", Promotions: 1},
		{Scenario: maria(frozen), Primary: "db2 db3", Promotions: 1},
		{Scenario: semi("the primary hangs and goes on a minute later", cluster(2), at(12*sec, Freeze("db1")), at(50*sec, Thaw("db1"))), Primary: "db2 db3", Promotions: 1},
		{Scenario: semi("the primary hangs for half a second only", cluster(2), at(12*sec, Freeze("db1")), at(12500*time.Millisecond, Thaw("db1"))), Primary: "db1"},
		{Scenario: semi("the primary is cut off and comes back", cluster(2), at(12*sec, Isolate("db1")), at(40*sec, Rejoin("db1"))), Primary: "db2 db3", Promotions: 1},
		{Scenario: semi("the primary is cut off with an application beside it", cluster(2), at(12*sec, Isolate("db1", "app1")), at(40*sec, Rejoin("db1", "app1"))), Primary: "db2 db3", Promotions: 1},
		{Scenario: semi("manager and primary cannot talk, while the replicas are fine", cluster(2), at(12*sec, Cut("db1", "m1"), Cut("m1", "db1"))), Primary: "db1"},
		{Scenario: semi("the manager sees nothing at all, while all servers are fine", cluster(2), at(12*sec, Isolate("m1")), at(40*sec, Rejoin("m1"))), Primary: "db1"},
		{Scenario: semi("the network drops only what goes to the primary", cluster(2), at(12*sec, oneWayIn(true)), at(40*sec, oneWayIn(false))), Primary: "db2 db3", Promotions: 1},
		{Scenario: semi("a replica and the primary cannot talk", cluster(2), at(12*sec, Cut("db1", "db2"), Cut("db2", "db1")), at(30*sec, Heal("db1", "db2"), Heal("db2", "db1"))), Primary: "db1"},
		{Scenario: semi("the primary comes and goes", cluster(2), at(12*sec, Isolate("db1")), at(12800*time.Millisecond, Rejoin("db1")), at(14*sec, Isolate("db1")), at(14700*time.Millisecond, Rejoin("db1"))),
			Primary: "db1 db2 db3", Promotions: -1},
	}
}

func candidates() []Expected {
	ahead := async("an acknowledged write is only on the replica that will not be promoted",
		cluster(2, set(2, func(s *ServerSpec) { s.Rule = topology.PreferPromote }), set(3, func(s *ServerSpec) { s.Rule = topology.PreferNotPromote })),
		at(11900*time.Millisecond, Cut("db1", "db2")), at(12*sec, Kill("db1")), at(12*sec, Heal("db1", "db2")))
	slow := semi("the best candidate has received and not applied", cluster(2, set(2, func(s *ServerSpec) { s.Rule = topology.PreferPromote })),
		at(11*sec, SlowApplier("db2", 150*time.Millisecond)), at(13*sec, Kill("db1")))
	return []Expected{
		{Scenario: ahead, Primary: "db2", Promotions: 1},
		{Scenario: maria(ahead), Primary: "db2", Promotions: 1},
		{Scenario: slow, Primary: "db2", Promotions: 1},
		{Scenario: maria(slow), Primary: "db2", Promotions: 1},
		{Scenario: maria(with(semi("the primary hangs, and asking the replicas must not drop their relay logs", cluster(2),
			at(11*sec, SlowApplier("db2", 200*time.Millisecond), SlowApplier("db3", 200*time.Millisecond)), at(13*sec, Freeze("db1"))),
			func(sc *Scenario) { sc.NetTimeout = 10 * sec; sc.Until = 110 * sec })), Primary: "db2 db3", Promotions: 1},
		{Scenario: semi("the only replica delays by half a minute", cluster(1, set(2, func(s *ServerSpec) { s.Delay = 30 * sec })), at(12*sec, Kill("db1"))), Primary: "|db2", Promotions: -1},
		{Scenario: semi("one of the replicas delays by an hour", cluster(2, set(2, func(s *ServerSpec) { s.Delay = time.Hour })), at(12*sec, Kill("db1"))), Primary: "db3", Promotions: 1},
		{Scenario: semi("the best replica must not be promoted", cluster(2, set(2, func(s *ServerSpec) { s.Rule = topology.MustNotPromote })), at(12*sec, Kill("db1"))), Primary: "db3", Promotions: 1},
		{Scenario: semi("no replica may be promoted", cluster(2, set(2, func(s *ServerSpec) { s.Rule = topology.MustNotPromote }), set(3, func(s *ServerSpec) { s.Rule = topology.MustNotPromote })),
			at(12*sec, Kill("db1"))), Primary: ""},
		{Scenario: semi("the best candidate has an errant transaction", cluster(2), at(10*sec, Errant("db2")), at(20*sec, Kill("db1"))), Primary: "db2 db3", Promotions: 1},
		{Scenario: semi("the applier of the best candidate is broken", cluster(2), at(10*sec, BreakApplier("db2", 1062)), at(20*sec, Kill("db1"))), Primary: "db3", Promotions: 1},
		{Scenario: semi("the last survivor is promoted", cluster(2), at(12*sec, Kill("db2")), at(18*sec, Kill("db1"))), Primary: "db3", Promotions: 1},
		{Scenario: semi("a replica logs nothing of what it replicates", cluster(2, set(2, func(s *ServerSpec) { s.NoUpdates = true })), at(12*sec, Kill("db1"))), Primary: "db3", Promotions: 1},
		{Scenario: semi("a preferred replica in another data center", cluster(2, set(1, func(s *ServerSpec) { s.DataCenter = "east" }), set(2, func(s *ServerSpec) { s.DataCenter = "east" }),
			set(3, func(s *ServerSpec) { s.DataCenter = "west"; s.Rule = topology.PreferPromote })), at(12*sec, Kill("db1"))), Primary: "db2 db3", Promotions: 1},
		{Scenario: with(semi("promotion across data centers is forbidden", cluster(1, set(1, func(s *ServerSpec) { s.DataCenter = "east" }), set(2, func(s *ServerSpec) { s.DataCenter = "west" })), at(12*sec, Kill("db1"))),
			func(sc *Scenario) { sc.Settings = `"PreventCrossDataCenterMasterFailover": true`; sc.Unwanted = true }), Primary: ""},
		{Scenario: semi("the candidate's disk is full", cluster(2), at(12*sec, FillDisk("db2")), at(14*sec, Kill("db1")), at(40*sec, Free("db2"))), Primary: "db2 db3", Promotions: 1},
		{Scenario: semi("the candidate dies while it catches up", cluster(2, set(2, func(s *ServerSpec) { s.Rule = topology.PreferPromote })), at(11*sec, SlowApplier("db2", 150*time.Millisecond)), at(13*sec, Kill("db1")),
			at(14*sec, Kill("db2"))), Primary: "db3", Promotions: 1},
	}
}

func returns() []Expected {
	opens := func(s *ServerSpec) { s.OpensOnRestart = true }
	back := semi("the old primary comes back open for writing", cluster(2, set(1, opens)), at(12*sec, Kill("db1")), at(20*sec, Restart("db1")))
	return []Expected{
		{Scenario: back, Primary: "db2 db3", Promotions: 1, Roles: map[string]string{"db1": "below db2|below db3|closed"}},
		{Scenario: maria(back), Primary: "db2 db3", Promotions: 1},
		{Scenario: semi("the old primary is restarted at once by its supervisor", cluster(2, set(1, opens)), at(12*sec, Kill("db1")), at(12300*time.Millisecond, Restart("db1"))), Primary: "db1 db2", Promotions: -1},
		{Scenario: semi("the primary returns while replicas are told to stop", cluster(2, set(1, opens)), at(12*sec, Kill("db1")), when("stop receiving", 0, Restart("db1"))), Primary: "db1 db2", Promotions: -1},
		{Scenario: semi("the primary returns right when its successor is opened", cluster(2, set(1, opens)), at(12*sec, Kill("db1")), when(": open for writing", 0, Restart("db1"))), Primary: "db2", Promotions: 1},
		{Scenario: semi("the old primary returns while a slow replica is waited for", cluster(2, set(1, opens), set(3, func(s *ServerSpec) { s.Rule = topology.PreferNotPromote })),
			at(11*sec, SlowApplier("db3", 300*time.Millisecond)), at(14*sec, Kill("db1")), when(": open for writing", sec, Restart("db1"))), Primary: "db2", Promotions: 1},
		{Scenario: with(async("the old primary is restarted again faster than it is asked", cluster(1, set(1, opens)), at(12*sec, Kill("db1")), at(20*sec, Restart("db1")), at(31350*time.Millisecond, Kill("db1")), at(31830*time.Millisecond, Restart("db1"))),
			func(sc *Scenario) { sc.ByPosition = true }), Primary: "db2", Promotions: 1, MayLose: true},
		{Scenario: async("the old primary returns with transactions that nobody else has", cluster(2, set(1, opens)), at(12*sec, Isolate("db1", "app1")), at(30*sec, Rejoin("db1", "app1"))),
			Primary: "db2 db3", Promotions: 1, MayLose: true, Roles: map[string]string{"db1": "closed"}},
		{Scenario: semi("the old primary returns while commits wait on it", cluster(2), at(12*sec, Isolate("db1", "app1")), at(25*sec, Rejoin("db1", "app1"))), Primary: "db2 db3", Promotions: 1},
		{Scenario: semi("the old primary returns after the new one has purged its logs", cluster(2), at(12*sec, Kill("db1")), at(30*sec, Purge("db2")), at(35*sec, Restart("db1"))), Primary: "db2", Promotions: 1},
		{Scenario: semi("the old primary is cut off again while it is taken back", cluster(2), at(12*sec, Kill("db1")), at(20*sec, Restart("db1")), when("fenced: ", 0, Isolate("db1")), at(40*sec, Rejoin("db1"))), Primary: "db2", Promotions: 1},
		{Scenario: semi("a replica that was away returns below the dead primary", cluster(2), at(10*sec, Kill("db3")), at(12*sec, Kill("db1")), at(25*sec, Restart("db3")), at(35*sec, Restart("db1"))), Primary: "db2", Promotions: 1},
		{Scenario: semi("the three servers lose power together and return one by one", cluster(2), at(12*sec, PowerOff("db1"), PowerOff("db2"), PowerOff("db3")), at(20*sec, Restart("db2")), at(30*sec, Restart("db1")), at(32*sec, Restart("db3"))),
			Primary: "|db2", Promotions: -1, MayLose: true},
	}
}

func managersInTrouble() []Expected {
	n := func(sc Scenario, managers int) Scenario { sc.Managers = managers; return sc }
	return []Expected{
		{Scenario: n(semi("leader and primary die together", cluster(2), at(12*sec, CrashLeader, Kill("db1"))), 2), Primary: "db2 db3", Promotions: 1},
		{Scenario: n(semi("the leader dies when the failure is found", cluster(2), at(12*sec, Kill("db1")), when("began: ", 0, CrashLeader)), 3), Primary: "db2 db3", Promotions: 1},
		{Scenario: n(semi("the leader dies when the receivers have stopped", cluster(2), at(12*sec, Kill("db1")), when("stop receiving", time.Millisecond, CrashLeader)), 2), Primary: "db2 db3", Promotions: 1},
		{Scenario: n(semi("the leader dies right after it has opened the successor", cluster(2), at(12*sec, Kill("db1")), when(": open for writing", 0, CrashLeader)), 2), Primary: "db2", Promotions: -1},
		{Scenario: n(semi("the leader dies when replicas are being moved", cluster(3), at(12*sec, Kill("db1")), when("replicate from", 0, CrashLeader)), 2), Primary: "db2", Promotions: -1},
		{Scenario: semi("the only manager dies with the primary and is started again", cluster(2), at(12*sec, CrashLeader, Kill("db1")), at(20*sec, RestartManagers)), Primary: "db2 db3", Promotions: 1},
		{Scenario: n(semi("the leader is cut off from servers and backend in the middle", cluster(2), at(12*sec, Kill("db1")), when("stop receiving", time.Millisecond, Isolate("m1"))), 2), Primary: "db2 db3", Promotions: -1},
		{Scenario: n(semi("the leader stands still for seven seconds in the middle", cluster(2), at(12*sec, Kill("db1")), when("began: ", 0, func(w *World) {
			for _, m := range w.managers {
				if m.leads() {
					Pause(m.index + 1)(w)
					w.after(7*sec, func() { Resume(m.index + 1)(w) })
				}
			}
		})), 2), Primary: "db2 db3", Promotions: -1},
		{Scenario: n(semi("the clock of the leader jumps by an hour in the middle", cluster(2), at(12*sec, Kill("db1")), when("began: ", 0, Jump(1, time.Hour))), 1), Primary: "db2 db3", Promotions: 1},
		{Scenario: semi("the backend hangs when the primary dies", cluster(2), at(12*sec, BackendHangs(true), Kill("db1")), at(20*sec, BackendHangs(false))), Primary: "db2 db3", Promotions: -1},
		{Scenario: semi("the backend's disk is full when the primary dies", cluster(2), at(12*sec, BackendFull(true)), at(12200*time.Millisecond, Kill("db1")), at(30*sec, BackendFull(false))), Primary: "db2 db3", Promotions: -1},
		{Scenario: semi("the manager was restarted while the old primary came back", cluster(2, set(1, func(s *ServerSpec) { s.OpensOnRestart = true })), at(12*sec, Kill("db1")), at(16*sec, CrashLeader), at(18*sec, Restart("db1")), at(20*sec, RestartManagers)),
			Primary: "db2 db3", Promotions: 1},
		{Scenario: n(semi("a manager and the primary are on one side of a cut", cluster(2), at(12*sec, Isolate("m1", "db1", "app1")), at(40*sec, Rejoin("m1", "db1", "app1"))), 2), Primary: "db2 db3", Promotions: 1},
		{Scenario: n(semi("all managers but one are gone", cluster(2), at(10*sec, CrashManager(1), CrashManager(2)), at(20*sec, Kill("db1"))), 3), Primary: "db2 db3", Promotions: 1},
	}
}

func twiceAtOnce() []Expected {
	return []Expected{
		{Scenario: semi("two servers fail in one cluster at the same moment", cluster(3), at(12*sec, Kill("db1"), Kill("db2"))), Primary: "db3 db4", Promotions: 1},
		{Scenario: with(semi("the successor dies right after it was opened, and people have to decide", cluster(2), at(12*sec, Kill("db1")), when(": open for writing", time.Millisecond, Kill("db2"))),
			func(sc *Scenario) { sc.Unwanted = true }), Primary: "db2 db3|", Promotions: -1},
		{Scenario: semi("a replica dies while it is moved", cluster(3), at(12*sec, Kill("db1")), when("replicate from", 0, Kill("db4"))), Primary: "db2", Promotions: 1},
		{Scenario: semi("the successor hangs while it is to be opened, and the old primary returns", cluster(1, set(1, func(s *ServerSpec) { s.OpensOnRestart = true })), at(12*sec, Kill("db1")),
			when("stop receiving", 0, Freeze("db2")), at(14*sec, Restart("db1")), at(20*sec, Thaw("db2"))), Primary: "db1 db2", Promotions: -1},
		{Scenario: with(semi("hooks take seconds, and the primary comes back meanwhile", cluster(2, set(1, func(s *ServerSpec) { s.OpensOnRestart = true })), at(12*sec, Kill("db1")), at(14*sec, Restart("db1"))),
			func(sc *Scenario) { sc.HookTime = 4 * sec; sc.Settings = `"PreFailoverProcesses": ["drain"]` }), Primary: "db1", Promotions: 0},
		{Scenario: with(semi("a second failure within the anti-flapping period", cluster(2), at(12*sec, Kill("db1")), at(20*sec, Kill("db2"))), func(sc *Scenario) { sc.Settings = `"RecoveryPeriodBlockSeconds": 3600`; sc.Unwanted = true }),
			Primary: "", Promotions: 1},
	}
}

func surroundings() []Expected {
	return []Expected{
		{Scenario: semi("nothing happens", cluster(2)), Primary: "db1"},
		{Scenario: with(semi("recovery is not wanted in this cluster", cluster(2), at(12*sec, Kill("db1"))), func(sc *Scenario) { sc.Settings = `"RecoverMasterClusterFilters": ["other"]`; sc.Unwanted = true }), Primary: ""},
		{Scenario: with(semi("recoveries are switched off", cluster(2), at(5*sec, func(w *World) { w.backend.disabled = true }), at(12*sec, Kill("db1"))), func(sc *Scenario) { sc.Unwanted = true }), Primary: ""},
		{Scenario: semi("the primary's disk is full for a while", cluster(2), at(12*sec, FillDisk("db1")), at(30*sec, Free("db1"))), Primary: "db1"},
		{Scenario: with(semi("semi-sync times out before the primary dies", cluster(2), at(12*sec, Cut("db1", "db2"), Cut("db1", "db3")), at(16*sec, Kill("db1")), at(17*sec, Heal("db1", "db2"), Heal("db1", "db3"))),
			func(sc *Scenario) { sc.SemiSyncTimeout = sec }), Primary: "db2 db3", Promotions: 1, MayLose: true},
		{Scenario: semi("a replica is restarted", cluster(2), at(12*sec, Kill("db2")), at(20*sec, Restart("db2"))), Primary: "db1", Roles: map[string]string{"db2": "below db1"}},
		{Scenario: semi("all replicas are killed", cluster(2), at(12*sec, Kill("db2"), Kill("db3"))), Primary: "db1"},
		{Scenario: semi("the applier of a replica fails", cluster(2), at(12*sec, BreakApplier("db2", 1062))), Primary: "db1"},
		{Scenario: with(async("the connection retry is as long as a minute", cluster(2), at(12*sec, Kill("db1"))), func(sc *Scenario) { sc.ConnectRetry = time.Minute }), Primary: "db2 db3", Promotions: 1},
	}
}

func people() []Expected {
	hand := func(sc Scenario) Scenario { sc.ByHand = true; return sc }
	return []Expected{
		{Scenario: hand(semi("an operator opens a replica by hand while a recovery runs", cluster(2), at(12*sec, Kill("db1")), when("stop receiving", 0, Open("db3", true)))), Primary: "db2 db3|", Promotions: -1},
		{Scenario: hand(semi("an operator stops all replicas for a backup", cluster(2), at(12*sec, StopThreads("db2"), StopThreads("db3")), at(30*sec, StartThreads("db2"), StartThreads("db3")))), Primary: "db1"},
		{Scenario: hand(semi("an operator closes the primary", cluster(2), at(12*sec, Open("db1", false)))), Primary: ""},
		{Scenario: hand(with(semi("an operator closes the primary where read-only ones are opened again", cluster(2), at(12*sec, Open("db1", false))), func(sc *Scenario) { sc.Settings = `"RecoverNonWriteableMaster": true` })),
			Primary: "db1", Promotions: 1},
		{Scenario: hand(semi("an operator stops a replica's threads and the primary dies", cluster(2), at(12*sec, StopThreads("db2")), at(20*sec, Kill("db1")))), Primary: "db3 db2", Promotions: 1},
	}
}
