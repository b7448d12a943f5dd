package plan

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"orchestrator/internal/topology"
)

var update = flag.Bool("update", false, "write the golden files anew")

func key(host string) topology.Key { return topology.Key{Hostname: host, Port: 3306} }

// failover is a plan with everything that a plan can have.
func failover() Plan {
	p := Plan{
		Title:     "replace the lost primary db1:3306 by db2:3306",
		Operation: "DeadMaster", Cluster: "db1:3306", Failed: key("db1"), Successor: key("db2"),
		Rejected: []Verdict{{key("db3-with-a-long-name"), "outranked", "db2:3306 is better"}},
		Lost:     []Verdict{{key("db4"), "unreachable", "the last check failed: no answer"}},
		Warnings: []string{"db4:3306 may hold more"},
	}
	p.Add(1, Step{Phase: Gather, Server: key("db2"), Action: Action{Verb: StopReceiving}, Why: "nothing may change", Undo: &Action{Verb: StartReceiving}, MayFail: true})
	p.Add(1, Step{Phase: Gather, Server: key("db3-with-a-long-name"), Action: Action{Verb: StopReceiving}, Why: "nothing may change"})
	p.Add(2, Step{Phase: CatchUp, Server: key("db2"), Action: Action{Verb: AwaitApplied, Timeout: 10 * time.Second}, Why: "nothing may be lost", Needs: "its receiver has ended", Until: "applied equals received", Deadline: time.Hour})
	p.Add(3, Step{Phase: Promote, Server: key("db2"), Action: Action{Verb: SetWritable, Super: true}, NoReturn: true})
	p.Add(4, Step{Phase: Repoint, Server: key("db3-with-a-long-name"), Action: Action{Verb: ChangeSource, Source: key("db2"), Place: AtSuccessor}, Why: "it follows"})
	return p
}

func TestPlanPrints(t *testing.T) {
	full := failover()
	for name, p := range map[string]Plan{
		"failover": full,
		"nobody can be promoted": {
			Title:    "replace the lost primary db1:3306",
			Rejected: []Verdict{{key("db2"), "must-not", "its promotion rule is must_not"}},
		},
		"only a title": {Title: "nothing to do"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join("testdata", strings.ReplaceAll(name, " ", "-")+".golden")
			got := p.String()
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("printed otherwise than in %s (-want +got):\n%s", file, diff)
			}
		})
	}
}

func TestActionPrints(t *testing.T) {
	at := topology.Coordinates{LogFile: "binlog.000003", LogPos: 157}
	for want, a := range map[string]Action{
		"stop receiving (IO thread)":                                   {Verb: StopReceiving},
		"start receiving (IO thread)":                                  {Verb: StartReceiving},
		"reconnect to the source (IO thread)":                          {Verb: ReconnectReceiving},
		"apply everything that was received":                           {Verb: AwaitApplied},
		"apply up to u:1-5":                                            {Verb: AwaitExecuted, Set: "u:1-5"},
		"stop replication":                                             {Verb: StopReplica},
		"start replication":                                            {Verb: StartReplica},
		"replicate from db2:3306":                                      {Verb: ChangeSource, Source: key("db2"), Place: ByOracleGTID},
		"replicate from db2:3306 at binlog.000003:157":                 {Verb: ChangeSource, Source: key("db2"), Place: ByCoordinates, At: at},
		"forget the source (no longer a replica)":                      {Verb: ForgetSource},
		"detach from the source":                                       {Verb: DetachSource},
		"open for writing (read_only=0)":                               {Verb: SetWritable, Super: true},
		"close for writing (read_only=1)":                              {Verb: SetReadOnly},
		"close for writing (super_read_only=1)":                        {Verb: SetReadOnly, Super: true},
		"switch semi-sync source side on":                              {Verb: SemiSyncSource, On: true},
		"switch semi-sync source side off":                             {Verb: SemiSyncSource},
		"switch semi-sync replica side on":                             {Verb: SemiSyncReplica, On: true},
		"switch semi-sync replica side off":                            {Verb: SemiSyncReplica},
		"a verb of a later version":                                    {Verb: "a verb of a later version"},
		"replicate from db2:3306, from where it is opened for writing": {Verb: ChangeSource, Source: key("db2"), Place: AtSuccessor},
	} {
		t.Run(want, func(t *testing.T) {
			if got := a.String(); got != want {
				t.Errorf("%q", got)
			}
		})
	}
}

func TestAddNumbersSteps(t *testing.T) {
	var p Plan
	for range 3 {
		p.Add(7, Step{Server: key("db1")})
	}
	for n, s := range p.Steps {
		if s.N != n+1 || s.Stage != 7 {
			t.Errorf("step %d has number %d, stage %d", n, s.N, s.Stage)
		}
	}
}

