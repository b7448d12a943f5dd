package webtest_test

import (
	"fmt"
	"strings"
	"time"

	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/refactor"
	"orchestrator/internal/topology"
	"orchestrator/internal/web/webtest"
)

// screen is something to look at: an address, what is pressed there, and what shows that it has come.
type screen struct {
	name, path string
	press      []string // keys, texts of buttons, or selectors that begin with a dot
	shows      string   // a selector
	wide       bool     // it is reached from the side bar, which a phone has not
}

// fits says whether there is room for a screen in the window.
func (s screen) fits(p *webtest.Page) bool {
	return !s.wide || webtest.Value[bool](p, `matchMedia("(min-width: 761px)").matches`)
}

// screens are all screens of the page, their tabs and their dialogs.
var screens = []screen{
	{name: "clusters", path: "clusters", shows: ".row"},
	{name: "clusters-table", path: "clusters?view=table", shows: "table.list tbody tr"},
	{name: "clusters-none", path: "clusters?q=nothing-fits", shows: ".empty"},
	{name: "cluster", path: "cluster/alias/orders", shows: ".card, .o-row"},
	{name: "cluster-chain", path: "cluster/alias/chain?fold=~x", shows: ".card, .o-row"},
	{name: "cluster-co-primaries", path: "cluster/alias/pair", shows: ".card, .o-row"},
	{name: "cluster-group", path: "cluster/alias/group", shows: ".grp, .o-row"},
	{name: "cluster-server", path: "cluster/alias/orders?sel=db-a2:3306", shows: ".panel dl"},
	{name: "cluster-several", path: "cluster/alias/orders?sel=db-a2:3306,db-a3:3306", shows: ".several"},
	{name: "cluster-outline", path: "cluster/alias/billing?view=outline", shows: ".o-row"},
	{name: "cluster-servers", path: "cluster/alias/orders?tab=servers", shows: "table.servers tbody td"},
	{name: "cluster-forecast", path: "cluster/alias/orders?tab=forecast", shows: ".gates"},
	{name: "cluster-recoveries", path: "cluster/alias/orders?tab=recoveries", shows: ".page-board > :nth-child(3)"},
	{name: "cluster-binlogs", path: "cluster/alias/orders?tab=binlogs", shows: ".files tbody tr"},
	{name: "cluster-errant", path: "cluster/alias/catalog?tab=binlogs", shows: ".files tbody tr"},
	{name: "cluster-pools", path: "cluster/alias/orders?tab=pools", shows: ".page-board > :nth-child(3)"},
	{name: "cluster-settings", path: "cluster/alias/orders?tab=settings", shows: ".page-board > :nth-child(3)"},
	{name: "cluster-past", path: "cluster/alias/orders?at=2026-03-04T04:06:07Z", shows: ".past-tree li"},
	{name: "cluster-big", path: "cluster/alias/many", shows: ".card.many, .o-row"},
	{name: "cluster-lagging", path: "cluster/alias/ledger", shows: ".card, .o-row"},
	{name: "cluster-downtimed", path: "cluster/alias/inventory", shows: ".card, .o-row"},
	{name: "cluster-would-not", path: "cluster/alias/billing?tab=forecast", shows: ".gates .g-n"},
	{name: "downtime", path: "cluster/alias/orders?sel=db-a2:3306", press: []string{"Downtime…"}, shows: "dialog[open] input"},
	{name: "menu", path: "cluster/alias/orders?sel=db-a2:3306", press: []string{"More for db-a2"}, shows: ".menu.ops [role=menuitem]"},
	{name: "tags", path: "cluster/alias/orders?sel=db-a2:3306,db-a3:3306", press: []string{"Tags…"}, shows: "dialog[open] input"},
	{name: "rule", path: "cluster/alias/orders?sel=db-a2:3306,db-a3:3306", press: []string{"Promotion rule…"}, shows: "dialog[open] input"},
	{name: "options", path: "cluster/alias/orders", press: []string{"What is shown"}, shows: ".view-menu .menu"},
	{name: "switchover", path: "cluster/alias/orders", press: []string{"Planned switchover"}, shows: ".plan .pn-foot"},
	{name: "moving", path: "cluster/alias/orders?view=tree&sel=db-a2:3306", press: []string{"Move…"}, shows: ".card.can, .card.cannot, .target"},
	{name: "problems", path: "problems?downtime=show", shows: ".group"},
	{name: "recoveries", path: "audit-recovery", shows: "table.list tbody tr"},
	{name: "recovery", path: "audit-recovery/id/3", shows: ".hero"},
	{name: "recovery-trees", path: "audit-recovery/id/3?tab=trees", shows: ".sheet"},
	{name: "recovery-evidence", path: "audit-recovery/id/3?tab=evidence", shows: ".sheet"},
	{name: "recovery-log", path: "audit-recovery/id/3?tab=log", shows: ".log"},
	{name: "recovery-raw", path: "audit-recovery/id/3?tab=raw", shows: "pre"},
	{name: "detections", path: "audit-failure-detection/id/10", shows: "table.list tr.detail"},
	{name: "audit", path: "audit", shows: "main .rows:not(.skeleton), main table, main .empty"},
	{name: "managers", path: "nodes", shows: ".hero"},
	{name: "publishing", path: "publish", shows: "main table, main .empty"},
	{name: "configuration", path: "config?q=Recover", shows: "main .sheet"},
	{name: "discover", path: "discover", shows: "textarea"},
	{name: "search", path: "search?s=db", shows: "main .rows, main table, main .sheet"},
	{name: "about", path: "about", shows: "main .sheet"},
	{name: "me", path: "me", shows: "main .sheet"},
	{name: "game-day", path: "game-day", shows: ".gameday .verdict, .gameday .failed"},
	{name: "agents", path: "agents", shows: ".empty"},
	{name: "missing", path: "nowhere", shows: ".empty"},
	{name: "palette", path: "clusters", press: []string{".searchbox, .tabbar button"}, shows: "dialog.pal[open] [role=option]"},
	{name: "keys", path: "about", press: []string{"?"}, shows: "dialog[open] kbd"},
	{name: "acknowledge", path: "audit-recovery/id/3", press: []string{"Acknowledge…"}, shows: "dialog[open] textarea"},
	{name: "pool", path: "cluster/alias/orders?tab=pools", press: []string{"New pool…"}, shows: "dialog[open] input"},
	{name: "errant-accept", path: "cluster/alias/catalog?tab=binlogs", press: []string{"Accept…"}, shows: "dialog[open] textarea"},
	{name: "user-menu", path: "about", press: []string{".user"}, shows: "#user-menu:popover-open"},
	{name: "live-facts", path: "about", press: []string{".live"}, shows: "#live-facts:popover-open", wide: true},
	{name: "switch", path: "clusters", press: []string{".switch"}, shows: "dialog[open]"},
}

