package main

import (
	"fmt"
	"testing"

	"orchestrator/internal/web/webtest"
)

// TestWebManagersAmongThemselves looks at the managers from one that follows: what they measured and tell of each other, that
// another one leads by a plan, that a removal which would cost the quorum is refused, and that of a dead one is done.
func TestWebManagersAmongThemselves(t *testing.T) {
	t.Parallel()
	g := startRaft(t, 3)
	f := g.follower(t)
	s := &treeSession{g.nodes[f], webtest.Open(t, g.nodes[f].url+"/web/nodes", webtest.Allow("status of"), webtest.Allow("ERR_")), t}
	s.AwaitText(".hero .big", "3 of 3 managers are here.")
	s.Await("all round trips", `document.querySelectorAll(".ring line").length === 3`)
	s.Await("what all tell of themselves", `document.querySelectorAll(".node").length === 3 && [...document.querySelectorAll(".node")].every((n) => n.innerText.includes("SQLite ") && !n.innerText.includes("unknown"))`)
	for _, text := range []string{"All have the same version", "The clocks agree", "The disks have room", "Addresses are resolved at every connection"} {
		s.AwaitText(".gates", text)
	}
	card := func(address string) string {
		return fmt.Sprintf(`[...document.querySelectorAll(".node")].find((n) => n.getAttribute("aria-label") === %q)`, address)
	}
	press := func(address, text string) {
		t.Helper()
		find := fmt.Sprintf(`[...%s.querySelectorAll("button")].find((b) => b.innerText === %q && !b.disabled)`, card(address), text)
		s.Await(text+" of "+address, card(address)+" && "+find)
		webtest.Value[bool](s.Page, find+".click() === undefined")
	}
	next := g.ports[f]
	press(next, "Make leader…")
	s.AwaitText(".plan .notyet", "Nothing has been changed yet")
	s.ClickText("Let " + next + " lead")
	s.Await("that it leads, and that the plan has ended", fmt.Sprintf(`document.querySelector(".node.leader")?.getAttribute("aria-label") === %q && document.querySelector(".plan[data-state=done]")`, next))
	s.Key("Escape")

	dead, left := (f+1)%len(g.nodes), (f+2)%len(g.nodes)
	g.kill(t, dead)
	s.AwaitText(".hero", "If one more fails, nobody decides")
	press(g.ports[left], "Remove…")
	s.AwaitText(".plan .v-crit", "would cost the quorum: 1 of the remaining 2 votes are here, and 2 are needed")
	s.ClickText("Close")
	press(g.ports[dead], "Remove…")
	s.AwaitText(".plan", "afterwards 2 of 2 votes are here and 2 are needed: none may fail")
	s.ClickText("Remove " + g.ports[dead])
	s.AwaitText(".hero .big", "2 of 2 managers are here.")
	s.Await("that the dead one is gone", `document.querySelectorAll(".node").length === 2`)
	s.Key("Escape")

	s.Go(g.nodes[f].url + "/web/config?q=RaftNodes")
	s.AwaitText(".c-places", "orchestrator.conf.json:")
	s.Await("where the keys of a finding stand, leading to the key", `[...document.querySelectorAll(".c-where a")].some((a) => a.textContent.endsWith("orchestrator.conf.json:1") && new URL(a.href).searchParams.get("q") === "BackendDB")`)
	s.ClickText("Compare the managers")
	s.AwaitText("main", "2 managers have the same configuration.")
	s.ClickText("Read it again…")
	s.AwaitText("dialog[open]", "Nothing: the files say what is in force.")
}
