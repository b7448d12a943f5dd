package webtest_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/operate"
	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/topology"
	"orchestrator/internal/web"
	"orchestrator/internal/web/webtest"
)

// TestDashboard: filter, keyboard, address, palette.
func TestDashboard(t *testing.T) {
	t.Parallel()
	b := operatetest.New()
	b.Fleet = fleet(func(n int, i *topology.Instance) {
		if i.Key.Hostname == "c2-db-3" {
			i.Lag, i.Channel.SecondsBehind = topology.KnownSeconds(120), topology.KnownSeconds(120)
		}
	}, "shop-1", "shop-2", "billing")
	s := start(t, b, nil)
	p := webtest.Open(t, s.URL+"/web/clusters?q=shop")
	rows := func(n int) string { return fmt.Sprintf(`document.querySelectorAll(".row").length === %d`, n) }
	p.Await("two of the clusters", rows(2))
	p.Key("/")
	p.Type(" -shop-2")
	p.Await("one cluster", rows(1))
	p.Await("the filter in the address", `new URLSearchParams(location.search).get("q") === "shop -shop-2"`)
	p.Key("Down")
	p.Await("the focus in the rows", `document.activeElement.matches("[data-row]")`)
	p.Key("g")
	p.Key("p")
	p.Await("the problems", `location.pathname === "/web/problems" && document.title.includes("Problems")`)
	p.AwaitText(".group", "billing")
	webtest.Value[bool](p, `(history.back(), true)`)
	p.Await("the filter again", `document.querySelector("input[data-filter]")?.value === "shop -shop-2" && `+rows(1))

	p.Go(s.URL + "/web/clusters?q=lag%3E60")
	p.Await("the one that lags", rows(1)+` && document.querySelector(".row").innerText.includes("billing") && document.querySelector(".row .hot")`)
	p.Go(s.URL + "/web/clusters")
	p.ClickText("ams1")
	p.Await("those of a site", rows(1)+` && location.search.includes("ams1")`)
	p.ClickText("Table")
	p.Await("the table", `location.search.includes("view=table") && document.querySelectorAll("table.list tbody tr").length === 1`)

	p.Chord("k")
	p.Await("the palette", `document.activeElement.getAttribute("role") === "combobox"`)
	p.Type("shop")
	p.Await("clusters first", `document.querySelector(".pi[aria-selected=true]").innerText.startsWith("shop-1")`)
	p.Key("Down")
	p.Key("Enter")
	p.Await("the cluster", `location.pathname === "/web/cluster/alias/shop-2" && !document.querySelector("dialog.pal")`)
	p.Chord("k")
	p.Await("the palette", `document.querySelector("dialog.pal[open]")`)
	p.Type("pin")
	p.AwaitText(".pi[aria-selected=true]", "Pin shop-2")
	p.Key("Enter")
	p.Await("the pin in the side bar", `document.querySelector(".pins h2")?.innerText === "Pinned" && document.querySelector(".pins a").innerText.trim() === "shop-2"`)
	p.Chord("k")
	p.Await("the palette", `document.querySelector("dialog.pal[open]")`)
	p.Type("RecoverMasterCluster")
	p.AwaitText(".pal-list", "RecoverMasterClusterFilters")
	p.Key("Escape")
	p.Await("no palette", `!document.querySelector("dialog.pal")`)
	p.Go(s.URL + "/web/problems")
	p.Await("no cluster", `document.querySelector("main .empty, main .group")`)
	p.Chord("k")
	p.Await("the palette", `document.querySelector("dialog.pal[open]")`)
	p.Type("begin downtime")
	p.AwaitText(".pi[aria-selected=true]", "Begin downtime of …")
	p.Key("Enter")
	p.AwaitText(".pal-asked", "Begin downtime of …")
	p.Type("shop-2")
	p.Await("its servers", `document.querySelector(".pi[aria-selected=true]").innerText.includes("shop-2")`)
	p.Key("Enter")
	p.Await("the dialog of that server", `location.pathname === "/web/cluster/alias/shop-2" && document.querySelector("dialog[open] h2")?.innerText.includes("owntime")`)
	p.Key("Escape")
	p.Await("no dialog", `!document.querySelector("dialog[open]")`)
	p.Chord("k")
	p.Await("the palette", `document.querySelector("dialog.pal[open]")`)
	p.Type("dc:am")
	p.Key("Tab")
	p.Await("the filter is completed", `document.querySelector(".pal input").value === "dc:ams1"`)
	p.AwaitText(".pi[aria-selected=true]", "Clusters that fit dc:ams1")
	p.Key("Enter")
	p.Await("the filter on the dashboard", `location.pathname === "/web/clusters" && location.search.includes("dc%3Aams1")`+" && "+rows(1))
}

