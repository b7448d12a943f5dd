package move_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"orchestrator/internal/execute"
	"orchestrator/internal/move"
	"orchestrator/internal/move/movetest"
	"orchestrator/internal/plan"
	"orchestrator/internal/refactor"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// rig is a runner over the servers of a sandbox.
type rig struct {
	*sandbox.Cluster
	*movetest.Fleet
	runner *move.Runner

	mu       sync.Mutex
	same     [][2]refactor.Equivalent // places that are known to be the same
	markers  int                      // pseudo-GTID entries written
	injected map[string]time.Time     // when last, by cluster
}

func keyOf(n *sandbox.Node) topology.Key { return topology.Key{Hostname: n.Host, Port: n.Port} }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func limited(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func newRig(t *testing.T, o sandbox.Options) *rig {
	t.Helper()
	r := &rig{Cluster: sandboxtest.New(t, o)}
	must(t, r.AwaitReplication(limited(t)))
	if o.Flavor == sandbox.MariaDB { // its skip counter needs more than what an administrator of replication has
		must(t, r.Node(1).ExecAs(limited(t), sandbox.UserAdmin, "SET sql_log_bin=0", "GRANT SUPER ON *.* TO 'orc'@'%'"))
	}
	r.Fleet = movetest.NewFleet(sandbox.UserOrc, sandbox.Password(sandbox.UserOrc), sandbox.UserRepl, sandbox.Password(sandbox.UserRepl))
	t.Cleanup(func() { must(t, r.Servers.Close()) })
	options := r.RunnerOptions()
	options.Places = r
	r.runner = move.New(options)
	for _, n := range r.Nodes() {
		must(t, r.Probe(limited(t), keyOf(n)))
	}
	return r
}

// do runs an operation that is to succeed, after a dry run that is to say the same, and returns the server as it is then.
func (r *rig) do(t *testing.T, q refactor.Request) *topology.Instance {
	t.Helper()
	began := time.Now()
	before := len(r.Audits)
	said := r.dryRun(t, r.runner.Single(q))
	done, err := r.runner.Run(limited(t), r.runner.Single(q))
	if err != nil {
		t.Fatalf("%v\n%s", err, done.Plan.String())
	}
	agrees(t, said, &done.Plan)
	t.Logf("%s (%d steps) took %s", q.Operation, len(done.Plan.Steps), time.Since(began).Round(time.Millisecond))
	if len(r.Locked) != 0 {
		t.Errorf("%s left locks: %v", q.Operation, r.Locked)
	}
	if len(done.Plan.Steps) > 0 && len(r.Audits) != before+1 {
		t.Errorf("%s was audited %d times", q.Operation, len(r.Audits)-before)
	}
	return done.Instance()
}

// refused runs an operation that is to be refused by a rule.
func (r *rig) refused(t *testing.T, q refactor.Request, rule string) {
	t.Helper()
	_, err := r.runner.Run(limited(t), r.runner.Single(q))
	var refusal *topology.Refusal
	if !errors.As(err, &refusal) || refusal.Rule != rule {
		t.Errorf("%s: %v, want the rule %s", q.Operation, err, rule)
	}
	if len(r.Locked) != 0 {
		t.Errorf("%s left locks: %v", q.Operation, r.Locked)
	}
}

// write makes the primary write n transactions and waits until a table shows them on the nodes.
func (r *rig) write(t *testing.T, statements ...string) {
	t.Helper()
	must(t, r.Node(0).ExecAs(limited(t), sandbox.UserAdmin, statements...))
}

// open are the statements that let an administrator write on a replica.
func (r *rig) open() []string {
	if r.Options().Flavor == sandbox.MySQL {
		return []string{"SET GLOBAL super_read_only=0"}
	}
	return nil
}

// tagged are the statements after which the session's transactions bear a tag, where the server knows tags.
func (r *rig) tagged(tag string) []string {
	if r.Options().Flavor == sandbox.MySQL && r.Options().GTID {
		return []string{"SET gtid_next='AUTOMATIC:" + tag + "'"}
	}
	return nil
}

func (r *rig) count(t *testing.T, n *sandbox.Node) (rows int) {
	t.Helper()
	must(t, n.Scan(limited(t), "SELECT COUNT(*) FROM moved.t", &rows))
	return rows
}

func (r *rig) followed(t *testing.T) {
	t.Helper()
	must(t, r.AwaitReplication(limited(t)))
	must(t, r.AwaitCaughtUp(limited(t)))
}

func TestOnRealServers(t *testing.T) {
	for name, o := range map[string]sandbox.Options{
		"MariaDB":              {Flavor: sandbox.MariaDB, GTID: true, SemiSync: true},
		"MySQL":                {Flavor: sandbox.MySQL, GTID: true, SemiSync: true},
		"MariaDB, by position": {Flavor: sandbox.MariaDB},
		"MySQL, by position":   {Flavor: sandbox.MySQL},
		"MySQL 5.6":            {Flavor: sandbox.MySQL56, GTID: true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, o)
			r.write(t, "CREATE DATABASE moved", "CREATE TABLE moved.t (id INT PRIMARY KEY)", "INSERT INTO moved.t VALUES (1)")
			r.followed(t)
			t.Run("threads", r.threads)
			t.Run("configuration", r.configuration)
			t.Run("settings", r.settings)
			t.Run("logs", r.logs)
			t.Run("listed", r.listed)
			t.Run("skip", r.skip)
			t.Run("errant", r.errant)
			t.Run("nothing is dropped", r.keeps)
		})
	}
}

