package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"orchestrator/internal/sandbox"
	"orchestrator/internal/store"
)

const (
	managers     = 3
	servers      = 3
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

	decisions []string // that were acknowledged
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
	if s.network, err = sandbox.NewNetwork(bounded, managers+servers); err != nil {
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

// await looks until something holds.
func await(ctx context.Context, what string, holds func() bool) error {
	for !holds() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited for %s: %w", what, context.Cause(ctx))
		case <-time.After(lookEvery):
		}
	}
	return nil
}

// leader returns the node that leads, nil when none does at this moment.
func (s *series) leader(ctx context.Context) *node {
	for _, n := range s.nodes {
		if n.runs() && n.leads(ctx) {
			return n
		}
	}
	return nil
}

// sample asks all nodes at once, all the time, whether they lead.
func (s *series) sample(ctx context.Context) {
	ticker := time.NewTicker(sampleEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		yes := make([]bool, len(s.nodes))
		var asking sync.WaitGroup
		for k, n := range s.nodes {
			asking.Go(func() {
				status, _, err := n.ask(ctx, sampleWithin, "leader-check")
				yes[k] = err == nil && status == http.StatusOK
			})
		}
		asking.Wait()
		count := 0
		for _, y := range yes {
			if y {
				count++
			}
		}
		s.mu.Lock()
		s.times++
		if count > 1 {
			s.twice++
		}
		s.mu.Unlock()
	}
}

// round is one strike and what follows.
func (s *series) round(ctx context.Context, n int, kind string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, roundWithin)
	defer cancel()
	var leader *node
	if err := await(ctx, "a leader", func() bool { leader = s.leader(ctx); return leader != nil }); err != nil {
		return err
	}
	if err := s.decide(ctx, fmt.Sprint("round", n)); err != nil {
		return err
	}
	victim := leader
	if strings.HasSuffix(kind, "follower") {
		victim = s.nodes[(leader.index+1+s.random.IntN(managers-1))%managers]
	}
	old, began := s.primary, time.Now()
	if err := s.strike(ctx, kind, victim); err != nil {
		return err
	}
	if victim == leader && kind != hidden {
		err := await(ctx, "another leader", func() bool {
			l := s.leader(ctx)
			return l != nil && (l != victim || victim.runs())
		})
		if err != nil {
			return err
		}
		s.note(s.took, kind, time.Since(began))
	}
	if err := s.decide(ctx, fmt.Sprint("struck", n)); err != nil {
		return fmt.Errorf("nothing can be decided: %w", err)
	}
	if kind == together || kind == inTheMiddle {
		if err := s.awaitSuccessor(ctx, old); err != nil {
			return err
		}
		s.note(s.fixed, kind, time.Since(began))
		if err := old.Restart(ctx); err != nil {
			return err
		}
		s.failovers++
	}
	if kind == hidden {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(hiddenFor):
		}
		if found, err := s.writable(ctx); err != nil || len(found) != 1 || found[0] != old {
			return fmt.Errorf("the primary was replaced although only the leader could not reach it (%w)", err)
		}
	}
	if err := s.heal(ctx, kind, victim); err != nil {
		return err
	}
	if err := s.awaitWhole(ctx); err != nil {
		return err
	}
	if s.o.verbose {
		fmt.Printf("%4d %-20s %s\n", n, kind, time.Since(began).Round(time.Millisecond))
	}
	return s.check(ctx)
}

func (s *series) note(where map[string][]time.Duration, kind string, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	where[kind] = append(where[kind], d)
}

func (s *series) strike(ctx context.Context, kind string, victim *node) error {
	switch kind {
	case killLeader, killFollower:
		return victim.kill()
	case freezeLeader, freezeFollower:
		victim.out = true
		return victim.signal(stopSignal)
	case cutLeader, cutFollower:
		victim.out = true
		return s.network.Cut(ctx, victim.index)
	case together:
		return errors.Join(s.primary.Kill(), victim.kill())
	case inTheMiddle:
		if err := s.primary.Kill(); err != nil {
			return err
		}
		time.Sleep(time.Duration(s.random.IntN(400)) * time.Millisecond)
		return victim.kill()
	case hidden:
		return s.hide(victim, "add")
	}
	return errors.New("nobody knows how")
}

// hide hides the primary from a manager, or shows it again.
func (s *series) hide(n *node, what string) error {
	return sandbox.Within(n.namespace, func() error {
		out, err := exec.Command("ip", "route", what, "blackhole", s.primary.Host+"/32").CombinedOutput()
		if err != nil {
			return fmt.Errorf("ip route: %w: %s", err, out)
		}
		return nil
	})
}

func (s *series) heal(ctx context.Context, kind string, victim *node) error {
	switch kind {
	case freezeLeader, freezeFollower:
		victim.out = false
		return victim.signal(goOnSignal)
	case cutLeader, cutFollower:
		victim.out = false
		return s.network.Heal(ctx, victim.index)
	case hidden:
		return s.hide(victim, "del")
	}
	return victim.start(context.WithoutCancel(ctx))
}

