package refactor

import (
	"fmt"
	"regexp"
	"strings"

	"orchestrator/internal/failover"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// Relocation asks for replicas to be placed below another server.
type Relocation struct {
	Command RelocationCommand
	// Server is the replica that is moved, takes others, or changes places; the source of the replicas where the command
	// is about all replicas of a server.
	Server topology.Key
	Below  topology.Key   // the new source, where the command takes one; zero in a repoint: the source it has
	Only   *regexp.Regexp // on host:port of replicas; nil: all

	Markers Markers
	// Equivalents are the places that are known to be the same as where Server stands.
	Equivalents []Equivalent
	// Channel is which channel of a server that has several is moved; "" is the one that places it in the tree.
	Channel string
}

// RelocationCommand is the name of an operation that moves replicas.
type RelocationCommand string

// The commands.
const (
	Relocate            RelocationCommand = "relocate"
	RelocateReplicas    RelocationCommand = "relocate-replicas"
	MoveUp              RelocationCommand = "move-up"
	MoveUpReplicas      RelocationCommand = "move-up-replicas"
	MoveBelow           RelocationCommand = "move-below"
	MoveGTID            RelocationCommand = "move-gtid"
	MoveReplicasGTID    RelocationCommand = "move-replicas-gtid"
	Repoint             RelocationCommand = "repoint"
	RepointReplicas     RelocationCommand = "repoint-replicas"
	TakeSiblings        RelocationCommand = "take-siblings"
	TakeSource          RelocationCommand = "take-master"
	MakePrimary         RelocationCommand = "make-master"
	MakeLocalPrimary    RelocationCommand = "make-local-master"
	MakeCoPrimary       RelocationCommand = "make-co-master"
	RegroupReplicas     RelocationCommand = "regroup-replicas"
	RegroupReplicasGTID RelocationCommand = "regroup-replicas-gtid"

	MoveEquivalent        RelocationCommand = "move-equivalent"
	Match                 RelocationCommand = "match"
	MatchUp               RelocationCommand = "match-up"
	Rematch               RelocationCommand = "rematch"
	MatchReplicas         RelocationCommand = "match-replicas"
	MatchUpReplicas       RelocationCommand = "match-up-replicas"
	RegroupReplicasPseudo RelocationCommand = "regroup-replicas-pgtid"
	RegroupBinlogServers  RelocationCommand = "regroup-replicas-bls"
)

// Bulk says whether the command is about all replicas of a server: then each is moved or not for itself.
func (c RelocationCommand) Bulk() bool {
	switch c {
	case RelocateReplicas, MoveUpReplicas, MoveReplicasGTID, RepointReplicas, TakeSiblings, RegroupReplicas, RegroupReplicasGTID,
		MatchReplicas, MatchUpReplicas, RegroupReplicasPseudo, RegroupBinlogServers:
		return true
	}
	return false
}

// AuditType is the name under which the command is audited; "" is its own.
func (c RelocationCommand) AuditType() string {
	switch c {
	case Match, MatchUp, Rematch:
		return "match-below"
	case MatchReplicas, MatchUpReplicas:
		return "multi-match-replicas"
	}
	return ""
}

// PlanRelocation says how the command is done, or by which rule it cannot be. A plan without steps has nothing to do.
// Replicas of a bulk command that cannot be moved are in Plan.Lost, each with its reason; when that is all of them, the
// command is refused.
func PlanRelocation(t *topology.Topology, r Relocation, p failover.Policy) (plan.Plan, *topology.Refusal) {
	t, no := onChannel(t, r.Server, r.Channel)
	if no != nil {
		return plan.Plan{}, no
	}
	d := &relocation{t: t, request: r, policy: p}
	if d.server, no = d.known(r.Server); no != nil {
		return plan.Plan{}, no
	}
	if !r.Below.IsZero() {
		if d.below, no = d.known(r.Below); no != nil {
			return plan.Plan{}, no
		}
	}
	d.plan = plan.Plan{Operation: string(r.Command), Cluster: d.server.ClusterName}
	if no := d.make(); no != nil {
		return plan.Plan{}, no
	}
	return d.plan, nil
}

// onChannel is the topology in which the server is a replica on the channel, where one is named.
func onChannel(t *topology.Topology, server topology.Key, channel string) (*topology.Topology, *topology.Refusal) {
	if channel == "" {
		return t, nil
	}
	return t.OnChannel(server, channel)
}

// relocation is a Relocation being planned.
type relocation struct {
	t       *topology.Topology
	request Relocation
	policy  failover.Policy
	server  *topology.Instance
	below   *topology.Instance // nil: not given
	plan    plan.Plan
}

func refuse(rule, remedy, format string, args ...any) *topology.Refusal {
	return &topology.Refusal{Rule: rule, Reason: fmt.Sprintf(format, args...), Remedy: remedy}
}

func (d *relocation) known(k topology.Key) (*topology.Instance, *topology.Refusal) {
	if i := d.t.Instance(k); i != nil {
		return i, nil
	}
	return nil, refuse("unknown-server", "discover it first", "%s is not known", k)
}

func (d *relocation) make() *topology.Refusal {
	switch d.request.Command {
	case Relocate:
		return d.relocateOne()
	case MoveGTID:
		return d.one(d.below, d.byGTID)
	case MoveBelow:
		return d.moveBelow()
	case MoveUp:
		return d.moveUp()
	case Repoint:
		return d.repointOne()
	case RelocateReplicas:
		return d.relocateReplicas()
	case MoveReplicasGTID:
		return d.all(d.replicas(d.server), d.below, d.byGTID)
	case MoveUpReplicas:
		return d.moveUpReplicas()
	case RepointReplicas:
		return d.repointReplicas()
	case TakeSiblings:
		return d.takeSiblings()
	case TakeSource:
		return d.takeSource()
	case MakeCoPrimary:
		return d.makeCoPrimary()
	case MakePrimary:
		return d.makePrimary()
	case MakeLocalPrimary:
		return d.makeLocalPrimary()
	case RegroupReplicas, RegroupReplicasGTID, RegroupReplicasPseudo:
		return d.regroup()
	}
	return d.makeMatched()
}

// makeMatched makes the plans of the commands that compare logs.
func (d *relocation) makeMatched() *topology.Refusal {
	switch d.request.Command {
	case MoveEquivalent:
		return d.one(d.below, d.byEquivalence)
	case Match:
		return d.one(d.below, d.byMarker)
	case MatchUp:
		return d.matchUp()
	case Rematch:
		return d.rematch()
	case MatchReplicas:
		return d.matchReplicas(d.below)
	case MatchUpReplicas:
		return d.matchUpReplicas()
	case RegroupBinlogServers:
		return d.regroupBinlogServers()
	}
	return refuse("unknown-command", "see help", "%q is no command that moves replicas", d.request.Command)
}

// A method says how one replica goes below a server, or why it does not that way.
type method func(r, s *topology.Instance) (plan.Action, *topology.Refusal)

// one plans the move of the server alone.
func (d *relocation) one(s *topology.Instance, how method) *topology.Refusal {
	if s == nil {
		return refuse("no-destination", "name the server to replicate from", "where %s shall replicate from is not said", d.server.Key)
	}
	a, no := how(d.server, s)
	if no != nil {
		return no
	}
	d.plan.Title = fmt.Sprintf("%s goes below %s", d.server.Key, s.Key)
	d.plan.Successor = s.Key
	d.write(step(d.server, a, "it was asked for"))
	d.warnOf(d.server, s)
	return nil
}

// step is a move as a step.
func step(r *topology.Instance, a plan.Action, why string) plan.Step {
	return plan.Step{
		Phase: plan.Repoint, Server: r.Key, Action: a, Why: why,
		Needs: a.Source.String() + " serves what it lacks",
		Until: "it receives from " + a.Source.String(),
	}
}

// replicas are the replicas of a server that the command is about.
func (d *relocation) replicas(of *topology.Instance) []*topology.Instance {
	var list []*topology.Instance
	for _, r := range d.t.Replicas(of.Key) {
		if d.request.Only == nil || d.request.Only.MatchString(r.Key.String()) {
			list = append(list, r)
		}
	}
	return list
}

// all plans the moves of several replicas at the same time. Who cannot go is named with the reason.
func (d *relocation) all(replicas []*topology.Instance, s *topology.Instance, how method) *topology.Refusal {
	if s == nil {
		return refuse("no-destination", "name the server to replicate from", "where the replicas of %s shall replicate from is not said", d.server.Key)
	}
	d.plan.Successor = s.Key
	var moves []plan.Step
	for _, r := range replicas {
		if r.Key == s.Key {
			continue
		}
		a, no := how(r, s)
		if no != nil {
			d.plan.Lost = append(d.plan.Lost, plan.Verdict{Server: r.Key, Rule: no.Rule, Reason: no.Error()})
			continue
		}
		move := step(r, a, "each is moved for itself")
		move.MayFail = true
		moves = append(moves, move)
		d.warnOf(r, s)
	}
	d.write(moves...)
	d.plan.Title = fmt.Sprintf("%s below %s", count(len(moves)), s.Key)
	if len(d.plan.Steps) == 0 && len(d.plan.Lost) > 0 {
		return refuse(d.plan.Lost[0].Rule, "", "none of the replicas can go below %s: %s", s.Key, join(d.plan.Lost))
	}
	return nil
}

func count(n int) string {
	if n == 1 {
		return "1 replica goes"
	}
	return fmt.Sprintf("%d replicas go", n)
}

func join(vs []plan.Verdict) string {
	texts := make([]string, len(vs))
	for n, v := range vs {
		texts[n] = v.String()
	}
	return strings.Join(texts, "; ")
}

// warnOf says what a person should know of a move that is possible.
func (d *relocation) warnOf(r, s *topology.Instance) {
	warn := func(format string, args ...any) {
		d.plan.Warnings = append(d.plan.Warnings, fmt.Sprintf(format, args...))
	}
	if r.IsMultiSource() {
		warn("%s replicates on %d channels: only the one from %s (%q) is moved", r.Key, 1+len(r.Others), r.SourceKey(), r.Channel.Name)
	}
	if !r.IsBinlogServer() && topology.CompareVersions(r.MajorVersion(), s.MajorVersion()) < 0 {
		warn("%s has version %s, lower than %s of %s: it may not understand all that it will receive", r.Key, r.Version, s.Version, s.Key)
	}
	if r.LogsUpdates() && strings.EqualFold(s.BinlogRowImage, "FULL") && r.BinlogRowImage != "" && !strings.EqualFold(r.BinlogRowImage, "FULL") {
		warn("%s logs rows with binlog_row_image=%s, less than FULL of %s: what replicates from it gets less", r.Key, r.BinlogRowImage, s.Key)
	}
	if s.ErrantSet != "" {
		warn("the errant transactions of %s (%s) will reach %s", s.Key, s.ErrantSet, r.Key)
	}
	old := d.t.Source(r)
	if old == nil || old == s {
		return
	}
	if ss := &old.SemiSync; r.SemiSync.ReplicaEnabled && ss.SourceEnabled && ss.SourceStatus && ss.SourceClients <= ss.SourceWaitCount {
		warn("%s waits for %d semi-sync acknowledgements, and %s is one of the %d replicas that give them", old.Key, ss.SourceWaitCount, r.Key, ss.SourceClients)
	}
}
