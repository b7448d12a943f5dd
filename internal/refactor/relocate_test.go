package refactor

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/failover"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// The tree of the cases: g → m → a, b, c; a → d; s stands beside m; other is a cluster of its own.
func tree(change map[string]func(*topology.Instance), more ...*topology.Instance) *topology.Topology {
	servers := append([]*topology.Instance{
		host("g", ""), host("m", "g"), host("s", "g"), host("a", "m"), host("b", "m"), host("c", "m"), host("d", "a"), host("other", ""),
	}, more...)
	for _, i := range servers {
		if f := change[i.Key.Hostname]; f != nil {
			f(i)
		}
	}
	return topology.New(topology.Derive(servers, topology.Names{}), topology.Names{})
}

func at(name string) topology.Key {
	if name == "" {
		return topology.Key{}
	}
	return topology.Key{Hostname: name, Port: 3306}
}

const uuid = "00000000-0000-0000-0000-0000000000"

var seen = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func host(name, source string) *topology.Instance {
	id := uint32(name[0])
	i := &topology.Instance{
		Key: at(name), ServerID: id, ServerUUID: uuid + string(rune('0'+id/10%10)) + string(rune('0'+id%10)),
		Version: "8.0.41", Flavor: topology.FlavorMySQL, BinlogFormat: "ROW", LogBin: true, LogReplicaUpdates: true,
		SelfCoordinates: topology.Coordinates{LogFile: name + "-bin.000003", LogPos: 500},
		GTIDMode:        "ON", SupportsOracleGTID: true, ExecutedSet: uuid + "99:1-100",
		Check:   topology.Check{Attempted: seen, Checked: seen, Seen: seen},
		Channel: topology.Channel{IOThread: topology.NoThread, SQLThread: topology.NoThread},
	}
	if source == "" {
		return i
	}
	here := topology.Coordinates{LogFile: source + "-bin.000003", LogPos: 500}
	i.ReadOnly, i.Lag = true, topology.KnownSeconds(0)
	i.CredentialsAvailable = true
	i.Channel = topology.Channel{
		Source: at(source), SourceHost: source, IOThread: topology.ThreadRunning, SQLThread: topology.ThreadRunning,
		GTID: topology.OracleGTID, RetrievedSet: uuid + "99:1-100", Read: here, Exec: here, SecondsBehind: topology.KnownSeconds(0),
	}
	return i
}

type change = map[string]func(*topology.Instance)

func byPosition(i *topology.Instance) {
	i.Channel.GTID, i.GTIDMode, i.SupportsOracleGTID, i.ExecutedSet, i.Channel.RetrievedSet = topology.FilePosition, "OFF", false, "", ""
}

func relay(i *topology.Instance) { byPosition(i); i.Flavor, i.LogBin = topology.FlavorMaxScale, false }

func inMariaDB(i *topology.Instance) {
	i.Flavor, i.Version, i.ServerUUID, i.GTIDMode, i.SupportsOracleGTID = topology.FlavorMariaDB, "10.11.6-MariaDB", "", "", false
	i.ExecutedSet, i.BinlogState = "0-1-100", "0-1-100"
	if i.Channel.GTID != topology.FilePosition {
		i.Channel.GTID, i.Channel.RetrievedSet, i.Channel.AppliedSet = topology.MariaDBGTID, "0-1-100", "0-1-100"
	}
}

func everywhere(f func(*topology.Instance)) change {
	c := change{}
	for _, name := range []string{"g", "m", "s", "a", "b", "c", "d", "other"} {
		c[name] = f
	}
	return c
}

func but(c change, name string, f func(*topology.Instance)) change {
	was := c[name]
	c[name] = func(i *topology.Instance) {
		if was != nil {
			was(i)
		}
		f(i)
	}
	return c
}

func lost(i *topology.Instance) {
	i.Check.Seen, i.Check.Err = seen.Add(-time.Minute), "connection refused"
}

func cutOff(i *topology.Instance) { i.Channel.IOThread = topology.ThreadOther }

func has(set string) func(*topology.Instance) {
	return func(i *topology.Instance) {
		i.ExecutedSet = set
		if i.HasSource() {
			i.Channel.RetrievedSet = set
		}
	}
}

func policy() failover.Policy {
	return failover.Policy{Replication: topology.ReplicationRules{VerifyFilters: true, MaintenanceLag: 20 * time.Second}}
}

