// Package gtid is the arithmetic of global transaction identifiers: which
// transactions a server has, which it lacks, and whether two servers have parted.
//
// The two vendors mean different things by the word, so there are two families
// of types.
//
// MySQL names a transaction by the server that first committed it, an optional
// tag and a number: [GTID]. What a server has executed is a [Set] of them, kept as
// sorted intervals for each [TSID]. Sets are exact: union, difference and
// comparison lose nothing, so an errant transaction is simply what remains after
// a subtraction.
//
// MariaDB names a transaction by domain, server and sequence number:
// [MariaGTID]. A [MariaPos] is a place in the stream, one GTID for each domain,
// and stands for everything that came before it. A [MariaState] is what a
// binary log remembers: the newest GTID of each server in each domain, and
// which of them came last. Positions are compared by sequence number; only a
// state can tell whether a position lies on the same history.
//
// All values are immutable: an operation returns a new value and never changes
// its operands, so they may be shared between goroutines and kept in
// snapshots. The zero value of each is empty and ready to use. Only [Builder]
// is mutable.
//
// What is not here: reading these values from servers, decoding binary log
// events, and deciding what a difference means.
package gtid
