package consensus

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// identity is what makes a node the same one after a restart, whatever its address.
type identity struct {
	ID  string `json:"id"`
	Log string `json:"log"` // of this directory: what a backend has applied of another log counts for nothing
}

// identify reads who this node is, or makes that up at its first start: it is called by the address that it has then.
func (r *Raft) identify() (identity, error) {
	file := filepath.Join(r.o.Dir, identityFile)
	var me identity
	text, err := os.ReadFile(file)
	switch {
	case err == nil:
		if err := json.Unmarshal(text, &me); err != nil || me.ID == "" || me.Log == "" {
			return me, fmt.Errorf("%s cannot be read (%w): restore it, or empty the directory so that the node joins anew", file, err)
		}
		return me, nil
	case !errors.Is(err, os.ErrNotExist):
		return me, fmt.Errorf("who this node is: %w", err)
	}
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails, as documented
	me = identity{ID: r.o.Advertise, Log: hex.EncodeToString(random[:])}
	if text, err = json.Marshal(me); err != nil {
		return me, err
	}
	next := file + ".next"
	if err := os.WriteFile(next, append(text, '\n'), 0o600); err != nil {
		return me, fmt.Errorf("who this node is: %w", err)
	}
	return me, os.Rename(next, file)
}

// keepOld counts what the backend holds from before this node's first entry of the log, and keeps a copy: it may be
// replaced by what others hold.
func (r *Raft) keepOld() error {
	old, err := r.o.Backend.TakeShared(r.ctx, r.machine.logID)
	if err != nil {
		return err
	}
	for _, t := range old.Tables {
		r.holds += len(t.Data)
	}
	if r.holds == 0 {
		return nil
	}
	file := filepath.Join(r.o.Dir, "before-joining-"+r.o.Now().UTC().Format("20060102T150405")+".json")
	out, err := os.OpenFile(file, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("keep a copy of what the backend holds: %w", err)
	}
	_, err = old.WriteTo(out)
	if err = errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("keep a copy of what the backend holds: %w", err)
	}
	r.o.Logger.Info("what the backend holds from before is kept in a file: it may be replaced by what other nodes hold", "file", file, "rows", r.holds)
	return nil
}

// richest waits until every voter has been heard of, within bounds, and returns the one that holds the most from before
// there was a log, if that is more than this node holds. What the first leader holds becomes what all hold.
func (r *Raft) richest(ctx context.Context) (best Member, found bool) {
	ctx, cancel := context.WithTimeout(ctx, healthyFor)
	defer cancel()
	again := time.NewTicker(greetEvery / 5)
	defer again.Stop()
	for {
		silent, most := false, r.holds
		found = false
		for _, m := range r.Members() {
			if m.Self || !m.Voter {
				continue
			}
			h, _ := r.lastHeard(m.ID)
			silent = silent || !m.Healthy
			if m.Healthy && !m.Witness && h.Holds > most {
				best, most, found = m, h.Holds, true
			}
		}
		if !silent {
			return best, found
		}
		select {
		case <-ctx.Done():
			return best, found
		case <-again.C:
		}
	}
}

// bootstrap forms the cluster that the configuration names, if this node has never been in one and no other node that
// the configuration names is in one.
func (r *Raft) bootstrap(c *raft.Config, snapshots raft.SnapshotStore, transport raft.Transport) error {
	known, err := raft.HasExistingState(r.logs, r.logs, snapshots)
	if err != nil || known {
		return err
	}
	members := []raft.Server{{ID: raft.ServerID(r.id), Address: raft.ServerAddress(r.o.Advertise)}}
	var others []string
	for _, node := range r.o.Nodes() {
		if node != r.o.Advertise {
			others = append(others, node)
			members = append(members, raft.Server{ID: raft.ServerID(node), Address: raft.ServerAddress(node)})
		}
	}
	if formed := r.findCluster(others); formed != "" {
		r.o.Logger.Info("there is a raft cluster already; this node waits to be taken in, or to be found by it", "node", formed)
		return nil
	}
	slices.SortFunc(members, func(a, b raft.Server) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return raft.BootstrapCluster(c, r.logs, r.logs, snapshots, transport, raft.Configuration{Servers: members})
}

// findCluster returns a node that belongs to a cluster, "" when there is none among those that answer.
func (r *Raft) findCluster(addresses []string) string {
	ctx, cancel := context.WithTimeout(r.ctx, greetWithin)
	defer cancel()
	found := make(chan string, len(addresses))
	var asking sync.WaitGroup
	for _, a := range addresses {
		asking.Go(func() {
			var g Greeting
			if r.talk.ask(ctx, a, askGreeting, Greeting{}, &g) == nil && len(g.Members) > 0 {
				found <- a
			}
		})
	}
	asking.Wait()
	select {
	case a := <-found:
		return a
	default:
		return ""
	}
}
