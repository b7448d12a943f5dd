package recovery

import (
	"strings"
	"time"

	"orchestrator/internal/topology"
)

// Found is what a recovery or takeover began with: what it rests on, and how the cluster stood. It is on record, because
// nobody can find it out afterwards.
type Found struct {
	At       time.Time  `json:"at,omitzero"`
	LastSeen time.Time  `json:"last_seen,omitzero"` // of the failed server
	UUID     string     `json:"uuid,omitempty"`     // of the failed server: who comes back under its name may be another one
	Evidence []string   `json:"evidence,omitempty"`
	Views    []NodeView `json:"views,omitempty"` // of the other managers that were asked and answered before it was decided
	Stood    []Standing `json:"stood,omitempty"` // the servers of the cluster
	More     int        `json:"more,omitempty"`  // servers that are left out, because there are too many
}

// NodeView is what another manager found of a failure.
type NodeView struct {
	Node string `json:"node"`
	View
	Error string `json:"error,omitempty"` // why it did not say
}

// Standing is how a server stood.
type Standing struct {
	Server    topology.Key `json:"server"`
	Source    topology.Key `json:"source,omitzero"`
	Answered  bool         `json:"answered,omitempty"`  // when it was asked last
	Checked   time.Time    `json:"checked,omitzero"`    // when that was
	Receiving bool         `json:"receiving,omitempty"` // its receiver was connected
	Says      string       `json:"says,omitempty"`      // why it was not, or why the server did not answer
}

// The limits of what is put on record.
const (
	mostStood   = 200 // servers
	longestSays = 300 // bytes
)

// found notes how things are at this moment.
func (e *Engine) found(r *Recovery) Found {
	f := Found{At: e.o.Now(), LastSeen: r.Finding.LastSeen, Evidence: r.Finding.Evidence, Views: r.views}
	t := e.o.Observer.Cluster(r.Finding.ClusterName)
	if t == nil {
		return f
	}
	if failed := t.Instance(r.Finding.Key); failed != nil {
		f.UUID = failed.ServerUUID
	}
	for n, i := range t.Instances() {
		if n == mostStood {
			f.More = t.Len() - n
			break
		}
		s := Standing{Server: i.Key, Answered: i.LastCheckValid(), Checked: i.Check.Checked}
		if i.HasSource() {
			s.Source, s.Receiving = i.Channel.Source, i.Channel.IOThread.Running()
		}
		switch {
		case !s.Answered:
			s.Says = i.Check.Err
		case i.HasSource() && !s.Receiving:
			s.Says = i.Channel.LastIOError
		}
		s.Says = strings.ToValidUTF8(s.Says[:min(len(s.Says), longestSays)], "")
		f.Stood = append(f.Stood, s)
	}
	return f
}
