package failover

import (
	"strings"
	"testing"

	"orchestrator/internal/topology"
)

// TestWhatAFormerPrimaryHoldsIsFetched: the lost primary is gone with its writes, and the only replica left is far behind. The one
// before it stands closed beside them.
func TestWhatAFormerPrimaryHoldsIsFetched(t *testing.T) {
	alone := func(i *topology.Instance) {
		i.Channel = topology.Channel{IOThread: topology.NoThread, SQLThread: topology.NoThread}
	}
	old := primaryUUID + ":1-"
	own := "00000000-0000-0000-0000-00000000000f:1-3"
	nothing := func(i *topology.Instance) { i.ExecutedSet, i.Channel.RetrievedSet = "", "" }
	onMaria := func(position, state string) Holding { return Holding{Position: position, BinlogState: state} }
	behindMaria := replica("b", mariadb("0-1-20", "0-1-20"))
	formerMaria := func(i *topology.Instance) { mariadb("", "")(i); alone(i) }
	for name, c := range map[string]struct {
		replica *topology.Instance
		former  *topology.Instance
		has     Holding
		want    bool
	}{
		"it holds all and more":               {replica("b", has(20, 20)), replica("f", alone), Holding{Executed: old + "90"}, true},
		"it has its own as well":              {replica("b", has(20, 20)), replica("f", alone), Holding{Executed: old + "90," + own}, true},
		"it holds no more":                    {replica("b", has(20, 20)), replica("f", alone), Holding{Executed: old + "20"}, false},
		"the others have gone on without it":  {replica("b", has(20, 20)), replica("f", alone), Holding{Executed: old + "10," + own}, false},
		"it has deleted what would be needed": {replica("b", has(20, 20)), replica("f", alone), Holding{Executed: old + "90", Purged: old + "40"}, false},
		"it has deleted what nobody needs":    {replica("b", has(20, 20)), replica("f", alone), Holding{Executed: old + "90", Purged: old + "10"}, true},
		"nothing has come to the replica":     {replica("b", nothing), replica("f", alone), Holding{Executed: old + "90"}, true},
		"nothing, and logs are gone":          {replica("b", nothing), replica("f", alone), Holding{Executed: old + "90", Purged: old + "1"}, false},
		"it takes writes":                     {replica("b", has(20, 20)), replica("f", alone, func(i *topology.Instance) { i.ReadOnly = false }), Holding{Executed: old + "90"}, false},
		"it cannot be reached":                {replica("b", has(20, 20)), replica("f", alone, down), Holding{Executed: old + "90"}, false},
		"it replicates from somebody":         {replica("b", has(20, 20)), replica("f"), Holding{Executed: old + "90"}, false},
		"nothing can be compared":             {replica("b", filePosition), replica("f", alone), Holding{Executed: old + "190"}, false},
		"MariaDB":                             {behindMaria, replica("f", formerMaria), onMaria("0-2-90", "0-1-40,0-2-90"), true},
		"MariaDB: only a higher number":       {behindMaria, replica("f", formerMaria), onMaria("0-2-90", "0-1-10,0-2-90"), false},
	} {
		t.Run(name, func(t *testing.T) {
			r := Request{Formers: []Former{{c.former, c.has}}}
			p := decide(Policy{}, r, c.replica)
			if got := strings.Contains(script(p), "b change-source f"); got != c.want {
				t.Errorf("fetched: %t\n%s", got, script(p))
			}
			if p.Successor != c.replica.Key || strings.Contains(script(p), "\n9 f") {
				t.Errorf("a former primary is more than fetched from: %s", script(p))
			}
		})
	}
}

// TestAFormerPrimaryThatHasLessThanASiblingIsNotAsked: all that it has comes from that.
func TestAFormerPrimaryThatHasLessThanASiblingIsNotAsked(t *testing.T) {
	former := replica("f", func(i *topology.Instance) {
		i.Channel = topology.Channel{IOThread: topology.NoThread, SQLThread: topology.NoThread}
	})
	r := Request{Formers: []Former{{former, Holding{Executed: primaryUUID + ":1-90"}}}}
	p := decide(Policy{}, r, replica("b", has(20, 20), rule(topology.PreferPromote)), replica("c", has(100, 100)))
	if got := script(p); !strings.Contains(got, "b change-source c") || strings.Contains(got, "change-source f") {
		t.Errorf("steps:\n%s", got)
	}
}

// TestTheRiskCountsWhatAFormerPrimaryHolds: a limit must not forbid what would lose nothing.
func TestTheRiskCountsWhatAFormerPrimaryHolds(t *testing.T) {
	former := replica("f", func(i *topology.Instance) {
		i.Channel = topology.Channel{IOThread: topology.NoThread, SQLThread: topology.NoThread}
	})
	b, p := replica("b", has(20, 20)), lostPrimary()
	all := topology.New([]*topology.Instance{b, p}, topology.Names{})
	if without := RiskOf(all, p, b.Key, Policy{}); without.Transactions != 80 {
		t.Errorf("without it %+v", without)
	}
	if with := RiskOf(all, p, b.Key, Policy{}, Former{former, Holding{Executed: primaryUUID + ":1-100"}}); with.Transactions != 0 || !with.Known {
		t.Errorf("with it %+v", with)
	}
}
