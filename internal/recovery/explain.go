package recovery

import (
	"context"
	"fmt"

	"orchestrator/internal/analysis"
	"orchestrator/internal/failover"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// Question is what shall be explained.
type Question struct {
	// Server is the server whose failure is meant; the zero Key is the primary of the cluster.
	Server  topology.Key
	Cluster string // its name; "" is that of the server
	// Code is the failure; "" is what is found, in a server that works what would be found if it died now.
	Code analysis.Code
}

// Explain probes a cluster and says what would happen automatically if a server failed, or what happens where it has
// failed, by the rules, the settings and the state of this moment. It changes nothing.
func (e *Engine) Explain(ctx context.Context, q Question) (failover.Explanation, error) {
	return e.explain(ctx, q, true)
}

// Forecast is Explain by what is known already: no server is asked.
func (e *Engine) Forecast(ctx context.Context, q Question) (failover.Explanation, error) {
	return e.explain(ctx, q, false)
}

func (e *Engine) explain(ctx context.Context, q Question, look bool) (failover.Explanation, error) {
	if q.Code != "" && analysis.Describe(q.Code) == "" {
		return failover.Explanation{}, fmt.Errorf("%q is no failure that the analysis knows", q.Code)
	}
	if q.Cluster == "" {
		i := e.o.Observer.Snapshot().Instance(q.Server)
		if i == nil {
			return failover.Explanation{}, fmt.Errorf("explain %s: the instance is not known", q.Server)
		}
		q.Cluster = i.ClusterName
	}
	t := e.o.Observer.Cluster(q.Cluster)
	if t == nil {
		return failover.Explanation{}, fmt.Errorf("explain cluster %s: it is not known", q.Cluster)
	}
	if look {
		e.look(ctx, topology.Keys(t.Instances())...)
		if now := e.o.Observer.Cluster(q.Cluster); now != nil {
			t = now
		}
	}
	policies := failover.PoliciesOf(e.o.Config())
	policies.Analysis.Live, policies.Analysis.HungAfter = true, hungAfter
	state, doubts := e.state(ctx, t, q)
	x := failover.Explain(t, q.Server, q.Code, policies, state)
	x.Notes = append(append(x.Notes, doubts...), e.setAside(t)...)
	return x, nil
}

// state is what decides beside the servers and the settings, and what of it could not be found out.
func (e *Engine) state(ctx context.Context, t *topology.Topology, q Question) (s failover.State, doubts []string) {
	s = failover.State{Now: e.o.Now(), Leader: e.o.Leader.IsLeader(), Complete: e.o.Observer.Complete(q.Cluster)}
	if !s.Leader && e.o.Elsewhere != nil {
		s.Elsewhere = e.o.Elsewhere()
		s.Leaderless = s.Elsewhere == ""
	}
	var err error
	if s.GlobalDisabled, err = e.disabled(ctx); err != nil {
		doubts = append(doubts, "whether recoveries are disabled globally cannot be read: "+err.Error())
	}
	if s.SwitchedOff, err = e.switchedOff(ctx, q.Cluster); err != nil {
		doubts = append(doubts, "whether recoveries of the cluster are switched off cannot be read: "+err.Error())
	}
	k := q.Server
	if c := t.Cluster(q.Cluster); k.IsZero() && c != nil && len(c.Primaries()) > 0 {
		k = c.Primaries()[0].Key
	}
	if s.Blocking, err = e.o.Ledger.Blocking(ctx, k, q.Cluster); err != nil {
		doubts = append(doubts, "whether an earlier recovery is in the way cannot be read: "+err.Error())
	}
	s.OutsideGroup = e.outsideGroup(k)
	e.mu.Lock()
	defer e.mu.Unlock()
	s.GraceUntil = e.grace[k]
	return s, doubts
}

// PlanRecovery looks at a server's cluster and says what Recover would do now. It changes nothing. The error says why
// nothing would be done.
func (e *Engine) PlanRecovery(ctx context.Context, key, designated topology.Key) (plan.Plan, error) {
	t, f, err := e.recoverable(ctx, key)
	if err != nil {
		return plan.Plan{}, err
	}
	k := kindOf(analysis.HandlingOf(f.Code).Recovery)
	want, err := e.planRequest(ctx, &Recovery{Finding: f}, request{designated: designated}, &k)
	if err != nil {
		return plan.Plan{}, err
	}
	return k.plan(t, want, failover.PolicyOf(e.o.Config())), nil
}
