package refactor

import (
	"fmt"
	"slices"
	"time"

	"orchestrator/internal/gtid"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// Operation is what a person asks to be done to one server. The values are the names of the commands.
type Operation string

// The operations on one server.
const (
	StopReplica            Operation = "stop-replica"
	StopReplicaNice        Operation = "stop-replica-nice"
	StartReplica           Operation = "start-replica"
	RestartReplica         Operation = "restart-replica"
	ResetReplica           Operation = "reset-replica"
	DetachReplica          Operation = "detach-replica-master-host"
	ReattachReplica        Operation = "reattach-replica-master-host"
	SetReadOnly            Operation = "set-read-only"
	SetWritable            Operation = "set-writeable"
	EnableSemiSyncSource   Operation = "enable-semi-sync-master"
	DisableSemiSyncSource  Operation = "disable-semi-sync-master"
	EnableSemiSyncReplica  Operation = "enable-semi-sync-replica"
	DisableSemiSyncReplica Operation = "disable-semi-sync-replica"
	EnableGTID             Operation = "enable-gtid"
	DisableGTID            Operation = "disable-gtid"
	SkipQuery              Operation = "skip-query"
	DelayReplication       Operation = "delay-replication"
	FlushBinaryLogs        Operation = "flush-binary-logs"
	PurgeBinaryLogs        Operation = "purge-binary-logs"
	KillQuery              Operation = "kill-query"
	SourcePosWait          Operation = "master-pos-wait"
	ChangeCredentials      Operation = "change-master-credentials"
	ErrantReset            Operation = "gtid-errant-reset-master"
	ErrantInject           Operation = "gtid-errant-inject-empty"
	RebuildReplica         Operation = "rebuild-replica"
)

// Request asks for an operation on one server.
type Request struct {
	Operation Operation
	Server    topology.Key
	Number    int64                // seconds of a delay; the connection whose statement is to end
	File      string               // a binary log; LatestLog is the newest when purging; "" is the next when flushing
	At        topology.Coordinates // what to wait for
	Channel   string               // of a server that replicates on several; "" where it has one
	Force     bool                 // purge although a replica may still need it
	Donor     topology.Key         // whose data replace those of the server; zero: the best one's
	// Able is what servers say of the part that they could have in a clone; who is not in it was not asked.
	Able map[topology.Key]CloneAbility
	Blow Blow // of a game day
}

// LatestLog stands for the newest binary log of a server.
const LatestLog = "latest"

// Policy is what an administrator wants of operations.
type Policy struct {
	SuperReadOnly bool          // UseSuperReadOnly
	Patience      time.Duration // how long an applier may stand still while it is waited for (ReasonableReplicationLagSeconds)
	// SemiSyncByCount says that semi-sync of replicas follows what their source waits for (EnforceExactSemiSyncReplicas,
	// RecoverLockedSemiSyncMaster), which the recovery sees to, and not their promotion rules.
	SemiSyncByCount bool
}

// The limits of what one operation does.
const (
	injectAtMost = 1000
	flushAtMost  = 1000
	waitAtMost   = 24 * time.Hour
	startWithin  = 10 * time.Second // for the threads of a replica to run
)

// Unlocked says whether the operation does no more than wait or send one harmless statement: then it needs no lock. A game
// day must not hold one: what is locked is not repaired.
func (o Operation) Unlocked() bool {
	return o == SourcePosWait || o == KillQuery || o == FlushBinaryLogs || o == GameDay
}

// Gentle says whether the operation may be done while somebody has the server under maintenance: people do so to work on
// it in peace, and begin with stopping it.
func (o Operation) Gentle() bool {
	switch o {
	case StopReplica, StopReplicaNice, StartReplica, RestartReplica, SetReadOnly, SetWritable, SkipQuery, DelayReplication, PurgeBinaryLogs,
		EnableSemiSyncSource, DisableSemiSyncSource, EnableSemiSyncReplica, DisableSemiSyncReplica:
		return true
	}
	return false
}

// OfChannel says whether the operation is about one replication channel of the server.
func (o Operation) OfChannel() bool {
	switch o {
	case StopReplica, StopReplicaNice, StartReplica, RestartReplica, ResetReplica, DetachReplica, ReattachReplica, EnableGTID, DisableGTID,
		SkipQuery, DelayReplication, SourcePosWait, ChangeCredentials:
		return true
	}
	return false
}

// AuditType is the word under which the operation is audited.
func (o Operation) AuditType() string {
	switch o {
	case SetReadOnly, SetWritable:
		return "read-only"
	case ResetReplica:
		return "reset-slave"
	}
	return string(o)
}

// Look are the servers, beside the server itself and its source, that a plan is made from.
func Look(t *topology.Topology, r Request) []topology.Key {
	if focused, no := onChannel(t, r.Server, r.Channel); no == nil && r.Channel != "" {
		if s := focused.Source(focused.Instance(r.Server)); s != nil {
			return []topology.Key{s.Key}
		}
	}
	switch r.Operation {
	case PurgeBinaryLogs, ErrantReset:
		return topology.Keys(followers(t, r.Server))
	case ErrantInject:
		if i := t.Instance(r.Server); i != nil {
			if p := primaryOf(t, i); p != nil {
				return []topology.Key{p.Key}
			}
		}
	case RebuildReplica:
		if i := t.Instance(r.Server); i != nil {
			return lookToRebuild(t, i, r.Donor)
		}
	}
	return nil
}

// Single plans an operation on one server, whose state and that of the servers of Look is fresh. A plan without steps
// means that all is as it was asked for.
func Single(t *topology.Topology, r Request, policy Policy) (plan.Plan, *topology.Refusal) {
	t, refusal := onChannel(t, r.Server, r.Channel)
	if refusal != nil {
		return plan.Plan{}, refusal
	}
	i := t.Instance(r.Server)
	if i == nil {
		return plan.Plan{}, no("unknown", "discover it first", "%s is not known", r.Server)
	}
	if !i.LastCheckValid() {
		return plan.Plan{}, no("unreachable", "look why it does not answer", "%s cannot be reached: %s", i.Key, i.Check.Err)
	}
	s := &single{t: t, i: i, r: r, policy: policy, p: plan.Plan{Operation: string(r.Operation), Cluster: i.ClusterName}}
	if refusal = s.plan(); refusal != nil {
		return plan.Plan{}, refusal
	}
	return s.p, nil
}

func no(rule, remedy, format string, args ...any) *topology.Refusal {
	return &topology.Refusal{Rule: rule, Reason: fmt.Sprintf(format, args...), Remedy: remedy}
}

// single is a plan in the making.
type single struct {
	t      *topology.Topology
	i      *topology.Instance
	r      Request
	policy Policy
	p      plan.Plan
}

func (s *single) plan() *topology.Refusal {
	switch s.r.Operation {
	case SetReadOnly, SetWritable, EnableSemiSyncSource, DisableSemiSyncSource, KillQuery:
		return s.setting()
	case FlushBinaryLogs, PurgeBinaryLogs:
		return s.logs()
	case ErrantReset, ErrantInject:
		return s.errant()
	case GameDay:
		return s.strike()
	case RebuildReplica:
		return s.rebuild()
	}
	if refusal := s.replica(); refusal != nil {
		return refusal
	}
	switch s.r.Operation {
	case StopReplica, StopReplicaNice, StartReplica, RestartReplica, SourcePosWait:
		return s.threads()
	case ResetReplica, DetachReplica, ReattachReplica, DelayReplication, EnableGTID, DisableGTID, ChangeCredentials:
		return s.configuration()
	case EnableSemiSyncReplica, DisableSemiSyncReplica:
		return s.semiSyncReplica(s.r.Operation == EnableSemiSyncReplica)
	case SkipQuery:
		return s.skip()
	}
	return no("unknown-operation", "", "%s is no operation on one server", s.r.Operation)
}

// add appends a step that follows all others.
func (s *single) add(phase plan.Phase, a plan.Action, why string, undo *plan.Action) *plan.Step {
	a.Channel = s.i.Channel.Name
	if undo != nil {
		undo.Channel = a.Channel
	}
	s.p.Add(len(s.p.Steps)+1, plan.Step{Phase: phase, Server: s.i.Key, Action: a, Why: why, Undo: undo})
	return &s.p.Steps[len(s.p.Steps)-1]
}

// replica refuses what is no replica, and what replicates from several sources.
func (s *single) replica() *topology.Refusal {
	switch {
	case s.i.Group.IsSecondary():
		return no("group-secondary", "take it out of the group first", "%s is a secondary of a replication group", s.i.Key)
	case !s.i.IsReplica():
		return no("not-a-replica", "name a replica", "%s is not a replica", s.i.Key)
	case s.i.IsMultiSource() && s.r.Channel == "":
		return no("multi-source", "name one of its channels with -channel", "%s replicates from several sources, and which one is meant cannot be said", s.i.Key)
	}
	return nil
}

// runs says whether a thread exists and was not stopped; one that connects runs in this sense.
func runs(t topology.ThreadState) bool { return t.Exists() && t != topology.ThreadStopped }

// unapplied says whether the replica holds something that it has received and not applied. What cannot be told counts
// as if it did.
func unapplied(i *topology.Instance) bool {
	c := &i.Channel
	switch c.GTID {
	case topology.OracleGTID:
		received, err := gtid.Parse(c.RetrievedSet)
		executed, err2 := gtid.Parse(i.ExecutedSet)
		return err != nil || err2 != nil || !executed.Contains(received)
	case topology.MariaDBGTID:
		if c.Read.LogFile == "" && c.Read.LogPos > 0 && c.Exec.IsEmpty() {
			return false // pointed at its source and not started since: its relay log is empty
		}
		received, err := gtid.ParseMariaPos(c.RetrievedSet)
		applied, err2 := gtid.ParseMariaPos(c.AppliedSet)
		return err != nil || err2 != nil || !applied.Contains(received)
	}
	return !c.ReceivedAll()
}

// resendable says whether the source is there to send again what is dropped.
func (s *single) resendable() bool {
	source := s.t.Source(s.i)
	return source != nil && source.LastCheckValid()
}

// waitsForEnd says whether the applier waits for the end of a transaction of which only the beginning was received, and
// the source will send that.
func (s *single) waitsForEnd() bool { return s.resendable() && !s.i.IsMariaDB() }

// keeps refuses what would drop transactions that nobody could send again. What the applier will have applied first is
// not dropped.
func (s *single) keeps(awaited bool) *topology.Refusal {
	if awaited && s.applies() || !unapplied(s.i) || s.resendable() {
		return nil
	}
	return no("would-drop", "let it apply everything first (stop-replica-nice)",
		"%s has received transactions that it has not applied, they would be dropped, and its source %s does not answer", s.i.Key, s.i.SourceKey())
}

// applies says whether the applier can be waited for.
func (s *single) applies() bool { return runs(s.i.Channel.SQLThread) && s.i.Channel.SQLDelay == 0 }

// halt stops both threads, where they run, after everything received was applied, where that can be waited for.
func (s *single) halt() {
	c := &s.i.Channel
	if !runs(c.IOThread) && !runs(c.SQLThread) {
		return
	}
	if runs(c.IOThread) {
		s.add(plan.Stop, plan.Action{Verb: plan.StopReceiving}, "nothing more may be received", &plan.Action{Verb: plan.StartReceiving})
	}
	if s.applies() {
		s.add(plan.Stop, plan.Action{Verb: plan.AwaitApplied, Timeout: s.policy.Patience}, "nothing received may be dropped", nil).Deadline = waitAtMost
	}
	var undo *plan.Action
	if runs(c.SQLThread) {
		undo = &plan.Action{Verb: plan.StartApplying}
	}
	s.add(plan.Stop, plan.Action{Verb: plan.StopReplica, On: s.waitsForEnd()}, "its threads have to be stopped", undo)
}

// restore starts the threads that ran before.
func (s *single) restore() {
	c := &s.i.Channel
	const why = "as it was before"
	switch io, sql := runs(c.IOThread), runs(c.SQLThread); {
	case io && sql:
		s.add(plan.Start, plan.Action{Verb: plan.StartReplica}, why, nil)
	case io:
		s.add(plan.Start, plan.Action{Verb: plan.StartReceiving}, why, nil)
	case sql:
		s.add(plan.Start, plan.Action{Verb: plan.StartApplying}, why, nil)
	}
	if s.i.Replicating() {
		s.see()
	}
}

// see waits until the threads run.
func (s *single) see() {
	s.add(plan.Start, plan.Action{Verb: plan.AwaitReplicating}, "", nil).Deadline = startWithin
}

// followers are the servers that replicate from k, or did before they were detached.
func followers(t *topology.Topology, k topology.Key) []*topology.Instance {
	return slices.DeleteFunc(slices.Clone(t.Instances()), func(i *topology.Instance) bool {
		return i.Key == k || !slices.ContainsFunc(append([]topology.Channel{i.Channel}, i.Others...), func(c topology.Channel) bool {
			return c.Source.Reattached() == k
		})
	})
}

// primaryOf is the writable server at the top of the tree that i is in, or nil.
func primaryOf(t *topology.Topology, i *topology.Instance) *topology.Instance {
	c := t.Cluster(i.ClusterName)
	if c == nil {
		return nil
	}
	for _, p := range c.Primaries() {
		if !p.ReadOnly && p.Key != i.Key {
			return p
		}
	}
	return nil
}
