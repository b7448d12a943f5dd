package store

import (
	"context"
	"time"
)

// NodeReportsKept is how long what a process has written of itself is kept when it writes no more: so long it is missed.
const NodeReportsKept = time.Hour

// NodeReport is what a process has written of itself, for the others that share its backend.
type NodeReport struct {
	Node
	Reported   time.Time // by the clock of the backend, to the second
	Age        time.Duration
	AppVersion string
	Report     string // JSON
	Config     string // JSON
}

// SaveNodeReport keeps what a process says of itself, in place of what it said before. An empty Config leaves the one before.
func (s *Store) SaveNodeReport(ctx context.Context, r NodeReport) error {
	now, err := s.Clock(ctx)
	if err != nil {
		return err
	}
	columns, args := "reported_timestamp, app_version, report", []any{r.Hostname, r.Token, stamp(now), r.AppVersion, r.Report}
	if r.Config != "" {
		columns, args = columns+", config", append(args, r.Config)
	}
	_, err = s.exec(ctx, "save the report of "+r.Hostname, s.dialect.upsert("node_report", "hostname, token", columns), args...)
	return err
}

// NodeReports are what all processes have written of themselves, by host name.
func (s *Store) NodeReports(ctx context.Context) ([]NodeReport, error) {
	now, err := s.Clock(ctx)
	if err != nil {
		return nil, err
	}
	return collect(ctx, s, s.reader, "load the reports of nodes", func(r []value) NodeReport {
		return NodeReport{
			Node: Node{r[0].text(), r[1].text()}, Reported: r[2].time(), Age: max(0, now.Sub(r[2].time())), AppVersion: r[3].text(),
			Report: r[4].text(), Config: r[5].text(),
		}
	}, "SELECT hostname, token, reported_timestamp, app_version, report, config FROM node_report ORDER BY hostname, token")
}

// SilentNodes are the processes that have written of themselves and give no sign of life any more, by host name. One on whose
// host another process has begun since is not among them: that has taken its place.
func (s *Store) SilentNodes(ctx context.Context) ([]NodeHealth, error) {
	now, err := s.Clock(ctx)
	if err != nil {
		return nil, err
	}
	return collect(ctx, s, s.reader, "load silent nodes", func(r []value) NodeHealth {
		return NodeHealth{Node: Node{r[0].text(), r[1].text()}, LastSeen: r[2].time(), AppVersion: r[3].text()}
	}, `SELECT r.hostname, r.token, r.reported_timestamp, r.app_version FROM node_report r
		WHERE NOT EXISTS (SELECT 1 FROM node_health h WHERE h.hostname = r.hostname AND `+s.dialect.moment("h.last_seen_active")+` >= ?
			AND (h.token = r.token OR `+s.dialect.moment("h.first_seen_active")+" >= "+s.dialect.moment("r.reported_timestamp")+`))
		AND `+s.dialect.moment("r.reported_timestamp")+` >= ? ORDER BY r.hostname, r.token`,
		stamp(now.Add(-HealthTime)), stamp(now.Add(-NodeReportsKept)))
}

// ForgetNodeReport removes what a process has written of itself: it ends in order, and nobody is to miss it.
func (s *Store) ForgetNodeReport(ctx context.Context, n Node) error {
	_, err := s.exec(ctx, "forget the report of "+n.Hostname, "DELETE FROM node_report WHERE hostname = ? AND token = ?", n.Hostname, n.Token)
	return err
}

// Distance measures how long the backend takes to answer the least question, and how far the clock of this process is ahead of
// its clock, give or take half of that. A backend that is a file has no clock of its own.
func (s *Store) Distance(ctx context.Context) (trip, ahead time.Duration, err error) {
	query := "SELECT UTC_TIMESTAMP(6)"
	if s.dialect == SQLite {
		query = "SELECT 1"
	}
	begun := time.Now()
	var v value
	if err := s.reader.QueryRowContext(ctx, query).Scan(&v); err != nil {
		return 0, 0, s.fail("measure the way to the backend", err)
	}
	trip = time.Since(begun)
	if s.dialect != SQLite {
		ahead = begun.Add(trip / 2).Sub(v.time())
	}
	return trip, ahead, nil
}