func (r *rig) threads(t *testing.T) {
	k := keyOf(r.Node(1))
	want := func(i *topology.Instance, replicating bool) {
		t.Helper()
		if i.Replicating() != replicating || !replicating && !i.ThreadsStopped() {
			t.Errorf("threads %d, %d", i.Channel.IOThread, i.Channel.SQLThread)
		}
	}
	r.refused(t, refactor.Request{Operation: refactor.StopReplica, Server: keyOf(r.Node(0))}, "not-a-replica")
	want(r.do(t, refactor.Request{Operation: refactor.StopReplica, Server: k}), false)
	want(r.do(t, refactor.Request{Operation: refactor.StopReplica, Server: k}), false)
	want(r.do(t, refactor.Request{Operation: refactor.StartReplica, Server: k}), true)
	want(r.do(t, refactor.Request{Operation: refactor.RestartReplica, Server: k}), true)
	r.write(t, "INSERT INTO moved.t VALUES (2)")
	want(r.do(t, refactor.Request{Operation: refactor.StopReplicaNice, Server: k}), false)
	at, err := r.Servers.For(keyOf(r.Node(0))).SelfCoordinates(limited(t))
	must(t, err)
	r.refused(t, refactor.Request{Operation: refactor.SourcePosWait, Server: k, At: at}, "not-applying")
	list, err := r.runner.RestartStatements(limited(t), k, "SELECT 1")
	if err != nil || len(list) != 1 {
		t.Errorf("statements of a stopped replica: %v, %v", list, err)
	}
	want(r.do(t, refactor.Request{Operation: refactor.StartReplica, Server: k}), true)
	r.do(t, refactor.Request{Operation: refactor.SourcePosWait, Server: k, At: at})
	list, err = r.runner.RestartStatements(limited(t), k, "SELECT 1")
	if err != nil || len(list) != 5 || !strings.Contains(list[0], "IO_THREAD") || list[2] != "SELECT 1;" || !strings.Contains(list[4], "START") {
		t.Errorf("statements: %v, %v", list, err)
	}

	// Somebody else's lock, and another leader.
	r.Locked[k] = 1
	if _, err := r.runner.Run(limited(t), r.runner.Single(refactor.Request{Operation: refactor.StopReplica, Server: k})); err == nil || !strings.Contains(err.Error(), "somebody else") {
		t.Errorf("a locked server: %v", err)
	}
	delete(r.Locked, k)
	r.Follows = true
	if _, err := r.runner.Run(limited(t), r.runner.Single(refactor.Request{Operation: refactor.StopReplica, Server: k})); err == nil || !strings.Contains(err.Error(), "not the leader") {
		t.Errorf("a node that does not lead: %v", err)
	}
	p, err := r.runner.Preview(limited(t), r.runner.Single(refactor.Request{Operation: refactor.StopReplica, Server: k}))
	if err != nil || len(p.Steps) != 1 {
		t.Errorf("preview: %v, %v", p, err)
	}
	r.Follows = false
	r.followed(t)
}

