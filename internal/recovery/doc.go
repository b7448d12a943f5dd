// Package recovery takes a failure from finding to finished, audited recovery: it judges each change of a cluster,
// makes doubtful evidence fresh, registers what it sees, keeps to one recovery per cluster at a time and to the
// anti-flapping period, runs hooks, has the plan made and executed, settles what follows from it (downtime, aliases,
// published keys), and closes the old primary for writing when it comes back.
//
// A recovery outlives its process. Its course is kept in a journal; who leads next looks at the servers and brings it to
// its end when a successor was opened for writing, or takes it back when nobody was. Until then no other recovery of
// these servers begins. Neither a ledger that fails or hangs nor a slow listener holds a recovery up for more than
// moments: every call has a deadline, and what could not be written down is written later.
//
// The kinds of failures differ in a few things only; these stand in one table (kindOf). A recovery that fails without
// having changed a server blocks nothing: it is acknowledged, and tried again when the facts change.
//
// What a person asks for goes the same way: Recover repairs a failure now, Takeover has another server take the primary's
// place, planned or by force. PlanRecovery, PlanTakeover and Explain say what would be done, and change nothing.
//
// It holds no SQL and chooses nobody: the chooser is package failover, the steps are run by package execute, what is
// written down goes through a Ledger.
package recovery
