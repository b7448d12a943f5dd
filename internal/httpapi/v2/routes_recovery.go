package v2

import (
	"fmt"
	"slices"
	"strconv"

	"orchestrator/internal/operate"
)

func recoveries(q *request) (any, error) {
	w, err := q.window()
	if err != nil {
		return nil, err
	}
	unacknowledged, err := q.flag("unacknowledged")
	if err != nil {
		return nil, err
	}
	within, err := q.within()
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
	cluster, state, code, node := q.text("cluster"), q.text("state"), q.text("code"), q.text("node")
	all = slices.DeleteFunc(all, func(r operate.Recovery) bool {
		began := r.Began()
		f := &r.Finding
		return cluster != "" && f.ClusterName != cluster && f.ClusterAlias != cluster || state != "" && recoveryOf(r).State != state || code != "" && string(f.Code) != code ||
			node != "" && !partOf(r.NodeHostname, node) || !within.holds(&began)
	})
	if all, err = q.byCourse(all, q.text("kind"), q.text("person")); err != nil {
		return nil, err
	}
	part, err := pageOf(all, w, func(r operate.Recovery) string { return r.UID })
	if err != nil {
		return nil, err
	}
	page := Page[Recovery]{Items: []Recovery{}, Total: part.Total, Next: part.Next}
	for n := range part.Items {
		shown, err := q.refined(&part.Items[n])
		if err != nil {
			return nil, err
		}
		page.Items = append(page.Items, shown)
	}
	return page, nil
}

// byCourse leaves those recoveries that are of a kind and concern a person; what is empty is not asked for.
func (q *request) byCourse(all []operate.Recovery, kind, person string) ([]operate.Recovery, error) {
	if kind == "" && person == "" {
		return all, nil
	}
	left := all[:0]
	for n := range all {
		shown, err := q.refined(&all[n])
		if err != nil {
			return nil, err
		}
		if (kind == "" || shown.Kind == kind) && (person == "" || shown.concerns(person)) {
			left = append(left, all[n])
		}
	}
	return left, nil
}

// refined is a recovery with what its journal tells.
func (q *request) refined(r *operate.Recovery) (Recovery, error) {
	shown := recoveryOf(*r)
	c, err := q.api.courseOf(q.Context(), r)
	if err == nil && q.api.Journal != nil {
		shown.refine(r.Began(), c)
	}
	return shown, err
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
	d := RecoveryDetail{Recovery: recoveryOf(list[0]), Steps: []Step{}, Rejected: []Judged{}}
	d.Headline = d.Sentence
	lines, err := records.Steps(q.Context(), uid)
	if err != nil {
		return nil, fmt.Errorf("read the log of recovery %s: %w", uid, err)
	}
	d.Log = mapped(lines, func(l operate.RecoveryStep) LogLine { return LogLine{when(l.At), l.Message} })
	if q.api.Journal == nil {
		return d, nil
	}
	j, ok, err := q.api.Journal(q.Context(), uid)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the journal of recovery %s: %w", uid, err)
	case ok:
		c := courseOf(&list[0], &j)
		d.refine(list[0].Began(), c)
		d.Rejected = judged(j.Rejected)
		d.Title, d.Steps, d.Outage = j.Title, stepsOf(j.Steps, &q.api.plans.known), c.outage
		d.Headline = headline(&d.Recovery, d.Outage)
		if !j.Found.At.IsZero() { // journals of older versions do not have it
			d.Found = foundOf(&j.Found, &d, sources(&j.Found, j.Steps))
		}
	}
	return d, nil
}
