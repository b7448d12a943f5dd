//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// The test's own program is the manager in tests, when this variable is set: a small one that probes, follows
// replicas, and says of a server that refuses connections that it is dead.
const asManager = "FLEETBENCH_TEST_MANAGER"

// stub is the small manager.
type stub struct {
	servers  *server.Servers
	interval time.Duration
	probing  sync.WaitGroup

	mu    sync.Mutex
	known map[topology.Key]*topology.Instance // nil until it was seen
	dead  map[topology.Key]bool
}

// stubInterval is how often the stub probes, unless its configuration says otherwise.
const stubInterval = 200 * time.Millisecond

func stubMain(behaviour, file string) error {
	if behaviour == "dies" {
		return errors.New("the stub was told to die")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var config struct {
		MySQLTopologyUser, MySQLTopologyPassword, ListenAddress string
		DiscoverySeeds                                          []string
		StubIntervalMillis                                      int64
	}
	if err := json.Unmarshal(text, &config); err != nil {
		return err
	}
	interval := stubInterval
	if config.StubIntervalMillis > 0 {
		interval = time.Duration(config.StubIntervalMillis) * time.Millisecond
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	s := &stub{
		interval: interval,
		servers: server.New(server.Options{User: config.MySQLTopologyUser, Password: config.MySQLTopologyPassword,
			DiscoverByShowReplicas: true}),
		known: make(map[topology.Key]*topology.Instance), dead: make(map[topology.Key]bool),
	}
	for _, seed := range config.DiscoverySeeds {
		k, err := topology.ParseKey(seed, 3306)
		if err != nil {
			return err
		}
		s.learn(ctx, k)
	}
	h := &http.Server{Addr: config.ListenAddress, Handler: s.routes()}
	context.AfterFunc(ctx, func() { _ = h.Close() })
	err = h.ListenAndServe()
	s.probing.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return errors.Join(err, s.servers.Close())
}

// learn begins to probe a server that is new.
func (s *stub) learn(ctx context.Context, k topology.Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.known[k]; ok {
		return
	}
	s.known[k] = nil
	s.probing.Go(func() {
		tick := time.NewTicker(s.interval)
		defer tick.Stop()
		for {
			obs, err := s.servers.For(k).Probe(ctx)
			if ctx.Err() != nil {
				return
			}
			s.note(k, obs, err)
			if err == nil {
				for _, r := range obs.Replicas {
					s.learn(ctx, r)
				}
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	})
}

func (s *stub) note(k topology.Key, obs *server.Observation, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dead[k] = err != nil
	if err == nil {
		s.known[k] = obs.Instance
	}
}

func (s *stub) routes() http.Handler {
	mux := http.NewServeMux()
	serve := func(path string, make func() any) {
		mux.HandleFunc("GET /api/"+path, func(w http.ResponseWriter, _ *http.Request) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if err := json.NewEncoder(w).Encode(make()); err != nil {
				log.Print(err)
			}
		})
	}
	serve("clusters-info", func() any {
		counts := make(map[string]int)
		for k, in := range s.known {
			for in != nil && in.HasSource() {
				k = in.SourceKey()
				in = s.known[k]
			}
			if in != nil {
				counts[k.String()]++
			}
		}
		list := []clusterInfo{}
		for name, n := range counts {
			list = append(list, clusterInfo{name, n})
		}
		return list
	})
	serve("cluster/{name}", func() any { return []string{"a server"} })
	serve("problems", func() any { return []string{} })
	serve("replication-analysis", func() any {
		type detail struct {
			AnalyzedInstanceKey topology.Key
			Analysis            string
		}
		details := []detail{}
		for k, dead := range s.dead {
			if dead {
				details = append(details, detail{k, "DeadMaster"})
			}
		}
		return map[string]any{"Code": "OK", "Message": "", "Details": details}
	})
	return mux
}
