package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
)

// buildClient builds orchestrator-client, once.
var buildClient = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "orchestrator-client-")
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "orchestrator-client")
	if out, err := exec.Command("go", "build", "-o", file, "orchestrator/cmd/orchestrator-client").CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %s", err, out), os.RemoveAll(dir))
	}
	program, err := os.ReadFile(file)
	return program, errors.Join(err, os.RemoveAll(dir))
})

// clusterSession is a service and a real cluster that it manages.
type clusterSession struct {
	*serviceProcess
	cluster *sandbox.Cluster
	client  string // the client program
	hooks   string // the file that hooks write to
}

// address is a server as a path of the API.
func (c *clusterSession) address(n int) string {
	return strings.Replace(c.cluster.Node(n).Addr(), ":", "/", 1)
}

// runClient runs orchestrator-client and returns what it prints and how it ends.
func (c *clusterSession) runClient(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), systemWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.client, append([]string{"-U", c.url + "/api"}, args...)...)
	cmd.Env = []string{"TZ=UTC", "HOME=" + c.dir}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// prints checks that the client succeeds and prints these lines, in any order.
func (c *clusterSession) prints(t *testing.T, args string, want ...string) {
	t.Helper()
	out, errs, code := c.runClient(t, strings.Fields(args)...)
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	slices.Sort(lines)
	want = slices.Sorted(slices.Values(want))
	if code != 0 || !slices.Equal(lines, want) {
		t.Errorf("orchestrator-client %s: exit code %d, %q, want %q; %s", args, code, lines, want, errs)
	}
}

// settings are the configuration of the service; pre is the hook before a failover.
func (c *clusterSession) settings(password, pre string) []string {
	hook := func(stage, more string) string {
		return fmt.Sprintf("echo %s {failureType} {failedHost}:{failedPort} $ORC_FAILURE_TYPE $ORC_FAILED_PORT {failureClusterAlias} {countReplicas} %s >> %s", stage, more, c.hooks)
	}
	quoted := func(s string) string { text, _ := json.Marshal(s); return string(text) } // a string always has a form
	after := "{successorHost}:{successorPort} $ORC_SUCCESSOR_PORT {isSuccessful} {lostReplicas}"
	return []string{
		`"MySQLTopologyUser": ` + quoted(sandbox.UserOrc), `"MySQLTopologyPassword": ` + quoted(password),
		`"DiscoverySeeds": [` + quoted(c.cluster.Node(0).Addr()) + `]`, `"DiscoverByShowSlaveHosts": true`,
		`"RecoverMasterClusterFilters": ["*"]`, `"AuditToBackendDB": true`, `"RecoveryPeriodBlockSeconds": 3600`,
		`"DetectClusterAliasQuery": "SELECT 'orders'"`,
		`"OnFailureDetectionProcesses": [` + quoted(hook("detected", "")) + `]`,
		`"PreFailoverProcesses": [` + quoted(hook("pre", "")+"; "+pre) + `]`,
		`"PostMasterFailoverProcesses": [` + quoted(hook("post-primary", after)) + `]`,
		`"PostFailoverProcesses": [` + quoted(hook("post", after)) + `]`,
	}
}

func (c *clusterSession) reload(t *testing.T, password, pre string) {
	t.Helper()
	before := strings.Count(c.logged(), "the configuration was reloaded")
	c.configure(t, c.settings(password, pre)...)
	c.signal(t, syscall.SIGHUP)
	c.await(t, "the reload", func() bool {
		return strings.Count(c.logged(), "the configuration was reloaded") > before
	})
}

func startCluster(t *testing.T, flavor sandbox.Flavor) *clusterSession {
	t.Helper()
	c := &clusterSession{cluster: sandboxtest.New(t, sandbox.Options{Flavor: flavor, Nodes: 4, GTID: true})}
	binary, err := buildClient()
	must(t, err)
	dir := t.TempDir()
	c.client, c.hooks = filepath.Join(dir, "orchestrator-client"), filepath.Join(dir, "hooks")
	must(t, os.WriteFile(c.client, binary, 0o700))
	c.serviceProcess = startProcess(t, c.settings("not the password", "exit 1")...)
	return c
}

