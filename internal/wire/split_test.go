package wire

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplitStatements(t *testing.T) {
	cases := []struct {
		name, sql string
		want      []string
	}{
		{"nothing", "", nil},
		{"only separators", " ; ;\n;", nil},
		{"one", "select 1", []string{"select 1"}},
		{"Unicode space", "\u2000;\u202fb\v", []string{"\u2000", "\u202fb"}},
		{"trailing separator", "select 1;", []string{"select 1"}},
		{"several", "a;b ;\n c ", []string{"a", "b", "c"}},
		{"single quotes", "select ';'; b", []string{"select ';'", "b"}},
		{"double quotes", `select ";"; b`, []string{`select ";"`, "b"}},
		{"back quotes", "select `;`; b", []string{"select `;`", "b"}},
		{"doubled quote", "select 'a'';'; b", []string{"select 'a'';'", "b"}},
		{"escaped quote", `select '\';'; b`, []string{`select '\';'`, "b"}},
		{"escaped backslash", `select '\\'; b`, []string{`select '\\'`, "b"}},
		{"no escape in back quotes", "select `\\`; b", []string{"select `\\`", "b"}},
		{"other quote inside", `select '"'; b`, []string{`select '"'`, "b"}},
		{"open quote", "a; 'b; c", []string{"a", "'b; c"}},
		{"escape at the end", `a; 'b\`, []string{"a", `'b\`}},
		{"hash comment", "a # ; '\n; b", []string{"a # ; '", "b"}},
		{"dash comment", "a -- ; '\n; b", []string{"a -- ; '", "b"}},
		{"dashes at the end", "a; --", []string{"a"}},
		{"dashes before a separator", "--;a", []string{"--", "a"}},
		{"no dash comment", "select 5--1; b", []string{"select 5--1", "b"}},
		{"block comment", "a /* ; ' */; b", []string{"a /* ; ' */", "b"}},
		{"shortest block", "/*/ ; */ a; b", []string{"/*/ ; */ a", "b"}},
		{"open comment", "a; b /* ; c", []string{"a", "b /* ; c"}},
		{"comment alone", "a; /* b */ ; -- c", []string{"a"}},
		{"executable comment", "/*!40101 set x=1 */; /*M!100 b */", []string{"/*!40101 set x=1 */", "/*M!100 b */"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, SplitStatements(c.sql)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzSplitStatements(f *testing.F) {
	f.Add("a; 'b;' -- ;\n; c /* ; */ `;`")
	f.Fuzz(func(t *testing.T, sql string) {
		rest := sql
		for _, s := range SplitStatements(sql) {
			if s == "" || strings.Trim(s, whiteSpace) != s {
				t.Errorf("statement %q", s)
			}
			i := strings.Index(rest, s)
			if i < 0 {
				t.Fatalf("statement %q is not in the text, or not in its order", s)
			}
			rest = rest[i+len(s):]
			// What begins a comment at the end of the text may be none before
			// a semicolon ("--").
			alone, ended := SplitStatements(s), SplitStatements(s+";")
			if !slices.Equal(alone, []string{s}) && !slices.Equal(ended, []string{s}) {
				t.Errorf("statement %q splits into %q, and with a semicolon %q", s, alone, ended)
			}
		}
	})
}
