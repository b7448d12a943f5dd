package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the reference and manual pages in docs anew")

func TestPagesAreCurrent(t *testing.T) {
	p := describe()
	for file, text := range map[string]string{
		"reference/orchestrator-client.md": "<!-- Made by make generate; do not edit. -->\n\n" + p.Markdown(), "man/orchestrator-client.1": p.Page(),
	} {
		file = filepath.Join("..", "..", "docs", file)
		if *update {
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if have, err := os.ReadFile(file); err != nil || string(have) != text {
			t.Errorf("%s is not what is made now (%v); make generate writes it anew", file, err)
		}
	}
}

func TestCompletion(t *testing.T) {
	out, errs, code := (&client{}).run("completion", "bash")
	if code != 0 || errs != "" || !strings.Contains(out, "complete -F _orchestrator_client orchestrator-client") || !strings.Contains(out, "which-broken-replicas") {
		t.Errorf("exit %d, %q, %.200s", code, errs, out)
	}
	for _, args := range [][]string{{"completion"}, {"completion", "tcsh"}} {
		if _, errs, code := (&client{}).run(args...); code != 1 || errs == "" {
			t.Errorf("%v: exit %d, %q", args, code, errs)
		}
	}
}
