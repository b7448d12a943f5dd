package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/web/webtest"
)

// forecast is what would happen if the primary died now.
func (s *treeSession) forecast() v2.Forecast {
	s.t.Helper()
	status, text := s.get(s.t, "/api/v2/clusters/orders/forecast")
	if status != http.StatusOK {
		s.t.Fatalf("%d %s", status, text)
	}
	return into[v2.Forecast](s.t, []byte(text))
}

// focusCard gives a card the focus of the keys.
func (s *treeSession) focusCard(address string) {
	s.t.Helper()
	webtest.Value[bool](s.Page, fmt.Sprintf("document.querySelector(%q).focus() === undefined", card(address)))
}

// awaitFocus waits until an element that a selector fits has the focus.
func (s *treeSession) awaitFocus(selector string) {
	s.t.Helper()
	s.Await("the focus at "+selector, fmt.Sprintf("document.activeElement?.matches(%q)", selector))
}

// TestWebDeclare declares things of real servers through the page: downtime, tags, promotion rules. Each shows at once, on
// the card as in the forecast; and the palette leads to what can be done.
func TestWebDeclare(t *testing.T) {
	t.Parallel()
	c, p := startTree(t, 4, "")
	a, b, d, e := c.Node(0).Addr(), c.Node(1).Addr(), c.Node(2).Addr(), c.Node(3).Addr()
	must(t, c.Node(0).Exec(t.Context(), "CREATE DATABASE shop"))
	s := &treeSession{p, webtest.Open(t, p.url+"/web/cluster/alias/orders"), t}
	for _, address := range []string{a, b, d, e} {
		s.Await("the card of "+address, fmt.Sprintf("document.querySelector(%q)", card(address)))
	}
	t.Run("downtime of one, of several, and its end", func(t *testing.T) { s.t = t; s.downtimes(b, d, e) })
	t.Run("tags, and the rule that the forecast follows", func(t *testing.T) { s.t = t; s.rules(b) })
	t.Run("the palette: ranking, an action with its object, and back", func(t *testing.T) { s.t = t; s.palette(a, b, d) })
}

func (s *treeSession) paused(address string) string {
	return fmt.Sprintf(`document.querySelector(%q).querySelector(".m-pause")`, card(address))
}

func (s *treeSession) downtimes(one, two, three string) {
	s.focusCard(one)
	s.Key("d")
	s.AwaitText("dialog[open]", "failures of these servers start nothing")
	s.awaitFocus("dialog input")
	if !webtest.Value[bool](s.Page, `document.querySelector("dialog input").required`) {
		s.t.Error("a downtime needs no reason")
	}
	s.Type("new disks")
	s.ClickText("4 hours")
	s.ClickText("Begin")
	s.Await("the card in downtime", s.paused(one))
	if is := s.server(one).Downtime; is == nil || is.Reason != "new disks" {
		s.t.Fatalf("%+v", is)
	}
	s.awaitFocus(card(one)) // where it came from
	s.AwaitText(".toast", "has begun")
	s.ClickText("Undo")
	s.Await("the card without downtime", "!"+s.paused(one))

	// Until a moment, which the field names in the time of who looks.
	s.focusCard(one)
	s.Key("d")
	s.awaitFocus("dialog input")
	s.Type("until the evening")
	s.ClickText("until …")
	s.Await("the field", `document.querySelector("dialog input[type=datetime-local]:invalid")`)
	webtest.Value[bool](s.Page, `(() => {
		const field = document.querySelector("dialog input[type=datetime-local]"), then = new Date(Date.now() + 3 * 3600e3);
		field.value = new Date(then.getTime() - then.getTimezoneOffset() * 60e3).toISOString().slice(0, 16);
		return field.dispatchEvent(new Event("input", { bubbles: true }));
	})()`)
	s.ClickText("Begin")
	s.Await("the card in downtime again", s.paused(one))
	if is := s.server(one).Downtime; is == nil || is.End == nil || is.Begin == nil || is.End.Sub(*is.Begin).Round(time.Hour) != 3*time.Hour {
		s.t.Errorf("%+v", is)
	}
	s.ClickText("Undo")
	s.Await("the card without it", "!"+s.paused(one))

	s.ClickText("Table")
	for _, address := range []string{two, three} {
		s.Click(fmt.Sprintf(`input[type=checkbox][aria-label*=%q]`, address))
	}
	s.AwaitText(".panel", "2 servers selected")
	s.ClickText("Downtime…")
	s.awaitFocus("dialog input")
	s.Type("moving house")
	s.ClickText("Begin")
	s.await(s.t, "both in downtime", func() bool { return s.server(two).Downtime != nil && s.server(three).Downtime != nil })
	s.ClickText("Tree")
	s.Await("both cards in downtime", s.paused(two)+" && "+s.paused(three))
	if s.server(one).Downtime != nil {
		s.t.Error("a server that was not selected is in downtime")
	}
	s.picture("downtime")
	s.ClickText("Downtime…")
	s.ClickText("End it now")
	s.Await("no card in downtime", "!"+s.paused(two)+" && !"+s.paused(three))
}

