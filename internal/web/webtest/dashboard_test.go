package webtest_test

import (
	"context"
	"fmt"
	"net/url"
	"sync/atomic"
	"testing"

	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/observe"
	"orchestrator/internal/operate"
	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/topology"
	"orchestrator/internal/web/webtest"
)

// world is a fleet that changes while it is looked at.
type world struct {
	*operatetest.Backend
	now    atomic.Pointer[topology.Topology]
	events operatetest.Events
}

func newWorld(first *topology.Topology) *world {
	w := &world{Backend: operatetest.New()}
	w.Fleet = first
	w.now.Store(first)
	return w
}

func (w *world) Topology(context.Context) (*topology.Topology, error) { return w.now.Load(), nil }

func (w *world) start(t *testing.T) *service {
	t.Helper()
	return startWith(t, w.Backend, func(e *operate.Engine) { e.Picture = w }, func(d *v2.Deps) {
		d.Subscribe = w.events.Subscribe
	})
}

// becomes has the fleet be another one, in which this cluster has changed.
func (w *world) becomes(next *topology.Topology, cluster string) {
	w.now.Store(next)
	w.events.Tell(observe.Event{Kind: observe.ClusterChanged, Cluster: cluster, Topology: next})
}

// TestManySites: of more sites than there is room for, the others are in a list with a filter, by pointer and on a phone too.
func TestManySites(t *testing.T) {
	t.Parallel()
	b := operatetest.New()
	var aliases []string
	for n := range 14 {
		aliases = append(aliases, fmt.Sprintf("shop-%02d", n))
	}
	b.Fleet = fleet(func(n int, i *topology.Instance) { i.DataCenter = fmt.Sprintf("site-%02d", n) }, aliases...)
	s := start(t, b, nil)
	p := webtest.Open(t, s.URL+"/web/clusters")
	p.Await("seven sites and a list", `document.querySelectorAll(".sites > .chip").length === 7`)
	p.ClickText("7 more sites")
	p.Await("the others", `document.querySelectorAll(".sites-menu label").length === 7 && document.activeElement.matches(".sites-menu input")`)
	p.Type("13")
	p.Await("the one that is meant", `document.querySelectorAll(".sites-menu label").length === 1`)
	p.Click(".sites-menu label")
	p.Await("its clusters", `document.querySelectorAll(".row").length === 1 && document.querySelector(".row").innerText.includes("shop-13") && new URLSearchParams(location.search).get("q") === "dc:site-13"`)
	p.Await("a chip for it", `document.querySelector(".sites > .chip[aria-pressed=true]")?.innerText === "site-13"`)
	p.Key("Escape")
	p.Await("no list, and the focus at its button", `!document.querySelector(".sites-menu") && document.activeElement.innerText === "7 more sites"`)

	phone := webtest.Open(t, s.URL+"/web/clusters", webtest.Size(390, 844), webtest.Touch())
	phone.ClickText("14 sites")
	phone.Await("all of them", `document.querySelectorAll(".sites-menu label").length === 14`)
}

// TestTableOfClusters: what is copied stands as it is seen; and no row moves while somebody points at it.
func TestTableOfClusters(t *testing.T) {
	t.Parallel()
	w := newWorld(fleet(nil, "cherry", "apple", "banana"))
	s := w.start(t)
	p := webtest.Open(t, s.URL+"/web/clusters?"+url.Values{"view": {"table"}, "cols": {"alias,servers"}, "by": {"alias-down"}}.Encode())
	const order = `[...document.querySelectorAll("table.list tbody tr")].map((tr) => tr.cells[0].innerText).join()`
	p.Await("the order that the address names", order+` === "cherry,banana,apple"`)
	webtest.Value[bool](p, `(navigator.clipboard.writeText = (text) => (window.copied = text, Promise.resolve()), true)`)
	p.ClickText("Copy as CSV")
	p.Await("the copy", `window.copied === "Cluster,Servers\ncherry,3\nbanana,3\napple,3\n"`)

	p.Go(s.URL + "/web/clusters?view=table&cols=alias,lag&by=lag-down")
	p.Await("all alike", order+` === "cherry,apple,banana"`)
	p.Move(p.At("table.list tbody tr:last-child", .5, .5))
	lagged := fleet(func(_ int, i *topology.Instance) {
		if i.Key.Hostname == "c2-db-3" {
			i.Lag, i.Channel.SecondsBehind = topology.KnownSeconds(120), topology.KnownSeconds(120)
		}
	}, "cherry", "apple", "banana")
	w.becomes(lagged, "c2-db-1:3306")
	p.AwaitText("table.list tbody tr:last-child", "2 m")
	p.AwaitText(".moved", "sort again")
	if now := webtest.Value[string](p, order); now != "cherry,apple,banana" {
		t.Errorf("under the pointer the rows have moved: %s", now)
	}
	p.Click(".moved")
	p.Await("the order of the lag", order+` === "banana,cherry,apple" && !document.querySelector(".moved")`)
}

// TestSettingsOfACluster: all groups are there, each line with its source, and an explanation that opens.
func TestSettingsOfACluster(t *testing.T) {
	t.Parallel()
	s := start(t, operatetest.New(), nil)
	p := webtest.Open(t, s.URL+"/web/cluster/alias/orders?tab=settings")
	p.Await("all groups", `[...document.querySelectorAll("[data-group]")].map((e) => e.dataset.group).join() === "filters,guards,durability,patience,credentials,hooks"`)
	p.Await("a source on each line", `document.querySelectorAll(".settings .kv").length > 40 && [...document.querySelectorAll(".settings .kv")].every((e) => e.querySelector(".pill").innerText.trim() !== "" && e.querySelector("summary"))`)
	p.AwaitText("#setting-Automatic-recovery-of-this-cluster", "Switched off by dba: moving house, until ")
	p.Click("#setting-RecoverMasterClusterFilters summary")
	p.AwaitText("#setting-RecoverMasterClusterFilters details[open]", "By default")
}

// TestListKeepsStill: while somebody points at a row, clusters that would stand elsewhere wait; a click has them sorted.
func TestListKeepsStill(t *testing.T) {
	t.Parallel()
	w := newWorld(fleet(nil, "apple", "banana", "cherry"))
	s := w.start(t)
	p := webtest.Open(t, s.URL+"/web/clusters")
	const order = `[...document.querySelectorAll(".row b:first-child")].filter((e) => e.closest(".r-name")).map((e) => e.innerText).join()`
	p.Await("all fine", order+` === "apple,banana,cherry"`)
	p.Move(p.At(".row", .5, .5))
	w.becomes(fleet(func(_ int, i *topology.Instance) {
		if i.Key.Hostname == "c2-db-3" {
			i.Lag, i.Channel.SecondsBehind = topology.KnownSeconds(120), topology.KnownSeconds(120)
		}
	}, "apple", "banana", "cherry"), "c2-db-1:3306")
	p.AwaitText(".row", "2 m")
	p.AwaitText(".moved", "sort again")
	if now := webtest.Value[string](p, order); now != "apple,banana,cherry" {
		t.Errorf("under the pointer the rows have moved: %s", now)
	}
	p.Click(".moved")
	p.Await("the one that lags first", order+` === "cherry,apple,banana" && document.querySelector(".group h2").innerText.startsWith("Needs a look")`)
}
