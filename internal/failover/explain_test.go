package failover

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"orchestrator/internal/analysis"
	"orchestrator/internal/topology"
)

// question is what Explain is asked.
type question struct {
	servers  []*topology.Instance
	names    topology.Names
	failed   string
	code     analysis.Code
	policies func(*Policies)
	state    func(*State)
}

func (q question) ask() Explanation {
	always := func(string, string) bool { return true }
	p := Policies{
		Promotion: Policy{ApplyPromotion: true, ApplyPatience: 10 * time.Second},
		Analysis: analysis.Policy{
			InstancePoll: 5 * time.Second, ReasonableCheck: time.Second, ReasonableLag: 10 * time.Second,
			RecoversPrimary: always, RecoversIntermediate: always,
		},
	}
	s := State{Now: noon, Leader: true, Complete: true}
	if q.policies != nil {
		q.policies(&p)
	}
	if q.state != nil {
		q.state(&s)
	}
	var failed topology.Key
	if q.failed != "" {
		failed = key(q.failed)
	}
	return Explain(topology.New(q.servers, q.names), failed, q.code, p, s)
}

func wrote(upTo int) func(*topology.Instance) {
	return func(i *topology.Instance) { i.ExecutedSet = fmt.Sprintf("%s:1-%d", primaryUUID, upTo) }
}

func pair() []*topology.Instance { return servers(living(), running("a"), running("b")) }

