package httpapi_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"orchestrator/internal/httpapi"
	"orchestrator/internal/operate"
	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/topology"
)

// largeFleet is n servers in clusters of ten, all well but for one primary in fifty that is gone.
func largeFleet(n int, now time.Time) *topology.Topology {
	list := make([]*topology.Instance, 0, n)
	for c := range n / 10 {
		primary := topology.Key{Hostname: fmt.Sprintf("db-%04d-0", c), Port: 3306}
		for r := range 10 {
			i := &topology.Instance{
				Key: topology.Key{Hostname: fmt.Sprintf("db-%04d-%d", c, r), Port: 3306}, ServerID: uint32(c*10 + r + 1), Version: "8.0.41", LogBin: true, LogReplicaUpdates: true,
				BinlogFormat: "ROW", GTIDMode: "ON", DataCenter: fmt.Sprintf("dc%d", r%3), ReadOnly: r > 0, Check: topology.Check{Attempted: now, Checked: now, Seen: now},
				SupportsOracleGTID: true, ExecutedSet: "00000000-0000-0000-0000-000000000001:1-1000000",
			}
			if r > 0 {
				i.Channel.Source, i.Channel.IOThread, i.Channel.SQLThread = primary, topology.ThreadRunning, topology.ThreadRunning
				i.Channel.GTID, i.Lag = topology.OracleGTID, topology.KnownSeconds(0)
			} else if c%50 == 0 {
				i.Check.Seen = now.Add(-time.Minute)
			}
			list = append(list, i)
		}
	}
	return topology.New(topology.Derive(list, topology.Names{}), topology.Names{})
}

// busy is a fleet of which some figure always changes: the picture is made anew as often as the observer does it, and by
// one of those who ask.
type busy struct {
	list   []*topology.Instance
	making sync.Mutex
	last   atomic.Pointer[topology.Topology]
	made   atomic.Int64
}

func (f *busy) Topology(context.Context) (*topology.Topology, error) {
	if now := time.Now().UnixMilli(); now-f.made.Load() >= 100 && f.making.TryLock() {
		defer f.making.Unlock()
		f.last.Store(topology.New(f.list, topology.Names{}))
		f.made.Store(now)
	}
	return f.last.Load(), nil
}

// BenchmarkRoutes is how long 50 clients at the same time wait for an answer about one of 10,000 servers in memory, over
// loopback, without compression: go test ./internal/httpapi -run ^$ -bench Routes -benchtime 5000x.
func BenchmarkRoutes(b *testing.B) {
	const clients, servers = 50, 10_000
	backend := operatetest.New()
	e := backend.Engine()
	e.Live = true
	e.Now = time.Now
	fleet := &busy{list: largeFleet(servers, time.Now()).Instances()}
	fleet.last.Store(topology.New(fleet.list, topology.Names{}))
	e.Picture = fleet
	s := httptest.NewServer(httpapi.New(httpapi.Deps{Engine: e, Registry: operate.NewRegistry()}))
	defer s.Close()
	for _, route := range []struct{ name, path string }{
		{"instance", "instance/db-%04d-3/3306"}, {"cluster", "cluster/db-%04d-0:3306"}, {"cluster-by-member", "cluster/instance/db-%04d-3/3306"},
		{"topology", "topology/db-%04d-0:3306"}, {"analysis-of-cluster", "replication-analysis/db-%04d-0:3306"},
		{"analysis", "replication-analysis"}, {"clusters-info", "clusters-info"},
	} {
		b.Run(route.name, func(b *testing.B) {
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients, DisableCompression: true}}
			took := make([]time.Duration, max(b.N, 2*clients))
			var next atomic.Int64
			var work sync.WaitGroup
			for range clients {
				work.Go(func() {
					for n := next.Add(1) - 1; n < int64(len(took)); n = next.Add(1) - 1 {
						path := route.path
						if slices.Contains([]byte(path), '%') {
							path = fmt.Sprintf(path, n%(servers/10))
						}
						begun := time.Now()
						r, err := client.Get(s.URL + "/api/" + path)
						if err != nil {
							b.Error(err)
							return
						}
						if _, err := io.Copy(io.Discard, r.Body); err != nil || r.StatusCode != http.StatusOK {
							b.Errorf("%s: %d, %v", path, r.StatusCode, err)
						}
						_ = r.Body.Close()
						took[n] = time.Since(begun)
					}
				})
			}
			work.Wait()
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}