// TestOperatorsDay is the service with real servers, from a wrong password to the second failover.
func TestOperatorsDay(t *testing.T) {
	t.Parallel()
	sandboxtest.EachFlavor(t, func(t *testing.T, flavor sandbox.Flavor) {
		t.Parallel()
		c := startCluster(t, flavor)
		c.wrongPassword(t)
		c.discover(t)
		c.look(t)
		c.declare(t)
		c.refuseRecovery(t)
		c.outOfDisk(t)
		c.failingHook(t)
		second := c.firstFailover(t)
		c.blockedFailover(t, second)
	})
}

// wrongPassword: the service runs, and says what to look at.
func (c *clusterSession) wrongPassword(t *testing.T) {
	t.Helper()
	addr := c.cluster.Node(0).Addr()
	log := c.awaitLog(t, "server cannot be read; it is asked again and again instance="+addr)
	r := c.ask(t, "discover/"+c.address(0))
	if r.Code != "ERROR" {
		t.Fatalf("discovered with a wrong password: %+v", r)
	}
	for where, text := range map[string]string{"the log": log, "the answer": r.Message} {
		for _, part := range []string{addr, "1045", "MySQLTopologyPassword"} {
			if !strings.Contains(text, part) {
				t.Errorf("%s lacks %q: %s", where, part, text)
			}
		}
	}
	if out, errs, code := c.runClient(t, "-c", "discover", "-i", addr); code != 1 || !strings.Contains(out+errs, "1045") {
		t.Errorf("the client: exit code %d, %q, %q", code, out, errs)
	}
}

// discover: a right password in a reloaded configuration is enough.
func (c *clusterSession) discover(t *testing.T) {
	t.Helper()
	c.reload(t, sandbox.Password(sandbox.UserOrc), "exit 1")
	if r := c.ok(t, "discover/"+c.address(0)); r.Message != "Instance discovered: "+c.cluster.Node(0).Addr() {
		t.Errorf("message %q", r.Message)
	}
	c.awaitAll(t)
	c.await(t, "the alias of the cluster", func() bool {
		var clusters []struct{ ClusterAlias string }
		c.api(t, "clusters-info", &clusters)
		return len(clusters) == 1 && clusters[0].ClusterAlias == "orders"
	})
}

// awaitAll waits until all four servers are known, and replicate.
func (c *clusterSession) awaitAll(t *testing.T) {
	t.Helper()
	type instance struct {
		IsLastCheckValid  bool
		Slave_SQL_Running bool
		ReplicationDepth  int
	}
	c.await(t, "the whole cluster", func() bool {
		var all []instance
		c.api(t, "all-instances", &all)
		return len(all) == 4 && !slices.ContainsFunc(all, func(i instance) bool { return !i.IsLastCheckValid || i.ReplicationDepth > 0 && !i.Slave_SQL_Running })
	})
}

// look asks the API and the client what there is.
func (c *clusterSession) look(t *testing.T) {
	t.Helper()
	addrs := c.cluster.Addrs()
	for path, parts := range map[string][]string{
		"instance/" + c.address(1): {`"Port":` + strings.Split(addrs[1], ":")[1], `"ClusterName":"` + addrs[0] + `"`, `"ReadOnly":true`},
		"topology/orders":          append([]string{"0s,ok,", ",rw,ROW,"}, addrs...),
		"topology/" + c.address(2): addrs,
		"clusters":                 {`["` + addrs[0] + `"]`},
		"cluster-info/orders":      {`"ClusterAlias":"orders"`, `"CountInstances":4`},
		"masters":                  {`"Port":` + strings.Split(addrs[0], ":")[1]},
	} {
		status, body := c.get(t, "/api/"+path)
		for _, part := range parts {
			if status != http.StatusOK || !strings.Contains(body, part) {
				t.Errorf("%s: %d, lacks %s:\n%s", path, status, part, body)
			}
		}
	}
	c.prints(t, "-c clusters", addrs[0])
	c.prints(t, "-c clusters-alias", addrs[0]+",orders")
	c.prints(t, "-c which-cluster-instances -a orders", addrs...)
	c.prints(t, "-c which-replicas -i "+addrs[0], addrs[1:]...)
	c.prints(t, "-c which-master -i "+addrs[1], addrs[0])
	c.prints(t, "-c replication-analysis", "")
	if out, errs, code := c.runClient(t, "-c", "which-replicas"); code != 1 || out != "" || !strings.Contains(errs, "must be provided") {
		t.Errorf("a client without an instance: %d %q %q", code, out, errs)
	}
	if out, errs, code := c.runClient(t, "-U", "http://127.0.0.1:1/api", "-c", "clusters"); code != 1 || out != "" || !strings.Contains(errs, "127.0.0.1:1") {
		t.Errorf("a client without a service: %d %q %q", code, out, errs)
	}
	if out, errs, code := c.runClient(t, "-c", "nosuch"); code != 1 || !strings.Contains(out+errs, "nosuch") {
		t.Errorf("a client without a command: %d %q %q", code, out, errs)
	}
}

