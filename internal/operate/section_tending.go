package operate

import (
	"context"
	"fmt"

	"orchestrator/internal/move"
	"orchestrator/internal/plan"
	"orchestrator/internal/refactor"
	"orchestrator/internal/topology"
)

// Moves change servers that work, as people ask for it.
type Moves interface {
	// Single does an operation on one server. With an error the record says how far it came.
	Single(ctx context.Context, r refactor.Request) (move.Done, error)
	// PlanSingle says what Single would do, and changes nothing.
	PlanSingle(ctx context.Context, r refactor.Request) (plan.Plan, error)
	// RestartStatements are the statements that stop the threads of a replica that run, do something in between, and
	// start them again. Nothing is done.
	RestartStatements(ctx context.Context, key topology.Key, between string) ([]string, error)
	// LocateErrant finds the binary logs of a replica in which its errant transactions are.
	LocateErrant(ctx context.Context, key topology.Key) ([]string, error)
	// Donors are the servers by whose data those of a server may be replaced, the best first; the refusal says why none may.
	Donors(ctx context.Context, key topology.Key) ([]refactor.Donor, *topology.Refusal, error)
	// ErrantStatements are the events of the errant transactions of a replica; cutOff says that there are more.
	ErrantStatements(ctx context.Context, key topology.Key) (events []move.ErrantEvent, cutOff bool, err error)
}

// tended is an operation on one server: done is what it says of itself when it is done.
func tended(name refactor.Operation, summary, done string) *Operation {
	args, queries := []Arg{{Param: ParamInstance, Required: true}}, "?dry-run"
	if name.OfChannel() {
		args, queries = append(args, Arg{Param: ParamChannel}), queries+"&channel"
	}
	return &Operation{
		Name: string(name), Summary: summary, Rights: Write,
		Args:   append(args, Arg{Param: ParamDryRun}),
		Routes: []string{string(name) + "/:host/:port"},
		Client: []Client{{Path: string(name) + "/:host/:port" + queries, Needs: []Param{ParamInstance}, Print: PrintOutcome}},
		Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
			return e.tend(ctx, a, refactor.Request{Operation: name, Server: a.Instance}, done)
		},
	}
}

// tend does an operation on one server, or plans it.
func (e *Engine) tend(ctx context.Context, a Args, r refactor.Request, done string) (Result, error) {
	if e.Moves == nil {
		return Result{}, unavailable(string(r.Operation))
	}
	r.Channel = a.Text(ParamChannel)
	if a.Flag(ParamDryRun) {
		return planned(e.Moves.PlanSingle(ctx, r))
	}
	record, err := e.Moves.Single(ctx, r)
	if err != nil {
		return Result{}, err
	}
	message := fmt.Sprintf("%s: %s", done, r.Server)
	if len(record.Plan.Steps) == 0 {
		message = fmt.Sprintf("nothing to do, it is so already: %s", r.Server)
	}
	for _, step := range record.Plan.Steps {
		if step.Note != "" {
			message += " (" + step.Note + ")"
		}
	}
	for _, warning := range record.Plan.Warnings {
		message += "; warning: " + warning
	}
	if i := record.Instance(); i != nil {
		return Result{Value: Instance{Instance: i, Of: record.Topology}, Message: message}, nil
	}
	return Result{Value: r.Server, Message: message}, nil
}

// with gives the operation further routes of the same form, in front of which other words stand.
func (o *Operation) with(words ...string) *Operation {
	for _, w := range words {
		o.Routes = append(o.Routes, w+"/:host/:port")
	}
	return o
}

// also gives the operation further names: as a command, as a route, and in the client.
func (o *Operation) also(names ...string) *Operation {
	queries := "?dry-run"
	if o.Takes(ParamChannel) {
		queries += "&channel"
	}
	for _, n := range names {
		o.Synonyms = append(o.Synonyms, n)
		o.Client = append(o.Client, Client{Name: n, Path: n + "/:host/:port" + queries, Needs: []Param{ParamInstance}, Print: PrintOutcome})
	}
	return o.with(names...)
}

// explained gives the operation more help.
func (o *Operation) explained(details string) *Operation {
	o.Details = details
	return o
}

const (
	restored = "Threads that ran before run again afterwards. What was received and not applied is not dropped unless the source can send it again."
	purging  = "It refuses while a replica, also one that is down or detached, may need one of them."
)

