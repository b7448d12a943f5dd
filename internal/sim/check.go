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
	excused   map[txn]string      // acknowledged transactions whose loss is nobody's fault, and why
	own       map[txn]bool        // made by people on servers that are closed
	demoted   map[*Server]*Server // former primaries, and who was opened instead
	primaries map[*Server]bool    // whom managers have opened
	primary   *Server             // who was opened last, or was open from the beginning
	deeds     []deed
	last      moment // the last step of the scenario
	backend   bool   // there was trouble with the backend

	twoSince moment
	two      string

	acks, promotions, guaranteed int
	longest                      time.Duration // that two took writes in plain sight
}

// deed is a change of a server by a manager.
type deed struct {
	at   moment
	m    *Manager
	s    *Server
	what string
}

func newChecker(w *World) *checker {
	return &checker{w: w, excused: make(map[txn]string), own: make(map[txn]bool), demoted: make(map[*Server]*Server), primaries: make(map[*Server]bool)}
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
	c.deeds = append(c.deeds, deed{c.w.now(), m, s, what})
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

// opens is when a manager opens a server.
func (c *checker) opens(m *Manager, s *Server) {
	w := c.w
	c.did(m, s, "open for writing")
	if !s.readOnly {
		return
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
		if w.txns[n].acked == 0 || s.inLog[t] || c.excused[t] != "" {
			continue
		}
		for _, o := range w.servers {
			// What a replica delays on purpose counts less than its delay does (docs/failover.md, the order of candidates).
			if w.Scenario.ByPosition && o.Rule == topology.MustNotPromote {
				continue // by file and position nothing can be fetched from it
			}
			if o != s && s.ch != nil && o.ch != nil && o.ch.source == s.ch.source && m.within(o) && o.readOnly && w.talks(o.node, s.node) && o.holds(t) && (o.Delay == 0 || o.inLog[t]) && o.stands(m) && !w.Scenario.ByHand {
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
	c.primary = s
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
		served++
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
			kept = kept || o != s && o.alive() && o.holds(r.t) && (m.within(o) || o.key == next && w.talks(o.node, s.node))
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
	target := w.byKey[to]
	if target == nil || w.Scenario.ByHand || !target.up {
		return // what it loses with its machine cannot be known before it is back
	}
	for _, t := range s.log {
		if !target.holds(t) && !c.own[t] && target.find(t) < 0 {
			c.violated(ErrantByUs, "%s points %s at %s, which lacks transaction %d (%s)", m.id.Hostname, s.Name, target.Name, t, w.gtidText(t))
			return
		}
	}
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
			if !s.readOnly && m.within(s) && s.ch == nil { // an open replica is a matter of its option file
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
		w.after(sampling, c.sample)
	}
}

// end checks what must be so when everything has been quiet for a while.
func (c *checker) end() {
	w := c.w
	m := w.leader()
	quiet := w.now()-c.last >= settled && m != nil && w.now()-w.backend.changed >= settled && !w.backend.hung && !w.backend.full
	c.checkLosses()
	if quiet {
		c.checkSources(m)
		c.checkRecords()
		c.checkWriter(m)
	}
	if !c.backend {
		c.checkAudit()
	}
}

func (c *checker) writers() (open []*Server) {
	for _, s := range c.w.servers {
		if s.alive() && !s.readOnly {
			open = append(open, s)
		}
	}
	return open
}

func (c *checker) checkLosses() {
	w := c.w
	open := c.writers()
	if len(open) != 1 || open[0].ch != nil || w.Scenario.ByHand { // an open replica is a matter of its option file
		return
	}
	p := open[0]
	for n := range w.txns {
		if t := txn(n); w.txns[n].acked != 0 && !p.inLog[t] && c.excused[t] == "" {
			c.violated(LostWrite, "transaction %d (%s) was acknowledged at %s, and the primary %s does not have it", n, w.gtidText(t), stamp(w.txns[n].acked), p.Name)
			return
		}
	}
}

func (c *checker) checkSources(m *Manager) {
	w := c.w
	for _, s := range w.servers {
		if s.ch == nil || !m.within(s) || w.now()-s.reachable(m) < settled || w.Scenario.ByHand {
			continue
		}
		src := w.byKey[s.ch.source]
		if src == nil || c.demoted[src] == nil || c.primaries[s] || !c.orphaned(src) || !m.within(c.demoted[src]) {
			continue // one that was opened and lost again before it forgot its source is for people to judge
		}
		if d, ok := w.backend.downtimes[s.key]; ok && d.LostInRecovery() {
			continue
		}
		c.violated(DemotedSource, "%s replicates from %s, which was replaced", s.Name, src.Name)
	}
}

// orphaned says whether a former primary does not itself replicate from the present one, by whatever steps.
func (c *checker) orphaned(s *Server) bool {
	for range c.w.servers {
		if s.ch == nil {
			return c.demoted[s] != nil
		}
		if s = c.w.byKey[s.ch.source]; s == nil {
			return true
		}
	}
	return true
}

// unfinished says whether a recovery is under way.
func (c *checker) unfinished() bool {
	b, m := c.w.backend, c.w.leader()
	if m != nil && c.bereft(m) > 0 {
		return true // a receiver may not have noticed yet that its source is gone
	}
	return slices.ContainsFunc(b.recoveries, func(r *row) bool { return !r.ended && b.alive(r.by) }) ||
		slices.ContainsFunc(b.journals, func(j *journal) bool { return j.open })
}

func (c *checker) checkRecords() {
	for _, r := range c.w.backend.recoveries {
		if !r.ended && c.w.backend.alive(r.by) { // of a crashed process the period may end before it counts as gone
			c.violated(NeverEnds, "the recovery of %s (%s) that began at %s has no end on record", r.Finding.Key, r.Finding.Code, stamp(r.at))
		}
	}
	for _, j := range c.w.backend.journals {
		if j.open {
			c.violated(NeverEnds, "the journal of the recovery of %s is open", j.state.Failed)
		}
	}
}

func (c *checker) checkWriter(m *Manager) {
	if eligible := c.bereft(m); eligible > 0 {
		c.violated(NoWriter, "no server takes writes, though %d replicas could be promoted", eligible)
	}
}

// bereft is how many replicas could be promoted where nobody takes writes, and nothing but the managers can bring that about.
func (c *checker) bereft(m *Manager) (eligible int) {
	w := c.w
	if len(c.writers()) > 0 || w.Scenario.ByHand || w.Scenario.Unwanted {
		return 0
	}
	if p := c.primary; p != nil && p.alive() && p.ch == nil && w.talks(m.node, p.node) {
		return 0 // it lives, closed: that is for people to open, unless RecoverNonWriteableMaster says otherwise
	}
	for _, s := range w.servers {
		if !m.within(s) {
			continue
		}
		if s.ch == nil {
			continue
		}
		src := w.byKey[s.ch.source]
		if src == nil {
			continue // it was detached, because it could not follow
		}
		if c.demoted[src] != nil {
			continue // it was away when that was replaced, and lacks what its successor has taken (a known limit)
		}
		if src.alive() && (w.talks(src.node, s.node) || w.now()-s.reachable(m) < settled) {
			continue // its source lives, closed: that is for people to open, unless RecoverNonWriteableMaster says otherwise
		}
		if s.Rule != topology.MustNotPromote && s.ch.sqlErrno == 0 && !s.full && w.now()-s.reachable(m) > settled {
			eligible++
		}
	}
	return eligible
}

// auditWithin is how long after a change it may take until it is on record.
const auditWithin = 20 * time.Second

func (c *checker) checkAudit() {
	w, b := c.w, c.w.backend
	for _, d := range c.deeds {
		if d.m.dead || w.now()-d.at < auditWithin {
			continue // who crashes takes the rest of its log with it
		}
		found := false
		for _, n := range b.audits {
			found = found || n.key == d.s.key && n.at >= d.at-time.Second
		}
		for n := len(b.steps) - 1; n >= 0 && !found; n-- {
			found = b.steps[n].at >= d.at-time.Second && strings.Contains(b.steps[n].text, d.s.key.String())
		}
		if !found {
			c.violated(NotAudited, "%s did %q to %s at %s, of which there is no record", d.m.id.Hostname, d.what, d.s.Name, stamp(d.at))
			return
		}
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
