package fleet_test

import (
	"testing"

	"orchestrator/bench/fleet"
)

// BenchmarkProbe is what a probe costs manager and fleet together.
func BenchmarkProbe(b *testing.B) {
	f := start(b, fleet.Options{Servers: 5})
	m := manager(b, nil)
	probe(b, m, f.Key(1))
	b.ReportAllocs()
	for b.Loop() {
		probe(b, m, f.Key(1))
	}
}
