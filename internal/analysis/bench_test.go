package analysis

import (
	"fmt"
	"testing"

	"orchestrator/internal/topology"
)

// manyClusters is a fleet of healthy clusters of one primary and its replicas.
func manyClusters(clusters, replicas int) *topology.Topology {
	var servers []*topology.Instance
	for c := range clusters {
		primary := fmt.Sprintf("c%04d-db0", c)
		in := func(i *topology.Instance) { i.ClusterName = primary + ":3306" }
		servers = append(servers, server(primary, in))
		for r := range replicas {
			servers = append(servers, server(fmt.Sprintf("c%04d-db%d", c, r+1), below(primary), in))
		}
	}
	return topology.New(servers, topology.Names{})
}

// deadPrimaries is the same fleet with all primaries gone.
func deadPrimaries(clusters, replicas int) *topology.Topology {
	var servers []*topology.Instance
	for _, i := range manyClusters(clusters, replicas).Instances() {
		if topology.IsPrimary(i) {
			unseen(i)
		} else {
			failing(i)
		}
		servers = append(servers, i)
	}
	return topology.New(servers, topology.Names{})
}

func BenchmarkAnalyze(b *testing.B) {
	everything := usual()
	everything.IncludeNoProblem, everything.ReduceAnalysisCount = true, false
	for _, c := range []struct {
		name   string
		top    *topology.Topology
		policy Policy
	}{
		{"healthy/1000x5", manyClusters(1000, 4), usual()},
		{"healthy/1x500", manyClusters(1, 499), usual()},
		{"everything/1000x5", manyClusters(1000, 4), everything},
		{"dead/1000x5", deadPrimaries(1000, 4), usual()},
		{"dead/1x500", deadPrimaries(1, 499), usual()},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Analyze(c.top, c.policy, now)
			}
			b.ReportMetric(float64(c.top.Len()), "servers")
		})
	}
}

func TestHealthyFleetAllocatesNothing(t *testing.T) {
	top := manyClusters(100, 4)
	p := usual()
	if n := testing.AllocsPerRun(5, func() { Analyze(top, p, now) }); n > 10 {
		t.Errorf("%.0f allocations for %d healthy servers", n, top.Len())
	}
}