var questions = map[string]struct {
	question
	holds []string // the rules
	would string   // who would be promoted, whether or not something holds it back
}{
	"a healthy cluster":           {question{servers: pair()}, nil, "a"},
	"with an alias":               {question{servers: pair(), names: topology.Names{Aliases: map[string]string{"p:3306": "shop"}}}, nil, "a"},
	"a primary that is dead":      {question{servers: servers(lostPrimary(), replica("a", connecting), replica("b", connecting))}, nil, "a"},
	"this node does not lead":     {question{servers: pair(), state: func(s *State) { s.Leader = false }}, []string{"not-leader"}, "a"},
	"another node leads":          {question{servers: pair(), state: func(s *State) { s.Leader, s.Elsewhere = false, "node2" }}, nil, "a"},
	"nobody leads":                {question{servers: pair(), state: func(s *State) { s.Leader, s.Leaderless = false, true }}, []string{"no-leader"}, "a"},
	"the picture is not complete": {question{servers: pair(), state: func(s *State) { s.Complete = false }}, []string{"incomplete"}, "a"},
	"switched off globally":       {question{servers: pair(), state: func(s *State) { s.GlobalDisabled = true }}, []string{"disabled"}, "a"},
	"switched off globally for a time": {question{servers: pair(), state: func(s *State) {
		s.SwitchedOff = &SwitchedOff{Owner: "ann", Reason: "moving house", Until: noon.Add(time.Hour)}
	}}, []string{"disabled"}, "a"},
	"switched off for the cluster": {question{servers: pair(), state: func(s *State) {
		s.SwitchedOff = &SwitchedOff{Cluster: "p:3306", Owner: "ann", Reason: "moving house", Until: noon.Add(time.Hour)}
	}}, []string{"cluster-disabled"}, "a"},
	"outside the group that it is set up for": {question{servers: pair(), state: func(s *State) {
		s.OutsideGroup = &OutsideGroup{Server: topology.Key{Hostname: "p", Port: 3306}, Group: "g", Member: topology.Key{Hostname: "m", Port: 3306}}
	}}, []string{"outside-group"}, "a"},
	"outside its group, where only replicas are moved": {question{servers: pair(), code: analysis.DeadIntermediate, state: func(s *State) {
		s.OutsideGroup = &OutsideGroup{Server: topology.Key{Hostname: "p", Port: 3306}, Group: "g", Member: topology.Key{Hostname: "m", Port: 3306}}
	}}, []string{"no-successor"}, ""},
	"recovered a short time ago": {question{servers: pair(), state: func(s *State) {
		s.Blocking = &Blocking{ID: 7, UID: "r7", Promotion: true, Until: noon.Add(40 * time.Minute)}
	}}, []string{"blocked"}, "a"},
	"the block is over": {question{servers: pair(), state: func(s *State) {
		s.Blocking = &Blocking{ID: 7, Until: noon.Add(-time.Minute)}
	}}, nil, "a"},
	"blocked by a recovery that promoted nobody": {question{servers: pair(), state: func(s *State) {
		s.Blocking = &Blocking{ID: 7, Until: noon.Add(40 * time.Minute)}
	}}, nil, "a"},
	"a recovery is running": {question{servers: pair(), state: func(s *State) { s.Blocking = &Blocking{ID: 7, Running: true} }}, []string{"running"}, "a"},
	"no filter matches": {question{servers: pair(), policies: func(p *Policies) {
		p.Analysis.RecoversPrimary = func(string, string) bool { return false }
	}}, []string{"filter"}, "a"},
	"a full disk that is reported only": {question{servers: pair(), code: analysis.PrimaryDiskFull, policies: func(p *Policies) {
		p.Analysis.CannotWriteAfter = 30 * time.Second
	}}, []string{"report-only"}, "a"},
	"a full disk that the primary is replaced for": {question{servers: pair(), code: analysis.PrimaryDiskFull, policies: func(p *Policies) {
		p.Analysis.CannotWriteAfter, p.Analysis.FailoverOnCannotWrite = 30*time.Second, []analysis.Code{analysis.PrimaryDiskFull}
	}}, nil, "a"},
	"a primary that cannot write, if it died": {question{servers: servers(living(func(i *topology.Instance) {
		i.Troubles = topology.WriteTroubles{{WriteSign: topology.WriteSign{Obstacle: topology.DiskFull, Says: "seen"}, Since: noon.Add(-time.Minute), Until: noon.Add(time.Minute)}}
	}), running("a"), running("b")), policies: func(p *Policies) { p.Analysis.CannotWriteAfter = 30 * time.Second }}, nil, "a"},
	"the primary is downtimed":         {question{servers: servers(living(downtimed), running("a"))}, []string{"downtime"}, "a"},
	"the primary is under maintenance": {question{servers: servers(living(worked), running("a"))}, []string{"maintenance"}, "a"},
	"the host is ignored": {question{servers: pair(), policies: func(p *Policies) {
		p.Analysis.IgnoreHostname = func(h string) bool { return h == "p" }
	}}, []string{"ignored-hostname"}, "a"},
	"in its grace period": {question{servers: pair(), state: func(s *State) { s.GraceUntil = noon.Add(3 * time.Second) }}, []string{"grace"}, "a"},
	"nobody to promote": {question{servers: servers(living(), running("a", rule(topology.MustNotPromote)), running("b", dc("dc2"))), policies: func(p *Policies) {
		p.Promotion.PreventCrossDataCenter = true
	}}, []string{"no-successor"}, ""},
	"no replicas":        {question{servers: servers(living())}, []string{"no-recovery"}, ""},
	"no replica answers": {question{servers: servers(living(), running("a", down), running("b", down))}, []string{"detect-only"}, ""},
	"a replica of which only the applier is stopped": {question{
		servers: servers(lostPrimary(), replica("a", connecting), running("b", func(i *topology.Instance) { i.Channel.SQLThread = topology.ThreadStopped })),
	}, []string{"still-receiving"}, "a"},
	"replicas that still replicate": {question{servers: servers(lostPrimary(), running("a"), running("b"))}, []string{"detect-only"}, ""},
	"transactions at risk":          {question{servers: servers(living(wrote(120)), running("a", has(110, 105)), running("b", has(115, 115), rule(topology.MustNotPromote)))}, nil, "a"},
	"more transactions at risk than may be lost": {question{servers: servers(living(wrote(120)), running("a", has(110, 105))), policies: func(p *Policies) {
		p.Promotion.Loss.Transactions = Limit{N: 9, Set: true}
	}}, []string{"loss-limit"}, "a"},
	"as many transactions at risk as may be lost": {question{servers: servers(living(wrote(120)), running("a", has(110, 105))), policies: func(p *Policies) {
		p.Promotion.Loss.Transactions = Limit{N: 10, Set: true}
	}}, nil, "a"},
	"what is at risk is not known, and limited": {question{servers: servers(living(func(i *topology.Instance) {
		i.SelfCoordinates = topology.Coordinates{LogFile: "binlog.000009", LogPos: 1500}
	}), running("a", filePosition)), policies: func(p *Policies) { p.Promotion.Loss.Transactions = Limit{Set: true} }}, []string{"loss-limit"}, "a"},
	"a successor that was stopped for days": {question{servers: servers(living(wrote(120)), running("a", has(110, 110), func(i *topology.Instance) {
		i.Lag = topology.KnownSeconds(200_000)
	})), policies: func(p *Policies) { p.Promotion.Loss.Seconds = Limit{N: 60, Set: true} }}, []string{"loss-limit"}, "a"},
	"a lagging successor that has received everything": {question{servers: servers(living(wrote(120)), running("a", has(120, 100), func(i *topology.Instance) {
		i.Lag = topology.KnownSeconds(300)
	})), policies: func(p *Policies) { p.Promotion.Loss.Seconds = Limit{N: 60, Set: true} }}, nil, "a"},
	"what another replica has cannot be fetched": {question{servers: servers(living(wrote(120)),
		running("a"), running("b", has(115, 115), rule(topology.MustNotPromote), func(i *topology.Instance) { i.LogReplicaUpdates = false }))}, nil, "a"},
	"semi-sync guarantees": {question{servers: servers(living(wrote(120), askingAcks(1, 1)), running("a", acking, has(119, 119)))}, nil, "a"},
	"bytes at risk by position": {question{servers: servers(living(func(i *topology.Instance) {
		i.SelfCoordinates = topology.Coordinates{LogFile: "binlog.000007", LogPos: 1500}
	}), running("a", filePosition))}, nil, "a"},
	"by position, another file": {question{servers: servers(living(func(i *topology.Instance) {
		i.SelfCoordinates = topology.Coordinates{LogFile: "binlog.000009", LogPos: 1500}
	}), running("a", filePosition))}, nil, "a"},
	"MariaDB": {question{servers: servers(living(mariadb("", ""), func(i *topology.Instance) { i.ExecutedSet = "0-1-130" }),
		running("a", mariadb("0-1-120", "0-1-120")))}, nil, "a"},
	"a lagging successor": {question{servers: servers(living(), running("a", has(200, 100), func(i *topology.Instance) {
		i.Lag, i.Check.Latency = topology.KnownSeconds(7), 4*time.Millisecond
	}))}, nil, "a"},
	"promotion is left to hooks": {question{servers: servers(living(), running("a")), policies: func(p *Policies) {
		p.Promotion.ApplyPromotion, p.VetoingHooks = false, []string{"/usr/local/bin/ask %s"}
	}}, nil, "a"},
	"an intermediate source": {question{servers: servers(living(), running("a"), running("c", below("a"))), failed: "a", policies: func(p *Policies) {
		p.Analysis.RecoversIntermediate = func(string, string) bool { return false }
	}}, []string{"filter"}, "p"},
	"a co-primary":               {question{servers: pairAnd(ofRing("c", "a")), failed: "a"}, nil, "b"},
	"a leaf":                     {question{servers: pair(), failed: "a"}, []string{"no-problem"}, ""},
	"a code that somebody names": {question{servers: pair(), failed: "p", code: analysis.LockedSemiSyncPrimary}, []string{"switched-off", "no-successor"}, ""},
	"a server that nobody knows": {question{servers: pair(), failed: "x"}, []string{"unknown-server"}, ""},
	"many reasons at once": {question{servers: servers(living(downtimed), running("a")),
		policies: func(p *Policies) { p.Analysis.RecoversPrimary = nil },
		state:    func(s *State) { s.Leader, s.GlobalDisabled = false, true }}, []string{"not-leader", "disabled", "downtime", "filter"}, "a"},
}

