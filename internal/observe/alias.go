package observe

import (
	"cmp"
	"slices"

	"orchestrator/internal/topology"
)

// suggestAliases sets the suggested cluster alias of each derived instance, from the top of each tree downwards: the
// alias that a person set for the cluster, else that of the source, else what the server's own query said, else what
// the configuration makes of the cluster's name. Instances that change are replaced in derived; those that are still
// the ones of before are copied first.
func (p *picture) suggestAliases(derived, before []*topology.Instance, aliasOf func(string) string) {
	order := make([]int, len(derived))
	place := make(map[topology.Key]int, len(derived))
	for n, i := range derived {
		order[n] = n
		place[i.Key] = n
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(derived[a].Depth, derived[b].Depth) })
	for _, n := range order {
		i := derived[n]
		alias := p.names.overrides[i.ClusterName]
		if above := upstream(i); alias == "" && i.Depth > 0 {
			if at, ok := place[above]; ok && derived[at].ClusterName == i.ClusterName {
				alias = derived[at].SuggestedClusterAlias
			}
		}
		if alias == "" {
			alias = p.members[i.Key].alias
		}
		if alias == "" {
			alias = aliasOf(i.ClusterName)
		}
		if alias == i.SuggestedClusterAlias {
			continue
		}
		if derived[n] == before[n] {
			derived[n] = i.Clone()
		}
		derived[n].SuggestedClusterAlias = alias
	}
}

// upstream is the server from which i inherits: its source, or its group's primary.
func upstream(i *topology.Instance) topology.Key {
	if i.Group.IsSecondary() && i.Group.Primary != i.Key {
		return i.Group.Primary
	}
	return i.Channel.Source
}

// standing ranks the servers that suggest an alias. A greater one wins.
type standing struct {
	valid, writable bool
	replicas        int
	name            string // the smaller cluster name wins a tie, so that the choice does not jump
}

func (s standing) beats(o standing) bool {
	if s.valid != o.valid {
		return s.valid
	}
	if s.writable != o.writable {
		return s.writable
	}
	if s.replicas != o.replicas {
		return s.replicas > o.replicas
	}
	return s.name < o.name
}

// best finds the alias that a cluster's servers suggest, by the one that ranks highest. Servers that a recovery left
// behind have no say.
func (p *picture) best(cluster string) (alias string, rank standing) {
	for k := range p.clusters[cluster] {
		i := p.members[k].inst
		if i.SuggestedClusterAlias == "" || i.Downtime.LostInRecovery() {
			continue
		}
		s := standing{valid: i.LastCheckValid(), writable: !i.ReadOnly, replicas: len(p.replicas[k]), name: cluster}
		if alias == "" || s.beats(rank) || (s == rank && i.SuggestedClusterAlias < alias) {
			alias, rank = i.SuggestedClusterAlias, s
		}
	}
	return alias, rank
}

// chooseAlias settles the alias of one cluster. An alias belongs to one cluster only; when two want it, the one whose
// servers rank higher gets it and the other goes by its name.
func (p *picture) chooseAlias(cluster string) {
	alias, rank := p.best(cluster)
	if owner := p.names.owners[alias]; alias != "" && owner != "" && owner != cluster {
		if wanted, other := p.best(owner); wanted == alias && !rank.beats(other) {
			alias = ""
		}
	}
	if p.names.aliases[cluster] == alias {
		return
	}
	if loser := p.names.setAlias(cluster, alias); loser != "" {
		p.touch(loser, false)
	}
	p.touch(cluster, false)
}

// chooseAliases settles the aliases of all clusters: what changed without moving a server, such as one that can be
// reached no more, counts from here on. Names of clusters that are gone are dropped.
func (p *picture) chooseAliases() {
	for c := range p.clusters {
		p.chooseAlias(c)
	}
	for c := range p.names.aliases {
		if len(p.clusters[c]) == 0 {
			p.names.setAlias(c, "")
		}
	}
}
