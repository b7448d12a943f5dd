package refactor

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"orchestrator/internal/failover"
	"orchestrator/internal/topology"
)

// CloneAbility is what a server says of the part that it could have in a clone.
type CloneAbility struct {
	Why       string // why it can have none; "" when it can
	Platform  string // operating system and machine, which have to be the same on both sides
	Admin     bool   // the managing user may have its data replaced
	Backup    bool   // the managing user may have its data sent
	Bytes     int64  // of the files that would be sent
	Elsewhere int64  // tables that are not kept in InnoDB, and would arrive empty
	Cloning   string // the donor of the clone into it that runs at this moment; "" when none does
}

// Donor is a server, and why the data of another one cannot be replaced by its own.
type Donor struct {
	*topology.Instance
	Unfit string // "" when they can, as far as is known
}

// Donors are the servers of its cluster by whose data those of a server may be replaced, the best first: a replica before
// the primary, which has enough to do; one in the same data center; the one that lags least. Those that are not fit come
// after them.
func Donors(t *topology.Topology, i *topology.Instance, able map[topology.Key]CloneAbility, lagLimit time.Duration) []Donor {
	var list []Donor
	for _, d := range t.Instances() {
		if d.Key != i.Key && d.ClusterName == clusterOf(t, i) {
			list = append(list, Donor{d, unfit(t, d, i, able, lagLimit)})
		}
	}
	slices.SortStableFunc(list, func(a, b Donor) int {
		return cmp.Or(topology.TrueFirst(a.Unfit == "", b.Unfit == ""), topology.TrueFirst(a.HasSource(), b.HasSource()), topology.TrueFirst(a.DataCenter == i.DataCenter, b.DataCenter == i.DataCenter),
			cmp.Compare(a.Lag.N, b.Lag.N), a.Key.Compare(b.Key))
	})
	return list
}

// clusterOf is the cluster that a server belongs to, also while it is detached: then it counts as one of its own.
func clusterOf(t *topology.Topology, i *topology.Instance) string {
	if i.Channel.Source.IsDetached() {
		if source := t.Instance(i.Channel.Source.Reattached()); source != nil {
			return source.ClusterName
		}
	}
	return i.ClusterName
}

// unfit says why a server cannot be the donor; "" when it can.
func unfit(t *topology.Topology, d, i *topology.Instance, able map[topology.Key]CloneAbility, lagLimit time.Duration) string {
	if reason := failover.UnfitDonor(d, i, lagLimit); reason != "" {
		return reason
	}
	if d.HasSource() {
		switch errant, err := Errant(t, d); {
		case err != nil:
			return fmt.Sprintf("whether it has errant transactions cannot be told: %v", err)
		case !errant.IsEmpty():
			return "it has errant transactions itself"
		}
	}
	if d.GTIDMode != "ON" {
		return fmt.Sprintf("its gtid_mode is %q", d.GTIDMode)
	}
	says, asked := able[d.Key]
	own, both := able[i.Key]
	switch {
	case !asked:
		return ""
	case says.Why != "":
		return says.Why
	case !says.Backup:
		return "the managing user may not have its data sent there (BACKUP_ADMIN)"
	case says.Elsewhere > 0:
		return fmt.Sprintf("%d of its tables are not kept in InnoDB, and would arrive empty", says.Elsewhere)
	case both && own.Platform != "" && own.Platform != says.Platform:
		return fmt.Sprintf("it runs on %s, and %s on %s", says.Platform, i.Key, own.Platform)
	}
	return ""
}

// Rebuildable says why the data of a server cannot be replaced by those of another one, whoever that is; nil when they can,
// as far as is known.
func Rebuildable(t *topology.Topology, i *topology.Instance, able map[topology.Key]CloneAbility) *topology.Refusal {
	if refusal := failover.MayClone(i); refusal != nil {
		refusal.Remedy = "rebuild it from a backup: an agent's seed, or xtrabackup"
		if i.IsMariaDB() {
			refusal.Remedy = "rebuild it from a backup: an agent's seed, or mariadb-backup"
		}
		if i.Group.IsMember() {
			return no("group-member", "let it leave the group and join it again", "%s is a member of a replication group, which rebuilds its members itself", i.Key)
		}
		return refusal
	}
	below := topology.Keys(followers(t, i.Key))
	for _, k := range i.Reported {
		if !slices.Contains(below, k) {
			below = append(below, k)
		}
	}
	detached := i.Channel.Source.IsDetached()
	says, asked := able[i.Key]
	switch {
	case i.IsMultiSource():
		return no("multi-source", "", "%s replicates from several sources, and a clone brings what was written on one", i.Key)
	case len(below) > 0:
		return no("has-replicas", "move them away first", "%s has replicas, which would break: %s", i.Key, topology.JoinKeys(below))
	case i.IsCoPrimary:
		return no("co-primary", "", "%s and another primary replicate from each other", i.Key)
	case !i.HasSource() && !i.ReadOnly:
		return no("not-a-replica", "name a replica", "%s replicates from nobody, and takes writes", i.Key)
	case i.GTIDMode != "ON" || !detached && i.HasSource() && !i.UsesOracleGTID():
		return no("no-gtid", "enable-gtid first", "%s does not find its place by GTID", i.Key)
	case asked && says.Cloning != "":
		return no("cloning", "wait for its end", "%s is being cloned from %s at this moment", i.Key, says.Cloning)
	case asked && says.Why != "":
		return no("no-clone", "INSTALL PLUGIN clone SONAME 'mysql_clone.so' there, and on the donor", "%s: %s", i.Key, says.Why)
	case asked && !says.Admin:
		return no("privilege", "GRANT CLONE_ADMIN ON *.* to it there", "the managing user may not have the data of %s replaced", i.Key)
	}
	return nil
}
