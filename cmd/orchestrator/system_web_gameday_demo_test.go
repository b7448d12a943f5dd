package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/web/webtest"
)

// what the demo says at its beginning.
var (
	demoAddress = regexp.MustCompile(`web and API: (http://\S+?)/ `)
	demoPrimary = regexp.MustCompile(`the primary \(pid (\d+)\)`)
)

// startDemo starts the demo, and waits until it says what can be tried.
func startDemo(t *testing.T, args ...string) *serviceProcess {
	t.Helper()
	if testing.Short() {
		t.Skip("needs real servers: left out in short mode")
	}
	home, err := os.UserHomeDir()
	must(t, err)
	p := newProcess(t.TempDir())
	p.launch(t, func(cmd *exec.Cmd) {
		cmd.Args = append([]string{programName, "demo", "--port", "0"}, args...)
		cmd.Env = append(cmd.Env, "HOME="+home) // where the servers are
	})
	p.url = demoAddress.FindStringSubmatch(p.awaitLog(t, "try this:"))[1]
	return p
}

// chooseBlow chooses how a server is struck.
func (s *treeSession) chooseBlow(title string) {
	s.t.Helper()
	find := fmt.Sprintf(`[...document.querySelectorAll(".gameday label")].find((label) => label.querySelector("b")?.innerText === %q)?.querySelector("input:not(:disabled)")`, title)
	s.Await(title, find)
	webtest.Value[bool](s.Page, find+".click() === undefined")
}

// TestWebGameDayInDemo: the servers of the demo are its own, and marked for game days: there a primary is frozen through the
// page. What cannot be done from here is not offered, with the reason.
func TestWebGameDayInDemo(t *testing.T) {
	t.Parallel()
	p := startDemo(t)
	pid := demoPrimary.FindStringSubmatch(p.logged())[1]
	s := &treeSession{p, webtest.Open(t, p.url+"/web/game-day"), t}
	s.AwaitText(".gameday", "Kill its process")
	refused := webtest.Value[[]string](s.Page, `[...document.querySelectorAll(".gameday input[name=blow]:disabled")].map((e) => e.closest("label").innerText)`)
	if all := strings.Join(refused, "\n"); len(refused) != 3 || strings.Count(all, "Not offered: ") != 3 || !strings.Contains(all, "Cut a site") {
		t.Errorf("what is not offered: %q", refused)
	}
	s.chooseBlow("Freeze its process")
	s.AwaitText(".verdict", "takes over")
	s.ClickText("Show the plan")
	s.AwaitText(".plan", "freeze the process of")
	s.AwaitText(".plan", "nobody wakes it again")
	s.Click(".plan input[name=reason]")
	s.Type("it is noticed, though nobody hangs up")
	s.Click(".plan input[name=confirm]")
	s.Type("orders")
	primary := s.gameDays().Clusters[0].Servers[0]
	s.runPlan()
	s.awaitRecoveries(1)
	if stat, err := os.ReadFile("/proc/" + pid + "/stat"); err == nil && !strings.Contains(string(stat), ") T ") {
		t.Errorf("the process of the primary is not held: %s", stat)
	}
	s.AwaitText(".gamedays", "took over")
	s.AwaitText(".gamedays", "frozen")
	var day v2.GameDay
	s.await(t, "what was answered to be kept", func() bool { day = s.gameDays().Items[0]; return day.Graph != nil })
	if day.Blow != "freeze" || day.Server != primary || day.Recovery == nil || day.Outage == nil || *day.Outage <= 0 {
		t.Errorf("%+v", day)
	}
	silent := false
	for _, span := range day.Graph.Spans {
		silent = silent || span.Server == primary && span.State == "silent"
	}
	if !silent {
		t.Errorf("the primary was frozen, and it answered all the while: %+v", day.Graph.Spans)
	}
	s.AwaitText("main", "How long nobody wrote, against the forecast")
	s.AwaitText(".compared", "foretold")
	s.picture("gameday-demo")
}
