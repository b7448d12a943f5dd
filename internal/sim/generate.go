package sim

import (
	"fmt"
	"time"

	"orchestrator/internal/recovery"
	"orchestrator/internal/topology"
)

// Random makes a scenario of a seed: a fleet, what it is used for, and one to five misfortunes, some of which fall into
// the middle of a recovery.
func Random(seed uint64) *Scenario {
	g := &generator{d: dice{mix(seed)}}
	g.sc = &Scenario{Name: "random", Seed: seed}
	g.fleet()
	g.misfortunes()
	return g.sc
}

// generator makes one scenario.
type generator struct {
	d    dice
	sc   *Scenario
	last time.Duration // when the newest step happens
}

func (g *generator) fleet() {
	d, sc := &g.d, g.sc
	sc.MariaDB = d.chance(50)
	sc.ByPosition = d.chance(8)
	sc.SemiSync = !sc.ByPosition && d.chance(65)
	if sc.SemiSync && d.chance(15) {
		sc.SemiSyncTimeout = pick(d, 500*time.Millisecond, 2*time.Second, 10*time.Second)
	}
	sc.NetTimeout = pick(d, 4*time.Second, 10*time.Second, time.Minute, time.Minute)
	sc.ConnectRetry = pick(d, time.Second, time.Second, 5*time.Second)
	sc.Managers = pick(d, 1, 1, 2, 3)
	sc.Apps = pick(d, 1, 1, 2)
	sc.WriteEvery = pick(d, 60*time.Millisecond, 120*time.Millisecond, 240*time.Millisecond)
	n := pick(d, 2, 3, 3, 3, 4, 5)
	for i := range n {
		s := ServerSpec{Name: fmt.Sprintf("db%d", i+1), Source: "db1", Priority: 1, DataCenter: pick(d, "east", "east", "west")}
		s.Rewinds = sc.MariaDB && d.chance(70)
		if i == 0 {
			s.Source, s.Open, s.OpensOnRestart = "", true, d.chance(30)
		}
		s.StaysOff = d.chance(10)
		s.Lossy = d.chance(15)
		switch {
		case i == 0:
		case i >= 3 && d.chance(40):
			s.Source = "db2" // a lower tier
		case d.chance(8):
			s.Delay = pick(d, 5*time.Second, 30*time.Second)
		}
		switch {
		case i == 0:
		case d.chance(10):
			s.Rule = topology.PreferPromote
		case d.chance(8):
			s.Rule = topology.PreferNotPromote
		case d.chance(8):
			s.Rule = topology.MustNotPromote
		}
		if i > 0 && d.chance(12) {
			s.Apply = pick(d, 5*time.Millisecond, 40*time.Millisecond, 150*time.Millisecond)
		}
		if i > 1 && d.chance(10) {
			s.Priority = 0
		}
		sc.Servers = append(sc.Servers, s)
	}
	sc.NoQuery = d.chance(15)
	if d.chance(15) {
		sc.HookTime = pick(d, 50*time.Millisecond, time.Second, 5*time.Second)
	}
}

// at plans a step a while after the one before it.
func (g *generator) at(t time.Duration, what string, do func(*World)) {
	g.sc.Steps = append(g.sc.Steps, Step{At: t, What: what, Do: do})
	g.last = max(g.last, t)
}

// middle are lines of the story after which it hurts most.
var middle = []string{
	"saw suspected", "began: ", "stop receiving", "open for writing", "forget the source", "replicate from", "finished: ", "detected: ",
}

