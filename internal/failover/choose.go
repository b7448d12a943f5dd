package failover

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"orchestrator/internal/gtid"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// candidate is a replica of the lost server as the chooser sees it.
type candidate struct {
	*topology.Instance
	history history
	// barred is the rule that forbids its promotion; soft ones give way when nobody else is left.
	barred *plan.Verdict
	soft   bool
}

// is says whether a rule forbids its promotion.
func (k *candidate) is(rule string) bool { return k.barred != nil && k.barred.Rule == rule }

// chooser holds what the choice depends on.
type chooser struct {
	failed     *topology.Instance
	policy     *Policy
	method     method
	candidates []*candidate
	formers    []*former // of whom the successor may fetch as well
	version    string    // the major version that most replicas have
	format     string    // the binlog format that most replicas have
	// relayed says that all of them can fetch by file and position what they have not received, from a binlog server.
	relayed bool
}

// newChooser looks at the replicas of the lost server, judging each by the rules that do not depend on the others.
func newChooser(failed *topology.Instance, replicas []*topology.Instance, p *Policy) *chooser {
	return newChooserBy(methodOf(reachable(replicas)), failed, replicas, p)
}

// reachable are those of the servers whose last check was successful.
func reachable(servers []*topology.Instance) []*topology.Instance {
	return slices.DeleteFunc(slices.Clone(servers), func(i *topology.Instance) bool { return !i.LastCheckValid() })
}

// newChooserBy is newChooser where it is known how histories are to be compared.
func newChooserBy(by method, failed *topology.Instance, replicas []*topology.Instance, p *Policy) *chooser {
	valid := reachable(replicas)
	c := &chooser{
		failed:  failed,
		policy:  p,
		method:  by,
		version: majority(valid, (*topology.Instance).MajorVersion, topology.CompareVersions),
		format: majority(valid, func(i *topology.Instance) string { return i.BinlogFormat },
			func(a, b string) int { return topology.BinlogFormatRank(a) - topology.BinlogFormatRank(b) }),
	}
	for _, r := range replicas {
		k := &candidate{Instance: r}
		var unknown error
		k.history, unknown = historyOf(c.method, r)
		k.barred, k.soft = c.bar(k, unknown)
		c.candidates = append(c.candidates, k)
	}
	return c
}

// bar applies the rules of promotion to one server, hard ones first.
func (c *chooser) bar(k *candidate, unknown error) (v *plan.Verdict, soft bool) {
	hard := func(rule, format string, args ...any) (*plan.Verdict, bool) {
		return &plan.Verdict{Server: k.Key, Rule: rule, Reason: fmt.Sprintf(format, args...)}, false
	}
	yielding := func(rule, format string, args ...any) (*plan.Verdict, bool) {
		return &plan.Verdict{Server: k.Key, Rule: rule, Reason: fmt.Sprintf(format, args...)}, true
	}
	p := c.policy
	switch {
	case !k.LastCheckValid():
		return hard("unreachable", "the last check failed: %s", cmp.Or(k.Check.Err, "no answer"))
	case k.IsBinlogServer():
		return hard("binlog-server", "a binlog server holds no data")
	case k.PromotionRule == topology.MustNotPromote:
		return hard("must-not", "its promotion rule is must_not")
	case p.ignored(k.Key):
		return hard("ignored-hostname", "PromotionIgnoreHostnameFilters matches it")
	case k.IsMultiSource():
		return hard("multi-source", "it also replicates from %s: promoting it would mix two clusters", k.Others[0].Source)
	case k.Group.IsSecondary():
		return hard("group-secondary", "a secondary of a replication group becomes primary by the group's election only")
	case unknown != nil:
		return hard("unknown-history", "%v", unknown)
	case p.PreventCrossDataCenter && differs(k.DataCenter, c.failed.DataCenter):
		return hard("data-center", "it is in data center %s, %s was in %s, and PreventCrossDataCenterMasterFailover is set", k.DataCenter, c.failed.Key, c.failed.DataCenter)
	case p.PreventCrossRegion && differs(k.Region, c.failed.Region):
		return hard("region", "it is in region %s, %s was in %s, and PreventCrossRegionMasterFailover is set", k.Region, c.failed.Key, c.failed.Region)
	case p.FailOnLag > 0 && !k.Lag.Known:
		return hard("lag", "its lag is unknown, and FailMasterPromotionOnLagMinutes is set")
	case p.FailOnLag > 0 && time.Duration(k.Lag.N)*time.Second >= p.FailOnLag:
		return hard("lag", "it lags %d s, and FailMasterPromotionOnLagMinutes allows less than %s", k.Lag.N, p.FailOnLag)
	case p.FailIfNotApplied && !k.history.allApplied():
		return hard("not-applied", "it has not applied all that it received, and FailMasterPromotionIfSQLThreadNotUpToDate is set")
	case k.Channel.LastSQLErrno != 0 && !k.history.allApplied():
		return hard("applier-broken", "its applier stopped with error %d before it had applied all that it received", k.Channel.LastSQLErrno)
	case c.ownWrites(k) != nil:
		return yielding(diverged, "its newest transaction %s is its own, and %s was not seen to have it", c.ownWrites(k), c.failed.Key)
	case !k.LogBin:
		return yielding("no-binary-log", "it has no binary log, so nobody could replicate from it")
	case !k.LogReplicaUpdates:
		return yielding("no-log-replica-updates", "it does not log what it replicated, so others could not catch up from it")
	case topology.CompareVersions(k.MajorVersion(), c.version) > 0:
		return yielding("version", "its version %s is higher than %s of most replicas", k.Version, c.version)
	case topology.BinlogFormatRank(k.BinlogFormat) > topology.BinlogFormatRank(c.format):
		return yielding("binlog-format", "its binlog format %s is wider than %s of most replicas", k.BinlogFormat, c.format)
	}
	return nil, false
}

