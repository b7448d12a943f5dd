package store

import (
	"context"
	"database/sql"
	"strconv"
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
	Person      string // who asked for it; "" where nobody did, or that is not known
	Node        string // which node noted it; "" in rows of older versions
	Plan        string // the plan that it is part of; "" for none
	Recovery    string // the UID of the recovery that it is part of; "" for none
}

// WriteAudit adds a row; a zero time means now.
func (s *Store) WriteAudit(ctx context.Context, a AuditRow) error {
	if s.agreed != nil {
		return decide(ctx, s, writeAudit{a})
	}
	if a.At.IsZero() {
		a.At = s.now()
	}
	columns, args, err := s.numbered(ctx, s.reading(), "audit", "audit_id", "audit_timestamp, audit_type, hostname, port, cluster_name, message",
		[]any{stamp(a.At), a.Type, a.Key.Hostname, a.Key.Port, a.ClusterName, a.Message})
	if err != nil {
		return err
	}
	op := "write audit " + a.Type
	return s.tx(ctx, op, func(tx *sql.Tx) error {
		written, err := tx.ExecContext(ctx, s.dialect.insert("audit", columns), args...)
		if err != nil || a.Person == "" && a.Node == "" && a.Plan == "" && a.Recovery == "" {
			return err
		}
		id, err := written.LastInsertId()
		if err != nil {
			return err
		}
		_, err = s.execOn(ctx, tx, op, s.dialect.replace("audit_author", "audit_id, audit_timestamp, person, node, plan_id, recovery_uid"), id, stamp(a.At), a.Person, a.Node, a.Plan, a.Recovery)
		return err
	})
}

// AuditFilter selects lines of the audit; zero fields select all.
type AuditFilter struct {
	Key         topology.Key
	ClusterName string
	Type        string
	Person      string    // who asked for it
	Node        string    // a part of the name of the node that noted it
	Text        string    // a part of the message
	Plan        string    // only of this plan
	Recovery    string    // only of this recovery
	From, To    time.Time // zero: open
	Before      int64     // only rows with a smaller id
	Limit       int       // at most so many rows, instead of pages
	Page        int       // of PageSize, from 0
}

func (f *AuditFilter) conditions(d Dialect) conditions {
	var c conditions
	c.add(!f.Key.IsZero(), "hostname = ? AND port = ?", f.Key.Hostname, f.Key.Port)
	c.add(f.ClusterName != "", "cluster_name = ?", f.ClusterName)
	c.add(f.Type != "", "audit_type = ?", f.Type)
	c.add(f.Person != "", "person = ?", f.Person)
	c.add(f.Node != "", "INSTR(LOWER(node), LOWER(?)) > 0", f.Node)
	c.add(f.Text != "", "INSTR(LOWER(message), LOWER(?)) > 0", f.Text)
	c.add(f.Plan != "", "plan_id = ?", f.Plan)
	c.add(f.Recovery != "", "recovery_uid = ?", f.Recovery)
	c.add(!f.From.IsZero(), d.moment("audit.audit_timestamp")+" >= ?", stamp(f.From))
	c.add(!f.To.IsZero(), d.moment("audit.audit_timestamp")+" <= ?", stamp(f.To))
	return c
}

// auditFrom are the lines of the audit with who wrote them, as far as that is known.
const auditFrom = " FROM audit LEFT JOIN audit_author ON audit_author.audit_id = audit.audit_id"

// AuditLog returns lines of the audit, newest first.
func (s *Store) AuditLog(ctx context.Context, f AuditFilter) ([]AuditRow, error) {
	c, order, part := f.conditions(s.dialect), "audit.audit_timestamp DESC, audit.audit_id DESC", page(f.Page, false)
	if f.Limit > 0 {
		// Numbers are given in the order of writing, and never change places while somebody leafs through them.
		order, part = "audit.audit_id DESC", " LIMIT "+strconv.Itoa(f.Limit)
		c.add(f.Before > 0, "audit.audit_id < ?", f.Before)
	}
	return collect(ctx, s, s.reader, "load audit", func(r []value) AuditRow {
		return AuditRow{r[0].int(), r[1].time(), r[2].text(), keyColumns(r[3], r[4]), r[5].text(), r[6].text(), r[7].text(), r[8].text(), r[9].text(), r[10].text()}
	}, "SELECT audit.audit_id, audit.audit_timestamp, audit_type, hostname, port, cluster_name, message, person, node, plan_id, recovery_uid"+auditFrom+
		c.where()+" ORDER BY "+order+part, c.args...)
}

// CountAudit says how many lines the audit has, whatever Before, Limit and Page.
func (s *Store) CountAudit(ctx context.Context, f AuditFilter) (int, error) {
	c := f.conditions(s.dialect)
	rows, err := collect(ctx, s, s.reader, "count audit", func(r []value) int { return int(r[0].int()) }, "SELECT COUNT(*)"+auditFrom+c.where(), c.args...)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	return rows[0], nil
}
