package httpapi

import (
	"orchestrator/internal/failover"
	"orchestrator/internal/operate"
	"orchestrator/internal/plan"
)

// recoveryJSON is a recovery, or the detection of a failure.
type recoveryJSON struct {
	Id                         int64
	UID                        string
	AnalysisEntry              analysisJSON
	SuccessorKey               keyJSON
	SuccessorAlias             string
	SuccessorBinlogCoordinates *coordinatesJSON
	IsActive                   bool
	IsSuccessful               bool
	LostReplicas               []keyJSON
	ParticipatingInstanceKeys  []keyJSON
	AllErrors                  []string
	RecoveryStartTimestamp     string
	RecoveryEndTimestamp       string
	ProcessingNodeHostname     string
	ProcessingNodeToken        string
	Acknowledged               bool
	AcknowledgedAt             string
	AcknowledgedBy             string
	AcknowledgedComment        string
	LastDetectionId            int64
	RelatedRecoveryId          int64
	Type                       string
	RecoveryType               string
}

func recoveryOf(r operate.Recovery) recoveryJSON {
	j := recoveryJSON{
		Id: r.ID, UID: r.UID, AnalysisEntry: analysisOf(r.Finding), SuccessorKey: keyOf(r.SuccessorKey), SuccessorAlias: r.SuccessorAlias,
		IsActive: r.IsActive, IsSuccessful: r.IsSuccessful, LostReplicas: keysOf(r.LostReplicas),
		ParticipatingInstanceKeys: keysOf(r.Participants), AllErrors: r.Errors,
		RecoveryStartTimestamp: stamp(r.Start), RecoveryEndTimestamp: stamp(r.End),
		ProcessingNodeHostname: r.NodeHostname, ProcessingNodeToken: r.NodeToken,
		Acknowledged: r.Acknowledged, AcknowledgedAt: stamp(r.AcknowledgedAt), AcknowledgedBy: r.AcknowledgedBy,
		AcknowledgedComment: r.AcknowledgedComment, LastDetectionId: r.LastDetectionID, RelatedRecoveryId: r.RelatedRecoveryID,
		Type: r.Type, RecoveryType: r.RecoveryType,
	}
	if r.SuccessorCoordinates != nil {
		c := coordinatesOf(*r.SuccessorCoordinates)
		j.SuccessorBinlogCoordinates = &c
	}
	switch {
	case r.Detection:
		j.AllErrors = nil
	case len(r.Errors) == 0:
		j.AllErrors = []string{""} // the published form of a recovery without errors
	}
	return j
}

// planJSON is a plan, and the same in words.
type planJSON struct {
	plan.Plan
	Text string `json:"text"`
}

// explanationJSON is a forecast, and the same in words.
type explanationJSON struct {
	failover.Explanation
	Text string `json:"text"`
}

type stepJSON struct {
	Id          int64
	RecoveryUID string
	AuditAt     string
	Message     string
}

func stepOf(s operate.RecoveryStep) stepJSON {
	return stepJSON{Id: s.ID, RecoveryUID: s.UID, AuditAt: stamp(s.At), Message: s.Message}
}

type blockedJSON struct {
	FailedInstanceKey    keyJSON
	ClusterName          string
	Analysis             string
	LastBlockedTimestamp string
	BlockingRecoveryId   int64
	BlockedUntil         string
}

func blockedOf(b operate.Blocked) blockedJSON {
	return blockedJSON{
		FailedInstanceKey: keyOf(b.Key), ClusterName: b.Cluster, Analysis: string(b.Code),
		LastBlockedTimestamp: stamp(b.Last), BlockingRecoveryId: b.BlockingRecovery,
		BlockedUntil: stamp(b.Until),
	}
}

type extraJSON struct {
	Key, PrimaryKey keyJSON
	GTIDs           string
	File, Node      string
	SavedAt         string
	Transactions    int
	Complete        bool
	Gaps            []string
}

func extraOf(x operate.ExtraTransactions) extraJSON {
	return extraJSON{
		Key: keyOf(x.Server), PrimaryKey: keyOf(x.Primary), GTIDs: x.GTIDs, File: x.File, Node: x.Node, SavedAt: stamp(x.At),
		Transactions: x.Count, Complete: len(x.Gaps) == 0, Gaps: notNil(x.Gaps),
	}
}

type auditJSON struct {
	AuditId          int64
	AuditTimestamp   string
	AuditType        string
	AuditInstanceKey keyJSON
	Message          string
}

func auditOf(a operate.AuditEntry) auditJSON {
	return auditJSON{AuditId: a.ID, AuditTimestamp: stamp(a.At), AuditType: a.Kind, AuditInstanceKey: keyOf(a.Key), Message: a.Message}
}

type filtersJSON struct {
	RecoverMasterClusterFilters             []string
	RecoverIntermediateMasterClusterFilters []string
	RecoveryIgnoreHostnameFilters           []string
}

func filtersOf(f operate.Filters) filtersJSON {
	return filtersJSON{
		RecoverMasterClusterFilters:             notNil(f.RecoverMasterClusterFilters),
		RecoverIntermediateMasterClusterFilters: notNil(f.RecoverIntermediateMasterClusterFilters),
		RecoveryIgnoreHostnameFilters:           notNil(f.RecoveryIgnoreHostnameFilters),
	}
}

// clusterSwitchJSON is a cluster whose automatic recoveries are switched off.
type clusterSwitchJSON struct {
	ClusterName    string
	Owner          string
	Reason         string
	BeginTimestamp string
	EndTimestamp   string
}

func clusterSwitchOf(c operate.ClusterSwitch) clusterSwitchJSON {
	return clusterSwitchJSON{ClusterName: c.Cluster, Owner: c.Owner, Reason: c.Reason, BeginTimestamp: stamp(c.Begin), EndTimestamp: stamp(c.End)}
}

// runningJSON is a recovery that is under way.
type runningJSON struct {
	UID               string
	ClusterName       string
	FailedInstanceKey keyJSON
	Analysis          string
	BeginTimestamp    string
	RunningHooks      []string
	Steps             []plan.Step
}

func runningOf(r operate.RunningRecovery) runningJSON {
	return runningJSON{
		UID: r.UID, ClusterName: r.Cluster, FailedInstanceKey: keyOf(r.Failed), Analysis: string(r.Code), BeginTimestamp: stamp(r.Began),
		RunningHooks: notNil(r.Hooks), Steps: notNil(r.Steps),
	}
}

func switchWord(r operate.Recoveries) string {
	if r.Disabled {
		return "disabled"
	}
	return "enabled"
}
