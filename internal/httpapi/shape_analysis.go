package httpapi

import (
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/operate"
)

type clusterJSON struct {
	ClusterName                            string
	ClusterAlias                           string
	ClusterDomain                          string
	CountInstances                         uint
	HeuristicLag                           int64
	HasAutomatedMasterRecovery             bool
	HasAutomatedIntermediateMasterRecovery bool
}

func clusterOf(c operate.Cluster) clusterJSON {
	return clusterJSON{
		ClusterName: c.Name, ClusterAlias: c.Alias, ClusterDomain: c.Domain, CountInstances: uint(max(c.Size, 0)),
		HeuristicLag: c.HeuristicLag, HasAutomatedMasterRecovery: c.RecoversPrimary,
		HasAutomatedIntermediateMasterRecovery: c.RecoversIntermediate,
	}
}

// analysisJSON is what is wrong with a server. The last two fields are our own.
type analysisJSON struct {
	AnalyzedInstanceKey                       keyJSON
	AnalyzedInstanceMasterKey                 keyJSON
	ClusterDetails                            clusterJSON
	AnalyzedInstanceDataCenter                string
	AnalyzedInstanceRegion                    string
	AnalyzedInstancePhysicalEnvironment       string
	AnalyzedInstanceBinlogCoordinates         coordinatesJSON
	IsMaster                                  bool
	IsReplicationGroupMember                  bool
	IsCoMaster                                bool
	LastCheckValid                            bool
	LastCheckPartialSuccess                   bool
	CountReplicas                             uint
	CountValidReplicas                        uint
	CountValidReplicatingReplicas             uint
	CountReplicasFailingToConnectToMaster     uint
	CountDowntimedReplicas                    uint
	ReplicationDepth                          uint
	Replicas                                  []keyJSON
	SlaveHosts                                []keyJSON
	IsFailingToConnectToMaster                bool
	Analysis                                  string
	Description                               string
	StructureAnalysis                         []analysis.Code
	IsDowntimed                               bool
	IsReplicasDowntimed                       bool
	DowntimeEndTimestamp                      string
	DowntimeRemainingSeconds                  int
	IsBinlogServer                            bool
	PseudoGTIDImmediateTopology               bool
	OracleGTIDImmediateTopology               bool
	MariaDBGTIDImmediateTopology              bool
	BinlogServerImmediateTopology             bool
	SemiSyncMasterEnabled                     bool
	SemiSyncMasterStatus                      bool
	SemiSyncMasterWaitForReplicaCount         uint
	SemiSyncMasterClients                     uint
	CountSemiSyncReplicasEnabled              uint
	CountLoggingReplicas                      uint
	CountStatementBasedLoggingReplicas        uint
	CountMixedBasedLoggingReplicas            uint
	CountRowBasedLoggingReplicas              uint
	CountDistinctMajorVersionsLoggingReplicas uint
	CountDelayedReplicas                      uint
	CountLaggingReplicas                      uint
	IsActionableRecovery                      bool
	ProcessingNodeHostname                    string
	ProcessingNodeToken                       string
	CountAdditionalAgreeingNodes              int
	StartActivePeriod                         string
	SkippableDueToDowntime                    bool
	GTIDMode                                  string
	MinReplicaGTIDMode                        string
	MaxReplicaGTIDMode                        string
	MaxReplicaGTIDErrant                      string
	CommandHint                               string
	IsReadOnly                                bool

	AdditionalAnalysis []analysis.Code
	Evidence           []string
}

