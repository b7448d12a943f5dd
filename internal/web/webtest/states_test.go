package webtest_test

import (
	"fmt"
	"slices"
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
			p.ClickText("Try now")
			p.Await("the stream again", `document.querySelector(".l-live") && document.documentElement.dataset.state !== "stale"`)
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

func screenNamed(t *testing.T, name string) screen {
	t.Helper()
	if name == "recovery-running" {
		return screen{name: name, path: "audit-recovery/uid/" + liveUID, shows: ".hero"}
	}
	for _, s := range slices.Concat(screens, groupScreens) {
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