// differs says whether two places are known to differ; an unknown place is not a different one.
func differs(a, b string) bool { return a != "" && b != "" && a != b }

// choose returns the best candidate, or nil, and what is to be known about the others: each with the rule that kept
// it from being chosen. A designated server wins if no hard rule bars it.
func (c *chooser) choose(designated topology.Key) (best *candidate, rejected []plan.Verdict, warnings []string) {
	field := c.field(func(k *candidate) bool { return k.barred == nil })
	if len(field) == 0 {
		if field = c.field(func(k *candidate) bool { return k.soft }); len(field) > 0 {
			warnings = append(warnings, "no replica meets all rules of promotion; "+field[0].Key.String()+" comes closest: "+field[0].barred.Reason)
		}
	}
	if !designated.IsZero() {
		field, warnings = c.prefer(designated, field, warnings)
	}
	if len(field) > 0 {
		best = field[0]
	}
	for _, k := range c.candidates {
		switch {
		case k == best:
		case k.barred != nil:
			rejected = append(rejected, *k.barred)
		default:
			rejected = append(rejected, c.outranked(k, best, designated))
		}
	}
	return best, rejected, warnings
}

// prefer puts the designated server first where it may be promoted, and says so where it may not.
func (c *chooser) prefer(designated topology.Key, field []*candidate, warnings []string) ([]*candidate, []string) {
	i := slices.IndexFunc(c.candidates, func(k *candidate) bool { return k.Key == designated })
	switch {
	case i < 0:
		return field, append(warnings, fmt.Sprintf("%s was asked for, but it is no replica of %s", designated, c.failed.Key))
	case c.candidates[i].barred != nil && !c.candidates[i].soft:
		return field, append(warnings, fmt.Sprintf("%s was asked for, but %s", designated, c.candidates[i].barred.Reason))
	}
	return append([]*candidate{c.candidates[i]}, field...), warnings
}

// field returns the candidates that pass the test, best first. By file and position nothing can be fetched from a
// sibling, so there only those count that have received the most.
func (c *chooser) field(pass func(*candidate) bool) []*candidate {
	var field []*candidate
	for _, k := range c.candidates {
		if pass(k) {
			field = append(field, k)
		}
	}
	if c.method == byPosition && !c.relayed && len(field) > 0 {
		most := slices.MaxFunc(field, func(a, b *candidate) int { return a.history.read.Compare(b.history.read) })
		field = slices.DeleteFunc(field, func(k *candidate) bool { return k.history.read.Less(most.history.read) })
	}
	slices.SortFunc(field, c.compare)
	return field
}

// A criterion orders two candidates: negative when a is better.
type criterion struct {
	name    string
	compare func(c *chooser, a, b *candidate) int
}

// criteria in the order in which they count. The order is total: the last one never ties.
var criteria = []criterion{
	{"its promotion rule is worse", func(_ *chooser, a, b *candidate) int { return cmp.Compare(ruleClass(a), ruleClass(b)) }},
	{"it is not in the same data center and environment as the lost server", func(c *chooser, a, b *candidate) int {
		if !a.PromotionRule.IsCandidate() {
			return 0 // among servers that nobody asked for, what they hold counts more than where they are
		}
		return topology.TrueFirst(c.near(a), c.near(b))
	}},
	{"its promotion rule is worse", func(_ *chooser, a, b *candidate) int { return cmp.Compare(a.PromotionRule, b.PromotionRule) }},
	{"it applies with a delay by design", func(_ *chooser, a, b *candidate) int {
		return topology.TrueFirst(a.Channel.SQLDelay == 0, b.Channel.SQLDelay == 0)
	}},
	{"it has received less", func(_ *chooser, a, b *candidate) int {
		switch a.history.compareReceived(&b.history) {
		case gtid.Superset:
			return -1
		case gtid.Subset:
			return 1
		case gtid.Diverged:
			return cmp.Compare(a.history.missing(&b.history), b.history.missing(&a.history))
		}
		return 0
	}},
	{"it has more to apply yet", func(_ *chooser, a, b *candidate) int {
		return topology.TrueFirst(a.history.allApplied(), b.history.allApplied())
	}},
	{"its major version is higher", func(_ *chooser, a, b *candidate) int {
		return topology.CompareVersions(a.MajorVersion(), b.MajorVersion())
	}},
	{"its binlog format is wider", func(_ *chooser, a, b *candidate) int {
		return topology.BinlogFormatRank(a.BinlogFormat) - topology.BinlogFormatRank(b.BinlogFormat)
	}},
	{"it is in another data center", func(c *chooser, a, b *candidate) int {
		return topology.TrueFirst(a.DataCenter == c.failed.DataCenter, b.DataCenter == c.failed.DataCenter)
	}},
	{"it has errant transactions", func(_ *chooser, a, b *candidate) int {
		return topology.TrueFirst(a.ErrantSet == "", b.ErrantSet == "")
	}},
	{"all else is equal and its name sorts later", func(_ *chooser, a, b *candidate) int { return a.Key.Compare(b.Key) }},
}

