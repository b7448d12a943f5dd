package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// isolatedMark tells the second process of a program that it runs in a network namespace of its own.
const isolatedMark = "SANDBOX_ISOLATED"

// Isolated says whether this process was started by RunIsolated.
func Isolated() bool { return os.Getenv(isolatedMark) != "" }

// RunIsolated runs this program once more in a network namespace without a name, which ends with it and takes bridge and
// links along, and returns its exit code. The error says why that is impossible here.
func RunIsolated(ctx context.Context) (int, error) {
	if _, err := exec.LookPath("ip"); err != nil {
		return 1, errors.New("iproute2 is not installed")
	}
	// The signal of the parent's death is sent when the thread ends that started the child.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.CommandContext(ctx, "/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), isolatedMark+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGTERM}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	if err := cmd.Start(); err != nil {
		return 1, fmt.Errorf("network namespaces are not permitted here: %w", err)
	}
	var ended *exec.ExitError
	switch err := cmd.Wait(); {
	case errors.As(err, &ended):
		return max(1, ended.ExitCode()), nil
	case err != nil && ctx.Err() == nil:
		return 1, err
	}
	return 0, nil
}

// Network is a bridge in this program's namespace, with a namespace for each node behind a link of its own. None has
// a name outside: they last as long as the files held here and the nodes' processes.
type Network struct {
	namespaces []*os.File
	split      bool // there is a second bridge
}

// The addresses exist in these namespaces only.
const subnet = "10.77.0."

// Address is that of a node in its namespace.
func (*Network) Address(node int) string { return subnet + strconv.Itoa(11+node) }

func link(node int) string { return "node" + strconv.Itoa(node) }

// NewNetwork makes the bridge and the namespaces. This process must be isolated (RunIsolated): the addresses and names
// would be in the way of others.
func NewNetwork(ctx context.Context, nodes int) (n *Network, err error) {
	n = &Network{}
	defer func() {
		if err != nil {
			err = errors.Join(err, n.Close(context.WithoutCancel(ctx)))
		}
	}()
	err = ip(ctx, "link set lo up", "link add bridge0 type bridge", "link set bridge0 up", "addr add "+subnet+"1/24 dev bridge0")
	if err != nil {
		return n, err
	}
	for i := range nodes {
		namespace, err := newNamespace()
		if err != nil {
			return n, err
		}
		n.namespaces = append(n.namespaces, namespace)
		if err := ip(ctx, "link add "+link(i)+" type veth peer name eth0 netns "+n.Path(i), "link set "+link(i)+" master bridge0 up"); err != nil {
			return n, err
		}
		err = Within(n.Path(i), func() error {
			return ip(ctx, "link set lo up", "addr add "+n.Address(i)+"/24 dev eth0", "link set eth0 up")
		})
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// newNamespace makes a network namespace that lasts as long as the returned file or a process in it.
func newNamespace() (*os.File, error) {
	type made struct {
		file *os.File
		err  error
	}
	answer := make(chan made)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		if err := syscall.Unshare(syscall.CLONE_NEWNET); err != nil {
			answer <- made{nil, fmt.Errorf("make a network namespace: %w", err)}
			return
		}
		file, err := os.Open("/proc/thread-self/ns/net")
		answer <- made{file, err}
	}()
	m := <-answer
	return m.file, m.err
}

// Path is that of a node's namespace, for children of this process, too.
func (n *Network) Path(node int) string {
	return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), n.namespaces[node].Fd())
}

// Cut makes the network drop everything from and to a node, without a word to either side.
func (n *Network) Cut(ctx context.Context, node int) error {
	return ip(ctx, "link set "+link(node)+" nomaster")
}

// Split puts nodes behind a bridge of their own: they reach each other, and nobody else.
func (n *Network) Split(ctx context.Context, nodes ...int) error {
	if !n.split {
		if err := ip(ctx, "link add bridge1 type bridge", "link set bridge1 up"); err != nil {
			return err
		}
		n.split = true
	}
	for _, node := range nodes {
		if err := ip(ctx, "link set "+link(node)+" master bridge1"); err != nil {
			return err
		}
	}
	return nil
}

// Heal ends a cut or a split for a node.
func (n *Network) Heal(ctx context.Context, node int) error {
	return ip(ctx, "link set "+link(node)+" master bridge0")
}

// Close removes bridge and links.
func (n *Network) Close(ctx context.Context) error {
	var errs []error
	for i := range n.namespaces {
		errs = append(errs, ip(ctx, "link del "+link(i)), n.namespaces[i].Close())
	}
	if n.split {
		errs = append(errs, ip(ctx, "link del bridge1"))
	}
	return errors.Join(append(errs, ip(ctx, "link del bridge0"))...)
}

// ip runs commands of iproute2 in the namespace of the calling thread.
func ip(ctx context.Context, commands ...string) error {
	for _, c := range commands {
		cmd := exec.CommandContext(ctx, "ip", strings.Fields(c)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", c, err, out)
		}
	}
	return nil
}
