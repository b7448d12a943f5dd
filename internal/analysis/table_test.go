package analysis

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/topology"

	"pgregory.net/rapid"
)

// published is the decision table in its published notation. The program states the same rules in another shape; a
// random fleet must get the same code from both.
const published = `
MST ¬V N=0                           DeadMasterWithoutReplicas
MST ¬V NV=N NR=0                     DeadMaster
MST ¬V N>0 NV=0 NR=0                 DeadMasterAndReplicas
MST ¬V NV>0 NV<N NR=0                DeadMasterAndSomeReplicas
MST ¬V NL=N ND<N NR>0                UnreachableMasterWithLaggingReplicas
MST ¬V ¬PS NV>0 NR>0                 UnreachableMaster
MST ¬V PS NF>0 NV>0 NR>0             UnreachableMaster
MST SE SS SW>0 SC<SW FRESH STALE     LockedSemiSyncMaster
MST SE SS SW>0 SC<SW FRESH ¬STALE    LockedSemiSyncMasterHypothesis
EXACT MST SE SS SW>0 SC>SW           MasterWithTooManySemiSyncReplicas
NONWR MST V RO NR>0                  NoWriteableMasterStructureWarning
MST V N=1 NV=1 NR=0                  MasterSingleReplicaNotReplicating
MST V N=1 NV=0                       MasterSingleReplicaDead
MST V N>1 NV=N NR=0                  AllMasterReplicasNotReplicating
MST V N>1 NV>0 NV<N NR=0             AllMasterReplicasNotReplicatingOrDead
COM ¬V N>0 NV=N NR=0                 DeadCoMaster
COM ¬V N>0 NV>0 NV<N NR=0            DeadCoMasterAndSomeReplicas
COM ¬V ¬PS NV>0 NR>0                 UnreachableCoMaster
COM V N>0 NR=0                       AllCoMasterReplicasNotReplicating
¬MST ¬V N=1 NV=1 NF=1 NR=0           DeadIntermediateMasterWithSingleReplicaFailingToConnect
¬MST ¬V N=1 NV=1 NR=0                DeadIntermediateMasterWithSingleReplica
¬MST ¬V N>1 NV=N NR=0                DeadIntermediateMaster
¬MST ¬V NV>0 NV<N NR=0               DeadIntermediateMasterAndSomeReplicas
¬MST ¬V N>0 NV=0                     DeadIntermediateMasterAndReplicas
¬MST ¬V NL=N ND<N NR>0               UnreachableIntermediateMasterWithLaggingReplicas
¬MST ¬V ¬PS NV>0 NR>0                UnreachableIntermediateMaster
¬MST V N>1 NR=0 NF>0 NF=NV           AllIntermediateMasterReplicasFailingToConnectOrDead
¬MST V N>0 NR=0 NV>0                 AllIntermediateMasterReplicasNotReplicating
BLS FC                               BinlogServerFailingToConnectToMaster
DEP=1 FC                             FirstTierReplicaFailingToConnectToMaster
`

const publishedForGroups = `
¬V N>0 NR=0                          DeadReplicationGroupMemberWithReplicas
`

// lookUp finds the first line of a table whose terms all hold.
func lookUp(table string, facts map[string]int) (Code, error) {
	for line := range strings.Lines(strings.TrimSpace(table)) {
		terms := strings.Fields(line)
		code := terms[len(terms)-1]
		holds := true
		for _, term := range terms[:len(terms)-1] {
			ok, err := termHolds(term, facts)
			if err != nil {
				return "", err
			}
			holds = holds && ok
		}
		if holds {
			return Code(code), nil
		}
	}
	return NoProblem, nil
}

func termHolds(term string, facts map[string]int) (bool, error) {
	value := func(text string) (int, error) {
		if text == "0" || text == "1" {
			return int(text[0] - '0'), nil
		}
		n, ok := facts[text]
		if !ok {
			return 0, fmt.Errorf("term %q: no fact %q", term, text)
		}
		return n, nil
	}
	at := strings.IndexAny(term, "<=>")
	if at < 0 {
		n, err := value(strings.TrimPrefix(term, "¬"))
		return (n != 0) != strings.HasPrefix(term, "¬"), err
	}
	left, err := value(term[:at])
	if err != nil {
		return false, err
	}
	right, err := value(term[at+1:])
	switch term[at] {
	case '<':
		return left < right, err
	case '>':
		return left > right, err
	}
	return left == right, err
}

func truth(is bool) int {
	if is {
		return 1
	}
	return 0
}

