package main

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/web/webtest"
)

// writeDown has the fleet written down, and returns how the cluster stands in the newest copy.
func (s *treeSession) writeDown() v2.Past {
	s.t.Helper()
	s.ok(s.t, "snapshot-topologies")
	_, text := s.get(s.t, "/api/v2/clusters/orders/history")
	moments := into[v2.History](s.t, []byte(text)).Moments
	if len(moments) == 0 {
		return v2.Past{}
	}
	_, text = s.get(s.t, "/api/v2/clusters/orders/past?at="+url.QueryEscape(moments[0].Format(time.RFC3339)))
	return into[v2.Past](s.t, []byte(text))
}

// TestWebHistory looks back: the tree is shown as it was written down, with what has become of it since, and nothing can be
// changed there.
func TestWebHistory(t *testing.T) {
	t.Parallel()
	c, p := startTree(t, 3, "")
	a, b, d := c.Node(0).Addr(), c.Node(1).Addr(), c.Node(2).Addr()
	must(t, c.Node(0).Exec(t.Context(), "CREATE DATABASE shop"))
	s := &treeSession{p, webtest.Open(t, p.url+"/web/cluster/alias/orders"), t}
	s.AwaitText(".hstrip", "No tree of the past is kept")
	if webtest.Value[bool](s.Page, `document.querySelector(".hstrip input") !== null`) {
		t.Error("there is a handle, and nothing that it could show")
	}
	s.await(t, "all three to be written down", func() bool { return len(s.writeDown().Servers) == 3 })
	s.carryOutMove(d, b)
	s.awaitSource(d, b)
	s.Await("the move in the strip", fmt.Sprintf(`[...document.querySelectorAll(".h-mark")].some((mark) => mark.title.includes(%q))`, d))
	s.Await("the handle", `document.querySelector(".hstrip input[type=range]")`)
	webtest.Value[bool](s.Page, `document.querySelector(".hstrip input").focus() === undefined`)
	s.Key("Down")
	s.Await("the moment in the address", `new URLSearchParams(location.search).has("at")`)
	was := func(key string) string { return fmt.Sprintf(`.past [data-was=%q]`, key) }
	s.AwaitText(was(d), "is below "+b+" now")
	if !webtest.Value[bool](s.Page, fmt.Sprintf(`document.querySelector(%q).contains(document.querySelector(%q)) && !document.querySelector(%q).contains(document.querySelector(%q))`, was(a), was(d), was(b), was(d))) {
		t.Errorf("%s is not shown below %s, where it was", d, a)
	}
	if webtest.Value[bool](s.Page, `document.querySelector(".c-act, .card, .pn-acts") !== null`) {
		t.Error("something can be changed in the past")
	}
	s.picture("past")
	s.ClickText("Back to now")
	s.Await("the tree as it is", fmt.Sprintf(`!new URLSearchParams(location.search).has("at") && document.querySelector(%q) && document.querySelector(".c-act")`, card(d)))
	s.picture("strip")
}
