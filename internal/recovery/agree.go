package recovery

import (
	"context"
	"fmt"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/observe"
	"orchestrator/internal/topology"
)

// Wake has everything judged at once, as a tick does: call it when this node begins to lead. It does not wait.
func (e *Engine) Wake() {
	select {
	case e.wake <- struct{}{}:
	default: // it is about to be judged
	}
}

// succeed sees to the former primaries that returned while another node led, or nobody did.
func (e *Engine) succeed() {
	e.reviewLost()
	t := e.o.Observer.Snapshot()
	for _, i := range t.Instances() {
		e.rejoinReturned(observe.Event{Kind: observe.InstanceBack, Key: i.Key, Cluster: i.ClusterName, Topology: t, At: e.o.Now()})
	}
}

// Inquiry is what the leader asks the other nodes about a failure before it is recovered.
type Inquiry struct {
	Cluster  string         `json:"cluster"`
	Failed   topology.Key   `json:"failed"`
	Code     analysis.Code  `json:"code"`
	Replicas []topology.Key `json:"replicas"`
}

// View is what a node finds of it.
type View struct {
	// Sees says that the node reaches a server that replicates from the failed one: only then its finding counts.
	Sees bool `json:"sees"`
	// Agrees says that it finds a failure that calls for the same kind of recovery.
	Agrees bool   `json:"agrees"`
	Why    string `json:"why"`
}

// viewEvery is how often a node that does not agree yet looks again, where no event tells it to.
const viewEvery = 50 * time.Millisecond

// View answers a question of the leader. This node looks itself, until it agrees, or has reached the server after it
// was asked, or ctx ends.
func (e *Engine) View(ctx context.Context, q Inquiry) View {
	asked := e.o.Now()
	events, unsubscribe := e.o.Observer.Subscribe(64)
	defer unsubscribe()
	want := kindOf(analysis.HandlingOf(q.Code).Recovery).name
	e.learnPromotion(ctx, q.Failed)
	v, final := e.viewNow(q, want, asked)
	if final {
		return v
	}
	again := time.NewTicker(viewEvery)
	defer again.Stop()
	looking := e.lookInBackground(ctx, append([]topology.Key{q.Failed}, q.Replicas...))
	for {
		select {
		case <-ctx.Done():
			return v
		case <-looking:
			looking = nil
		case _, ok := <-events:
			if !ok {
				return v
			}
		case <-again.C:
			e.learnPromotion(ctx, q.Failed)
		}
		if v, final = e.viewNow(q, want, asked); final {
			return v
		}
	}
}

func (e *Engine) lookInBackground(ctx context.Context, keys []topology.Key) <-chan struct{} {
	done := make(chan struct{})
	e.goTracked(func() {
		defer close(done)
		e.lookBriefly(ctx, keys)
	})
	return done
}

// viewNow is the view by what is known now; final says that waiting would not change it.
func (e *Engine) viewNow(q Inquiry, want string, asked time.Time) (v View, final bool) {
	t := e.o.Observer.Snapshot()
	v.Sees = len(q.Replicas) == 0
	for _, k := range q.Replicas {
		if i := t.Instance(k); i != nil && i.LastCheckValid() {
			v.Sees = true
		}
	}
	failed := t.Instance(q.Failed)
	if failed == nil {
		v.Why = fmt.Sprintf("%s is not known here", q.Failed)
		return v, false
	}
	policy := e.analysisPolicy()
	for _, f := range analysis.Analyze(t, policy, e.o.Now()) {
		if f.Key == q.Failed && f.Actionable && kindOf(analysis.HandlingOf(f.Code).Recovery).name == want {
			v.Agrees, v.Why = true, string(f.Code)
			return v, v.Sees
		}
	}
	switch {
	case !v.Sees && len(q.Replicas) > 0:
		v.Why = "none of its replicas can be reached from here"
		return v, false
	case failed.LastCheckValid() && !failed.Check.Seen.Before(asked):
		v.Why = fmt.Sprintf("%s answers here", q.Failed)
		return v, true
	default:
		v.Why = fmt.Sprintf("%s is not found here", q.Code)
	}
	return v, false
}

// Ballot counts views, this node's own included.
type Ballot struct {
	Voters int // nodes that might answer, this one included
	Agree  int
	Sees   int // nodes that answered and see the replicas, this one included
	Out    int // nodes that did not answer
}

// Carried says whether so many agree that no further answer can change it.
func (b Ballot) Carried() bool { return 2*b.Agree > b.Voters }

// Count adds an answer.
func (b *Ballot) Count(v View) {
	if !v.Sees {
		return
	}
	b.Sees++
	if v.Agrees {
		b.Agree++
	}
}

// Decides says whether most of the nodes that can see the replicas agree, when all have answered that will.
func (b Ballot) Decides() bool { return 2*b.Agree > b.Sees }
