package operate_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/operate"
	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/topology"
)

func TestServerCondition(t *testing.T) {
	e := operatetest.New().Engine()
	now := operatetest.Now()
	fine := func() *topology.Instance {
		i := &topology.Instance{Key: operatetest.Key("x"), Check: topology.Check{Attempted: now, Checked: now, Seen: now}}
		i.Channel = topology.Channel{
			Source: operatetest.Key("y"), IOThread: topology.ThreadRunning, SQLThread: topology.ThreadRunning,
			Read: topology.Coordinates{LogFile: "b.1", LogPos: 4},
		}
		return i
	}
	for name, c := range map[string]struct {
		change func(*topology.Instance)
		status operate.Status
		text   string
	}{
		"fine":  {func(*topology.Instance) {}, operate.StatusOK, ""},
		"dead":  {func(i *topology.Instance) { i.Check.Checked = now.Add(time.Second); i.Check.Err = "refused" }, operate.StatusCritical, "does not answer: refused"},
		"stale": {func(i *topology.Instance) { i.Check.Checked, i.Check.Seen = now.Add(-time.Hour), now.Add(-time.Hour) }, operate.StatusStale, "was not looked at lately"},
		"from the store": {func(i *topology.Instance) {
			i.Channel.SQLThread, i.Channel.LastSQLError = topology.ThreadStopped, "dup"
		}, operate.StatusCritical, "does not replicate: dup"},
		"stopped": {func(i *topology.Instance) { i.Channel.SQLThread = topology.ThreadStopped }, operate.StatusCritical, "does not replicate: its threads are stopped"},
		"broken": {func(i *topology.Instance) {
			i.Channel.SQLThread = 0
			i.Channel.LastSQLErrno, i.Channel.LastSQLError = 1062, "dup"
		}, operate.StatusCritical, "does not replicate: error 1062: dup"},
		"lag":         {func(i *topology.Instance) { i.Lag = topology.KnownSeconds(400) }, operate.StatusWarn, "lags 400 s"},
		"errant":      {func(i *topology.Instance) { i.ErrantSet = "u:1" }, operate.StatusWarn, "has transactions that its source never had: u:1"},
		"group":       {func(i *topology.Instance) { i.Group = topology.Group{Name: "g", MemberState: "RECOVERING"} }, operate.StatusWarn, "is RECOVERING in its group"},
		"group error": {func(i *topology.Instance) { i.Group = topology.Group{Name: "g", MemberState: "ERROR"} }, operate.StatusCritical, "is ERROR in its group"},
		"refused": {func(i *topology.Instance) {
			i.Check.Seen, i.Check.Err = time.Time{}, "x:3306: connect: dial tcp 10.0.0.7:3306: connect: connection refused"
		}, operate.StatusCritical, "does not answer: connection refused"},
		"downtime": {func(i *topology.Instance) {
			i.Channel.SQLThread = 0
			i.Downtime = &topology.Downtime{Owner: "dba", Reason: "disks", End: now.Add(time.Hour)}
		}, operate.StatusPause, "in downtime by dba: disks"},
		"maintenance": {func(i *topology.Instance) { i.Maintenance = &topology.Maintenance{Owner: "dba", Reason: "disks"} }, operate.StatusPause, "under maintenance by dba: disks"},
	} {
		t.Run(name, func(t *testing.T) {
			i := fine()
			c.change(i)
			if got := e.ServerCondition(i, nil); got != (operate.Condition{Status: c.status, Sentence: c.text}) {
				t.Errorf("%+v", got)
			}
		})
	}
	dead := []analysis.Finding{{Key: operatetest.Key("x"), Code: analysis.DeadPrimary, Description: "Master cannot be reached"}}
	if got := e.ServerCondition(fine(), dead); got.Status != operate.StatusCritical || got.Sentence != "master cannot be reached" {
		t.Errorf("with a finding: %+v", got)
	}
}

