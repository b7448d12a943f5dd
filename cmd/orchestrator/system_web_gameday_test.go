package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/web/webtest"
)

// askGameDay asks for the plan of shutting a server down, as a program would.
func (s *treeSession) askGameDay(server string) (int, v2.Problem) {
	s.t.Helper()
	body := strings.NewReader(fmt.Sprintf(`{"operation": "game-day", "arguments": {"instance": %q}}`, server))
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+"/api/v2/plans", body)
	must(s.t, err)
	r.Header.Set("Content-Type", "application/json")
	w, err := s.client.Do(r)
	must(s.t, err)
	defer func() { must(s.t, w.Body.Close()) }()
	text := must2(io.ReadAll(w.Body))
	if w.StatusCode < 400 {
		return w.StatusCode, v2.Problem{}
	}
	return w.StatusCode, into[v2.Problem](s.t, text)
}

// mustLive fails the test when a server was shut down.
func (s *treeSession) mustLive(n *sandbox.Node) {
	s.t.Helper()
	if !n.Running() {
		s.t.Fatalf("%s was shut down", n)
	}
}

// TestWebGameDay strikes a primary through the page, where every server of the cluster is marked for it; before that,
// nothing strikes it by any way.
func TestWebGameDay(t *testing.T) {
	t.Parallel()
	c, p := startTree(t, 3, "")
	primary := c.Node(0)
	must(t, primary.Exec(t.Context(), "CREATE DATABASE shop"))
	s := &treeSession{p, webtest.Open(t, p.url+"/web/game-day"), t}

	t.Run("refused where nothing is marked", func(t *testing.T) {
		s.t = t
		s.AwaitText("main", "No cluster is marked for game days.")
		s.refusedGameDay(primary, "3 of 3 servers of orders are not marked")
	})
	t.Run("refused where one server is not marked", func(t *testing.T) {
		s.t = t
		for _, n := range c.Nodes()[:2] {
			s.ok(t, fmt.Sprintf("tag/127.0.0.1/%d/gameday/allowed", n.Port))
		}
		s.AwaitText("main", "1 server without the tag gameday=allowed")
		s.refusedGameDay(primary, "1 of 3 servers of orders are not marked")
	})
	t.Run("marked through the page", func(t *testing.T) {
		s.t = t
		s.Go(p.url + "/web/cluster/alias/orders?view=table")
		s.Click("input[aria-label='Select all']")
		s.AwaitText(".panel", "3 servers selected")
		s.ClickText("Tags…")
		s.awaitFocus("dialog input")
		s.Type("gameday=allowed")
		s.ClickText("Add")
		s.await(t, "all to be marked", func() bool { return len(s.server(c.Node(2).Addr()).Tags) == 1 })
		s.Key("Escape")
	})
	t.Run("refused while nothing would be done about it", func(t *testing.T) {
		s.t = t
		s.ok(t, "disable-global-recoveries")
		if status, problem := s.askGameDay(primary.Addr()); status != http.StatusConflict || problem.Reason != "would-not" {
			t.Errorf("%d %+v", status, problem)
		}
		s.Go(p.url + "/web/game-day")
		s.AwaitText(".gates .g-n", "Recoveries are switched off globally")
		s.Await("no way to go on", `[...document.querySelectorAll("main button")].find((b) => b.innerText.trim() === "Show the plan").disabled`)
		s.ok(t, "enable-global-recoveries")
	})
	t.Run("not struck where the server itself refuses", func(t *testing.T) {
		s.t = t
		s.planGameDay(primary)
		s.Click(".plan .pn-foot [type=submit]")
		s.AwaitText(".plan[data-state=failed]", "SHUTDOWN")
		s.AwaitText(".gamedays", "The server was not struck")
		s.mustLive(primary)
		s.Key("Escape")
		if days := s.gameDays(); len(days.Items) != 1 || days.Items[0].Graph != nil {
			t.Errorf("what was answered is kept of a blow that did not come off: %+v", days.Items)
		}
		s.await(t, "that nobody is asked any more", func() bool { return len(s.askedWrites()) == 0 })
	})
	t.Run("struck, repaired, and recorded", func(t *testing.T) {
		s.t = t
		must(t, primary.Exec(t.Context(), "GRANT SHUTDOWN ON *.* TO '"+sandbox.UserOrc+"'@'%'"))
		s.planGameDay(primary)
		s.picture("gameday-plan")
		load, err := sandbox.StartLoad(t.Context(), c.Addrs, sandbox.LoadOptions{})
		must(t, err)
		defer load.Stop()
		must(t, load.AwaitCommits(t.Context(), 10))
		webtest.Value[bool](s.Page, `(new MutationObserver(() => {
			if ([...document.querySelectorAll(".gameday-now .w-facts dt")].some((e) => e.innerText === "Seen so far")) window.sawLive = true;
		}).observe(document.querySelector("main"), { subtree: true, childList: true, characterData: true }), true)`)
		s.runPlan()
		s.awaitRecoveries(1)
		done := s.recovery(t)
		if done.Failed != primary.Addr() || done.Successor == "" {
			t.Fatalf("%+v", done)
		}
		s.AwaitText(".gamedays", "a replica takes over within a second")
		s.AwaitText(".gamedays", done.Successor+" took over") // under load it may be another one than was foretold a moment before
		s.AwaitText(".gamedays", "from the blow")
		s.AwaitText(".gameday-now .big", done.Headline)
		s.picture("gameday")
		if primary.Running() {
			t.Error("the primary runs on")
		}
		_, text := s.get(t, "/api/v2/audit?kind=game-day")
		if !strings.Contains(text, "a replica takes over within a second") {
			t.Errorf("the audit does not say what was expected: %s", text)
		}
		days := s.gameDays()
		if len(days.Items) != 2 || days.Items[0].Recovery == nil || days.Items[0].Recovery.UID != done.UID || days.Items[0].Writes == nil || *days.Items[0].Writes <= 0 {
			t.Errorf("%+v", days)
		}
		must(t, load.AwaitCommitAt(t.Context(), done.Successor))
		s.agreesWithWriter(load, primary.Addr(), done.Successor)
	})
}

