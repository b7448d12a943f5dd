package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
)

// everyMoment has the manager die at every moment of a recovery instead of a choice of them (make crash).
const everyMoment = "ORCHESTRATOR_TEST_EVERY_MOMENT"

// TestManagerThatDies kills the manager (SIGKILL) in the middle of real failovers and real takeovers, each time at
// another moment, and starts it again. Whatever the moment: one server takes writes, all others replicate from it, each
// recovery has ended and its record says what became of it, and no hook has run twice.
func TestManagerThatDies(t *testing.T) {
	t.Parallel()
	sandboxtest.EachFlavor(t, func(t *testing.T, flavor sandbox.Flavor) {
		t.Parallel()
		c := newCrashes(t, flavor)
		c.managers = &oneManager{dir: t.TempDir(), keys: c.keys}
		for _, s := range []scenario{
			{"failover", c.killPrimary, c.primaryReturns},
			{"takeover", c.askForTakeover, func(*testing.T) {}},
		} {
			if !t.Run(s.name, func(t *testing.T) { c.everywhere(t, s) }) {
				return // the servers are in disorder
			}
		}
		must(t, c.cluster.AwaitCaughtUp(t.Context()))
		must(t, c.cluster.SameData(t.Context(), "crash"))
	})
}

// lastMoment is that at which a recovery is over.
const lastMoment = "after CloseJournal, 1"

// scenario is a way in which a primary is replaced.
type scenario struct {
	name  string
	begin func(*testing.T) // sets it going
	after func(*testing.T) // makes the cluster whole again, once the recovery is over
}

// managers are who looks after the cluster, one or more, of whom the one that leads dies.
type managers interface {
	// lead waits for a manager that leads, starts one if there is none, and returns it.
	lead(t *testing.T) *serviceProcess
	// leads says whether that manager leads at this moment.
	leads(t *testing.T, m *serviceProcess) bool
	// rest is the end of a round.
	rest(t *testing.T)
}

// oneManager is a manager without others.
type oneManager struct {
	dir     string
	keys    []string
	process *serviceProcess // nil: it does not run
}

func (o *oneManager) lead(t *testing.T) *serviceProcess {
	t.Helper()
	if o.process == nil || o.process.hasEnded() {
		o.process = launchAs(t, doomedName, o.dir, o.keys...)
		o.process.awaitLog(t, "INFO listening ")
	}
	return o.process
}

func (o *oneManager) leads(t *testing.T, _ *serviceProcess) bool {
	t.Helper()
	return o.process.leads(t)
}

func (o *oneManager) rest(t *testing.T) {
	t.Helper()
	o.process.stop(t)
	o.process = nil
}

// crashes is a real cluster whose manager dies again and again.
type crashes struct {
	cluster   *sandbox.Cluster
	keys      []string // of the managers' configuration
	managers  managers
	manager   *serviceProcess // that leads
	armed     string          // folder of the one that shall die in this round
	rounds    int
	lost      *sandbox.Node // the primary that was killed in this round
	hooks     []string      // the keys of the hook lists
	hooksFile string        // what they have written
	last      int           // the newest recovery on record before this round
	detected  int           // the newest detection before it
	again     int           // rounds in which the recovery was begun anew
	rivals    bool          // there are several managers, and another one may come to lead at any time
	most      int           // of the moments of the short form, how many are tried; 0: all
}

