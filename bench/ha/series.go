package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"sync"
	"time"

	"orchestrator/internal/sandbox"
	"orchestrator/internal/store"
)

const (
	managers     = 3
	servers      = 3
	spares       = managers + 1 // places for nodes that replace others
	setUpWithin  = 2 * time.Minute
	roundWithin  = 2 * time.Minute
	lookEvery    = 5 * time.Millisecond
	hiddenFor    = 4 * time.Second // longer than a failover takes that should not be
	sampleEvery  = 25 * time.Millisecond
	sampleWithin = 20 * time.Millisecond
)

// series is a group of managers, the cluster that they manage, and what was seen of them.
type series struct {
	o       options
	random  *rand.Rand
	dir     string
	network *sandbox.Network
	cluster *sandbox.Cluster
	nodes   []*node
	primary *sandbox.Node

	away      *sandbox.Node // the primary, while it cannot be asked from here
	decisions []string      // that were acknowledged
	failovers int

	mu    sync.Mutex
	took  map[string][]time.Duration // until there was a leader again, by kind
	fixed map[string][]time.Duration // until writes were possible again, by kind
	twice int                        // samples in which two nodes said that they lead
	times int                        // samples
	stop  context.CancelFunc
	work  sync.WaitGroup
}

func newSeries(ctx context.Context, o options) (s *series, err error) {
	s = &series{
		o: o, random: rand.New(rand.NewPCG(o.seed, 1)), took: make(map[string][]time.Duration), fixed: make(map[string][]time.Duration),
		stop: func() {},
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close(true))
		}
	}()
	if s.dir, err = os.MkdirTemp("", "ha-"); err != nil {
		return s, err
	}
	bounded, cancel := context.WithTimeout(ctx, setUpWithin)
	defer cancel()
	if s.network, err = sandbox.NewNetwork(bounded, managers+servers+spares); err != nil {
		return s, err
	}
	options := sandbox.Options{
		Flavor: o.flavor, Nodes: servers, GTID: true, NetTimeout: time.Minute,
		NodeAddress: map[int]string{}, NodeNamespace: map[int]string{},
	}
	for i := range servers {
		options.NodeAddress[i], options.NodeNamespace[i] = s.network.Address(managers+i), s.network.Path(managers+i)
	}
	if s.cluster, err = sandbox.Start(bounded, options); err != nil {
		return s, err
	}
	s.primary = s.cluster.Node(0)
	var members []string
	for i := range managers {
		s.nodes = append(s.nodes, newNode(s.dir, o.binary, i, s.network))
		members = append(members, s.nodes[i].raftAddress())
	}
	for _, n := range s.nodes {
		if err := n.configure(members, s.cluster); err != nil {
			return s, err
		}
		if err := n.start(ctx); err != nil {
			return s, err
		}
	}
	if err := s.awaitWhole(bounded); err != nil {
		return s, err
	}
	sampling, stop := context.WithCancel(ctx)
	s.stop = stop
	s.work.Go(func() { s.sample(sampling) })
	return s, nil
}

func (s *series) close(keep bool) error {
	s.stop()
	s.work.Wait()
	var errs []error
	for _, n := range s.nodes {
		if n.cmd != nil {
			errs = append(errs, n.kill())
		}
	}
	if s.cluster != nil {
		errs = append(errs, s.cluster.Close())
	}
	if s.network != nil {
		errs = append(errs, s.network.Close(context.Background()))
	}
	if !keep {
		errs = append(errs, os.RemoveAll(s.dir))
	}
	return errors.Join(errs...)
}

// end compares what the members have.
func (s *series) end(ctx context.Context) error {
	s.stop()
	s.work.Wait()
	var first map[string]store.TableData
	var errs []error
	for _, n := range s.nodes {
		errs = append(errs, n.stop())
	}
	for _, n := range s.nodes {
		st, err := store.Open(ctx, store.Options{File: n.tables(), SkipUpdate: true})
		if err != nil {
			return err
		}
		rows, err := st.ExportTables(ctx, store.AgreedTables()...)
		errs = append(errs, err, st.Close())
		if first == nil {
			first = rows
		}
		for name := range first {
			if !reflect.DeepEqual(first[name], rows[name]) {
				errs = append(errs, fmt.Errorf("manager %d has other rows in %s than manager 0: %d and %d", n.index, name, len(rows[name].Data), len(first[name].Data)))
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.twice > 0 {
		errs = append(errs, fmt.Errorf("in %d of %d samples two nodes said that they lead", s.twice, s.times))
	}
	open := 0
	for _, row := range first["recovery_journal"].Data {
		for n, name := range first["recovery_journal"].Columns {
			if name == "is_open" && row[n] != nil && *row[n] == "1" {
				open++
			}
		}
	}
	if open > 0 {
		errs = append(errs, fmt.Errorf("%d recoveries were left unfinished", open))
	}
	return errors.Join(errs...)
}
