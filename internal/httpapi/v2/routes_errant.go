package v2

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"orchestrator/internal/gtid"
	"orchestrator/internal/move"
	"orchestrator/internal/topology"
)

// Errant is what a replica holds and its source never had.
type Errant struct {
	Server       string              `json:"server"`
	Set          string              `json:"set" doc:"as it was seen last; empty: there is none"`
	Count        uint64              `json:"count"`
	Sources      []ErrantSource      `json:"sources" doc:"where it was written"`
	Files        []string            `json:"files" doc:"the binary logs in which it is"`
	Transactions []ErrantTransaction `json:"transactions" doc:"what they did, as far as the binary logs still tell"`
	CutOff       bool                `json:"cut_off" doc:"there are more than are listed"`
	Unreadable   string              `json:"unreadable,omitempty" doc:"why the binary logs do not tell"`
}

// AcceptedErrant says which errant transactions may stay.
type AcceptedErrant struct {
	Set    string     `json:"set"`
	Owner  string     `json:"owner"`
	Reason string     `json:"reason"`
	Begin  *time.Time `json:"begin"`
}

// ErrantSource is a server under whose name transactions were committed.
type ErrantSource struct {
	UUID   string `json:"uuid"`
	Server string `json:"server,omitempty" doc:"empty: nobody who is known has this UUID"`
	Count  uint64 `json:"count"`
}

// ErrantTransaction is one transaction and the heads of its events.
type ErrantTransaction struct {
	GTID   string        `json:"gtid"`
	File   string        `json:"file"`
	Pos    int64         `json:"position"`
	Events []ErrantEvent `json:"events"`
}

// ErrantEvent is an event without the values in it.
type ErrantEvent struct {
	Type string `json:"type"`
	Text string `json:"text" doc:"the head of the statement, or the table whose rows were changed; no values"`
}

func errantRoutes() []route {
	return []route{{
		method: http.MethodGet, path: "/instances/{instance}/errant", name: "getErrant", topic: "instances", summary: "The transactions that a replica has and its source never had, and what they did",
		doc: "Its binary logs are read. Values of rows and statements are left out.", answer: Errant{}, handle: errant,
	}}
}

func errant(q *request) (any, error) {
	i, t, err := q.instance()
	if err != nil {
		return nil, err
	}
	moves := q.api.Engine.Moves
	if moves == nil {
		return nil, notAvailable.say("binary logs cannot be read in this process")
	}
	e := Errant{Server: i.Key.String(), Set: i.ErrantSet, Sources: []ErrantSource{}, Files: []string{}, Transactions: []ErrantTransaction{}}
	if i.ErrantSet == "" {
		return e, nil
	}
	set, err := gtid.Parse(i.ErrantSet)
	if err != nil {
		return nil, fmt.Errorf("read the errant transactions of %s: %w", i.Key, err)
	}
	e.Count, e.Sources = set.Count(), errantSources(t, set)
	events, cutOff, err := moves.ErrantStatements(q.Context(), i.Key)
	if err != nil { // the rest is worth to be known all the same
		e.Unreadable = err.Error()
		return e, nil
	}
	e.CutOff, e.Transactions = cutOff, errantTransactions(events)
	for _, x := range e.Transactions {
		if n := len(e.Files); n == 0 || e.Files[n-1] != x.File {
			e.Files = append(e.Files, x.File)
		}
	}
	return e, nil
}

// errantSources says under whose names transactions were committed.
func errantSources(t *topology.Topology, set gtid.Set) []ErrantSource {
	names := map[string]string{}
	for _, i := range t.Instances() {
		names[strings.ToLower(i.ServerUUID)] = i.Key.String()
	}
	list := []ErrantSource{}
	for _, uuid := range set.UUIDs() {
		list = append(list, ErrantSource{uuid.String(), names[strings.ToLower(uuid.String())], set.Only(uuid).Count()})
	}
	return list
}

// errantTransactions puts the events of one transaction together.
func errantTransactions(events []move.ErrantEvent) []ErrantTransaction {
	list := []ErrantTransaction{}
	for _, e := range events {
		if n := len(list); n == 0 || list[n-1].GTID != e.GTID {
			list = append(list, ErrantTransaction{GTID: e.GTID, File: e.Event.LogName, Pos: e.Event.Pos, Events: []ErrantEvent{}})
		}
		last := &list[len(list)-1]
		last.Events = append(last.Events, ErrantEvent{e.Event.EventType, statementHead(e.Event.Info)})
	}
	return list
}

// statementHead is what a statement does, to what: it ends where values may begin.
func statementHead(text string) string {
	const most = 200
	if strings.HasPrefix(text, "table_id:") { // an event of rows: numbers, and the name of the table
		return text
	}
	end := strings.IndexAny(text, `'"(=`)
	for _, word := range []string{" values ", " set ", " where ", " select ", " identified "} {
		if at := strings.Index(strings.ToLower(text), word); at >= 0 && (end < 0 || at < end) {
			end = at
		}
	}
	if end < 0 {
		end = len(text)
	}
	head := strings.TrimSpace(text[:min(end, most)])
	if len(head) < len(strings.TrimSpace(text)) {
		head = strings.ToValidUTF8(head, "") + " …"
	}
	return head
}
