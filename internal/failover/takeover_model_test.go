package failover

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// world is some servers in memory, as far as a takeover touches them. Whoever takes writes gets some after every stage.
type world struct {
	servers map[topology.Key]*mini
	opened  map[topology.Key]int // how far a server had come when it was opened
}

// mini is one server: what it holds is the number of the newest write.
type mini struct {
	open    bool
	source  topology.Key
	running bool
	holds   int
}

func newWorld(t *topology.Topology) *world {
	w := &world{servers: map[topology.Key]*mini{}, opened: map[topology.Key]int{}}
	for _, i := range t.Instances() {
		w.servers[i.Key] = &mini{open: !i.ReadOnly, source: i.Channel.Source, running: i.Replicating(), holds: 100}
	}
	return w
}

func (w *world) clone() map[topology.Key]mini {
	out := map[topology.Key]mini{}
	for k, m := range w.servers {
		c := *m
		c.holds = 0
		out[k] = c
	}
	return out
}

// write lets a client write to the primary, and nothing be replicated: the worst case.
func (w *world) write(primary topology.Key) {
	if m := w.servers[primary]; m.open {
		m.holds++
	}
}

func (w *world) writers() []topology.Key {
	var open []topology.Key
	for k, m := range w.servers {
		if m.open {
			open = append(open, k)
		}
	}
	return topology.SortKeys(open)
}

// do applies an action as its verb promises. An error is a promise of the plan that does not hold.
func (w *world) do(k topology.Key, a plan.Action) error {
	m := w.servers[k]
	switch a.Verb {
	case plan.SetReadOnly, plan.ClosePrimary:
		m.open = false
	case plan.SetWritable:
		m.open = true
		w.opened[k] = m.holds
	case plan.AwaitSource:
		if m.source != a.Source || !m.running {
			return fmt.Errorf("%s waits for %s, from which it does not replicate", k, a.Source)
		}
		m.holds = w.servers[a.Source].holds
	case plan.MoveBelow:
		if m.source != w.servers[a.Source].source || !m.running {
			return fmt.Errorf("%s is no sibling of %s", k, a.Source)
		}
		m.source = a.Source
	case plan.ChangeSource:
		m.source, m.running = a.Source, true
	case plan.FollowPromoted:
		if m.source != a.Former || !m.running {
			return fmt.Errorf("%s waits for %s, from which it does not replicate", k, a.Former)
		}
		m.holds = w.servers[a.Former].holds
		if at := w.opened[a.Source]; m.holds != at {
			return fmt.Errorf("%s holds %d and begins where %s held %d", k, m.holds, a.Source, at)
		}
		m.source = a.Source
	case plan.BecomeReplica:
		if at := w.opened[a.Source]; m.holds != at {
			return fmt.Errorf("the former primary holds %d, and %s was opened at %d", m.holds, a.Source, at)
		}
		m.source, m.running = a.Source, false
	case plan.ForgetSource:
		m.source, m.running = topology.Key{}, false
	case plan.StartReplica:
		if m.source.IsZero() {
			return fmt.Errorf("%s is started and is no replica", k)
		}
		m.running = true
	case plan.ReadCredentials:
		if m.source.IsZero() {
			return fmt.Errorf("%s has no source and no credentials", k)
		}
	case plan.StopReceiving, plan.StopReplica:
		m.running = false
	case plan.StartReceiving:
		m.running = true
	case plan.AwaitApplied, plan.AwaitExecuted, plan.AwaitWriters, plan.SemiSyncSource, plan.SemiSyncReplica:
	default:
		return fmt.Errorf("the model knows no %s", a.Verb)
	}
	return nil
}

// undone stands for the stage after which everything has been taken back.
const undone = -1

// run does a plan as the executor would; fail is the number of the step that fails, 0 for none. After every stage the
// check is made. It says whether the point of no return was passed.
func (w *world) run(p *plan.Plan, fail int, check func(stage int) error) (passed bool, err error) {
	var done []*plan.Step
	for _, steps := range p.Stages() {
		broken := false
		for _, s := range steps {
			if s.N == fail {
				broken = broken || !s.MayFail
				continue
			}
			if err := w.do(s.Server, s.Action); err != nil {
				return passed, fmt.Errorf("step %d: %w", s.N, err)
			}
			passed = passed || s.NoReturn
			if s.Undo != nil {
				done = append(done, s)
			}
		}
		if broken && !passed {
			for _, s := range slices.Backward(done) {
				if err := w.do(s.Server, *s.Undo); err != nil {
					return passed, fmt.Errorf("undo of step %d: %w", s.N, err)
				}
			}
			return false, check(undone)
		}
		if err := check(steps[0].Stage); err != nil {
			return passed, err
		}
		w.write(p.Failed)
		if passed {
			w.write(p.Successor)
		}
	}
	return passed, nil
}