// TestFrozen: when the service is gone the page says so, looks different and offers no change, and its other screens still open;
// when it is back, it goes on.
func TestFrozen(t *testing.T) {
	t.Parallel()
	s := start(t, operatetest.New(), nil)
	p := webtest.Open(t, s.URL+"/web/clusters", webtest.Allow("ERR_"), webtest.Allow("503"))
	p.Await("the stream of events, and all parts of the page", `document.querySelector(".l-live") && document.documentElement.dataset.parts`)
	s.Gone.Store(true)
	s.Server.CloseClientConnections()
	p.AwaitText(".banner", "Connection lost")
	p.Await("another look, and no switch", `document.documentElement.dataset.state === "stale" && document.querySelector(".switch").disabled`)
	p.Click(`a[href$="/nodes"]`)
	p.AwaitText("h1", "Managers")
	s.Gone.Store(false)
	p.ClickText("Try now")
	p.Await("the page goes on", `document.querySelector(".l-live") && !document.querySelector(".banner") && !document.querySelector(".switch").disabled`)
}

// withoutPings passes everything on but the pings of the stream of events.
type withoutPings struct{ http.ResponseWriter }

func (w withoutPings) Write(text []byte) (int, error) {
	if bytes.Contains(text, []byte("event: ping")) {
		return len(text), nil
	}
	return w.ResponseWriter.Write(text)
}

func (w withoutPings) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// TestSecondTab: a tab that comes to the stream of another one knows at once that it flows and who serves it, without waiting for a word on
// it.
func TestSecondTab(t *testing.T) {
	t.Parallel()
	s := start(t, operatetest.New(), nil)
	inner := s.Server.Config.Handler
	s.Server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { inner.ServeHTTP(withoutPings{w}, r) })
	p := webtest.Open(t, s.URL+"/web/clusters")
	p.Await("the stream of events", `document.querySelector(".l-live")`)
	webtest.Value[bool](p, `Boolean(window.second = open("about"))`)
	p.Await("the stream in the second tab", `second.document.querySelector(".l-live") && second.document.querySelector("#live-facts")?.textContent.includes("node1")`)
}

// TestSwitch: turning automatic recovery off asks first, says so on every page, and can be taken back.
func TestSwitch(t *testing.T) {
	t.Parallel()
	s := start(t, operatetest.New(), nil)
	p := webtest.Open(t, s.URL+"/web/clusters")
	p.Click(".switch")
	p.AwaitText("dialog[open]", "nothing is repaired by itself")
	p.Key("Escape")
	p.Await("no dialog", `!document.querySelector("dialog[open]")`)
	if len(s.backend.Calls) > 0 {
		t.Errorf("a dialog that was closed did %s", s.backend.Calls)
	}
	p.Click(".switch")
	p.ClickText("Turn automatic recovery off")
	p.Await("that it asks why", `document.activeElement.matches("dialog input:invalid")`)
	p.Type("the network is rebuilt")
	p.ClickText("10 minutes")
	p.ClickText("Turn automatic recovery off")
	p.AwaitText(".banner", "Automatic recovery is off everywhere until")
	p.AwaitText(".banner", "the network is rebuilt")
	p.AwaitText(".switch", "off until")
	p.ClickText("Turn on")
	p.Await("no banner", `!document.querySelector(".banner") && document.querySelector(".switch").innerText.endsWith("on")`)
	p.Click(".switch")
	p.ClickText("until I turn it on")
	p.ClickText("Turn automatic recovery off")
	p.AwaitText(".banner", "Automatic recovery is off everywhere.")
	p.Go(s.URL + "/web/about")
	p.AwaitText(".banner", "Automatic recovery is off everywhere.")
	p.ClickText("Turn on")
	p.Await("no banner", `!document.querySelector(".banner")`)
}