// lines are the steps as "stage server verb source", then who is lost by which rule.
func lines(p *plan.Plan) []string {
	var out []string
	for _, s := range p.Steps {
		line := strings.ToUpper(strconv.FormatInt(int64(s.Stage), 36)) + " " + s.Server.Hostname + " " + string(s.Action.Verb)
		if !s.Action.Source.IsZero() {
			line += " " + s.Action.Source.Hostname
		}
		if s.Action.Place != plan.KeepPlace {
			line += " by " + string(s.Action.Place)
		}
		out = append(out, line)
	}
	for _, v := range p.Lost {
		out = append(out, "lost "+v.Server.Hostname+" "+v.Rule)
	}
	return out
}

func TestRelocations(t *testing.T) {
	up := func(c change) change { return but(c, "m", func(*topology.Instance) {}) }
	for name, c := range map[string]struct {
		command RelocationCommand
		server  string
		below   string
		only    string
		change  change
		want    []string
	}{
		"relocate: to a sibling":                      {Relocate, "b", "a", "", nil, []string{"1 b move a"}},
		"relocate: up":                                {Relocate, "d", "g", "", nil, []string{"1 d move g"}},
		"relocate: down two levels":                   {Relocate, "b", "d", "", nil, []string{"1 b move d"}},
		"relocate: to another branch":                 {Relocate, "d", "s", "", nil, []string{"1 d move s"}},
		"relocate: below one that stands and has all": {Relocate, "a", "s", "", change{"s": func(i *topology.Instance) { i.Channel.SQLThread = topology.ThreadStopped }}, []string{"1 a move s"}},
		"relocate: in MariaDB":                        {Relocate, "b", "s", "", everywhere(inMariaDB), []string{"1 b move s"}},
		"relocate: to where it is":                    {Relocate, "b", "m", "", nil, []string{"1 b change-source m"}},
		"relocate: to where it is, by position":       {Relocate, "b", "m", "", everywhere(byPosition), []string{"1 b change-source m by own"}},
		"relocate: away from a lost source":           {Relocate, "a", "g", "", change{"m": lost, "a": cutOff}, []string{"1 a move g"}},
		"relocate: to another cluster that has all":   {Relocate, "b", "other", "", nil, []string{"1 b move other"}},
		"relocate: below a binlog server beside it":   {Relocate, "b", "a", "", but(everywhere(byPosition), "a", relay), []string{"1 b change-source a by own"}},
		"relocate: out of a binlog server":            {Relocate, "d", "m", "", but(everywhere(byPosition), "a", relay), []string{"1 d change-source m by own"}},
		"relocate: between binlog servers":            {Relocate, "d", "b", "", but(but(everywhere(byPosition), "a", relay), "b", relay), []string{"1 d change-source b by own"}},
		"relocate: to a sibling, by position":         {Relocate, "b", "a", "", everywhere(byPosition), []string{"1 a stop-replica", "2 b align-below a", "3 a start-replica"}},
		"relocate: to another branch, by position": {Relocate, "a", "s", "", everywhere(byPosition), []string{
			"1 m stop-replica", "2 a align-up g", "3 m start-replica", "4 s stop-replica", "5 a align-below s", "6 s start-replica"}},
		"relocate: up two levels, by position": {Relocate, "d", "g", "", everywhere(byPosition), []string{
			"1 a stop-replica", "2 d align-up m", "3 a start-replica", "4 m stop-replica", "5 d align-up g", "6 m start-replica"}},
		"relocate: down two levels, by position": {Relocate, "b", "d", "", everywhere(byPosition), []string{
			"1 a stop-replica", "2 b align-below a", "3 a start-replica", "4 d stop-replica", "5 b align-below d", "6 d start-replica"}},
		"relocate: out of a binlog server and beyond": {Relocate, "d", "g", "", but(everywhere(byPosition), "a", relay), []string{
			"1 d change-source m by own", "2 m stop-replica", "3 d align-up g", "4 m start-replica"}},
		"relocate: below a binlog server elsewhere": {Relocate, "s", "a", "", but(everywhere(byPosition), "a", relay), []string{
			"1 m stop-replica", "2 s align-below m", "3 m start-replica", "4 s change-source a by own"}},
		"relocate: up, by position":            {Relocate, "d", "m", "", everywhere(byPosition), []string{"1 a stop-replica", "2 d align-up m", "3 a start-replica"}},
		"move-below: by position":              {MoveBelow, "b", "a", "", everywhere(byPosition), []string{"1 a stop-replica", "2 b align-below a", "3 a start-replica"}},
		"move-up: by position":                 {MoveUp, "a", "", "", everywhere(byPosition), []string{"1 m stop-replica", "2 a align-up g", "3 m start-replica"}},
		"move-up-replicas: by position":        {MoveUpReplicas, "m", "", "", everywhere(byPosition), []string{"1 m stop-replica", "2 a align-up g", "2 b align-up g", "2 c align-up g", "3 m start-replica"}},
		"several below a sibling, by position": {RelocateReplicas, "m", "a", "", everywhere(byPosition), []string{"1 a stop-replica", "2 b align-below a", "2 c align-below a", "3 a start-replica"}},
		"take-siblings: by position":           {TakeSiblings, "a", "", "", everywhere(byPosition), []string{"1 a stop-replica", "2 b align-below a", "2 c align-below a", "3 a start-replica"}},
		"take-master: by position": {TakeSource, "a", "", "", everywhere(byPosition), []string{
			"1 m stop-receiving", "2 m await-applied", "3 m stop-replica", "4 a await-source m", "5 a stop-replica",
			"6 a point-at g by beside", "7 m point-at a by end", "8 a start-receiving", "9 a await-receiving", "A a start-replica", "B m start-replica",
			"C a await-replicating", "C m await-replicating"}},
		"make-local-master": {MakeLocalPrimary, "a", "", "", nil, []string{"1 a move g", "2 b move a", "2 c move a"}},
		"make-local-master: by position": {MakeLocalPrimary, "a", "", "", but(everywhere(byPosition), "c", func(i *topology.Instance) { i.Channel.SQLDelay = 9 }), []string{
			"1 m stop-replica", "2 a await-source m", "2 b await-source m", "3 a stop-replica", "3 b stop-replica",
			"4 b point-at a by end", "5 a point-at g by beside", "6 a start-receiving", "7 a await-receiving", "8 a start-replica",
			"9 b start-replica", "9 m start-replica", "A a await-replicating", "A b await-replicating", "A m await-replicating", "lost c delayed"}},
		"make-co-master: by position": {MakeCoPrimary, "m", "", "", everywhere(byPosition), []string{"1 m read-credentials", "2 g become-replica m by end", "3 m await-source g", "4 g start-replica"}},
		"make-master": {MakePrimary, "m", "", "", change{"g": lost, "m": cutOff, "s": cutOff}, []string{
			"1 m stop-receiving", "2 m await-applied", "3 m stop-replica", "4 s change-source m", "6 m detach-source", "7 m set-writable"}},
		"make-master: by position": {MakePrimary, "m", "", "", but(but(but(everywhere(byPosition), "g", lost), "m", cutOff), "s", cutOff), []string{
			"1 m stop-receiving", "2 m await-applied", "3 m stop-replica", "5 s stop-receiving", "6 s await-applied", "7 s stop-replica",
			"8 s point-at m by end", "9 s start-replica", "A m detach-source", "B m set-writable"}},
		"make-master: one is behind": {MakePrimary, "m", "", "", but(but(but(everywhere(byPosition), "g", lost), "m", cutOff), "s", func(i *topology.Instance) { cutOff(i); i.Channel.Read.LogPos, i.Channel.Exec.LogPos = 400, 400 }), []string{
			"1 m stop-receiving", "2 m await-applied", "3 m stop-replica", "6 m detach-source", "7 m set-writable", "lost s behind"}},
		"move-gtid":                                  {MoveGTID, "b", "a", "", nil, []string{"1 b move a"}},
		"move-below":                                 {MoveBelow, "b", "a", "", nil, []string{"1 b move a"}},
		"move-up":                                    {MoveUp, "a", "", "", up(change{}), []string{"1 a move g"}},
		"move-up-replicas":                           {MoveUpReplicas, "m", "", "", nil, []string{"1 a move g", "1 b move g", "1 c move g"}},
		"move-up-replicas: some":                     {MoveUpReplicas, "m", "", "^[ab]:", nil, []string{"1 a move g", "1 b move g"}},
		"repoint: again":                             {Repoint, "b", "", "", nil, []string{"1 b change-source m"}},
		"repoint: by GTID":                           {Repoint, "b", "a", "", nil, []string{"1 b move a"}},
		"repoint: the source under another name":     {Repoint, "b", "s", "", but(but(everywhere(byPosition), "b", func(i *topology.Instance) { i.Channel.SourceUUID = "same" }), "s", func(i *topology.Instance) { i.ServerUUID = "same" }), []string{"1 b change-source s by own"}},
		"repoint-replicas":                           {RepointReplicas, "m", "", "", nil, []string{"1 a change-source m", "1 b change-source m", "1 c change-source m"}},
		"relocate-replicas: to the uncle":            {RelocateReplicas, "m", "s", "", nil, []string{"1 a move s", "1 b move s", "1 c move s"}},
		"relocate-replicas: to one of them":          {RelocateReplicas, "m", "a", "", nil, []string{"1 b move a", "1 c move a"}},
		"relocate-replicas: to their source":         {RelocateReplicas, "m", "m", "", nil, []string{"1 a change-source m", "1 b change-source m", "1 c change-source m"}},
		"relocate-replicas: by a pattern":            {RelocateReplicas, "m", "d", "^b:", nil, []string{"1 b move d"}},
		"relocate-replicas: none":                    {RelocateReplicas, "s", "m", "", nil, nil},
		"relocate-replicas: one cannot":              {RelocateReplicas, "m", "s", "", change{"b": func(i *topology.Instance) { i.Version = "5.7.44" }}, []string{"1 a move s", "1 c move s", "lost b lower-version"}},
		"move-replicas-gtid":                         {MoveReplicasGTID, "m", "s", "", change{"c": byPosition}, []string{"1 a move s", "1 b move s", "lost c gtid-mode"}},
		"take-siblings":                              {TakeSiblings, "a", "", "", nil, []string{"1 b move a", "1 c move a"}},
		"take-siblings: an only child":               {TakeSiblings, "d", "", "", nil, nil},
		"take-master":                                {TakeSource, "a", "", "", nil, []string{"1 a move g", "2 m move a"}},
		"make-co-master":                             {MakeCoPrimary, "m", "", "", nil, []string{"1 m read-credentials", "2 g become-replica m by gtid", "3 m await-source g", "4 g start-replica"}},
		"make-co-master: in MariaDB":                 {MakeCoPrimary, "m", "", "", everywhere(inMariaDB), []string{"1 m read-credentials", "2 g become-replica m by slave_pos", "3 m await-source g", "4 g start-replica"}},
		"regroup-replicas":                           {RegroupReplicas, "m", "", "", nil, []string{"1 b move a", "1 c move a"}},
		"regroup-replicas: of a lost source":         {RegroupReplicas, "m", "", "", change{"m": lost, "b": has(uuid + "99:1-105")}, []string{"1 a move b", "1 c move b"}},
		"regroup-replicas: who has most cannot lead": {RegroupReplicas, "m", "", "", change{"m": lost, "b": func(i *topology.Instance) { has(uuid + "99:1-105")(i); i.PromotionRule = topology.MustNotPromote }}, []string{"1 c move a", "lost b ahead"}},
		"regroup-replicas: none":                     {RegroupReplicas, "s", "", "", nil, nil},
		"regroup-replicas: one":                      {RegroupReplicas, "a", "", "", nil, nil},
		"regroup-replicas-gtid":                      {RegroupReplicasGTID, "m", "", "", change{"b": func(i *topology.Instance) { i.PromotionRule = topology.PreferPromote }}, []string{"1 a move b", "1 c move b"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := Relocation{Command: c.command, Server: at(c.server), Below: at(c.below)}
			if c.only != "" {
				r.Only = regexp.MustCompile(c.only)
			}
			p, refusal := PlanRelocation(tree(c.change), r, policy())
			if refusal != nil {
				t.Fatalf("refused by %s: %s", refusal.Rule, refusal)
			}
			if got := lines(&p); !slices.Equal(got, c.want) {
				t.Errorf("planned:\n%s\nwanted:\n%s\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"), &p)
			}
			for _, s := range p.Steps {
				if s.Action.Source.IsZero() || c.command == MakePrimary || c.command == MakeLocalPrimary {
					continue // those that follow may fail; about a server beside which others move
				}
				if s.MayFail != c.command.Bulk() {
					t.Errorf("step %d may fail: %t", s.N, s.MayFail)
				}
			}
		})
	}
}

