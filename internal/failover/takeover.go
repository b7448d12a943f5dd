package failover

import (
	"cmp"
	"fmt"
	"time"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// TakeoverRequest asks for another server to become the primary of a cluster.
type TakeoverRequest struct {
	// Cluster is the cluster's name; it may be empty where the topology holds one cluster or Primary is given.
	Cluster string
	// Primary is the server to be replaced; the zero Key leaves it to be deduced: the only top of the cluster.
	Primary topology.Key
	// Designated is the server to take over. Without one the only replica does, or with Auto the best.
	Designated topology.Key
	Auto       bool // choose where nobody is designated, and start replication on the former primary
	// Force replaces the primary as if it were dead, whatever its state. Nothing is checked, and nothing waits for it.
	Force bool

	Operation string    // the command that asks
	Now       time.Time // by which downtimes are judged
	Settings  TakeoverSettings
}

// TakeoverSettings are the limits of a planned takeover. A zero limit takes the value that stands with it.
type TakeoverSettings struct {
	// MaintenanceLag is the greatest lag of the server that takes over, and how long it may take to apply the rest
	// while nobody can write (ReasonableMaintenanceReplicationLagSeconds); zero is that of the policy.
	MaintenanceLag time.Duration
	// CloseWithin is how long closing the primary may wait for running statements, while new writes wait behind it;
	// zero is 2 s.
	CloseWithin time.Duration
	// MaxUnapplied is how many received transactions may wait to be applied; zero is 10000.
	MaxUnapplied uint64
	// LongStatements says what becomes of statements that run for long when the primary is to be closed.
	LongStatements LongStatements
	// AllowErrant permits a server whose errant transactions the others can still fetch from it.
	AllowErrant bool
	// Owner is who asks: locks of maintenance in this name are no obstacle.
	Owner string
}

// LongStatements is the policy about client statements that have been running for long and may write. Closing the
// primary has to wait for them, and until then everybody else's writes wait as well.
type LongStatements struct {
	Ignore bool          // do not look for them
	After  time.Duration // how long is long; zero is 1 s
	Wait   time.Duration // how long to wait for them to end, while writes go on; zero is 10 s
	Kill   bool          // then end their connections; otherwise the takeover is given up
}

// The stages of a planned takeover. Writes are blocked from CloseStage until the target has been opened.
const (
	takeoverReady = iota + 1
	takeoverRelocate
	takeoverWriters
	takeoverNear
	// CloseStage is the stage that stops writes. What proxies have to be told before happens before it.
	CloseStage
	takeoverCaughtUp
	takeoverPrepare
	takeoverOpen
	takeoverFollow
	takeoverSemiSync
	takeoverStart
)

// Takeover plans that another server takes over from a primary that works, or refuses before anything is touched,
// naming the rule, the values and the remedy.
//
// The plan does first what does not block writers: it moves the other replicas below the target where their place
// there is certain, waits for long statements, and lets the target catch up. Then the primary is closed, the target
// applies the rest and is opened, which is the point of no return. Until then every step can be undone, the last one
// first: a takeover that fails leaves the primary open and the replicas below it. The former primary becomes a replica
// of the target; with Auto it is started, without it is left stopped.
//
// The primary is closed with super_read_only where it has that, whatever the policy says: a privileged client that
// writes on would part its history from its successor's.
func Takeover(t *topology.Topology, r TakeoverRequest, p Policy) (plan.Plan, *topology.Refusal) {
	if r.Force {
		return forcedTakeover(t, r, p)
	}
	d := newTakeover(t, r, p)
	if refusal := d.examine(); refusal != nil {
		return d.plan, refusal
	}
	d.ready()
	d.relocate()
	d.switchOver()
	d.demote()
	return d.plan, nil
}

// takeover is a planned takeover in the making.
type takeover struct {
	topology *topology.Topology
	request  TakeoverRequest
	settings TakeoverSettings
	policy   Policy
	primary  *topology.Instance
	target   *topology.Instance
	chooser  *chooser
	early    []*topology.Instance // are moved below the target while writes go on
	late     []*topology.Instance // follow it after it has been opened
	plan     plan.Plan
}

func newTakeover(t *topology.Topology, r TakeoverRequest, p Policy) *takeover {
	s := r.Settings
	s.MaintenanceLag = cmp.Or(s.MaintenanceLag, p.Replication.MaintenanceLag)
	s.CloseWithin = cmp.Or(s.CloseWithin, 2*time.Second)
	s.MaxUnapplied = cmp.Or(s.MaxUnapplied, 10_000)
	s.LongStatements.After = cmp.Or(s.LongStatements.After, time.Second)
	s.LongStatements.Wait = cmp.Or(s.LongStatements.Wait, 10*time.Second)
	p.FailIfNotApplied = false // here everything is applied before the target opens
	return &takeover{topology: t, request: r, settings: s, policy: p, plan: plan.Plan{Operation: r.Operation}}
}

// name gives the plan its title once both servers are known.
func (d *takeover) name() {
	d.plan.Title = fmt.Sprintf("%s takes over from %s", d.target.Key, d.primary.Key)
	d.plan.Cluster, d.plan.Failed, d.plan.Successor = d.primary.ClusterName, d.primary.Key, d.target.Key
}

func (d *takeover) warn(format string, args ...any) {
	d.plan.Warnings = append(d.plan.Warnings, fmt.Sprintf(format, args...))
}

// ready prepares the target as far as nobody else notices.
func (d *takeover) ready() {
	if !d.keepsRing() {
		d.plan.Add(takeoverReady, plan.Step{
			Phase: plan.Gather, Server: d.target.Key, MayFail: true,
			Action: plan.Action{Verb: plan.ReadCredentials, Channel: d.target.Channel.Name, Tellers: Tellers(d.topology, d.target.Key, d.primary.Key)},
			Why:    d.primary.Key.String() + " will replicate with the same",
			Until:  "user, password and connection options are known",
		})
	}
	if !d.target.ReadOnly {
		d.warn("%s takes writes although it is a replica: it is closed first", d.target.Key)
		d.plan.Add(takeoverReady, plan.Step{
			Phase: plan.Fence, Server: d.target.Key,
			Action: plan.Action{Verb: plan.SetReadOnly, Super: d.policy.SuperReadOnly},
			Why:    "nobody may write to it before the primary has stopped",
			Until:  "read_only is 1",
			Undo:   &plan.Action{Verb: plan.SetWritable, Super: d.policy.SuperReadOnly},
		})
	}
}

// relocate moves those replicas below the target whose place there is certain while writes go on.
func (d *takeover) relocate() {
	for _, i := range d.early {
		d.plan.Add(takeoverRelocate, plan.Step{
			Phase: plan.Repoint, Server: i.Key,
			Action:   plan.Action{Verb: plan.MoveBelow, Source: d.target.Key, Channel: i.Channel.Name, Timeout: d.settings.MaintenanceLag},
			Why:      "it will follow the new primary, and by GTID it can do so while writes go on",
			Needs:    "both replicate from " + d.primary.Key.String(),
			Until:    "it receives from " + d.target.Key.String(),
			Undo:     &plan.Action{Verb: plan.ChangeSource, Source: d.primary.Key, Channel: i.Channel.Name},
			Deadline: d.settings.MaintenanceLag + 10*time.Second,
		})
	}
}

// switchOver hands the writes over: what lies between closing and opening is the outage.
func (d *takeover) switchOver() {
	if long := d.settings.LongStatements; !long.Ignore {
		d.plan.Add(takeoverWriters, plan.Step{
			Phase: plan.Fence, Server: d.primary.Key,
			Action:   plan.Action{Verb: plan.AwaitWriters, After: long.After, Timeout: long.Wait, On: long.Kill},
			Why:      "closing waits for running statements, and everybody's writes would wait behind it",
			Until:    fmt.Sprintf("no writing statement has been running for %s", long.After),
			Deadline: long.Wait + 10*time.Second,
		})
	}
	d.plan.Add(takeoverNear, plan.Step{
		Phase: plan.CatchUp, Server: d.target.Key,
		Action:   plan.Action{Verb: plan.AwaitSource, Source: d.primary.Key, Channel: d.target.Channel.Name, Timeout: d.policy.ApplyPatience},
		Why:      "the less is left to apply, the shorter nobody can write",
		Until:    "it has applied what " + d.primary.Key.String() + " held when the step began",
		Deadline: d.settings.MaintenanceLag,
	})
	d.plan.Add(CloseStage, plan.Step{
		Phase: plan.Fence, Server: d.primary.Key,
		Action:   plan.Action{Verb: plan.ClosePrimary, Super: true},
		Why:      "there must never be two writers; from here on nobody can write",
		Until:    "read_only is 1",
		Undo:     &plan.Action{Verb: plan.SetWritable, Super: true},
		Deadline: d.settings.CloseWithin,
	})
	d.plan.Add(takeoverCaughtUp, plan.Step{
		Phase: plan.CatchUp, Server: d.target.Key,
		Action:   plan.Action{Verb: plan.AwaitSource, Source: d.primary.Key, Channel: d.target.Channel.Name, Timeout: d.policy.ApplyPatience},
		Why:      "nothing that was committed may be lost",
		Needs:    d.primary.Key.String() + " takes no writes",
		Until:    "it has applied everything that " + d.primary.Key.String() + " holds",
		Deadline: d.settings.MaintenanceLag,
	})
	if d.target.SemiSyncPriority > 0 && d.target.SemiSync.Available && !d.target.SemiSync.SourceEnabled {
		// Not earlier: a replica whose source side is on waits for acknowledgements of what it applies.
		d.plan.Add(takeoverPrepare, plan.Step{
			Phase: plan.Promote, Server: d.target.Key,
			Action: plan.Action{Verb: plan.SemiSyncSource, On: true},
			Why:    "its semi-sync priority is above 0",
			Until:  "the source side is on",
			Undo:   &plan.Action{Verb: plan.SemiSyncSource},
		})
	}
	d.plan.Add(takeoverOpen, plan.Step{
		Phase: plan.Promote, Server: d.target.Key, NoReturn: true,
		Action: plan.Action{Verb: plan.SetWritable, Super: d.policy.SuperReadOnly},
		Why:    "writes come back",
		Needs:  fmt.Sprintf("%s takes no writes, and %s has applied everything that it holds", d.primary.Key, d.target.Key),
		Until:  "read_only is 0",
	})
}

// demote settles the servers around the new primary: it forgets its source, those that could not move earlier follow
// it, and the former primary becomes its replica.
func (d *takeover) demote() {
	if !d.keepsRing() {
		d.plan.Add(takeoverFollow, plan.Step{
			Phase: plan.Promote, Server: d.target.Key, MayFail: true,
			Action: plan.Action{Verb: plan.ForgetSource, Channel: d.target.Channel.Name},
			Why:    "a primary replicates from nobody",
			Until:  "it is configured as no replica",
		})
	}
	for _, i := range d.late {
		action := plan.Action{Verb: plan.FollowPromoted, Source: d.target.Key, Former: d.primary.Key, Channel: i.Channel.Name, Timeout: d.policy.ApplyPatience}
		if !keepsPlace(i, d.target) {
			action.Place = plan.AtSuccessor
		}
		d.plan.Add(takeoverFollow, plan.Step{
			Phase: plan.Repoint, Server: i.Key, MayFail: true,
			Action:   action,
			Why:      "it follows the new primary",
			Needs:    "it has applied everything that " + d.primary.Key.String() + " holds",
			Until:    "it receives from " + d.target.Key.String(),
			Deadline: d.settings.MaintenanceLag + 10*time.Second,
		})
	}
	if d.primary.SemiSync.SourceEnabled && d.primary.SemiSyncPriority > 0 {
		d.plan.Add(takeoverFollow, plan.Step{
			Phase: plan.Fence, Server: d.primary.Key, MayFail: true,
			Action: plan.Action{Verb: plan.SemiSyncSource},
			Why:    "as a replica it must not wait for acknowledgements of what it applies",
			Until:  "the source side is off",
		})
	}
	if d.keepsRing() {
		d.acknowledge()
		return
	}
	d.plan.Add(takeoverFollow, plan.Step{
		Phase: plan.Repoint, Server: d.primary.Key, MayFail: true,
		Action: plan.Action{Verb: plan.BecomeReplica, Source: d.target.Key, Place: formerPlace(d.target), On: true},
		Why:    "the former primary replicates from the new one",
		Needs:  "it has written nothing since it was closed",
		Until:  "its source is " + d.target.Key.String(),
	})
	d.startFormer()
}

// startFormer starts replication on the former primary where that was asked for and can work.
func (d *takeover) startFormer() {
	if why := topology.CanReplicate(d.primary, asPrimary(d.target), d.policy.Replication); why != nil {
		d.warn("%s is pointed at %s and left stopped: %s", d.primary.Key, d.target.Key, why.Error())
		return
	}
	if !d.request.Auto {
		d.warn("%s is pointed at %s and left stopped: start replication there when it shall follow", d.primary.Key, d.target.Key)
		return
	}
	d.acknowledge()
	d.plan.Add(takeoverStart, plan.Step{
		Phase: plan.Repoint, Server: d.primary.Key, MayFail: true,
		Action: plan.Action{Verb: plan.StartReplica},
		Why:    "it can be the primary again only when it follows",
		Until:  "both threads have been started",
	})
}

// acknowledge makes the former primary one of the semi-sync replicas where it counts among them.
func (d *takeover) acknowledge() {
	if !d.primary.SemiSync.Available || d.primary.SemiSyncPriority == 0 || d.primary.SemiSync.ReplicaEnabled {
		return
	}
	d.plan.Add(takeoverSemiSync, plan.Step{
		Phase: plan.Repoint, Server: d.primary.Key, MayFail: true,
		Action: plan.Action{Verb: plan.SemiSyncReplica, On: true},
		Why:    "its semi-sync priority is above 0",
		Until:  "the replica side is on",
	})
}

// formerPlace is how the former primary finds its place in the target's log.
func formerPlace(target *topology.Instance) plan.Place {
	switch target.Channel.GTID {
	case topology.OracleGTID:
		return plan.ByOracleGTID
	case topology.MariaDBGTID:
		return plan.ByMariaDBGTID
	}
	return plan.AtSuccessor
}

// keepsPlace says whether a replica finds its place in the target's log by itself.
func keepsPlace(i, target *topology.Instance) bool {
	switch i.Channel.GTID {
	case topology.OracleGTID:
		return target.SupportsOracleGTID || target.UsesOracleGTID()
	case topology.MariaDBGTID:
		return target.IsMariaDB()
	}
	return false
}

// asPrimary is a replica as it will be when it has taken over.
func asPrimary(i *topology.Instance) *topology.Instance {
	c := *i
	c.Channel = topology.Channel{IOThread: topology.NoThread, SQLThread: topology.NoThread}
	return &c
}

// keepsRing says whether the two replicate from each other and go on to.
func (d *takeover) keepsRing() bool {
	return d.topology.Source(d.primary) == d.target
}
