package plan

import (
	"fmt"
	"time"

	"orchestrator/internal/topology"
)

// Verb is the kind of an action. Each verb is safe to run twice: the executor looks first, and an action whose
// result is there already is done.
type Verb string

// The verbs. Those that write to a server need leadership at the moment of writing.
const (
	// StopReceiving asks the IO thread to end and returns as soon as it can receive nothing more.
	StopReceiving Verb = "stop-receiving"
	// StartReceiving starts the IO thread; it is the undo of StopReceiving.
	StartReceiving Verb = "start-receiving"
	// ReconnectReceiving ends the IO thread and starts it again, so that it shows whether it can still reach its
	// source. It is refused where something received is not applied, unless a Timeout has it wait for that.
	ReconnectReceiving Verb = "reconnect-receiving"
	// AwaitApplied waits until everything that was received has been applied.
	AwaitApplied Verb = "await-applied"
	// AwaitExecuted waits until the GTID set (or position) in Set has been applied.
	AwaitExecuted Verb = "await-executed"
	// StopReplica stops both threads.
	StopReplica Verb = "stop-replica"
	// StartReplica starts both threads and sees that they run.
	StartReplica Verb = "start-replica"
	// ChangeSource points the replica at another source, keeping its options.
	ChangeSource Verb = "change-source"
	// ForgetSource makes the server a replica of nobody.
	ForgetSource Verb = "forget-source"
	// NoteReceived reads what the server has received after Action.At of its source's log, which it has applied. It stays
	// in the memory of the run, for those that received less to find their place in its log (ByContent).
	NoteReceived Verb = "note-received"
	// DetachSource makes the source's name unreachable in a way that can be reversed. A server that replicates from
	// Action.Source by then is left alone. With Action.On even what it has received and not applied may be dropped.
	DetachSource Verb = "detach-source"
	// SetWritable opens the server for writing. It is the point of no return of a failover.
	SetWritable Verb = "set-writable"
	// SetReadOnly closes the server for writing.
	SetReadOnly Verb = "set-read-only"
	// BarWrites closes a primary for writing that may be stuck in a commit. Where the closing has to wait for commits that
	// do not end, it goes on waiting, with all new writes behind it, and every client that was connected is sent away: none
	// of them is told any more that its transaction was committed. LiftBar takes it back.
	BarWrites Verb = "bar-writes"
	// LiftBar ends a closing that waits, and opens the server again.
	LiftBar Verb = "lift-bar"
	// SemiSyncSource switches the source side of semi-synchronous replication on or off.
	SemiSyncSource Verb = "semi-sync-source"
	// SemiSyncReplica switches the replica side on or off and reconnects the receiver so that it takes effect.
	SemiSyncReplica Verb = "semi-sync-replica"

	// The verbs of a planned takeover. What they read while running (positions, credentials, connection options) stays
	// in the memory of the run and never becomes part of the plan.

	// ReadCredentials finds what replicas of the server sign in to it with, and their connection options, so that the
	// former primary can become one (BecomeReplica). The servers in Action.Tellers are asked, one after the other until
	// one tells; without them, the server itself, which has to come before it forgets its source. With Action.Source they are
	// what the server itself will sign in to that one with.
	ReadCredentials Verb = "read-credentials"
	// AwaitWriters waits until no client's statement that may write has been running for longer than Action.After;
	// after Action.Timeout it fails or, with Action.On, ends those statements.
	AwaitWriters Verb = "await-writers"
	// ClosePrimary closes a primary for writing, as SetReadOnly does, but leaves it as it found it when that fails or
	// takes longer than the step may: a close that comes too late must not outlive its plan.
	ClosePrimary Verb = "close-primary"
	// AwaitSource waits until the server has applied what Action.Source holds at the moment when the step runs.
	AwaitSource Verb = "await-source"
	// MoveBelow points a replica that finds its place by GTID at its sibling Action.Source while both replicate. It
	// starts only when the sibling has what the replica holds already.
	MoveBelow Verb = "move-below"
	// FollowPromoted points a replica at Action.Source after that was promoted in place of the living Action.Former.
	// It first waits until the replica has applied everything that Action.Former holds.
	FollowPromoted Verb = "follow-promoted"
	// Move points a replica that finds its place by GTID at Action.Source, which goes on receiving from elsewhere what
	// the replica may be ahead of. It begins there only when the source has what the replica holds; its threads are left
	// as they were, unless Action.On starts them; and it goes back to where it was when the source does not serve it.
	Move Verb = "move"
	// AlignBelow points a replica that replicates by file and position at its sibling Action.Source, which stands still:
	// the one that lags applies up to where the other is. It replicates again afterwards, moved or not.
	AlignBelow Verb = "align-below"
	// AlignUp points a replica by file and position at Action.Source, from which its source Action.Former replicates, and
	// stands still: the replica first applies all that Action.Former has logged.
	AlignUp Verb = "align-up"
	// Match points a replica by file and position at Action.Source, where the log of that goes on after what the replica
	// holds: both logs have the same since the last pseudo-GTID entry of the replica's. With Action.On that is sought in the binary log
	// of the replica, else in its relay log.
	Match Verb = "match"
	// PlaceAt points a replica by file and position at Action.Source, at Action.At, which is known to be the same as where
	// the replica stands (Action.Set). It refuses where the replica has come further.
	PlaceAt Verb = "place-at"
	// PointAt points a replica that replicates by file and position, and stands still, at Action.Source, and leaves it
	// standing. Its place there follows from Action.Place (AtEnd or Beside); it is refused unless the positions prove that
	// both servers hold the same, directly or by way of Action.Former, which then stands still too.
	PointAt Verb = "point-at"
	// AwaitReceiving waits until the IO thread has connected to the source.
	AwaitReceiving Verb = "await-receiving"
	// AwaitRelayed waits until the server has applied everything that the binlog server Action.Source holds, which has
	// stopped receiving at Action.Set. It refuses where that log ends in the middle of a transaction.
	AwaitRelayed Verb = "await-relayed"
	// BeginLog begins binary logs until the server writes the file Action.At, in which nothing may have been written yet.
	BeginLog Verb = "begin-log"
	// RelayFrom has a binlog server fetch from Action.Source: its own log ends at Action.Set, and goes on at Action.At, the
	// beginning of the next file. One that has come further goes on where it is; one that has not come as far is waited for,
	// and stays where it is when that takes longer than Action.Timeout. By OwnPosition it goes on in the same log, of which
	// Action.Source holds all up to Action.Set.
	RelayFrom Verb = "relay-from"
	// BecomeReplica makes a former primary a replica of Action.Source, with what ReadCredentials found for that, and leaves
	// it stopped. It refuses where the server has written since ClosePrimary and, without Action.On, where it could not
	// sign in.
	BecomeReplica Verb = "become-replica"
)

