package refactor_test

import (
	"strings"
	"testing"
	"time"

	"orchestrator/internal/plan"
	"orchestrator/internal/refactor"
	"orchestrator/internal/topology"
)

const (
	uuid1 = "00000000-0000-0000-0000-000000000001"
	uuid2 = "00000000-0000-0000-0000-000000000002"
)

// pair are a primary and its replica: MySQL by GTID, all applied, both threads running.
type pair struct{ primary, replica *topology.Instance }

func at(file string, pos int64) topology.Coordinates {
	return topology.Coordinates{LogFile: file, LogPos: pos}
}

func newPair() *pair {
	now := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	server := func(host, uuid string) *topology.Instance {
		return &topology.Instance{
			Key: topology.Key{Hostname: host, Port: 3306}, Version: "8.4.6", Flavor: topology.FlavorMySQL, ServerUUID: uuid,
			Check: topology.Check{Checked: now, Seen: now}, LogBin: true, LogReplicaUpdates: true,
			SelfCoordinates: at("binlog.000009", 100), GTIDMode: "ON", SupportsOracleGTID: true, ExecutedSet: uuid1 + ":1-10",
		}
	}
	p := &pair{server("db1", uuid1), server("db2", uuid2)}
	p.replica.ReadOnly, p.replica.SuperReadOnly = true, true
	p.replica.Channel = topology.Channel{
		Source: p.primary.Key, IOThread: topology.ThreadRunning, SQLThread: topology.ThreadRunning, GTID: topology.OracleGTID,
		RetrievedSet: uuid1 + ":1-10", Read: at("binlog.000009", 100), Exec: at("binlog.000009", 100),
	}
	return p
}

// The states that a case may begin with.
func stopped(p *pair) {
	p.replica.Channel.IOThread, p.replica.Channel.SQLThread = topology.ThreadStopped, topology.ThreadStopped
}
func applierStopped(p *pair)  { p.replica.Channel.SQLThread = topology.ThreadStopped }
func receiverStopped(p *pair) { p.replica.Channel.IOThread = topology.ThreadStopped }
func placeless(p *pair) {
	p.replica.Channel.Exec, p.replica.Channel.Read = topology.Coordinates{}, topology.Coordinates{}
}
func behind(p *pair) {
	p.replica.Channel.RetrievedSet, p.replica.Channel.Read = uuid1+":1-11", at("binlog.000009", 200)
}
func sourceDead(p *pair) {
	p.primary.Check.Checked, p.primary.Check.Err = p.primary.Check.Seen.Add(time.Second), "connection refused"
}
func marked(p *pair) {
	p.primary.Tags, p.replica.Tags = []topology.Tag{refactor.GameDayMark}, []topology.Tag{refactor.GameDayMark}
}
func halfMarked(p *pair) { p.replica.Tags = nil }
func forbidden(p *pair) {
	p.replica.Tags = []topology.Tag{{Name: refactor.GameDayMark.Name, Value: "never"}}
}
func detached(p *pair) { p.replica.Channel.Source = p.primary.Key.Detached(); stopped(p) }
func byPosition(p *pair) {
	p.replica.Channel.GTID = topology.FilePosition
	for _, i := range []*topology.Instance{p.primary, p.replica} {
		i.GTIDMode, i.SupportsOracleGTID, i.ExecutedSet = "OFF", false, ""
	}
}
func maria(p *pair) {
	for _, i := range []*topology.Instance{p.primary, p.replica} {
		i.Flavor, i.Version, i.GTIDMode, i.SupportsOracleGTID, i.ExecutedSet = topology.FlavorMariaDB, "10.11.8-MariaDB", "", false, "0-1-10"
	}
	c := &p.replica.Channel
	c.GTID, c.AppliedSet = topology.MariaDBGTID, "0-1-10"
	c.RetrievedSet = "0-1-" + map[bool]string{true: "11", false: "10"}[c.Read.LogPos > c.Exec.LogPos]
}
func failing(p *pair) {
	p.replica.Channel.SQLThread, p.replica.Channel.LastSQLErrno, p.replica.Channel.LastSQLError = topology.ThreadStopped, 1062, "duplicate"
}
func multiSource(p *pair) { p.replica.Others = []topology.Channel{{Name: "other"}} }
func stray(p *pair)       { p.replica.ExecutedSet += "," + uuid2 + ":1-2" }
func semiSync(p *pair) {
	for _, i := range []*topology.Instance{p.primary, p.replica} {
		i.SemiSyncPriority, i.SemiSync = 1, topology.SemiSync{Available: true, SourceEnabled: true}
	}
}

