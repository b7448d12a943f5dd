package sim

import (
	"slices"
	"time"

	"orchestrator/internal/topology"
)

// moment is a time since the beginning of the scenario; 0 means never.
type moment = time.Duration

// ServerSpec says what a server is in the beginning.
type ServerSpec struct {
	Name    string
	Source  string // from which it replicates; "" for a primary
	Version string // "" is 8.4.2, or 10.11.8 for MariaDB
	Open    bool   // takes writes
	// OpensOnRestart says that its option file does not close it: after a restart it takes writes.
	OpensOnRestart bool
	// StaysOff says that its replication does not begin by itself after a restart.
	StaysOff bool
	// Lossy says that its binary log is written to disk once a second only.
	Lossy bool
	// Rewinds says that after a crash it takes out of its binary log what was waiting for a confirmation, as MariaDB does with
	// init_rpl_role=SLAVE.
	Rewinds bool

	DataCenter string
	Rule       topology.PromotionRule
	NoUpdates  bool          // does not log what it replicates
	Delay      time.Duration // applies so much later, on purpose
	Apply      time.Duration // what applying one transaction takes; 0 is half a millisecond
	Priority   uint          // semi-sync priority; 0 never confirms
}

// Server is one simulated server.
type Server struct {
	ServerSpec
	w        *World
	node     node
	index    int
	key      topology.Key
	uuid     string
	serverID int

	up        bool
	hostDown  bool // nothing at all answers, not even to refuse a connection
	hung      bool
	wellSince moment // when it last went on after it had hung
	full      bool   // its disk is full: nothing can be written
	booted    moment
	life      int // how often it has been started; what was under way in an earlier life is lost
	readOnly  bool

	log     []txn   // its binary log
	synced  int     // as many of it are on disk
	flushed moment  // when that was last so of all
	purged  int     // as many of it are no more there for replicas
	has     gtidSet // MySQL: what the log holds; MariaDB keeps it as well, for the comparisons of the world
	inLog   map[txn]bool
	unfit   map[txn]int // what it cannot apply, whoever sends it, until somebody repairs its data; and the error
	applied txn         // MariaDB: the newest replicated transaction (gtid_slave_pos); -1 none

	ch      *channel
	streams []*stream // to replicas

	// Semi-synchronous replication.
	semiSource, semiReplica bool
	semiTimeout             time.Duration // 0 waits for ever
	semiOff                 bool          // timed out, until a replica catches up
	waitCount               int
	confirmed               map[*Server]int // how much of the log a replica has confirmed
	waiting                 []*commit
	decided                 int // how much of the log was committed when the process ended last
	nextConn                uint64

	closes []uint64 // connections that close it and wait for commits
	parked []func() // statements that it has taken in while it hangs
}

// commit is a transaction in the binary log whose client waits for confirmations.
type commit struct {
	t     txn
	index int // of the log, after it
	conn  uint64
	since moment
	tell  func(acked, guaranteed bool)
}

// alive says whether the server does anything at all.
// flushing is how often a server that is not careful writes its logs to disk.
const flushing = time.Second

func (s *Server) alive() bool { return s.up && !s.hung }

// maria says whether the server is of the MariaDB family.
func (s *Server) maria() bool { return s.w.Scenario.MariaDB }

// position is a place in the server's own binary log.
func position(n int) topology.Coordinates {
	return topology.Coordinates{LogFile: "binlog.000001", LogPos: int64(4 + 100*n)}
}

// count is the reverse of position.
func count(c topology.Coordinates) int { return int((c.LogPos - 4) / 100) }

// append logs a transaction.
func (s *Server) append(t txn) {
	r := &s.w.txns[t]
	s.log = append(s.log, t)
	s.inLog[t] = true
	s.has.add(r.origin, r.seq)
	if now := s.w.now(); !s.Lossy || now-s.flushed >= flushing {
		s.synced, s.flushed = len(s.log), now
	}
	for _, c := range s.streams {
		c.pump()
	}
}

