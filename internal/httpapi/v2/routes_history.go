package v2

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"orchestrator/internal/operate"
	"orchestrator/internal/topology"
)

// History is what is known of the last hours of a cluster.
type History struct {
	Moments  []time.Time   `json:"moments" doc:"when the fleet was written down, newest first; GET past?at= shows the cluster at one of them"`
	From     time.Time     `json:"from"`
	To       time.Time     `json:"to"`
	Lag      []LagPoint    `json:"lag" doc:"the greatest lag; each value holds until the next one"`
	LagSince *time.Time    `json:"lag_since" doc:"since when this node has kept it; null: it does not"`
	Marks    []HistoryMark `json:"marks" doc:"what was done, oldest first: recoveries, and the audit, which is empty unless AuditToBackendDB is set"`
}

// LagPoint is the greatest lag of a cluster from a moment on.
type LagPoint struct {
	At      time.Time `json:"at"`
	Seconds *int64    `json:"seconds" doc:"null: none was known"`
}

// HistoryMark is something that was done.
type HistoryMark struct {
	At       time.Time `json:"at"`
	Kind     string    `json:"kind" doc:"recovery, or the kind of the line of the audit"`
	Text     string    `json:"text"`
	Recovery string    `json:"recovery,omitempty" doc:"its unique name"`
}

// Past is a cluster as it was.
type Past struct {
	At      time.Time    `json:"at"`
	Servers []PastServer `json:"servers"`
}

// PastServer is a server as it stood.
type PastServer struct {
	Key    string `json:"key"`
	Source string `json:"source,omitempty"`
}

// The limits of a history.
const (
	historyHours  = 24 * time.Hour // when it is not said how far back
	historyAtMost = 31 * 24 * time.Hour
	marksAtMost   = 500
)

func historyRoutes() []route {
	return []route{
		{method: http.MethodGet, path: "/clusters/{cluster}/history", name: "getHistory", topic: "clusters", summary: "The last hours of a cluster: lag, what was done, and when the fleet was written down", local: true,
			query:  []parameter{{name: "from", doc: "a moment (RFC 3339) since when; 24 hours ago when not given"}, {name: "to", doc: "until when; now when not given"}},
			answer: History{}, handle: history},
		{method: http.MethodGet, path: "/clusters/{cluster}/past", name: "getPast", topic: "clusters", summary: "Who replicated from whom, at a moment of the history", local: true,
			query: []parameter{{name: "at", doc: "one of the moments of the history"}}, answer: Past{}, handle: past},
	}
}

func history(q *request) (any, error) {
	c, from, to, err := q.clusterAndSpan()
	if err != nil {
		return nil, err
	}
	h := History{From: from, To: to, Moments: []time.Time{}, Marks: []HistoryMark{}}
	if source := q.api.Engine.History; source != nil {
		list, err := source.Snapshots(q.Context())
		if err != nil {
			return nil, fmt.Errorf("read the history: %w", err)
		}
		h.Moments = mapped(list, func(t time.Time) time.Time { return t.UTC() })
	}
	lags, since := q.api.lags.between(c.Alias, from, to)
	h.Lag, h.LagSince = mapped(lags, func(m moment[*int64]) LagPoint { return LagPoint{m.At, m.Value} }), since
	if q.api.Engine.Records != nil {
		if h.Marks, err = q.api.marks(q.Context(), c, h.From, h.To); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// clusterAndSpan reads of which cluster, and from when to when, a history is asked for.
func (q *request) clusterAndSpan() (c *topology.Cluster, from, to time.Time, err error) {
	if c, _, err = q.cluster(q.PathValue("cluster")); err == nil {
		from, to, err = q.span()
	}
	return c, from, to, err
}

// span reads from when to when a history is asked for.
func (q *request) span() (from, to time.Time, err error) {
	to = q.api.Engine.Now().UTC()
	for name, at := range map[string]*time.Time{"from": &from, "to": &to} {
		text := q.text(name)
		if text == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return from, to, badRequest.say("%s=%q is no moment", name, text).because(name, "send it as in 2006-01-02T15:04:05Z")
		}
		*at = t.UTC()
	}
	if from.IsZero() {
		from = to.Add(-historyHours)
	}
	if length := to.Sub(from); length <= 0 || length > historyAtMost {
		return from, to, badRequest.say("from %s to %s is no span of at most 31 days", from, to).because("from", "")
	}
	return from, to, nil
}

// marks are what was done in a cluster, under whatever name it had.
func (a *API) marks(ctx context.Context, c *topology.Cluster, from, to time.Time) ([]HistoryMark, error) {
	names, done, err := a.formerNames(ctx, c)
	if err != nil {
		return nil, err
	}
	within := func(t time.Time) bool { return !t.Before(from) && !t.After(to) }
	list := []HistoryMark{}
	for _, r := range done {
		if shown := recoveryOf(r); within(r.Began()) {
			list = append(list, HistoryMark{At: r.Began().UTC(), Kind: "recovery", Text: shown.Sentence, Recovery: r.UID})
		}
	}
	for _, name := range names {
		lines, err := a.Engine.Records.AuditLog(ctx, operate.AuditQuery{Cluster: name, Limit: marksAtMost})
		if err != nil {
			return nil, fmt.Errorf("read the audit: %w", err)
		}
		for _, l := range lines {
			if within(l.At) {
				list = append(list, HistoryMark{At: l.At.UTC(), Kind: l.Kind, Text: strings.TrimSpace(keyText(l.Key) + " " + l.Message)})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b HistoryMark) int { return a.At.Compare(b.At) })
	return list[max(0, len(list)-marksAtMost):], nil
}

// formerNames are the names that a cluster has and had, by its recoveries, which are returned, too.
func (a *API) formerNames(ctx context.Context, c *topology.Cluster) (names []string, own []operate.Recovery, err error) {
	names = []string{c.Name}
	if a.Engine.Records == nil {
		return names, nil, nil
	}
	all, err := a.Engine.Records.Recoveries(ctx, operate.RecoveryQuery{All: true})
	if err != nil {
		return nil, nil, fmt.Errorf("read recoveries: %w", err)
	}
	for _, r := range all {
		f := &r.Finding
		if f.ClusterName != c.Name && (f.ClusterAlias != c.Alias || c.Alias == c.Name) {
			continue
		}
		own = append(own, r)
		if !slices.Contains(names, f.ClusterName) {
			names = append(names, f.ClusterName)
		}
	}
	return names, own, nil
}

func past(q *request) (any, error) {
	c, _, err := q.cluster(q.PathValue("cluster"))
	if err != nil {
		return nil, err
	}
	at, err := time.Parse(time.RFC3339, q.text("at"))
	if err != nil {
		return nil, badRequest.say("at=%q is no moment", q.text("at")).because("at", "send one of those that history lists")
	}
	if q.api.Engine.History == nil {
		return nil, notAvailable.say("the history is not available in this process")
	}
	names, _, err := q.api.formerNames(q.Context(), c)
	if err != nil {
		return nil, err
	}
	p := Past{At: at.UTC(), Servers: []PastServer{}}
	for _, name := range names {
		list, err := q.api.Engine.History.ClusterAt(q.Context(), name, at)
		if err != nil {
			return nil, fmt.Errorf("read the history: %w", err)
		}
		for _, s := range list {
			if shown := (PastServer{keyText(s.Key), keyText(s.Source)}); !slices.Contains(p.Servers, shown) {
				p.Servers = append(p.Servers, shown)
			}
		}
	}
	return p, nil
}
