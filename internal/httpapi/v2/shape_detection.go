package v2

import (
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/failover"
	"orchestrator/internal/operate"
)

// Detection is the detection of a failure.
type Detection struct {
	ID         int64      `json:"id"`
	Server     string     `json:"server"`
	Cluster    string     `json:"cluster"`
	Alias      string     `json:"alias"`
	Code       string     `json:"code"`
	Sentence   string     `json:"sentence"`
	Started    *time.Time `json:"started"`
	Ended      *time.Time `json:"ended"`
	Active     bool       `json:"active" doc:"the same failure is not registered again yet"`
	Actionable bool       `json:"actionable"`
	Replicas   uint       `json:"replicas"`
	Node       string     `json:"node"`
	Recovery   int64      `json:"recovery,omitempty" doc:"the number of the recovery that it led to"`
	Held       *HeldBack  `json:"held" doc:"what held its recovery back, as it was found last; null: nothing did, or it is not on record"`
}

// HeldBack is why a detection was not acted on.
type HeldBack struct {
	Rule    string     `json:"rule" doc:"as in a forecast; or outdated, unreadable, not-agreed, other-writer, second-look, patience, refused, hook"`
	Reason  string     `json:"reason"`
	Setting string     `json:"setting,omitempty" doc:"the configuration key that decides"`
	Until   *time.Time `json:"until,omitempty" doc:"when it ends by itself"`
	At      *time.Time `json:"at" doc:"when it was found; null: it follows from the kind of failure"`
}

func detectionOf(r operate.Recovery) Detection {
	f := &r.Finding
	d := Detection{
		ID: r.ID, Server: keyText(f.Key), Cluster: f.ClusterName, Alias: f.ClusterAlias, Code: string(f.Code), Sentence: f.Description, Started: when(r.Start),
		Ended: when(r.End), Active: r.IsActive, Actionable: f.Actionable, Replicas: f.CountReplicas, Node: r.NodeHostname, Recovery: r.RelatedRecoveryID,
	}
	switch h := r.Held; {
	case h != nil:
		d.Held = &HeldBack{h.Rule, h.Reason, h.Setting, when(h.Until), when(r.HeldAt)}
	case !f.Actionable && analysis.HandlingOf(f.Code).Recovery == analysis.DetectOnly:
		only := failover.OnlyDetected(f.Code)
		d.Held = &HeldBack{Rule: only.Rule, Reason: only.Reason}
	}
	return d
}

// DetectionDetail is a detection with what was found about its server around that time.
type DetectionDetail struct {
	Detection
	Changes []FindingChange `json:"changes" doc:"of what is found about the server, oldest first, from an hour before to a day after, as the manager that answers noted it while it led"`
}

// FindingChange says from when on another thing was found about a server.
type FindingChange struct {
	At       *time.Time `json:"at"`
	Code     string     `json:"code"`
	Sentence string     `json:"sentence"`
}

// The span of changes that belong to a detection.
const (
	changesBefore = time.Hour
	changesAfter  = 24 * time.Hour
	changesAtMost = 200
)

func changesOf(histories []operate.AnalysisHistory, began time.Time) []FindingChange {
	list := []FindingChange{}
	for _, h := range histories {
		for _, c := range h.Changes {
			if c.At.Before(began.Add(-changesBefore)) || c.At.After(began.Add(changesAfter)) || len(list) == changesAtMost {
				continue
			}
			list = append(list, FindingChange{when(c.At), c.Text, analysis.Describe(analysis.Code(c.Text))})
		}
	}
	return list
}
