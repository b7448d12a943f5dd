package operate

import (
	"context"

	"orchestrator/internal/analysis"
	"orchestrator/internal/topology"
)

// Findings are what is wrong in a topology, those included that are under a downtime or have nothing but additional
// codes.
func (e *Engine) Findings(t *topology.Topology) []analysis.Finding {
	p := e.policy()
	p.IncludeAdditional = true
	return analysis.Analyze(t, p, e.Now())
}

// Problems are what is wrong with one server by itself.
func (e *Engine) Problems(i *topology.Instance) []string {
	c := e.Config()
	return topology.Problems(i, e.Now(), topology.Limits{Poll: c.InstancePoll(), ReasonableLag: c.ReasonableReplicationLag()})
}

// Check understands the input as Call does, and runs nothing.
func (o *Operation) Check(ctx context.Context, e *Engine, in Input) error {
	_, err := o.understand(ctx, e, in)
	return err
}

// Server finds the server that a text means, as arguments of operations do: by its name, another name of it, or a part
// of its host name. It is nil when none is known.
func (e *Engine) Server(ctx context.Context, t *topology.Topology, text string) *topology.Instance {
	k, err := topology.ParseKey(text, e.defaultPort())
	if err != nil {
		return nil
	}
	return t.Instance(e.known(ctx, t, k))
}

// ClusterOf finds the cluster that a text means: its name, its alias, or a member.
func (e *Engine) ClusterOf(ctx context.Context, t *topology.Topology, text string) *topology.Cluster {
	name, err := e.clusterOf(ctx, t, text)
	if err != nil {
		return nil
	}
	return t.Cluster(name)
}

// Summary is what clusters-alias says of a cluster.
func (e *Engine) Summary(c *topology.Cluster) Cluster { return e.summary(c) }

// Named finds an operation by its own name, of whichever face; nil when there is none.
func (r *Registry) Named(name string) *Operation {
	for _, o := range r.operations {
		if o.Name == name {
			return o
		}
	}
	return nil
}
