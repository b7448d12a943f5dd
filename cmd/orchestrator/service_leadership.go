package main

import (
	"context"
	"fmt"
	"sync"
)

// seekLeadership makes the service one that wants to lead. One that looks at no server has nothing to lead by. One of
// several raft nodes must not: each has a backend of its own, and each would take itself for the only one.
func (s *service) seekLeadership() {
	if !s.options.Discovery {
		s.parts.lead(bystander{})
		return
	}
	if c := s.options.Settings.config(); c.RaftEnabled && len(c.RaftNodes) > 1 {
		s.options.Logger.Error("RaftEnabled is set with several nodes, and this version has no raft: this node observes and repairs nothing; " +
			"let one node run with RaftEnabled false, or let all share one MySQL backend")
		s.parts.lead(bystander{})
		return
	}
	s.lease = s.parts.standForLeader(func(leads bool) {
		if leads {
			s.writer.Reset() // whoever led before has written other things
		}
	})
}

// takeOffice begins to lead, if nobody else does, or to wait for that. resign gives up what is held; call it when
// nothing acts any more.
func (s *service) takeOffice(ctx context.Context) (resign func() error, err error) {
	switch {
	case s.lease == nil:
	case s.options.GrabElection:
		if err := s.lease.Grab(ctx); err != nil {
			return nil, fmt.Errorf("become the leader (--grab-election): %w", err)
		}
	default:
		s.lease.Try(ctx)
	}
	office, leave := context.WithCancel(context.WithoutCancel(ctx))
	var work sync.WaitGroup
	var failed error
	work.Go(func() { failed = s.parts.leader.Run(office) })
	return func() error {
		leave()
		work.Wait()
		return failed
	}, nil
}

// writes says whether this service is the one that writes down what it observes: it leads, or the backend is its own.
func (s *service) writes() bool {
	return s.parts.leader.IsLeader() || s.options.Settings.config().RaftEnabled
}

// news are what other processes declare, discover and forget.
func (s *service) news() *news {
	n := s.parts.news(s.observer.Apply)
	if s.options.Discovery {
		n.fleet = s.parts.fleetNews(s.observer)
	}
	return n
}