func (g *generator) misfortunes() {
	d := &g.d
	t := 12*time.Second + d.between(0, 6*time.Second)
	g.sc.Busy.From = t - 4*time.Second
	for range pick(d, 1, 1, 2, 2, 3, 4) {
		g.misfortune(t)
		t += d.between(0, 20*time.Second)
	}
	if d.chance(30) { // something falls into the middle of the recovery
		when := pick(d, middle...)
		after := d.between(0, pick(d, 2*time.Millisecond, 20*time.Millisecond, time.Second))
		what, do := g.blow()
		g.sc.Steps = append(g.sc.Steps, Step{When: when, At: after, What: what, Do: do})
	}
	// In the end all comes back, but for what is lost for good.
	end := max(g.last, t) + d.between(time.Second, 8*time.Second)
	g.at(end, "managers are started again", RestartManagers)
	g.sc.Busy.To = end + 5*time.Second
	g.sc.Until = end + settled + 10*time.Second
	g.sc.Brief = d.chance(80) // some go on, for what happens late
}

func (g *generator) name() string { return g.sc.Servers[g.d.n(len(g.sc.Servers))].Name }

// back is when something comes back; 0 never.
func (g *generator) back() time.Duration {
	return pick(&g.d, 0, g.d.between(0, time.Second), g.d.between(0, 10*time.Second), g.d.between(5*time.Second, 25*time.Second))
}

// blow is something that can happen at any moment, with no way back.
func (g *generator) blow() (string, func(*World)) {
	d := &g.d
	name := g.name()
	switch d.n(7) {
	case 0:
		return name + " is killed", Kill(name)
	case 1:
		return "the leader is killed", CrashLeader
	case 2:
		return "db1 comes back", func(w *World) { Restart("db1")(w); Thaw("db1")(w) }
	case 3:
		return name + " hangs for a while", func(w *World) {
			Freeze(name)(w)
			w.after(8*time.Second, func() { Thaw(name)(w) })
		}
	case 4:
		return name + " loses power", PowerOff(name)
	case 5:
		return name + " is out of the managers' sight for a while", func(w *World) {
			names := w.managerNames()
			Isolate(names...)(w)
			w.after(3*time.Second, func() { Rejoin(names...)(w) })
		}
	}
	return "the backend hangs for a while", func(w *World) {
		BackendHangs(true)(w)
		w.after(4*time.Second, func() { BackendHangs(false)(w) })
	}
}

func (w *World) managerNames() []string {
	var names []string
	for _, m := range w.managers {
		names = append(names, w.name(m.node))
	}
	return names
}

// victim is mostly the primary.
func (g *generator) victim() string {
	if g.d.chance(65) {
		return "db1"
	}
	return g.name()
}

func (g *generator) misfortune(t time.Duration) {
	d, v := &g.d, g.victim()
	back := g.back()
	returns := func(what string, do func(*World)) {
		if back > 0 {
			g.at(t+back, what, do)
		}
	}
	switch d.n(15) {
	case 0, 1, 2:
		g.at(t, v+" is killed", Kill(v))
		returns(v+" is started again", Restart(v))
	case 3, 4:
		g.at(t, v+" loses power", PowerOff(v))
		returns(v+" is switched on again", Restart(v))
	case 5, 6:
		g.at(t, v+" hangs", Freeze(v))
		returns(v+" goes on", Thaw(v))
	case 7, 8:
		g.partition(t, v, back)
	case 9:
		n := 1 + d.n(g.sc.Managers)
		g.at(t, fmt.Sprintf("manager %d is killed", n), CrashManager(n))
		returns(fmt.Sprintf("manager %d is started again", n), RestartManager(n))
	case 10:
		g.manager(t, back)
	case 11:
		r := g.name()
		switch d.n(5) {
		case 0:
			g.at(t, "the applier of "+r+" slows down", SlowApplier(r, 200*time.Millisecond))
			g.at(t+d.between(time.Second, 15*time.Second), "the applier of "+r+" is fast again", SlowApplier(r, 0))
		case 1:
			g.at(t, "the applier of "+r+" fails", BreakApplier(r, 1062))
		case 2:
			g.at(t, "the disk of "+r+" is full", FillDisk(r))
			g.at(t+d.between(time.Second, 20*time.Second), "there is room on "+r, Free(r))
		case 3:
			if r != "db1" {
				g.at(t, "somebody writes on "+r, Errant(r))
			}
		case 4:
			g.at(t, "the primary's logs are purged", Purge("db1"))
		}
	case 12:
		g.at(t, "everything is killed", func(w *World) {
			for _, s := range w.servers {
				s.kill()
			}
		})
		for _, s := range g.sc.Servers {
			g.at(t+d.between(time.Second, 10*time.Second), s.Name+" is started again", Restart(s.Name))
		}
	case 14:
		of, to := g.name(), ""
		if d.chance(60) {
			to = g.name()
		}
		g.at(t, fmt.Sprintf("a takeover by %q is asked for", to), TakeOver(recovery.GracefulTakeoverAuto, of, to))
	case 13:
		g.at(t, "leader and "+v+" die together", func(w *World) { CrashLeader(w); Kill(v)(w) })
		returns(v+" is started again", Restart(v))
	}
}

