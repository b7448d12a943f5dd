package main

import (
	"strings"
	"testing"
)

func TestTending(t *testing.T) {
	const noMore = " number=0 file= at=:0 force=false"
	for args, c := range map[string]struct{ want, calls string }{
		"-c stop-slave -i db-a2":                            {"db-a2:3306\n", "stop-replica db-a2:3306" + noMore},
		"-c stop-replica-nice -i db-a2":                     {"db-a2:3306\n", "stop-replica-nice db-a2:3306" + noMore},
		"-c detach-replica -i db-a2":                        {"db-a2:3306\n", "detach-replica-master-host db-a2:3306" + noMore},
		"-c reattach-replica-master-host -i db-a2":          {"db-a2:3306\n", "reattach-replica-master-host db-a2:3306" + noMore},
		"-c purge-binary-logs -i db-a2 -n mysql-bin.000012": {"db-a2:3306\n", "purge-binary-logs db-a2:3306 number=0 file=mysql-bin.000012 at=:0 force=false"},
		"-c delay-replication -i db-a2 -S 60":               {"60\n", "delay-replication db-a2:3306 number=60 file= at=:0 force=false"},
		"-c restart-replica-statements -i db-a2 -q FLUSH":   {`["STOP REPLICA;","FLUSH;","START REPLICA;"]` + "\n", ""},
		"-c extra-transactions -i db-a1":                    {"orc-1:/var/lib/orchestrator/extra-transactions/a.sql\n", ""},
		"-c show-gtid-errant -i db-a2":                      {"mysql-bin.000002:234 00000000-0000-0000-0000-000000000001:7 Query CREATE DATABASE stray\n", ""},
		"-c locate-gtid-errant -i db-a2":                    {"binlog.000003\nbinlog.000007\n", ""},
		"-c set-read-only -i db-a2 --dry-run":               {"set-read-only of db-a2:3306\n  1   stop      db-a2:3306  stop replication — it is asked for\n", ""},
		"-c delay-replication -i db-a2 -S 60 --dry-run":     {"delay-replication of db-a2:3306\n  1   stop      db-a2:3306  stop replication — it is asked for\n", ""},
	} {
		t.Run(args, func(t *testing.T) {
			does(t, c.want, c.calls, strings.Fields(args)...)
		})
	}
}