// replicationGeneral is what is done to the replication of one server.
func replicationGeneral() []*Operation {
	return []*Operation{
		tended(refactor.StopReplica, "Stop the replication threads of a replica", "Replica stopped").with("stop-slave"),
		tended(refactor.StopReplicaNice, "Stop a replica after it has applied everything that it has received", "Replica stopped nicely").with("stop-slave-nice"),
		tended(refactor.StartReplica, "Start the replication threads of a replica, and see that they run", "Replica started").with("start-slave"),
		tended(refactor.RestartReplica, "Stop and start the replication threads of a replica", "Replica restarted").with("restart-slave"),
		tended(refactor.ResetReplica, "Make a replica forget its source", "Replica reset").with("reset-slave"),
		tended(refactor.DetachReplica, "Make the source's host name of a replica unreachable, in a way that can be reversed", "Replica detached").
			also("detach-replica").with("detach-slave", "detach-slave-master-host"),
		tended(refactor.ReattachReplica, "Reverse the detaching of a replica, and start it", "Replica reattached").
			also("reattach-replica").with("reattach-slave", "reattach-slave-master-host"),
		tended(refactor.EnableGTID, "Let a replica find its place in its source's log by GTID", "Enabled GTID").explained(restored),
		tended(refactor.DisableGTID, "Let a replica find its place in its source's log by file and position", "Disabled GTID").explained(restored),
		locateErrant(),
		showErrant(),
		tended(refactor.ErrantReset, "Delete the binary logs of a replica, and its errant transactions from what it says it has executed", "Removed errant GTID").
			explained("It refuses where the server has replicas. Should it fail half-way, the error tells the gtid_purged that is to be set."),
		tended(refactor.ErrantInject, "Commit empty transactions on the primary for the errant ones of a replica", "Injected empty transactions for the errant GTID").
			explained("At most 1000."),
		rebuildReplica(),
		tended(refactor.SkipQuery, "Skip the statement or transaction that the applier of a replica stopped at", "Query skipped").
			explained("With MySQL's GTID the failing transaction is replaced by an empty one. With MariaDB's nothing can be skipped, and it is refused."),
		tended(refactor.ChangeCredentials, "Set a replica's credentials to those that ReplicationCredentialsQuery tells", "Credentials changed").
			explained("The replication threads have to be stopped."),
		delayReplication(), sourcePosWait(),
		tended(refactor.EnableSemiSyncSource, "Switch the source side of semi-synchronous replication on", "Enabled semi-sync, source side").also("enable-semi-sync-source"),
		tended(refactor.DisableSemiSyncSource, "Switch the source side of semi-synchronous replication off", "Disabled semi-sync, source side").also("disable-semi-sync-source"),
		tended(refactor.EnableSemiSyncReplica, "Switch the replica side of semi-synchronous replication on", "Enabled semi-sync, replica side").explained(restored),
		tended(refactor.DisableSemiSyncReplica, "Switch the replica side of semi-synchronous replication off", "Disabled semi-sync, replica side").explained(restored),
		restartStatements(),
	}
}

// serverSettings is what is done to one server, whether or not it is a replica.
func serverSettings() []*Operation {
	kill := tended(refactor.KillQuery, "End the statement that a connection is executing", "Query killed")
	kill.Faces, kill.Client = OnlyHTTP, nil
	kill.Args = append(kill.Args, Arg{Param: ParamID, Required: true})
	kill.Routes = []string{"kill-query/:host/:port/:process"}
	kill.Run = func(ctx context.Context, e *Engine, a Args) (Result, error) {
		return e.tend(ctx, a, refactor.Request{Operation: refactor.KillQuery, Server: a.Instance, Number: a.Number}, "Query killed on")
	}
	return []*Operation{
		tended(refactor.SetReadOnly, "Close a server for writing", "Server set as read-only"),
		tended(refactor.SetWritable, "Open a server for writing", "Server set as writeable"),
		kill,
	}
}

// binaryLogs is what is done to the binary logs of one server.
func binaryLogs() []*Operation {
	flush := tended(refactor.FlushBinaryLogs, "Begin a new binary log, or as many as it takes to come to one", "Binary logs flushed")
	flush.Args = append(flush.Args, Arg{Param: ParamLogFile})
	purge := tended(refactor.PurgeBinaryLogs, "Delete the binary logs before one, or before the newest (latest)", "Binary logs purged").explained(purging)
	purge.Args = append(purge.Args, Arg{Param: ParamLogFile, Required: true}, Arg{Param: ParamForce})
	purge.Routes = []string{"purge-binary-logs/:host/:port/:logFile"}
	purge.Client = []Client{{Path: "purge-binary-logs/:host/:port/:logFile?dry-run", Needs: []Param{ParamInstance, ParamLogFile}, Print: PrintOutcome}}
	for _, o := range []*Operation{flush, purge} {
		o.Run = func(ctx context.Context, e *Engine, a Args) (Result, error) {
			return e.tend(ctx, a, refactor.Request{
				Operation: refactor.Operation(o.Name), Server: a.Instance, File: a.Text(ParamLogFile), Force: a.Flag(ParamForce),
			}, map[string]string{flush.Name: "Binary logs flushed on", purge.Name: "Binary logs purged on"}[o.Name])
		}
	}
	return []*Operation{flush, purge}
}

