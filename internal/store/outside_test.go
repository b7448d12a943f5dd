package store

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"orchestrator/internal/topology"
)

// outsideColumns are the 64 columns that outside tools name when they insert a server.
const outsideColumns = `hostname, port, last_checked, last_attempted_check, last_seen, uptime, server_id, server_uuid, version,
	binlog_server, read_only, binlog_format, log_bin, log_slave_updates, binary_log_file, binary_log_pos, master_host,
	master_port, slave_sql_running, slave_io_running, has_replication_filters, oracle_gtid, master_uuid, ancestry_uuid,
	executed_gtid_set, gtid_purged, gtid_errant, supports_oracle_gtid, mariadb_gtid, pseudo_gtid, master_log_file,
	read_master_log_pos, relay_master_log_file, exec_master_log_pos, relay_log_file, relay_log_pos, last_sql_error,
	last_io_error, seconds_behind_master, slave_lag_seconds, sql_delay, allow_tls, num_slave_hosts, slave_hosts,
	cluster_name, suggested_cluster_alias, data_center, region, physical_environment, instance_alias,
	semi_sync_enforced, replication_depth, is_co_master, replication_credentials_available,
	has_replication_credentials, version_comment, major_version, last_check_partial_success, binlog_row_image,
	last_discovery_latency, semi_sync_master_enabled, semi_sync_replica_enabled, gtid_mode, replication_group_members`

// outsideRows inserts a primary (2017 times) and a replica (times of this moment), as an outside tool would.
func outsideRows(now string) []string {
	return []string{
		`INSERT INTO database_instance (` + outsideColumns + `) VALUES ('testhost', 22293, '2017-02-02 08:29:57',
			'2017-02-02 08:29:57', '2017-02-02 08:29:57', 670447, 1, '', '5.6.28-log', 0, 0, 'STATEMENT', 1, 1,
			'mysql-bin.000167', 137086726, '', 0, 0, 0, 0, 0, '', '', '', '', '', 0, 0, 0, '', 0, '', 0, '', 0,
			'', '', NULL, NULL, 0, 0, 2, '[{\"Hostname\":\"testhost\",\"Port\":22294}]', 'testhost:22293',
			'testhost', 'ny', 'r1', 'prod', '', 0, 0, 0, 0, 0, '', '5.6', 1, 'FULL', 1, 0, 0, 'OFF', '[]')`,
		`INSERT INTO database_instance (` + outsideColumns + `) VALUES ('testhost', 22294, ` + now + `, ` + now + `, ` + now + `,
			72466, 22294, '', '5.6.28-log', 0, 1, 'STATEMENT', 1, 1, 'mysql-bin.000132', 15931747, 'testhost', 22293, 1, 1,
			0, 0, '', '', '', '', '', 0, 0, 1, 'mysql-bin.000167', 137086726, 'mysql-bin.000167', 137086726,
			'mysql-relay.000005', 15000, '""', '""', 0, 0, 0, 0, 0, '[]', 'testhost:22293', '', 'seattle', '', '', '', 0, 1,
			0, 0, 1, '', '5.6', 1, 'FULL', 8338777, 0, 0, 'OFF', '[]')`,
	}
}

func checkOutsideRows(t *testing.T, s *Store) {
	t.Helper()
	loaded, _, err := s.LoadInstances(t.Context())
	must(t, err)
	if len(loaded) != 2 {
		t.Fatalf("%d instances", len(loaded))
	}
	top, replica := loaded[0], loaded[1]
	if !top.LastCheckValid() || !replica.LastCheckValid() {
		t.Errorf("checks %+v, %+v", top.Check, replica.Check)
	}
	if !slices.Equal(top.StoredReplicas, []topology.Key{replica.Key}) {
		t.Errorf("replicas %v", top.StoredReplicas)
	}
	if !replica.Replicating() || !replica.IsReplica() || replica.Channel.LastIOError != "" || replica.SourceKey() != top.Key {
		t.Errorf("replica %+v", replica.Channel)
	}
	if top.Flavor != topology.FlavorMySQL || top.Channel.SecondsBehind.Known || !replica.Lag.Known {
		t.Errorf("top %+v", top)
	}
}

func TestOutsideRows(t *testing.T) {
	clock := newClock()
	path := filepath.Join(t.TempDir(), "backend.db")
	s := openFile(t, path, clock)
	raw(t, path, outsideRows("datetime('now')")...)
	checkOutsideRows(t, s)

	raw(t, path,
		"INSERT INTO candidate_database_instance (hostname, port, promotion_rule) VALUES ('testhost', 22294, 'must')",
		"INSERT INTO database_instance_tags (hostname, port, tag_name, tag_value) VALUES ('testhost', 22294, 'name', 'x')",
		`INSERT INTO database_instance_downtime (hostname, port, downtime_active, begin_timestamp, end_timestamp, owner, reason)
			VALUES ('testhost', 22294, 1, datetime('now'), datetime('now', '+1 hour'), 'o', 'r')`,
		`INSERT INTO database_instance_maintenance (hostname, port, maintenance_active, begin_timestamp, end_timestamp, owner,
			reason, processing_node_hostname, processing_node_token, explicitly_bounded)
			VALUES ('testhost', 22294, 1, datetime('now'), datetime('now', '+1 hour'), 'o', 'r', 'n', 't', 0)`,
		`INSERT INTO database_instance_stale_binlog_coordinates (hostname, port, binary_log_file, binary_log_pos, first_seen)
			VALUES ('testhost', 22293, 'mysql-bin.000167', 137086726, datetime('now', '-1 minute')),
				('testhost', 22294, 'mysql-bin.000132', 1, datetime('now', '-1 minute'))`,
	)
	clock.t = time.Now()
	loaded, _, err := s.LoadInstances(t.Context())
	must(t, err)
	top, replica := loaded[0], loaded[1]
	if replica.PromotionRule != topology.MustPromote || len(replica.Tags) != 1 || !replica.IsDowntimed(clock.t) || replica.Maintenance == nil {
		t.Errorf("declared: %v %v %v %v", replica.PromotionRule, replica.Tags, replica.Downtime, replica.Maintenance)
	}
	if top.StaleSince.IsZero() || !replica.StaleSince.IsZero() {
		t.Errorf("stale since %v, %v (the second one's position has moved)", top.StaleSince, replica.StaleSince)
	}

	raw(t, path,
		"UPDATE database_instance_downtime SET end_timestamp = datetime('now', '-1 minute')",
		"UPDATE database_instance_maintenance SET end_timestamp = datetime('now', '-1 minute')")
	loaded, _, err = s.LoadInstances(t.Context())
	must(t, err)
	if loaded[1].Downtime != nil || loaded[1].Maintenance != nil {
		t.Errorf("ended: %v %v", loaded[1].Downtime, loaded[1].Maintenance)
	}

	// A candidate without a time does not end by itself; what has one does.
	must2(s.ExpireCandidates(t.Context(), time.Minute))
	if all := must2(s.Candidates(t.Context())); len(all) != 1 {
		t.Errorf("candidates %v", all)
	}
}

func TestOpeningForACommandPurgesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "backend.db")
	must(t, openFile(t, path, newClock()).Ping(t.Context()))
	raw(t, path, outsideRows("'2017-01-01 00:00:00'")...)
	s := must2(Open(t.Context(), Options{File: path, Version: "another"}))
	defer func() { must(t, s.Close()) }()
	checkOutsideRows(t, s)
}
