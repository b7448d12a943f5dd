package analysis

import (
	"slices"
	"testing"
	"time"

	"orchestrator/internal/topology"
)

func texts(found []Finding) []string {
	lines := []string{}
	for i := range found {
		lines = append(lines, found[i].Key.String()+": "+found[i].Text())
	}
	return lines
}

func TestPopulation(t *testing.T) {
	other := func(i *topology.Instance) { i.ClusterName = "other:3306" }
	for _, c := range []struct {
		name    string
		policy  func(*Policy)
		servers []*topology.Instance
		want    []string
	}{
		{"healthy servers are not listed", nil, fleet(server("db1"), replica("db2")), []string{}},
		{"healthy servers on request, leaves reduced away", func(p *Policy) { p.IncludeNoProblem = true },
			fleet(server("db1"), replica("db2")), []string{"db1:3306: "}},
		{"healthy servers on request, leaves too",
			func(p *Policy) { p.IncludeNoProblem, p.ReduceAnalysisCount = true, false },
			fleet(server("db1"), replica("db2")), []string{"db1:3306: ", "db2:3306: "}},
		{"dead leaf survives the reduction", func(p *Policy) { p.IncludeNoProblem = true },
			fleet(server("db1"), replica("db2", unseen), replica("db3")), []string{"db1:3306: ", "db2:3306: "}},
		{"leaf that cannot connect survives the reduction", nil,
			fleet(server("db1"), replica("db2", failing), replica("db3")),
			[]string{"db2:3306: FirstTierReplicaFailingToConnectToMaster"}},
		{"read-only server without replicas is reduced away", nil, fleet(server("db1", readOnly)), []string{}},
		{"read-only server without replicas, not reduced", func(p *Policy) { p.ReduceAnalysisCount = false },
			fleet(server("db1", readOnly)), []string{"db1:3306: NoWriteableMasterStructureWarning"}},
		{"failure and structure warning", nil, fleet(server("db1", readOnly, unseen), replica("db2", failing)),
			[]string{"db1:3306: DeadMaster, NoWriteableMasterStructureWarning",
				"db2:3306: FirstTierReplicaFailingToConnectToMaster"}},
		{"two structure warnings", nil, fleet(server("db1", readOnly), replica("db2", gtidMode("OFF"))),
			[]string{"db1:3306: DifferentGTIDModesStructureWarning, NoWriteableMasterStructureWarning"}},

		{"maintenance hides a server", nil, fleet(server("db1", unseen, maintained), replica("db2", stopped)), []string{}},
		{"a replica under maintenance still counts", nil, fleet(server("db1", unseen), replica("db2", stopped, maintained)),
			[]string{"db1:3306: DeadMaster"}},

		{"cluster filter", func(p *Policy) { p.ClusterName = "db1:3306" },
			fleet(server("db1", unseen), server("db9", unseen, other)), []string{"db1:3306: DeadMasterWithoutReplicas"}},
		{"cluster filter wants the whole name", func(p *Policy) { p.ClusterName = "db1" },
			fleet(server("db1", unseen)), []string{}},
		{"ignored host", func(p *Policy) { p.IgnoreHostname = func(h string) bool { return h == "db1" } },
			fleet(server("db1", unseen), server("db9", unseen, other)), []string{"db9:3306: DeadMasterWithoutReplicas"}},

		{"downtimed servers on request", nil, fleet(server("db1", unseen, downtimed)),
			[]string{"db1:3306: DeadMasterWithoutReplicas"}},
		{"downtimed servers not asked for", func(p *Policy) { p.IncludeDowntimed = false },
			fleet(server("db1", unseen, downtimed)), []string{}},
		{"downtime over", func(p *Policy) { p.IncludeDowntimed = false },
			fleet(server("db1", unseen, downtimeOver)), []string{"db1:3306: DeadMasterWithoutReplicas"}},
		{"structure warning of a downtimed server", func(p *Policy) { p.IncludeDowntimed = false },
			fleet(server("db1", readOnly, downtimed), replica("db2")), []string{}},
		{"all replicas downtimed, and the code is about them", func(p *Policy) { p.IncludeDowntimed = false },
			fleet(server("db1"), replica("db2", stopped, downtimed), replica("db3", stopped, downtimed)), []string{}},
		{"one replica downtimed", func(p *Policy) { p.IncludeDowntimed = false },
			fleet(server("db1"), replica("db2", stopped, downtimed), replica("db3", stopped)),
			[]string{"db1:3306: AllMasterReplicasNotReplicating"}},
		{"all replicas downtimed, but the code is about the primary", func(p *Policy) { p.IncludeDowntimed = false },
			fleet(server("db1", unseen), replica("db2", stopped, downtimed)), []string{"db1:3306: DeadMaster"}},
		{"nobody there", nil, nil, []string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := usual()
			if c.policy != nil {
				c.policy(&p)
			}
			if got := texts(analyzed(p, c.servers...)); !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestDowntime(t *testing.T) {
	f := findingOf(t, usual(), "db1", server("db1", unseen, downtimed), replica("db2", stopped))
	if !f.IsDowntimed || !f.SkippableDueToDowntime || f.ReplicasDowntimed {
		t.Errorf("downtimed %v, skippable %v, replicas downtimed %v", f.IsDowntimed, f.SkippableDueToDowntime,
			f.ReplicasDowntimed)
	}
	if f.DowntimeRemaining != time.Hour || !f.DowntimeEnd.Equal(now.Add(time.Hour)) {
		t.Errorf("remaining %v until %v", f.DowntimeRemaining, f.DowntimeEnd)
	}
	f = findingOf(t, usual(), "db1", server("db1", unseen, downtimeOver), replica("db2", stopped))
	if f.IsDowntimed || f.SkippableDueToDowntime || f.DowntimeRemaining != 0 || !f.DowntimeEnd.IsZero() {
		t.Errorf("a downtime that is over counts: %+v", f)
	}
}

func TestDowntimeOfAllReplicasCoversCodesAboutReplicas(t *testing.T) {
	covered := []Code{
		AllPrimaryReplicasNotReplicating, AllPrimaryReplicasStoppedOrDead, PrimarySingleReplicaDead,
		AllCoPrimaryReplicasNotReplicating, DeadIntermediateSingleReplica, DeadIntermediateSingleReplicaFailing,
		DeadIntermediateAndReplicas, DeadIntermediateAndSomeReplicas, AllIntermediateReplicasFailingOrDead,
		AllIntermediateReplicasStopped,
	}
	for _, c := range situations {
		t.Run(c.name, func(t *testing.T) {
			var servers []*topology.Instance
			for _, s := range c.servers {
				if s.Key != key("db1") {
					s = s.Clone()
					downtimed(s)
				} else {
					s = s.Clone()
					s.Downtime = nil
				}
				servers = append(servers, s)
			}
			p := usual()
			if c.policy != nil {
				c.policy(&p)
			}
			f := findingOf(t, p, "db1", servers...)
			if f.Code != c.want {
				t.Errorf("downtime changed the code from %s to %s", c.want, f.Code)
			}
			if want := slices.Contains(covered, c.want); f.ReplicasDowntimed != want || f.SkippableDueToDowntime != want {
				t.Errorf("%s: replicas downtimed %v, skippable %v, want %v", c.want, f.ReplicasDowntimed,
					f.SkippableDueToDowntime, want)
			}
		})
	}
}

func TestOrder(t *testing.T) {
	in := func(cluster string) option { return func(i *topology.Instance) { i.ClusterName = cluster + ":3306" } }
	p := usual()
	p.IncludeNoProblem, p.ReduceAnalysisCount = true, false
	found := analyzed(p,
		server("a-inter", below("z-owner"), in("z-owner")),
		server("b-leaf", below("a-inter"), in("z-owner")),
		server("c-leaf", below("z-owner"), in("z-owner")),
		server("d-top", in("other")), // a primary that does not own its cluster
		server("e-co", below("f-co"), in("e-co")),
		server("f-co", below("e-co"), in("e-co")),
		server("y-owner", in("y-owner")),
		server("z-owner", in("z-owner")),
	)
	var got []string
	for _, f := range found {
		got = append(got, f.Key.Hostname)
	}
	want := []string{"z-owner", "y-owner", "d-top", "e-co", "a-inter", "f-co", "b-leaf", "c-leaf"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestFindingFields(t *testing.T) {
	primary := server("db1", unseen, semiSync(true, 2, 2), func(i *topology.Instance) {
		i.DataCenter, i.Region, i.PhysicalEnvironment = "dc1", "eu", "prod"
	})
	servers := fleet(primary, replica("db2", failing, noLogging, downtimed, delay(60), lag(90)),
		replica("db3", unseen, version("8.4.0"), format("MIXED"), gtidMode("OFF"), errant("x:1"),
			func(i *topology.Instance) { i.SemiSync.ReplicaEnabled = true }))
	top := topology.New(servers, topology.Names{
		Aliases: map[string]string{"db1:3306": "shop"}, Domains: map[string]string{"db1:3306": "shop.db"},
	})
	p := usual()
	p.RecoversPrimary = func(name, alias string) bool { return name == "db1:3306" && alias == "shop" }
	p.RecoversIntermediate = func(string, string) bool { return false }
	found := Analyze(top, p, now)
	if len(found) == 0 || found[0].Key != key("db1") {
		t.Fatalf("found %v", texts(found))
	}
	f := found[0]
	for _, c := range []struct {
		field     string
		got, want any
	}{
		{"Code", f.Code, DeadPrimaryAndSomeReplicas},
		{"Description", f.Description, Describe(DeadPrimaryAndSomeReplicas)},
		{"Actionable", f.Actionable, true},
		{"ClusterName", f.ClusterName, "db1:3306"},
		{"ClusterAlias", f.ClusterAlias, "shop"},
		{"ClusterDomain", f.ClusterDomain, "shop.db"},
		{"ClusterSize", f.ClusterSize, uint(3)},
		{"OwnsCluster", f.OwnsCluster, true},
		{"AutomatedPrimaryRecovery", f.AutomatedPrimaryRecovery, true},
		{"AutomatedIntermediateRecovery", f.AutomatedIntermediateRecovery, false},
		{"DataCenter", f.DataCenter, "dc1"},
		{"Region", f.Region, "eu"},
		{"PhysicalEnvironment", f.PhysicalEnvironment, "prod"},
		{"Coordinates", f.Coordinates, primary.SelfCoordinates},
		{"IsPrimary", f.IsPrimary, true},
		{"LastCheckValid", f.LastCheckValid, false},
		{"PartialSuccess", f.PartialSuccess, false},
		{"LastError", f.LastError, "dial tcp: connection refused"},
		{"Replicas", topology.JoinKeys(f.Replicas), "db2:3306,db3:3306"},
		{"CountReplicas", f.CountReplicas, uint(2)},
		{"CountValid", f.CountValid, uint(1)},
		{"CountReplicating", f.CountReplicating, uint(0)},
		{"CountFailing", f.CountFailing, uint(1)},
		{"CountLagging", f.CountLagging, uint(1)},
		{"CountDelayed", f.CountDelayed, uint(1)},
		{"CountDowntimed", f.CountDowntimed, uint(1)},
		{"CountLogging", f.CountLogging, uint(1)},
		{"CountMixed", f.CountMixed, uint(1)},
		{"CountRow", f.CountRow, uint(0)},
		{"CountMajorVersions", f.CountMajorVersions, uint(1)},
		{"CountSemiSyncReplicas", f.CountSemiSyncReplicas, uint(1)},
		{"SemiSyncWaitCount", f.SemiSyncWaitCount, uint(2)},
		{"SemiSyncClients", f.SemiSyncClients, uint(2)},
		{"OracleGTIDTopology", f.OracleGTIDTopology, true},
		{"MariaDBGTIDTopology", f.MariaDBGTIDTopology, false},
		{"GTIDMode", f.GTIDMode, "ON"},
		{"MinReplicaGTIDMode", f.MinReplicaGTIDMode, "OFF"},
		{"MaxReplicaGTIDMode", f.MaxReplicaGTIDMode, "ON"},
		{"MaxReplicaErrant", f.MaxReplicaErrant, "x:1"},
		{"InstanceType", f.InstanceType(), "master"},
		{"Text", f.Text(), "DeadMasterAndSomeReplicas, DifferentGTIDModesStructureWarning, ErrantGTIDStructureWarning"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %v, want %v", c.field, c.got, c.want)
		}
	}
}

func TestInstanceType(t *testing.T) {
	for _, c := range []struct {
		name    string
		servers []*topology.Instance
		want    string
	}{
		{"primary", fleet(server("db1")), "master"},
		{"intermediate source", fleet(inter()), "intermediate-master"},
		{"group primary", fleet(server("db1", member("PRIMARY", "ONLINE"))), "group-member"},
		{"co-primary", fleet(ring(), replica("db2", coPrimary)), "co-master"},
		{"co-primary in a group", fleet(ring(member("PRIMARY", "ONLINE")), replica("db2", coPrimary)), "co-master"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if f := findingOf(t, usual(), "db1", c.servers...); f.InstanceType() != c.want {
				t.Errorf("%s, want %s", f.InstanceType(), c.want)
			}
		})
	}
}

func TestClusterNamesFallBack(t *testing.T) {
	f := findingOf(t, usual(), "db1", server("db1", unseen))
	if f.ClusterAlias != "db1:3306" || f.ClusterDomain != "db1:3306" {
		t.Errorf("alias %q and domain %q, want the cluster name", f.ClusterAlias, f.ClusterDomain)
	}
}
