package sandbox

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// portBook reserves ports among all sandboxes of this user for as long as it is open. A reservation is a lock on the
// byte with the port's number in a common file, so it ends with the process and leaves nothing behind. Ports come from
// outside the range from which the kernel takes them for outgoing connections: a killed node's port stays free for its
// restart.
type portBook struct {
	file *os.File
}

// lockOpenFile is F_OFD_SETLK: a lock that belongs to the open file and not to the process.
const lockOpenFile = 37

func openPortBook() (*portBook, error) {
	servers, err := serversDir()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(servers, 0o755); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(servers, ".ports"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	return &portBook{file}, nil
}

func (b *portBook) close() error { return b.file.Close() }

// reserve takes this port; false when another sandbox has it.
func (b *portBook) reserve(port int) (bool, error) {
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart, Start: int64(port), Len: 1}
	err := syscall.FcntlFlock(b.file.Fd(), lockOpenFile, &lock)
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reserve port %d: %w", port, err)
	}
	return true, nil
}

// free reserves a port on which nobody listens.
func (b *portBook) free(address string) (int, error) {
	low, high := outgoingPorts()
	const tries = 2000
	for range tries {
		port := 10000 + rand.IntN(65536-10000)
		if port >= low && port <= high {
			continue
		}
		if taken, err := b.reserve(port); err != nil {
			return 0, err
		} else if !taken {
			continue
		}
		listener, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(port)))
		if err != nil {
			continue // the reservation does no harm
		}
		if err := listener.Close(); err != nil {
			return 0, err
		}
		return port, nil
	}
	return 0, fmt.Errorf("no free port on %s in %d tries", address, tries)
}

// outgoingPorts is the kernel's range for outgoing connections; its usual value when it cannot be read.
func outgoingPorts() (low, high int) {
	low, high = 32768, 60999
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return low, high
	}
	var l, h int
	if _, err := fmt.Sscan(string(text), &l, &h); err != nil || (l <= 10000 && h >= 65535) {
		return low, high
	}
	return l, h
}

// ReserveAddresses reserves addresses of this machine on which nobody listens, for programs around the servers. release
// gives them back.
func ReserveAddresses(n int) (addresses []string, release func() error, err error) {
	book, err := openPortBook()
	if err != nil {
		return nil, nil, err
	}
	const host = "127.0.0.1"
	for range n {
		port, err := book.free(host)
		if err != nil {
			return nil, nil, errors.Join(err, book.close())
		}
		addresses = append(addresses, net.JoinHostPort(host, strconv.Itoa(port)))
	}
	return addresses, book.close, nil
}
