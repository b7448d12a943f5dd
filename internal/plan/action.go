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
	// source. It is refused where something received is not applied.
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
	// DetachSource makes the source's name unreachable in a way that can be reversed.
	DetachSource Verb = "detach-source"
	// SetWritable opens the server for writing. It is the point of no return of a failover.
	SetWritable Verb = "set-writable"
	// SetReadOnly closes the server for writing.
	SetReadOnly Verb = "set-read-only"
	// SemiSyncSource switches the source side of semi-synchronous replication on or off.
	SemiSyncSource Verb = "semi-sync-source"
	// SemiSyncReplica switches the replica side on or off and reconnects the receiver so that it takes effect.
	SemiSyncReplica Verb = "semi-sync-replica"
)

// Place says how a replica finds where to begin in its new source's log.
type Place string

// The ways of finding the place.
const (
	KeepPlace     Place = ""          // as it is configured now: GTID where it is in use
	ByOracleGTID  Place = "gtid"      // SOURCE_AUTO_POSITION=1
	ByMariaDBGTID Place = "slave_pos" // MASTER_USE_GTID=slave_pos
	ByCoordinates Place = "file"      // at Action.At
	AtSuccessor   Place = "successor" // at the coordinates that the promoted server had when it was opened for writing
)

// Action is what a step does. Which fields count depends on the verb.
type Action struct {
	Verb    Verb                 `json:"verb"`
	Source  topology.Key         `json:"source,omitzero"` // ChangeSource
	Place   Place                `json:"place,omitempty"` // ChangeSource
	At      topology.Coordinates `json:"at,omitzero"`     // ChangeSource by coordinates
	Set     string               `json:"set,omitempty"`   // AwaitExecuted: GTID set, or file:pos of the source
	On      bool                 `json:"on,omitempty"`    // SemiSync…
	Super   bool                 `json:"super,omitempty"` // SetReadOnly, SetWritable: super_read_only as well
	Channel string               `json:"channel,omitempty"`
	Timeout time.Duration        `json:"timeout,omitempty"` // how long a waiting verb waits; 0: the step's own deadline
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
		case AtSuccessor:
			return fmt.Sprintf("replicate from %s, from where it is opened for writing", a.Source)
		}
		return "replicate from " + a.Source.String()
	case ForgetSource:
		return "forget the source (no longer a replica)"
	case DetachSource:
		return "detach from the source"
	case SetWritable:
		return "open for writing (read_only=0)"
	case SetReadOnly:
		if a.Super {
			return "close for writing (super_read_only=1)"
		}
		return "close for writing (read_only=1)"
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
	return string(a.Verb)
}
