package v2

import (
	"fmt"
	"net/http"

	"orchestrator/internal/refactor"
	"orchestrator/internal/topology"
)

// Donors are the servers by whose data those of a replica may be replaced.
type Donors struct {
	Server   string  `json:"server"`
	Possible bool    `json:"possible" doc:"nothing is known that forbids it; the plan of rebuild-replica looks again"`
	Reason   string  `json:"reason,omitempty" doc:"why it cannot be done"`
	Rule     string  `json:"rule,omitempty"`
	Remedy   string  `json:"remedy,omitempty" doc:"what to do instead, or what would make it possible"`
	Donors   []Donor `json:"donors" doc:"the best first; those that are not fit come last"`
}

// Donor is one of them.
type Donor struct {
	Server   string `json:"server"`
	OK       bool   `json:"ok"`
	Sentence string `json:"sentence" doc:"what speaks for it, or why it is not fit"`
}

func donorRoutes() []route {
	return []route{{
		method: http.MethodGet, path: "/instances/{instance}/donors", name: "getDonors", topic: "instances", summary: "By whose data those of a replica may be replaced (rebuild-replica)",
		doc: "The server and the best few of its cluster are asked for it.", answer: Donors{}, handle: donors,
	}}
}

func donors(q *request) (any, error) {
	i, _, err := q.instance()
	if err != nil {
		return nil, err
	}
	moves := q.api.Engine.Moves
	if moves == nil {
		return nil, notAvailable.say("servers cannot be rebuilt in this process")
	}
	list, refusal, err := moves.Donors(q.Context(), i.Key)
	if err != nil {
		return nil, err
	}
	out := Donors{Server: i.Key.String(), Possible: refusal == nil, Donors: mapped(list, donorOf)}
	switch {
	case refusal != nil:
		out.Reason, out.Rule, out.Remedy = refusal.Reason, refusal.Rule, refusal.Remedy
	case len(list) == 0 || list[0].Unfit != "":
		out.Possible, out.Rule = false, "no-donor"
		out.Reason, out.Remedy = "No server of its cluster is fit to be the donor.", "mend one of them, or rebuild it from a backup"
	}
	return out, nil
}

func donorOf(d refactor.Donor) Donor {
	return Donor{Server: d.Key.String(), OK: d.Unfit == "", Sentence: donorSentence(d.Instance, d.Unfit)}
}

// donorSentence says of a possible donor what counts for the choice.
func donorSentence(i *topology.Instance, unfit string) string {
	if unfit != "" {
		return unfit
	}
	text := "the primary: clients share its disks with the copying"
	if i.HasSource() {
		text = fmt.Sprintf("a replica of %s that lags %d s", i.SourceKey(), i.Lag.N)
	}
	if i.DataCenter != "" {
		text += ", in " + i.DataCenter
	}
	return text
}
