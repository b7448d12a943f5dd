package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/config"
	"orchestrator/internal/failover"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// StoreLedger is the Ledger in the backend database.
type StoreLedger struct {
	store  *store.Store
	node   store.Node
	config func() *config.Config
	alive  func(context.Context) ([]store.Node, error)
	audit  AuditFunc
	tell   func(context.Context, store.Published)
}

// NewStoreLedger returns the ledger in the backend database. alive lists the nodes whose recoveries count as running.
// What is audited goes to the backend if AuditToBackendDB says so; see AuditTo.
func NewStoreLedger(s *store.Store, n Node, c func() *config.Config, alive func(context.Context) ([]store.Node, error)) *StoreLedger {
	l := &StoreLedger{store: s, node: store.Node{Hostname: n.Hostname, Token: n.Token}, config: c, alive: alive}
	l.audit = l.auditToBackend
	return l
}

// TellTo has tell called with each primary that was published, before hooks run. It must be called before the ledger is
// used; tell must not take long.
func (l *StoreLedger) TellTo(tell func(context.Context, store.Published)) *StoreLedger {
	l.tell = tell
	return l
}

// AuditFunc notes something that was done to a server wherever that is to be noted.
type AuditFunc func(ctx context.Context, kind string, key topology.Key, cluster, message string) error

// AuditTo has everything that is audited go to audit alone, and returns the ledger. It must be called before the
// ledger is used.
func (l *StoreLedger) AuditTo(audit AuditFunc) *StoreLedger {
	l.audit = audit
	return l
}

func (l *StoreLedger) auditToBackend(ctx context.Context, kind string, key topology.Key, cluster, message string) error {
	if !l.config().AuditToBackendDB {
		return nil
	}
	return l.store.WriteAudit(ctx, store.AuditRow{Type: kind, Key: key, ClusterName: cluster, Message: message})
}

// RegisterDetection implements Ledger.
func (l *StoreLedger) RegisterDetection(ctx context.Context, f *analysis.Finding, actionable bool) (int64, bool, error) {
	d := store.Detection{
		Key: f.Key, Analysis: string(f.Code), ClusterName: f.ClusterName, ClusterAlias: f.ClusterAlias,
		Replicas: f.Replicas, CountReplicas: int(f.CountReplicas), Actionable: actionable, By: l.node,
	}
	fresh, err := l.store.RegisterDetection(ctx, &d)
	if err != nil || fresh {
		return d.ID, fresh, err
	}
	known, err := l.store.Detections(ctx, store.DetectionFilter{Key: f.Key})
	for _, k := range known {
		if k.Active && k.Actionable == actionable {
			return k.ID, false, nil
		}
	}
	return 0, false, err
}

// RegisterRecovery implements Ledger.
func (l *StoreLedger) RegisterRecovery(ctx context.Context, r *Recovery, j *Journal) (Block, error) {
	entry, err := l.entry(r.UID, j)
	if err != nil {
		return Block{}, err
	}
	for {
		row := l.row(r)
		reg, err := l.store.RegisterRecovery(ctx, &row, entry, r.Forced)
		if errors.Is(err, store.ErrNotAgreed) {
			// Somebody else may lead, and repair the same: nobody begins by itself what the nodes have not agreed on.
			return Block{Reason: err.Error()}, nil
		}
		if err != nil {
			return Block{}, err
		}
		r.ID = row.ID
		if reg.Outcome == store.Registered {
			return Block{}, nil
		}
		b := Block{By: reg.Blocking, Reason: reg.Outcome.String()}
		blocking, err := l.recovery(ctx, reg.Blocking)
		switch {
		case err != nil || blocking == nil: // nothing more can be said of it
			return b, nil
		case blocking.End.IsZero():
			b.Reason += fmt.Sprintf(" (recovery %d, which has not ended)", reg.Blocking)
			return b, nil
		case r.kind().promotes && !hasPromoted(blocking):
			if err := l.Acknowledge(ctx, blocking.UID, givesWay); err != nil {
				return Block{}, err
			}
			continue // there are only so many of them, and each gives way once
		}
		b.Until = blocking.Start.Add(l.config().RecoveryPeriodBlock())
		b.Reason += fmt.Sprintf(" (recovery %d) until %s, which is RecoveryPeriodBlockSeconds (%s) after it began; acknowledge it to lift the block",
			reg.Blocking, b.Until.Format(time.RFC3339), l.config().RecoveryPeriodBlock())
		return b, nil
	}
}

// givesWay is the acknowledgement of a recovery that promoted nobody, when a primary is lost in its period: that its
// replicas were moved, or semi-sync was switched, is no reason to leave a cluster without a primary.
const givesWay = "it promoted nobody, so it does not hold back the replacement of a lost primary"