func newCrashes(t *testing.T, flavor sandbox.Flavor) *crashes {
	c := &crashes{cluster: sandboxtest.New(t, sandbox.Options{Flavor: flavor, GTID: true}), hooksFile: filepath.Join(t.TempDir(), "hooks")}
	c.hooks = []string{"OnFailureDetectionProcesses", "PreGracefulTakeoverProcesses", "PreFailoverProcesses",
		"PostMasterFailoverProcesses", "PostFailoverProcesses", "PostUnsuccessfulFailoverProcesses", "PostGracefulTakeoverProcesses"}
	c.keys = []string{
		fmt.Sprintf(`"MySQLTopologyUser": %q`, sandbox.UserOrc), fmt.Sprintf(`"MySQLTopologyPassword": %q`, sandbox.Password(sandbox.UserOrc)),
		fmt.Sprintf(`"DiscoverySeeds": [%q]`, c.cluster.Node(0).Addr()), `"DiscoverByShowSlaveHosts": true`,
		`"RecoverMasterClusterFilters": ["*"]`, `"AuditToBackendDB": true`,
		`"ReplicationCredentialsQuery": "SELECT 'repl', 'repl_pw'"`,
	}
	for _, list := range c.hooks {
		hook := fmt.Sprintf("echo %s {recoveryUID} {isSuccessful} >> %s", list, c.hooksFile)
		if list == "PostMasterFailoverProcesses" { // one that the manager dies beside
			hook += fmt.Sprintf("; touch %s; sleep 0.1; echo %s-ended {recoveryUID} >> %s", runningFile(list), list, c.hooksFile)
		}
		text, err := json.Marshal(hook)
		must(t, err)
		c.keys = append(c.keys, fmt.Sprintf(`%q: [%s]`, list, text))
	}
	must(t, c.cluster.Node(0).ExecAs(t.Context(), sandbox.UserApp, "CREATE TABLE test.crash (id INT PRIMARY KEY)"))
	return c
}

// arm names the moment at which the manager dies in this round; "" only traces.
func (c *crashes) arm(t *testing.T, moment string) {
	t.Helper()
	c.rounds++
	c.armed = c.manager.dir
	next := filepath.Join(c.armed, "next")
	must(t, os.WriteFile(next, fmt.Appendf(nil, "%d\n%s\n", c.rounds, moment), 0o600))
	must(t, os.Rename(next, filepath.Join(c.armed, doomFile)))
}

func (c *crashes) disarm(t *testing.T) {
	t.Helper()
	must(t, os.Remove(filepath.Join(c.armed, doomFile)))
}

// trace are the moments of this round until its recovery was over.
func (c *crashes) trace(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(c.armed, traceFile(fmt.Sprint(c.rounds))))
	if !errors.Is(err, fs.ErrNotExist) {
		must(t, err)
	}
	moments := strings.Split(strings.TrimSpace(string(text)), "\n")
	if n := slices.Index(moments, lastMoment); n >= 0 {
		moments = moments[:n+1]
	}
	return moments
}

// everywhere learns from a first round which moments there are, and has the manager die at them.
func (c *crashes) everywhere(t *testing.T, s scenario) {
	var moments []string
	t.Run("nobody dies", func(t *testing.T) {
		c.round(t, s, "")
		moments = c.trace(t)
	})
	if os.Getenv(everyMoment) == "" {
		moments = slices.DeleteFunc(moments, func(m string) bool { return !worthTrying(m) })
	}
	if c.most > 0 {
		moments = spread(moments, c.most)
	}
	died, tried := 0, 0
	c.again = 0
	for _, m := range moments {
		t.Run(m, func(t *testing.T) {
			tried++
			if c.round(t, s, m) {
				died++
			}
		})
		if t.Failed() {
			t.FailNow() // the cluster is in disorder
		}
	}
	t.Logf("the manager died at %d of %d moments; in %d rounds the recovery was begun anew", died, tried, c.again)
	if died < tried*8/10 {
		t.Errorf("most moments are the same in each round, but the manager died at %d of %d only", died, len(moments))
	}
}

// spread chooses n of a list, from its first to its last.
func spread(list []string, n int) (chosen []string) {
	if n >= len(list) {
		return list
	}
	for i := range n {
		chosen = append(chosen, list[i*(len(list)-1)/(n-1)])
	}
	return chosen
}

// worthTrying are the moments of the short form: after each statement, in the middle of a hook and after its list, and
// around the record. What is left out lies next to one of them.
func worthTrying(moment string) bool {
	when, what, _ := strings.Cut(moment, " ")
	what, _, _ = strings.Cut(what, ",")
	switch {
	case when == "during", what == "RegisterRecovery", what == "ResolveRecovery", what == "CloseJournal":
		return when != "before"
	case when == "sent":
		return strings.HasPrefix(what, "SET GLOBAL read_only") || strings.HasPrefix(what, "SET GLOBAL super_read_only")
	case when != "after", what == "SaveProgress", strings.HasPrefix(what, "Register"), strings.HasPrefix(what, "Audit "):
		return false
	}
	return strings.Contains(what, " ") || strings.HasPrefix(what, "Post") || what == "RenameCluster"
}

