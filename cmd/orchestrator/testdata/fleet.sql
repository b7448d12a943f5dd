-- One primary and three replicas, as an outside tool writes them.
INSERT INTO database_instance (
  hostname, port, last_checked, last_attempted_check, last_seen, uptime, server_id, server_uuid, version,
  binlog_server, read_only, binlog_format, log_bin, log_slave_updates, binary_log_file, binary_log_pos, master_host,
  master_port, slave_sql_running, slave_io_running, has_replication_filters, oracle_gtid, master_uuid, ancestry_uuid,
  executed_gtid_set, gtid_purged, gtid_errant, supports_oracle_gtid, mariadb_gtid, pseudo_gtid, master_log_file,
  read_master_log_pos, relay_master_log_file, exec_master_log_pos, relay_log_file, relay_log_pos, last_sql_error,
  last_io_error, seconds_behind_master, slave_lag_seconds, sql_delay, allow_tls, num_slave_hosts, slave_hosts,
  cluster_name, suggested_cluster_alias, data_center, region, physical_environment, instance_alias,
  semi_sync_enforced, replication_depth, is_co_master, replication_credentials_available,
  has_replication_credentials, version_comment, major_version, last_check_partial_success, binlog_row_image,
  last_discovery_latency, semi_sync_master_enabled, semi_sync_replica_enabled, gtid_mode, replication_group_members
) VALUES (
  'testhost', 22293, datetime('now'), datetime('now'), datetime('now'), 670447, 1, '', '5.6.28-log',
  0, 0, 'STATEMENT', 1, 1, 'mysql-bin.000167', 137086726, '',
  0, 0, 0, 0, 0, '', '',
  '', '', '', 0, 0, 1, '',
  0, '', 0, '', 0, '',
  '', NULL, NULL, 0, 0, 3, '[{"Hostname":"testhost","Port":22294},{"Hostname":"testhost","Port":22295},{"Hostname":"testhost","Port":22296}]',
  'testhost:22293', 'testhost', 'ny', '', '', '',
  0, 0, 0, 0,
  0, '', '5.6', 1, 'FULL',
  1043, 0, 0, 'OFF', '[]'
);
INSERT INTO database_instance (
  hostname, port, last_checked, last_attempted_check, last_seen, uptime, server_id, server_uuid, version,
  binlog_server, read_only, binlog_format, log_bin, log_slave_updates, binary_log_file, binary_log_pos, master_host,
  master_port, slave_sql_running, slave_io_running, has_replication_filters, oracle_gtid, master_uuid, ancestry_uuid,
  executed_gtid_set, gtid_purged, gtid_errant, supports_oracle_gtid, mariadb_gtid, pseudo_gtid, master_log_file,
  read_master_log_pos, relay_master_log_file, exec_master_log_pos, relay_log_file, relay_log_pos, last_sql_error,
  last_io_error, seconds_behind_master, slave_lag_seconds, sql_delay, allow_tls, num_slave_hosts, slave_hosts,
  cluster_name, suggested_cluster_alias, data_center, region, physical_environment, instance_alias,
  semi_sync_enforced, replication_depth, is_co_master, replication_credentials_available,
  has_replication_credentials, version_comment, major_version, last_check_partial_success, binlog_row_image,
  last_discovery_latency, semi_sync_master_enabled, semi_sync_replica_enabled, gtid_mode, replication_group_members
) VALUES (
  'testhost', 22294, datetime('now'), datetime('now'), datetime('now'), 670447, 22294, '', '5.6.28-log',
  0, 1, 'STATEMENT', 1, 1, 'mysql-bin.000168', 15931747, 'testhost',
  22293, 1, 1, 0, 0, '', '',
  '', '', '', 0, 0, 1, 'mysql-bin.000167',
  137086726, 'mysql-bin.000167', 137086726, 'mysql-relay.000005', 15000, '""',
  '""', 0, 0, 0, 0, 0, '[]',
  'testhost:22293', '', 'seattle', '', '', '',
  0, 1, 0, 0,
  1, '', '5.6', 1, 'FULL',
  8338777, 0, 0, 'OFF', '[]'
);
INSERT INTO database_instance (
  hostname, port, last_checked, last_attempted_check, last_seen, uptime, server_id, server_uuid, version,
  binlog_server, read_only, binlog_format, log_bin, log_slave_updates, binary_log_file, binary_log_pos, master_host,
  master_port, slave_sql_running, slave_io_running, has_replication_filters, oracle_gtid, master_uuid, ancestry_uuid,
  executed_gtid_set, gtid_purged, gtid_errant, supports_oracle_gtid, mariadb_gtid, pseudo_gtid, master_log_file,
  read_master_log_pos, relay_master_log_file, exec_master_log_pos, relay_log_file, relay_log_pos, last_sql_error,
  last_io_error, seconds_behind_master, slave_lag_seconds, sql_delay, allow_tls, num_slave_hosts, slave_hosts,
  cluster_name, suggested_cluster_alias, data_center, region, physical_environment, instance_alias,
  semi_sync_enforced, replication_depth, is_co_master, replication_credentials_available,
  has_replication_credentials, version_comment, major_version, last_check_partial_success, binlog_row_image,
  last_discovery_latency, semi_sync_master_enabled, semi_sync_replica_enabled, gtid_mode, replication_group_members
) VALUES (
  'testhost', 22295, datetime('now'), datetime('now'), datetime('now'), 670447, 22295, '', '5.6.28-log',
  0, 1, 'STATEMENT', 1, 1, 'mysql-bin.000169', 15931747, 'testhost',
  22293, 1, 1, 0, 0, '', '',
  '', '', '', 0, 0, 1, 'mysql-bin.000167',
  137086726, 'mysql-bin.000167', 137086726, 'mysql-relay.000005', 15000, '""',
  '""', 3, 3, 0, 0, 0, '[]',
  'testhost:22293', '', 'seattle', '', '', '',
  0, 1, 0, 0,
  1, '', '5.6', 1, 'FULL',
  8338777, 0, 0, 'OFF', '[]'
);
INSERT INTO database_instance (
  hostname, port, last_checked, last_attempted_check, last_seen, uptime, server_id, server_uuid, version,
  binlog_server, read_only, binlog_format, log_bin, log_slave_updates, binary_log_file, binary_log_pos, master_host,
  master_port, slave_sql_running, slave_io_running, has_replication_filters, oracle_gtid, master_uuid, ancestry_uuid,
  executed_gtid_set, gtid_purged, gtid_errant, supports_oracle_gtid, mariadb_gtid, pseudo_gtid, master_log_file,
  read_master_log_pos, relay_master_log_file, exec_master_log_pos, relay_log_file, relay_log_pos, last_sql_error,
  last_io_error, seconds_behind_master, slave_lag_seconds, sql_delay, allow_tls, num_slave_hosts, slave_hosts,
  cluster_name, suggested_cluster_alias, data_center, region, physical_environment, instance_alias,
  semi_sync_enforced, replication_depth, is_co_master, replication_credentials_available,
  has_replication_credentials, version_comment, major_version, last_check_partial_success, binlog_row_image,
  last_discovery_latency, semi_sync_master_enabled, semi_sync_replica_enabled, gtid_mode, replication_group_members
) VALUES (
  'testhost', 22296, datetime('now'), datetime('now'), datetime('now'), 670447, 22296, '', '5.6.28',
  0, 1, 'STATEMENT', 1, 0, 'mysql-bin.000170', 15931747, 'testhost',
  22293, 1, 1, 1, 0, '', '',
  '', '', '', 0, 0, 1, 'mysql-bin.000167',
  137086726, 'mysql-bin.000167', 137086726, 'mysql-relay.000005', 15000, '""',
  '""', 0, 0, 0, 0, 0, '[]',
  'testhost:22293', '', 'ny', '', '', '',
  0, 1, 0, 0,
  1, '', '5.6', 1, 'FULL',
  8338777, 0, 0, 'OFF', '[]'
);
