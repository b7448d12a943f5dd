package webtest_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"orchestrator/internal/web/webtest"
)

// good is a document that keeps all rules.
const good = `<!doctype html><html lang="en"><head><title>good</title><style>body { background: #fff; color: #222; font: 16px sans-serif } button, input { height: 30px; border: 1px solid #555 } .m { width: 12px; height: 12px; fill: currentColor }
	:focus-visible { outline: 2px solid #006 } .m-crit { color: #b00 }</style></head><body>
	<a href="#main">Skip</a><nav aria-label="Menu"></nav><main id="main"><h1>One</h1><h2>Two</h2>BAD
	<p>A text with <a href="#alert">a link</a> in it.</p><button>Press</button><label>Field <input></label>
	<p><svg class="m m-crit" aria-hidden="true"><use href="#s-crit"/></svg> critical</p></main>
	<svg aria-hidden="true" width="0" height="0"><symbol id="s-crit" viewBox="0 0 9 9"><path d="M0 0h9v9z"/></symbol></svg>
	<div id="live" aria-live="polite"></div><div id="alert" aria-live="assertive"></div></body></html>`

// TestRulesFind: each rule finds what breaks it, and nothing in a document that keeps all of them.
func TestRulesFind(t *testing.T) {
	t.Parallel()
	bad := ""
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(strings.Replace(good, "BAD", bad, 1)))
	}))
	t.Cleanup(s.Close)
	p := webtest.Open(t, s.URL, webtest.Allow("favicon"))
	broken := func() []string { return append(p.Rules(), p.Walk("body", map[string]bool{})...) }
	if found := broken(); len(found) > 0 {
		t.Fatalf("a document that keeps all rules breaks %q", found)
	}
	for rule, markup := range map[string]string{
		"name: button":          `<button></button>`,
		"positive tabindex":     `<button tabindex="3">Early</button>`,
		"contrast of text":      `<p style="color: #999">pale</p>`,
		"contrast of text: b":   `<div style="position: relative; height: 30px"><i style="position: absolute; inset: 0; background: #222"></i><b style="position: absolute; inset: 0">on another ground</b></div>`,
		"contrast of mark":      `<p><svg class="m m-crit" style="color: #ccc" aria-hidden="true"><use href="#s-crit"/></svg> critical</p>`,
		"contrast of border":    `<input aria-label="pale" style="border-color: #eee">`,
		"mouse alone: span":     `<span style="cursor: pointer">Click</span>`,
		"mouse alone: button":   `<button tabindex="-1">Never</button>`,
		"headings: document":    `<h1>Another</h1>`,
		"headings: h4":          `<h4>Four</h4>`,
		"picture":               `<svg width="9" height="9"></svg>`,
		"id twice: live":        `<i id="live" aria-live="polite"></i>`,
		"reference":             `<p aria-describedby="nobody">text</p>`,
		"role: ul":              `<ul role="tree" aria-label="empty"></ul>`,
		"role: i.option":        `<i class="option" role="option" aria-selected="false">outside</i>`,
		"role: p":               `<p aria-expanded="maybe">text</p>`,
		"list":                  `<ul><b>no item</b></ul>`,
		"hidden":                `<p aria-hidden="true"><button>Hidden</button></p>`,
		"table":                 `<table><tr><th>a</th></tr><tr><td>b</td></tr></table>`,
		"tree":                  `<ul role="tree" aria-label="tree"><li role="treeitem" tabindex="0" aria-label="one">one</li></ul>`,
		"target":                `<button style="height: 12px; font-size: 8px">low</button>`,
		"status: svg":           `<svg class="m m-crit" role="img" aria-label="crit"><use href="#s-ok"/></svg>`,
		"document: aside":       `<aside>text</aside>`,
		"focus: button.unseen":  `<style>.unseen:focus-visible { outline: none }</style><button class="unseen">Unseen</button>`,
		"focus: button.same":    `<style>.same { outline: 2px solid #006; outline-offset: 0 } </style><button class="same">Looks the same at all times</button>`,
		"reach: button.trapped": `<button onkeydown="if (event.key === 'Tab') { event.preventDefault(); this.focus() }">Trap</button><button class="trapped">Behind</button>`,
	} {
		bad = markup
		p.Go(s.URL)
		found := strings.Join(broken(), "\n")
		if !strings.Contains("\n"+found, "\n"+rule) {
			t.Errorf("%s is not found in %s; but\n%s", rule, markup, found)
		}
	}
}
