package sim

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/topology"
)

// Runner runs scenarios. It keeps what is the same for many.
type Runner struct {
	mu      sync.Mutex
	configs map[string]*config.Config
}

// NewRunner returns a Runner; it is safe for concurrent use.
func NewRunner() *Runner { return &Runner{configs: make(map[string]*config.Config)} }

// Result is what became of a scenario.
type Result struct {
	Scenario   *Scenario
	Violations []Violation
	// Trace is the same number for two runs with the same story.
	Trace uint64
	// Primary is the only server that takes writes in the end; "" where there is none or more than one.
	Primary string
	// Roles says of each server what it is in the end: "open", "closed", "gone", or "below NAME".
	Roles map[string]string

	Acknowledged int // transactions that clients were told of as committed
	Guaranteed   int // of these, those that a replica had confirmed
	Lost         int // of all, those that the primary does not have in the end, whoever is to blame
	Promotions   int
	Recoveries   int
	TwoWriters   time.Duration // longest time that two took writes in plain sight

	// Waiting are the lines of the story for which steps have waited in vain.
	Waiting []string

	tell func() string
}

// Story is the timeline of the run, for people.
func (r *Result) Story() string {
	var b strings.Builder
	fmt.Fprintf(&b, "scenario %q, seed %d\n", r.Scenario.Name, r.Scenario.Seed)
	b.WriteString(r.tell())
	for _, v := range r.Violations {
		fmt.Fprintf(&b, "broken: %s\n", v)
	}
	return b.String()
}

// patient is how much longer a scenario runs whose recoveries have not ended: a replica may be waited for for half a minute,
// and one of which nobody knows whether it was opened for as long again.
const patient = 100 * time.Second

// Run runs a scenario from its beginning to its end. It must be called in a testing/synctest bubble of its own.
func (r *Runner) Run(sc *Scenario) *Result {
	return r.Drive(sc, func(l *Live) { l.w.untilItsEnd() })
}

// untilItsEnd waits for the end of the scenario, and some longer for recoveries that have not ended by then. What appliers
// take to apply what they have received does not count: a recovery waits for that, and it is nobody's fault.
func (w *World) untilItsEnd() {
	w.pass()
	least := math.MaxInt
	for waited := 0; waited < 20; waited++ {
		w.lock()
		more, backlog := w.check.unfinished(), w.backlog()
		w.unlock()
		if !more {
			return
		}
		if backlog < least {
			least, waited = backlog, 0
		}
		time.Sleep(patient / 20)
	}
}

// backlog is how much running appliers have yet to apply.
func (w *World) backlog() (n int) {
	for _, s := range w.servers {
		if s.alive() && s.ch != nil && s.ch.sql == topology.ThreadRunning {
			n += len(s.ch.unapplied())
		}
	}
	return n
}

// Drive runs a scenario that goes on until drive returns, which moves it along. It must be called in a testing/synctest bubble
// of its own.
func (r *Runner) Drive(sc *Scenario, drive func(*Live)) *Result {
	sc = sc.withDefaults()
	w := newWorld(sc, r)
	w.lock()
	w.begin()
	w.unlock()
	drive(&Live{w})

	w.lock()
	w.ending = true
	w.check.end()
	result := w.result()
	for _, m := range append(w.past, w.managers...) {
		m.dead = true
		if m.stop != nil {
			m.stop()
		}
	}
	w.rewired()
	all := append(w.past, w.managers...)
	w.unlock()
	for _, m := range all {
		m.work.Wait()
	}
	w.lock()
	defer w.unlock()
	w.over = true
	w.alarm.Stop()
	return result
}

// early is how long before its end a brief scenario may end.
const early = 20 * time.Second

// pass lets the time of the scenario go by.
func (w *World) pass() {
	sc := w.Scenario
	if !sc.Brief {
		time.Sleep(sc.Until)
		return
	}
	time.Sleep(sc.Until - early)
	w.lock()
	done := w.check.inOrder()
	w.unlock()
	if !done {
		time.Sleep(early)
	}
}

// begin starts everything. The caller holds mu.
func (w *World) begin() {
	for _, s := range w.servers {
		s.configure()
	}
	for _, m := range w.managers {
		m.start()
	}
	for _, a := range w.apps {
		a.start()
	}
	for _, step := range w.Scenario.Steps {
		do := func(w *World) {
			w.check.last = w.now()
			if step.What != "" {
				w.say(w.backend.node, "— %s", step.What)
			}
			step.Do(w)
		}
		if step.When != "" {
			w.triggers = append(w.triggers, Step{At: step.At, When: step.When, Do: do})
			continue
		}
		w.at(step.At, func() { do(w) })
	}
	w.after(sampling, w.check.sample)
}

func (w *World) result() *Result {
	c := w.check
	r := &Result{
		Scenario: w.Scenario, Violations: c.broken, Trace: w.story.trace(), Roles: make(map[string]string),
		Acknowledged: c.acks, Guaranteed: c.guaranteed, Promotions: c.promotions, Recoveries: len(w.backend.recoveries), TwoWriters: c.longest,
	}
	for _, s := range w.triggers {
		r.Waiting = append(r.Waiting, s.When)
	}
	lines := w.story.lines
	r.tell = func() string { return (&story{lines}).text(w) }
	if open := c.writers(); len(open) == 1 {
		r.Primary = open[0].Name
		for n := range w.txns {
			if w.txns[n].acked != 0 && !open[0].inLog[txn(n)] {
				r.Lost++
			}
		}
	}
	for _, s := range w.servers {
		r.Roles[s.Name] = s.role()
	}
	return r
}

func (s *Server) role() string {
	switch {
	case !s.up:
		return "gone"
	case s.ch != nil:
		return "below " + s.ch.source.Hostname
	case s.readOnly:
		return "closed"
	}
	return "open"
}

// configFor is the configuration of a scenario, which many share.
func (r *Runner) configFor(sc *Scenario) *config.Config {
	var seeds []string
	for _, s := range sc.Servers {
		seeds = append(seeds, fmt.Sprintf("%q", KeyOf(s.Name).String()))
	}
	text := fmt.Sprintf(`{"MySQLTopologyUser": "orchestrator", "HostnameResolveMethod": "none", "MySQLHostnameResolveMethod": "none",
		"RecoverMasterClusterFilters": ["*"], "RecoverIntermediateMasterClusterFilters": ["*"], "DiscoverySeeds": [%s]`, strings.Join(seeds, ","))
	if !strings.Contains(sc.Settings, "RecoveryPeriodBlockSeconds") {
		text += `, "RecoveryPeriodBlockSeconds": 1`
	}
	if sc.Settings != "" {
		text += ", " + sc.Settings
	}
	text += "}"
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.configs[text]; c != nil {
		return c
	}
	c, _, err := config.Parse([]byte(text))
	if err != nil {
		panic(fmt.Sprintf("sim: the configuration of scenario %q: %v", sc.Name, err))
	}
	r.configs[text] = c
	return c
}