// round replaces the primary once, and says whether the manager died in the middle.
func (c *crashes) round(t *testing.T, s scenario, moment string) (died bool) {
	c.manager = c.managers.lead(t)
	defer c.describe(t)
	c.awaitWhole(t)
	c.last = 0
	if all := c.recoveries(t); len(all) > 0 {
		c.last = all[0].ID
	}
	c.detected = 0
	if all := c.detections(t); len(all) > 0 {
		c.detected = all[0].ID
	}
	primary := c.writer(t)
	must(t, primary.ExecAs(t.Context(), sandbox.UserApp, fmt.Sprintf("INSERT INTO test.crash VALUES (%d)", c.rounds)))
	must(t, c.cluster.AwaitCaughtUp(t.Context()))
	c.arm(t, moment)
	s.begin(t)
	armed := c.manager
	over := func() bool {
		if armed.hasEnded() || moment != lastMoment && slices.Contains(c.trace(t), lastMoment) {
			return true
		}
		return c.rivals && !c.managers.leads(t, armed) // another one has come to lead by itself, and does the rest
	}
	poll(t, armed, "the end of the manager or of the recovery", over)
	c.disarm(t)
	c.manager = c.managers.lead(t)
	c.awaitOver(t, s, primary)
	s.after(t)
	c.awaitWhole(t)
	c.checkHooks(t, moment)
	c.acknowledge(t)
	died = armed.hasEnded()
	c.managers.rest(t)
	c.lost = nil
	return died
}

// acknowledge has what is on record not be in the way of the next round. Among several managers nobody may lead for a moment:
// on a machine that is busy elections come by themselves.
func (c *crashes) acknowledge(t *testing.T) {
	t.Helper()
	c.manager.await(t, "the acknowledgement", func() bool {
		status, body := c.manager.get(t, "/api/ack-all-recoveries?comment=seen")
		if status != http.StatusOK && !(c.rivals && status == http.StatusServiceUnavailable) {
			t.Fatalf("acknowledging: %d %s", status, body)
		}
		return status == http.StatusOK
	})
}

func (c *crashes) killPrimary(t *testing.T) {
	c.lost = c.writer(t)
	must(t, c.lost.Kill())
}

func (c *crashes) primaryReturns(t *testing.T) { must(t, c.lost.Restart(t.Context())) }

func (c *crashes) askForTakeover(t *testing.T) {
	// The manager may die before it answers.
	url := c.manager.url + "/api/graceful-master-takeover-auto/" + strings.Replace(c.writer(t).Addr(), ":", "/", 1)
	client := &c.manager.client
	go func() {
		if w, err := client.Get(url); err == nil {
			_ = w.Body.Close()
		}
	}()
}

// poll is await for a manager that may end.
func poll(t *testing.T, s *serviceProcess, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), systemWithin)
	defer cancel()
	for !holds() {
		if ctx.Err() != nil {
			t.Fatalf("waited in vain for %s; the log of the manager:\n%s", what, s.logged())
		}
		pause(ctx)
	}
}

// writer is the one server that takes writes.
func (c *crashes) writer(t *testing.T) *sandbox.Node {
	t.Helper()
	open := writers(t, c.cluster)
	if len(open) != 1 {
		t.Fatalf("%d servers take writes", len(open))
	}
	return open[0]
}

// writers are the servers that run and take writes.
func writers(t *testing.T, c *sandbox.Cluster) (open []*sandbox.Node) {
	t.Helper()
	for _, n := range c.Nodes() {
		if !n.Running() {
			continue
		}
		readOnly, err := n.ReadOnly(t.Context())
		must(t, err)
		if !readOnly {
			open = append(open, n)
		}
	}
	return open
}