// open shows a screen, in a page that shows another one already.
func (s screen) open(p *webtest.Page) {
	webtest.Value[bool](p, fmt.Sprintf(`(window.drawn = false, history.pushState(null, "", new URL(%q, document.baseURI)), dispatchEvent(new PopStateEvent("popstate")), requestAnimationFrame(() => requestAnimationFrame(() => { window.drawn = true })), true)`, s.path))
	p.Await("that the screen before "+s.name+" has gone", "window.drawn") // it may have had the same parts
	settled := `document.querySelector("main").children.length > 0 && !document.querySelector(".skeleton, [aria-busy=true]")`
	if len(s.press) == 0 {
		settled += fmt.Sprintf(" && document.querySelector(%q)", s.shows)
	}
	p.Await("the screen "+s.name, settled)
	for _, what := range s.press {
		switch {
		case len(what) == 1:
			p.Key(what)
		case what[0] == '.':
			p.Click(what)
		default:
			p.ClickText(what)
		}
	}
	p.Await("the screen "+s.name, fmt.Sprintf("document.querySelector(%q) && !document.querySelector('[aria-busy=true]')", s.shows))
}

// close leaves the screen's dialogs.
func (s screen) close(p *webtest.Page) {
	if len(s.press) > 0 {
		p.Key("Escape")
		p.Await("that "+s.name+" is closed", `!document.querySelector("dialog[open], .menu.ops, .view-menu .menu, .dragging, .n-page .plan, :popover-open")`)
	}
}

