package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/observe"
	"orchestrator/internal/server"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

func observeAsk(fresh bool) observe.Ask { return observe.Ask{Fresh: fresh} }

func TestServerOptions(t *testing.T) {
	for _, c := range []struct {
		name, document string
		ok             func(server.Options) bool
	}{
		{"defaults", `{}`, func(o server.Options) bool {
			return o.TLSMode == server.TLSMixed && o.TLS != nil && o.MaxAllowedPacket == 0 && !o.CheckMaxScale &&
				o.ConnectTimeout == 2*time.Second && o.ProbeTimeout == 10*time.Second && o.ControlTimeout == 600*time.Second &&
				o.HostnameMethod == "@@hostname"
		}},
		{"no TLS", `{"MySQLTopologyUseMixedTLS": false}`, func(o server.Options) bool {
			return o.TLSMode == server.TLSNever && o.TLS == nil
		}},
		{"always TLS, unverified", `{"MySQLTopologyUseMutualTLS": true, "MySQLTopologySSLSkipVerify": true, "MySQLTopologySSLCertFile": "/not/read"}`,
			func(o server.Options) bool { return o.TLSMode == server.TLSAlways && o.TLS.InsecureSkipVerify }},
		{"credentials and queries", `{"MySQLTopologyUser": "u", "MySQLTopologyPassword": "p", "ReplicationCredentialsQuery": "c", "SlaveLagQuery": "l",
			"DetectClusterAliasQuery": "a", "DetectClusterDomainQuery": "d", "DetectInstanceAliasQuery": "i", "DetectPromotionRuleQuery": "r",
			"DetectDataCenterQuery": "dc", "DetectRegionQuery": "rg", "DetectPhysicalEnvironmentQuery": "e", "DetectSemiSyncEnforcedQuery": "s",
			"DetectPseudoGTIDQuery": "g"}`, func(o server.Options) bool {
			return o.User == "u" && o.Password == "p" && o.CredentialsQuery == "c" && o.Queries == server.Queries{
				Lag: "l", ClusterAlias: "a", ClusterDomain: "d", InstanceAlias: "i", PromotionRule: "r", DataCenter: "dc", Region: "rg",
				Environment: "e", SemiSyncPriority: "s", PseudoGTIDPresent: "g",
			}
		}},
		{"a metadata database", `{"MetaDBHost": "m", "MetaDBName": "cmdb", "DetectClusterAliasQuery": "a", "DetectRegionQuery": "rg"}`,
			func(o server.Options) bool {
				return o.Queries == server.Queries{ClusterAlias: "a", Region: "rg"} && o.Metadata == server.Metadata{At: topology.Key{Hostname: "m", Port: 3307}, Schema: "cmdb"}
			}},
		{"no metadata database", `{"DetectClusterAliasQuery": "a"}`, func(o server.Options) bool { return o.Metadata == server.Metadata{} }},
		{"the rest", `{"DiscoverByShowSlaveHosts": true, "SkipMaxScaleCheck": false, "MySQLTopologyMaxAllowedPacket": 4096, "MySQLHostnameResolveMethod": "none"}`,
			func(o server.Options) bool {
				return o.DiscoverByShowReplicas && o.CheckMaxScale && o.MaxAllowedPacket == 4096 && o.HostnameMethod == "none"
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, err := serverOptions(testConfig(t, c.document), slog.New(slog.DiscardHandler))
			must(t, err)
			if !c.ok(o) {
				t.Errorf("options %+v", o)
			}
		})
	}
}

func TestUnusableTLSFilesAreNamed(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	must(t, os.WriteFile(empty, nil, 0o600))
	topologyOptions := func(t *testing.T, document string) error {
		_, err := serverOptions(testConfig(t, document), slog.New(slog.DiscardHandler))
		return err
	}
	backendOptions := func(t *testing.T, document string) error {
		_, err := storeOptions(testConfig(t, document), "v", nil)
		return err
	}
	for _, c := range []struct {
		name, document, wanted string
		options                func(*testing.T, string) error
	}{
		{"no CA file", `{"MySQLTopologySSLCAFile": "/none.pem"}`, "MySQLTopologySSLCAFile", topologyOptions},
		{"CA file without certificates", fmt.Sprintf(`{"MySQLTopologySSLCAFile": %q}`, empty), "no certificate", topologyOptions},
		{"no key pair", `{"MySQLTopologyUseMutualTLS": true, "MySQLTopologySSLCertFile": "/c.pem", "MySQLTopologySSLPrivateKeyFile": "/k.pem"}`,
			"MySQLTopologySSLCertFile", topologyOptions},
		{"backend: no CA file", `{"MySQLOrchestratorHost": "h", "MySQLOrchestratorUseMutualTLS": true, "MySQLOrchestratorSSLCAFile": "/none.pem"}`,
			"MySQLOrchestratorSSLCAFile", backendOptions},
		{"backend: no key pair", `{"MySQLOrchestratorHost": "h", "MySQLOrchestratorUseMutualTLS": true, "MySQLOrchestratorSSLCertFile": "/c.pem"}`,
			"MySQLOrchestratorSSLPrivateKeyFile", backendOptions},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.options(t, c.document); err == nil || !strings.Contains(err.Error(), c.wanted) {
				t.Errorf("error %v does not name %s", err, c.wanted)
			}
		})
	}
}

func TestStoreOptions(t *testing.T) {
	for _, c := range []struct {
		name, document string
		wanted         store.Options
		tls            bool
	}{
		{"SQLite", `{"BackendDB": "sqlite3", "SQLite3DataFile": "/f"}`, store.Options{Dialect: store.SQLite, File: "/f"}, false},
		{"MySQL", `{"MySQLOrchestratorHost": "h", "MySQLOrchestratorDatabase": "d", "MySQLOrchestratorUser": "u", "MySQLOrchestratorPassword": "p",
			"MySQLOrchestratorPort": 3307, "MySQLConnectTimeoutSeconds": 3, "MySQLOrchestratorReadTimeoutSeconds": 7, "MySQLConnectionLifetimeSeconds": 11,
			"MySQLOrchestratorMaxPoolConnections": 5, "MySQLOrchestratorRejectReadOnly": true, "SkipOrchestratorDatabaseUpdate": true,
			"PanicIfDifferentDatabaseDeploy": true}`,
			store.Options{Dialect: store.MySQL, Host: "h", Port: 3307, Database: "d", User: "u", Password: "p", ConnectTimeout: 3 * time.Second,
				ReadTimeout: 7 * time.Second, ConnectionLifetime: 11 * time.Second, MaxConnections: 5, RejectReadOnly: true, MaxAllowedPacket: -1,
				SkipUpdate: true, PanicIfDifferent: true}, false},
		{"MySQL with TLS", `{"MySQLOrchestratorHost": "h", "MySQLOrchestratorUseMutualTLS": true, "MySQLOrchestratorSSLSkipVerify": true}`,
			store.Options{Dialect: store.MySQL, Host: "h", Port: 3306, ConnectTimeout: 2 * time.Second, ReadTimeout: 30 * time.Second,
				MaxConnections: 128, MaxAllowedPacket: -1}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, err := storeOptions(testConfig(t, c.document), "v1", nil)
			must(t, err)
			if (o.TLS != nil) != c.tls || c.tls && !o.TLS.InsecureSkipVerify {
				t.Errorf("TLS %+v", o.TLS)
			}
			o.TLS = nil
			c.wanted.Version = "v1"
			if !reflect.DeepEqual(o, c.wanted) {
				t.Errorf("options %+v, not %+v", o, c.wanted)
			}
		})
	}
}
