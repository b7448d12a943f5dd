package store

import (
	"context"
	"errors"
	"time"

	"orchestrator/internal/topology"
)

// Times that the original has built in.
const (
	coordinatesKept    = 4 * time.Minute
	injectedPseudoKept = time.Hour
	blockedKept        = 2 * time.Second
	minStaleKept       = time.Minute
)

// Limits say how long things are kept. A zero limit keeps them for ever.
type Limits struct {
	UnseenInstance time.Duration // UnseenInstanceForgetHours
	HostResolve    time.Duration // ExpiryHostnameResolvesMinutes
	Candidate      time.Duration // CandidateInstanceExpireMinutes
	Pool           time.Duration // InstancePoolExpiryMinutes
	AccessToken    time.Duration // AccessTokenExpiryMinutes
	Audit          time.Duration // AuditPurgeDays; also detections and recoveries
	UnseenAgent    time.Duration // UnseenAgentForgetHours
	StaleSeed      time.Duration // StaleSeedFailMinutes
	ReasonableLag  time.Duration // ReasonableReplicationLagSeconds
	LockedSemiSync time.Duration // ReasonableLockedSemiSyncMasterSeconds
	History        time.Duration // topology snapshots and histories that the original lets grow; 0 keeps them
}

// HousekeepReport says what a round of housekeeping removed.
type HousekeepReport struct {
	Forgotten []topology.Key   // servers that were not seen for too long
	Purged    map[string]int64 // table → rows, without those that lost none
}

// Housekeep removes what is older than the limits. Only the service calls it: a command that only reads must not
// remove old rows. A purge that fails does not keep the others from being done; all errors are returned together.
func (s *Store) Housekeep(ctx context.Context, l Limits) (HousekeepReport, error) {
	report := HousekeepReport{Purged: make(map[string]int64)}
	var errs []error
	note := func(table string, n int64, err error) {
		if n > 0 {
			report.Purged[table] += n
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	if l.UnseenInstance > 0 {
		forgotten, err := s.ForgetUnseen(ctx, l.UnseenInstance)
		report.Forgotten = forgotten
		note("database_instance", int64(len(forgotten)), err)
	}
	for _, p := range l.purges() {
		if p.age <= 0 {
			continue
		}
		n, err := s.purge(ctx, p.table, p.column, p.age)
		note(p.table, n, err)
	}
	if l.AccessToken > 0 {
		n, err := s.ExpireTokens(ctx, l.AccessToken)
		note("access_token", n, err)
	}
	if l.Audit > 0 {
		n, err := s.purgeRecoveries(ctx, l.Audit)
		note("topology_recovery", n, err)
	}
	if l.StaleSeed > 0 {
		n, err := s.FailStaleSeeds(ctx, l.StaleSeed)
		note("agent_seed", n, err)
	}
	if l.History > 0 {
		n, err := s.exec(ctx, "purge topology history",
			"DELETE FROM database_instance_topology_history WHERE snapshot_unix_timestamp < ?", s.now().Add(-l.History).Unix())
		note("database_instance_topology_history", n, err)
	}
	n, err := s.deleteResolveLoops(ctx)
	note("hostname_resolve", n, err)
	n, err = s.deleteOrphans(ctx)
	note("database_instance_extra", n, err)
	if ctx.Err() != nil {
		errs = []error{s.fail("housekeeping", ctx.Err())}
	}
	return report, errors.Join(errs...)
}

type purgeJob struct {
	table, column string
	age           time.Duration
}

func (l Limits) purges() []purgeJob {
	stale := time.Duration(0)
	if l.ReasonableLag > 0 || l.LockedSemiSync > 0 {
		// Longer than the state needs to be believed, or it never would be.
		stale = max(minStaleKept, 2*l.ReasonableLag, 2*l.LockedSemiSync)
	}
	return []purgeJob{
		{"candidate_database_instance", "last_suggested", l.Candidate},
		{"hostname_unresolve", "last_registered", l.HostResolve},
		{"hostname_resolve", "resolved_timestamp", 2 * l.HostResolve},
		{"cluster_domain_name", "last_registered", l.HostResolve},
		{"cluster_alias", "last_registered", l.UnseenInstance},
		{"master_position_equivalence", "last_suggested", l.UnseenInstance},
		{"database_instance_analysis_changelog", "analysis_timestamp", l.UnseenInstance},
		{"node_health_history", "first_seen_active", l.UnseenInstance},
		{"database_instance_pool", "registered_at", l.Pool},
		{"audit", "audit_timestamp", l.Audit},
		{"audit_author", "audit_timestamp", l.Audit},
		{"topology_failure_detection", "start_active_period", l.Audit},
		{"detection_hold", "noted_timestamp", l.Audit},
		{"topology_recovery_steps", "audit_at", l.Audit},
		{"blocked_topology_recovery", "last_blocked_timestamp", blockedKept},
		{"cluster_injected_pseudo_gtid", "time_injected", injectedPseudoKept},
		{"database_instance_coordinates_history", "recorded_timestamp", coordinatesKept},
		{"database_instance_stale_binlog_coordinates", "first_seen", stale},
		{"host_agent", "last_submitted", l.UnseenAgent},
		{"hostname_resolve_history", "resolved_timestamp", l.History},
		{"hostname_unresolve_history", "last_registered", l.History},
		{"hostname_ips", "last_updated", l.History},
		{"database_instance_last_analysis", "analysis_timestamp", l.History},
	}
}

// purge deletes the rows of a table whose time is older than age. Rows without a time stay.
func (s *Store) purge(ctx context.Context, table, timeColumn string, age time.Duration) (int64, error) {
	return s.exec(ctx, "purge "+table, "DELETE FROM "+table+" WHERE "+s.dialect.moment(timeColumn)+" < ?",
		stamp(s.now().Add(-age)))
}

// purgeRecoveries deletes old recoveries and their journals; one that somebody still has to finish stays.
func (s *Store) purgeRecoveries(ctx context.Context, age time.Duration) (int64, error) {
	before := stamp(s.now().Add(-age))
	n, err := s.exec(ctx, "purge topology_recovery", "DELETE FROM topology_recovery WHERE "+
		s.dialect.moment("start_active_period")+" < ? AND uid NOT IN (SELECT recovery_uid FROM recovery_journal WHERE is_open = 1)", before)
	if err != nil {
		return n, err
	}
	if _, err := s.exec(ctx, "purge recovery_loss", "DELETE FROM recovery_loss WHERE recovery_uid NOT IN (SELECT uid FROM topology_recovery)"); err != nil {
		return n, err
	}
	_, err = s.exec(ctx, "purge recovery_journal", "DELETE FROM recovery_journal WHERE is_open = 0 AND "+
		s.dialect.moment("last_updated")+" < ?", before)
	return n, err
}

// deleteOrphans deletes details of servers that are not there any more, whoever deleted them.
func (s *Store) deleteOrphans(ctx context.Context) (int64, error) {
	return s.exec(ctx, "purge database_instance_extra", `DELETE FROM database_instance_extra WHERE NOT EXISTS
		(SELECT 1 FROM database_instance i
		WHERE i.hostname = database_instance_extra.hostname AND i.port = database_instance_extra.port)`)
}