// TestViewer: who may only look sees everything and is offered no change.
func TestViewer(t *testing.T) {
	t.Parallel()
	b := operatetest.New()
	b.Conf.ReadOnly = true
	s := start(t, b, nil)
	p := webtest.Open(t, s.URL+"/web/clusters")
	p.AwaitText(".banner", "You can look, not change.")
	p.Await("a switch that cannot be used", `document.querySelector(".switch").disabled`)
	for _, path := range []string{"discover", "nodes", "config", "publish", "game-day", "audit-recovery/id/3"} {
		p.Go(s.URL + "/web/" + path)
		p.Await("the screen "+path, `document.querySelector("main .hero, main .sheet")`)
		if offered := webtest.Value[[]string](p, `[...document.querySelectorAll("main button:not(:disabled)")].map((b) => b.innerText).filter((text) => /acknowledge|discover$|again…|lead|write all|read it|show the plan/i.test(text))`); len(offered) > 0 {
			t.Errorf("%s offers %q", path, offered)
		}
	}
	if len(b.Calls) > 0 {
		t.Errorf("looking did %s", b.Calls)
	}
}

// TestOldAddresses: each address of the former versions shows what it named, with a prefix and behind a proxy that
// rewrites it.
func TestOldAddresses(t *testing.T) {
	t.Parallel()
	b := operatetest.New()
	b.Conf.URLPrefix = "/orc"
	s := start(t, b, nil)
	to, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(http.StripPrefix("/some/where", &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Path, r.Out.URL.RawPath = "/orc"+r.Out.URL.Path, ""
		r.SetURL(to)
	}}))
	t.Cleanup(func() { proxy.CloseClientConnections(); proxy.Close() })
	for name, root := range map[string]string{"prefix": s.URL + "/orc", "proxy": proxy.URL + "/some/where"} {
		t.Run(name, func(t *testing.T) {
			p := webtest.Open(t, root+"/")
			for path, shows := range map[string]string{
				"": "Clusters", "web/": "Clusters", "web/clusters-analysis": "Clusters", "web/cluster/alias/orders": "orders", "web/cluster/db-a1:3306": "orders",
				"web/cluster/instance/db-a2/3306": "orders", "web/cluster-pools/orders": "orders", "web/search?s=db-a": "Search: db-a", "web/search/db-b": "Search: db-b",
				"web/discover": "Discover servers", "web/audit": "Audit", "web/audit/1": "Audit", "web/audit/instance/db-a1/3306": "Audit",
				"web/audit-failure-detection": "Detections", "web/audit-failure-detection/id/11": "Detections", "web/audit-failure-detection/alias/orders": "Detections",
				"web/audit-recovery": "Recoveries", "web/audit-recovery/0": "Recoveries", "web/audit-recovery/cluster/db-a1:3306": "Recoveries", "web/audit-recovery/alias/orders": "Recoveries",
				"web/audit-recovery/id/3": "orders", "web/audit-recovery/uid/7:ab": "orders", "web/audit-recovery-steps/7:ab": "orders",
				"web/status": "Managers", "web/about": "About", "web/home": "About", "web/faq": "About", "web/keep-calm": "Keep calm",
				"web/agents": "Agents", "web/agent/db-a1": "Agents", "web/seeds": "Agents", "web/seed-details/7": "Agents", "web/game-day": "Game day",
			} {
				p.Go(root + "/" + path)
				p.Await(path+" shows "+shows, fmt.Sprintf(`document.querySelector("h1")?.innerText.trim() === %q && document.querySelector("main").children.length > 0 && !document.querySelector(".failed")`, shows))
			}
			p.Await("the stream of events", `document.querySelector(".l-live")`)
			p.ClickText("Problems")
			p.Await("a link that stays below the prefix", fmt.Sprintf(`location.href === %q`, root+"/web/problems"))
		})
	}
}

