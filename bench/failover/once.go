package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"orchestrator/internal/sandbox"
)

// result is what one failover took.
type result struct {
	outage       time.Duration // from the primary's end until a new primary acknowledged a write
	follow       time.Duration // until every survivor had a row of the new primary's
	acknowledged int
	lost         int // rows that were acknowledged, had reached a replica, and are not there
}

const loadTable = sandbox.Database + "." + sandbox.LoadTable

// within bounds every wait of one run.
const within = 2 * time.Minute

// once boots servers and a manager, fails the primary, and measures.
func once(ctx context.Context, o options, flavor sandbox.Flavor, scenario string) (r result, err error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	cluster, err := sandbox.Start(ctx, sandbox.Options{
		Flavor: flavor, Nodes: o.nodes, GTID: o.gtid, SemiSync: o.semiSync, NetTimeout: o.netTimeout,
	})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, cluster.Close()) }()
	m, err := startManager(ctx, o, cluster)
	if err != nil {
		return r, err
	}
	defer func() {
		if err != nil && o.verbose {
			fmt.Fprintf(os.Stderr, "the manager's log:\n%s\n", m.logTail())
		}
		err = errors.Join(err, m.stop())
	}()
	if err := m.awaitPicture(ctx, o.nodes); err != nil {
		return r, err
	}
	load, err := sandbox.StartLoad(ctx, func() []string { return cluster.Addrs() }, sandbox.LoadOptions{Timeout: 250 * time.Millisecond})
	if err != nil {
		return r, err
	}
	defer load.Stop()
	if err := load.AwaitCommits(ctx, 100); err != nil {
		return r, err
	}
	if scenario == "takeover" {
		r, err = measureTakeover(ctx, m, cluster, load)
	} else {
		r, err = measure(ctx, cluster, load, scenario)
	}
	if o.verbose {
		m.printSteps(ctx, os.Stderr)
	}
	return r, err
}

// measure fails the primary under load.
func measure(ctx context.Context, cluster *sandbox.Cluster, load *sandbox.Load, scenario string) (r result, err error) {
	primary := cluster.Node(0)
	failed := time.Now()
	if scenario == "freeze" {
		err = primary.Freeze()
	} else {
		err = primary.Kill()
	}
	if err != nil {
		return r, err
	}
	successor, at, err := awaitOther(ctx, cluster, load, failed)
	if err != nil {
		return r, err
	}
	r.outage = at.Sub(failed)
	if err := load.AwaitCommits(ctx, 20); err != nil {
		return r, err
	}
	for _, n := range cluster.Nodes()[1:] {
		if n != successor {
			if err := awaitRow(ctx, n, successor); err != nil {
				return r, err
			}
		}
	}
	r.follow = time.Since(failed)
	return r, check(ctx, cluster, load.Stop(), successor, failed, &r)
}

// measureTakeover has another server take over under load. The outage is the time between the last write that the old
// primary acknowledged and the first one of the new primary.
func measureTakeover(ctx context.Context, m *manager, cluster *sandbox.Cluster, load *sandbox.Load) (r result, err error) {
	began := time.Now()
	old := cluster.Node(0)
	var answer struct {
		Code, Message string
		Details       struct{ SuccessorKey struct{ Port int } }
	}
	if err := m.get(ctx, fmt.Sprintf("graceful-master-takeover-auto/%s/%d", old.Host, old.Port), &answer); err != nil {
		return r, err
	}
	if answer.Code != "OK" {
		return r, fmt.Errorf("the takeover failed: %s", answer.Message)
	}
	successor, first, err := awaitOther(ctx, cluster, load, began)
	if err != nil {
		return r, err
	}
	if successor.Port != answer.Details.SuccessorKey.Port {
		return r, fmt.Errorf("%s takes writes, and the answer names port %d", successor, answer.Details.SuccessorKey.Port)
	}
	last := began
	for _, c := range load.Result().Commits {
		if c.Addr == old.Addr() {
			last = c.At
		}
	}
	r.outage = first.Sub(last)
	if err := load.AwaitCommits(ctx, 20); err != nil {
		return r, err
	}
	for _, n := range cluster.Nodes() {
		if n != successor {
			if err := awaitRow(ctx, n, successor); err != nil {
				return r, err
			}
		}
	}
	r.follow = time.Since(began)
	done := load.Stop()
	r.acknowledged = len(done.Commits)
	missing, err := done.Missing(ctx, successor)
	r.lost = len(missing)
	return r, err
}

// awaitOther waits for the first write that another server than the lost primary acknowledged.
func awaitOther(ctx context.Context, cluster *sandbox.Cluster, load *sandbox.Load, after time.Time) (*sandbox.Node, time.Time, error) {
	for {
		if err := load.AwaitCommits(ctx, 1); err != nil {
			return nil, time.Time{}, fmt.Errorf("no write was accepted after the primary's end: %w", err)
		}
		for _, c := range load.Result().Commits {
			if c.Addr == cluster.Node(0).Addr() || c.At.Before(after) {
				continue
			}
			for _, n := range cluster.Nodes() {
				if n.Addr() == c.Addr {
					return n, c.At, nil
				}
			}
		}
	}
}

// awaitRow waits until a survivor has the newest row that the successor has at this moment.
func awaitRow(ctx context.Context, n, successor *sandbox.Node) error {
	var want, have int64
	newest := "SELECT COALESCE(MAX(id), 0) FROM " + loadTable
	if err := successor.Scan(ctx, newest, &want); err != nil {
		return err
	}
	for {
		if err := n.Scan(ctx, newest, &have); err == nil && have >= want {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not follow the new primary %s: it has row %d, not %d", n, successor, have, want)
		case <-time.After(time.Millisecond):
		}
	}
}

