package fleet

import (
	"slices"
	"time"

	"orchestrator/internal/topology"
)

// What a replica has is not written down as it comes in, but derived from what its source has while the link between
// them stands. It is written down (settled) when the link breaks. All of this is done under the fleet's lock.

// Binary logs consist of one file that begins at logStart and takes eventSize bytes for each transaction.
const (
	logFile   = "binlog.000001"
	logStart  = 157
	eventSize = 312
)

// deepest bounds the length of chains, which may be rings.
const deepest = 16

// link is the state of a receiver.
type link int

const (
	linkOff     link = iota // switched off, or no source configured
	linkUp                  // connected
	linkRefused             // the source refuses connections
	linkUnknown             // there is no such host
	linkSilent              // the source accepts connections and says nothing
)

func (n *node) link() link {
	switch {
	case !n.hasSource || !n.io:
		return linkOff
	case n.source == nil:
		return linkUnknown
	case !n.source.alive:
		return linkRefused
	case n.source.thaw != nil && (n.dialed.After(n.source.froze) || time.Since(n.source.froze) >= n.fleet.options.NetTimeout):
		return linkSilent
	}
	return linkUp
}

// steady says whether the server's answers change with its state and the tick only, not with time.
func (n *node) steady() bool { return n.source == nil || n.source.thaw == nil }

// committed counts the server's own transactions.
func (n *node) committed(tick int64) int64 {
	if n.writing {
		return n.own + tick - n.since
	}
	return n.own
}

// has is everything that the server has executed.
func (n *node) has(tick int64, depth int) history {
	h := n.executed
	if n.sql && n.hasSource {
		h = h.union(n.gets(tick, depth))
	}
	return h.with(n.index, n.committed(tick))
}

// gets is everything that the server has received from sources.
func (n *node) gets(tick int64, depth int) history {
	if depth >= deepest || !n.alive || n.thaw != nil || n.link() != linkUp {
		return n.received
	}
	return n.received.union(n.source.has(tick, depth+1))
}

func (n *node) executedSet(tick int64) history { return n.has(tick, 0) }
func (n *node) receivedSet(tick int64) history { return n.gets(tick, 0) }

// position is where the server's own binary log ends.
func (n *node) position(tick int64) int64 { return logStart + eventSize*n.executedSet(tick).total() }

// readPosition and execPosition are in the log of the source.
func (n *node) readPosition(tick int64) int64 {
	if n.alive && n.thaw == nil && n.link() == linkUp {
		return n.source.position(tick)
	}
	return n.readPos
}

func (n *node) execPosition(tick int64) int64 {
	if n.sql {
		return n.readPosition(tick)
	}
	return n.execPos
}

// settle writes down what a server has at present, before its state or that of its source changes.
func (n *node) settle(tick int64) {
	received, executed := n.receivedSet(tick), n.executedSet(tick)
	n.readPos, n.execPos = n.readPosition(tick), n.execPosition(tick)
	n.received = received
	// Its own transactions are counted apart.
	n.executed = executed
	n.own, n.since = n.committed(tick), tick
}

// attach makes a server of the fleet the one that this one replicates from; nil is none.
func (n *node) attach(source *node) {
	if n.source != nil {
		n.source.followers = slices.DeleteFunc(n.source.followers, func(r *node) bool { return r == n })
	}
	n.source = source
	if source != nil {
		source.followers = append(source.followers, n)
	}
}

// resume lets the server commit transactions if its state allows it.
func (n *node) resume(tick int64) {
	n.writing = n.alive && n.thaw == nil && !n.readOnly && !n.hasSource
	n.since = tick
}

// alter changes a server, with all that follows from it for others.
func (n *node) alter(tick int64, change func()) {
	affected := append(slices.Clone(n.followers), n)
	for _, a := range affected {
		a.settle(tick)
	}
	change()
	n.resume(tick)
	n.fleet.version++
}

// follow points the server at a source.
func (n *node) follow(key topology.Key) {
	n.hasSource, n.sourceKey = true, key
	n.attach(n.fleet.byKey[key])
	n.readPos, n.execPos = logStart, logStart
	n.received = history{}
}