func (s *treeSession) rules(address string) {
	s.Go(s.url + "/web/cluster/alias/orders?sel=" + url.QueryEscape(address))
	s.Await("the card", fmt.Sprintf("document.querySelector(%q)", card(address)))
	s.focusCard(address)
	s.Key("t")
	s.awaitFocus("dialog input")
	s.Type("tier=1")
	s.ClickText("Add")
	s.AwaitText("dialog .taglist", "tier=1")
	if webtest.Value[bool](s.Page, `[...document.querySelector("dialog datalist").options].some((one) => one.value === "tier=1")`) {
		s.t.Error("a tag that it has is offered")
	}
	s.Key("Escape")
	s.Await("no dialog", `!document.querySelector("dialog[open]")`)
	s.AwaitText(".panel .tag", "tier=1")
	s.Go(s.url + "/web/clusters?q=" + url.QueryEscape("tag:tier=1"))
	s.AwaitText(".row", "orders")
	s.Go(s.url + "/web/clusters?q=" + url.QueryEscape("tag:tier=2"))
	s.AwaitText("main", "No cluster fits the filter.")

	// Who would be promoted is not any more; the page that is open says so without being asked.
	s.Go(s.url + "/web/cluster/alias/orders")
	before := s.forecast().Successor
	s.AwaitText(".panel .verdict", before+" takes over")
	other := webtest.Open(s.t, s.url+"/web/cluster/alias/orders?tab=forecast")
	other.AwaitText(".hero", before+" takes over")
	s.Click(card(before))
	s.ClickText("Change")
	s.Click(`dialog .winners label:last-child input`)
	s.ClickText("Set the rule")
	s.await(s.t, "another successor", func() bool { return s.forecast().Successor != before })
	after := s.forecast()
	other.AwaitText(".hero", after.Successor+" takes over")
	other.AwaitText(".matrix", "must_not")
	s.Click(".panel .pn-top [aria-label=Close]")
	s.AwaitText(".panel .verdict", after.Successor+" takes over")
	s.picture("rule")
}

func (s *treeSession) palette(primary, replica, target string) {
	s.Go(s.url + "/web/cluster/alias/orders?sel=" + url.QueryEscape(replica))
	s.AwaitText(".panel", "Replication")
	s.focusCard(replica)
	for _, c := range []struct{ typed, first string }{
		{"orders", "orders"}, {"ord", "orders"}, {replica, replica}, {strings.Split(replica, ":")[1], replica}, {"problems", "Problems"},
		{"move", "Move " + replica + " below …"}, {"audit", "Audit"}, {"begin down", "Begin downtime " + replica + "…"},
	} {
		s.Chord("k")
		s.awaitFocus("dialog.pal input")
		s.Await("actions", `[...document.querySelectorAll(".pal .pg h3")].some((h) => h.innerText === "Actions here")`)
		s.Type(c.typed)
		s.Await(fmt.Sprintf("%q as the first for %q", c.first, c.typed), fmt.Sprintf(`document.querySelector(".pi .pt")?.innerText === %q`, c.first))
		s.Key("Escape")
		s.Await("no palette", `!document.querySelector("dialog.pal")`)
		s.awaitFocus(card(replica))
	}
	s.Chord("k")
	s.awaitFocus("dialog.pal input")
	s.Await("actions", `[...document.querySelectorAll(".pal .pg h3")].some((h) => h.innerText === "Actions here")`)
	s.Type("move")
	s.Await("the action first", `document.querySelector(".pi[aria-selected=true] .pt")?.innerText.startsWith("Move ")`)
	s.Key("Enter")
	s.AwaitText(".pal-asked", "Move "+replica+" below …")
	s.Await("what is possible and what is not", `[...document.querySelectorAll(".pal .pg h3")].map((h) => h.innerText).join() === "Possible,Not possible" || document.querySelector(".pal .pg h3")?.innerText === "Possible"`)
	s.picture("palette")
	s.Type(target)
	s.Await("the one target", fmt.Sprintf(`document.querySelectorAll(".pi").length === 1 && document.querySelector(".pi .pt").innerText === %q`, target))
	if s.server(replica).Source != primary {
		s.t.Error("the palette has changed something")
	}
	s.Key("Enter")
	s.AwaitText(".plan h2", replica+" goes below "+target)
	s.runPlan()
	s.awaitSource(replica, target)
}
