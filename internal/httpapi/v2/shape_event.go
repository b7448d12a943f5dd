package v2

import "time"

// Event is what the stream of events carries; which members are there depends on its kind, the name of the event.
type Event struct {
	At       *time.Time     `json:"at"`
	Topics   []string       `json:"topics"`
	Cluster  string         `json:"cluster,omitempty" doc:"name"`
	Alias    string         `json:"alias,omitempty"`
	Server   string         `json:"server,omitempty"`
	What     string         `json:"what,omitempty" doc:"notice: what has happened, in one word: cluster-gone, discovered, forgotten, lost, back, finding, finding-gone, suspected, detected, held, began, promoted, finished, fenced, rejoined, quarantined, counted"`
	Text     string         `json:"text,omitempty" doc:"the same in words"`
	Recovery string         `json:"recovery,omitempty" doc:"its unique name"`
	Success  *bool          `json:"success,omitempty" doc:"finished: it did what it was to do"`
	Finding  *Finding       `json:"finding,omitempty"`
	From     string         `json:"from,omitempty" doc:"patch of a cluster: its revision before"`
	To       string         `json:"to,omitempty" doc:"and now"`
	Row      *ClusterRow    `json:"row,omitempty"`
	Members  []Server       `json:"members,omitempty" doc:"patch of a cluster: the servers that have changed"`
	Gone     []string       `json:"gone,omitempty" doc:"patch of a cluster: the servers that are not part of it any more"`
	Findings *[]Finding     `json:"findings,omitempty" doc:"patch of a cluster: all its findings, when they have changed"`
	Forecast *ForecastShort `json:"forecast,omitempty"`
	Step     *Step          `json:"step,omitempty"`
	Progress *Progress      `json:"progress,omitempty" doc:"step of an operation that goes by a name of its own: how far it has come"`
	Plan     *Plan          `json:"plan,omitempty"`
	Audit    *AuditRecord   `json:"audit,omitempty" doc:"without its number"`
	Writes   *GameDayWrites `json:"writes,omitempty" doc:"writes: what the servers of a game day have answered so far"`
	Nodes    *Nodes         `json:"nodes,omitempty" doc:"patch of the managers: all of them"`
}

// Progress is how far an operation has come.
type Progress struct {
	Steps int `json:"steps" doc:"of its plan, or of the one under way where there are several, one after the other"`
	Ended int `json:"ended" doc:"of them"`
	Fails int `json:"failed" doc:"of those that have ended"`
}

// Hello is the first event of a stream.
type Hello struct {
	Node     string    `json:"node"`
	Role     string    `json:"role" enum:"leader,follower"`
	Version  string    `json:"version"`
	Revision string    `json:"revision" doc:"where the stream stands"`
	Time     time.Time `json:"time"`
}

// Ping comes every five seconds.
type Ping struct {
	Revision string    `json:"revision"`
	Role     string    `json:"role" enum:"leader,follower"`
	Leader   string    `json:"leader"` // address of another node that leads; "" when none is known
	Time     time.Time `json:"time"`
}

// Reset says that events are missing: what was read before has to be read again.
type Reset struct {
	Reason   string `json:"reason"`
	Revision string `json:"revision"`
}
