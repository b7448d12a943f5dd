package config

import (
	"testing"
)

func TestAdjustments(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		ok         func(*Config) bool
	}{
		{"03 minutes count when seconds are 0", `{"RecoveryPeriodBlockSeconds": 0, "RecoveryPeriodBlockMinutes": 2}`, func(c *Config) bool { return c.RecoveryPeriodBlockSeconds == 120 }},
		{"03 minutes alone have no effect", `{"RecoveryPeriodBlockMinutes": 2}`, func(c *Config) bool { return c.RecoveryPeriodBlockSeconds == 3600 }},
		{"03 both 0 is no block", `{"RecoveryPeriodBlockSeconds": 0, "RecoveryPeriodBlockMinutes": 0}`, func(c *Config) bool { return c.RecoveryPeriodBlockSeconds == 0 }},
		{"04 old lag query", `{"SlaveLagQuery": "q"}`, func(c *Config) bool { return c.ReplicationLagQuery == "q" && c.SlaveLagQuery == "" }},
		{"04 both lag queries equal", `{"SlaveLagQuery": "q", "ReplicationLagQuery": "q"}`, func(c *Config) bool { return c.ReplicationLagQuery == "q" && c.SlaveLagQuery == "" }},
		{"05 detaching is the default", `{}`, func(c *Config) bool { return c.DetachLostReplicasAfterMasterFailover }},
		{"05 old name switches it off", `{"DetachLostSlavesAfterMasterFailover": false}`, func(c *Config) bool { return !c.DetachLostReplicasAfterMasterFailover }},
		{"05 new name switches it off", `{"DetachLostReplicasAfterMasterFailover": false}`, func(c *Config) bool { return !c.DetachLostReplicasAfterMasterFailover }},
		{"05 new name wins over the old one", `{"DetachLostReplicasAfterMasterFailover": false, "DetachLostSlavesAfterMasterFailover": true}`, func(c *Config) bool { return !c.DetachLostReplicasAfterMasterFailover }},
		{"06 old name of detaching the promoted", `{"MasterFailoverDetachSlaveMasterHost": true}`, func(c *Config) bool { return c.MasterFailoverDetachReplicaMasterHost }},
		{"06 true of the old name wins", `{"MasterFailoverDetachSlaveMasterHost": true, "MasterFailoverDetachReplicaMasterHost": false}`, func(c *Config) bool { return c.MasterFailoverDetachReplicaMasterHost }},
		{"08 lag limit with the old query name", `{"FailMasterPromotionOnLagMinutes": 1, "SlaveLagQuery": "q"}`, func(c *Config) bool { return c.FailMasterPromotionOnLagMinutes == 1 }},
		{"09 old name of postponing", `{"PostponeSlaveRecoveryOnLagMinutes": 7}`, func(c *Config) bool { return c.PostponeReplicaRecoveryOnLagMinutes == 7 }},
		{"09 new name of postponing", `{"PostponeReplicaRecoveryOnLagMinutes": 7}`, func(c *Config) bool { return c.PostponeReplicaRecoveryOnLagMinutes == 7 }},
		{"09 both equal", `{"PostponeReplicaRecoveryOnLagMinutes": 7, "PostponeSlaveRecoveryOnLagMinutes": 7}`, func(c *Config) bool { return c.PostponeReplicaRecoveryOnLagMinutes == 7 }},
		{"10 prefix without slashes", `{"URLPrefix": "orc"}`, func(c *Config) bool { return c.URLPrefix == "/orc" }},
		{"10 prefix with many slashes", `{"URLPrefix": "//a/b//"}`, func(c *Config) bool { return c.URLPrefix == "/a/b" }},
		{"10 the root is no prefix", `{"URLPrefix": "/"}`, func(c *Config) bool { return c.URLPrefix == "" }},
		{"13 advertise follows bind", `{"RaftBind": "10.0.0.1"}`, func(c *Config) bool { return c.RaftAdvertise == "10.0.0.1" }},
		{"13 advertise of its own", `{"RaftBind": "10.0.0.1", "RaftAdvertise": "1.2.3.4"}`, func(c *Config) bool { return c.RaftAdvertise == "1.2.3.4" }},
		{"14 key prefix gets its slash", `{}`, func(c *Config) bool { return c.KVClusterMasterPrefix == "mysql/master/" }},
		{"14 key prefix with many slashes", `{"KVClusterMasterPrefix": "x//"}`, func(c *Config) bool { return c.KVClusterMasterPrefix == "x/" }},
		{"14 root key prefix", `{"KVClusterMasterPrefix": "/"}`, func(c *Config) bool { return c.KVClusterMasterPrefix == "/" }},
		{"15 automatic pseudo-GTID", `{"AutoPseudoGTID": true, "PseudoGTIDPattern": "mine"}`, func(c *Config) bool {
			return c.PseudoGTIDPattern == "drop view if exists `_pseudo_gtid_`" && c.PseudoGTIDPatternIsFixedSubstring &&
				c.PseudoGTIDMonotonicHint == "asc:" && c.DetectPseudoGTIDQuery == "select 1"
		}},
		{"16 advertised URL", `{"HTTPAdvertise": "https://h:3000"}`, func(c *Config) bool { return c.HTTPAdvertise == "https://h:3000" }},
		{"16 no buffer, no buffering", `{"BufferInstanceWrites": true, "InstanceWriteBufferSize": 0}`, func(c *Config) bool { return !c.BufferInstanceWrites }},
		{"16 buffering", `{"BufferInstanceWrites": true}`, func(c *Config) bool { return c.BufferInstanceWrites }},
		{"17 batch too small", `{"ConsulMaxKVsPerTransaction": 1}`, func(c *Config) bool { return c.ConsulMaxKVsPerTransaction == 5 }},
		{"17 batch too large", `{"ConsulMaxKVsPerTransaction": 65}`, func(c *Config) bool { return c.ConsulMaxKVsPerTransaction == 64 }},
		{"17 batch within", `{"ConsulMaxKVsPerTransaction": 64}`, func(c *Config) bool { return c.ConsulMaxKVsPerTransaction == 64 }},
		{"18 lock time from the lag", `{"ReasonableReplicationLagSeconds": 33}`, func(c *Config) bool { return c.ReasonableLockedSemiSyncMasterSeconds == 33 }},
		{"18 lock time of its own", `{"ReasonableLockedSemiSyncMasterSeconds": 3}`, func(c *Config) bool { return c.ReasonableLockedSemiSyncMasterSeconds == 3 }},
		{"20 equal is enough", `{"DeadInstancePollSecondsMax": 5}`, func(c *Config) bool { return c.DeadInstancePollSecondsMax == 5 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if c, _ := mustLoad(t, tt.text); !tt.ok(c) {
				t.Errorf("%s is not adjusted as it should be", tt.text)
			}
		})
	}
}

