package analysis

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"orchestrator/internal/topology"
)

// mostWitnesses is how many servers are named one by one before the rest is only counted.
const mostWitnesses = 10

// testimony collects the sentences of one finding.
type testimony struct {
	*subject
	now   time.Time
	lines []string
}

// evidence puts into words what the finding rests on. Servers without any code need no proof.
func (s *subject) evidence(now time.Time) []string {
	if !s.HasProblem() && len(s.Additional) == 0 {
		return nil
	}
	e := testimony{subject: s, now: now}
	e.server()
	if s.Code != NoProblem || len(s.Additional) > 0 {
		e.ownChannel()
		e.replication()
		e.semiSync(s.Code)
	}
	for _, c := range s.Structure {
		e.structure(c)
	}
	for _, c := range s.Additional {
		e.additional(c)
	}
	return e.lines
}

func (e *testimony) say(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if !slices.Contains(e.lines, line) { // a failure and a structure warning may rest on the same
		e.lines = append(e.lines, line)
	}
}

// server tells of the probes of the server itself.
func (e *testimony) server() {
	c := &e.instance.Check
	switch {
	case e.LastCheckValid:
		e.say("%s answered the last probe, %s.", e.Key, e.ago(c.Seen))
		return
	case e.LastCheckTooOld:
		e.say("%s answered the last probe, but that was %s, and nobody has probed it since.", e.Key, e.ago(c.Seen))
		return
	case c.Seen.IsZero():
		e.say("%s was never seen%s.", e.Key, reason(c.Err))
	case c.Checked.After(c.Seen):
		e.say("%s did not answer the last probe, %s%s; it was last seen %s.", e.Key, e.ago(c.Checked), reason(c.Err),
			e.ago(c.Seen))
	default:
		e.say("A probe of %s that began %s has not ended%s; it was last seen %s.", e.Key, e.ago(c.Attempted),
			reason(c.Err), e.ago(c.Seen))
	}
	if c.Hung {
		e.say("No answer came from %s in time; it did not refuse the probe.", e.Key)
	}
	if c.PartialSuccess {
		e.say("%s did answer the first query of the last probe that ended.", e.Key)
	}
}

// ownChannel tells why the server, as a replica, has no connection.
func (e *testimony) ownChannel() {
	if e.IsFailingToConnect {
		e.say("%s itself cannot connect to its source %s%s.", e.Key, e.SourceKey, ioError(&e.instance.Channel))
	}
}

// replication tells of the replicas: in numbers, and one by one of those that do not replicate.
func (e *testimony) replication() {
	if e.CountReplicas == 0 {
		e.say("%s has no replicas.", e.Key)
		return
	}
	e.say("Of its %s, %d are reachable, %d of these replicate and %d cannot connect to it; %d of all lag, %d have a "+
		"configured delay, and %d are downtimed.", plural(e.CountReplicas, "replica"), e.CountValid,
		e.CountReplicating, e.CountFailing, e.CountLagging, e.CountDelayed, e.CountDowntimed)
	e.eachReplica("do not replicate", func(r *topology.Instance) string {
		switch {
		case !r.LastCheckValid():
			return "is not reachable itself" + reason(r.Check.Err) + seen(e.now, r.Check.Seen)
		case !r.Replicating():
			return threads(&r.Channel)
		}
		return ""
	})
	if e.codeOfLag() {
		e.eachReplica("lag", func(r *topology.Instance) string {
			if !r.Lag.Known {
				return ""
			}
			return fmt.Sprintf("lags by %ds, with a configured delay of %ds", r.Lag.N, r.Channel.SQLDelay)
		})
	}
}

// eachReplica says one sentence for each replica of which about has something to tell, as long as there is room.
func (e *testimony) eachReplica(predicate string, about func(*topology.Instance) string) {
	told, more := 0, 0
	for _, r := range e.replicas {
		text := about(r)
		switch {
		case text == "":
		case told < mostWitnesses:
			told++
			e.say("%s %s.", r.Key, text)
		default:
			more++
		}
	}
	if more > 0 {
		e.say("So it is with %d more replicas that %s.", more, predicate)
	}
}

func (e *testimony) semiSync(c Code) {
	switch c {
	case LockedSemiSyncPrimary, LockedSemiSyncPrimaryHypothesis, PrimaryWithTooManySemiSync, NotEnoughSemiSyncReplicas:
		e.say("%s wants %s for each commit and has %s (status %s).", e.Key,
			plural(e.SemiSyncWaitCount, "semi-sync acknowledgement"), plural(e.SemiSyncClients, "semi-sync client"),
			onOff(e.SemiSyncStatus))
	}
	switch c {
	case LockedSemiSyncPrimary, LockedSemiSyncPrimaryHypothesis:
		if e.StaleSince.IsZero() {
			e.say("It has not yet been noted how long its binary log stands at %s.", e.Coordinates)
		} else {
			e.say("Its binary log was first seen at %s %s and stands there still; the limit is %s.", e.Coordinates,
				e.ago(e.StaleSince), e.policy.ReasonableLockedSemiSync)
		}
	case NoWriteablePrimary:
		e.say("%s is read-only.", e.Key)
	}
}

