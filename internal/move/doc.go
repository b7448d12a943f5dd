// Package move has the operations of package refactor done: it looks at the servers in question, locks them, has the
// plan made from what it saw, runs it, looks again, and writes down what was done.
//
// Only the leader changes servers, and a server that is under maintenance already is left alone. The lock is a
// maintenance: while it is held the analysis leaves the server out, so that nobody repairs what is being changed.
//
// It chooses nothing and holds no SQL.
package move