// Place says how a replica finds where to begin in its new source's log.
type Place string

// The ways of finding the place.
const (
	KeepPlace     Place = ""          // as it is configured now: GTID where it is in use
	ByOracleGTID  Place = "gtid"      // SOURCE_AUTO_POSITION=1
	ByMariaDBGTID Place = "slave_pos" // MASTER_USE_GTID=slave_pos
	ByCoordinates Place = "file"      // at Action.At
	OwnPosition   Place = "own"       // at the file and position that it has reached when it is stopped: the logs of both sources are the same
	ByContent     Place = "content"   // where the log of the promoted server holds what the replica has not received (NoteReceived); Action.At: where it was opened, where another run did that
	AtEnd         Place = "end"       // where the source's log ends: the replica holds all of it
	Beside        Place = "beside"    // where Action.Former stands in the log of the same source
	AtSuccessor   Place = "successor" // at the coordinates that the promoted server had when it was opened for writing
)

// Action is what a step does. Which fields count depends on the verb.
type Action struct {
	Verb    Verb                 `json:"verb"`
	Source  topology.Key         `json:"source,omitzero"`   // ChangeSource and all that name a source
	Former  topology.Key         `json:"former,omitzero"`   // FollowPromoted: the source until now
	Tellers []topology.Key       `json:"tellers,omitempty"` // ReadCredentials: who is asked, in this order
	After   time.Duration        `json:"after,omitempty"`   // AwaitWriters: how long a statement may run without counting
	Place   Place                `json:"place,omitempty"`   // ChangeSource
	At      topology.Coordinates `json:"at,omitzero"`       // ChangeSource by coordinates; SetWritable: filled in when it is done, where its own log stood
	Set     string               `json:"set,omitempty"`     // AwaitExecuted: GTID set, or file:pos of the source; PlaceAt: file:pos of the source until now
	On      bool                 `json:"on,omitempty"`      // SemiSync…; AwaitWriters: end the statements that run on; Match, ByContent: by the binary log; Move: start all its threads; StopReplica, ChangeSource, AlignBelow: its source lives, and may send the end of a transaction; DetachSource: received ones may be dropped
	Super   bool                 `json:"super,omitempty"`   // SetReadOnly, ClosePrimary, BarWrites, LiftBar, SetWritable: super_read_only as well
	Proven  bool                 `json:"proven,omitempty"`  // ChangeSource by GTID: only where the source proves to hold what the replica has; one that does not answer proves nothing
	Channel string               `json:"channel,omitempty"`
	Number  int64                `json:"number,omitempty"`  // SetDelay: seconds; KillQuery: the connection
	Timeout time.Duration        `json:"timeout,omitempty"` // how long a waiting verb waits; 0: the step's own deadline
}

