package webtest_test

import (
	"context"
	"strings"
	"testing"
	"time"

	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/publish"
	"orchestrator/internal/web/webtest"
)

// told makes a fleet whose primaries are written to two stores, and whose failovers run programs.
func told(b *operatetest.Backend) {
	b.Conf.ConsulAddress, b.Conf.EtcdAddress = "consul.example:8500", "http://etcd1.example:2379"
	b.Conf.PostFailoverProcesses = []string{"echo 'recovered {failureCluster}' >> /var/log/recovery.log", "/usr/local/bin/tell-proxies {successorHost}"}
	b.Conf.OnFailureDetectionProcesses = []string{"/usr/local/bin/page-on-call {failureType} {failedHost}"}
}

// stores are those of told: one entry is not as it should be, one was changed by somebody and put right, one store is away.
func stores(d *v2.Deps) {
	now := operatetest.Now()
	entry := func(alias, wanted, value string, state publish.State) publish.Entry {
		e := publish.Entry{Alias: alias, Wanted: wanted, Checked: now.Add(-20 * time.Second), Changed: now.Add(-49 * time.Hour), State: state}
		e.Sights = []publish.Sight{{Value: value, Would: publish.Present}}
		if value != wanted {
			e.Sights[0].Would, e.Since = publish.Written, now.Add(-3*time.Minute)
		}
		return e
	}
	held := entry("billing", "c3-db-1:3306", "c3-db-2:3306", publish.Held)
	held.Problem = "not published: c3-db-1:3306 takes no writes"
	drifted := entry("orders", "db-a1:3306", "db-a1:3306", publish.AsWanted)
	drifted.Drift = &publish.Drift{Value: "db-a9:3306", Seen: now.Add(-40 * time.Minute)}
	failing := entry("orders", "db-a1:3306", "db-a1:3306", publish.Failing)
	failing.Problem, failing.Since = "http://etcd1.example:2379: no quorum", now.Add(-11*time.Minute)
	list := []publish.Listing{
		{Store: "consul http://consul.example:8500", Entries: []publish.Entry{held, entry("alpha", "c0-db-1:3306", "c0-db-1:3306", publish.AsWanted), drifted}},
		{Store: "etcd http://etcd1.example:2379", Entries: []publish.Entry{entry("alpha", "c0-db-1:3306", "c0-db-1:3306", publish.AsWanted), failing}},
	}
	d.Published = func() []publish.Listing { return list }
	d.Beside = func(context.Context) ([]publish.Listing, error) {
		inside, name := entry("orders", "db-a1:3306", "db-a1:3306", publish.AsWanted), entry("orders", "db-a1:3306", "db-a2:3306", publish.Elsewhere)
		name.Name = "orders-vip:3306"
		return []publish.Listing{{Store: "internal", Entries: []publish.Entry{inside}}, {Store: publish.NamesStore, Entries: []publish.Entry{name}}}, nil
	}
	d.Stores = func() []publish.Standing {
		return []publish.Standing{{Store: list[0].Store, Clusters: 2}, {Store: list[1].Store, Clusters: 1, Problems: []publish.Problem{{Alias: "orders", Text: failing.Problem, Since: failing.Since}}}}
	}
}

// TestPublishing shows what stores say beside what they are to say, publishes one again by a plan, and tests a hook.
func TestPublishing(t *testing.T) {
	b := operatetest.New()
	told(b)
	s := start(t, b, nil)
	p := webtest.Open(t, s.URL+"/web/publish")
	p.Await("what the stores say", `document.querySelectorAll('table[aria-label="What is read outside"] tbody tr:not(.detail)').length === 10`)
	p.Await("the sentence", `document.querySelector(".hero .big").textContent.includes("3 of 7 entries are not as they should be.")`)
	first := webtest.Value[string](p, `document.querySelector('table[aria-label="What is read outside"] tbody').textContent`)
	for _, want := range []string{"cannot be reached", "It is to say db-a1:3306, and cannot be read or written: http://etcd1.example:2379: no quorum. It said db-a1:3306 last.", "left as it is", "c3-db-2",
		"Who asks at orders-vip:3306 is answered by db-a2:3306, and the primary is db-a1:3306. The name is moved by others", "cannot be read back"} {
		if !strings.Contains(first, want) {
			t.Errorf("%q is not in %s", want, first)
		}
	}
	// By the filter only what is in order; the one that was changed by somebody says so when it is opened.
	webtest.Value[bool](p, `(() => { const all = [...document.querySelectorAll(".filters select")]; const state = all.at(-1); state.value = "in-order"; state.dispatchEvent(new Event("change", {bubbles: true})); return true })()`)
	p.Await("four entries", `document.querySelectorAll('table[aria-label="What is read outside"] tbody tr').length === 4 && location.search.includes("state=in-order")`)
	webtest.Value[bool](p, `(() => { [...document.querySelectorAll("tbody tr")].find((row) => row.textContent.includes("was changed by somebody")).querySelector(".opener").click(); return true })()`)
	p.Await("who changed it", `document.querySelector("tr.detail")?.textContent.includes("It said db-a9:3306, which nobody here had written") && document.querySelector("tr.detail").textContent.includes("put right")`)
	webtest.Value[bool](p, `(() => { document.querySelector("tr.detail .btn").click(); return true })()`)
	p.Await("the plan", `document.querySelector(".pn.plan[data-state=planned]")`)
	if len(b.Calls) > 0 {
		t.Errorf("a plan alone has done %q", b.Calls)
	}

	// The runs of a hook, and a test of it.
	p.Await("runs", `[...document.querySelectorAll(".runs summary")].some((run) => run.textContent.includes("ended with 7") && run.textContent.includes("1.80 s of 30.0 s allowed"))`)
	webtest.Value[bool](p, `(() => { document.querySelector('[aria-label="Test run… PostFailoverProcesses 1"]').click(); return true })()`)
	p.Await("the plan of a test", `document.querySelector("#plan-risk")?.textContent.includes("ORC_TEST")`)
}

// TestPublishingForThoseWhoLook offers nothing to those who may only look, and no output of programs.
func TestPublishingForThoseWhoLook(t *testing.T) {
	b := operatetest.New()
	told(b)
	b.Conf.ReadOnly = true
	s := start(t, b, nil)
	p := webtest.Open(t, s.URL+"/web/publish")
	p.Await("the runs", `document.querySelectorAll(".runs li").length === 3`)
	if n := webtest.Value[int](p, `document.querySelectorAll("main .btn:not(.ghost), .hook .btn").length`); n != 0 {
		t.Errorf("%d buttons that change something", n)
	}
	if text := webtest.Value[string](p, `document.querySelector("main").textContent`); strings.Contains(text, "refused") {
		t.Error("who may only look reads what a program wrote")
	}
}
