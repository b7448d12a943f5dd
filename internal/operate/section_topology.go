package operate

import (
	"context"

	"orchestrator/internal/topology"
)

// topologies are the drawings of a cluster.
func topologies() []*Operation {
	return []*Operation{
		drawing("topology", "Draw the tree of a cluster", topology.OutlinePlain),
		drawing("topology-tabulated", "Draw the tree of a cluster with its properties in columns", topology.OutlineTabulated),
		drawing("topology-tags", "Draw the tree of a cluster with the tags of its instances", topology.OutlineTags),
	}
}

func drawing(name, summary string, style topology.OutlineStyle) *Operation {
	return &Operation{
		Name: name, Summary: summary, Example: "orchestrator -c " + name + " -alias orders",
		Args:   []Arg{{Param: ParamCluster, Required: true}, {Param: ParamInstance}, {Param: ParamDataCenter}, {Param: ParamMoment}},
		Routes: []string{name + "/:clusterHint", name + "/:host/:port"},
		Client: []Client{{Path: name + "/:clusterHint?dc", Needs: []Param{ParamCluster}, Print: PrintText}},
		Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
			if a.Given(ParamMoment) {
				return pastOutline(ctx, e, a, style)
			}
			text := e.outline(style, a.Text(ParamDataCenter)).Draw(a.Topology, members(a.Topology, a.Cluster))
			return Result{Value: Drawing(text), Message: "Topology for cluster " + a.Cluster}, nil
		},
	}
}
