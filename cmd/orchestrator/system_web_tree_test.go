package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
	"orchestrator/internal/web/webtest"
)

// treeSession is the page of a cluster of real servers.
type treeSession struct {
	*serviceProcess
	*webtest.Page
	t *testing.T
}

// card is the selector of a server's card.
func card(address string) string { return fmt.Sprintf("[data-id=%q]", address) }

// picture keeps what the window shows where WEBTEST_PICTURES names a folder, to be looked at.
func (s *treeSession) picture(name string) {
	dir := os.Getenv("WEBTEST_PICTURES")
	if dir == "" {
		return
	}
	must(s.t, os.WriteFile(filepath.Join(dir, name+".png"), s.Picture(), 0o644))
}

func (s *treeSession) server(address string) v2.Server {
	s.t.Helper()
	status, text := s.get(s.t, "/api/v2/instances/"+address)
	if status != http.StatusOK {
		s.t.Fatalf("%d %s", status, text)
	}
	return into[v2.Server](s.t, []byte(text))
}

// awaitSource waits until the service sees a replica below a source.
func (s *treeSession) awaitSource(replica, source string) {
	s.t.Helper()
	s.await(s.t, replica+" below "+source, func() bool { return s.server(replica).Source == source })
}

// runPlan pushes the button of the plan that is shown, and waits until it is done.
func (s *treeSession) runPlan() {
	s.t.Helper()
	s.Await("the button of the plan", "document.querySelector('.plan[data-state=planned] .pn-foot [type=submit]:not(:disabled)')")
	s.Click(".plan .pn-foot [type=submit]")
	s.Await("the end of the plan", "document.querySelector('.plan[data-state=done]')")
}

func startTree(t *testing.T, nodes int, keys string) (*sandbox.Cluster, *serviceProcess) {
	t.Helper()
	c := sandboxtest.New(t, sandbox.Options{Flavor: sandbox.MariaDB, GTID: true, Nodes: nodes})
	p := startProcess(t, fmt.Sprintf(`"MySQLTopologyUser": %q, "MySQLTopologyPassword": %q, "DiscoverByShowSlaveHosts": true, "AuditToBackendDB": true, "ReplicationLagQuery": "",
		"RecoverMasterClusterFilters": ["*"], "RecoverIntermediateMasterClusterFilters": ["*"], "DetectClusterAliasQuery": "SELECT 'orders'"%s`, sandbox.UserOrc, sandbox.Password(sandbox.UserOrc), keys))
	p.ok(t, fmt.Sprintf("discover/127.0.0.1/%d", c.Node(0).Port))
	p.await(t, "all servers", func() bool {
		status, text := p.get(t, "/api/v2/clusters/orders")
		var cluster v2.Cluster
		return status == http.StatusOK && json.Unmarshal([]byte(text), &cluster) == nil && len(cluster.Members) == nodes && cluster.Affected == 0
	})
	return c, p
}

