package move_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/execute"
	"orchestrator/internal/move"
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
	runner  *move.Runner
	servers *server.Servers
	follows bool // this node leads
	config  config.Config

	mu     sync.Mutex
	known  map[topology.Key]*topology.Instance
	locked map[topology.Key]int64
	audits []string
	same   [][2]refactor.Equivalent // places that are known to be the same

	marked   bool                 // pseudo-GTID is detected
	markers  int                  // pseudo-GTID entries written
	injected map[string]time.Time // when last, by cluster
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
	r := &rig{Cluster: sandboxtest.New(t, o), known: map[topology.Key]*topology.Instance{}, locked: map[topology.Key]int64{}}
	must(t, r.AwaitReplication(limited(t)))
	if o.Flavor == sandbox.MariaDB { // its skip counter needs more than what an administrator of replication has
		must(t, r.Node(1).ExecAs(limited(t), sandbox.UserAdmin, "SET sql_log_bin=0", "GRANT SUPER ON *.* TO 'orc'@'%'"))
	}
	r.config.UseSuperReadOnly = true
	r.servers = server.New(server.Options{
		User: sandbox.UserOrc, Password: sandbox.Password(sandbox.UserOrc), TLSMode: server.TLSMixed, HostnameMethod: "report_host",
		ConnectTimeout:   time.Second,
		CredentialsQuery: "SELECT '" + sandbox.UserRepl + "', '" + sandbox.Password(sandbox.UserRepl) + "'",
	})
	t.Cleanup(func() { must(t, r.servers.Close()) })
	r.runner = move.New(move.Options{
		Picture: r, Locks: r, Audit: r, Servers: execute.Real(r.servers), Leader: r,
		Config: func() *config.Config { return &r.config }, Places: r, Owner: "test", Now: time.Now,
	})
	for _, n := range r.Nodes() {
		must(t, r.Probe(limited(t), keyOf(n)))
	}
	return r
}

func (r *rig) Snapshot() *topology.Topology {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []*topology.Instance
	for _, i := range r.known {
		all = append(all, i.Clone())
	}
	return topology.New(topology.Derive(all, topology.Names{}), topology.Names{})
}

func (r *rig) Probe(ctx context.Context, keys ...topology.Key) error {
	var errs []error
	for _, k := range keys {
		seen, err := r.servers.For(k).Probe(ctx)
		now := time.Now()
		r.mu.Lock()
		if err == nil {
			seen.Instance.UsingPseudoGTID = r.marked
			seen.Instance.Check = topology.Check{Attempted: now, Checked: now, Seen: now}
			r.known[k] = seen.Instance
		} else if was := r.known[k]; was != nil {
			was = was.Clone()
			was.Check.Checked, was.Check.Err = now, err.Error()
			r.known[k] = was
		}
		r.mu.Unlock()
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (r *rig) BeginMaintenance(_ context.Context, m topology.Maintenance) (int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.locked[m.Key] != 0 {
		return 0, errors.New("somebody else has it")
	}
	r.locked[m.Key] = int64(m.Key.Port)
	return r.locked[m.Key], nil
}

func (r *rig) EndMaintenanceByID(_ context.Context, id int64) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k, held := range r.locked {
		if held == id {
			delete(r.locked, k)
			return true, nil
		}
	}
	return false, nil
}

func (r *rig) Audit(_ context.Context, kind string, key topology.Key, _, message string) error {
	r.audits = append(r.audits, fmt.Sprintf("%s %s %s", kind, key, message))
	return nil
}

func (r *rig) IsLeader() bool { return !r.follows }

func (r *rig) Confirm(context.Context) error {
	if r.follows {
		return errors.New("follows")
	}
	return nil
}

// do runs an operation that is to succeed, and returns the server as it is then.
func (r *rig) do(t *testing.T, q refactor.Request) *topology.Instance {
	t.Helper()
	began := time.Now()
	before := len(r.audits)
	done, err := r.runner.Run(limited(t), r.runner.Single(q))
	if err != nil {
		t.Fatalf("%v\n%s", err, done.Plan.String())
	}
	t.Logf("%s (%d steps) took %s", q.Operation, len(done.Plan.Steps), time.Since(began).Round(time.Millisecond))
	if len(r.locked) != 0 {
		t.Errorf("%s left locks: %v", q.Operation, r.locked)
	}
	if len(done.Plan.Steps) > 0 && len(r.audits) != before+1 {
		t.Errorf("%s was audited %d times", q.Operation, len(r.audits)-before)
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
	if len(r.locked) != 0 {
		t.Errorf("%s left locks: %v", q.Operation, r.locked)
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
	at, err := r.servers.For(keyOf(r.Node(0))).SelfCoordinates(limited(t))
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
	r.locked[k] = 1
	if _, err := r.runner.Run(limited(t), r.runner.Single(refactor.Request{Operation: refactor.StopReplica, Server: k})); err == nil || !strings.Contains(err.Error(), "somebody else") {
		t.Errorf("a locked server: %v", err)
	}
	delete(r.locked, k)
	r.follows = true
	if _, err := r.runner.Run(limited(t), r.runner.Single(refactor.Request{Operation: refactor.StopReplica, Server: k})); err == nil || !strings.Contains(err.Error(), "not the leader") {
		t.Errorf("a node that does not lead: %v", err)
	}
	p, err := r.runner.Preview(limited(t), r.runner.Single(refactor.Request{Operation: refactor.StopReplica, Server: k}))
	if err != nil || len(p.Steps) != 1 {
		t.Errorf("preview: %v, %v", p, err)
	}
	r.follows = false
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
	if i.Channel.IOThread == topology.ThreadStopped || i.Channel.SQLThread == topology.ThreadStopped || i.Channel.SQLDelay != 0 || len(r.locked) != 0 {
		t.Errorf("after a failure: threads %d, %d, delay %d, locks %v", i.Channel.IOThread, i.Channel.SQLThread, i.Channel.SQLDelay, r.locked)
	}
	if last := r.audits[len(r.audits)-1]; !strings.Contains(last, "failed: ") {
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
		list, err := r.servers.For(primary).Processlist(ctx)
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
	logs, err := r.servers.For(primary).BinaryLogs(limited(t))
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
	r.write(t, "INSERT INTO moved.t VALUES (30)", "INSERT INTO moved.t VALUES (31)")
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
		must(t, n.ExecAs(limited(t), sandbox.UserAdmin, append(r.open(), "FLUSH BINARY LOGS", fmt.Sprintf("CREATE DATABASE stray%d", id))...))
		must(t, r.Probe(limited(t), k))
	}
	stray(1)
	files, err := r.runner.LocateErrant(limited(t), k)
	if at := r.Snapshot().Instance(k).SelfCoordinates.LogFile; err != nil || len(files) != 1 || files[0] != at {
		t.Errorf("located in %v, %v; want %s", files, err, at)
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
	must(t, r.servers.For(k).StopReplica(limited(t), server.SQLThread, ""))
	r.write(t, "INSERT INTO moved.t VALUES (40)")
	at, err := r.servers.For(keyOf(r.Node(0))).SelfCoordinates(limited(t))
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
