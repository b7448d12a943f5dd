package cli_test

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"orchestrator/internal/cli"
	"orchestrator/internal/cli/manual"
	"orchestrator/internal/operate"
)

var update = flag.Bool("update", false, "write the reference and manual pages in docs anew")

// current compares a generated page with the file in docs.
func current(t *testing.T, file, text string) {
	t.Helper()
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

func TestPagesAreCurrent(t *testing.T) {
	p := cli.Manual(operate.NewRegistry())
	const note = "<!-- Made by make generate; do not edit. -->\n\n"
	current(t, "reference/orchestrator.md", note+p.Markdown())
	current(t, "man/orchestrator.1", p.Page())
}

// TestCompletion has each shell that is installed read its script, and asks bash for completions.
func TestCompletion(t *testing.T) {
	for _, shell := range manual.Shells() {
		t.Run(shell, func(t *testing.T) {
			script, errs, code := newSession().run("completion", shell)
			if code != 0 || !strings.Contains(script, "graceful-master-takeover-auto") || !strings.Contains(script, "promotion-rule") {
				t.Fatalf("exit %d, %q, %.300s", code, errs, script)
			}
			path, err := exec.LookPath(shell)
			if err != nil {
				t.Skipf("%s is not installed", shell)
			}
			if out, err := exec.Command(path, "-n", "-c", script).CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
			if shell != "bash" {
				return
			}
			ask := script + "\nCOMP_WORDS=(orchestrator -c which-master-no); COMP_CWORD=2; _orchestrator; printf '%s,' \"${COMPREPLY[@]}\"\n" +
				"COMP_WORDS=(orchestrator -c clusters-); COMP_CWORD=2; _orchestrator; printf '%s,' \"${COMPREPLY[@]}\"\n" +
				"COMP_WORDS=(orchestrator --promo); COMP_CWORD=1; _orchestrator; printf '%s,' \"${COMPREPLY[@]}\"\n" +
				"COMP_WORDS=(orchestrator -promotion-rule mu); COMP_CWORD=2; _orchestrator; printf '%s,' \"${COMPREPLY[@]}\"\n"
			out, err := exec.Command(path, "-c", ask).CombinedOutput()
			if want := ",clusters-alias,clusters-info,--promotion-rule,must_not,"; err != nil || string(out) != want {
				t.Errorf("%v: %q, want %q", err, out, want)
			}
		})
	}
	if _, errs, code := newSession().run("completion", "tcsh"); code != 1 || !strings.Contains(errs, `"tcsh" is not known: bash, fish, zsh are`) {
		t.Errorf("exit %d, %q", code, errs)
	}
	if _, _, code := newSession().run("completion"); code != 1 {
		t.Errorf("exit %d without a shell", code)
	}
}
