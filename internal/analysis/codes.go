package analysis

import "slices"

// Code names what is wrong with a server. The texts are those of the API, the hooks and the backend tables.
type Code string

// The failure codes. A finding has exactly one of them.
const (
	NoProblem                            Code = "NoProblem"
	DeadPrimaryWithoutReplicas           Code = "DeadMasterWithoutReplicas"
	DeadPrimary                          Code = "DeadMaster"
	DeadPrimaryAndReplicas               Code = "DeadMasterAndReplicas"
	DeadPrimaryAndSomeReplicas           Code = "DeadMasterAndSomeReplicas"
	UnreachablePrimaryWithLagging        Code = "UnreachableMasterWithLaggingReplicas"
	UnreachablePrimary                   Code = "UnreachableMaster"
	LockedSemiSyncPrimary                Code = "LockedSemiSyncMaster"
	LockedSemiSyncPrimaryHypothesis      Code = "LockedSemiSyncMasterHypothesis"
	PrimaryWithTooManySemiSync           Code = "MasterWithTooManySemiSyncReplicas"
	PrimaryWithoutReplicas               Code = "MasterWithoutReplicas" // a published name that is never produced
	PrimarySingleReplicaNotReplicating   Code = "MasterSingleReplicaNotReplicating"
	PrimarySingleReplicaDead             Code = "MasterSingleReplicaDead"
	AllPrimaryReplicasNotReplicating     Code = "AllMasterReplicasNotReplicating"
	AllPrimaryReplicasStoppedOrDead      Code = "AllMasterReplicasNotReplicatingOrDead"
	DeadCoPrimary                        Code = "DeadCoMaster"
	DeadCoPrimaryAndSomeReplicas         Code = "DeadCoMasterAndSomeReplicas"
	UnreachableCoPrimary                 Code = "UnreachableCoMaster"
	AllCoPrimaryReplicasNotReplicating   Code = "AllCoMasterReplicasNotReplicating"
	DeadIntermediateSingleReplicaFailing Code = "DeadIntermediateMasterWithSingleReplicaFailingToConnect"
	DeadIntermediateSingleReplica        Code = "DeadIntermediateMasterWithSingleReplica"
	DeadIntermediate                     Code = "DeadIntermediateMaster"
	DeadIntermediateAndSomeReplicas      Code = "DeadIntermediateMasterAndSomeReplicas"
	DeadIntermediateAndReplicas          Code = "DeadIntermediateMasterAndReplicas"
	UnreachableIntermediateWithLagging   Code = "UnreachableIntermediateMasterWithLaggingReplicas"
	UnreachableIntermediate              Code = "UnreachableIntermediateMaster"
	AllIntermediateReplicasFailingOrDead Code = "AllIntermediateMasterReplicasFailingToConnectOrDead"
	AllIntermediateReplicasStopped       Code = "AllIntermediateMasterReplicasNotReplicating"
	BinlogServerFailingToConnect         Code = "BinlogServerFailingToConnectToMaster"
	FirstTierReplicaFailingToConnect     Code = "FirstTierReplicaFailingToConnectToMaster"
	DeadGroupMemberWithReplicas          Code = "DeadReplicationGroupMemberWithReplicas"
)

// The structure warnings. A finding may have any number of them. NoWriteablePrimary is also a failure code where the
// policy asks for read-only primaries to be repaired.
const (
	StatementAndMixedLogging     Code = "StatementAndMixedLoggingReplicasStructureWarning"
	StatementAndRowLogging       Code = "StatementAndRowLoggingReplicasStructureWarning"
	MixedAndRowLogging           Code = "MixedAndRowLoggingReplicasStructureWarning"
	MultipleMajorVersionsLogging Code = "MultipleMajorVersionsLoggingReplicasStructureWarning"
	NoLoggingReplicas            Code = "NoLoggingReplicasStructureWarning"
	DifferentGTIDModes           Code = "DifferentGTIDModesStructureWarning"
	ErrantGTID                   Code = "ErrantGTIDStructureWarning"
	NoFailoverSupport            Code = "NoFailoverSupportStructureWarning"
	NoWriteablePrimary           Code = "NoWriteableMasterStructureWarning"
	NotEnoughSemiSyncReplicas    Code = "NotEnoughValidSemiSyncReplicasStructureWarning"
)

