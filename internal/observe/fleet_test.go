package observe

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/topology"
)

// fleet is a set of pretended servers that answers as a Prober.
type fleet struct {
	mu      sync.Mutex
	servers map[topology.Key]*pretended
	aliases map[topology.Key]topology.Key // further names of a server
	lost    map[topology.Key]map[int]func(error)
	nextID  int
	looks   map[topology.Key][]look
	running map[topology.Key]int
	overlap []topology.Key // servers that were asked twice at the same time
	most    int            // most probes at the same time
	now     int
	pings   int
	delay   time.Duration // of each answer
	brittle bool          // watched connections break at once
}

// look is one probe that the fleet saw.
type look struct {
	began time.Time
	ended time.Time
	fresh bool
	err   error
}

type pretended struct {
	inst    topology.Instance // template of the answer
	source  topology.Key
	io      topology.ThreadState
	down    bool // refuses
	hung    bool // does not answer
	own     string
	alias   string
	domain  string
	rule    *topology.PromotionRule
	started time.Time
}

func newFleet() *fleet {
	return &fleet{
		servers: make(map[topology.Key]*pretended), aliases: make(map[topology.Key]topology.Key),
		lost: make(map[topology.Key]map[int]func(error)), looks: make(map[topology.Key][]look),
		running: make(map[topology.Key]int),
	}
}

func key(name string) topology.Key { return topology.Key{Hostname: name, Port: 3306} }

// add puts a server into the fleet; source "" means none.
func (f *fleet) add(name, source string) *pretended {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.servers) + 1
	s := &pretended{io: topology.NoThread, started: time.Now().Add(-time.Hour)}
	s.inst = topology.Instance{
		ServerID: uint32(n), ServerUUID: fmt.Sprintf("00000000-0000-0000-0000-%012d", n), Version: "8.4.0",
		Flavor: topology.FlavorMySQL, LogBin: true, LogReplicaUpdates: true, ReadOnly: source != "",
	}
	if source != "" {
		s.source = key(source)
		s.io = topology.ThreadRunning
	}
	f.servers[key(name)] = s
	return s
}

// set changes a server under the fleet's lock.
func (f *fleet) set(name string, change func(*pretended)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f.servers[key(name)])
}

// kill ends a server as kill -9 does: connections break, new ones are refused, replicas notice after a moment.
func (f *fleet) kill(name string, notice time.Duration) {
	f.mu.Lock()
	f.servers[key(name)].down = true
	var tell []func(error)
	for _, lost := range f.lost[key(name)] {
		tell = append(tell, lost)
	}
	f.mu.Unlock()
	time.AfterFunc(notice, func() { f.replicasNotice(name) })
	for _, lost := range tell {
		lost(errors.New("connection reset by peer"))
	}
}

func (f *fleet) replicasNotice(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.servers {
		if s.source == key(name) {
			s.io = topology.ThreadOther
		}
	}
}

func (f *fleet) find(k topology.Key) (topology.Key, *pretended) {
	if to, ok := f.aliases[k]; ok {
		k = to
	}
	return k, f.servers[k]
}

var errRefused = errors.New("connection refused")

func (f *fleet) Probe(ctx context.Context, k topology.Key, ask Ask) (Answer, error) {
	f.mu.Lock()
	f.running[k]++
	f.now++
	f.most = max(f.most, f.now)
	if f.running[k] > 1 {
		f.overlap = append(f.overlap, k)
	}
	f.mu.Unlock()
	began := time.Now()
	a, err := f.answer(ctx, k)
	f.mu.Lock()
	f.running[k]--
	f.now--
	f.looks[k] = append(f.looks[k], look{began, time.Now(), ask.Fresh, err})
	f.mu.Unlock()
	return a, err
}

