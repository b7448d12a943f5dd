package main

import "testing"

// TestForbidden: what takes text for markup or a program is found, and what only looks like it is not.
func TestForbidden(t *testing.T) {
	for program, want := range map[string]bool{
		`element.innerHTML = name;`:                                         true,
		`<p dangerouslySetInnerHTML={{ __html: name }} />`:                  true,
		`document.write(name)`:                                              true,
		`eval(name)`:                                                        true,
		`new Function("return " + name)()`:                                  true,
		`setTimeout("go()", 5)`:                                             true,
		`new DOMParser().parseFromString(name, "text/html")`:                true,
		`<i style="left: 4px" />`:                                           true,
		`window.trustedTypes?.createPolicy("default", { createHTML: all })`: true,
		`element.textContent = name; const evaluation = medieval(name);`:    false,
		`setTimeout(() => go(), 5); <i style={{ left: at }} />`:             false,
	} {
		if found := harmful("ui/any.tsx", program); (len(found) > 0) != want {
			t.Errorf("%s: %q", program, found)
		}
	}
	one := `trustedTypes.createPolicy("worker", rules)`
	if len(harmful(policies, one)) > 0 || len(harmful(policies, one+one)) == 0 {
		t.Error("the file of the policy makes one, and no other")
	}
}
