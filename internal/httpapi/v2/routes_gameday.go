package v2

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"

	"orchestrator/internal/operate"
	"orchestrator/internal/refactor"
	"orchestrator/internal/rehearsal"
	"orchestrator/internal/topology"
)

// GameDays are where something may be struck on purpose, and what came of it before.
type GameDays struct {
	Mark     string           `json:"mark" doc:"the tag that every server of a cluster has to carry, as name=value"`
	Clusters []GameDayCluster `json:"clusters" doc:"those of which at least one server carries the mark"`
	Items    []GameDay        `json:"items" doc:"newest first"`
}

// GameDayCluster is a cluster in which servers may be struck, or nearly.
type GameDayCluster struct {
	Name     string   `json:"name"`
	Alias    string   `json:"alias"`
	Allowed  bool     `json:"allowed" doc:"all its servers carry the mark"`
	Unmarked []string `json:"unmarked" doc:"those that do not"`
	Servers  []string `json:"servers" doc:"whose failure has consequences: the primary, and sources of replicas"`
	Blows    []Blow   `json:"blows" doc:"how they may be struck; and how not, with the reason"`
}

// Blow is a way to strike a server.
type Blow struct {
	Name  string `json:"name" doc:"the argument blow of the operation game-day; empty: it is not one of its blows"`
	Title string `json:"title"`
	Means string `json:"means" doc:"what is done to the server"`
	Why   string `json:"why,omitempty" doc:"it is not offered; empty: it is"`
}

// GameDay is one blow: what was expected, what the forecast said, and what happened.
type GameDay struct {
	Begun      *time.Time     `json:"begun"`
	Server     string         `json:"server"`
	Cluster    string         `json:"cluster" doc:"the name that it had"`
	Alias      string         `json:"alias"`
	Owner      string         `json:"owner"`
	Blow       string         `json:"blow" enum:"shut-down,kill,freeze" doc:"how it was struck"`
	Hypothesis string         `json:"hypothesis" doc:"what was expected by who did it"`
	Successor  string         `json:"successor,omitempty" doc:"who was to take over by the forecast; empty: nobody was to"`
	Pause      float64        `json:"pause_ms" doc:"for how long nobody was to write by the forecast"`
	AtRisk     *uint64        `json:"at_risk" doc:"transactions by the forecast; null: it could not be known"`
	Error      string         `json:"error,omitempty" doc:"why the server was not struck after all"`
	Recovery   *Recovery      `json:"recovery" doc:"what was done about it; null: nothing yet, or nothing at all"`
	Writes     *float64       `json:"writes_back_ms" doc:"from the blow until the successor took writes; null: it did not, or nobody's writes were concerned"`
	Outage     *float64       `json:"outage_ms" doc:"for how long nobody took writes, at a stretch: as the servers answered, or else writes_back_ms; null: it is not known"`
	Graph      *GameDayWrites `json:"writes" doc:"what the servers answered meanwhile; null while they are asked, and where nobody asked"`
}

// gameDayWithin is how long after a blow a recovery of the server belongs to it.
const gameDayWithin = 10 * time.Minute

func gameDayRoutes() []route {
	return []route{{
		method: http.MethodGet, path: "/game-days/writes", name: "listGameDayWrites", topic: "recoveries", summary: "What servers answer, during game days, when they are asked whether they would take a write",
		doc: "Each server of the cluster is asked every 20 ms, from before the blow until writes have come back. Nothing is written, unless WriteCheckTable names a table. " +
			"The same comes as the event writes. What has ended is kept with the game day.",
		answer: Page[GameDayWrites]{}, handle: gameDayWrites,
	}, {
		method: http.MethodGet, path: "/game-days", name: "listGameDays", topic: "recoveries", summary: "Where servers may be struck on purpose, how, and what came of it before", local: true,
		doc:    "It is done by a plan of the operation game-day, which is refused in every cluster that is not marked.",
		answer: GameDays{}, handle: gameDays,
	}}
}

func gameDays(q *request) (any, error) {
	t, err := q.fleet()
	if err != nil {
		return nil, err
	}
	out := GameDays{Mark: refactor.GameDayMark.String(), Clusters: []GameDayCluster{}, Items: []GameDay{}}
	for _, c := range t.Clusters() {
		if unmarked := refactor.Unmarked(c); len(unmarked) < len(c.Members) {
			out.Clusters = append(out.Clusters, GameDayCluster{
				Name: c.Name, Alias: c.Alias, Allowed: len(unmarked) == 0, Unmarked: mapped(unmarked, topology.Key.String), Servers: struck(t, c), Blows: blowsOf(q.api.Engine.Blows(c.Members)),
			})
		}
	}
	days, err := q.api.Engine.GameDays(q.Context())
	if err != nil {
		return nil, err
	}
	if len(days) == 0 {
		return out, nil
	}
	records, err := q.api.records()
	if err != nil {
		return nil, err
	}
	all, err := records.Recoveries(q.Context(), operate.RecoveryQuery{All: true})
	if err != nil {
		return nil, fmt.Errorf("read recoveries: %w", err)
	}
	for _, d := range days {
		shown, err := q.api.gameDay(q.Context(), d, all)
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, shown)
	}
	return out, nil
}

