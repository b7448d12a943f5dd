package recovery

import (
	"slices"

	"orchestrator/internal/failover"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// openedBy is what the journal of a recovery tells of the successor that it opened and of who was to follow that, and the
// steps that were done.
func openedBy(u *Unfinished, successor topology.Key) (opened failover.Opened, before []plan.Step) {
	opened = failover.Opened{Successor: successor, At: u.Journal.OpenAt, Former: u.Recovery.Finding.Replicas}
	if u.Journal.Successor != successor {
		opened.At = topology.Coordinates{} // it was noted of another server
	}
	relayed := u.Journal.Successor == successor &&
		slices.ContainsFunc(u.Journal.Steps, func(s plan.Step) bool { return s.Action.Verb == plan.RelayFrom })
	for _, s := range u.Journal.Steps {
		if relayed && (s.Phase == plan.Repoint || s.Phase == plan.Detach || s.Action.Verb == plan.PurgeLogs) {
			opened.Relayed = append(opened.Relayed, s)
		}
		switch {
		case s.Phase != plan.Repoint || s.Action.Verb != plan.ChangeSource:
		case s.Action.Place == plan.ByContent:
			opened.Behind = append(opened.Behind, s.Server)
		default:
			opened.Followers = append(opened.Followers, s.Server)
		}
		if s.NoReturn && s.Server == successor && !s.Action.At.IsEmpty() {
			opened.At = s.Action.At
		}
		if s.State != plan.Waiting && s.State != plan.Running {
			before = append(before, s)
		}
	}
	return opened, before
}
