package recovery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/config"
	"orchestrator/internal/plan"
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
}

// NewStoreLedger returns the ledger in the backend database. alive lists the nodes whose recoveries count as running.
// What is audited goes to the backend if AuditToBackendDB says so; see AuditTo.
func NewStoreLedger(s *store.Store, n Node, c func() *config.Config, alive func(context.Context) ([]store.Node, error)) *StoreLedger {
	l := &StoreLedger{store: s, node: store.Node{Hostname: n.Hostname, Token: n.Token}, config: c, alive: alive}
	l.audit = l.auditToBackend
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
func (l *StoreLedger) RegisterRecovery(ctx context.Context, r *Recovery) (Block, error) {
	row := l.row(r)
	reg, err := l.store.RegisterRecovery(ctx, &row, r.Forced)
	if err != nil {
		return Block{}, err
	}
	r.ID = row.ID
	if reg.Outcome == store.Registered {
		return Block{}, nil
	}
	reason := reg.Outcome.String()
	if reg.Blocking != 0 {
		reason += fmt.Sprintf(" (recovery %d); acknowledge it, or wait until RecoveryPeriodBlockSeconds (%s) have passed since it began",
			reg.Blocking, l.config().RecoveryPeriodBlock())
	}
	return Block{By: reg.Blocking, Reason: reason}, nil
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
	row := l.row(r)
	return errors.Join(l.store.ResolveRecovery(ctx, &row), l.closeJournal(ctx, r.UID))
}

// AddStep implements Ledger.
func (l *StoreLedger) AddStep(ctx context.Context, uid string, at time.Time, message string) error {
	return l.store.WriteRecoveryStep(ctx, store.RecoveryStep{UID: uid, At: at, Message: message})
}

// SaveProgress implements Ledger.
func (l *StoreLedger) SaveProgress(ctx context.Context, uid string, p *plan.Plan) error {
	state, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("journal of recovery %s: %w", uid, err)
	}
	step := 0
	for _, s := range p.Steps {
		if s.State != plan.Waiting {
			step = max(step, s.N)
		}
	}
	return l.store.PutJournal(ctx, store.JournalEntry{UID: uid, Cluster: p.Cluster, Step: step, State: string(state), Open: true})
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

// RenameCluster implements Ledger: a cluster with an alias keeps it under its new name.
func (l *StoreLedger) RenameCluster(ctx context.Context, from, to, alias string) error {
	err := l.store.RenameCluster(ctx, from, to)
	if alias != "" {
		err = errors.Join(err, l.store.SetAlias(ctx, to, alias))
	}
	return err
}

// PublishPrimary implements Ledger: the internal key-value table, and the attribute that DNS automation reads.
func (l *StoreLedger) PublishPrimary(ctx context.Context, _, alias, domain string, primary topology.Key) error {
	var errs []error
	if domain != "" {
		errs = append(errs, l.store.PutHostAttribute(ctx, store.HostAttribute{Hostname: "*", Name: domain, Value: primary.String()}))
	}
	if alias == "" {
		return errors.Join(errs...)
	}
	key := strings.TrimPrefix(l.config().KVClusterMasterPrefix+alias, "/")
	pairs := []store.KV{
		{Key: key, Value: primary.String()},
		{Key: key + "/hostname", Value: primary.Hostname},
		{Key: key + "/port", Value: strconv.Itoa(primary.Port)},
	}
	ips, ok, err := l.store.HostIPs(ctx, primary.Hostname)
	errs = append(errs, err)
	if ok {
		pairs = append(pairs, store.KV{Key: key + "/ipv4", Value: ips.IPv4}, store.KV{Key: key + "/ipv6", Value: ips.IPv6})
	}
	for _, p := range pairs {
		errs = append(errs, l.store.PutKV(ctx, p))
	}
	return errors.Join(errs...)
}

// Disabled implements Ledger.
func (l *StoreLedger) Disabled(ctx context.Context) (bool, error) {
	return l.store.RecoveryDisabled(ctx)
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
	nodes, e4 := l.alive(ctx)
	if e4 == nil {
		_, e4 = l.store.AcknowledgeCrashed(ctx, nodes)
	}
	return errors.Join(e1, e2, e3, e4)
}

// closeJournal marks a recovery as one that nobody has to finish.
func (l *StoreLedger) closeJournal(ctx context.Context, uid string) error {
	entry, ok, err := l.store.Journal(ctx, uid)
	if err != nil || !ok {
		return err
	}
	entry.Open = false
	return l.store.PutJournal(ctx, entry)
}
