package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"

	"orchestrator/internal/sandbox"
)

// rebuilder does what the manager's RebuildProcesses ask for: it replaces the data of a server by those of another one.
// Administrators have a script for that; the one of the soak asks this program, which owns the servers.
type rebuilder struct {
	cluster  *sandbox.Cluster
	listener net.Listener
	work     sync.WaitGroup
	begun    atomic.Int32
	done     atomic.Int32
}

func startRebuilder(ctx context.Context, c *sandbox.Cluster) (*rebuilder, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &rebuilder{cluster: c, listener: l}
	b.work.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // closed
			}
			b.work.Go(func() { b.serve(ctx, conn) })
		}
	})
	return b, nil
}

// command is the hook: it needs nothing but bash.
func (b *rebuilder) command() string {
	_, port, _ := strings.Cut(b.listener.Addr().String(), ":")
	return `exec 3<>/dev/tcp/127.0.0.1/` + port + `; echo "{failedHost}:{failedPort} {donorHost}:{donorPort}" >&3; read -r answer <&3; echo "$answer"; [ "$answer" = done ]`
}

// serve answers one request: two addresses, and then `done` or what went wrong.
func (b *rebuilder) serve(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	answer := "done"
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err == nil {
		err = b.rebuild(ctx, strings.Fields(line))
	}
	if err != nil {
		answer = strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	fmt.Fprintln(conn, answer) // who does not hear it takes it for a failure
}

func (b *rebuilder) rebuild(ctx context.Context, addrs []string) error {
	if len(addrs) != 2 {
		return errors.New("give the server and its donor")
	}
	failed, donor := b.at(addrs[0]), b.at(addrs[1])
	if failed == nil || donor == nil {
		return fmt.Errorf("%s and %s are not both of this cluster", addrs[0], addrs[1])
	}
	b.begun.Add(1)
	defer b.done.Add(1)
	ctx, cancel := context.WithTimeout(ctx, roundWithin)
	defer cancel()
	return failed.RebuildFrom(ctx, donor)
}

// atWork says whether servers are being stopped and started by it.
func (b *rebuilder) atWork() bool { return b.begun.Load() != b.done.Load() }

func (b *rebuilder) at(addr string) *sandbox.Node {
	for _, n := range b.cluster.Nodes() {
		if n.Addr() == addr {
			return n
		}
	}
	return nil
}

func (b *rebuilder) close() error {
	err := b.listener.Close()
	b.work.Wait()
	return err
}
