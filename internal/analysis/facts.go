package analysis

import (
	"slices"
	"strings"
	"time"

	"orchestrator/internal/topology"
)

// replicasOf returns the servers that replicate from i: under its own name, by its UUID (both of which the topology
// has joined already), and under the name that i's host name resolves to.
func (a *analyzer) replicasOf(i *topology.Instance) []*topology.Instance {
	replicas := a.topology.Replicas(i.Key)
	other, ok := a.topology.Names().Resolved[i.Key.Hostname]
	if !ok || other == i.Key.Hostname {
		return replicas
	}
	more := a.topology.Replicas(topology.Key{Hostname: other, Port: i.Key.Port})
	if len(more) == 0 {
		return replicas
	}
	both := slices.Concat(replicas, more)
	both = slices.DeleteFunc(both, func(r *topology.Instance) bool { return r.Key == i.Key })
	slices.SortFunc(both, func(x, y *topology.Instance) int { return x.Key.Compare(y.Key) })
	return both
}

// describeServer copies what the finding says of the server itself.
func (s *subject) describeServer(i *topology.Instance) {
	s.Key, s.SourceKey, s.ServerUUID = i.Key, i.SourceKey(), i.ServerUUID
	s.ClusterName = i.ClusterName
	s.DataCenter, s.Region, s.PhysicalEnvironment = i.DataCenter, i.Region, i.PhysicalEnvironment
	s.Coordinates = i.SelfCoordinates
	s.ReplicationDepth = uint(max(i.Depth, 0))

	s.IsPrimary = topology.IsPrimary(i)
	s.IsCoPrimary = i.IsCoPrimary
	s.IsGroupMember = i.Group.IsMember()
	s.IsBinlogServer = i.IsBinlogServer()
	s.IsReadOnly = i.ReadOnly
	s.IsFailingToConnect = failsToConnect(&i.Channel)
	s.PseudoGTIDTopology = i.UsingPseudoGTID
	s.GTIDMode = i.GTIDMode

	s.SemiSyncEnabled, s.SemiSyncStatus = i.SemiSync.SourceEnabled, i.SemiSync.SourceStatus
	s.SemiSyncWaitCount, s.SemiSyncClients = i.SemiSync.SourceWaitCount, i.SemiSync.SourceClients
	s.StaleSince = i.StaleSince

	s.LastSeen, s.LastError, s.PartialSuccess = i.Check.Seen, i.Check.Err, i.Check.PartialSuccess
}

// judgeCheck decides whether what was last observed of the server still holds.
func (a *analyzer) judgeCheck(s *subject) {
	c := &s.instance.Check
	window := a.policy.window()
	s.LastCheckValid, s.LastCheckTooOld = a.valid(s.instance)

	newest := c.Checked
	if c.Attempted.After(newest) {
		newest = c.Attempted
	}
	if a.policy.Live {
		newest = a.now
	}
	s.silence = newest.Sub(c.Seen) // the longest possible time when the server was never seen

	tooNew := c.Checked.After(c.Seen.Add(window)) || c.Attempted.After(c.Seen.Add(window))
	s.statusFresh = s.LastCheckValid || !s.LastCheckTooOld && !c.Seen.IsZero() && !tooNew
	s.stale = !s.StaleSince.IsZero() && s.StaleSince.Before(a.now.Add(-a.policy.ReasonableLockedSemiSync))
}

// valid says whether the last check of a server is valid by the strict definition, and if not, whether that is only
// because it is too old.
func (a *analyzer) valid(i *topology.Instance) (valid, tooOld bool) {
	if !i.ValidForAnalysis(a.policy.window()) {
		return false, false
	}
	tooOld = a.policy.Live && a.now.Sub(i.Check.Seen) > a.policy.maxAge()
	return !tooOld, tooOld
}