// declare declares things through the API and the client.
func (c *clusterSession) declare(t *testing.T) {
	t.Helper()
	one, addr := c.address(1), c.cluster.Node(1).Addr()
	contains := func(path, text string, want bool) {
		t.Helper()
		if status, body := c.get(t, "/api/"+path); status != http.StatusOK || strings.Contains(body, text) != want {
			t.Errorf("%s: %d, %q in it: wanted %t\n%s", path, status, text, want, body)
		}
	}
	c.ok(t, "begin-downtime/"+one+"/me/"+url.PathEscape("new disks")+"/1h")
	contains("downtimed/orders", `"DowntimeReason":"new disks"`, true)
	c.ok(t, "end-downtime/"+one)
	contains("downtimed/orders", "new disks", false)
	c.ok(t, "begin-maintenance/"+one+"/me/why")
	if r := c.ask(t, "begin-maintenance/"+one+"/you/why"); r.Code != "ERROR" || !strings.Contains(r.Message, "already in maintenance") {
		t.Errorf("maintenance twice: %+v", r)
	}
	contains("maintenance", `"Owner":"me"`, true)
	c.ok(t, "end-maintenance/"+one)
	contains("maintenance", "me", false)
	c.ok(t, "register-candidate/"+one+"/prefer")
	contains("bulk-promotion-rules", `prefer`, true)
	c.ok(t, "tag/"+one+"?tag=role%3Dbackup")
	contains("tags/"+one, "role=backup", true)
	contains("topology-tags/orders", "[role=backup]", true)
	c.prints(t, "-c tagged -t role=backup", addr)
	c.prints(t, "-c untag -i "+addr+" -t role", addr)
	c.prints(t, "-c begin-downtime -i "+addr+" -r why -u 1m", addr)
	c.prints(t, "-c downtimed", addr)
	c.prints(t, "-c end-downtime -i "+addr, addr)
}

// refuseRecovery: what is well is not repaired.
func (c *clusterSession) refuseRecovery(t *testing.T) {
	t.Helper()
	r := c.ask(t, "recover/"+c.address(0))
	if r.Code != "ERROR" || !strings.HasPrefix(r.Message, "Recovery not attempted") || !strings.Contains(r.Message, c.cluster.Node(0).Addr()) {
		t.Errorf("recover answers %+v", r)
	}
	if out, errs, code := c.runClient(t, "-c", "recover", "-i", c.cluster.Node(0).Addr()); code != 1 || !strings.Contains(errs, "Recovery not attempted") {
		t.Errorf("the client: %d %q %q", code, out, errs)
	}
}

// outOfDisk: the service looks on while nothing can be written, and says so once.
func (c *clusterSession) outOfDisk(t *testing.T) {
	t.Helper()
	c.limitFiles(t, 1)
	c.awaitLog(t, "ERROR backend: observations cannot be written; they are kept in memory and tried again")
	seen := func() string {
		var i struct{ LastSeenTimestamp string }
		c.api(t, "instance/"+c.address(0), &i)
		return i.LastSeenTimestamp
	}
	before := seen()
	c.await(t, "fresh observations", func() bool { return seen() != before })
	c.limitFiles(t, ^uint64(0))
	c.awaitLog(t, "INFO backend: observations are written again")
	c.awaitLog(t, "INFO signs of life are given again")
}