// everything is a fleet with one cluster of each kind that the page draws in a way of its own.
func everything() *operatetest.Backend {
	b := operatetest.New()
	told(b)
	b.Conf.WebMessage = "Tonight the disks of ams1 are replaced."
	b.Conf.RecoverMasterClusterFilters = []string{"alpha", "payments", "ledger", "catalog", "inventory", "accounts", "orders", "chain", "pair", "group", "many"} // not billing
	b.Conf.RecoverIntermediateMasterClusterFilters = []string{"*"}
	added := fleet(troubled, "alpha", "payments", "ledger", "billing", "catalog", "inventory", "accounts")
	names := topology.Names{Aliases: map[string]string{}}
	var all []*topology.Instance
	for _, of := range []*topology.Topology{b.Fleet, added} {
		for _, c := range of.Clusters() {
			if c.Alias != c.Name {
				names.Aliases[c.Name] = c.Alias
			}
			all = append(all, c.Members...)
		}
	}
	server := func(alias string, n int, source int) *topology.Instance {
		i := *added.Clusters()[0].Members[min(source, 1)]
		i.Key, i.Tags = topology.Key{Hostname: fmt.Sprintf("%s-db-%d", alias, n), Port: 3306}, nil
		i.ServerUUID = fmt.Sprintf("%s-%d", alias, n)
		if source > 0 {
			i.Channel.Source = topology.Key{Hostname: fmt.Sprintf("%s-db-%d", alias, source), Port: 3306}
			i.Channel.SourceHost = i.Channel.Source.Hostname
		}
		all = append(all, &i)
		names.Aliases[alias+"-db-1:3306"] = alias
		return &i
	}
	for n := range 4 {
		server("chain", n+1, n).Tags = []topology.Tag{refactor.GameDayMark}
	}
	server("pair", 1, 2).ReadOnly = false
	server("pair", 2, 1)
	server("pair", 3, 1)
	members := []topology.Key{{Hostname: "group-db-1", Port: 3306}, {Hostname: "group-db-2", Port: 3306}, {Hostname: "group-db-3", Port: 3306}}
	for n := range members {
		i := server("group", n+1, 0)
		i.Group = topology.Group{Name: "17f1b0ab-0000-0000-0000-000000000001", MemberState: "ONLINE", MemberRole: []string{"PRIMARY", "SECONDARY", "SECONDARY"}[n], SinglePrimary: true, Members: members, Primary: members[0]}
		i.ReadOnly = n > 0
	}
	server("many", 1, 0)
	for n := range 500 {
		i := server("many", n+2, 1)
		if n%97 == 5 {
			i.Lag, i.Channel.SecondsBehind = topology.KnownSeconds(900), topology.KnownSeconds(900)
		}
	}
	long := server("a-name-that-is-much-longer-than-any-column-would-like-it-to-be-in-eu-central", 1, 0)
	long.Alias = strings.Repeat("한글이름", 8)
	b.Fleet = topology.New(topology.Derive(all, names), names)
	return b
}

// troubled makes some of the servers of the pictures lag, stop, or be in downtime.
func troubled(n int, i *topology.Instance) {
	replica := !i.Channel.Source.IsZero()
	switch {
	case n == 2 && replica:
		i.Lag, i.Channel.SecondsBehind = topology.KnownSeconds(412), topology.KnownSeconds(412)
	case n == 3 && i.Key.Hostname == "c3-db-3":
		i.Channel.SQLThread, i.Channel.LastSQLError = topology.ThreadStopped, "Error 1062: Duplicate entry '7' for key 'PRIMARY'"
	case n == 4:
		const written = "00000000-0000-0000-0000-000000000012:1-"
		i.ExecutedSet, i.PurgedSet = written+"48201377", written+"48200990"
		switch i.Key.Hostname {
		case "c4-db-2":
			i.ExecutedSet, i.PurgedSet = written+"48201120:48201190-48201375", written+"48201050"
		case "c4-db-3":
			i.ErrantSet = "00000000-0000-0000-0000-000000000014:1-3"
			i.ExecutedSet += "," + i.ErrantSet
		}
	case n == 5 && i.Key.Hostname == "c5-db-2":
		i.Downtime = &topology.Downtime{Owner: "dba", Reason: "new disks", Begin: operatetest.Now(), End: operatetest.Now().Add(time.Hour)}
	}
}

// flipTheme changes from light to dark, or back.
func flipTheme(p *webtest.Page) {
	webtest.Value[bool](p, `(() => { const was = document.documentElement.dataset.theme; document.querySelector('.tools [aria-label$=" theme"]').click(); return was !== document.documentElement.dataset.theme })()`)
}
