package v2

import (
	"strconv"
	"time"

	"orchestrator/internal/operate"
	"orchestrator/internal/topology"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Recovery is the record of a recovery or takeover.
type Recovery struct {
	UID          string     `json:"uid"`
	ID           int64      `json:"id"`
	Cluster      string     `json:"cluster" doc:"the name that the cluster had"`
	Alias        string     `json:"alias"`
	Failed       string     `json:"failed"`
	Code         string     `json:"code"`
	Sentence     string     `json:"sentence"`
	State        string     `json:"state" enum:"running,succeeded,failed"`
	Successor    string     `json:"successor,omitempty"`
	Started      *time.Time `json:"started"`
	Ended        *time.Time `json:"ended" doc:"null while it runs"`
	Took         *float64   `json:"took_ms"`
	Lost         []string   `json:"lost" doc:"servers that could not follow"`
	Errors       []string   `json:"errors"`
	Node         string     `json:"node" doc:"which manager did it"`
	Active       bool       `json:"active" doc:"it still keeps another one of the cluster from beginning"`
	Acknowledged *Ack       `json:"acknowledged" doc:"null: not yet"`
	Detection    int64      `json:"detection,omitempty" doc:"the detection that led to it"`
}

// Ack is who acknowledged, when and why.
type Ack struct {
	By      string     `json:"by"`
	At      *time.Time `json:"at"`
	Comment string     `json:"comment"`
}

func recoveryOf(r operate.Recovery) Recovery {
	f := &r.Finding
	v := Recovery{
		UID: r.UID, ID: r.ID, Cluster: f.ClusterName, Alias: f.ClusterAlias, Failed: keyText(f.Key), Code: string(f.Code), State: "running",
		Successor: keyText(r.SuccessorKey), Started: when(r.Start), Ended: when(r.End), Lost: mapped(r.LostReplicas, topology.Key.String),
		Errors: append([]string{}, r.Errors...), Node: r.NodeHostname, Active: r.IsActive, Detection: r.LastDetectionID,
	}
	if v.Ended != nil && v.Started != nil {
		took := millis(r.End.Sub(r.Start))
		v.Took = &took
	}
	if r.Acknowledged {
		v.Acknowledged = &Ack{r.AcknowledgedBy, when(r.AcknowledgedAt), r.AcknowledgedComment}
	}
	switch {
	case v.Ended == nil:
		v.Sentence = v.Code + " of " + v.Failed + " is being repaired."
	case r.IsSuccessful && v.Successor != "":
		v.State, v.Sentence = "succeeded", v.Successor+" took over from "+v.Failed+"."
	case r.IsSuccessful:
		v.State, v.Sentence = "succeeded", v.Code+" of "+v.Failed+" was repaired."
	default:
		v.State, v.Sentence = "failed", v.Code+" of "+v.Failed+" was not repaired."
		if len(v.Errors) > 0 {
			v.Sentence += " " + v.Errors[0]
		}
	}
	return v
}

// RecoveryDetail is a recovery with its course.
type RecoveryDetail struct {
	Recovery
	Title string    `json:"title,omitempty" doc:"of its plan"`
	Steps []Step    `json:"steps" doc:"what was done on the servers, with real times; empty for records of older versions"`
	Log   []LogLine `json:"log"`
}

// LogLine is a line in the log of a recovery.
type LogLine struct {
	At   *time.Time `json:"at"`
	Text string     `json:"text"`
}

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
}

func detectionOf(r operate.Recovery) Detection {
	f := &r.Finding
	return Detection{
		ID: r.ID, Server: keyText(f.Key), Cluster: f.ClusterName, Alias: f.ClusterAlias, Code: string(f.Code), Sentence: f.Description, Started: when(r.Start),
		Ended: when(r.End), Active: r.IsActive, Actionable: f.Actionable, Replicas: f.CountReplicas, Node: r.NodeHostname, Recovery: r.RelatedRecoveryID,
	}
}

// AuditRecord is a line of the audit log.
type AuditRecord struct {
	ID      int64      `json:"id"`
	At      *time.Time `json:"at"`
	Kind    string     `json:"kind"`
	Server  string     `json:"server,omitempty"`
	Cluster string     `json:"cluster,omitempty"`
	Message string     `json:"message"`
}

func auditOf(e operate.AuditEntry) AuditRecord {
	return AuditRecord{ID: e.ID, At: when(e.At), Kind: e.Kind, Server: keyText(e.Key), Cluster: e.Cluster, Message: e.Message}
}

// Blocked is a recovery that waits because another one was a short time ago.
type Blocked struct {
	Server   string     `json:"server"`
	Cluster  string     `json:"cluster"`
	Code     string     `json:"code"`
	Last     *time.Time `json:"last" doc:"when it was blocked last"`
	Blocking int64      `json:"blocking" doc:"the number of the recovery that blocks it; acknowledge that"`
}

func blockedOf(b operate.Blocked) Blocked {
	return Blocked{keyText(b.Key), b.Cluster, string(b.Code), when(b.Last), b.BlockingRecovery}
}

// Outcome is what became of a change.
type Outcome struct {
	Operation string `json:"operation"`
	Message   string `json:"message"`
}
