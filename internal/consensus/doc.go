// Package consensus says who leads. Only the leader changes servers, so at any moment at most one node may take itself
// for it; and a node that was asleep, cut off or replaced must notice before it acts, not after.
//
// Leadership is the idea, in one page. Alone is a node that has no others. Lease is several nodes on one backend: the
// row in the table active_node belongs to one process for a few seconds, and is renewed each second. What makes it safe
// is what the holder does not do: it counts the time since it last asked with success, by the clock that runs while a
// process is stopped, and stops leading before anybody else may begin.
//
// On a backend that is one file, a LockFile beside it is the stronger proof: the system grants it to one process at a
// time and takes it back when that process ends, however it ends. There the leader stays leader when the disk fails,
// because nobody else can be; and the next process leads at once after a crash, because the lock says that the holder
// is gone. A process that is stopped and not dead keeps the lock: then nobody leads until somebody ends or continues
// it. On one machine that is the better of the two risks.
//
// Raft is several nodes with a backend each, which agree on a log of changes by hashicorp/raft. raft.go starts and ends a
// node; how a group comes to be is in formation.go, how one of them leads, and proves it, in office.go; what was agreed on
// is applied by machine.go.
//
// This package knows no managed servers, decides nothing about them, and holds no SQL.
package consensus
