package store

import (
	"context"
	"time"

	"orchestrator/internal/topology"
)

// AuditRow is one audited operation. Key is zero when it is not about a server.
type AuditRow struct {
	ID          int64
	At          time.Time
	Type        string
	Key         topology.Key
	ClusterName string
	Message     string
}

// WriteAudit adds a row; a zero time means now.
func (s *Store) WriteAudit(ctx context.Context, a AuditRow) error {
	if a.At.IsZero() {
		a.At = s.now()
	}
	_, err := s.exec(ctx, "write audit "+a.Type, s.dialect.insert("audit",
		"audit_timestamp, audit_type, hostname, port, cluster_name, message"),
		stamp(a.At), a.Type, a.Key.Hostname, a.Key.Port, a.ClusterName, a.Message)
	return err
}

// AuditLog returns a page of the audit of one server, or of everything for the zero key, newest first. Pages begin
// at 0.
func (s *Store) AuditLog(ctx context.Context, key topology.Key, number int) ([]AuditRow, error) {
	var c conditions
	c.add(!key.IsZero(), "hostname = ? AND port = ?", key.Hostname, key.Port)
	return collect(ctx, s, s.reader, "load audit", func(r []value) AuditRow {
		return AuditRow{r[0].int(), r[1].time(), r[2].text(), keyColumns(r[3], r[4]), r[5].text(), r[6].text()}
	}, "SELECT audit_id, audit_timestamp, audit_type, hostname, port, cluster_name, message FROM audit"+
		c.where()+" ORDER BY audit_timestamp DESC, audit_id DESC"+page(number, false), c.args...)
}
