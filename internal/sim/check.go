package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"orchestrator/internal/topology"
)

// Invariant is a promise that is checked.
type Invariant string

// The invariants.
const (
	TwoWriters    Invariant = "two-writers"    // never two servers that take writes and can be reached, for longer than Window
	SecondWriter  Invariant = "second-writer"  // no server is opened while another one of the cluster takes writes in plain sight
	LostWrite     Invariant = "lost-write"     // what was acknowledged and could be reached is never lost
	DroppedRelay  Invariant = "dropped-relay"  // the last copy of an acknowledged transaction is never thrown away
	FalseConfirm  Invariant = "false-confirm"  // no client is told that a transaction is safe that no replica has
	DemotedSource Invariant = "demoted-source" // no replica is left below a server that was replaced
	ErrantByUs    Invariant = "errant"         // no replica is pointed at a source that lacks what it holds
	NeverEnds     Invariant = "never-ends"     // every recovery ends, and its record is closed
	NotAudited    Invariant = "not-audited"    // every change of a server is on record
	NotLeader     Invariant = "not-leader"     // nothing is changed by a node that does not lead
	NoWriter      Invariant = "no-writer"      // a dead primary is replaced when that is possible
	Overtaken     Invariant = "two-recoveries" // no two recoveries of one cluster at the same time
)

// Window is how long two servers of a cluster may take writes while the leader can reach both: between the return of a
// replaced primary and its closing.
const Window = 8 * time.Second

// settled is how long the fleet must have been left in peace before the end for what has to come about by itself.
const settled = 35 * time.Second

// Violation is a broken invariant.
type Violation struct {
	Invariant Invariant
	At        time.Duration
	Text      string
}

// String says what and when.
func (v Violation) String() string {
	return fmt.Sprintf("%s at %s: %s", v.Invariant, stamp(v.At), v.Text)
}

// checker watches over the invariants.
type checker struct {
	w         *World
	broken    []Violation
	excused   map[txn]string       // acknowledged transactions whose loss is nobody's fault, and why
	own       map[txn]bool         // made by people on servers that are closed
	demoted   map[*Server]*Server  // former primaries, and who was opened instead
	primaries map[*Server]bool     // whom managers have opened
	primary   *Server              // who was opened last, or was open from the beginning
	openers   map[*Server]*Manager // who opened it last
	shut      map[*Server]bool     // open replicas that managers have closed
	deeds     []deed
	sent      moment // when what is being done was given up by who sent it; 0: it is in time
	last      moment // the last step of the scenario
	backend   bool   // there was trouble with the backend

	twoSince moment
	two      string

	acks, promotions, guaranteed int
	longest                      time.Duration // that two took writes in plain sight
}

// deed is a change of a server by a manager.
type deed struct {
	at      moment
	m       *Manager
	s       *Server
	what    string
	unheard bool // its answer never came: nobody but the server knows that it was done
}

func newChecker(w *World) *checker {
	return &checker{w: w, excused: make(map[txn]string), own: make(map[txn]bool), demoted: make(map[*Server]*Server), primaries: make(map[*Server]bool), openers: make(map[*Server]*Manager), shut: make(map[*Server]bool)}
}

func (c *checker) violated(i Invariant, format string, args ...any) {
	v := Violation{i, c.w.now(), fmt.Sprintf(format, args...)}
	for _, o := range c.broken {
		if o.Invariant == i {
			return // one of a kind is enough
		}
	}
	c.broken = append(c.broken, v)
	c.w.tell(c.w.backend.node, broke, string(i)+": "+v.Text)
}

// acts is when a manager sends a change to a server.
func (c *checker) acts(m *Manager, s *Server, what string) {
	b := c.w.backend
	if b.held != 0 && b.holder != m.id && !m.dead {
		c.violated(NotLeader, "%s sends %q to %s while %s leads", m.id.Hostname, what, s.Name, b.holder.Hostname)
	}
}

// did is when a server does what a manager sent.
func (c *checker) did(m *Manager, s *Server, what string) {
	at := c.w.now()
	if c.sent != 0 {
		at = c.sent
	}
	c.deeds = append(c.deeds, deed{at: at, m: m, s: s, what: what})
}

// unheard marks deeds of which the answer has not come.
func (w *World) unheard(from, to int) {
	w.lock()
	defer w.unlock()
	for n := from; n < to; n++ {
		w.check.deeds[n].unheard = true
	}
}

// late does what a server has taken in while it hung: on record it is where it was given up.
func (c *checker) late(sent moment, do func()) {
	c.sent = sent
	do()
	c.sent = 0
}

// acked is when a client hears that its transaction is committed.
func (c *checker) acked(t txn, s *Server, guaranteed bool) {
	c.acks++
	r := &c.w.txns[t]
	r.acked, r.guaranteed = c.w.now(), guaranteed
	if guaranteed {
		c.guaranteed++
	}
	if to := c.demoted[s]; to != nil {
		c.excused[t] = "it was committed on a server that had been replaced and could not be told"
	}
}