func (r *rig) configuration(t *testing.T) {
	k := keyOf(r.Node(1))
	maria, byGTID := r.Options().Flavor == sandbox.MariaDB, r.Options().GTID

	// Detach and reattach.
	i := r.do(t, refactor.Request{Operation: refactor.DetachReplica, Server: k})
	if !i.Channel.Source.IsDetached() {
		t.Errorf("source %s", i.Channel.Source)
	}
	r.refused(t, refactor.Request{Operation: refactor.DetachReplica, Server: k}, "detached")
	r.refused(t, refactor.Request{Operation: refactor.StartReplica, Server: k}, "detached")
	r.write(t, "INSERT INTO moved.t VALUES (10)")
	i = r.do(t, refactor.Request{Operation: refactor.ReattachReplica, Server: k})
	if i.Channel.Source != keyOf(r.Node(0)) || !i.Replicating() {
		t.Errorf("reattached to %s", i.Channel.Source)
	}
	r.refused(t, refactor.Request{Operation: refactor.ReattachReplica, Server: k}, "not-detached")
	r.followed(t)

	// GTID, there and back, with the thread states kept.
	there, back := refactor.EnableGTID, refactor.DisableGTID
	if byGTID {
		there, back = back, there
	}
	if byGTID || maria {
		r.refused(t, refactor.Request{Operation: back, Server: k}, map[bool]string{true: "uses-gtid", false: "no-gtid"}[byGTID])
		if i = r.do(t, refactor.Request{Operation: there, Server: k}); i.UsesGTID() == byGTID || !i.Replicating() {
			t.Errorf("after %s: GTID %d", there, i.Channel.GTID)
		}
		r.write(t, "INSERT INTO moved.t VALUES (11)")
		r.do(t, refactor.Request{Operation: refactor.StopReplicaNice, Server: k})
		if i = r.do(t, refactor.Request{Operation: back, Server: k}); i.UsesGTID() != byGTID || !i.ThreadsStopped() {
			t.Errorf("after %s: GTID %d, threads %d, %d", back, i.Channel.GTID, i.Channel.IOThread, i.Channel.SQLThread)
		}
		r.do(t, refactor.Request{Operation: refactor.StartReplica, Server: k})
	} else {
		r.refused(t, refactor.Request{Operation: there, Server: k}, "gtid-unsupported")
	}

	// Delay.
	if i = r.do(t, refactor.Request{Operation: refactor.DelayReplication, Server: k, Number: 1}); i.Channel.SQLDelay != 1 || !i.Replicating() {
		t.Errorf("delay %d", i.Channel.SQLDelay)
	}
	if i = r.do(t, refactor.Request{Operation: refactor.DelayReplication, Server: k}); i.Channel.SQLDelay != 0 || !i.Replicating() {
		t.Errorf("delay %d", i.Channel.SQLDelay)
	}

	// What fails half-way is taken back.
	_, err := r.runner.Run(limited(t), r.runner.Single(refactor.Request{Operation: refactor.DelayReplication, Server: k, Number: 1 << 40}))
	var step *execute.StepError
	if !errors.As(err, &step) || step.Step.Action.Verb != plan.SetDelay {
		t.Errorf("an impossible delay: %v", err)
	}
	i = r.Snapshot().Instance(k)
	if i.Channel.IOThread == topology.ThreadStopped || i.Channel.SQLThread == topology.ThreadStopped || i.Channel.SQLDelay != 0 || len(r.Locked) != 0 {
		t.Errorf("after a failure: threads %d, %d, delay %d, locks %v", i.Channel.IOThread, i.Channel.SQLThread, i.Channel.SQLDelay, r.Locked)
	}
	if last := r.Audits[len(r.Audits)-1]; !strings.Contains(last, "failed: ") {
		t.Errorf("audited as %s", last)
	}
	r.followed(t)

	// Credentials.
	r.refused(t, refactor.Request{Operation: refactor.ChangeCredentials, Server: k}, "replicating")
	r.do(t, refactor.Request{Operation: refactor.StopReplica, Server: k})
	r.do(t, refactor.Request{Operation: refactor.ChangeCredentials, Server: k})
	r.do(t, refactor.Request{Operation: refactor.StartReplica, Server: k})
	r.followed(t)

	// Semi-sync.
	if r.Options().SemiSync {
		for _, op := range []refactor.Operation{refactor.DisableSemiSyncReplica, refactor.EnableSemiSyncReplica} {
			if i = r.do(t, refactor.Request{Operation: op, Server: k}); i.SemiSync.ReplicaEnabled != (op == refactor.EnableSemiSyncReplica) {
				t.Errorf("%s: enabled %t", op, i.SemiSync.ReplicaEnabled)
			}
		}
		r.followed(t)
	}
	if rows, source := r.count(t, r.Node(1)), r.count(t, r.Node(0)); rows != source {
		t.Errorf("%d rows, %d on its source", rows, source)
	}
}