// TestFailoverOnFullDisk loses the primary while the manager can write nothing at all: it is replaced, hooks run, and
// the service goes on when there is room again.
func TestFailoverOnFullDisk(t *testing.T) {
	t.Parallel()
	c := &clusterSession{cluster: sandboxtest.New(t, sandbox.Options{Nodes: 4, GTID: true}), hooks: filepath.Join(t.TempDir(), "hooks")}
	keys := append(c.settings(sandbox.Password(sandbox.UserOrc), "true"), `"OnFailureDetectionProcesses": ["true"]`, `"PreFailoverProcesses": ["test $ORC_FAILURE_TYPE = DeadMaster"]`,
		`"PostMasterFailoverProcesses": ["true"]`, `"PostFailoverProcesses": []`)
	c.serviceProcess = startProcess(t, keys...)
	c.awaitAll(t)
	c.limitFiles(t, 1)
	c.awaitLog(t, "ERROR backend: observations cannot be written; they are kept in memory and tried again")
	must(t, c.cluster.Node(0).Kill())
	log := c.awaitLog(t, `outcome="successor `)
	promoted := slices.IndexFunc(c.cluster.Nodes(), func(n *sandbox.Node) bool { return strings.Contains(log, `outcome="successor `+n.Addr()) })
	if promoted < 1 {
		t.Fatalf("server %d was promoted", promoted)
	}
	c.awaitFollowers(t, promoted)
	c.limitFiles(t, ^uint64(0))
	c.awaitLog(t, "INFO signs of life are given again")
}

// recovery is what the API tells of one.
type systemRecovery struct {
	UID                  string
	IsSuccessful         bool
	RecoveryEndTimestamp string
	SuccessorKey         struct{ Port int }
	AllErrors            []string
	AnalysisEntry        struct{ Analysis string }
	Acknowledged         bool
}

func (c *clusterSession) recoveries(t *testing.T) []systemRecovery {
	t.Helper()
	var list []systemRecovery
	c.api(t, "audit-recovery", &list)
	return list
}

// awaitRecovery waits for the n-th recovery to have ended.
func (c *clusterSession) awaitRecovery(t *testing.T, n int) systemRecovery {
	t.Helper()
	var newest systemRecovery
	c.await(t, fmt.Sprintf("recovery %d", n), func() bool {
		list := c.recoveries(t)
		if len(list) < n {
			return false
		}
		newest = list[0]
		return newest.RecoveryEndTimestamp != ""
	})
	return newest
}

// failingHook: a hook before the failover that fails keeps the cluster as it is.
func (c *clusterSession) failingHook(t *testing.T) {
	t.Helper()
	must(t, c.cluster.Node(0).Kill())
	r := c.awaitRecovery(t, 1)
	if r.IsSuccessful || r.SuccessorKey.Port != 0 || !strings.Contains(strings.Join(r.AllErrors, " "), "PreFailoverProcesses") {
		t.Errorf("a recovery whose hook failed: %+v", r)
	}
	for n := 1; n < 4; n++ {
		if readOnly, err := c.cluster.Node(n).ReadOnly(t.Context()); err != nil || !readOnly {
			t.Errorf("server %d takes writes (%v)", n, err)
		}
	}
	if r := c.ok(t, "replication-analysis"); !strings.Contains(string(r.Details), `"DeadMaster"`) {
		t.Errorf("analysis %s", r.Details)
	}
	line := fmt.Sprintf("%s (cluster %[1]s): DeadMaster\n", c.cluster.Node(0).Addr())
	if out, errs, code := c.runClient(t, "-c", "replication-analysis"); code != 0 || !strings.Contains(out, line) {
		t.Errorf("the client: %d %q %q", code, out, errs)
	}
}

// firstFailover: with the hook mended and the failed recovery acknowledged, the primary is replaced. It returns the
// index of the new one.
func (c *clusterSession) firstFailover(t *testing.T) int {
	t.Helper()
	c.reload(t, sandbox.Password(sandbox.UserOrc), "true")
	out, errs, code := c.runClient(t, "-c", "ack-cluster-recoveries", "-a", "orders", "-r", "mended")
	if code != 0 {
		t.Fatalf("acknowledge: %d %q %q", code, out, errs)
	}
	r := c.awaitRecovery(t, 2)
	if !r.IsSuccessful || r.AnalysisEntry.Analysis != "DeadMaster" {
		t.Fatalf("recovery %+v", r)
	}
	promoted := slices.IndexFunc(c.cluster.Nodes(), func(n *sandbox.Node) bool { return n.Port == r.SuccessorKey.Port })
	if promoted != 1 {
		t.Errorf("server %d was promoted, not the registered candidate", promoted)
	}
	c.awaitFollowers(t, promoted)

	var steps []struct{ Message string }
	c.api(t, "audit-recovery-steps/"+r.UID, &steps)
	if len(steps) < 4 {
		t.Errorf("steps %+v", steps)
	}
	if _, body := c.get(t, "/metrics"); !strings.Contains(body, "orchestrator_recovery_stage_seconds_count{") {
		t.Error("no stage times in /metrics")
	}
	c.checkHooks(t, promoted)
	return promoted
}

