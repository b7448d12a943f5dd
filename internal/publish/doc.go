// Package publish tells the outside world what has happened: it runs the hooks that the configuration lists, and writes
// to key-value stores (Consul, etcd, ZooKeeper) who the primary of each cluster is.
//
// A hook is a line of shell text. The placeholders in it are filled in, the text is written to a file and a shell runs
// the file, with the same facts in ORC_* variables. The package runs what it is given, in the order it is given, and
// says how it went.
//
// A Publisher keeps each store in accord with what is wanted. The entries of a cluster carry the revision of the decision
// that they come from, and are changed in one step on the condition that no newer one is there; so it does not matter
// who writes, how often, and how late.
//
// The package decides nothing: when hooks run, and what their failure means for a recovery, is the business
// of its caller.
package publish
