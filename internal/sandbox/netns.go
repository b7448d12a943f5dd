package sandbox

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// Within runs do on a thread inside the network namespace with this path (as of [Options.NodeNamespace]): children that
// do starts and sockets that it opens belong there. An empty path is the caller's own namespace. It needs the right to
// change namespaces.
func Within(namespace string, do func() error) error {
	if namespace == "" {
		return do()
	}
	runtime.LockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer home.Close()
	there, err := os.Open(namespace)
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer there.Close()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("enter network namespace %s: %w", namespace, err)
	}
	done := do()
	if err := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); err != nil {
		// The thread stays locked, and so ends with its goroutine instead of serving another one from the wrong place.
		return fmt.Errorf("leave network namespace %s: %w", namespace, err)
	}
	runtime.UnlockOSThread()
	return done
}

// dialWithin connects from inside a network namespace.
func dialWithin(namespace string) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (conn net.Conn, err error) {
		err = Within(namespace, func() error {
			conn, err = (&net.Dialer{}).DialContext(ctx, network, address)
			return err
		})
		return conn, err
	}
}
