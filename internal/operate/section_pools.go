package operate

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"orchestrator/internal/topology"
)

// Pools keep which servers belong together for some purpose, as people say it. A membership expires unless it is
// submitted again.
type Pools interface {
	// SubmitPool replaces the members of a pool; no keys empties it.
	SubmitPool(ctx context.Context, pool string, keys []topology.Key) error
	// Pools returns the members of every pool.
	Pools(ctx context.Context) (map[string][]topology.Key, error)
}

// PoolMember is a known server in a pool.
type PoolMember struct {
	Pool, Cluster, Alias string
	Key                  topology.Key
}

// pools are lists of servers that people submit.
func pools() []*Operation {
	return []*Operation{
		{
			Name: "submit-pool-instances", Summary: "Replace the members of a pool", Rights: Write,
			Details: "A membership ends after InstancePoolExpiryMinutes, so it is meant to be submitted again and again. With\n" +
				"SupportFuzzyPoolHostnames a part of a host name stands for the only server that it fits.",
			Example: "orchestrator -c submit-pool-instances -pool reporting -i db-a2,db-b1:3307",
			Args:    []Arg{{Param: ParamPool, Required: true}, {Param: ParamInstances}},
			Routes:  []string{"submit-pool-instances/:pool"},
			Client:  []Client{{Path: "submit-pool-instances/:pool?instances", Needs: []Param{ParamInstances, ParamPool}, Print: PrintText}},
			Run:     submitPool,
		},
		{
			Name: "cluster-pool-instances", Summary: "List the members of pools, of one cluster or of all",
			Args:   poolArgs(false),
			Routes: []string{"cluster-pool-instances/:clusterHint", "cluster-pool-instances/:clusterHint/:pool"},
			Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
				list, err := e.poolMembers(ctx, a)
				return Result{Value: list, Message: "Cluster pool instances for " + firstOf(a.Cluster, "all clusters")}, err
			},
		},
		{
			Name: "which-heuristic-cluster-pool-instances", Synonyms: []string{"heuristic-cluster-pool-instances"},
			Summary: "List the reachable members of pools in a cluster",
			Args:    poolArgs(true),
			Routes:  []string{"heuristic-cluster-pool-instances/:clusterHint", "heuristic-cluster-pool-instances/:clusterHint/:pool"},
			Client:  []Client{{Path: "heuristic-cluster-pool-instances/:clusterHint/:pool", Needs: []Param{ParamCluster}, Print: PrintKeys}},
			Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
				list, err := e.usablePoolMembers(ctx, a)
				return Result{Value: Instances{List: list, Of: a.Topology}, Message: "Heuristic pool instances for cluster " + a.Cluster}, err
			},
		},
		{
			Name: "heuristic-cluster-pool-lag", Summary: "Show the greatest lag, in seconds, among the reachable members of pools in a cluster",
			Args:   poolArgs(true),
			Routes: []string{"heuristic-cluster-pool-lag/:clusterHint", "heuristic-cluster-pool-lag/:clusterHint/:pool"},
			Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
				list, err := e.usablePoolMembers(ctx, a)
				return Result{Value: greatestLag(list), Message: "Heuristic pool lag for cluster " + a.Cluster}, err
			},
		},
	}
}

func poolArgs(clusterNeeded bool) []Arg {
	return []Arg{{Param: ParamCluster, Required: clusterNeeded, Stated: !clusterNeeded}, {Param: ParamInstance}, {Param: ParamPool}}
}

func submitPool(ctx context.Context, e *Engine, a Args) (Result, error) {
	if e.Pools == nil {
		return Result{}, unavailable("pools")
	}
	keys, err := e.poolKeys(ctx, a)
	pool := a.Text(ParamPool)
	if err == nil {
		err = e.Pools.SubmitPool(ctx, pool, keys)
	}
	if err != nil {
		return Result{}, fmt.Errorf("submit pool %s: %w", pool, err)
	}
	return Result{Value: Quiet{pool}, Message: fmt.Sprintf("Applied %s pool instances", pool)}, nil
}

// poolKeys are the servers that somebody submits, each once.
func (e *Engine) poolKeys(ctx context.Context, a Args) ([]topology.Key, error) {
	keys := []topology.Key{}
	words := strings.FieldsFunc(a.Text(ParamInstances), func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' || r == '\r' })
	for _, word := range words {
		key, err := topology.ParseKey(word, e.defaultPort())
		if err != nil {
			return nil, err
		}
		switch {
		case e.Config().SupportFuzzyPoolHostnames:
			key = e.known(ctx, a.Topology, key)
		case a.Topology.Instance(key) == nil && e.Names != nil:
			key = e.Names.Resolve(ctx, key)
		}
		if !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// poolMembers are the known members of the wanted cluster and pool, or of all, by cluster, pool and key.
func (e *Engine) poolMembers(ctx context.Context, a Args) ([]PoolMember, error) {
	if e.Pools == nil {
		return nil, unavailable("pools")
	}
	all, err := e.Pools.Pools(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the pools: %w", err)
	}
	list := []PoolMember{}
	for _, pool := range slices.Sorted(maps.Keys(all)) {
		if wanted := a.Text(ParamPool); wanted != "" && wanted != pool {
			continue
		}
		for _, key := range topology.SortKeys(slices.Clone(all[pool])) {
			i := a.Topology.Instance(key)
			if i == nil || a.Cluster != "" && i.ClusterName != a.Cluster {
				continue
			}
			list = append(list, PoolMember{Pool: pool, Cluster: i.ClusterName, Alias: aliasOf(a.Topology, i.ClusterName), Key: key})
		}
	}
	slices.SortStableFunc(list, func(a, b PoolMember) int { return strings.Compare(a.Cluster, b.Cluster) })
	return list, nil
}

func aliasOf(t *topology.Topology, cluster string) string {
	if c := t.Cluster(cluster); c != nil {
		return c.Alias
	}
	return ""
}

// usablePoolMembers are those members of the cluster that were reached and hold data, each once, by key.
func (e *Engine) usablePoolMembers(ctx context.Context, a Args) ([]*topology.Instance, error) {
	list := []*topology.Instance{}
	members, err := e.poolMembers(ctx, a)
	if err != nil || a.Cluster == "" {
		return list, err
	}
	for _, m := range members {
		i := a.Topology.Instance(m.Key)
		if i.LastCheckValid() && !i.IsBinlogServer() && !slices.Contains(list, i) {
			list = append(list, i)
		}
	}
	slices.SortFunc(list, func(a, b *topology.Instance) int { return a.Key.Compare(b.Key) })
	return list, nil
}
