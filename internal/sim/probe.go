package sim

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"orchestrator/internal/observe"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// prober asks servers for one manager's observer: an observe.Prober.
type prober struct{ m *Manager }

// watch is somebody who wants to know when a connection ends.
type watch struct {
	m    *Manager
	s    *Server
	lost func(error)
}

func (p prober) find(k topology.Key) (*Server, error) {
	if s := p.m.w.byKey[k]; s != nil {
		return s, nil
	}
	return nil, &server.Error{Key: k, Op: "probe", Kind: server.NameResolution, Err: errors.New("no such host")}
}

// Probe implements observe.Prober.
func (p prober) Probe(ctx context.Context, k topology.Key, ask observe.Ask) (a observe.Answer, err error) {
	s, err := p.find(k)
	if err != nil {
		return a, err
	}
	err = p.m.ask(ctx, s, question{what: "probe", kind: 17, fresh: ask.Fresh}, func() error {
		a = s.answer()
		a.Connected = p.m.connected(s, ask.Fresh)
		return nil
	})
	if err != nil {
		p.m.disconnect(s)
		return observe.Answer{}, err
	}
	return a, nil
}

// connection is one that a manager keeps to a server.
type connection struct {
	life  int // of the server
	since time.Time
}

// connected says since when the connection has been there over which a server answers: it is kept from probe to probe. The caller
// holds the world's lock.
func (m *Manager) connected(s *Server, fresh bool) time.Time {
	c, kept := m.connections[s]
	if !kept || fresh || c.life != s.life {
		c = connection{s.life, time.Now()}
		m.connections[s] = c
	}
	return c.since
}

// disconnect ends the connection to a server that did not answer over it.
func (m *Manager) disconnect(s *Server) {
	m.w.lock()
	defer m.w.unlock()
	delete(m.connections, s)
}

// Ping implements observe.Prober.
func (p prober) Ping(ctx context.Context, k topology.Key) error {
	s, err := p.find(k)
	if err != nil {
		return err
	}
	err = p.m.ask(ctx, s, question{what: "ping", kind: 18}, func() error { return nil })
	if err != nil {
		p.m.disconnect(s)
	}
	return err
}

// Watch implements observe.Prober.
func (p prober) Watch(k topology.Key, lost func(error)) (stop func()) {
	w := p.m.w
	s, err := p.find(k)
	if err != nil {
		return func() {}
	}
	w.lock()
	defer w.unlock()
	one := &watch{p.m, s, lost}
	p.m.watches = append(p.m.watches, one)
	return func() {
		w.lock()
		defer w.unlock()
		one.lost = nil
	}
}

// Release implements observe.Prober.
func (p prober) Release(topology.Key) {}

// breakWatches ends the managers' connections to a server that has died.
func (w *World) breakWatches(s *Server) {
	for _, m := range w.managers {
		if m.dead || !w.flows(s.node, m.node) {
			continue
		}
		kept := m.watches[:0]
		for _, one := range m.watches {
			switch {
			case one.lost == nil:
			case one.s != s:
				kept = append(kept, one)
			default:
				w.after(10*w.latency(s.node, m.node, 19), func() {
					if one.lost != nil {
						one.lost(&server.Error{Key: s.key, Op: "watch", Kind: server.ConnectionLost, Err: errors.New("connection reset by peer")})
					}
				})
			}
		}
		m.watches = kept
	}
}

