package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"orchestrator/internal/sandbox"
)

// node is a manager in a namespace of its own.
type node struct {
	index     int
	dir       string
	address   string // of its namespace
	namespace string
	binary    string
	cmd       *exec.Cmd // nil while it does not run
	client    http.Client
	out       bool // frozen or cut off
	asking    sync.Mutex
}

const (
	httpPort = "3000"
	raftPort = "10008"
)

func (n *node) raftAddress() string { return n.address + ":" + raftPort }

func newNode(dir, binary string, index int, network *sandbox.Network) *node {
	n := &node{
		index: index, dir: filepath.Join(dir, fmt.Sprint("manager", index)), binary: binary,
		address: network.Address(index), namespace: network.Path(index),
	}
	// It is asked from its own side of the network, so that one that is cut off can be asked, too.
	n.client.Transport = &http.Transport{DialContext: func(ctx context.Context, network, address string) (conn net.Conn, err error) {
		err = sandbox.Within(n.namespace, func() error {
			conn, err = (&net.Dialer{}).DialContext(ctx, network, address)
			return err
		})
		return conn, err
	}}
	return n
}

func (n *node) configure(members []string, cluster *sandbox.Cluster) error {
	if err := os.MkdirAll(n.dir, 0o750); err != nil {
		return err
	}
	text, err := json.Marshal(map[string]any{
		"MySQLTopologyUser": sandbox.UserOrc, "MySQLTopologyPassword": sandbox.Password(sandbox.UserOrc),
		"RecoverMasterClusterFilters": []string{"*"}, "RecoveryPeriodBlockSeconds": 1, "AuditToBackendDB": true,
		"BackendDB": "sqlite", "SQLite3DataFile": n.tables(), "ListenAddress": n.address + ":" + httpPort,
		"HostnameResolveMethod": "none", "MySQLHostnameResolveMethod": "", "DiscoverByShowSlaveHosts": true,
		"DiscoverySeeds":              []string{cluster.Node(0).Addr()},
		"ReplicationCredentialsQuery": fmt.Sprintf("SELECT '%s', '%s'", sandbox.UserRepl, sandbox.Password(sandbox.UserRepl)),
		"RaftEnabled":                 true, "RaftDataDir": filepath.Join(n.dir, "raft"), "RaftBind": n.raftAddress(), "RaftNodes": members,
		"RaftClusterSecret": "of the test",
	})
	if err != nil {
		return err
	}
	return os.WriteFile(n.config(), text, 0o600)
}

func (n *node) config() string { return filepath.Join(n.dir, "orchestrator.conf.json") }
func (n *node) tables() string { return filepath.Join(n.dir, "manager.sqlite3") }

func (n *node) start(ctx context.Context) error {
	log, err := os.OpenFile(filepath.Join(n.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.CommandContext(ctx, n.binary, "-verbose", "-config", n.config(), "http")
	cmd.Dir, cmd.Stdout, cmd.Stderr = n.dir, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := sandbox.Within(n.namespace, cmd.Start); err != nil {
		return err
	}
	n.cmd = cmd
	return nil
}

func (n *node) signal(s syscall.Signal) error { return n.cmd.Process.Signal(s) }

// kill ends it without a word.
func (n *node) kill() error {
	if err := n.signal(syscall.SIGKILL); err != nil {
		return err
	}
	_ = n.cmd.Wait() // it says that it was killed
	n.cmd = nil
	return nil
}

// stop ends it in order.
func (n *node) stop() error {
	if n.cmd == nil {
		return nil
	}
	if err := n.signal(syscall.SIGTERM); err != nil {
		return err
	}
	err := n.cmd.Wait()
	n.cmd = nil
	return err
}

func (n *node) runs() bool { return n.cmd != nil && !n.out }

// ask asks the API and returns status and body.
func (n *node) ask(ctx context.Context, within time.Duration, path string, header ...string) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.address+":"+httpPort+"/api/"+path, nil)
	if err != nil {
		return 0, nil, err
	}
	for _, h := range header {
		r.Header.Set(h, "1")
	}
	w, err := n.client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer w.Body.Close()
	body, err := io.ReadAll(w.Body)
	return w.StatusCode, body, err
}

func (n *node) leads(ctx context.Context) bool {
	status, _, err := n.ask(ctx, 200*time.Millisecond, "leader-check")
	return err == nil && status == http.StatusOK
}
