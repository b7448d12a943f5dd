package sim

import (
	"slices"
	"strings"
	"time"

	"orchestrator/internal/topology"
)

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

// inOrder says whether nothing is left to be done: one server takes writes, the others that live replicate from it, the
// leader sees all of them, and all records are closed.
func (c *checker) inOrder() bool {
	w, m, open := c.w, c.w.leader(), c.writers()
	if m == nil || len(open) != 1 || open[0].ch != nil || c.unfinished() || w.backend.hung || w.backend.full {
		return false
	}
	return !slices.ContainsFunc(w.servers, func(s *Server) bool {
		return s.up && (!m.within(s) || s != open[0] && !c.follows(s, open[0]))
	})
}

// follows says whether a server replicates from another one, by whatever steps.
func (c *checker) follows(s, primary *Server) bool {
	for range c.w.servers {
		if s == nil || s.ch == nil || s.ch.io != topology.ThreadRunning || s.ch.sql != topology.ThreadRunning {
			return s == primary
		}
		s = c.w.byKey[s.ch.source]
	}
	return false
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
		if t := txn(n); w.txns[n].acked != 0 && p.find(t) < 0 && c.excused[t] == "" && !c.goneWithItsServer(t, p) {
			c.violated(LostWrite, "transaction %d (%s) was acknowledged at %s, and the primary %s does not have it", n, w.gtidText(t), stamp(w.txns[n].acked), p.Name)
			return
		}
	}
}

// goneWithItsServer says whether the only server that a transaction was on is gone, and the primary was never replaced by it as
// far as anybody can know: who had opened it is gone as well.
func (c *checker) goneWithItsServer(t txn, primary *Server) bool {
	at := c.w.servers[c.w.txns[t].origin]
	by := c.openers[at]
	return !at.up && by != nil && by.dead && c.demoted[primary] == at &&
		!slices.ContainsFunc(c.w.servers, func(s *Server) bool { return s != at && s.holds(t) })
}

func (c *checker) checkSources(m *Manager) {
	w := c.w
	for _, s := range w.servers {
		if s.ch == nil || !m.within(s) || w.now()-s.reachable(m) < settled || w.Scenario.ByHand {
			continue
		}
		if s.ch.user == "" {
			continue // it cannot sign in anywhere, and nobody has told what with
		}
		src := w.byKey[s.ch.source]
		if src == nil || c.demoted[src] == nil || c.primaries[s] || !c.orphaned(src) || !m.within(c.demoted[src]) {
			continue // one that was opened and lost again before it forgot its source is for people to judge
		}
		if to := c.demoted[src]; c.forgotten(src) || to.ch != nil && to.ch.source == src.key && (to.readOnly || c.openers[to].dead) {
			continue // and so are others below that source: no record says that it was replaced
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
		if src.ch != nil && (!c.primaries[src] || c.unheardOf(src)) {
			// A replica of a replica has what that had applied when it was lost, and others that do not answer may have more. The
			// candidates are those that the lost primary itself sent its log to, as published; more is for people to decide.
			continue
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

// unheardOf says whether nobody but a server itself can know that it was opened: its answer never came, and no record names it.
func (c *checker) unheardOf(s *Server) bool {
	unheard := false
	for _, d := range c.deeds {
		if d.s == s && d.what == opening {
			unheard = d.unheard
		}
	}
	return unheard && !slices.ContainsFunc(c.w.backend.recoveries, func(r *row) bool { return r.Successor == s.key })
}

const (
	// auditWithin is how long after a change it may take until it is on record.
	auditWithin = 20 * time.Second
	// stepWithin is how long a manager waits, in addition, for a server that does not answer any more: what it did before in the same
	// step or plan is on record when that has ended.
	stepWithin = 30 * time.Second
)

func (c *checker) checkAudit() {
	w, b := c.w, c.w.backend
	for _, d := range c.deeds {
		within := auditWithin
		if !d.m.within(d.s) {
			within += stepWithin
		}
		if d.m.dead || d.unheard || w.now()-d.at < within {
			continue // who crashes takes the rest of its log with it, and who got no answer does not know that it was done
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