// strange is a transaction that somebody makes where nobody should.
func (c *checker) strange(t txn) { c.own[t] = true }

// truncated excuses what a server lost with its machine.
func (c *checker) truncated(lost []txn) {
	for _, t := range lost {
		c.excused[t] = "it was lost with the machine's memory"
	}
}

// holds says whether a server has a transaction, applied or not.
func (s *Server) holds(t txn) bool {
	if s.inLog[t] {
		return true
	}
	if s.ch != nil {
		for _, r := range s.ch.unapplied() {
			if r.t == t {
				return true
			}
		}
	}
	return false
}

// within says whether a manager can talk to a server.
func (m *Manager) within(s *Server) bool {
	return !m.dead && !m.paused && s.alive() && m.w.talks(m.node, s.node)
}

// closes is when a manager closes a server.
func (c *checker) closes(m *Manager, s *Server) {
	c.did(m, s, "close for writing")
	c.shut[s] = s.ch != nil && (c.shut[s] || !s.readOnly)
}

// opening is a server's opening among the deeds.
const opening = "open for writing"

// opens is when a manager opens a server.
func (c *checker) opens(m *Manager, s *Server) {
	w := c.w
	c.did(m, s, opening)
	again := s.ch != nil && c.shut[s]
	delete(c.shut, s)
	if again || !s.readOnly && (c.primary == s || s.ch != nil) {
		return // a replica that was open already becomes a primary when it forgets its source
	}
	c.promotions++
	for _, o := range w.servers {
		if o != s && o.up && !o.readOnly && o.ch == nil && m.within(o) && w.talks(o.node, s.node) && w.now()-o.reachable(m) > 3*time.Second && !w.Scenario.ByHand {
			c.violated(SecondWriter, "%s opens %s while %s takes writes and answers", m.id.Hostname, s.Name, o.Name)
		}
	}
	for _, o := range w.servers {
		if o != s && c.onlyUnseenBy(m, o) && !w.Scenario.ByHand {
			c.violated(SecondWriter, "%s opens %s while %s takes writes and all its replicas reach it: only %s does not", m.id.Hostname, s.Name, o.Name, m.id.Hostname)
		}
	}
	for n := range w.txns {
		t := txn(n)
		if w.txns[n].acked == 0 || s.find(t) >= 0 || c.excused[t] != "" {
			continue // one of the same number that its origin wrote again after it had lost its memory cannot be told from it
		}
		for _, o := range w.servers {
			// What a replica delays on purpose counts less than its delay does (docs/failover.md, the order of candidates). And what
			// it cannot apply nobody can fetch from it: a server sends others its binary log, never its relay log.
			if w.Scenario.ByPosition && o.Rule == topology.MustNotPromote {
				continue // by file and position nothing can be fetched from it
			}
			if o != s && s.ch != nil && o.ch != nil && o.ch.source == s.ch.source && m.within(o) && o.readOnly && w.talks(o.node, s.node) && o.holds(t) && (o.Delay == 0 && o.ch.sqlErrno == 0 || o.inLog[t]) && o.stands(m) && !w.Scenario.ByHand {
				c.violated(LostWrite, "%s opens %s without transaction %d, which was acknowledged and is on %s", m.id.Hostname, s.Name, n, o.Name)
			}
		}
		for _, o := range w.servers {
			if o != s && o.ch == nil && m.within(o) && o.stands(m) && w.talks(o.node, s.node) && o.inLog[t] && !w.Scenario.ByHand {
				c.violated(LostWrite, "%s opens %s without transaction %d, which was acknowledged, while %s has it and answers", m.id.Hostname, s.Name, n, o.Name)
			}
		}
		c.excused[t] = "nobody who could be reached had it when " + s.Name + " was opened"
	}
	for _, o := range w.servers {
		if o != s && (o.Open || c.primaries[o]) {
			c.demoted[o] = s
		}
	}
	delete(c.demoted, s)
	c.primaries[s] = true
	c.primary, c.openers[s] = s, m
}

// forgotten says whether nobody can know that a server was replaced: the process that did it is gone, and could not write
// it down.
func (c *checker) forgotten(s *Server) bool {
	to := c.demoted[s]
	if to == nil || !c.openers[to].dead {
		return false
	}
	b := c.w.backend
	return !slices.ContainsFunc(b.recoveries, func(r *row) bool { return r.Finding.Key == s.key }) &&
		!slices.ContainsFunc(b.journals, func(j *journal) bool { return j.state.Failed == s.key })
}

// onlyUnseenBy says whether a primary takes writes and serves all of its replicas, and only a manager has been unable to
// talk to it for a while.
func (c *checker) onlyUnseenBy(m *Manager, o *Server) bool {
	w := c.w
	if !o.alive() || o.readOnly || m.within(o) || c.demoted[o] != nil || w.now()-max(o.wellSince, o.booted) < 3*time.Second {
		return false
	}
	served := 0
	for _, r := range w.servers {
		if r.ch == nil || r.ch.source != o.key {
			continue
		}
		if !r.alive() || !w.talks(r.node, o.node) || w.now()-w.linkSince[r.node][o.node] < 3*time.Second {
			return false
		}
		if r.ch.io != topology.ThreadStopped || r.ch.gathered {
			served++ // one that does not try to reach it testifies nothing, and the published conditions do not ask for that
		}
	}
	return served > 0
}

