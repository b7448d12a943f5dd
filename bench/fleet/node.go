package fleet

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"orchestrator/internal/topology"
	"orchestrator/internal/wire"
)

// What the servers say they are.
const (
	mysqlVersion   = "8.0.36"
	mysqlComment   = "MySQL Community Server - GPL"
	mariaDBVersion = "10.11.6-MariaDB-log"
	mariaDBComment = "mariadb.org binary distribution"

	replicationUser     = "repl"
	replicationPassword = "repl_pw"
)

// node is one server. What is not said to be its own is guarded by the fleet's lock.
type node struct {
	fleet    *Fleet
	index    int
	addr     netip.Addr
	key      topology.Key // does not change after Start
	serverID uint32
	uuid     string
	mariaDB  bool
	wire     wire.Server

	alive   bool
	life    context.Context
	stop    context.CancelFunc
	stopped chan struct{} // closed when nothing of a killed server runs any more
	thaw    chan struct{} // not nil while the server is frozen; closed when it no longer is
	froze   time.Time

	readOnly, superReadOnly bool
	semiSync                bool
	settings                map[string]any // what was set by SET GLOBAL

	hasSource bool
	sourceKey topology.Key // as configured
	source    *node        // the server of that key, nil if there is none in the fleet
	followers []*node      // the servers of the fleet whose source this one is
	io, sql   bool         // the threads are switched on
	dialed    time.Time    // when the receiver was last started
	received  history      // what had come from sources when the connection last broke
	executed  history      // what else is executed
	readPos   int64        // where in the source's log the connection last broke
	execPos   int64        // where the applier was last stopped

	writing bool // it commits transactions
	since   int64
	own     int64 // those committed before since

	asked       atomic.Int64 // when it was last probed, in nanoseconds of Unix time
	connections atomic.Int64
	most        atomic.Int64

	mu      sync.Mutex
	answers map[*program]answer
}

// answer is the kept answer to a program.
type answer struct {
	version uint64
	tick    int64
	results []wire.Result
}

func newNode(f *Fleet, index int, addr netip.Addr) *node {
	n := &node{
		fleet: f, index: index, addr: addr,
		serverID: uint32(index + 1),
		uuid:     fmt.Sprintf("%08x-0000-4000-8000-%012x", index+1, index+1),
		answers:  make(map[*program]answer),
	}
	n.wire = wire.Server{Handler: n, Buffers: &f.buffers, OnConnect: n.onConnect, OnClose: n.onClose}
	if f.options.User != "" {
		n.wire.Password = func(user string) (string, bool) { return f.options.Password, user == f.options.User }
	}
	return n
}

func (n *node) version() string {
	if n.mariaDB {
		return mariaDBVersion
	}
	return mysqlVersion
}

func (n *node) comment() string {
	if n.mariaDB {
		return mariaDBComment
	}
	return mysqlComment
}

// onConnect counts a connection; a frozen server lets it wait for the greeting.
func (n *node) onConnect(ctx context.Context, _ *wire.Session) error {
	now := n.connections.Add(1)
	for {
		most := n.most.Load()
		if now <= most || n.most.CompareAndSwap(most, now) {
			break
		}
	}
	if err := n.awake(ctx); err != nil {
		n.connections.Add(-1) // onClose is not called
		return err
	}
	return nil
}

func (n *node) onClose(*wire.Session) { n.connections.Add(-1) }

// awake waits while the server is frozen.
func (n *node) awake(ctx context.Context) error {
	for {
		n.fleet.mu.RLock()
		thaw := n.thaw
		n.fleet.mu.RUnlock()
		if thaw == nil {
			return nil
		}
		select {
		case <-thaw:
		case <-ctx.Done():
			return wire.ErrCloseConn
		}
	}
}

// Ping answers a ping.
func (n *node) Ping(ctx context.Context, _ *wire.Session) error { return n.delay(ctx) }

// delay waits for as long as an answer of this server is held back.
func (n *node) delay(ctx context.Context) error {
	if d := n.fleet.options.Latency; d > 0 {
		n.fleet.mu.RLock()
		life := n.life
		n.fleet.mu.RUnlock()
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-life.Done():
			return wire.ErrCloseConn
		}
	}
	return n.awake(ctx)
}

// Query answers the statements of a query.
func (n *node) Query(ctx context.Context, s *wire.Session, sql string) ([]wire.Result, error) {
	n.fleet.stats.queries.Add(1)
	p := n.fleet.programs.get(sql)
	if p.probe {
		n.fleet.stats.probed(n, time.Now())
	}
	if err := n.delay(ctx); err != nil {
		return nil, err
	}
	if p.changes {
		return n.carryOut(p, s)
	}
	return n.recall(p, s)
}

// recall gives the kept answer to a program that changes nothing, or makes it.
func (n *node) recall(p *program, s *wire.Session) ([]wire.Result, error) {
	f := n.fleet
	f.mu.RLock()
	defer f.mu.RUnlock()
	tick := f.tick()
	keep := p.reusable && n.steady()
	if keep {
		n.mu.Lock()
		a, ok := n.answers[p]
		n.mu.Unlock()
		if ok && a.version == f.version && a.tick == tick {
			return a.results, nil
		}
	}
	var results []wire.Result
	for _, st := range p.statements {
		r, err := n.read(st, s, tick)
		if err != nil {
			return results, err
		}
		results = append(results, r)
	}
	if keep {
		n.mu.Lock()
		n.answers[p] = answer{f.version, tick, results}
		n.mu.Unlock()
	}
	return results, nil
}

// carryOut runs a program that changes the server's state.
func (n *node) carryOut(p *program, s *wire.Session) ([]wire.Result, error) {
	f := n.fleet
	f.mu.Lock()
	defer f.mu.Unlock()
	tick := f.tick()
	var results []wire.Result
	for _, st := range p.statements {
		var r wire.Result
		var err error
		if st.change != nil {
			err = st.change(n, tick)
		} else {
			r, err = n.read(st, s, tick)
		}
		if err != nil {
			return results, err
		}
		results = append(results, r)
	}
	return results, nil
}
