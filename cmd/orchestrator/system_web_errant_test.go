package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
	"orchestrator/internal/web/webtest"
)

// TestWebErrant follows what a replica holds and its source never had, from the page alone: what it is and what it did,
// what would be done about it, and that it is over.
func TestWebErrant(t *testing.T) {
	t.Parallel()
	c := sandboxtest.New(t, sandbox.Options{Flavor: sandbox.MySQL, GTID: true, Nodes: 3, ExtraOptions: map[string]string{"plugin-load-add": "mysql_clone.so"}})
	p := startProcess(t, webKeys("orders"))
	p.ok(t, fmt.Sprintf("discover/127.0.0.1/%d", c.Node(0).Port))
	p.await(t, "all servers", func() bool {
		status, text := p.get(t, "/api/v2/clusters/orders")
		var cluster v2.Cluster
		return status == http.StatusOK && json.Unmarshal([]byte(text), &cluster) == nil && len(cluster.Members) == 3
	})
	must(t, c.Node(0).Exec(t.Context(), "CREATE DATABASE shop")) // a source that never wrote has no set to compare with
	first, second := c.Node(1), c.Node(2)
	must(t, first.Exec(t.Context(), "SET GLOBAL super_read_only=0", "CREATE DATABASE stray", "CREATE TABLE stray.cards (number INT)", "INSERT INTO stray.cards VALUES (4711)"))
	must(t, second.Exec(t.Context(), "SET GLOBAL super_read_only=0", "CREATE DATABASE astray"))
	s := &treeSession{p, webtest.Open(t, p.url+"/web/cluster/alias/orders"), t}

	of := func(n *sandbox.Node) string { return fmt.Sprintf(`.errant[data-server=%q]`, n.Addr()) }
	s.await(t, "both to be noticed", func() bool { return s.server(first.Addr()).Errant != "" && s.server(second.Addr()).Errant != "" })
	s.Click(card(first.Addr()))
	s.ClickText("What to do")
	s.AwaitText(of(first), "3 transactions")
	s.AwaitText(of(first), "written on")
	s.AwaitText(of(first), "CREATE DATABASE stray")
	s.AwaitText(of(first), "stray.cards")
	s.AwaitText(of(second), "CREATE DATABASE astray")
	if webtest.Value[bool](s.Page, `document.body.innerText.includes("4711")`) {
		t.Error("a value of a row is shown")
	}
	s.picture("errant")

	s.pressIn(of(first), "Look again") // it is real: nothing changes
	s.runPlan()
	s.Key("Escape")
	s.Await("it is still there", fmt.Sprintf("document.querySelector(%q)", of(first)))

	t.Run("empty transactions on the primary", func(t *testing.T) {
		s.t = t
		s.chooseErrant(of(first), "Commit empty transactions on the primary")
		s.confirmPlan("orders", "made known to all")
		s.AwaitText(".errant-over", first.Addr()+" holds nothing any more")
		if set := s.server(first.Addr()).Errant; set != "" {
			t.Errorf("%s is still errant", set)
		}
	})
	t.Run("forgotten on the replica", func(t *testing.T) {
		s.t = t
		s.Key("Escape")
		s.chooseErrant(of(second), "Forget them here")
		s.confirmPlan("orders", "the database is dropped by hand")
		s.AwaitText(".errant-over", second.Addr()+" holds nothing any more")
		if set := s.server(second.Addr()).Errant; set != "" {
			t.Errorf("%s is still errant", set)
		}
		s.await(t, "the replica to replicate again", func() bool { return s.server(second.Addr()).Status == "ok" })
	})
	s.picture("errant-over")
	t.Run("rebuilt from the other replica", func(t *testing.T) {
		s.t = t
		s.Key("Escape")
		must(t, first.Exec(t.Context(), "CREATE DATABASE adrift"))
		s.Await("the servers to have been asked", fmt.Sprintf(`document.querySelector(%q)`, of(first)+" [data-choice=rebuild] button:enabled"))
		s.chooseErrant(of(first), "Rebuild it from another server")
		s.Await("the other replica to be the best", fmt.Sprintf(`document.querySelector("dialog[open] .winners input:checked")?.value === %q`, second.Addr()))
		s.picture("errant-donors")
		s.Click("dialog[open] [type=submit]")
		s.AwaitText(".plan[data-state=planned]", "serves nobody until it is done")
		s.picture("errant-rebuild")
		s.Click(".plan input[name=confirm]")
		s.Type("orders")
		s.Click(".plan input[name=reason]")
		s.Type("equal data again")
		s.Click(".plan .pn-foot [type=submit]")
		must(t, first.StartAgain(t.Context())) // nobody supervises it
		s.Await("its end", `document.querySelector(".plan[data-state=done]")`)
		s.AwaitText(".errant-over", first.Addr()+" holds nothing any more")
		var n int
		must(t, first.Scan(t.Context(), "SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME IN ('adrift', 'stray')", &n))
		if is := s.server(first.Addr()); n != 0 || is.Errant != "" || is.Source != c.Node(0).Addr() {
			t.Errorf("%d of its own databases are left, errant %q, below %s", n, is.Errant, is.Source)
		}
		s.await(t, "it to replicate again", func() bool { return s.server(first.Addr()).Status == "ok" })
	})
	t.Run("accepted, which is known after a restart, and taken back", func(t *testing.T) {
		s.t = t
		s.Key("Escape")
		must(t, second.Exec(t.Context(), "CREATE DATABASE cache"))
		s.chooseErrant(of(second), "Accept them")
		s.Click("dialog[open] textarea")
		s.Type("a cache of this server alone")
		s.pressIn("dialog[open]", "Show the plan")
		s.runPlan()
		s.AwaitText(fmt.Sprintf(`.errant-accepted[data-server=%q]`, second.Addr()), "a cache of this server alone")
		if is := s.server(second.Addr()); is.Errant != "" || is.Status != "ok" || is.Accepted == nil || is.Accepted.Set == "" {
			t.Errorf("%+v", is)
		}
		s.picture("errant-accepted")

		s.Go("about:blank") // it would say that nobody answers
		p.stop(t)
		again := launchProcess(t, p.dir, webKeys("orders"))
		again.awaitLog(t, "INFO listening ")
		is := func() (i v2.ServerDetail) {
			if status, text := again.get(t, "/api/v2/instances/"+second.Addr()); status == http.StatusOK {
				must(t, json.Unmarshal([]byte(text), &i))
			}
			return i
		}
		again.await(t, "it to be accepted still", func() bool {
			i := is()
			return i.Accepted != nil && i.Accepted.Reason == "a cache of this server alone" && i.Errant == "" && i.Status == "ok"
		})
		must(t, second.Exec(t.Context(), "CREATE DATABASE later"))
		again.await(t, "what came later to be a finding", func() bool {
			i := is()
			return i.Errant != "" && i.Accepted != nil && i.Errant != i.Accepted.Set && i.Status == "warn"
		})
		again.ok(t, fmt.Sprintf("gtid-errant-withdraw/127.0.0.1/%d", second.Port))
		again.await(t, "all of it to be a finding again", func() bool { return is().Accepted == nil })
	})
}

// chooseErrant asks for the plan of one of the choices about errant transactions.
func (s *treeSession) chooseErrant(section, title string) {
	s.t.Helper()
	find := fmt.Sprintf(`[...document.querySelectorAll(%q)].find((li) => li.querySelector("b")?.innerText === %q)?.querySelector("button")`, section+" .choices li", title)
	s.Await(title, find)
	webtest.Value[bool](s.Page, find+".click() === undefined")
}

// confirmPlan types what a plan asks for before it may run, runs it, and waits for its end.
func (s *treeSession) confirmPlan(confirm, reason string) {
	s.t.Helper()
	s.Await("the plan that asks to be confirmed", `document.querySelector(".plan[data-state=planned] input[name=confirm]")`)
	if !webtest.Value[bool](s.Page, `document.querySelector(".plan .pn-foot [type=submit]").disabled`) {
		s.t.Error("it could be run without being confirmed")
	}
	s.Click(".plan input[name=confirm]")
	s.Type(confirm)
	s.Click(".plan input[name=reason]")
	s.Type(reason)
	s.runPlan()
}
