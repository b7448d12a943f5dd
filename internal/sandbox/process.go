package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// launcher starts child processes from one thread that lives as long as the launcher. The kernel sends a child its
// parent-death signal when the *thread* that started it ends, and Go's threads come and go.
type launcher struct {
	work chan func()
	quit chan struct{}
	done chan struct{}
}

func newLauncher() *launcher {
	l := &launcher{work: make(chan func()), quit: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(l.done)
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine, and with it what is still running
		for {
			select {
			case f := <-l.work:
				f()
			case <-l.quit:
				return
			}
		}
	}()
	return l
}

// close ends the launcher's thread, and so every child that is still there. To be called once.
func (l *launcher) close() {
	close(l.quit)
	<-l.done
}

// process is a started child. Its end is noticed and reaped by a goroutine of its own.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when the child is reaped
	err  error         // how it ended; to be read after done
}

// start runs a program in a process group of its own, with its output going to the file at log.
func (l *launcher) start(log string, stdin io.Reader, program string, arguments ...string) (*process, error) {
	return l.startWithin("", log, stdin, program, arguments...)
}

// startWithin is start inside a network namespace; see [Within].
func (l *launcher) startWithin(namespace, log string, stdin io.Reader, program string, arguments ...string) (*process, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd := exec.Command(program, arguments...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error, 1)
	select {
	case l.work <- func() { started <- Within(namespace, cmd.Start) }:
	case <-l.done:
		return nil, fmt.Errorf("start %s: the sandbox is closed", program)
	}
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.err = cmd.Wait()
	}()
	return p, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// running says whether the child has not ended yet.
func (p *process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// signal sends a signal to the child's process group; none when it has ended, whether or not its end has been noticed here.
func (p *process) signal(s syscall.Signal) error {
	if !p.running() {
		return os.ErrProcessDone
	}
	if err := syscall.Kill(-p.pid(), s); !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return os.ErrProcessDone
}

// stop stops the child (SIGSTOP) and returns when the kernel says that its last thread has stopped: until then one that runs
// on another core may still answer what comes in.
func (p *process) stop() error {
	if err := p.signal(syscall.SIGSTOP); err != nil {
		return err
	}
	for {
		// Only looked at, not consumed: the reaper and a second stop must find it as well.
		err := unix.Waitid(unix.P_PID, p.pid(), nil, unix.WSTOPPED|unix.WEXITED|unix.WNOWAIT, nil)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.ECHILD) || err == nil && !p.running():
			return os.ErrProcessDone
		default:
			return err
		}
	}
}

// kill ends the child at once and waits until it is reaped. Killing what has ended is no error.
func (p *process) kill() error {
	if err := p.signal(syscall.SIGKILL); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill process %d: %w", p.pid(), err)
	}
	<-p.done
	return nil
}

// wait waits for the child's end, and kills it when ctx ends first.
func (p *process) wait(ctx context.Context) error {
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		if err := p.kill(); err != nil {
			return err
		}
		return ctx.Err()
	}
}
