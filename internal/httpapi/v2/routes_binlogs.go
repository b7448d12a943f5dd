package v2

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"orchestrator/internal/failover"
	"orchestrator/internal/gtid"
	"orchestrator/internal/operate"
	"orchestrator/internal/refactor"
	"orchestrator/internal/topology"
)

func binlogRoutes() []route {
	return []route{
		{method: http.MethodGet, path: "/clusters/{cluster}/binlogs", name: "getBinlogs", topic: "clusters", summary: "Which server of a cluster has which transactions, who is ahead, and who could feed whom", local: true,
			doc:    "By what is known; no server is asked. Servers are not looked at at the very same moment: while there are writes, whoever was looked at last seems to be ahead.",
			answer: Binlogs{}, handle: binlogs},
		{method: http.MethodGet, path: "/instances/{instance}/binlogs", name: "getBinlogFiles", topic: "instances", summary: "The binary logs of a server, and who may still need them",
			doc:    "The server is asked. Of many files the newest hundred are looked into.",
			answer: BinlogFiles{}, handle: binlogFiles},
		{method: http.MethodGet, path: "/instances/{instance}/pseudo-gtid", name: "getPseudoGTID", topic: "instances", summary: "The last pseudo-GTID entry that a server holds, and where",
			answer: LogPlace{}, handle: pseudoGTID},
		{method: http.MethodGet, path: "/instances/{instance}/equivalent", name: "getEquivalent", topic: "instances", summary: "The place in the binary log of another server that is the same as one in that of a server, by pseudo-GTID",
			doc:    "Both logs are read.",
			query:  []parameter{{name: "in", doc: "the other server, as host:port"}, {name: "at", doc: "the place, as file:position; the end of the log when not given"}},
			answer: LogPlace{}, handle: equivalent},
		{method: http.MethodGet, path: "/gtid-sets", name: "compareSets", topic: "instances", summary: "Compare two sets of GTIDs of MySQL, or two positions of MariaDB", local: true,
			query:  []parameter{{name: "a", doc: "the first"}, {name: "b", doc: "the second"}},
			answer: SetsCompared{}, handle: compareSets},
	}
}

// The limits of what is told of binary logs.
const (
	feedersAtMost   = 40  // servers of a cluster, above which it is not worked out who could feed whom
	stretchesAtMost = 200 // of one server in the transactions of one source; of more the newest
	logsWithin      = 20 * time.Second
)

func binlogs(q *request) (any, error) {
	c, _, err := q.cluster(q.PathValue("cluster"))
	if err != nil {
		return nil, err
	}
	h := topology.HoldingsOf(c.Members)
	b := Binlogs{Revision: revisionOf(c), Answers: answersOf(c, &h), Sources: heldSources(&h), Servers: holders(&h)}
	if len(h.Servers) <= feedersAtMost {
		b.feed(&h, failover.PolicyOf(q.api.Engine.Config()).Replication)
	}
	return b, nil
}

// answersOf says who is ahead, and what would be lost with the primary.
func answersOf(c *topology.Cluster, h *topology.Holdings) []string {
	list := []string{}
	var whole, behind, silent []string
	for n := range h.Servers {
		switch x := &h.Servers[n]; {
		case !x.Known:
			silent = append(silent, x.Server.Key.String())
		case x.Lacks.IsEmpty():
			whole = append(whole, x.Server.Key.String())
		default:
			behind = append(behind, fmt.Sprintf("%s lacks %s", x.Server.Key, transactions(x.Lacks.Count())))
		}
	}
	switch {
	case len(silent) == len(h.Servers):
		list = append(list, "No server tells its GTIDs: who is ahead is told by file and position alone.")
		return list
	case len(whole) == 0:
		list = append(list, "Nobody has everything: "+several(behind)+".")
	case len(behind) == 0:
		list = append(list, "All that tell their GTIDs have the same.")
	default:
		list = append(list, several(whole)+have(len(whole))+" everything; "+several(behind)+".")
	}
	for _, p := range c.Primaries() {
		for n := range h.Servers {
			x := &h.Servers[n]
			if x.Server != p || !x.Known || len(h.Servers)-len(silent) < 2 {
				continue
			}
			if x.Alone.IsEmpty() {
				list = append(list, fmt.Sprintf("With %s no transaction would be lost: others have executed all that it has.", p.Key))
			} else {
				list = append(list, fmt.Sprintf("With %s %s would be lost unless a replica has received them: nobody else has executed them.", p.Key, transactions(x.Alone.Count())))
			}
		}
	}
	if len(silent) > 0 {
		list = append(list, "What "+several(silent)+have(len(silent))+" is not known.")
	}
	return list
}

