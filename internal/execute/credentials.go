package execute

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"orchestrator/internal/plan"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// identity is what a replica signs in to its source with, and how it connects.
type identity struct {
	server.Credentials
	channel topology.Channel
}

// Identities remembers what the replicas of a server sign in to it with. A server that was promoted has forgotten what it
// signed in with itself, and so did its replicas: it is read just before. It is never written down, as it holds passwords.
// The zero value is ready; it is safe for concurrent use.
type Identities struct {
	mu   sync.Mutex
	seen map[topology.Key]identity // by the server that one signs in to
}

func (i *Identities) note(source topology.Key, id identity) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.seen == nil {
		i.seen = make(map[topology.Key]identity)
	}
	i.seen[source] = id
}

func (i *Identities) of(source topology.Key) (identity, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	id, ok := i.seen[source]
	return id, ok
}

// credentialed is a server that can be asked for credentials.
type credentialed interface {
	Credentials(ctx context.Context) (server.Credentials, error)
}

// tellWithin bounds asking one server for credentials: one that hangs must not hide what the next one tells.
const tellWithin = 3 * time.Second

// readCredentials finds what a server can sign in to the source with, for BecomeReplica. In this order it is:
//
//  1. what the tellers say, one after the other: each runs ReplicationCredentialsQuery where there is one, and is then, on
//     MySQL, asked for its own mysql.slave_master_info;
//  2. what was read when the source was promoted, before it forgot its own.
//
// With neither, who is pointed at the source has to have a user of its own (BecomeReplica keeps it), or is left as it is.
// How to connect (TLS, retries) is told by the first teller that is a replica, even where none tells a password.
func (r *Run) readCredentials(ctx context.Context, source topology.Key, a plan.Action) (string, error) {
	var found identity
	var errs []error
	options := false
	for _, k := range tellers(source, a) {
		id, replica, err := r.ask(ctx, k, a.Channel)
		if replica && !options {
			found.channel, options = id.channel, true
		}
		if err == nil {
			found.Credentials = id.Credentials
			break
		}
		errs = append(errs, fmt.Errorf("%s: %w", k, err))
		if ctx.Err() != nil {
			break
		}
	}
	before, known := r.identities().of(source)
	if known && !options {
		found.channel = before.channel
	}
	note := ""
	if found.User == "" && known && before.User != "" {
		found.Credentials, note = before.Credentials, "as read when "+source.String()+" was promoted"
	}
	if found.User != "" || options {
		r.identities().note(source, found)
	}
	if found.User == "" {
		return "", noCredentials(source, errs)
	}
	return note, nil
}

// ask asks one server, and says whether it is a replica: only then its channel counts.
func (r *Run) ask(ctx context.Context, k topology.Key, name string) (id identity, replica bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, tellWithin)
	defer cancel()
	s := r.e.o.Server(k)
	c, err := channel(ctx, s, name)
	if err != nil {
		return id, false, err
	}
	if replica = c != nil && c.Source.IsValid(); replica {
		id.channel = *c
	}
	teller, ok := s.(credentialed)
	if !ok {
		return id, replica, server.ErrNoCredentials
	}
	id.Credentials, err = teller.Credentials(ctx)
	return id, replica, err
}

// noCredentials says what to do about it. It is an ErrNoCredentials whatever went wrong at those that were asked.
func noCredentials(source topology.Key, errs []error) error {
	const remedy = "set ReplicationCredentialsQuery, or let the manager read mysql.slave_master_info of a MySQL replica"
	if len(errs) == 0 {
		return fmt.Errorf("nobody tells what to sign in to %s with (%s): %w", source, remedy, server.ErrNoCredentials)
	}
	told := errors.Join(errs...)
	if !errors.Is(told, server.ErrNoCredentials) {
		told = errors.Join(server.ErrNoCredentials, told)
	}
	return fmt.Errorf("nobody tells what to sign in to %s with (%s): %w", source, remedy, told)
}

// noteOwn remembers what a server that is about to forget its source signs in with. The promotion does not depend on it:
// where it cannot be read, others may tell later.
func (r *Run) noteOwn(ctx context.Context, k topology.Key, name string) {
	if r.e.o.Identities == nil {
		return // nobody would read it
	}
	if id, replica, err := r.ask(ctx, k, name); replica && err == nil {
		r.identities().note(k, id)
	}
}

// identities is the memory that outlives the run, where there is one.
func (r *Run) identities() *Identities {
	if r.e.o.Identities != nil {
		return r.e.o.Identities
	}
	return &r.takeover.identities
}

// tellers are whom a step that reads credentials asks.
func tellers(k topology.Key, a plan.Action) []topology.Key {
	if len(a.Tellers) > 0 {
		return a.Tellers
	}
	return []topology.Key{k}
}