func rebuildReplica() *Operation {
	o := tended(refactor.RebuildReplica, "Replace all data of a replica by those of another server (MySQL's clone plugin), and let it replicate again", "Replica rebuilt")
	o.Details = "From the server that is named with -d, otherwise from the best one: a replica before the primary. MySQL 8.0.17 or newer with the clone plugin active on both sides; " +
		"the managing user needs CLONE_ADMIN and BACKUP_ADMIN. The server is detached first, and starts anew when all has come: where nobody supervises mysqld it has to be started by hand, " +
		"which is waited for. Should it end in the middle, the server stays detached, and may be without data: ask for the same again, or rebuild it from a backup."
	o.Example = "orchestrator -c rebuild-replica -i db-a3 -d db-a2"
	o.Args = append(o.Args, Arg{Param: ParamDestination})
	o.Routes = append(o.Routes, o.Name+"/:host/:port/:belowHost/:belowPort")
	o.Client = []Client{{Path: o.Name + "/:host/:port/:belowHost/:belowPort?dry-run", Needs: []Param{ParamInstance, ParamDestination}, Print: PrintOutcome}}
	o.Run = func(ctx context.Context, e *Engine, a Args) (Result, error) {
		return e.tend(ctx, a, refactor.Request{Operation: refactor.RebuildReplica, Server: a.Instance, Donor: a.Destination}, "Replica rebuilt")
	}
	return o
}

func delayReplication() *Operation {
	o := tended(refactor.DelayReplication, "Let a replica stay behind its source by a number of seconds", "")
	o.Faces = OnlyHTTP
	o.Details = restored
	o.Args = append(o.Args, Arg{Param: ParamSeconds, Required: true})
	o.Routes = []string{"delay-replication/:host/:port/:seconds"}
	o.Client = []Client{{Path: "delay-replication/:host/:port/:seconds?dry-run&channel", Needs: []Param{ParamInstance, ParamSeconds}, Print: PrintOutcome}}
	o.Run = func(ctx context.Context, e *Engine, a Args) (Result, error) {
		r, err := e.tend(ctx, a, refactor.Request{Operation: refactor.DelayReplication, Server: a.Instance, Number: a.Number}, "Replication delayed")
		if err == nil && !a.Flag(ParamDryRun) {
			r.Value = a.Number
		}
		return r, err
	}
	return o
}

func sourcePosWait() *Operation {
	o := tended(refactor.SourcePosWait, "Wait until a replica has applied its source's log up to file:position", "")
	o.Faces, o.Routes, o.Client = OnlyCLI, nil, nil
	o.Example = "orchestrator -c master-pos-wait -i db-a2 -binlog mysql-bin.000012:4711"
	o.Args = append(o.Args, Arg{Param: ParamLogFile, Required: true})
	o.Run = func(ctx context.Context, e *Engine, a Args) (Result, error) {
		if e.Moves == nil {
			return Result{}, unavailable(string(refactor.SourcePosWait))
		}
		at, err := topology.ParseCoordinates(a.Text(ParamLogFile))
		if err != nil {
			return Result{}, err
		}
		return e.tend(ctx, a, refactor.Request{Operation: refactor.SourcePosWait, Server: a.Instance, At: at}, "Position reached")
	}
	return o
}

func restartStatements() *Operation {
	const name = "restart-replica-statements"
	return &Operation{
		Name: name, Summary: "Print the statements that stop a replica, do something, and start it as it was; nothing is done",
		Args:   []Arg{{Param: ParamInstance, Required: true}, {Param: ParamStatement}},
		Routes: []string{name + "/:host/:port", "restart-slave-statements/:host/:port"},
		Client: []Client{{Path: name + "/:host/:port?q", Needs: []Param{ParamInstance}, Print: PrintSpecial}},
		Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
			if e.Moves == nil {
				return Result{}, unavailable(name)
			}
			list, err := e.Moves.RestartStatements(ctx, a.Instance, a.Text(ParamStatement))
			return Result{Value: list, Message: fmt.Sprintf("%d statements", len(list))}, err
		},
	}
}

func locateErrant() *Operation {
	const name = "locate-gtid-errant"
	return &Operation{
		Name: name, Summary: "List the binary logs in which the errant transactions of a replica are",
		Args: instanceArg(), Routes: []string{name + "/:host/:port"},
		Client: []Client{{Path: name + "/:host/:port", Needs: []Param{ParamInstance}, Print: PrintText}},
		Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
			if e.Moves == nil {
				return Result{}, unavailable(name)
			}
			files, err := e.Moves.LocateErrant(ctx, a.Instance)
			return Result{Value: files, Message: "located errant GTID"}, err
		},
	}
}

func showErrant() *Operation {
	const name = "show-gtid-errant"
	return &Operation{
		Name: name, Summary: "Show the statements of the errant transactions of a replica, as its binary logs have them",
		Details: "One line for each event: file:position, transaction, type, and the statement, or the table whose rows were changed. What its binary logs do not hold any more cannot be shown.",
		Args:    instanceArg(), Routes: []string{name + "/:host/:port"},
		Client: []Client{{Path: name + "/:host/:port", Needs: []Param{ParamInstance}, Print: PrintText}},
		Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
			if e.Moves == nil {
				return Result{}, unavailable(name)
			}
			events, cutOff, err := e.Moves.ErrantStatements(ctx, a.Instance)
			lines := make([]string, len(events))
			for n, event := range events {
				lines[n] = event.String()
			}
			message := fmt.Sprintf("%d events of errant transactions", len(lines))
			if cutOff {
				message += "; there are more"
			}
			return Result{Value: lines, Message: message}, err
		},
	}
}