func (e *testimony) structure(c Code) {
	switch c {
	case StatementAndMixedLogging, StatementAndRowLogging, MixedAndRowLogging:
		e.say("Of %s, %d log in STATEMENT, %d in MIXED and %d in ROW format.",
			plural(e.CountLogging, "logging replica"), e.CountStatement, e.CountMixed, e.CountRow)
	case MultipleMajorVersionsLogging:
		e.eachReplica("log", func(r *topology.Instance) string {
			if !r.LogsUpdates() {
				return ""
			}
			return "logs and is of version " + r.Version
		})
	case NoLoggingReplicas:
		e.say("None of its %s has both a binary log and log_replica_updates.", plural(e.CountReplicas, "replica"))
	case DifferentGTIDModes:
		e.say("%s has gtid_mode %s; its replicas have %s to %s.", e.Key, quoted(e.GTIDMode),
			quoted(e.MinReplicaGTIDMode), quoted(e.MaxReplicaGTIDMode))
	case ErrantGTID:
		e.eachReplica("have errant transactions", func(r *topology.Instance) string {
			errant := r.OpenErrant()
			if errant == "" || r.IsDowntimed(e.now) {
				return ""
			}
			return "has executed what its source has not: " + shortened(errant)
		})
	case NoFailoverSupport:
		e.say("Of its %d reachable replicas, not all replicate by MySQL's GTID, nor all by MariaDB's, nor are all binlog "+
			"servers; and %s writes no Pseudo-GTID.", e.CountValid, e.Key)
	case NoWriteablePrimary, NotEnoughSemiSyncReplicas:
		e.semiSync(c)
	}
}

func (e *testimony) additional(c Code) {
	switch c {
	case HungPrimary, HungIntermediate:
		e.say("No probe of %s has succeeded for %s; the limit is %s.", e.Key, span(e.silence), e.policy.hungAfter())
	case UnreachableWithSilentReplicas:
		e.say("Of %s that hold a connection to %s, none has a known lag of at most %s beyond its delay.",
			plural(e.CountReceiving, "replica"), e.Key, e.policy.ReasonableLag)
	case ReplicasStillReceiving:
		e.eachReplica("still receive", func(r *topology.Instance) string {
			if !r.LastCheckValid() || !r.Channel.IOThread.Running() {
				return ""
			}
			return "still holds its connection to " + e.Key.String()
		})
	case LaggingByDesign:
		e.say("%d of %s are within their configured delay.", e.CountLaggingDelayed,
			plural(e.CountLagging, "lagging replica"))
	case ProbingStopped:
		e.say("A check older than %s does not count.", e.policy.maxAge())
	case GroupMemberInError:
		e.say("%s reports state ERROR in group %s.", e.Key, e.instance.Group.Name)
	case PrimaryDiskFull, PrimaryFileSystemReadOnly, PrimaryCommitsStalled, PrimaryWritesLocked, PrimaryConnectionsUsedUp, PrimaryWriteCheckFails:
		e.cannotWrite(c)
	case GroupWithoutPrimary, GroupWithManyPrimaries, GroupWithoutQuorum:
		e.say("Group %s counts the members %s; reachable and online: %s; of these primary: %s.", e.instance.Group.Name,
			list(e.group.view), list(e.group.online), list(e.group.primaries))
	}
}

func (e *testimony) ago(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return span(e.now.Sub(t)) + " ago"
}

// span prints a duration no finer than anybody wants to read it.
func span(d time.Duration) string {
	if d < time.Second {
		return max(d, 0).Truncate(time.Millisecond).String()
	}
	return d.Truncate(time.Second).String()
}

func seen(now, t time.Time) string {
	if t.IsZero() {
		return "; it was never seen"
	}
	return "; it was last seen " + span(now.Sub(t)) + " ago"
}

// threads tells of the two threads of a channel and why they do not run.
func threads(c *topology.Channel) string {
	text := "has its receiver " + state(c.IOThread)
	if !c.IOThread.Running() {
		text += ioError(c)
	}
	text += " and its applier " + state(c.SQLThread)
	if !c.SQLThread.Running() {
		text += errorText(c.LastSQLErrno, c.LastSQLError)
	}
	return text
}

func state(s topology.ThreadState) string {
	switch s {
	case topology.ThreadRunning:
		return "running"
	case topology.ThreadStopped:
		return "stopped"
	case topology.ThreadOther:
		return "connecting"
	}
	return "missing"
}

func ioError(c *topology.Channel) string { return errorText(c.LastIOErrno, c.LastIOError) }

func errorText(errno int, text string) string {
	switch {
	case errno == 0 && text == "":
		return ""
	case errno == 0:
		return " (" + shortened(text) + ")"
	case text == "":
		return " (error " + strconv.Itoa(errno) + ")"
	}
	return " (error " + strconv.Itoa(errno) + ": " + shortened(text) + ")"
}

func reason(text string) string {
	if text == "" {
		return ""
	}
	return " (" + shortened(text) + ")"
}

// shortened keeps a text to one line of readable length.
func shortened(text string) string {
	const most = 300
	text = strings.ToValidUTF8(strings.Join(strings.Fields(text), " "), "?")
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + " …"
}

func plural(n uint, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return strconv.FormatUint(uint64(n), 10) + " " + word + "s"
}

func onOff(is bool) string {
	if is {
		return "ON"
	}
	return "OFF"
}

func quoted(text string) string {
	if text == "" {
		return "(none)"
	}
	return text
}

func list(keys []topology.Key) string {
	if len(keys) == 0 {
		return "none"
	}
	return topology.JoinKeys(keys)
}
