package refactor

import "slices"

// Rule is a reason why an operation is refused.
type Rule struct{ Name, When string }

// Rules is the rule book: every rule by which an operation on working servers is refused.
func Rules() []Rule {
	return []Rule{
		{"unknown-server", "one of the servers is not known"},
		{"unknown", "the server is not known"},
		{"unreachable", "the last check of one of the servers failed"},
		{"unknown-source", "the source of the server is not known"},
		{"unknown-channel", "the server has no channel of that name"},
		{"unknown-command", "there is no such command"},
		{"unknown-operation", "there is no such operation"},
		{"no-destination", "where the replica shall go was not said"},
		{"not-a-replica", "the server replicates from nobody"},
		{"same-server", "a server cannot replicate from itself"},
		{"loop", "the new source replicates, on whatever channel and through whomever, from the replica"},
		{"other-channel", "the replica has that source already, on another channel"},
		{"multi-source", "the server has several channels, and which one is meant, or where it stands, cannot be told"},
		{"group", "the server is a member of a replication group, which has its own primary"},
		{"group-secondary", "secondaries of replication groups are not moved"},
		{"own-group", "the primary of a group cannot go below a member of it"},
		{"no-binary-log", "the source, or the server, writes no binary log"},
		{"no-log-replica-updates", "the source is a replica that does not log what it applies"},
		{"lower-version", "the replica has a lower major version than the source (LowerReplicaVersionAllowed)"},
		{"binlog-format", "the replica logs in a narrower format than the source"},
		{"filters", "the source has replication filters and the replica has none (VerifyReplicationFilters)"},
		{"same-server-id", "both have the same server_id"},
		{"same-server-uuid", "both have the same server_uuid"},
		{"delayed-source", "the source is delayed by more than the replica and ReasonableMaintenanceReplicationLagSeconds"},
		{"family", "one is MySQL and one MariaDB, and GTID is in use: they do not understand each other's"},
		{"gtid-mode", "gtid_mode is ON here and OFF there, so that the receiver would not start"},
		{"no-gtid", "GTID is not in use where it is needed, or is in use on one side alone"},
		{"purged", "the source has purged transactions that the replica lacks"},
		{"unknown-history", "a GTID set cannot be read"},
		{"ahead", "the replica holds what the new source lacks, and nobody would send it"},
		{"behind", "the replica has received less than the new source, and its place there cannot be told by position"},
		{"not-replicating", "a server that others wait for does not replicate"},
		{"delayed", "a server that others would wait for applies with a delay"},
		{"lag", "a server that others wait for lags by more than ReasonableMaintenanceReplicationLagSeconds, or nobody knows by how much"},
		{"other-log", "by file and position: the position means something else in the log of the new source"},
		{"no-pseudo-gtid", "PseudoGTIDPattern is empty: there is no common entry to match by"},
		{"no-equivalent", "no place in the log of the new source is known to be the same"},
		{"binlog-server", "a binlog server writes no log of its own that could be compared"},
		{"maintenance", "somebody else has the new source under maintenance"},
		{"too-complex", "no method fits: by file and position only siblings and sources can be told apart"},
		{"not-siblings", "the two do not replicate from the same source"},
		{"top", "the source of the server is at the top: there is nothing above it"},
		{"co-primary", "the two replicate from each other, or are part of a ring"},
		{"has-source", "the server that shall become a replica is one already, or no primary"},
		{"writable", "both would take writes, or who has to stand still takes writes"},
		{"source-alive", "the primary answers, or a replica is connected to it"},
		{"no-replicas", "the server has no replicas"},
		{"no-candidate", "none of the replicas can be placed above the others"},
		{"unapplied", "the replica has received what it does not apply"},
		{"would-drop", "what was received and not applied would be dropped, and its source does not answer"},
		{"detached", "the replica is detached, or the server that shall become one"},
		{"not-detached", "the replica is not detached"},
		{"replicating", "its threads run"},
		{"not-applying", "its applier does not run"},
		{"applier-runs", "its applier runs"},
		{"applier-stopped", "its applier stopped with an error"},
		{"no-error", "its applier was stopped, not by an error"},
		{"mariadb-gtid", "nothing can be skipped with MariaDB's GTID"},
		{"negative-delay", "a delay is 0 or more"},
		{"uses-gtid", "it uses GTID already"},
		{"gtid-unsupported", "a server does not use GTID, or not of the same kind"},
		{"gtid-unreadable", "a GTID set cannot be read"},
		{"gtid-purged", "the source has purged transactions that the replica lacks"},
		{"source-unreachable", "the source does not answer, and cannot be looked at"},
		{JustBegun, "its threads do not run yet; it is tried again for a few seconds"},
		{"no-position", "no position is known or was given"},
		{"no-connection", "no connection was given"},
		{"no-file", "no binary log was given"},
		{"foreign-file", "that is no name of a binary log of the server"},
		{"file-ahead", "the server has not come to that binary log yet"},
		{"file-behind", "the server is past that binary log"},
		{"file-too-far", "more than 1000 binary logs would have to be begun"},
		{"replica-behind", "a replica still needs an older binary log"},
		{"replica-unknown", "how far a replica has come is not known"},
		{"no-errant", "there are no errant transactions"},
		{"too-many", "more than 1000 empty transactions would have to be committed"},
		{"has-replicas", "the server has replicas, which would break"},
		{"no-primary", "no primary of the cluster takes writes"},
		{"no-clone", "the server, or the donor, cannot be cloned: it is no MySQL 8.0.17 or newer, or the clone plugin is not active"},
		{"group-member", "a replication group rebuilds its members itself"},
		{"cloning", "a clone into the server runs already"},
		{"privilege", "the managing user lacks a privilege there"},
		{"no-donor", "no server is fit to be the donor, or the one that was named is not"},
		{"other-cluster", "the donor belongs to another cluster"},
		{"no-blow", "a game day knows no such blow"},
		{"unmarked", "not every server of the cluster carries the tag of game days"},
	}
}

