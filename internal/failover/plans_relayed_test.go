package failover

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// received sets up to where a server by file and position has received and applied the log of p.
func received(received, applied int64) func(*topology.Instance) {
	return coordinates("binlog.000007", received, applied)
}

// quietRelay is a binlog server that was told to stop receiving.
func quietRelay(name string, change ...func(*topology.Instance)) *topology.Instance {
	return orphan(name, "p", slices.Concat([]func(*topology.Instance){relay, func(i *topology.Instance) {
		i.Channel.IOThread, i.Channel.SQLThread = topology.ThreadStopped, topology.ThreadStopped
	}}, change)...)
}

// unlogged is a replica of a binlog server that does not log what it replicates.
func unlogged(name, source string, change ...func(*topology.Instance)) *topology.Instance {
	return follower(name, source, slices.Concat([]func(*topology.Instance){ownLog("binlog.000002"), received(150, 150), func(i *topology.Instance) {
		i.LogReplicaUpdates, i.ExecutedSet = false, ""
	}}, change)...)
}

// ownLog sets which file of its own a server writes.
func ownLog(file string) func(*topology.Instance) {
	return func(i *topology.Instance) { i.SelfCoordinates = topology.Coordinates{LogFile: file, LogPos: 256} }
}

func logsUpdates(i *topology.Instance) { i.LogReplicaUpdates = true }

func relayedSituations() []picture {
	open := Policy{ApplyPromotion: true, DetachLost: true}
	named := func(name string, policy Policy, servers ...*topology.Instance) picture {
		return picture{
			name: "binlog servers: " + name, planner: DeadPrimary,
			request: Request{Failed: primaryKey, Operation: "DeadMaster"}, policy: policy,
			servers: append(servers, lostPrimary()),
		}
	}
	still := func(s picture) picture { s.noChange = true; return s }
	top, behind := quietRelay("b1", received(150, 150)), quietRelay("b2", received(140, 140))
	return []picture{
		named("the most advanced one and its replica", open, top, behind, unlogged("r1", "b1"), unlogged("r2", "b2", received(140, 140))),
		named("they still receive", open, orphan("b1", "p", relay, received(150, 150)), orphan("b2", "p", relay, received(140, 140)),
			unlogged("r1", "b1", received(150, 120))),
		named("the wanted one stands below another", open, top, behind, unlogged("r1", "b1"), unlogged("r2", "b2", received(140, 130), wanted)),
		named("the beginning of a transaction", open, quietRelay("b1", received(160, 150)), quietRelay("b2", received(150, 150)), unlogged("r1", "b1")),
		named("some are gone", open, top, quietRelay("b2", down), orphan("x", "p", down), unlogged("r1", "b1"), unlogged("r2", "b2", received(140, 140)),
			unlogged("r3", "b2", received(170, 150)), unlogged("r4", "b1", down), quietRelay("b3", under("b2"), received(130, 130), connecting), unlogged("r5", "b3", received(130, 130))),
		named("more than a few", open, top, behind, quietRelay("b3", received(150, 150)), quietRelay("b4", received(120, 120)), quietRelay("b5", received(110, 110)), unlogged("r1", "b1")),
		named("its own replica reads its log", open, top, unlogged("r1", "b1", logsUpdates), follower("s", "r1", filePosition)),
		named("semi-sync before opening", open, top, unlogged("r1", "b1", priority(1))),
		named("promotion is left to hooks", Policy{}, top, unlogged("r1", "b1")),
		still(named("nobody below them", open, top)),
		still(named("nobody fits", open, top, unlogged("r1", "b1", ownLog("other.000002")), unlogged("r2", "b1", ownLog("binlog.000009")))),
		still(named("in the middle of a transaction", open, top, unlogged("r1", "b1", received(160, 150)))),
	}
}

// TestWhoContinuesTheLog of a lost primary that has nothing but binlog servers below it: beside a server that can, or with
// nobody else.
func TestWhoContinuesTheLog(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*topology.Instance)
		rule   string // that bars it
		alone  bool   // it is promoted where there is nobody else
	}{
		"one that can":                 {func(*topology.Instance) {}, "outranked", true},
		"its log has come as far":      {ownLog("binlog.000008"), "log-number", true},
		"its log is further":           {ownLog("binlog.000009"), "log-number", false},
		"numbers are no text":          {ownLog("binlog.1000000"), "log-number", false},
		"its log is called otherwise":  {ownLog("mysql-bin.000002"), "log-name", false},
		"its log is not known":         {func(i *topology.Instance) { i.SelfCoordinates = topology.Coordinates{} }, "unknown-position", false},
		"it has none":                  {func(i *topology.Instance) { i.LogBin = false }, "no-binary-log", false},
		"it logs what it replicates":   {logsUpdates, "log-replica-updates", true},
		"it uses GTID":                 {func(i *topology.Instance) { i.Channel.GTID = topology.MariaDBGTID }, "gtid", false},
		"it must not":                  {forbidden, "must-not", false},
		"it cannot be reached":         {down, "unreachable", false},
		"its place is not known":       {coordinates("", 0, 0), "unknown-history", false},
		"its applier is broken":        {func(i *topology.Instance) { i.Channel.LastSQLErrno, i.Channel.Exec.LogPos = 1062, 90 }, "applier-broken", false},
		"a newer version":              {version("8.4.2"), "version", true},
		"what its own source lost too": {func(i *topology.Instance) { under("gone")(i); received(170, 150)(i) }, "ahead", false},
	} {
		t.Run(name, func(t *testing.T) {
			fleet := []*topology.Instance{quietRelay("b1", received(150, 150)), quietRelay("gone", down), unlogged("z", "b1", c.change)}
			if alone := decide(Policy{}, Request{}, fleet...); alone.Successor.IsZero() == c.alone {
				t.Errorf("alone: %s", &alone)
			}
			beside := decide(Policy{}, Request{}, append(fleet, unlogged("a", "b1"), unlogged("c", "b1"))...)
			i := slices.IndexFunc(beside.Rejected, func(v plan.Verdict) bool { return v.Server == at("z") })
			if beside.Successor != at("a") || i < 0 || beside.Rejected[i].Rule != c.rule {
				t.Errorf("want a, and z barred by %s: %+v", c.rule, beside.Rejected)
			}
		})
	}
}

