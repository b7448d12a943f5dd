package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/web/webtest"
)

// sentences of the page that several tests wait for.
const (
	wouldNot = "It would not fail over"
	followIt = `.nav a[href$="/audit-recovery"]`
)

// recoveries is how many have succeeded.
func (s *treeSession) recoveries() int {
	s.t.Helper()
	status, text := s.get(s.t, "/api/v2/recoveries?state=succeeded")
	if status != http.StatusOK {
		s.t.Fatalf("%d %s", status, text)
	}
	return into[v2.Page[v2.Recovery]](s.t, []byte(text)).Total
}

// awaitHeld waits until the newest detection of a server is on record as held back by a rule.
func (s *treeSession) awaitHeld(server, rule string) {
	s.t.Helper()
	s.await(s.t, "the detection of "+server+" held back by "+rule, func() bool {
		status, text := s.get(s.t, "/api/v2/detections")
		if status != http.StatusOK {
			s.t.Fatalf("%d %s", status, text)
		}
		list := into[v2.Page[v2.Detection]](s.t, []byte(text)).Items
		n := slices.IndexFunc(list, func(d v2.Detection) bool { return d.Server == server && d.Actionable })
		return n >= 0 && list[n].Held != nil && list[n].Held.Rule == rule && list[n].Recovery == 0
	})
}

// awaitRecoveries waits until so many have succeeded.
func (s *treeSession) awaitRecoveries(n int) {
	s.t.Helper()
	s.await(s.t, fmt.Sprintf("recovery %d", n), func() bool { return s.recoveries() >= n })
}

// pressIn clicks the button of a text within an element, such as one rule among several.
func (s *treeSession) pressIn(selector, text string) {
	s.t.Helper()
	find := fmt.Sprintf(`[...document.querySelectorAll(%q)].find((e) => e.innerText.trim() === %q && !e.disabled)`, selector+" button", text)
	s.Await(text+" in "+selector, find)
	webtest.Value[bool](s.Page, find+".click() === undefined")
}

// TestWebIntermediateDies: a source in the middle of the tree dies; the page shows its replicas below another server, and
// the record of it, without being loaded anew. Nobody's writes were concerned, and the record says so.
func TestWebIntermediateDies(t *testing.T) {
	t.Parallel()
	c, p := startTree(t, 4, "")
	a, middle, leaf := c.Node(0).Addr(), c.Node(1).Addr(), c.Node(3).Addr()
	must(t, c.Node(0).Exec(t.Context(), "CREATE DATABASE shop")) // so that there is a position to find again
	s := &treeSession{p, webtest.Open(t, p.url+"/web/cluster/alias/orders"), t}
	s.carryOutMove(leaf, middle)
	s.awaitSource(leaf, middle)
	s.Await("the leaf to the right of the middle", fmt.Sprintf("parseFloat(document.querySelector(%q).style.left) > parseFloat(document.querySelector(%q).style.left)", card(leaf), card(middle)))
	webtest.Value[bool](s.Page, `(window.sameDocument = true)`)

	s.ClickText("Forecast")
	s.ClickText(middle + " dies")
	s.AwaitText(".hero", middle+" failed now (DeadIntermediateMaster")
	s.AwaitText(".hero .big", "It would be repaired")
	s.ClickText("Topology")

	must(t, c.Node(1).Kill())
	s.awaitRecoveries(1)
	s.Await("the dead one is shown as critical", fmt.Sprintf(`document.querySelector(%q).querySelector(".m-crit")`, card(middle)))
	if source := s.server(leaf).Source; source == middle || source == "" {
		t.Fatalf("%s replicates from %q", leaf, source)
	}
	s.Await("the leaf beside the living", fmt.Sprintf(`document.querySelector(%q).getAttribute("aria-label").includes("replica of") && !document.querySelector(%q).getAttribute("aria-label").includes(%q)`, card(leaf), card(leaf), "replica of "+middle))
	s.Await("the primary is who it was", fmt.Sprintf(`document.querySelector(".card.primary").dataset.id === %q`, a))
	s.picture("intermediate")

	s.Click(followIt)
	s.Click(`table.list a[href*="audit-recovery/uid/"]`)
	done := s.recovery(t)
	s.AwaitText(".hero .big", done.Headline)
	s.AwaitText(".r-facts", "not concerned")
	if !strings.HasPrefix(done.Code, "DeadIntermediateMaster") || strings.Contains(done.Headline, "Writes were back") || done.Outage != nil {
		t.Errorf("%s: %s %+v", done.Code, done.Headline, done.Outage)
	}
	if !webtest.Value[bool](s.Page, `window.sameDocument === true`) {
		t.Error("the page was loaded anew")
	}
}

