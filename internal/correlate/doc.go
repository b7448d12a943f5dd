// Package correlate finds out which place in the binary log of one server is the same as a place in that of another,
// where no GTID says so: it compares what the two logs hold, transaction by transaction.
//
// Two rows of transactions have a common point: their ends, where the one is a copy of what the other holds (a relay
// log, and the binary log of the server that has applied it: [Tail]); or an entry that was written once and is in both (a
// pseudo-GTID: [Pursuit]). From there on every transaction must be the same in both.
//
// What is compared is what the servers show of an event: who wrote it first, its kind, the statement or the table, and how many
// bytes of rows it holds. What differs between servers that hold the same is left out (comments, table numbers,
// collations, XIDs). A GTID, where both have one, says it all. Nothing is guessed: the first difference ends the comparison
// with an error that names both events, and what differs for a harmless reason is refused as well.
//
// Nothing here reaches servers: package execute reads the logs.
package correlate