// hostile is a text that would do harm if anything took it for markup.
const hostile = `<img src=x onerror="window.harmed=1"><script>window.harmed=2</script>"'&lt;` + "\u202e\u2028한글"

// hostileRecords have it in every field that people or servers write.
type hostileRecords struct{ *operatetest.Backend }

func (r hostileRecords) Recoveries(ctx context.Context, q operate.RecoveryQuery) ([]operate.Recovery, error) {
	list, err := r.Backend.Recoveries(ctx, q)
	for n := range list {
		x := &list[n]
		x.UID = "7:" + hostile
		x.Errors, x.NodeHostname, x.AcknowledgedBy, x.AcknowledgedComment = []string{hostile}, hostile, hostile, hostile
		x.Finding.ClusterAlias, x.Finding.Code, x.Finding.Key.Hostname = hostile, analysis.Code(hostile), hostile
	}
	return list, err
}

func (r hostileRecords) Detections(ctx context.Context, q operate.RecoveryQuery) ([]operate.Recovery, error) {
	list, err := r.Backend.Detections(ctx, q)
	for n := range list {
		list[n].Finding.Description, list[n].Finding.ClusterAlias, list[n].NodeHostname = hostile, hostile, hostile
	}
	return list, err
}

func (r hostileRecords) Steps(context.Context, string) ([]operate.RecoveryStep, error) {
	return []operate.RecoveryStep{{ID: 1, At: operatetest.Now(), Message: hostile}}, nil
}

func (r hostileRecords) AuditLog(context.Context, operate.AuditQuery) ([]operate.AuditEntry, error) {
	return []operate.AuditEntry{{ID: 1, At: operatetest.Now(), Kind: hostile, Cluster: hostile, Message: hostile}}, nil
}

// hostileFleet has it in every field of its servers and of the configuration.
func hostileFleet() *operatetest.Backend {
	b := operatetest.New()
	b.Conf.WebMessage = hostile
	b.Conf.PostFailoverProcesses = []string{hostile}
	b.Fleet = fleet(func(_ int, i *topology.Instance) {
		i.Alias, i.DataCenter, i.Region, i.PhysicalEnvironment, i.VersionComment, i.Version = hostile, hostile, hostile, hostile, hostile, hostile
		i.Tags = []topology.Tag{{Name: hostile, Value: hostile}}
		if !i.Channel.Source.IsZero() {
			i.Channel.SQLThread, i.Channel.LastSQLError, i.Channel.LastIOError, i.ErrantSet = topology.ThreadStopped, hostile, hostile, hostile
		}
		if i.Key.Hostname == "c0-db-3" {
			i.Downtime = &topology.Downtime{Owner: hostile, Reason: hostile, Begin: operatetest.Now(), End: operatetest.Now().Add(time.Hour)}
		}
	}, hostile, "second")
	return b
}