// check looks for rows that were acknowledged and are gone. A row of the last moments may have reached no replica: it
// counts as lost only if a survivor has a later one of the old primary's.
func check(ctx context.Context, cluster *sandbox.Cluster, load sandbox.LoadResult, successor *sandbox.Node, failed time.Time, r *result) error {
	r.acknowledged = len(load.Commits)
	missing, err := load.Missing(ctx, successor)
	if err != nil {
		return err
	}
	var newestKept int64
	gone := make(map[int64]bool, len(missing))
	for _, id := range missing {
		gone[id] = true
	}
	for _, c := range load.Commits {
		if c.Addr == cluster.Node(0).Addr() && !gone[c.ID] {
			newestKept = max(newestKept, c.ID)
		}
	}
	for _, id := range missing {
		reached := id <= newestKept
		for _, n := range cluster.Nodes()[1:] {
			var there int
			if err := n.Scan(ctx, fmt.Sprintf("SELECT COUNT(*) FROM %s WHERE id = %d", loadTable, id), &there); err == nil && there > 0 {
				reached = true
			}
		}
		if reached {
			r.lost++
		}
	}
	return nil
}

// manager is a running manager process.
type manager struct {
	cmd *exec.Cmd
	dir string
	api string
}

func startManager(ctx context.Context, o options, cluster *sandbox.Cluster) (*manager, error) {
	dir, err := os.MkdirTemp("", "failover-bench-")
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	// Default settings apart from credentials, recovery filters, and what servers that share one host name need.
	settings := map[string]any{
		"MySQLTopologyUser": sandbox.UserOrc, "MySQLTopologyPassword": sandbox.Password(sandbox.UserOrc),
		"RecoverMasterClusterFilters": []string{"*"}, "RecoverIntermediateMasterClusterFilters": []string{"*"},
		"BackendDB": "sqlite", "SQLite3DataFile": filepath.Join(dir, "manager.sqlite3"), "ListenAddress": address,
		"HostnameResolveMethod": "none", "MySQLHostnameResolveMethod": "", "DiscoverByShowSlaveHosts": true,
		"DiscoverySeeds":              []string{cluster.Node(0).Addr()},
		"ReplicationCredentialsQuery": fmt.Sprintf("SELECT '%s', '%s'", sandbox.UserRepl, sandbox.Password(sandbox.UserRepl)),
	}
	text, err := json.Marshal(settings)
	if err != nil {
		return nil, err
	}
	config := filepath.Join(dir, "orchestrator.conf.json")
	if err := os.WriteFile(config, text, 0o600); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	binary, err := filepath.Abs(o.binary)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, binary, "-config", config, "http")
	cmd.Dir, cmd.Stdout, cmd.Stderr = filepath.Dir(filepath.Dir(binary)), log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	m := &manager{cmd: cmd, dir: dir, api: "http://" + address + "/api/"}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return m, nil
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// awaitPicture waits until the manager shows all servers, and each replica as replicating.
func (m *manager) awaitPicture(ctx context.Context, nodes int) error {
	var last string
	for {
		var servers []struct {
			IsLastCheckValid                    bool
			Slave_SQL_Running, Slave_IO_Running bool //nolint:revive // the API's own names
			MasterKey                           struct{ Hostname string }
			ClusterName                         string
		}
		err := m.get(ctx, "all-instances", &servers)
		good := 0
		for _, s := range servers {
			if s.IsLastCheckValid && (s.MasterKey.Hostname == "" || s.Slave_SQL_Running && s.Slave_IO_Running) && s.ClusterName == servers[0].ClusterName {
				good++
			}
		}
		if good == nodes {
			return nil
		}
		last = fmt.Sprintf("%d of %d servers are seen in good order (%v)", good, nodes, err)
		select {
		case <-ctx.Done():
			return fmt.Errorf("the manager does not see the cluster: %s", last)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// printSteps prints what the manager notes of its newest recovery.
func (m *manager) printSteps(ctx context.Context, to io.Writer) {
	var recoveries []struct{ UID, RecoveryStartTimestamp, RecoveryEndTimestamp string }
	if err := m.get(ctx, "audit-recovery", &recoveries); err != nil || len(recoveries) == 0 {
		fmt.Fprintf(to, "  the manager shows no recovery (%v)\n", err)
		return
	}
	var steps []struct{ AuditAt, Message string }
	if err := m.get(ctx, "audit-recovery-steps/"+recoveries[0].UID, &steps); err != nil {
		fmt.Fprintln(to, "  the steps of the recovery cannot be read:", err)
	}
	for _, s := range steps {
		fmt.Fprintf(to, "  %s  %s\n", s.AuditAt, s.Message)
	}
}

func (m *manager) get(ctx context.Context, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.api+path, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}

func (m *manager) logTail() string {
	text, err := os.ReadFile(filepath.Join(m.dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-16384):])
}

// stop ends the manager and removes its files.
func (m *manager) stop() error {
	_ = m.cmd.Process.Signal(syscall.SIGTERM)
	ended := make(chan error, 1)
	go func() { ended <- m.cmd.Wait() }()
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		_ = m.cmd.Process.Kill()
		<-ended
	}
	return os.RemoveAll(m.dir)
}
