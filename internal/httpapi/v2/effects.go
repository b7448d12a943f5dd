package v2

import (
	"fmt"

	"orchestrator/internal/config"
	"orchestrator/internal/topology"
)

// effectsOf says what keys do at this moment: how many clusters or servers they choose, or else what Check says of them.
func effectsOf(c *config.Config, t *topology.Topology) map[string]string {
	all := map[string]string{}
	for _, s := range config.Check(c, nil) {
		for _, key := range s.Keys {
			if all[key] == "" {
				all[key] = s.Text
			}
		}
	}
	clusters, servers := t.Clusters(), t.Instances()
	chosen := func(key string, fits func(*topology.Cluster) bool, none string) {
		n := 0
		for _, cluster := range clusters {
			if fits(cluster) {
				n++
			}
		}
		all[key] = matching(n, len(clusters), "cluster", none)
	}
	matched := func(key string, given bool, fits func(*topology.Instance) bool) {
		n := 0
		for _, i := range servers {
			if fits(i) {
				n++
			}
		}
		if given {
			all[key] = matching(n, len(servers), "server", "")
		}
	}
	chosen("RecoverMasterClusterFilters", func(x *topology.Cluster) bool { return c.RecoverPrimaryClusters().Match(x.Name, x.Alias) }, "no primary is replaced automatically")
	chosen("RecoverIntermediateMasterClusterFilters", func(x *topology.Cluster) bool { return c.RecoverIntermediateClusters().Match(x.Name, x.Alias) }, "no intermediate source is replaced automatically")
	if len(c.ClusterNameToAlias) > 0 {
		chosen("ClusterNameToAlias", func(x *topology.Cluster) bool { return c.ClusterAlias(x.Name) != "" }, "")
	}
	byName := func(f interface{ Match(string, int) bool }) func(*topology.Instance) bool {
		return func(i *topology.Instance) bool { return f.Match(i.Key.Hostname, i.Key.Port) }
	}
	matched("PromotionIgnoreHostnameFilters", len(c.PromotionIgnoreHostnameFilters) > 0, byName(c.PromotionIgnore()))
	matched("ProblemIgnoreHostnameFilters", len(c.ProblemIgnoreHostnameFilters) > 0, byName(c.ProblemIgnore()))
	matched("OSCIgnoreHostnameFilters", len(c.OSCIgnoreHostnameFilters) > 0, byName(c.OSCIgnore()))
	matched("RecoveryIgnoreHostnameFilters", len(c.RecoveryIgnoreHostnameFilters) > 0, func(i *topology.Instance) bool { return c.RecoveryIgnore().Match(i.Key.Hostname) })
	matched("DataCenterPattern", c.DataCenterPattern != "", func(i *topology.Instance) bool { return c.DataCenterOf(i.Key.Hostname) != "" })
	matched("RegionPattern", c.RegionPattern != "", func(i *topology.Instance) bool { return c.RegionOf(i.Key.Hostname) != "" })
	matched("PhysicalEnvironmentPattern", c.PhysicalEnvironmentPattern != "", func(i *topology.Instance) bool { return c.PhysicalEnvironmentOf(i.Key.Hostname) != "" })
	all["InstancePollSeconds"] = fmt.Sprintf("%d servers are looked at each %s", len(servers), c.InstancePoll())
	lagging := 0
	for _, i := range servers {
		if i.Lag.Known && i.Lag.N > int64(c.ReasonableReplicationLagSeconds) {
			lagging++
		}
	}
	all["ReasonableReplicationLagSeconds"] = fmt.Sprintf("%d of %d servers lag more", lagging, len(servers))
	return all
}

// matching says how many of all are meant.
func matching(n, all int, what, none string) string {
	s := "s"
	if n == 1 {
		s = ""
	}
	switch {
	case n == 0 && none != "":
		return fmt.Sprintf("matches none of %d %ss: %s", all, what, none)
	case n == 0:
		return fmt.Sprintf("matches none of %d %ss", all, what)
	case n == all:
		return fmt.Sprintf("matches all %d %s%s", n, what, s)
	}
	return fmt.Sprintf("matches %d %s%s of %d", n, what, s, all)
}
