package main

import (
	"fmt"
	"strings"
	"testing"

	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
	"orchestrator/internal/web/webtest"
)

// TestWebManagers looks at the page of a manager that follows: what is asked for there the leader does; without a quorum
// nothing is offered, and when the others are back it is offered again.
func TestWebManagers(t *testing.T) {
	t.Parallel()
	c := sandboxtest.New(t, sandbox.Options{Flavor: sandbox.MariaDB, GTID: true, Nodes: 2})
	g := startRaft(t, 3, webKeys("orders"))
	g.nodes[g.leader(t)].ok(t, fmt.Sprintf("discover/127.0.0.1/%d", c.Node(0).Port))
	f := g.follower(t)
	follower, replica := g.nodes[f], c.Node(1).Addr()
	follower.await(t, "both servers", func() bool {
		status, text := follower.get(t, "/api/v2/clusters/orders")
		return status == 200 && strings.Contains(text, replica)
	})
	s := &treeSession{follower, webtest.Open(t, follower.url+"/web/cluster/alias/orders", webtest.Allow("status of 50"), webtest.Allow("ERR_")), t}
	s.Await("the card of the replica", fmt.Sprintf("document.querySelector(%q)", card(replica)))
	if g.leader(t) == f { // a busy machine may have had it elected meanwhile
		follower.ok(t, "raft-yield/"+strings.Replace(g.ports[(f+1)%len(g.ports)], ":", "%3A", 1))
	}
	s.Await("that the page names its manager's role", `document.querySelector(".l-live") && document.querySelector("#live-facts").textContent.includes("follower")`)

	s.AwaitText(".panel .gates .g-y", "leads, and may recover")
	s.Click(card(replica))
	s.ClickText("Downtime…")
	s.Await("the field for the reason", `document.activeElement.matches("dialog input[type=text]")`)
	s.Type("new disks")
	s.ClickText("Begin")
	s.AwaitText(".panel .notyet", "new disks")
	for _, n := range g.nodes {
		n.await(t, "the downtime on every manager", func() bool {
			_, text := n.get(t, "/api/v2/instances/"+replica)
			hold := into[v2.Server](t, []byte(text)).Downtime
			return hold != nil && hold.Reason == "new disks"
		})
	}
	s.Click(card(replica))
	s.ClickText("Downtime…")
	s.ClickText("End it now")
	s.Await("the end of the downtime", `!document.querySelector("dialog[open]") && !document.querySelector(".panel .notyet")`)
	s.Key("Escape")

	s.ClickText("Planned switchover")
	s.Await("the plan", `document.querySelector(".plan[data-state=planned] .winners")`)
	s.runPlan()
	s.Await("the new primary in the tree", fmt.Sprintf(`document.querySelector(".card.primary")?.dataset.id === %q`, replica))
	s.Key("Escape")

	others := []int{}
	for k := range g.nodes {
		if k != f {
			others = append(others, k)
			g.kill(t, k)
		}
	}
	s.AwaitText(".banner.bn-crit", "Nobody leads.")
	s.AwaitText(".switch", "cannot act")
	s.AwaitText(".panel .verdict", "no quorum")
	s.AwaitText(".panel .gates .g-n", "No quorum: no manager leads")
	s.Await("that nothing is offered", `document.querySelector(".switch").disabled && document.querySelector(".c-act").disabled && document.querySelector(".c-act").title !== ""`)
	s.picture("no-quorum")
	for _, k := range others {
		g.start(t, k)
	}
	s.Await("the forecast of before", `!document.querySelector(".panel .verdict").innerText.includes("no quorum")`)
	s.Await("that everything is offered again", `!document.querySelector(".banner.bn-crit") && !document.querySelector(".switch").disabled && !document.querySelector(".c-act").disabled`)
}
