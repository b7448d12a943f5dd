package execute

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"orchestrator/internal/plan"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// TestReceiverGoesOnToTheEnd: where the receiver was stopped in the middle of a transaction, the applier gets its end
// before it is to stop, if the source lives.
func TestReceiverGoesOnToTheEnd(t *testing.T) {
	part := [][2]string{{"Gtid", "SET @@SESSION.GTID_NEXT= '…'"}, {"Query", "BEGIN"}, {"Table_map", "t"}}
	whole := append(slices.Clone(part), [2]string{"Xid", "COMMIT /* xid=9 */"})
	halfway := func(f *fake) { f.channel.IOThread, f.channel.Read.LogPos = topology.ThreadStopped, 150 }
	goesOn, stops := []string{"start io", "stop both"}, []string{"stop both"}
	for name, c := range map[string]struct {
		relay   [][2]string
		lives   bool
		prepare func(f *fake)
		want    []string
	}{
		"in the middle of one":         {part, true, halfway, goesOn},
		"its source may be gone":       {part, false, halfway, stops},
		"with a whole one to go":       {whole, true, halfway, stops},
		"the receiver runs":            {part, true, nil, stops},
		"the applier does not run":     {part, true, func(f *fake) { halfway(f); f.channel.SQLThread = topology.ThreadStopped }, stops},
		"nothing is left":              {nil, true, func(f *fake) { f.channel.IOThread = topology.ThreadStopped }, stops},
		"MariaDB would drop all of it": {part, true, func(f *fake) { halfway(f); f.channel.GTID = topology.MariaDBGTID }, stops},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fakes, _ := fleet(Options{}, "r")
				f := fakes["r"]
				f.channel.Relay = topology.Coordinates{LogFile: "relay.000002", LogPos: 100, Type: topology.RelayLog}
				if c.prepare != nil {
					c.prepare(f)
				}
				e := New(Options{Server: func(topology.Key) Server {
					return lister{f, map[string][]server.BinlogEvent{"relay.000002": events(c.relay...)}}
				}})
				step := on("r", plan.Action{Verb: plan.StopReplica, On: c.lives})
				if err := e.NewRun().Stage(t.Context(), []*plan.Step{&step}); err != nil {
					t.Fatal(err)
				}
				if got := f.statements(); !slices.Equal(got, c.want) || strings.Contains(step.Note, "went on") != (len(c.want) == 2) {
					t.Errorf("statements %q, note %q, want %q", got, step.Note, c.want)
				}
			})
		})
	}
}