func (r *rig) settings(t *testing.T) {
	k, primary := keyOf(r.Node(1)), keyOf(r.Node(0))
	if i := r.do(t, refactor.Request{Operation: refactor.SetWritable, Server: k}); i.ReadOnly {
		t.Error("still read-only")
	}
	if i := r.do(t, refactor.Request{Operation: refactor.SetReadOnly, Server: k}); !i.ReadOnly || r.Options().Flavor == sandbox.MySQL && !i.SuperReadOnly {
		t.Error("still writable")
	}
	if r.Options().SemiSync {
		for _, op := range []refactor.Operation{refactor.DisableSemiSyncSource, refactor.EnableSemiSyncSource} {
			if i := r.do(t, refactor.Request{Operation: op, Server: primary}); i.SemiSync.SourceEnabled != (op == refactor.EnableSemiSyncSource) {
				t.Errorf("%s: enabled %t", op, i.SemiSync.SourceEnabled)
			}
		}
	}
	// A statement that sleeps is ended.
	ctx := limited(t)
	ended := make(chan error, 1)
	go func() {
		ended <- r.Node(0).ExecAs(ctx, sandbox.UserApp, "SELECT SLEEP(20)")
	}()
	var id int64
	for id == 0 && ctx.Err() == nil {
		list, err := r.Servers.For(primary).Processlist(ctx)
		must(t, err)
		for _, p := range list {
			if strings.Contains(p.Info, "SLEEP(20)") {
				id = int64(p.ID)
			}
		}
	}
	r.do(t, refactor.Request{Operation: refactor.KillQuery, Server: primary, Number: id})
	<-ended
	r.refused(t, refactor.Request{Operation: refactor.KillQuery, Server: primary}, "no-connection")
}

// listed looks into the binary logs of the primary: a file begins with what is committed after it was begun.
func (r *rig) listed(t *testing.T) {
	n := r.Node(0)
	r.write(t, "FLUSH BINARY LOGS", "CREATE DATABASE first_of_file")
	must(t, r.Probe(limited(t), keyOf(n)))
	files, err := r.runner.BinaryLogs(limited(t), keyOf(n))
	i := r.Snapshot().Instance(keyOf(n))
	if err != nil || len(files) < 2 || files[len(files)-1].Name != i.SelfCoordinates.LogFile || files[0].Size == 0 {
		t.Fatalf("%+v, %v; the server is at %s", files, err, i.SelfCoordinates)
	}
	for _, f := range files {
		if !f.Read {
			t.Errorf("%s was not looked into", f.Name)
		}
	}
	switch first := files[len(files)-1].First; {
	case r.Options().Flavor == sandbox.MariaDB:
		if first != i.BinlogState { // the only transaction since
			t.Errorf("it begins with %q, and is at %q", first, i.BinlogState)
		}
	case !r.Options().GTID:
		if first != "" {
			t.Errorf("%q without GTIDs", first)
		}
	case !strings.HasPrefix(first, i.ServerUUID+":"):
		t.Errorf("it begins with %q", first)
	}
	r.write(t, "DROP DATABASE first_of_file")
	r.followed(t)
}

