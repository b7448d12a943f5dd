package main

import "context"

// standalone is the leadership of a node that has no others: it always leads.
type standalone struct{}

// IsLeader implements operate.Leadership and recovery.Leadership.
func (standalone) IsLeader() bool { return true }

// Confirm implements recovery.Leadership.
func (standalone) Confirm(context.Context) error { return nil }

// LeaderURI implements operate.Leadership.
func (standalone) LeaderURI() string { return "" }

// Replicated implements operate.Leadership.
func (standalone) Replicated() bool { return false }
