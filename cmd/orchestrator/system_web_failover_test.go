package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
	"orchestrator/internal/web/webtest"
)

// webKeys let the service discover and repair the sandbox's servers, and name their cluster.
func webKeys(alias string) string {
	return fmt.Sprintf(`"MySQLTopologyUser": %q, "MySQLTopologyPassword": %q, "DiscoverByShowSlaveHosts": true, "AuditToBackendDB": true, 
		"RecoverMasterClusterFilters": ["*"], "RecoverIntermediateMasterClusterFilters": ["*"], "DetectClusterAliasQuery": %q`,
		sandbox.UserOrc, sandbox.Password(sandbox.UserOrc), "SELECT '"+strings.ReplaceAll(alias, "'", "''")+"'")
}

// recovery is the newest one, whole.
func (s *serviceProcess) recovery(t *testing.T) v2.RecoveryDetail {
	t.Helper()
	_, text := s.get(t, "/api/v2/recoveries")
	list := into[v2.Page[v2.Recovery]](t, []byte(text))
	if len(list.Items) == 0 {
		t.Fatal("there is no recovery")
	}
	_, text = s.get(t, "/api/v2/recoveries/"+list.Items[0].UID)
	return into[v2.RecoveryDetail](t, []byte(text))
}

// TestWebFirstDayAndFailover: an empty installation says what to do; a server that is named becomes a cluster on the
// dashboard; when its primary dies, the page shows it without being loaded anew, and its record is that of the audit.
func TestWebFirstDayAndFailover(t *testing.T) {
	t.Parallel()
	c := sandboxtest.New(t, sandbox.Options{Flavor: sandbox.MariaDB, GTID: true, Nodes: 3})
	s := startProcess(t, webKeys("orders"))
	p := webtest.Open(t, s.url+"/web/")

	p.AwaitText(".firstday", "Name one server per cluster.")
	p.AwaitText(".gates", "No server is known")
	if p.Await("the address of the start", `location.pathname === "/web/clusters"`); !webtest.Value[bool](p, `document.querySelector("button[type=submit]").disabled`) {
		t.Error("nothing is named, and it can be discovered")
	}
	p.Click(".firstday textarea")
	p.Type(c.Node(0).Addr() + "\n127.0.0.1:1")
	p.ClickText("Discover 2 servers")
	// The form gives way to the dashboard as soon as there is a cluster.
	p.AwaitText(".row", "orders")
	p.AwaitText(".row", "All 3 servers are fine.")
	p.Await("the tree of three", `document.querySelectorAll(".row .spark use").length === 3`)
	p.AwaitText(".row .r-fc", "ms")
	webtest.Value[bool](p, `(window.sameDocument = true)`)

	dead := c.Node(0).Addr()
	tree := &treeSession{s, webtest.Open(t, s.url+"/web/cluster/alias/orders"), t}
	unnamed := &treeSession{s, webtest.Open(t, s.url+"/web/cluster/"+dead), t}
	for _, page := range []*treeSession{tree, unnamed} {
		page.Await("the cards", `document.querySelectorAll(".card").length === 3 && document.querySelector(".l-live")`)
		page.rememberCards()
	}

	must(t, c.Node(0).Kill())
	p.Await("the recovery in the menu", `[...document.querySelectorAll(".nav a")].some((a) => a.innerText.includes("Recoveries") && /\d/.test(a.innerText))`)
	var done v2.RecoveryDetail
	s.await(t, "the end of the recovery", func() bool {
		status, text := s.get(t, "/api/v2/recoveries?state=succeeded")
		if status != http.StatusOK || into[v2.Page[v2.Recovery]](t, []byte(text)).Total == 0 {
			return false
		}
		done = s.recovery(t)
		return len(done.Steps) > 0 && done.Ended != nil
	})
	p.Click(`.nav a[href$="/audit-recovery"]`)
	p.Await("the one recovery", `[...document.querySelectorAll("table.list tbody a")].some((a) => a.href.includes("audit-recovery/uid/"))`)
	p.Click(`table.list a[href*="audit-recovery/uid/"]`)
	p.AwaitText(".hero .big", done.Headline)
	if done.Outage == nil || done.Outage.Took == nil || *done.Outage.Took <= 0 || !strings.HasPrefix(done.Headline, "Writes were back after ") || done.Took == nil || *done.Took < *done.Outage.Took {
		t.Errorf("%+v took %v: %s", done.Outage, done.Took, done.Headline)
	}
	tree.followedFailover(dead, done)
	unnamed.followedFailover(dead, done)
	webtest.Value[bool](p, `(window.numbers = () => [...document.querySelectorAll(".f-row .ms")].map((e) => e.innerText), true)`)
	for n, shown := range webtest.Value[[]string](p, `window.numbers()`) {
		if want := asShown(*done.Steps[n].Took); shown != want {
			t.Errorf("step %d is said to have taken %s; the record says %s", n+1, shown, want)
		}
	}
	p.AwaitText(".outband", asShown(*done.Outage.Took))
	bars := webtest.Value[[]string](p, `[...document.querySelectorAll(".f-row")].map((row) => row.querySelector(".ft").title + "|" + row.querySelector(".m").getAttribute("aria-label"))`)
	if len(bars) != len(done.Steps) {
		t.Fatalf("%d bars for %d steps", len(bars), len(done.Steps))
	}
	for n, step := range done.Steps {
		want := step.Action + "|" + map[string]string{"done": "done", "failed": "failed", "skipped": "left out"}[step.State]
		if bars[n] != want {
			t.Errorf("step %d is shown as %q, and is %q", n+1, bars[n], want)
		}
	}
	p.ClickText("Log")
	p.Await("all lines of the log", fmt.Sprintf(`[...document.querySelectorAll(".log tbody tr")].filter((row) => row.offsetParent).length >= %d`, len(done.Log)))

	p.ClickText("Acknowledge…")
	p.Await("the field for the comment", `document.activeElement.matches("dialog textarea")`)
	p.Type("a disk, replaced")
	p.ClickText("Acknowledge the recovery")
	p.AwaitText(".gates", "a disk, replaced")
	if ack := s.recovery(t).Acknowledged; ack == nil || ack.Comment != "a disk, replaced" {
		t.Errorf("%+v", ack)
	}
	if !webtest.Value[bool](p, `window.sameDocument === true`) {
		t.Error("the page was loaded anew")
	}
}

