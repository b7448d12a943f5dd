package execute

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"orchestrator/internal/plan"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

func spot(pos int64) topology.Coordinates {
	return topology.Coordinates{LogFile: "b.000001", LogPos: pos}
}

// relayAt makes a fake a binlog server that has stopped receiving.
func relayAt(name string, read, exec int64) *fake {
	f := newFake(name)
	f.channel.GTID, f.channel.Read, f.channel.Exec = topology.FilePosition, spot(read), spot(exec)
	f.channel.IOThread, f.channel.SQLThread = topology.ThreadStopped, topology.ThreadStopped
	return f
}

// runOn runs one step, on servers by their names.
func runOn(t *testing.T, name string, a plan.Action, servers map[string]Server) plan.Step {
	t.Helper()
	e := New(Options{Patience: 3 * time.Second, Server: func(k topology.Key) Server { return servers[k.Hostname] }})
	s := plan.Step{Server: topology.Key{Hostname: name, Port: 3306}, Action: a, MayFail: true, Deadline: time.Minute}
	if err := e.NewRun().Stage(t.Context(), []*plan.Step{&s}); err != nil {
		t.Fatal(err)
	}
	return s
}

// says compares how a step ended with a state and a part of its note or error.
func says(t *testing.T, s plan.Step, want plan.State, text string) {
	t.Helper()
	if s.State != want || !strings.Contains(s.Note+s.Error, text) {
		t.Errorf("%s: %s %s, want %s: …%s…", s.State, s.Note, s.Error, want, text)
	}
}

func TestAwaitRelayed(t *testing.T) {
	begun := map[string][]server.BinlogEvent{"relay.000002": events([2]string{"Gtid", "BEGIN GTID 0-1-7"}, [2]string{"Table_map", "t"})}
	whole := map[string][]server.BinlogEvent{"relay.000002": events([2]string{"Gtid", "BEGIN GTID 0-1-7"}, [2]string{"Xid", "COMMIT"})}
	for name, c := range map[string]struct {
		change func(relay, f *fake)
		files  map[string][]server.BinlogEvent
		want   plan.State
		text   string
	}{
		"it applies":          {func(_, f *fake) { f.channel.Exec = spot(50) }, nil, plan.Done, ""},
		"it has applied":      {func(_, _ *fake) {}, nil, plan.Done, ""},
		"it had been stopped": {func(_, f *fake) { f.threads(server.AllThreads, topology.ThreadStopped) }, nil, plan.Done, "were started"},
		"it still receives":   {func(relay, _ *fake) { relay.channel.IOThread = topology.ThreadOther }, nil, plan.Failed, "has not stopped receiving"},
		"it has gone on":      {func(relay, _ *fake) { relay.channel.Exec = spot(120) }, nil, plan.Failed, "has gone on from b.000001:100 to b.000001:120"},
		"nobody is there":     {func(relay, _ *fake) { relay.channel = nil }, nil, plan.Failed, "is no replica any more"},
		"below somebody else": {func(_, f *fake) { f.channel.Source.Hostname = "x" }, nil, plan.Failed, "it replicates from x:3306"},
		"it was shut down":    {func(_, f *fake) { f.applies, f.channel.Read, f.channel.Exec = false, spot(77), spot(77) }, nil, plan.Done, ""},
		"applies before that": {func(_, f *fake) { f.applies, f.channel.Read, f.channel.Exec = false, spot(77), spot(60) }, whole, plan.Failed, "stood still"},
		"short of it by more": {func(_, f *fake) { f.applies, f.channel.Read, f.channel.Exec = false, spot(70), spot(70) }, nil, plan.Failed, "stood still"},
		"half a transaction":  {func(_, f *fake) { f.applies, f.channel.Exec = false, spot(60) }, begun, plan.Failed, "in the middle of a transaction"},
		"a whole transaction": {func(_, f *fake) { f.applies, f.channel.Exec = false, spot(60) }, whole, plan.Failed, "stood still"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				relay, f := relayAt("relay", 100, 100), newFake("r")
				f.channel.GTID, f.channel.Source = topology.FilePosition, relay.key
				f.channel.Relay = topology.Coordinates{LogFile: "relay.000002", LogPos: 100}
				c.change(relay, f)
				s := runOn(t, "r", plan.Action{Verb: plan.AwaitRelayed, Source: relay.key, Set: spot(100).String()},
					map[string]Server{"relay": relay, "r": lister{f, c.files}})
				says(t, s, c.want, c.text)
			})
		})
	}
}

// TestAwaitRelayedBeyond: what a replica has applied beyond the binlog server, all others would lack.
func TestAwaitRelayedBeyond(t *testing.T) {
	relay, f := relayAt("relay", 100, 100), newFake("r")
	f.channel.GTID, f.channel.Source = topology.FilePosition, relay.key
	beyond := further{f}
	s := runOn(t, "r", plan.Action{Verb: plan.AwaitRelayed, Source: relay.key, Set: spot(100).String()}, map[string]Server{"relay": relay, "r": beyond})
	says(t, s, plan.Failed, "it has applied up to b.000001:150")
}

// further is a fake that applies more than it is waited for.
type further struct{ *fake }

func (f further) WaitPosition(context.Context, topology.Coordinates, string, time.Duration) error {
	f.channel.Exec = spot(150)
	return nil
}

