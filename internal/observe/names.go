package observe

import (
	"maps"
	"time"

	"orchestrator/internal/topology"
)

// names are the aliases, domains and host names of the picture. What is handed out is never changed afterwards.
type names struct {
	aliases   map[string]string // cluster → alias
	owners    map[string]string // alias → cluster
	overrides map[string]string // cluster → alias that a person set
	domains   map[string]domain // cluster → domain
	resolved  map[string]string // host → canonical host, where they differ
	shared    topology.Names    // a copy of the above for readers
	stale     bool              // shared has to be made anew
	renamed   bool              // its Resolved at least
}

type domain struct {
	name    string
	expires time.Time
}

func newNames() names {
	return names{
		aliases:   make(map[string]string),
		owners:    make(map[string]string),
		overrides: make(map[string]string),
		domains:   make(map[string]domain),
		resolved:  make(map[string]string),
		stale:     true,
		renamed:   true,
	}
}

// current returns all names.
func (n *names) current() topology.Names {
	if n.stale {
		domains := make(map[string]string, len(n.domains))
		for c, d := range n.domains {
			domains[c] = d.name
		}
		n.shared = topology.Names{Aliases: maps.Clone(n.aliases), Domains: domains, Resolved: n.hosts()}
		n.stale = false
	}
	return n.shared
}

// hosts returns what host names resolve to.
func (n *names) hosts() map[string]string {
	if n.renamed {
		n.shared.Resolved = maps.Clone(n.resolved)
		n.renamed = false
	}
	return n.shared.Resolved
}

// of returns the names that concern one cluster. The aliases and domains of others are left out, so that publishing
// one cluster does not copy those of the fleet.
func (n *names) of(cluster string) topology.Names {
	some := topology.Names{Resolved: n.hosts()}
	if a, ok := n.aliases[cluster]; ok {
		some.Aliases = map[string]string{cluster: a}
	}
	if d, ok := n.domains[cluster]; ok {
		some.Domains = map[string]string{cluster: d.name}
	}
	return some
}

// resolve records to what a host name resolves.
func (n *names) resolve(host, canonical string) {
	old, known := n.resolved[host]
	switch {
	case host == canonical && known:
		delete(n.resolved, host)
	case host != canonical && old != canonical:
		n.resolved[host] = canonical
	default:
		return
	}
	n.stale, n.renamed = true, true
}

// load takes over what was stored.
func (n *names) load(known topology.Names, domainsUntil time.Time) {
	for c, a := range known.Aliases {
		if a != c {
			n.setAlias(c, a)
		}
	}
	for c, d := range known.Domains {
		n.domains[c] = domain{name: d, expires: domainsUntil}
	}
	for host, canonical := range known.Resolved {
		n.resolve(host, canonical)
	}
	n.stale = true
}

// expire drops the domains that were not said again for too long.
func (n *names) expire(now time.Time) {
	for c, d := range n.domains {
		if !d.expires.After(now) {
			delete(n.domains, c)
			n.stale = true
		}
	}
}

// forgetResolved drops what is known of host names.
func (n *names) forgetResolved() {
	clear(n.resolved)
	n.stale, n.renamed = true, true
}

// setAlias gives a cluster its alias, or takes it away when alias is empty. It returns the cluster that had the
// alias before, or "".
func (n *names) setAlias(cluster, alias string) (loser string) {
	if n.aliases[cluster] == alias {
		return ""
	}
	if old := n.aliases[cluster]; old != "" && n.owners[old] == cluster {
		delete(n.owners, old)
	}
	n.stale = true
	if alias == "" {
		delete(n.aliases, cluster)
		return ""
	}
	if loser = n.owners[alias]; loser != "" {
		delete(n.aliases, loser)
	}
	n.aliases[cluster] = alias
	n.owners[alias] = cluster
	return loser
}
