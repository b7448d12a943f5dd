package failover

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"orchestrator/internal/gtid"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

func refuse(rule, remedy, format string, args ...any) *topology.Refusal {
	return &topology.Refusal{Rule: rule, Reason: fmt.Sprintf(format, args...), Remedy: remedy}
}

// examine finds out who takes over from whom, and whether that can be done without harm. It touches nothing.
func (d *takeover) examine() *topology.Refusal {
	for _, check := range []func() *topology.Refusal{d.findPrimary, d.checkPrimary, d.findTarget, d.checkSiblings} {
		if refusal := check(); refusal != nil {
			return refusal
		}
	}
	d.name()
	d.foresee()
	return nil
}

// clusterOf returns the cluster that is asked about.
func clusterOf(t *topology.Topology, name string, member topology.Key) (*topology.Cluster, *topology.Refusal) {
	if i := t.Instance(member); i != nil {
		name = i.ClusterName
	} else if !member.IsZero() {
		return nil, refuse("unknown-server", "discover it first", "%s is not known", member)
	}
	if name == "" {
		if all := t.Clusters(); len(all) == 1 {
			return all[0], nil
		}
		return nil, refuse("which-cluster", "name a cluster, or a server of it", "which cluster is meant is not said")
	}
	c := t.Cluster(name)
	if c == nil {
		c = t.ClusterByAlias(name)
	}
	if c == nil {
		return nil, refuse("unknown-cluster", "discover a server of it first", "cluster %s is not known", name)
	}
	return c, nil
}

// findPrimary takes the only top of the cluster. A primary that was given must be it.
func (d *takeover) findPrimary() *topology.Refusal {
	c, refusal := clusterOf(d.topology, d.request.Cluster, d.request.Primary)
	if refusal != nil {
		return refusal
	}
	tops := c.Primaries()
	switch {
	case len(tops) == 0:
		return refuse("no-primary", "look whether it is unreachable; force-master-failover replaces a lost one", "cluster %s has no primary", c.Name)
	case len(tops) > 1:
		return refuse("several-primaries", "cascade-master-takeover-auto swaps a pair of co-primaries",
			"cluster %s has %d primaries (%s), so which of them is meant cannot be deduced", c.Name, len(tops), topology.JoinKeys(topology.Keys(tops)))
	case !d.request.Primary.IsZero() && tops[0].Key != d.request.Primary:
		return refuse("not-primary", "name "+tops[0].Key.String(), "%s is not the primary of its cluster, %s is", d.request.Primary, tops[0].Key)
	}
	d.primary = tops[0]
	return nil
}

func (d *takeover) checkPrimary() *topology.Refusal {
	p := d.primary
	s := &p.SemiSync
	switch {
	case !p.LastCheckValid():
		return refuse("primary-unreachable", "force-master-failover replaces a lost primary", "the last check of %s failed: %s", p.Key, cmp.Or(p.Check.Err, "no answer"))
	case d.locked(p):
		return refuse("maintenance", "end-maintenance there", "%s is under maintenance by %s: %s", p.Key, p.Maintenance.Owner, p.Maintenance.Reason)
	case p.ReadOnly && p.Downtime.LostInRecovery():
		return refuse("replaced", "move its replicas below its successor, or end its downtime first",
			"%s was replaced in a recovery and closed for writing: another server may be taking writes in its place", p.Key)
	case p.Group.IsMember():
		return refuse("group", "use group_replication_set_as_primary()", "%s is a member of a replication group, which elects its primary itself", p.Key)
	case len(d.topology.Replicas(p.Key)) == 0:
		return refuse("no-replicas", "set up a replica first", "%s has no replicas, so nobody can take over", p.Key)
	case s.SourceEnabled && s.SourceStatus && s.SourceClients < s.SourceWaitCount:
		return refuse("semi-sync-stalled", "bring semi-sync replicas back, or lower rpl_semi_sync_source_wait_for_replica_count",
			"writes on %s wait for %d acknowledgements and %d semi-sync replicas are connected", p.Key, s.SourceWaitCount, s.SourceClients)
	}
	return nil
}

