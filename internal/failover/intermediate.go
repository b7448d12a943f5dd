package failover

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// DeadIntermediate plans where the replicas of an intermediate source go that is lost, or that they cannot connect to.
// Each goes to the first of these that can take it without anything getting lost: a sibling of the lost server in its
// data center and environment; the best of those that are left, when that one can go below the lost server's source
// and others below it; a sibling elsewhere; the lost server's source. Those that none can take are in Lost. The
// Successor is the server that most of them go below, and zero when none can be moved.
//
// No server is opened or closed for writing, and the lost one is not touched. By file and position a replica is moved
// only where its place is certain; such a plan begins with steps of the GatherStage, and is to be made again after they
// have run.
func DeadIntermediate(t *topology.Topology, r Request, p Policy) plan.Plan {
	d := newIntermediate(t, &r, &p)
	var moves []move
	var left []*topology.Instance
	near, far := d.siblings()
	for _, i := range t.Replicas(r.Failed) {
		if !i.LastCheckValid() {
			d.plan.Lost = append(d.plan.Lost, plan.Verdict{Server: i.Key, Rule: "unreachable", Reason: "the last check failed: " + cmp.Or(i.Check.Err, "no answer")})
			continue
		}
		if v, ok := d.first(i, near); ok {
			moves = append(moves, v)
			continue
		}
		left = append(left, i)
	}
	led, left := d.regroup(left)
	moves = append(moves, led...)
	for _, i := range left {
		v, ok := d.first(i, far)
		if !ok && d.above != nil {
			v, ok = d.first(i, []*topology.Instance{d.above})
		}
		if !ok {
			d.plan.Lost = append(d.plan.Lost, d.homeless(i, near, far))
			continue
		}
		moves = append(moves, v)
	}
	d.write(&d.plan, moves)
	if !d.plan.Successor.IsZero() {
		d.plan.Title += " below " + d.plan.Successor.String()
	}
	return d.plan
}

type intermediate struct {
	mover
	plan plan.Plan
	// designated is the server that shall take the replicas if it can.
	designated *topology.Instance
}

func newIntermediate(t *topology.Topology, r *Request, p *Policy) *intermediate {
	failed := t.Instance(r.Failed)
	if failed == nil {
		failed = &topology.Instance{Key: r.Failed, ClusterName: r.Failed.String()}
	}
	d := &intermediate{
		mover: mover{t: t, request: r, policy: p, failed: failed, above: t.Source(failed)},
		plan: plan.Plan{
			Title:     fmt.Sprintf("move the replicas of the lost intermediate source %s", r.Failed),
			Operation: r.Operation, Cluster: failed.ClusterName, Failed: r.Failed,
		},
	}
	if d.above == nil {
		d.plan.Warnings = append(d.plan.Warnings, "the source of "+r.Failed.String()+" is not known")
	}
	if r.Designated.IsZero() {
		return d
	}
	d.designated = t.Instance(r.Designated)
	switch i := d.designated; {
	case i == nil:
		d.plan.Warnings = append(d.plan.Warnings, r.Designated.String()+" was asked for, but it is not known")
	case i != d.above && i.Channel.Source != r.Failed && (d.above == nil || i.Channel.Source != d.above.Key):
		d.plan.Warnings = append(d.plan.Warnings, fmt.Sprintf("%s was asked for, but it is neither the source of %s nor a sibling nor a replica", i.Key, r.Failed))
		d.designated = nil
	}
	return d
}

// anywhere is the policy without what restricts where the primary may be.
func anywhere(p *Policy) *Policy {
	q := *p
	q.PreventCrossDataCenter, q.PreventCrossRegion, q.FailOnLag, q.FailIfNotApplied = false, false, 0, false
	return &q
}

// siblings are the valid siblings of the lost server, best first: those in its place, and the others. A designated
// server, the source above among them, comes before all.
func (d *intermediate) siblings() (near, far []*topology.Instance) {
	if d.above == nil {
		return nil, nil
	}
	beside := slices.DeleteFunc(slices.Clone(d.t.Replicas(d.above.Key)), func(i *topology.Instance) bool { return i.Key == d.failed.Key })
	c := newChooser(d.failed, beside, anywhere(d.policy))
	var field []*candidate
	for _, k := range c.candidates {
		if v := d.barSibling(k); v != nil {
			d.plan.Rejected = append(d.plan.Rejected, *v)
			continue
		}
		field = append(field, k)
	}
	slices.SortFunc(field, c.compare)
	slices.SortStableFunc(field, func(a, b *candidate) int {
		return cmp.Or(topology.TrueFirst(a.Instance == d.designated, b.Instance == d.designated), topology.TrueFirst(c.near(a), c.near(b)))
	})
	for n, k := range field {
		switch {
		case d.designated == k.Instance, c.near(k):
			near = append(near, k.Instance)
		default:
			far = append(far, k.Instance)
		}
		if n > 0 {
			d.plan.Rejected = append(d.plan.Rejected, d.second(c, k, field[0]))
		}
	}
	if d.designated == d.above {
		near = slices.Insert(near, 0, d.above)
	}
	if d.designated != nil && d.designated != d.above && d.designated.Channel.Source == d.above.Key && !slices.Contains(near, d.designated) {
		d.plan.Warnings = append(d.plan.Warnings, d.designated.Key.String()+" was asked for, but it cannot take replicas")
	}
	return near, far
}

// second says why a valid sibling does not come first.
func (d *intermediate) second(c *chooser, k, best *candidate) plan.Verdict {
	if best.Instance != d.designated && c.near(best) && !c.near(k) {
		return plan.Verdict{Server: k.Key, Rule: "outranked", Reason: best.Key.String() + " is in the data center and environment of the lost server, " + k.Key.String() + " is not"}
	}
	return c.outranked(k, best, d.request.Designated)
}

