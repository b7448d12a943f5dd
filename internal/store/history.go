package store

import (
	"context"
	"time"

	"orchestrator/internal/topology"
)

// TopologyRow is a server in a snapshot of the topology.
type TopologyRow struct {
	At          time.Time
	Key, Source topology.Key
	ClusterName string
	Version     string
}

// SnapshotTopologies copies the present tree into the history.
func (s *Store) SnapshotTopologies(ctx context.Context) error {
	_, err := s.exec(ctx, "snapshot topologies", `REPLACE INTO database_instance_topology_history
		(snapshot_unix_timestamp, hostname, port, master_host, master_port, cluster_name, version)
		SELECT ?, hostname, port, master_host, master_port, cluster_name, version FROM database_instance`, s.now().Unix())
	return err
}

// LastTopologySnapshot returns when the newest snapshot was taken; the zero time when there is none.
func (s *Store) LastTopologySnapshot(ctx context.Context) (at time.Time, err error) {
	err = s.each(ctx, s.reader, "load the time of the last topology snapshot", func(r []value) { at = time.Unix(r[0].int(), 0).UTC() },
		"SELECT snapshot_unix_timestamp FROM database_instance_topology_history ORDER BY snapshot_unix_timestamp DESC LIMIT 1")
	return at, err
}

// TopologySnapshots returns when snapshots were taken, newest first.
func (s *Store) TopologySnapshots(ctx context.Context) ([]time.Time, error) {
	return collect(ctx, s, s.reader, "load the times of the topology snapshots", func(r []value) time.Time { return time.Unix(r[0].int(), 0).UTC() },
		"SELECT DISTINCT snapshot_unix_timestamp FROM database_instance_topology_history ORDER BY snapshot_unix_timestamp DESC")
}

// TopologyHistory returns a cluster (all, when the name is empty) as it was in the newest snapshot not after at.
func (s *Store) TopologyHistory(ctx context.Context, cluster string, at time.Time) ([]TopologyRow, error) {
	return collect(ctx, s, s.reader, "load topology history", func(r []value) TopologyRow {
		return TopologyRow{time.Unix(r[0].int(), 0).UTC(), keyColumns(r[1], r[2]), keyColumns(r[3], r[4]), r[5].text(), r[6].text()}
	}, `SELECT snapshot_unix_timestamp, hostname, port, master_host, master_port, cluster_name, version
		FROM database_instance_topology_history
		WHERE snapshot_unix_timestamp = (SELECT MAX(snapshot_unix_timestamp) FROM database_instance_topology_history
			WHERE snapshot_unix_timestamp <= ?) AND (cluster_name = ? OR ? = '')
		ORDER BY hostname, port`, at.Unix(), cluster, cluster)
}

// RecordCoordinates copies the present binary and relay log positions into their short history.
func (s *Store) RecordCoordinates(ctx context.Context) error {
	_, err := s.exec(ctx, "record coordinates", `INSERT INTO database_instance_coordinates_history
		(hostname, port, recorded_timestamp, last_seen, binary_log_file, binary_log_pos, relay_log_file, relay_log_pos)
		SELECT hostname, port, ?, COALESCE(last_seen, ?), binary_log_file, binary_log_pos, relay_log_file, relay_log_pos
		FROM database_instance WHERE binary_log_file <> '' OR relay_log_file <> ''`, stamp(s.now()), neverText)
	return err
}

// PastCoordinates are positions of a server at an earlier moment.
type PastCoordinates struct {
	At          time.Time
	Self, Relay topology.Coordinates
}

// CoordinatesHistory returns the recorded positions of a server, newest first.
func (s *Store) CoordinatesHistory(ctx context.Context, key topology.Key) ([]PastCoordinates, error) {
	return collect(ctx, s, s.reader, "load coordinates of "+key.String(), func(r []value) PastCoordinates {
		return PastCoordinates{
			At:    r[0].time(),
			Self:  topology.Coordinates{LogFile: r[1].text(), LogPos: r[2].int()},
			Relay: topology.Coordinates{LogFile: r[3].text(), LogPos: r[4].int(), Type: topology.RelayLog},
		}
	}, `SELECT recorded_timestamp, binary_log_file, binary_log_pos, relay_log_file, relay_log_pos
		FROM database_instance_coordinates_history WHERE hostname = ? AND port = ? ORDER BY history_id DESC`,
		key.Hostname, key.Port)
}