// fleets draws a cluster that works, with everything that can differ.
func fleets(t *rapid.T) situation {
	cascade := rapid.Bool().Draw(t, "cascade")
	source := "p"
	var s situation
	s.cascade, s.request = cascade, TakeoverRequest{Auto: rapid.Bool().Draw(t, "auto")}
	family := rapid.SampledFrom([]string{"mysql", "maria", "position", "mixed"}).Draw(t, "family")
	vary := func(i *topology.Instance) {
		name := i.Key.Hostname
		switch {
		case family == "maria":
			mariadb("0-1-100", "0-1-100")(i)
		case family == "position", family == "mixed" && rapid.Bool().Draw(t, name+" by position"):
			filePosition(i)
		}
		if rapid.IntRange(0, 3).Draw(t, name+" semi-sync") == 0 {
			acking(i)
		}
	}
	if cascade {
		source = "a"
		s.servers = servers(running("a", vary, inRing("b", false)), running("b", vary, inRing("a", true)))
	} else {
		s.servers = servers(living())
		if family == "maria" {
			mariadb("", "")(s.servers[0])
		}
	}
	if rapid.Bool().Draw(t, "semi-sync") {
		wait := rapid.UintRange(1, 2).Draw(t, "acknowledgements")
		askingAcks(wait, wait)(s.servers[0])
	}
	for n := range rapid.IntRange(1, 5).Draw(t, "replicas") {
		i := running(string(rune('q'+n)), vary, below(source))
		switch rapid.IntRange(0, 7).Draw(t, i.Key.Hostname+" state") {
		case 0:
			i.Channel.IOThread = topology.ThreadStopped
		case 1:
			i.Channel.SQLDelay = 60
		case 2:
			i.ReadOnly = false
		case 3:
			i.LogReplicaUpdates = false
		}
		s.servers = append(s.servers, i)
	}
	if !cascade && !s.request.Auto {
		s.request.Designated = key("q")
	}
	return s
}

// oneWriter says whether the takeover adds a writer at any moment, or loses the one there was.
func oneWriter(w *world, p *plan.Plan, atFirst []topology.Key) func(int) error {
	return func(stage int) error {
		now := w.writers()
		if w.servers[p.Failed].open && w.servers[p.Successor].open && stage != undone && stage != FenceStage {
			return fmt.Errorf("stage %d: two writers, %v", stage, now)
		}
		if len(now) > len(atFirst) {
			return fmt.Errorf("stage %d: writers %v, at first %v", stage, now, atFirst)
		}
		return nil
	}
}

func TestNeverTwoWriters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := fleets(t)
		p, refusal := s.plan()
		if refusal != nil {
			t.Skip(refusal.Rule)
		}
		w := newWorld(topology.New(s.servers, topology.Names{}))
		atFirst := w.writers()
		passed, err := w.run(&p, 0, oneWriter(w, &p, atFirst))
		if err != nil {
			t.Fatalf("%v\n%s", err, &p)
		}
		if !passed || w.servers[p.Failed].open || !w.servers[p.Successor].open {
			t.Fatalf("%s did not take over\n%s", p.Successor, &p)
		}
		if s.cascade != (w.servers[p.Successor].source == p.Failed) {
			t.Fatalf("the source of %s is %s\n%s", p.Successor, w.servers[p.Successor].source, &p)
		}
		if w.servers[p.Failed].source != p.Successor {
			t.Fatalf("%s does not name %s as its source\n%s", p.Failed, p.Successor, &p)
		}
		if w.servers[p.Failed].running != (s.cascade || s.request.Auto) {
			t.Fatalf("replication on %s runs: %t\n%s", p.Failed, w.servers[p.Failed].running, &p)
		}
	})
}

func TestFailedTakeoverLeavesEverythingAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := fleets(t)
		p, refusal := s.plan()
		if refusal != nil {
			t.Skip(refusal.Rule)
		}
		fail := rapid.IntRange(1, len(p.Steps)).Draw(t, "failing step")
		w := newWorld(topology.New(s.servers, topology.Names{}))
		before, atFirst := w.clone(), w.writers()
		step := p.Steps[fail-1]
		if step.MayFail {
			// Credentials that cannot be read are no reason to stop, and neither is anything after the opening.
			t.Skip("may fail")
		}
		passed, err := w.run(&p, fail, oneWriter(w, &p, atFirst))
		if err != nil {
			t.Fatalf("%v\n%s", err, &p)
		}
		if passed {
			t.Fatalf("it went on without step %d\n%s", fail, &p)
		}
		for k, was := range before {
			now := *w.servers[k]
			now.holds = 0
			if now != was {
				t.Fatalf("step %d failed: %s is %+v, was %+v\n%s", fail, k, now, was, &p)
			}
		}
	})
}

func TestFailuresAfterTheOpeningLeaveOneWriter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := fleets(t)
		p, refusal := s.plan()
		if refusal != nil {
			t.Skip(refusal.Rule)
		}
		var late []int
		for _, step := range p.Steps {
			if step.Stage > p.NoReturn().Stage && step.Action.Verb != plan.BecomeReplica {
				late = append(late, step.N)
			}
		}
		if len(late) == 0 {
			t.Skip("nothing after the opening")
		}
		w := newWorld(topology.New(s.servers, topology.Names{}))
		if _, err := w.run(&p, rapid.SampledFrom(late).Draw(t, "failing step"), oneWriter(w, &p, w.writers())); err != nil {
			t.Fatalf("%v\n%s", err, &p)
		}
		if w.servers[p.Failed].open || !w.servers[p.Successor].open {
			t.Fatalf("writers: %v\n%s", w.writers(), &p)
		}
	})
}

func TestForcedTakeoverHasOneWriter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := fleets(t)
		s.cascade, s.request.Force = false, true
		for _, i := range s.servers[1:] {
			i.ReadOnly = true
		}
		p, refusal := s.plan()
		if refusal != nil {
			t.Skip(refusal.Rule)
		}
		if p.Steps[0].Stage != FenceStage || p.Steps[0].Server != p.Failed {
			t.Fatalf("a primary that answers is not closed first\n%s", &p)
		}
		w := newWorld(topology.New(s.servers, topology.Names{}))
		fail := rapid.IntRange(0, len(p.Steps)).Draw(t, "failing step")
		if fail == 1 {
			t.Skip("a primary that cannot be closed: nothing can be promised")
		}
		passed, err := w.run(&p, fail, oneWriter(w, &p, w.writers()))
		if err != nil {
			t.Fatalf("%v\n%s", err, &p)
		}
		if w.servers[p.Failed].open == passed || w.servers[p.Successor].open != passed {
			t.Fatalf("promoted: %t, writers: %v\n%s", passed, w.writers(), &p)
		}
	})
}

// TestTheModelFindsMistakes keeps the properties honest: plans that are wrong must fail them.
func TestTheModelFindsMistakes(t *testing.T) {
	for name, spoil := range map[string]func(p *plan.Plan){
		"the primary is not closed": func(p *plan.Plan) {
			p.Steps = slices.DeleteFunc(p.Steps, func(s plan.Step) bool { return s.Action.Verb == plan.ClosePrimary })
		},
		"nobody waits after the closing": func(p *plan.Plan) {
			p.Steps = slices.DeleteFunc(p.Steps, func(s plan.Step) bool {
				return s.Action.Verb == plan.AwaitSource && s.Stage > CloseStage
			})
		},
		"a replica by position moves early": func(p *plan.Plan) {
			for n := range p.Steps {
				if p.Steps[n].Action.Verb == plan.FollowPromoted {
					p.Steps[n].Stage = CloseStage
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := takeovers["some by GTID and some by position"]
			p, refusal := s.plan()
			if refusal != nil {
				t.Fatal(refusal)
			}
			spoil(&p)
			w := newWorld(topology.New(s.servers, topology.Names{}))
			if _, err := w.run(&p, 0, oneWriter(w, &p, w.writers())); err == nil {
				t.Errorf("the model finds nothing wrong with\n%s", &p)
			}
		})
	}
}
