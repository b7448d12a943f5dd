package execute

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"orchestrator/internal/plan"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// tendedFake is a fake that takes all statements.
type tendedFake struct {
	*fake
	failing string // what it says is failing
	logs    []string
	keeps   int              // how many purges it takes to delete binary logs
	logged  map[int64]string // MariaDB: its GTID position at places of its binary log
}

func (f *tendedFake) SkipCounter(_ context.Context, n int64, _ string) error {
	return f.do(fmt.Sprintf("skip %d", n), nil)
}
func (f *tendedFake) FailingGTID(context.Context, string) (string, error) {
	return f.failing, f.do("failing", nil)
}
func (f *tendedFake) InjectEmpty(_ context.Context, gtid string) error {
	return f.do("inject "+gtid, nil)
}
func (f *tendedFake) FlushBinaryLogs(context.Context) error {
	return f.do("flush", func() {
		base, n, _ := topology.SplitLogFile(f.self.LogFile)
		f.self.LogFile = fmt.Sprintf("%s.%06d", base, n+1)
	})
}
func (f *tendedFake) PurgeBinaryLogs(_ context.Context, file string) error {
	return f.do("purge "+file, func() {
		if f.keeps--; f.keeps < 0 {
			f.logs = slices.DeleteFunc(f.logs, func(l string) bool { return l < file })
		}
	})
}
func (f *tendedFake) BinaryLogs(context.Context) ([]server.BinaryLog, error) {
	var list []server.BinaryLog
	for _, l := range f.logs {
		list = append(list, server.BinaryLog{Name: l})
	}
	return list, nil
}
func (f *tendedFake) ResetBinaryLogsAndGTIDs(context.Context) error {
	return f.do("reset", func() { f.executed = "" })
}
func (f *tendedFake) SetGTIDPurged(_ context.Context, set string) error {
	return f.do("purged "+set, func() { f.executed = set })
}
func (f *tendedFake) KillQuery(_ context.Context, id uint64) error {
	return f.do(fmt.Sprintf("kill %d", id), nil)
}
func (f *tendedFake) ShutDown(context.Context) error { return f.do("shut down", nil) }
func (f *tendedFake) Credentials(context.Context) (server.Credentials, error) {
	return server.Credentials{User: "repl", Password: "secret"}, f.do("credentials", nil)
}

func (f *tendedFake) GTIDPosAt(_ context.Context, at topology.Coordinates) (string, error) {
	return f.logged[at.LogPos], f.do("logged up to "+at.String(), nil)
}

func (f *tendedFake) SetMariaDBSlavePos(_ context.Context, pos string) error {
	return f.do("slave_pos="+pos, nil)
}

// broken lets the applier stand with an error, with one transaction received that it has not applied.
func broken(f *tendedFake) {
	f.channel.SQLThread, f.channel.LastSQLErrno, f.channel.RetrievedSet = topology.ThreadStopped, 1062, set(101)
}

// inMaria makes it a replica by MariaDB's GTID that has applied 0-1-9; its source had got to there at the place that it shows.
func inMaria(there string) func(*tendedFake) {
	return func(f *tendedFake) {
		f.channel.GTID, f.channel.RetrievedSet, f.channel.AppliedSet = topology.MariaDBGTID, "0-1-9", "0-1-9"
		f.maria.SlavePos, f.logged = "0-1-9", map[int64]string{100: there}
	}
}

func inMariaByPosition(there string) func(*tendedFake) {
	return func(f *tendedFake) {
		inMaria(there)(f)
		f.channel.GTID = topology.FilePosition
	}
}

