package operate

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"orchestrator/internal/topology"
)

// information is what is asked about servers and clusters.
func information() []*Operation {
	return []*Operation{
		{
			Name: "find", Summary: "Find instances whose host:port matches a regular expression",
			Example: `orchestrator -c find -pattern "backup.*us-east"`,
			Args:    []Arg{{Param: ParamPattern, Required: true}}, Faces: OnlyCLI,
			Run: func(_ context.Context, _ *Engine, a Args) (Result, error) {
				return instances(a.Topology, func(i *topology.Instance) bool { return a.Pattern.MatchString(i.Key.String()) }), nil
			},
		},
		{
			Name: "search", Summary: "Search for instances by host name, cluster, version, alias, server id or port",
			Example: `orchestrator -c search -pattern "8.0.41"`,
			Args:    []Arg{{Param: ParamSearch}}, Shape: Bare,
			Routes: []string{"search/:searchString", "search"},
			Client: []Client{{Path: "search?s", Needs: []Param{ParamInstance}, Print: PrintKeys}},
			Run: func(_ context.Context, _ *Engine, a Args) (Result, error) {
				return search(a.Topology, a.Text(ParamSearch)), nil
			},
		},
		{
			Name: "clusters", Summary: "List the names of all clusters",
			Shape: Bare, Routes: []string{"clusters"},
			Client: []Client{{Path: "clusters", Print: PrintText}},
			Run: func(_ context.Context, _ *Engine, a Args) (Result, error) {
				names := []string{}
				for _, c := range a.Topology.Clusters() {
					names = append(names, c.Name)
				}
				return Result{Value: names}, nil
			},
		},
		{
			Name: "clusters-alias", Synonyms: []string{"clusters-info"}, Summary: "List the names of all clusters with their aliases",
			Shape: Bare, Routes: []string{"clusters-info"},
			Client: []Client{{Path: "clusters-info", Print: PrintSpecial}},
			Run: func(_ context.Context, e *Engine, a Args) (Result, error) {
				all := e.sight(a.Topology).clusters()
				return Result{Value: all.list, Shared: all.shared}, nil
			},
		},
		{
			Name: "cluster-info", Summary: "Summarise a cluster",
			Args: []Arg{{Param: ParamCluster, Required: true}, {Param: ParamInstance}, {Param: ParamClusterAlias}}, Shape: Bare,
			Routes: []string{"cluster-info/:clusterHint", "cluster-info/alias/:clusterAlias"},
			Client: []Client{
				{Name: "which-cluster", Path: "cluster-info/:clusterHint", Needs: []Param{ParamCluster}, Print: PrintField, Field: "ClusterName"},
				{Name: "which-cluster-alias", Path: "cluster-info/:clusterHint", Needs: []Param{ParamCluster}, Print: PrintField, Field: "ClusterAlias"},
			},
			Run: func(_ context.Context, e *Engine, a Args) (Result, error) {
				c := a.Topology.Cluster(a.Cluster)
				if c == nil {
					return Result{}, fmt.Errorf("no cluster is known by the name %q", a.Cluster)
				}
				info := e.summary(c)
				info.HeuristicLag = e.heuristicLag(a.Topology, c)
				return Result{Value: info}, nil
			},
		},
		{
			Name: "all-clusters-masters", Synonyms: []string{"masters"}, Summary: "List one writeable primary of each cluster",
			Shape: Bare, Routes: []string{"masters"},
			Client: []Client{
				{Path: "masters", Print: PrintKeys},
				{Name: "dominant-dc", Path: "masters", Print: PrintSpecial},
			},
			Run: func(_ context.Context, _ *Engine, a Args) (Result, error) {
				list := []*topology.Instance{}
				for _, c := range a.Topology.Clusters() {
					if i := primaryOf(c); i != nil && !i.ReadOnly {
						list = append(list, i)
					}
				}
				return Result{Value: Instances{List: list, Of: a.Topology}}, nil
			},
		},
		{
			Name: "all-instances", Summary: "List all known instances",
			Shape: Bare, Routes: []string{"all-instances"},
			Client: []Client{{Path: "all-instances", Print: PrintKeys}},
			Run: func(_ context.Context, _ *Engine, a Args) (Result, error) {
				return Result{Value: Instances{List: a.Topology.Instances(), Of: a.Topology}}, nil
			},
		},
		{
			Name: "which-instance", Synonyms: []string{"instance"}, Summary: "Show the full name under which an instance is known",
			Example: "orchestrator -c which-instance -i db-a1",
			Args:    []Arg{{Param: ParamInstance, Required: true}}, Shape: Bare,
			Routes: []string{"instance/:host/:port"},
			Client: []Client{
				{Path: "instance/:host/:port", Needs: []Param{ParamInstance}, Print: PrintKey},
				{Name: "instance", Path: "instance/:host/:port", Needs: []Param{ParamInstance}, Print: PrintKey},
				{Name: "which-master", Path: "instance/:host/:port", Needs: []Param{ParamInstance}, Print: PrintSpecial},
				{Name: "which-gtid-errant", Path: "instance/:host/:port", Needs: []Param{ParamInstance}, Print: PrintField, Field: "GtidErrant"},
				{Name: "is-replicating", Path: "instance/:host/:port", Needs: []Param{ParamInstance}, Print: PrintSpecial},
				{Name: "is-replication-stopped", Path: "instance/:host/:port", Needs: []Param{ParamInstance}, Print: PrintSpecial},
			},
			Run: onInstance(func(_ *Engine, i Instance) any { return i }),
		},
		{
			Name: "which-cluster", Summary: "Show the name of the cluster that an instance belongs to",
			Args: clusterArgs(), Faces: OnlyCLI,
			Run: func(_ context.Context, _ *Engine, a Args) (Result, error) { return Result{Value: a.Cluster}, nil },
		},
		{
			Name: "which-cluster-alias", Summary: "Show the alias of the cluster that an instance belongs to",
			Args: clusterArgs(), Faces: OnlyCLI,
			Run: onClusterText(func(c *topology.Cluster) string { return c.Alias }),
		},
		{
			Name: "which-cluster-domain", Summary: "Show the domain name of the cluster that an instance belongs to",
			Args: clusterArgs(), Faces: OnlyCLI,
			Run: onClusterText(func(c *topology.Cluster) string { return c.Domain }),
		},
		{
			Name: "which-cluster-master", Synonyms: []string{"master"}, Summary: "Show the primary of a cluster, the writeable one if there is any",
			Args: clusterArgs(), Shape: Bare, Routes: []string{"master/:clusterHint"},
			Client: []Client{{Path: "master/:clusterHint", Needs: []Param{ParamCluster}, Print: PrintField, Field: "ClusterName"}},
			Run: func(_ context.Context, _ *Engine, a Args) (Result, error) {
				c := a.Topology.Cluster(a.Cluster)
				if c == nil || primaryOf(c) == nil {
					return Result{}, fmt.Errorf("no primary is known of cluster %q", firstOf(a.Cluster, a.Text(ParamCluster), a.Text(ParamInstance)))
				}
				return Result{Value: Instance{Instance: primaryOf(c), Of: a.Topology}}, nil
			},
		},
		{
			Name: "which-cluster-instances", Synonyms: []string{"cluster"}, Summary: "List the instances of a cluster",
			Example: "orchestrator -c which-cluster-instances -alias orders",
			Args:    append(clusterArgs(), Arg{Param: ParamClusterAlias}), Shape: Bare,
			Routes: []string{"cluster/:clusterHint", "cluster/alias/:clusterAlias", "cluster/instance/:host/:port"},
			Client: []Client{{Path: "cluster/:clusterHint", Needs: []Param{ParamCluster}, Print: PrintKeys}},
			Run: func(_ context.Context, _ *Engine, a Args) (Result, error) {
				return Result{Value: Instances{List: members(a.Topology, a.Cluster), Of: a.Topology}}, nil
			},
		},
		{
			Name: "which-cluster-osc-replicas", Synonyms: []string{"which-cluster-osc-slaves"},
			Summary: "List a few replicas of a cluster by whose lag an online schema change may be throttled",
			Args:    clusterArgs(), Shape: Bare,
			Routes: []string{"cluster-osc-slaves/:clusterHint", "cluster-osc-replicas/:clusterHint"},
			Client: []Client{
				{Path: "cluster-osc-replicas/:clusterHint", Needs: []Param{ParamCluster}, Print: PrintKeys},
				{Name: "which-cluster-osc-running-replicas", Path: "cluster-osc-replicas/:clusterHint", Needs: []Param{ParamCluster}, Print: PrintSpecial},
			},
			Run: func(_ context.Context, e *Engine, a Args) (Result, error) {
				return Result{Value: Instances{List: e.controlReplicas(a.Topology, members(a.Topology, a.Cluster)), Of: a.Topology}}, nil
			},
		},
		{
			Name: "which-cluster-gh-ost-replicas", Synonyms: []string{"which-cluster-gh-ost-slaves"},
			Summary: "List the replicas of a cluster that gh-ost can work on",
			Args:    clusterArgs(), Faces: OnlyCLI,
			Run: func(_ context.Context, _ *Engine, a Args) (Result, error) {
				return Result{Value: Instances{List: ghostReplicas(a.Topology, members(a.Topology, a.Cluster)), Of: a.Topology}}, nil
			},
		},
		{
			Name: "get-cluster-heuristic-lag", Summary: "Show the greatest lag, in seconds, among the control replicas of a cluster",
			Args: clusterArgs(), Faces: OnlyCLI,
			Run: func(_ context.Context, e *Engine, a Args) (Result, error) {
				var lag int64
				if c := a.Topology.Cluster(a.Cluster); c != nil {
					lag = e.heuristicLag(a.Topology, c)
				}
				return Result{Value: lag}, nil
			},
		},
		{
			Name: "which-master", Summary: "Show the source that an instance replicates from",
			Args: []Arg{{Param: ParamInstance, Required: true}}, Faces: OnlyCLI,
			Run: onInstance(func(_ *Engine, i Instance) any {
				if s := i.Of.Source(i.Instance); s != nil {
					return s.Key
				}
				return i.Channel.Source
			}),
		},
		{
			Name: "which-replicas", Synonyms: []string{"which-slaves", "instance-replicas"}, Summary: "List the direct replicas of an instance",
			Args: []Arg{{Param: ParamInstance, Required: true}}, Shape: Bare,
			Routes: []string{"instance-replicas/:host/:port"},
			Client: []Client{
				{Path: "instance-replicas/:host/:port", Needs: []Param{ParamInstance}, Print: PrintKeys},
				{Name: "which-broken-replicas", Path: "instance-replicas/:host/:port", Needs: []Param{ParamInstance}, Print: PrintSpecial},
			},
			Run: onInstance(func(_ *Engine, i Instance) any {
				return Instances{List: i.Of.Replicas(i.Key), Of: i.Of}
			}),
		},
		{
			Name: "which-gtid-errant", Summary: "Show the errant transactions of an instance, as they were last seen",
			Args: []Arg{{Param: ParamInstance, Required: true}}, Faces: OnlyCLI,
			Run: onInstance(func(_ *Engine, i Instance) any { return i.ErrantSet }),
		},
		{
			Name: "which-downtimed-instances", Synonyms: []string{"downtimed"}, Summary: "List the downtimed instances of a cluster",
			Args: []Arg{{Param: ParamCluster}, {Param: ParamInstance}}, Shape: Bare,
			Routes: []string{"downtimed", "downtimed/:clusterHint"},
			Client: []Client{{Name: "downtimed", Path: "downtimed/:clusterHint", Print: PrintKeys}},
			Run: func(_ context.Context, e *Engine, a Args) (Result, error) {
				named := a.Given(ParamCluster) || a.Given(ParamInstance) || !a.input.Here.IsZero()
				return instances(a.Topology, func(i *topology.Instance) bool {
					return i.IsDowntimed(e.Now()) && (!named || i.ClusterName == a.Cluster)
				}), nil
			},
		},
		{
			Name: "which-lost-in-recovery", Summary: "List the instances that a recovery left behind",
			Faces: OnlyCLI,
			Run: func(_ context.Context, e *Engine, a Args) (Result, error) {
				return instances(a.Topology, func(i *topology.Instance) bool {
					return i.IsDowntimed(e.Now()) && i.Downtime.LostInRecovery()
				}), nil
			},
		},
		{
			Name: "instance-status", Summary: "Describe an instance in short: lag, state, version, mode, binary log",
			Args: []Arg{{Param: ParamInstance, Required: true}}, Faces: OnlyCLI,
			Run: onInstance(func(e *Engine, i Instance) any {
				return e.outline(topology.OutlinePlain, "").Describe(i.Instance)
			}),
		},
		{
			Name: "problems", Summary: "List the instances that have a problem: unreachable, stopped, lagging, errant transactions",
			Args: []Arg{{Param: ParamClusterName}}, Shape: Bare,
			Routes: []string{"problems", "problems/:clusterName"},
			Run: func(_ context.Context, e *Engine, a Args) (Result, error) {
				return e.problems(a), nil
			},
		},
	}
}

