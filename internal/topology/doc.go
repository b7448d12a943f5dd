// Package topology says what a fleet of MySQL and MariaDB servers is, as values: instances with what was last
// observed of them, what people declared about them (downtime, maintenance, promotion rules, tags), and the
// replication graph that connects them.
//
// Everything here is pure. Nothing reads the clock, the network or a database: who observes, stores, judges or
// changes servers lives in other packages and takes these values. A Topology is immutable once built, and so are the
// instances inside it; whoever needs a different one makes a copy.
package topology
