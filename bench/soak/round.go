package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"orchestrator/bench/manager"
	"orchestrator/internal/sandbox"
)

// result is what came of one round.
type result struct {
	kind       string
	unfinished bool // the round ended with an error on the way

	outage time.Duration // from the blow until another server acknowledged a write
	follow time.Duration // until every survivor had a row of the new primary's

	ownSide   time.Duration // cuts: until the old primary surely refused writes on its own side
	bothOpen  time.Duration // for how long it was open in everybody's sight after its return, beside the new one
	ownAcked  int           // rows that it acknowledged to a client on its own side
	bothAcked int           // rows that it acknowledged to the load after the new primary had begun to
	strangers []string      // servers that were open and had no business to be

	takenBack time.Duration // from its return until it replicated from the new primary
	rebuilt   bool          // the manager had it rebuilt before
	gaps      []string      // settings that are not as they should be

	acknowledged int
	lost         []int64
}

func (r *result) describe() string {
	text := fmt.Sprintf("%-10s writes back %s, all follow %s, taken back %s", r.kind, round(r.outage), round(r.follow), round(r.takenBack))
	if r.rebuilt {
		text += ", rebuilt"
	}
	text += fmt.Sprintf(", open beside the new one %s, own side %s (%d acknowledged there), %d rows", round(r.bothOpen), round(r.ownSide), r.ownAcked, r.acknowledged)
	if len(r.gaps) > 0 {
		text += "; " + strings.Join(r.gaps, "; ")
	}
	return text
}

// broken names the promises that were broken.
func (r *result) broken() error {
	var errs []error
	if len(r.lost) > 0 {
		errs = append(errs, fmt.Errorf("%d acknowledged rows are lost, the first is %d", len(r.lost), r.lost[0]))
	}
	if r.bothAcked > 0 {
		errs = append(errs, fmt.Errorf("the old primary acknowledged %d rows after the new one had begun to", r.bothAcked))
	}
	if r.ownAcked > 0 {
		errs = append(errs, fmt.Errorf("the cut-off primary acknowledged %d rows that no replica has", r.ownAcked))
	}
	for _, s := range r.strangers {
		errs = append(errs, fmt.Errorf("a second writer: %s", s))
	}
	for _, g := range r.gaps {
		errs = append(errs, errors.New(g))
	}
	return errors.Join(errs...)
}

// round fails the primary and sees everything in order again.
func (s *series) round(ctx context.Context, kind string, hold time.Duration) (r result, err error) {
	ctx, cancel := context.WithTimeout(ctx, roundWithin)
	defer cancel()
	r = result{kind: kind, unfinished: true}
	seen, err := s.lastAudit(ctx)
	if err != nil {
		return r, err
	}
	old := s.primary
	before := len(s.load.Since(0))
	struck := time.Now()
	if err := s.strike(ctx, kind, old); err != nil {
		return r, err
	}
	var client *ownSideClient
	if kind == cutClient {
		client = startOwnSideClient(ctx, old)
		defer client.stop()
	}
	at, err := s.awaitSuccessor(ctx, old, before, struck)
	if err != nil {
		return r, err
	}
	r.outage = at.Sub(struck)
	if err := s.load.AwaitCommits(ctx, 20); err != nil {
		return r, err
	}
	for _, n := range s.cluster.Nodes() {
		if n != old && n != s.primary {
			if err := awaitRow(ctx, n, s.primary); err != nil {
				return r, err
			}
		}
	}
	r.follow = time.Since(struck)
	if err := sleep(ctx, hold); err != nil {
		return r, err
	}
	if client != nil {
		r.ownAcked = client.stop()
	}
	back := time.Now()
	if err := s.bringBack(ctx, kind, old); err != nil {
		return r, err
	}
	if err := s.awaitReturn(ctx, old, seen, &r); err != nil {
		return r, err
	}
	r.takenBack = time.Since(back)
	if err := s.manager.AwaitPicture(ctx, s.o.nodes); err != nil {
		return r, err
	}
	s.countWriters(&r, old, struck, back)
	for _, c := range s.load.Since(before) {
		if c.Addr == old.Addr() && c.At.After(at) {
			r.bothAcked++
		}
	}
	r.acknowledged = len(s.load.Since(before))
	if err := s.checkServers(ctx, &r); err != nil {
		return r, err
	}
	r.lost, err = sandbox.LoadResult{Commits: s.load.Since(0)}.Missing(ctx, s.primary)
	r.unfinished = err != nil
	return r, err
}

func (s *series) strike(ctx context.Context, kind string, n *sandbox.Node) error {
	switch kind {
	case kill:
		return n.Kill()
	case freeze:
		return n.Freeze()
	}
	return s.network.Cut(ctx, n.Index())
}

