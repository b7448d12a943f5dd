// Package binlog understands binary logs: it takes events apart as far as is needed to tell transactions from each
// other ([Reader]), and writes chosen transactions as SQL that the mysql and mariadb clients replay ([Script]).
//
// Events come as the server sends them to a replica; where from is not this package's matter. It decides nothing, and
// knows neither servers nor positions in a cluster.
package binlog
