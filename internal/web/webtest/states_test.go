package webtest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/operate"
	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/plan"
	"orchestrator/internal/recovery"
	"orchestrator/internal/web/webtest"
)

// state is a way in which the whole page may be.
type state struct {
	name    string
	screens []string // that look different then
	start   func(t *testing.T) *service
	// enter has a page that shows a screen be in the state, where it is not from the beginning; leave takes it back.
	enter, leave func(p *webtest.Page, s *service)
	shows        string // what is true in the page then
}

var states = []state{
	{
		name: "recovering", screens: []string{"clusters", "cluster", "cluster-server", "cluster-forecast", "recoveries", "recovery-running"},
		start: startRecovering, shows: `document.querySelector(".m-run")`,
	},
	{
		name: "no-quorum", screens: []string{"clusters", "cluster", "cluster-server", "cluster-forecast", "recovery", "managers", "discover", "game-day"},
		start: func(t *testing.T) *service {
			b := everything()
			b.Leading, b.Raft, b.Astray = false, true, true
			return startForetold(t, b, nil, nil)
		},
		shows: `document.querySelector(".bn-crit") && document.querySelector(".switch").textContent.includes("cannot act")`,
	},
	{
		name: "frozen", screens: []string{"clusters", "cluster-server", "recovery"}, // each takes the time after which a silence is one
		start: func(t *testing.T) *service { return startForetold(t, everything(), nil, nil) },
		enter: func(_ *webtest.Page, s *service) {
			s.Gone.Store(true)
			s.Server.CloseClientConnections()
		},
		leave: func(p *webtest.Page, s *service) {
			s.Gone.Store(false)
			// It tries by itself, too, so that the button may have gone.
			p.Await("the stream again", `([...document.querySelectorAll("button")].find((e) => e.innerText.trim() === "Try now")?.click(), true) && document.querySelector(".l-live") && document.documentElement.dataset.state !== "stale"`)
		},
		shows: `document.documentElement.dataset.state === "stale" && document.querySelector(".bn-stale")`,
	},
	{
		name: "off", screens: []string{"clusters", "cluster", "cluster-forecast"},
		start: func(t *testing.T) *service {
			b := everything()
			b.Global = operate.GlobalSwitch{Disabled: true, Begin: operatetest.Now(), Until: operatetest.Now().Add(time.Hour), Owner: "dba", Reason: "the network is rebuilt"}
			return startForetold(t, b, nil, nil)
		},
		shows: `document.querySelector(".bn-warn")`,
	},
	{
		name: "group", screens: []string{"group-managers", "group-plan", "group-add", "group-configuration", "group-reload"},
		start: func(t *testing.T) *service {
			s, _ := startGroup(t, everything())
			return s
		},
		shows: `document.querySelector(".l-live")`,
	},
	{
		name: "planned", screens: []string{"plan"},
		start: func(t *testing.T) *service {
			return startForetold(t, everything(), nil, nil)
		},
		shows: `document.querySelector(".plan[data-state=planned]")`,
	},
	{
		name: "hostile", screens: []string{"hostile-clusters", "hostile-table", "hostile-cluster", "hostile-server", "hostile-forecast", "hostile-problems", "hostile-recovery", "hostile-audit"},
		start: func(t *testing.T) *service {
			b := hostileFleet()
			return startForetold(t, b, func(e *operate.Engine) { e.Records = hostileRecords{b} }, nil)
		},
		shows: `document.querySelector("main").textContent.includes('onerror="window.harmed=1"') && !("harmed" in window)`,
	},
	{
		name: "viewer", screens: []string{"clusters", "cluster", "cluster-server", "recovery", "managers", "discover"},
		start: func(t *testing.T) *service {
			b := everything()
			b.Conf.ReadOnly = true
			return startForetold(t, b, nil, nil)
		},
		shows: `document.documentElement.dataset.state === "readonly" || [...document.querySelectorAll(".banner")].some((b) => b.textContent.includes("not change"))`,
	},
}

// startRecovering serves a fleet in which one cluster is being repaired: writes are back, and replicas are pointed anew.
func startRecovering(t *testing.T) *service {
	b := everything()
	r := &liveRecords{Backend: b}
	var p plan.Plan
	p.Add(1, plan.Step{Phase: plan.Gather, Server: operatetest.Key("db-a2"), Action: plan.Action{Verb: plan.StopReceiving}, Why: "nothing may change"})
	p.Add(2, plan.Step{Phase: plan.Promote, Server: operatetest.Key("db-a2"), Action: plan.Action{Verb: plan.SetWritable}, Why: "writes come back"})
	p.Add(3, plan.Step{Phase: plan.Repoint, Server: operatetest.Key("db-a3"), Action: plan.Action{Verb: plan.ChangeSource, Source: operatetest.Key("db-a2")}, Why: "it follows"})
	r.steps = p.Steps
	r.set(0, plan.Done, time.Millisecond, 40*time.Millisecond)
	r.set(1, plan.Done, 41*time.Millisecond, 90*time.Millisecond)
	r.set(2, plan.Running, 91*time.Millisecond, 0)
	s := startForetold(t, b, func(e *operate.Engine) { e.Records = r }, func(d *v2.Deps) { d.Busy = func(cluster string) bool { return cluster == "db-a1:3306" } })
	s.api.Progress(recovery.Progress{Kind: recovery.Began, At: operatetest.Now(), Cluster: "db-a1:3306", Server: operatetest.Key("db-a1"), Recovery: liveUID})
	return s
}

