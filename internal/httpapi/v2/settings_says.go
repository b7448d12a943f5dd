package v2

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"orchestrator/internal/config"
	"orchestrator/internal/topology"
)

// settingSays says of keys what they mean for one cluster; values are those in force. What is not said here, Check says of the
// configuration as a whole.
func settingSays(c *config.Config, values map[string]json.RawMessage, x *topology.Cluster) map[string]string {
	all := map[string]string{}
	for _, s := range config.Check(c, nil) {
		for _, key := range s.Keys {
			if all[key] == "" {
				all[key] = s.Text
			}
		}
	}
	all["RecoverMasterClusterFilters"] = chosenBy(c.RecoverMasterClusterFilters, x, "A failed primary is replaced by itself", "A failed primary waits for a person")
	all["RecoverIntermediateMasterClusterFilters"] = chosenBy(c.RecoverIntermediateMasterClusterFilters, x, "A failed intermediate source is worked around by itself", "The replicas of a failed intermediate source wait for a person")
	matching := func(key, what string, fits func(*topology.Instance) bool) {
		var hit []string
		for _, i := range x.Members {
			if fits(i) {
				hit = append(hit, i.Key.String())
			}
		}
		all[key] = whichAre(hit, what)
	}
	matching("RecoveryIgnoreHostnameFilters", "left out of the analysis", func(i *topology.Instance) bool { return c.RecoveryIgnore().Match(i.Key.Hostname) })
	matching("PromotionIgnoreHostnameFilters", "never promoted", func(i *topology.Instance) bool { return c.PromotionIgnore().Match(i.Key.Hostname, i.Key.Port) })
	matching("ProblemIgnoreHostnameFilters", "left out of the problems", func(i *topology.Instance) bool { return c.ProblemIgnore().Match(i.Key.Hostname, i.Key.Port) })
	matching("ReasonableReplicationLagSeconds", "behind by more", func(i *topology.Instance) bool {
		return i.Lag.Known && i.Lag.N > int64(c.ReasonableReplicationLagSeconds)
	})
	all["PreventCrossDataCenterMasterFailover"] = place(c.PreventCrossDataCenterMasterFailover, x, "data center", func(i *topology.Instance) string { return i.DataCenter })
	all["PreventCrossRegionMasterFailover"] = place(c.PreventCrossRegionMasterFailover, x, "region", func(i *topology.Instance) string { return i.Region })
	for _, key := range settingGroups[len(settingGroups)-1].keys {
		var hooks []string
		if json.Unmarshal(values[key], &hooks) == nil { // the others are no lists
			all[key] = commands(len(hooks))
		}
	}
	switch file := c.MySQLTopologyCredentialsConfigFile; {
	case file != "":
		all["MySQLTopologyCredentialsConfigFile"] = "User and password are those of the section [client] of " + file + "."
		all["MySQLTopologyUser"], all["MySQLTopologyPassword"] = "As "+file+" says.", "As "+file+" says."
	default:
		all["MySQLTopologyUser"] = fmt.Sprintf("All %d servers of the cluster are spoken to as this user.", len(x.Members))
	}
	return all
}

// chosenBy says which entry of a filter chooses a cluster, and what follows.
func chosenBy(entries []string, x *topology.Cluster, chosen, otherwise string) string {
	for _, entry := range entries {
		if config.NewClusterFilters([]string{entry}, func(string, error) {}).Match(x.Name, x.Alias) {
			return fmt.Sprintf("%s: %q chooses this cluster.", chosen, entry)
		}
	}
	if len(entries) == 0 {
		return otherwise + ": no cluster is chosen."
	}
	return otherwise + ": no entry chooses this cluster."
}

// whichAre says which servers something is the case for.
func whichAre(list []string, what string) string {
	const most = 4
	switch n := len(list); {
	case n == 0:
		return "No server of this cluster is " + what + "."
	case n == 1:
		return list[0] + " is " + what + "."
	case n > most:
		return fmt.Sprintf("%s and %d more are %s.", strings.Join(list[:most], ", "), n-most, what)
	}
	return strings.Join(list, ", ") + " are " + what + "."
}

// place says what a guard that keeps a failover in its place leaves.
func place(kept bool, x *topology.Cluster, what string, of func(*topology.Instance) string) string {
	places := distinct(x.Members, func(i *topology.Instance) []string { return []string{of(i)} })
	var own string
	for _, i := range x.Primaries() {
		own = of(i)
	}
	switch {
	case len(places) == 0:
		return "It is not known in which " + what + " the servers of this cluster are: they count as in the same one."
	case len(places) == 1:
		return "All of this cluster is in " + places[0] + "."
	case !kept:
		return "A server of any " + what + " may take over: " + strings.Join(places, ", ") + "."
	}
	others := slices.DeleteFunc(slices.Clone(places), func(p string) bool { return p == own })
	return "Only servers in " + own + " may take over, and none in " + strings.Join(others, ", ") + "."
}

func commands(n int) string {
	switch n {
	case 0:
		return "None runs."
	case 1:
		return "1 command runs."
	}
	return itoa(n) + " commands run."
}