// decide has something decided, through any node that runs, and remembers it when that was acknowledged.
func (s *series) decide(ctx context.Context, name string) error {
	return await(ctx, "a decision", func() bool {
		n := s.nodes[s.random.IntN(len(s.nodes))]
		if !n.runs() {
			return false
		}
		host, port, _ := strings.Cut(s.cluster.Node(0).Addr(), ":")
		status, _, err := n.ask(ctx, 2*time.Second, "tag/"+host+"/"+port+"?tag="+name)
		if err != nil || status != http.StatusOK {
			return false
		}
		s.decisions = append(s.decisions, name)
		return true
	})
}

// writable are the servers that take writes.
func (s *series) writable(ctx context.Context) (found []*sandbox.Node, err error) {
	for _, n := range s.cluster.Nodes() {
		if !n.Running() {
			continue
		}
		var readOnly bool
		if err := n.Scan(ctx, "SELECT @@read_only", &readOnly); err != nil {
			return nil, err
		}
		if !readOnly {
			found = append(found, n)
		}
	}
	return found, nil
}

func (s *series) awaitSuccessor(ctx context.Context, old *sandbox.Node) error {
	return await(ctx, "a successor of "+old.Addr(), func() bool {
		found, err := s.writable(ctx)
		if err != nil || len(found) != 1 || found[0] == old {
			return false
		}
		s.primary = found[0]
		return true
	})
}

// awaitWhole waits until all managers and servers are well: every manager sees every server in good order below one
// primary, and every other manager.
func (s *series) awaitWhole(ctx context.Context) error {
	for _, n := range s.nodes {
		var last string
		err := await(ctx, "all to be well", func() bool {
			var all []struct {
				IsLastCheckValid, Slave_SQL_Running, Slave_IO_Running bool //nolint:revive // the API's own names
				MasterKey                                             struct{ Hostname string }
			}
			var status struct {
				VotersReachable int
				Members         []struct{ Lag uint64 }
			}
			_, body, err := n.ask(ctx, time.Second, "all-instances", "X-Orchestrator-Local")
			if err == nil {
				err = json.Unmarshal(body, &all)
			}
			_, text, statusErr := n.ask(ctx, time.Second, "raft-status")
			if statusErr == nil {
				statusErr = json.Unmarshal(text, &status)
			}
			good, tops := 0, 0
			for _, i := range all {
				switch {
				case !i.IsLastCheckValid:
				case i.MasterKey.Hostname == "":
					tops, good = tops+1, good+1
				case i.Slave_IO_Running && i.Slave_SQL_Running:
					good++
				}
			}
			last = fmt.Sprintf("manager %d: %d servers well, %d primaries, %v; %+v, %v", n.index, good, tops, err, status, statusErr)
			return good == servers && tops == 1 && status.VotersReachable == managers &&
				!slices.ContainsFunc(status.Members, func(m struct{ Lag uint64 }) bool { return m.Lag > 0 })
		})
		if err != nil {
			return fmt.Errorf("%w: %s", err, last)
		}
	}
	return nil
}

// check sees that everything that was decided is there, and that each failover has one record that has ended.
func (s *series) check(ctx context.Context) error {
	n := s.nodes[s.random.IntN(len(s.nodes))]
	host, port, _ := strings.Cut(s.cluster.Node(0).Addr(), ":")
	var tags []string
	_, body, err := n.ask(ctx, 5*time.Second, "tags/"+host+"/"+port)
	if err == nil {
		err = json.Unmarshal(body, &tags)
	}
	if err != nil {
		return err
	}
	known := make(map[string]bool)
	for _, t := range tags {
		known[strings.TrimSuffix(t, "=")] = true
	}
	for _, d := range s.decisions {
		if !known[d] {
			return fmt.Errorf("the decision %s was acknowledged and is lost", d)
		}
	}
	found, err := s.writable(ctx)
	if err == nil && (len(found) != 1 || found[0] != s.primary) {
		err = fmt.Errorf("%d servers are writable", len(found))
	}
	return err
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

func (s *series) print() {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Println("\n| what happened | rounds | a leader again: median | most | writes possible: median | most |\n| --- | --- | --- | --- | --- | --- |")
	var all []time.Duration
	for _, k := range allKinds {
		took, fixed := s.took[k], s.fixed[k]
		if len(took)+len(fixed) == 0 {
			continue
		}
		all = append(all, took...)
		fmt.Printf("| %s | %d | %s | %s | %s | %s |\n", k, max(len(took), len(fixed)), median(took), most(took), median(fixed), most(fixed))
	}
	fmt.Printf("\na leader again, all kinds: median %s, most %s; %d decisions, %d failovers, %d samples of who leads\n", median(all), most(all), len(s.decisions), s.failovers, s.times)
}

func median(list []time.Duration) string {
	if len(list) == 0 {
		return "–"
	}
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2].Round(time.Millisecond).String()
}

func most(list []time.Duration) string {
	if len(list) == 0 {
		return "–"
	}
	return slices.Max(list).Round(time.Millisecond).String()
}