func (r *rig) logs(t *testing.T) {
	primary := keyOf(r.Node(0))
	before := r.Snapshot().Instance(primary).SelfCoordinates.LogFile
	i := r.do(t, refactor.Request{Operation: refactor.FlushBinaryLogs, Server: primary})
	if i.SelfCoordinates.LogFile == before {
		t.Error("no new binary log")
	}
	base, number, _ := topology.SplitLogFile(i.SelfCoordinates.LogFile)
	to := fmt.Sprintf("%s.%06d", base, number+2)
	if i = r.do(t, refactor.Request{Operation: refactor.FlushBinaryLogs, Server: primary, File: to}); i.SelfCoordinates.LogFile != to {
		t.Errorf("at %s, want %s", i.SelfCoordinates, to)
	}
	r.refused(t, refactor.Request{Operation: refactor.FlushBinaryLogs, Server: primary, File: before}, "file-behind")
	r.refused(t, refactor.Request{Operation: refactor.PurgeBinaryLogs, Server: primary, File: fmt.Sprintf("%s.%06d", base, number+3)}, "file-ahead")

	// A replica that is stopped before that file keeps it.
	k := keyOf(r.Node(2))
	r.write(t, "INSERT INTO moved.t VALUES (20)")
	r.followed(t)
	r.do(t, refactor.Request{Operation: refactor.StopReplica, Server: k})
	r.do(t, refactor.Request{Operation: refactor.FlushBinaryLogs, Server: primary})
	r.refused(t, refactor.Request{Operation: refactor.PurgeBinaryLogs, Server: primary, File: refactor.LatestLog}, "replica-behind")
	r.do(t, refactor.Request{Operation: refactor.PurgeBinaryLogs, Server: primary, File: to})
	logs, err := r.Servers.For(primary).BinaryLogs(limited(t))
	if err != nil || logs[0].Name != to {
		t.Errorf("the first binary log is %v, %v", logs, err)
	}
	r.do(t, refactor.Request{Operation: refactor.StartReplica, Server: k})
	r.followed(t)
}

func (r *rig) skip(t *testing.T) {
	n := r.Node(1)
	k := keyOf(n)
	r.refused(t, refactor.Request{Operation: refactor.SkipQuery, Server: k}, "applier-runs")
	// A row that the replica has already, without a transaction of its own.
	must(t, n.ExecAs(limited(t), sandbox.UserAdmin, append(r.open(), "SET sql_log_bin=0", "INSERT INTO moved.t VALUES (30)")...))
	r.write(t, append(r.tagged("failing"), "INSERT INTO moved.t VALUES (30)", "INSERT INTO moved.t VALUES (31)")...)
	for ctx := limited(t); ; {
		must(t, r.Probe(ctx, k))
		if c := r.Snapshot().Instance(k).Channel; c.LastSQLErrno != 0 && c.SQLThread == topology.ThreadStopped {
			break
		}
	}
	maria := r.Options().Flavor == sandbox.MariaDB
	if maria && r.Options().GTID {
		r.refused(t, refactor.Request{Operation: refactor.SkipQuery, Server: k}, "mariadb-gtid")
		must(t, n.ExecAs(limited(t), sandbox.UserAdmin, "SET sql_log_bin=0", "DELETE FROM moved.t WHERE id=30"))
		r.do(t, refactor.Request{Operation: refactor.StartReplica, Server: k})
	} else {
		r.refused(t, refactor.Request{Operation: refactor.StopReplicaNice, Server: k}, "applier-stopped")
		if i := r.do(t, refactor.Request{Operation: refactor.SkipQuery, Server: k}); !i.Replicating() {
			t.Errorf("after the skip: %+v", i.Channel)
		}
	}
	r.followed(t)
	if got, want := r.count(t, n), r.count(t, r.Node(0)); got != want {
		t.Errorf("%d rows, want %d", got, want)
	}
}

