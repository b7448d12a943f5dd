package fleet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"orchestrator/internal/topology"
	"orchestrator/internal/wire"
)

// Fleet is a fleet of pretended servers. It is safe for concurrent use.
type Fleet struct {
	options  Options
	nodes    []*node
	byKey    map[topology.Key]*node
	buffers  wire.BufferPool
	programs programs
	stats    counters
	began    time.Time

	// life is what the servers' goroutines live under, from Start to Close.
	life    context.Context
	end     context.CancelFunc
	serving sync.WaitGroup

	mu      sync.RWMutex // guards the state of all nodes
	version uint64       // counts the changes of that state
	running bool
}

// New lays a fleet out. Its servers cannot be reached before Start.
func New(o Options) (*Fleet, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("lay out a fleet: %w", err)
	}
	addrs, err := addresses(o.Base, o.Servers)
	if err != nil {
		return nil, fmt.Errorf("lay out a fleet: %w", err)
	}
	f := &Fleet{options: o, began: time.Now()}
	for i, a := range addrs {
		f.nodes = append(f.nodes, newNode(f, i, a))
	}
	f.connect()
	return f, nil
}

// connect arranges the servers in clusters.
func (f *Fleet) connect() {
	size := f.options.ReplicasPerPrimary + 1
	for i, n := range f.nodes {
		cluster, place := i/size, i%size
		n.mariaDB = chosen(cluster, f.options.MariaDBShare)
		n.semiSync = f.options.SemiSync
		n.wire.Version = n.version()
		if place == 0 {
			continue
		}
		n.readOnly = true
		n.hasSource, n.io, n.sql = true, true, true
		source := i - place
		if place == size-1 && place > 1 && chosen(cluster, f.options.ChainShare) {
			source++
		}
		n.attach(f.nodes[source])
	}
}

// Start opens the listeners. The fleet lives until ctx ends or Close is called, which must be called in any case.
func (f *Fleet) Start(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.life != nil {
		return errors.New("start a fleet: it was started before")
	}
	f.life, f.end = context.WithCancel(ctx)
	f.running = true
	f.byKey = make(map[topology.Key]*node, len(f.nodes))
	port := f.options.Port
	for _, n := range f.nodes {
		n.key = topology.Key{Hostname: n.addr.String(), Port: port}
		if err := n.listen(); err != nil {
			f.running = false
			f.end()
			return fmt.Errorf("start a fleet: server %d of %d: %w", n.index+1, len(f.nodes), err)
		}
		port = n.key.Port
		f.byKey[n.key] = n
	}
	now := f.tick()
	for _, n := range f.nodes {
		if n.source != nil {
			n.sourceKey = n.source.key
		}
		n.resume(now)
	}
	return nil
}

// Close stops all servers and waits for them. It may be called again.
func (f *Fleet) Close() {
	f.mu.Lock()
	f.running = false
	if f.end != nil {
		f.end()
	}
	f.mu.Unlock()
	f.serving.Wait()
}

// Len is the number of servers.
func (f *Fleet) Len() int { return len(f.nodes) }

// Key is where the i-th server listens, once the fleet has been started.
func (f *Fleet) Key(i int) topology.Key { return f.nodes[i].key }

// Index finds the server of a key.
func (f *Fleet) Index(k topology.Key) (i int, ok bool) {
	n := f.byKey[k]
	if n == nil {
		return 0, false
	}
	return n.index, true
}

// Primaries gives the indexes of the servers that were laid out as primaries, one for each cluster.
func (f *Fleet) Primaries() []int {
	var list []int
	for i := 0; i < len(f.nodes); i += f.options.ReplicasPerPrimary + 1 {
		list = append(list, i)
	}
	return list
}

// Seeds gives one server of each cluster, from which the others can be discovered.
func (f *Fleet) Seeds() []topology.Key {
	var list []topology.Key
	for _, i := range f.Primaries() {
		list = append(list, f.nodes[i].key)
	}
	return list
}

// tick counts the transactions that a primary has had time for.
func (f *Fleet) tick() int64 { return int64(time.Since(f.began) / f.options.TransactionInterval) }

// listen opens a server's listener and serves it. The fleet's lock is held.
func (n *node) listen() error {
	var lc net.ListenConfig
	ln, err := lc.Listen(n.fleet.life, "tcp4", net.JoinHostPort(n.key.Hostname, strconv.Itoa(n.key.Port)))
	if err != nil {
		return err
	}
	if n.key.Port == 0 {
		n.key.Port = ln.Addr().(*net.TCPAddr).Port
	}
	ctx, cancel := context.WithCancel(n.fleet.life)
	done := make(chan struct{})
	n.alive, n.stop, n.stopped, n.life = true, cancel, done, ctx
	n.fleet.serving.Go(func() {
		defer close(done)
		// A listener that breaks ends its server as Kill does.
		_ = n.wire.Serve(ctx, ln)
	})
	return nil
}
