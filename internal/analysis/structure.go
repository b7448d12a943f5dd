package analysis

// structure lists the structure warnings that hold, in the order of their publication. It allocates nothing when
// there are none.
func (s *subject) structure() []Code {
	var warnings []Code
	warn := func(holds bool, c Code) {
		if holds {
			warnings = append(warnings, c)
		}
	}
	top := s.IsPrimary
	several := top && s.CountReplicas > 1
	warn(top && s.CountStatement > 0 && s.CountMixed > 0, StatementAndMixedLogging)
	warn(top && s.CountStatement > 0 && s.CountRow > 0, StatementAndRowLogging)
	warn(top && s.CountMixed > 0 && s.CountRow > 0, MixedAndRowLogging)
	warn(top && s.CountMajorVersions > 1, MultipleMajorVersionsLogging)
	warn(several && s.CountLogging == 0, NoLoggingReplicas)
	warn(s.gtidModesDiffer(), DifferentGTIDModes)
	warn(s.MaxReplicaErrant != "", ErrantGTID)
	warn(several && !s.canRegroup(), NoFailoverSupport)
	warn(top && s.IsReadOnly, NoWriteablePrimary)
	warn(top && s.SemiSyncEnabled && !s.SemiSyncStatus && s.SemiSyncWaitCount > 0 &&
		s.SemiSyncClients < s.SemiSyncWaitCount, NotEnoughSemiSyncReplicas)
	return warnings
}

func (s *subject) gtidModesDiffer() bool {
	return s.CountReplicas > 0 && (s.GTIDMode != s.MinReplicaGTIDMode || s.GTIDMode != s.MaxReplicaGTIDMode)
}

// canRegroup says whether there is any way to put the replicas below one of them.
func (s *subject) canRegroup() bool {
	return s.OracleGTIDTopology || s.MariaDBGTIDTopology || s.BinlogServerTopology || s.PseudoGTIDTopology
}
