package failover

import (
	"time"

	"orchestrator/internal/topology"
)

func primarySituations() []picture {
	open := Policy{ApplyPromotion: true, DetachLost: true}
	with := func(change func(*Policy)) Policy { p := open; change(&p); return p }
	named := func(name string, policy Policy, replicas ...*topology.Instance) picture {
		return picture{
			name: "primary: " + name, planner: DeadPrimary,
			request: Request{Failed: primaryKey, Operation: "DeadMaster"}, policy: policy,
			servers: append(replicas, lostPrimary()),
		}
	}
	still := func(s picture) picture { s.noChange = true; return s }
	designating := func(host string, s picture) picture { s.request.Designated = at(host); return s }
	seconds := func(n int64) func(*topology.Instance) {
		return func(i *topology.Instance) { i.Lag = topology.KnownSeconds(n) }
	}
	errant := func(i *topology.Instance) {
		i.ErrantSet = "00000000-0000-0000-0000-0000000000ff:1-5"
		i.ExecutedSet += "," + i.ErrantSet
	}
	return []picture{
		named("all equal and quiet", open, replica("b"), replica("a"), replica("c")),
		named("receivers still try", open, replica("a", connecting), replica("b", connecting)),
		named("the most advanced", open, replica("a"), replica("b", has(120, 120))),
		named("received counts not applied", open, replica("a", has(110, 110)), replica("b", has(120, 90))),
		named("a wanted server fetches what a sibling has", open, replica("a", has(120, 110)), replica("b", wanted)),
		named("a wanted server elsewhere", open, replica("a"), replica("b", wanted, dc("dc2"))),
		named("of wanted ones the one nearby", open, replica("a", wanted, dc("dc2")), replica("b", wanted)),
		named("what a must_not server has is fetched", open, replica("a", has(120, 120), forbidden), replica("b")),
		named("nobody but must_not", open, replica("a", connecting, forbidden)),
		still(named("not across data centers", with(func(p *Policy) { p.PreventCrossDataCenter = true }), replica("a", dc("dc2")), replica("b", dc("dc3")))),
		named("across data centers only the one nearby", with(func(p *Policy) { p.PreventCrossDataCenter = true }), replica("a", dc("dc2"), wanted), replica("b")),
		still(named("not across regions", with(func(p *Policy) { p.PreventCrossRegion = true }), replica("a", dc("r2")))),
		named("too much lag", with(func(p *Policy) { p.FailOnLag = time.Minute }), replica("a", seconds(60)), replica("b", seconds(59))),
		still(named("unknown lag", with(func(p *Policy) { p.FailOnLag = time.Minute }), replica("a"))),
		named("unapplied is refused", with(func(p *Policy) { p.FailIfNotApplied = true }), replica("a", has(120, 110)), replica("b")),
		named("an unreachable replica", open, replica("a"), replica("b", down)),
		named("a replica ahead that gives nothing", open, replica("a"),
			replica("b", has(120, 120), forbidden, func(i *topology.Instance) { i.LogReplicaUpdates = false })),
		named("twins with one server id", open, replica("a"), replica("b", func(i *topology.Instance) { i.ServerID = replica("a").ServerID })),
		named("by position the equal follow", open, replica("a", filePosition), replica("b", filePosition), replica("c", filePosition, has(80, 80))),
		named("by position the most advanced", open, replica("a", filePosition, wanted), replica("b", filePosition, has(120, 100))),
		named("MariaDB received counts", open, replica("a", mariadb("0-1-110", "0-1-110")), replica("b", mariadb("0-1-120", "0-1-90"))),
		named("MariaDB receivers still try", open, replica("a", mariadb("0-1-110", "0-1-110"), connecting), replica("b", mariadb("0-1-110", "0-1-100"), connecting)),
		named("semi-sync before opening", open, replica("a", priority(1)), replica("b")),
		named("a newer version comes last", open, replica("a", version("8.4.2")), replica("b"), replica("c")),
		named("a newer version alone", open, replica("a", version("8.4.2"))),
		named("no logged updates when alone", open, replica("a", func(i *topology.Instance) { i.LogReplicaUpdates = false })),
		named("a delayed replica comes last", open, replica("a", delayed(3600)), replica("b", has(90, 90))),
		named("errant transactions", open, replica("a", errant), replica("b")),
		named("a broken applier", open, replica("a", has(120, 110), func(i *topology.Instance) { i.Channel.LastSQLErrno = 1062 }), replica("b")),
		named("a multi-source replica", open, replica("a", func(i *topology.Instance) {
			i.Others = []topology.Channel{{Name: "other", Source: at("x")}}
		}), replica("b")),
		named("what cannot be read", open, replica("a", func(i *topology.Instance) { i.ExecutedSet = "garbage" }), replica("b", has(5, 5))),
		designating("b", named("the designated one", open, replica("a", wanted), replica("b"))),
		designating("b", named("the designated one is barred", open, replica("a"), replica("b", forbidden))),
		named("promotion is left to hooks", Policy{DetachPromoted: true}, replica("a"), replica("b")),
		still(named("no replicas", open)),
	}
}

