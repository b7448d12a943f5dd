package main

import (
	"strings"
	"testing"

	"orchestrator/internal/operate"
)

func TestHelpOnACommand(t *testing.T) {
	for _, args := range [][]string{{"help", "begin-downtime"}, {"-c", "help", "begin-downtime"}} {
		out, errs, code := (&client{}).run(args...)
		for _, part := range []string{
			"begin-downtime:\nDeclare that", "-c begin-downtime -i HOST[:PORT] -r TEXT [-o OWNER] [-u DURATION]\n", "    -r TEXT ",
			"Example:\n  orchestrator-client -c begin-downtime -i db-a2 -r 'new disks'\n", "GET /api/begin-downtime/:host/:port/:owner/:reason/:duration\n",
		} {
			if code != 0 || errs != "" || !strings.Contains(out, part) {
				t.Errorf("%v: exit %d, %q, no %q in\n%s", args, code, errs, part, out)
			}
		}
	}
	if out, _, code := (&client{}).run("help", "relocate-slaves"); code != 0 || !strings.HasPrefix(out, "relocate-replicas:\n") {
		t.Errorf("an old name: exit %d, %.100s", code, out)
	}
	if _, errs, code := (&client{}).run("help", "relocat"); code != 1 || !strings.Contains(errs, "did you mean relocate?") {
		t.Errorf("a mistyped name: exit %d, %s", code, errs)
	}
	if out, _, code := (&client{}).run("help"); code != 0 || !strings.HasPrefix(out, "Usage: ") {
		t.Errorf("no name: exit %d, %.100s", code, out)
	}
}

// TestHelpIsWhole wants every option of every command to have a form, and an example with all that the command needs.
func TestHelpIsWhole(t *testing.T) {
	for _, c := range commands(operate.NewRegistry()) {
		for _, p := range append(c.may(), c.needs...) {
			if optionOf(p).flag == "" {
				t.Errorf("%s: the option for %s is not known", c.name, p)
			}
		}
		for _, p := range c.needs {
			if p != paramPath && p.Sample() == "" {
				t.Errorf("%s: there is no example of %s", c.name, p)
			}
		}
	}
}