func TestRelocationsRefused(t *testing.T) {
	secondary := func(i *topology.Instance) {
		i.Group = topology.Group{Name: "grp", MemberState: "ONLINE", MemberRole: "SECONDARY"}
	}
	member := func(role string) func(*topology.Instance) {
		return func(i *topology.Instance) {
			i.Group = topology.Group{Name: "grp", MemberState: "ONLINE", MemberRole: role}
		}
	}
	for name, c := range map[string]struct {
		command RelocationCommand
		server  string
		below   string
		change  change
		rule    string
		says    []string // in the sentence: both values and the remedy
	}{
		"an unknown server":             {Relocate, "nobody", "a", nil, "unknown-server", []string{"nobody:3306", "discover"}},
		"an unknown destination":        {Relocate, "a", "nobody", nil, "unknown-server", []string{"nobody:3306", "discover"}},
		"no destination":                {Relocate, "a", "", nil, "no-destination", []string{"a:3306"}},
		"below itself":                  {Relocate, "a", "a", nil, "same-server", []string{"a:3306"}},
		"below its own replica":         {Relocate, "a", "d", nil, "loop", []string{"d:3306", "a:3306", "move d:3306 away"}},
		"the primary below its replica": {Relocate, "g", "m", nil, "not-a-replica", []string{"g:3306"}},
		"an unreachable replica":        {Relocate, "a", "s", change{"a": lost}, "unreachable", []string{"a:3306", "connection refused"}},
		"an unreachable destination":    {Relocate, "a", "s", change{"s": lost}, "unreachable", []string{"s:3306", "connection refused"}},
		"no binary log":                 {Relocate, "a", "s", change{"s": func(i *topology.Instance) { i.LogBin = false }}, "no-binary-log", []string{"s:3306", "log_bin"}},
		"a replica that does not log":   {Relocate, "a", "s", change{"s": func(i *topology.Instance) { i.LogReplicaUpdates = false }}, "no-log-replica-updates", []string{"s:3306", "log_replica_updates"}},
		"a lower version":               {Relocate, "a", "s", change{"a": func(i *topology.Instance) { i.Version = "5.7.44" }}, "lower-version", []string{"5.7.44", "8.0.41", "LowerReplicaVersionAllowed"}},
		"a narrower binlog format":      {Relocate, "a", "s", change{"a": func(i *topology.Instance) { i.BinlogFormat = "STATEMENT" }}, "binlog-format", []string{"STATEMENT", "ROW", "binlog_format"}},
		"filters":                       {Relocate, "a", "s", change{"s": func(i *topology.Instance) { i.Channel.HasFilters = true }}, "filters", []string{"s:3306", "a:3306", "VerifyReplicationFilters"}},
		"the same server_id":            {Relocate, "a", "s", change{"a": func(i *topology.Instance) { i.ServerID = 's' }}, "same-server-id", []string{"a:3306", "s:3306", "115"}},
		"the same server_uuid":          {Relocate, "a", "s", change{"a": func(i *topology.Instance) { i.ServerUUID = "u" }, "s": func(i *topology.Instance) { i.ServerUUID = "U" }}, "same-server-uuid", []string{"a:3306", "s:3306", "auto.cnf"}},
		"a delayed destination":         {Relocate, "a", "s", change{"s": func(i *topology.Instance) { i.Channel.SQLDelay = 3600 }}, "delayed-source", []string{"3600", "0"}},
		"another family":                {Relocate, "a", "s", change{"a": inMariaDB}, "family", []string{"MySQL", "MariaDB"}},
		"purged":                        {Relocate, "a", "s", change{"s": func(i *topology.Instance) { i.PurgedSet = uuid + "98:1-3" }}, "purged", []string{uuid + "98:1-3", "s:3306", "a:3306", "backup"}},
		"no GTID at the destination": {Relocate, "a", "s", change{"s": func(i *topology.Instance) {
			i.SupportsOracleGTID, i.GTIDMode, i.Channel.GTID = false, "OFF", topology.FilePosition
		}}, "gtid-mode", []string{"a:3306", "ON", "s:3306", "OFF", "PERMISSIVE"}},
		"by position":                        {Relocate, "a", "other", everywhere(byPosition), "too-complex", []string{"please do it manually", "other:3306"}},
		"a binlog server elsewhere":          {Relocate, "a", "s", but(everywhere(byPosition), "a", relay), "too-complex", []string{"binlog server"}},
		"a binlog server that is behind":     {Relocate, "b", "a", but(but(everywhere(byPosition), "a", relay), "b", func(i *topology.Instance) { i.Channel.Read.LogPos = 501 }), "ahead", []string{"m-bin.000003:501", "m-bin.000003:500"}},
		"a group's secondary":                {Relocate, "a", "s", change{"a": secondary}, "group-secondary", []string{"a:3306", "grp"}},
		"a group's primary below a member":   {Relocate, "a", "s", change{"a": member("PRIMARY"), "s": member("PRIMARY")}, "own-group", []string{"a:3306", "s:3306", "grp"}},
		"a second channel from there":        {Relocate, "a", "s", change{"a": func(i *topology.Instance) { i.Others = []topology.Channel{{Name: "x", Source: at("s")}} }}, "other-channel", []string{"a:3306", "s:3306", `"x"`}},
		"to another cluster that lacks":      {Relocate, "a", "other", change{"other": has(uuid + "99:1-90")}, "ahead", []string{"10 transactions", "other:3306"}},
		"from a lost source, ahead":          {Relocate, "a", "g", change{"m": lost, "a": has(uuid + "99:1-102")}, "ahead", []string{"2 transactions", "g:3306"}},
		"below one that stands and lacks it": {Relocate, "a", "s", change{"s": func(i *topology.Instance) { has(uuid + "99:1-90")(i); i.Channel.SQLThread = topology.ThreadStopped }}, "not-replicating", []string{"a:3306", "s:3306", "10 transactions", "start"}},
		"below what is below it":             {Relocate, "b", "d", change{"a": func(i *topology.Instance) { i.Channel.IOThread = topology.ThreadStopped }, "d": has(uuid + "99:1-90")}, "not-replicating", []string{"b:3306", "d:3306", "a:3306"}},
		"GTID alone, by position":            {MoveGTID, "a", "s", everywhere(byPosition), "no-gtid", []string{"a:3306", "enable-gtid"}},
		"up from the second tier":            {MoveUp, "m", "", nil, "top", []string{"g:3306"}},
		"up without a source":                {MoveUp, "g", "", nil, "not-a-replica", []string{"g:3306"}},
		"up to the unknown":                  {MoveUp, "a", "", change{"m": func(i *topology.Instance) { i.Channel.Source = at("gone") }}, "unknown-source", []string{"gone:3306", "discover"}},
		"below no sibling":                   {MoveBelow, "a", "s", nil, "not-siblings", []string{"a:3306", "s:3306", "relocate"}},
		"repoint to another log":             {Repoint, "a", "s", everywhere(byPosition), "other-log", []string{"m-bin.000003:500", "s:3306", "relocate"}},
		"repoint below itself":               {Repoint, "a", "d", nil, "loop", []string{"d:3306", "a:3306"}},
		"replicas below a grandchild":        {RelocateReplicas, "m", "d", nil, "loop", []string{"d:3306", "a:3306", "pattern"}},
		"replicas of which none can":         {RelocateReplicas, "m", "s", change{"s": lost}, "unreachable", []string{"none", "s:3306"}},
		"take-master from the primary":       {TakeSource, "m", "", nil, "top", []string{"g:3306", "graceful-master-takeover-auto"}},
		"take-master of what cannot log":     {TakeSource, "a", "", change{"a": func(i *topology.Instance) { i.LogReplicaUpdates = false }}, "no-log-replica-updates", []string{"a:3306"}},
		"take-master from a co-primary":      {TakeSource, "a", "", change{"g": func(i *topology.Instance) { i.Channel = host("g", "m").Channel }}, "co-primary", []string{"m:3306"}},
		"take-master from an older server":   {TakeSource, "a", "", change{"m": func(i *topology.Instance) { i.Version = "8.0.41" }, "a": func(i *topology.Instance) { i.Version = "8.4.4" }}, "lower-version", []string{"8.4.4", "8.0.41"}},
		"take-master beside GTID":            {TakeSource, "a", "", but(everywhere(byPosition), "m", func(i *topology.Instance) { i.Channel.GTID = topology.OracleGTID }), "no-gtid", []string{"a:3306"}},
		"take-master, delayed":               {TakeSource, "a", "", but(everywhere(byPosition), "a", func(i *topology.Instance) { i.Channel.SQLDelay = 5 }), "delayed", []string{"a:3306", "5 s"}},
		"make-master: it lives":              {MakePrimary, "m", "", nil, "source-alive", []string{"g:3306", "m:3306"}},
		"make-master: a sibling hears it":    {MakePrimary, "m", "", change{"g": lost, "m": cutOff}, "source-alive", []string{"g:3306", "s:3306"}},
		"make-master: no primary":            {MakePrimary, "a", "", change{"m": lost}, "has-source", []string{"m:3306", "g:3306"}},
		"make-master: a sibling has more":    {MakePrimary, "m", "", change{"g": lost, "m": cutOff, "s": func(i *topology.Instance) { cutOff(i); has(uuid + "99:1-105")(i) }}, "ahead", []string{"s:3306", "m:3306"}},
		"make-master: so by position":        {MakePrimary, "m", "", but(but(but(everywhere(byPosition), "g", lost), "m", cutOff), "s", func(i *topology.Instance) { cutOff(i); i.Channel.Read.LogPos = 501 }), "ahead", []string{"g-bin.000003:501", "g-bin.000003:500"}},
		"make-master: its applier fails": {MakePrimary, "m", "", change{"g": lost, "m": func(i *topology.Instance) {
			cutOff(i)
			i.Channel.SQLThread, i.Channel.LastSQLErrno = topology.ThreadStopped, 1062
		}}, "not-replicating", []string{"1062"}},
		"co-primary that takes writes":          {MakeCoPrimary, "m", "", change{"m": func(i *topology.Instance) { i.ReadOnly = false }}, "writable", []string{"m:3306", "g:3306", "set-read-only"}},
		"co-primary of a replica":               {MakeCoPrimary, "a", "", nil, "has-source", []string{"m:3306", "g:3306"}},
		"co-primary of a detached one":          {MakeCoPrimary, "a", "", change{"m": func(i *topology.Instance) { i.Channel.Source = i.Channel.Source.Detached() }}, "detached", []string{"m:3306", "g:3306"}},
		"co-primary already":                    {MakeCoPrimary, "m", "", change{"g": func(i *topology.Instance) { i.Channel = host("g", "m").Channel }}, "co-primary", []string{"m:3306", "g:3306"}},
		"co-primary that lags":                  {MakeCoPrimary, "m", "", change{"m": func(i *topology.Instance) { i.Lag = topology.KnownSeconds(60) }}, "lag", []string{"60", "20"}},
		"co-primary that stands":                {MakeCoPrimary, "m", "", change{"m": func(i *topology.Instance) { i.Channel.SQLThread, i.Channel.LastSQLErrno = topology.ThreadStopped, 1062 }}, "not-replicating", []string{"m:3306", "1062"}},
		"regrouping the hopeless":               {RegroupReplicas, "m", "", change{"a": lost, "b": lost, "c": lost}, "no-candidate", []string{"m:3306", "connection refused"}},
		"beside one that stands":                {MoveBelow, "a", "b", but(everywhere(byPosition), "b", func(i *topology.Instance) { i.Channel.SQLThread, i.Channel.LastSQLErrno = topology.ThreadStopped, 1062 }), "not-replicating", []string{"b:3306", "1062"}},
		"beside one that lags":                  {MoveBelow, "a", "b", but(everywhere(byPosition), "b", func(i *topology.Instance) { i.Lag = topology.KnownSeconds(60) }), "lag", []string{"b:3306", "60", "20"}},
		"beside one whose lag is unknown":       {MoveUp, "a", "", but(everywhere(byPosition), "a", func(i *topology.Instance) { i.Lag = topology.Seconds{} }), "lag", []string{"a:3306"}},
		"beside one that is delayed":            {MoveUp, "a", "", but(everywhere(byPosition), "m", func(i *topology.Instance) { i.Channel.SQLDelay = 10 }), "delayed", []string{"m:3306", "10 s"}},
		"beside a co-primary that takes writes": {MoveUp, "a", "", but(but(everywhere(byPosition), "g", func(i *topology.Instance) { i.Channel = host("g", "m").Channel; byPosition(i) }), "m", func(i *topology.Instance) { byPosition(i); i.ReadOnly, i.IsCoPrimary = false, true }), "writable", []string{"m:3306", "enable-gtid"}},
		"beside a former co-primary": {MoveUp, "a", "", but(but(everywhere(byPosition), "g", func(i *topology.Instance) {
			i.Channel = host("g", "m").Channel
			byPosition(i)
			i.Channel.Source = i.Channel.Source.Detached()
		}), "m", func(i *topology.Instance) { byPosition(i); i.ReadOnly = false }), "writable", []string{"m:3306", "enable-gtid"}},
		"beside one of several channels": {MoveUp, "a", "", but(everywhere(byPosition), "m", func(i *topology.Instance) { i.Others = []topology.Channel{{Name: "x", Source: at("other")}} }), "multi-source", []string{"m:3306", "2 channels"}},
		"beside one that uses GTID":      {MoveUp, "a", "", but(everywhere(byPosition), "m", func(i *topology.Instance) { i.Channel.GTID = topology.OracleGTID }), "no-gtid", []string{"a:3306", "m:3306"}},
		"beside one that is lost":        {MoveUp, "a", "", but(everywhere(byPosition), "m", lost), "unreachable", []string{"m:3306"}},
		"an unknown command":             {"move-mountains", "m", "", nil, "unknown-command", []string{"move-mountains"}},
	} {
		t.Run(name, func(t *testing.T) {
			p, refusal := PlanRelocation(tree(c.change), Relocation{Command: c.command, Server: at(c.server), Below: at(c.below)}, policy())
			if refusal == nil {
				t.Fatalf("planned:\n%s", &p)
			}
			if refusal.Rule != c.rule {
				t.Errorf("refused by %s: %s", refusal.Rule, refusal)
			}
			for _, text := range c.says {
				if !strings.Contains(refusal.Error(), text) {
					t.Errorf("%q is not in: %s", text, refusal)
				}
			}
		})
	}
}