// barSibling says by which rule a sibling takes no replicas, or nil.
func (d *intermediate) barSibling(k *candidate) *plan.Verdict {
	bar := func(rule, format string, args ...any) *plan.Verdict {
		return &plan.Verdict{Server: k.Key, Rule: rule, Reason: fmt.Sprintf(format, args...)}
	}
	relay := k.IsBinlogServer()
	switch {
	case relay != d.failed.IsBinlogServer():
		return bar("binlog-server", "of it and the lost server only one is a binlog server")
	case k.PromotionRule == topology.MustNotPromote:
		return bar("must-not", "its promotion rule is must_not")
	case d.policy.ignored(k.Key):
		return bar("ignored-hostname", "PromotionIgnoreHostnameFilters matches it")
	case k.barred != nil && !relay && k.barred.Rule != "version" && k.barred.Rule != "binlog-format" && k.barred.Rule != "unknown-history":
		return k.barred
	case !k.LastCheckValid():
		return k.barred
	case !k.Replicating():
		return bar("not-replicating", "it does not replicate itself")
	case k.Channel.HasFilters != d.failed.Channel.HasFilters:
		return bar("filters", "of it and the lost server only one has replication filters")
	case !d.failed.LastCheckValid() && d.isBehindFailed(k):
		return bar("behind", "it lacks what the lost server is known to have applied")
	}
	return nil
}

func (d *intermediate) isBehindFailed(k *candidate) bool {
	switch d.failed.Channel.GTID {
	case topology.OracleGTID:
		was, err := historyOf(byMySQL, d.failed)
		held, unknown := mysqlHeld(k.Instance)
		return err != nil || unknown != nil || !held.Contains(was.applied)
	case topology.MariaDBGTID:
		was, err := historyOf(byMariaDB, d.failed)
		_, soon, unknown := mariadbHeld(k.Instance)
		return err != nil || unknown != nil || !soon.Contains(was.mariaOut)
	}
	return k.Channel.Exec.Less(d.failed.Channel.Exec)
}

// first finds the first of the targets that can take the replica.
func (d *intermediate) first(i *topology.Instance, targets []*topology.Instance) (move, bool) {
	for _, target := range targets {
		if target == i {
			continue
		}
		if action, refused := d.place(i, target); refused == nil {
			return move{replica: i, action: action, stage: d.stageOf(i, stageMove), why: d.why(target)}, true
		}
	}
	return move{}, false
}

// why says what the target is to the lost server.
func (d *intermediate) why(target *topology.Instance) string {
	switch {
	case target == d.above:
		return "the source of the lost server takes it"
	case d.failed.Group.IsMember() && target.Group.Name == d.failed.Group.Name:
		return "another member of the group takes it"
	case d.isNear(target):
		return "a sibling of the lost server takes it"
	}
	return "a sibling of the lost server in another place takes it"
}

// regroup finds among the replicas one that can go below the source of the lost server and that others can go below.
// It returns the moves of these, and who is left.
func (d *intermediate) regroup(replicas []*topology.Instance) (moves []move, left []*topology.Instance) {
	if d.above == nil || len(replicas) < 2 {
		return nil, replicas
	}
	c := newChooser(d.failed, replicas, anywhere(d.policy))
	slices.SortFunc(c.candidates, func(a, b *candidate) int {
		if a.Instance == d.designated || b.Instance == d.designated {
			return topology.TrueFirst(a.Instance == d.designated, b.Instance == d.designated)
		}
		return c.compare(a, b)
	})
	for _, leader := range c.candidates {
		if leader.barred != nil && leader.barred.Rule != "version" && leader.barred.Rule != "binlog-format" {
			continue
		}
		up, refused := d.place(leader.Instance, d.above)
		if refused != nil {
			continue
		}
		moves = []move{{replica: leader.Instance, action: up, stage: stageMove, why: "the best of those that are left takes the place of the lost server", leads: true}}
		left = nil
		for _, i := range replicas {
			if i == leader.Instance {
				continue
			}
			action, refused := d.place(i, leader.Instance)
			if refused != nil {
				left = append(left, i)
				continue
			}
			moves = append(moves, move{replica: i, action: action, stage: d.stageOf(i, stageMoveBelow), why: "its former sibling takes it"})
		}
		if len(moves) > 1 {
			return moves, left
		}
	}
	return nil, replicas
}

// homeless says why nobody can take the replica.
func (d *intermediate) homeless(i *topology.Instance, near, far []*topology.Instance) plan.Verdict {
	const most = 3
	targets := slices.Concat(near, far)
	if d.above != nil && !slices.Contains(targets, d.above) {
		targets = slices.Insert(targets, 0, d.above)
	}
	v := plan.Verdict{Server: i.Key, Rule: "no-source", Reason: "there is no server that it could go below"}
	var reasons []string
	for n, target := range targets {
		_, refused := d.place(i, target)
		switch {
		case refused == nil:
			continue
		case len(reasons) == 0:
			v.Rule = refused.Rule
		case len(reasons) == most:
			reasons = append(reasons, fmt.Sprintf("%d more", len(targets)-n))
			v.Reason = strings.Join(reasons, "; ")
			return v
		}
		reasons = append(reasons, fmt.Sprintf("not below %s: %s", target.Key, refused.Reason))
	}
	if len(reasons) > 0 {
		v.Reason = strings.Join(reasons, "; ")
	}
	return v
}