func TestSingle(t *testing.T) {
	type state = []func(*pair)
	primary, replica := topology.Key{Hostname: "db1", Port: 3306}, topology.Key{Hostname: "db2", Port: 3306}
	for name, c := range map[string]struct {
		state state
		ask   refactor.Request
		want  string // verbs with blanks between, or `refused: rule`
	}{
		"unknown":               {nil, refactor.Request{Operation: refactor.StopReplica, Server: topology.Key{Hostname: "x", Port: 1}}, "refused: unknown"},
		"unreachable":           {state{sourceDead}, refactor.Request{Operation: refactor.SetReadOnly, Server: primary}, "refused: unreachable"},
		"no such operation":     {nil, refactor.Request{Operation: "dance", Server: replica}, "refused: unknown-operation"},
		"not a replica":         {nil, refactor.Request{Operation: refactor.StopReplica, Server: primary}, "refused: not-a-replica"},
		"several sources":       {state{multiSource}, refactor.Request{Operation: refactor.ResetReplica}, "refused: multi-source"},
		"stop":                  {nil, refactor.Request{Operation: refactor.StopReplica}, "stop-replica"},
		"stop, is stopped":      {state{stopped}, refactor.Request{Operation: refactor.StopReplica}, ""},
		"stop, MySQL keeps all": {state{behind, sourceDead}, refactor.Request{Operation: refactor.StopReplica}, "stop-replica"},
		"stop, MariaDB":         {state{behind, maria}, refactor.Request{Operation: refactor.StopReplica}, "stop-replica"},
		"stop, MariaDB drops":   {state{behind, maria, sourceDead}, refactor.Request{Operation: refactor.StopReplica}, "refused: would-drop"},
		"nice":                  {state{behind}, refactor.Request{Operation: refactor.StopReplicaNice}, "stop-receiving await-applied stop-replica"},
		"nice, is stopped":      {state{stopped}, refactor.Request{Operation: refactor.StopReplicaNice}, ""},
		"nice, stopped before":  {state{stopped, behind}, refactor.Request{Operation: refactor.StopReplicaNice}, "await-applied stop-replica"},
		"nice, MariaDB stopped": {state{stopped, behind, maria}, refactor.Request{Operation: refactor.StopReplicaNice}, "refused: would-drop"},
		"nice, failing":         {state{failing}, refactor.Request{Operation: refactor.StopReplicaNice}, "refused: applier-stopped"},
		"nice, delayed":         {state{func(p *pair) { p.replica.Channel.SQLDelay = 60 }}, refactor.Request{Operation: refactor.StopReplicaNice}, "stop-receiving stop-replica"},
		"start, runs":           {nil, refactor.Request{Operation: refactor.StartReplica}, ""},
		"start":                 {state{stopped}, refactor.Request{Operation: refactor.StartReplica}, "start-replica await-replicating"},
		"start, detached":       {state{detached}, refactor.Request{Operation: refactor.StartReplica}, "refused: detached"},
		"start, MariaDB drops":  {state{stopped, behind, maria, sourceDead}, refactor.Request{Operation: refactor.StartReplica}, "refused: would-drop"},
		"start, semi-sync":      {state{stopped, semiSync}, refactor.Request{Operation: refactor.StartReplica}, "semi-sync-source semi-sync-replica start-replica await-replicating"},
		"restart":               {nil, refactor.Request{Operation: refactor.RestartReplica}, "stop-replica start-replica await-replicating"},
		"reset":                 {nil, refactor.Request{Operation: refactor.ResetReplica}, "stop-receiving await-applied stop-replica forget-source"},
		"reset, stopped":        {state{stopped}, refactor.Request{Operation: refactor.ResetReplica}, "forget-source"},
		"reset, drops":          {state{applierStopped, behind, sourceDead}, refactor.Request{Operation: refactor.ResetReplica}, "refused: would-drop"},
		"detach":                {nil, refactor.Request{Operation: refactor.DetachReplica}, "stop-receiving await-applied stop-replica detach-source"},
		"detach again":          {state{detached}, refactor.Request{Operation: refactor.DetachReplica}, "refused: detached"},
		"detach, not applied":   {state{applierStopped, behind}, refactor.Request{Operation: refactor.DetachReplica}, "refused: unapplied"},
		"reattach":              {state{detached}, refactor.Request{Operation: refactor.ReattachReplica}, "reattach-source start-replica await-replicating"},
		"reattach below its own replica": {state{detached, func(p *pair) {
			p.primary.Channel.Source, p.primary.ReadOnly = p.replica.Key, true
		}}, refactor.Request{Operation: refactor.ReattachReplica}, "refused: loop"},
		"reattach to its co-primary": {state{detached, func(p *pair) { p.primary.Channel.Source = p.replica.Key }},
			refactor.Request{Operation: refactor.ReattachReplica}, "reattach-source start-replica await-replicating"},
		"reattach, not detached":   {nil, refactor.Request{Operation: refactor.ReattachReplica}, "refused: not-detached"},
		"reattach, drops":          {state{detached, behind, sourceDead}, refactor.Request{Operation: refactor.ReattachReplica}, "refused: would-drop"},
		"enable GTID, has it":      {nil, refactor.Request{Operation: refactor.EnableGTID}, "refused: uses-gtid"},
		"enable GTID, off":         {state{byPosition}, refactor.Request{Operation: refactor.EnableGTID}, "refused: gtid-unsupported"},
		"enable GTID, blind":       {state{byPosition, sourceDead}, refactor.Request{Operation: refactor.EnableGTID}, "refused: source-unreachable"},
		"enable GTID":              {state{func(p *pair) { p.replica.Channel.GTID = topology.FilePosition }}, refactor.Request{Operation: refactor.EnableGTID}, "stop-receiving await-applied stop-replica use-gtid start-replica await-replicating"},
		"enable GTID, purged":      {state{func(p *pair) { p.replica.Channel.GTID = topology.FilePosition; p.primary.PurgedSet = uuid1 + ":1-12" }}, refactor.Request{Operation: refactor.EnableGTID}, "refused: gtid-purged"},
		"enable GTID, MariaDB":     {state{maria, stopped, func(p *pair) { p.replica.Channel.GTID = topology.FilePosition }}, refactor.Request{Operation: refactor.EnableGTID}, "use-gtid"},
		"disable GTID, has none":   {state{byPosition}, refactor.Request{Operation: refactor.DisableGTID}, "refused: no-gtid"},
		"disable GTID, too early":  {state{placeless}, refactor.Request{Operation: refactor.DisableGTID}, "refused: just-begun"},
		"disable GTID, half":       {state{receiverStopped}, refactor.Request{Operation: refactor.DisableGTID}, "await-applied stop-replica use-position start-applying"},
		"disable GTID, other half": {state{applierStopped}, refactor.Request{Operation: refactor.DisableGTID}, "stop-receiving stop-replica use-position start-receiving"},
		"credentials, running":     {nil, refactor.Request{Operation: refactor.ChangeCredentials}, "refused: replicating"},
		"credentials":              {state{stopped}, refactor.Request{Operation: refactor.ChangeCredentials}, "set-credentials"},
		"delay":                    {nil, refactor.Request{Operation: refactor.DelayReplication, Number: 60}, "stop-applying set-delay start-applying"},
		"delay, stopped":           {state{stopped}, refactor.Request{Operation: refactor.DelayReplication, Number: 60}, "set-delay"},
		"delay, receiver stopped":  {state{receiverStopped}, refactor.Request{Operation: refactor.DelayReplication, Number: 60}, "await-applied stop-replica set-delay start-applying"},
		"delay, drops":             {state{stopped, behind, sourceDead}, refactor.Request{Operation: refactor.DelayReplication, Number: 60}, "refused: would-drop"},
		"delay, as it is":          {nil, refactor.Request{Operation: refactor.DelayReplication}, ""},
		"delay, negative":          {nil, refactor.Request{Operation: refactor.DelayReplication, Number: -1}, "refused: negative-delay"},
		"delay, MariaDB":           {state{maria}, refactor.Request{Operation: refactor.DelayReplication, Number: 60}, "stop-receiving await-applied stop-replica set-delay start-replica await-replicating"},
		"skip, runs":               {nil, refactor.Request{Operation: refactor.SkipQuery}, "refused: applier-runs"},
		"skip, no error":           {state{applierStopped}, refactor.Request{Operation: refactor.SkipQuery}, "refused: no-error"},
		"skip, MariaDB":            {state{maria, failing}, refactor.Request{Operation: refactor.SkipQuery}, "refused: mariadb-gtid"},
		"skip":                     {state{failing}, refactor.Request{Operation: refactor.SkipQuery}, "skip-statement start-applying await-replicating"},
		"skip, receiver stopped":   {state{failing, receiverStopped}, refactor.Request{Operation: refactor.SkipQuery}, "skip-statement start-applying"},
		"semi-sync replica":        {nil, refactor.Request{Operation: refactor.EnableSemiSyncReplica}, "semi-sync-replica stop-receiving start-receiving"},
		"semi-sync replica, off":   {nil, refactor.Request{Operation: refactor.DisableSemiSyncReplica}, ""},
		"semi-sync, stopped":       {state{stopped}, refactor.Request{Operation: refactor.EnableSemiSyncReplica}, "semi-sync-replica"},
		"semi-sync, drops":         {state{applierStopped, behind, maria}, refactor.Request{Operation: refactor.EnableSemiSyncReplica}, "refused: would-drop"},
		"semi-sync source":         {nil, refactor.Request{Operation: refactor.EnableSemiSyncSource, Server: primary}, "semi-sync-source"},
		"semi-sync source, is":     {state{semiSync}, refactor.Request{Operation: refactor.EnableSemiSyncSource, Server: primary}, ""},
		"close":                    {nil, refactor.Request{Operation: refactor.SetReadOnly, Server: primary}, "set-read-only"},
		"close, semi-sync":         {state{semiSync}, refactor.Request{Operation: refactor.SetReadOnly, Server: primary}, "set-read-only semi-sync-source"},
		"close, closed":            {nil, refactor.Request{Operation: refactor.SetReadOnly}, ""},
		"open":                     {nil, refactor.Request{Operation: refactor.SetWritable}, "set-writable"},
		"open, is open":            {nil, refactor.Request{Operation: refactor.SetWritable, Server: primary}, ""},
		"kill":                     {nil, refactor.Request{Operation: refactor.KillQuery, Number: 7}, "kill-query"},
		"game day":                 {state{marked}, refactor.Request{Operation: refactor.GameDay, Server: primary}, "shut-down"},
		"game day, kill":           {state{marked}, refactor.Request{Operation: refactor.GameDay, Server: primary, Blow: refactor.BlowKill}, "kill-process"},
		"game day, freeze":         {state{marked}, refactor.Request{Operation: refactor.GameDay, Server: primary, Blow: refactor.BlowFreeze}, "freeze-process"},
		"game day, no such blow":   {state{marked}, refactor.Request{Operation: refactor.GameDay, Server: primary, Blow: "push"}, "refused: no-blow"},
		"game day, unmarked":       {nil, refactor.Request{Operation: refactor.GameDay, Server: primary}, "refused: unmarked"},
		"game day, partly marked":  {state{marked, halfMarked}, refactor.Request{Operation: refactor.GameDay, Server: primary}, "refused: unmarked"},
		"game day, another value":  {state{marked, forbidden}, refactor.Request{Operation: refactor.GameDay, Server: primary}, "refused: unmarked"},
		"game day, not answering":  {state{marked, sourceDead}, refactor.Request{Operation: refactor.GameDay, Server: primary}, "refused: unreachable"},
		"kill nobody":              {nil, refactor.Request{Operation: refactor.KillQuery}, "refused: no-connection"},
		"wait":                     {nil, refactor.Request{Operation: refactor.SourcePosWait, At: at("binlog.000009", 7)}, "await-position"},
		"wait for nothing":         {nil, refactor.Request{Operation: refactor.SourcePosWait}, "refused: no-position"},
		"wait in vain":             {state{applierStopped}, refactor.Request{Operation: refactor.SourcePosWait, At: at("binlog.000009", 7)}, "refused: not-applying"},
		"flush":                    {nil, refactor.Request{Operation: refactor.FlushBinaryLogs, Server: primary}, "flush-logs"},
		"flush to":                 {nil, refactor.Request{Operation: refactor.FlushBinaryLogs, Server: primary, File: "binlog.000012"}, "flush-logs"},
		"flush back":               {nil, refactor.Request{Operation: refactor.FlushBinaryLogs, Server: primary, File: "binlog.000008"}, "refused: file-behind"},
		"flush to here":            {nil, refactor.Request{Operation: refactor.FlushBinaryLogs, Server: primary, File: "binlog.000009"}, ""},
		"flush too far":            {nil, refactor.Request{Operation: refactor.FlushBinaryLogs, Server: primary, File: "binlog.009999"}, "refused: file-too-far"},
		"flush elsewhere":          {nil, refactor.Request{Operation: refactor.FlushBinaryLogs, Server: primary, File: "other.000012"}, "refused: foreign-file"},
		"flush, no log":            {state{func(p *pair) { p.primary.LogBin = false }}, refactor.Request{Operation: refactor.FlushBinaryLogs, Server: primary}, "refused: no-binary-log"},
		"purge":                    {nil, refactor.Request{Operation: refactor.PurgeBinaryLogs, Server: primary, File: "binlog.000008"}, "purge-logs"},
		"purge all":                {nil, refactor.Request{Operation: refactor.PurgeBinaryLogs, Server: primary, File: refactor.LatestLog}, "purge-logs"},
		"purge ahead":              {nil, refactor.Request{Operation: refactor.PurgeBinaryLogs, Server: primary, File: "binlog.000010"}, "refused: file-ahead"},
		"purge what":               {nil, refactor.Request{Operation: refactor.PurgeBinaryLogs, Server: primary}, "refused: no-file"},
		"purge, replica behind":    {state{func(p *pair) { p.replica.Channel.Exec = at("binlog.000008", 5) }}, refactor.Request{Operation: refactor.PurgeBinaryLogs, Server: primary, File: refactor.LatestLog}, "refused: replica-behind"},
		"purge, detached behind":   {state{detached, func(p *pair) { p.replica.Channel.Exec = at("binlog.000008", 5) }}, refactor.Request{Operation: refactor.PurgeBinaryLogs, Server: primary, File: refactor.LatestLog}, "refused: replica-behind"},
		"purge, at its beginning":  {state{func(p *pair) { p.replica.Channel.Exec = at("binlog.000009", 0) }}, refactor.Request{Operation: refactor.PurgeBinaryLogs, Server: primary, File: refactor.LatestLog}, "refused: replica-behind"},
		"purge, forced":            {state{func(p *pair) { p.replica.Channel.Exec = at("binlog.000008", 5) }}, refactor.Request{Operation: refactor.PurgeBinaryLogs, Server: primary, File: refactor.LatestLog, Force: true}, "purge-logs"},
		"purge, unknown replica":   {state{func(p *pair) { p.primary.Reported = []topology.Key{{Hostname: "db9", Port: 3306}} }}, refactor.Request{Operation: refactor.PurgeBinaryLogs, Server: primary, File: refactor.LatestLog}, "refused: replica-unknown"},
		"inject, none":             {nil, refactor.Request{Operation: refactor.ErrantInject}, "refused: no-errant"},
		"inject":                   {state{stray}, refactor.Request{Operation: refactor.ErrantInject}, "inject-empty"},
		"inject, no primary":       {state{stray, func(p *pair) { p.primary.ReadOnly = true }}, refactor.Request{Operation: refactor.ErrantInject}, "refused: no-primary"},
		"inject, too many":         {state{func(p *pair) { p.replica.ExecutedSet += "," + uuid2 + ":1-1001" }}, refactor.Request{Operation: refactor.ErrantInject}, "refused: too-many"},
		"inject, MariaDB":          {state{maria}, refactor.Request{Operation: refactor.ErrantInject}, "refused: gtid-unsupported"},
		"forget errant":            {state{stray}, refactor.Request{Operation: refactor.ErrantReset}, "stop-receiving await-applied stop-replica forget-errant start-replica await-replicating"},
		"forget, has replicas":     {state{stray, func(p *pair) { p.replica.Reported = []topology.Key{{Hostname: "db9", Port: 3306}} }}, refactor.Request{Operation: refactor.ErrantReset}, "refused: has-replicas"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair()
			for _, set := range c.state {
				set(p)
			}
			if c.ask.Server.IsZero() {
				c.ask.Server = replica
			}
			fleet := topology.New(topology.Derive([]*topology.Instance{p.primary, p.replica}, topology.Names{}), topology.Names{})
			made, refusal := refactor.Single(fleet, c.ask, refactor.Policy{SuperReadOnly: true, Patience: 10 * time.Second})
			if got := verbs(&made, refusal); got != c.want {
				t.Errorf("%s, want %s (%v)", got, c.want, refusal)
			}
			if refusal == nil && (made.Title == "" || made.Operation != string(c.ask.Operation)) {
				t.Errorf("title %q, operation %q", made.Title, made.Operation)
			}
		})
	}
}