// The additional codes: what the published names leave unsaid. They stand in Finding.Additional, beside whatever the
// published code is. Nothing is done about them, but for those of CannotWriteCodes where the policy names them.
const (
	// HungPrimary: the server takes connections or half answers, but no probe of it succeeds any more, while replicas
	// of it replicate and have not noticed anything.
	HungPrimary Code = "HungMaster"
	// HungIntermediate is the same for a server that is itself a replica.
	HungIntermediate Code = "HungIntermediateMaster"
	// UnreachableWithSilentReplicas: the server is unreachable, some replicas still replicate, but of those that hold
	// a connection to it none has a known lag that is small. Nothing proves the server alive; the replicas have to
	// reconnect to find out.
	UnreachableWithSilentReplicas Code = "UnreachableMasterWithSilentReplicas"
	// ReplicasStillReceiving: none of the replicas of an unreachable server replicates, but on some of them only the
	// applier is stopped, and the receiver still holds its connection to the server.
	ReplicasStillReceiving Code = "DeadMasterReplicasStillReceiving"
	// DeadCoPrimaryAndReplicas: a co-primary and all of its replicas are unreachable.
	DeadCoPrimaryAndReplicas Code = "DeadCoMasterAndReplicas"
	// UnreachableCoPrimaryWithLagging: a co-primary is unreachable and all of its replicas lag.
	UnreachableCoPrimaryWithLagging Code = "UnreachableCoMasterWithLaggingReplicas"
	// LaggingByDesign: a code for lagging replicas was given although some of them lag only because of the delay that
	// is configured on them.
	LaggingByDesign Code = "LaggingReplicasAreDelayedByDesign"
	// AllReplicasDead: the server is reachable and none of its replicas is; the published codes know this only of
	// primaries with a single replica.
	AllReplicasDead Code = "AllReplicasDead"
	// ProbingStopped: nobody has tried to probe the server for too long. Only in the running service.
	ProbingStopped Code = "ProbingStopped"
	// GroupMemberInError: the member itself reports state ERROR.
	GroupMemberInError Code = "ReplicationGroupMemberInError"
	// GroupWithoutPrimary: no reachable online member of a single-primary group is its primary.
	GroupWithoutPrimary Code = "ReplicationGroupWithoutPrimary"
	// GroupWithManyPrimaries: several reachable online members of a single-primary group call themselves its primary.
	GroupWithManyPrimaries Code = "ReplicationGroupWithManyPrimaries"
	// GroupWithoutQuorum: of the members that the group counts, no majority is reachable and online.
	GroupWithoutQuorum Code = "ReplicationGroupWithoutQuorum"
)

// The additional codes of a primary that answers and should take writes, but has not been able to for some time.
const (
	// PrimaryDiskFull: it waits for disk space, or its writes fail for want of it.
	PrimaryDiskFull Code = "MasterDiskFull"
	// PrimaryFileSystemReadOnly: its writes fail because the file system takes none.
	PrimaryFileSystemReadOnly Code = "MasterFileSystemReadOnly"
	// PrimaryCommitsStalled: commits do not end, for a reason that is none of the others: a disk that hangs, a semi-sync
	// replica that is silent.
	PrimaryCommitsStalled Code = "MasterCommitsStalled"
	// PrimaryWritesLocked: somebody holds a lock on everything, as backups do. That is on purpose, or forgotten.
	PrimaryWritesLocked Code = "MasterWritesLocked"
	// PrimaryConnectionsUsedUp: clients cannot sign in.
	PrimaryConnectionsUsedUp Code = "MasterConnectionsUsedUp"
	// PrimaryWriteCheckFails: the write check fails with an error that says none of the others.
	PrimaryWriteCheckFails Code = "MasterWriteCheckFails"
)

var failureCodes = [...]Code{
	NoProblem, DeadPrimaryWithoutReplicas, DeadPrimary, DeadPrimaryAndReplicas, DeadPrimaryAndSomeReplicas,
	UnreachablePrimaryWithLagging, UnreachablePrimary, LockedSemiSyncPrimary, LockedSemiSyncPrimaryHypothesis,
	PrimaryWithTooManySemiSync, PrimaryWithoutReplicas, PrimarySingleReplicaNotReplicating, PrimarySingleReplicaDead,
	AllPrimaryReplicasNotReplicating, AllPrimaryReplicasStoppedOrDead, DeadCoPrimary, DeadCoPrimaryAndSomeReplicas,
	UnreachableCoPrimary, AllCoPrimaryReplicasNotReplicating, DeadIntermediateSingleReplicaFailing,
	DeadIntermediateSingleReplica, DeadIntermediate, DeadIntermediateAndSomeReplicas, DeadIntermediateAndReplicas,
	UnreachableIntermediateWithLagging, UnreachableIntermediate, AllIntermediateReplicasFailingOrDead,
	AllIntermediateReplicasStopped, BinlogServerFailingToConnect, FirstTierReplicaFailingToConnect,
	DeadGroupMemberWithReplicas,
}

var structureCodes = [...]Code{
	StatementAndMixedLogging, StatementAndRowLogging, MixedAndRowLogging, MultipleMajorVersionsLogging,
	NoLoggingReplicas, DifferentGTIDModes, ErrantGTID, NoFailoverSupport, NoWriteablePrimary,
	NotEnoughSemiSyncReplicas,
}

var additionalCodes = [...]Code{
	HungPrimary, HungIntermediate, UnreachableWithSilentReplicas, ReplicasStillReceiving, DeadCoPrimaryAndReplicas,
	UnreachableCoPrimaryWithLagging, LaggingByDesign, AllReplicasDead, ProbingStopped, GroupMemberInError, GroupWithoutPrimary,
	GroupWithManyPrimaries, GroupWithoutQuorum, PrimaryDiskFull, PrimaryFileSystemReadOnly, PrimaryCommitsStalled,
	PrimaryWritesLocked, PrimaryConnectionsUsedUp, PrimaryWriteCheckFails,
}

var cannotWriteCodes = [...]Code{
	PrimaryDiskFull, PrimaryFileSystemReadOnly, PrimaryCommitsStalled, PrimaryWritesLocked, PrimaryConnectionsUsedUp,
	PrimaryWriteCheckFails,
}

// FailureCodes returns the 31 published failure codes, NoProblem among them.
func FailureCodes() []Code { return slices.Clone(failureCodes[:]) }

// StructureCodes returns the 10 published structure warnings.
func StructureCodes() []Code { return slices.Clone(structureCodes[:]) }

// AdditionalCodes returns the codes that are our own.
func AdditionalCodes() []Code { return slices.Clone(additionalCodes[:]) }

// CannotWriteCodes returns the additional codes of a primary that answers and cannot write, those that say most first.
func CannotWriteCodes() []Code { return slices.Clone(cannotWriteCodes[:]) }