// TestOthersBesideBinlogServers: where a replica of the primary itself can be reached, it is chosen as ever; binlog servers by
// GTID have no place in this.
func TestOthersBesideBinlogServers(t *testing.T) {
	byGTID := func(i *topology.Instance) { i.Channel.GTID, i.Channel.AppliedSet = topology.MariaDBGTID, "0-1-5" }
	for name, fleet := range map[string][]*topology.Instance{
		"a replica": {quietRelay("b1", received(150, 150)), unlogged("r1", "b1"), orphan("a", "p", filePosition)},
		"by GTID":   {quietRelay("b1", received(150, 150), byGTID), unlogged("r1", "b1")},
	} {
		t.Run(name, func(t *testing.T) {
			p := decide(Policy{}, Request{}, fleet...)
			if slices.ContainsFunc(p.Steps, func(s plan.Step) bool { return s.Action.Verb == plan.BeginLog }) || p.Successor == at("r1") {
				t.Errorf("%s", &p)
			}
		})
	}
}

// TestRestOfRelayedFailover: who carries on does what is left, each thing as it was planned.
func TestRestOfRelayedFailover(t *testing.T) {
	fleet := []*topology.Instance{quietRelay("b1", received(150, 150)), quietRelay("b2", received(140, 140)), unlogged("r1", "b1", writable), unlogged("r2", "b2"), lostPrimary()}
	before := DeadPrimary(topology.New(fleet, topology.Names{}), Request{Failed: primaryKey}, Policy{ApplyPromotion: true})
	var o Opened
	o.Successor = before.Successor
	for _, s := range before.Steps {
		if s.Action.Verb == plan.PurgeLogs {
			s.State = plan.Done
		}
		if s.Phase == plan.Repoint || s.Action.Verb == plan.PurgeLogs {
			o.Relayed = append(o.Relayed, s)
		}
	}
	for name, c := range map[string]struct {
		change func(fleet []*topology.Instance)
		want   []string
		lost   []topology.Key
	}{
		"all of it": {func([]*topology.Instance) {}, []string{
			"r1 forget-source", "b1 relay-from r1 binlog.000008:4", "b2 relay-from b1 :0", "b2 relay-from r1 binlog.000008:4"}, nil},
		"one is gone": {func(fleet []*topology.Instance) { down(fleet[1]) }, []string{
			"r1 forget-source", "b1 relay-from r1 binlog.000008:4"}, []topology.Key{at("b2")}},
		"another one came back": {func(fleet []*topology.Instance) { under("p")(fleet[3]) }, []string{
			"r1 forget-source", "b1 relay-from r1 binlog.000008:4", "b2 relay-from b1 :0", "b2 relay-from r1 binlog.000008:4"}, []topology.Key{at("r2")}},
	} {
		t.Run(name, func(t *testing.T) {
			now := slices.Clone(fleet)
			for n := range now {
				now[n] = now[n].Clone()
			}
			c.change(now)
			rest := Follow(topology.New(now, topology.Names{}), Request{Failed: primaryKey}, o, Policy{ApplyPromotion: true})
			var got []string
			for _, s := range rest.Steps {
				text := s.Server.Hostname + " " + string(s.Action.Verb)
				if s.Action.Verb == plan.RelayFrom {
					text += fmt.Sprintf(" %s %s", s.Action.Source.Hostname, s.Action.At)
				}
				got = append(got, text)
			}
			if !slices.Equal(got, c.want) || !slices.Equal(rest.LostKeys(), c.lost) {
				t.Errorf("lost %v, steps:\n%s\nwant:\n%s", rest.LostKeys(), strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// TestRiskWithBinlogServers: what the most advanced of them holds is not lost.
func TestRiskWithBinlogServers(t *testing.T) {
	p := lostPrimary()
	p.SelfCoordinates = topology.Coordinates{LogFile: "binlog.000007", LogPos: 190}
	fleet := topology.New([]*topology.Instance{p, quietRelay("b1", received(150, 150)), unlogged("r1", "b1", received(120, 110))}, topology.Names{})
	if got := RiskOf(fleet, p, at("r1"), Policy{}); got.Bytes != 40 || got.Known {
		t.Errorf("%+v, want 40 bytes", got)
	}
}
