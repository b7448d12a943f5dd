//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// stopLimit is how long the manager may take to stop when asked.
const stopLimit = 10 * time.Second

// process is the manager's process.
type process struct {
	cmd   *exec.Cmd
	log   *os.File
	ended chan struct{} // closed when it has ended
	err   error         // of its end; to be read after that
}

// startProcess starts a program, with its output in a file of the directory.
func startProcess(directory, binary string, arguments []string) (*process, error) {
	program, err := filepath.Abs(binary) // it runs in another directory
	if err != nil {
		return nil, fmt.Errorf("start the manager: %w", err)
	}
	log, err := os.Create(filepath.Join(directory, "orchestrator.log"))
	if err != nil {
		return nil, fmt.Errorf("start the manager: %w", err)
	}
	cmd := exec.Command(program, arguments...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = directory, log, log
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start the manager: %w", err), log.Close())
	}
	p := &process{cmd: cmd, log: log, ended: make(chan struct{})}
	go func() {
		defer close(p.ended)
		p.err = cmd.Wait()
	}()
	return p, nil
}

// pid is the process's number.
func (p *process) pid() int { return p.cmd.Process.Pid }

// stop asks the process to end, makes it if need be, and waits for it.
func (p *process) stop() error {
	// An error is a process that has ended already.
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	limit := time.NewTimer(stopLimit)
	defer limit.Stop()
	var err error
	select {
	case <-p.ended:
	case <-limit.C:
		err = fmt.Errorf("stop the manager: it did not end within %v and was killed", stopLimit)
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
	return errors.Join(err, p.log.Close())
}

// while runs do under a context that ends with the process, and says so in its error.
func (p *process) while(ctx context.Context, do func(ctx context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-p.ended:
			cancel(fmt.Errorf("the manager ended by itself (%v); its last words:\n%s", p.err, p.lastWords()))
		case <-ctx.Done():
		}
	}()
	err := do(ctx)
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", err, context.Cause(ctx))
	}
	cancel(nil)
	<-watched
	return err
}

// lastWords gives the end of the process's output.
func (p *process) lastWords() string {
	text, err := os.ReadFile(p.log.Name())
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-10):], "\n")
}
