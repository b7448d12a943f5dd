package recovery

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// Recovery is one recovery, from its registration on.
type Recovery struct {
	ID          int64 // of the ledger; 0 when it could not be written there
	UID         string
	DetectionID int64
	Finding     analysis.Finding
	Forced      bool
	ByHand      bool   // a person asked for it
	Asked       string // who that was; "" when nobody was asked for a name

	Started, Ended time.Time
	Plan           plan.Plan // with the state and times of each step

	Successor            topology.Key // zero when it failed
	SuccessorAlias       string
	SuccessorCoordinates topology.Coordinates
	Lost                 []topology.Key
	Participants         []topology.Key
	Errors               []string

	unregistered bool // it could not be registered when it began
	unresolved   bool // its end could not be noted yet
	owed         []debt
	notBack      []topology.Key // servers that could not be pointed back when it was undone

	views []NodeView // of the other managers, on the failure
	begun Found      // what it began with

	silent bool // the failed server did not answer when it was found failed

	course
}

// Successful says whether there is a successor: the server that was promoted, that took the replicas, or that was
// repaired where it stands.
func (r *Recovery) Successful() bool { return !r.Successor.IsZero() }

// caller is on whose behalf something is done; "" when that is not known.
func (e *Engine) caller(ctx context.Context) string {
	if e.o.Caller == nil {
		return ""
	}
	return e.o.Caller(ctx)
}

// Type is the recovery's kind in the words of the API, which has none for those that repair a primary where it stands.
func (r *Recovery) Type() string {
	if !analysis.Actionable(r.Finding.Code) {
		return ""
	}
	return r.kind().apiType
}

// Method is how replicas are moved, in the words of the API.
func (r *Recovery) Method() string {
	f := &r.Finding
	switch {
	case !f.IsPrimary && !f.IsCoPrimary:
		return "NotMasterRecovery"
	case f.OracleGTIDTopology || f.MariaDBGTIDTopology:
		return "MasterRecoveryGTID"
	case f.BinlogServerTopology:
		return "MasterRecoveryBinlogServer"
	}
	return "MasterRecoveryPseudoGTID"
}

// newUID makes the identity of a recovery that is the same on all nodes: `<unix nanoseconds>:<64 hex digits>`.
func newUID(now time.Time) string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails, as documented
	return fmt.Sprintf("%d:%s", now.UnixNano(), hex.EncodeToString(b[:]))
}