// TestWebWouldItAct answers from the page alone why nothing is done, and has it done: a primary dies while automatic
// recovery is off; its successor dies while the recovery of that still blocks the next one.
func TestWebWouldItAct(t *testing.T) {
	t.Parallel()
	c, p := startTree(t, 4, `, "RecoveryPeriodBlockSeconds": 3600`)
	first := c.Node(0)
	s := &treeSession{p, webtest.Open(t, p.url+"/web/cluster/alias/orders?tab=forecast"), t}
	s.AwaitText(".board-top", "Would it act by itself? Yes.")

	t.Run("switched off, the dead primary stays, and the page says by which rule", func(t *testing.T) {
		s.Click(".switch")
		s.ClickText("until I turn it on")
		s.ClickText("Turn automatic recovery off")
		s.AwaitText(".banner", "Automatic recovery is off everywhere.")
		s.AwaitText(".board-top", "Would it act by itself? No.")
		must(t, first.Kill())
		s.AwaitText(".hero", first.Addr()+" has failed (DeadMaster)")
		s.AwaitText(".hero .big", wouldNot)
		s.AwaitText(".gates .g-n", "Recoveries are switched off globally")
		s.awaitHeld(first.Addr(), "disabled")
		s.picture("would-not")
		if n := s.recoveries(); n != 0 {
			t.Errorf("%d recoveries although they are off", n)
		}
	})
	t.Run("the rule's own button turns it on, and it acts", func(t *testing.T) {
		s.pressIn(".gates .g-n", "Turn automatic recovery on…")
		s.runPlan()
		s.awaitRecoveries(1)
		s.Await("no banner", `!document.querySelector(".banner")`)
	})
	var second *sandbox.Node
	t.Run("a second failure within the period is held back, by name and with its end", func(t *testing.T) {
		successor := s.recovery(t).Successor
		for _, n := range c.Nodes() {
			if n.Addr() == successor {
				second = n
			}
		}
		if second == nil {
			t.Fatalf("%q took over, which is none of the servers", successor)
		}
		s.Go(p.url + "/web/cluster/instance/" + strings.ReplaceAll(successor, ":", "/") + "?tab=forecast")
		s.AwaitText(".gates .g-n", "a short time ago")
		must(t, second.Kill())
		s.AwaitText(".hero", successor+" has failed (DeadMaster)")
		s.AwaitText(".gates .g-n", "RecoveryPeriodBlockSeconds")
		s.AwaitText(".gates .g-n", "until")
		s.AwaitText(".c-head", "an earlier recovery blocks it")
		s.AwaitText(".c-head", "The block ends")
		s.awaitHeld(successor, "blocked")
		s.picture("blocked")
		if n := s.recoveries(); n != 1 {
			t.Errorf("%d recoveries within the period", n)
		}
	})
	t.Run("acknowledged, it is unblocked and repaired", func(t *testing.T) {
		s.pressIn(".c-head", "Acknowledge it and go on…")
		s.Await("the field for the reason", `document.activeElement.matches("dialog input")`)
		s.Type("seen, go on")
		s.ClickText("Show the plan")
		s.runPlan()
		s.awaitRecoveries(2)
		if last := s.recovery(t); last.Failed != second.Addr() || last.Successor == "" || last.Successor == first.Addr() {
			t.Errorf("%s failed, and %q took over", last.Failed, last.Successor)
		}
		s.Click(followIt)
		s.Await("both recoveries", `document.querySelectorAll('table.list a[href*="audit-recovery/uid/"]').length === 2`)
	})
}
