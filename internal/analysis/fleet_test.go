package analysis

import (
	"testing"
	"time"

	"orchestrator/internal/topology"
)

// now is the moment at which all tests look.
var now = time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)

// usual is the policy of the default configuration, with everything shown.
func usual() Policy {
	return Policy{
		InstancePoll:             5 * time.Second,
		ReasonableCheck:          time.Second,
		ReasonableLag:            10 * time.Second,
		ReasonableLockedSemiSync: 10 * time.Second,
		ReduceAnalysisCount:      true,
		IncludeDowntimed:         true,
	}
}

type option func(*topology.Instance)

func key(name string) topology.Key { return topology.Key{Hostname: name, Port: 3306} }

// server is a healthy server of cluster db1, without a source, changed by the options.
func server(name string, options ...option) *topology.Instance {
	i := &topology.Instance{
		Key: key(name), ServerUUID: "uuid-" + name, ClusterName: "db1:3306",
		Version: "8.0.36", Flavor: topology.FlavorMySQL, GTIDMode: "ON",
		LogBin: true, LogReplicaUpdates: true, BinlogFormat: "ROW",
		SelfCoordinates: topology.Coordinates{LogFile: "binlog.000007", LogPos: 1234},
		Check: topology.Check{
			Attempted: now.Add(-time.Second), Checked: now.Add(-time.Second), Seen: now.Add(-time.Second),
			PartialSuccess: true,
		},
		Channel: topology.Channel{IOThread: topology.NoThread, SQLThread: topology.NoThread},
	}
	for _, o := range options {
		o(i)
	}
	return i
}

// below makes the server a replicating replica of another.
func below(source string) option {
	return func(i *topology.Instance) {
		i.Depth = 1
		i.Channel = topology.Channel{
			Source: key(source), IOThread: topology.ThreadRunning, SQLThread: topology.ThreadRunning,
			GTID: topology.OracleGTID, SecondsBehind: topology.KnownSeconds(0),
		}
		i.Lag = topology.KnownSeconds(0)
	}
}

func replica(name string, options ...option) *topology.Instance {
	return server(name, append([]option{below("db1")}, options...)...)
}

// unseen servers failed the last probe, and the ones before it, at the first step.
func unseen(i *topology.Instance) {
	i.Check.Seen = now.Add(-time.Minute)
	i.Check.PartialSuccess = false
	i.Check.Err = "dial tcp: connection refused"
}

// half servers answered only the first query of the last probe.
func half(i *topology.Instance) { unseen(i); i.Check.PartialSuccess = true }

// hanging servers answered the last probe that ended, but a newer one does not end.
func hanging(i *topology.Instance) {
	i.Check.Seen = now.Add(-8 * time.Second)
	i.Check.Checked = i.Check.Seen
	i.Check.Attempted = now.Add(-time.Second)
}

func threadsOf(io, sql topology.ThreadState) option {
	return func(i *topology.Instance) {
		i.Channel.IOThread, i.Channel.SQLThread = io, sql
		i.Lag, i.Channel.SecondsBehind = topology.Seconds{}, topology.Seconds{}
	}
}

func stopped(i *topology.Instance) { threadsOf(topology.ThreadStopped, topology.ThreadStopped)(i) }

func applierStopped(i *topology.Instance) {
	threadsOf(topology.ThreadRunning, topology.ThreadStopped)(i)
}

// failing replicas apply but cannot connect.
func failing(i *topology.Instance) { ioErrno(2003)(i) }

func ioErrno(errno int) option {
	return func(i *topology.Instance) {
		threadsOf(topology.ThreadOther, topology.ThreadRunning)(i)
		i.Channel.LastIOErrno = errno
	}
}

func ioText(text string) option {
	return func(i *topology.Instance) {
		threadsOf(topology.ThreadStopped, topology.ThreadRunning)(i)
		i.Channel.LastIOError = text
	}
}

func lag(seconds int64) option {
	return func(i *topology.Instance) { i.Lag = topology.KnownSeconds(seconds) }
}

func unknownLag(i *topology.Instance) { i.Lag = topology.Seconds{} }

func delay(seconds int64) option {
	return func(i *topology.Instance) { i.Channel.SQLDelay = seconds }
}

func depth(n int) option { return func(i *topology.Instance) { i.Depth = n } }

func coPrimary(i *topology.Instance) { i.IsCoPrimary = true }

func binlogServer(i *topology.Instance) { i.Flavor = topology.FlavorMaxScale }

func readOnly(i *topology.Instance) { i.ReadOnly = true }

func downtimed(i *topology.Instance) {
	i.Downtime = &topology.Downtime{Owner: "ann", Reason: "upgrade", Begin: now.Add(-time.Hour), End: now.Add(time.Hour)}
}

func downtimeOver(i *topology.Instance) {
	downtimed(i)
	i.Downtime.End = now.Add(-time.Second)
}

func maintained(i *topology.Instance) {
	i.Maintenance = &topology.Maintenance{Key: i.Key, Owner: "ann", Begin: now.Add(-time.Hour)}
}

func format(f string) option { return func(i *topology.Instance) { i.BinlogFormat = f } }

func version(v string) option { return func(i *topology.Instance) { i.Version = v } }

func noLogging(i *topology.Instance) { i.LogReplicaUpdates = false }

func gtidUse(u topology.GTIDUse) option { return func(i *topology.Instance) { i.Channel.GTID = u } }

func gtidMode(m string) option { return func(i *topology.Instance) { i.GTIDMode = m } }

func pseudoGTID(i *topology.Instance) { i.UsingPseudoGTID = true }

func errant(set string) option { return func(i *topology.Instance) { i.ErrantSet = set } }

// semiSync gives the source side its status, how many acknowledgements it wants, and how many clients it has.
func semiSync(status bool, wanted, clients uint) option {
	return func(i *topology.Instance) {
		i.SemiSync = topology.SemiSync{
			SourceEnabled: true, SourceStatus: status, SourceWaitCount: wanted, SourceClients: clients,
		}
	}
}

func staleFor(d time.Duration) option {
	return func(i *topology.Instance) { i.StaleSince = now.Add(-d) }
}

func member(role, state string, members ...string) option {
	return func(i *topology.Instance) {
		i.Group = topology.Group{Name: "group-1", SinglePrimary: true, MemberRole: role, MemberState: state}
		for _, m := range members {
			i.Group.Members = append(i.Group.Members, key(m))
		}
	}
}

func names() topology.Names { return topology.Names{} }

// analyzed runs the analysis over the servers.
func analyzed(p Policy, servers ...*topology.Instance) []Finding {
	return Analyze(topology.New(servers, names()), p, now)
}

// findingOf runs the analysis with everything included and returns what it says of one server.
func findingOf(t *testing.T, p Policy, name string, servers ...*topology.Instance) Finding {
	t.Helper()
	p.IncludeNoProblem, p.IncludeAdditional, p.ReduceAnalysisCount = true, true, false
	for _, f := range analyzed(p, servers...) {
		if f.Key == key(name) {
			return f
		}
	}
	t.Fatalf("no finding for %s", name)
	return Finding{}
}

func fleet(servers ...*topology.Instance) []*topology.Instance { return servers }
