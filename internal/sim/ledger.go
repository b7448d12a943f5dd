package sim

import (
	"context"
	"errors"
	"slices"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/failover"
	"orchestrator/internal/recovery"
	"orchestrator/internal/topology"
)

// ledger is one manager's access to the records: a recovery.Ledger with the rules of recovery.StoreLedger.
type ledger struct{ m *Manager }

func (m *Manager) ledger() ledger { return ledger{m} }

// RegisterDetection implements recovery.Ledger.
func (l ledger) RegisterDetection(ctx context.Context, f *analysis.Finding, actionable bool) (id int64, fresh bool, err error) {
	err = l.m.consult(ctx, 50, true, func(b *backend) error {
		for _, d := range b.detections {
			if d.active && d.key == f.Key && d.actionable == actionable {
				id, fresh = d.id, false
				return nil
			}
		}
		id, fresh = int64(len(b.detections)+1), true
		b.detections = append(b.detections, &detection{id: id, key: f.Key, code: f.Code, actionable: actionable, active: true, at: b.w.now()})
		return nil
	})
	return id, fresh, err
}

// RegisterRecovery implements recovery.Ledger.
func (l ledger) RegisterRecovery(ctx context.Context, r *recovery.Recovery, j *recovery.Journal) (block recovery.Block, err error) {
	id := int64(0)
	err = l.m.consult(ctx, 51, true, func(b *backend) error {
		if known := b.row(r.UID); known != nil {
			id = known.ID
			return nil
		}
		for n, o := range slices.Backward(b.recoveries) {
			switch {
			case !o.active:
			case r.Forced && o.ended && o.Finding.Key == r.Finding.Key:
				o.active, o.acked = false, true
				continue
			case r.Forced && o.Finding.Key != r.Finding.Key:
				continue
			case o.Successor == r.Finding.Key && !r.Forced:
				block = recovery.Block{By: int64(n + 1), Reason: "it was promoted a short while ago"}
			case o.Finding.ClusterName == r.Finding.ClusterName:
				block = recovery.Block{By: int64(n + 1), Reason: "the cluster was recovered a short while ago"}
			case o.Finding.Key == r.Finding.Key:
				block = recovery.Block{By: int64(n + 1), Reason: "active or recent recovery"}
			}
			if block.Blocked() {
				return nil
			}
		}
		id = int64(len(b.recoveries) + 1)
		copied := *r
		copied.ID = id
		b.recoveries = append(b.recoveries, &row{Recovery: copied, by: l.m.id, active: true, at: b.w.now()})
		if j != nil {
			b.put(r.UID, l.m.id, j)
		}
		return nil
	})
	if err == nil && id != 0 {
		r.ID = id
	}
	return block, err
}

var errNoRecord = errors.New("there is no record of the recovery")

// ResolveRecovery implements recovery.Ledger.
func (l ledger) ResolveRecovery(ctx context.Context, r *recovery.Recovery) error {
	copied := *r
	return l.m.consult(ctx, 52, true, func(b *backend) error {
		o := b.row(copied.UID)
		if o == nil {
			return errNoRecord
		}
		if j := b.journal(copied.UID); j != nil && j.by != l.m.id {
			return recovery.ErrTakenUp
		}
		o.ended, o.successful = true, copied.Successful()
		o.Successor, o.Lost, o.Participants, o.Errors, o.Ended = copied.Successor, copied.Lost, copied.Participants, copied.Errors, copied.Ended
		return nil
	})
}

// AddStep implements recovery.Ledger.
func (l ledger) AddStep(ctx context.Context, uid string, _ time.Time, message string) error {
	return l.m.consult(ctx, 53, true, func(b *backend) error {
		b.steps = append(b.steps, note{at: b.w.now(), uid: uid, text: message})
		b.w.tell(l.m.node, decided, message)
		return nil
	})
}

// SaveProgress implements recovery.Ledger.
func (l ledger) SaveProgress(ctx context.Context, uid string, j *recovery.Journal) error {
	return l.put(ctx, uid, j, func(there *journal) bool { return there.by != l.m.id })
}

// TakeUp implements recovery.Ledger.
func (l ledger) TakeUp(ctx context.Context, u *recovery.Unfinished, j *recovery.Journal) error {
	return l.put(ctx, u.Recovery.UID, j, func(there *journal) bool { return recovery.Node(there.by) != u.Journal.By })
}

