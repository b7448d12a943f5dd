package main

import (
	"context"
	"fmt"
	"sync"

	"orchestrator/internal/observe"
)

// seekLeadership makes the service one that wants to lead. One that looks at no server has nothing to lead by, but in a
// raft group it takes part: otherwise it would take writes that no other node hears of.
func (s *service) seekLeadership() error {
	if s.options.Settings.config().RaftEnabled {
		return s.joinRaft()
	}
	if !s.options.Discovery {
		s.parts.lead(bystander{})
		return nil
	}
	s.lease = s.parts.standForLeader(func(leads bool) {
		if leads {
			s.writer.Reset() // whoever led before has written other things
		}
	})
	return nil
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

// observerStore is where the observer writes.
func (s *service) observerStore(kept *pictureStore) observe.Store {
	if s.raft == nil {
		return patientStore{leadersStore{kept, s.parts.leader.IsLeader}, s.options.Logger}
	}
	own := s.parts.pictureStoreOn(s.parts.store.Local(), s.writer)
	return patientStore{newAgreedStore(kept, own, s.parts.leader.IsLeader), s.options.Logger}
}

// hearNews prepares to show what other processes declare, discover and forget.
func (s *service) hearNews() *news {
	n := s.parts.news(s.observer.Apply, s.declared)
	if s.options.Discovery {
		n.fleet = s.parts.fleetNews(s.observer)
	}
	return n
}
