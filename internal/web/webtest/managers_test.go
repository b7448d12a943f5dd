package webtest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/consensus"
	"orchestrator/internal/operate"
	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/topology"
	"orchestrator/internal/web/webtest"
)

// standingGroup is a group in which another one leads after a transfer.
type standingGroup struct{ *operatetest.Group }

// Transfer implements operate.Raft.
func (g *standingGroup) Transfer(node string) error {
	g.Change(func(s *consensus.Standing) {
		for n := range s.Members {
			m := &s.Members[n]
			if m.Leader = m.Address == node; m.Leader {
				s.Leader = m.Address
			}
		}
	})
	return g.Group.Transfer(node)
}

// silence has a member give no sign of life any more.
func (g *standingGroup) silence(n int) {
	g.Change(func(s *consensus.Standing) { s.Members[n].Healthy, s.Members[n].Contact = false, 80*time.Second })
}

// grouped makes the backend's process one of three managers, who differ about two servers and agree about others.
func grouped(b *operatetest.Backend) *standingGroup {
	b.Raft = true
	g := &standingGroup{operatetest.NewGroup(b)}
	ill := func(host string, s operate.Status, text string) operate.SeenAs {
		return operate.SeenAs{Server: topology.Key{Hostname: host, Port: 3306}, Status: s, Text: text}
	}
	broken := ill("c3-db-3", operate.StatusCritical, "does not replicate: error 1062: Duplicate entry")
	g.Told[0].Ill = []operate.SeenAs{broken}
	g.Told[1].Ill = []operate.SeenAs{broken, ill("c0-db-2", operate.StatusCritical, "does not answer: connection refused"), ill("c1-db-3", operate.StatusStale, "was not looked at lately")}
	return g
}

// startGroup serves one of three managers.
func startGroup(t *testing.T, b *operatetest.Backend) (*service, *standingGroup) {
	t.Helper()
	g := grouped(b)
	return startForetold(t, b, func(e *operate.Engine) { e.Raft, e.Managers = g, g }, nil), g
}

// TestManagersOfAGroup looks at the managers of a raft group, has another one lead by a plan, and is refused what would cost
// the quorum.
func TestManagersOfAGroup(t *testing.T) {
	t.Parallel()
	b := everything()
	s, g := startGroup(t, b)
	p := webtest.Open(t, s.URL+"/web/nodes", webtest.Allow("409"))
	p.AwaitText(".hero .big", "3 of 3 managers are here.")
	p.AwaitText(".hero", "One more may fail and the group still decides. Leader manager-2, since")
	p.AwaitText(".quorum", "2 needed, 3 here")
	p.Await("two votes that are needed, and one to spare", `document.querySelectorAll(".q-bar .need").length === 2 && document.querySelectorAll(".q-bar .spare").length === 1`)
	p.Await("the triangle", `document.querySelectorAll(".ring line").length === 3 && [...document.querySelectorAll(".ring .lat")].map((e) => e.textContent).sort().join() === "7.0 ms,88 ms,91 ms"`)
	p.Await("the three cards", `document.querySelectorAll(".node").length === 3 && document.querySelector(".node.leader b").textContent === "manager-2"`)
	third := `[...document.querySelectorAll(".node")].find((n) => n.getAttribute("aria-label") === "manager-3").innerText`
	for what, text := range map[string]string{"its index": "88,229 (2 behind)", "its round trip": "88 ms", "its version": "4.0.1", "its site": "iad2", "its backend": "SQLite 60 MB"} {
		p.Await(what, third+`.includes("`+text+`")`)
	}
	p.AwaitText(".see", "differ: no action")
	p.Await("first the servers on which they differ", `document.querySelector(".see tbody tr td:last-child").textContent.startsWith("differ") && [...document.querySelectorAll(".see tbody tr")].some((r) => r.innerText.includes("c3-db-3") && r.innerText.includes("agree"))`)
	p.AwaitText(".gates", "manager-3 has the version 4.0.1, most have 4.0.2")
	p.AwaitText(".gates", "manager-3 has moved, from 10.0.3.9:10008")

	card := func(n int, text string) {
		t.Helper()
		webtest.Value[bool](p, `([...[...document.querySelectorAll(".node")][`+string(rune('0'+n))+`].querySelectorAll("button")].find((b) => b.innerText === "`+text+`").click(), true)`)
	}
	card(0, "Make leader…")
	p.AwaitText(".plan", "Let manager-1 (10.0.1.1:10008) lead")
	p.AwaitText(".plan", "For a moment nothing is failed over")
	p.ClickText("Let 10.0.1.1:10008 lead")
	p.Await("the end of the plan", `document.querySelector(".plan[data-state=done]")`)
	p.ClickText("Undo")
	p.AwaitText(".plan", "Let manager-2 (10.0.2.1:10008) lead")
	p.Key("Escape")
	p.Await("that the plan is closed, and the other one leads", `!document.querySelector(".plan") && document.querySelector(".node.leader b").textContent === "manager-1"`)

	p.ClickText("Add a manager…")
	p.Await("the field", `document.activeElement.matches("dialog input[type=text]")`)
	p.Type("10.0.4.1")
	p.ClickText("Show the plan")
	p.AwaitText(".plan", "afterwards 4 of 4 votes are here and 3 are needed")
	p.Key("Escape")

	// By the stream of events alone: it is not asked again and again how the managers are.
	const readings = `performance.getEntriesByType("resource").filter((e) => e.name.endsWith("/api/v2/nodes")).length`
	before := webtest.Value[int](p, readings)
	g.silence(1)
	p.AwaitText(".hero", "If one more fails, nobody decides")
	if after := webtest.Value[int](p, readings); after != before {
		t.Errorf("how the managers are was read %d times, and then %d times", before, after)
	}
	p.Await("a vote that is missing", `document.querySelectorAll(".q-bar .gone").length === 1`)
	card(2, "Remove…")
	p.AwaitText(".plan .v-crit", "removing manager-3 (10.0.3.1:10008) would cost the quorum")
	p.AwaitText(".plan", "Nothing has been changed.")
	if calls := strings.Join(b.Calls, "\n"); !strings.Contains(calls, `transfer to "10.0.1.1:10008"`) || strings.Contains(calls, "member") {
		t.Errorf("done: %s", calls)
	}
}

