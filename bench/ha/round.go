package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"time"

	"orchestrator/internal/sandbox"
)

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
	if kind == siteLost || kind == siteKept {
		began := time.Now()
		if err := s.cutOffSite(ctx, kind, leader); err != nil {
			return err
		}
		return s.settle(ctx, n, kind, began)
	}
	if kind == again {
		return s.loseAgain(ctx, n)
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
		if err := s.awaitAnother(ctx, kind, victim, began); err != nil {
			return err
		}
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
	return s.settle(ctx, n, kind, began)
}

// awaitAnother waits until there is a leader again after the one was struck, and notes how long that took.
func (s *series) awaitAnother(ctx context.Context, kind string, victim *node, began time.Time) error {
	err := await(ctx, "another leader", func() bool {
		l := s.leader(ctx)
		return l != nil && (l != victim || victim.runs())
	})
	if err == nil {
		s.note(s.took, kind, time.Since(began))
	}
	return err
}

// settle waits until all is well again, and checks it.
func (s *series) settle(ctx context.Context, n int, kind string, began time.Time) error {
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
