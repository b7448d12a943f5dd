package execute

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"orchestrator/internal/plan"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// sending is a replica whose source sends the rest as soon as its receiver goes on, and which applies that.
type sending struct{ lister }

func (s sending) StartReplica(ctx context.Context, threads server.Threads, channel string) error {
	err := s.lister.StartReplica(ctx, threads, channel)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.channel.Read.LogPos, s.channel.Exec.LogPos = 200, 200
	return err
}

// TestReceiverGoesOnToTheEnd: where the receiver was stopped in the middle of a transaction, the applier gets its end
// before it is to stop, if the source lives.
func TestReceiverGoesOnToTheEnd(t *testing.T) {
	part := [][2]string{{"Gtid", "SET @@SESSION.GTID_NEXT= '…'"}, {"Query", "BEGIN"}, {"Table_map", "t"}}
	whole := append(slices.Clone(part), [2]string{"Xid", "COMMIT /* xid=9 */"})
	halfway := func(f *fake) { f.channel.IOThread, f.channel.Read.LogPos = topology.ThreadStopped, 150 }
	stops, stopsWhole := []string{"stop both"}, []string{"stop sql", "stop both"}
	for name, c := range map[string]struct {
		relay   [][2]string
		lives   bool
		prepare func(f *fake)
		want    []string
	}{
		"in the middle of one": {part, true, halfway, []string{"start io", "stop sql", "stop both"}},
		"behind a whole one, which it says late to have applied": {slices.Concat(whole, part), true, func(f *fake) {
			halfway(f)
			time.AfterFunc(settledSoon/2, func() {
				f.mu.Lock()
				defer f.mu.Unlock()
				f.channel.Relay.LogPos = 140
			})
		}, []string{"start io", "stop sql", "stop both"}},
		"its source may be gone":       {part, false, halfway, stops},
		"with a whole one to go":       {whole, true, halfway, stopsWhole},
		"the receiver runs":            {part, true, func(f *fake) { f.channel.Read.LogPos = 150 }, stopsWhole},
		"it runs, and nothing is left": {nil, true, nil, stopsWhole},
		"the applier does not run":     {part, true, func(f *fake) { halfway(f); f.channel.SQLThread = topology.ThreadStopped }, stops},
		"nothing is left":              {nil, true, func(f *fake) { f.channel.IOThread = topology.ThreadStopped }, stopsWhole},
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
					return sending{lister{f, map[string][]server.BinlogEvent{"relay.000002": events(c.relay...)}}}
				}})
				step := on("r", plan.Action{Verb: plan.StopReplica, On: c.lives})
				if err := e.NewRun().Stage(t.Context(), []*plan.Step{&step}); err != nil {
					t.Fatal(err)
				}
				if got := f.statements(); !slices.Equal(got, c.want) || strings.Contains(step.Note, "went on") != slices.Contains(c.want, "start io") {
					t.Errorf("statements %q, note %q, want %q", got, step.Note, c.want)
				}
			})
		})
	}
}
