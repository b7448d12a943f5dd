// Package observe keeps the picture of the fleet fresh.
//
// It starts from seeds and from what was last known, asks every server once in each poll interval, follows sources
// and replicas to servers that nobody named, and watches with a sentinel each server that others depend on. What it
// learns it publishes in two forms: immutable topologies, to be read at any moment, and events for those who want to
// act when something changes.
//
// All of it belongs to an Observer. One goroutine, the loop, decides what is asked when and is the only one to take in
// what workers found out; workers talk to servers and to the resolver and never touch the picture. Work in the loop
// costs as much as the cluster that changed, never as much as the fleet.
//
// What is not here: how a server is asked (package server), how the picture is kept on disk (package store), what is
// wrong with a cluster (package analysis), and every statement that changes a server. Leadership is a function handed
// in; this package does not know who leads.
package observe