// countReplicas fills in everything that is counted over the replicas.
func (a *analyzer) countReplicas(s *subject) {
	var oracle, mariadb, binlogServers uint
	versions := &a.versions
	versions.reset()
	s.CountReplicas = uint(len(s.replicas))
	for n, r := range s.replicas {
		s.IsCoPrimary = s.IsCoPrimary || r.IsCoPrimary
		a.countState(s, r)
		if r.LastCheckValid() {
			oracle += one(r.UsesOracleGTID())
			mariadb += one(r.UsesMariaDBGTID())
			binlogServers += one(r.IsBinlogServer())
		}
		if r.LogsUpdates() {
			s.CountLogging++
			s.CountStatement += one(strings.EqualFold(r.BinlogFormat, "STATEMENT"))
			s.CountMixed += one(strings.EqualFold(r.BinlogFormat, "MIXED"))
			s.CountRow += one(strings.EqualFold(r.BinlogFormat, "ROW"))
			versions.add(r)
		}
		if n == 0 || r.GTIDMode < s.MinReplicaGTIDMode {
			s.MinReplicaGTIDMode = r.GTIDMode
		}
		s.MaxReplicaGTIDMode = max(s.MaxReplicaGTIDMode, r.GTIDMode)
	}
	s.CountMajorVersions = uint(len(versions.distinct))
	if s.CountValid > 0 {
		s.OracleGTIDTopology = oracle == s.CountValid
		s.MariaDBGTIDTopology = mariadb == s.CountValid
		s.BinlogServerTopology = binlogServers == s.CountValid
	}
}

// countState counts the state of one replica's replication.
func (a *analyzer) countState(s *subject, r *topology.Instance) {
	if r.IsDowntimed(a.now) {
		s.CountDowntimed++
	} else {
		s.MaxReplicaErrant = max(s.MaxReplicaErrant, r.OpenErrant())
	}
	lagging, byDesign := a.lags(r)
	s.CountDelayed += one(r.Channel.SQLDelay > 0)
	s.CountLagging += one(lagging)
	s.CountLaggingDelayed += one(byDesign)
	s.CountSemiSyncReplicas += one(r.SemiSync.ReplicaEnabled)
	if !r.LastCheckValid() {
		return
	}
	s.CountValid++
	s.CountReplicating += one(r.Replicating())
	s.CountFailing += one(failsToConnect(&r.Channel))
	if r.Channel.IOThread.Running() {
		s.CountReceiving++
		s.proven += one(r.Lag.Known && (!lagging || byDesign))
	}
}

// lags says whether a replica lags, and whether it would not without its configured delay.
func (a *analyzer) lags(r *topology.Instance) (lagging, byDesign bool) {
	limit := int64(a.policy.ReasonableLag / time.Second)
	lagging = r.Lag.Known && r.Lag.N > limit
	return lagging, lagging && r.Channel.SQLDelay > 0 && r.Lag.N-r.Channel.SQLDelay <= limit
}

// judgeDowntime decides whether the finding is expected by somebody.
func (s *subject) judgeDowntime(now time.Time) {
	if d := s.instance.Downtime; d.ActiveAt(now) {
		s.IsDowntimed = true
		s.DowntimeEnd, s.DowntimeRemaining = d.End, d.End.Sub(now)
	}
	s.ReplicasDowntimed = s.CountDowntimed == s.CountReplicas && aboutReplicas(s.Code)
	s.SkippableDueToDowntime = s.IsDowntimed || s.ReplicasDowntimed
}

// aboutReplicas says whether the code speaks of the replicas, so that a downtime of all of them covers it.
func aboutReplicas(c Code) bool {
	switch c {
	case AllPrimaryReplicasNotReplicating, AllPrimaryReplicasStoppedOrDead, PrimarySingleReplicaDead,
		AllCoPrimaryReplicasNotReplicating, DeadIntermediateSingleReplica, DeadIntermediateSingleReplicaFailing,
		DeadIntermediateAndReplicas, DeadIntermediateAndSomeReplicas, AllIntermediateReplicasFailingOrDead,
		AllIntermediateReplicasStopped:
		return true
	}
	return false
}

// versionSet collects distinct major versions. Most replicas have the very version of the one before, which costs
// one comparison.
type versionSet struct {
	last     string
	distinct []string
}

func (v *versionSet) reset() { v.last, v.distinct = "", v.distinct[:0] }

func (v *versionSet) add(i *topology.Instance) {
	if i.StatedMajor == "" && i.Version == v.last && len(v.distinct) > 0 {
		return
	}
	if i.StatedMajor == "" {
		v.last = i.Version
	}
	if major := i.MajorVersion(); !slices.Contains(v.distinct, major) {
		v.distinct = append(v.distinct, major)
	}
}

func one(is bool) uint {
	if is {
		return 1
	}
	return 0
}
