package recovery

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"orchestrator/internal/execute"
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
		if i := ev.Topology.Instance(ev.Key); i != nil && awaitsRejoin(i) && e.o.Leader.IsLeader() {
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

// awaitsRejoin says whether a server counts as lost and stands alone, or is a replica that was only begun to be made one, or
// may be one by having been cloned, or may be a stray.
func awaitsRejoin(i *topology.Instance) bool {
	return i.LastCheckValid() && i.Downtime.LostInRecovery() &&
		(standsAlone(i) || standsBelow(i) || mayStray(i) || i.HasSource() && failover.MayClone(i) == nil)
}

// standsAlone says whether a server is closed for writing and replicates from nobody. One that was detached is left to people.
func standsAlone(i *topology.Instance) bool {
	return i.ReadOnly && !i.HasSource() && !i.Channel.Source.IsDetached()
}

// belongsBelow is the present primary of the cluster from which a server was left behind, as far as this process knows
// without asking; nil where it does not.
func (e *Engine) belongsBelow(t *topology.Topology, i *topology.Instance) *topology.Instance {
	if primary := top(t, e.knownSuccessor(i.Key)); primary != nil || !mayStray(i) {
		return primary
	}
	return top(t, e.knownSuccessor(i.Channel.Source))
}

// factsOf says in one text what may decide whether a server can be taken back, as far as it is seen without asking: by
// whom and when it was replaced, its own state, and who could tell what to sign in with.
func (e *Engine) factsOf(t *topology.Topology, i *topology.Instance) string {
	cfg := e.o.Config()
	var b strings.Builder
	fmt.Fprint(&b, cfg.Rejoin(), cfg.ReplicationCredentialsQuery, i.Downtime.Begin.Unix(), i.Maintenance != nil, i.HasSource(), i.HasCredentials)
	primary := e.belongsBelow(t, i)
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
		why, text, mine := e.rejoinOrSayWhy(parent, k, last, facts)
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.rejoining, k)
		if !mine { // whoever leads next, perhaps this node again, has to see to it anew
			delete(e.considered, k)
			return
		}
		if _, seen := e.considered[k]; seen { // not lost again meanwhile
			e.considered[k] = considered{facts, e.o.Now(), why, text}
		}
	})
}

// rejoinOrSayWhy returns why a server was not taken back, in a form that is the same while the reason is, and in full;
// both are empty when it was. mine is false when this node ceased to lead, so that the matter is another's.
func (e *Engine) rejoinOrSayWhy(ctx context.Context, k topology.Key, last considered, facts string) (why, text string, mine bool) {
	err := e.rejoinPatiently(ctx, k)
	switch {
	case err == nil:
		return "", "", true
	case errors.Is(err, errNotLeading), errors.Is(err, execute.ErrMayNotWrite):
		e.o.Logger.Info("taking a former primary back is left to who leads", "server", k.String())
		return "", "", false
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
		return why, last.text, true // it was said, and where something could be saved or rebuilt, that was tried
	}
	if not != nil {
		if err = e.saveAndRebuild(ctx, k, not); err == nil || ctx.Err() != nil {
			return "", "", true
		}
	}
	e.o.Logger.Warn("a server that was left behind was not taken back", "server", k.String(), "reason", err)
	e.audit(context.WithoutCancel(ctx), "rejoin", k, "", "not taken back: "+err.Error())
	e.progress(Progress{Kind: Quarantined, Server: k, Text: err.Error()})
	return why, err.Error(), true
}

// setAside says of each server that a recovery of a cluster left behind, that is back, and was not taken back, why. It
// takes no part in anything until somebody has decided about it.
func (e *Engine) setAside(cluster *topology.Topology) (notes []string) {
	t := e.o.Observer.Snapshot()
	for _, i := range t.Instances() {
		former := i.LastCheckValid() && i.Downtime.LostInRecovery() && standsAlone(i)
		if !former && !mayStray(i) {
			continue
		}
		by := e.belongsBelow(t, i)
		if cluster.Instance(i.Key) == nil && (by == nil || cluster.Instance(by.Key) == nil) {
			continue
		}
		e.mu.Lock()
		why := e.considered[i.Key].text
		e.mu.Unlock()
		switch {
		case former && why == "":
			why = "the audit and the log of the manager that leads say why"
			fallthrough
		case former:
			notes = append(notes, fmt.Sprintf("%s was replaced, is closed for writing, and was not taken back: %s", i.Key, why))
		case why != "":
			notes = append(notes, fmt.Sprintf("%s was away when its source was replaced, and was not pointed at the present primary: %s", i.Key, why))
		}
	}
	return notes
}