// hasPromoted says whether a recovery on record was one that makes another server the primary.
func hasPromoted(r *store.Recovery) bool {
	return Promotes(analysis.Code(r.Analysis))
}

// recovery returns the record of a recovery, nil when there is none of that number.
func (l *StoreLedger) recovery(ctx context.Context, id int64) (*store.Recovery, error) {
	if id == 0 {
		return nil, nil
	}
	rows, err := l.store.Recoveries(ctx, store.RecoveryFilter{ID: id})
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0], nil
}

func (l *StoreLedger) row(r *Recovery) store.Recovery {
	f := &r.Finding
	return store.Recovery{
		ID: r.ID, UID: r.UID, Key: f.Key, Analysis: string(f.Code), ClusterName: f.ClusterName, ClusterAlias: f.ClusterAlias,
		Replicas: f.Replicas, CountReplicas: int(f.CountReplicas), DetectionID: r.DetectionID,
		Start: r.Started, End: r.Ended, By: l.node,
		Successful: r.Successful(), Successor: r.Successor, SuccessorAlias: r.SuccessorAlias,
		Lost: r.Lost, Participating: r.Participants, Errors: r.Errors,
	}
}

// ResolveRecovery implements Ledger.
func (l *StoreLedger) ResolveRecovery(ctx context.Context, r *Recovery) error {
	switch there, known, err := l.store.Journal(ctx, r.UID); {
	case err != nil:
		return err
	case known && l.anothers(there):
		return fmt.Errorf("recovery %s: %w", r.UID, ErrTakenUp)
	}
	row := l.row(r)
	return l.store.ResolveRecovery(ctx, &row)
}

// AddStep implements Ledger.
func (l *StoreLedger) AddStep(ctx context.Context, uid string, at time.Time, message string) error {
	return l.store.WriteRecoveryStep(ctx, store.RecoveryStep{UID: uid, At: at, Message: message})
}

// Blocking implements Ledger.
func (l *StoreLedger) Blocking(ctx context.Context, failed topology.Key, cluster string) (*failover.Blocking, error) {
	var found *failover.Blocking
	for _, of := range []store.RecoveryFilter{{ClusterName: cluster, Active: true, All: true}, {Successor: failed, Active: true, All: true}} {
		rows, err := l.store.Recoveries(ctx, of)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			b := &failover.Blocking{ID: r.ID, UID: r.UID, Running: r.End.IsZero(), Promotion: hasPromoted(&r)}
			if b.Running || b.Promotion {
				if !b.Running {
					b.Until = r.Start.Add(l.config().RecoveryPeriodBlock())
				}
				return b, nil
			}
			if found == nil {
				b.Until = r.Start.Add(l.config().RecoveryPeriodBlock())
				found = b
			}
		}
	}
	return found, nil
}

// ClearDetections implements Ledger.
func (l *StoreLedger) ClearDetections(ctx context.Context, key topology.Key) error {
	_, err := l.store.ClearDetections(ctx, key)
	return err
}

// Downtime implements Ledger.
func (l *StoreLedger) Downtime(ctx context.Context, key topology.Key, d topology.Downtime) error {
	return l.store.BeginDowntime(ctx, key, d)
}

// EndDowntime implements Ledger.
func (l *StoreLedger) EndDowntime(ctx context.Context, key topology.Key) error {
	_, err := l.store.EndDowntime(ctx, key)
	return err
}

// BeginMaintenance implements Ledger.
func (l *StoreLedger) BeginMaintenance(ctx context.Context, m topology.Maintenance) (int64, error) {
	return l.store.BeginMaintenance(ctx, m, l.node)
}

// EndMaintenance implements Ledger.
func (l *StoreLedger) EndMaintenance(ctx context.Context, id int64) error {
	_, err := l.store.EndMaintenance(ctx, id)
	return err
}

// RenameCluster implements Ledger: a cluster with an alias keeps it under its new name.
func (l *StoreLedger) RenameCluster(ctx context.Context, from, to, alias string) error {
	err := l.store.RenameCluster(ctx, from, to)
	if alias != "" {
		err = errors.Join(err, l.store.SetAlias(ctx, to, alias))
	}
	return err
}

// PublishPrimary implements Ledger: the internal key-value table, and the attribute that DNS automation reads.
func (l *StoreLedger) PublishPrimary(ctx context.Context, p NewPrimary) error {
	pairs, addresses := l.store.PrimaryPairs(ctx, l.config().KVClusterMasterPrefix, p.Alias, p.Primary)
	now, done, err := l.store.PublishPrimary(ctx, store.Publication{Alias: p.Alias, Primary: p.Primary, Pairs: pairs, Began: p.Began})
	switch {
	case err == nil && !done && p.Alias != "":
		return errors.Join(addresses, fmt.Errorf("a newer recovery has published %s as the primary of %s already", now.Primary, p.Alias))
	case done && l.tell != nil:
		l.tell(ctx, now)
	}
	if p.Domain != "" {
		err = errors.Join(err, l.store.PutHostAttribute(ctx, store.HostAttribute{Hostname: "*", Name: p.Domain, Value: p.Primary.String()}))
	}
	return errors.Join(addresses, err)
}

