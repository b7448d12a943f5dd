package sim

import (
	"fmt"
	"slices"
	"time"

	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

const allThreads = server.AllThreads

// channel is the replica's side of replication.
type channel struct {
	s      *Server
	source topology.Key
	mode   topology.GTIDUse
	// current says that MariaDB finds its place by everything in its log, not only by what it has replicated.
	current bool

	io, sql          topology.ThreadState
	ioErrno          int
	ioErr            string
	sqlErrno         int
	sqlErr           string
	user             string
	delay            time.Duration
	relay            []received
	begins           int // the place in the source's log at which the relay log begins
	next             int // first of relay that is not applied
	retrieved        gtidSet
	ioPos            txn // MariaDB: the newest that was received (gtid_io_pos); -1 none
	read, exec       int // place in the source's log
	ioGen, sqlGen    int // count stops and starts; what was begun before counts no more
	stream           *stream
	greeting         bool   // the receiver waits for the first answer of a source that is silent
	greeted          moment // since when
	applying         bool
	failAt           int  // the applier fails at its next transaction with this error; 0 never
	gathered         bool // a manager has stopped the receiver, and nobody has started it since
	everReceivedFrom topology.Key
}

// received is a transaction in the relay log.
type received struct {
	t  txn
	at int // the place in the source's log after it
}

// stream is a connection by which a source sends its log.
type stream struct {
	source, replica *Server
	ch              *channel
	cursor          int
	semi            bool
	sending         bool
	heard           moment
	silent          bool
	closed          bool
}

// halt stops both threads without a word, as the end of the process does.
func (ch *channel) halt() {
	ch.stop(allThreads)
}

func (ch *channel) stop(t server.Threads) {
	if t != server.SQLThread {
		ch.ioGen++
		ch.io, ch.greeting = topology.ThreadStopped, false
		ch.ioErrno, ch.ioErr = 0, ""
		ch.unplug()
	}
	if t != server.IOThread {
		ch.sqlGen++
		ch.sql, ch.applying = topology.ThreadStopped, false
	}
}

func (ch *channel) unplug() {
	c := ch.stream
	if c == nil {
		return
	}
	ch.stream = nil
	c.closed = true
	s := c.source
	s.streams = slices.DeleteFunc(s.streams, func(o *stream) bool { return o == c })
}

// start starts threads. MariaDB drops its relay log when it replicates by GTID and none of them runs.
func (ch *channel) start(t server.Threads) {
	if ch.mode == topology.MariaDBGTID && ch.io == topology.ThreadStopped && ch.sql == topology.ThreadStopped {
		ch.dropRelay()
	}
	if t != server.IOThread && ch.sql == topology.ThreadStopped {
		ch.sqlGen++
		ch.sql, ch.sqlErrno, ch.sqlErr = topology.ThreadRunning, 0, ""
		ch.kick()
	}
	if t != server.SQLThread && ch.io == topology.ThreadStopped {
		ch.gathered = false
		ch.ioGen++
		ch.ioErrno, ch.ioErr = 0, ""
		ch.connect()
	}
}

// dropRelay throws away what was received and not applied.
func (ch *channel) dropRelay() {
	ch.relay, ch.next = nil, 0
	ch.retrieved = nil
	ch.ioPos = ch.s.applied
	ch.read, ch.begins = ch.exec, ch.exec
}

// unapplied is what was received and not applied.
func (ch *channel) unapplied() []received { return ch.relay[ch.next:] }

// connect has the receiver connect to its source.
func (ch *channel) connect() {
	s, w, gen := ch.s, ch.s.w, ch.ioGen
	ch.io = topology.ThreadOther
	src := w.byKey[ch.source]
	to := s.node
	if src != nil {
		to = src.node
	}
	w.quietly(3*w.latency(s.node, to, 1), func() {
		if ch.ioGen != gen || !s.up {
			return
		}
		again := func(d time.Duration) {
			w.quietly(d, func() {
				if ch.ioGen == gen && ch.stream == nil && s.up {
					ch.connect()
				}
			})
		}
		was := ch.greeting
		ch.greeting = false
		switch {
		case s.hung:
			again(time.Second)
		case ch.user == "":
			ch.refuse(13117, "no user to connect with")
		case src == nil:
			ch.ioErrno, ch.ioErr = 2005, "unknown host"
			again(ch.retry())
		case src.hostDown || src.hung || !w.talks(s.node, src.node):
			ch.greet(src, was, again)
		case !src.up:
			ch.ioErrno, ch.ioErr = 2003, "can't connect"
			again(ch.retry())
		default:
			ch.established(src)
		}
	})
}

// greet waits for the first answer of a silent source. When the net timeout is over the receiver says that it cannot connect,
// and tries again.
func (ch *channel) greet(src *Server, already bool, again func(time.Duration)) {
	if !already {
		ch.greeted = ch.s.w.now()
	}
	ch.greeting = true
	if ch.s.w.now()-ch.greeted < ch.s.w.Scenario.NetTimeout {
		again(time.Second)
		return
	}
	ch.greeting = false
	ch.ioErrno, ch.ioErr = 2013, "lost connection at the initial communication packet"
	if src.hostDown || !ch.s.w.talks(ch.s.node, src.node) {
		ch.ioErrno, ch.ioErr = 2003, "can't connect"
	}
	again(ch.retry())
}

func (ch *channel) retry() time.Duration { return ch.s.w.Scenario.ConnectRetry }

// refuse ends the receiver with an error of the source.
func (ch *channel) refuse(errno int, format string, args ...any) {
	ch.ioGen++
	ch.io, ch.ioErrno, ch.ioErr = topology.ThreadStopped, errno, fmt.Sprintf(format, args...)
	ch.s.w.say(ch.s.node, "its receiver stops: error %d, %s", ch.ioErrno, ch.ioErr)
}

// established is when the source has answered: it looks where the replica is to begin.
func (ch *channel) established(src *Server) {
	s, w := ch.s, ch.s.w
	begin := 0
	switch ch.mode {
	case topology.FilePosition:
		if ch.read > len(src.log) {
			ch.refuse(1236, "the source's log does not go that far (%d of %d)", ch.read, len(src.log))
			return
		}
		begin = ch.read
	case topology.OracleGTID:
		for _, t := range src.log[:src.purged] {
			if r := &w.txns[t]; !s.has.has(r.origin, r.seq) && !ch.retrieved.has(r.origin, r.seq) {
				ch.refuse(13114, "the source has purged what is needed")
				return
			}
		}
		if src.index < len(s.has) {
			for _, own := range s.has[src.index] {
				if !src.has.has(src.index, own.last) {
					ch.refuse(13114, "the replica has more of the source's transactions than the source")
					return
				}
			}
		}
		begin = src.purged
		for begin < len(src.log) { // most of it is there
			r := &w.txns[src.log[begin]]
			if !s.has.has(r.origin, r.seq) && !ch.retrieved.has(r.origin, r.seq) {
				break
			}
			begin++
		}
	case topology.MariaDBGTID:
		at := ch.ioPos
		if ch.current && len(s.log) > 0 {
			at = s.log[len(s.log)-1]
		}
		if at >= 0 {
			begin = src.find(at) + 1
			if begin == 0 {
				ch.refuse(1236, "the source does not have %s", w.mariaGTID(at))
				return
			}
		}
		if begin < src.purged {
			ch.refuse(1236, "the source has purged what is needed")
			return
		}
	}
	c := &stream{source: src, replica: s, ch: ch, cursor: begin, heard: w.now(), semi: s.semiReplica}
	ch.stream = c
	ch.io, ch.ioErrno, ch.ioErr = topology.ThreadRunning, 0, ""
	ch.everReceivedFrom = ch.source
	src.streams = append(src.streams, c)
	if c.semi {
		src.confirmed[s] = max(0, min(begin, len(src.log)))
	}
	c.pump()
}

// find returns where in the log a GTID stands, -1 when it does not.
func (s *Server) find(t txn) int {
	r := &s.w.txns[t]
	for n := len(s.log) - 1; n >= 0; n-- {
		o := &s.w.txns[s.log[n]]
		if o.origin == r.origin && o.seq == r.seq {
			return n
		}
	}
	return -1
}

// pump sends what the replica has not got.
func (c *stream) pump() {
	if c.sending || c.closed || c.cursor >= len(c.source.log) {
		return
	}
	c.sending = true
	upTo := len(c.source.log)
	w := c.source.w
	w.quietly(w.latency(c.source.node, c.replica.node, 2), func() {
		c.sending = false
		if !c.closed && c.works() {
			c.deliver(min(upTo, len(c.source.log)))
		}
	})
}

// works says whether anything gets through.
func (c *stream) works() bool {
	return c.source.alive() && c.replica.alive() && c.source.w.talks(c.source.node, c.replica.node)
}

func (c *stream) deliver(upTo int) {
	w, ch, s := c.source.w, c.ch, c.replica
	c.heard = w.now()
	if s.full {
		w.quietly(time.Second, c.pump)
		return
	}
	for ; c.cursor < upTo; c.cursor++ {
		t := c.source.log[c.cursor]
		r := &w.txns[t]
		ch.read = c.cursor + 1
		if r.origin == s.index && !s.takesOwn() || s.inLog[t] || ch.mode == topology.OracleGTID && (s.has.has(r.origin, r.seq) || ch.retrieved.has(r.origin, r.seq)) {
			if len(ch.unapplied()) == 0 {
				ch.exec = ch.read
			}
			continue // its own, or there already
		}
		ch.relay = append(ch.relay, received{t, c.cursor + 1})
		ch.retrieved.add(r.origin, r.seq)
		ch.ioPos = t
	}
	if c.semi {
		upTo := c.cursor
		w.quietly(w.latency(s.node, c.source.node, 3), func() {
			if !c.closed && c.works() {
				c.source.confirmed[s] = max(c.source.confirmed[s], upTo)
				if c.source.semiOff && upTo == len(c.source.log) {
					c.source.semiOff = false
				}
				c.source.confirm()
			}
		})
	}
	ch.kick()
	c.pump()
}

// takesOwn says whether the server takes transactions of its own back from others: MariaDB does as a semi-sync replica.
func (s *Server) takesOwn() bool {
	return s.maria() && s.semiReplica && s.ch.mode == topology.MariaDBGTID
}

// silence begins when nothing gets through any more; the replica notices it when its net timeout is over.
func (c *stream) silence() {
	if c.silent || c.closed {
		return
	}
	c.silent = true
	w := c.source.w
	w.quietly(w.Scenario.NetTimeout, func() {
		if c.closed || !c.silent || !c.replica.up {
			return
		}
		ch := c.ch
		w.say(c.replica.node, "its receiver has heard nothing of %s for a long time, and connects anew", w.name(c.source.node))
		ch.unplug()
		ch.ioGen++
		ch.connect()
	})
}

// resume goes on where the connection was silent.
func (c *stream) resume() {
	if c.closed || !c.works() {
		return
	}
	c.silent = false
	w := c.source.w
	w.quietly(resend+w.latency(c.source.node, c.replica.node, 4), func() {
		if c.closed || !c.works() {
			return
		}
		if c.semi { // what was on its way back is sent again
			c.source.confirmed[c.replica] = max(c.source.confirmed[c.replica], c.cursor)
			c.source.confirm()
		}
		c.pump()
	})
}

// sourceGone is when the source's side of the connection has ended.
func (c *stream) sourceGone() {
	w, ch := c.source.w, c.ch
	if c.closed {
		return
	}
	gen := ch.ioGen
	c.source.streams = slices.DeleteFunc(c.source.streams, func(o *stream) bool { return o == c })
	w.quietly(w.latency(c.source.node, c.replica.node, 5), func() {
		if ch.ioGen != gen || c.closed || ch.stream != c {
			return
		}
		if !w.flows(c.source.node, c.replica.node) || c.replica.hung {
			c.silent = false
			c.silence()
			return
		}
		ch.unplug()
		ch.ioGen++
		ch.io, ch.ioErrno, ch.ioErr = topology.ThreadOther, 2013, "lost connection"
		ch.connect()
	})
}

// kick has the applier go on.
func (ch *channel) kick() {
	s, w := ch.s, ch.s.w
	if ch.applying || ch.sql != topology.ThreadRunning || !s.alive() || s.full || ch.next >= len(ch.relay) {
		return
	}
	if s.semiSource && !s.maria() && !s.semiOff && s.clients() < s.waitCount {
		// A MySQL applier waits for confirmations like a client.
		return
	}
	ch.applying = true
	gen := ch.sqlGen
	d := s.Apply
	if d == 0 {
		d = 500 * time.Microsecond
	}
	d += time.Duration(hash(w.seed, uint64(s.index), uint64(ch.relay[ch.next].t)) % uint64(d/4+1))
	if ch.delay > 0 {
		d = max(d, w.txns[ch.relay[ch.next].t].at+ch.delay-w.now())
	}
	w.quietly(d, func() {
		if ch.sqlGen != gen {
			return
		}
		ch.applying = false
		if !s.alive() || s.full {
			return // it goes on when the server does
		}
		ch.apply()
		ch.kick()
	})
}

// apply applies the next transaction.
func (ch *channel) apply() {
	s, w := ch.s, ch.s.w
	next := ch.relay[ch.next]
	r := &w.txns[next.t]
	if ch.failAt != 0 {
		s.unfit[next.t] = ch.failAt
		ch.failAt = 0
	}
	if errno := s.unfit[next.t]; errno != 0 {
		ch.fail(errno, "it cannot be applied")
		return
	}
	switch {
	case ch.mode == topology.OracleGTID && s.has.has(r.origin, r.seq):
	case s.maria() && ch.mode == topology.MariaDBGTID && len(s.log) > 0 && r.seq <= w.newestSeq(s):
		ch.fail(1950, fmt.Sprintf("%s is out of order", w.mariaGTID(next.t)))
		return
	default:
		s.append(next.t)
	}
	ch.next++
	ch.exec = next.at
	s.applied = next.t
	if ch.next == len(ch.relay) {
		ch.exec = ch.read
	}
	if kept := 256; ch.next > 2*kept { // relay logs that are applied are deleted
		ch.begins = ch.relay[ch.next-kept-1].at
		ch.relay = append([]received(nil), ch.relay[ch.next-kept:]...)
		ch.next = kept
	}
}

func (ch *channel) fail(errno int, text string) {
	ch.sqlGen++
	ch.sql, ch.sqlErrno, ch.sqlErr = topology.ThreadStopped, errno, text
	ch.s.w.say(ch.s.node, "its applier stops: error %d, %s", errno, text)
}

// newestSeq is the highest sequence number in a MariaDB server's log.
func (w *World) newestSeq(s *Server) int64 {
	if len(s.log) == 0 {
		return 0
	}
	return w.txns[s.log[len(s.log)-1]].seq
}
