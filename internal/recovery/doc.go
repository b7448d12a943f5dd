// Package recovery takes a failure from finding to finished, audited recovery: it judges each change of a cluster,
// makes doubtful evidence fresh, registers what it sees, keeps to one recovery per cluster at a time and to the
// anti-flapping period, runs hooks, has the plan made and executed, settles what follows from it (downtime, aliases,
// published keys), and closes the old primary for writing when it comes back.
//
// It holds no SQL and chooses nobody: the chooser is package failover, the steps are run by package execute, what is
// written down goes through a Ledger.
package recovery
