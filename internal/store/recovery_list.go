package store

import (
	"context"
	"strconv"
	"strings"
	"time"

	"orchestrator/internal/topology"
)

// RecoveryFilter selects recoveries; zero fields select all. Pages begin at 0.
type RecoveryFilter struct {
	ID             int64
	UID            string
	ClusterName    string
	ClusterAlias   string
	Key            topology.Key // the failed server
	Successor      topology.Key
	Unacknowledged bool
	Active         bool          // in their active period
	Running        bool          // not ended
	EndedWithin    time.Duration // ended not longer ago than that
	Page           int
	All            bool // no paging
}

// Recoveries returns recoveries, newest first.
func (s *Store) Recoveries(ctx context.Context, f RecoveryFilter) ([]Recovery, error) {
	var c conditions
	c.add(f.ID != 0, "recovery_id = ?", f.ID)
	c.add(f.UID != "", "uid = ?", f.UID)
	c.add(f.ClusterName != "", "cluster_name = ?", f.ClusterName)
	c.add(f.ClusterAlias != "", "cluster_alias = ?", f.ClusterAlias)
	c.add(!f.Key.IsZero(), "hostname = ? AND port = ?", f.Key.Hostname, f.Key.Port)
	c.add(!f.Successor.IsZero(), "successor_hostname = ? AND successor_port = ?", f.Successor.Hostname, f.Successor.Port)
	c.add(f.Unacknowledged, "acknowledged = 0")
	c.add(f.Active, "in_active_period = 1")
	c.add(f.Running, "end_recovery IS NULL")
	c.add(f.EndedWithin > 0, s.dialect.moment("end_recovery")+" > ?", stamp(s.now().Add(-f.EndedWithin)))
	return s.loadRecoveries(ctx, s.reader, c, f.Page, f.All)
}

func conditionsOf(term string) conditions {
	return conditions{terms: []string{term}}
}

func (s *Store) loadRecoveries(ctx context.Context, q querier, c conditions, number int, all bool) ([]Recovery, error) {
	return collect(ctx, s, q, "load recoveries", scanRecovery, `SELECT recovery_id, uid, hostname, port, analysis,
			cluster_name, cluster_alias, slave_hosts, count_affected_slaves, last_detection_id, in_active_period,
			start_active_period, end_active_period_unixtime, end_recovery, processing_node_hostname, processcing_node_token,
			is_successful, successor_hostname, successor_port, successor_alias, lost_slaves, participating_instances,
			all_errors, acknowledged, acknowledged_at, acknowledged_by, acknowledge_comment
		FROM topology_recovery`+c.where()+" ORDER BY recovery_id DESC"+page(number, all), c.args...)
}

func scanRecovery(v []value) Recovery {
	r := Recovery{
		ID: v[0].int(), UID: v[1].text(), Key: keyColumns(v[2], v[3]), Analysis: v[4].text(), ClusterName: v[5].text(),
		ClusterAlias: v[6].text(), Replicas: keyList(v[7]), CountReplicas: int(v[8].int()), DetectionID: v[9].int(),
		Active: v[10].bool(), Start: v[11].time(), End: v[13].time(), By: Node{v[14].text(), v[15].text()},
		Successful: v[16].bool(), Successor: keyColumns(v[17], v[18]), SuccessorAlias: v[19].text(), Lost: keyList(v[20]),
		Participating: keyList(v[21]), Acknowledged: v[23].bool(), AcknowledgedAt: v[24].time(),
		AcknowledgedBy: v[25].text(), AckComment: v[26].text(),
	}
	if end := v[12].int(); end > 0 {
		r.ActiveEnd = time.Unix(end, 0).UTC()
	}
	if text := v[22].text(); text != "" {
		r.Errors = strings.Split(text, "\n")
	}
	return r
}

// page is the end of a query that selects one page.
func page(number int, all bool) string {
	if all {
		return ""
	}
	return " LIMIT " + strconv.Itoa(PageSize) + " OFFSET " + strconv.Itoa(PageSize*max(number, 0))
}
