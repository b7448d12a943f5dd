package publish

import (
	"os/exec"
	"testing"
)

func TestFill(t *testing.T) {
	known := map[string]string{
		"{plain}": "db-1.example:3306", "{empty}": "", "{sentence}": "cannot be reached; some replicas are not",
		"{evil}": `a'b"c$(id)` + "`id`" + `\d;e`, "{nested}": "{plain}", "{lines}": "one\ntwo", "{nul}": "a\x00b",
	}
	tests := []struct{ name, text, want string }{
		{"plain value as it is", "notify {plain}", "notify db-1.example:3306"},
		{"twice", "{plain} {plain}", "db-1.example:3306 db-1.example:3306"},
		{"empty", "x {empty} y", "x  y"},
		{"unknown stays", "echo {noSuch} {plain", "echo {noSuch} {plain"},
		{"braces of the shell stay", "f() { echo ${x}; }; echo {a,b}", "f() { echo ${x}; }; echo {a,b}"},
		{"values are not searched", "'{nested}'", "'{plain}'"},
		{"quoted sentence as it is", "echo '{sentence}' \"{sentence}\"",
			"echo 'cannot be reached; some replicas are not' \"cannot be reached; some replicas are not\""},
		{"bare semicolon", "echo {sentence}", `echo cannot be reached\; some replicas are not`},
		{"newline bare", "echo {lines}", "echo one two"},
		{"newline in a comment", "# {lines}", "# one two"},
		{"newline quoted", "echo '{lines}'", "echo 'one\ntwo'"},
		{"NUL", "echo {nul}", "echo ab"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if got := fill(tc.text, known); got != tc.want {
				t.Errorf("fill(%q)\n got %q\nwant %q", tc.text, got, tc.want)
			}
		})
	}
}

// The shell itself is asked whether a value with everything special in it comes out as it went in.
func TestFillIsSafeWhereverItStands(t *testing.T) {
	const value = `a'b"c$(id)` + "`id`" + `\d;e|f&g>h<i*j?[k]{l,m}~#n!(o)`
	tests := []struct{ name, text string }{
		{"bare", `printf %s {v}`},
		{"in single quotes", `printf %s '{v}'`},
		{"in double quotes", `printf %s "{v}"`},
		{"in a substitution", `printf %s "$(printf %s '{v}')"`},
		{"in double quotes in a substitution in double quotes", `printf %s "$(printf %s "{v}")"`},
		{"after a substitution in double quotes", `printf %s "$(printf '')"'{v}'`},
		{"after an escaped quote", `printf %s \'{v} | tail -c +2`},
		{"after an escaped quote in double quotes", `printf %s "\"{v}" | tail -c +2`},
		{"after a comment with an apostrophe", "# don't {v}\nprintf %s '{v}'"},
		{"after a comment with an unknown placeholder", "true # {unknown} don't\nprintf %s '{v}'"},
		{"after a number sign in a word", `x='a'#'b'; printf %s "{v}"`},
		{"in a subshell", `(printf %s "$( (true) ; printf %s '{v}')")`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			text := fill(tc.text, map[string]string{"{v}": value})
			got, err := exec.CommandContext(t.Context(), "bash", "-c", text).CombinedOutput()
			if err != nil || string(got) != value {
				t.Errorf("%v, the shell read\n%s\nas %s\nwant %s", err, text, got, value)
			}
		})
	}
}

func FuzzFillBare(f *testing.F) {
	f.Add("a", "b")
	f.Add(`x'"$`, "#\\(")
	f.Fuzz(func(t *testing.T, text, value string) {
		// Whatever the text: no panic, and without a known placeholder nothing changes.
		fill(text+"{v}"+text, map[string]string{"{v}": value})
		if got := fill(text, nil); got != text {
			t.Errorf("fill(%q) = %q", text, got)
		}
	})
}