// truncate takes the end of the log away.
func (s *Server) truncate(to int) (lost []txn) {
	lost = append(lost, s.log[to:]...)
	s.log = s.log[:to]
	s.synced = min(s.synced, to)
	s.has, s.inLog = nil, make(map[txn]bool, to)
	for _, t := range s.log {
		r := &s.w.txns[t]
		s.has.add(r.origin, r.seq)
		s.inLog[t] = true
	}
	if s.applied >= 0 && !s.inLog[s.applied] {
		s.applied = -1
		for _, t := range slices.Backward(s.log) {
			if s.w.txns[t].origin != s.index {
				s.applied = t
				break
			}
		}
	}
	if ch := s.ch; ch != nil && ch.mode == topology.FilePosition {
		ch.exec = 0 // its place in its source's log went back with the data
		if src := s.w.byKey[ch.source]; src != nil && to > 0 {
			ch.exec = src.find(s.log[to-1]) + 1
		}
		ch.read = ch.exec
	}
	return lost
}

// newTxn makes a transaction that begins on this server.
func (s *Server) newTxn(by string) txn {
	w := s.w
	seq := int64(1)
	if s.maria() {
		seq = w.newestSeq(s) + 1
	} else if s.index < len(s.has) && len(s.has[s.index]) > 0 {
		seq = s.has[s.index][0].last + 1 // the first free number
		if s.has[s.index][0].first > 1 {
			seq = 1
		}
	}
	w.txns = append(w.txns, record{origin: s.index, seq: seq, at: w.now(), by: by})
	return txn(len(w.txns) - 1)
}

// write commits a transaction of a client. tell hears what becomes of it, unless the server is lost before; it is called
// at once where nobody has to confirm. The server is open.
func (s *Server) write(by string, tell func(t txn, acked, guaranteed bool)) txn {
	t := s.newTxn(by)
	s.append(t)
	if !s.semiSource || s.semiOff {
		tell(t, true, false)
		return t
	}
	s.nextConn++
	c := &commit{t: t, index: len(s.log), conn: s.nextConn, since: s.w.now(), tell: func(acked, guaranteed bool) { tell(t, acked, guaranteed) }}
	s.waiting = append(s.waiting, c)
	if s.semiTimeout > 0 {
		life := s.life
		s.w.quietly(s.semiTimeout, func() {
			if s.life == life && s.semiSource && !s.semiOff && len(s.waiting) > 0 && s.waiting[0].since <= c.since && !s.hung {
				s.semiOff = true
				s.w.say(s.node, "semi-sync times out, and is off until a replica catches up")
				s.releaseAll(false)
			}
		})
	}
	s.confirm()
	return t
}

// clients are the replicas that may confirm.
func (s *Server) clients() (n int) {
	for _, c := range s.streams {
		if c.semi {
			n++
		}
	}
	return n
}

// confirm tells the clients whose transactions enough replicas have confirmed.
func (s *Server) confirm() {
	if !s.alive() {
		return
	}
	for len(s.waiting) > 0 {
		c := s.waiting[0]
		n := 0
		for _, at := range s.confirmed {
			if at >= c.index {
				n++
			}
		}
		if n < s.waitCount {
			return
		}
		s.waiting = s.waiting[1:]
		c.tell(true, true)
		s.settle()
	}
}

// settle closes the server for those who have waited for the last commit.
func (s *Server) settle() {
	if len(s.waiting) == 0 && len(s.closes) > 0 {
		s.closes = nil
		s.setOpen(false)
	}
}

// endConnection ends a client's connection: what it was about to commit stays, and is never confirmed to it.
func (s *Server) endConnection(id uint64) {
	s.closes = slices.DeleteFunc(s.closes, func(c uint64) bool { return c == id })
	for n, c := range s.waiting {
		if c.conn == id {
			s.waiting = slices.Delete(s.waiting, n, n+1)
			c.tell(false, false)
			break
		}
	}
	s.settle()
}

