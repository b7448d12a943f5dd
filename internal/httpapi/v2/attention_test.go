package v2

import (
	"errors"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/operate"
	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/topology"
)

// pointsOf are the points as lines.
func pointsOf(list []AttentionPoint) string {
	var lines []string
	for _, p := range list {
		lines = append(lines, p.Status+" "+p.Text+": "+p.More)
	}
	return strings.Join(lines, "\n")
}

func TestAttention(t *testing.T) {
	t.Parallel()
	now := operatetest.Now()
	for name, c := range map[string]struct {
		change func(n *Nodes, told []operate.NodeReport)
		want   []string // lines that are there; those that begin with - are not
	}{
		"as the group is": {want: []string{
			"warn manager-3 has the version 4.0.1, most have 4.0.2:", "ok Addresses are resolved at every connection: manager-3 has moved, from 10.0.3.9:10008 to 10.0.3.1:10008",
			"ok No manager has trouble with consul:", "ok The clocks agree: that of manager-3 differs by 3 ms from that of manager-2", "ok The disks have room: the least is 71 %, on manager-",
			"ok Snapshots are taken: the newest, of 212 kB", "-crit", "-info",
		}},
		"one is silent": {func(n *Nodes, told []operate.NodeReport) {
			n.Nodes[2].Here, n.Votes.Here = false, 2
			told[2].Err = errors.New("timeout")
		}, []string{"crit manager-3 gives no sign of life:", "warn No manager may fail: 2 of 3 votes are here, and all of them are needed", "-tells nothing"}},
		"one is of an older version": {func(_ *Nodes, told []operate.NodeReport) { told[2].Err = errors.New("an unknown question") },
			[]string{"info manager-3 tells nothing of itself: an unknown question"}},
		"a clock is wrong": {func(n *Nodes, _ []operate.NodeReport) {
			behind := -2000.0
			n.Nodes[0].ClockAhead = &behind
		}, []string{"warn The clock of manager-1 is 2.0 s behind that of manager-2:"}},
		"a disk is full": {func(_ *Nodes, told []operate.NodeReport) { told[1].Facts.Disk.Free = 1 },
			[]string{"crit The disk of manager-1 has 1 % left: /var/lib/orchestrator", "-have room"}},
		"certificates": {func(_ *Nodes, told []operate.NodeReport) {
			told[0].Facts.Certificates = []operate.Certificate{{Key: "SSLCertFile", End: now.Add(-time.Hour)}, {Key: "RaftSSLCertFile", End: now.Add(75 * time.Hour)}}
			told[1].Facts.Certificates = []operate.Certificate{{Key: "SSLCertFile", End: now.Add(99 * 24 * time.Hour)}}
		}, []string{"crit A certificate has ended: SSLCertFile of manager-2", "warn A certificate ends in 3 days: RaftSSLCertFile of manager-2", "-are valid"}},
		"a store is not reached": {func(_ *Nodes, told []operate.NodeReport) {
			told[2].Facts.Stores[0].Problem = "connection refused"
		}, []string{"warn manager-3 does not reach consul: connection refused", "-No manager has trouble"}},
		"nobody leads": {func(n *Nodes, _ []operate.NodeReport) { n.Leader = "" }, []string{"crit Nobody leads: nothing would be failed over"}},
		"four vote":    {func(n *Nodes, _ []operate.NodeReport) { n.Votes = &NodeVotes{All: 4, Needed: 3, Here: 4} }, []string{"info 4 managers vote: they survive no more failures than 3"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := operatetest.New()
			g := operatetest.NewGroup(b)
			var n Nodes
			n.Healthy, n.Mode = true, "raft"
			n.group(g.Stands, now)
			told, err := g.Engine().Reports(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if c.change != nil {
				c.change(&n, told)
			}
			got := attention(n, told, now)
			text := pointsOf(got)
			for _, want := range c.want {
				if absent, not := strings.CutPrefix(want, "-"); strings.Contains(text, strings.TrimPrefix(want, "-")) == not {
					t.Errorf("%q (absent: %q) in\n%s", want, absent, text)
				}
			}
			for k := 1; k < len(got); k++ {
				if got[k-1].Status == "ok" && got[k].Status != "ok" {
					t.Errorf("what is fine stands before what is not:\n%s", text)
				}
			}
		})
	}
}

// TestSeenTogether: what comes of it when managers find a server differently.
func TestSeenTogether(t *testing.T) {
	t.Parallel()
	k := topology.Key{Hostname: "db", Port: 3306}
	says := func(node string, s operate.Status) operate.NodeReport {
		return operate.NodeReport{Node: node, Asked: []operate.SeenAs{{Server: k, Status: s}}}
	}
	ok, ill, old := operate.StatusOK, operate.StatusCritical, operate.StatusStale
	silent := operate.NodeReport{Node: "z", Err: errors.New("timeout")}
	for name, c := range map[string]struct {
		told     []operate.NodeReport
		asked    bool
		agree    bool
		together string
		worst    string
	}{
		"all find it ill":              {[]operate.NodeReport{says("a", ill), says("b", ill), says("c", ill)}, true, true, "agree", "crit"},
		"one finds it ill":             {[]operate.NodeReport{says("a", ok), says("b", ill), says("c", ok)}, true, false, "differ: no action", "crit"},
		"two find it ill":              {[]operate.NodeReport{says("a", ok), says("b", ill), says("c", ill)}, true, false, "differ: 2 of 3 find it ill", "crit"},
		"one has not looked lately":    {[]operate.NodeReport{says("a", ok), says("b", old), says("c", ok)}, true, false, "differ: no action", "stale"},
		"nobody is asked":              {[]operate.NodeReport{says("a", ok), says("b", ill), says("c", ill)}, false, false, "differ: the leader decides", "crit"},
		"one does not know it":         {[]operate.NodeReport{says("a", ill), says("b", ""), says("c", ill)}, true, true, "agree", "crit"},
		"one is silent, the rest even": {[]operate.NodeReport{says("a", ok), says("b", ill), silent}, true, false, "differ: no action", "crit"},
	} {
		got := seenOf(k, c.told, c.asked)
		if got.Agree != c.agree || got.Together != c.together || got.Worst != c.worst || len(got.By) != len(c.told) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestDifferences: values are put together by who has them, those of one node do not count, and secrets are not shown.
func TestDifferences(t *testing.T) {
	t.Parallel()
	g := operatetest.NewGroup(operatetest.New())
	told, err := g.Engine().ConfigReports(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	told[1].Config = append([]operate.KeyValue{{Key: "RaftBind", Value: `"elsewhere"`}}, told[1].Config...)
	is := differencesOf(told)
	if len(is.Differences) != 2 || is.Sentence != "2 keys are not the same on all managers." || len(is.Uncompared) != 0 || is.Alike == 0 {
		t.Fatalf("%+v", is)
	}
	secret, poll := is.Differences[0], is.Differences[1]
	if secret.Name != "MySQLTopologyPassword" || !secret.Secret || string(secret.Values[0].Value) != "null" || len(secret.Values[0].Nodes) != 2 {
		t.Errorf("%+v", secret)
	}
	if poll.Name != "InstancePollSeconds" || string(poll.Values[1].Value) != "9" || poll.Values[1].Nodes[0] != "10.0.3.1:10008" {
		t.Errorf("%+v", poll)
	}

	told[2].Err = errors.New("timeout")
	if is := differencesOf(told); len(is.Differences) != 0 || is.Sentence != "2 managers have the same configuration." || is.Nodes[2].Error != "timeout" {
		t.Errorf("%+v", is)
	}
}
