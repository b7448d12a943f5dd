package recovery

import (
	"context"
	"errors"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/config"
	"orchestrator/internal/failover"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// Ledger is where decisions and their course are written down, so that other nodes, the next process and people find
// them. Its errors never stop a recovery that has begun; they are reported.
type Ledger interface {
	// RegisterDetection notes a failure. fresh is false when the same failure is on record as active already; then id
	// is that of the active one.
	RegisterDetection(ctx context.Context, f *analysis.Finding, actionable bool) (id int64, fresh bool, err error)
	// RegisterRecovery notes the beginning of a recovery and, at the same moment, its journal, unless an active or recent
	// one forbids it; a nil journal is none. On success it sets r.ID.
	RegisterRecovery(ctx context.Context, r *Recovery, j *Journal) (Block, error)
	// ResolveRecovery notes the end of a recovery. Its journal stays open until CloseJournal. The error is ErrTakenUp where
	// another process has taken the recovery up.
	ResolveRecovery(ctx context.Context, r *Recovery) error
	// AddStep notes a line of a recovery's log.
	AddStep(ctx context.Context, uid string, at time.Time, message string) error
	// SaveProgress keeps the journal of a recovery where the next leader finds it, open and as that of this process. One
	// that was closed, or that another process has taken up, stays as it is: the error is ErrTakenUp then.
	SaveProgress(ctx context.Context, uid string, j *Journal) error
	// TakeUp makes this process the one that carries on with a recovery, and j its journal. The error is ErrTakenUp where
	// another one has done so since it was found unfinished.
	TakeUp(ctx context.Context, u *Unfinished, j *Journal) error
	// CloseJournal marks a recovery as one that nobody has to finish. It is no error when there is no journal; it is
	// ErrTakenUp when that is another process's.
	CloseJournal(ctx context.Context, uid string) error
	// Unfinished returns the recoveries whose journals are open, oldest first. Those that can be read are returned
	// along with the error about the others.
	Unfinished(ctx context.Context) ([]Unfinished, error)
	// DemotedSince says whether the last thing that happened to a server as a primary, since the given time, is that
	// another one was promoted in its place.
	DemotedSince(ctx context.Context, key topology.Key, since time.Time) (bool, error)
	// SuccessorOf returns the server that the newest successful recovery of the failed one promoted; the zero Key when
	// there is none.
	SuccessorOf(ctx context.Context, failed topology.Key) (topology.Key, error)
	// ReplacedOnPurpose says whether the newest recovery of a server was a planned takeover. It fails while that cannot be
	// told yet.
	ReplacedOnPurpose(ctx context.Context, key topology.Key, now time.Time) (bool, error)
	// PromotedAt says when the recovery ended that promoted a server, if that is the last thing that happened to it as a
	// primary; the zero time if it is not. Of a recovery that has not been finished it is its beginning.
	PromotedAt(ctx context.Context, key topology.Key) (time.Time, error)
	// NoteLoss notes what was lost with a primary, with the newest recovery that replaced it; not where that was a planned
	// takeover. The error is ErrNotCounted where the server that was asked is not known to be the one that failed.
	NoteLoss(ctx context.Context, l Loss) error
	// Acknowledge lifts the block of one recovery, in this program's own name.
	Acknowledge(ctx context.Context, uid, comment string) error
	// Blocking returns the recovery that would keep one of this server or this cluster from beginning by itself, nil
	// when there is none; of several one that runs or has promoted comes first.
	Blocking(ctx context.Context, failed topology.Key, cluster string) (*failover.Blocking, error)
	// ClearDetections ends the active detections of a server.
	ClearDetections(ctx context.Context, key topology.Key) error

	// Downtime begins a server's downtime.
	Downtime(ctx context.Context, key topology.Key, d topology.Downtime) error
	// BeginMaintenance locks a server for everybody else until EndMaintenance is told the lock's number, or m.End has come.
	BeginMaintenance(ctx context.Context, m topology.Maintenance) (id int64, err error)
	// EndMaintenance ends it.
	EndMaintenance(ctx context.Context, id int64) error
	// EndDowntime ends the downtime.
	EndDowntime(ctx context.Context, key topology.Key) error
	// RenameCluster moves alias and overrides of a cluster to its new name.
	RenameCluster(ctx context.Context, from, to, alias string) error
	// PublishPrimary notes who the primary of a cluster is, for those who look it up. A recovery that began before another
	// one that has done so comes too late, and that is an error.
	PublishPrimary(ctx context.Context, c NewPrimary) error

	// Disabled says whether automatic recoveries are switched off globally. Who cannot read the switch must take it
	// as off.
	Disabled(ctx context.Context) (bool, error)
	// SwitchedOff lists the clusters whose automatic recoveries are switched off at this moment.
	SwitchedOff(ctx context.Context) ([]failover.SwitchedOff, error)
	// Audit notes something that was done to a server.
	Audit(ctx context.Context, kind string, key topology.Key, cluster, message string) error
	// Expire ends what has had its time: active periods, blocks, recoveries of processes that are gone. Recoveries
	// whose journal is open are left to who finishes them.
	Expire(ctx context.Context) error
}

// ErrTakenUp is in the chain of errors about a recovery that another process carries on with, or has brought to its end.
var ErrTakenUp = errors.New("another process has taken the recovery up")

// NewPrimary is what a recovery tells the world.
type NewPrimary struct {
	Cluster, Alias, Domain string // after it; Alias and Domain may be empty
	Primary                topology.Key
	Began                  time.Time // when the recovery did
}

// Journal is how far a recovery has come, and what who carries on must know beside it.
type Journal struct {
	plan.Plan
	By    Node `json:"by,omitzero"`     // the process that works on it; the ledger fills it in
	Hooks bool `json:"hooks,omitempty"` // its hooks are to be run
	// Begun is how many hooks of each list have begun, by configuration key, and Ended how many of them are known to have
	// ended. A hook that has begun is not run again by who carries on: it outlives the manager that started it.
	Begun   map[string]int `json:"begun,omitempty"`
	Ended   map[string]int `json:"ended,omitempty"`
	Veto    string         `json:"veto,omitempty"`     // what a hook said that forbids the recovery
	Command string         `json:"command,omitempty"`  // by which a person asked for it, as hooks know it
	ByHand  bool           `json:"by_hand,omitempty"`  // a person asked for it, by whichever command
	Asked   string         `json:"asked,omitempty"`    // who that was, where the service knows its users
	GivenUp bool           `json:"given_up,omitempty"` // the process that ran it lives and will not finish it
	// OpenAt is where the successor's own binary log stands when it is opened for writing. It is written down before
	// that where replicas find their place by file and position, because nobody can find it out afterwards.
	OpenAt topology.Coordinates `json:"open_at,omitzero"`
	Found  Found                `json:"found,omitzero"`
}

// Unfinished is a recovery that is not finished on record.
type Unfinished struct {
	Recovery Recovery // as far as it was recorded
	Journal  Journal
	Running  bool // the process that runs it is alive and has not given it up
	Own      bool // that process is this one

	replaced bool // its successor was replaced in turn since
}

// Derive fills in what follows, under a configuration, from what is on record of a recovery. Every Ledger calls it for those
// that it returns.
func (u *Unfinished) Derive(c *config.Config) {
	f := &u.Recovery.Finding
	switch analysis.HandlingOf(f.Code).Recovery {
	case analysis.RecoverIntermediate:
	case analysis.RecoverCoPrimary:
		f.IsCoPrimary = true
	case analysis.RecoverGroupMember:
		f.IsGroupMember = true
	default:
		f.IsPrimary = true
	}
	f.ClusterDomain = f.ClusterName
	f.AutomatedPrimaryRecovery = c.RecoverPrimaryClusters().Match(f.ClusterName, f.ClusterAlias)
	f.AutomatedIntermediateRecovery = c.RecoverIntermediateClusters().Match(f.ClusterName, f.ClusterAlias)
	u.Recovery.Participants = participants(&u.Journal.Plan)
}

// Block says why a recovery may not begin; the zero Block lets it begin.
type Block struct {
	By     int64     // the recovery in the way; 0 when none is
	Reason string    // "" when nothing is in the way
	Until  time.Time // when it ends by itself; zero when it does not, or that is not known
}

// Blocked says whether something is in the way.
func (b Block) Blocked() bool { return b.Reason != "" }
