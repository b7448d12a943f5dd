package fidelity

import (
	"fmt"
	"slices"
	"time"

	"orchestrator/internal/recovery"
	"orchestrator/internal/sim"
)

// Simulate plays a script on the simulator and returns what was so whenever everything had settled. What is left to chance comes
// from the seed. It must be called in a testing/synctest bubble of its own.
func Simulate(r *sim.Runner, s *Script, mariadb bool, seed uint64) (seen []sim.Outcome, result *sim.Result, err error) {
	sc := &sim.Scenario{
		Name: s.Name, Seed: seed, MariaDB: mariadb, ByPosition: s.ByPosition, SemiSync: s.SemiSync, NetTimeout: netTimeout,
		Servers: s.simulated(mariadb), Settings: s.settingsText(), ByHand: s.ByHand,
	}
	result = r.Drive(sc, func(l *sim.Live) {
		w := simulatedWorld{l}
		if err = l.Await("a manager that knows the servers", time.Minute, l.Ready); err == nil {
			seen, err = play(w, s)
		}
	})
	return seen, result, err
}

// simulated are the servers as the simulator takes them. MariaDB's servers with semi-sync have init_rpl_role=SLAVE.
func (s *Script) simulated(mariadb bool) []sim.ServerSpec {
	specs := slices.Clone(s.Servers)
	for n := range specs {
		specs[n].Rewinds = mariadb && s.SemiSync
	}
	return specs
}

// simulatedWorld is that of the simulator.
type simulatedWorld struct{ *sim.Live }

// commitsWithin bounds, in virtual time, what is to come about at once.
const commitsWithin = 20 * time.Second

func (w simulatedWorld) do(s Step) error {
	simple := map[Verb]func(string) func(*sim.World){
		kill: sim.Kill, restart: sim.Restart, freeze: sim.Freeze, thaw: sim.Thaw, stopReceiver: sim.StopReceiver,
		startReceiver: sim.StartReceiver, stopApplier: sim.StopApplier, startApplier: sim.StartApplier, errant: sim.Errant, purge: sim.Purge,
		breakApplier: func(name string) func(*sim.World) { return sim.BreakApplier(name, 1062) },
		delay:        func(name string) func(*sim.World) { return sim.Delay(name, s.For) },
		open:         func(name string) func(*sim.World) { return sim.Open(name, s.On) },
	}
	if verb, ok := simple[s.Verb]; ok {
		w.Do(verb(s.Server))
		return nil
	}
	switch s.Verb {
	case send:
		w.Send(s.Server)
		return nil
	case write:
		for range s.N {
			if err := w.Write(s.Server); err != nil {
				return err
			}
		}
		return w.Await("what was written to arrive", commitsWithin, w.Arrived)
	}
	return fmt.Errorf("the simulator has no verb %q", s.Verb)
}

func (w simulatedWorld) ask(s Step) (refused bool, err error) {
	switch s.Verb {
	case takeOver:
		err = w.TakeOver(recovery.GracefulTakeoverAuto, s.Server, s.To)
	case failOver:
		err = w.TakeOver(recovery.ForceFailover, s.Server, "")
	case seize:
		err = w.TakeOver(recovery.ForceTakeover, s.Server, s.To)
	case recoverServer:
		err = w.Recover(s.Server)
	case downtime:
		err = w.Downtime(s.Server, s.For)
	case disable:
		err = w.Disable(s.On)
	case acknowledge:
		err = w.Acknowledge()
	default:
		return false, fmt.Errorf("the simulator has no question %q", s.Verb)
	}
	return err != nil, nil
}

func (w simulatedWorld) look() (sim.Outcome, error) { return w.Outcome(), nil }

const (
	calm = 15 * time.Second  // what has stayed the same for so long has settled
	long = 200 * time.Second // and this is too long for it
)

func (w simulatedWorld) settle(bool) (sim.Outcome, error) {
	begin := time.Now()
	last, since := w.Outcome(), begin
	for {
		time.Sleep(500 * time.Millisecond)
		o := w.Outcome()
		now := time.Now()
		if w.Busy() || !slices.Equal(o.Lines(), last.Lines()) {
			last, since = o, now
		}
		switch {
		case now.Sub(since) >= calm:
			return o, nil
		case now.Sub(begin) > long:
			return o, fmt.Errorf("it does not settle: %v", o.Lines())
		}
	}
}
