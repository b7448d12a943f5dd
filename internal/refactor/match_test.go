package refactor

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

func marked(i *topology.Instance) { byPosition(i); i.UsingPseudoGTID = true }

func standing(i *topology.Instance) {
	byPosition(i)
	i.Channel.IOThread, i.Channel.SQLThread = topology.ThreadStopped, topology.ThreadStopped
}

func relayAt(pos int64) func(*topology.Instance) {
	return func(i *topology.Instance) { relay(i); i.Channel.Read.LogPos = pos }
}

func TestMatching(t *testing.T) {
	known := []Equivalent{{at("s"), topology.Coordinates{LogFile: "s-bin.000001", LogPos: 7}}}
	for name, c := range map[string]struct {
		command RelocationCommand
		server  string
		below   string
		change  change
		plain   bool // no pattern tells pseudo-GTID entries
		known   []Equivalent
		want    []string // steps as "server verb source"; or
		rule    string
		says    []string
	}{
		"match":                         {command: Match, server: "a", below: "s", change: everywhere(byPosition), want: []string{"a match s"}},
		"match below the other cluster": {command: Match, server: "a", below: "other", change: everywhere(byPosition), want: []string{"a match other"}},
		"match-up":                      {command: MatchUp, server: "a", change: everywhere(byPosition), want: []string{"a match g"}},
		"rematch":                       {command: Rematch, server: "a", change: everywhere(byPosition), want: []string{"a match m"}},
		"match-replicas":                {command: MatchReplicas, server: "m", below: "s", change: everywhere(byPosition), want: []string{"a match s", "b match s", "c match s"}},
		"match-up-replicas":             {command: MatchUpReplicas, server: "m", change: everywhere(byPosition), want: []string{"a match g", "b match g", "c match g"}},
		"match-replicas to a sibling that relays": {command: MatchReplicas, server: "m", below: "a", change: but(everywhere(byPosition), "a", relay),
			want: []string{"b change-source a", "c change-source a"}},
		"regroup-replicas-pgtid":             {command: RegroupReplicasPseudo, server: "m", change: everywhere(byPosition), want: []string{"b match a", "c match a"}},
		"regroup-replicas by the way":        {command: RegroupReplicas, server: "m", change: everywhere(marked), want: []string{"b match a", "c match a"}},
		"regroup-replicas of binlog servers": {command: RegroupReplicas, server: "m", change: but(but(but(everywhere(byPosition), "a", relay), "b", relayAt(700)), "c", relay), want: []string{"a change-source b", "c change-source b"}},
		"regroup-replicas-bls":               {command: RegroupBinlogServers, server: "m", change: but(but(everywhere(byPosition), "a", relay), "b", relayAt(700)), want: []string{"a change-source b"}},
		"relocate, both marked":              {command: Relocate, server: "a", below: "s", change: everywhere(marked), want: []string{"a match s"}},
		"relocate, siblings, both marked":    {command: Relocate, server: "a", below: "b", change: everywhere(marked), want: []string{"a match b"}},
		"move-below, siblings, both marked":  {command: MoveBelow, server: "a", below: "b", change: everywhere(marked), want: []string{"b stop-replica", "a align-below b", "b start-replica"}},
		"relocate, marked, by GTID":          {command: Relocate, server: "a", below: "s", change: everywhere(func(i *topology.Instance) { i.UsingPseudoGTID = true }), want: []string{"a move s"}},
		"relocate-replicas, marked":          {command: RelocateReplicas, server: "m", below: "s", change: everywhere(marked), want: []string{"a match s", "b match s", "c match s"}},
		"take-siblings, marked":              {command: TakeSiblings, server: "a", change: everywhere(marked), want: []string{"b match a", "c match a"}},
		"move-equivalent":                    {command: MoveEquivalent, server: "a", below: "s", change: everywhere(byPosition), known: known, want: []string{"a place-at s"}},
		"relocate of one that stands":        {command: Relocate, server: "a", below: "s", change: but(everywhere(byPosition), "a", standing), known: known, want: []string{"a place-at s"}},
		"relocate of one that moves on":      {command: Relocate, server: "a", below: "s", change: everywhere(marked), known: known, want: []string{"a match s"}},

		"relocate, only one marked":      {command: Relocate, server: "a", below: "other", change: but(everywhere(byPosition), "a", marked), rule: "too-complex"},
		"relocate, marked by no pattern": {command: Relocate, server: "a", below: "other", change: everywhere(marked), plain: true, rule: "too-complex"},
		"no pattern":                     {command: Match, server: "a", below: "s", change: everywhere(byPosition), plain: true, rule: "no-pseudo-gtid", says: []string{"PseudoGTIDPattern"}},
		"by GTID":                        {command: Match, server: "a", below: "s", rule: "uses-gtid", says: []string{"move-gtid"}},
		"below itself":                   {command: Match, server: "a", below: "a", change: everywhere(byPosition), rule: "same-server"},
		"below its replica":              {command: Match, server: "a", below: "d", change: everywhere(byPosition), rule: "loop"},
		"below a binlog server":          {command: Match, server: "a", below: "b", change: but(everywhere(byPosition), "b", relay), rule: "binlog-server"},
		"below one under maintenance": {command: Match, server: "a", below: "s", change: but(everywhere(byPosition), "s", func(i *topology.Instance) {
			i.Maintenance = &topology.Maintenance{Owner: "dba", Reason: "new disks"}
		}), rule: "maintenance", says: []string{"dba", "new disks"}},
		"nowhere":                       {command: Match, server: "a", change: everywhere(byPosition), rule: "no-destination"},
		"up from the top":               {command: MatchUp, server: "m", change: everywhere(byPosition), rule: "top"},
		"no place is known":             {command: MoveEquivalent, server: "a", below: "s", change: everywhere(byPosition), rule: "no-equivalent", says: []string{"m-bin.000003:500", "s:3306"}},
		"a place is known, by GTID":     {command: MoveEquivalent, server: "a", below: "s", known: known, rule: "uses-gtid"},
		"no binlog server":              {command: RegroupBinlogServers, server: "m", rule: "no-candidate"},
		"no binlog server that answers": {command: RegroupBinlogServers, server: "m", change: change{"a": func(i *topology.Instance) { relay(i); lost(i) }}, rule: "no-candidate", says: []string{"of 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			q := Relocation{Command: c.command, Server: at(c.server), Below: at(c.below), Markers: Markers{InUse: !c.plain}, Equivalents: c.known}
			p, refusal := PlanRelocation(tree(c.change), q, policy())
			if c.rule != "" {
				if refusal == nil || refusal.Rule != c.rule {
					t.Fatalf("refusal %v, want the rule %s\n%s", refusal, c.rule, &p)
				}
				for _, text := range c.says {
					if !strings.Contains(refusal.Error(), text) {
						t.Errorf("%q is not in: %s", text, refusal)
					}
				}
				return
			}
			if refusal != nil {
				t.Fatal(refusal)
			}
			var got []string
			for _, s := range p.Steps {
				got = append(got, strings.TrimSpace(s.Server.Hostname+" "+string(s.Action.Verb)+" "+s.Action.Source.Hostname))
			}
			if !slices.Equal(got, c.want) || len(p.Lost) > 0 {
				t.Errorf("planned %q, want %q\n%s", got, c.want, &p)
			}
		})
	}
}

func TestWhereTheLastEntryIsSought(t *testing.T) {
	for name, c := range map[string]struct {
		change change
		relay  bool
		want   bool
	}{
		"its own log":        {everywhere(byPosition), false, true},
		"not wanted":         {everywhere(byPosition), true, false},
		"it logs no updates": {but(everywhere(byPosition), "d", func(i *topology.Instance) { i.LogReplicaUpdates = false }), false, false},
		"another format":     {but(everywhere(byPosition), "g", func(i *topology.Instance) { i.BinlogFormat = "MIXED" }), false, false},
	} {
		t.Run(name, func(t *testing.T) {
			q := Relocation{Command: Match, Server: at("d"), Below: at("g"), Markers: Markers{InUse: true, RelayOnly: c.relay}}
			p, refusal := PlanRelocation(tree(c.change), q, policy())
			if refusal != nil || !reflect.DeepEqual(p.Steps[0].Action, plan.Action{Verb: plan.Match, Source: at("g"), On: c.want}) {
				t.Errorf("%v\n%s", refusal, &p)
			}
		})
	}
}
