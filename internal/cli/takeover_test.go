package cli_test

import (
	"strings"
	"testing"
)

// takeoverPlan is the plan of the test engine, as a dry run prints it.
const takeoverPlan = "db-a2:3306 takes over from db-a1:3306\n  1   promote   db-a2:3306  open for writing (read_only=0) — writes come back\n"

func TestExplainOnTheCommandLine(t *testing.T) {
	for name, c := range map[string]struct{ args, want string }{
		"a cluster": {"-c explain -alias orders", "cluster db-a1:3306: if db-a1:3306 died now, that would be DeadMaster\nit would not be recovered automatically:\n" +
			"  - no filter matches\n    to change that: add \"*\" [RecoverMasterClusterFilters]\n"},
		"a server and a failure": {"-c explain -i db-a2 --failure DeadIntermediateMaster", "cluster db-a1:3306: if db-a2:3306 died now, that would be DeadIntermediateMaster\n"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSession()
			out, errs, code := s.run(strings.Fields(c.args)...)
			if code != 0 || !strings.HasPrefix(out, c.want) {
				t.Errorf("exit %d\n%s\n%s", code, out, errs)
			}
		})
	}
}
