package webtest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"orchestrator/internal/httpapi"
	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/operate"
	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/recovery"
	"orchestrator/internal/topology"
	"orchestrator/internal/web"
)

// service is the product's HTTP face over a fleet in memory.
type service struct {
	http.Handler
	*httptest.Server
	backend *operatetest.Backend
	api     *v2.API
	records operate.Records

	Gone atomic.Bool // nothing is answered
}

// journals are records that have the journals of recoveries, too.
type journals interface {
	Journal(ctx context.Context, uid string) (recovery.Journal, bool, error)
}

// start serves the backend; change may replace parts of its engine.
func start(t *testing.T, b *operatetest.Backend, change func(e *operate.Engine), options ...func(*web.Options)) *service {
	t.Helper()
	return startWith(t, b, change, nil, options...)
}

// startWith may replace what the second API works on, too.
func startWith(t *testing.T, b *operatetest.Backend, change func(e *operate.Engine), changeDeps func(d *v2.Deps), options ...func(*web.Options)) *service {
	t.Helper()
	e, registry := b.Engine(), operate.NewRegistry()
	if change != nil {
		change(e)
	}
	deps := v2.Deps{Engine: e, Registry: registry}
	if j, ok := e.Records.(journals); ok {
		deps.Journal = j.Journal
	}
	if b.Conf.ConsulAddress != "" {
		stores(&deps)
	}
	if changeDeps != nil {
		changeDeps(&deps)
	}
	api := v2.New(deps)
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() {
		if err := api.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	s := &service{backend: b, api: api, records: e.Records}
	s.Handler = httpapi.New(httpapi.Deps{Engine: e, Registry: registry, V2: api, Web: func(api http.Handler, prefix string) http.Handler {
		o := web.Options{API: api, Prefix: prefix}
		for _, change := range options {
			change(&o)
		}
		return web.New(o)
	}})
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.Gone.Load() {
			http.Error(w, "gone", http.StatusServiceUnavailable)
			return
		}
		s.Handler.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		cancel() // ends the streams of events, which a server waits for
		work.Wait()
		s.Server.CloseClientConnections()
		s.Server.Close()
	})
	return s
}

// fleet makes clusters of a primary and replicas; each name is an alias, and names the servers.
func fleet(change func(n int, i *topology.Instance), aliases ...string) *topology.Topology {
	names := topology.Names{Aliases: map[string]string{}}
	var all []*topology.Instance
	add := func(n int, key, source topology.Key) {
		seen := operatetest.Now().Add(-time.Second)
		i := &topology.Instance{
			Key: key, ServerID: uint32(len(all) + 1), ServerUUID: fmt.Sprintf("00000000-0000-0000-0000-%012d", len(all)), Version: "8.4.6", Flavor: topology.FlavorMySQL, Uptime: time.Hour,
			BinlogFormat: "ROW", LogBin: true, LogReplicaUpdates: true, SupportsOracleGTID: true, GTIDMode: "ON", DataCenter: []string{"fra1", "ams1"}[n%2],
			Check: topology.Check{Attempted: seen, Checked: seen, Seen: seen, Latency: time.Millisecond}, ReadOnly: !source.IsZero(),
			Channel: topology.Channel{IOThread: topology.NoThread, SQLThread: topology.NoThread},
		}
		if !source.IsZero() {
			i.Lag = topology.KnownSeconds(0)
			i.Channel = topology.Channel{Source: source, SourceHost: source.Hostname, IOThread: topology.ThreadRunning, SQLThread: topology.ThreadRunning, GTID: topology.OracleGTID, SecondsBehind: topology.KnownSeconds(0)}
		}
		if change != nil {
			change(n, i)
		}
		all = append(all, i)
	}
	for n, alias := range aliases {
		primary := topology.Key{Hostname: fmt.Sprintf("c%d-db-1", n), Port: 3306}
		names.Aliases[primary.String()] = alias
		add(n, primary, topology.Key{})
		for r := range 2 {
			add(n, topology.Key{Hostname: fmt.Sprintf("c%d-db-%d", n, r+2), Port: 3306}, primary)
		}
	}
	return topology.New(topology.Derive(all, names), names)
}