// releaseAll lets all waiting commits go, those of the applier as well, as semi-sync is off; guaranteed tells whether a replica has
// confirmed them.
func (s *Server) releaseAll(guaranteed bool) {
	all := s.waiting
	s.waiting = nil
	for _, c := range all {
		c.tell(true, guaranteed)
	}
	s.settle()
	if s.ch != nil {
		s.ch.kick()
	}
}

// kill ends the process. Those who are connected notice at once; what the process had written is in the operating
// system's hands, and safe.
func (s *Server) kill() {
	if !s.up {
		return
	}
	s.w.say(s.node, "its process is killed")
	s.stopRunning()
	for _, c := range append([]*stream(nil), s.streams...) {
		c.sourceGone()
	}
	s.w.breakWatches(s)
}

// powerOff ends the whole machine. Nobody is told; what was not on disk is lost.
func (s *Server) powerOff() {
	if s.hostDown {
		return
	}
	s.w.say(s.node, "its machine loses power")
	s.hostDown = true
	if s.up {
		s.stopRunning()
	}
	if s.synced < len(s.log) && s.w.now()-s.flushed < flushing {
		lost := s.truncate(s.synced)
		s.w.check.truncated(lost)
		s.w.say(s.node, "what was not on disk is lost: %d transactions", len(lost))
	}
	for _, c := range append([]*stream(nil), s.streams...) {
		c.silence()
	}
}

func (s *Server) stopRunning() {
	s.up, s.hung = false, false
	s.life++
	s.decided = len(s.log)
	if len(s.waiting) > 0 {
		s.decided = s.waiting[0].index - 1
	}
	s.waiting = nil // their clients hear nothing
	s.closes, s.parked = nil, nil
	if s.ch != nil {
		s.ch.halt()
		s.ch.dropRelay() // relay_log_recovery: what was received and not applied is fetched again
	}
	s.w.rewired()
}

// restart starts the server, and the machine if need be.
func (s *Server) restart() {
	if s.up {
		return
	}
	w := s.w
	s.hostDown = false
	if s.Rewinds && s.semiSource {
		s.rewind()
	}
	s.up, s.booted = true, w.now()
	s.life++
	s.readOnly = !s.OpensOnRestart
	s.semiByOptionFile()
	s.semiOff = false
	clear(s.confirmed)
	for _, c := range append([]*stream(nil), s.streams...) {
		c.sourceGone()
	}
	w.say(s.node, "it is started again, %s", openness(s.readOnly))
	if s.ch != nil && !s.StaysOff {
		s.ch.start(allThreads)
	}
	w.rewired()
}

// rewind takes out of the log what was waiting for a confirmation when the process ended, and nobody has confirmed.
func (s *Server) rewind() {
	to := s.decided
	for _, at := range s.confirmed {
		to = max(to, at)
	}
	if to < len(s.log) {
		lost := s.truncate(to)
		s.w.say(s.node, "it takes %d transactions out of its log that nobody has confirmed", len(lost))
	}
}

func openness(readOnly bool) string {
	if readOnly {
		return "closed for writing"
	}
	return "open for writing"
}

// freeze stops the process where it is.
func (s *Server) freeze() {
	if !s.alive() {
		return
	}
	s.w.say(s.node, "it hangs")
	s.hung = true
	for _, c := range s.streams {
		c.silence()
	}
}

// thaw lets it go on.
func (s *Server) thaw() {
	if !s.up || !s.hung {
		return
	}
	s.w.say(s.node, "it goes on")
	s.hung, s.wellSince = false, s.w.now()
	parked := s.parked
	s.parked = nil
	for _, do := range parked {
		do()
	}
	s.w.rewired()
	s.confirm()
	if s.ch != nil {
		s.ch.kick()
	}
}

// networkChanged lets streams go on that can again, and notice that they cannot.
func (s *Server) networkChanged() {
	for _, c := range s.streams {
		if s.w.talks(s.node, c.replica.node) {
			c.resume()
		} else {
			c.silence()
		}
	}
}

// setOpen opens or closes the server at once.
func (s *Server) setOpen(open bool) { s.readOnly = !open }
