package execute

import (
	"slices"
	"testing"
	"testing/synctest"

	"orchestrator/internal/plan"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// TestApplierIsNotStoppedInTheMiddle: with the beginning of a transaction in hand MySQL's applier takes up to a minute to
// stop, so that it is left running while the receiver gets another source.
func TestApplierIsNotStoppedInTheMiddle(t *testing.T) {
	part := [][2]string{{"Gtid", "SET @@SESSION.GTID_NEXT= '…'"}, {"Query", "BEGIN"}, {"Table_map", "t"}}
	whole := append(slices.Clone(part), [2]string{"Xid", "COMMIT /* xid=9 */"})
	receiver := []string{"stop io", "change to new:3306 mode 0 at :0 tls /ca.pem", "start io"}
	both := []string{"stop both", "change to new:3306 mode 0 at :0 tls /ca.pem", "start both"}
	for name, c := range map[string]struct {
		relay   [][2]string
		prepare func(f *fake)
		want    []string
	}{
		"only a beginning is left":    {part, nil, receiver},
		"a whole transaction is left": {whole, nil, both},
		"the applier does not run":    {part, func(f *fake) { f.channel.SQLThread = topology.ThreadStopped }, both},
		"MariaDB drops what is received": {part, func(f *fake) {
			f.channel.GTID = topology.MariaDBGTID
			f.channel.AppliedSet, f.channel.RetrievedSet = "0-1-100", "0-1-100"
		}, both},
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