func TestTending(t *testing.T) {
	const uuid1, uuid2 = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"
	at := func(file string) topology.Coordinates { return topology.Coordinates{LogFile: file, LogPos: 4} }
	for name, c := range map[string]struct {
		before func(*tendedFake)
		action plan.Action
		want   string // statements, with semicolons between
		note   string
		err    string // a part of it
	}{
		"skip what it says":     {func(f *tendedFake) { broken(f); f.failing = uuid1 + ":101" }, plan.Action{Verb: plan.SkipStatement, Place: plan.ByOracleGTID}, "failing; inject " + uuid1 + ":101", "skipped " + uuid1 + ":101", ""},
		"skip, it says nothing": {broken, plan.Action{Verb: plan.SkipStatement, Place: plan.ByOracleGTID}, "failing; inject " + uuid1 + ":101", "skipped " + uuid1 + ":101", ""},
		"skip, it says an old":  {func(f *tendedFake) { broken(f); f.failing = uuid1 + ":50" }, plan.Action{Verb: plan.SkipStatement, Place: plan.ByOracleGTID}, "failing; inject " + uuid1 + ":101", "skipped " + uuid1 + ":101", ""},
		"skip, it cannot say": {func(f *tendedFake) {
			broken(f)
			f.fail["failing"] = &server.Error{Kind: server.Unsupported, Err: errNo}
		}, plan.Action{Verb: plan.SkipStatement, Place: plan.ByOracleGTID},
			"failing; inject " + uuid1 + ":101", "skipped " + uuid1 + ":101", ""},
		"skip, it does not answer": {func(f *tendedFake) { broken(f); f.fail["failing"] = errNo }, plan.Action{Verb: plan.SkipStatement, Place: plan.ByOracleGTID}, "failing", "", errNo.Error()},
		"skip, two sources":        {func(f *tendedFake) { broken(f); f.channel.RetrievedSet += "," + uuid2 + ":1" }, plan.Action{Verb: plan.SkipStatement, Place: plan.ByOracleGTID}, "failing", "", "is not known"},
		"skip, nothing received":   {func(f *tendedFake) { broken(f); f.channel.RetrievedSet = set(100) }, plan.Action{Verb: plan.SkipStatement, Place: plan.ByOracleGTID}, "failing", "", "is not known"},
		"skip by the counter":      {broken, plan.Action{Verb: plan.SkipStatement}, "skip 1", "", ""},
		"skip, it runs again":      {nil, plan.Action{Verb: plan.SkipStatement}, "", "", "has not stopped with an error"},
		"flush one":                {nil, plan.Action{Verb: plan.FlushLogs}, "flush", "now at own.000002", ""},
		"flush to":                 {nil, plan.Action{Verb: plan.FlushLogs, At: at("own.000003")}, "flush; flush", "now at own.000003", ""},
		"flush to here":            {nil, plan.Action{Verb: plan.FlushLogs, At: at("own.000001")}, "", "now at own.000001", ""},
		"flush without a log":      {func(f *tendedFake) { f.self = topology.Coordinates{} }, plan.Action{Verb: plan.FlushLogs}, "", "", "no binary log"},
		"purge":                    {func(f *tendedFake) { f.logs = []string{"own.000001", "own.000002"} }, plan.Action{Verb: plan.PurgeLogs, At: at("own.000002")}, "purge own.000002", "", ""},
		"purge, kept for a while": {func(f *tendedFake) { f.logs, f.keeps = []string{"own.000001", "own.000002"}, 1 }, plan.Action{Verb: plan.PurgeLogs, At: at("own.000002")},
			"purge own.000002; purge own.000002", "", ""},
		"shut down":        {nil, plan.Action{Verb: plan.ShutDown}, "shut down", "", ""},
		"kill":             {nil, plan.Action{Verb: plan.KillQuery, Number: 7}, "kill 7", "", ""},
		"inject":           {nil, plan.Action{Verb: plan.InjectEmpty, Set: uuid2 + ":3-4"}, "inject " + uuid2 + ":3; inject " + uuid2 + ":4", "2 committed", ""},
		"inject, half-way": {func(f *tendedFake) { f.fail["inject "+uuid2+":4"] = errNo }, plan.Action{Verb: plan.InjectEmpty, Set: uuid2 + ":3-4"}, "inject " + uuid2 + ":3; inject " + uuid2 + ":4", "1 committed", errNo.Error()},
		"forget": {func(f *tendedFake) { f.executed += "," + uuid2 + ":1" }, plan.Action{Verb: plan.ForgetErrant, Set: uuid2 + ":1"},
			"reset; purged " + set(100), "gtid_purged is " + set(100), ""},
		"forget all": {func(f *tendedFake) { f.executed = uuid2 + ":1" }, plan.Action{Verb: plan.ForgetErrant, Set: uuid2 + ":1"}, "reset", "gtid_purged is empty", ""},
		"forget, cannot be set": {func(f *tendedFake) { f.executed += "," + uuid2 + ":1"; f.fail["purged "+set(100)] = errNo }, plan.Action{Verb: plan.ForgetErrant, Set: uuid2 + ":1"},
			strings.Repeat("; purged "+set(100), 3)[2:], "", `its gtid_purged is to be "` + set(100) + `"`},
		"forget, cannot be reset":               {func(f *tendedFake) { f.fail["reset"] = errNo }, plan.Action{Verb: plan.ForgetErrant, Set: uuid2 + ":1"}, "reset", "", `its gtid_purged is to be "` + set(100) + `"`},
		"no replica":                            {func(f *tendedFake) { f.channel = nil }, plan.Action{Verb: plan.SetDelay, Number: 5}, "", "", "it is no replica"},
		"see that it does not":                  {broken, plan.Action{Verb: plan.AwaitReplicating}, "", "", "error 1062"},
		"see that it replicates":                {nil, plan.Action{Verb: plan.AwaitReplicating}, "", "", ""},
		"by position, from where":               {func(f *tendedFake) { f.channel.Exec = topology.Coordinates{} }, plan.Action{Verb: plan.UsePosition}, "stop both", "", "is not known"},
		"by position, as its source has logged": {inMaria("0-1-9"), plan.Action{Verb: plan.UsePosition}, "stop both; logged up to b.000001:100; change to :0 mode 4 at b.000001:100 tls ", "", ""},
		"by position, from an earlier place":    {inMaria("0-1-4"), plan.Action{Verb: plan.UsePosition}, "stop both; logged up to b.000001:100", "", `where that had got to "0-1-4", and it has applied "0-1-9"`},
		"by position, from nowhere":             {inMaria(""), plan.Action{Verb: plan.UsePosition}, "stop both; logged up to b.000001:100", "", `where that had got to "", and it has applied "0-1-9"`},
		"by position, beside a domain that is ignored": {func(f *tendedFake) {
			inMaria("0-1-9,3-1-1")(f)
			f.maria.BinlogPos = "0-1-9,3-1-1"
		}, plan.Action{Verb: plan.UsePosition}, "stop both; logged up to b.000001:100; change to :0 mode 4 at b.000001:100 tls ", "", ""},
		"by GTID, as its source has logged": {inMariaByPosition("0-1-9"), plan.Action{Verb: plan.UseGTID, Place: plan.ByMariaDBGTID}, "stop both; logged up to b.000001:100; change to :0 mode 2 at :0 tls ", "", ""},
		"by GTID, and gtid_slave_pos is ahead": {inMariaByPosition("0-1-4"), plan.Action{Verb: plan.UseGTID, Place: plan.ByMariaDBGTID},
			"stop both; logged up to b.000001:100; slave_pos=0-1-4; change to :0 mode 2 at :0 tls ", `gtid_slave_pos was "0-1-9"`, ""},
		"by GTID, and its source cannot say": {func(f *tendedFake) {
			inMariaByPosition("0-1-9")(f)
			f.fail["logged up to b.000001:100"] = errNo
		}, plan.Action{Verb: plan.UseGTID, Place: plan.ByMariaDBGTID}, "stop both; logged up to b.000001:100", "", errNo.Error()},
		"reattach, not detached": {nil, plan.Action{Verb: plan.ReattachSource}, "stop both", "", "it is so already"},
	} {
		t.Run(name, func(t *testing.T) {
			f := &tendedFake{fake: newFake("db1")}
			if c.before != nil {
				c.before(f)
			}
			run := New(Options{Server: func(topology.Key) Server { return f }}).NewRun()
			note, err := run.act(t.Context(), f.key, c.action)
			got := strings.Join(f.statements(), "; ")
			if strings.HasPrefix(name, "forget, cannot be set") {
				got = strings.TrimPrefix(got, "reset; ")
			}
			if got != c.want {
				t.Errorf("did %q, want %q", got, c.want)
			}
			if note != c.note {
				t.Errorf("note %q, want %q", note, c.note)
			}
			if (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("error %v, want %q", err, c.err)
			}
		})
	}
}

// A server that is not tended, as the simulator's are, refuses instead of doing half.
func TestNotTended(t *testing.T) {
	f := newFake("db1")
	run := New(Options{Server: func(topology.Key) Server { return f }}).NewRun()
	if _, err := run.act(t.Context(), f.key, plan.Action{Verb: plan.FlushLogs}); err == nil || errors.Is(err, errAlready) {
		t.Errorf("%v", err)
	}
	if got := f.statements(); len(got) != 0 {
		t.Errorf("did %v", got)
	}
}