// asShown is a length of time, in milliseconds, as the page writes it.
func asShown(ms float64) string {
	switch {
	case ms < 1000:
		return fmt.Sprintf("%d ms", int(ms+.5))
	case ms < 10_000:
		return fmt.Sprintf("%.2f s", ms/1000)
	}
	return fmt.Sprintf("%.1f s", ms/1000)
}

// rememberCards has the page note how its cards look at each moment.
func (s *treeSession) rememberCards() {
	s.t.Helper()
	webtest.Value[bool](s.Page, `(() => {
		window.looks = {};
		const note = () => { for (const card of document.querySelectorAll(".card")) (window.looks[card.dataset.id] ??= new Set()).add(card.className) };
		new MutationObserver(note).observe(document.querySelector("main"), { subtree: true, childList: true, attributes: true, attributeFilter: ["class"] });
		note();
		return true })()`)
}

// followedFailover looks at a page of the cluster that was open while its primary died: the dead one's card said so, and the
// page shows the cluster below its new primary, not what is left of the old one.
func (s *treeSession) followedFailover(dead string, done v2.RecoveryDetail) {
	s.t.Helper()
	s.Await("the new primary", fmt.Sprintf(`document.querySelector(".card.primary")?.dataset.id === %q && !document.querySelector(%q)`, done.Successor, card(dead)))
	s.AwaitText("h1", "orders")
	if !webtest.Value[bool](s.Page, fmt.Sprintf(`[...window.looks[%q]].some((look) => look.includes("k-crit") || look.includes("k-run"))`, dead)) {
		s.t.Errorf("the card of %s never said that it was dead", dead)
	}
	s.picture("followed")
}
