package recovery

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/failover"
	"orchestrator/internal/topology"
)

const (
	// ledgerCritical bounds a call to the ledger that stands between a failure and its repair.
	ledgerCritical = 2 * time.Second
	// ledgerPatience bounds any other call.
	ledgerPatience = 10 * time.Second
	// While the ledger hangs, it is given less time: a recovery makes a dozen calls, and hooks wait for them.
	hangingCritical = 100 * time.Millisecond
	hangingPatience = 500 * time.Millisecond
	// hangsFor is how long a ledger counts as hanging after a call that it did not answer in time.
	hangsFor = 10 * time.Second
)

// bounded is a Ledger that keeps nobody waiting for long: each of its calls has a deadline of its own.
type bounded struct {
	Ledger
	now   func() time.Time
	until atomic.Int64 // Unix nanoseconds; until then the ledger counts as hanging
}

// within makes a call that may take as long as limit, or as hanging while the ledger hangs.
func within[T any](ctx context.Context, b *bounded, limit, hanging time.Duration, call func(context.Context) (T, error)) (T, error) {
	if b.now().UnixNano() < b.until.Load() {
		limit = hanging
	}
	bounded, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("the ledger did not answer within %s", limit))
	defer cancel()
	v, err := call(bounded)
	if err != nil && bounded.Err() != nil {
		if ctx.Err() == nil {
			b.until.Store(b.now().Add(hangsFor).UnixNano())
		}
		err = fmt.Errorf("%w (%w)", context.Cause(bounded), err)
	}
	return v, err
}

func critically[T any](ctx context.Context, b *bounded, call func(context.Context) (T, error)) (T, error) {
	return within(ctx, b, ledgerCritical, hangingCritical, call)
}

func (b *bounded) patiently(ctx context.Context, call func(context.Context) error) error {
	_, err := within(ctx, b, ledgerPatience, hangingPatience, func(ctx context.Context) (struct{}, error) { return struct{}{}, call(ctx) })
	return err
}

func (b *bounded) RegisterDetection(ctx context.Context, f *analysis.Finding, actionable bool) (id int64, fresh bool, err error) {
	id, err = critically(ctx, b, func(ctx context.Context) (int64, error) {
		var (
			id  int64
			err error
		)
		id, fresh, err = b.Ledger.RegisterDetection(ctx, f, actionable)
		return id, err
	})
	return id, fresh, err
}

func (b *bounded) RegisterRecovery(ctx context.Context, r *Recovery, j *Journal) (Block, error) {
	return critically(ctx, b, func(ctx context.Context) (Block, error) { return b.Ledger.RegisterRecovery(ctx, r, j) })
}

func (b *bounded) Disabled(ctx context.Context) (bool, error) {
	return critically(ctx, b, b.Ledger.Disabled)
}

func (b *bounded) SwitchedOff(ctx context.Context) ([]failover.SwitchedOff, error) {
	return critically(ctx, b, b.Ledger.SwitchedOff)
}

func (b *bounded) Blocking(ctx context.Context, failed topology.Key, cluster string) (*failover.Blocking, error) {
	return critically(ctx, b, func(ctx context.Context) (*failover.Blocking, error) { return b.Ledger.Blocking(ctx, failed, cluster) })
}

func (b *bounded) Unfinished(ctx context.Context) ([]Unfinished, error) {
	return critically(ctx, b, b.Ledger.Unfinished)
}

func (b *bounded) DemotedSince(ctx context.Context, key topology.Key, since time.Time) (bool, error) {
	return critically(ctx, b, func(ctx context.Context) (bool, error) { return b.Ledger.DemotedSince(ctx, key, since) })
}

func (b *bounded) SuccessorOf(ctx context.Context, failed topology.Key) (topology.Key, error) {
	return critically(ctx, b, func(ctx context.Context) (topology.Key, error) { return b.Ledger.SuccessorOf(ctx, failed) })
}

func (b *bounded) PromotedAt(ctx context.Context, key topology.Key) (time.Time, error) {
	return critically(ctx, b, func(ctx context.Context) (time.Time, error) { return b.Ledger.PromotedAt(ctx, key) })
}

// ReplacedOnPurpose implements Ledger.
func (b *bounded) ReplacedOnPurpose(ctx context.Context, key topology.Key, now time.Time) (bool, error) {
	return critically(ctx, b, func(ctx context.Context) (bool, error) { return b.Ledger.ReplacedOnPurpose(ctx, key, now) })
}

func (b *bounded) ResolveRecovery(ctx context.Context, r *Recovery) error {
	return b.patiently(ctx, func(ctx context.Context) error { return b.Ledger.ResolveRecovery(ctx, r) })
}

func (b *bounded) AddStep(ctx context.Context, uid string, at time.Time, message string) error {
	return b.patiently(ctx, func(ctx context.Context) error { return b.Ledger.AddStep(ctx, uid, at, message) })
}

func (b *bounded) SaveProgress(ctx context.Context, uid string, j *Journal) error {
	_, err := critically(ctx, b, func(ctx context.Context) (struct{}, error) { return struct{}{}, b.Ledger.SaveProgress(ctx, uid, j) })
	return err
}

func (b *bounded) TakeUp(ctx context.Context, u *Unfinished, j *Journal) error {
	_, err := critically(ctx, b, func(ctx context.Context) (struct{}, error) { return struct{}{}, b.Ledger.TakeUp(ctx, u, j) })
	return err
}

func (b *bounded) CloseJournal(ctx context.Context, uid string) error {
	return b.patiently(ctx, func(ctx context.Context) error { return b.Ledger.CloseJournal(ctx, uid) })
}

func (b *bounded) Acknowledge(ctx context.Context, uid, comment string) error {
	return b.patiently(ctx, func(ctx context.Context) error { return b.Ledger.Acknowledge(ctx, uid, comment) })
}

func (b *bounded) NoteLoss(ctx context.Context, l Loss) error {
	return b.patiently(ctx, func(ctx context.Context) error { return b.Ledger.NoteLoss(ctx, l) })
}

func (b *bounded) ClearDetections(ctx context.Context, key topology.Key) error {
	return b.patiently(ctx, func(ctx context.Context) error { return b.Ledger.ClearDetections(ctx, key) })
}

func (b *bounded) Downtime(ctx context.Context, key topology.Key, d topology.Downtime) error {
	return b.patiently(ctx, func(ctx context.Context) error { return b.Ledger.Downtime(ctx, key, d) })
}

func (b *bounded) EndDowntime(ctx context.Context, key topology.Key) error {
	return b.patiently(ctx, func(ctx context.Context) error { return b.Ledger.EndDowntime(ctx, key) })
}

func (b *bounded) RenameCluster(ctx context.Context, from, to, alias string) error {
	return b.patiently(ctx, func(ctx context.Context) error { return b.Ledger.RenameCluster(ctx, from, to, alias) })
}

func (b *bounded) PublishPrimary(ctx context.Context, p NewPrimary) error {
	return b.patiently(ctx, func(ctx context.Context) error {
		return b.Ledger.PublishPrimary(ctx, p)
	})
}

func (b *bounded) Audit(ctx context.Context, kind string, key topology.Key, cluster, message string) error {
	return b.patiently(ctx, func(ctx context.Context) error { return b.Ledger.Audit(ctx, kind, key, cluster, message) })
}

func (b *bounded) Expire(ctx context.Context) error {
	return b.patiently(ctx, b.Ledger.Expire)
}