// ruleClass folds must into prefer: where a wanted server stands counts between the two.
func ruleClass(k *candidate) topology.PromotionRule {
	if k.PromotionRule.IsCandidate() {
		return topology.PreferPromote
	}
	return k.PromotionRule
}

func (c *chooser) near(k *candidate) bool {
	return k.DataCenter == c.failed.DataCenter && k.PhysicalEnvironment == c.failed.PhysicalEnvironment
}

func (c *chooser) compare(a, b *candidate) int {
	for _, by := range criteria {
		if n := by.compare(c, a, b); n != 0 {
			return n
		}
	}
	return 0
}

// outranked says by which criterion the chosen one is better than k.
func (c *chooser) outranked(k, best *candidate, designated topology.Key) plan.Verdict {
	v := plan.Verdict{Server: k.Key, Rule: "outranked"}
	if best == nil {
		v.Reason = "no server can be promoted"
		return v
	}
	if best.Key == designated {
		v.Reason = designated.String() + " was asked for"
		return v
	}
	for _, by := range criteria {
		if by.compare(c, best, k) < 0 {
			v.Reason = fmt.Sprintf("%s is better: of %s, %s", best.Key, k.Key, by.name)
			return v
		}
	}
	// By position, those that have received less never get as far as the criteria.
	v.Reason = fmt.Sprintf("%s is better: of %s, it has received less", best.Key, k.Key)
	return v
}

// donation is what the successor fetches from a sibling, or from a former primary, by replicating from it.
type donation struct {
	from    *candidate
	history history // what that has to give
	former  bool    // it is a former primary
	held    bool    // it keeps back, on purpose or by an error, what it has received and not applied
}

// donor is what the successor must fetch from somebody because it has not received it, nil when it has everything; final is
// what it has then. lacking is who holds more than that, which cannot be fetched from anybody.
func (c *chooser) donor(successor *candidate) (donor *donation, final history, lacking []*candidate) {
	final = successor.history
	for _, k := range c.candidates {
		if k == successor || !k.LastCheckValid() || !c.canGive(k, successor) || k.is(diverged) {
			continue
		}
		offer := c.offerOf(k)
		if final.covers(&offer.history) {
			continue
		}
		if donor == nil || offer.history.missing(&donor.history) < donor.history.missing(&offer.history) {
			donor = &offer
		}
	}
	if donor != nil {
		final = final.with(&donor.history)
	}
	if former := c.fromFormer(successor, &final); former != nil {
		donor, final = former, final.with(&former.history)
	}
	for _, k := range c.candidates {
		if k != successor && k.LastCheckValid() && !final.covers(&k.history) {
			lacking = append(lacking, k)
		}
	}
	return donor, final, lacking
}

// canGive says whether the successor can fetch from k by replicating from it. A delay is no hindrance to a fetch.
func (c *chooser) canGive(k, successor *candidate) bool {
	source := *k.Instance
	source.Channel.SQLDelay = 0
	return c.method != byPosition && k.LogsUpdates() && topology.CanReplicate(successor.Instance, &source, c.policy.Replication) == nil
}

// offerOf is what a replica can give in time: all that it has received; where it holds that back, what it has applied.
func (c *chooser) offerOf(k *candidate) donation {
	d := donation{from: k, history: k.history}
	if d.held = !k.history.allApplied() && c.holdsBack(k); d.held {
		d.history = k.history.appliedOnly()
	}
	return d
}

// holdsBack says whether the applier of a replica has stopped with an error, or delays on purpose for longer than is waited for. With
// less it is one that is slow: twice the delay is no longer than an applier may stand still anyway.
func (c *chooser) holdsBack(k *candidate) bool {
	delay := time.Duration(k.Channel.SQLDelay) * time.Second
	return k.Channel.LastSQLErrno != 0 || delay > 0 && 2*delay > c.policy.ApplyPatience
}

// majority is the most common value among the instances; of equally common ones the lowest by the order.
func majority(is []*topology.Instance, value func(*topology.Instance) string, order func(a, b string) int) string {
	count := make(map[string]int)
	for _, i := range is {
		count[value(i)]++
	}
	var best string
	for v, n := range count {
		if n > count[best] || n == count[best] && order(v, best) < 0 {
			best = v
		}
	}
	return best
}
