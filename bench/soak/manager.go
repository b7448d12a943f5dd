package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"orchestrator/internal/sandbox"
)

// manager is a running manager process.
type manager struct {
	cmd *exec.Cmd
	dir string
	api string
}

func startManager(ctx context.Context, binary string, cluster *sandbox.Cluster) (*manager, error) {
	dir, err := os.MkdirTemp("", "soak-")
	if err != nil {
		return nil, err
	}
	m, err := launchManager(ctx, binary, dir, cluster)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return m, nil
}

func launchManager(ctx context.Context, binary, dir string, cluster *sandbox.Cluster) (*manager, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, err
	}
	// Default settings apart from credentials, recovery filters, semi-sync, and what consecutive failovers and servers
	// without host names need.
	text, err := json.Marshal(map[string]any{
		"MySQLTopologyUser": sandbox.UserOrc, "MySQLTopologyPassword": sandbox.Password(sandbox.UserOrc),
		"RecoverMasterClusterFilters": []string{"*"}, "RecoverIntermediateMasterClusterFilters": []string{"*"},
		"RecoveryPeriodBlockSeconds": 1, "AuditToBackendDB": true, "DetectSemiSyncEnforcedQuery": "SELECT 1",
		"BackendDB": "sqlite", "SQLite3DataFile": filepath.Join(dir, "manager.sqlite3"), "ListenAddress": address,
		"HostnameResolveMethod": "none", "MySQLHostnameResolveMethod": "", "DiscoverByShowSlaveHosts": true,
		"DiscoverySeeds":              []string{cluster.Node(0).Addr()},
		"ReplicationCredentialsQuery": fmt.Sprintf("SELECT '%s', '%s'", sandbox.UserRepl, sandbox.Password(sandbox.UserRepl)),
	})
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
	if binary, err = filepath.Abs(binary); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, binary, "-config", config, "http")
	cmd.Dir, cmd.Stdout, cmd.Stderr = filepath.Dir(filepath.Dir(binary)), log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &manager{cmd: cmd, dir: dir, api: "http://" + address + "/api/"}, nil
}

// awaitPicture waits until the manager shows all servers in good order, all but one replicating.
func (m *manager) awaitPicture(ctx context.Context, nodes int) error {
	var last string
	err := await(ctx, 50*time.Millisecond, func() bool {
		var servers []struct {
			IsLastCheckValid                    bool
			Slave_SQL_Running, Slave_IO_Running bool //nolint:revive // the API's own names
			MasterKey                           struct{ Hostname string }
			ClusterName                         string
		}
		err := m.get(ctx, "all-instances", &servers)
		good, tops := 0, 0
		for _, s := range servers {
			switch {
			case !s.IsLastCheckValid || s.ClusterName != servers[0].ClusterName:
			case s.MasterKey.Hostname == "":
				tops++
				good++
			case s.Slave_SQL_Running && s.Slave_IO_Running:
				good++
			}
		}
		last = fmt.Sprintf("%d of %d servers in good order, %d without a source (%v)", good, nodes, tops, err)
		return good == nodes && tops == 1
	})
	if err != nil {
		return fmt.Errorf("the manager does not see the cluster: %s: %w", last, err)
	}
	return nil
}

// auditEntry is a line of the manager's audit log.
type auditEntry struct {
	AuditId          int64 //nolint:revive // the API's own name
	AuditType        string
	AuditInstanceKey struct {
		Hostname string
		Port     int
	}
	Message string
}

// audit lists the newest lines, newest first.
func (m *manager) audit(ctx context.Context) ([]auditEntry, error) {
	var entries []auditEntry
	err := m.get(ctx, "audit", &entries)
	return entries, err
}

func (m *manager) get(ctx context.Context, path string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.api+path, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	return json.NewDecoder(res.Body).Decode(into)
}

func (m *manager) logTail() string {
	text, err := os.ReadFile(filepath.Join(m.dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-16384):])
}

// stop ends the manager and removes what it left.
func (m *manager) stop() error {
	if err := m.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = m.cmd.Wait() // ended by a signal is how it shall end
	}()
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		if err := m.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
		<-ended
	}
	return os.RemoveAll(m.dir)
}

// await asks until the answer is yes.
func await(ctx context.Context, every time.Duration, ask func() bool) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for !ask() {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
	}
	return nil
}