func TestBeginLog(t *testing.T) {
	head := events([2]string{"Format_desc", ""}, [2]string{"Gtid_list", ""}, [2]string{"Binlog_checkpoint", ""})
	for name, c := range map[string]struct {
		from    string
		files   map[string][]server.BinlogEvent
		want    plan.State
		text    string
		flushes int
	}{
		"three on":              {"own.000001", map[string][]server.BinlogEvent{"own.000004": head}, plan.Done, "now at own.000004", 3},
		"again":                 {"own.000004", map[string][]server.BinlogEvent{"own.000004": head}, plan.Done, "now at own.000004", 0},
		"it was written to":     {"own.000004", map[string][]server.BinlogEvent{"own.000004": append(slices.Clone(head), server.BinlogEvent{Pos: 300, EventType: "Gtid"})}, plan.Failed, "something has been written to own.000004 already: Gtid at 300", 0},
		"beyond":                {"own.000005", nil, plan.Failed, "has come to own.000005 already, beyond own.000004", 0},
		"beyond by number":      {"own.1000000", nil, plan.Failed, "has come to own.1000000 already", 0},
		"called otherwise":      {"other.000001", nil, plan.Failed, "its log is called other.000001, and never own.000004", 0},
		"it has no binary logs": {"", nil, plan.Failed, "it writes no binary log", 0},
	} {
		t.Run(name, func(t *testing.T) {
			f := &tendedFake{fake: newFake("r")}
			f.self.LogFile = c.from
			both := struct {
				*tendedFake
				eventLister
			}{f, lister{f.fake, c.files}}
			s := runOn(t, "r", plan.Action{Verb: plan.BeginLog, At: topology.Coordinates{LogFile: "own.000004", LogPos: 4}}, map[string]Server{"r": both})
			says(t, s, c.want, c.text)
			if n := strings.Count(strings.Join(f.statements(), " "), "flush"); n != c.flushes {
				t.Errorf("%d logs begun, want %d", n, c.flushes)
			}
		})
	}
}

func TestRelayFrom(t *testing.T) {
	next := topology.Coordinates{LogFile: "b.000002", LogPos: 4}
	changeTo := func(at topology.Coordinates) string {
		return fmt.Sprintf("change to new:3306 mode %d at %s tls ", server.FilePosition, at)
	}
	on := plan.Action{Verb: plan.RelayFrom, At: next, Set: spot(100).String()}
	beside := plan.Action{Verb: plan.RelayFrom, Place: plan.OwnPosition, Set: spot(100).String()}
	late := on
	late.Timeout = 2 * time.Second
	below := func(f *fake) { f.threads(server.AllThreads, topology.ThreadRunning) }
	for name, c := range map[string]struct {
		action     plan.Action
		read, exec int64
		change     func(*fake)
		want       plan.State
		text       string
		log        []string
	}{
		"from the next file":      {on, 100, 100, nil, plan.Done, "from b.000002:4", []string{changeTo(next), "start both"}},
		"without half of one":     {on, 130, 100, nil, plan.Done, "from b.000002:4", []string{changeTo(next), "start both"}},
		"it had changed only":     {on, 100, 100, func(f *fake) { f.channel.Source.Hostname, f.channel.Read, f.channel.Exec = "new", next, next }, plan.Done, "from b.000002:4", []string{changeTo(next), "start both"}},
		"it does already":         {on, 100, 100, func(f *fake) { f.channel.Source.Hostname = "new"; below(f) }, plan.Skipped, "", nil},
		"it lacks something":      {on, 90, 90, nil, plan.Failed, "it has not received the log to its end: it is at b.000001:90", nil},
		"it has more":             {on, 120, 120, nil, plan.Failed, "it has received up to b.000001:120, and the log ends at b.000001:100", nil},
		"in the same log":         {beside, 90, 90, nil, plan.Done, "from b.000001:90", []string{changeTo(spot(90)), "start both"}},
		"it receives":             {beside, 90, 80, below, plan.Done, "from b.000001:90", []string{"stop both", changeTo(spot(90)), "start both"}},
		"more than the other has": {beside, 110, 100, nil, plan.Failed, "it has received up to b.000001:110", nil},
		"it stays below another":  {late, 90, 90, below, plan.Done, "it stays below old:3306", nil},
		"it comes to the end": {late, 90, 90, func(f *fake) {
			below(f)
			time.AfterFunc(time.Second, func() { f.mu.Lock(); f.channel.Read, f.channel.Exec = spot(100), spot(100); f.mu.Unlock() })
		}, plan.Done, "from b.000002:4", []string{"stop both", changeTo(next), "start both"}},
		"it has passed the end": {late, 90, 90, func(f *fake) {
			below(f)
			f.channel.Read, f.channel.Exec = topology.Coordinates{LogFile: "b.000002", LogPos: 300}, topology.Coordinates{LogFile: "b.000002", LogPos: 200}
		}, plan.Done, "from b.000002:300", []string{"stop both", changeTo(topology.Coordinates{LogFile: "b.000002", LogPos: 300}), "start both"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := relayAt("relay", c.read, c.exec)
				if c.change != nil {
					c.change(f)
				}
				c.action.Source = topology.Key{Hostname: "new", Port: 3306}
				s := runOn(t, "relay", c.action, map[string]Server{"relay": f})
				says(t, s, c.want, c.text)
				if got := f.statements(); !slices.Equal(got, c.log) {
					t.Errorf("%q, want %q", got, c.log)
				}
			})
		})
	}
}
