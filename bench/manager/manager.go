// Package manager starts the manager that a benchmark drives, as a process of its own with a configuration and a backend
// of its own, and asks its API.
package manager

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"orchestrator/internal/sandbox"
)

// Manager is a running manager process.
type Manager struct {
	cmd *exec.Cmd
	dir string
	api string
}

// Start starts a manager of a cluster, with default settings apart from credentials, recovery filters, what servers
// without host names need, and what more says.
func Start(ctx context.Context, binary string, cluster *sandbox.Cluster, more map[string]any) (*Manager, error) {
	dir, err := os.MkdirTemp("", "bench-manager-")
	if err != nil {
		return nil, err
	}
	m, err := launch(ctx, binary, dir, cluster, more)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return m, nil
}

func launch(ctx context.Context, binary, dir string, cluster *sandbox.Cluster, more map[string]any) (*Manager, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	settings := map[string]any{
		"MySQLTopologyUser": sandbox.UserOrc, "MySQLTopologyPassword": sandbox.Password(sandbox.UserOrc),
		"RecoverMasterClusterFilters": []string{"*"}, "RecoverIntermediateMasterClusterFilters": []string{"*"},
		"BackendDB": "sqlite", "SQLite3DataFile": filepath.Join(dir, "manager.sqlite3"), "ListenAddress": address,
		"HostnameResolveMethod": "none", "MySQLHostnameResolveMethod": "", "DiscoverByShowSlaveHosts": true,
		"DiscoverySeeds":              []string{cluster.Node(0).Addr()},
		"ReplicationCredentialsQuery": fmt.Sprintf("SELECT '%s', '%s'", sandbox.UserRepl, sandbox.Password(sandbox.UserRepl)),
	}
	maps.Copy(settings, more)
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
	if binary, err = filepath.Abs(binary); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, binary, "-config", config, "http")
	cmd.Dir, cmd.Stdout, cmd.Stderr = filepath.Dir(filepath.Dir(binary)), log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &Manager{cmd: cmd, dir: dir, api: "http://" + address + "/api/"}, nil
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// AwaitPicture waits until the manager shows all servers in good order, all but one replicating.
func (m *Manager) AwaitPicture(ctx context.Context, nodes int) error {
	var last string
	err := Await(ctx, 50*time.Millisecond, func() bool {
		var servers []struct {
			IsLastCheckValid                    bool
			Slave_SQL_Running, Slave_IO_Running bool //nolint:revive // the API's own names
			MasterKey                           struct{ Hostname string }
			ClusterName                         string
		}
		err := m.Get(ctx, "all-instances", &servers)
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

// Get asks the API and decodes the answer.
func (m *Manager) Get(ctx context.Context, path string, into any) error {
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

// PrintSteps prints what the manager notes of its newest recovery.
func (m *Manager) PrintSteps(ctx context.Context, to io.Writer) {
	var recoveries []struct{ UID, RecoveryStartTimestamp, RecoveryEndTimestamp string }
	if err := m.Get(ctx, "audit-recovery", &recoveries); err != nil || len(recoveries) == 0 {
		fmt.Fprintf(to, "  the manager shows no recovery (%v)\n", err)
		return
	}
	var steps []struct{ AuditAt, Message string }
	if err := m.Get(ctx, "audit-recovery-steps/"+recoveries[0].UID, &steps); err != nil {
		fmt.Fprintln(to, "  the steps of the recovery cannot be read:", err)
	}
	for _, s := range steps {
		fmt.Fprintf(to, "  %s  %s\n", s.AuditAt, s.Message)
	}
}

// LogTail is the end of the manager's log.
func (m *Manager) LogTail() string {
	text, err := os.ReadFile(filepath.Join(m.dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-16384):])
}

// Stop ends the manager and removes what it left.
func (m *Manager) Stop() error {
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

// Await asks until the answer is yes.
func Await(ctx context.Context, every time.Duration, ask func() bool) error {
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
