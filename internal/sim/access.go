package sim

import (
	"context"
	"fmt"
	"strings"
	"time"

	"orchestrator/internal/execute"
	"orchestrator/internal/gtid"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// access is one manager's access to one server: an execute.Server.
type access struct {
	m *Manager
	s *Server
}

// server gives the manager's engine access to a server. One that there is not refuses everything.
func (m *Manager) server(k topology.Key) execute.Server {
	s := m.w.byKey[k]
	if s == nil {
		panic(fmt.Sprintf("sim: the engine asks for %s, which there is not", k))
	}
	return access{m, s}
}

func (a access) read(ctx context.Context, what string, kind int, do func() error) error {
	return a.m.ask(ctx, a.s, question{what: what, kind: kind}, do)
}

func (a access) change(ctx context.Context, what string, kind int, do func() error) error {
	return a.m.ask(ctx, a.s, question{what: what, kind: kind, writes: true}, do)
}

// Status implements execute.Server.
func (a access) Status(ctx context.Context) (channels []topology.Channel, err error) {
	err = a.read(ctx, "read the replication status", 10, func() error {
		if a.s.ch != nil {
			channels = []topology.Channel{a.s.ch.status()}
		}
		return nil
	})
	return channels, err
}

// GTIDs implements execute.Server.
func (a access) GTIDs(ctx context.Context) (state server.GTIDState, err error) {
	err = a.read(ctx, "read GTIDs", 11, func() error {
		state = a.s.gtids()
		return nil
	})
	return state, err
}

func (s *Server) gtids() server.GTIDState {
	if s.maria() {
		return server.GTIDState{SlavePos: s.slavePos(), BinlogPos: s.binlogPos(), CurrentPos: s.currentPos(), BinlogState: s.binlogState()}
	}
	var purged gtidSet
	for _, t := range s.log[:s.purged] {
		purged.add(s.w.txns[t].origin, s.w.txns[t].seq)
	}
	return server.GTIDState{Mode: s.gtidMode(), Executed: s.has.text(s.w), Purged: purged.text(s.w)}
}

func (s *Server) gtidMode() string {
	if s.w.Scenario.ByPosition {
		return "OFF"
	}
	return "ON"
}

func (s *Server) slavePos() string {
	if s.applied < 0 {
		return ""
	}
	return s.w.mariaGTID(s.applied)
}

func (s *Server) binlogPos() string {
	if len(s.log) == 0 {
		return ""
	}
	return s.w.mariaGTID(s.log[len(s.log)-1])
}

// currentPos is what was replicated, or what the server has written itself since.
func (s *Server) currentPos() string {
	if n := len(s.log); n > 0 && s.w.txns[s.log[n-1]].origin == s.index {
		return s.binlogPos()
	}
	if s.applied < 0 {
		return s.binlogPos()
	}
	return s.slavePos()
}

// binlogState is the newest transaction of each server in the log.
func (s *Server) binlogState() string {
	newest := make([]txn, len(s.w.servers))
	for i := range newest {
		newest[i] = -1
	}
	for _, t := range s.log {
		newest[s.w.txns[t].origin] = t
	}
	var parts []string
	last := ""
	for _, t := range newest {
		switch {
		case t < 0:
		case t == s.log[len(s.log)-1]:
			last = s.w.mariaGTID(t)
		default:
			parts = append(parts, s.w.mariaGTID(t))
		}
	}
	if last != "" {
		parts = append(parts, last)
	}
	return strings.Join(parts, ",")
}

// SelfCoordinates implements execute.Server.
func (a access) SelfCoordinates(ctx context.Context) (at topology.Coordinates, err error) {
	err = a.read(ctx, "read its own position", 12, func() error {
		at = position(len(a.s.log))
		return nil
	})
	return at, err
}

// ReadOnly implements execute.Server.
func (a access) ReadOnly(ctx context.Context) (state server.ReadOnlyState, err error) {
	err = a.read(ctx, "read read_only", 13, func() error {
		state = server.ReadOnlyState{ReadOnly: a.s.readOnly, SuperReadOnly: a.s.readOnly && !a.s.maria()}
		return nil
	})
	return state, err
}

var threadNames = [...]string{"replication", "receiving", "applying"}

// StopReplica implements execute.Server.
func (a access) StopReplica(ctx context.Context, t server.Threads, _ string) error {
	ended, err := a.stop(ctx, t)
	if err != nil {
		return err
	}
	return ended(ctx)
}

// StopReceiving implements execute.Server.
func (a access) StopReceiving(ctx context.Context, _ string) (func(context.Context) error, error) {
	return a.stop(ctx, server.IOThread)
}

// stop asks threads to end. MySQL's receiver takes two seconds for it while it waits for a source that is silent.
func (a access) stop(ctx context.Context, t server.Threads) (ended func(context.Context) error, err error) {
	until := moment(0)
	s, w := a.s, a.m.w
	err = a.change(ctx, "stop "+threadNames[t], 20, func() error {
		if s.ch == nil {
			return nil
		}
		w.say(s.node, "%s: stop %s", w.name(a.m.node), threadNames[t])
		w.check.did(a.m, s, "stop "+threadNames[t])
		if t != server.SQLThread && s.ch.greeting && !s.maria() {
			until = w.now() + 2*time.Second
		}
		s.ch.gathered = s.ch.gathered || t != server.SQLThread && s.ch.io != topology.ThreadStopped
		s.ch.stop(t)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		if left := until - w.elapsed(); left > 0 {
			return w.sleep(ctx, left)
		}
		return nil
	}, nil
}

// StartReplica implements execute.Server.
func (a access) StartReplica(ctx context.Context, t server.Threads, _ string) error {
	s, w := a.s, a.m.w
	return a.change(ctx, "start "+threadNames[t], 21, func() error {
		if s.ch == nil {
			return sqlError(s, "start replication", server.NotReplica, 1200, "not configured")
		}
		w.say(s.node, "%s: start %s", w.name(a.m.node), threadNames[t])
		w.check.did(a.m, s, "start "+threadNames[t])
		if s.ch.mode == topology.MariaDBGTID && s.ch.io == topology.ThreadStopped && s.ch.sql == topology.ThreadStopped {
			w.check.drops(a.m, s, s.ch.source)
		}
		s.ch.start(t)
		return nil
	})
}

// TryReceiver implements execute.Server.
func (a access) TryReceiver(ctx context.Context, channel string) error {
	return a.StartReplica(ctx, server.IOThread, channel)
}

// ResetReplicaAll implements execute.Server.
func (a access) ResetReplicaAll(ctx context.Context, _ string) error {
	s, w := a.s, a.m.w
	return a.change(ctx, "forget the source", 22, func() error {
		if s.ch == nil {
			return nil
		}
		if s.ch.io != topology.ThreadStopped || s.ch.sql != topology.ThreadStopped {
			return sqlError(s, "forget the source", server.ReplicaRunning, 1198, "replication runs")
		}
		w.say(s.node, "%s: forget the source", w.name(a.m.node))
		w.check.drops(a.m, s, topology.Key{})
		s.ch.stop(allThreads)
		s.ch = nil
		if !s.readOnly && !w.check.primaries[s] {
			w.check.opens(a.m, s)
		}
		return nil
	})
}

// ChangeSource implements execute.Server.
func (a access) ChangeSource(ctx context.Context, c server.SourceChange) error {
	s, w := a.s, a.m.w
	return a.change(ctx, "replicate from "+c.Source.String(), 23, func() error {
		ch := s.ch
		if ch != nil && (ch.io != topology.ThreadStopped || ch.sql != topology.ThreadStopped) {
			return sqlError(s, "change the source", server.ReplicaRunning, 3021, "replication runs")
		}
		w.say(s.node, "%s: replicate from %s", w.name(a.m.node), c.Source)
		w.check.repoints(a.m, s, c.Source)
		s.change(c)
		return nil
	})
}

// change gives a server another source. What it received and did not apply is dropped.
func (s *Server) change(c server.SourceChange) {
	ch := s.ch
	if ch == nil {
		ch = &channel{s: s, mode: s.w.Scenario.mode(), ioPos: -1, io: topology.ThreadStopped, sql: topology.ThreadStopped}
		s.ch = ch
	}
	ch.dropRelay()
	if !c.Source.IsZero() {
		ch.source = c.Source
	}
	switch c.Mode {
	case server.GTIDAuto:
		ch.mode = topology.OracleGTID
	case server.MariaDBSlavePos, server.MariaDBCurrentPos:
		ch.mode, ch.current = topology.MariaDBGTID, c.Mode == server.MariaDBCurrentPos
	case server.FilePosition:
		ch.mode = topology.FilePosition
		ch.read, ch.exec, ch.begins = count(c.Coords), count(c.Coords), count(c.Coords)
	}
	if c.User != "" {
		ch.user = c.User
	}
	if c.Delay != nil {
		ch.delay = time.Duration(*c.Delay) * time.Second
	}
	ch.sqlErrno, ch.sqlErr, ch.ioErrno, ch.ioErr = 0, "", 0, ""
}

// SetSemiSync implements execute.Server. Switching the source's side off confirms to all clients that wait, although
// nobody has received what they wrote.
func (a access) SetSemiSync(ctx context.Context, side server.SemiSyncSide, on bool) error {
	s, w := a.s, a.m.w
	return a.change(ctx, fmt.Sprintf("set semi-sync side %d to %t", side, on), 25, func() error {
		w.say(s.node, "%s: semi-sync of the %s: %t", w.name(a.m.node), [...]string{"source", "replica"}[side], on)
		if side == server.SemiSyncReplica {
			s.semiReplica = on
			return nil
		}
		s.semiSource, s.semiOff = on, false
		if !on {
			w.check.released(a.m, s)
			s.releaseAll(false)
		}
		return nil
	})
}

// wait waits on the server until something is so.
func (a access) wait(ctx context.Context, what string, timeout time.Duration, reached func(*Server) bool) error {
	w := a.m.w
	end := w.elapsed() + timeout
	return a.m.ask(ctx, a.s, question{what: what, kind: 14}, func() error {
		switch {
		case reached(a.s):
			return nil
		case w.now() >= end:
			return fmt.Errorf("%s: %w", what, server.ErrNotReached)
		}
		return errLater
	})
}

// WaitExecuted implements execute.Server.
func (a access) WaitExecuted(ctx context.Context, set string, timeout time.Duration) error {
	if a.s.maria() {
		want, err := gtid.ParseMariaPos(set)
		if err != nil {
			return err
		}
		return a.wait(ctx, "wait for "+set, timeout, func(s *Server) bool {
			pos, err := gtid.ParseMariaPos(s.slavePos())
			return err == nil && pos.Contains(want)
		})
	}
	want, err := gtid.Parse(set)
	if err != nil {
		return err
	}
	return a.wait(ctx, "wait for "+set, timeout, func(s *Server) bool {
		has, err := gtid.Parse(s.has.text(s.w))
		return err == nil && has.Contains(want)
	})
}

// WaitPosition implements execute.Server.
func (a access) WaitPosition(ctx context.Context, at topology.Coordinates, _ string, timeout time.Duration) error {
	stopped := false
	err := a.wait(ctx, "wait for "+at.String(), timeout, func(s *Server) bool {
		stopped = s.ch == nil || s.ch.sql != topology.ThreadRunning
		return stopped || s.ch.exec >= count(at)
	})
	if err == nil && stopped {
		return server.ErrApplierStopped
	}
	return err
}

// Credentials returns what the replica signs in with.
func (a access) Credentials(ctx context.Context) (c server.Credentials, err error) {
	err = a.read(ctx, "read replication credentials", 15, func() error {
		if s := a.s; s.w.Scenario.NoQuery && (s.maria() || s.ch == nil || s.ch.user == "") {
			return server.ErrNoCredentials
		}
		c = server.Credentials{User: "repl", Password: "secret"}
		return nil
	})
	return c, err
}

// SetMariaDBSlavePos sets where a MariaDB server begins to replicate.
func (a access) SetMariaDBSlavePos(ctx context.Context, pos string) error {
	s, w := a.s, a.m.w
	return a.change(ctx, "set gtid_slave_pos", 27, func() error {
		for n := len(s.log) - 1; n >= 0; n-- {
			if w.mariaGTID(s.log[n]) == pos {
				s.applied = s.log[n]
				return nil
			}
		}
		return sqlError(s, "set gtid_slave_pos", server.Other, 1947, "%s is not in the binary log", pos)
	})
}