// Disabled implements Ledger.
func (l *StoreLedger) Disabled(ctx context.Context) (bool, error) {
	return l.store.RecoveryDisabled(ctx)
}

// SwitchedOff implements Ledger.
func (l *StoreLedger) SwitchedOff(ctx context.Context) ([]failover.SwitchedOff, error) {
	rows, err := l.store.SwitchedOffClusters(ctx)
	off := make([]failover.SwitchedOff, 0, len(rows))
	for _, r := range rows {
		off = append(off, failover.SwitchedOff{Cluster: r.Cluster, Owner: r.Owner, Reason: r.Reason, Until: r.End})
	}
	return off, err
}

// Audit implements Ledger.
func (l *StoreLedger) Audit(ctx context.Context, kind string, key topology.Key, cluster, message string) error {
	return l.audit(ctx, kind, key, cluster, message)
}

// Expire implements Ledger.
func (l *StoreLedger) Expire(ctx context.Context) error {
	c := l.config()
	_, e1 := l.store.ExpireDetections(ctx, c.FailureDetectionPeriodBlock())
	_, e2 := l.store.ExpireRecoveries(ctx, c.RecoveryPeriodBlock())
	_, e3 := l.store.ExpireBlockedRecoveries(ctx, 2*time.Second)
	_, e4 := l.store.ExpireClusterSwitches(ctx)
	return errors.Join(e1, e2, e3, e4, l.acknowledgeCrashed(ctx))
}

// acknowledgeCrashed acknowledges the recoveries of processes that are gone, but for those that were begun on servers:
// they are to be finished first. Processes that left such a one count as alive.
func (l *StoreLedger) acknowledgeCrashed(ctx context.Context) error {
	nodes, err := l.alive(ctx)
	if err != nil {
		return err
	}
	crashed, err := l.store.CrashedRecoveries(ctx, nodes)
	if err != nil || len(crashed) == 0 {
		return err
	}
	open, err := l.store.OpenJournals(ctx)
	if err != nil {
		return err
	}
	for _, r := range crashed {
		if slices.ContainsFunc(open, func(j store.JournalEntry) bool { return j.UID == r.UID }) {
			nodes = append(nodes, r.By)
		}
	}
	_, err = l.store.AcknowledgeCrashed(ctx, nodes)
	return err
}

// Acknowledge implements Ledger.
func (l *StoreLedger) Acknowledge(ctx context.Context, uid, comment string) error {
	_, err := l.store.AcknowledgeRecoveries(ctx, store.Acknowledgement{UID: uid, By: "orchestrator", Comment: comment})
	return err
}

// DemotedSince implements Ledger.
func (l *StoreLedger) DemotedSince(ctx context.Context, key topology.Key, since time.Time) (bool, error) {
	replaced, err := l.store.Recoveries(ctx, store.RecoveryFilter{Key: key})
	if err != nil {
		return false, err
	}
	n := slices.IndexFunc(replaced, func(r store.Recovery) bool {
		return r.Successful && r.Successor != key && kindOf(analysis.HandlingOf(analysis.Code(r.Analysis)).Recovery).promotes
	})
	if n < 0 || replaced[n].Start.Before(since) {
		return false, nil
	}
	promoted, err := l.store.Recoveries(ctx, store.RecoveryFilter{Successor: key})
	return err == nil && !slices.ContainsFunc(promoted, func(r store.Recovery) bool { return r.ID > replaced[n].ID }), err
}

// PromotedAt implements Ledger.
func (l *StoreLedger) PromotedAt(ctx context.Context, key topology.Key) (time.Time, error) {
	left, err := l.Unfinished(ctx)
	for _, u := range left {
		if u.Journal.Successor == key {
			return u.Recovery.Started, nil
		}
	}
	promoted, e1 := l.store.Recoveries(ctx, store.RecoveryFilter{Successor: key})
	replaced, e2 := l.store.Recoveries(ctx, store.RecoveryFilter{Key: key})
	if err = errors.Join(err, e1, e2); err != nil {
		return time.Time{}, err
	}
	newest := func(list []store.Recovery) store.Recovery {
		for _, r := range list { // newest first
			if r.Successful && hasPromoted(&r) {
				return r
			}
		}
		return store.Recovery{}
	}
	last := newest(promoted)
	if last.ID <= newest(replaced).ID {
		return time.Time{}, nil
	}
	return last.End, nil
}
