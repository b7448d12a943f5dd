package analysis

// failure is the decision table: the first rule that holds gives the code. The rules, their order and the four
// families are the published ones; each family is complete in itself, and falls through to the next.
func (s *subject) failure() Code {
	if s.IsGroupMember {
		return s.groupMemberFailure()
	}
	for _, family := range [...]func(*subject) Code{
		(*subject).primaryUnreachable,
		(*subject).semiSyncFailure,
		(*subject).primaryReachable,
		(*subject).coPrimaryFailure,
		(*subject).intermediateUnreachable,
		(*subject).intermediateReachable,
		(*subject).connectFailure,
	} {
		if code := family(s); code != NoProblem {
			return code
		}
	}
	return NoProblem
}

func (s *subject) groupMemberFailure() Code {
	if !s.LastCheckValid && s.CountReplicas > 0 && s.CountReplicating == 0 {
		return DeadGroupMemberWithReplicas
	}
	return NoProblem
}

func (s *subject) primaryUnreachable() Code {
	if !s.IsPrimary || s.LastCheckValid {
		return NoProblem
	}
	n, valid, running := s.CountReplicas, s.CountValid, s.CountReplicating
	switch {
	case n == 0:
		return DeadPrimaryWithoutReplicas
	case valid == n && running == 0:
		return DeadPrimary
	case valid == 0 && running == 0:
		return DeadPrimaryAndReplicas
	case running == 0: // and some are valid
		return DeadPrimaryAndSomeReplicas
	case s.allLag():
		return UnreachablePrimaryWithLagging
	case !s.PartialSuccess:
		return UnreachablePrimary
	case s.CountFailing > 0:
		return UnreachablePrimary
	}
	return NoProblem
}

// allLag says whether all replicas lag, not all of them by design, and at least one replicates.
func (s *subject) allLag() bool {
	return s.CountLagging == s.CountReplicas && s.CountDelayed < s.CountReplicas && s.CountReplicating > 0
}

// semiSyncFailure does not ask whether the primary is reachable, but for a lock it wants a status that is fresh: the
// last status of a primary that is gone would look locked for ever.
func (s *subject) semiSyncFailure() Code {
	if !s.IsPrimary || !s.SemiSyncEnabled || !s.SemiSyncStatus || s.SemiSyncWaitCount == 0 {
		return NoProblem
	}
	locked := s.SemiSyncClients < s.SemiSyncWaitCount && s.statusFresh
	switch {
	case locked && s.stale:
		return LockedSemiSyncPrimary
	case locked:
		return LockedSemiSyncPrimaryHypothesis
	case s.policy.EnforceExactSemiSync && s.SemiSyncClients > s.SemiSyncWaitCount:
		return PrimaryWithTooManySemiSync
	}
	return NoProblem
}

func (s *subject) primaryReachable() Code {
	if !s.IsPrimary || !s.LastCheckValid {
		return NoProblem
	}
	n, valid, running := s.CountReplicas, s.CountValid, s.CountReplicating
	switch {
	case s.policy.RecoverNonWriteable && s.IsReadOnly && running > 0:
		return NoWriteablePrimary
	case n == 1 && valid == 1 && running == 0:
		return PrimarySingleReplicaNotReplicating
	case n == 1 && valid == 0:
		return PrimarySingleReplicaDead
	case n > 1 && valid == n && running == 0:
		return AllPrimaryReplicasNotReplicating
	case n > 1 && valid > 0 && running == 0:
		return AllPrimaryReplicasStoppedOrDead
	}
	return NoProblem
}

func (s *subject) coPrimaryFailure() Code {
	n, valid, running := s.CountReplicas, s.CountValid, s.CountReplicating
	switch {
	case !s.IsCoPrimary || n == 0:
		return NoProblem
	case s.LastCheckValid && running == 0:
		return AllCoPrimaryReplicasNotReplicating
	case s.LastCheckValid:
		return NoProblem
	case valid == n && running == 0:
		return DeadCoPrimary
	case valid > 0 && running == 0:
		return DeadCoPrimaryAndSomeReplicas
	case running > 0 && !s.PartialSuccess:
		return UnreachableCoPrimary
	}
	return NoProblem
}

func (s *subject) intermediateUnreachable() Code {
	if s.IsPrimary || s.LastCheckValid || s.CountReplicas == 0 {
		return NoProblem
	}
	n, valid, running := s.CountReplicas, s.CountValid, s.CountReplicating
	switch {
	case valid == 0:
		return DeadIntermediateAndReplicas
	case n == 1 && running == 0 && s.CountFailing == 1:
		return DeadIntermediateSingleReplicaFailing
	case n == 1 && running == 0:
		return DeadIntermediateSingleReplica
	case valid == n && running == 0:
		return DeadIntermediate
	case running == 0:
		return DeadIntermediateAndSomeReplicas
	case s.allLag():
		return UnreachableIntermediateWithLagging
	case !s.PartialSuccess:
		return UnreachableIntermediate
	}
	return NoProblem
}

func (s *subject) intermediateReachable() Code {
	if s.IsPrimary || !s.LastCheckValid || s.CountReplicating > 0 {
		return NoProblem
	}
	n, valid, failing := s.CountReplicas, s.CountValid, s.CountFailing
	switch {
	case n > 1 && failing > 0 && failing == valid:
		return AllIntermediateReplicasFailingOrDead
	case n > 0 && valid > 0:
		return AllIntermediateReplicasStopped
	}
	return NoProblem
}

// connectFailure is about the server as a replica, whether or not it is reachable.
func (s *subject) connectFailure() Code {
	switch {
	case s.IsFailingToConnect && s.IsBinlogServer:
		return BinlogServerFailingToConnect
	case s.IsFailingToConnect && s.ReplicationDepth == 1:
		return FirstTierReplicaFailingToConnect
	}
	return NoProblem
}
