package operate_test

import (
	"slices"
	"strings"
	"testing"

	"orchestrator/internal/operate"
	"orchestrator/internal/operate/operatetest"
)

func TestTestHook(t *testing.T) {
	for name, c := range map[string]struct {
		list, number string
		calls        []string
		want         string // of the message or the error
	}{
		"one":             {"PostFailoverProcesses", "1", []string{"audit test-hook  test of PostFailoverProcesses, number 1: true", "test hook PostFailoverProcesses 1 false"}, "PostFailoverProcesses, number 1, ended well after 20ms"},
		"one that fails":  {"PostFailoverProcesses", "2", []string{"audit test-hook  test of PostFailoverProcesses, number 2: false", "test hook PostFailoverProcesses 2 false"}, "test-hook: exit status 1"},
		"its own way":     {"PostTakeMasterProcesses", "1", []string{"audit test-hook  test of PostTakeMasterProcesses, number 1: tell", "test hook PostTakeMasterProcesses 1 true"}, "ended well"},
		"no list":         {"PostFailover", "1", nil, `"PostFailover" is no list of hooks`},
		"no such number":  {"PostFailoverProcesses", "3", nil, `has no hook number "3": it has 2`},
		"number zero":     {"PostFailoverProcesses", "0", nil, `has no hook number "0"`},
		"no number":       {"PostFailoverProcesses", "first", nil, `has no hook number "first"`},
		"an empty list":   {"PreFailoverProcesses", "1", nil, `has no hook number "1": it has 0`},
		"without a place": {"PostFailoverProcesses", "", nil, "number"},
	} {
		t.Run(name, func(t *testing.T) {
			b := operatetest.New()
			b.Conf.PostFailoverProcesses, b.Conf.PreFailoverProcesses, b.Conf.PostTakeMasterProcesses = []string{"true", "false"}, nil, []string{"tell"}
			r, err := operate.NewRegistry().Named("test-hook").Call(t.Context(), b.Engine(), operate.Input{User: "alice", Values: map[operate.Param]string{
				operate.ParamProcesses: c.list, operate.ParamNumber: c.number,
			}})
			said := r.Message
			if err != nil {
				said = err.Error()
			}
			if !strings.Contains(said, c.want) || !slices.Equal(b.Calls, c.calls) {
				t.Errorf("%q, done: %q", said, b.Calls)
			}
		})
	}
	e := operatetest.New().Engine()
	e.Hooks = nil
	if _, err := operate.NewRegistry().Named("test-hook").Call(t.Context(), e, operate.Input{Values: map[operate.Param]string{operate.ParamProcesses: "x", operate.ParamNumber: "1"}}); err == nil {
		t.Error("in a process without hooks")
	}
}
