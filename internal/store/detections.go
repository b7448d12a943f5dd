package store

import (
	"context"
	"database/sql"
	"time"

	"orchestrator/internal/topology"
)

// PageSize is how many rows a page of detections, recoveries or audit has.
const PageSize = 20

// Detection is a registered failure.
type Detection struct {
	ID             int64
	Key            topology.Key // the failed server
	Analysis       string       // code
	ClusterName    string
	ClusterAlias   string
	Replicas       []topology.Key
	CountReplicas  int
	Actionable     bool // an automatic recovery exists for the code
	Active         bool // still keeps the same failure from being registered again
	Start, End     time.Time
	By             Node
	RelatedRecover int64 // the recovery that it led to, 0 for none
}

// RegisterDetection records a failure unless it is registered already and in its active period. It says whether it
// was recorded now and sets d.ID then.
func (s *Store) RegisterDetection(ctx context.Context, d *Detection) (registered bool, err error) {
	if s.agreed != nil {
		got, err := agree[registeredDetection](ctx, s, registerDetection{*d})
		if err == nil && got.Registered {
			*d = got.Detection
		}
		return got.Registered, err
	}
	op := "register detection of " + d.Analysis + " on " + d.Key.String()
	start := d.Start
	if start.IsZero() {
		start = s.now()
	}
	err = s.txAlone(ctx, op, func(tx *sql.Tx) error {
		registered = false
		exists := false
		if err := s.each(ctx, tx, op, func([]value) { exists = true }, `SELECT detection_id FROM topology_failure_detection
			WHERE hostname = ? AND port = ? AND in_active_period = 1 AND end_active_period_unixtime = 0 AND is_actionable = ?`,
			d.Key.Hostname, d.Key.Port, flag(d.Actionable)); err != nil || exists {
			return err
		}
		columns, args, err := s.numbered(ctx, tx, "topology_failure_detection", "detection_id", `hostname, port, in_active_period, start_active_period, end_active_period_unixtime, processing_node_hostname,
			processcing_node_token, analysis, cluster_name, cluster_alias, count_affected_slaves, slave_hosts, is_actionable`, []any{
			d.Key.Hostname, d.Key.Port, 1, stamp(start), 0, d.By.Hostname, d.By.Token, d.Analysis, d.ClusterName,
			d.ClusterAlias, d.CountReplicas, topology.JoinKeys(d.Replicas), flag(d.Actionable)})
		if err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, s.dialect.insertIgnore("topology_failure_detection", columns), args...)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err != nil || n == 0 {
			return err
		}
		registered = true
		d.ID, err = res.LastInsertId()
		d.Start, d.Active = start, true
		return err
	})
	return registered, err
}

// ClearDetections ends the active period of a server's detections, so that its next failure is registered again.
func (s *Store) ClearDetections(ctx context.Context, key topology.Key) (int64, error) {
	if s.agreed != nil {
		return agree[int64](ctx, s, clearDetections{Key: key})
	}
	return s.endDetections(ctx, "clear detections of "+key.String(), "hostname = ? AND port = ?", key.Hostname, key.Port)
}

// ClearClusterDetections ends the active period of all detections of a cluster, given its name or alias.
func (s *Store) ClearClusterDetections(ctx context.Context, cluster string) (int64, error) {
	if s.agreed != nil {
		return agree[int64](ctx, s, clearDetections{Cluster: cluster})
	}
	return s.endDetections(ctx, "clear detections of cluster "+cluster, "cluster_name = ? OR cluster_alias = ?", cluster, cluster)
}

// ExpireDetections ends the active periods that began longer ago than block (FailureDetectionPeriodBlockMinutes).
func (s *Store) ExpireDetections(ctx context.Context, block time.Duration) (int64, error) {
	if s.agreed != nil {
		return s.agreeIfAny(ctx, expireDetections{block}, "topology_failure_detection",
			"in_active_period = 1 AND "+s.dialect.moment("start_active_period")+" < ?", stamp(s.now().Add(-block)))
	}
	return s.endDetections(ctx, "expire detections", s.dialect.moment("start_active_period")+" < ?", stamp(s.now().Add(-block)))
}

func (s *Store) endDetections(ctx context.Context, op, where string, args ...any) (n int64, err error) {
	err = s.tx(ctx, op, func(tx *sql.Tx) error {
		var err error
		n, err = s.endPeriods(ctx, tx, detectionPeriods, where, args...)
		return err
	})
	return n, err
}

// DetectionFilter selects detections; zero fields select all. Pages begin at 0.
type DetectionFilter struct {
	ID           int64
	ClusterAlias string
	Key          topology.Key
	Page         int
	All          bool // no paging
}

// Detections returns detections, newest first.
func (s *Store) Detections(ctx context.Context, f DetectionFilter) ([]Detection, error) {
	var c conditions
	c.add(f.ID != 0, "detection_id = ?", f.ID)
	c.add(f.ClusterAlias != "", "cluster_alias = ?", f.ClusterAlias)
	c.add(!f.Key.IsZero(), "hostname = ? AND port = ?", f.Key.Hostname, f.Key.Port)
	return collect(ctx, s, s.reader, "load detections", scanDetection, `SELECT detection_id, hostname, port, analysis,
			cluster_name, cluster_alias, slave_hosts, count_affected_slaves, is_actionable, in_active_period,
			start_active_period, end_active_period_unixtime, processing_node_hostname, processcing_node_token,
			(SELECT MAX(recovery_id) FROM topology_recovery WHERE last_detection_id = detection_id)
		FROM topology_failure_detection`+c.where()+" ORDER BY detection_id DESC"+page(f.Page, f.All), c.args...)
}

func scanDetection(r []value) Detection {
	d := Detection{
		ID: r[0].int(), Key: keyColumns(r[1], r[2]), Analysis: r[3].text(), ClusterName: r[4].text(),
		ClusterAlias: r[5].text(), Replicas: keyList(r[6]), CountReplicas: int(r[7].int()), Actionable: r[8].bool(),
		Active: r[9].bool(), Start: r[10].time(), By: Node{r[12].text(), r[13].text()}, RelatedRecover: r[14].int(),
	}
	if end := r[11].int(); end > 0 {
		d.End = time.Unix(end, 0).UTC()
	}
	return d
}

// keyList reads a comma list of servers; what cannot be read is left out.
func keyList(v value) []topology.Key {
	keys, _ := topology.ParseKeys(v.text(), 0)
	return keys
}
