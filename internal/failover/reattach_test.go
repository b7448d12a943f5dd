package failover

import (
	"strings"
	"testing"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

func TestReattach(t *testing.T) {
	const u1, u2 = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"
	received := func(set string) func(*RejoinRequest) {
		return func(r *RejoinRequest) { r.Returned.Channel.RetrievedSet = set }
	}
	both := func(changes ...func(*RejoinRequest)) func(*RejoinRequest) {
		return func(r *RejoinRequest) {
			for _, c := range changes {
				c(r)
			}
		}
	}
	maria := both(inMariaDB, func(r *RejoinRequest) { r.Returned.Channel.GTID = topology.MariaDBGTID })
	onMySQL := [2]Holding{{Executed: u1 + ":1-100"}, {Executed: u1 + ":1-100," + u2 + ":1-7"}}
	onMariaDB := [2]Holding{{Position: "0-1-100"}, {Position: "0-2-107", BinlogState: "0-1-100,0-2-107"}}
	for name, c := range map[string]struct {
		change func(r *RejoinRequest)
		hold   [2]Holding
		rule   string // "" where it is pointed at the primary
		says   string // part of the reason
	}{
		"MySQL: it holds less":                           {received(u1 + ":1-100"), onMySQL, "", ""},
		"MySQL: it has applied more":                     {nil, [2]Holding{{Executed: u1 + ":1-101"}, onMySQL[1]}, ExtraTransactions, u1 + ":101"},
		"MySQL: it has received more":                    {received(u1 + ":1-102"), onMySQL, "received-more", u1 + ":101-102"},
		"MySQL: what it has received cannot be read":     {received("garbage"), onMySQL, "unknown-history", "garbage"},
		"MySQL: the primary has purged what it lacks":    {nil, [2]Holding{onMySQL[0], {Executed: onMySQL[1].Executed, Purged: u2 + ":1-3"}}, Purged, u2 + ":1-3"},
		"MariaDB: it holds less":                         {both(maria, received("0-1-100")), onMariaDB, "", ""},
		"MariaDB: it has applied more":                   {maria, [2]Holding{{Position: "0-1-101"}, onMariaDB[1]}, ExtraTransactions, "0-1-101"},
		"MariaDB: it has received more":                  {both(maria, received("0-1-103")), onMariaDB, "received-more", "0-1-103"},
		"MariaDB: what it has received cannot be read":   {both(maria, received("garbage")), onMariaDB, "unknown-history", "garbage"},
		"by file and position nothing can be compared":   {func(r *RejoinRequest) { r.Returned.Channel.GTID = topology.FilePosition }, onMySQL, "no-gtid", ""},
		"it is gone again":                               {func(r *RejoinRequest) { down(r.Returned) }, onMySQL, "no-replica", ""},
		"it has several sources":                         {func(r *RejoinRequest) { r.Returned.Others = make([]topology.Channel, 1) }, onMySQL, "no-replica", ""},
		"the primary is closed":                          {func(r *RejoinRequest) { r.Primary.ReadOnly = true }, onMySQL, "no-primary", ""},
		"the primary is a replica":                       {func(r *RejoinRequest) { r.Primary.Channel.Source = topology.Key{Hostname: "x", Port: 1} }, onMySQL, "no-primary", ""},
		"the rules of replication hold":                  {func(r *RejoinRequest) { r.Primary.ServerID = r.Returned.ServerID }, onMySQL, "same-server-id", ""},
		"MySQL: it lost the end of a log of its own":     {ownIsFirst, [2]Holding{{Executed: u1 + ":1-90"}, onMySQL[1]}, LostOwn, u1 + ":91-100"},
		"MySQL: what either holds cannot be told at all": {nil, [2]Holding{{Executed: "garbage"}, onMySQL[1]}, "unknown-history", ""},
	} {
		t.Run(name, func(t *testing.T) {
			stray, primary := replica("b"), replica("a")
			stray.GTIDMode, primary.GTIDMode = "ON", "ON"
			stray.Channel.GTID, stray.Channel.RetrievedSet = topology.OracleGTID, ""
			primary.Channel = topology.Channel{IOThread: topology.NoThread, SQLThread: topology.NoThread}
			primary.ReadOnly = false
			r := RejoinRequest{Returned: stray, Primary: primary, ReturnedHas: c.hold[0], PrimaryHas: c.hold[1]}
			if c.change != nil {
				c.change(&r)
			}
			p, refusal := Reattach(r, Policy{})
			switch {
			case refusal == nil && c.rule != "":
				t.Fatalf("it is pointed at the primary, want refusal %s", c.rule)
			case refusal != nil && (refusal.Rule != c.rule || !strings.Contains(refusal.Reason, c.says)):
				t.Fatalf("refused by %s: %s", refusal.Rule, refusal.Reason)
			case refusal != nil && len(p.Steps) > 0:
				t.Errorf("refused, and yet there are steps:\n%s", &p)
			case refusal == nil && (len(p.Steps) != 1 || p.Steps[0].Action.Verb != plan.ChangeSource || p.Steps[0].Server != stray.Key || p.Steps[0].Action.Source != primary.Key):
				t.Errorf("the plan is\n%s", &p)
			}
		})
	}
}