// awaitFollowers waits until all servers that run follow the promoted one, which takes writes.
func (c *clusterSession) awaitFollowers(t *testing.T, promoted int) {
	t.Helper()
	primary := c.cluster.Node(promoted)
	c.await(t, "a writable primary with followers", func() bool {
		if readOnly, err := primary.ReadOnly(t.Context()); err != nil || readOnly {
			return false
		}
		for _, n := range c.cluster.Nodes() {
			if n == primary || !n.Running() {
				continue
			}
			status, is, err := n.Replica(t.Context())
			if err != nil || !is || !status.Running() || status.SourcePort != primary.Port {
				return false
			}
		}
		return true
	})
}

func (c *clusterSession) checkHooks(t *testing.T, promoted int) {
	t.Helper()
	failed, successor := c.cluster.Node(0), c.cluster.Node(promoted)
	what := fmt.Sprintf("DeadMaster %s DeadMaster %d orders 3", failed.Addr(), failed.Port)
	after := fmt.Sprintf(" %s %d true", successor.Addr(), successor.Port)
	last := "post " + what + after
	want := []string{"detected " + what, "pre " + what, "detected " + what, "pre " + what, "post-primary " + what + after, last}
	var got []string
	c.await(t, "the hooks", func() bool {
		text, err := os.ReadFile(c.hooks)
		must(t, err)
		got = nil
		for line := range strings.Lines(string(text)) {
			got = append(got, strings.TrimSpace(line))
		}
		return slices.Contains(got, last)
	})
	// Acknowledging ends the detection, so the failure is detected anew, unless this process still remembers that it told.
	if !slices.Equal(got, want) && !slices.Equal(got, slices.Delete(slices.Clone(want), 2, 3)) {
		t.Errorf("hooks wrote\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// blockedFailover: the new primary fails a short time later; the cluster waits for a person, and goes on when one has
// acknowledged.
func (c *clusterSession) blockedFailover(t *testing.T, second int) {
	t.Helper()
	must(t, c.cluster.Node(second).Kill())
	var blocked []struct {
		FailedInstanceKey struct{ Port int }
		Analysis          string
	}
	c.await(t, "a blocked recovery", func() bool {
		c.api(t, "blocked-recoveries", &blocked)
		return len(blocked) > 0
	})
	if blocked[0].FailedInstanceKey.Port != c.cluster.Node(second).Port || blocked[0].Analysis != "DeadMaster" {
		t.Errorf("blocked: %+v", blocked)
	}
	if n := len(c.recoveries(t)); n != 2 {
		t.Errorf("%d recoveries", n)
	}
	c.prints(t, "-c ack-all-recoveries -r seen", "seen")
	r := c.awaitRecovery(t, 3)
	promoted := slices.IndexFunc(c.cluster.Nodes(), func(n *sandbox.Node) bool { return n.Port == r.SuccessorKey.Port })
	if !r.IsSuccessful || promoted < 0 {
		t.Fatalf("recovery %+v", r)
	}
	c.awaitFollowers(t, promoted)
	c.await(t, "no blocked recovery", func() bool {
		c.api(t, "blocked-recoveries", &blocked)
		return len(blocked) == 0
	})
	var acknowledged int
	for _, r := range c.recoveries(t) {
		if r.Acknowledged {
			acknowledged++
		}
	}
	if acknowledged != 2 {
		t.Errorf("%d recoveries are acknowledged", acknowledged)
	}
	began := time.Now()
	c.signal(t, syscall.SIGTERM)
	if code := c.exitCode(t); code != 0 {
		t.Errorf("exit code %d after %s", code, time.Since(began))
	}
}
