package failover

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

const primaryUUID = "00000000-0000-0000-0000-000000000001"

var primaryKey = topology.Key{Hostname: "p", Port: 3306}

// replica is a healthy MySQL GTID replica of p that has received and applied transactions 1-100.
func replica(name string, change ...func(*topology.Instance)) *topology.Instance {
	seen := time.Unix(1_700_000_000, 0)
	id := uint32(name[0])<<8 | uint32(name[len(name)-1])
	i := &topology.Instance{
		Key: topology.Key{Hostname: name, Port: 3306}, ServerID: id,
		ServerUUID: fmt.Sprintf("00000000-0000-0000-0000-%012x", id), Version: "8.0.36", Flavor: topology.FlavorMySQL,
		Check:  topology.Check{Checked: seen, Seen: seen},
		LogBin: true, LogReplicaUpdates: true, BinlogFormat: "ROW", ReadOnly: true, SupportsOracleGTID: true,
		ExecutedSet: primaryUUID + ":1-100", ClusterName: "p:3306", Depth: 1,
		DataCenter: "dc1", Region: "r1",
		Channel: topology.Channel{
			Source: primaryKey, GTID: topology.OracleGTID, RetrievedSet: primaryUUID + ":50-100",
			IOThread: topology.ThreadStopped, SQLThread: topology.ThreadRunning,
			Read: topology.Coordinates{LogFile: "binlog.000007", LogPos: 100},
			Exec: topology.Coordinates{LogFile: "binlog.000007", LogPos: 100},
		},
	}
	for _, c := range change {
		c(i)
	}
	return i
}

// has sets received and applied up to the given numbers.
func has(received, applied int) func(*topology.Instance) {
	return func(i *topology.Instance) {
		i.Channel.RetrievedSet = fmt.Sprintf("%s:1-%d", primaryUUID, received)
		i.ExecutedSet = fmt.Sprintf("%s:1-%d", primaryUUID, applied)
		i.Channel.Read.LogPos, i.Channel.Exec.LogPos = int64(received), int64(applied)
	}
}

func rule(r topology.PromotionRule) func(*topology.Instance) {
	return func(i *topology.Instance) { i.PromotionRule = r }
}
func dc(name string) func(*topology.Instance) {
	return func(i *topology.Instance) { i.DataCenter, i.Region = name, name }
}
func version(v string) func(*topology.Instance) { return func(i *topology.Instance) { i.Version = v } }
func connecting(i *topology.Instance)           { i.Channel.IOThread = topology.ThreadOther }
func down(i *topology.Instance)                 { i.Check.Checked = i.Check.Seen.Add(time.Second) }
func filePosition(i *topology.Instance)         { i.Channel.GTID = topology.FilePosition }
func mariadb(received, applied string) func(*topology.Instance) {
	return func(i *topology.Instance) {
		i.Flavor, i.Version, i.ServerUUID, i.ExecutedSet = topology.FlavorMariaDB, "10.11.6-MariaDB", "", ""
		i.Channel.GTID, i.Channel.RetrievedSet, i.Channel.AppliedSet = topology.MariaDBGTID, received, applied
	}
}

func lostPrimary() *topology.Instance {
	p := replica("p")
	p.ServerUUID, p.Depth, p.ReadOnly, p.Channel = primaryUUID, 0, false, topology.Channel{IOThread: topology.NoThread, SQLThread: topology.NoThread}
	down(p)
	return p
}

func decide(p Policy, r Request, replicas ...*topology.Instance) plan.Plan {
	r.Failed = primaryKey
	p.ApplyPromotion = true
	return DeadPrimary(topology.New(append(replicas, lostPrimary()), topology.Names{}), r, p)
}

