package failover

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"orchestrator/internal/topology"
)

// TestContenders: the winner comes first, and of each the criteria that it meets fully are y, in part p, and not n.
func TestContenders(t *testing.T) {
	errant := func(i *topology.Instance) { i.ErrantSet = i.ServerUUID + ":1" }
	noLog := func(i *topology.Instance) { i.LogReplicaUpdates = false }
	lag := func(s int64) func(*topology.Instance) {
		return func(i *topology.Instance) { i.Lag = topology.KnownSeconds(s) }
	}
	all := servers(living(wrote(120)),
		running("a", has(120, 120), lag(0)),
		running("b", has(110, 110), dc("dc2"), rule(topology.PreferNotPromote), lag(60)),
		running("c", has(120, 120), rule(topology.MustNotPromote), lag(0), errant),
		running("d", has(120, 110), noLog, lag(1)),
		running("e", down), running("f", has(120, 120), version("9.1.0"), lag(0)),
	)
	x := question{servers: all}.ask()
	list := Contenders(topology.New(all, topology.Names{}), &x, Policy{ApplyPromotion: true, ApplyPatience: 10 * time.Second})
	got := map[string]string{}
	for n, c := range list {
		row := ""
		for _, is := range c.Criteria {
			row += fmt.Sprintf("%s=%s ", is.Name, string(is.Met[0]))
			if is.Text == "" || is.Title == "" {
				t.Errorf("%s: %s says nothing", c.Server, is.Name)
			}
		}
		got[c.Server.Hostname] = row
		if c.Wins != (n == 0) || c.Says == "" {
			t.Errorf("%d: %+v", n, c)
		}
	}
	want := map[string]string{
		"a": "reachable=y logs=y data=y version=y site=y rule=y lag=y errant=y ",
		"b": "reachable=y logs=y data=p version=y site=p rule=p lag=p errant=y ",
		"c": "reachable=y logs=y data=y version=y site=y rule=n lag=y errant=p ",
		"d": "reachable=y logs=n data=p version=y site=y rule=y lag=y errant=y ",
		"e": "reachable=n logs=y data=n version=y site=y rule=y lag=p errant=y ",
		"f": "reachable=y logs=y data=y version=n site=y rule=y lag=y errant=y ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	x.Failed = key("nobody")
	if list := Contenders(topology.New(all, topology.Names{}), &x, Policy{}); len(list) > 0 {
		t.Errorf("%d contenders for a server that nobody knows", len(list))
	}
}
