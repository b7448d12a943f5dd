package failover

import (
	"slices"
	"strings"
	"testing"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

func TestFollow(t *testing.T) {
	opened := func(i *topology.Instance) { i.ReadOnly = false }
	free := func(i *topology.Instance) {
		i.Channel = topology.Channel{IOThread: topology.NoThread, SQLThread: topology.NoThread}
		i.ClusterName, i.Depth = i.Key.String(), 0
	}
	wrote := func(i *topology.Instance) { i.ExecutedSet = primaryUUID + ":1-100," + i.ServerUUID + ":1-9" }
	follows := func(source string, io topology.ThreadState) func(*topology.Instance) {
		return func(i *topology.Instance) {
			i.Channel.Source, i.Channel.IOThread, i.Channel.SQLThread = topology.Key{Hostname: source, Port: 3306}, io, io
			i.ClusterName = source + ":3306"
		}
	}
	at := topology.Coordinates{LogFile: "own.000003", LogPos: 77}
	b := topology.Key{Hostname: "b", Port: 3306}
	for name, c := range map[string]struct {
		policy   Policy
		opened   Opened
		replicas []*topology.Instance
		want     []string // steps as "server: action"
		lost     map[string]string
	}{
		"a sibling that still names the lost primary": {
			replicas: []*topology.Instance{replica("a", opened, free, wrote), replica("b")},
			want:     []string{"b: replicate from a:3306"}},
		"the successor still has its source": {
			replicas: []*topology.Instance{replica("a", opened), replica("b")},
			want:     []string{"a: forget the source (no longer a replica)", "b: replicate from a:3306"}},
		"who follows already is left alone": {
			replicas: []*topology.Instance{replica("a", opened, free, wrote), replica("b", follows("a", topology.ThreadRunning))}},
		"who was pointed and not started is started": {
			replicas: []*topology.Instance{replica("a", opened, free), replica("b", follows("a", topology.ThreadStopped))},
			want:     []string{"b: start replication"}},
		"who was pointed and shows its lost connection to the old primary": {
			opened: Opened{Followers: []topology.Key{b}},
			replicas: []*topology.Instance{replica("a", opened, free), replica("b", follows("a", topology.ThreadStopped),
				func(i *topology.Instance) { i.Channel.LastIOErrno = 2003 })},
			want: []string{"b: start replication"}},
		"who was pointed with the receiver alone": {
			opened: Opened{Followers: []topology.Key{b}},
			replicas: []*topology.Instance{replica("a", opened, free), replica("b", follows("a", topology.ThreadRunning),
				func(i *topology.Instance) { i.Channel.IOThread = topology.ThreadStopped })},
			want: []string{"b: start replication"}},
		"who was pointed with the receiver alone, before that was written down": {
			opened: Opened{Former: []topology.Key{b}},
			replicas: []*topology.Instance{replica("a", opened, free), replica("b", follows("a", topology.ThreadRunning),
				func(i *topology.Instance) { i.Channel.IOThread = topology.ThreadStopped })},
			want: []string{"b: start replication"}},
		"who was stopped by somebody, with an error": {
			replicas: []*topology.Instance{replica("a", opened, free), replica("b", follows("a", topology.ThreadStopped),
				func(i *topology.Instance) { i.Channel.LastIOErrno = 1236 })}},
		"who stopped with an error is left to people": {
			replicas: []*topology.Instance{replica("a", opened, free), replica("b", follows("a", topology.ThreadStopped), func(i *topology.Instance) { i.Channel.LastSQLErrno = 1062 })}},
		"who was pointed and shows an error of the lost primary is started": {
			replicas: []*topology.Instance{replica("a", opened, free), replica("b", follows("a", topology.ThreadStopped), func(i *topology.Instance) {
				i.Channel.LastIOErrno, i.Channel.LastIOError = 2013, "error reconnecting to master 'repl@"+primaryKey.String()+"' - retry-time: 1"
			})},
			want: []string{"b: start replication"}},
		"whose receiver stopped with an error of its own is left to people": {
			replicas: []*topology.Instance{replica("a", opened, free), replica("b", follows("a", topology.ThreadStopped), func(i *topology.Instance) {
				i.Channel.LastIOErrno, i.Channel.LastIOError = 1236, "Got fatal error 1236 from master when reading data from binary log"
			})}},
		"who follows somebody else is left alone": {
			replicas: []*topology.Instance{replica("a", opened, free), replica("b", follows("c", topology.ThreadRunning)), replica("c", free)}},
		"the successor was closed again": {
			replicas: []*topology.Instance{replica("a", free)},
			want:     []string{"a: open for writing (read_only=0)"}},
		"one that is ahead is lost and detached": {
			policy:   Policy{DetachLost: true},
			replicas: []*topology.Instance{replica("a", opened, free, wrote), replica("b", has(120, 120))},
			want:     []string{"b: detach from the source"}, lost: map[string]string{"b": "ahead"}},
		"one that does not answer is lost": {
			replicas: []*topology.Instance{replica("a", opened, free), replica("b", down)}, lost: map[string]string{"b": "unreachable"}},
		"the successor does not answer": {
			replicas: []*topology.Instance{replica("a", opened, free, down), replica("b")}},
		"MariaDB": {
			replicas: []*topology.Instance{
				replica("a", mariadb("", ""), opened, free, func(i *topology.Instance) { i.ExecutedSet = "0-2-120" }),
				replica("b", mariadb("0-1-100", "0-1-100"))},
			want: []string{"b: replicate from a:3306"}},
		"by position, to where the successor was opened": {
			opened:   Opened{At: at, Followers: []topology.Key{b}},
			replicas: []*topology.Instance{replica("a", opened, free, filePosition), replica("b", filePosition)},
			want:     []string{"b: replicate from a:3306 at own.000003:77"}},
		"by position, where that is not known": {
			opened:   Opened{Followers: []topology.Key{b}},
			replicas: []*topology.Instance{replica("a", opened, free, filePosition), replica("b", filePosition)},
			lost:     map[string]string{"b": "unknown-history"}},
		"by position, who was not meant to follow": {
			opened:   Opened{At: at},
			replicas: []*topology.Instance{replica("a", opened, free, filePosition), replica("b", filePosition)},
			lost:     map[string]string{"b": "unknown-history"}},
		"by position, who had received less, while the successor still knows its source": {
			opened:   Opened{At: at, Behind: []topology.Key{b}},
			replicas: []*topology.Instance{replica("a", opened, filePosition), replica("b", filePosition, has(80, 80))},
			want: []string{"a: read what it has received after binlog.000007:80", "a: forget the source (no longer a replica)",
				"b: replicate from a:3306, from where its log goes on with what is lacking here"}},
		"by position, who had received less than a successor that has forgotten its source": {
			opened:   Opened{At: at, Behind: []topology.Key{b}},
			replicas: []*topology.Instance{replica("a", opened, free, filePosition), replica("b", filePosition, has(80, 80))},
			lost:     map[string]string{"b": "behind"}},
		"by position, who had received less than a successor that has forgotten its source, by pseudo-GTID": {
			opened: Opened{At: at, Behind: []topology.Key{b}},
			replicas: []*topology.Instance{
				replica("a", opened, free, filePosition, func(i *topology.Instance) { i.UsingPseudoGTID = true }),
				replica("b", filePosition, has(80, 80), func(i *topology.Instance) { i.UsingPseudoGTID = true })},
			want: []string{"b: replicate from a:3306, from where its log goes on with what is lacking here"}},
		"by position, who receives again": {
			opened: Opened{At: at, Followers: []topology.Key{b}},
			replicas: []*topology.Instance{replica("a", opened, free, filePosition),
				replica("b", filePosition, func(i *topology.Instance) { i.Channel.IOThread = topology.ThreadRunning })},
			lost: map[string]string{"b": "unknown-history"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.policy.ApplyPromotion = true
			c.opened.Successor = topology.Key{Hostname: "a", Port: 3306}
			p := Follow(topology.New(append(c.replicas, lostPrimary()), topology.Names{}), Request{Failed: primaryKey, Operation: "DeadMaster"}, c.opened, c.policy)
			var got []string
			for _, s := range p.Steps {
				got = append(got, s.Server.Hostname+": "+s.Action.String())
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("steps %q, want %q", got, c.want)
			}
			lost := map[string]string{}
			for _, v := range p.Lost {
				lost[v.Server.Hostname] = v.Rule
			}
			for n, rule := range c.lost {
				if lost[n] != rule {
					t.Errorf("%s: %q, want lost by %q", n, lost[n], rule)
				}
			}
			if len(lost) != len(c.lost) || p.Successor != c.opened.Successor || p.Failed != primaryKey {
				t.Errorf("plan %s", p.String())
			}
		})
	}
}

func TestFollowNeedsNoKnowledgeOfTheLostPrimary(t *testing.T) {
	a := replica("a", func(i *topology.Instance) { i.ReadOnly = false })
	p := Follow(topology.New([]*topology.Instance{a, replica("b")}, topology.Names{}), Request{Failed: primaryKey}, Opened{Successor: a.Key}, Policy{ApplyPromotion: true})
	if !strings.Contains(p.String(), "b:3306") || len(p.Lost) > 0 {
		t.Errorf("plan %s", p.String())
	}
}

func TestPlanRemembersWhetherTheSuccessorWasOpen(t *testing.T) {
	for _, open := range []bool{true, false} {
		p := decide(Policy{}, Request{}, replica("a", func(i *topology.Instance) { i.ReadOnly = !open }))
		if p.SuccessorWasOpen != open {
			t.Errorf("open %t, remembered %t", open, p.SuccessorWasOpen)
		}
		if s := p.NoReturn(); s == nil || s.Action.Verb != plan.SetWritable {
			t.Errorf("point of no return %+v", s)
		}
	}
}

func TestRelayLogThatCannotBeAppliedDoesNotCount(t *testing.T) {
	both := func(i *topology.Instance) {
		i.Channel.IOThread, i.Channel.SQLThread = topology.ThreadStopped, topology.ThreadStopped
	}
	p := decide(Policy{}, Request{}, replica("a", mariadb("0-1-120", "0-1-90"), both), replica("b", mariadb("0-1-110", "0-1-110")))
	if p.Successor.Hostname != "b" {
		t.Errorf("%s was chosen for what it received and will drop", p.Successor)
	}
}