func TestContradictionsAndBadValues(t *testing.T) {
	for _, tt := range []struct{ name, text, key, part string }{
		{"04 lag queries differ", `{"SlaveLagQuery": "a", "ReplicationLagQuery": "b"}`, "SlaveLagQuery", "ReplicationLagQuery"},
		{"07 fail and delay", `{"FailMasterPromotionIfSQLThreadNotUpToDate": true, "DelayMasterPromotionIfSQLThreadNotUpToDate": true}`, "FailMasterPromotionIfSQLThreadNotUpToDate", "choose one"},
		{"08 lag limit without query", `{"FailMasterPromotionOnLagMinutes": 1}`, "FailMasterPromotionOnLagMinutes", "ReplicationLagQuery"},
		{"09 postponing differs", `{"PostponeReplicaRecoveryOnLagMinutes": 7, "PostponeSlaveRecoveryOnLagMinutes": 8}`, "PostponeSlaveRecoveryOnLagMinutes", "8 and 7"},
		{"11 sqlite without file", `{"BackendDB": "sqlite3"}`, "SQLite3DataFile", "sqlite3"},
		{"12 raft without directory", `{"RaftEnabled": true}`, "RaftDataDir", "RaftEnabled"},
		{"raft certificate without its key", `{"RaftEnabled": true, "RaftDataDir": "/d", "RaftSSLCertFile": "c"}`, "RaftSSLCertFile", "all of them"},
		{"12 raft without address", `{"RaftEnabled": true, "RaftDataDir": "/d", "RaftBind": ""}`, "RaftBind", "RaftEnabled"},
		{"16 no scheme", `{"HTTPAdvertise": "//h:1"}`, "HTTPAdvertise", "scheme"},
		{"16 no host", `{"HTTPAdvertise": "http://:1"}`, "HTTPAdvertise", "host"},
		{"16 no port", `{"HTTPAdvertise": "http://h"}`, "HTTPAdvertise", "port"},
		{"16 a path", `{"HTTPAdvertise": "http://h:1/x"}`, "HTTPAdvertise", "path"},
		{"16 no URL", `{"HTTPAdvertise": "h:1"}`, "HTTPAdvertise", "h:1"},
		{"19 factor below 1", `{"DeadInstancePollSecondsMultiplyFactor": 0.9}`, "DeadInstancePollSecondsMultiplyFactor", "at least 1"},
		{"20 cap below the interval", `{"DeadInstancePollSecondsMax": 4}`, "DeadInstancePollSecondsMax", "InstancePollSeconds (5)"},
		{"unknown backend", `{"BackendDB": "postgres"}`, "BackendDB", "postgres"},
		{"multi without user", `{"AuthenticationMethod": "Multi"}`, "HTTPAuthUser", "multi"},
		{"no concurrency would wait for ever", `{"MaxConcurrentReplicaOperations": 0}`, "MaxConcurrentReplicaOperations", "1 or more; the default is 5"},
		{"negative timeout", `{"MySQLConnectTimeoutSeconds": -1}`, "MySQLConnectTimeoutSeconds", "less than 0"},
		{"port too large", `{"MySQLOrchestratorPort": 65536}`, "MySQLOrchestratorPort", "65535"},
		{"port 0 for instances", `{"DefaultInstancePort": 0}`, "DefaultInstancePort", "less than 1"},
		{"packet below -1", `{"MySQLTopologyMaxAllowedPacket": -2}`, "MySQLTopologyMaxAllowedPacket", "-1"},
		{"address without a port", `{"ListenAddress": "localhost"}`, "ListenAddress", "host:port"},
		{"address with a bad port", `{"ListenAddress": ":99999"}`, "ListenAddress", "99999"},
		{"agents' address", `{"ServeAgentsHttp": true, "AgentsServerPort": "3001"}`, "AgentsServerPort", ":port"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := loadText(tt.text)
			if err == nil {
				t.Fatalf("%s was accepted", tt.text)
			}
			errs := problems(t, err)
			if len(errs) != 1 || errs[0].Key != tt.key || errs[0].File != "a" || errs[0].Remedy == "" {
				t.Errorf("problems %v", errs)
			}
			contains(t, err.Error(), tt.part)
		})
	}
}