func verbs(p *plan.Plan, refusal *topology.Refusal) string {
	if refusal != nil {
		return "refused: " + refusal.Rule
	}
	var list []string
	for _, s := range p.Steps {
		list = append(list, string(s.Action.Verb))
	}
	return strings.Join(list, " ")
}

// What skips depends on whether the server runs with GTIDs, not on how the replica finds its place.
func TestHowToSkip(t *testing.T) {
	for name, c := range map[string]struct {
		state []func(*pair)
		want  plan.Place
	}{
		"by GTID":                {[]func(*pair){failing}, plan.ByOracleGTID},
		"GTIDs, but by position": {[]func(*pair){failing, func(p *pair) { p.replica.Channel.GTID = topology.FilePosition }}, plan.ByOracleGTID},
		"no GTIDs":               {[]func(*pair){failing, byPosition}, plan.KeepPlace},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair()
			for _, set := range c.state {
				set(p)
			}
			fleet := topology.New(topology.Derive([]*topology.Instance{p.primary, p.replica}, topology.Names{}), topology.Names{})
			made, refusal := refactor.Single(fleet, refactor.Request{Operation: refactor.SkipQuery, Server: p.replica.Key}, refactor.Policy{})
			if refusal != nil || made.Steps[0].Action.Place != c.want {
				t.Errorf("%v, %v", made.Steps, refusal)
			}
		})
	}
}
