package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"
)

// What is done with all nodes of the group, one after the other.
const (
	restartAll = "restart"
	upgradeAll = "upgrade" // to another program, and back
	replaceAll = "replace" // by new nodes with other addresses
)

const (
	watchEvery  = 10 * time.Millisecond
	watchWithin = 500 * time.Millisecond
)

// gaps are the times in which no node said that it leads. Each lasts from the last yes before it to the first after it,
// so it is shown rather too long than too short.
type gaps struct {
	mu   sync.Mutex
	last time.Time // of a yes
	list []time.Duration
}

// gapFrom is how much longer than usual nobody must have said yes for a gap; below it, only nobody was asked.
const gapFrom = 5 * watchEvery

func (g *gaps) yes(at time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if gap := at.Sub(g.last); !g.last.IsZero() && gap > gapFrom {
		g.list = append(g.list, gap)
	}
	if at.After(g.last) {
		g.last = at
	}
}

// take returns what there was, and begins anew.
func (g *gaps) take() []time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	list := g.list
	g.list = nil
	return list
}

// watch asks all nodes whether they lead, all the time.
func (s *series) watch(ctx context.Context, g *gaps) {
	var asking sync.WaitGroup
	defer asking.Wait()
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for _, n := range s.members() {
			if n.asking.TryLock() {
				asking.Go(func() {
					defer n.asking.Unlock()
					status, _, err := n.ask(ctx, watchWithin, "leader-check")
					if err == nil && status == http.StatusOK {
						g.yes(time.Now())
					}
				})
			}
		}
	}
}

// members are the nodes at this moment.
func (s *series) members() []*node {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.nodes)
}

// roll does one thing with all nodes after the other, again and again, and prints how long nobody led.
func (s *series) roll(ctx context.Context) error {
	watching, stop := context.WithCancel(ctx)
	var work sync.WaitGroup
	defer work.Wait()
	defer stop()
	g := new(gaps)
	work.Go(func() { s.watch(watching, g) })
	fmt.Println("\n| all three nodes, one after the other | times | took: median | without a leader: times | median | longest |\n| --- | --- | --- | --- | --- | --- |")
	for _, what := range []string{restartAll, upgradeAll, replaceAll} {
		if what == upgradeAll && s.o.next == "" {
			continue
		}
		var took, without []time.Duration
		for n := range s.o.rolls {
			binary := s.o.binary
			if what == upgradeAll && n%2 == 0 {
				binary = s.o.next // and back the next time
			}
			began := time.Now()
			for k := range s.nodes {
				if err := s.rollOne(ctx, what, binary, k); err != nil {
					return fmt.Errorf("%s of node %d, %d times before: %w", what, k, n, err)
				}
			}
			took = append(took, time.Since(began))
			without = append(without, g.take()...)
		}
		fmt.Printf("| %s | %d | %s | %d | %s | %s |\n", what, s.o.rolls, median(took), len(without), median(without), most(without))
	}
	return nil
}

// rollOne does it with one node, and waits until all is well.
func (s *series) rollOne(ctx context.Context, what, binary string, k int) error {
	ctx, cancel := context.WithTimeout(ctx, roundWithin)
	defer cancel()
	step := s.restart
	if what == replaceAll {
		step = s.replace
	}
	if err := step(ctx, binary, k); err != nil {
		return err
	}
	if err := s.decide(ctx, fmt.Sprintf("%s%d", what, len(s.decisions))); err != nil {
		return err
	}
	if err := s.awaitWhole(ctx); err != nil {
		return err
	}
	return s.check(ctx)
}

// restart ends a node in order, and starts it as this program.
func (s *series) restart(ctx context.Context, binary string, k int) error {
	n := s.nodes[k]
	if err := n.stop(); err != nil {
		return err
	}
	n.binary = binary
	return n.start(context.WithoutCancel(ctx))
}

// replace puts a new node with another address in the place of one, through another node, and ends the old one.
func (s *series) replace(ctx context.Context, binary string, k int) error {
	old := s.nodes[k]
	fresh := newNode(s.dir, binary, s.spare(), s.network)
	members := []string{fresh.raftAddress()}
	for _, n := range s.nodes {
		members = append(members, n.raftAddress())
	}
	if err := errors.Join(os.RemoveAll(fresh.dir), fresh.configure(members, s.cluster)); err != nil {
		return err
	}
	if err := fresh.start(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	var last string
	through := s.nodes[(k+1)%managers]
	err := await(ctx, "the new node to be taken in", func() bool {
		status, body, err := through.ask(ctx, roundWithin, "raft-replace-peer/"+old.raftAddress()+"/"+fresh.raftAddress())
		last = fmt.Sprint(status, " ", string(body), err)
		return err == nil && status == http.StatusOK
	})
	if err != nil {
		return errors.Join(fmt.Errorf("%w: %s", err, last), fresh.kill())
	}
	s.mu.Lock()
	s.nodes[k] = fresh
	s.mu.Unlock()
	return old.stop()
}

// spare is the number of a place in the network where no node is.
func (s *series) spare() int {
	for i := managers + servers; ; i++ {
		if !slices.ContainsFunc(s.nodes, func(n *node) bool { return n.index == i }) {
			return i
		}
	}
}
