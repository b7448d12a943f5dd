package server_test

import (
	"fmt"
	"net"
	"runtime"
	"testing"

	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// BenchmarkProbe measures probes of a known server.
func BenchmarkProbe(b *testing.B) {
	f := newFake(b, mysql80()...)
	f.forget = true
	s := f.open(b, nil)
	_ = must1(s.Probe(b.Context()))(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Probe(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkProbeWatched is the same with the sentinel on.
func BenchmarkProbeWatched(b *testing.B) {
	f := newFake(b, mysql80()...)
	f.forget = true
	s := f.open(b, nil)
	s.Watch(true)
	_ = must1(s.Probe(b.Context()))(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Probe(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMemory measures what a connected server costs; the pretended servers' share is measured apart.
func BenchmarkMemory(b *testing.B) {
	for _, watch := range []bool{false, true} {
		b.Run(fmt.Sprintf("watch=%t", watch), func(b *testing.B) {
			const count = 500
			f := newFake(b, mysql80()...)
			f.forget = true
			for b.Loop() {
				// Every loopback address of the block leads to the same fake, so that each is a server of its own.
				before := heap()
				idle := dialAll(b, f.key.Port, count)
				ofFake := heap() - before
				for _, c := range idle {
					_ = c.Close()
				}
				eventually(b, "gone", func() bool { return f.connected() == 0 })
				before = heap()
				servers := server.New(server.Options{User: "u", Password: "p", Dial: toLoopback})
				for n := range count {
					s := servers.For(topology.Key{Hostname: fmt.Sprintf("db%d", n), Port: f.key.Port})
					s.Watch(watch)
					for range 2 {
						if _, err := s.Probe(b.Context()); err != nil {
							b.Fatal(err)
						}
					}
				}
				b.ReportMetric(float64(heap()-before-ofFake)/count, "B/server")
				must(b, servers.Close())
				eventually(b, "gone", func() bool { return f.connected() == 0 })
			}
		})
	}
}

// heap is the memory in use by objects and stacks.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

func dialAll(b *testing.B, port, count int) []net.Conn {
	b.Helper()
	var out []net.Conn
	for range count {
		out = append(out, must1(net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)))(b))
	}
	return out
}
