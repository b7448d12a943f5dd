package failover

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

var noon = time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)

// living is a primary that works.
func living(change ...func(*topology.Instance)) *topology.Instance {
	p := lostPrimary()
	p.Check.Checked = p.Check.Seen
	for _, c := range change {
		c(p)
	}
	return p
}

// running is a replica that replicates and does not lag.
func running(name string, change ...func(*topology.Instance)) *topology.Instance {
	return replica(name, append([]func(*topology.Instance){func(i *topology.Instance) {
		i.Channel.IOThread = topology.ThreadRunning
		i.Lag, i.CredentialsAvailable = topology.KnownSeconds(0), true
	}}, change...)...)
}

func acking(i *topology.Instance) {
	i.SemiSyncPriority = 1
	i.SemiSync.Available, i.SemiSync.ReplicaEnabled, i.SemiSync.ReplicaStatus = true, true, true
}

func askingAcks(wait, clients uint) func(*topology.Instance) {
	return func(i *topology.Instance) {
		i.SemiSyncPriority = 1
		i.SemiSync = topology.SemiSync{Available: true, SourceEnabled: true, SourceStatus: true, SourceWaitCount: wait, SourceClients: clients, SourceTimeoutMillis: 10_000}
	}
}

func downtimed(i *topology.Instance) {
	i.Downtime = &topology.Downtime{Owner: "ops", Reason: "repair", Begin: noon.Add(-time.Hour), End: noon.Add(time.Hour)}
}

func below(source string) func(*topology.Instance) {
	return func(i *topology.Instance) { i.Channel.Source = key(source) }
}

func inRing(source string, readOnly bool) func(*topology.Instance) {
	return func(i *topology.Instance) {
		i.IsCoPrimary, i.ReadOnly, i.Depth = true, readOnly, 0
		i.Channel.Source = key(source)
	}
}

func key(host string) topology.Key { return topology.Key{Hostname: host, Port: 3306} }

// situation is a cluster and what is asked of it.
type situation struct {
	servers []*topology.Instance
	request TakeoverRequest
	policy  Policy
	cascade bool
}

func (s situation) plan() (plan.Plan, *topology.Refusal) {
	s.policy.SuperReadOnly, s.policy.ApplyPatience, s.policy.ApplyPromotion = true, 10*time.Second, true
	s.request.Now, s.request.Operation = noon, "graceful-master-takeover"
	s.request.Settings.MaintenanceLag = 20 * time.Second
	t := topology.New(s.servers, topology.Names{})
	if s.cascade {
		return CascadeTakeover(t, s.request, s.policy)
	}
	return Takeover(t, s.request, s.policy)
}

func servers(is ...*topology.Instance) []*topology.Instance { return is }

var auto = TakeoverRequest{Auto: true}

func pairAnd(replicas ...*topology.Instance) []*topology.Instance {
	return append(replicas,
		running("a", inRing("b", false)),
		running("b", inRing("a", true)))
}

func ofRing(name, source string, change ...func(*topology.Instance)) *topology.Instance {
	return running(name, append(change, below(source))...)
}