func (r *rig) errant(t *testing.T) {
	n := r.Node(2)
	k := keyOf(n)
	if r.Options().Flavor == sandbox.MariaDB || !r.Options().GTID {
		r.refused(t, refactor.Request{Operation: refactor.ErrantReset, Server: k}, "gtid-unsupported")
		return
	}
	r.refused(t, refactor.Request{Operation: refactor.ErrantInject, Server: k}, "no-errant")
	stray := func(id int) {
		must(t, n.ExecAs(limited(t), sandbox.UserAdmin, slices.Concat(r.open(), []string{"FLUSH BINARY LOGS"}, r.tagged("stray"), []string{fmt.Sprintf("CREATE DATABASE stray%d", id)})...))
		must(t, r.Probe(limited(t), k))
	}
	stray(1)
	files, err := r.runner.LocateErrant(limited(t), k)
	if at := r.Snapshot().Instance(k).SelfCoordinates.LogFile; err != nil || len(files) != 1 || files[0] != at {
		t.Errorf("located in %v, %v; want %s", files, err, at)
	}
	events, cutOff, err := r.runner.ErrantStatements(limited(t), k)
	if err != nil || cutOff || len(events) != 1 || !strings.Contains(events[0].String(), files[0]+":") || !strings.Contains(events[0].String(), "Query CREATE DATABASE stray1") {
		t.Errorf("the errant statements are %v, %v", events, err)
	}
	r.do(t, refactor.Request{Operation: refactor.ErrantInject, Server: k})
	r.refused(t, refactor.Request{Operation: refactor.ErrantInject, Server: k}, "no-errant")
	stray(2)
	if i := r.do(t, refactor.Request{Operation: refactor.ErrantReset, Server: k}); !i.Replicating() {
		t.Errorf("threads %d, %d", i.Channel.IOThread, i.Channel.SQLThread)
	}
	r.refused(t, refactor.Request{Operation: refactor.ErrantReset, Server: k}, "no-errant")
	if _, err := r.runner.LocateErrant(limited(t), k); err == nil {
		t.Error("located what is gone")
	}
	r.followed(t)
}

// keeps kills the primary while a replica holds what it has not applied.
func (r *rig) keeps(t *testing.T) {
	k := keyOf(r.Node(1))
	must(t, r.Servers.For(k).StopReplica(limited(t), server.SQLThread, ""))
	r.write(t, "INSERT INTO moved.t VALUES (40)")
	at, err := r.Servers.For(keyOf(r.Node(0))).SelfCoordinates(limited(t))
	must(t, err)
	for ctx := limited(t); ; {
		must(t, r.Probe(ctx, k))
		if r.Snapshot().Instance(k).Channel.Read.Compare(at) >= 0 {
			break
		}
	}
	must(t, r.Node(0).Kill())
	r.refused(t, refactor.Request{Operation: refactor.ResetReplica, Server: k}, "would-drop")
	r.refused(t, refactor.Request{Operation: refactor.DetachReplica, Server: k}, "unapplied")
	if r.Options().Flavor == sandbox.MariaDB && r.Options().GTID {
		r.refused(t, refactor.Request{Operation: refactor.StopReplica, Server: k}, "would-drop")
		r.refused(t, refactor.Request{Operation: refactor.RestartReplica, Server: k}, "would-drop")
	}
	r.refused(t, refactor.Request{Operation: refactor.StopReplica, Server: keyOf(r.Node(0))}, "unreachable")
	r.do(t, refactor.Request{Operation: refactor.StopReplicaNice, Server: k})
	var n int
	must(t, r.Node(1).Scan(limited(t), "SELECT COUNT(*) FROM moved.t WHERE id=40", &n))
	if n != 1 {
		t.Error("what was received is lost")
	}
	if i := r.do(t, refactor.Request{Operation: refactor.ResetReplica, Server: k}); i.HasSource() {
		t.Errorf("still a replica of %s", i.SourceKey())
	}
}