// partition cuts a server off from some or all, in one direction or both.
func (g *generator) partition(t time.Duration, v string, back time.Duration) {
	d := &g.d
	if back == 0 {
		back = 20 * time.Second
	}
	switch d.n(4) {
	case 0:
		side := []string{v}
		if d.chance(50) {
			side = append(side, "app1")
		}
		if r := g.name(); r != v && d.chance(30) {
			side = append(side, r)
		}
		if g.sc.Managers > 1 && d.chance(30) {
			side = append(side, "m1")
		}
		g.at(t, fmt.Sprintf("%v are cut off", side), Isolate(side...))
		g.at(t+back, fmt.Sprintf("%v are back", side), Rejoin(side...))
	case 1:
		g.at(t, "only packets to "+v+" are dropped", func(w *World) { w.oneWay(v, true, w.cut) })
		g.at(t+back, "packets to "+v+" get through", func(w *World) { w.oneWay(v, true, w.heal) })
	case 2:
		g.at(t, "only packets from "+v+" are dropped", func(w *World) { w.oneWay(v, false, w.cut) })
		g.at(t+back, "packets from "+v+" get through", func(w *World) { w.oneWay(v, false, w.heal) })
	case 3:
		other := g.name()
		if other == v {
			other = "m1"
		}
		g.at(t, v+" and "+other+" cannot talk", func(w *World) { Cut(v, other)(w); Cut(other, v)(w) })
		g.at(t+back, v+" and "+other+" can talk", func(w *World) { Heal(v, other)(w); Heal(other, v)(w) })
	}
}

// oneWay changes all links to or from a server.
func (w *World) oneWay(name string, to bool, change func(a, b node)) {
	n := w.find(name)
	w.say(n, "its links change in one direction")
	for other := range w.nodes {
		switch {
		case node(other) == n:
		case to:
			change(node(other), n)
		default:
			change(n, node(other))
		}
	}
	w.rewired()
}

// manager is trouble of the managers and their backend.
func (g *generator) manager(t time.Duration, back time.Duration) {
	d := &g.d
	if back == 0 {
		back = 10 * time.Second
	}
	n := 1 + d.n(g.sc.Managers)
	name := fmt.Sprintf("m%d", n)
	switch d.n(5) {
	case 0:
		g.at(t, name+" stands still", Pause(n))
		g.at(t+back, name+" goes on", Resume(n))
	case 1:
		jump := pick(d, time.Second, 10*time.Second, time.Hour)
		g.at(t, fmt.Sprintf("the clock of %s jumps by %s", name, jump), Jump(n, jump))
	case 2:
		g.at(t, "the backend hangs", BackendHangs(true))
		g.at(t+back, "the backend goes on", BackendHangs(false))
	case 3:
		g.at(t, "the backend's disk is full", BackendFull(true))
		g.at(t+back, "the backend has room", BackendFull(false))
	case 4:
		g.at(t, name+" is cut off", Isolate(name))
		g.at(t+back, name+" is back", Rejoin(name))
	}
}
