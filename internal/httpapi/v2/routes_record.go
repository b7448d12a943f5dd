package v2

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"orchestrator/internal/operate"
)

// AckRequest acknowledges.
type AckRequest struct {
	Comment string `json:"comment" doc:"why"`
	Owner   string `json:"owner,omitempty" doc:"on whose behalf; the caller when not given"`
}

// AckManyRequest acknowledges several recoveries; exactly one of all, cluster and instance is given.
type AckManyRequest struct {
	All      bool   `json:"all,omitempty"`
	Cluster  string `json:"cluster,omitempty"`
	Instance string `json:"instance,omitempty" doc:"the failed server"`
	AckRequest
}

func recordRoutes() []route {
	return []route{
		{method: http.MethodGet, path: "/recoveries", name: "listRecoveries", topic: "recoveries", summary: "Recoveries and takeovers, newest first", local: true,
			query: paging(parameter{name: "cluster", doc: "by the name or alias that it had"}, parameter{name: "state", doc: "only those", enum: []string{"running", "succeeded", "failed"}},
				parameter{name: "unacknowledged", doc: "true: only those", enum: []string{"true", "false"}}, parameter{name: "code", doc: "only of this failure"},
				parameter{name: "kind", doc: "only those", enum: recoveryKinds}, parameter{name: "person", doc: "a part of the name of who asked for it, or acknowledged it"}, byNode, since, until),
			answer: Page[Recovery]{}, handle: recoveries},
		{method: http.MethodGet, path: "/recoveries/{uid}", name: "getRecovery", topic: "recoveries", summary: "A recovery, by its unique name or its number, with its steps and its log", local: true,
			answer: RecoveryDetail{}, handle: recoveryDetail},
		{method: http.MethodPost, path: "/recoveries/{uid}/acknowledgement", name: "acknowledgeRecovery", topic: "recoveries", summary: "Acknowledge a recovery, so that it holds the next one back no more",
			needs: operate.Operator, body: AckRequest{}, answer: Outcome{}, handle: runs("ack-recovery-uid", body(func(q *request, b AckRequest) map[operate.Param]string {
				return map[operate.Param]string{operate.ParamUID: q.PathValue("uid"), operate.ParamReason: b.Comment, operate.ParamOwner: b.Owner}
			}))},
		{method: http.MethodPost, path: "/acknowledgements", name: "acknowledgeRecoveries", topic: "recoveries", summary: "Acknowledge all recoveries, or those of a cluster or a server",
			needs: operate.Operator, body: AckManyRequest{}, answer: Outcome{}, handle: acknowledge},
		{method: http.MethodGet, path: "/blocked-recoveries", name: "listBlocked", topic: "recoveries", summary: "Recoveries that wait because another one was a short time ago", local: true,
			query: []parameter{{name: "cluster", doc: "only of this cluster"}}, answer: Page[Blocked]{}, handle: blocked},
		{method: http.MethodGet, path: "/detections", name: "listDetections", topic: "recoveries", summary: "Detections of failures, newest first", local: true,
			query: paging(parameter{name: "cluster", doc: "by the name or alias that it had"}, parameter{name: "code", doc: "only of this failure"}, parameter{name: "id", doc: "only the one with this number"},
				parameter{name: "acted", doc: "true: only those that a recovery followed; false: only the others", enum: []string{"true", "false"}}, byNode, since, until), answer: Page[Detection]{}, handle: detections},
		{method: http.MethodGet, path: "/detections/{id}", name: "getDetection", topic: "recoveries", summary: "A detection, with how what is found about its server changed",
			answer: DetectionDetail{}, handle: detection},
		{method: http.MethodGet, path: "/audit", name: "listAudit", topic: "recoveries", summary: "What was done, newest first", local: true,
			doc: "It is empty unless AuditToBackendDB is set.",
			query: paging(parameter{name: "instance", doc: "only of this server"}, parameter{name: "cluster", doc: "only of the cluster of this name"}, parameter{name: "kind", doc: "only of this kind"},
				parameter{name: "person", doc: "only what this user did, where the service knows its users"}, parameter{name: "text", doc: "a part of what was done"},
				parameter{name: "plan", doc: "only what is part of this plan"}, parameter{name: "recovery", doc: "only what is part of the recovery of this unique name"}, byNode, since, until),
			answer: Page[AuditRecord]{}, handle: audit},
	}
}

func (a *API) records() (operate.Records, error) {
	if a.Engine.Records == nil {
		return nil, notAvailable.say("records are not available in this process")
	}
	return a.Engine.Records, nil
}