// TestHostileNames: markup in every field is text on every screen.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	b := hostileFleet()
	s := start(t, b, func(e *operate.Engine) { e.Records = hostileRecords{b} })
	p := webtest.Open(t, s.URL+"/web/clusters")
	alias := url.PathEscape(hostile)
	for _, path := range []string{
		"clusters", "clusters?view=table&cols=status,alias,name,sentence,sites,versions,tags", "cluster/alias/" + alias, "problems?downtime=show",
		"cluster/alias/" + alias + "?view=outline", "cluster/alias/" + alias + "?view=table", "cluster/alias/" + alias + "?sel=c0-db-2:3306", "cluster/alias/" + alias + "?sel=c0-db-2:3306,c0-db-3:3306", "cluster/alias/" + alias + "?tab=forecast", "cluster/alias/" + alias + "?tab=pools",
		"cluster/alias/" + alias + "?tab=recoveries", "audit-recovery/uid/x?tab=trees", "audit-recovery/uid/x?tab=evidence", "search?s=" + url.QueryEscape(hostile[:9]), "search",
		"audit-recovery", "audit-recovery/uid/x", "audit-recovery/uid/x?tab=log", "audit-recovery/uid/x?tab=raw", "audit-failure-detection/id/11", "audit", "publish", "config?show=all&q=WebMessage", "discover", "nowhere/" + alias,
	} {
		p.Go(s.URL + "/web/" + path)
		p.Await("the screen "+path, `document.querySelector("main .hero, main .rows:not(.skeleton), main .sheet, main .work") && !document.querySelector(".skeleton")`)
		if !strings.HasPrefix(path, "discover") && !strings.HasPrefix(path, "nowhere") {
			p.Await("the text as it is on "+path, `document.querySelector("main").textContent.includes('onerror="window.harmed=1"')`)
		}
		if webtest.Value[bool](p, `"harmed" in window || [...document.querySelectorAll("main script, main img, main [onerror], main [style*=url]")].length > 0`) {
			t.Fatalf("%s takes text for markup", path)
		}
		if wide := webtest.Value[int](p, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
			t.Errorf("%s is %d pixels wider than the window", path, wide)
		}
	}
	p.Chord("k")
	p.Type("onerror")
	p.Await("it is found", `document.querySelector(".pi .pt")?.textContent.includes("onerror")`)
}

// TestCustom: what an installation adds is loaded under the page's policy, and hears of the pages of clusters.
func TestCustom(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	script := `window.heard = []; for (const name of ["preRenderCluster", "postRenderCluster"]) document.addEventListener("orchestrator:" + name, () => window.heard.push(name));`
	for name, text := range map[string]string{"custom.js": script, "custom.css": "main { --custom: 1 }"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := start(t, operatetest.New(), nil, func(o *web.Options) { o.CustomDir = dir })
	p := webtest.Open(t, s.URL+"/web/cluster/alias/orders")
	p.Await("both events", `window.heard?.slice(0, 2).join() === "preRenderCluster,postRenderCluster"`)
	p.Await("the style", `getComputedStyle(document.querySelector("main")).getPropertyValue("--custom") === "1"`)
	p.Go(s.URL + "/web/about")
	p.AwaitText("main", "custom.css or custom.js is in use")
}

// TestManyClusters: of two thousand rows only those in view exist.
func TestManyClusters(t *testing.T) {
	t.Parallel()
	b := operatetest.New()
	var aliases []string
	for n := range 2000 {
		aliases = append(aliases, fmt.Sprintf("shop-%04d", n))
	}
	b.Fleet = fleet(func(n int, i *topology.Instance) {
		if n < 500 {
			i.Lag, i.Channel.SecondsBehind = topology.KnownSeconds(120), topology.KnownSeconds(120)
		}
	}, aliases...)
	s := start(t, b, nil)
	p := webtest.Open(t, s.URL+"/web/clusters")
	p.AwaitText(".row", "shop-0000")
	if n := webtest.Value[int](p, `document.querySelectorAll("*").length`); n > 6000 {
		t.Errorf("the document has %d elements", n)
	}
	webtest.Value[bool](p, `(scrollTo(0, document.body.scrollHeight), true)`)
	p.AwaitText(".cell", "shop-1999")
	p.Key("/")
	p.Type("shop-1234")
	p.Await("the one that is meant", `document.querySelectorAll(".row").length === 1`)
}