// inState opens each screen of each state and looks at it.
func inState(t *testing.T, size webtest.Option, look func(p *webtest.Page, name string)) {
	t.Helper()
	for _, is := range states {
		t.Run(is.name, func(t *testing.T) {
			s := is.start(t)
			p := webtest.Open(t, s.URL+"/web/about", size, webtest.Allow("ERR_"), webtest.Allow("503"))
			p.Await("the page", `document.querySelector(".l-live") && document.fonts.status === "loaded" && document.documentElement.dataset.parts`)
			for _, name := range is.screens {
				x := screenNamed(t, name)
				if name == "plan" {
					x.path = "plan/" + thePlan(t, s)
				}
				x.open(p)
				if is.enter != nil {
					is.enter(p, s)
				}
				p.Await(fmt.Sprintf("%s on the screen %s", is.name, name), is.shows)
				look(p, is.name+"-"+name)
				if is.leave != nil {
					is.leave(p, s)
				}
				x.close(p)
			}
		})
	}
}

// hostileScreens are a plan, and those of a fleet in which every text would do harm if anything took it for markup.
var hostileScreens = []screen{
	{name: "plan", path: "plan/", shows: ".plan .pn-foot"},
	{name: "hostile-clusters", path: "clusters", shows: ".row"},
	{name: "hostile-table", path: "clusters?view=table", shows: "table.list tbody tr"},
	{name: "hostile-cluster", path: hostilePath, shows: ".card, .o-row"},
	{name: "hostile-server", path: hostilePath + "?sel=c0-db-2:3306", shows: ".panel dl"},
	{name: "hostile-forecast", path: hostilePath + "?tab=forecast", shows: ".gates"},
	{name: "hostile-problems", path: "problems?downtime=show", shows: ".group"},
	{name: "hostile-recovery", path: "audit-recovery/uid/x", shows: ".hero"},
	{name: "hostile-audit", path: "audit", shows: "table.list tbody tr"},
}

var hostilePath = "cluster/alias/" + url.PathEscape(hostile)

// thePlan asks a service for a plan, and returns its name.
func thePlan(t *testing.T, s *service) string {
	t.Helper()
	w, err := http.Post(s.URL+"/api/v2/plans", "application/json", strings.NewReader(`{"operation": "begin-downtime", "arguments": {"instance": "db-a2:3306", "reason": "new disks"}}`))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Body.Close() }()
	var made struct{ ID string }
	if err := json.NewDecoder(w.Body).Decode(&made); err != nil || made.ID == "" {
		t.Fatalf("%s, %v", w.Status, err)
	}
	return made.ID
}

func screenNamed(t *testing.T, name string) screen {
	t.Helper()
	if name == "recovery-running" {
		return screen{name: name, path: "audit-recovery/uid/" + liveUID, shows: ".hero"}
	}
	for _, s := range slices.Concat(screens, groupScreens, hostileScreens) {
		if s.name == name {
			return s
		}
	}
	t.Fatalf("there is no screen %s", name)
	return screen{}
}

// TestAccessibilityInStates: the rules hold also while something is wrong, in both themes.
func TestAccessibilityInStates(t *testing.T) {
	t.Parallel()
	inState(t, webtest.Size(1440, 1400), func(p *webtest.Page, name string) {
		for _, how := range []string{"light", "dark"} {
			for _, what := range p.Rules() {
				t.Errorf("%s (%s): %s", name, how, what)
			}
			flipTheme(p)
		}
	})
}

// TestLayoutInStates: banners and marks of what is wrong have their place, on a large window and on a phone.
func TestLayoutInStates(t *testing.T) {
	t.Parallel()
	for _, size := range [][2]int64{{1440, 900}, {390, 844}} {
		t.Run(fmt.Sprintf("%d×%d", size[0], size[1]), func(t *testing.T) {
			inState(t, webtest.Size(size[0], size[1]), func(p *webtest.Page, name string) {
				for _, what := range p.Layout() {
					t.Errorf("%s: %s", name, what)
				}
			})
		})
	}
}