// put keeps a journal, unless the one that is there is closed or another's.
func (l ledger) put(ctx context.Context, uid string, j *recovery.Journal, taken func(there *journal) bool) error {
	return l.m.consult(ctx, 54, true, func(b *backend) error {
		if there := b.journal(uid); there != nil && (!there.open || taken(there)) {
			return recovery.ErrTakenUp
		}
		b.put(uid, l.m.id, j)
		return nil
	})
}

// CloseJournal implements recovery.Ledger.
func (l ledger) CloseJournal(ctx context.Context, uid string) error {
	return l.m.consult(ctx, 55, true, func(b *backend) error {
		switch j := b.journal(uid); {
		case j == nil:
		case j.open && j.by != l.m.id:
			return recovery.ErrTakenUp
		default:
			j.open = false
		}
		return nil
	})
}

// Unfinished implements recovery.Ledger.
func (l ledger) Unfinished(ctx context.Context) (found []recovery.Unfinished, err error) {
	err = l.m.consult(ctx, 56, false, func(b *backend) error {
		found = nil
		for _, j := range b.journals {
			if j.open {
				found = append(found, l.unfinished(b, j))
			}
		}
		return nil
	})
	return found, err
}

func (l ledger) unfinished(b *backend, j *journal) recovery.Unfinished {
	u := recovery.Unfinished{Journal: j.state}
	u.Journal.Steps, u.Journal.By = slices.Clone(j.state.Steps), recovery.Node(j.by)
	p := &u.Journal.Plan
	r := &u.Recovery
	r.UID, r.Started, r.Plan = j.uid, j.updated, *p
	r.Finding = analysis.Finding{Key: p.Failed, Code: analysis.Code(p.Operation), ClusterName: p.Cluster, ClusterAlias: p.Cluster}
	if o := b.row(j.uid); o != nil {
		r.ID, r.DetectionID, r.Started = o.ID, o.DetectionID, o.Started
		f, was := &r.Finding, &o.Finding
		f.Key, f.Code, f.ClusterName, f.ClusterAlias = was.Key, was.Code, was.ClusterName, was.ClusterAlias
		f.Replicas, f.CountReplicas = slices.Clone(was.Replicas), was.CountReplicas
	}
	u.Own = j.by == l.m.id
	u.Running = b.alive(j.by) && !u.Journal.GivenUp
	u.Derive(l.m.w.config)
	return u
}

// DemotedSince implements recovery.Ledger.
func (l ledger) DemotedSince(ctx context.Context, key topology.Key, since time.Time) (demoted bool, err error) {
	err = l.m.consult(ctx, 57, false, func(b *backend) error {
		demoted = false
		for n, o := range slices.Backward(b.recoveries) {
			if o.Finding.Key != key || !o.successful || o.Successor == key || !promotes(o.Finding.Code) {
				continue
			}
			demoted = !o.Started.Before(since) && !slices.ContainsFunc(b.recoveries[n+1:], func(p *row) bool { return p.Successor == key })
			return nil
		}
		return nil
	})
	return demoted, err
}

// promotes says whether a recovery from the failure ends with another primary.
func promotes(c analysis.Code) bool {
	switch analysis.HandlingOf(c).Recovery {
	case analysis.RecoverPrimary, analysis.RecoverCoPrimary, analysis.NoRecovery, analysis.DetectOnly:
		return true
	}
	return false
}

// ReplacedOnPurpose implements recovery.Ledger. Whether it was is not modelled: a replica that was only begun to be made
// stays as it is.
func (ledger) ReplacedOnPurpose(context.Context, topology.Key, time.Time) (bool, error) {
	return true, nil
}

// PromotedAt implements recovery.Ledger.
func (l ledger) PromotedAt(ctx context.Context, key topology.Key) (at time.Time, err error) {
	err = l.m.consult(ctx, 68, false, func(b *backend) error {
		at = time.Time{}
		for _, j := range b.journals {
			if j.open && j.state.Successor == key {
				at = j.updated
				if o := b.row(j.uid); o != nil {
					at = o.Started
				}
				return nil
			}
		}
		for _, o := range slices.Backward(b.recoveries) {
			switch {
			case !o.successful || !promotes(o.Finding.Code):
			case o.Finding.Key == key && o.Successor != key:
				return nil
			case o.Successor == key:
				at = o.Ended
				return nil
			}
		}
		return nil
	})
	return at, err
}

