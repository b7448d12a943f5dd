package sim

import (
	"fmt"
	"sync"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/topology"
)

// World is one running scenario.
type World struct {
	Scenario *Scenario
	seed     uint64
	start    time.Time

	mu      sync.Mutex
	queue   events
	planned int
	alarm   *time.Timer     // calls turn at the first of calls
	turning bool            // events are being done
	moment  time.Duration   // of the one that is being done
	calls   []time.Duration // when somebody notices an event, the first one first
	over    bool            // nothing happens any more
	clocks  clocks

	nodes     []string
	sent      [][][kinds]uint16 // messages of each kind from one node to another so far
	slow      [][]time.Duration
	cuts      [][]int
	linkSince [][]moment    // since when two nodes can talk
	changed   chan struct{} // closed when the network or a server has changed

	servers  []*Server
	byKey    map[topology.Key]*Server
	managers []*Manager
	apps     []*app
	backend  *backend
	txns     []record
	past     []*Manager // processes that have ended
	config   *config.Config
	triggers []Step // that wait for a line of the story
	ending   bool
	everLost map[topology.Key]time.Time // what a deliberate defect remembers
	check    *checker
	story    story
}

func newWorld(sc *Scenario, r *Runner) *World {
	w := &World{
		Scenario: sc, seed: mix(sc.Seed), start: time.Now(),
		changed: make(chan struct{}), byKey: make(map[topology.Key]*Server),
		txns: make([]record, 0, 2048),
	}
	w.alarm = time.AfterFunc(time.Hour, w.turn)
	w.check = newChecker(w)
	w.backend = newBackend(w, w.addNode("backend"))
	for n := range sc.Servers {
		w.addServer(n, &sc.Servers[n])
	}
	for n := range sc.Managers {
		w.addManager(n, w.addNode(fmt.Sprintf("m%d", n+1)))
	}
	for n := range sc.Apps {
		w.apps = append(w.apps, newApp(w, w.addNode(fmt.Sprintf("app%d", n+1))))
	}
	w.config = r.configFor(sc)
	size := len(w.nodes)
	w.sent, w.slow, w.cuts = square[[kinds]uint16](size), square[time.Duration](size), square[int](size)
	w.linkSince = square[moment](size)
	return w
}

func square[T any](n int) [][]T {
	rows := make([][]T, n)
	for i := range rows {
		rows[i] = make([]T, n)
	}
	return rows
}

func (w *World) addNode(name string) node {
	w.nodes = append(w.nodes, name)
	return node(len(w.nodes) - 1)
}

func (w *World) addServer(n int, spec *ServerSpec) {
	s := &Server{
		ServerSpec: *spec, w: w, node: w.addNode(spec.Name), index: n, key: KeyOf(spec.Name),
		uuid: fmt.Sprintf("00000000-0000-0000-0000-%012d", n+1), serverID: n + 1,
		up: true, booted: -time.Hour, readOnly: !spec.Open, inLog: make(map[txn]bool), unfit: make(map[txn]int), applied: -1,
		confirmed: make(map[*Server]int), waitCount: 1, nextConn: 100,
		log: make([]txn, 0, 1024),
	}
	if spec.Open {
		w.check.primary = s
	}
	if s.Version == "" {
		s.Version = "8.4.2"
		if w.Scenario.MariaDB {
			s.Version = "10.11.8-MariaDB"
		}
	}
	w.servers = append(w.servers, s)
	w.byKey[s.key] = s
}

// KeyOf is the address of a simulated server.
func KeyOf(name string) topology.Key { return topology.Key{Hostname: name, Port: 3306} }

// configure sets up replication and semi-sync as the scenario says, before time begins.
func (s *Server) configure() {
	sc := s.w.Scenario
	s.semiByOptionFile()
	if s.Source == "" {
		return
	}
	s.ch = &channel{
		s: s, source: KeyOf(s.Source), mode: sc.mode(), delay: s.Delay, ioPos: -1, user: "repl",
		io: topology.ThreadStopped, sql: topology.ThreadStopped,
	}
	s.ch.start(allThreads)
}

// semiByOptionFile sets semi-sync as the server's option file does: what was switched since is forgotten at a restart.
func (s *Server) semiByOptionFile() {
	if sc := s.w.Scenario; sc.SemiSync {
		s.semiSource, s.semiReplica, s.semiTimeout = s.Open, s.Priority > 0, sc.SemiSyncTimeout
	}
}

// mode is how the replicas of the scenario find their place.
func (sc *Scenario) mode() topology.GTIDUse {
	switch {
	case sc.ByPosition:
		return topology.FilePosition
	case sc.MariaDB:
		return topology.MariaDBGTID
	}
	return topology.OracleGTID
}