func (s *series) bringBack(ctx context.Context, kind string, n *sandbox.Node) error {
	switch kind {
	case kill:
		return n.Restart(ctx)
	case freeze:
		return n.Thaw()
	}
	return s.network.Heal(ctx, n.Index())
}

// awaitSuccessor waits for the first write that another server acknowledged; it is the primary from now on.
func (s *series) awaitSuccessor(ctx context.Context, old *sandbox.Node, before int, struck time.Time) (time.Time, error) {
	var at time.Time
	err := manager.Await(ctx, 5*time.Millisecond, func() bool {
		for _, c := range s.load.Since(before) {
			if c.Addr == old.Addr() || c.At.Before(struck) {
				continue
			}
			for _, n := range s.cluster.Nodes() {
				if n.Addr() == c.Addr {
					s.primary, at = n, c.At
					return true
				}
			}
		}
		return false
	})
	if err != nil {
		return at, fmt.Errorf("no other server accepted a write after the blow to %s (last failure: %v): %w", old, s.load.Result().LastError, err)
	}
	return at, nil
}

// awaitRow waits until a survivor has the newest row that the primary has at this moment.
func awaitRow(ctx context.Context, n, primary *sandbox.Node) error {
	var want, have int64
	newest := "SELECT COALESCE(MAX(id), 0) FROM " + sandbox.Database + "." + sandbox.LoadTable
	if err := primary.Scan(ctx, newest, &want); err != nil {
		return err
	}
	err := manager.Await(ctx, 2*time.Millisecond, func() bool { return n.Scan(ctx, newest, &have) == nil && have >= want })
	if err != nil {
		return fmt.Errorf("%s does not follow the new primary %s: it has row %d, not %d: %w", n, primary, have, want, err)
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

func (s *series) lastAudit(ctx context.Context) (int64, error) {
	entries, err := audit(ctx, s.manager)
	if err != nil || len(entries) == 0 {
		return 0, err
	}
	return entries[0].AuditId, nil
}

// awaitReturn waits until the manager has taken the old primary back; that it says why it will not is a failure.
func (s *series) awaitReturn(ctx context.Context, old *sandbox.Node, seen int64, r *result) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var last string
	var fatal error
	rebuilds := s.rebuild.begun.Load()
	err := manager.Await(ctx, 20*time.Millisecond, func() bool {
		if s.rebuild.atWork() {
			return false
		}
		if s.rebuild.begun.Load() != rebuilds {
			r.rebuilt = true
		}
		if s.flavor == sandbox.MySQL && !old.Running() { // a clone ends so; this program is its supervisor
			r.rebuilt = true
			if fatal = old.StartAgain(ctx); fatal != nil {
				return true
			}
		}
		ask, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		status, replicates, err := old.Replica(ask)
		if err == nil && replicates && status.Running() && status.SourcePort == s.primary.Port {
			return true
		}
		last = fmt.Sprintf("%s (%v)", status, err)
		if replicates {
			return false
		}
		entries, err := audit(ask, s.manager)
		if err != nil {
			return false
		}
		for _, e := range entries {
			if e.AuditId > seen && e.AuditType == "rejoin" && e.AuditInstanceKey.Port == old.Port && strings.HasPrefix(e.Message, "not taken back") {
				fatal = fmt.Errorf("%s was left closed: %s", old, e.Message)
				return true
			}
		}
		return false
	})
	if fatal != nil {
		return fatal
	}
	if err != nil {
		return fmt.Errorf("the manager has neither taken %s back nor said why not: %s: %w", old, last, err)
	}
	return nil
}

// countWriters looks who took writes since the last round: before the blow the old primary alone, after it the new one;
// the old one as long as nobody could tell it otherwise.
func (s *series) countWriters(r *result, old *sandbox.Node, struck, back time.Time) {
	now := time.Now()
	for i, w := range s.sampler.watched {
		n := s.cluster.Node(i)
		switch n {
		case old:
			r.bothOpen, _ = w.open(back, now)
			if r.kind == cut || r.kind == cutClient {
				if _, last := w.open(struck, now); !last.IsZero() {
					r.ownSide = last.Sub(struck)
				}
			}
		case s.primary:
			if total, last := w.open(s.checked, struck); !last.IsZero() {
				r.strangers = append(r.strangers, fmt.Sprintf("%s for %s before the failover", n, round(total)))
			}
		default:
			if total, last := w.open(s.checked, now); !last.IsZero() {
				r.strangers = append(r.strangers, fmt.Sprintf("%s for %s", n, round(total)))
			}
		}
	}
	s.checked = now
}