func analysisOf(f analysis.Finding) analysisJSON {
	replicas := keysOf(f.Replicas)
	return analysisJSON{
		AnalyzedInstanceKey: keyOf(f.Key), AnalyzedInstanceMasterKey: keyOf(f.SourceKey),
		ClusterDetails: clusterJSON{
			ClusterName: f.ClusterName, ClusterAlias: f.ClusterAlias, ClusterDomain: f.ClusterDomain, CountInstances: f.ClusterSize,
			HasAutomatedMasterRecovery: f.AutomatedPrimaryRecovery, HasAutomatedIntermediateMasterRecovery: f.AutomatedIntermediateRecovery,
		},
		AnalyzedInstanceDataCenter: f.DataCenter, AnalyzedInstanceRegion: f.Region,
		AnalyzedInstancePhysicalEnvironment: f.PhysicalEnvironment, AnalyzedInstanceBinlogCoordinates: coordinatesOf(f.Coordinates),
		IsMaster: f.IsPrimary, IsReplicationGroupMember: f.IsGroupMember, IsCoMaster: f.IsCoPrimary,
		LastCheckValid: f.LastCheckValid, LastCheckPartialSuccess: f.PartialSuccess,
		CountReplicas: f.CountReplicas, CountValidReplicas: f.CountValid, CountValidReplicatingReplicas: f.CountReplicating,
		CountReplicasFailingToConnectToMaster: f.CountFailing, CountDowntimedReplicas: f.CountDowntimed,
		ReplicationDepth: f.ReplicationDepth, Replicas: replicas, SlaveHosts: replicas,
		IsFailingToConnectToMaster: f.IsFailingToConnect, Analysis: string(f.Code), Description: f.Description,
		StructureAnalysis: notNil(f.Structure), IsDowntimed: f.IsDowntimed, IsReplicasDowntimed: f.ReplicasDowntimed,
		DowntimeEndTimestamp: stamp(f.DowntimeEnd), DowntimeRemainingSeconds: int(f.DowntimeRemaining / time.Second),
		IsBinlogServer: f.IsBinlogServer, PseudoGTIDImmediateTopology: f.PseudoGTIDTopology,
		OracleGTIDImmediateTopology: f.OracleGTIDTopology, MariaDBGTIDImmediateTopology: f.MariaDBGTIDTopology,
		BinlogServerImmediateTopology: f.BinlogServerTopology,
		SemiSyncMasterEnabled:         f.SemiSyncEnabled, SemiSyncMasterStatus: f.SemiSyncStatus,
		SemiSyncMasterWaitForReplicaCount: f.SemiSyncWaitCount, SemiSyncMasterClients: f.SemiSyncClients,
		CountSemiSyncReplicasEnabled: f.CountSemiSyncReplicas, CountLoggingReplicas: f.CountLogging,
		CountStatementBasedLoggingReplicas: f.CountStatement, CountMixedBasedLoggingReplicas: f.CountMixed,
		CountRowBasedLoggingReplicas: f.CountRow, CountDistinctMajorVersionsLoggingReplicas: f.CountMajorVersions,
		CountDelayedReplicas: f.CountDelayed, CountLaggingReplicas: f.CountLagging, IsActionableRecovery: f.Actionable,
		ProcessingNodeHostname: f.Processing.NodeHostname, ProcessingNodeToken: f.Processing.NodeToken,
		CountAdditionalAgreeingNodes: f.Processing.AdditionalAgreeingNodes, StartActivePeriod: stamp(f.Processing.ActiveSince),
		SkippableDueToDowntime: f.SkippableDueToDowntime, GTIDMode: f.GTIDMode, MinReplicaGTIDMode: f.MinReplicaGTIDMode,
		MaxReplicaGTIDMode: f.MaxReplicaGTIDMode, MaxReplicaGTIDErrant: f.MaxReplicaErrant, CommandHint: f.CommandHint,
		IsReadOnly: f.IsReadOnly, AdditionalAnalysis: notNil(f.Additional), Evidence: notNil(f.Evidence),
	}
}

type historyJSON struct {
	AnalyzedInstanceKey keyJSON
	Changelog           []string
}

func historyOf(h operate.AnalysisHistory) historyJSON {
	return historyJSON{
		AnalyzedInstanceKey: keyOf(h.Key),
		Changelog:           mapped(h.Changes, func(c operate.AnalysisChange) string { return stamp(c.At) + ";" + c.Text + "," }),
	}
}