// TestWebTree works on real servers through the page of their cluster alone.
func TestWebTree(t *testing.T) {
	t.Parallel()
	c, p := startTree(t, 4, "")
	a, b, d, e := c.Node(0).Addr(), c.Node(1).Addr(), c.Node(2).Addr(), c.Node(3).Addr()
	s := &treeSession{p, webtest.Open(t, p.url+"/web/cluster/alias/orders", webtest.Allow("status of 409")), t}
	for _, address := range []string{a, b, d, e} {
		s.Await("the card of "+address, fmt.Sprintf("document.querySelector(%q)", card(address)))
	}
	s.AwaitText(".panel h2", "died now")
	s.picture("tree")

	t.Run("drag a replica, run the plan, undo", func(t *testing.T) {
		s.dragOnto(e, d)
		s.picture("drag")
		s.AwaitText(".dragghost", "below "+d)
		s.Release(s.At(card(d), .7, .5))
		s.AwaitText(".plan h2", e+" goes below "+d)
		s.AwaitText(card(e), "until now below")
		s.picture("plan")
		s.runPlan()
		s.awaitSource(e, d)
		s.picture("done")
		s.focusCard(e)
		s.Key("u") // as the button Undo
		s.AwaitText(".plan h2", e+" goes below "+a)
		s.runPlan()
		s.awaitSource(e, a)
		s.putAway()
	})
	t.Run("a refused target shows its rule, by pointer and by keys", func(t *testing.T) {
		s.dragOnto(e, e)
		s.Await("the verdicts", "document.querySelector('.card.can')")
		s.Release(s.At(card(e), .7, .5))
		s.carryOutMove(d, e) // so that e may not go below d
		s.awaitSource(d, e)
		s.Await("the tree with "+d+" below "+e, fmt.Sprintf("parseFloat(document.querySelector(%q).style.left) > parseFloat(document.querySelector(%q).style.left)", card(d), card(e)))
		s.dragOnto(e, d)
		s.Await("the refusal", "document.querySelector('.dragghost.no')")
		s.AwaitText(".dragghost", "Rule: loop")
		s.picture("refused")
		s.Release(s.At(card(d), .7, .5))
		s.AwaitText(".toast", "Rule: loop")

		webtest.Value[bool](s.Page, fmt.Sprintf("document.querySelector(%q).focus() === undefined", card(e)))
		s.Key("m")
		s.Await("what is spoken", "document.getElementById('live').textContent.includes('possible source')")
		s.Key("Down")
		s.Await("the verdict that is spoken", fmt.Sprintf("document.getElementById('live').textContent.includes('Move ' + %q)", e))
		if over := webtest.Value[string](s.Page, "document.querySelector('.card.over').dataset.id"); over == d || over == e {
			t.Errorf("the keys lead to %s, which is not allowed", over)
		}
		s.Key("Escape")
		s.Await("nothing is moved any more", "!document.querySelector('.dragging')")
	})
	t.Run("a plan that the world has left behind is shown anew", func(t *testing.T) {
		s.dragOnto(b, e)
		s.AwaitText(".dragghost", "below "+e)
		s.Release(s.At(card(e), .7, .5))
		s.AwaitText(".plan h2", b+" goes below "+e)
		s.carryOutMove(d, a)
		s.awaitSource(d, a)
		s.Click(".plan .pn-foot [type=submit]")
		s.AwaitText(".plan", "The servers have changed")
		s.picture("outdated")
		if source := s.server(b).Source; source != a {
			t.Errorf("%s replicates from %s although the plan was outdated", b, source)
		}
		s.runPlan()
		s.awaitSource(b, e)
		s.putAway()
	})
	t.Run("planned switchover under writes", func(t *testing.T) {
		s.Go(p.url + "/web/cluster/" + a) // by its name, which becomes another one
		load := must2(sandbox.StartLoad(t.Context(), c.Addrs, sandbox.LoadOptions{}))
		defer load.Stop()
		s.ClickText("Planned switchover")
		s.Await("the plan of the switchover", "document.querySelector('.plan[data-state=planned] .winners')")
		s.picture("switchover")
		s.runPlan()
		s.picture("switched")
		s.Await("the new primary in the tree", fmt.Sprintf("(document.querySelector('.card.primary')?.dataset.id ?? %q) !== %q", a, a))
		winner := webtest.Value[string](s.Page, "document.querySelector('.card.primary').dataset.id")
		if s.server(winner).ReadOnly {
			t.Errorf("%s is shown as the primary, and is read-only", winner)
		}
		s.AwaitText("h1", "orders")
		s.AwaitText(".c-title", winner)
		must(t, load.AwaitCommitAt(t.Context(), winner))
		s.AwaitText(".c-title", "was "+a)
		s.Await("the new name in the address", fmt.Sprintf(`decodeURIComponent(location.pathname).endsWith(%q)`, "/cluster/"+winner))
	})
}

// dragOnto picks a server up and holds it over another one. Who misses a card that is gliding to its new place tries again.
func (s *treeSession) dragOnto(from, to string) {
	s.t.Helper()
	const verdicts = "!!document.querySelector('.card.cannot, .card.can')"
	for range 3 {
		start := s.At(card(from), .4, .5)
		s.Drag(start, start.Towards(s.At(card(to), .7, .5), .5), 4)
		if s.soon(verdicts) {
			break
		}
		s.Release(start)
	}
	s.Await("the verdicts", verdicts)
	s.Move(s.At(card(to), .69, .5))
	s.Move(s.At(card(to), .7, .5))
}

// putAway closes the plan that has been carried out. What stands above it on the page is closed first, by the same key.
func (s *treeSession) putAway() {
	s.t.Helper()
	const gone = "!document.querySelector('.plan')"
	for range 3 {
		s.Key("Escape")
		if s.soon(gone) {
			return
		}
	}
	s.Await("the plan to be put away", gone)
}