func coPrimarySituations() []picture {
	open := Policy{ApplyPromotion: true, DetachLost: true, MustPromoteOther: true}
	free := Policy{ApplyPromotion: true, DetachLost: true}
	// f and o replicate from each other; f is lost.
	lost := func(change ...func(*topology.Instance)) *topology.Instance {
		f := follower("f", "o", ringed, writable, down)
		for _, c := range change {
			c(f)
		}
		return f
	}
	other := func(change ...func(*topology.Instance)) *topology.Instance {
		o := orphan("o", "f", ringed)
		for _, c := range change {
			c(o)
		}
		return o
	}
	named := func(name string, policy Policy, servers ...*topology.Instance) picture {
		return picture{
			name: "co-primary: " + name, planner: DeadCoPrimary, policy: policy, servers: servers,
			request: Request{Failed: at("f"), Operation: "DeadCoMaster"},
		}
	}
	still := func(s picture) picture { s.noChange = true; return s }
	designating := func(host string, s picture) picture { s.request.Designated = at(host); return s }
	geographic := open
	geographic.PreventCrossDataCenter = true
	lag := open
	lag.FailOnLag = time.Minute
	return []picture{
		named("the other one is opened", open, lost(), other(), orphan("r1", "f"), follower("r2", "o")),
		named("the other one takes writes already", free, lost(), other(writable), orphan("r1", "f", wanted)),
		named("the other one fetches what a replica has", open, lost(), other(), orphan("r1", "f", has(120, 110))),
		named("the other one applies first", open, lost(), other(has(120, 80)), orphan("r1", "f")),
		still(named("the other one must not", open, lost(), other(forbidden), orphan("r1", "f"))),
		still(named("the other one is unreachable", open, lost(), other(down), orphan("r1", "f"))),
		named("a free choice without the other one", free, lost(), other(down), orphan("r1", "f"), orphan("r2", "f")),
		still(named("a writer that cannot be reached", free, lost(), other(down, writable), orphan("r1", "f"))),
		named("a free choice takes the wanted replica", free, lost(), other(has(120, 120)), orphan("r1", "f", wanted), follower("r2", "o")),
		still(named("the other one is not known", open, lost(), orphan("r1", "f"))),
		still(named("not across data centers", geographic, lost(), other(dc("dc2")), orphan("r1", "f"))),
		still(named("unknown lag", lag, lost(), other(), orphan("r1", "f"))),
		named("by position", open, lost(), other(filePosition), orphan("r1", "f", filePosition), orphan("r2", "f", filePosition, has(80, 80))),
		named("by position nobody follows one that took writes", open, lost(), other(filePosition, writable), orphan("r1", "f", filePosition)),
		named("MariaDB counts what it wrote itself", open, lost(),
			other(mariadb("0-1-100", "0-1-100"), func(i *topology.Instance) { i.ExecutedSet = "0-2-101" }),
			orphan("r1", "f", mariadb("0-2-101", "0-2-101"))),
		named("a ring of three", open, lost(), follower("o", "x", ringed), orphan("x", "f", ringed, has(110, 110)), orphan("r1", "f")),
		still(named("a ring of three with two writers", open, lost(), follower("o", "x", ringed, writable), orphan("x", "f", ringed, writable))),
		still(named("a ring of three where another one writes", open, lost(), follower("o", "x", ringed), orphan("x", "f", ringed, writable))),
		named("a ring of three freely where another one writes", free, lost(), follower("o", "x", ringed), orphan("x", "f", ringed, writable)),
		still(named("a ring of three by position", open, lost(), follower("o", "x", ringed, filePosition), orphan("x", "f", ringed, filePosition))),
		designating("r1", named("another one was asked for", open, lost(), other(), orphan("r1", "f"))),
		designating("r1", named("a free choice as asked for", free, lost(), other(), orphan("r1", "f"))),
		named("promotion is left to hooks", Policy{MustPromoteOther: true}, lost(), other(), orphan("r1", "f")),
		named("hooks promote a replica and the ring is broken", Policy{}, lost(), other(), orphan("r1", "f", wanted)),
		named("binlog servers gather", open, lost(), other(filePosition), orphan("b1", "f", relay, has(140, 140)), orphan("b2", "f", relay, has(150, 150))),
		named("binlog servers do not decide how others compare", open, lost(), other(), orphan("b1", "f", relay), orphan("r1", "f")),
		named("a binlog server follows by GTID", open, lost(), other(mariadb("0-1-100", "0-1-100")),
			orphan("b1", "f", relay, func(i *topology.Instance) {
				i.Channel.GTID, i.Channel.AppliedSet, i.Channel.RetrievedSet = topology.MariaDBGTID, "0-1-90", "0-1-90"
			}), orphan("b2", "f", relay, down)),
	}
}
