package analysis

// additional lists our own codes for what the published ones leave unsaid about the server.
func (s *subject) additional() []Code {
	var codes []Code
	add := func(holds bool, c Code) {
		if holds {
			codes = append(codes, c)
		}
	}
	top := s.IsPrimary || s.IsCoPrimary
	add(s.hung() && top, HungPrimary)
	add(s.hung() && !top, HungIntermediate)
	add(s.replicasSilent(), UnreachableWithSilentReplicas)
	add(s.unreachable() && s.CountReplicating == 0 && s.CountReceiving > 0, ReplicasStillReceiving)
	add(s.lostCoPrimary() && s.CountReplicas > 0 && s.CountValid == 0, DeadCoPrimaryAndReplicas)
	add(s.lostCoPrimary() && s.allLag(), UnreachableCoPrimaryWithLagging)
	add(s.codeOfLag() && s.CountLaggingDelayed > 0, LaggingByDesign)
	add(s.LastCheckValid && s.CountReplicas > 0 && s.CountValid == 0 && s.Code != PrimarySingleReplicaDead,
		AllReplicasDead)
	add(s.LastCheckTooOld, ProbingStopped)
	if s.group != nil {
		add(s.LastCheckValid && s.instance.Group.MemberState == "ERROR", GroupMemberInError)
		add(s.group.withoutPrimary(), GroupWithoutPrimary)
		add(s.group.manyPrimaries(), GroupWithManyPrimaries)
		add(s.group.withoutQuorum(), GroupWithoutQuorum)
	}
	return append(codes, s.cannotWrite()...)
}

// unreachable says whether somebody looked at the server and failed.
func (s *subject) unreachable() bool { return !s.LastCheckValid && !s.LastCheckTooOld }

// hung servers answer somewhat, have not answered in full for long enough, and not all of their replicas mind. One that
// has just been started and cannot connect is no reason not to ask the others.
func (s *subject) hung() bool {
	return s.unreachable() && s.CountReplicating > 0 &&
		(s.PartialSuccess || s.instance.Check.Hung) && s.silence > s.policy.hungAfter()
}

// replicasSilent says whether some replicas of an unreachable server replicate, but none proves it alive. An unknown
// lag proves nothing; in the published rules it hides such a server among the merely unreachable ones.
func (s *subject) replicasSilent() bool {
	return s.unreachable() && s.CountReplicating > 0 && s.proven == 0 && !s.codeOfLag()
}

// lostCoPrimary says whether the server is an unreachable co-primary that the published rules take for an
// intermediate source.
func (s *subject) lostCoPrimary() bool { return s.unreachable() && s.IsCoPrimary && !s.IsPrimary }

func (s *subject) codeOfLag() bool {
	return s.Code == UnreachablePrimaryWithLagging || s.Code == UnreachableIntermediateWithLagging
}