// TestConfigurationOfAGroup: each key says where it stands, managers are compared, and nothing is read again before somebody
// has seen what that would change.
func TestConfigurationOfAGroup(t *testing.T) {
	t.Parallel()
	b := everything()
	s, _ := startGroup(t, b)
	p := webtest.Open(t, s.URL+"/web/config?q=RecoverMasterClusterFilters")
	p.AwaitText(".c-now", "matches")
	p.ClickText("Compare the managers")
	p.AwaitText("main", "2 keys are not the same on all managers.")
	p.AwaitText(".c-changes", "InstancePollSeconds")
	p.AwaitText(".c-changes", "another secret")
	p.ClickText("Read it again…")
	p.AwaitText("dialog[open]", "ListenAddress")
	p.AwaitText("dialog[open]", "after a restart")
	p.AwaitText("dialog[open]", "2 keys would count after a restart only.")
	if slices.ContainsFunc(b.Calls, func(c string) bool { return strings.HasPrefix(c, "reload") }) {
		t.Errorf("it was read: %q", b.Calls)
	}
	p.ClickText("Read it again")
	p.Await("that it was read", `!document.querySelector("dialog[open]")`)
	if !slices.ContainsFunc(b.Calls, func(c string) bool { return strings.HasPrefix(c, "reload") }) {
		t.Errorf("it was not read: %q", b.Calls)
	}
}

// groupScreens are the screens that look different for a member of a group.
var groupScreens = []screen{
	{name: "group-managers", path: "nodes", shows: ".see tbody tr:nth-child(3)"},
	{name: "group-plan", path: "nodes", press: []string{"Make leader…"}, shows: ".plan .pn-foot"},
	{name: "group-add", path: "nodes", press: []string{"Add a manager…"}, shows: "dialog[open] input"},
	{name: "group-configuration", path: "config?q=Poll", press: []string{"Compare the managers"}, shows: ".c-changes li"},
	{name: "group-reload", path: "config?q=Poll", press: []string{"Read it again…"}, shows: "dialog[open] .c-changes li"},
}

// sharedManagers are two that share a backend, and a third one that has ended without a word.
type sharedManagers struct{ *operatetest.Backend }

func (m sharedManagers) Health(ctx context.Context) operate.Health {
	h := m.Backend.Health(ctx)
	other := h.Available[0]
	other.Hostname, other.Token = "node2", "other"
	gone := operate.NodeHealth{Hostname: "node3", Token: "gone", LastSeen: operatetest.Now().Add(-20 * time.Minute)}
	h.Available, h.Silent = append(h.Available, other), []operate.NodeHealth{gone}
	return h
}

func (m sharedManagers) Name() string   { return "node1" }
func (m sharedManagers) Secret() []byte { return nil }
func (m sharedManagers) Facts(context.Context) operate.NodeFacts {
	return operate.NodeFacts{BackendTrip: 3 * time.Millisecond}
}
func (m sharedManagers) Ask(context.Context, operate.ReportQuery) []operate.NodeReport {
	ill := operate.SeenAs{Server: operatetest.Key("db-a2"), Status: operate.StatusCritical, Text: "does not answer"}
	return []operate.NodeReport{
		{Node: "node2", Token: "other", Age: 2 * time.Second, Servers: 3, Seen: 2, Ill: []operate.SeenAs{ill}, Facts: operate.NodeFacts{BackendTrip: 41 * time.Millisecond}},
		{Node: "node3", Token: "gone", Err: errors.New("it gives no sign of life")},
	}
}

// TestManagersOfOneBackend: of managers that share a backend the page shows what each has left there and when, and who is missed.
func TestManagersOfOneBackend(t *testing.T) {
	t.Parallel()
	b := operatetest.New()
	m := sharedManagers{b}
	s := start(t, b, func(e *operate.Engine) { e.Health, e.Managers = m, m })
	p := webtest.Open(t, s.URL+"/web/nodes")
	p.AwaitText(".hero .big", "2 of 3 managers are here.")
	p.Await("how far each is from the backend", `["3.0 ms", "41 ms"].every((took, n) => document.querySelectorAll(".node")[n].innerText.includes(took))`)
	p.AwaitText(".see thead", "said")
	p.AwaitText(".see", "differ: the leader decides")
	p.AwaitText(".gates", "node3 gives no sign of life")
	p.AwaitText(".gates", "it is missed for an hour")
}
