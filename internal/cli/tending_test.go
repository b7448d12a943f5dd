package cli_test

import (
	"strings"
	"testing"
)

func TestTendingOnTheCommandLine(t *testing.T) {
	const noMore = " number=0 file= at=:0 force=false"
	for name, c := range map[string]struct{ args, want, calls string }{
		"stop":               {"-c stop-slave -i db-a2", "db-a2:3306\n", "stop-replica db-a2:3306" + noMore},
		"stop two":           {"-c stop-replica -i db-a2,db-a3", "db-a2:3306\ndb-a3:3306\n", "stop-replica db-a2:3306" + noMore + "|stop-replica db-a3:3306" + noMore},
		"detach":             {"-c detach-slave -i db-a2", "db-a2:3306\n", "detach-replica-master-host db-a2:3306" + noMore},
		"detach, long":       {"-c detach-slave-master-host -i db-a2", "db-a2:3306\n", "detach-replica-master-host db-a2:3306" + noMore},
		"reattach":           {"-c reattach-replica -i db-a2", "db-a2:3306\n", "reattach-replica-master-host db-a2:3306" + noMore},
		"semi-sync":          {"-c enable-semi-sync-source -i db-a2", "db-a2:3306\n", "enable-semi-sync-master db-a2:3306" + noMore},
		"flush":              {"-c flush-binary-logs -i db-a2 -binlog mysql-bin.000012", "db-a2:3306\n", "flush-binary-logs db-a2:3306 number=0 file=mysql-bin.000012 at=:0 force=false"},
		"purge":              {"-c purge-binary-logs -i db-a2 -binlog latest", "db-a2:3306\n", "purge-binary-logs db-a2:3306 number=0 file=latest at=:0 force=false"},
		"wait":               {"-c master-pos-wait -i db-a2 -binlog mysql-bin.000012:4711", "db-a2:3306\n", "master-pos-wait db-a2:3306 number=0 file= at=mysql-bin.000012:4711 force=false"},
		"statements":         {"-c restart-slave-statements -i db-a2", "STOP REPLICA;\nSTART REPLICA;\n", ""},
		"statements between": {"-c restart-replica-statements -i db-a2 -statement FLUSH", "STOP REPLICA;\nFLUSH;\nSTART REPLICA;\n", ""},
		"show errant":        {"-c show-gtid-errant -i db-a2", "mysql-bin.000002:234 00000000-0000-0000-0000-000000000001:7 Query CREATE DATABASE stray\n", ""},
		"locate":             {"-c locate-gtid-errant -i db-a2", "binlog.000003\nbinlog.000007\n", ""},
		"dry":                {"-c stop-replica -i db-a2 --dry-run", "stop-replica of db-a2:3306\n  1   stop      db-a2:3306  stop replication — it is asked for\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			does(t, c.want, c.calls, strings.Fields(c.args)...)
		})
	}
}

func TestTendingRefused(t *testing.T) {
	for args, want := range map[string]string{
		"-noop -c stop-replica -i db-a2":               "FATAL stop-replica: noop: nothing was changed",
		"-c purge-binary-logs -i db-a2":                "FATAL log file must be provided",
		"-c master-pos-wait -i db-a2 -binlog nonsense": "the form is file:position",
		"-c kill-query -i db-a2":                       `FATAL Unknown command: "kill-query"`,
	} {
		t.Run(args, func(t *testing.T) {
			s := newSession()
			if _, errs, code := s.run(strings.Fields(args)...); code != 1 || !strings.Contains(errs, want) || len(s.b.Calls) != 0 {
				t.Errorf("exit %d, did %v: %s", code, s.b.Calls, errs)
			}
		})
	}
}