// agreesWithWriter sets what the page says of the time without writes against what a client has measured that wrote all
// the while.
func (s *treeSession) agreesWithWriter(load *sandbox.Load, from, to string) {
	s.t.Helper()
	s.await(s.t, "what was answered to be kept", func() bool { return s.gameDays().Items[0].Graph != nil })
	is := s.gameDays().Items[0].Graph
	var gap v2.WriteGap
	for _, g := range is.Gaps {
		if g.Took != nil && (gap.Took == nil || *g.Took > *gap.Took) {
			gap = g
		}
	}
	if gap.Took == nil || is.Ended == nil || !strings.HasPrefix(is.Why, "writes have been back") || is.Commits {
		s.t.Fatalf("%+v", is)
	}
	written := load.Stop()
	var last, first sandbox.Commit
	for _, c := range written.Commits {
		switch {
		case c.Addr == from:
			last = c
		case c.Addr == to && first.ID == 0:
			first = c
		}
	}
	// How exact the answers are at both ends: from the last one of a kind to the first of the next. On a machine that is
	// busy that grows, for the client as well.
	var stopped, back time.Duration
	for _, p := range is.Spans {
		switch {
		case p.Server == from && p.From.After(*gap.From) && stopped == 0:
			stopped = p.From.Sub(*gap.From)
		case p.Server == to && p.State == "closed":
			back = gap.To.Sub(*p.To)
		}
	}
	const slack = 200 * time.Millisecond
	s.t.Logf("the page: %.1f ms (to %s and %s); the client: %s; it stopped %s apart and went on %s apart", *gap.Took, stopped, back, first.At.Sub(last.At), last.At.Sub(*gap.From), first.At.Sub(*gap.To))
	if apart := last.At.Sub(*gap.From).Abs(); apart > stopped+slack {
		s.t.Errorf("the client wrote last at %s, by the page writes stopped at %s", last.At.UTC(), gap.From)
	}
	if apart := first.At.Sub(*gap.To).Abs(); apart > back+slack {
		s.t.Errorf("the client wrote again at %s, by the page writes were back at %s", first.At.UTC(), gap.To)
	}
	s.AwaitText(".gameday-now .writes b", is.Sentence)
	s.AwaitText(".gameday-now .outband", asShown(*gap.Took))
	s.AwaitText(".gameday-now .w-facts dt", "Seen")
	s.Await("a lane for each server", fmt.Sprintf(`document.querySelectorAll(".gameday-now .w-row code").length === %d`, len(is.Servers)))
	if !webtest.Value[bool](s.Page, "window.sawLive === true") {
		s.t.Error("nothing was shown while it went on")
	}
	s.picture("gameday-writes")
	s.ClickText("Writes")
	s.AwaitText(".gamedays .writes", asShown(*gap.Took))
	s.Go(s.url + "/web/game-day")
	s.AwaitText(".gameday-now .writes b", is.Sentence) // it stays with the record
}

// askedWrites are the game days whose servers are asked at this moment.
func (s *treeSession) askedWrites() []v2.GameDayWrites {
	s.t.Helper()
	_, text := s.get(s.t, "/api/v2/game-days/writes")
	return into[v2.Page[v2.GameDayWrites]](s.t, []byte(text)).Items
}

// planGameDay asks for the plan of striking a server, and says what it asks for.
func (s *treeSession) planGameDay(n *sandbox.Node) {
	s.t.Helper()
	s.AwaitText(".verdict", "takes over")
	s.Await("the way on", `[...document.querySelectorAll("main button")].some((b) => b.innerText.trim() === "Show the plan" && !b.disabled)`)
	s.ClickText("Show the plan")
	s.AwaitText(".plan", "shut "+n.Addr()+" down")
	s.AwaitText(".plan", "nobody starts it again")
	s.mustLive(n)
	s.Await("the field for the alias", `document.querySelector(".plan input[name=confirm]")`)
	s.Click(".plan input[name=reason]")
	s.Type("a replica takes over within a second")
	s.Click(".plan input[name=confirm]")
	s.Type("order")
	if !webtest.Value[bool](s.Page, `document.querySelector(".plan .pn-foot [type=submit]").disabled`) {
		s.t.Fatal("it can be run with a part of the alias")
	}
	s.Type("s")
}

func (s *treeSession) gameDays() v2.GameDays {
	s.t.Helper()
	status, text := s.get(s.t, "/api/v2/game-days")
	if status != http.StatusOK {
		s.t.Fatalf("%d %s", status, text)
	}
	return into[v2.GameDays](s.t, []byte(text))
}

// refusedGameDay tries to strike a server by every way there is.
func (s *treeSession) refusedGameDay(n *sandbox.Node, why string) {
	s.t.Helper()
	if status, problem := s.askGameDay(n.Addr()); status != http.StatusConflict || problem.Reason != "unmarked" || !strings.Contains(problem.Detail, why) {
		s.t.Errorf("%d %+v, want %q", status, problem, why)
	}
	if r := s.ask(s.t, fmt.Sprintf("game-day/127.0.0.1/%d/orders/mischief", n.Port)); r.Code != "ERROR" || !strings.Contains(r.Message, why) {
		s.t.Errorf("by the old API: %+v, want %q", r, why)
	}
	s.mustLive(n)
	if days := s.gameDays(); len(days.Items) > 0 {
		s.t.Errorf("%+v", days.Items)
	}
}