func (f *fleet) answer(ctx context.Context, k topology.Key) (Answer, error) {
	f.mu.Lock()
	_, s := f.find(k)
	hung := s != nil && s.hung
	delay := f.delay
	f.mu.Unlock()
	if hung {
		<-ctx.Done()
		return Answer{}, ctx.Err()
	}
	if delay > 0 && !sleep(ctx, delay) {
		return Answer{}, ctx.Err()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	name, s := f.find(k)
	if s == nil || s.down {
		return Answer{}, errRefused
	}
	i := *s.inst.Clone()
	i.Key = k
	i.Uptime = time.Since(s.started).Truncate(time.Second)
	i.Channel.IOThread, i.Channel.SQLThread = s.io, s.io
	if s.source.IsValid() {
		i.Channel.Source = s.source
		i.Channel.SQLThread = topology.ThreadRunning
		i.Channel.Read = topology.Coordinates{LogFile: "binlog.000001", LogPos: 4}
		if _, src := f.find(s.source); src != nil {
			i.Channel.SourceUUID = src.inst.ServerUUID
		}
	}
	for r, other := range f.servers {
		if at, _ := f.find(other.source); at == name && !other.down {
			i.Reported = append(i.Reported, r)
		}
	}
	a := Answer{Instance: &i, OwnName: s.own, PromotionRule: s.rule, Partial: true}
	if s.alias != "" {
		a.ClusterAlias = &s.alias
	}
	if s.domain != "" {
		a.Domain = &s.domain
	}
	return a, nil
}

func (f *fleet) Ping(ctx context.Context, k topology.Key) error {
	f.mu.Lock()
	f.pings++
	_, s := f.find(k)
	hung := s != nil && s.hung
	down := s == nil || s.down
	f.mu.Unlock()
	switch {
	case hung:
		<-ctx.Done()
		return ctx.Err()
	case down:
		return errRefused
	}
	return nil
}

func (f *fleet) Watch(k topology.Key, lost func(error)) func() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.nextID++
	id := f.nextID
	if f.lost[k] == nil {
		f.lost[k] = make(map[int]func(error))
	}
	f.lost[k][id] = lost
	if f.brittle {
		go lost(errors.New("broken pipe"))
	}
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.lost[k], id)
	}
}

func (f *fleet) Release(topology.Key) {}

// seen returns the probes of a server so far.
func (f *fleet) seen(name string) []look {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]look(nil), f.looks[key(name)]...)
}

func (f *fleet) watched(name string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.lost[key(name)]) > 0
}

// noDNS answers for every name with the name itself, except for those it does not know.
type noDNS struct {
	unknown map[string]bool
	cname   map[string]string
	ips     map[string][]string
}

func (d noDNS) LookupCNAME(_ context.Context, host string) (string, error) {
	if d.unknown[host] {
		return "", &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	if to, ok := d.cname[host]; ok {
		return to + ".", nil
	}
	return host + ".", nil
}

func (d noDNS) LookupIPAddr(_ context.Context, host string) ([]net.IPAddr, error) {
	if d.unknown[host] {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	var ips []net.IPAddr
	for _, ip := range d.ips[host] {
		ips = append(ips, net.IPAddr{IP: net.ParseIP(ip)})
	}
	return ips, nil
}

// testConfig is the default configuration with changes.
func testConfig(change func(*config.Config)) func() *config.Config {
	c := *config.Default()
	c.HostnameResolveMethod = "none"
	if change != nil {
		change(&c)
	}
	return func() *config.Config { return &c }
}

// running is an observer under test.
type running struct {
	*Observer
	fleet *fleet
	stop  func()
}

// observe starts an observer of the fleet; it must be called inside a synctest bubble.
func observe(t *testing.T, f *fleet, change func(*config.Config), more ...func(*Options)) *running {
	t.Helper()
	o := Options{Prober: f, Config: testConfig(change), Resolver: noDNS{}, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))}
	for _, m := range more {
		m(&o)
	}
	ob := New(o)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- ob.Run(ctx) }()
	r := &running{Observer: ob, fleet: f}
	var once sync.Once
	r.stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Errorf("Run: %v", err)
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			if len(f.overlap) > 0 {
				t.Errorf("servers asked twice at the same time: %v", f.overlap)
			}
		})
	}
	return r
}

// bubble runs a test with faked time.
func bubble(t *testing.T, f func(t *testing.T)) { t.Helper(); synctest.Test(t, f) }

// discover discovers and waits until the crawl has come to rest.
func (r *running) discover(t *testing.T, name string) {
	t.Helper()
	if _, err := r.Discover(t.Context(), key(name)); err != nil {
		t.Fatalf("Discover(%s): %v", name, err)
	}
	synctest.Wait()
}

func seeds(names ...string) func(*config.Config) {
	return func(c *config.Config) { c.DiscoverySeeds = names }
}