func TestDoubtfulValues(t *testing.T) {
	for _, tt := range []struct{ name, text, key, part string }{
		{"minutes without effect", `{"RecoveryPeriodBlockMinutes": 30}`, "RecoveryPeriodBlockMinutes", `"RecoveryPeriodBlockSeconds": 1800`},
		{"both names of detaching", `{"DetachLostReplicasAfterMasterFailover": false, "DetachLostSlavesAfterMasterFailover": true}`, "DetachLostSlavesAfterMasterFailover", "false of the new name counts"},
		{"no write buffer", `{"BufferInstanceWrites": true, "InstanceWriteBufferSize": -1}`, "InstanceWriteBufferSize", "switched off"},
		{"batch brought into bounds", `{"ConsulMaxKVsPerTransaction": 100}`, "ConsulMaxKVsPerTransaction", "64 is used"},
		{"negative block raised", `{"RecoveryPeriodBlockSeconds": -1}`, "RecoveryPeriodBlockSeconds", "0 is used"},
		{"poll interval raised", `{"InstancePollSeconds": 0}`, "InstancePollSeconds", "1 is used"},
		{"unknown authentication", `{"AuthenticationMethod": "ldap"}`, "AuthenticationMethod", "everybody may write"},
		{"oauth", `{"AuthenticationMethod": "oauth"}`, "AuthenticationMethod", "never"},
		{"basic without user", `{"AuthenticationMethod": "basic"}`, "HTTPAuthUser", "basic"},
		{"basic without password", `{"AuthenticationMethod": "basic", "HTTPAuthUser": "u"}`, "HTTPAuthPassword", "empty"},
		{"unknown resolve method", `{"HostnameResolveMethod": "dns"}`, "HostnameResolveMethod", `"cname"`},
		{"unknown server name method", `{"MySQLHostnameResolveMethod": "@@report_hots"}`, "MySQLHostnameResolveMethod", "not asked"},
		{"this node not among raft nodes", `{"RaftEnabled": true, "RaftDataDir": "/d", "RaftBind": "10.0.0.1", "RaftNodes": ["10.0.0.2", "10.0.0.3"]}`, "RaftNodes", "10.0.0.1"},
		{"TLS without certificate", `{"UseSSL": true}`, "UseSSL", "cannot listen"},
		{"TLS on a socket", `{"UseSSL": true, "ListenSocket": "/s"}`, "UseSSL", "ListenSocket"},
		{"mutual TLS for nobody", `{"UseMutualTLS": true}`, "SSLValidOUs", "nobody"},
		{"no discovery workers", `{"DiscoveryMaxConcurrency": 0}`, "DiscoveryMaxConcurrency", "ever probed"},
		{"seed with a bad port", `{"DiscoverySeeds": ["db:x1y"]}`, "DiscoverySeeds", "db:x1y"},
		{"empty catch-up window", `{"SlaveBinLogEnableMaxLagSeconds": 10}`, "SlaveBinLogEnableMaxLagSeconds", "no effect"},
		{"graphite address", `{"GraphiteAddr": "g", "GraphitePath": "p"}`, "GraphiteAddr", "host:port"},
		{"graphite without path", `{"GraphiteAddr": "g:1"}`, "GraphitePath", "stays off"},
		{"consul distribution without consul", `{"ConsulCrossDataCenterDistribution": true}`, "ConsulCrossDataCenterDistribution", "ConsulAddress"},
		{"metadata database without schema", `{"MetaDBHost": "h"}`, "MetaDBName", "schema"},
		{"backend port 0", `{"MySQLOrchestratorHost": "h", "MySQLOrchestratorPort": 0}`, "MySQLOrchestratorPort", "no server"},
		{"pattern without a group", `{"DataCenterPattern": "dc"}`, "DataCenterPattern", "parentheses"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, warnings := mustLoad(t, tt.text)
			w, ok := find(warnings, DoubtfulValue, tt.key)
			if !ok {
				t.Fatalf("no such warning in %v", warnings)
			}
			if w.File != "a" {
				t.Errorf("file %q", w.File)
			}
			if w.Remedy == "" {
				t.Error("no remedy")
			}
			contains(t, w.String(), tt.part)
		})
	}
}