// several names things, of many the first.
func several(names []string) string {
	const most = 4
	if len(names) > most+1 {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	if len(names) > 1 {
		return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
	}
	return strings.Join(names, "")
}

func have(n int) string {
	if n == 1 {
		return " has"
	}
	return " have"
}

func transactions(n uint64) string {
	if n == 1 {
		return "1 transaction"
	}
	return fmt.Sprintf("%d transactions", n)
}

func heldSources(h *topology.Holdings) []HeldSource {
	names := map[string]string{}
	for n := range h.Servers {
		i := h.Servers[n].Server
		names[strings.ToLower(i.ServerUUID)] = i.Key.String()
	}
	list := []HeldSource{}
	for _, s := range h.All.Sources() {
		shown := HeldSource{Name: s.String(), Count: h.All.CountOf(s), Lanes: []HeldLane{}}
		if uuid := s.UUID(); uuid != "" {
			shown.Server = names[strings.ToLower(uuid)]
		}
		for n := range h.Servers {
			x := &h.Servers[n]
			lane := HeldLane{Server: x.Server.Key.String(), Lacks: x.Lacks.CountOf(s), Runs: mapped(x.Stretches(s), func(r topology.Stretch) HeldRun {
				return HeldRun{string(r.Kind), r.First, r.Last}
			})}
			if from := len(lane.Runs) - stretchesAtMost; from > 0 {
				lane.Runs, lane.CutOff = lane.Runs[from:], true
			}
			shown.Lanes = append(shown.Lanes, lane)
		}
		list = append(list, shown)
	}
	return list
}

func holders(h *topology.Holdings) []Holder {
	list := []Holder{}
	for n := range h.Servers {
		x := &h.Servers[n]
		i := x.Server
		list = append(list, Holder{
			Server: i.Key.String(), Known: x.Known, Lacks: x.Lacks.Count(), Alone: x.Alone.Count(), Position: position(i.SelfCoordinates), Applied: position(i.Channel.Exec),
			Executed: i.ExecutedSet, Purged: i.PurgedSet, Errant: i.ErrantSet, Missing: x.Lacks.String(),
		})
	}
	return list
}

// feed says of each server whom it could feed.
func (b *Binlogs) feed(h *topology.Holdings, rules topology.ReplicationRules) {
	for s := range h.Servers {
		to := &b.Servers[s]
		to.Feeds, to.FeedsNot = []string{}, []FeedsNot{}
		for r := range h.Servers {
			if r == s {
				continue
			}
			key := h.Servers[r].Server.Key.String()
			if no := topology.CouldFeed(&h.Servers[s], &h.Servers[r], rules); no != nil {
				to.FeedsNot = append(to.FeedsNot, FeedsNot{key, no.Reason, no.Rule})
			} else {
				to.Feeds = append(to.Feeds, key)
			}
		}
	}
}

// logs are what looks through logs; within is how long it may take.
func (q *request) logs() (operate.Logs, context.Context, context.CancelFunc, error) {
	l := q.api.Engine.Logs
	if l == nil {
		return nil, nil, nil, notAvailable.say("binary logs cannot be read in this process")
	}
	ctx, cancel := context.WithTimeout(q.Context(), logsWithin)
	return l, ctx, cancel, nil
}

func binlogFiles(q *request) (any, error) {
	i, t, err := q.instance()
	if err != nil {
		return nil, err
	}
	logs, ctx, cancel, err := q.logs()
	if err != nil {
		return nil, err
	}
	defer cancel()
	files, err := logs.BinaryLogs(ctx, i.Key)
	if err != nil {
		return nil, failed.say("%v", err)
	}
	list := BinlogFiles{Server: i.Key.String(), Files: []BinlogFile{}}
	readers := refactor.Readers(t, i)
	for n, f := range files {
		shown := BinlogFile{Name: f.Name, Size: f.Size, Encrypted: f.Encrypted, First: f.First, Read: f.Read, Current: n == len(files)-1, NeededBy: []string{}}
		for _, r := range readers {
			if shown.Current || r.MayNeedBefore(files[n+1].Name) {
				shown.NeededBy = append(shown.NeededBy, r.Server.String())
			}
		}
		list.Size += f.Size
		list.Files = append(list.Files, shown)
	}
	return list, nil
}

func pseudoGTID(q *request) (any, error) {
	i, _, err := q.instance()
	if err != nil {
		return nil, err
	}
	logs, ctx, cancel, err := q.logs()
	if err != nil {
		return nil, err
	}
	defer cancel()
	at, text, err := logs.LastPseudoGTID(ctx, i.Key, false)
	if err != nil {
		return nil, refused.say("%v", err)
	}
	return LogPlace{i.Key.String(), at.String(), text}, nil
}

func equivalent(q *request) (any, error) {
	i, t, err := q.instance()
	if err != nil {
		return nil, err
	}
	other := q.api.Engine.Server(q.Context(), t, q.text("in"))
	if other == nil {
		return nil, notFound.say("no server is known as %q", q.text("in")).because("in", "send ?in=host:port")
	}
	var at topology.Coordinates
	if text := q.text("at"); text != "" {
		if at, err = topology.ParseCoordinates(text); err != nil {
			return nil, badRequest.say("at=%q is no place in a log: %v", text, err).because("at", "send it as file:position")
		}
	}
	logs, ctx, cancel, err := q.logs()
	if err != nil {
		return nil, err
	}
	defer cancel()
	place, err := logs.CorrelateBinlog(ctx, i.Key, at, other.Key)
	if err != nil {
		return nil, refused.say("%v", err)
	}
	return LogPlace{Server: other.Key.String(), At: place.String()}, nil
}

// SetsCompared is how two sets stand to one another.
type SetsCompared struct {
	Relation string   `json:"relation" enum:"equal,subset,superset,diverged" doc:"of the first to the second"`
	Sentence string   `json:"sentence"`
	OnlyA    GTIDText `json:"only_a" doc:"of a position of MariaDB: the domains in which it is ahead"`
	OnlyB    GTIDText `json:"only_b"`
	Both     GTIDText `json:"both" doc:"of positions of MariaDB: up to where both have come"`
}

// GTIDText is a set as servers print it.
type GTIDText struct {
	Set   string `json:"set"`
	Count uint64 `json:"count" doc:"of positions of MariaDB: by how many numbers"`
}

var relationWords = map[gtid.Relation]struct{ word, sentence string }{
	gtid.Equal:    {"equal", "Both have the same."},
	gtid.Subset:   {"subset", "The second contains the first, and more."},
	gtid.Superset: {"superset", "The first contains the second, and more."},
	gtid.Diverged: {"diverged", "Neither contains the other: each has something of its own."},
}

func compareSets(q *request) (any, error) {
	one, other := q.text("a"), q.text("b")
	if gtid.LooksMariaDB(one) || gtid.LooksMariaDB(other) {
		return comparePositions(one, other)
	}
	a, err := gtid.Parse(one)
	if err != nil {
		return nil, badRequest.say("%v", err).because("a", "")
	}
	b, err := gtid.Parse(other)
	if err != nil {
		return nil, badRequest.say("%v", err).because("b", "")
	}
	text := func(s gtid.Set) GTIDText { return GTIDText{s.String(), s.Count()} }
	words := relationWords[a.Compare(b)]
	return SetsCompared{words.word, words.sentence, text(a.Subtract(b)), text(b.Subtract(a)), text(a.Intersect(b))}, nil
}

// comparePositions compares domain by domain.
func comparePositions(one, other string) (any, error) {
	a, err := gtid.ParseMariaPos(one)
	if err != nil {
		return nil, badRequest.say("%v", err).because("a", "")
	}
	b, err := gtid.ParseMariaPos(other)
	if err != nil {
		return nil, badRequest.say("%v", err).because("b", "")
	}
	ahead := func(of, over gtid.MariaPos) GTIDText {
		parts := mapped(over.Missing(of), func(g gtid.MariaGap) string { return g.Want.String() })
		return GTIDText{strings.Join(parts, ","), of.Ahead(over)}
	}
	var both []string
	for g := range a.All() {
		if h, ok := b.Domain(g.Domain); ok {
			both = append(both, slices.MinFunc([]gtid.MariaGTID{g, h}, func(x, y gtid.MariaGTID) int {
				if x.Seq < y.Seq {
					return -1
				}
				return 1
			}).String())
		}
	}
	words := relationWords[a.Compare(b)]
	return SetsCompared{words.word, words.sentence, ahead(a, b), ahead(b, a), GTIDText{Set: strings.Join(both, ",")}}, nil
}
