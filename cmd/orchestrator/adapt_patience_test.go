package main

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"

	"orchestrator/internal/observe"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// failingStore fails with each error in turn, then answers.
type failingStore struct {
	observe.Store
	errs  *[]error
	asked *int
}

func (s failingStore) LoadInstances(context.Context) ([]*topology.Instance, topology.Names, error) {
	*s.asked++
	if len(*s.errs) == 0 {
		return []*topology.Instance{{Key: key("db1")}}, topology.Names{}, nil
	}
	err := (*s.errs)[0]
	*s.errs = (*s.errs)[1:]
	return nil, topology.Names{}, err
}

func TestPatience(t *testing.T) {
	gone := &store.Error{Kind: store.ErrUnreachable}
	hopeless := errors.New("no such column")
	for name, c := range map[string]struct {
		errs  []error
		asked int
		want  error
	}{
		"at once":           {nil, 1, nil},
		"after two tries":   {[]error{gone, gone}, 3, nil},
		"what stays broken": {[]error{gone, hopeless}, 2, hopeless},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				s := patientStore{failingStore{errs: &c.errs, asked: &asked}, slog.New(slog.DiscardHandler)}
				list, _, err := s.LoadInstances(t.Context())
				if asked != c.asked || !errors.Is(err, c.want) || (err == nil) != (len(list) == 1) {
					t.Errorf("asked %d times, %v, %v", asked, list, err)
				}
			})
		})
	}
	if _, _, err := (patientStore{failingStore{errs: &[]error{gone}, asked: new(int)}, slog.New(slog.DiscardHandler)}).LoadInstances(cancelled(t)); !errors.Is(err, gone) {
		t.Errorf("at the end of the service: %v", err)
	}
}