func TestNothingIsSaidOfSoundValues(t *testing.T) {
	for _, tt := range []struct{ name, text string }{
		{"raft node listed without its port", `{"RaftEnabled": true, "RaftDataDir": "/d", "RaftBind": "10.0.0.1:10008", "RaftNodes": ["10.0.0.1", "10.0.0.2", "10.0.0.3"], "BackendDB": "sqlite", "SQLite3DataFile": "x"}`},
		{"basic", `{"AuthenticationMethod": "Basic", "HTTPAuthUser": "u", "HTTPAuthPassword": "p", "BackendDB": "mysql"}`},
		{"empty server name method", `{"MySQLHostnameResolveMethod": "", "BackendDB": "mysql"}`},
		{"no address beside a socket", `{"ListenAddress": "", "ListenSocket": "/s", "BackendDB": "mysql"}`},
		{"pattern with a group", `{"DataCenterPattern": "-(dc[0-9])-", "BackendDB": "mysql"}`},
		{"the default block in minutes", `{"RecoveryPeriodBlockSeconds": 1800, "BackendDB": "mysql"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, warnings := mustLoad(t, tt.text)
			for _, w := range warnings {
				if w.Kind != PlannedKeys { // says nothing about values
					t.Errorf("warning %v", w)
				}
			}
		})
	}
}

func TestAdjustmentsOverSeveralFiles(t *testing.T) {
	for _, tt := range []struct {
		name, a, b string
		ok         func(*Config) bool
	}{
		{"a later old lag query replaces an earlier one", `{"SlaveLagQuery": "a"}`, `{"SlaveLagQuery": "b"}`, func(c *Config) bool { return c.ReplicationLagQuery == "b" }},
		{"a later old postponing replaces an earlier one", `{"PostponeSlaveRecoveryOnLagMinutes": 1}`, `{"PostponeSlaveRecoveryOnLagMinutes": 2}`, func(c *Config) bool { return c.PostponeReplicaRecoveryOnLagMinutes == 2 }},
		{"advertise follows the bind of a later file", `{}`, `{"RaftBind": "10.0.0.1"}`, func(c *Config) bool { return c.RaftAdvertise == "10.0.0.1" }},
		{"the lock time is taken with the first file", `{}`, `{"ReasonableReplicationLagSeconds": 99}`, func(c *Config) bool { return c.ReasonableLockedSemiSyncMasterSeconds == 10 }},
		{"minutes of a later file do not undo seconds", `{"RecoveryPeriodBlockSeconds": 0, "RecoveryPeriodBlockMinutes": 1}`, `{"RecoveryPeriodBlockMinutes": 9}`, func(c *Config) bool { return c.RecoveryPeriodBlockSeconds == 60 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, _, err := rig{files: map[string]string{"a": tt.a, "b": tt.b}}.load("a", "b")
			if err != nil || !tt.ok(c) {
				t.Errorf("not as it should be: %v", err)
			}
		})
	}
}

func TestEachFileMustMakeSenseWithTheOnesBefore(t *testing.T) {
	_, _, err := rig{files: map[string]string{"a": `{"RaftEnabled": true}`, "b": `{"RaftDataDir": "/d"}`}}.load("a", "b")
	if err == nil {
		t.Fatal("a directory in a later file came too late, yet the files were accepted")
	}
	if e := problems(t, err)[0]; e.File != "a" || e.Key != "RaftDataDir" {
		t.Errorf("problem %v", e)
	}
}

func TestAWarningIsGivenOnce(t *testing.T) {
	_, warnings, err := rig{files: map[string]string{
		"a": `{"DetachLostReplicasAfterMasterFailover": false, "DetachLostSlavesAfterMasterFailover": true}`, "b": `{}`, "c": `{}`,
	}}.load("a", "b", "c")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, w := range warnings {
		if w.Kind == DoubtfulValue {
			count++
		}
	}
	if count != 1 {
		t.Errorf("%d warnings: %v", count, warnings)
	}
}

func TestProblemsNameAFileThatWasRead(t *testing.T) {
	_, _, err := rig{files: map[string]string{"a": `{"AuthenticationMethod": "multi"}`}}.load("a", "missing")
	if err == nil {
		t.Fatal("accepted")
	}
	if e := problems(t, err)[0]; e.File != "a" {
		t.Errorf("problem %v", e)
	}
}
