package execute_test

import (
	"context"
	"testing"
	"time"

	"orchestrator/internal/execute"
	"orchestrator/internal/failover"
	"orchestrator/internal/plan"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

func keyOf(n *sandbox.Node) topology.Key { return topology.Key{Hostname: n.Host, Port: n.Port} }

func limited(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// reach gives access to the servers of a sandbox.
func reach(t *testing.T) *server.Servers {
	servers := server.New(server.Options{
		User: sandbox.UserOrc, Password: sandbox.Password(sandbox.UserOrc), TLSMode: server.TLSMixed, HostnameMethod: "report_host",
		CredentialsQuery: "SELECT '" + sandbox.UserRepl + "', '" + sandbox.Password(sandbox.UserRepl) + "'",
	})
	t.Cleanup(func() { must(t, servers.Close()) })
	return servers
}

// picture looks at all servers of a sandbox.
func picture(t *testing.T, servers *server.Servers, c *sandbox.Cluster) *topology.Topology {
	t.Helper()
	var all []*topology.Instance
	for _, n := range c.Nodes() {
		seen, err := servers.For(keyOf(n)).Probe(limited(t))
		must(t, err)
		seen.Instance.Check = topology.Check{Attempted: time.Now(), Checked: time.Now(), Seen: time.Now(), Latency: seen.Latency}
		all = append(all, seen.Instance)
	}
	return topology.New(topology.Derive(all, topology.Names{}), topology.Names{})
}

var takeoverPolicy = failover.Policy{
	SuperReadOnly: true, ApplyPromotion: true, ApplyPatience: 10 * time.Second,
	Replication: topology.ReplicationRules{MaintenanceLag: 20 * time.Second},
}

// warm waits until a cluster replicates, and the load on it has been seen everywhere.
func warm(t *testing.T, c *sandbox.Cluster) *sandbox.Load {
	t.Helper()
	must(t, c.AwaitReplication(limited(t)))
	load, err := sandbox.StartLoad(t.Context(), c.Addrs, sandbox.LoadOptions{Interval: time.Millisecond})
	must(t, err)
	t.Cleanup(func() { load.Stop() })
	must(t, load.AwaitCommits(limited(t), 100))
	return load
}

// settled checks that nothing was lost and all servers hold the same.
func settled(t *testing.T, c *sandbox.Cluster, load *sandbox.Load) sandbox.LoadResult {
	t.Helper()
	result := load.Stop()
	must(t, c.AwaitReplication(limited(t)))
	must(t, c.AwaitCaughtUp(limited(t)))
	must(t, c.SameData(limited(t), sandbox.LoadTable))
	for _, n := range c.Nodes() {
		missing, err := result.Missing(limited(t), n)
		must(t, err)
		if len(missing) > 0 {
			t.Errorf("%s lacks %d acknowledged rows, %v …", n, len(missing), missing[0])
		}
	}
	return result
}

func TestRealTakeover(t *testing.T) {
	for name, c := range map[string]struct {
		options sandbox.Options
		plan    func(*topology.Topology, failover.TakeoverRequest, failover.Policy) (plan.Plan, *topology.Refusal)
	}{
		"by GTID":              {sandbox.Options{GTID: true}, failover.Takeover},
		"by file and position": {sandbox.Options{}, failover.Takeover},
		"semi-sync":            {sandbox.Options{GTID: true, SemiSync: true}, failover.Takeover},
		"cascade":              {sandbox.Options{GTID: true, Layout: sandbox.CoPrimary}, failover.CascadeTakeover},
	} {
		t.Run(name, func(t *testing.T) {
			sandboxtest.EachFlavor(t, func(t *testing.T, flavor sandbox.Flavor) {
				c.options.Flavor = flavor
				cluster := sandboxtest.New(t, c.options)
				servers := reach(t)
				load := warm(t, cluster)
				p, refusal := c.plan(picture(t, servers, cluster), failover.TakeoverRequest{Auto: true, Now: time.Now()}, takeoverPolicy)
				if refusal != nil {
					t.Fatal(refusal)
				}
				run := execute.New(execute.Options{Server: execute.Real(servers)}).NewRun()
				err := run.Plan(limited(t), &p, 0)
				for _, s := range p.Steps {
					t.Logf("%d %s: %s: %s in %s %s%s", s.N, s.Server, s.Action, s.State, s.Took().Round(10*time.Microsecond), s.Note, s.Error)
					if s.State == plan.Failed {
						t.Errorf("step %d failed: %s", s.N, s.Error)
					}
				}
				must(t, err)
				must(t, load.AwaitCommitAt(limited(t), p.Successor.String()))
				result := settled(t, cluster, load)
				longest, _, _ := result.Outage()
				t.Logf("nobody could write for %s", longest)
				after := picture(t, servers, cluster)
				former, primary := after.Instance(p.Failed), after.Instance(p.Successor)
				if !former.ReadOnly || primary.ReadOnly || former.Channel.Source != p.Successor {
					t.Errorf("former primary: read-only %t, source %s; new one: read-only %t", former.ReadOnly, former.Channel.Source, primary.ReadOnly)
				}
				if ring := c.options.Layout == sandbox.CoPrimary; primary.HasSource() != ring {
					t.Errorf("the source of the new primary is %s", primary.Channel.Source)
				}
			})
		})
	}
}

func TestRealTakeoverThatFailsLeavesThePrimaryOpen(t *testing.T) {
	sandboxtest.EachFlavor(t, func(t *testing.T, flavor sandbox.Flavor) {
		cluster := sandboxtest.New(t, sandbox.Options{Flavor: flavor, GTID: true})
		servers := reach(t)
		load := warm(t, cluster)
		p, refusal := failover.Takeover(picture(t, servers, cluster), failover.TakeoverRequest{Auto: true, Now: time.Now(), Settings: failover.TakeoverSettings{
			CloseWithin: 500 * time.Millisecond, LongStatements: failover.LongStatements{Ignore: true},
		}}, takeoverPolicy)
		if refusal != nil {
			t.Fatal(refusal)
		}
		// A statement that writes and takes longer than closing may wait for it.
		first := cluster.Node(0)
		must(t, first.Exec(limited(t), "CREATE TABLE "+sandbox.Database+".slow (a INT)", "INSERT INTO "+sandbox.Database+".slow VALUES (1)"))
		slow := make(chan error, 1)
		go func() {
			slow <- first.ExecAs(limited(t), sandbox.UserApp, "UPDATE "+sandbox.Database+".slow SET a=SLEEP(4)+2")
		}()
		for {
			list, err := servers.For(keyOf(first)).Processlist(limited(t))
			must(t, err)
			found := false
			for _, process := range list {
				found = found || process.Command == "Query" && len(process.Info) > 6 && process.Info[:6] == "UPDATE"
			}
			if found {
				break
			}
		}
		run := execute.New(execute.Options{Server: execute.Real(servers)}).NewRun()
		err := run.Plan(limited(t), &p, 0)
		t.Logf("it failed: %v", err)
		if err == nil || run.PassedNoReturn() {
			t.Fatalf("the takeover went on: %v", err)
		}
		must(t, <-slow)
		must(t, load.AwaitCommits(limited(t), 50))
		settled(t, cluster, load)
		after := picture(t, servers, cluster)
		for _, i := range after.Instances() {
			primary := i.Key == p.Failed
			if i.ReadOnly == primary || !primary && i.Channel.Source != p.Failed {
				t.Errorf("%s: read-only %t, source %s", i.Key, i.ReadOnly, i.Channel.Source)
			}
		}
	})
}
