package main

import (
	"context"
	"fmt"

	"orchestrator/internal/analysis"
	"orchestrator/internal/failover"
	"orchestrator/internal/observe"
	"orchestrator/internal/operate"
	"orchestrator/internal/plan"
	"orchestrator/internal/recovery"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// takeovers are the recovery engine's takeovers and forecasts as operations use them.
type takeovers struct {
	engine *recovery.Engine
	node   operate.Node
}

func engineRequest(r operate.TakeoverRequest) recovery.TakeoverRequest {
	return recovery.TakeoverRequest{Command: recovery.Command(r.Command), Cluster: r.Cluster, Designated: r.Designated}
}

// Takeover implements operate.Takeovers.
func (t takeovers) Takeover(ctx context.Context, r operate.TakeoverRequest) (*operate.Recovery, error) {
	done, err := t.engine.Takeover(ctx, engineRequest(r))
	if done == nil {
		return nil, err
	}
	record := operate.Recovery{
		ID: done.ID, UID: done.UID, Finding: done.Finding,
		SuccessorKey: done.Successor, SuccessorAlias: done.SuccessorAlias, IsSuccessful: done.Successful(),
		LostReplicas: done.Lost, Participants: done.Participants, Errors: done.Errors,
		Start: done.Started, End: done.Ended, NodeHostname: t.node.Hostname, NodeToken: t.node.Token,
		LastDetectionID: done.DetectionID, Type: done.Type(), RecoveryType: done.Method(),
	}
	if !done.SuccessorCoordinates.IsEmpty() {
		record.SuccessorCoordinates = &done.SuccessorCoordinates
	}
	return &record, err
}

// PlanTakeover implements operate.Takeovers.
func (t takeovers) PlanTakeover(ctx context.Context, r operate.TakeoverRequest) (plan.Plan, error) {
	return t.engine.PlanTakeover(ctx, engineRequest(r))
}

// PlanRecovery implements operate.Takeovers.
func (t takeovers) PlanRecovery(ctx context.Context, key, candidate topology.Key) (plan.Plan, error) {
	return t.engine.PlanRecovery(ctx, key, candidate)
}

// Explain implements operate.Takeovers.
func (t takeovers) Explain(ctx context.Context, cluster string, key topology.Key, code analysis.Code) (failover.Explanation, error) {
	return t.engine.Explain(ctx, recovery.Question{Cluster: cluster, Server: key, Code: code})
}

// Takeover implements operate.Takeovers. A primary that was replaced by force is taken back here, as there may be no
// manager that runs on and does so.
func (s *oneShot) Takeover(ctx context.Context, r operate.TakeoverRequest) (*operate.Recovery, error) {
	return onCluster(ctx, s, r.Cluster, func(ctx context.Context, t takeovers) (*operate.Recovery, error) {
		done, err := t.Takeover(ctx, r)
		if forced := recovery.Command(r.Command); err != nil || !done.IsSuccessful || forced != recovery.ForceFailover && forced != recovery.ForceTakeover {
			return done, err
		}
		if why := t.engine.TakeBack(ctx, done.Finding.Key); why != nil {
			s.log.WarnContext(ctx, "the former primary was not taken back", "server", done.Finding.Key.String(), "reason", why)
		}
		return done, nil
	})
}

// PlanTakeover implements operate.Takeovers.
func (s *oneShot) PlanTakeover(ctx context.Context, r operate.TakeoverRequest) (plan.Plan, error) {
	return onCluster(ctx, s, r.Cluster, func(ctx context.Context, t takeovers) (plan.Plan, error) { return t.PlanTakeover(ctx, r) })
}

// PlanRecovery implements operate.Takeovers.
func (s *oneShot) PlanRecovery(ctx context.Context, key, candidate topology.Key) (plan.Plan, error) {
	return onServer(ctx, s, key, func(ctx context.Context, t takeovers) (plan.Plan, error) { return t.PlanRecovery(ctx, key, candidate) })
}

// Explain implements operate.Takeovers.
func (s *oneShot) Explain(ctx context.Context, cluster string, key topology.Key, code analysis.Code) (failover.Explanation, error) {
	return onCluster(ctx, s, cluster, func(ctx context.Context, t takeovers) (failover.Explanation, error) {
		return t.Explain(ctx, cluster, key, code)
	})
}

// onCluster lets an engine work on a cluster by name.
func onCluster[T any](ctx context.Context, s *oneShot, cluster string, do func(context.Context, takeovers) (T, error)) (T, error) {
	var none T
	t, err := s.picture.Topology(ctx)
	if err != nil {
		return none, err
	}
	c := t.Cluster(cluster)
	if c == nil || len(c.Members) == 0 {
		return none, fmt.Errorf("cluster %s is not known: discover it first", cluster)
	}
	return onServer(ctx, s, c.Members[0].Key, do)
}

// onServer lets an engine work on the cluster of a server, as the observer sees it once all of it has been looked at.
func onServer[T any](ctx context.Context, s *oneShot, key topology.Key, do func(context.Context, takeovers) (T, error)) (T, error) {
	var result T
	t, err := s.picture.Topology(ctx)
	if err != nil {
		return result, err
	}
	if t.Instance(key) == nil {
		return result, fmt.Errorf("%s is not known: discover its cluster first", key)
	}
	err = s.observe(ctx, key, func(ctx context.Context, o *observe.Observer, servers *server.Servers) error {
		if err := s.complete(ctx, o, key); err != nil {
			return err
		}
		var err error
		result, err = do(ctx, takeovers{s.recoveryEngine(o, servers), s.node})
		return err
	})
	return result, err
}
