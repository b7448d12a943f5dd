package main

import (
	"context"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/failover"
	"orchestrator/internal/operate"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// records read what happened from the backend.
type records struct {
	store  *store.Store
	period func() time.Duration // for how long a recovery blocks others; nil where nobody asks
}

// Recoveries implements operate.Records.
func (r records) Recoveries(ctx context.Context, q operate.RecoveryQuery) ([]operate.Recovery, error) {
	rows, err := r.store.Recoveries(ctx, store.RecoveryFilter{
		ID: q.ID, UID: q.UID, ClusterName: q.Cluster, ClusterAlias: q.Alias, Successor: q.Successor,
		Unacknowledged: q.Unacknowledged, Active: q.Active, EndedWithin: q.EndedWithin, Page: q.Page, All: q.All,
	})
	if err != nil || len(rows) == 0 {
		return each(rows, recoveryRecord), err
	}
	known, err := r.store.RecoveryLosses(ctx, q.UID)
	if err != nil {
		return nil, err
	}
	lost := make(map[string]*operate.Loss, len(known))
	for _, l := range known {
		lost[l.UID] = &operate.Loss{Transactions: l.Transactions, Basis: l.Basis}
	}
	return each(rows, func(row store.Recovery) operate.Recovery {
		shown := recoveryRecord(row)
		shown.Loss = lost[row.UID]
		return shown
	}), nil
}

// Detections implements operate.Records.
func (r records) Detections(ctx context.Context, q operate.RecoveryQuery) ([]operate.Recovery, error) {
	rows, err := r.store.Detections(ctx, store.DetectionFilter{ID: q.ID, ClusterAlias: q.Alias, Page: q.Page, All: q.All})
	if err != nil || len(rows) == 0 {
		return each(rows, detectionRecord), err
	}
	held, err := r.store.DetectionHolds(ctx, q.ID)
	return each(rows, func(d store.Detection) operate.Recovery {
		shown := detectionRecord(d)
		if h, known := held[d.ID]; known {
			shown.Held, shown.HeldAt = &failover.Hold{Rule: h.Rule, Reason: h.Reason, Setting: h.Setting, Until: h.Until}, h.At
		}
		return shown
	}), err
}

// Steps implements operate.Records.
func (r records) Steps(ctx context.Context, uid string) ([]operate.RecoveryStep, error) {
	rows, err := r.store.RecoverySteps(ctx, uid)
	return each(rows, func(s store.RecoveryStep) operate.RecoveryStep { return operate.RecoveryStep(s) }), err
}

// Blocked implements operate.Records.
func (r records) Blocked(ctx context.Context, cluster string) ([]operate.Blocked, error) {
	rows, err := r.store.BlockedRecoveries(ctx, cluster)
	if err != nil {
		return nil, err
	}
	return each(rows, func(b store.BlockedRecovery) operate.Blocked {
		return operate.Blocked{Key: b.Key, Cluster: b.ClusterName, Code: analysis.Code(b.Analysis), Last: b.Last,
			BlockingRecovery: b.BlockingID, Until: r.blockEnds(ctx, b.BlockingID)}
	}), nil
}

// blockEnds is when a recovery that has ended ceases to block others; zero where that is not known.
func (r records) blockEnds(ctx context.Context, id int64) time.Time {
	rows, err := r.store.Recoveries(ctx, store.RecoveryFilter{ID: id})
	if err != nil || id == 0 || len(rows) == 0 || rows[0].End.IsZero() || r.period == nil {
		return time.Time{}
	}
	return rows[0].Start.Add(r.period())
}

// Acknowledge implements operate.Records.
func (r records) Acknowledge(ctx context.Context, q operate.AckQuery, owner, comment string) (int64, error) {
	a := store.Acknowledgement{ID: q.ID, UID: q.UID, Key: q.Instance, Cluster: q.Cluster, All: q.All, By: owner, Comment: comment}
	ids, err := r.store.AcknowledgeRecoveries(ctx, a)
	n := int64(len(ids))
	if err != nil || q.Cluster == "" || q.Alias == "" || q.Alias == q.Cluster {
		return n, err
	}
	a.Cluster = q.Alias
	ids, err = r.store.AcknowledgeRecoveries(ctx, a)
	return n + int64(len(ids)), err
}

// AuditLog implements operate.Records.
func (r records) AuditLog(ctx context.Context, q operate.AuditQuery) ([]operate.AuditEntry, error) {
	rows, err := r.store.AuditLog(ctx, auditFilter(q))
	return each(rows, func(a store.AuditRow) operate.AuditEntry {
		return operate.AuditEntry{ID: a.ID, At: a.At, Kind: a.Type, Key: a.Key, Cluster: a.ClusterName, Message: a.Message, Person: a.Person, Node: a.Node, Plan: a.Plan, Recovery: a.Recovery}
	}), err
}

// CountAudit implements operate.Records.
func (r records) CountAudit(ctx context.Context, q operate.AuditQuery) (int, error) {
	return r.store.CountAudit(ctx, auditFilter(q))
}

func auditFilter(q operate.AuditQuery) store.AuditFilter {
	return store.AuditFilter{Key: q.Instance, ClusterName: q.Cluster, Type: q.Kind, Person: q.Person, Node: q.Node, Text: q.Text, Plan: q.Plan, Recovery: q.Recovery, From: q.From, To: q.To,
		Before: q.Before, Limit: q.Limit, Page: q.Page}
}

// Changelog implements operate.Records. Servers come in the order of their first change.
func (r records) Changelog(ctx context.Context, key topology.Key) ([]operate.AnalysisHistory, error) {
	rows, err := r.store.AnalysisChangelog(ctx, key)
	list := []operate.AnalysisHistory{}
	place := make(map[topology.Key]int)
	for _, c := range rows {
		n, known := place[c.Key]
		if !known {
			n = len(list)
			place[c.Key] = n
			list = append(list, operate.AnalysisHistory{Key: c.Key})
		}
		list[n].Changes = append(list[n].Changes, operate.AnalysisChange{At: c.At, Text: c.Analysis})
	}
	return list, err
}

func recoveryRecord(r store.Recovery) operate.Recovery {
	return operate.Recovery{
		ID: r.ID, UID: r.UID,
		Finding:      finding(r.Key, r.Analysis, r.ClusterName, r.ClusterAlias, r.Replicas, r.CountReplicas, r.By),
		SuccessorKey: r.Successor, SuccessorAlias: r.SuccessorAlias,
		IsActive: r.Active, IsSuccessful: r.Successful,
		LostReplicas: r.Lost, Participants: r.Participating, Errors: r.Errors,
		Start: r.Start, End: r.End, NodeHostname: r.By.Hostname, NodeToken: r.By.Token,
		Acknowledged: r.Acknowledged, AcknowledgedAt: r.AcknowledgedAt, AcknowledgedBy: r.AcknowledgedBy, AcknowledgedComment: r.AckComment,
		LastDetectionID: r.DetectionID,
	}
}

func detectionRecord(d store.Detection) operate.Recovery {
	f := finding(d.Key, d.Analysis, d.ClusterName, d.ClusterAlias, d.Replicas, d.CountReplicas, d.By)
	f.Actionable = d.Actionable
	return operate.Recovery{
		ID: d.ID, Detection: true, Finding: f, IsActive: d.Active, Start: d.Start, End: d.End,
		NodeHostname: d.By.Hostname, NodeToken: d.By.Token, RelatedRecoveryID: d.RelatedRecover,
	}
}

// finding is as much of a finding as the backend keeps.
func finding(key topology.Key, code, cluster, alias string, replicas []topology.Key, count int, by store.Node) analysis.Finding {
	c := analysis.Code(code)
	return analysis.Finding{
		Key: key, Code: c, Description: analysis.Describe(c), ClusterName: cluster, ClusterAlias: alias,
		Replicas: replicas, CountReplicas: uint(max(count, 0)),
		Processing: analysis.Processing{NodeHostname: by.Hostname, NodeToken: by.Token},
	}
}

// each makes a list of another kind, never nil.
func each[A, B any](list []A, change func(A) B) []B {
	out := make([]B, 0, len(list))
	for _, x := range list {
		out = append(out, change(x))
	}
	return out
}