func (d *takeover) locked(i *topology.Instance) bool {
	return i.Maintenance != nil && (d.settings.Owner == "" || i.Maintenance.Owner != d.settings.Owner)
}

// findTarget settles who takes over.
func (d *takeover) findTarget() *topology.Refusal {
	replicas := d.topology.Replicas(d.primary.Key)
	d.chooser = newChooser(d.primary, replicas, &d.policy)
	want := d.request.Designated
	switch {
	case !want.IsZero():
		if !slices.ContainsFunc(replicas, func(i *topology.Instance) bool { return i.Key == want }) {
			return refuse("not-a-direct-replica", "move it below "+d.primary.Key.String()+" first, or name one of "+topology.JoinKeys(topology.Keys(replicas)),
				"%s is not a direct replica of %s", want, d.primary.Key)
		}
	case len(replicas) == 1:
		want = replicas[0].Key
	case !d.request.Auto:
		return refuse("designate", "name one of "+topology.JoinKeys(topology.Keys(replicas))+", or use graceful-master-takeover-auto",
			"%s has %d replicas, and which of them shall take over is not said", d.primary.Key, len(replicas))
	}
	return d.elect(want)
}

// elect chooses among those that meet the preconditions. In the end all of them hold the same, so what they happen to
// have received at this moment does not count.
func (d *takeover) elect(want topology.Key) *topology.Refusal {
	var first *topology.Refusal
	for _, k := range d.chooser.candidates {
		refusal := d.unfit(k)
		if k.Key == want && refusal != nil {
			return refusal
		}
		if refusal != nil {
			first = cmp.Or(first, refusal)
			k.barred, k.soft = &plan.Verdict{Server: k.Key, Rule: refusal.Rule, Reason: refusal.Error()}, false
		}
	}
	d.equalize()
	best, rejected, warnings := d.chooser.choose(want)
	d.plan.Rejected, d.plan.Warnings = rejected, append(d.plan.Warnings, warnings...)
	if best == nil {
		remedy := ""
		if first != nil {
			remedy = first.Remedy
		}
		return refuse("nobody", remedy, "no replica of %s can take over: %s", d.primary.Key, join(rejected))
	}
	d.target = best.Instance
	return nil
}

// join prints verdicts as one sentence.
func join(vs []plan.Verdict) string {
	texts := make([]string, len(vs))
	for n, v := range vs {
		texts[n] = v.String()
	}
	return strings.Join(texts, "; ")
}

// equalize makes those that may take over look alike in what they have received.
func (d *takeover) equalize() {
	var like *history
	for _, k := range d.chooser.candidates {
		switch {
		case k.barred != nil && !k.soft:
		case like == nil:
			like = &k.history
		default:
			k.history = *like
		}
	}
}

// unfit says why a replica cannot take over, or nil.
func (d *takeover) unfit(k *candidate) *topology.Refusal {
	remedies := map[string]string{
		"unreachable":      "look why it does not answer",
		"must-not":         "register-candidate with another promotion rule",
		"ignored-hostname": "change PromotionIgnoreHostnameFilters",
		"data-center":      "unset PreventCrossDataCenterMasterFailover, or name a server in the same data center",
		"region":           "unset PreventCrossRegionMasterFailover, or name a server in the same region",
		"lag":              "wait until it has caught up",
		"applier-broken":   "repair its replication",
	}
	c := &k.Channel
	limit := int64(d.settings.MaintenanceLag / time.Second)
	switch {
	case k.barred != nil && !k.soft:
		return refuse(k.barred.Rule, remedies[k.barred.Rule], "%s cannot take over: %s", k.Key, k.barred.Reason)
	case d.locked(k.Instance):
		return refuse("maintenance", "end-maintenance there", "%s is under maintenance by %s: %s", k.Key, k.Maintenance.Owner, k.Maintenance.Reason)
	case !k.LogBin:
		return refuse("no-binary-log", "set log_bin there", "%s has no binary log, so nobody could replicate from it", k.Key)
	case !k.Replicating():
		return refuse("not-replicating", "start replication there", "replication on %s does not run (receiver: %s, applier: %s)", k.Key, threadError(c.IOThread, c.LastIOErrno, c.LastIOError), threadError(c.SQLThread, c.LastSQLErrno, c.LastSQLError))
	case c.SQLDelay > 0:
		return refuse("delayed", "set its delay to 0 first", "%s applies with a delay of %d s, for which nobody could write", k.Key, c.SQLDelay)
	case !k.Lag.Known:
		return refuse("lag", "look why its lag cannot be read", "the lag of %s is unknown", k.Key)
	case k.Lag.N > limit:
		return refuse("lag", "wait until it has caught up", "%s lags %d s, and ReasonableMaintenanceReplicationLagSeconds allows %d", k.Key, k.Lag.N, limit)
	case k.history.unapplied() > d.settings.MaxUnapplied:
		return refuse("unapplied", "wait until it has caught up", "%s has received %d transactions that it has not applied, and %d are allowed", k.Key, k.history.unapplied(), d.settings.MaxUnapplied)
	}
	return d.incompatible(k)
}