var takeovers = map[string]situation{
	"one replica":       {servers: servers(living(), running("a"))},
	"one replica, auto": {servers: servers(living(), running("a")), request: auto},
	"designated among several by GTID": {
		servers: servers(living(), running("a"), running("b"), running("c")), request: TakeoverRequest{Designated: key("b")}},
	"auto takes the preferred one": {
		servers: servers(living(), running("a"), running("b", rule(topology.PreferPromote)), running("c", has(105, 103))), request: auto},
	"auto passes over one with errant transactions": {
		servers: servers(living(), running("a", errant), running("b")), request: auto},
	"auto keeps to the data center": {
		servers: servers(living(), running("a", dc("dc2"), rule(topology.PreferPromote)), running("b")), request: auto, policy: Policy{PreventCrossDataCenter: true}},
	"MariaDB": {
		servers: servers(living(mariadb("", "")), running("a", mariadb("0-1-110", "0-1-110")), running("b", mariadb("0-1-110", "0-1-109"))), request: auto},
	"file and position": {
		servers: servers(living(), running("a", filePosition), running("b", filePosition, has(110, 110))), request: auto},
	"some by GTID and some by position": {
		servers: servers(living(), running("a"), running("b", filePosition), running("c")), request: auto},
	"semi-sync goes along": {
		servers: servers(living(askingAcks(1, 2)), running("a", acking), running("b", acking)), request: auto},
	"semi-sync that nobody manages": {
		servers: servers(living(askingAcks(1, 1), func(i *topology.Instance) { i.SemiSyncPriority = 0 }), running("a")), request: auto},
	"the primary keeps the semi-sync replicas that it needs": {
		servers: servers(living(askingAcks(2, 3)), running("a", acking), running("b", acking), running("c", acking)), request: auto},
	"a downtimed replica is left behind": {
		servers: servers(living(), running("a"), running("b", down, downtimed)), request: auto},
	"a stopped replica stays below the former primary": {
		servers: servers(living(), running("a"), replica("b")), request: TakeoverRequest{Designated: key("a")}},
	"a target that takes writes is closed first": {
		servers: servers(living(), running("a", func(i *topology.Instance) { i.ReadOnly = false })), request: auto},
	"an upgrade: the former primary cannot follow": {
		servers: servers(living(), running("a", version("8.4.2"))), request: auto},
	"credentials that nobody can read": {
		servers: servers(living(), running("a", func(i *topology.Instance) { i.CredentialsAvailable = false })), request: auto},
	"long statements are ended": {
		servers: servers(living(), running("a")),
		request: TakeoverRequest{Auto: true, Settings: TakeoverSettings{LongStatements: LongStatements{Kill: true, After: 5 * time.Second, Wait: 3 * time.Second}}}},
	"long statements are nobody's business": {
		servers: servers(living(), running("a")),
		request: TakeoverRequest{Auto: true, Settings: TakeoverSettings{LongStatements: LongStatements{Ignore: true}}}},
	"errant transactions that are allowed": {
		servers: servers(living(), running("a", errant)),
		request: TakeoverRequest{Auto: true, Settings: TakeoverSettings{AllowErrant: true}}},
	"by force, a primary that answers": {
		servers: servers(living(), running("a"), running("b")), request: TakeoverRequest{Force: true, Designated: key("b")}},
	"by force, a primary that is gone": {
		servers: servers(lostPrimary(), replica("a", connecting), replica("b", connecting)), request: TakeoverRequest{Force: true}},
	"cascade": {cascade: true, servers: pairAnd(ofRing("c", "a"), ofRing("d", "a"), ofRing("e", "b"))},
	"cascade with all replicas below the other already": {cascade: true, servers: pairAnd(ofRing("c", "b"))},
}

func errant(i *topology.Instance) {
	i.ErrantSet = "00000000-0000-0000-0000-0000000000ff:1-5"
	i.ExecutedSet += "," + i.ErrantSet
}

func TestTakeovers(t *testing.T) {
	for name, c := range takeovers {
		t.Run(name, func(t *testing.T) {
			p, refusal := c.plan()
			if refusal != nil {
				t.Fatalf("refused: %s: %v", refusal.Rule, refusal)
			}
			golden(t, goldenFile("takeover", name), p.String())
			sound(t, &p)
		})
	}
}

// sound checks what holds of every plan of a takeover.
func sound(t *testing.T, p *plan.Plan) {
	t.Helper()
	if p.NoReturn() == nil || p.NoReturn().Server != p.Successor || p.NoReturn().Action.Verb != plan.SetWritable {
		t.Fatal("the point of no return is not the opening of the successor")
	}
	waits := []plan.Verb{plan.AwaitApplied, plan.AwaitExecuted, plan.AwaitSource, plan.AwaitWriters, plan.ReadCredentials}
	for _, s := range p.Steps {
		if s.Why == "" || s.Until == "" {
			t.Errorf("step %d does not say why and until when", s.N)
		}
		if s.Stage < p.NoReturn().Stage && s.Undo == nil && !slices.Contains(waits, s.Action.Verb) {
			t.Errorf("step %d (%s on %s) comes before the point of no return and cannot be undone", s.N, s.Action, s.Server)
		}
		if s.Stage > p.NoReturn().Stage && !s.MayFail {
			t.Errorf("step %d (%s on %s) could end the plan when nothing can be taken back", s.N, s.Action, s.Server)
		}
	}
}