func TestWhoIsPromoted(t *testing.T) {
	prevent := Policy{PreventCrossDataCenter: true}
	for name, c := range map[string]struct {
		policy     Policy
		designated string
		replicas   []*topology.Instance
		want       string // "" for nobody
		reasons    map[string]string
	}{
		"the first by name when all else is equal": {
			replicas: []*topology.Instance{replica("b"), replica("a")}, want: "a", reasons: map[string]string{"b": "outranked"}},
		"the one that received more": {
			replicas: []*topology.Instance{replica("a", has(100, 100)), replica("b", has(120, 100))}, want: "b"},
		"received counts, not applied": {
			replicas: []*topology.Instance{replica("a", has(110, 110)), replica("b", has(120, 90))}, want: "b"},
		"file numbers are numbers": {
			replicas: []*topology.Instance{
				replica("a", filePosition, func(i *topology.Instance) { i.Channel.Read.LogFile = "binlog.999999" }),
				replica("b", filePosition, func(i *topology.Instance) { i.Channel.Read.LogFile = "binlog.1000000" })},
			want: "b"},
		"a wanted server before a more advanced one": {
			replicas: []*topology.Instance{replica("a", has(120, 120)), replica("b", rule(topology.PreferPromote))}, want: "b"},
		"by position a wanted server must have received the most": {
			replicas: []*topology.Instance{replica("a", filePosition, has(120, 120)), replica("b", filePosition, rule(topology.PreferPromote))}, want: "a"},
		"prefer_not only when nobody else is there": {
			replicas: []*topology.Instance{replica("a", rule(topology.PreferNotPromote)), replica("b", has(10, 10))}, want: "b"},
		"prefer_not when alone": {
			replicas: []*topology.Instance{replica("a", rule(topology.PreferNotPromote))}, want: "a"},
		"must_not never": {
			replicas: []*topology.Instance{replica("a", rule(topology.MustNotPromote))}, want: "", reasons: map[string]string{"a": "must-not"}},
		"ignored host never": {
			policy:   Policy{Ignored: func(k topology.Key) bool { return k.Hostname == "a" }},
			replicas: []*topology.Instance{replica("a"), replica("b")}, want: "b", reasons: map[string]string{"a": "ignored-hostname"}},
		"unreachable never": {
			replicas: []*topology.Instance{replica("a", down), replica("b", has(10, 10))}, want: "b", reasons: map[string]string{"a": "unreachable"}},
		"of wanted ones the one nearby": {
			replicas: []*topology.Instance{replica("a", rule(topology.PreferPromote), dc("dc2")), replica("b", rule(topology.PreferPromote))}, want: "b"},
		"a wanted one elsewhere before a neutral one nearby": {
			replicas: []*topology.Instance{replica("a", rule(topology.PreferPromote), dc("dc2")), replica("b")}, want: "a"},
		"not across data centers when that is forbidden": {
			policy:   prevent,
			replicas: []*topology.Instance{replica("a", dc("dc2"), rule(topology.PreferPromote)), replica("b")}, want: "b", reasons: map[string]string{"a": "data-center"}},
		"nobody when all are across": {
			policy: prevent, replicas: []*topology.Instance{replica("a", dc("dc2"))}, want: ""},
		"an unknown data center is not a different one": {
			policy: prevent, replicas: []*topology.Instance{replica("a", dc(""))}, want: "a"},
		"not across regions when that is forbidden": {
			policy:   Policy{PreventCrossRegion: true},
			replicas: []*topology.Instance{replica("a", dc("r2")), replica("b")}, want: "b", reasons: map[string]string{"a": "region"}},
		"too much lag": {
			policy: Policy{FailOnLag: time.Minute},
			replicas: []*topology.Instance{
				replica("a", func(i *topology.Instance) { i.Lag = topology.KnownSeconds(60) }),
				replica("b", func(i *topology.Instance) { i.Lag = topology.KnownSeconds(59) })},
			want: "b", reasons: map[string]string{"a": "lag"}},
		"unknown lag is not fine": {
			policy: Policy{FailOnLag: time.Minute}, replicas: []*topology.Instance{replica("a")}, want: "", reasons: map[string]string{"a": "lag"}},
		"unapplied is refused when that is asked for": {
			policy:   Policy{FailIfNotApplied: true},
			replicas: []*topology.Instance{replica("a", has(120, 110)), replica("b")}, want: "b", reasons: map[string]string{"a": "not-applied"}},
		"a broken applier with work left": {
			replicas: []*topology.Instance{replica("a", has(120, 110), func(i *topology.Instance) { i.Channel.LastSQLErrno = 1062 }), replica("b")},
			want:     "b", reasons: map[string]string{"a": "applier-broken"}},
		"not the newest version": {
			replicas: []*topology.Instance{replica("a", version("8.4.2")), replica("b"), replica("c")}, want: "b", reasons: map[string]string{"a": "version"}},
		"the newest version when alone": {
			replicas: []*topology.Instance{replica("a", version("8.4.2"))}, want: "a"},
		"a server that logs no updates comes last": {
			replicas: []*topology.Instance{replica("a", has(130, 130), func(i *topology.Instance) { i.LogReplicaUpdates = false }), replica("b")},
			want:     "b", reasons: map[string]string{"a": "no-log-replica-updates"}},
		"a server that logs no updates when alone": {
			replicas: []*topology.Instance{replica("a", func(i *topology.Instance) { i.LogReplicaUpdates = false })}, want: "a"},
		"a delayed replica comes after others": {
			replicas: []*topology.Instance{replica("a", func(i *topology.Instance) { i.Channel.SQLDelay = 3600 }), replica("b", has(90, 90))}, want: "b"},
		"errant transactions are no advantage": {
			replicas: []*topology.Instance{
				replica("b", func(i *topology.Instance) {
					i.ErrantSet = "00000000-0000-0000-0000-0000000000ff:1-5"
					i.ExecutedSet += "," + i.ErrantSet
				}), replica("c")},
			want: "c"},
		"a multi-source replica never": {
			replicas: []*topology.Instance{replica("a", func(i *topology.Instance) {
				i.Others = []topology.Channel{{Name: "other", Source: topology.Key{Hostname: "x", Port: 1}}}
			})}, want: "", reasons: map[string]string{"a": "multi-source"}},
		"what cannot be read is not fine": {
			replicas: []*topology.Instance{replica("a", func(i *topology.Instance) { i.ExecutedSet = "garbage" }), replica("b", has(5, 5))},
			want:     "b", reasons: map[string]string{"a": "unknown-history"}},
		"the designated one": {
			designated: "b", replicas: []*topology.Instance{replica("a", rule(topology.PreferPromote)), replica("b")}, want: "b"},
		"not even the designated one against a hard rule": {
			designated: "b", replicas: []*topology.Instance{replica("a"), replica("b", rule(topology.MustNotPromote))}, want: "a"},
		"a designated stranger is no choice": {
			designated: "zz", replicas: []*topology.Instance{replica("a")}, want: "a"},
		"MariaDB: received counts": {
			replicas: []*topology.Instance{replica("a", mariadb("0-1-110", "0-1-110")), replica("b", mariadb("0-1-120", "0-1-90"))}, want: "b"},
	} {
		t.Run(name, func(t *testing.T) {
			r := Request{}
			if c.designated != "" {
				r.Designated = topology.Key{Hostname: c.designated, Port: 3306}
			}
			p := decide(c.policy, r, c.replicas...)
			if p.Successor.Hostname != c.want {
				t.Fatalf("promoted %q, want %q\n%s", p.Successor.Hostname, c.want, &p)
			}
			if c.designated != "" && c.designated != c.want && len(p.Warnings) == 0 {
				t.Error("nothing is said about the designated server that was not promoted")
			}
			for _, v := range p.Rejected {
				if want := c.reasons[v.Server.Hostname]; want != "" && v.Rule != want {
					t.Errorf("%s was rejected by %s, want %s", v.Server, v.Rule, want)
				}
				if v.Reason == "" {
					t.Errorf("%s was rejected without a reason", v.Server)
				}
			}
			wantRejected := len(c.replicas)
			if c.want != "" {
				wantRejected--
			}
			if len(p.Rejected) != wantRejected {
				t.Errorf("%d servers have a reason, want %d: %v", len(p.Rejected), wantRejected, p.Rejected)
			}
		})
	}
}

