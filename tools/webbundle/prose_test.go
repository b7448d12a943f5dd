package main

import (
	"slices"
	"testing"
)

// TestSpokenTexts: what people read is found, in whatever form it stands; what the browser reads is not.
func TestSpokenTexts(t *testing.T) {
	for program, want := range map[string][]string{
		`<p>Nothing has been changed.</p>`:                                   {`"Nothing has been changed."`},
		`<p class="small muted">{text.copy}</p>`:                             nil,
		`<p>Copy</p>`:                                                        {`"Copy"`},
		`<Button label="Close" kind="icon ghost" />`:                         {`"Close"`},
		`<b class={on ? "flag on" : "flag off"}>{x}</b>`:                     nil,
		`<i title={fine ? text.fine : "not fine"} />`:                        {`"not fine"`},
		"const said = `Moving ${n} servers`;":                                {"`Moving ${n} servers`"},
		"const size = `${n} ms`; const at = `calc(100% - ${n}px)`;":          nil,
		`document.querySelector("main h1"); if (event.key === "Enter") go()`: nil,
		`<kbd>Ctrl</kbd>`:                                                    nil,
		`toast({ status: "ok", text: "Done" })`:                              {`"Done"`},
	} {
		got, err := spokenTexts(program)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", program, got, err)
		}
	}
}
