// Package sim is a fleet that does not exist: servers of MySQL and MariaDB with binary and relay logs, GTIDs and
// semi-synchronous replication, applications that write to them, a network that can be cut, and manager nodes that run
// the real engine (observer, analysis, planning, execution, recovery, leadership) on all that through the interfaces it
// uses for real servers.
//
// A Scenario says what the fleet is and what happens to it. Everything that is left to chance comes from its seed, and
// time is that of a testing/synctest bubble: Run must be called inside one. So a scenario of minutes takes
// milliseconds, and happens again in the same way for the same seed.
//
// While a scenario runs, and after it, the promises of the product are checked (see Check): they are about what clients
// and servers experienced, not about what the engine believes. A broken one comes with the story of the run, a timeline
// of what happened, what the managers saw, what they decided and why.
//
// A scenario can also be moved along step by step from outside (Runner.Drive), and what it is like at a moment read as the
// same Outcome that real servers are read as: package fidelity compares the two.
//
// What a server does is modelled as far as it matters for replication. There are no rows and no SQL: a transaction is a
// number with a GTID. Binary logs are one file, counted in transactions.
package sim
