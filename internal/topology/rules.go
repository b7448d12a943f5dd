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
// (spec of topology operations, section 8) and by those that it leaves out: a different family of servers. It
// returns nil when it may.
func CanReplicate(r, s *Instance, rules ReplicationRules) *Refusal {
	relay := r.IsBinlogServer()
	switch {
	case r.Key == s.Key:
		return &Refusal{Rule: "same-server", Reason: fmt.Sprintf("%s cannot replicate from itself", r.Key)}
	case !s.LogBin:
		return &Refusal{"no-binary-log", fmt.Sprintf("%s has no binary log", s.Key), "set log_bin there"}
	case s.HasSource() && !s.LogReplicaUpdates:
		return &Refusal{"no-log-replica-updates", fmt.Sprintf("%s is a replica that does not log what it applies", s.Key), "set log_replica_updates there"}
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
		return &Refusal{"delayed-source", fmt.Sprintf("%s is delayed by %d s, more than %s by %d s", s.Key, s.Channel.SQLDelay, r.Key, r.Channel.SQLDelay), ""}
	case differentFamily(r, s):
		return &Refusal{"family", fmt.Sprintf("%s is %s and %s is %s: their GTIDs and logs differ", r.Key, r.Flavor, s.Key, s.Flavor), ""}
	}
	return nil
}

// differentFamily is true only where GTID is in use: by file and position a MariaDB replica of a MySQL source is a
// known way of migrating.
func differentFamily(r, s *Instance) bool {
	return r.UsesMariaDBGTID() && s.IsOracleMySQL() || r.UsesOracleGTID() && s.IsMariaDB()
}
