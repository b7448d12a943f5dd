package config

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files and docs/configuration.md anew")

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs from what is made now (go test ./internal/config -update writes it anew):\n%s", file, firstDifference(got, want))
	}
}

func firstDifference(got, want []byte) string {
	g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return "now:  " + g[i] + "\nfile: " + w[i]
		}
	}
	return "one is longer"
}

func TestReferencePage(t *testing.T) {
	var page bytes.Buffer
	if err := WriteReference(&page); err != nil {
		t.Fatal(err)
	}
	golden(t, filepath.Join("..", "..", "docs", "configuration.md"), page.Bytes())
	for _, k := range Keys() {
		if n := strings.Count(page.String(), "\n| `"+k.Name+"` |"); n != 1 {
			t.Errorf("%s is documented %d times", k.Name, n)
		}
	}
	sample, err := os.ReadFile(filepath.Join("..", "..", "conf", "orchestrator-sample.conf.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(page.String(), string(sample)) {
		t.Error("the page does not show conf/orchestrator-sample.conf.json as it is")
	}
}

func TestReport(t *testing.T) {
	for _, tt := range []struct {
		name, source string
		env          map[string]string
	}{
		{"empty", "", nil},
		{"five-lines", filepath.Join("..", "..", "conf", "orchestrator-sample.conf.json"), map[string]string{"ORCHESTRATOR_TOPOLOGY_PASSWORD": "x"}},
		{"old-production", filepath.Join("testdata", "check", "old-production.json"), map[string]string{"ORC_BACKEND_PASSWORD": "x"}},
		{"raft", filepath.Join("testdata", "check", "raft.json"), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := rig{env: tt.env, files: map[string]string{}}
			if tt.source != "" {
				text, err := os.ReadFile(tt.source)
				if err != nil {
					t.Fatal(err)
				}
				r.files["/etc/orchestrator.conf.json"] = string(text)
			}
			c, warnings, err := r.load(DefaultFiles()...)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := Report(&out, c, warnings); err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", "check", tt.name+".txt"), out.Bytes())
		})
	}
}

func TestCheckNamesOnlyKnownKeys(t *testing.T) {
	for _, text := range []string{`{}`, `{"RaftEnabled": true, "RaftDataDir": "/d", "RaftNodes": ["a", "b"], "AuthenticationMethod": "proxy", "ListenAddress": ":1"}`} {
		c, warnings := mustLoad(t, text)
		for _, s := range Check(c, warnings) {
			for _, key := range s.Keys {
				if k, ok := Lookup(key); !ok || k.Name != key {
					t.Errorf("%q names the unknown key %s", s.Text, key)
				}
			}
			if s.Example == "" {
				continue
			}
			if _, more, err := loadText("{" + s.Example + `, "SQLite3DataFile": "x"}`); err != nil && !strings.Contains(err.Error(), "environment") {
				t.Errorf("example %s: %v", s.Example, err)
			} else if _, unknown := find(more, UnknownKey, ""); unknown {
				t.Errorf("example %s: %v", s.Example, more)
			}
		}
	}
}

