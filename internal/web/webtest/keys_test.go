package webtest_test

import (
	"fmt"
	"testing"

	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/web/webtest"
)

// TestKeys: each key of the list does what the list says, and single letters do nothing while they are turned off.
func TestKeys(t *testing.T) {
	t.Parallel()
	all := everything()
	s := startForetold(t, all, withHistory(all), nil)
	p := webtest.Open(t, s.URL+"/web/about")
	p.Await("the page", `document.querySelector(".l-live") && document.documentElement.dataset.parts`)
	at := func(path string) string { return fmt.Sprintf("location.pathname === %q", "/web/"+path) }

	t.Run("everywhere", func(t *testing.T) {
		for _, to := range [][2]string{{"c", "clusters"}, {"p", "problems"}, {"r", "audit-recovery"}, {"d", "audit-failure-detection"}, {"a", "audit"}, {"m", "nodes"}} {
			p.Key("g")
			p.Key(to[0])
			p.Await("g "+to[0]+" to lead to "+to[1], at(to[1]))
		}
		p.Key("/") // there is no filter: the palette is opened
		p.Await("the palette", `document.querySelector("dialog.pal[open]")`)
		p.Key("Escape")
		p.Await("no palette", `!document.querySelector("dialog.pal")`)
		wide := webtest.Value[float64](p, `document.querySelector("nav").getBoundingClientRect().width`)
		p.Key("[")
		p.Await("the side bar to be folded", fmt.Sprintf(`document.querySelector("nav").getBoundingClientRect().width < %v / 2`, wide))
		p.Key("[")
		p.Await("the side bar", fmt.Sprintf(`document.querySelector("nav").getBoundingClientRect().width === %v`, wide))
		p.Key("?")
		p.AwaitText("dialog[open]", "this list")
		p.Key("Escape")
		p.Await("no dialog", `!document.querySelector("dialog[open]")`)
	})

	focus := func(key string) {
		t.Helper()
		selector := fmt.Sprintf("[data-id=%q]", operatetest.Key(key))
		p.Await(key, fmt.Sprintf("document.querySelector(%q)", selector))
		webtest.Value[bool](p, fmt.Sprintf("document.querySelector(%q).focus() === undefined", selector))
	}
	focused := func(key string) string {
		return fmt.Sprintf("document.activeElement.dataset.id === %q", operatetest.Key(key))
	}
	chosen := func(n int) string {
		return fmt.Sprintf(`document.querySelectorAll(".card.sel, .card[aria-selected=true]").length >= %d`, n)
	}
	screenNamed(t, "cluster").open(p)
	t.Run("in the tree", func(t *testing.T) {
		focus("db-a1")
		p.Key("Right")
		p.Await("the first replica", focused("db-a2"))
		p.Key("Down")
		p.Await("its neighbour", focused("db-a3"))
		p.Key("Up")
		p.Await("the first again", focused("db-a2"))
		p.Key("Left")
		p.Await("the source", focused("db-a1"))
		p.Key("Right")
		p.Await("the first replica", focused("db-a2"))
		p.Key("Enter")
		p.Await("what was opened in the panel and in the address", `new URLSearchParams(location.search).get("sel") === "db-a2:3306" && document.querySelector(".panel dl")`)
		p.Key("Down")
		p.Await("its neighbour", focused("db-a3"))
		p.Key(" ")
		p.Await("both to be chosen", chosen(2)+` && document.querySelector(".panel .several, .several")`)
		p.Key("Escape")
		p.Await("nobody to be chosen", `!new URLSearchParams(location.search).has("sel")`)

		scale := `new DOMMatrix(getComputedStyle(document.querySelector(".nodes")?.parentElement ?? document.querySelector(".stage")).transform).a`
		before := webtest.Value[float64](p, scale)
		p.Key("-")
		p.Await("all smaller", fmt.Sprintf("%s < %v", scale, before))
		p.Key("+")
		p.Await("all as large again", fmt.Sprintf("Math.abs(%s - %v) < .02", scale, before))
		p.Key("-")
		p.Key("0")
		p.Await("all to be fitted", fmt.Sprintf("Math.abs(%s - %v) < .02", scale, before))
		p.Key("f")
		p.Await("the search in the tree", `document.activeElement.matches("#canvas input")`)
		p.Type("b1")
		p.Key("Enter")
		p.Await("who was sought to be chosen", `new URLSearchParams(location.search).get("sel") === "db-b1:3306"`)
		p.Key("Escape")
		p.Await("the focus on who was sought", focused("db-b1"))
		p.Key("Escape")
		p.Await("nobody to be chosen", `!new URLSearchParams(location.search).has("sel")`)
		p.Key(`\`)
		p.Await("no panel", `!document.querySelector(".panel").checkVisibility()`)
		focus("db-a3")
		p.Key("m")
		p.Await("the server to be carried", `document.querySelector(".dragging .card.can")`)
		p.Key("Escape")
		p.Await("nothing to be carried", `!document.querySelector(".dragging")`)
		focus("db-a2")
		for key, opens := range map[string]string{"d": "Downtime of db-a2", "t": "Tags of db-a2"} {
			p.Key(key)
			p.AwaitText("dialog[open] h2", opens)
			p.Key("Escape")
			p.Await("no dialog", `!document.querySelector("dialog[open]")`)
			focus("db-a2")
		}
		p.Key("p")
		p.Await("the plan of promoting it, though the panel was hidden", `document.querySelector(".plan .pn-foot")?.checkVisibility()`)
		focus("db-a2")
		p.Key(" ")
		p.Key(" ") // to how it is now, and back
		p.Await("the plan still", `document.querySelector(".plan .pn-foot")`)
		p.Key("Escape")
		p.Await("no plan", `!document.querySelector(".plan")`)
		p.Key(`\`)
		p.Await("the panel", `document.querySelector(".panel").checkVisibility()`)
		focus("db-a2")
		p.Key("e")
		p.Await("the forecast", `new URLSearchParams(location.search).get("tab") === "forecast"`)
	})

	t.Run("turned off", func(t *testing.T) {
		screenNamed(t, "me").open(p)
		webtest.Value[bool](p, `[...document.querySelectorAll("main .seg button")].filter((b) => b.innerText === "Off").at(-1).click() === undefined`)
		screenNamed(t, "cluster").open(p)
		focus("db-a2")
		for _, key := range []string{"m", "d", "t", "p", "e", "f", "?", "[", `\`, "g", "c"} {
			p.Key(key)
		}
		p.Key("Left") // what is no letter works
		p.Await("the source", focused("db-a1"))
		if webtest.Value[bool](p, `document.querySelector("dialog[open], .dragging, .plan, #canvas input") !== null || !location.pathname.endsWith("/orders") || !document.querySelector(".panel").checkVisibility()`) {
			t.Error("a letter did something though letters are turned off")
		}
	})
	if len(s.backend.Calls) > 0 {
		t.Errorf("keys alone did %s", s.backend.Calls)
	}
}
