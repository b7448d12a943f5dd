package recovery

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"orchestrator/internal/failover"
	"orchestrator/internal/observe"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// reconsiderEvery is after how long a former primary that was not taken back is looked at again although nothing is seen
// to have changed: what it lacks may have been mended where nobody looks, say by a grant.
const reconsiderEvery = 30 * time.Second

// considered is what came of the last look at a server that counts as lost.
type considered struct {
	facts string    // what it depends on, as it was then
	at    time.Time // when that look ended; zero while it goes on
	why   string    // why it was not taken back, in a form that stays the same while the reason does; "" when it was
	text  string    // the same in full, as it was said
}

// due says whether a server is to be looked at again.
func (c considered) due(facts string, now time.Time) bool {
	switch {
	case c.at.IsZero():
		return false
	case c.facts != facts:
		return true
	}
	return c.why != "" && now.Sub(c.at) >= reconsiderEvery
}

// rejoinReturned sees to a former primary that came back and takes no writes already; one that does is closed first.
func (e *Engine) rejoinReturned(ev observe.Event) {
	switch ev.Kind {
	case observe.InstanceBack, observe.InstanceDiscovered:
		if i := ev.Topology.Instance(ev.Key); i != nil && awaitsRejoin(i) {
			e.rejoin(i.Key)
		}
	case observe.InstanceLost:
		e.mu.Lock()
		delete(e.considered, ev.Key)
		e.mu.Unlock()
	}
}

// rejoinOverlooked does the same for those that came back while nobody who leads was watching, and for those that could
// not be taken back until now.
func (e *Engine) rejoinOverlooked(t *topology.Topology) {
	if !e.o.Leader.IsLeader() {
		return
	}
	for _, i := range t.Instances() {
		if !i.Downtime.LostInRecovery() || !awaitsRejoin(i) {
			continue
		}
		e.mu.Lock()
		last, seen := e.considered[i.Key]
		overlooked := !seen && i.Check.Seen.After(e.began)
		e.mu.Unlock()
		if overlooked || seen && last.due(e.factsOf(t, i), e.o.Now()) {
			e.rejoin(i.Key)
		}
	}
}

// awaitsRejoin says whether a server counts as lost and is closed, and is no replica, or one that was only begun to be
// made, or may be one by having been cloned.
func awaitsRejoin(i *topology.Instance) bool {
	return i.LastCheckValid() && i.Downtime.LostInRecovery() &&
		(i.ReadOnly && !i.HasSource() || standsBelow(i) || i.HasSource() && failover.MayClone(i) == nil)
}

// factsOf says in one text what may decide whether a server can be taken back, as far as it is seen without asking: by
// whom and when it was replaced, its own state, and who could tell what to sign in with.
func (e *Engine) factsOf(t *topology.Topology, i *topology.Instance) string {
	cfg := e.o.Config()
	var b strings.Builder
	fmt.Fprint(&b, cfg.Rejoin(), cfg.ReplicationCredentialsQuery, i.Downtime.Begin.Unix(), i.Maintenance != nil, i.HasSource(), i.HasCredentials)
	primary := top(t, e.knownSuccessor(i.Key))
	if primary == nil {
		return b.String()
	}
	fmt.Fprint(&b, primary.Key, primary.ReadOnly, primary.LastCheckValid())
	for _, k := range failover.Tellers(t, primary.Key, i.Key) {
		if teller := t.Instance(k); teller != nil {
			fmt.Fprint(&b, k, teller.CredentialsAvailable)
		}
	}
	return b.String()
}

// rejoin takes a former primary, closed for writing, back as a replica of the server that replaced it, in the
// background, if the policy says so and nothing would be lost by it. Why it is not taken back is said once for each reason.
func (e *Engine) rejoin(k topology.Key) {
	t := e.o.Observer.Snapshot()
	facts := ""
	if i := t.Instance(k); i != nil && i.Downtime != nil {
		facts = e.factsOf(t, i)
	}
	e.mu.Lock()
	parent := e.ctx
	if parent == nil || parent.Err() != nil || e.rejoining[k] || e.o.Config().Rejoin() == "off" {
		e.mu.Unlock()
		return
	}
	last := e.considered[k]
	e.rejoining[k], e.considered[k] = true, considered{facts: facts}
	e.mu.Unlock()
	e.goTracked(func() {
		why, text := e.rejoinOrSayWhy(parent, k, last, facts)
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.rejoining, k)
		if _, seen := e.considered[k]; seen { // not lost again meanwhile
			e.considered[k] = considered{facts, e.o.Now(), why, text}
		}
	})
}

// rejoinOrSayWhy returns why a server was not taken back, in a form that is the same while the reason is, and in full;
// both are empty when it was.
func (e *Engine) rejoinOrSayWhy(ctx context.Context, k topology.Key, last considered, facts string) (why, text string) {
	err := e.rejoinPatiently(ctx, k)
	if err == nil {
		return "", ""
	}
	not := (*notTakenBack)(nil)
	switch {
	case errors.As(err, &not):
		why = not.Rule
	case errors.Is(err, server.ErrNoCredentials):
		why = "no-credentials"
	default:
		why = err.Error()
	}
	if ctx.Err() != nil || why == last.why && (not == nil || facts == last.facts) {
		return why, last.text // it was said, and where something could be saved or rebuilt, that was tried
	}
	if not != nil {
		if err = e.saveAndRebuild(ctx, k, not); err == nil || ctx.Err() != nil {
			return "", ""
		}
	}
	e.o.Logger.Warn("the former primary was not taken back", "server", k.String(), "reason", err)
	e.audit(context.WithoutCancel(ctx), "rejoin", k, "", "not taken back: "+err.Error())
	e.progress(Progress{Kind: Quarantined, Server: k, Text: err.Error()})
	return why, err.Error()
}

// setAside says of each server that was replaced as the primary of a cluster, is back, and was not taken back, why. It is
// closed for writing, and takes no part in anything until somebody has decided about it.
func (e *Engine) setAside(cluster *topology.Topology) (notes []string) {
	t := e.o.Observer.Snapshot()
	for _, i := range t.Instances() {
		if !i.Downtime.LostInRecovery() || !i.LastCheckValid() || i.HasSource() || !i.ReadOnly {
			continue
		}
		by := top(t, e.knownSuccessor(i.Key))
		if cluster.Instance(i.Key) == nil && (by == nil || cluster.Instance(by.Key) == nil) {
			continue
		}
		e.mu.Lock()
		why := e.considered[i.Key].text
		e.mu.Unlock()
		if why == "" {
			why = "the audit and the log of the manager that leads say why"
		}
		notes = append(notes, fmt.Sprintf("%s was replaced, is closed for writing, and was not taken back: %s", i.Key, why))
	}
	return notes
}
