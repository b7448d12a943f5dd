package execute

import (
	"slices"
	"testing"
	"testing/synctest"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// TestApplierIsNotStoppedInTheMiddle: with the beginning of a transaction in hand MySQL's applier takes up to a minute to
// stop, so that it is left running while the receiver gets another source.
func TestApplierIsNotStoppedInTheMiddle(t *testing.T) {
	receiver := []string{"stop io", "change to new:3306 mode 0 at :0 tls /ca.pem", "start io"}
	both := []string{"stop both", "change to new:3306 mode 0 at :0 tls /ca.pem", "start both"}
	for name, c := range map[string]struct {
		prepare func(f *fake)
		want    []string
	}{
		"its applier runs":         {nil, receiver},
		"the applier does not run": {func(f *fake) { f.channel.SQLThread = topology.ThreadStopped }, both},
		"MariaDB drops what is received": {func(f *fake) {
			f.channel.GTID, f.channel.RetrievedSet, f.channel.AppliedSet = topology.MariaDBGTID, "0-1-9", "0-1-9"
		}, both},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fakes, e := fleet(Options{}, "r")
				f := fakes["r"]
				if c.prepare != nil {
					c.prepare(f)
				}
				step := on("r", plan.Action{Verb: plan.ChangeSource, Source: key("new")})
				if err := e.NewRun().Stage(t.Context(), []*plan.Step{&step}); err != nil {
					t.Fatal(err)
				}
				if got := f.statements(); !slices.Equal(got, c.want) {
					t.Errorf("statements %q, want %q", got, c.want)
				}
			})
		})
	}
}
