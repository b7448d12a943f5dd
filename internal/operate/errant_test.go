package operate_test

import (
	"slices"
	"strings"
	"testing"

	"orchestrator/internal/operate"
	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/topology"
)

// TestAcceptErrant: db-a3 has one errant transaction, of server …4.
func TestAcceptErrant(t *testing.T) {
	const uuid = "00000000-0000-0000-0000-000000000004"
	for name, c := range map[string]struct {
		errant, before, set, server string
		want                        string // what is stored, or the error
	}{
		"all":                              {uuid + ":1-3", "", uuid + ":1-3", "db-a3:3306", "accept " + uuid + ":1-3 of db-a3:3306 by alice: a cache"},
		"one of three":                     {uuid + ":1-3", "", uuid + ":2", "db-a3:3306", "accept " + uuid + ":2 of"},
		"beside what was accepted":         {uuid + ":1-3", uuid + ":1", uuid + ":2", "db-a3:3306", "accept " + uuid + ":1-2 of"},
		"what is errant no more goes":      {uuid + ":3", uuid + ":1-2", uuid + ":3", "db-a3:3306", "accept " + uuid + ":3 of"},
		"more than there is":               {uuid + ":1-3", "", uuid + ":2-5", "db-a3:3306", uuid + ":4-5 is not errant there"},
		"no set":                           {uuid + ":1-3", "", "nonsense", "db-a3:3306", "gtid-errant-accept of db-a3:3306"},
		"a server without errant ones":     {"", "", uuid + ":1", "db-a3:3306", "has no errant transactions"},
		"a server that nobody knows":       {uuid + ":1", "", uuid + ":1", "nosuch:3306", "nosuch:3306"},
		"what was accepted is not to read": {uuid + ":1-3", "nonsense", uuid + ":2", "db-a3:3306", "accept " + uuid + ":2 of"},
	} {
		t.Run(name, func(t *testing.T) {
			b := operatetest.New()
			i := b.Fleet.Instance(operatetest.Key("db-a3"))
			i.ErrantSet, i.Accepted = c.errant, nil
			if c.before != "" {
				i.Accepted = &topology.AcceptedErrant{Set: c.before}
			}
			_, err := operate.NewRegistry().Named("gtid-errant-accept").Call(t.Context(), b.Engine(), operate.Input{User: "alice", Values: map[operate.Param]string{
				operate.ParamInstance: c.server, operate.ParamGTIDSet: c.set, operate.ParamReason: "a cache",
			}})
			said := strings.Join(b.Calls, "|")
			if err != nil {
				said += err.Error()
			}
			if !strings.Contains(said, c.want) || err != nil && len(b.Calls) > 0 || err == nil && !strings.Contains(said, "audit gtid-errant-accept db-a3") {
				t.Errorf("%s", said)
			}
		})
	}
}

// TestWithdrawErrant takes back what was accepted, and says so where nothing was.
func TestWithdrawErrant(t *testing.T) {
	b := operatetest.New()
	withdraw := func() error {
		_, err := operate.NewRegistry().Named("gtid-errant-withdraw").Call(t.Context(), b.Engine(), operate.Input{User: "alice", Values: map[operate.Param]string{operate.ParamInstance: "db-a3:3306"}})
		return err
	}
	if err := withdraw(); err == nil || len(b.Calls) > 0 {
		t.Errorf("nothing is accepted: %v, done %q", err, b.Calls)
	}
	b.Fleet.Instance(operatetest.Key("db-a3")).Accepted = &topology.AcceptedErrant{Set: "x:1"}
	if err := withdraw(); err != nil || !slices.Contains(b.Calls, "accept nothing of db-a3:3306") || !strings.Contains(strings.Join(b.Calls, "|"), "alice accepts x:1 no longer") {
		t.Errorf("%v, done %q", err, b.Calls)
	}
}
