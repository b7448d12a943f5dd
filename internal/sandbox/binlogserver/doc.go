// Package binlogserver is a small true binlog server for tests, in the manner of MaxScale's: it fetches the binary log of a
// source by the replication protocol, keeps it in files of the same names and positions, serves these to real replicas,
// and answers the statements by which a manager looks at such a server and steers it.
//
// It holds no data and knows no GTIDs: places are files and positions, and they are those of the source's log. It speaks to
// MariaDB, on both sides.
package binlogserver
