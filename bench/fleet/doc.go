// Package fleet pretends to be a fleet of MySQL and MariaDB servers, thousands of them in one process, to find out
// what a manager of such a fleet costs and how soon it notices what happens.
//
// Every server has a loopback address of its own (127.10.0.1, 127.10.0.2, …) and a listener on it, all on the same
// port, so that to a manager they are different hosts; Linux answers for all of 127.0.0.0/8. They are grouped in
// clusters of a primary with replicas, replicate by GTID, and every few seconds each primary commits a transaction.
// They can be killed, frozen and revived. A killed server refuses connections as a host without the process does, and
// its replicas show at once that they cannot reach it.
//
// The servers answer what package server of this project asks, and carry out the statements with which it changes
// replication. They are no SQL servers: no data, no privileges, no binary logs to read. Answers are kept until
// something changes, so that the fleet costs little beside what it is there to measure.
package fleet
