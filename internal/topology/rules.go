package topology

import (
	"fmt"
	"strings"
	"time"
)

// Refusal says which rule forbids something, with the values that it looked at and what would make it possible.
type Refusal struct {
	Rule   string // short and stable, for records and tests
	Reason string
	Remedy string // "" when nothing sensible can be advised
}

// Error makes a Refusal an error.
func (r *Refusal) Error() string {
	if r.Remedy == "" {
		return r.Reason
	}
	return r.Reason + " (" + r.Remedy + ")"
}

// ReplicationRules are the settings that the question "can R replicate from S" depends on.
type ReplicationRules struct {
	VerifyFilters       bool          // VerifyReplicationFilters
	LowerVersionAllowed bool          // LowerReplicaVersionAllowed
	MaintenanceLag      time.Duration // ReasonableMaintenanceReplicationLagSeconds
}

// CanReplicate says whether replica r may replicate from source s, by the original's rules in the original's order
// (spec of topology operations, section 8) and by those that it leaves out: a different family of servers, and modes of GTID that do not go together. Whether both can be reached, a
// move would make a ring, or the source has purged what the replica lacks, is for Topology.CanMove and
// CanReplicateByGTID. It
// returns nil when it may.
func CanReplicate(r, s *Instance, rules ReplicationRules) *Refusal {
	relay := r.IsBinlogServer()
	switch {
	case r.Key == s.Key:
		return &Refusal{"same-server", fmt.Sprintf("%s cannot replicate from itself, %s", r.Key, s.Key), "name another server"}
	case !s.LogBin:
		return &Refusal{"no-binary-log", fmt.Sprintf("%s has no binary log (log_bin=OFF) from which %s could replicate", s.Key, r.Key), "set log_bin there"}
	case s.HasSource() && !s.LogReplicaUpdates:
		return &Refusal{"no-log-replica-updates", fmt.Sprintf("%s is a replica that does not log what it applies (log_replica_updates=OFF), so %s would not get it", s.Key, r.Key), "set log_replica_updates there"}
	case !relay && !rules.LowerVersionAllowed && CompareVersions(r.MajorVersion(), s.MajorVersion()) < 0:
		return &Refusal{"lower-version", fmt.Sprintf("%s has version %s, lower than %s of %s", r.Key, r.Version, s.Version, s.Key), "set LowerReplicaVersionAllowed to permit it"}
	case r.LogsUpdates() && BinlogFormatRank(r.BinlogFormat) < BinlogFormatRank(s.BinlogFormat):
		return &Refusal{"binlog-format", fmt.Sprintf("%s logs in format %s, which cannot take %s of %s", r.Key, r.BinlogFormat, s.BinlogFormat, s.Key), "use the same binlog_format"}
	case rules.VerifyFilters && s.Channel.HasFilters && !r.Channel.HasFilters:
		return &Refusal{"filters", fmt.Sprintf("%s has replication filters and %s has none", s.Key, r.Key), "unset VerifyReplicationFilters to permit it"}
	case !relay && r.ServerID != 0 && r.ServerID == s.ServerID:
		return &Refusal{"same-server-id", fmt.Sprintf("%s and %s have the same server_id %d", r.Key, s.Key, r.ServerID), "give one of them another server_id"}
	case !relay && r.ServerUUID != "" && strings.EqualFold(r.ServerUUID, s.ServerUUID):
		return &Refusal{"same-server-uuid", fmt.Sprintf("%s and %s have the same server_uuid %s", r.Key, s.Key, r.ServerUUID), "delete auto.cnf of one of them and restart it"}
	case r.Channel.SQLDelay < s.Channel.SQLDelay && s.Channel.SQLDelay > int64(rules.MaintenanceLag/time.Second):
		return &Refusal{"delayed-source", fmt.Sprintf("%s is delayed by %d s, more than %s by %d s", s.Key, s.Channel.SQLDelay, r.Key, r.Channel.SQLDelay), "set its delay to 0, or that of the replica to as much (delay-replication)"}
	case differentFamily(r, s):
		return &Refusal{"family", fmt.Sprintf("%s is %s and %s is %s: their GTIDs and logs differ", r.Key, r.Flavor, s.Key, s.Flavor), "let it use file and position first (disable-gtid)"}
	case gtidModesDiffer(r.GTIDMode, s.GTIDMode):
		return &Refusal{"gtid-mode", fmt.Sprintf("gtid_mode of %s is %s and that of %s is %s: its receiver would not start", r.Key, r.GTIDMode, s.Key, s.GTIDMode), "bring them together by way of ON_PERMISSIVE or OFF_PERMISSIVE"}
	}
	return nil
}

// gtidModesDiffer says whether a replica refuses its source because of what the source may send: with ON nothing
// without a GTID, with OFF nothing that has one. An unknown mode is no reason.
func gtidModesDiffer(r, s string) bool {
	return r == "ON" && strings.HasPrefix(s, "OFF") || r == "OFF" && strings.HasPrefix(s, "ON")
}

// differentFamily is true only where GTID is in use: by file and position a MariaDB replica of a MySQL source is a
// known way of migrating.
func differentFamily(r, s *Instance) bool {
	return r.UsesMariaDBGTID() && s.IsOracleMySQL() || r.UsesOracleGTID() && s.IsMariaDB()
}