// RulesOf are the names of the rules by which a command may be refused, nil when there are none.
func RulesOf(command string) []string {
	moving := []string{
		"unknown-server", "unreachable", "not-a-replica", "same-server", "loop", "other-channel", "group-secondary", "own-group", "no-binary-log",
		"no-log-replica-updates", "lower-version", "binlog-format", "filters", "same-server-id", "same-server-uuid", "delayed-source", "family", "gtid-mode",
	}
	byGTID := []string{"no-gtid", "purged", "unknown-history", "ahead", "not-replicating"}
	byPosition := []string{"too-complex", "multi-source", "delayed", "writable", "lag"}
	all := func(lists ...[]string) []string { return slices.Concat(lists...) }
	one := []string{"unknown-channel"}
	switch RelocationCommand(command) {
	case Relocate:
		return all(moving, one, byGTID, byPosition, []string{"no-destination"})
	case RelocateReplicas:
		return all(moving, byGTID, byPosition, []string{"no-destination"})
	case MoveUp:
		return all(moving, one, byGTID, byPosition, []string{"top", "unknown-source"})
	case MoveUpReplicas:
		return all(moving, byGTID, byPosition, []string{"top", "unknown-source"})
	case MoveBelow:
		return all(moving, one, byGTID, byPosition, []string{"no-destination", "not-siblings"})
	case MoveGTID:
		return all(moving, one, byGTID, []string{"no-destination"})
	case MoveReplicasGTID:
		return all(moving, byGTID, []string{"no-destination"})
	case Repoint:
		return all(moving, one, byGTID, []string{"other-log", "unknown-source"})
	case RepointReplicas:
		return all(moving, byGTID, []string{"other-log"})
	case TakeSiblings:
		return all(moving, byGTID, byPosition, []string{"unknown-source"})
	case TakeSource, MakeLocalPrimary:
		return all(moving, byGTID, byPosition, []string{"top", "unknown-source", "co-primary"})
	case MakeCoPrimary:
		return all(moving, []string{"group", "co-primary", "detached", "has-source", "writable", "not-replicating", "multi-source", "lag"})
	case MakePrimary:
		return all(moving, []string{"source-alive", "has-source", "group", "multi-source", "not-replicating", "unapplied", "delayed", "ahead", "behind"})
	case RegroupReplicas, RegroupReplicasGTID:
		return all(moving, byGTID, []string{"no-candidate"})
	case RegroupBinlogServers:
		return all(moving, []string{"ahead", "too-complex", "no-candidate"})
	case "get-candidate-replica":
		return []string{"unknown-server", "no-replicas", "no-candidate"}
	case MoveEquivalent:
		return all(moving, one, []string{"no-destination", "uses-gtid", "no-equivalent"})
	}
	if rules := rulesOfMatching(RelocationCommand(command), all(moving, []string{"no-pseudo-gtid", "uses-gtid", "binlog-server", "maintenance"})); rules != nil {
		return rules
	}
	replica := []string{"unknown", "unreachable", "not-a-replica", "group-secondary", "multi-source", "unknown-channel"}
	server := []string{"unknown", "unreachable"}
	switch Operation(command) {
	case StopReplica:
		return all(replica, []string{"would-drop"})
	case StopReplicaNice:
		return all(replica, []string{"applier-stopped", "would-drop"})
	case StartReplica, RestartReplica:
		return all(replica, []string{"detached", "would-drop"})
	case ResetReplica:
		return all(replica, []string{"would-drop"})
	case DetachReplica:
		return all(replica, []string{"detached", "unapplied"})
	case ReattachReplica:
		return all(replica, []string{"not-detached", "loop", "would-drop"})
	case DelayReplication:
		return all(replica, []string{"negative-delay", "would-drop"})
	case EnableGTID:
		return all(replica, []string{"uses-gtid", "source-unreachable", "gtid-unsupported", "gtid-unreadable", "gtid-purged", "would-drop"})
	case DisableGTID:
		return all(replica, []string{"no-gtid", "detached", JustBegun, "no-position", "would-drop"})
	case SkipQuery:
		return all(replica, []string{"applier-runs", "no-error", "mariadb-gtid"})
	case SourcePosWait:
		return all(replica, []string{"no-position", "not-applying"})
	case ChangeCredentials:
		return all(replica, []string{"replicating", "would-drop"})
	case EnableSemiSyncReplica, DisableSemiSyncReplica:
		return all(replica, []string{"would-drop"})
	case FlushBinaryLogs:
		return all(server, []string{"no-binary-log", "foreign-file", "file-behind", "file-too-far"})
	case PurgeBinaryLogs:
		return all(server, []string{"no-binary-log", "no-file", "foreign-file", "file-ahead", "replica-behind", "replica-unknown"})
	case KillQuery:
		return all(server, []string{"no-connection"})
	case ErrantReset:
		return all(replica, []string{"gtid-unsupported", "gtid-unreadable", "no-errant", "has-replicas", "would-drop"})
	case ErrantInject:
		return all(server, []string{"gtid-unsupported", "gtid-unreadable", "no-errant", "no-primary", "too-many"})
	case RebuildReplica:
		return all(server, []string{
			"no-clone", "group-member", "multi-source", "has-replicas", "co-primary", "not-a-replica", "no-gtid", "cloning", "privilege",
			"same-server", "other-cluster", "no-donor", "source-unreachable", "purged", "unknown-history", "no-binary-log", "no-log-replica-updates",
			"binlog-format", "same-server-id", "same-server-uuid", "delayed-source", "gtid-mode",
		})
	case GameDay:
		return all(server, []string{"unmarked", "no-blow"})
	case SetReadOnly, SetWritable, EnableSemiSyncSource, DisableSemiSyncSource:
		return server
	}
	return nil
}

// rulesOfMatching are those of the commands that place replicas by pseudo-GTID; nil for others.
func rulesOfMatching(command RelocationCommand, matching []string) []string {
	switch command {
	case Match:
		return append(matching, "unknown-channel", "no-destination")
	case MatchUp:
		return append(matching, "unknown-channel", "top", "unknown-source")
	case Rematch:
		return append(matching, "unknown-channel", "unknown-source")
	case MatchReplicas:
		return append(matching, "no-destination", "ahead")
	case MatchUpReplicas:
		return append(matching, "top", "unknown-source", "ahead")
	case RegroupReplicasPseudo:
		return append(matching, "no-candidate")
	}
	return nil
}