// follows says whether all servers that run, but for the one, replicate from it.
func (c *crashes) follow(t *testing.T, primary *sandbox.Node) bool {
	t.Helper()
	return !slices.ContainsFunc(c.cluster.Nodes(), func(n *sandbox.Node) bool {
		if n == primary || !n.Running() {
			return false
		}
		status, is, err := n.Replica(t.Context())
		return err != nil || !is || !status.Running() || status.SourcePort != primary.Port
	})
}

// awaitWhole waits until the manager sees one primary with two replicas, and so it is.
func (c *crashes) awaitWhole(t *testing.T) {
	t.Helper()
	type instance struct {
		Key                            struct{ Port int }
		MasterKey                      struct{ Port int }
		IsLastCheckValid, ReadOnly     bool
		Slave_SQL_Running, IsDowntimed bool
		Slave_IO_Running               bool
	}
	c.manager.await(t, "the whole cluster", func() bool {
		open := writers(t, c.cluster)
		if len(open) != 1 || !c.follow(t, open[0]) {
			return false
		}
		c.manager = c.managers.lead(t)
		var all []instance
		c.manager.api(t, "all-instances", &all)
		return len(all) == 3 && !slices.ContainsFunc(all, func(i instance) bool {
			if !i.IsLastCheckValid {
				return true
			}
			if i.Key.Port == open[0].Port {
				return i.ReadOnly
			}
			return !i.ReadOnly || i.MasterKey.Port != open[0].Port || !i.Slave_SQL_Running || !i.Slave_IO_Running
		})
	})
}

type crashRecord struct {
	ID                         int
	UID                        string
	IsSuccessful, Acknowledged bool
	RecoveryEndTimestamp       string
	SuccessorKey               struct{ Port int }
	AnalysisEntry              struct{ AnalyzedInstanceKey struct{ Port int } }
	LostReplicas               []struct{ Port int }
}

func (c *crashes) recoveries(t *testing.T) []crashRecord {
	t.Helper()
	var list []crashRecord
	c.manager.api(t, "audit-recovery", &list)
	return list
}

// fresh are those of this round, newest first.
func (c *crashes) fresh(t *testing.T) []crashRecord {
	t.Helper()
	return slices.DeleteFunc(c.recoveries(t), func(r crashRecord) bool { return r.ID <= c.last })
}

type crashDetection struct {
	ID            int
	AnalysisEntry struct{ Analysis string }
}

// detections are the failures on record, newest first.
func (c *crashes) detections(t *testing.T) []crashDetection {
	t.Helper()
	var list []crashDetection
	c.manager.api(t, "audit-failure-detection", &list)
	return list
}

// deaths is how often the failure of this round is on record.
func (c *crashes) deaths(t *testing.T) (n int) {
	t.Helper()
	for _, d := range c.detections(t) {
		if d.ID > c.detected && strings.HasPrefix(d.AnalysisEntry.Analysis, string(analysis.DeadPrimary)) {
			n++
		}
	}
	return n
}

// steps are what the record of a recovery tells of its course.
func (c *crashes) steps(t *testing.T, r crashRecord) string {
	t.Helper()
	_, steps := c.manager.get(t, "/api/audit-recovery-steps/"+r.UID)
	return steps
}

// journals is how many journals are open.
func (c *crashes) journals(t *testing.T) (open int) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(c.manager.dir, "orchestrator.db")+"?_pragma=busy_timeout(5000)")
	must(t, err)
	defer func() { must(t, db.Close()) }()
	must(t, db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM recovery_journal WHERE is_open = 1").Scan(&open))
	return open
}

