package plan

import "fmt"

// The verbs of what a person asks to be done to one server. Those that change a replication channel stop its threads
// where they run, and leave them stopped.
const (
	// StopApplying stops the SQL thread.
	StopApplying Verb = "stop-applying"
	// StartApplying starts the SQL thread; it is the undo of StopApplying.
	StartApplying Verb = "start-applying"
	// AwaitReplicating waits until both threads run, the IO thread connected to its source.
	AwaitReplicating Verb = "await-replicating"
	// AwaitPosition waits until the source's log has been applied up to Action.At.
	AwaitPosition Verb = "await-position"
	// ReattachSource takes back DetachSource.
	ReattachSource Verb = "reattach-source"
	// SetDelay sets by how many seconds (Action.Number) the SQL thread stays behind. On MySQL only that thread has to be
	// stopped for it.
	SetDelay Verb = "set-delay"
	// UseGTID lets a replica find its place in its source's log by GTID, of the kind that Action.Place names.
	UseGTID Verb = "use-gtid"
	// UsePosition lets a replica find its place by file and position, beginning where it has applied up to.
	UsePosition Verb = "use-position"
	// SetCredentials gives a replica what it signs in with, as ReplicationCredentialsQuery or the server itself tells it.
	SetCredentials Verb = "set-credentials"
	// SkipStatement skips what the SQL thread stopped at: the failing transaction where Action.Place is ByOracleGTID, one
	// event group otherwise.
	SkipStatement Verb = "skip-statement"
	// FlushLogs begins new binary logs until the file Action.At is reached; without one it begins one.
	FlushLogs Verb = "flush-logs"
	// PurgeLogs deletes the binary logs before the file Action.At.
	PurgeLogs Verb = "purge-logs"
	// KillQuery ends the statement of the connection Action.Number.
	KillQuery Verb = "kill-query"
	// ShutDown ends the server itself, in order. Nobody starts it again.
	ShutDown Verb = "shut-down"
	// KillProcess ends the server's process where it runs, without asking it (SIGKILL). Nobody starts it again.
	KillProcess Verb = "kill-process"
	// FreezeProcess holds the server's process where it runs (SIGSTOP): its connections stay open and say nothing.
	FreezeProcess Verb = "freeze-process"
	// InjectEmpty commits an empty transaction for each GTID of Action.Set.
	InjectEmpty Verb = "inject-empty"
	// ForgetErrant deletes the binary logs, and the transactions of Action.Set from what the server says it has executed.
	ForgetErrant Verb = "forget-errant"
	// ReplaceData replaces ALL data of the server by those of Action.Source, by MySQL's clone plugin. It ends when all has
	// come, or the server ends to begin anew with them. A failure says whether its own data were still there.
	ReplaceData Verb = "replace-data"
	// AwaitReplaced waits until the server answers with the data that ReplaceData has brought.
	AwaitReplaced Verb = "await-replaced"
	// HoldsNoMore sees that the server holds nothing that Action.Source lacks.
	HoldsNoMore Verb = "holds-no-more"
)

// tending says such an action in a few words.
func (a Action) tending() string {
	switch a.Verb {
	case StopApplying:
		return "stop applying (SQL thread)"
	case StartApplying:
		return "start applying (SQL thread)"
	case AwaitReplicating:
		return "see that it replicates"
	case AwaitPosition:
		return "apply up to " + a.At.String()
	case ReattachSource:
		return "reattach to its source"
	case SetDelay:
		return fmt.Sprintf("delay replication by %d s", a.Number)
	case UseGTID:
		return "find its place by GTID"
	case UsePosition:
		return "find its place by file and position"
	case SetCredentials:
		return "set its replication credentials"
	case SkipStatement:
		if a.Place == ByOracleGTID {
			return "skip the failing transaction (an empty one under its GTID)"
		}
		return "skip one event group (skip counter)"
	case FlushLogs:
		if a.At.IsEmpty() {
			return "begin a new binary log"
		}
		return "begin new binary logs up to " + a.At.LogFile
	case PurgeLogs:
		return "delete the binary logs before " + a.At.LogFile
	case KillQuery:
		return fmt.Sprintf("end the statement of connection %d", a.Number)
	case ShutDown:
		return "shut the server down"
	case KillProcess:
		return "kill the server's process (SIGKILL)"
	case FreezeProcess:
		return "freeze the server's process (SIGSTOP)"
	case InjectEmpty:
		return "commit empty transactions for " + a.Set
	case ReplaceData:
		return fmt.Sprintf("replace ALL its data by those of %s (CLONE INSTANCE)", a.Source)
	case AwaitReplaced:
		return "start anew with the data that have come"
	case HoldsNoMore:
		return "see that it holds nothing that " + a.Source.String() + " lacks"
	case ForgetErrant:
		return "delete the binary logs, and forget " + a.Set
	}
	return string(a.Verb)
}
