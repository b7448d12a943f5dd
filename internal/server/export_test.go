package server

// ProbeStatements are the statements of a probe of a server that has everything; full is the first on a connection.
func ProbeStatements(d Dialect, full bool) []string {
	s := shape{
		dialect: d, full: full, logBin: true, ps: true, source: true, replica: true,
		names: SemiSyncNames{SourceNew: d.newVariableTerms(), ReplicaNew: d.newVariableTerms()}, semiSync: true,
		group: d.mysql(8, 0, 0), list: true, processes: true, credential: true, lag: "SELECT 1",
	}
	return newBatch(s).texts
}
