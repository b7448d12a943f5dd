package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

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
	p.AwaitText(".gates", "No failure was rehearsed yet")
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
	tree.Before(watchesPaint)
	tree.Go(s.url + "/web/cluster/alias/orders")
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
	tree.paintedAtOnce(dead)
	s.agreesWithAudit(t, p, done)
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
	p.ClickText("Before / after")
	p.Await("the new primary above the other one", fmt.Sprintf(`document.querySelector(".past-tree[aria-label=After] li[data-fate=successor] > code")?.title === %q && document.querySelector("[aria-label=After] [data-fate=successor] [data-fate=moved]")`, done.Successor))
	p.Await("the old primary above both", fmt.Sprintf(`document.querySelectorAll(".past-tree[aria-label=Before] li[data-fate=failed] li").length === 2 && document.querySelector("[aria-label=Before] [data-fate=failed] > code").title === %q`, dead))
	p.ClickText("Evidence")
	p.AwaitText(".evidence", dead+" did not answer the last probe")
	if f := done.Found; f == nil || len(f.Servers) != 3 || len(f.Evidence) == 0 || f.LastSeen == nil {
		t.Errorf("%+v", f)
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

// watchesPaint has a page note when it hears of each event, which frame that was in, and which events came before.
const watchesPaint = `
	const { SharedWorker: Worker } = window;
	Object.assign(window, { heard: [], frames: 0, painted: [] });
	const count = () => { window.frames++; requestAnimationFrame(count) };
	requestAnimationFrame(count);
	window.moment = () => performance.timeOrigin + performance.now();
	window.SharedWorker = class extends Worker {
		constructor(...of) {
			super(...of);
			this.port.addEventListener("message", ({ data }) => {
				if (data.kind === "event") window.heard.push({ name: data.name, at: Date.parse(data.data.at), moment: window.moment(), frame: window.frames, members: (data.data.members ?? []).map((one) => one.key + " " + one.status) });
			});
		}
	};
	new MutationObserver(() => {
		for (const card of document.querySelectorAll(".card.k-crit, .card.k-run")) {
			if (window.painted.some((one) => one.id === card.dataset.id)) continue;
			const one = { id: card.dataset.id, changed: window.moment(), frame: window.frames, heard: window.heard.length, shown: 0 };
			window.painted.push(one);
			requestAnimationFrame(() => { const { port1, port2 } = new MessageChannel(); port1.onmessage = () => (one.shown = window.moment()); port2.postMessage(0) }); // after the frame
		}
	}).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["class"] });`

// paintedAtOnce looks at how the card of the dead server came to say so: by the first event that says it, within a frame, and
// nothing was asked in between. How long that took is printed: on a busy machine it is anything.
func (s *treeSession) paintedAtOnce(dead string) {
	s.t.Helper()
	type painted struct {
		ID             string
		Changed, Shown float64
		Frame, Heard   int
	}
	type heard struct {
		Name       string
		At, Moment float64
		Frame      int
		Members    []string
	}
	s.Await("the paint", fmt.Sprintf(`window.painted.some((one) => one.id === %q && one.shown)`, dead))
	var card painted
	for _, one := range webtest.Value[[]painted](s.Page, `window.painted`) {
		if one.ID == dead {
			card = one
		}
	}
	events := webtest.Value[[]heard](s.Page, `window.heard`)
	var says *heard
	for n := range events[:card.Heard] {
		for _, m := range events[n].Members {
			if says == nil && strings.HasPrefix(m, dead+" ") && !strings.HasSuffix(m, " ok") {
				says = &events[n]
			}
		}
	}
	if says == nil {
		s.t.Fatalf("the card changed without an event that says so: %+v of %+v", card, events)
	}
	if says.Name != "patch" || card.Frame-says.Frame > 1 {
		s.t.Errorf("%d frames from the event to the card: %+v, %+v", card.Frame-says.Frame, says, card)
	}
	asked := webtest.Value[[]string](s.Page, fmt.Sprintf(`performance.getEntriesByType("resource").filter((e) => e.name.includes("/api/v2/clusters/") && !e.name.endsWith("/history") && performance.timeOrigin + e.startTime > %f && performance.timeOrigin + e.responseEnd < %f).map((e) => e.name)`, says.Moment, card.Changed))
	if len(asked) > 0 {
		s.t.Errorf("the page asked before it showed what it was told: %q", asked)
	}
	s.t.Logf("from the server's event to the page %.1f ms, to the card %.1f ms, to the end of the frame that shows it %.1f ms", says.Moment-says.At, card.Changed-says.At, card.Shown-says.At)
}

// agreesWithAudit holds the waterfall that is shown, each step's length, beginning and place, to the audit of the old API and
// to the record of the new one.
func (s *serviceProcess) agreesWithAudit(t *testing.T, p *webtest.Page, done v2.RecoveryDetail) {
	t.Helper()
	_, text := s.get(t, "/api/audit-recovery-steps/"+done.UID)
	var audited []string // what the steps did, in the order of their ends
	for _, line := range into[[]struct{ Message string }](t, []byte(text)) {
		if strings.Contains(line.Message, ": done in ") {
			audited = append(audited, line.Message)
		}
	}
	ended := slices.Clone(done.Steps)
	ended = slices.DeleteFunc(ended, func(step v2.Step) bool { return step.State != "done" })
	if len(ended) == 0 || len(ended) != len(audited) {
		t.Fatalf("%d steps were done, and %d stand in the audit: %q", len(ended), len(audited), audited)
	}
	for _, step := range ended {
		took := time.Duration(*step.Took * float64(time.Millisecond)).Round(10 * time.Microsecond)
		want := fmt.Sprintf("%s: %s: done in %s", step.Server, step.Action, took)
		n := slices.IndexFunc(audited, func(line string) bool { return line == want || strings.HasPrefix(line, want+" (") })
		if n < 0 {
			t.Fatalf("step %d: the audit has no %q: %q", step.N, want, audited)
		}
		audited = slices.Delete(audited, n, n+1)
	}
	type row struct{ Step, Server, Says string }
	p.Await("all rows", fmt.Sprintf(`document.querySelectorAll(".f-row").length === %d`, len(done.Steps)))
	rows := webtest.Value[[]row](p, `[...document.querySelectorAll(".f-row")].map((row) => ({ Step: row.querySelector(".ft").title, Server: row.querySelector(".ft .muted").innerText, Says: row.querySelector(".f-t .vh").textContent }))`)
	for n, step := range done.Steps {
		says := asShown(*step.Took)
		if step.Started != nil {
			says = fmt.Sprintf("begins at %s, takes %s", asShown(max(0, float64(step.Started.Sub(*done.Started))/float64(time.Millisecond))), says)
		}
		if want := (row{step.Action, step.Server, says}); rows[n] != want {
			t.Errorf("row %d is %+v, want %+v", n+1, rows[n], want)
		}
	}
}