// stands says whether a server has been in reach long enough to be asked for what it has.
func (s *Server) stands(m *Manager) bool { return s.w.now()-s.reachable(m) > 3*time.Second }

// reachable is since when a manager can talk to a server.
func (s *Server) reachable(m *Manager) moment {
	return max(s.wellSince, s.booted, s.w.linkSince[m.node][s.node])
}

// drops is when a manager makes a server throw away what it received and did not apply; next is its source afterwards.
func (c *checker) drops(m *Manager, s *Server, next topology.Key) {
	w := c.w
	if w.Scenario.ByHand || s.ch == nil {
		return
	}
	for _, r := range s.ch.unapplied() {
		if w.txns[r.t].acked == 0 || c.excused[r.t] != "" || c.own[r.t] || s.inLog[r.t] {
			continue
		}
		kept := false
		for _, o := range w.servers {
			// Nobody can tell it from one of the same number that its origin wrote before it lost its memory.
			has := o.holds(r.t) || o.find(r.t) >= 0
			kept = kept || o != s && o.alive() && has && (m.within(o) || o.key == next && w.talks(o.node, s.node))
		}
		if !kept {
			c.violated(DroppedRelay, "%s makes %s throw away transaction %d, which was acknowledged and is nowhere else in reach", m.id.Hostname, s.Name, r.t)
		}
	}
}

// repoints is when a manager gives a server another source.
func (c *checker) repoints(m *Manager, s *Server, to topology.Key) {
	w := c.w
	c.did(m, s, "replicate from "+to.Hostname)
	c.drops(m, s, to)
	delete(c.shut, s) // when it is opened again that is a promotion
	target := w.byKey[to]
	if target == nil || w.Scenario.ByHand || !target.up {
		return // what it loses with its machine cannot be known before it is back
	}
	t := c.extra(s, target)
	if t < 0 {
		return
	}
	told := func() {
		c.violated(ErrantByUs, "%s points %s at %s, which lacks transaction %d (%s)", m.id.Hostname, s.Name, target.Name, t, w.gtidText(t))
	}
	if w.Scenario.MariaDB {
		told()
		return
	}
	// By MySQL's sets a server can fetch from one that lacks what it has, as a successor does from its sibling. It is not to stay there.
	w.quietly(fetching, func() {
		if s.ch != nil && s.ch.source == to && c.extra(s, target) == t {
			told()
		}
	})
}

// fetching is how long a successor may stay below a sibling that lacks what it holds itself.
const fetching = 10 * time.Second

// extra is a transaction that a server holds and another one lacks, -1 where there is none. What people have written there is not
// counted.
func (c *checker) extra(s, target *Server) txn {
	for _, t := range s.log {
		if !target.holds(t) && !c.own[t] && target.find(t) < 0 {
			return t
		}
	}
	return -1
}

// released is when a manager switches semi-sync off on a source where clients wait.
func (c *checker) released(m *Manager, s *Server) {
	c.did(m, s, "switch semi-sync off")
	if len(s.waiting) > 0 && c.demoted[s] != nil {
		c.violated(FalseConfirm, "%s switches semi-sync off on %s, where %d clients wait: they are told that their transactions are safe", m.id.Hostname, s.Name, len(s.waiting))
	}
}

// leader is the manager that leads now, nil when none does.
func (w *World) leader() *Manager {
	for _, m := range w.managers {
		if m.leads() && !m.paused && w.talks(m.node, w.backend.node) {
			return m
		}
	}
	return nil
}

const sampling = 200 * time.Millisecond

// sample looks at what has to be looked at again and again.
func (c *checker) sample() {
	w := c.w
	var open []string
	if m := w.leader(); m != nil && !w.Scenario.ByHand && !w.backend.hung {
		for _, s := range w.servers {
			if !s.readOnly && m.within(s) && s.ch == nil && !c.forgotten(s) { // an open replica is a matter of its option file
				open = append(open, s.Name)
			}
		}
	}
	two := ""
	if len(open) > 1 {
		two = strings.Join(open, " and ")
	}
	if two != c.two {
		c.two, c.twoSince = two, w.now()
	}
	if two != "" {
		since := w.now() - c.twoSince
		c.longest = max(c.longest, since)
		if since > Window {
			c.violated(TwoWriters, "%s have both been taking writes for %s", two, since.Round(time.Millisecond))
		}
	}
	if !w.ending {
		w.quietly(sampling, c.sample)
	}
}

// gtidText prints a transaction's GTID.
func (w *World) gtidText(t txn) string {
	if w.Scenario.MariaDB {
		return w.mariaGTID(t)
	}
	r := &w.txns[t]
	return fmt.Sprintf("%s:%d", w.servers[r.origin].Name, r.seq)
}
