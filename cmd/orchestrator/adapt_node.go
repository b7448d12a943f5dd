package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"orchestrator/internal/consensus"
	"orchestrator/internal/operate"
	"orchestrator/internal/store"
)

// The modes in which a process shows itself to the others.
const (
	httpMode = "HttpMode"
	cliMode  = "CLIMode"
)

// newNode is the identity of this process: the host it runs on, and a token that no other process has.
func newNode(version, commit string) (operate.Node, error) {
	host, err := os.Hostname()
	if err != nil {
		return operate.Node{}, fmt.Errorf("host name of this node: %w", err)
	}
	var token [32]byte
	_, _ = rand.Read(token[:]) // never fails, as documented
	return operate.Node{Hostname: host, Token: hex.EncodeToString(token[:]), Version: version, Commit: commit}, nil
}

// beat is how often a node gives a sign of life, and how old the answer of a health check may be.
const beat = time.Second

// nodeHealth gives this node's signs of life in the backend and reads those of the others.
type nodeHealth struct {
	store  *store.Store
	self   store.NodeHealth
	leader operate.Leadership
	gone   func(token string) bool // whether a process is known to have ended; nil when nobody knows
	raft   *consensus.Raft         // nil without raft
	now    func() time.Time
	log    *slog.Logger

	mu     sync.Mutex
	last   operate.Health
	lastAt time.Time
	apart  time.Time // since when there is no quorum; zero while there is one
	ill    bool      // the last sign of life failed
}

// newNodeHealth makes the health of this process. mode is httpMode or cliMode, command that of a process that runs
// once, backend how it reaches the database.
func newNodeHealth(s *store.Store, n operate.Node, mode, command, backend string, leader operate.Leadership, now func() time.Time, log *slog.Logger) *nodeHealth {
	return &nodeHealth{
		store: s, leader: leader, now: now, log: log,
		self: store.NodeHealth{
			Node: store.Node{Hostname: n.Hostname, Token: n.Token},
			Mode: mode, Command: command, AppVersion: n.Version, Backend: backend,
		},
	}
}

// run gives a sign of life each second until ctx ends.
func (h *nodeHealth) run(ctx context.Context) {
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for {
		h.Health(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Health implements operate.HealthChecker.
func (h *nodeHealth) Health(ctx context.Context) operate.Health {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	// Half a beat, so that each beat of run is a new sign of life.
	if !h.lastAt.IsZero() && now.Sub(h.lastAt) < beat/2 {
		return h.last
	}
	got := h.ask(ctx)
	if ctx.Err() == nil { // that somebody did not wait says nothing about this node
		h.last, h.lastAt = got, now
		h.note(got.Err)
	}
	return got
}

func (h *nodeHealth) ask(ctx context.Context) operate.Health {
	got := operate.Health{Hostname: h.self.Hostname, Token: h.self.Token, IsActive: h.leader.IsLeader()}
	if err := h.store.ReportHealth(ctx, h.self); err != nil {
		got.Err = err
		return got
	}
	if h.raft != nil {
		return h.inGroup(got)
	}
	active, held, activeErr := h.store.ActiveNode(ctx)
	if held {
		got.Active = nodeOf(active)
	}
	_, never := h.leader.(bystander)
	got.Undecided = !got.IsActive && !held && !never
	nodes, err := h.store.LiveNodes(ctx, store.AvailableTime)
	for _, n := range nodes {
		if n.Mode == httpMode {
			got.Available = append(got.Available, nodeOf(n))
		}
	}
	silent, silentErr := h.store.SilentNodes(ctx)
	if silentErr != nil { // it says nothing about this node
		h.log.DebugContext(ctx, "which nodes are missed is not known", "error", silentErr)
	}
	got.Silent = each(silent, nodeOf)
	got.Err = errors.Join(activeErr, err)
	return got
}

// latest is what the last sign of life said; zero before the first one.
func (h *nodeHealth) latest() operate.Health {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last
}

// apartFor is how long a node of a raft group may be without a leader and still count as healthy: longer than an
// election takes.
const apartFor = 5 * time.Second

// inGroup adds how this node stands among the nodes of its raft group. The caller holds mu.
func (h *nodeHealth) inGroup(got operate.Health) operate.Health {
	s := h.raft.Standing()
	got.Active.Hostname = s.Leader
	got.RaftLeader, got.RaftLeaderURI, got.RaftAdvertise = s.Leader, s.LeaderURI, s.Advertise
	got.IsRaftLeader, got.RaftHealthyMembers = got.IsActive, []string{}
	got.Undecided = !got.IsActive && s.Leader == ""
	now := h.now()
	for _, m := range s.Members {
		if !m.Healthy {
			continue
		}
		got.RaftHealthyMembers = append(got.RaftHealthyMembers, m.Address)
		seen := now.Add(-max(m.Contact, 0))
		got.Available = append(got.Available, operate.NodeHealth{
			Hostname: m.Hostname, Version: m.Version, LastSeen: seen, ExtraInfo: httpMode, Reported: seen,
		})
	}
	switch {
	case s.Quorum:
		h.apart = time.Time{}
	case h.apart.IsZero():
		h.apart = now
	case now.Sub(h.apart) > apartFor:
		got.Err = fmt.Errorf("no raft node leads: %d of %d answer, %d are needed", s.Reachable, s.Voters, s.Needed)
	}
	if s.BackendFailing {
		got.Err = errors.Join(got.Err, errors.New("the backend of this node fails"))
	}
	return got
}

// note logs when giving signs of life begins to fail and when it works again.
func (h *nodeHealth) note(err error) {
	switch {
	case err != nil && !h.ill:
		h.log.Error("no sign of life can be given", "error", err)
	case err == nil && h.ill:
		h.log.Info("signs of life are given again")
	}
	h.ill = err != nil
}

// alive lists the processes whose recoveries and locks count as theirs: this one, and all that gave a sign of life
// lately and are not known to have ended since.
func (h *nodeHealth) alive(ctx context.Context) ([]store.Node, error) {
	live, err := h.store.LiveNodes(ctx, store.HealthTime)
	if err != nil {
		return nil, fmt.Errorf("which nodes are alive: %w", err)
	}
	nodes := []store.Node{h.self.Node}
	for _, n := range live {
		if n.Node != h.self.Node && (h.gone == nil || !h.gone(n.Token)) {
			nodes = append(nodes, n.Node)
		}
	}
	return nodes, nil
}

func nodeOf(n store.NodeHealth) operate.NodeHealth {
	return operate.NodeHealth{
		Hostname: n.Hostname, Token: n.Token, Version: n.AppVersion, FirstSeen: n.FirstSeen, LastSeen: n.LastSeen,
		ExtraInfo: n.Mode, Command: n.Command, Backend: n.Backend, Reported: n.LastSeen,
	}
}
