package failover

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"orchestrator/internal/topology"
)

// MayClone says why a former primary cannot be rebuilt by MySQL's clone plugin, as far as that can be told from what is
// known of it; nil when it may be.
func MayClone(returned *topology.Instance) *topology.Refusal {
	k := returned.Key
	switch {
	case !returned.IsOracleMySQL() || topology.CompareVersions(returned.Version, "8.0.17") < 0:
		return &topology.Refusal{Rule: "no-clone", Reason: fmt.Sprintf("%s is %s %s, and only MySQL 8.0.17 and newer can be cloned", k, returned.Flavor, returned.Version),
			Remedy: "rebuild it from a backup"}
	case returned.Group.IsMember():
		return &topology.Refusal{Rule: "group-member", Reason: fmt.Sprintf("%s is a member of a replication group, which rebuilds its members itself", k)}
	}
	return nil
}

// Donor chooses whose data replace those of a former primary: a replica of the new primary that works, so that the
// primary itself has no work with it. It prefers the data center of the one that is rebuilt.
func Donor(t *topology.Topology, returned, primary *topology.Instance, p Policy) (topology.Key, *topology.Refusal) {
	var fit []*topology.Instance
	var why []string
	for _, r := range t.Replicas(primary.Key) {
		if r.Key == returned.Key {
			continue
		}
		if reason := UnfitDonor(r, returned, p.ApplyPatience); reason != "" {
			why = append(why, r.Key.String()+": "+reason)
			continue
		}
		fit = append(fit, r)
	}
	if len(fit) == 0 {
		reason := fmt.Sprintf("%s has no replica to clone %s from", primary.Key, returned.Key)
		if len(why) > 0 {
			reason += " (" + strings.Join(why, "; ") + ")"
		}
		return topology.Key{}, &topology.Refusal{Rule: "no-donor", Reason: reason, Remedy: "rebuild it from a backup"}
	}
	return slices.MinFunc(fit, func(a, b *topology.Instance) int {
		return cmp.Or(cmp.Compare(distance(a, returned), distance(b, returned)), cmp.Compare(a.Lag.N, b.Lag.N), a.Key.Compare(b.Key))
	}).Key, nil
}

// distance is 0 within a data center and 1 across.
func distance(a, b *topology.Instance) int {
	if a.DataCenter != b.DataCenter {
		return 1
	}
	return 0
}

// UnfitDonor says why the data of a server cannot replace those of another one, as far as that can be told from what is
// known of both; "" when they can. A primary may be the donor, too. A lag of more than lagLimit is too great; 0: none is.
func UnfitDonor(d, of *topology.Instance, lagLimit time.Duration) string {
	replica := d.HasSource()
	switch {
	case !d.LastCheckValid():
		return "it cannot be reached"
	case replica && !d.Replicating():
		return "it does not replicate"
	case d.Maintenance != nil:
		return "it is under maintenance by " + d.Maintenance.Owner
	case d.Downtime != nil && !d.Downtime.LostInRecovery(): // one that was taken back a moment ago will do
		return "it is in downtime"
	case replica && !d.ReadOnly:
		return "it takes writes of its own"
	case d.ErrantSet != "":
		return "it has errant transactions itself"
	case d.IsMultiSource():
		return "it replicates from several sources"
	case replica && (!d.Lag.Known || lagLimit > 0 && time.Duration(d.Lag.N)*time.Second > lagLimit):
		return "its lag is unknown or too great"
	case d.Flavor != of.Flavor || !sameSeries(d.Version, of.Version):
		return fmt.Sprintf("a clone needs the same version: it has %s, and %s has %s", d.Version, of.Key, of.Version)
	}
	return ""
}

// sameSeries says whether the clone plugin lets one version take the data of another: within a series, and before 8.0.37
// in exactly the same version only.
func sameSeries(a, b string) bool {
	const lenient = "8.0.37"
	if topology.MajorVersion(a) != topology.MajorVersion(b) {
		return false
	}
	if topology.CompareVersions(a, lenient) >= 0 && topology.CompareVersions(b, lenient) >= 0 {
		return true
	}
	return topology.CompareVersions(a, b) == 0
}
