package recovery

import (
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

	Started, Ended time.Time
	Plan           plan.Plan // with the state and times of each step

	Successor            topology.Key // zero when nobody was promoted
	SuccessorAlias       string
	SuccessorCoordinates topology.Coordinates
	Lost                 []topology.Key
	Participants         []topology.Key
	Errors               []string

	unregistered bool // it could not be registered when it began
	unresolved   bool // its end could not be noted yet
}

// Successful says whether a successor was promoted.
func (r *Recovery) Successful() bool { return !r.Successor.IsZero() }

// Type is the recovery's kind in the words of the API.
func (r *Recovery) Type() string {
	switch analysis.HandlingOf(r.Finding.Code).Recovery {
	case analysis.RecoverPrimary:
		return "MasterRecovery"
	case analysis.RecoverCoPrimary:
		return "CoMasterRecovery"
	case analysis.RecoverIntermediate:
		return "IntermediateMasterRecovery"
	case analysis.RecoverGroupMember:
		return "ReplicationGroupMemberRecovery"
	}
	return ""
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
