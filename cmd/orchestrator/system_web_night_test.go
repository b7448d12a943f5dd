package main

import (
	"net/http"
	"strings"
	"testing"

	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/web/webtest"
)

// TestWebAtNight is somebody with a phone, the smallest that is sold, whom an alert has woken: the link leads to the recovery, which says whether
// writes are back; what remains is acknowledged. In the morning the post-mortem is printed.
func TestWebAtNight(t *testing.T) {
	t.Parallel()
	c, p := startTree(t, 3, "")
	must(t, c.Node(0).Kill())
	var done v2.RecoveryDetail
	p.await(t, "the end of the recovery", func() bool {
		status, text := p.get(t, "/api/v2/recoveries?state=succeeded")
		if status != http.StatusOK || into[v2.Page[v2.Recovery]](t, []byte(text)).Total == 0 {
			return false
		}
		done = p.recovery(t)
		return done.Ended != nil && len(done.Steps) > 0
	})
	link := p.url + "/web/audit-recovery/uid/" + done.UID
	phone := webtest.Open(t, link, webtest.Size(360, 740), webtest.Touch())
	phone.AwaitText(".hero .big", done.Headline)
	if !webtest.Value[bool](phone, `(() => { const r = document.querySelector(".hero .big").getBoundingClientRect(); return r.bottom < innerHeight && r.right <= innerWidth })()`) {
		t.Error("whether writes are back is not said on the first screen")
	}
	fine := func(where string) {
		t.Helper()
		for _, what := range append(phone.Layout(), phone.Rules()...) {
			t.Errorf("%s: %s", where, what)
		}
	}
	fine("the recovery")
	phone.ClickText("Acknowledge…")
	phone.Await("the field for the comment", `document.activeElement.matches("dialog textarea")`)
	fine("the acknowledgement")
	phone.Type("went back to bed")
	phone.ClickText("Acknowledge the recovery")
	phone.AwaitText(".gates", "went back to bed")
	phone.ClickText("Recoveries")
	phone.Await("nothing to be done", `document.querySelector("table.list") && !document.querySelector(".tabbar [aria-current] .badge")`)
	fine("the recoveries")

	morning := webtest.Open(t, link)
	morning.AwaitText(".hero .big", done.Headline)
	webtest.Value[bool](morning, `(document.querySelector('.tools [aria-label="Dark theme"]').click(), true)`)
	sheet := morning.Print()
	if sheet.Made < 1 || sheet.Made > sheet.Pages+2 {
		t.Errorf("%d pages are printed, and it fits on %d", sheet.Made, sheet.Pages)
	}
	for _, what := range sheet.Wrong {
		t.Error("printed: " + what)
	}
	for _, said := range []string{"Post-mortem · orders", done.UID, "UTC", "went back to bed", "/web/audit-recovery/uid/"} {
		if !strings.Contains(sheet.Text, said) {
			t.Errorf("the print does not say %q", said)
		}
	}
	for _, step := range done.Steps {
		if !strings.Contains(sheet.Text, step.Action) {
			t.Errorf("the print does not say what was done: %s", step.Action)
		}
	}
}