func TestRelocationWarnings(t *testing.T) {
	for name, c := range map[string]struct {
		change change
		says   string
	}{
		"several channels": {change{"b": func(i *topology.Instance) { i.Others = []topology.Channel{{Name: "x", Source: at("other")}} }}, "2 channels"},
		"errant above":     {change{"a": func(i *topology.Instance) { i.ErrantSet = uuid + "97:1" }}, uuid + "97:1"},
		"semi-sync": {change{
			"m": func(i *topology.Instance) {
				i.SemiSync = topology.SemiSync{SourceEnabled: true, SourceStatus: true, SourceClients: 1, SourceWaitCount: 1}
			},
			"b": func(i *topology.Instance) { i.SemiSync.ReplicaEnabled = true },
		}, "1 semi-sync acknowledgements"},
	} {
		t.Run(name, func(t *testing.T) {
			p, refusal := PlanRelocation(tree(c.change), Relocation{Command: Relocate, Server: at("b"), Below: at("a")}, policy())
			if refusal != nil {
				t.Fatal(refusal)
			}
			if len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], c.says) {
				t.Errorf("warnings %q", p.Warnings)
			}
		})
	}
}

func TestOneChannelOfSeveralIsMoved(t *testing.T) {
	topo := tree(change{"b": func(i *topology.Instance) {
		i.Channel.Name, i.Others = "east", []topology.Channel{{Name: "west", Source: at("other")}}
	}})
	p, refusal := PlanRelocation(topo, Relocation{Command: Relocate, Server: at("b"), Below: at("a")}, policy())
	if refusal != nil || len(p.Steps) != 1 || p.Steps[0].Action.Channel != "east" {
		t.Errorf("%v\n%s", refusal, &p)
	}
}

