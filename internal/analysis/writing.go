package analysis

import (
	"slices"
	"time"

	"orchestrator/internal/topology"
)

// CodeOfObstacle names what keeps a primary from taking writes.
func CodeOfObstacle(o topology.Obstacle) Code {
	switch o {
	case topology.DiskFull:
		return PrimaryDiskFull
	case topology.FileSystemReadOnly:
		return PrimaryFileSystemReadOnly
	case topology.CommitsStalled:
		return PrimaryCommitsStalled
	case topology.WritesLocked:
		return PrimaryWritesLocked
	case topology.ConnectionsUsedUp:
		return PrimaryConnectionsUsedUp
	}
	return PrimaryWriteCheckFails
}

// lastingTroubles are what has been keeping the server from taking writes for long enough, and still does. A server that
// is closed for writing cannot be hindered.
func (a *analyzer) lastingTroubles(i *topology.Instance) []topology.WriteTrouble {
	limit := a.policy.CannotWriteAfter
	if limit <= 0 || i.ReadOnly || !topology.IsPrimary(i) && !i.IsCoPrimary {
		return nil
	}
	var lasting []topology.WriteTrouble
	for _, t := range i.Troubles {
		if a.now.Sub(t.Since) >= limit && !a.now.After(t.Until) {
			lasting = append(lasting, t)
		}
	}
	return lasting
}

// stuckAnswers is how old an answer may be to prove that a server lives that answers no probe. It is about as long as it
// takes to find out that one does not.
const stuckAnswers = 1200 * time.Millisecond

// stuck says whether the server, which answers no probe, has said since then that it is held up in a write.
func (a *analyzer) stuck(i *topology.Instance) bool {
	return !i.LastCheckValid() && slices.ContainsFunc(i.Troubles, func(t topology.WriteTrouble) bool {
		return t.By == topology.BySigns && t.Seen.After(i.Check.Seen) && a.now.Sub(t.Seen) < stuckAnswers
	})
}

// cannotWrite are the codes of the troubles, those that say most first.
func (s *subject) cannotWrite() []Code {
	var codes []Code
	for _, c := range cannotWriteCodes {
		if slices.ContainsFunc(s.troubles, func(t topology.WriteTrouble) bool { return CodeOfObstacle(t.Obstacle) == c }) {
			codes = append(codes, c)
		}
	}
	return codes
}

// cannotWrite tells what was seen of an obstacle, and since when.
func (e *testimony) cannotWrite(c Code) {
	for _, t := range e.troubles {
		if CodeOfObstacle(t.Obstacle) == c {
			e.say("%s has not been able to write for %s (the limit is %s): %s.", e.Key, span(e.now.Sub(t.Since).Truncate(time.Second)),
				e.policy.CannotWriteAfter, shortened(t.Says))
		}
	}
}

// CannotWrite returns the codes of a finding that say that the server answers and cannot write, those that say most
// first.
func (f *Finding) CannotWrite() []Code {
	var codes []Code
	for _, c := range f.Additional {
		if slices.Contains(cannotWriteCodes[:], c) {
			codes = append(codes, c)
		}
	}
	return codes
}

// FailoverCode returns the code for which the policy has a primary replaced that answers and cannot write, or "". Where
// the published code calls for a repair, that goes first, unless it is that of a death: the server lives, and is to be
// closed for writing first.
func (p *Policy) FailoverCode(f *Finding) Code {
	if f.Actionable && !(f.Stuck && HandlingOf(f.Code).Recovery == RecoverPrimary) {
		return ""
	}
	for _, c := range f.CannotWrite() {
		if slices.Contains(p.FailoverOnCannotWrite, c) {
			return c
		}
	}
	return ""
}