func TestStages(t *testing.T) {
	for name, c := range map[string]struct {
		stages []int
		want   string // numbers of the steps; / separates stages
	}{
		"no steps":           {nil, ""},
		"one":                {[]int{4}, "1"},
		"one after another":  {[]int{1, 2, 3}, "1/2/3"},
		"at the same time":   {[]int{1, 1, 2}, "1 2/3"},
		"gaps":               {[]int{2, 9}, "1/2"},
		"added out of order": {[]int{3, 1, 3, 2}, "2/4/1 3"},
	} {
		t.Run(name, func(t *testing.T) {
			var p Plan
			for _, stage := range c.stages {
				p.Add(stage, Step{})
			}
			var stages []string
			for _, steps := range p.Stages() {
				var numbers []string
				for _, s := range steps {
					numbers = append(numbers, strconv.Itoa(s.N))
				}
				stages = append(stages, strings.Join(numbers, " "))
			}
			if got := strings.Join(stages, "/"); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestStagesGiveThePlansOwnSteps(t *testing.T) {
	p := failover()
	p.Stages()[0][1].State = Done
	if p.Steps[1].State != Done {
		t.Error("what happens to a step must be seen in the plan")
	}
}

func TestPrepend(t *testing.T) {
	ran := make([]Step, 2, 8) // with room, into which nothing may be written
	ran[0] = Step{N: 1, Server: key("a"), State: Done}
	ran[1] = Step{N: 2, Server: key("b"), State: Failed}
	var p Plan
	p.Add(2, Step{Server: key("c")})
	p.Add(3, Step{Server: key("d")})
	p.Prepend(ran)

	var order []string
	for n, s := range p.Steps {
		if s.N != n+1 {
			t.Errorf("step %d has number %d", n, s.N)
		}
		order = append(order, s.Server.Hostname)
	}
	if !slices.Equal(order, []string{"a", "b", "c", "d"}) {
		t.Errorf("order %v", order)
	}
	if p.Steps[0].State != Done || p.Steps[1].State != Failed {
		t.Error("what has run keeps its state")
	}
	p.Steps[0].State = Undone
	if ran[0].State != Done || ran[:3][2].Server != (topology.Key{}) {
		t.Error("the plan shares memory with what it was given")
	}
}

func TestPrependNothing(t *testing.T) {
	want, got := failover(), failover()
	got.Prepend(nil)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLostKeys(t *testing.T) {
	p := Plan{Lost: []Verdict{{Server: key("b")}, {Server: key("a")}}}
	if got := p.LostKeys(); !slices.Equal(got, []topology.Key{key("b"), key("a")}) {
		t.Errorf("%v", got)
	}
	if got := (&Plan{}).LostKeys(); len(got) != 0 {
		t.Errorf("nothing is lost, got %v", got)
	}
}

func TestTook(t *testing.T) {
	began := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		started, ended time.Time
		want           time.Duration
	}{
		"not begun":    {},
		"still runs":   {started: began},
		"has ended":    {began, began.Add(3 * time.Millisecond), 3 * time.Millisecond},
		"never began":  {ended: began},
		"took no time": {began, began, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := (&Step{Started: c.started, Ended: c.ended}).Took(); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func TestPlansSurviveJSON(t *testing.T) {
	began := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	running := failover()
	running.Steps[0].State, running.Steps[0].Started, running.Steps[0].Ended, running.Steps[0].Note = Done, began, began.Add(time.Second), "was connecting"
	running.Steps[1].State, running.Steps[1].Started, running.Steps[1].Error = Failed, began, "connection refused"
	running.Steps[3].Action.At = topology.Coordinates{LogFile: "binlog.000003", LogPos: 157, Type: topology.RelayLog}
	for name, p := range map[string]Plan{"empty": {}, "planned": failover(), "running": running} {
		t.Run(name, func(t *testing.T) {
			text, err := json.Marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			var got Plan
			if err := json.Unmarshal(text, &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(p, got); diff != "" {
				t.Errorf("lost on the way (-want +got):\n%s", diff)
			}
		})
	}
}

func TestJSONLeavesOutWhatIsNotSet(t *testing.T) {
	text, err := json.Marshal(Step{N: 1, Stage: 2, Phase: Promote, Server: key("db2"), Action: Action{Verb: SetWritable}})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"n":1,"stage":2,"phase":"promote","server":{"Hostname":"db2","Port":3306},"action":{"verb":"set-writable"},"why":""}`
	if string(text) != want {
		t.Errorf("%s, want %s", text, want)
	}
}
