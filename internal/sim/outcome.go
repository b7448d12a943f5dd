package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/topology"
)

// Outcome is what a fleet, simulated or real, is like at a moment, and what its managers have noted. Servers go by their
// names in the scenario.
type Outcome struct {
	Servers []ServerOutcome // in their order
	// Missing is how many acknowledged transactions the primary lacks, where there is one.
	Missing    int
	Detected   []string // failures that called for a recovery: "DeadMaster of db1"
	Recoveries []string // in their order: "DeadMaster of db1: db2 took over", or ": failed"
	Standing   []string // what the analysis finds at this moment: "DeadMasterWithoutReplicas of db1"
}

// ServerOutcome is what one server is like. Of one that is gone or hangs only that is known, and whether it is lost.
type ServerOutcome struct {
	Name        string
	Gone, Hangs bool
	Open        bool   // takes writes
	Source      string // "" where it stands alone
	IO, SQL     topology.ThreadState
	SQLErrno    int
	Delay       time.Duration
	Waits       bool // it waits for semi-sync acknowledgements of what it commits
	Errant      bool // it holds what the primary lacks
	Lost        bool // a recovery has left it behind
}

// Primary is the only server that takes writes and stands alone; "" where there is none or more than one.
func (o *Outcome) Primary() string {
	name := ""
	for n := range o.Servers {
		if s := &o.Servers[n]; s.Writable() {
			if name != "" {
				return ""
			}
			name = s.Name
		}
	}
	return name
}

// Writable says whether the server takes writes and stands alone.
func (s *ServerOutcome) Writable() bool { return !s.Gone && !s.Hangs && s.Open && s.Source == "" }

// String says it in words: "db2: open", "db3: closed, below db2, applier stopped (1062)".
func (s *ServerOutcome) String() string {
	var words []string
	say := func(when bool, format string, args ...any) {
		if when {
			words = append(words, fmt.Sprintf(format, args...))
		}
	}
	there := !s.Gone && !s.Hangs
	replica := there && s.Source != ""
	say(s.Gone, "gone")
	say(s.Hangs, "hangs")
	say(there && s.Open, "open")
	say(there && !s.Open, "closed")
	say(there && s.Waits, "waits for acknowledgements")
	say(replica, "below %s", s.Source)
	say(replica && s.IO == topology.ThreadStopped, "receiver stopped")
	say(replica && s.IO == topology.ThreadOther, "receiver connecting")
	say(replica && s.SQL != topology.ThreadRunning, "applier stopped")
	say(replica && s.SQLErrno != 0, "error %d", s.SQLErrno)
	say(replica && s.Delay > 0, "delayed by %s", s.Delay)
	say(there && s.Errant, "errant")
	say(s.Lost, "lost")
	return s.Name + ": " + strings.Join(words, ", ")
}

// Lines says all of it in words, one fact in a line; two outcomes with the same lines are the same.
func (o *Outcome) Lines() []string {
	var lines []string
	for n := range o.Servers {
		lines = append(lines, o.Servers[n].String())
	}
	if o.Missing > 0 {
		lines = append(lines, fmt.Sprintf("%d acknowledged transactions are missing", o.Missing))
	}
	for _, d := range o.Detected {
		lines = append(lines, "detected: "+d)
	}
	for _, r := range o.Recoveries {
		lines = append(lines, "recovered: "+r)
	}
	for _, f := range o.Standing {
		lines = append(lines, "found: "+f)
	}
	return lines
}

// Outcome reads what the scenario is like now.
func (l *Live) Outcome() Outcome {
	w := l.w
	var o Outcome
	if m := l.leader(); m != nil {
		o.Standing = m.standing()
	}
	w.lock()
	defer w.unlock()
	for _, s := range w.servers {
		o.Servers = append(o.Servers, s.outcome())
	}
	if p := w.byKey[KeyOf(o.Primary())]; p != nil {
		for n := range w.txns {
			if w.txns[n].acked != 0 && !p.inLog[txn(n)] {
				o.Missing++
			}
		}
		for n, s := range w.servers {
			o.Servers[n].Errant = slices.ContainsFunc(s.log, func(t txn) bool { return p.find(t) < 0 })
		}
	}
	b := w.backend
	for _, d := range b.detections {
		if d.actionable {
			o.Detected = append(o.Detected, About(string(d.code), d.key.Hostname))
		}
	}
	for _, r := range b.recoveries {
		o.Recoveries = append(o.Recoveries, Recovered(string(r.Finding.Code), r.Finding.Key.Hostname, r.Successor.Hostname, r.successful))
	}
	return o
}

// About is how an Outcome names a code of a server.
func About(code, server string) string { return code + " of " + server }

// Recovered is how an Outcome names a recovery.
func Recovered(code, server, successor string, successful bool) string {
	if !successful {
		return About(code, server) + ": failed"
	}
	return About(code, server) + ": " + successor
}

func (s *Server) outcome() ServerOutcome {
	o := ServerOutcome{Name: s.Name, Gone: !s.up, Hangs: s.up && s.hung}
	d, ok := s.w.backend.downtimes[s.key]
	o.Lost = ok && d.LostInRecovery()
	if o.Gone || o.Hangs {
		return o
	}
	o.Open, o.Waits = !s.readOnly, s.semiSource
	if ch := s.ch; ch != nil {
		o.Source, o.IO, o.SQL, o.SQLErrno, o.Delay = ch.source.Hostname, ch.io, ch.sql, ch.sqlErrno, ch.delay
	}
	return o
}

// standing is what the analysis finds at this moment, in the order of its words.
func (m *Manager) standing() []string {
	p := analysis.PolicyOf(m.w.config)
	p.Live, p.IncludeDowntimed = true, true
	var all []string
	for _, f := range analysis.Analyze(m.observer.Snapshot(), p, m.clock()) {
		codes := append(slices.Clone(f.Structure), f.Additional...)
		if f.Code != analysis.NoProblem {
			codes = append(codes, f.Code)
		}
		for _, c := range codes {
			all = append(all, About(string(c), f.Key.Hostname))
		}
	}
	slices.Sort(all)
	return all
}
