package operate_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/operate"
	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/topology"
)

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"59s": 59 * time.Second, "59m": 59 * time.Minute, "23h": 23 * time.Hour, "6d": 144 * time.Hour, "4w": 672 * time.Hour, "0s": 0, " 1m\n": time.Minute,
	} {
		if got, err := operate.ParseDuration(text); err != nil || got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "5", "m", "-1m", "1.5h", "1y", "1 m", "99999999w", "1ms"} {
		if got, err := operate.ParseDuration(text); err == nil {
			t.Errorf("%q is taken as %v", text, got)
		}
	}
}

func FuzzParseDuration(f *testing.F) {
	for _, s := range []string{"10m", "4294967295w", "s", "0d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if d, err := operate.ParseDuration(text); err == nil && d < 0 {
			t.Errorf("%q is %v", text, d)
		}
	})
}

// FuzzCall gives every operation arguments that make no sense. None of them may panic.
func FuzzCall(f *testing.F) {
	for _, s := range []string{"db-a1:3306", "orders", "[", "~=,!", "-1", "[::1", "99999999999999999999", "//x:1", "\n"} {
		f.Add(s, s)
	}
	r := operate.NewRegistry()
	b := operatetest.New()
	e := b.Engine()
	f.Fuzz(func(t *testing.T, one, other string) {
		b.Calls = nil
		for _, o := range r.Operations() {
			in := operate.Input{Values: map[operate.Param]string{}}
			for i, a := range o.Args {
				in.Values[a.Param] = one
				if i%2 == 1 {
					in.Values[a.Param] = other
				}
			}
			if _, err := o.Call(context.Background(), e, in); err != nil && err.Error() == "" {
				t.Errorf("%s: an error without words", o.Name)
			}
		}
	})
}

// TestBareEngine runs every operation in a process that has nothing but a topology: none may panic, and those that
// need more say so.
func TestBareEngine(t *testing.T) {
	b := operatetest.New()
	full := b.Engine()
	e := &operate.Engine{Config: full.Config, Now: full.Now, Log: full.Log, Node: full.Node, Picture: b}
	values := map[operate.Param]string{
		operate.ParamInstance: "db-a1:3306", operate.ParamCluster: "orders", operate.ParamClusterName: "db-a1:3306", operate.ParamReason: "x",
		operate.ParamTag: "role=primary", operate.ParamRule: "prefer", operate.ParamUID: "u", operate.ParamID: "1", operate.ParamSeconds: "1",
		operate.ParamAlias: "a", operate.ParamPattern: ".", operate.ParamSearch: "x", operate.ParamDestination: "db-a2",
		operate.ParamPool: "reporting", operate.ParamHostname: "orders-vip", operate.ParamLogFile: "binlog.000001", operate.ParamLogPos: "4",
		operate.ParamEntry:   "DROP TABLE x",
		operate.ParamCommand: "c", operate.ParamFrom: "file", operate.ParamProcesses: "PostFailoverProcesses", operate.ParamNumber: "1", operate.ParamGTIDSet: "00000000-0000-0000-0000-000000000004:1",
	}
	for _, o := range operate.NewRegistry().Operations() {
		t.Run(o.Name, func(t *testing.T) {
			_, err := o.Call(context.Background(), e, operate.Input{Values: values})
			if err == nil && o.Rights == operate.Write {
				t.Error("it changed something with nothing to change it")
			}
			retired := o.Name == "reload-cluster-alias" || o.Section == "Agent"
			if err != nil && !retired && !strings.Contains(err.Error(), "not available in this process") {
				t.Errorf("refused with %v", err)
			}
		})
	}
	if len(b.Calls) > 0 {
		t.Errorf("did %v", b.Calls)
	}
}

// TestReadingNeverWrites runs what only reads over an engine whose every change is noted.
func TestReadingNeverWrites(t *testing.T) {
	b := operatetest.New()
	e := b.Engine()
	for _, o := range operate.NewRegistry().Operations() {
		if o.Rights == operate.Write {
			continue
		}
		in := operate.Input{Values: map[operate.Param]string{operate.ParamInstance: "db-a1:3306", operate.ParamCluster: "orders"}}
		if _, err := o.Call(context.Background(), e, in); err != nil && err.Error() == "" {
			t.Errorf("%s: an error without words", o.Name)
		}
		if len(b.Calls) > 0 {
			t.Fatalf("%s did %v", o.Name, b.Calls)
		}
	}
}

func TestControlReplicas(t *testing.T) {
	at := operatetest.Now().Add(-time.Second)
	server := func(name, source, dc string, lag int64) *topology.Instance {
		i := &topology.Instance{Key: operatetest.Key(name), DataCenter: dc, Lag: topology.KnownSeconds(lag),
			Check: topology.Check{Attempted: at, Checked: at, Seen: at}}
		if source != "" {
			i.Channel.Source = operatetest.Key(source)
		}
		return i
	}
	invalid := server("r1f", "top", "one", 99)
	invalid.Check.Seen = time.Time{}
	maxscale := server("r1g", "top", "one", 98)
	maxscale.Flavor = topology.FlavorMaxScale
	b := operatetest.New()
	b.Fleet = topology.New(topology.Derive([]*topology.Instance{
		server("top", "", "one", 0),
		server("r1a", "top", "one", 1), server("r1b", "top", "one", 5), server("r1c", "top", "one", 3), server("r1d", "top", "two", 0),
		invalid, maxscale,
		server("r2a", "r1a", "one", 0), server("r2b", "r1a", "one", 7), server("r2c", "r1a", "one", 2),
		server("r3a", "r2a", "one", 0), server("r3b", "r2a", "two", 0), server("ignored", "top", "three", 50),
	}, topology.Names{}), topology.Names{})
	b.Conf.OSCIgnoreHostnameFilters = []string{"ignored"}
	o := operate.NewRegistry().Command("which-cluster-osc-replicas")
	r, err := o.Call(context.Background(), b.Engine(), operate.Input{Values: map[operate.Param]string{operate.ParamCluster: "top:3306"}})
	if err != nil {
		t.Fatal(err)
	}
	// r1a is the busiest and r1b lags most; of r1a's replicas r2a is the busiest and r2b lags most; one third tier each.
	const want = "r1a:3306,r1b:3306,r1d:3306,r2a:3306,r2b:3306,r3a:3306,r3b:3306"
	if got := topology.JoinKeys(topology.Keys(r.Value.(operate.Instances).List)); got != want {
		t.Errorf("chose %s, want %s", got, want)
	}
}