// ClearRelayHistory blanks the recorded relay positions of a server whose source was changed.
func (s *Store) ClearRelayHistory(ctx context.Context, key topology.Key) error {
	_, err := s.exec(ctx, "clear relay history of "+key.String(), `UPDATE database_instance_coordinates_history
		SET relay_log_file = '', relay_log_pos = 0 WHERE hostname = ? AND port = ?`, key.Hostname, key.Port)
	return err
}

// PositionOn is a position in the binary log of one server.
type PositionOn struct {
	Key topology.Key
	At  topology.Coordinates
}

// RecordEquivalence remembers that two positions on two servers mean the same point.
func (s *Store) RecordEquivalence(ctx context.Context, a, b PositionOn) error {
	_, err := s.exec(ctx, "record position equivalence", s.dialect.replace("master_position_equivalence",
		`master1_hostname, master1_port, master1_binary_log_file, master1_binary_log_pos,
		master2_hostname, master2_port, master2_binary_log_file, master2_binary_log_pos, last_suggested`),
		a.Key.Hostname, a.Key.Port, a.At.LogFile, a.At.LogPos,
		b.Key.Hostname, b.Key.Port, b.At.LogFile, b.At.LogPos, stamp(s.now()))
	return err
}

// Equivalents returns the positions that are recorded as equal to p, in either direction, newest first.
func (s *Store) Equivalents(ctx context.Context, p PositionOn) ([]PositionOn, error) {
	scan := func(r []value) PositionOn {
		return PositionOn{keyColumns(r[0], r[1]), topology.Coordinates{LogFile: r[2].text(), LogPos: r[3].int()}}
	}
	args := []any{p.Key.Hostname, p.Key.Port, p.At.LogFile, p.At.LogPos}
	return collect(ctx, s, s.reader, "load position equivalence", scan,
		`SELECT master1_hostname, master1_port, master1_binary_log_file, master1_binary_log_pos, last_suggested
			FROM master_position_equivalence
			WHERE master2_hostname = ? AND master2_port = ? AND master2_binary_log_file = ? AND master2_binary_log_pos = ?
		UNION
		SELECT master2_hostname, master2_port, master2_binary_log_file, master2_binary_log_pos, last_suggested
			FROM master_position_equivalence
			WHERE master1_hostname = ? AND master1_port = ? AND master1_binary_log_file = ? AND master1_binary_log_pos = ?
		ORDER BY last_suggested DESC`, append(args, args...)...)
}

// SetTLSRequired remembers whether a server demands TLS.
func (s *Store) SetTLSRequired(ctx context.Context, key topology.Key, required bool) error {
	_, err := s.exec(ctx, "record TLS of "+key.String(),
		s.dialect.upsert("database_instance_tls", "hostname, port", "required"), key.Hostname, key.Port, flag(required))
	return err
}

// TLSRequired returns which servers are known to demand TLS, or not to.
func (s *Store) TLSRequired(ctx context.Context) (map[topology.Key]bool, error) {
	all := make(map[topology.Key]bool)
	err := s.each(ctx, s.reader, "load TLS flags", func(r []value) { all[keyColumns(r[0], r[1])] = r[2].bool() },
		"SELECT hostname, port, required FROM database_instance_tls")
	return all, err
}

// RecordInjectedPseudoGTID remembers that Pseudo-GTID was injected into the cluster now.
func (s *Store) RecordInjectedPseudoGTID(ctx context.Context, cluster string) error {
	if s.agreed != nil {
		return decide(ctx, s, injectedPseudoGTID{cluster})
	}
	_, err := s.exec(ctx, "record injected Pseudo-GTID of "+cluster,
		s.dialect.upsert("cluster_injected_pseudo_gtid", "cluster_name", "time_injected"), cluster, stamp(s.now()))
	return err
}

// InjectedPseudoGTID returns when Pseudo-GTID was last injected, by cluster.
func (s *Store) InjectedPseudoGTID(ctx context.Context) (map[string]time.Time, error) {
	all := make(map[string]time.Time)
	err := s.each(ctx, s.reader, "load injected Pseudo-GTID", func(r []value) { all[r[0].text()] = r[1].time() },
		"SELECT cluster_name, time_injected FROM cluster_injected_pseudo_gtid")
	return all, err
}
