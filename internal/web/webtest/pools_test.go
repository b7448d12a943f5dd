package webtest_test

import (
	"strings"
	"testing"

	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/web/webtest"
)

// TestPoolIsEdited takes one server out of a pool and another one in, by a plan; the member in another cluster stays.
func TestPoolIsEdited(t *testing.T) {
	b := operatetest.New()
	s := start(t, b, nil)
	p := webtest.Open(t, s.URL+"/web/cluster/alias/orders?tab=pools")
	p.Await("the pools", `document.querySelectorAll(".pools section").length === 2 && document.querySelectorAll('section[aria-label="reporting"] .pool-dots .m').length === 2`)
	webtest.Value[bool](p, `(() => { document.querySelector('[aria-label="Edit… reporting"]').click(); return true })()`)
	p.Await("the servers", `document.querySelectorAll("dialog[open] input[type=checkbox]").length === 4 && document.querySelectorAll("dialog[open] input:checked").length === 2`)
	p.AwaitText("dialog[open]", "1 member in other clusters stays")
	webtest.Value[bool](p, `(() => { for (const label of document.querySelectorAll("dialog[open] .winners label")) if (/db-a2|db-a3/.test(label.textContent)) label.querySelector("input").click(); return true })()`)
	p.ClickText("Show the plan")
	p.Await("the plan", `document.querySelector(".plan[data-state=planned]")`)
	if len(b.Calls) > 0 {
		t.Errorf("a plan alone has done %q", b.Calls)
	}
	p.Click(".plan .pn-foot [type=submit]")
	p.Await("its end", `document.querySelector(".plan[data-state=done]")`)
	var submitted string
	for _, call := range b.Calls {
		if rest, ok := strings.CutPrefix(call, "submit-pool reporting "); ok {
			submitted = rest
		}
	}
	if submitted != "solo:3306,db-b1:3306,db-a3:3306" {
		t.Errorf("in the pool now: %q of %q", submitted, b.Calls)
	}
}