func TestTakeoverIsRefused(t *testing.T) {
	designated := func(host string) TakeoverRequest { return TakeoverRequest{Designated: key(host)} }
	fleetWith := func(change func(*topology.Instance)) []*topology.Instance {
		return servers(living(), running("a", change))
	}
	for name, c := range map[string]struct {
		situation
		rule string
		says []string
	}{
		"no replicas": {situation{servers: servers(living())}, "no-replicas", nil},
		"several replicas, none designated": {
			situation{servers: servers(living(), running("a"), running("b"))}, "designate", []string{"2 replicas", "a:3306,b:3306"}},
		"designated is below another replica": {
			situation{servers: servers(living(), running("a"), running("b", below("a"))), request: designated("b")}, "not-a-direct-replica", []string{"b:3306", "a:3306"}},
		"a server that nobody knows":  {situation{servers: servers(living(), running("a")), request: TakeoverRequest{Primary: key("x")}}, "unknown-server", nil},
		"a cluster that nobody knows": {situation{servers: servers(living(), running("a")), request: TakeoverRequest{Cluster: "x"}}, "unknown-cluster", nil},
		"which of two clusters":       {situation{servers: servers(living(), running("a"), running("b", func(i *topology.Instance) { i.ClusterName = "other" }))}, "which-cluster", nil},
		"a primary that is a replica": {situation{servers: servers(living(), running("a")), request: TakeoverRequest{Primary: key("a")}}, "not-primary", []string{"p:3306"}},
		"co-primaries":                {situation{servers: pairAnd()}, "several-primaries", []string{"a:3306,b:3306"}},
		"no top at all":               {situation{servers: servers(running("a"))}, "no-primary", nil},
		"the primary does not answer": {situation{servers: servers(lostPrimary(), running("a"))}, "primary-unreachable", nil},
		"the primary is in a group": {situation{servers: servers(living(func(i *topology.Instance) {
			i.Group = topology.Group{Name: "g", MemberState: "ONLINE", MemberRole: "PRIMARY"}
		}), running("a"))}, "group", nil},
		"the primary is worked on":         {situation{servers: servers(living(worked), running("a"))}, "maintenance", []string{"dba"}},
		"the target is worked on":          {situation{servers: fleetWith(worked)}, "maintenance", []string{"dba"}},
		"writes wait for semi-sync":        {situation{servers: servers(living(askingAcks(2, 1)), running("a", acking))}, "semi-sync-stalled", []string{"2 acknowledgements", "1 semi-sync"}},
		"the target must not":              {situation{servers: fleetWith(rule(topology.MustNotPromote))}, "must-not", nil},
		"the target is ignored":            {situation{servers: fleetWith(nothing), policy: Policy{Ignored: func(topology.Key) bool { return true }}}, "ignored-hostname", nil},
		"the target does not answer":       {situation{servers: fleetWith(down)}, "unreachable", nil},
		"the target lags":                  {situation{servers: fleetWith(func(i *topology.Instance) { i.Lag = topology.KnownSeconds(21) })}, "lag", []string{"21", "20", "ReasonableMaintenance"}},
		"the target's lag is unknown":      {situation{servers: fleetWith(func(i *topology.Instance) { i.Lag = topology.Seconds{} })}, "lag", []string{"unknown"}},
		"the target is delayed":            {situation{servers: fleetWith(func(i *topology.Instance) { i.Channel.SQLDelay = 60 })}, "delayed", []string{"60"}},
		"the target's receiver is stopped": {situation{servers: fleetWith(func(i *topology.Instance) { i.Channel.IOThread = topology.ThreadStopped })}, "not-replicating", []string{"receiver: stopped", "applier: running"}},
		"the target's applier broke": {situation{servers: fleetWith(func(i *topology.Instance) {
			i.Channel.SQLThread, i.Channel.LastSQLErrno, i.Channel.LastSQLError = topology.ThreadStopped, 1062, "duplicate"
		})}, "not-replicating", []string{"1062", "duplicate"}},
		"the target has much to apply": {situation{servers: fleetWith(has(30_000, 100))}, "unapplied", []string{"29900", "10000"}},
		"the target logs nothing":      {situation{servers: fleetWith(func(i *topology.Instance) { i.LogBin = false })}, "no-binary-log", nil},
		"errant transactions":          {situation{servers: fleetWith(errant)}, "errant", []string{"0000000000ff:1-5"}},
		"errant transactions, purged":  {situation{servers: fleetWith(func(i *topology.Instance) { errant(i); i.PurgedSet = i.ErrantSet }), request: TakeoverRequest{Settings: TakeoverSettings{AllowErrant: true}}}, "errant-purged", nil},
		"the primary purged too much":  {situation{servers: servers(living(func(i *topology.Instance) { i.PurgedSet = primaryUUID + ":1-101" }), running("a"))}, "missing-purged", []string{":101"}},
		"a sibling is gone":            {situation{servers: servers(living(), running("a"), running("b", down)), request: designated("a")}, "cannot-follow", []string{"b:3306"}},
		"a sibling of a lower version": {situation{servers: servers(living(), running("a", version("8.4.1")), running("b")), request: designated("a")}, "cannot-follow", []string{"8.0.36", "8.4.1"}},
		"across data centers, designated": {
			situation{servers: servers(living(), running("a", dc("dc2")), running("b")), request: designated("a"), policy: Policy{PreventCrossDataCenter: true}}, "data-center", []string{"dc2", "dc1"}},
		"auto finds nobody": {
			situation{servers: servers(living(), running("a", dc("dc2")), running("b", rule(topology.MustNotPromote))), request: auto, policy: Policy{PreventCrossDataCenter: true}}, "nobody", []string{"a:3306", "b:3306", "must_not"}},
		"by force, a stranger":         {situation{servers: servers(living(), running("a")), request: TakeoverRequest{Force: true, Designated: key("x")}}, "not-a-direct-replica", nil},
		"by force, nobody":             {situation{servers: servers(living(), running("a", rule(topology.MustNotPromote))), request: TakeoverRequest{Force: true}}, "nobody", []string{"must_not"}},
		"by force, co-primaries":       {situation{servers: pairAnd(), request: TakeoverRequest{Force: true}}, "several-primaries", nil},
		"cascade, both writable":       {situation{cascade: true, servers: servers(running("a", inRing("b", false)), running("b", inRing("a", false)), ofRing("c", "a"))}, "writable-primaries", []string{"a:3306,b:3306"}},
		"cascade, nobody is read-only": {situation{cascade: true, servers: servers(living(), running("a"))}, "read-only-co-primaries", nil},
		"cascade, nothing below":       {situation{cascade: true, servers: pairAnd()}, "no-replicas", nil},
		"cascade, the ring is broken": {situation{cascade: true, servers: servers(ofRing("c", "a"), running("b", inRing("a", true)),
			running("a", inRing("b", false), func(i *topology.Instance) { i.Channel.IOThread = topology.ThreadStopped }))}, "not-replicating", []string{"a:3306", "stopped"}},
	} {
		t.Run(name, func(t *testing.T) {
			p, refusal := c.plan()
			if refusal == nil {
				t.Fatalf("not refused:\n%s", &p)
			}
			if refusal.Rule != c.rule {
				t.Errorf("refused by %s, want %s: %v", refusal.Rule, c.rule, refusal)
			}
			for _, part := range c.says {
				if !strings.Contains(refusal.Error(), part) {
					t.Errorf("%q does not say %q", refusal.Error(), part)
				}
			}
			if !c.request.Force && len(p.Steps) > 0 {
				t.Error("a refused plan has steps")
			}
		})
	}
}

func worked(i *topology.Instance) {
	i.Maintenance = &topology.Maintenance{Owner: "dba", Reason: "disk"}
}

func nothing(*topology.Instance) {}

func TestOnesOwnMaintenanceIsNoObstacle(t *testing.T) {
	s := situation{servers: servers(living(worked), running("a", worked)), request: TakeoverRequest{Settings: TakeoverSettings{Owner: "dba"}}}
	if _, refusal := s.plan(); refusal != nil {
		t.Error(refusal)
	}
}

func TestSamePictureSameTakeover(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for name, c := range takeovers {
		t.Run(name, func(t *testing.T) {
			first, _ := c.plan()
			for range 5 {
				shuffled := slices.Clone(c.servers)
				r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
				c.servers = shuffled
				again, _ := c.plan()
				if diff := cmp.Diff(first, again); diff != "" {
					t.Fatalf("another plan of the same picture:\n%s", diff)
				}
			}
			text, err := json.Marshal(first)
			if err != nil {
				t.Fatal(err)
			}
			var back plan.Plan
			if err := json.Unmarshal(text, &back); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(first, back); diff != "" {
				t.Errorf("lost on the way through JSON:\n%s", diff)
			}
		})
	}
}