func TestCandidate(t *testing.T) {
	for name, c := range map[string]struct {
		server string
		change change
		best   string
		rule   string
	}{
		"the first of equals": {"m", nil, "a", ""},
		"the wanted one":      {"m", change{"c": func(i *topology.Instance) { i.PromotionRule = topology.PreferPromote }}, "c", ""},
		"an only one":         {"a", nil, "d", ""},
		"none":                {"s", nil, "", "no-replicas"},
		"unknown":             {"nobody", nil, "", "unknown-server"},
	} {
		t.Run(name, func(t *testing.T) {
			best, _, refusal := Candidate(tree(c.change), at(c.server), policy())
			switch {
			case c.rule != "" && (refusal == nil || refusal.Rule != c.rule):
				t.Errorf("%v, refusal %v", best, refusal)
			case c.rule == "" && (refusal != nil || best.Key != at(c.best)):
				t.Errorf("%v, refusal %v", best, refusal)
			}
		})
	}
}

func TestConcerned(t *testing.T) {
	for name, c := range map[string]struct {
		r    Relocation
		want string
	}{
		"relocate":          {Relocation{Command: Relocate, Server: at("d"), Below: at("s")}, "a s"},
		"take-master":       {Relocation{Command: TakeSource, Server: at("a")}, "g m"},
		"take-siblings":     {Relocation{Command: TakeSiblings, Server: at("a")}, "a b c d m"},
		"relocate-replicas": {Relocation{Command: RelocateReplicas, Server: at("m"), Below: at("s")}, "a b c g s"},
		"unknown":           {Relocation{Command: Relocate, Server: at("nobody"), Below: at("s")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var names []string
			for _, k := range topology.SortKeys(Concerned(tree(nil), c.r)) {
				names = append(names, k.Hostname)
			}
			if got := strings.Join(names, " "); got != c.want {
				t.Errorf("concerned are %q", got)
			}
		})
	}
}
