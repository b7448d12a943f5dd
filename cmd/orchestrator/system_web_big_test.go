package main

import (
	"fmt"
	"slices"
	"testing"

	manyservers "orchestrator/bench/fleet"
	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/web/webtest"
)

// frames has the page note how long each frame takes, until it is asked for them.
const frames = `(() => {
	window.frames500 = [];
	let last = performance.now();
	const next = (now) => { window.frames500.push(now - last); last = now; window.frame500 = requestAnimationFrame(next); };
	window.frame500 = requestAnimationFrame(next);
	return true;
})()`

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

	webtest.Value[bool](page, frames)
	ground := s.At("#canvas", .05, .9)
	for range 3 {
		s.Drag(ground, webtest.Point{X: ground.X, Y: ground.Y - 500}, 30)
		s.Release(webtest.Point{X: ground.X, Y: ground.Y - 500})
	}
	report(t, page, "pan")
	if cards := webtest.Value[int](page, "document.querySelectorAll('.card').length"); cards > 150 || cards < 5 {
		t.Errorf("%d cards exist while about ten are seen", cards)
	}
	s.Click("[aria-label='Fit all']")
	replica := webtest.Value[string](page, "[...document.querySelectorAll('.card:not(.primary)')].find((e) => e.getBoundingClientRect().top > 250).dataset.id")
	webtest.Value[bool](page, frames)
	at := s.At(card(replica), .4, .5)
	s.Drag(at, webtest.Point{X: at.X + 20, Y: at.Y + 300}, 40)
	s.Await("the verdicts", "document.querySelector('.card.can, .card.cannot')")
	report(t, page, "drag")
	s.picture("big-drag")
	s.Key("Escape")
	s.Release(at)
	s.Await("nothing is moved", "!document.querySelector('.dragging')")
}

// report notes the frame times. They are not judged: the machine has other work, too.
func report(t *testing.T, page *webtest.Page, what string) {
	t.Helper()
	times := webtest.Value[[]float64](page, "(cancelAnimationFrame(window.frame500), window.frames500)")
	if len(times) == 0 {
		t.Fatalf("%s: no frame", what)
	}
	slices.Sort(times)
	t.Logf("%s: %d frames, median %.1f ms, 95 of 100 within %.1f ms, longest %.1f ms", what, len(times), times[len(times)/2], times[len(times)*95/100], times[len(times)-1])
}
