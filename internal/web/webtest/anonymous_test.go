package webtest_test

import (
	"strings"
	"testing"

	"orchestrator/internal/web/webtest"
)

// betrays names where something that a person sees or hears holds the name of a server: texts, titles, labels, values. The alias of
// a cluster is no name of a server.
const betrays = `(() => {
	const said = /\bdb-[ab]\d\b/;
	const found = [];
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walker.nextNode()) {
		const e = walker.currentNode.parentElement;
		if (said.test(walker.currentNode.data) && !e.closest("script, style")) found.push("text in " + e.localName + "." + e.className + ": " + walker.currentNode.data.trim().slice(0, 90));
	}
	for (const e of document.querySelectorAll("*")) for (const name of ["title", "aria-label", "alt", "placeholder", "value", "aria-description", "aria-valuetext"]) {
		const text = e.getAttribute(name);
		if (text && said.test(text) && !(e.localName === "option" && name === "value")) found.push(name + " of " + e.localName + "." + (e.getAttribute("class") ?? "") + ": " + text.slice(0, 90));
	}
	if (said.test(document.title)) found.push("the title: " + document.title);
	return [...new Set(found)];
})()`

// TestAnonymous: what is made up for pictures covers all texts, tooltips, labels and what is taken away as a file, on every part of
// the page.
func TestAnonymous(t *testing.T) {
	t.Parallel()
	all := everything()
	s := startForetold(t, all, withHistory(all), nil)
	p := webtest.Open(t, s.URL+"/web/cluster/alias/orders")
	p.AwaitText(".card", "db-a1")
	p.ClickText("What is shown")
	p.Await("the menu", `document.querySelector(".view-menu .menu")`)
	webtest.Value[bool](p, `[...document.querySelectorAll(".view-menu .toggle")].find((e) => /anonym|made up/i.test(e.innerText)).querySelector("input").click() === undefined`)
	p.AwaitText(".card", "instance-")
	p.Key("Escape")
	for _, name := range []string{"cluster", "cluster-server", "cluster-several", "cluster-outline", "cluster-servers", "cluster-forecast", "cluster-recoveries", "cluster-binlogs", "cluster-pools", "cluster-past", "switchover", "tags", "downtime", "moving",
		"clusters", "clusters-table", "problems", "recoveries", "recovery", "recovery-trees", "recovery-evidence", "detections", "audit", "search", "palette"} {
		x := screenNamed(t, name)
		x.open(p)
		if found := webtest.Value[[]string](p, betrays); len(found) > 0 {
			t.Errorf("%s:\n  %s", name, strings.Join(found, "\n  "))
		}
		x.close(p)
	}
	webtest.Value[bool](p, `(() => {
		window.taken = [];
		const was = URL.createObjectURL;
		URL.createObjectURL = (blob) => { void blob.text().then((text) => taken.push(text)); return was.call(URL, blob); };
		Object.defineProperty(navigator, "clipboard", { value: { writeText: (text) => { taken.push(text); return Promise.resolve(); } } });
		return true;
	})()`)
	screenNamed(t, "recoveries").open(p)
	p.ClickText("Copy as CSV")
	p.ClickText("JSON")
	p.Await("both to be taken", `window.taken.length === 2`)
	for _, text := range webtest.Value[[]string](p, "taken") {
		if strings.Contains(text, "db-a") || !strings.Contains(text, "instance-") {
			t.Errorf("what is taken away names servers: %.300s", text)
		}
	}
}