func acknowledge(q *request) (any, error) {
	var b AckManyRequest
	if err := q.decode(&b); err != nil {
		return nil, err
	}
	values := map[operate.Param]string{operate.ParamReason: b.Comment, operate.ParamOwner: b.Owner}
	var name string
	switch {
	case b.All && b.Cluster == "" && b.Instance == "":
		name = "ack-all-recoveries"
	case b.Cluster != "" && !b.All && b.Instance == "":
		name, values[operate.ParamCluster] = "ack-cluster-recoveries", b.Cluster
	case b.Instance != "" && !b.All && b.Cluster == "":
		name, values[operate.ParamInstance] = "ack-instance-recoveries", b.Instance
	default:
		return nil, badRequest.say("exactly one of all, cluster and instance is required")
	}
	result, err := q.call(name, values)
	return Outcome{name, result.Message}, err
}

func blocked(q *request) (any, error) {
	values := map[operate.Param]string{}
	if text := q.text("cluster"); text != "" {
		values[operate.ParamClusterName] = text
	}
	result, err := q.call("blocked-recoveries", values)
	if err != nil {
		return nil, err
	}
	list, _ := result.Value.([]operate.Blocked)
	return Page[Blocked]{Items: mapped(list, blockedOf), Total: len(list)}, nil
}

func detections(q *request) (any, error) {
	w, err := q.window()
	if err != nil {
		return nil, err
	}
	records, err := q.api.records()
	if err != nil {
		return nil, err
	}
	all, err := records.Detections(q.Context(), operate.RecoveryQuery{All: true})
	if err != nil {
		return nil, fmt.Errorf("read detections: %w", err)
	}
	cluster, code, id, node, acted := q.text("cluster"), q.text("code"), q.text("id"), q.text("node"), q.text("acted")
	within, err := q.within()
	if err != nil {
		return nil, err
	}
	list := slices.DeleteFunc(mapped(all, detectionOf), func(d Detection) bool {
		return id != "" && strconv.FormatInt(d.ID, 10) != id || cluster != "" && d.Cluster != cluster && d.Alias != cluster || code != "" && d.Code != code ||
			node != "" && !partOf(d.Node, node) || acted != "" && (d.Recovery != 0) != (acted == "true") || !within.holds(d.Started)
	})
	return pageOf(list, w, func(d Detection) string { return strconv.FormatInt(d.ID, 10) })
}

func detection(q *request) (any, error) {
	records, err := q.api.records()
	if err != nil {
		return nil, err
	}
	id, err := strconv.ParseInt(q.PathValue("id"), 10, 64)
	if err != nil {
		return nil, badRequest.say("%q is not the number of a detection", q.PathValue("id")).because("id", "GET "+Prefix+"/detections lists them")
	}
	list, err := records.Detections(q.Context(), operate.RecoveryQuery{ID: id, All: true})
	if err != nil {
		return nil, fmt.Errorf("read detection %d: %w", id, err)
	}
	n := slices.IndexFunc(list, func(r operate.Recovery) bool { return r.ID == id })
	if n < 0 {
		return nil, notFound.say("there is no detection %d", id).because("unknown-detection", "GET "+Prefix+"/detections lists them")
	}
	histories, err := records.Changelog(q.Context(), list[n].Finding.Key)
	if err != nil {
		return nil, fmt.Errorf("read what was found about %s: %w", list[n].Finding.Key, err)
	}
	return DetectionDetail{detectionOf(list[n]), changesOf(histories, list[n].Start)}, nil
}

func audit(q *request) (any, error) {
	w, err := q.window()
	if err != nil {
		return nil, err
	}
	records, err := q.api.records()
	if err != nil {
		return nil, err
	}
	before, err := w.number()
	if err != nil {
		return nil, err
	}
	within, err := q.within()
	if err != nil {
		return nil, err
	}
	query := operate.AuditQuery{Cluster: q.text("cluster"), Kind: q.text("kind"), Person: q.text("person"), Node: q.text("node"), Text: q.text("text"), Plan: q.text("plan"), Recovery: q.text("recovery"), From: within.from, To: within.to, Before: before, Limit: w.limit + 1}
	if text := q.text("instance"); text != "" {
		t, err := q.fleet()
		if err != nil {
			return nil, err
		}
		i := q.api.Engine.Server(q.Context(), t, text)
		if i == nil {
			return nil, notFound.say("no server is known as %q", text).because("unknown-server", "")
		}
		query.Instance = i.Key
	}
	rows, err := records.AuditLog(q.Context(), query)
	if err != nil {
		return nil, fmt.Errorf("read the audit: %w", err)
	}
	total, err := records.CountAudit(q.Context(), query)
	if err != nil {
		return nil, fmt.Errorf("count the audit: %w", err)
	}
	p := Page[AuditRecord]{Total: total}
	if len(rows) > w.limit {
		rows = rows[:w.limit]
		p.Next = cursor(strconv.FormatInt(rows[len(rows)-1].ID, 10))
	}
	p.Items = mapped(rows, auditOf)
	return p, nil
}
