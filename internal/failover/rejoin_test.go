package failover

import (
	"slices"
	"strings"
	"testing"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

func TestRejoin(t *testing.T) {
	mysql := func(executed, purged string) Holding { return Holding{Executed: executed, Purged: purged} }
	maria := func(position, state string) Holding { return Holding{Position: position, BinlogState: state} }
	const u1, u2 = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"
	for name, c := range map[string]struct {
		change   func(r *RejoinRequest)
		had, has Holding
		rule     string // "" where it is taken back
		says     string // part of the reason
	}{
		"MySQL: nothing extra":          {nil, mysql(u1+":1-100", ""), mysql(u1+":1-100,"+u2+":1-7", ""), "", ""},
		"MySQL: one transaction extra":  {nil, mysql(u1+":1-101", ""), mysql(u1+":1-100,"+u2+":1-7", ""), ExtraTransactions, u1 + ":101"},
		"MySQL: purged there":           {nil, mysql(u1+":1-100", ""), mysql(u1+":1-100,"+u2+":1-9", u2+":1-5"), "purged", u2 + ":1-5"},
		"MySQL: purged there, had here": {nil, mysql(u1+":1-100", ""), mysql(u1+":1-100,"+u2+":1-9", u1+":1-90"), "", ""},
		"MySQL: cannot be read":         {nil, mysql("garbage", ""), mysql(u1+":1", ""), "unknown-history", ""},
		"MySQL: no GTID": {func(r *RejoinRequest) { r.Returned.GTIDMode = "ON_PERMISSIVE" },
			mysql(u1+":1", ""), mysql(u1+":1", ""), "no-gtid", "cannot be proved"},
		"MariaDB: nothing extra": {inMariaDB, maria("0-1-100", ""), maria("0-2-107", "0-1-100,0-2-107"), "", ""},
		"MariaDB: the same number by another server": {inMariaDB, maria("0-1-101", ""), maria("0-2-107", "0-1-100,0-2-107"),
			ExtraTransactions, "0-1-101"},
		"MariaDB: a domain that nobody knows": {inMariaDB, maria("0-1-100,5-1-3", ""), maria("0-2-107", "0-1-100,0-2-107"),
			ExtraTransactions, "5-1-3"},
		"MySQL: it lost the end of its own log":           {ownIsFirst, mysql(u1+":1-90", ""), mysql(u1+":1-100,"+u2+":1-9", ""), LostOwn, u1 + ":91-100"},
		"MariaDB: it lost the end of its own log":         {inMariaDBAsFirst, maria("0-1-90", "0-1-90"), maria("0-2-107", "0-1-100,0-2-107"), LostOwn, "0-1-100"},
		"MariaDB: it took more from others since":         {inMariaDBAsFirst, maria("0-2-101", "0-1-90,0-2-101"), maria("0-2-107", "0-1-100,0-2-107"), "", ""},
		"MariaDB: a semi-sync replica takes its own back": {inMariaDBWithSemiSync, maria("0-1-90", "0-1-90"), maria("0-2-107", "0-1-100,0-2-107"), "", ""},
		"MariaDB: both empty":                             {inMariaDB, maria("", ""), maria("", ""), "", ""},
		"it still takes writes":                           {func(r *RejoinRequest) { r.Returned.ReadOnly = false }, mysql(u1+":1", ""), mysql(u1+":1", ""), "not-closed", ""},
		"it is gone again":                                {func(r *RejoinRequest) { down(r.Returned) }, mysql(u1+":1", ""), mysql(u1+":1", ""), "not-closed", ""},
		"it replicates already": {func(r *RejoinRequest) { r.Returned.Channel.Source = topology.Key{Hostname: "a", Port: 3306} },
			mysql(u1+":1", ""), mysql(u1+":1", ""), "replica", ""},
		"the new primary is closed": {func(r *RejoinRequest) { r.Primary.ReadOnly = true }, mysql(u1+":1", ""), mysql(u1+":1", ""), "no-primary", ""},
		"the rules of replication hold": {func(r *RejoinRequest) { r.Primary.ServerID = r.Returned.ServerID },
			mysql(u1+":1", ""), mysql(u1+":1", ""), "same-server-id", ""},
	} {
		t.Run(name, func(t *testing.T) {
			old, primary := replica("p"), replica("a")
			for _, i := range []*topology.Instance{old, primary} {
				i.GTIDMode = "ON"
				i.Channel = topology.Channel{IOThread: topology.NoThread, SQLThread: topology.NoThread}
			}
			primary.ReadOnly = false
			r := RejoinRequest{Returned: old, Primary: primary, ReturnedHas: c.had, PrimaryHas: c.has, Tellers: []topology.Key{{Hostname: "b", Port: 3306}}}
			if c.change != nil {
				c.change(&r)
			}
			p, refusal := Rejoin(r, Policy{})
			switch {
			case refusal == nil && c.rule != "":
				t.Fatalf("it is taken back, want refusal %s", c.rule)
			case refusal != nil && (refusal.Rule != c.rule || !strings.Contains(refusal.Reason, c.says)):
				t.Fatalf("refused by %s: %s", refusal.Rule, refusal.Reason)
			}
			if want := 4; c.rule == "" && len(p.Steps) != want {
				t.Errorf("%d steps, want %d:\n%s", len(p.Steps), want, &p)
			}
			for _, s := range p.Steps {
				if s.NoReturn || s.Server == primary.Key && s.Phase != plan.Gather {
					t.Errorf("step %d touches the new primary or cannot be undone:\n%s", s.N, &p)
				}
			}
		})
	}
}

func ownIsFirst(r *RejoinRequest) { r.Returned.ServerUUID = "00000000-0000-0000-0000-000000000001" }

func inMariaDBAsFirst(r *RejoinRequest) {
	inMariaDB(r)
	r.Returned.ServerID, r.Primary.ServerID = 1, 2
}

func inMariaDBWithSemiSync(r *RejoinRequest) {
	inMariaDBAsFirst(r)
	r.Returned.SemiSync.ReplicaEnabled = true
}

// TestRejoinLeavesNoSemiSyncSource: with it on, MySQL's applier waits for an acknowledgement of every transaction.
func TestRejoinLeavesNoSemiSyncSource(t *testing.T) {
	for name, on := range map[string]bool{"it was on": true, "it was off": false} {
		t.Run(name, func(t *testing.T) {
			old, primary := replica("p"), replica("a")
			for _, i := range []*topology.Instance{old, primary} {
				i.GTIDMode = "ON"
				i.Channel = topology.Channel{IOThread: topology.NoThread, SQLThread: topology.NoThread}
			}
			primary.ReadOnly = false
			old.SemiSync.SourceEnabled = on
			p, refusal := Rejoin(RejoinRequest{Returned: old, Primary: primary}, Policy{})
			if refusal != nil {
				t.Fatal(refusal)
			}
			off, starts := -1, -1
			for at, s := range p.Steps {
				switch {
				case s.Action.Verb == plan.SemiSyncSource && !s.Action.On && s.Server == old.Key:
					off = at
				case s.Action.Verb == plan.StartReplica:
					starts = at
				}
			}
			if (off >= 0) != on || off >= starts {
				t.Errorf("switched off at step %d, started at step %d:\n%s", off, starts, &p)
			}
		})
	}
}

// TestRejoinOfClonedServer: one that was rebuilt has the source of the replica that it was cloned from.
func TestRejoinOfClonedServer(t *testing.T) {
	for name, c := range map[string]struct {
		source string
		runs   bool
		want   []plan.Verb
	}{
		"it follows already":         {"a", true, []plan.Verb{plan.SetReadOnly}},
		"its threads stand":          {"a", false, []plan.Verb{plan.ReadCredentials, plan.SetReadOnly, plan.ForgetSource, plan.BecomeReplica, plan.StartReplica}},
		"it follows who was primary": {"x", true, []plan.Verb{plan.ReadCredentials, plan.SetReadOnly, plan.ForgetSource, plan.BecomeReplica, plan.StartReplica}},
	} {
		t.Run(name, func(t *testing.T) {
			old, primary := replica("p"), replica("a")
			old.GTIDMode, primary.GTIDMode = "ON", "ON"
			primary.Channel, primary.ReadOnly = topology.Channel{}, false
			old.Channel.Source = topology.Key{Hostname: c.source, Port: 3306}
			old.Channel.IOThread, old.Channel.SQLThread = topology.ThreadStopped, topology.ThreadStopped
			if c.runs {
				old.Channel.IOThread, old.Channel.SQLThread = topology.ThreadRunning, topology.ThreadRunning
			}
			p, refusal := Rejoin(RejoinRequest{Returned: old, Primary: primary, Cloned: true}, Policy{})
			if refusal != nil {
				t.Fatal(refusal)
			}
			var got []plan.Verb
			for _, s := range p.Steps {
				got = append(got, s.Action.Verb)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func inMariaDB(r *RejoinRequest) {
	for _, i := range []*topology.Instance{r.Returned, r.Primary} {
		i.Flavor, i.Version, i.ServerUUID = topology.FlavorMariaDB, "10.11.6-MariaDB", ""
	}
}