// soon says whether something becomes true on the page within a second or two.
func (s *treeSession) soon(holds string) bool {
	for late := time.Now().Add(2 * time.Second); time.Now().Before(late); time.Sleep(10 * time.Millisecond) {
		if webtest.Value[bool](s.Page, holds) {
			return true
		}
	}
	return false
}

// carryOutMove moves a server as somebody else would.
func (s *treeSession) carryOutMove(replica, source string) {
	s.t.Helper()
	path := strings.ReplaceAll(fmt.Sprintf("relocate/%s/%s", replica, source), ":", "/")
	s.ok(s.t, path)
}

// TestWebReadOnly looks at the page as somebody who may only look: no way leads to a change.
func TestWebReadOnly(t *testing.T) {
	t.Parallel()
	c, p := startTree(t, 2, "")
	look := startProcess(t, fmt.Sprintf(`"MySQLTopologyUser": %q, "MySQLTopologyPassword": %q, "DiscoverByShowSlaveHosts": true, "ReadOnly": true, "DetectClusterAliasQuery": "SELECT 'orders'", "DiscoverySeeds": [%q]`,
		sandbox.UserOrc, sandbox.Password(sandbox.UserOrc), c.Node(0).Addr()))
	p.stop(t)
	look.await(t, "the cluster", func() bool {
		status, text := look.get(t, "/api/v2/clusters/orders")
		return status == http.StatusOK && strings.Contains(text, c.Node(1).Addr())
	})
	replica := c.Node(1).Addr()
	s := &treeSession{look, webtest.Open(t, look.url+"/web/cluster/alias/orders?sel="+replica, webtest.Allow("status of 403")), t}
	s.Await("the card", fmt.Sprintf("document.querySelector(%q)", card(replica)))
	s.AwaitText(".panel", "Replication")
	s.picture("readonly")
	start := s.At(card(replica), .4, .5)
	s.Drag(start, start.Towards(s.At(card(c.Node(0).Addr()), .7, .5), 1), 4)
	s.Release(start)
	webtest.Value[bool](s.Page, fmt.Sprintf("document.querySelector(%q).focus() === undefined", card(replica)))
	for _, key := range []string{"m", "p", "d", "t", "u"} {
		s.Key(key)
	}
	s.Chord("k")
	s.Type("downtime")
	s.Await("what the palette finds", `document.querySelector("dialog.pal[open] .pal-list, dialog.pal[open] [role=listbox]")`)
	if offered := webtest.Value[[]string](s.Page, `[...document.querySelectorAll(".pi .pt")].map((e) => e.innerText).filter((text) => /downtime|move|promote/i.test(text))`); len(offered) > 0 {
		t.Errorf("the palette offers %q to somebody who may only look", offered)
	}
	s.Key("Escape")
	s.Await("no palette", `!document.querySelector("dialog.pal")`)
	for _, what := range []string{".dragging", ".dragghost", "dialog[open]", ".pn-acts", ".c-act", ".grip", ".plan"} {
		if webtest.Value[bool](s.Page, fmt.Sprintf("document.querySelector(%q) !== null", what)) {
			t.Errorf("%s is there for somebody who may only look", what)
		}
	}
	// Nor does the service take what the page does not offer.
	for path, body := range map[string]string{"plans/none/run": "{}", "instances/" + replica + "/downtime": `{"reason": "x", "duration": "1h"}`} {
		status := webtest.Value[int](s.Page, fmt.Sprintf(`(() => { const ask = new XMLHttpRequest(); ask.open(%q, new URL("../api/v2/" + %q, document.baseURI), false); ask.setRequestHeader("Content-Type", "application/json"); ask.send(%q); return ask.status })()`,
			map[bool]string{true: "POST", false: "PUT"}[strings.HasPrefix(path, "plans/")], path, body))
		if status != http.StatusForbidden {
			t.Errorf("%s: %d for somebody who may only look", path, status)
		}
	}
	if r := look.ask(t, "begin-downtime/"+strings.Replace(replica, ":", "/", 1)+"/dba/x/1h"); r.Code != "ERROR" {
		t.Errorf("by the old API: %+v", r)
	}
}
