package refactor

import (
	"fmt"
	"slices"
	"time"

	"orchestrator/internal/failover"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// The limits of a rebuilding.
const (
	cloneWithin  = 24 * time.Hour
	backWithin   = 25 * time.Hour // a clone whose connection broke is waited for there
	attachWithin = time.Minute
)

// lookToRebuild are the servers that a rebuilding is planned from, beside the server and its source.
func lookToRebuild(t *topology.Topology, i *topology.Instance, donor topology.Key) []topology.Key {
	keys := topology.Keys(followers(t, i.Key))
	if i.Channel.Source.IsDetached() {
		keys = append(keys, i.Channel.Source.Reattached())
	}
	for _, d := range DonorsToAsk(t, i, donor, 0) {
		keys = append(keys, d)
		if at := t.Instance(d); at.HasSource() {
			keys = append(keys, at.SourceKey())
		}
	}
	slices.SortFunc(keys, topology.Key.Compare)
	return slices.DeleteFunc(slices.Compact(keys), func(k topology.Key) bool { return t.Instance(k) == nil })
}

// askedAtMost is how many possible donors are looked at closely.
const askedAtMost = 8

// DonorsToAsk are the possible donors that are worth to be asked: the one that was named, else the best few.
func DonorsToAsk(t *topology.Topology, i *topology.Instance, named topology.Key, lagLimit time.Duration) []topology.Key {
	if !named.IsZero() {
		return slices.DeleteFunc([]topology.Key{named}, func(k topology.Key) bool { return t.Instance(k) == nil })
	}
	var keys []topology.Key
	for _, d := range Donors(t, i, nil, lagLimit) {
		if d.Unfit == "" && len(keys) < askedAtMost {
			keys = append(keys, d.Key)
		}
	}
	return keys
}

// rebuild plans to replace all data of a replica by those of another server. It is detached before: while it has no data,
// or nobody knows which, no failover takes it for a replica, and nobody starts it by mistake. It may be asked for again
// wherever it ended.
func (s *single) rebuild() *topology.Refusal {
	i := s.i
	s.p.Title = fmt.Sprintf("rebuild %s: replace all its data", i.Key)
	if refusal := Rebuildable(s.t, i, s.r.Able); refusal != nil {
		return refusal
	}
	donor, refusal := s.donor()
	if refusal != nil {
		return refusal
	}
	source, refusal := s.sourceAfter(donor)
	if refusal != nil {
		return refusal
	}
	s.p.Title = fmt.Sprintf("rebuild %s: replace all its data by those of %s", i.Key, donor.Key)
	s.p.Cluster, s.p.Successor = source.ClusterName, source.Key
	s.prepare(donor, source)
	s.replace(donor)
	s.attach(donor, source)
	s.warnOf(donor)
	return nil
}

// donor is the one that was named, or the best.
func (s *single) donor() (*topology.Instance, *topology.Refusal) {
	if k := s.r.Donor; !k.IsZero() {
		d := s.t.Instance(k)
		switch {
		case d == nil:
			return nil, no("unknown", "discover it first", "%s is not known", k)
		case k == s.i.Key:
			return nil, no("same-server", "name another one", "%s cannot be rebuilt from itself", k)
		case d.ClusterName != clusterOf(s.t, s.i) && s.t.Instance(s.i.Channel.Source.Reattached()) != nil:
			return nil, no("other-cluster", "name a server of its own cluster", "%s belongs to another cluster than %s", k, s.i.Key)
		}
		if reason := unfit(s.t, d, s.i, s.r.Able, s.policy.Patience); reason != "" {
			return nil, no("no-donor", "name another one, or none", "%s cannot be rebuilt from %s: %s", s.i.Key, k, reason)
		}
		return d, nil
	}
	all := Donors(s.t, s.i, s.r.Able, s.policy.Patience)
	if len(all) == 0 {
		return nil, no("no-donor", "name the server to rebuild it from", "there is no other server in the cluster of %s", s.i.Key)
	}
	if best := all[0]; best.Unfit != "" {
		return nil, no("no-donor", "mend one of them, or rebuild it from a backup", "no server is fit to rebuild %s from; %s: %s", s.i.Key, best.Key, best.Unfit)
	}
	return all[0].Instance, nil
}

// sourceAfter is from whom the server replicates afterwards: from whom it did until now, where that answers.
func (s *single) sourceAfter(donor *topology.Instance) (*topology.Instance, *topology.Refusal) {
	until := s.i.Channel.Source.Reattached()
	if source := s.t.Instance(until); source != nil && source.LastCheckValid() && !s.t.IsBelow(until, s.i.Key) {
		return source, s.follows(donor, source)
	}
	source := donor
	if donor.HasSource() {
		if source = s.t.Source(donor); source == nil || !source.LastCheckValid() {
			return nil, no("source-unreachable", "name another donor", "neither the source of %s nor that of %s answers", s.i.Key, donor.Key)
		}
	}
	if until.IsValid() {
		s.p.Warnings = append(s.p.Warnings, fmt.Sprintf("its source %s does not answer: it replicates from %s afterwards", until, source.Key))
	}
	return source, s.follows(donor, source)
}

// follows refuses a source from which the server could not go on with the data of the donor.
func (s *single) follows(donor, source *topology.Instance) *topology.Refusal {
	if donor.Key == source.Key {
		return topology.CanReplicate(s.i, source, topology.ReplicationRules{LowerVersionAllowed: true})
	}
	after := donor.Clone()
	after.Key, after.ServerID, after.ServerUUID = s.i.Key, s.i.ServerID, s.i.ServerUUID
	after.Channel.GTID = topology.OracleGTID
	if refusal := topology.CanReplicate(after, source, topology.ReplicationRules{LowerVersionAllowed: true}); refusal != nil {
		return refusal
	}
	return topology.CanReplicateByGTID(after, source)
}

// step appends a step that follows all others.
func (s *single) step(phase plan.Phase, a plan.Action, why, needs, until string) *plan.Step {
	step := s.add(phase, a, why, nil)
	step.Needs, step.Until = needs, until
	return step
}

// prepare is what is done, and can be undone, before the data are replaced.
func (s *single) prepare(donor, source *topology.Instance) {
	i := s.i
	tellers := []topology.Key{i.Key}
	for _, k := range failover.Tellers(s.t, source.Key, i.Key) {
		if k != i.Key {
			tellers = append(tellers, k)
		}
	}
	s.step(plan.Gather, plan.Action{Verb: plan.ReadCredentials, Source: source.Key, Tellers: tellers}, "they are replaced with everything else",
		fmt.Sprintf("%s has no replicas, and %s answers", i.Key, source.Key), "user, password and connection options are known").MayFail = donor.HasSource() && donor.HasCredentials
	if !i.ReadOnly || s.policy.SuperReadOnly && !i.SuperReadOnly {
		s.step(plan.Stop, plan.Action{Verb: plan.SetReadOnly, Super: s.policy.SuperReadOnly}, "what would be written on it now would be lost", "", "")
	}
	if c := &i.Channel; runs(c.IOThread) || runs(c.SQLThread) {
		undo := &plan.Action{Verb: plan.StartReplica}
		switch {
		case !runs(c.SQLThread):
			undo.Verb = plan.StartReceiving
		case !runs(c.IOThread):
			undo.Verb = plan.StartApplying
		}
		s.add(plan.Stop, plan.Action{Verb: plan.StopReplica}, "its threads have to be stopped", undo)
	}
	if i.HasSource() {
		s.add(plan.Stop, plan.Action{Verb: plan.DetachSource, On: true}, "without its data it must not be taken for a replica, nor be started by mistake", &plan.Action{Verb: plan.ReattachSource})
	}
}

// replace is the clone itself, and the new beginning that ends it.
func (s *single) replace(donor *topology.Instance) {
	why := "the data of both are the same then"
	if says := s.r.Able[donor.Key]; says.Bytes > 0 {
		why = fmt.Sprintf("%s are copied, and the data of both are the same then", size(says.Bytes))
	}
	clone := s.step(plan.Change, plan.Action{Verb: plan.ReplaceData, Source: donor.Key}, why, s.fitness(donor), "all has come, and the server starts anew")
	clone.NoReturn, clone.Deadline = true, cloneWithin
	s.step(plan.Change, plan.Action{Verb: plan.AwaitReplaced}, "it recovers from them as after a crash", "", "it answers, and says that the clone is complete").Deadline = backWithin
	s.step(plan.Change, plan.Action{Verb: plan.SetReadOnly, Super: s.policy.SuperReadOnly}, "a replica takes no writes of its own", "", "")
}

// fitness is what was found of the donor.
func (s *single) fitness(donor *topology.Instance) string {
	text := fmt.Sprintf("%s answers, has no errant transactions, and has the version %s as well", donor.Key, donor.Version)
	if donor.HasSource() {
		text = fmt.Sprintf("%s replicates, lags %d s, has no errant transactions, and has the version %s as well", donor.Key, donor.Lag.N, donor.Version)
	}
	if _, asked := s.r.Able[donor.Key]; asked {
		text += "; the clone plugin is active on both, with the privileges that it needs"
	}
	return text
}

// attach makes the server a replica again.
func (s *single) attach(donor, source *topology.Instance) {
	i := s.i
	if donor.HasSource() && donor.Channel.Name != i.Channel.Name {
		s.add(plan.Repoint, plan.Action{Verb: plan.ForgetSource}, "the channel has come from "+donor.Key.String(), nil).Action.Channel = donor.Channel.Name
	}
	s.step(plan.Repoint, plan.Action{Verb: plan.BecomeReplica, Source: source.Key, Place: plan.ByOracleGTID}, "it goes on from where the data of "+donor.Key.String()+" end",
		"", "it names "+source.Key.String()+" as its source")
	if delay := i.Channel.SQLDelay; delay != donor.Channel.SQLDelay || !donor.HasSource() && delay > 0 {
		s.add(plan.Repoint, plan.Action{Verb: plan.StopReplica, On: true}, "its delay is that of "+donor.Key.String(), nil)
		s.add(plan.Repoint, plan.Action{Verb: plan.SetDelay, Number: delay}, "as it was before", nil)
	}
	s.add(plan.Start, plan.Action{Verb: plan.StartReplica}, "it catches up with what was written since", nil)
	s.step(plan.Start, plan.Action{Verb: plan.AwaitReplicating}, "", "", "both threads run").Deadline = attachWithin
	s.step(plan.Start, plan.Action{Verb: plan.HoldsNoMore, Source: source.Key}, "its errant transactions have gone with its data", "", "").Deadline = attachWithin
}

// warnOf says what a person has to know before.
func (s *single) warnOf(donor *topology.Instance) {
	i := s.i
	copied := "all data are"
	if says := s.r.Able[donor.Key]; says.Bytes > 0 {
		copied = size(says.Bytes) + " are"
	}
	load := fmt.Sprintf("%s read on %s and sent through the network meanwhile", copied, donor.Key)
	if !donor.HasSource() {
		load += ", which is the primary: clients share its disks with the copying"
	}
	if i.DataCenter != "" && donor.DataCenter != "" && i.DataCenter != donor.DataCenter {
		load += fmt.Sprintf("; they cross from %s to %s", donor.DataCenter, i.DataCenter)
	}
	s.p.Warnings = append(s.p.Warnings,
		fmt.Sprintf("%s has no data until it is done: it serves nobody, and no failover chooses it", i.Key),
		load,
		"the server starts anew when all has come; where nobody supervises mysqld it ends (error 3707), and has to be started by hand: that is waited for, for an hour",
		"if this ends in the middle, the server may be without data; it stays detached then: ask for the same again, or rebuild it from a backup")
}

// size is a number of bytes for people.
func size(n int64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GB", n>>30)
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GB", float64(n)/(1<<30))
	}
	return fmt.Sprintf("%d MB", max(1, n>>20))
}
