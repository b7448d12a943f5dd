package main

import (
	"fmt"
	"strings"
	"testing"

	manyservers "orchestrator/bench/fleet"
	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/web/webtest"
)

// TestWebBigCluster looks at a cluster of 500 servers: folded it fits one screen; unfolded it is panned and dragged through.
func TestWebBigCluster(t *testing.T) {
	if testing.Short() {
		t.Skip("needs a browser: left out in short mode")
	}
	t.Parallel()
	const servers = 500
	f, err := manyservers.New(manyservers.Options{Servers: servers, ReplicasPerPrimary: servers - 1, User: "orc", Password: "orc"})
	must(t, err)
	t.Cleanup(f.Close)
	must(t, f.Start(t.Context()))
	primary := f.Key(f.Primaries()[0])
	p := startProcess(t, fmt.Sprintf(`"MySQLTopologyUser": "orc", "MySQLTopologyPassword": "orc", "InstancePollSeconds": 5, "DefaultInstancePort": %d, "DiscoverByShowSlaveHosts": true, "DiscoverySeeds": [%q]`, primary.Port, primary))
	p.await(t, "all servers", func() bool {
		status, text := p.get(t, "/api/v2/fleet")
		return status == 200 && into[v2.Fleet](t, []byte(text)).Servers == servers
	})
	page := webtest.Open(t, p.url+"/web/cluster/"+primary.String())
	s := &treeSession{p, page, t}
	s.AwaitText(".card.many", "499 replicas")
	if dots := webtest.Value[int](page, "document.querySelectorAll('.card.many use').length"); dots != servers-1 {
		t.Errorf("%d dots: everybody is one", dots)
	}
	s.picture("big-folded")
	s.Click(".card.many")
	s.Await("the cards", "document.querySelectorAll('.card').length > 10")
	s.picture("big-open")

	// Panning moves one plane: cards come and go at its edges, and none that stays is touched or placed anew.
	ground := s.At("#canvas", .05, .9)
	pan := page.CostOf(func() {
		for range 3 {
			s.Drag(ground, webtest.Point{X: ground.X, Y: ground.Y - 500}, 30)
			s.Release(webtest.Point{X: ground.X, Y: ground.Y - 500})
		}
	})
	t.Log("pan: ", pan)
	if pan.Layouts > 2*len(pan.Frames) || pan.Added > 20*servers {
		t.Errorf("panning by three screens costs %s", pan)
	}
	if cards := webtest.Value[int](page, "document.querySelectorAll('.card').length"); cards > 150 || cards < 5 {
		t.Errorf("%d cards exist while about ten are seen", cards)
	}
	s.Click("[aria-label='Fit all']")
	replica := webtest.Value[string](page, "[...document.querySelectorAll('.card:not(.primary)')].find((e) => e.getBoundingClientRect().top > 250).dataset.id")
	// Dragging looks at the cards twice, when the verdicts come and when it is over; on the way only the target changes.
	at := s.At(card(replica), .4, .5)
	s.Drag(at, webtest.Point{X: at.X + 20, Y: at.Y + 100}, 10)
	s.Await("the verdicts", "document.querySelector('.card.can, .card.cannot')")
	drag := page.CostOf(func() {
		for n := range 30 {
			s.Move(webtest.Point{X: at.X + 20, Y: at.Y + 100 + 6*float64(n)})
		}
	})
	t.Log("drag: ", drag)
	if drag.Layouts > 3*len(drag.Frames) || len(drag.Touched) > 10 {
		t.Errorf("dragging over three cards costs %s", drag)
	}
	s.picture("big-drag")
	s.Key("Escape")
	s.Release(at)
	s.Await("nothing is moved", "!document.querySelector('.dragging')")

	// News of one server touch its card, and no other.
	news := page.CostOf(func() {
		p.ok(t, "begin-downtime/"+strings.Replace(replica, ":", "/", 1)+"/dba/news/1h")
		s.Await("the news", fmt.Sprintf("document.querySelector(%q)?.matches('.k-pause')", card(replica)))
	})
	t.Log("a patch: ", news)
	if len(news.Touched) != 1 || news.Touched[0] != replica {
		t.Errorf("news of %s change the cards of %q", replica, news.Touched)
	}
	// What one server's news may cost: the patch of its card, and those of the head and of the forecast that follow it.
	if news.Drawn > 8 || news.Layouts > 4*news.Drawn || news.Added > 40 {
		t.Errorf("news of one server of %d cost %s", servers, news)
	}
}
