// Package store keeps what must outlive a process: the backend database, SQLite or MySQL/MariaDB, in the tables and
// columns that orchestrator has always had, so that an existing database opens in place and outside tools go on
// reading and writing it.
//
// Two kinds of data live here. Observations (what a probe saw) come in by the thousand; a [Writer] coalesces them and
// writes one batch a second behind the caller's back. Decisions (recoveries, downtimes, acknowledgements, tags …) are
// written through: when the method returns without an error, they are stored.
//
// The schema is data: the tables() are described once and the DDL of both dialects is made from that. [Open] compares
// the description with the catalogue that it finds and adds what is missing; it never drops or narrows anything. The
// tables that the original does not have hold what its columns have no place for; the original ignores them.
//
// All SQL to the backend is in this package and nowhere else. All times are written as explicit UTC values; a missing
// time is 1971-01-01 00:00:00 where the column may not be NULL. Reading is tolerant: rows that other programs wrote
// may carry NULL, empty text, fractions of seconds or ISO times.
//
// What is not here: any decision about what the data means, SQL to managed servers, raft's own log and snapshots.
package store
