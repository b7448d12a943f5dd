package v2

import (
	"strconv"
	"time"

	"orchestrator/internal/operate"
	"orchestrator/internal/plan"
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
	Took         *float64   `json:"took_ms" doc:"to the second where the times of its steps are not known; 0: less than that"`
	Pause        *float64   `json:"pause_ms" doc:"how long nobody could write; null: writes were not concerned, are not back, or it was not recorded"`
	Lost         []string   `json:"lost" doc:"servers that could not follow"`
	Loss         *Loss      `json:"loss" doc:"what was lost with the primary; null: no primary was replaced, or it is not known"`
	Participants []string   `json:"participants" doc:"servers that took part"`
	Errors       []string   `json:"errors"`
	Kind         string     `json:"kind" enum:"automatic,asked,planned" doc:"planned: a switchover of a primary that worked; asked: a person asked for the repair"`
	Asked        string     `json:"asked_by,omitempty" doc:"who asked for it; missing: nobody did, or was asked for a name"`
	Node         string     `json:"node" doc:"which manager did it"`
	Active       bool       `json:"active" doc:"it still keeps another one of the cluster from beginning"`
	Acknowledged *Ack       `json:"acknowledged" doc:"null: not yet"`
	Detection    int64      `json:"detection,omitempty" doc:"the detection that led to it"`
}

// Loss is how many transactions were lost with a primary that was replaced.
type Loss struct {
	Transactions uint64 `json:"transactions"`
	Basis        string `json:"basis" doc:"what the number rests on"`
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
		UID: r.UID, ID: r.ID, Cluster: f.ClusterName, Alias: f.ClusterAlias, Failed: keyText(f.Key), Code: string(f.Code), Kind: courseOf(&r, nil).kind, State: "running",
		Successor: keyText(r.SuccessorKey), Started: when(r.Start), Ended: when(r.End), Lost: mapped(r.LostReplicas, topology.Key.String),
		Participants: mapped(r.Participants, topology.Key.String), Errors: append([]string{}, r.Errors...), Node: r.NodeHostname, Active: r.IsActive, Detection: r.LastDetectionID,
	}
	if v.Ended != nil && v.Started != nil {
		took := millis(r.End.Sub(r.Start))
		v.Took = &took
	}
	if r.Loss != nil {
		v.Loss = &Loss{r.Loss.Transactions, r.Loss.Basis}
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
	Headline string    `json:"headline" doc:"what matters of it first, in a sentence"`
	Outage   *Outage   `json:"outage" doc:"how long nobody could write; null: writes were not concerned, or it was not recorded"`
	Title    string    `json:"title,omitempty" doc:"of its plan"`
	Steps    []Step    `json:"steps" doc:"what was done on the servers, with real times; empty for records of older versions"`
	Rejected []Judged  `json:"rejected" doc:"who was not promoted, and why, as the rules had it then; empty where that is not on record"`
	Log      []LogLine `json:"log"`
	Found    *Found    `json:"found" doc:"what it began with, and where each server went; null: that is not on record"`
}

// Outage is when nobody could write to the cluster, as far as the steps of the recovery tell.
type Outage struct {
	From  *time.Time `json:"from" doc:"when the failure was acted on, or writes were stopped on purpose"`
	To    *time.Time `json:"to" doc:"when the successor took writes; null: not yet, or never"`
	Took  *float64   `json:"took_ms"`
	Until int        `json:"until" doc:"the number of the step that brings writes back"`
}

// outageOf reads from the steps when writes went and when they came back. A takeover stops them by a step of its own;
// with a failure they were gone before.
func outageOf(steps []plan.Step, began time.Time) *Outage {
	from := began
	for _, s := range steps {
		switch {
		case s.Action.Verb == plan.ClosePrimary && !s.Started.IsZero():
			from = s.Started
		case s.Action.Verb == plan.SetWritable && s.Phase == plan.Promote:
			o := &Outage{From: when(from), Until: s.N}
			if s.State == plan.Done && !s.Ended.IsZero() {
				took := millis(s.Ended.Sub(from))
				o.To, o.Took = when(s.Ended), &took
			}
			return o
		}
	}
	return nil
}

// headline is the sentence that somebody needs who opens the record: whether writes are back.
func headline(r *Recovery, o *Outage) string {
	switch {
	case o == nil:
		return r.Sentence
	case o.Took != nil:
		return "Writes were back after " + inWords(time.Duration(*o.Took*float64(time.Millisecond))) + "."
	case r.State == "running":
		return "Nobody can write yet."
	}
	return "Writes were not brought back. " + r.Sentence
}

// LogLine is a line in the log of a recovery.
type LogLine struct {
	At   *time.Time `json:"at"`
	Text string     `json:"text"`
}

// AuditRecord is a line of the audit log.
type AuditRecord struct {
	ID      int64      `json:"id"`
	At      *time.Time `json:"at"`
	Kind    string     `json:"kind"`
	Server  string     `json:"server,omitempty"`
	Cluster string     `json:"cluster,omitempty"`
	Message string     `json:"message"`
	Person  string     `json:"person,omitempty" doc:"who asked for it; missing: nobody did, or that is not known"`
	Node    string     `json:"node,omitempty" doc:"which manager noted it; missing in lines of older versions"`

	Plan     string `json:"plan,omitempty" doc:"the plan that it is part of, which is kept for a day by the manager that led then"`
	Recovery string `json:"recovery,omitempty" doc:"the unique name of the recovery that it is part of"`
}

func auditOf(e operate.AuditEntry) AuditRecord {
	return AuditRecord{ID: e.ID, At: when(e.At), Kind: e.Kind, Server: keyText(e.Key), Cluster: e.Cluster, Message: e.Message, Person: e.Person, Node: e.Node, Plan: e.Plan, Recovery: e.Recovery}
}

// Blocked is a recovery that waits because another one was a short time ago.
type Blocked struct {
	Server   string     `json:"server"`
	Cluster  string     `json:"cluster"`
	Code     string     `json:"code"`
	Last     *time.Time `json:"last" doc:"when it was blocked last"`
	Blocking int64      `json:"blocking" doc:"the number of the recovery that blocks it; acknowledge that"`
	Until    *time.Time `json:"until" doc:"when the block ends by itself; null: that is not known"`
	// Lift is what lets it go on.
	Lift PlanRequest `json:"lift" doc:"the plan to ask for that acknowledges what blocks it"`
}

func blockedOf(b operate.Blocked) Blocked {
	return Blocked{keyText(b.Key), b.Cluster, string(b.Code), when(b.Last), b.BlockingRecovery, when(b.Until),
		PlanRequest{"ack-cluster-recoveries", map[string]string{"cluster": b.Cluster}}}
}

// Outcome is what became of a change.
type Outcome struct {
	Operation string `json:"operation"`
	Message   string `json:"message"`
}
