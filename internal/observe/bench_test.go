package observe

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/topology"
)

// still is a Prober whose servers answer at once and always the same, but for their positions.
type still struct {
	servers map[topology.Key]*topology.Instance
}

func (s *still) Probe(_ context.Context, k topology.Key, _ Ask) (Answer, error) {
	i := s.servers[k].Clone()
	i.SelfCoordinates.LogPos = time.Now().UnixNano()
	return Answer{Instance: i, Partial: true}, nil
}
func (s *still) Ping(context.Context, topology.Key) error      { return nil }
func (s *still) Watch(topology.Key, func(error)) (stop func()) { return func() {} }
func (s *still) Release(topology.Key)                          {}

// stillFleet is clusters of a primary and four replicas.
func stillFleet(clusters int) (*still, []topology.Key) {
	s := &still{servers: make(map[topology.Key]*topology.Instance)}
	var keys []topology.Key
	for c := range clusters {
		p := key(fmt.Sprintf("c%04d-0", c))
		const set = "00000000-0000-0000-0000-%012d:1-1000"
		up := fmt.Sprintf("00000000-0000-0000-0000-%012d", c*10)
		primary := &topology.Instance{Key: p, ServerUUID: up, ExecutedSet: fmt.Sprintf(set, c*10)}
		s.servers[p] = primary
		keys = append(keys, p)
		for n := 1; n < 5; n++ {
			k := key(fmt.Sprintf("c%04d-%d", c, n))
			r := &topology.Instance{Key: k, ServerUUID: fmt.Sprintf("00000000-0000-0000-0000-%012d", c*10+n),
				ExecutedSet: primary.ExecutedSet, ReadOnly: true}
			r.Channel = topology.Channel{Source: p, SourceUUID: up, IOThread: topology.ThreadRunning, SQLThread: topology.ThreadRunning}
			primary.Reported = append(primary.Reported, k)
			s.servers[k] = r
			keys = append(keys, k)
		}
	}
	return s, keys
}

func benchObserver(b *testing.B, s *still) *Observer {
	b.Helper()
	c, _, err := config.Parse([]byte(`{"HostnameResolveMethod": "none", "InstancePollSeconds": 3600, "DeadInstancePollSecondsMax": 3600}`))
	if err != nil {
		b.Fatal(err)
	}
	o := New(Options{Prober: s, Config: func() *config.Config { return c }})
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- o.Run(ctx) }()
	b.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			b.Error(err)
		}
	})
	return o
}

// BenchmarkProbeFleet asks 5,000 servers once and takes the answers in; ns/probe is what the observer itself costs.
func BenchmarkProbeFleet(b *testing.B) {
	s, keys := stillFleet(1000)
	o := benchObserver(b, s)
	if err := o.Probe(b.Context(), keys...); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := o.Probe(b.Context(), keys...); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(keys)), "ns/probe")
}

// BenchmarkDiscoverFleet begins with nothing.
func BenchmarkDiscoverFleet(b *testing.B) {
	s, keys := stillFleet(1000)
	for b.Loop() {
		o := benchObserver(b, s)
		if err := o.Probe(b.Context(), keys...); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDiscoverOneCluster begins with nothing and ends with a single cluster of 2,000 servers.
func BenchmarkDiscoverOneCluster(b *testing.B) {
	s, keys := stillFleet(400)
	for n, k := range keys[1:] {
		s.servers[k].Channel.Source = keys[n/20]
	}
	for b.Loop() {
		o := benchObserver(b, s)
		if err := o.Probe(b.Context(), keys...); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSnapshot builds the whole fleet's topology.
func BenchmarkSnapshot(b *testing.B) {
	s, keys := stillFleet(1000)
	o := benchObserver(b, s)
	if err := o.Probe(b.Context(), keys...); err != nil {
		b.Fatal(err)
	}
	for n := 0; b.Loop(); n++ {
		o.Apply(PutTag{Key: keys[0], Tag: topology.Tag{Name: "n", Value: strconv.Itoa(n)}})
		if o.Snapshot().Len() != len(keys) {
			b.Fatal("servers are missing")
		}
	}
}
