// Package sandbox runs real MySQL and MariaDB servers on this machine, wired into small replication topologies, for
// the demo and for tests.
//
// [Start] boots a [Cluster] of [Node]s from a data directory that is made once for each server family and copied for
// each node; a cluster of three is there in one to two seconds. Nodes are real processes that can be killed, frozen,
// stopped and restarted. A [Load] writes through the application's account and remembers every acknowledged row, to
// prove that a failover lost nothing and to measure how long writes were out.
//
// Nothing outlives the process that started it: servers die with it, even by SIGKILL, and what it left on disk is
// removed by the next Start. Parent-death signals, locks on open files and /proc make that so; hence the package is for
// Linux. Addresses are loopback addresses unless told otherwise.
//
// The servers themselves come from script/install-servers or from this machine; see [Find]. This package knows the few
// statements that set replication up in each family; it does not know orchestrator, and only the commands and tests
// may import it. Package sandboxtest joins it to testing.T.
package sandbox
