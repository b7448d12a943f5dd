// Package rehearsal watches what writers would find while a server is struck on purpose: each server of the cluster is
// asked, every few milliseconds and on a connection of its own, whether it would take a write, until writes have come
// back or it has been long enough.
//
// A [Series] is what was answered; it is a value, and decides when nobody took writes. A [Watch] asks. It writes nothing,
// unless the configuration names a table to write to (WriteCheckTable), and then on one server at a time: the one that
// takes the writes of its cluster as everybody sees it, and the struck one only until it has not taken writes once. What
// comes back after it was struck may be open for writing and nobody's primary.
//
// A [Watcher] owns every goroutine of the package. A watch ends by itself, with the leadership of its manager, and with
// the process.
package rehearsal
