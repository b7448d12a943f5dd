package operate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"orchestrator/internal/analysis"
	"orchestrator/internal/topology"
)

// Status is how something is, in one word.
type Status string

// The states, the worst last.
const (
	StatusOK         Status = "ok"
	StatusPause      Status = "pause" // a downtime or a maintenance: problems are expected
	StatusStale      Status = "stale" // it was not looked at lately
	StatusWarn       Status = "warn"
	StatusCritical   Status = "crit"
	StatusRecovering Status = "run" // something is being done about it
)

// Worse says whether the status is worse than another one.
func (s Status) Worse(than Status) bool { return s.rank() > than.rank() }

func (s Status) rank() int {
	return slices.Index([]Status{StatusOK, StatusPause, StatusStale, StatusWarn, StatusCritical, StatusRecovering}, s)
}

// Condition is how a server or a cluster is, and a sentence on it.
type Condition struct {
	Status   Status
	Sentence string
}

// ServerCondition is how one server is. found are the findings of its cluster.
func (e *Engine) ServerCondition(i *topology.Instance, found []analysis.Finding) Condition {
	now := e.Now()
	switch m := i.Maintenance; {
	case i.IsDowntimed(now):
		return Condition{StatusPause, "in downtime by " + i.Downtime.Owner + ": " + i.Downtime.Reason}
	case m != nil && (m.End.IsZero() || m.End.After(now)):
		return Condition{StatusPause, "under maintenance by " + m.Owner + ": " + m.Reason}
	}
	c := Condition{Status: StatusOK}
	var texts []string
	for _, p := range e.Problems(i) {
		status, text := inWords(i, p)
		if status.Worse(c.Status) {
			c.Status = status
		}
		texts = append(texts, text)
	}
	for n := range found {
		f := &found[n]
		if f.Key != i.Key || f.Code == analysis.NoProblem {
			continue
		}
		if StatusCritical.Worse(c.Status) {
			c.Status = StatusCritical
		}
		texts = append(texts, lowerFirst(f.Description))
	}
	c.Sentence = strings.Join(texts, "; ")
	return c
}

func lowerFirst(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToLower(text[:1]) + text[1:]
}

// inWords is what a problem of a server means.
func inWords(i *topology.Instance, problem string) (Status, string) {
	switch problem {
	case topology.ProblemLastCheckInvalid:
		if i.Check.Err == "" {
			return StatusCritical, "does not answer"
		}
		return StatusCritical, "does not answer: " + lastCause(i.Check.Err)
	case topology.ProblemNotRecentlyChecked:
		return StatusStale, "was not looked at lately"
	case topology.ProblemNotReplicating:
		return StatusCritical, notReplicating(&i.Channel)
	case topology.ProblemReplicationLag:
		return StatusWarn, fmt.Sprintf("lags %d s", i.Lag.N)
	case topology.ProblemErrantGTID:
		return StatusWarn, "has transactions that its source never had: " + i.OpenErrant()
	case topology.ProblemGroupMember:
		if i.Group.MemberState == "RECOVERING" {
			return StatusWarn, "is RECOVERING in its group"
		}
		return StatusCritical, "is " + i.Group.MemberState + " in its group"
	}
	return StatusWarn, problem
}

// lastCause is the end of an error's chain without the addresses on the way, which whoever reads it has before them:
// "connection refused". What a server itself said stays whole.
func lastCause(text string) string {
	if _, cause, dialled := strings.Cut(text, "dial tcp "); dialled {
		if _, cause, refused := strings.Cut(cause, "connect: "); refused {
			return cause
		}
	}
	return text
}

func notReplicating(c *topology.Channel) string {
	var errs []string
	for _, failed := range []struct {
		number int
		text   string
	}{{c.LastIOErrno, c.LastIOError}, {c.LastSQLErrno, c.LastSQLError}} {
		switch {
		case failed.text == "":
		case failed.number == 0: // a stored picture keeps the words alone
			errs = append(errs, failed.text)
		default:
			errs = append(errs, "error "+strconv.Itoa(failed.number)+": "+failed.text)
		}
	}
	if len(errs) == 0 {
		return "does not replicate: its threads are stopped"
	}
	return "does not replicate: " + strings.Join(errs, "; ")
}

// ClusterCondition is how a cluster is: its worst server or finding, those under a downtime excepted. busy says that a
// recovery or takeover is under way in it.
func (e *Engine) ClusterCondition(c *topology.Cluster, found []analysis.Finding, busy bool) Condition {
	out := Condition{Status: StatusOK}
	var worst []string
	paused, ill := 0, 0
	for _, i := range c.Members {
		s := e.ServerCondition(i, found)
		switch {
		case s.Status == StatusPause:
			paused++
		case s.Status == StatusOK:
		default:
			ill++
			text := i.Key.String() + " " + s.Sentence
			if s.Status.Worse(out.Status) {
				out.Status, worst = s.Status, slices.Insert(worst, 0, text)
			} else {
				worst = append(worst, text)
			}
		}
	}
	for n := range found {
		if f := &found[n]; len(f.Structure) > 0 && !f.IsDowntimed && StatusWarn.Worse(out.Status) {
			out.Status = StatusWarn
			worst = append(worst, fmt.Sprintf("%s: %s", f.Key, strings.ToLower(analysis.Describe(f.Structure[0]))))
		}
	}
	if out.Status == StatusOK && paused > 0 && paused == len(c.Members) {
		out.Status = StatusPause
	}
	out.Sentence = clusterSentence(len(c.Members), ill, paused, worst)
	if busy {
		out.Status = StatusRecovering
		out.Sentence = "A recovery or takeover is under way. " + out.Sentence
	}
	return out
}

// clusterSentence names the worst, and how many more there are.
func clusterSentence(all, ill, paused int, worst []string) string {
	var text string
	switch {
	case len(worst) > 0:
		text = worst[0]
		if more := max(ill, len(worst)) - 1; more > 0 {
			text += fmt.Sprintf("; and %d more of %d", more, all)
		}
		text += "."
	case all == 1 && paused == 1:
		return "Its only server is in downtime or maintenance."
	case all == 1:
		text = "Its only server is fine."
	case paused == all:
		return fmt.Sprintf("All %d servers are in downtime or maintenance.", all)
	case all-paused == 1:
		text = fmt.Sprintf("One of %d servers is fine.", all)
	case paused > 0:
		text = fmt.Sprintf("%d of %d servers are fine.", all-paused, all)
	default:
		text = fmt.Sprintf("All %d servers are fine.", all)
	}
	switch paused {
	case 0:
	case 1:
		text += " One is in downtime or maintenance."
	default:
		text += fmt.Sprintf(" %d are in downtime or maintenance.", paused)
	}
	return text
}
