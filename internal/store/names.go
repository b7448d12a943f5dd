package store

import (
	"context"
	"database/sql"
	"time"
)

// SetAlias gives a cluster its alias. An alias belongs to one cluster: whoever had it loses it.
func (s *Store) SetAlias(ctx context.Context, cluster, alias string) error {
	if s.agreed != nil {
		return decide(ctx, s, setAlias{cluster, alias})
	}
	_, err := s.exec(ctx, "set alias of cluster "+cluster,
		s.dialect.replace("cluster_alias", "cluster_name, alias, last_registered"), cluster, alias, stamp(s.now()))
	return err
}

// ClusterAlias is a cluster and its alias.
type ClusterAlias struct{ Cluster, Alias string }

// SetAliases writes the aliases of many clusters; where two claim one alias, the later one has it.
func (s *Store) SetAliases(ctx context.Context, aliases []ClusterAlias) error {
	if len(aliases) == 0 {
		return nil
	}
	return s.tx(ctx, "set cluster aliases", func(tx *sql.Tx) error {
		now := stamp(s.now())
		for _, a := range aliases {
			if _, err := s.execOn(ctx, tx, "set alias of cluster "+a.Cluster, s.dialect.replace("cluster_alias",
				"cluster_name, alias, last_registered"), a.Cluster, a.Alias, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// Aliases returns cluster name → alias.
func (s *Store) Aliases(ctx context.Context) (map[string]string, error) {
	return s.textMap(ctx, s.reader, "load cluster aliases", "SELECT cluster_name, alias FROM cluster_alias")
}

// SetAliasOverride stores an alias that beats whatever is detected.
func (s *Store) SetAliasOverride(ctx context.Context, cluster, alias string) error {
	if s.agreed != nil {
		return decide(ctx, s, setAliasOverride{cluster, alias})
	}
	_, err := s.exec(ctx, "override alias of cluster "+cluster,
		s.dialect.upsert("cluster_alias_override", "cluster_name", "alias"), cluster, alias)
	return err
}

// AliasOverrides returns cluster name → alias that somebody set by hand.
func (s *Store) AliasOverrides(ctx context.Context) (map[string]string, error) {
	return s.textMap(ctx, s.reader, "load alias overrides", "SELECT cluster_name, alias FROM cluster_alias_override")
}

// RenameCluster moves alias, manual alias and domain of a cluster to the name that it has after a failover.
func (s *Store) RenameCluster(ctx context.Context, from, to string) error {
	if s.agreed != nil {
		return decide(ctx, s, renameCluster{from, to})
	}
	if from == to {
		return nil
	}
	op := "rename cluster " + from + " to " + to
	return s.tx(ctx, op, func(tx *sql.Tx) error {
		for _, t := range []string{"cluster_alias", "cluster_alias_override", "cluster_domain_name", "cluster_recovery_disable"} {
			exists := false
			if err := s.each(ctx, tx, op, func([]value) { exists = true },
				"SELECT cluster_name FROM "+t+" WHERE cluster_name = ?", from); err != nil {
				return err
			}
			if !exists {
				continue // what the new name has stays
			}
			if _, err := s.execOn(ctx, tx, op, "DELETE FROM "+t+" WHERE cluster_name = ?", to); err != nil {
				return err
			}
			if _, err := s.execOn(ctx, tx, op, "UPDATE "+t+" SET cluster_name = ? WHERE cluster_name = ?", to, from); err != nil {
				return err
			}
		}
		return nil
	})
}

// SetDomain stores the domain name of a cluster's writable source.
func (s *Store) SetDomain(ctx context.Context, cluster, domain string) error {
	_, err := s.exec(ctx, "set domain of cluster "+cluster,
		s.dialect.upsert("cluster_domain_name", "cluster_name", "domain_name, last_registered"), cluster, domain, stamp(s.now()))
	return err
}

// Domains returns cluster name → domain.
func (s *Store) Domains(ctx context.Context) (map[string]string, error) {
	return s.textMap(ctx, s.reader, "load cluster domains", "SELECT cluster_name, domain_name FROM cluster_domain_name")
}

// ResolvedName is one entry of the host name cache.
type ResolvedName struct {
	Hostname, Resolved string
	At                 time.Time
}

// ResolvedNames returns the host name cache.
func (s *Store) ResolvedNames(ctx context.Context) ([]ResolvedName, error) {
	return collect(ctx, s, s.reader, "load resolved host names", func(r []value) ResolvedName {
		return ResolvedName{r[0].text(), r[1].text(), r[2].time()}
	}, "SELECT hostname, resolved_hostname, resolved_timestamp FROM hostname_resolve ORDER BY hostname")
}

// SaveResolvedNames stores entries of the host name cache; where the names differ, also in the history.
func (s *Store) SaveResolvedNames(ctx context.Context, names ...ResolvedName) error {
	if len(names) == 0 {
		return nil
	}
	return s.tx(ctx, "save resolved host names", func(tx *sql.Tx) error {
		for _, n := range names {
			at := n.At
			if at.IsZero() {
				at = s.now()
			}
			if _, err := s.execOn(ctx, tx, "save resolved host name "+n.Hostname, s.dialect.upsert("hostname_resolve",
				"hostname", "resolved_hostname, resolved_timestamp"), n.Hostname, n.Resolved, stamp(at)); err != nil {
				return err
			}
			if n.Hostname == n.Resolved {
				continue
			}
			if _, err := s.execOn(ctx, tx, "save resolved host name "+n.Hostname, s.dialect.upsert("hostname_resolve_history",
				"resolved_hostname", "hostname, resolved_timestamp"), n.Resolved, n.Hostname, stamp(at)); err != nil {
				return err
			}
		}
		return nil
	})
}

// ResolveHistory returns canonical name → the name by which it was last asked for.
func (s *Store) ResolveHistory(ctx context.Context) (map[string]string, error) {
	return s.textMap(ctx, s.reader, "load resolve history", "SELECT resolved_hostname, hostname FROM hostname_resolve_history")
}

// ResetResolvedNames empties the host name cache.
func (s *Store) ResetResolvedNames(ctx context.Context) error {
	_, err := s.exec(ctx, "reset resolved host names", "DELETE FROM hostname_resolve")
	return err
}

// deleteResolveLoops deletes, where a resolves to b and b to a, the older entry.
func (s *Store) deleteResolveLoops(ctx context.Context) (int64, error) {
	names, err := s.ResolvedNames(ctx)
	if err != nil {
		return 0, err
	}
	byName := make(map[string]ResolvedName, len(names))
	for _, n := range names {
		byName[n.Hostname] = n
	}
	var deleted int64
	for _, n := range names {
		back, ok := byName[n.Resolved]
		older := n.At.Before(back.At) || n.At.Equal(back.At) && n.Hostname < back.Hostname
		if n.Hostname == n.Resolved || !ok || back.Resolved != n.Hostname || !older {
			continue
		}
		d, err := s.exec(ctx, "delete resolve loop of "+n.Hostname,
			"DELETE FROM hostname_resolve WHERE hostname = ? AND resolved_hostname = ?", n.Hostname, n.Resolved)
		if err != nil {
			return deleted, err
		}
		deleted += d
	}
	return deleted, nil
}

// RegisterUnresolve stores the virtual name that replicas shall be pointed at instead of a host's own.
func (s *Store) RegisterUnresolve(ctx context.Context, hostname, virtual string, at time.Time) error {
	if s.agreed != nil {
		return decide(ctx, s, registerUnresolve{Hostname: hostname, Virtual: virtual, At: at})
	}
	op := "register unresolve of " + hostname
	return s.tx(ctx, op, func(tx *sql.Tx) error {
		if _, err := s.execOn(ctx, tx, op, s.dialect.upsert("hostname_unresolve", "hostname",
			"unresolved_hostname, last_registered"), hostname, virtual, stamp(at)); err != nil {
			return err
		}
		_, err := s.execOn(ctx, tx, op, s.dialect.upsert("hostname_unresolve_history", "unresolved_hostname",
			"hostname, last_registered"), virtual, hostname, stamp(at))
		return err
	})
}

// DeregisterUnresolve removes the virtual name of a host and says whether it had one.
func (s *Store) DeregisterUnresolve(ctx context.Context, hostname string) (bool, error) {
	if s.agreed != nil {
		return agree[bool](ctx, s, registerUnresolve{Hostname: hostname})
	}
	n, err := s.exec(ctx, "deregister unresolve of "+hostname, "DELETE FROM hostname_unresolve WHERE hostname = ?", hostname)
	return n > 0, err
}

// Unresolved returns host name → virtual name.
func (s *Store) Unresolved(ctx context.Context) (map[string]string, error) {
	return s.unresolved(ctx, s.reader)
}

func (s *Store) unresolved(ctx context.Context, q querier) (map[string]string, error) {
	return s.textMap(ctx, q, "load virtual host names", "SELECT hostname, unresolved_hostname FROM hostname_unresolve")
}

// UnresolveHistory returns virtual name → host name, of all that were ever registered.
func (s *Store) UnresolveHistory(ctx context.Context) (map[string]string, error) {
	return s.textMap(ctx, s.reader, "load history of virtual host names",
		"SELECT unresolved_hostname, hostname FROM hostname_unresolve_history")
}

// HostIPs are the addresses of a host; either may be empty.
type HostIPs struct{ Hostname, IPv4, IPv6 string }

// SaveHostIPs stores the addresses of a host.
func (s *Store) SaveHostIPs(ctx context.Context, h HostIPs) error {
	_, err := s.exec(ctx, "save addresses of "+h.Hostname,
		s.dialect.upsert("hostname_ips", "hostname", "ipv4, ipv6, last_updated"), h.Hostname, h.IPv4, h.IPv6, stamp(s.now()))
	return err
}

// Addresses returns the addresses of all hosts, by their names.
func (s *Store) Addresses(ctx context.Context) (map[string][]string, error) {
	all := make(map[string][]string)
	err := s.each(ctx, s.reader, "load addresses of hosts", func(r []value) {
		for _, address := range []string{r[1].text(), r[2].text()} {
			if address != "" {
				all[r[0].text()] = append(all[r[0].text()], address)
			}
		}
	}, "SELECT hostname, ipv4, ipv6 FROM hostname_ips")
	return all, err
}

// HostIPs returns the addresses of a host; ok is false when none are stored.
func (s *Store) HostIPs(ctx context.Context, hostname string) (h HostIPs, ok bool, err error) {
	err = s.each(ctx, s.reader, "load addresses of "+hostname, func(r []value) {
		h, ok = HostIPs{r[0].text(), r[1].text(), r[2].text()}, true
	}, "SELECT hostname, ipv4, ipv6 FROM hostname_ips WHERE hostname = ?", hostname)
	return h, ok, err
}
