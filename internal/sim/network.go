package sim

import (
	"fmt"
	"time"
)

// node is a place in the network: a server, a manager, an application, or the managers' backend.
type node int

// name is what a node is called in the story.
func (w *World) name(n node) string { return w.nodes[n] }

// find returns a node by its name; a wrong name is a mistake in a scenario.
func (w *World) find(name string) node {
	for n, is := range w.nodes {
		if is == name {
			return node(n)
		}
	}
	panic(fmt.Sprintf("sim: the scenario names %q, which there is not", name))
}

// flows says whether packets get from one node to another.
func (w *World) flows(from, to node) bool { return from == to || w.cuts[from][to] == 0 }

// talks says whether two nodes can talk to each other.
func (w *World) talks(a, b node) bool { return w.flows(a, b) && w.flows(b, a) }

// cut drops packets from a to b from now on.
func (w *World) cut(a, b node) { w.cuts[a][b]++ }

// heal takes one cut back.
func (w *World) heal(a, b node) {
	if w.cuts[a][b] > 0 {
		w.cuts[a][b]--
		w.linkSince[a][b], w.linkSince[b][a] = w.now(), w.now()
	}
}

// rewired lets everybody notice that the network has changed.
func (w *World) rewired() {
	w.awake("a change of the network")
	close(w.changed)
	w.changed = make(chan struct{})
	for _, s := range w.servers {
		s.networkChanged()
	}
}

// resend is how long a connection that was cut for a while needs until it goes on.
const resend = 200 * time.Millisecond