func clusterArgs() []Arg {
	return []Arg{{Param: ParamCluster, Required: true}, {Param: ParamInstance}}
}

// onInstance makes a Run that answers about one known server.
func onInstance(answer func(*Engine, Instance) any) func(context.Context, *Engine, Args) (Result, error) {
	return func(_ context.Context, e *Engine, a Args) (Result, error) {
		i := a.Topology.Instance(a.Instance)
		if i == nil {
			return Result{}, unknownInstance(a.Instance)
		}
		return Result{Value: answer(e, Instance{Instance: i, Of: a.Topology})}, nil
	}
}

// onClusterText makes a Run that answers with a text about a cluster, empty when there is no such cluster.
func onClusterText(text func(*topology.Cluster) string) func(context.Context, *Engine, Args) (Result, error) {
	return func(_ context.Context, _ *Engine, a Args) (Result, error) {
		if c := a.Topology.Cluster(a.Cluster); c != nil {
			return Result{Value: text(c)}, nil
		}
		return Result{Value: ""}, nil
	}
}

func members(t *topology.Topology, cluster string) []*topology.Instance {
	if c := t.Cluster(cluster); c != nil {
		return c.Members
	}
	return []*topology.Instance{}
}

// instances answers with the servers that are wanted.
func instances(t *topology.Topology, wanted func(*topology.Instance) bool) Result {
	list := []*topology.Instance{}
	for _, i := range t.Instances() {
		if wanted(i) {
			list = append(list, i)
		}
	}
	return Result{Value: Instances{List: list, Of: t}}
}

