package v2

import (
	"slices"
	"time"

	"orchestrator/internal/plan"
	"orchestrator/internal/recovery"
	"orchestrator/internal/topology"
)

// Found is what a recovery began with: what it rests on, how the cluster stood, and what became of each server.
type Found struct {
	At       *time.Time    `json:"at" doc:"when that was"`
	LastSeen *time.Time    `json:"last_seen" doc:"when the failed server answered last; null: not known"`
	Evidence []string      `json:"evidence" doc:"what the failure was concluded from"`
	Managers []ManagerView `json:"managers" doc:"what the other managers found who were asked; those that were not waited for are missing"`
	Servers  []ServerFound `json:"servers"`
	More     int           `json:"more" doc:"servers that are not listed, because there are too many"`
}

// ManagerView is what a manager found of a failure.
type ManagerView struct {
	Node   string `json:"node"`
	Agrees bool   `json:"agrees" doc:"it found the failure, too"`
	Sees   bool   `json:"sees" doc:"it reached one of the replicas; its view counts only then"`
	Why    string `json:"why" doc:"what it found, or why it did not say"`
}

// ServerFound is how a server stood, and where it went.
type ServerFound struct {
	Server    string     `json:"server"`
	Answered  bool       `json:"answered" doc:"when it was asked last"`
	Checked   *time.Time `json:"checked" doc:"when that was"`
	Receiving bool       `json:"receiving" doc:"its receiver was connected to its source"`
	Says      string     `json:"says,omitempty" doc:"why it was not, or why the server did not answer"`
	Before    string     `json:"before,omitempty" doc:"the source that it had"`
	After     string     `json:"after,omitempty" doc:"the source that it has by the steps that were done"`
	Fate      string     `json:"fate" enum:"failed,successor,lost,moved,same" doc:"lost: it could not follow"`
}

// sources are whom each server replicates from by the steps that were done; zero: nobody.
func sources(f *recovery.Found, steps []plan.Step) map[topology.Key]topology.Key {
	now := make(map[topology.Key]topology.Key, len(f.Stood))
	for _, s := range f.Stood {
		now[s.Server] = s.Source
	}
	for _, s := range steps {
		switch {
		case s.State != plan.Done && s.State != plan.Skipped:
		case s.Action.ChangesSource() && !s.Action.Source.IsZero():
			now[s.Server] = s.Action.Source
		case s.Action.Verb == plan.ForgetSource, s.Action.Verb == plan.DetachSource && s.State == plan.Done:
			now[s.Server] = topology.Key{}
		}
	}
	return now
}

func foundOf(f *recovery.Found, d *RecoveryDetail, now map[topology.Key]topology.Key) *Found {
	out := &Found{At: when(f.At), LastSeen: when(f.LastSeen), Evidence: append([]string{}, f.Evidence...), More: f.More,
		Managers: mapped(f.Views, func(v recovery.NodeView) ManagerView {
			if v.Error != "" {
				return ManagerView{Node: v.Node, Why: v.Error}
			}
			return ManagerView{v.Node, v.Agrees, v.Sees, v.Why}
		}),
		Servers: mapped(f.Stood, func(s recovery.Standing) ServerFound {
			return ServerFound{s.Server.String(), s.Answered, when(s.Checked), s.Receiving, s.Says, keyText(s.Source), keyText(now[s.Server]), "same"}
		}),
	}
	for n := range out.Servers {
		s := &out.Servers[n]
		switch {
		case s.Server == d.Failed && d.Failed != d.Successor:
			s.Fate = "failed"
		case s.Server == d.Successor:
			s.Fate = "successor"
		case slices.Contains(d.Lost, s.Server):
			s.Fate = "lost"
		case s.Before != s.After:
			s.Fate = "moved"
		}
	}
	return out
}