// TestClusterSentence: what is in downtime is not called fine.
func TestClusterSentence(t *testing.T) {
	b := operatetest.New()
	e := b.Engine()
	for want, paused := range map[string][]bool{
		"All 3 servers are fine.":                                     {false, false, false},
		"Its only server is fine.":                                    {false},
		"Its only server is in downtime or maintenance.":              {true},
		"2 of 3 servers are fine. One is in downtime or maintenance.": {false, true, false},
		"One of 3 servers is fine. 2 are in downtime or maintenance.": {true, true, false},
		"All 2 servers are in downtime or maintenance.":               {true, true},
	} {
		c := &topology.Cluster{Name: "p:3306"}
		for _, is := range paused {
			i := &topology.Instance{Key: operatetest.Key("p"), Check: topology.Check{Checked: operatetest.Now(), Seen: operatetest.Now()}}
			if is {
				i.Maintenance = &topology.Maintenance{Owner: "dba", Reason: "disks"}
			}
			c.Members = append(c.Members, i)
		}
		got := e.ClusterCondition(c, nil, false)
		if got.Sentence != want {
			t.Errorf("%q, want %q", got.Sentence, want)
		}
		if all := !slices.Contains(paused, false); (got.Status == operate.StatusPause) != all {
			t.Errorf("%s: %s", want, got.Status)
		}
	}
}

func TestClusterCondition(t *testing.T) {
	b := operatetest.New()
	e := b.Engine()
	orders := b.Fleet.ClusterByAlias("orders")
	got := e.ClusterCondition(orders, e.Findings(b.Fleet), false)
	if got.Status == operate.StatusRecovering || !strings.HasSuffix(got.Sentence, "One is in downtime or maintenance.") {
		t.Errorf("%+v", got)
	}
	if got := e.ClusterCondition(orders, nil, true); got.Status != operate.StatusRecovering || !strings.HasPrefix(got.Sentence, "A recovery or takeover is under way.") {
		t.Errorf("while it recovers: %+v", got)
	}
}

// TestEveryChangeHasALevel: what is not listed counts as destructive, so that a forgotten operation asks for too much
// care and not for too little. These are meant to.
func TestEveryChangeHasALevel(t *testing.T) {
	meant := map[string]bool{
		"force-master-failover": true, "force-master-takeover": true, "make-co-master": true, "make-master": true, "reset-replica": true, "skip-query": true,
		"purge-binary-logs": true, "gtid-errant-reset-master": true, "gtid-errant-inject-empty": true, "forget-cluster": true,
		"game-day": true, "test-hook": true, "rebuild-replica": true,
	}
	for _, o := range operate.NewRegistry().Operations() {
		if o.Rights == operate.Write && o.Level() == operate.Destructive && !meant[o.Name] {
			t.Errorf("%s counts as destructive because nobody has said how much care it asks for", o.Name)
		}
		if o.Rights == operate.Read && (o.Level() != operate.Harmless || o.Needs() != operate.Viewer) {
			t.Errorf("%s only reads: level %d, role %s", o.Name, o.Level(), o.Needs())
		}
		if o.Rights == operate.Write && !o.Needs().May(operate.Operator) {
			t.Errorf("%s changes things and %s may call it", o.Name, o.Needs())
		}
	}
	for name := range meant {
		if !slices.ContainsFunc(operate.NewRegistry().Operations(), func(o *operate.Operation) bool { return o.Name == name && o.Level() == operate.Destructive }) {
			t.Errorf("%s is not destructive", name)
		}
	}
}

func TestRoles(t *testing.T) {
	order := []operate.Role{operate.Nobody, operate.Viewer, operate.Operator, operate.Admin}
	for a, have := range order {
		for b, needed := range order {
			if have.May(needed) != (a >= b) {
				t.Errorf("%q may what %q may: %t", have, needed, have.May(needed))
			}
		}
	}
	if _, err := operate.ParseRole("root"); err == nil {
		t.Error("an unknown role was read")
	}
}