func threadError(state topology.ThreadState, errno int, text string) string {
	words := map[topology.ThreadState]string{topology.NoThread: "none", topology.ThreadStopped: "stopped", topology.ThreadRunning: "running", topology.ThreadOther: "connecting"}
	if errno == 0 {
		return words[state]
	}
	return fmt.Sprintf("%s, error %d: %s", words[state], errno, text)
}

// incompatible says whether the histories of the two servers would part.
func (d *takeover) incompatible(k *candidate) *topology.Refusal {
	if k.ErrantSet != "" && d.chooser.method == byMySQL {
		errant, err := gtid.Parse(k.ErrantSet)
		purged, perr := gtid.Parse(k.PurgedSet)
		switch {
		case err != nil || perr != nil:
			return refuse("unknown-history", "", "the errant transactions of %s cannot be read", k.Key)
		case !purged.Intersect(errant).IsEmpty():
			return refuse("errant-purged", "inject empty transactions for them on "+d.primary.Key.String()+" (gtid-errant-inject-empty)",
				"%s has errant transactions that it has purged (%s): nobody could replicate from it", k.Key, purged.Intersect(errant))
		case !d.settings.AllowErrant:
			return refuse("errant", "inject empty transactions for them (gtid-errant-inject-empty), or allow them",
				"%s has errant transactions (%s), which would spread to all the others", k.Key, errant)
		}
		d.warnAbout(k, "the errant transactions of %s (%s) will spread to the others", k.Key, errant)
	}
	if d.chooser.method == byMySQL && d.primary.PurgedSet != "" {
		purged, err := gtid.Parse(d.primary.PurgedSet)
		if missing := purged.Subtract(k.history.received); err == nil && !missing.IsEmpty() {
			return refuse("missing-purged", "rebuild it from a backup", "%s lacks %s, which %s has purged: it could never catch up", k.Key, missing, d.primary.Key)
		}
	}
	return nil
}

// warnAbout warns of a server if it is the one that was asked for; of others the reason why they were not chosen is
// enough.
func (d *takeover) warnAbout(k *candidate, format string, args ...any) {
	if k.Key == d.request.Designated || len(d.chooser.candidates) == 1 {
		d.warn(format, args...)
	}
}

// unapplied counts the transactions that were received and not applied; 0 where the method cannot tell.
func (h *history) unapplied() uint64 {
	switch h.method {
	case byMySQL:
		return h.received.Subtract(h.applied).Count()
	case byMariaDB:
		return h.mariaIn.Ahead(h.mariaOut)
	}
	return 0
}