// NoteLoss implements recovery.Ledger: what was lost is judged by the histories themselves.
func (l ledger) NoteLoss(context.Context, recovery.Loss) error { return nil }

// Acknowledge implements recovery.Ledger.
func (l ledger) Acknowledge(ctx context.Context, uid, _ string) error {
	return l.m.consult(ctx, 58, true, func(b *backend) error {
		if o := b.row(uid); o != nil {
			o.active, o.acked = false, true
		}
		return nil
	})
}

// Blocking implements recovery.Ledger.
func (l ledger) Blocking(context.Context, topology.Key, string) (*failover.Blocking, error) {
	return nil, nil
}

// ClearDetections implements recovery.Ledger.
func (l ledger) ClearDetections(ctx context.Context, key topology.Key) error {
	return l.m.consult(ctx, 59, true, func(b *backend) error {
		for _, d := range b.detections {
			d.active = d.active && d.key != key
		}
		return nil
	})
}

// Downtime implements recovery.Ledger.
func (l ledger) Downtime(ctx context.Context, key topology.Key, d topology.Downtime) error {
	return l.m.consult(ctx, 60, true, func(b *backend) error {
		b.downtimes[key] = d
		return nil
	})
}

// EndDowntime implements recovery.Ledger.
func (l ledger) EndDowntime(ctx context.Context, key topology.Key) error {
	return l.m.consult(ctx, 61, true, func(b *backend) error {
		delete(b.downtimes, key)
		return nil
	})
}

// BeginMaintenance implements recovery.Ledger. Nothing is rebuilt here.
func (l ledger) BeginMaintenance(context.Context, topology.Maintenance) (int64, error) {
	return 0, errors.ErrUnsupported
}

// EndMaintenance implements recovery.Ledger.
func (l ledger) EndMaintenance(context.Context, int64) error { return errors.ErrUnsupported }

// RenameCluster implements recovery.Ledger.
func (l ledger) RenameCluster(ctx context.Context, _, _, _ string) error {
	return l.m.consult(ctx, 62, true, func(*backend) error { return nil })
}

// PublishPrimary implements recovery.Ledger.
func (l ledger) PublishPrimary(ctx context.Context, p recovery.NewPrimary) error {
	return l.m.consult(ctx, 63, true, func(b *backend) error {
		b.primaries[p.Cluster] = p.Primary
		return nil
	})
}

// Disabled implements recovery.Ledger.
func (l ledger) Disabled(ctx context.Context) (disabled bool, err error) {
	err = l.m.consult(ctx, 64, false, func(b *backend) error {
		disabled = b.disabled
		return nil
	})
	return disabled, err
}

// SwitchedOff implements recovery.Ledger: nobody switches the recoveries of one cluster off here.
func (l ledger) SwitchedOff(context.Context) ([]failover.SwitchedOff, error) { return nil, nil }

// Audit implements recovery.Ledger.
func (l ledger) Audit(ctx context.Context, kind string, key topology.Key, _, message string) error {
	return l.m.consult(ctx, 65, true, func(b *backend) error {
		b.audits = append(b.audits, note{at: b.w.now(), kind: kind, key: key, text: message})
		return nil
	})
}

// Expire implements recovery.Ledger.
func (l ledger) Expire(ctx context.Context) error {
	return l.m.consult(ctx, 66, true, func(b *backend) error {
		c := b.w.config
		for _, d := range b.detections {
			d.active = d.active && b.w.now()-d.at < c.FailureDetectionPeriodBlock()
		}
		for _, o := range b.recoveries {
			o.active = o.active && b.w.now()-o.at < c.RecoveryPeriodBlock()
			if j := b.journal(o.UID); o.active && !o.ended && !b.alive(o.by) && (j == nil || !j.open) {
				o.active, o.acked, o.ended = false, true, true
			}
		}
		return nil
	})
}

// SuccessorOf tells who replaced a primary.
func (l ledger) SuccessorOf(ctx context.Context, failed topology.Key) (to topology.Key, err error) {
	err = l.m.consult(ctx, 67, false, func(b *backend) error {
		to = topology.Key{}
		for _, o := range slices.Backward(b.recoveries) {
			if o.Finding.Key == failed && o.successful {
				to = o.Successor
				return nil
			}
		}
		return nil
	})
	return to, err
}