// factsOf counts what the table speaks of, straight from the servers.
func factsOf(m *topology.Instance, replicas []*topology.Instance, p Policy) map[string]int {
	window := p.InstancePoll + p.ReasonableCheck
	weak := func(i *topology.Instance) bool { return !i.Check.Seen.IsZero() && !i.Check.Checked.After(i.Check.Seen) }
	broken := func(i *topology.Instance) bool {
		return i.Channel.SQLThread == topology.ThreadRunning && i.Channel.IOThread != topology.ThreadRunning &&
			i.Channel.LastIOErrno == 2003
	}
	valid := weak(m) && !m.Check.Attempted.After(m.Check.Seen.Add(window))
	host := m.Channel.Source.Hostname
	noSource := host == "" || host == "_" || strings.HasPrefix(host, "//") || m.Channel.Source.Port == 0
	facts := map[string]int{
		"MST":   truth(noSource && (m.Group.Name == "" || m.Group.MemberRole == "PRIMARY")),
		"V":     truth(valid),
		"FRESH": truth(valid || m.Check.Checked.Sub(m.Check.Seen) <= window && m.Check.Attempted.Sub(m.Check.Seen) <= window),
		"PS":    truth(m.Check.PartialSuccess),
		"DEP":   m.Depth, "FC": truth(broken(m)), "BLS": truth(m.Flavor == topology.FlavorMaxScale),
		"RO": truth(m.ReadOnly), "COM": truth(m.IsCoPrimary), "N": len(replicas),
		"SE": truth(m.SemiSync.SourceEnabled), "SS": truth(m.SemiSync.SourceStatus),
		"SW": int(m.SemiSync.SourceWaitCount), "SC": int(m.SemiSync.SourceClients),
		"STALE": truth(!m.StaleSince.IsZero() && now.Sub(m.StaleSince) > p.ReasonableLockedSemiSync),
		"EXACT": truth(p.EnforceExactSemiSync), "NONWR": truth(p.RecoverNonWriteable),
		"NV": 0, "NR": 0, "NF": 0, "NL": 0, "ND": 0,
	}
	for _, r := range replicas {
		facts["COM"] |= truth(r.IsCoPrimary)
		facts["NL"] += truth(r.Lag.Known && r.Lag.N > 10)
		facts["ND"] += truth(r.Channel.SQLDelay > 0)
		if weak(r) {
			both := r.Channel.IOThread == topology.ThreadRunning && r.Channel.SQLThread == topology.ThreadRunning
			facts["NV"]++
			facts["NR"] += truth(both)
			facts["NF"] += truth(broken(r))
		}
	}
	return facts
}

// anyOf draws one of several changes, or none.
func anyOf(t *rapid.T, label string, options ...option) option {
	n := rapid.IntRange(0, len(options)).Draw(t, label)
	if n == len(options) {
		return func(*topology.Instance) {}
	}
	return options[n]
}

func TestCodesFollowThePublishedTable(t *testing.T) {
	oneFailure := func(i *topology.Instance) { i.Check.Seen = i.Check.Checked.Add(-3 * time.Second) }
	seen := make(map[Code]int)
	rapid.Check(t, func(t *rapid.T) {
		p := usual()
		p.EnforceExactSemiSync = rapid.Bool().Draw(t, "exact semi-sync")
		p.RecoverNonWriteable = rapid.Bool().Draw(t, "recover non-writeable")
		standing := time.Duration(rapid.IntRange(8, 13).Draw(t, "standing still")) * time.Second
		m := server("db1",
			anyOf(t, "place", below("db0"), below("//db0"), below("_"), ring0),
			anyOf(t, "own threads", failing, stopped),
			depth(rapid.IntRange(0, 2).Draw(t, "depth")),
			anyOf(t, "check", unseen, half, hanging, oneFailure),
			anyOf(t, "kind", binlogServer, readOnly),
			anyOf(t, "group", member("PRIMARY", "ONLINE"), member("SECONDARY", "ERROR"), member("SECONDARY", "OFFLINE"),
				nothing, nothing, nothing),
			anyOf(t, "stale", staleFor(standing)),
			anyOf(t, "semi-sync", semiSync(rapid.Bool().Draw(t, "status"), uint(rapid.IntRange(0, 2).Draw(t, "wanted")),
				uint(rapid.IntRange(0, 2).Draw(t, "clients")))),
		)
		servers := []*topology.Instance{m}
		for n := range rapid.IntRange(0, 3).Draw(t, "replicas") {
			name := fmt.Sprintf("r%d", n)
			servers = append(servers, replica(name,
				anyOf(t, name+" threads", stopped, failing, applierStopped, ioErrno(1236)),
				anyOf(t, name+" lag", lag(10), lag(11), unknownLag),
				anyOf(t, name+" delay", delay(60)),
				anyOf(t, name+" check", unseen, half, hanging),
				anyOf(t, name+" ring", coPrimary, nothing, nothing),
			))
		}
		table := published
		if m.Group.IsMember() {
			table = publishedForGroups
		}
		facts := factsOf(m, servers[1:], p)
		want, err := lookUp(table, facts)
		if err != nil {
			t.Fatal(err)
		}
		p.IncludeNoProblem, p.ReduceAnalysisCount = true, false
		for _, f := range analyzed(p, servers...) {
			if f.Key == m.Key {
				seen[f.Code]++
				if f.Code != want {
					t.Fatalf("code %s, the table says %s; facts %v", f.Code, want, facts)
				}
				return
			}
		}
		t.Fatal("no finding for db1")
	})
	if !testing.Short() && len(seen) < 10 { // in short mode there are too few fleets for that
		t.Errorf("the random fleets show only %d codes: %v", len(seen), seen)
	}
}

func ring0(i *topology.Instance) { below("r0")(i); i.IsCoPrimary = true }

func nothing(*topology.Instance) {}
