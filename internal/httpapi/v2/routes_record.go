package v2

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

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
				parameter{name: "unacknowledged", doc: "true: only those", enum: []string{"true", "false"}}, parameter{name: "code", doc: "only of this failure"}),
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
			query: paging(parameter{name: "cluster", doc: "by the name or alias that it had"}, parameter{name: "code", doc: "only of this failure"}, parameter{name: "id", doc: "only the one with this number"}), answer: Page[Detection]{}, handle: detections},
		{method: http.MethodGet, path: "/audit", name: "listAudit", topic: "recoveries", summary: "What was done, newest first", local: true,
			doc:    "It is empty unless AuditToBackendDB is set.",
			query:  paging(parameter{name: "instance", doc: "only of this server"}, parameter{name: "cluster", doc: "only of the cluster of this name"}, parameter{name: "kind", doc: "only of this kind"}),
			answer: Page[AuditRecord]{}, handle: audit},
	}
}

func (a *API) records() (operate.Records, error) {
	if a.Engine.Records == nil {
		return nil, notAvailable.say("records are not available in this process")
	}
	return a.Engine.Records, nil
}

func recoveries(q *request) (any, error) {
	w, err := q.window()
	if err != nil {
		return nil, err
	}
	unacknowledged, err := q.flag("unacknowledged")
	if err != nil {
		return nil, err
	}
	records, err := q.api.records()
	if err != nil {
		return nil, err
	}
	all, err := records.Recoveries(q.Context(), operate.RecoveryQuery{Unacknowledged: unacknowledged, All: true})
	if err != nil {
		return nil, fmt.Errorf("read recoveries: %w", err)
	}
	cluster, state, code := q.text("cluster"), q.text("state"), q.text("code")
	began := make(map[string]time.Time, len(all))
	for n := range all {
		began[all[n].UID] = all[n].Began()
	}
	list := slices.DeleteFunc(mapped(all, recoveryOf), func(r Recovery) bool {
		return cluster != "" && r.Cluster != cluster && r.Alias != cluster || state != "" && r.State != state || code != "" && r.Code != code
	})
	page, err := pageOf(list, w, func(r Recovery) string { return r.UID })
	if err != nil || q.api.Journal == nil {
		return page, err
	}
	for n := range page.Items {
		r := &page.Items[n]
		p, ok, err := q.api.Journal(q.Context(), r.UID)
		if err != nil {
			return nil, fmt.Errorf("read the journal of recovery %s: %w", r.UID, err)
		}
		if ok {
			r.refine(began[r.UID], p.Steps)
		}
	}
	return page, nil
}

func recoveryDetail(q *request) (any, error) {
	records, err := q.api.records()
	if err != nil {
		return nil, err
	}
	uid := q.PathValue("uid")
	query := operate.RecoveryQuery{UID: uid, All: true}
	if id, err := strconv.ParseInt(uid, 10, 64); err == nil {
		query = operate.RecoveryQuery{ID: id, All: true}
	}
	list, err := records.Recoveries(q.Context(), query)
	if err != nil {
		return nil, fmt.Errorf("read recovery %s: %w", uid, err)
	}
	if len(list) == 0 {
		return nil, notFound.say("there is no recovery %s", uid).because("unknown-recovery", "")
	}
	uid = list[0].UID
	d := RecoveryDetail{Recovery: recoveryOf(list[0]), Steps: []Step{}}
	d.Headline = d.Sentence
	lines, err := records.Steps(q.Context(), uid)
	if err != nil {
		return nil, fmt.Errorf("read the log of recovery %s: %w", uid, err)
	}
	d.Log = mapped(lines, func(l operate.RecoveryStep) LogLine { return LogLine{when(l.At), l.Message} })
	if q.api.Journal == nil {
		return d, q.api.addFound(q.Context(), &d, nil)
	}
	p, ok, err := q.api.Journal(q.Context(), uid)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the journal of recovery %s: %w", uid, err)
	case ok:
		began := list[0].Began()
		d.refine(began, p.Steps)
		d.Title, d.Steps, d.Outage = p.Title, stepsOf(p.Steps, &q.api.plans.known), outageOf(p.Steps, began)
		d.Headline = headline(&d.Recovery, d.Outage)
	}
	return d, q.api.addFound(q.Context(), &d, p.Steps)
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
	cluster, code, id := q.text("cluster"), q.text("code"), q.text("id")
	list := slices.DeleteFunc(mapped(all, detectionOf), func(d Detection) bool {
		return id != "" && strconv.FormatInt(d.ID, 10) != id || cluster != "" && d.Cluster != cluster && d.Alias != cluster || code != "" && d.Code != code
	})
	return pageOf(list, w, func(d Detection) string { return strconv.FormatInt(d.ID, 10) })
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
	query := operate.AuditQuery{Cluster: q.text("cluster"), Kind: q.text("kind"), Before: before, Limit: w.limit + 1}
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