func TestCheckStatements(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		group      Group
		severity   Severity
		part       string
	}{
		{"recovery off", `{}`, GroupRecovery, Concern, "Off: a failed primary"},
		{"recovery of all", `{"RecoverMasterClusterFilters": ["*"]}`, GroupRecovery, OK, "On for all clusters: a failed primary"},
		{"recovery of some", `{"RecoverMasterClusterFilters": ["alias=x"]}`, GroupRecovery, Note, `chosen by "alias=x" only`},
		{"recovery filter that cannot match", `{"RecoverMasterClusterFilters": ["*.x"]}`, GroupRecovery, Concern, "no entry"},
		{"no anti-flapping", `{"RecoverMasterClusterFilters": ["*"], "RecoveryPeriodBlockSeconds": -1}`, GroupRecovery, Concern, "no anti-flapping"},
		{"mysql without host", `{"BackendDB": "mysql"}`, GroupBackend, Concern, "no host is given"},
		{"database in memory", `{"BackendDB": "sqlite", "SQLite3DataFile": ":memory:"}`, GroupBackend, Concern, "lost"},
		{"open to everybody", `{"ListenAddress": ":3000"}`, GroupListening, Concern, "everybody who can connect may change"},
		{"open but read-only", `{"ListenAddress": ":3000", "ReadOnly": true}`, GroupListening, Note, "everybody who can connect may read"},
		{"local only", `{}`, GroupListening, Note, "only this machine"},
		{"local address given", `{"ListenAddress": "[::1]:3000"}`, GroupListening, Note, "everybody on this machine"},
		{"socket", `{"ListenSocket": "/s"}`, GroupListening, OK, "unix socket /s"},
		{"proxy for everybody", `{"AuthenticationMethod": "proxy"}`, GroupListening, Concern, "everybody may change"},
		{"proxy for some", `{"AuthenticationMethod": "proxy", "PowerAuthUsers": ["a"]}`, GroupListening, OK, "1 users and 0 groups"},
		{"basic over HTTP", `{"AuthenticationMethod": "basic", "HTTPAuthUser": "u", "HTTPAuthPassword": "p", "ListenAddress": ":1"}`, GroupListening, Note, "plain HTTP"},
		{"token", `{"AuthenticationMethod": "token"}`, GroupListening, OK, "access token"},
		{"mutual TLS", `{"UseMutualTLS": true, "SSLValidOUs": ["x"], "ListenAddress": ":1"}`, GroupListening, OK, "certificate"},
		{"no topology user", `{}`, GroupDiscovery, Concern, "no server can be probed"},
		{"metadata database", `{"MetaDBHost": "m", "MetaDBName": "cmdb"}`, GroupDiscovery, Note, "come from the metadata database m:3307, schema cmdb"},
		{"ignored hosts", `{"RecoveryIgnoreHostnameFilters": ["x"]}`, GroupDetection, Note, "not noticed"},
		{"stays read-only", `{"ApplyMySQLPromotionAfterMasterFailover": false}`, GroupPromotion, Concern, "stays read-only"},
		{"data center unknown", `{"PreventCrossDataCenterMasterFailover": true}`, GroupPromotion, Concern, "Nothing says in which data center"},
		{"region unknown", `{"PreventCrossRegionMasterFailover": true}`, GroupPromotion, Concern, "Nothing says in which region"},
		{"catch-up window", `{"SlaveBinLogEnableMaxLagSeconds": 60}`, GroupPromotion, Note, "more than 10 seconds and less than 1 minute"},
		{"waits for the SQL thread", `{"DelayMasterPromotionIfSQLThreadNotUpToDate": true}`, GroupPromotion, OK, "applies all"},
		{"lost replicas not detached", `{"DetachLostReplicasAfterMasterFailover": false}`, GroupPromotion, Note, "not detached"},
		{"one hook", `{"PreFailoverProcesses": ["x"]}`, GroupHooks, OK, "1 command runs before"},
		{"nobody is told", `{"RecoverMasterClusterFilters": ["*"]}`, GroupPublish, Concern, "Nobody is told"},
		{"zookeeper", `{"ZkAddress": "z"}`, GroupPublish, OK, "published in ZooKeeper at z"},
		{"own key-value store", `{}`, GroupPublish, OK, "noted in the backend, in the table kv_store, under mysql/master"},
		{"audited", `{"AuditToSyslog": true, "AuditToBackendDB": true}`, GroupAudit, OK, "syslog and the backend"},
		{"mysql half configured", `{"MySQLOrchestratorHost": "h"}`, GroupBackend, Concern, "No backend schema"},
		{"several members of one backend", `{"MySQLOrchestratorHost": "a,b:3307"}`, GroupBackend, OK, "in whichever of a,b:3307 takes writes"},
		{"schema not touched", `{"SkipOrchestratorDatabaseUpdate": true}`, GroupBackend, Note, "neither created nor upgraded"},
		{"TLS", `{"UseSSL": true, "SSLCertFile": "c", "SSLPrivateKeyFile": "k", "ListenAddress": ":1"}`, GroupListening, OK, "by HTTPS"},
		{"changes refused to all", `{"AuthenticationMethod": "oauth"}`, GroupListening, Concern, "Nobody may change"},
		{"a proxy can be passed by", `{"AuthenticationMethod": "proxy", "PowerAuthUsers": ["a"], "ListenAddress": ":1"}`, GroupListening, Note, "claim to be any user"},
		{"empty password", `{"MySQLTopologyUser": "u"}`, GroupDiscovery, Concern, "empty password"},
		{"replicas not discovered", `{"DiscoveryIgnoreReplicaHostnameFilters": ["x"]}`, GroupDiscovery, Note, "Replicas matching \"x\""},
		{"read-only primary", `{"RecoverNonWriteableMaster": true}`, GroupDetection, OK, "opened for writing"},
		{"exact semi-sync", `{"EnforceExactSemiSyncReplicas": true}`, GroupDetection, OK, "switched on and off"},
		{"locked semi-sync", `{"RecoverLockedSemiSyncMaster": true}`, GroupDetection, OK, "for 10 seconds"},
		{"data center and region", `{"PreventCrossDataCenterMasterFailover": true, "PreventCrossRegionMasterFailover": true}`, GroupPromotion, Note, "data center and region"},
		{"candidate must be up to date", `{"FailMasterPromotionIfSQLThreadNotUpToDate": true}`, GroupPromotion, Note, "has not applied"},
		{"consul in all data centers", `{"ConsulAddress": "c:1", "ConsulCrossDataCenterDistribution": true}`, GroupPublish, OK, "published in Consul at c:1, in all data centers"},
		{"etcd", `{"EtcdAddress": "e", "RecoverMasterClusterFilters": ["*"]}`, GroupPublish, OK, "published in etcd at e"},
		{"neither hook nor store", `{"RecoverMasterClusterFilters": ["*"]}`, GroupPublish, Concern, "Nobody is told"},
		{"intermediate sources asked for", `{"RecoverIntermediateMasterClusterFilters": ["*"]}`, GroupRecovery, OK, "is worked around automatically"},
		{"intermediate sources that cannot match", `{"RecoverIntermediateMasterClusterFilters": ["("]}`, GroupRecovery, Concern, "wait until a person moves them"},
		{"intermediate sources not asked for", `{}`, GroupRecovery, Note, "until a person moves them"},
		{"hook of take-master", `{"PostTakeMasterProcesses": ["x"]}`, GroupHooks, OK, "1 command runs after take-master"},
		{"keys of later versions", `{"AgentsServerPort": ":1", "ServeAgentsHttp": true}`, GroupFiles, Concern, "not in this version: ServeAgentsHttp, AgentsServerPort"},
		{"one raft node", `{"RaftEnabled": true, "RaftDataDir": "/d"}`, GroupRaft, Note, "decides alone"},
		{"two raft nodes", `{"RaftEnabled": true, "RaftDataDir": "/d", "RaftNodes": ["127.0.0.1", "b"]}`, GroupRaft, Concern, "2 nodes"},
		{"three raft nodes", `{"RaftEnabled": true, "RaftDataDir": "/d", "RaftNodes": ["127.0.0.1", "b", "c"]}`, GroupRaft, OK, "of which 2 must work"},
		{"raft port open to all", `{"RaftEnabled": true, "RaftDataDir": "/d", "RaftNodes": ["127.0.0.1", "b", "c"]}`, GroupRaft, Note, "neither a secret nor a certificate"},
		{"unknown key", `{"Bananas": 1}`, GroupFiles, Concern, "Bananas"},
		{"removed key", `{"AuditPageSize": 1}`, GroupFiles, Note, "AuditPageSize"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, warnings := mustLoad(t, tt.text)
			all := Check(c, warnings)
			for _, s := range all {
				if s.Group == tt.group && s.Severity == tt.severity && strings.Contains(s.Text, tt.part) {
					return
				}
			}
			t.Errorf("no such statement in %v", all)
		})
	}
}

func TestPlain(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0s": 0, "1 second": time.Second, "90 seconds": 90 * time.Second, "1 hour": time.Hour, "25 hours": 25 * time.Hour, "10 days": 240 * time.Hour, "100ms": 100 * time.Millisecond,
	} {
		if got := plain(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}