// primaryOf is the top of a cluster, the writeable one if there are several; nil when there is none.
func primaryOf(c *topology.Cluster) *topology.Instance {
	tops := c.Primaries()
	for _, i := range tops {
		if !i.ReadOnly {
			return i
		}
	}
	if len(tops) > 0 {
		return tops[0]
	}
	return nil
}

func (e *Engine) summary(c *topology.Cluster) Cluster {
	conf := e.Config()
	return Cluster{
		Name: c.Name, Alias: c.Alias, Domain: c.Domain, Size: len(c.Members),
		RecoversPrimary:      conf.RecoverPrimaryClusters().Match(c.Name, c.Alias),
		RecoversIntermediate: conf.RecoverIntermediateClusters().Match(c.Name, c.Alias),
	}
}

// search finds servers by a text: parts of names and versions, whole numbers.
func search(t *topology.Topology, text string) Result {
	r := instances(t, func(i *topology.Instance) bool {
		for _, field := range []string{i.Key.Hostname, i.Key.String(), i.ClusterName, i.Version, i.VersionComment, i.SuggestedClusterAlias} {
			if strings.Contains(field, text) {
				return true
			}
		}
		return strconv.FormatUint(uint64(i.ServerID), 10) == text || strconv.Itoa(i.Key.Port) == text
	})
	slices.SortStableFunc(r.Value.(Instances).List, func(a, b *topology.Instance) int {
		return cmp.Or(cmp.Compare(a.Depth, b.Depth), cmp.Compare(len(t.Replicas(b.Key)), len(t.Replicas(a.Key))),
			cmp.Compare(a.ClusterName, b.ClusterName), a.Key.Compare(b.Key))
	})
	return r
}

func (e *Engine) problems(a Args) Result {
	c, now := e.Config(), e.Now()
	limits := topology.Limits{Poll: c.InstancePoll(), ReasonableLag: c.ReasonableReplicationLag()}
	ignore := c.ProblemIgnore()
	return instances(a.Topology, func(i *topology.Instance) bool {
		return (a.Cluster == "" || i.ClusterName == a.Cluster) && !i.IsDowntimed(now) &&
			!ignore.Match(i.Key.Hostname, i.Key.Port) && len(topology.Problems(i, now, limits)) > 0
	})
}