func TestExplain(t *testing.T) {
	for name, c := range questions {
		t.Run(name, func(t *testing.T) {
			x := c.ask()
			var rules []string
			for _, h := range x.Holds {
				rules = append(rules, h.Rule)
				if h.Reason == "" {
					t.Errorf("%s holds it back without a reason", h.Rule)
				}
			}
			if !slices.Equal(rules, c.holds) {
				t.Errorf("held back by %v, want %v", rules, c.holds)
			}
			for _, p := range x.Passed {
				if p.Text == "" || slices.Contains(rules, p.Rule) && p.Rule != "filter" {
					t.Errorf("%s has passed (%q), and holds it back", p.Rule, p.Text)
				}
			}
			if x.Would && len(x.Passed) < 5 {
				t.Errorf("it would happen, and only %v were asked", x.Passed)
			}
			if x.Would != (len(c.holds) == 0) {
				t.Errorf("would recover: %t", x.Would)
			}
			if x.Plan.Successor.Hostname != c.would {
				t.Errorf("%q would be promoted, want %q", x.Plan.Successor.Hostname, c.would)
			}
			golden(t, goldenFile("explain", name), x.String())
		})
	}
}

func TestExplainMeasuresTheRisk(t *testing.T) {
	for name, want := range map[string]Risk{
		"a healthy cluster":                          {Known: true, Bytes: -1},
		"transactions at risk":                       {Known: true, Transactions: 5, Bytes: -1},
		"what another replica has cannot be fetched": {Known: true, Transactions: 20, Bytes: -1, Unreachable: []Gap{{key("b"), 15}}},
		"bytes at risk by position":                  {Bytes: 1400},
		"by position, another file":                  {Bytes: -1},
		"MariaDB":                                    {Known: true, Transactions: 10, Bytes: -1},
	} {
		t.Run(name, func(t *testing.T) {
			x := questions[name].ask()
			got := x.Risk
			if got.Basis == "" {
				t.Error("it does not say what the numbers rest on")
			}
			got.Basis, got.Seconds, got.Guarantee = "", topology.Seconds{}, ""
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if x := questions["semi-sync guarantees"].ask(); !strings.Contains(x.Risk.Guarantee, "acknowledged") {
		t.Errorf("guarantee %q", x.Risk.Guarantee)
	}
}

func TestExpectedTimeIsTheSumOfItsParts(t *testing.T) {
	for name, c := range questions {
		t.Run(name, func(t *testing.T) {
			x := c.ask()
			var sum time.Duration
			for _, p := range x.Expected.Parts {
				sum += p.Takes
				if p.Basis == "" {
					t.Errorf("%s rests on nothing", p.Name)
				}
			}
			if sum != x.Expected.Total || (sum > 0) != (!x.Plan.Successor.IsZero() && promotes(x.Code)) {
				t.Errorf("total %s, parts %s", x.Expected.Total, sum)
			}
		})
	}
}

func TestExplainIsAFunction(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for name, c := range questions {
		t.Run(name, func(t *testing.T) {
			var before []topology.Instance
			for _, i := range c.servers {
				before = append(before, *i.Clone())
			}
			first := c.ask()
			for n, i := range c.servers {
				if diff := cmp.Diff(before[n], *i.Clone()); diff != "" {
					t.Fatalf("it changed %s:\n%s", i.Key, diff)
				}
			}
			for range 3 {
				c.servers = slices.Clone(c.servers)
				r.Shuffle(len(c.servers), func(i, j int) { c.servers[i], c.servers[j] = c.servers[j], c.servers[i] })
				if diff := cmp.Diff(first, c.ask()); diff != "" {
					t.Fatalf("another answer to the same question:\n%s", diff)
				}
			}
			text, err := json.Marshal(first)
			if err != nil {
				t.Fatal(err)
			}
			var back Explanation
			if err := json.Unmarshal(text, &back); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(first, back); diff != "" {
				t.Errorf("lost on the way through JSON:\n%s", diff)
			}
		})
	}
}

// TestTheForecastIsWhatHappens compares the forecast for a healthy cluster with the plan that is made when its primary
// has died.
func TestTheForecastIsWhatHappens(t *testing.T) {
	for name, c := range map[string][]func(*topology.Instance){
		"equal":        {nothing, nothing, nothing},
		"more":         {nothing, has(120, 110), nothing},
		"wanted":       {nothing, has(120, 110), rule(topology.PreferPromote)},
		"by position":  {filePosition, filePosition, filePosition},
		"MariaDB":      {mariadb("0-1-9", "0-1-9"), mariadb("0-1-9", "0-1-8"), mariadb("0-1-7", "0-1-7")},
		"one is gone":  {down, nothing, nothing},
		"a multi-tier": {nothing, nothing, below("q")},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := servers(living()), servers(lostPrimary())
			for n, change := range c {
				host := string(rune('q' + n))
				before = append(before, running(host, change))
				after = append(after, running(host, change, func(i *topology.Instance) {
					if i.Channel.Source == primaryKey {
						i.Channel.IOThread = topology.ThreadOther
					}
				}))
			}
			supposed, real := question{servers: before}.ask(), question{servers: after}.ask()
			if !supposed.Supposed || real.Supposed {
				t.Fatalf("supposed: %t and %t", supposed.Supposed, real.Supposed)
			}
			if supposed.Code != real.Code {
				t.Errorf("code %s, in reality %s", supposed.Code, real.Code)
			}
			if diff := cmp.Diff(real.Plan.String(), supposed.Plan.String()); diff != "" {
				t.Errorf("planned otherwise (-reality +forecast):\n%s", diff)
			}
		})
	}
}

func BenchmarkExplain(b *testing.B) {
	all := servers(living(wrote(120)))
	for n := range 99 {
		all = append(all, running(fmt.Sprintf("r%02d", n), has(100+n%7, 100), func(i *topology.Instance) {
			if n >= 50 {
				i.Channel.Source = key(fmt.Sprintf("r%02d", n%50))
			}
		}))
	}
	q := question{servers: all}
	b.ReportAllocs()
	for b.Loop() {
		if x := q.ask(); !x.Would {
			b.Fatal(x.String())
		}
	}
}
