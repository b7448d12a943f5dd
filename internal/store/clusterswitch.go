package store

import (
	"context"
	"database/sql"
	"time"
)

// ClusterSwitch says that automatic recoveries of a cluster are switched off, until when, and why.
type ClusterSwitch struct {
	Cluster       string // its name; empty: those of all clusters
	Owner, Reason string
	Begin, End    time.Time
}

// SwitchOffCluster switches automatic recoveries of a cluster, or of all of them, off, in place of how it was switched
// before. A zero Begin is now.
func (s *Store) SwitchOffCluster(ctx context.Context, c ClusterSwitch) error {
	if c.Begin.IsZero() {
		c.Begin = s.now()
	}
	if s.agreed != nil {
		return decide(ctx, s, switchClusterOff{c})
	}
	op := "switch recoveries of cluster " + c.Cluster + " off"
	if c.Cluster == "" {
		op = "switch recoveries of all clusters off for a time"
	}
	return s.tx(ctx, op, func(tx *sql.Tx) error {
		if c.Cluster == "" {
			if _, err := s.execOn(ctx, tx, op, "DELETE FROM global_recovery_disable"); err != nil {
				return err
			}
		}
		_, err := s.execOn(ctx, tx, op, s.dialect.upsert("cluster_recovery_disable", "cluster_name", "owner, reason, begin_timestamp, end_timestamp"),
			c.Cluster, c.Owner, c.Reason, stamp(c.Begin), stamp(c.End))
		return err
	})
}

// SwitchOnCluster switches automatic recoveries of a cluster on again, and says whether they were off.
func (s *Store) SwitchOnCluster(ctx context.Context, cluster string) (bool, error) {
	if s.agreed != nil {
		return agree[bool](ctx, s, switchClusterOn{cluster})
	}
	n, err := s.exec(ctx, "switch recoveries of cluster "+cluster+" on",
		"DELETE FROM cluster_recovery_disable WHERE cluster_name = ?", cluster)
	return n > 0, err
}

// SwitchedOffClusters returns the clusters whose recoveries are switched off at this moment, by name. First comes the
// switch for all of them, where that is off until a moment.
func (s *Store) SwitchedOffClusters(ctx context.Context) ([]ClusterSwitch, error) {
	return collect(ctx, s, s.reader, "read the recovery switches of clusters", func(r []value) ClusterSwitch {
		return ClusterSwitch{Cluster: r[0].text(), Owner: r[1].text(), Reason: r[2].text(), Begin: r[3].time(), End: r[4].time()}
	}, `SELECT cluster_name, owner, reason, begin_timestamp, end_timestamp FROM cluster_recovery_disable
		WHERE `+s.dialect.moment("end_timestamp")+" > ? ORDER BY cluster_name", stamp(s.now()))
}

// ExpireClusterSwitches deletes those whose time is over.
func (s *Store) ExpireClusterSwitches(ctx context.Context) (int64, error) {
	due, now := s.dialect.moment("end_timestamp")+" <= ?", stamp(s.now())
	if s.agreed != nil {
		return s.agreeIfAny(ctx, expireClusterSwitches{}, "cluster_recovery_disable", due, now)
	}
	return s.exec(ctx, "expire the recovery switches of clusters", "DELETE FROM cluster_recovery_disable WHERE "+due, now)
}
