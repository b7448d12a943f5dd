package execute

import (
	"slices"
	"testing"
	"testing/synctest"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// TestWhoIsRepointedIsToldOf: as soon as a server has another source, whether it ever receives from it or not.
func TestWhoIsRepointedIsToldOf(t *testing.T) {
	for name, c := range map[string]struct {
		fails string
		want  []string
	}{
		"it goes on":            {"", []string{"r below new"}},
		"it does not start":     {"start io", []string{"r below new"}},
		"it refuses the change": {"change to new:3306 mode 0 at :0 tls /ca.pem", nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var told []string
				fakes, e := fleet(Options{OnRepointed: func(k topology.Key, _ string, source topology.Key) {
					told = append(told, k.Hostname+" below "+source.Hostname)
				}}, "r")
				fakes["r"].fail[c.fails] = errNo
				step := on("r", plan.Action{Verb: plan.ChangeSource, Source: key("new")})
				step.MayFail = true
				if err := e.NewRun().Stage(t.Context(), []*plan.Step{&step}); err != nil {
					t.Fatal(err)
				}
				if (step.State == plan.Failed) != (c.fails != "") || !slices.Equal(told, c.want) {
					t.Errorf("state %s (%s), told %v, want %v; %v", step.State, step.Error, told, c.want, fakes["r"].statements())
				}
			})
		})
	}
}
