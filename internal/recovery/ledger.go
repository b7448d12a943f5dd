package recovery

import (
	"context"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// Ledger is where decisions and their course are written down, so that other nodes, the next process and people find
// them. Its errors never stop a recovery that has begun; they are reported.
type Ledger interface {
	// RegisterDetection notes a failure. fresh is false when the same failure is on record as active already; then id
	// is that of the active one.
	RegisterDetection(ctx context.Context, f *analysis.Finding, actionable bool) (id int64, fresh bool, err error)
	// RegisterRecovery notes the beginning of a recovery, unless an active or recent one forbids it. On success it
	// sets r.ID.
	RegisterRecovery(ctx context.Context, r *Recovery) (Block, error)
	// ResolveRecovery notes the end of a recovery.
	ResolveRecovery(ctx context.Context, r *Recovery) error
	// AddStep notes a line of a recovery's log.
	AddStep(ctx context.Context, uid string, at time.Time, message string) error
	// SaveProgress keeps a plan with the state of its steps where the next leader finds it.
	SaveProgress(ctx context.Context, uid string, p *plan.Plan) error
	// ClearDetections ends the active detections of a server.
	ClearDetections(ctx context.Context, key topology.Key) error

	// Downtime begins a server's downtime.
	Downtime(ctx context.Context, key topology.Key, d topology.Downtime) error
	// EndDowntime ends it.
	EndDowntime(ctx context.Context, key topology.Key) error
	// RenameCluster moves alias and overrides of a cluster to its new name.
	RenameCluster(ctx context.Context, from, to, alias string) error
	// PublishPrimary notes who the primary of a cluster is, for those who look it up.
	PublishPrimary(ctx context.Context, cluster, alias, domain string, primary topology.Key) error

	// Disabled says whether automatic recoveries are switched off globally. Who cannot read the switch must take it
	// as off.
	Disabled(ctx context.Context) (bool, error)
	// Audit notes something that was done to a server.
	Audit(ctx context.Context, kind string, key topology.Key, cluster, message string) error
	// Expire ends what has had its time: active periods, blocks, recoveries of processes that are gone.
	Expire(ctx context.Context) error
}

// Block says why a recovery may not begin; the zero Block lets it begin.
type Block struct {
	By     int64  // the recovery in the way; 0 when none is
	Reason string // "" when nothing is in the way
}

// Blocked says whether something is in the way.
func (b Block) Blocked() bool { return b.Reason != "" }