// checkSiblings sorts the other replicas by when they can follow. Who cannot follow at all must be downtimed.
func (d *takeover) checkSiblings() *topology.Refusal {
	needed := d.ackersNeeded()
	for _, i := range d.topology.Replicas(d.primary.Key) {
		if i.Key == d.target.Key {
			continue
		}
		if v := d.cannotFollowTarget(i); v != nil {
			if !i.Downtime.ActiveAt(d.request.Now) {
				return refuse("cannot-follow", "repair it, move it elsewhere, or begin-downtime there to leave it behind", "%s cannot follow %s: %s", i.Key, d.target.Key, v.Reason)
			}
			d.plan.Lost = append(d.plan.Lost, *v)
			continue
		}
		acks := i.SemiSync.ReplicaEnabled && i.Replicating()
		switch {
		case d.movesEarly(i) && (!acks || needed == 0):
			d.early = append(d.early, i)
		case !i.Replicating():
			d.warn("%s does not replicate: it stays below %s", i.Key, d.primary.Key)
		case i.Channel.SQLDelay > 0:
			d.warn("%s applies with a delay of %d s and does not find its place by GTID: it stays below %s", i.Key, i.Channel.SQLDelay, d.primary.Key)
		default:
			d.late = append(d.late, i)
			if acks && needed > 0 {
				needed--
			}
		}
	}
	return nil
}

// ackersNeeded is how many semi-sync replicas beside the target the primary needs to go on writing.
func (d *takeover) ackersNeeded() uint {
	s := &d.primary.SemiSync
	needed := s.SourceWaitCount
	if !s.SourceEnabled || !s.SourceStatus || needed == 0 {
		return 0
	}
	if d.target.SemiSync.ReplicaEnabled {
		needed--
	}
	return needed
}

func (d *takeover) cannotFollowTarget(i *topology.Instance) *plan.Verdict {
	if !i.LastCheckValid() {
		return &plan.Verdict{Server: i.Key, Rule: "unreachable", Reason: "the last check failed: " + cmp.Or(i.Check.Err, "no answer")}
	}
	if refusal := topology.CanReplicate(i, asPrimary(d.target), d.policy.Replication); refusal != nil {
		return &plan.Verdict{Server: i.Key, Rule: refusal.Rule, Reason: refusal.Error()}
	}
	return nil
}

// movesEarly says whether a replica's place below the target is certain while the target is a replica itself.
func (d *takeover) movesEarly(i *topology.Instance) bool {
	return i.Channel.GTID != topology.FilePosition && i.Channel.GTID == d.target.Channel.GTID && !i.IsMultiSource() &&
		i.Replicating() && d.target.LogsUpdates() &&
		topology.CanReplicate(i, d.target, d.policy.Replication) == nil
}

// foresee warns of what will not be as good as it could.
func (d *takeover) foresee() {
	t := d.target
	if !d.keepsRing() && !t.CredentialsAvailable && !d.primary.HasCredentials {
		d.warn("the replication credentials of %s cannot be read: %s will name it as its source and cannot sign in (set ReplicationCredentialsQuery)", t.Key, d.primary.Key)
	}
	if t.Channel.HasFilters {
		d.warn("%s replicates with filters, so it may lack data that %s has", t.Key, d.primary.Key)
	}
	if d.primary.ReadOnly {
		d.warn("%s takes no writes already; should the takeover fail, it stays so", d.primary.Key)
	}
	if d.primary.SemiSync.SourceEnabled && !t.SemiSync.SourceEnabled && (t.SemiSyncPriority == 0 || !t.SemiSync.Available) {
		d.warn("%s waits for semi-sync acknowledgements and %s will not: its semi-sync priority is 0 (DetectSemiSyncEnforcedQuery), or it lacks the plugin", d.primary.Key, t.Key)
	}
	if wait := t.SemiSync.SourceWaitCount; t.SemiSyncPriority > 0 && t.SemiSync.Available && wait > 0 {
		var acks uint
		for _, i := range slices.Concat(d.early, d.late) {
			if i.SemiSync.ReplicaEnabled {
				acks++
			}
		}
		if acks < wait {
			d.warn("%s will wait for %d acknowledgements and %d semi-sync replicas follow it at once: writes may wait up to %d ms each until there are enough", t.Key, wait, acks, t.SemiSync.SourceTimeoutMillis)
		}
	}
}