// awaitOver waits until the servers are in order and nothing is left to be done, and checks that the records say so.
// There is one record, whoever has worked on it.
func (c *crashes) awaitOver(t *testing.T, s scenario, former *sandbox.Node) {
	t.Helper()
	var open []*sandbox.Node
	c.manager.await(t, "one writer with followers, and closed records", func() bool {
		open = writers(t, c.cluster)
		return len(open) == 1 && open[0].Running() && c.follow(t, open[0]) && c.journals(t) == 0 &&
			!slices.ContainsFunc(c.fresh(t), func(r crashRecord) bool { return r.RecoveryEndTimestamp == "" }) &&
			(c.lost == nil || len(c.fresh(t)) > 0 && c.fresh(t)[0].IsSuccessful)
	})
	successes, fresh := 0, c.fresh(t)
	switch deaths := c.deaths(t); {
	case len(fresh) > 1, deaths > 1:
		t.Errorf("%d records of one failure, %d of its detection: %+v", len(fresh), deaths, fresh)
	case c.lost != nil && (len(fresh) != 1 || deaths != 1):
		t.Errorf("%d records of a failover, %d of its detection", len(fresh), deaths)
	}
	for _, r := range fresh {
		if strings.Contains(c.steps(t, r), "begun anew by") {
			c.again++
		}
		switch {
		case r.AnalysisEntry.AnalyzedInstanceKey.Port != former.Port:
			t.Errorf("a recovery of another server: %+v", r)
		case r.IsSuccessful && r.SuccessorKey.Port != open[0].Port, !r.IsSuccessful && r.SuccessorKey.Port != 0, len(r.LostReplicas) > 0:
			t.Errorf("%d takes writes, and the record says %+v", open[0].Port, r)
		case !r.IsSuccessful && !r.Acknowledged:
			t.Errorf("a recovery that did nothing is in the way of others: %+v", r)
		}
		if r.IsSuccessful {
			successes++
		}
	}
	switch {
	case successes > 1:
		t.Errorf("%d recoveries say that they were successful", successes)
	case (successes == 1) != (open[0] != former):
		t.Errorf("%d successful recoveries, and the primary was %s and is %s", successes, former, open[0])
	}
}

// checkHooks sees that no hook has run twice for one recovery, and that those after it have run.
func (c *crashes) checkHooks(t *testing.T, moment string) {
	t.Helper()
	var text []byte
	ran := func(line string) int {
		return strings.Count("\n"+string(text), "\n"+line)
	}
	fresh := c.fresh(t)
	c.manager.await(t, "the end of a hook that outlived the manager", func() bool {
		var err error
		text, err = os.ReadFile(c.hooksFile)
		must(t, err)
		return ran("PostMasterFailoverProcesses ") == ran("PostMasterFailoverProcesses-ended ")
	})
	for _, r := range fresh {
		for _, list := range c.hooks {
			n := ran(list + " " + r.UID)
			want := 0
			switch list {
			case "PreFailoverProcesses":
				want = min(n, 1) // not if the manager died before
			case "PostMasterFailoverProcesses", "PostFailoverProcesses":
				want = map[bool]int{true: 1}[r.IsSuccessful]
			case "PostGracefulTakeoverProcesses":
				want = map[bool]int{true: 1}[r.IsSuccessful && c.lost == nil]
			case "PostUnsuccessfulFailoverProcesses":
				want = min(n, map[bool]int{false: 1}[r.IsSuccessful])
			}
			if strings.HasPrefix(moment, "written down "+list) || strings.HasPrefix(moment, "after SaveProgress") ||
				strings.Contains(c.steps(t, r), list+": 1 of 1 had begun") {
				want = min(n, 1) // it may have been written down as begun, and no more, which counts; the record says so
			}
			if n != want {
				t.Errorf("%s has run %d times for %+v, want %d", list, n, r, want)
			}
		}
	}
}

// describe says what the servers and the records look like, when something was waited for in vain.
func (c *crashes) describe(t *testing.T) {
	t.Helper()
	if !t.Failed() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), systemWithin)
	defer cancel()
	for _, n := range c.cluster.Nodes() {
		readOnly, err := n.ReadOnly(ctx)
		status, _, err2 := n.Replica(ctx)
		t.Logf("%s: read-only %t (%v), replicates %s (%v)", n, readOnly, err, status, err2)
	}
	for _, path := range []string{"audit-recovery", "audit-failure-detection", "all-instances"} {
		_, body := c.manager.get(t, "/api/"+path)
		t.Logf("%s: %s", path, body)
	}
	for _, r := range c.fresh(t) {
		_, body := c.manager.get(t, "/api/audit-recovery-steps/"+r.UID)
		t.Logf("steps of %s: %s", r.UID, body)
	}
}

// pause waits a moment, or until ctx ends.
func pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(5 * time.Millisecond):
	}
}
