package analysis

// Recovery is the kind of repair that a failure calls for.
type Recovery int

// The kinds of repair.
const (
	NoRecovery          Recovery = iota // nothing is registered, no hooks
	DetectOnly                          // registered as a detection, hooks run, nothing is repaired
	RecoverPrimary                      // promote a replica of a dead primary
	RecoverCoPrimary                    // promote in place of a dead co-primary
	RecoverIntermediate                 // move the replicas of a dead intermediate source
	RecoverGroupMember                  // move the replicas of a dead group member
	RecoverSemiSync                     // enable or disable semi-sync on replicas
	RecoverNonWriteable                 // make a read-only primary writable
	RecoverUnwritable                   // close a primary that lives and cannot write, and promote a replica
)

// Handling is what a failure code calls for.
type Handling struct {
	Recovery Recovery
	// HeldBackInGrace says that the repair waits, and the failure is only detected, while the server is in the
	// grace period that follows an emergency restart of its replicas.
	HeldBackInGrace bool
}

// Detected says whether the failure is registered as a detection.
func (h Handling) Detected() bool { return h.Recovery != NoRecovery }

// Actionable says whether the failure is repaired.
func (h Handling) Actionable() bool { return h.Recovery > DetectOnly }

// InGrace is the handling while the server is in its grace period.
func (h Handling) InGrace() Handling {
	if h.HeldBackInGrace {
		return Handling{Recovery: DetectOnly}
	}
	return h
}

// HandlingOf returns what the code calls for. Codes without a plan, and those that are no failure codes, get the
// zero Handling.
func HandlingOf(c Code) Handling {
	switch c {
	case DeadPrimary, DeadPrimaryAndSomeReplicas:
		return Handling{Recovery: RecoverPrimary, HeldBackInGrace: true}
	case LockedSemiSyncPrimary:
		return Handling{Recovery: RecoverSemiSync, HeldBackInGrace: true}
	case PrimaryWithTooManySemiSync:
		return Handling{Recovery: RecoverSemiSync}
	case NoWriteablePrimary:
		return Handling{Recovery: RecoverNonWriteable}
	case DeadCoPrimary, DeadCoPrimaryAndSomeReplicas:
		return Handling{Recovery: RecoverCoPrimary}
	case DeadIntermediateSingleReplicaFailing, DeadIntermediate, DeadIntermediateAndSomeReplicas,
		AllIntermediateReplicasFailingOrDead:
		return Handling{Recovery: RecoverIntermediate}
	case DeadGroupMemberWithReplicas:
		return Handling{Recovery: RecoverGroupMember}
	case PrimaryDiskFull, PrimaryFileSystemReadOnly, PrimaryCommitsStalled, PrimaryWritesLocked, PrimaryConnectionsUsedUp,
		PrimaryWriteCheckFails: // where the policy asks for it: Policy.FailoverCode
		return Handling{Recovery: RecoverUnwritable}
	case DeadPrimaryAndReplicas, DeadIntermediateAndReplicas, UnreachablePrimary, UnreachablePrimaryWithLagging,
		AllPrimaryReplicasNotReplicating, AllPrimaryReplicasStoppedOrDead, UnreachableIntermediateWithLagging:
		return Handling{Recovery: DetectOnly}
	}
	return Handling{}
}

// Actionable says whether the code has an automated repair.
func Actionable(c Code) bool { return HandlingOf(c).Actionable() }

// Emergency is something to do at once, every time that a code is seen, to make the evidence fresher.
type Emergency int

// The emergency operations.
const (
	ReprobeServer    Emergency = iota + 1 // probe the server itself
	ReprobeReplicas                       // probe its replicas, and those below binlog servers
	ReprobeSource                         // probe the server's source
	RestartReceivers                      // make its replicas reconnect, those by MariaDB GTID excepted; begins the grace period
	RecordStale                           // note the server's binary log position as a candidate for standing still
)

// ChangesServers says whether the operation does more than look.
func (e Emergency) ChangesServers() bool { return e == RestartReceivers }

// EmergencyOf returns the emergency operations of a code in the order in which they are to be done.
func EmergencyOf(c Code) []Emergency {
	switch c {
	case UnreachablePrimary, DeadPrimaryAndReplicas:
		return []Emergency{ReprobeServer, ReprobeReplicas}
	case LockedSemiSyncPrimaryHypothesis:
		return []Emergency{ReprobeServer, RecordStale}
	case UnreachablePrimaryWithLagging, UnreachableIntermediateWithLagging:
		return []Emergency{RestartReceivers}
	case AllPrimaryReplicasNotReplicating, AllPrimaryReplicasStoppedOrDead:
		return []Emergency{ReprobeServer}
	case FirstTierReplicaFailingToConnect:
		return []Emergency{ReprobeSource}
	case HungPrimary, HungIntermediate, ReplicasStillReceiving, DeadCoPrimaryAndReplicas, ProbingStopped:
		return []Emergency{ReprobeServer, ReprobeReplicas}
	case UnreachableWithSilentReplicas, UnreachableCoPrimaryWithLagging:
		return []Emergency{RestartReceivers}
	}
	return nil
}
