package cli_test

import (
	"strings"
	"testing"

	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/topology"
)

func TestRelocationsOnTheCommandLine(t *testing.T) {
	for name, c := range map[string]struct {
		args  string
		fails topology.Key
		want  string // standard output
		says  string // standard error, when it fails
		calls string
	}{
		"relocate":                  {args: "-c relocate -i db-b1 -d db-a1", want: "db-b1:3306<db-a1:3306\n", calls: "relocate db-b1:3306 below=db-a1"},
		"relocate-below":            {args: "-c relocate-below -i db-b1 -d db-a1", want: "db-b1:3306<db-a1:3306\n", calls: "relocate db-b1:3306 below=db-a1"},
		"dry run":                   {args: "-c relocate -i db-b1 -d db-a1 --dry-run", want: "db-b1:3306 goes below db-a1:3306\n  1   repoint   db-b1:3306  replicate from db-a1:3306 — it was asked for\n"},
		"relocate-replicas":         {args: "-c relocate-slaves -i db-a1 -d db-a2", want: "db-a3:3306\n", calls: "relocate-replicas db-a1:3306 below=db-a2"},
		"a pattern":                 {args: "-c relocate-replicas -i db-a1 -d db-a2 -pattern nothing", calls: "relocate-replicas db-a1:3306 below=db-a2"},
		"one is not moved":          {args: "-c relocate-replicas -i db-a1 -d db-a2", fails: operatetest.Key("db-a3"), says: "not moved: db-a3:3306: it would not", calls: "relocate-replicas db-a1:3306 below=db-a2"},
		"take-siblings":             {args: "-c enslave-siblings -i db-a2", want: "db-a2:3306\n", calls: "take-siblings db-a2:3306 below=-"},
		"regroup-replicas":          {args: "-c regroup-replicas -i db-a1", want: "db-a2:3306\npromoted lost: 0, trivial: 1, pseudo-gtid: 0\n", calls: "regroup-replicas db-a1:3306 below=-"},
		"regroup loses one":         {args: "-c regroup-replicas -i db-a1", fails: operatetest.Key("db-a3"), want: "db-a2:3306\npromoted lost: 1, trivial: 0, pseudo-gtid: 0\n", calls: "regroup-replicas db-a1:3306 below=-"},
		"regroup-replicas-gtid":     {args: "-c regroup-slaves-gtid -i db-a1", want: "db-a2:3306\npromoted lost: 0, moved: 1\n", calls: "regroup-replicas-gtid db-a1:3306 below=-"},
		"nothing to regroup":        {args: "-c regroup-replicas -i solo", calls: "regroup-replicas solo:3306 below=-"},
		"move-up":                   {args: "-c move-up -i db-b1", want: "db-b1:3306<db-a1:3306\n", calls: "move-up db-b1:3306 below=-"},
		"move-up-replicas":          {args: "-c move-up-replicas -i db-a2", want: "db-b1:3306\n", calls: "move-up-replicas db-a2:3306 below=-"},
		"move-below":                {args: "-c move-below -i db-a3 -d db-a2", want: "db-a3:3306<db-a2:3306\n", calls: "move-below db-a3:3306 below=db-a2"},
		"repoint":                   {args: "-c repoint -i db-b1", want: "db-b1:3306<db-a2:3306\n", calls: "repoint db-b1:3306 below=-"},
		"repoint-replicas":          {args: "-c repoint-replicas -i db-a1", want: "db-a2:3306<db-a1:3306\ndb-a3:3306<db-a1:3306\n", calls: "repoint-replicas db-a1:3306 below=-"},
		"take-master":               {args: "-c take-master -i db-b1", want: "db-b1:3306\n", calls: "take-master db-b1:3306 below=-"},
		"make-co-master":            {args: "-c make-co-master -i db-a2", want: "db-a2:3306\n", calls: "make-co-master db-a2:3306 below=-"},
		"move-gtid":                 {args: "-c move-gtid -i db-b1 -d db-a1", want: "db-b1:3306<db-a1:3306\n", calls: "move-gtid db-b1:3306 below=db-a1"},
		"move-replicas-gtid":        {args: "-c move-replicas-gtid -i db-a1 -d db-a2", want: "db-a3:3306\n", calls: "move-replicas-gtid db-a1:3306 below=db-a2"},
		"get-candidate-replica":     {args: "-c get-candidate-slave -i db-a1", want: "db-a2:3306\n"},
		"match":                     {args: "-c match -i db-a3 -d db-a2", want: "db-a3:3306<db-a2:3306\n", calls: "match db-a3:3306 below=db-a2"},
		"match, dry run":            {args: "-c match -i db-a3 -d db-a2 --dry-run --skip-binlog-search", want: "db-a3:3306 goes below db-a2:3306\n  1   repoint   db-a3:3306  replicate from db-a2:3306, from where its log goes on after what is held here (pseudo-GTID) — it was asked for\n"},
		"match-up":                  {args: "-c match-up -i db-b1", want: "db-b1:3306<db-a1:3306\n", calls: "match-up db-b1:3306 below=-"},
		"rematch":                   {args: "-c rematch -i db-b1", want: "db-b1:3306<db-a2:3306\n", calls: "rematch db-b1:3306 below=-"},
		"match-replicas":            {args: "-c match-slaves -i db-a1 -d db-a2", want: "db-a3:3306\n", calls: "match-replicas db-a1:3306 below=db-a2"},
		"match-up-replicas":         {args: "-c match-up-slaves -i db-a2", want: "db-b1:3306\n", calls: "match-up-replicas db-a2:3306 below=-"},
		"regroup by pseudo":         {args: "-c regroup-slaves-pgtid -i db-a1", want: "db-a2:3306\npromoted lost: 0, trivial: 0, pseudo-gtid: 1\n", calls: "regroup-replicas-pgtid db-a1:3306 below=-"},
		"no binlog servers":         {args: "-c regroup-replicas-bls -i db-a1", says: "no binlog server"},
		"no equivalent":             {args: "-c move-equivalent -i db-a3 -d db-a2", says: "is known to be the same"},
		"last-pseudo-gtid, strict":  {args: "-c last-pseudo-gtid -i db-a1 -strict", want: "binlog.000001:4:drop view if exists `_pseudo_gtid_`.`_asc:0`\n"},
		"last-pseudo-gtid":          {args: "-c last-pseudo-gtid -i db-a1", want: "binlog.000012:4711:drop view if exists `_pseudo_gtid_`.`_asc:1`\n"},
		"find-binlog-entry":         {args: "-c find-binlog-entry -i db-a1 -pattern x", want: "binlog.000012:4711\n"},
		"correlate-binlog-pos":      {args: "-c correlate-binlog-pos -i db-a1 -d db-a2 -binlog b.000001:1", want: "binlog.000003:100\n"},
		"a position that is none":   {args: "-c correlate-binlog-pos -i db-a1 -d db-a2 -binlog b.000001", says: "file:position"},
		"correlate-relaylog-pos":    {args: "-c correlate-relaylog-pos -i db-a2 -d db-a3", want: "relay.000002:400;relay.000005:700;relay.000005:731\n"},
		"last-executed-relay-entry": {args: "-c last-executed-relay-entry -i db-a2", want: "{Coordinates:relay.000002:400 NextEventPos:431 EventType:Xid Info:COMMIT /* xid=7 */}:431\n"},
		"no candidate":              {args: "-c get-candidate-replica -i solo", says: "solo:3306 has no replicas"},
		"refused":                   {args: "-c relocate -i db-a2 -d db-b1", says: "db-b1:3306 replicates, directly or not, from db-a2:3306 (move db-b1:3306 away first)"},
		"no destination":            {args: "-c relocate -i db-a2", says: "destination must be provided"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSession()
			s.b.Stubborn = c.fails
			if strings.Contains(name, "match") || strings.Contains(name, "pseudo") || strings.Contains(name, "equivalent") {
				byPseudoGTID(s.b)
			}
			out, errs, code := s.run(strings.Fields(c.args)...)
			if out != c.want || (code != 0) != (c.says != "") || !strings.Contains(errs, c.says) {
				t.Errorf("exit %d\n%s\n%s", code, out, errs)
			}
			if calls := strings.Join(s.b.Calls, "\n"); calls != c.calls {
				t.Errorf("calls:\n%s", calls)
			}
		})
	}
}

// byPseudoGTID makes the fleet replicate by file and position.
func byPseudoGTID(b *operatetest.Backend) {
	b.Conf.PseudoGTIDPattern = "pseudo"
	var all []*topology.Instance
	for _, i := range b.Fleet.Instances() {
		i = i.Clone()
		i.Channel.GTID = topology.FilePosition
		if i.HasSource() {
			i.Channel.Read = topology.Coordinates{LogFile: "binlog.000001", LogPos: 4}
			i.Channel.Exec = i.Channel.Read
		}
		all = append(all, i)
	}
	b.Fleet = topology.New(all, b.Fleet.Names())
}
