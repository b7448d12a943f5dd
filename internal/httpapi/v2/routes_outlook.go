package v2

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"time"

	"orchestrator/internal/topology"
)

// ForecastHistory is how the forecast of a cluster has changed, and how good it was.
type ForecastHistory struct {
	From     time.Time       `json:"from"`
	To       time.Time       `json:"to"`
	Points   []ForecastPoint `json:"points" doc:"what would have happened if the primary had died; each holds until the next one"`
	Since    *time.Time      `json:"since" doc:"since when the node that leads has kept them; null: it does not"`
	Compared []Compared      `json:"compared" doc:"takeovers of that time for which there was a forecast, oldest first"`
}

// ForecastPoint is the forecast of a cluster from a moment on.
type ForecastPoint struct {
	At time.Time `json:"at"`
	ForecastShort
}

// Compared is a takeover, and what had been foretold of it.
type Compared struct {
	At       time.Time `json:"at"`
	Recovery string    `json:"recovery" doc:"its unique name"`
	Foretold float64   `json:"foretold_ms" doc:"how long nobody would be able to write, by the forecast before it"`
	Took     float64   `json:"took_ms" doc:"how long it was: from when the failure was acted on, or writes were stopped on purpose, until the successor took writes"`
}

func outlookRoutes() []route {
	return []route{
		{method: http.MethodGet, path: "/clusters/{cluster}/forecast/history", name: "getForecastHistory", topic: "clusters", summary: "How the forecast of a cluster has changed, and how good it was",
			doc:    "The node that leads keeps what it would have done, for a day and in its memory; a pause that differs by less than a tenth is the same.",
			query:  []parameter{{name: "from", doc: "a moment (RFC 3339) since when; 24 hours ago when not given"}, {name: "to", doc: "until when; now when not given"}},
			answer: ForecastHistory{}, handle: forecastHistory},
	}
}

// sameForecast says whether two forecasts say the same to somebody who looks at a day of them: measured times waver.
func sameForecast(a, b ForecastShort) bool {
	if a.Would != b.Would || a.Rule != b.Rule || a.Successor != b.Successor || (a.Risk == nil) != (b.Risk == nil) || a.Risk != nil && *a.Risk != *b.Risk {
		return false
	}
	return math.Abs(a.Pause-b.Pause) <= max(a.Pause, b.Pause)/10
}

func forecastHistory(q *request) (any, error) {
	c, from, to, err := q.clusterAndSpan()
	if err != nil {
		return nil, err
	}
	h := ForecastHistory{From: from, To: to}
	points, since := q.api.outlook.between(c.Alias, from, to)
	h.Points, h.Since = mapped(points, func(m moment[ForecastShort]) ForecastPoint { return ForecastPoint{m.At, m.Value} }), since
	h.Compared, err = q.api.compared(q.Context(), c, from, to)
	return h, err
}

// compared sets the takeovers of a span against their forecasts.
func (a *API) compared(ctx context.Context, c *topology.Cluster, from, to time.Time) ([]Compared, error) {
	list := []Compared{}
	if a.Journal == nil {
		return list, nil
	}
	_, done, err := a.formerNames(ctx, c)
	if err != nil {
		return nil, err
	}
	for n := range done { // the newest first
		r := &done[len(done)-1-n]
		began := r.Began()
		foretold, known := a.outlook.before(c.Alias, began)
		if !known || !foretold.Would || r.SuccessorKey.IsZero() || began.Before(from) || began.After(to) {
			continue
		}
		p, ok, err := a.Journal(ctx, r.UID)
		if err != nil {
			return nil, fmt.Errorf("read the journal of recovery %s: %w", r.UID, err)
		}
		if outage := outageOf(p.Steps, began); ok && outage != nil && outage.Took != nil {
			list = append(list, Compared{began.UTC(), r.UID, foretold.Pause, *outage.Took})
		}
	}
	return list, nil
}