// blowsInWords say what each blow is.
var blowsInWords = map[refactor.Blow]Blow{
	refactor.BlowShutDown: {Title: "Shut it down", Means: "It is told to end (SHUTDOWN), for which the account of orchestrator needs that privilege there. It ends in order and sends its replicas what it has committed; one that crashes may not."},
	refactor.BlowKill:     {Title: "Kill its process", Means: "SIGKILL: it ends at once, and its connections with it. What it had committed and not sent yet is lost, unless it is started again."},
	refactor.BlowFreeze:   {Title: "Freeze its process", Means: "SIGSTOP: it stays and does nothing, and its connections stay open, as on a machine that hangs. The forecast is for a process that dies: of a silence it takes longer to be certain (docs/performance.md). When it is woken it believes that it is still the primary, and is closed."},
}

// blowsElsewhere are those that nothing within reach of a manager can deal.
var blowsElsewhere = []Blow{
	{Title: "Cut a site", Why: "orchestrator does not reach the network between sites: cut it there, and watch it here"},
	{Title: "Fill a disk", Why: "orchestrator does not reach the disks of servers: fill one there, and watch it here"},
	{Title: "Stop a manager", Why: "a manager is stopped where it runs; the screen Managers shows how many more may fail, and makes another one lead"},
}

// blowsOf are the blows that may be dealt, then those that may not.
func blowsOf(reach []operate.BlowReach) []Blow {
	var list []Blow
	for _, r := range reach {
		b := blowsInWords[r.Blow]
		b.Name, b.Why = string(r.Blow), r.Why
		list = append(list, b)
	}
	return append(list, blowsElsewhere...)
}

// struck are the servers of a cluster on which others depend; the primary first.
func struck(t *topology.Topology, c *topology.Cluster) []string {
	list := []string{}
	for _, i := range c.Primaries() {
		list = append(list, i.Key.String())
	}
	for _, i := range c.Members {
		if i.IsReplica() && len(t.Replicas(i.Key)) > 0 {
			list = append(list, i.Key.String())
		}
	}
	return list
}

// gameDay puts a blow and what was done about it together.
func (a *API) gameDay(ctx context.Context, d operate.GameDay, all []operate.Recovery) (GameDay, error) {
	out := GameDay{
		Begun: when(d.Begun), Server: d.Server.String(), Cluster: d.Cluster, Alias: d.Alias, Owner: d.Owner, Blow: cmp.Or(string(d.Blow), string(refactor.BlowShutDown)), Hypothesis: d.Hypothesis,
		Successor: keyText(d.Successor), Pause: millis(d.Pause), AtRisk: d.AtRisk, Error: d.Error,
	}
	if d.Writes != nil {
		out.Graph, out.Outage = writesOf(d.Writes), stretch(d.Writes)
	}
	if d.Error != "" {
		return out, nil
	}
	answer := answerTo(d, all)
	if answer == nil {
		return out, nil
	}
	shown := recoveryOf(*answer)
	out.Recovery = &shown
	if a.Journal == nil {
		return out, nil
	}
	p, ok, err := a.Journal(ctx, answer.UID)
	if err != nil {
		return out, fmt.Errorf("read the journal of recovery %s: %w", answer.UID, err)
	}
	if !ok {
		return out, nil
	}
	if outage := outageOf(p.Steps, d.Begun); outage != nil && outage.To != nil {
		took := millis(outage.To.Sub(d.Begun))
		out.Writes = &took
		if d.Writes == nil {
			out.Outage = &took
		}
	}
	return out, nil
}

// stretch is the longest time for which nobody took writes; nil while it goes on, and where it never ended.
func stretch(s *rehearsal.Series) *float64 {
	longest, stopped := s.Longest()
	if s.Ended.IsZero() || stopped && longest.To.IsZero() {
		return nil
	}
	took := millis(longest.To.Sub(longest.From))
	return &took
}

// answerTo is the first recovery of the server that was struck, nil when there is none.
func answerTo(d operate.GameDay, all []operate.Recovery) *operate.Recovery {
	var first *operate.Recovery
	for n := range all {
		r := &all[n]
		began := r.Began()
		if r.Finding.Key == d.Server && !began.Before(d.Begun) && began.Sub(d.Begun) < gameDayWithin && (first == nil || began.Before(first.Began())) {
			first = r
		}
	}
	return first
}