// ChangesSource says whether the server replicates from Action.Source when the action is done.
func (a Action) ChangesSource() bool {
	switch a.Verb {
	case ChangeSource, MoveBelow, FollowPromoted, Move, AlignBelow, AlignUp, Match, PlaceAt, RelayFrom, BecomeReplica:
		return true
	}
	return false
}

// String says the action in a few words, for logs, audits and printed plans.
func (a Action) String() string {
	switch a.Verb {
	case StopReceiving:
		return "stop receiving (IO thread)"
	case StartReceiving:
		return "start receiving (IO thread)"
	case ReconnectReceiving:
		return "reconnect to the source (IO thread)"
	case AwaitApplied:
		return "apply everything that was received"
	case AwaitExecuted:
		return "apply up to " + a.Set
	case StopReplica:
		return "stop replication"
	case StartReplica:
		return "start replication"
	case ChangeSource:
		switch a.Place {
		case ByCoordinates:
			return fmt.Sprintf("replicate from %s at %s", a.Source, a.At)
		case OwnPosition:
			return fmt.Sprintf("replicate from %s, from the file and position that it has reached", a.Source)
		case ByContent:
			return fmt.Sprintf("replicate from %s, from where its log goes on with what is lacking here", a.Source)
		case AtSuccessor:
			return fmt.Sprintf("replicate from %s, from where it is opened for writing", a.Source)
		}
		return "replicate from " + a.Source.String()
	case ForgetSource:
		return "forget the source (no longer a replica)"
	case NoteReceived:
		return "read what it has received after " + a.At.String()
	case DetachSource:
		if !a.Source.IsZero() {
			return "detach from the source, unless that is " + a.Source.String()
		}
		return "detach from the source"
	case SetWritable:
		return "open for writing (read_only=0)"
	case BarWrites:
		return "close for writing, and send clients away where commits are stuck"
	case LiftBar:
		return "open for writing again (read_only=0)"
	case SetReadOnly:
		if a.Super {
			return "close for writing (super_read_only=1)"
		}
		return "close for writing (read_only=1)"
	case ReadCredentials:
		return "read its replication credentials"
	case AwaitWriters:
		if a.On {
			return fmt.Sprintf("wait for statements that run longer than %s, and end them", a.After)
		}
		return fmt.Sprintf("wait for statements that run longer than %s", a.After)
	case ClosePrimary:
		if a.Super {
			return "stop taking writes (super_read_only=1)"
		}
		return "stop taking writes (read_only=1)"
	case AwaitSource:
		return "apply everything that " + a.Source.String() + " holds"
	case AlignBelow:
		return fmt.Sprintf("apply as much as its sibling %s, then replicate from it", a.Source)
	case AlignUp:
		return fmt.Sprintf("apply everything that %s has logged, then replicate from %s", a.Former, a.Source)
	case Match:
		return fmt.Sprintf("replicate from %s, from where its log goes on after what is held here (pseudo-GTID)", a.Source)
	case PlaceAt:
		return fmt.Sprintf("replicate from %s at %s, which is the same as %s", a.Source, a.At, a.Set)
	case Move:
		return "replicate from " + a.Source.String()
	case MoveBelow:
		return "replicate from its sibling " + a.Source.String()
	case FollowPromoted:
		return fmt.Sprintf("apply everything that %s holds, then replicate from %s", a.Former, a.Source)
	case PointAt:
		if a.Place == Beside {
			return fmt.Sprintf("be a replica of %s, from where %s stands", a.Source, a.Former)
		}
		return fmt.Sprintf("be a replica of %s, from the end of its log", a.Source)
	case AwaitReceiving:
		return "see that it receives"
	case AwaitRelayed:
		return fmt.Sprintf("apply everything that %s holds, up to %s", a.Source, a.Set)
	case BeginLog:
		return "begin binary logs of its own up to " + a.At.LogFile
	case RelayFrom:
		if a.Place == OwnPosition {
			return fmt.Sprintf("relay from %s, from the file and position that it has reached", a.Source)
		}
		return fmt.Sprintf("relay from %s at %s, which comes after %s", a.Source, a.At, a.Set)
	case BecomeReplica:
		if a.Place == AtEnd {
			return fmt.Sprintf("become a replica of %s, from the end of its log", a.Source)
		}
		return "become a replica of " + a.Source.String()
	case SemiSyncSource, SemiSyncReplica:
		side, state := "source", "off"
		if a.Verb == SemiSyncReplica {
			side = "replica"
		}
		if a.On {
			state = "on"
		}
		return "switch semi-sync " + side + " side " + state
	}
	return a.tending()
}