// answer is what a probe reads.
func (s *Server) answer() observe.Answer {
	w := s.w
	i := &topology.Instance{
		Key: s.key, ServerID: uint32(s.serverID), Version: s.Version, Flavor: topology.FlavorMySQL,
		Uptime: (w.now() - s.booted).Truncate(time.Second), ReadOnly: s.readOnly,
		BinlogFormat: "ROW", BinlogRowImage: "FULL", LogBin: true, LogReplicaUpdates: !s.NoUpdates,
		SelfCoordinates: position(len(s.log)), DataCenter: s.DataCenter,
		SemiSyncPriority: s.Priority, HasCredentials: s.ch != nil && s.ch.user != "", CredentialsAvailable: s.ch != nil && s.ch.user != "" || !w.Scenario.NoQuery,
	}
	g := s.gtids()
	if s.maria() {
		i.Flavor = topology.FlavorMariaDB
		i.ExecutedSet, i.BinlogState = g.CurrentPos, g.BinlogPos
	} else {
		i.ServerUUID, i.SuperReadOnly = s.uuid, s.readOnly
		i.SupportsOracleGTID = !w.Scenario.ByPosition
		i.GTIDMode, i.ExecutedSet, i.PurgedSet = g.Mode, g.Executed, g.Purged
	}
	i.SemiSync = topology.SemiSync{
		Available: w.Scenario.SemiSync, SourceNewNames: !s.maria(), ReplicaNewNames: !s.maria(),
		SourceEnabled: s.semiSource, SourceStatus: s.semiSource && !s.semiOff,
		SourceTimeoutMillis: uint64(s.semiTimeout / time.Millisecond), SourceWaitCount: uint(s.waitCount), SourceClients: uint(s.clients()),
		ReplicaEnabled: s.semiReplica, ReplicaStatus: s.semiReplica && s.ch != nil && s.ch.stream != nil && s.ch.stream.semi,
	}
	if s.semiTimeout == 0 {
		i.SemiSync.SourceTimeoutMillis = uint64(time.Hour / time.Millisecond)
	}
	i.Channel = topology.Channel{IOThread: topology.NoThread, SQLThread: topology.NoThread}
	if s.ch != nil {
		i.Channel = s.ch.status()
		i.Lag = i.Channel.SecondsBehind
	}
	for _, c := range s.streams {
		i.Reported = append(i.Reported, c.replica.key)
	}
	rule := s.Rule
	return observe.Answer{Instance: i, PromotionRule: &rule, Partial: true}
}

// status is what SHOW REPLICA STATUS says.
func (ch *channel) status() topology.Channel {
	s, w := ch.s, ch.s.w
	c := topology.Channel{
		Source: ch.source, SourceHost: ch.source.Hostname, User: ch.user, IOThread: ch.io, SQLThread: ch.sql,
		LastIOErrno: ch.ioErrno, LastIOError: ch.ioErr, LastSQLErrno: ch.sqlErrno, LastSQLError: ch.sqlErr,
		GTID: ch.mode, Read: position(ch.read), Exec: position(ch.exec),
		Relay:    topology.Coordinates{LogFile: "relay.000001", LogPos: int64(4 + 100*ch.exec), Type: topology.RelayLog},
		SQLDelay: int64(ch.delay / time.Second), ConnectRetry: ch.retry(), RetryCount: 1_000_000, Heartbeat: 2 * time.Second,
	}
	if src := w.byKey[ch.source]; src != nil && ch.everReceivedFrom == ch.source && !s.maria() {
		c.SourceUUID = src.uuid
	}
	switch {
	case !c.Replicating():
	case len(ch.unapplied()) == 0:
		c.SecondsBehind = topology.KnownSeconds(0)
	default:
		c.SecondsBehind = topology.KnownSeconds(int64((w.now() - w.txns[ch.unapplied()[0].t].at) / time.Second))
	}
	switch {
	case ch.mode == topology.OracleGTID:
		c.RetrievedSet = ch.retrieved.text(w)
	case s.maria():
		c.AppliedSet = s.currentPos() // so it says, although the column is named Gtid_Slave_Pos
		if ch.ioPos >= 0 {
			c.RetrievedSet = w.mariaGTID(ch.ioPos)
		}
	}
	return c
}

// noNames resolves nothing: host names stand for themselves.
type noNames struct{}

// LookupCNAME implements observe.Resolver.
func (noNames) LookupCNAME(_ context.Context, host string) (string, error) { return host + ".", nil }

// LookupIPAddr implements observe.Resolver.
func (noNames) LookupIPAddr(_ context.Context, host string) ([]net.IPAddr, error) {
	return nil, fmt.Errorf("no address of %s", host)
}