// script prints the steps as `stage server verb`, the form the cases below are written in.
func script(p plan.Plan) string {
	var lines []string
	for _, s := range p.Steps {
		line := fmt.Sprintf("%d %s %s", s.Stage, s.Server.Hostname, s.Action.Verb)
		if s.Action.Verb == plan.ChangeSource {
			line += " " + s.Action.Source.Hostname
			if s.Action.Place != plan.KeepPlace {
				line += " " + string(s.Action.Place)
			}
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func TestPlanOfADeadPrimary(t *testing.T) {
	for name, c := range map[string]struct {
		policy   Policy
		request  Request
		replicas []*topology.Instance
		want     string
		lost     map[string]string
	}{
		"all quiet and equal": {
			replicas: []*topology.Instance{replica("a"), replica("b")},
			want:     "6 a set-writable\n8 a forget-source\n8 b change-source a",
		},
		"receivers are stopped first": {
			replicas: []*topology.Instance{replica("a", connecting), replica("b", connecting)},
			want: "1 a stop-receiving\n1 b stop-receiving\n2 a await-applied\n" +
				"6 a set-writable\n8 a forget-source\n8 b change-source a",
		},
		"receivers that were told to end count as stopped": {
			request:  Request{Quiet: map[topology.Key]bool{{Hostname: "a", Port: 3306}: true, {Hostname: "b", Port: 3306}: true}},
			replicas: []*topology.Instance{replica("a", connecting), replica("b", connecting)},
			want:     "6 a set-writable\n8 a forget-source\n8 b change-source a",
		},
		"what was received is applied before writes come back": {
			replicas: []*topology.Instance{replica("a", has(120, 100)), replica("b")},
			want:     "2 a await-applied\n6 a set-writable\n8 a forget-source\n8 b change-source a",
		},
		"a wanted server fetches what only its sibling has": {
			replicas: []*topology.Instance{replica("a", has(120, 110)), replica("b", rule(topology.PreferPromote))},
			want: "2 a await-applied\n3 b change-source a\n4 b await-executed\n5 b stop-replica\n" +
				"6 b set-writable\n8 b forget-source\n8 a change-source b",
		},
		"what a must_not server has is fetched from it": {
			replicas: []*topology.Instance{replica("a", has(120, 120), rule(topology.MustNotPromote)), replica("b")},
			want: "3 b change-source a\n4 b await-executed\n5 b stop-replica\n" +
				"6 b set-writable\n8 b forget-source\n8 a change-source b",
		},
		"what a delayed replica has applied is fetched from it, and what it holds back is not waited for": {
			policy:   Policy{Replication: topology.ReplicationRules{MaintenanceLag: time.Second}},
			replicas: []*topology.Instance{replica("a", has(130, 120), func(i *topology.Instance) { i.Channel.SQLDelay = 3600 }), replica("b")},
			want: "3 b change-source a\n4 b await-executed\n5 b stop-replica\n" +
				"6 b set-writable\n8 b forget-source",
			lost: map[string]string{"a": "ahead"},
		},
		"what a replica delays for a few seconds is waited for": {
			policy:   Policy{ApplyPatience: 10 * time.Second},
			replicas: []*topology.Instance{replica("a", has(130, 120), func(i *topology.Instance) { i.Channel.SQLDelay = 5 }), replica("b")},
			want: "2 a await-applied\n3 b change-source a\n4 b await-executed\n5 b stop-replica\n" +
				"6 b set-writable\n8 b forget-source\n8 a change-source b",
		},
		"what it delays for longer is not": {
			policy:   Policy{ApplyPatience: 10 * time.Second},
			replicas: []*topology.Instance{replica("a", has(130, 100), func(i *topology.Instance) { i.Channel.SQLDelay = 6 }), replica("b")},
			want:     "6 b set-writable\n8 b forget-source",
			lost:     map[string]string{"a": "ahead"},
		},
		"what a replica had applied before its applier failed is fetched from it": {
			replicas: []*topology.Instance{replica("a", has(130, 120), func(i *topology.Instance) { i.Channel.LastSQLErrno = 1062 }), replica("b")},
			want: "3 b change-source a\n4 b await-executed\n5 b stop-replica\n" +
				"6 b set-writable\n8 b forget-source",
			lost: map[string]string{"a": "ahead"},
		},
		"MariaDB: what a delayed replica has applied is fetched from it": {
			replicas: []*topology.Instance{replica("a", mariadb("0-1-130", "0-1-120"), func(i *topology.Instance) { i.Channel.SQLDelay = 5 }), replica("b", mariadb("0-1-100", "0-1-100"))},
			want: "3 b change-source a\n4 b await-executed\n5 b stop-replica\n" +
				"6 b set-writable\n8 b forget-source",
			lost: map[string]string{"a": "ahead"},
		},
		"an unreachable replica is lost": {
			policy:   Policy{DetachLost: true},
			replicas: []*topology.Instance{replica("a"), replica("b", down)},
			want:     "6 a set-writable\n8 a forget-source",
			lost:     map[string]string{"b": "unreachable"},
		},
		"a replica ahead that gives nothing is lost and detached": {
			policy: Policy{DetachLost: true},
			replicas: []*topology.Instance{replica("a"), replica("b", has(120, 120), rule(topology.MustNotPromote), func(i *topology.Instance) {
				i.LogReplicaUpdates = false
			})},
			want: "6 a set-writable\n8 a forget-source\n9 b detach-source",
			lost: map[string]string{"b": "ahead"},
		},
		"lost but not to be detached": { // the twin cannot replicate from a server with its own id
			replicas: []*topology.Instance{replica("a"), replica("b", func(i *topology.Instance) { i.ServerID = replica("a").ServerID }), replica("c")},
			want:     "6 a set-writable\n8 a forget-source\n8 c change-source a",
			lost:     map[string]string{"b": "same-server-id"},
		},
		"by position those that are equal follow": {
			replicas: []*topology.Instance{replica("a", filePosition), replica("b", filePosition), replica("c", filePosition, has(80, 80))},
			want:     "6 a set-writable\n7 a note-received\n8 a forget-source\n8 b change-source a successor\n8 c change-source a content",
		},
		"by position one that is behind, and is detached if its place cannot be proven": {
			policy:   Policy{DetachLost: true},
			replicas: []*topology.Instance{replica("a", filePosition), replica("c", filePosition, has(80, 80))},
			want:     "6 a set-writable\n7 a note-received\n8 a forget-source\n8 c change-source a content\n9 c detach-source",
		},
		"by position one that is behind a server with filters": {
			replicas: []*topology.Instance{replica("a", filePosition, func(i *topology.Instance) { i.Channel.HasFilters = true }), replica("c", filePosition, has(80, 80))},
			want:     "6 a set-writable\n8 a forget-source",
			lost:     map[string]string{"c": "behind"},
		},
		"by position one that is behind and uses GTID": {
			replicas: []*topology.Instance{replica("a", filePosition), replica("c", has(80, 80))},
			want:     "6 a set-writable\n8 a forget-source",
			lost:     map[string]string{"c": "behind"},
		},
		"semi-sync is on before the successor opens": {
			replicas: []*topology.Instance{replica("a", func(i *topology.Instance) { i.SemiSyncPriority, i.SemiSync.Available = 1, true })},
			want:     "5 a semi-sync-source\n6 a set-writable\n8 a forget-source",
		},
		"an applier that waits for acknowledgements of nobody": {
			replicas: []*topology.Instance{replica("a", has(120, 100), func(i *topology.Instance) {
				i.SemiSync = topology.SemiSync{Available: true, SourceEnabled: true, SourceStatus: true, SourceWaitCount: 1}
			})},
			want: "1 a semi-sync-source\n2 a await-applied\n6 a set-writable\n8 a forget-source",
		},
		"clients that wait on an open replica are not told that it has what they wrote": {
			replicas: []*topology.Instance{replica("a", func(i *topology.Instance) {
				i.ReadOnly, i.SemiSync = false, topology.SemiSync{Available: true, SourceEnabled: true, SourceStatus: true, SourceWaitCount: 1}
			})},
			want: "6 a set-writable\n8 a forget-source",
		},
		"what was switched off for the applier is on before the successor opens": {
			request:  Request{Unlocked: map[topology.Key]bool{{Hostname: "a", Port: 3306}: true}},
			replicas: []*topology.Instance{replica("a", func(i *topology.Instance) { i.SemiSync.Available = true })},
			want:     "5 a semi-sync-source\n6 a set-writable\n8 a forget-source",
		},
		"nobody to promote": {
			replicas: []*topology.Instance{replica("a", connecting, rule(topology.MustNotPromote))},
			want:     "1 a stop-receiving",
		},
		"no replicas at all": {want: ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := decide(c.policy, c.request, c.replicas...)
			if got := script(p); got != c.want {
				t.Errorf("steps:\n%s\nwant:\n%s", got, c.want)
			}
			lost := map[string]string{}
			for _, v := range p.Lost {
				lost[v.Server.Hostname] = v.Rule
			}
			if len(lost) != len(c.lost) {
				t.Errorf("lost: %v, want %v", lost, c.lost)
			}
			for k, r := range c.lost {
				if lost[k] != r {
					t.Errorf("%s is lost by %q, want %q", k, lost[k], r)
				}
			}
			noReturn := slices.IndexFunc(p.Steps, func(s plan.Step) bool { return s.NoReturn })
			for i, s := range p.Steps {
				if s.Why == "" || s.Until == "" {
					t.Errorf("step %d does not say why and until when", s.N)
				}
				if i < noReturn && s.Undo == nil && s.Action.Verb != plan.AwaitApplied && s.Action.Verb != plan.AwaitExecuted && s.Action.Verb != plan.StopReplica {
					t.Errorf("step %d comes before the point of no return and cannot be undone", s.N)
				}
			}
		})
	}
}

func TestPromotionLeftToHooks(t *testing.T) {
	p := DeadPrimary(topology.New([]*topology.Instance{lostPrimary(), replica("a"), replica("b")}, topology.Names{}),
		Request{Failed: primaryKey}, Policy{DetachPromoted: true})
	if got, want := script(p), "8 a detach-source\n8 b change-source a"; got != want {
		t.Errorf("steps:\n%s\nwant:\n%s", got, want)
	}
	if len(p.Warnings) == 0 {
		t.Error("nobody is told that the successor stays read-only")
	}
}

func TestOrderIsTotal(t *testing.T) {
	// Every pair of different candidates has exactly one winner, and the winner does not depend on the order in
	// which they are given.
	var all []*topology.Instance
	for i, c := range [][]func(*topology.Instance){
		{}, {has(120, 120)}, {has(120, 90)}, {rule(topology.PreferPromote)}, {rule(topology.PreferPromote), dc("dc2")},
		{rule(topology.MustPromote)}, {rule(topology.PreferNotPromote)}, {dc("dc2")}, {connecting},
	} {
		all = append(all, replica(string(rune('a'+i)), c...))
	}
	c := newChooser(lostPrimary(), all, &Policy{})
	for _, a := range c.candidates {
		for _, b := range c.candidates {
			ab, ba := c.compare(a, b), c.compare(b, a)
			if a == b && ab != 0 || a != b && (ab == 0 || (ab < 0) == (ba < 0)) {
				t.Errorf("compare(%s, %s) = %d, the other way %d", a.Key, b.Key, ab, ba)
			}
			for _, k := range c.candidates {
				if ab < 0 && c.compare(b, k) < 0 && c.compare(a, k) >= 0 {
					t.Errorf("%s is better than %s, that is better than %s, but the first is not better than the last", a.Key, b.Key, k.Key)
				}
			}
		}
	}
}
