package main

import (
	"strings"
	"testing"

	"orchestrator/internal/operate/operatetest"
)

func TestRelocationCommands(t *testing.T) {
	for name, c := range map[string]struct{ args, want, calls string }{
		"relocate":           {"relocate -i db-b1 -d db-a1", "db-b1:3306<db-a2:3306\n", "relocate db-b1:3306 below=db-a1"}, // the test backend moves nothing
		"dry run":            {"relocate -i db-b1 -d db-a1 --dry-run", "db-b1:3306 goes below db-a1:3306\n  1   repoint   db-b1:3306  replicate from db-a1:3306 — it was asked for\n", ""},
		"dry run of several": {"relocate-replicas -i db-a1 -d db-a2 --dry-run", "1 replica goes below db-a2:3306\n  1   repoint   db-a3:3306  replicate from db-a2:3306 — each is moved for itself\n", ""},
		"relocate-replicas":  {"relocate-replicas -i db-a1 -d db-a2", "db-a3:3306\n", "relocate-replicas db-a1:3306 below=db-a2"},
		"a choice of them":   {"repoint-replicas -i db-a1 --pattern ^db-a3:", "db-a3:3306\n", "repoint-replicas db-a1:3306 below=-"},
		"move-replicas-gtid": {"move-replicas-gtid -i db-a1 -d db-a2", "db-a3:3306\n", "move-replicas-gtid db-a1:3306 below=db-a2"},
		"move-gtid":          {"move-gtid -i db-b1 -d db-a1", "db-b1:3306<db-a2:3306\n", "move-gtid db-b1:3306 below=db-a1"},
		"move-up":            {"move-up -i db-b1", "db-b1:3306<db-a2:3306\n", "move-up db-b1:3306 below=-"},
		"move-up-replicas":   {"move-up-replicas -i db-a2", "db-b1:3306\n", "move-up-replicas db-a2:3306 below=-"},
		"move-below":         {"move-below -i db-a3 -d db-a2", "db-a3:3306<db-a1:3306\n", "move-below db-a3:3306 below=db-a2"},
		"repoint":            {"repoint -i db-b1", "db-b1:3306<db-a2:3306\n", "repoint db-b1:3306 below=-"},
		"repoint-replicas":   {"repoint-replicas -i db-a1", "db-a2:3306\ndb-a3:3306\n", "repoint-replicas db-a1:3306 below=-"},
		"take-siblings":      {"take-siblings -i db-a2", "db-a2:3306<db-a1:3306\n", "take-siblings db-a2:3306 below=-"},
		"take-master":        {"take-master -i db-b1", "db-b1:3306<db-a2:3306\n", "take-master db-b1:3306 below=-"},
		"make-co-master":     {"make-co-master -i db-a2", "db-a2:3306<db-a1:3306\n", "make-co-master db-a2:3306 below=-"},
	} {
		t.Run(name, func(t *testing.T) {
			does(t, c.want, c.calls, append([]string{"-c"}, strings.Fields(c.args)...)...)
		})
	}
}

// TestAChoiceThatWouldBeIgnored: where a pattern means nothing, more would be changed than somebody wants.
func TestAChoiceThatWouldBeIgnored(t *testing.T) {
	b := operatetest.New()
	cl := client{env: map[string]string{"ORCHESTRATOR_API": serve(t, b)}}
	if _, errs, code := cl.run("-c", "stop-replica", "-i", "db-a2", "--pattern", "x"); code != 1 || !strings.Contains(errs, "pattern") || len(b.Calls) > 0 {
		t.Errorf("exit %d, %s, did %v", code, errs, b.Calls)
	}
}
