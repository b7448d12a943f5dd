package server_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

var update = flag.Bool("update", false, "write the golden files anew")

// versions are the servers whose statements are written down in testdata/dialect.
var versions = []struct{ name, version, comment string }{
	{"mysql-5.6", "5.6.24-log", "MySQL Community Server (GPL)"},
	{"mysql-5.7", "5.7.44-log", "MySQL Community Server (GPL)"},
	{"mysql-8.0.11", "8.0.11", "MySQL Community Server - GPL"},
	{"mysql-8.0.22", "8.0.22", "MySQL Community Server - GPL"},
	{"mysql-8.0.26", "8.0.26", "MySQL Community Server - GPL"},
	{"mysql-8.4", "8.4.3", "MySQL Community Server - GPL"},
	{"mysql-9.7", "9.7.4-2", "(Debian)"},
	{"percona-8.0", "8.0.41-32", "Percona Server (GPL), Release 32, Revision 1"},
	{"mariadb-10.3", "10.3.39-MariaDB-log", "MariaDB Server"},
	{"mariadb-10.11", "10.11.18-MariaDB-0+deb12u1-log", "Debian 12"},
	{"mariadb-11.8", "11.8.9-MariaDB-4 from Debian-log", "Debian"},
	{"maxscale", "10.2.12-21.06-maxscale", "MaxScale"},
}

func TestStatementsByVersion(t *testing.T) {
	yes, no := true, false
	delay, retries := int64(3600), int64(86400)
	source := topology.Key{Hostname: "db1.example.com", Port: 3306}
	coords := topology.Coordinates{LogFile: "binlog.000012", LogPos: 4711}
	tls := &topology.TLSOptions{
		Enabled: true, CAFile: "/ca.pem", CAPath: "/ca", Cert: "/cert.pem", Cipher: "c", Key: "/key.pem", CRLFile: "/crl.pem",
		CRLPath: "/crl", VerifyServerCert: &yes, Version: "TLSv1.3", Ciphersuites: "TLS_AES_128_GCM_SHA256",
		SourcePublicKeyPath: "/pub.pem", GetSourcePublicKey: &no, NetworkNamespace: "ns", CompressionAlgorithm: "zstd",
	}
	for _, v := range versions {
		t.Run(v.name, func(t *testing.T) {
			d := server.DialectOf(v.version, v.comment)
			var b strings.Builder
			line := func(name string, sql ...string) {
				for _, s := range sql {
					fmt.Fprintf(&b, "%-30s %s\n", name, s)
				}
			}
			line("flavor", fmt.Sprintf("%s %s", d.Flavor, d.Version))
			line("stop", d.StopReplica(server.AllThreads, ""))
			line("stop io", d.StopReplica(server.IOThread, ""))
			line("start", d.StartReplica(server.AllThreads, ""))
			line("start sql", d.StartReplica(server.SQLThread, ""))
			line("start until", d.StartUntil(coords, ""))
			line("reset all", d.ResetReplicaAll(""))
			line("reset", d.ResetReplica(""))
			if d.HasChannels() {
				line("stop channel", d.StopReplica(server.IOThread, "it's"))
				line("start channel", d.StartReplica(server.AllThreads, "c"))
				line("start until channel", d.StartUntil(coords, "c"))
				line("reset all channel", d.ResetReplicaAll("c"))
				line("change channel", d.ChangeSource(server.SourceChange{Channel: "c", Source: source}))
				line("wait position channel", d.WaitPosition(coords, "c", time.Second))
				line("relay log events channel", d.BinlogEvents(topology.RelayLog, "relay.000001", 0, 0, "c"))
			}
			line("replica status", d.ReplicaStatus())
			line("binary log status", d.BinaryLogStatus())
			line("replicas", d.Replicas())
			line("replica processes", d.ReplicaProcesses(true))
			line("process list", d.Processlist(true))
			line("reset binary logs", d.ResetBinaryLogsAndGTIDs())
			line("read only", d.SetReadOnly(true, false))
			line("super read only", d.SetReadOnly(true, true))
			line("writeable", d.SetReadOnly(false, true))
			line("writeable before", d.SetWritableBefore(time.Date(2026, 1, 2, 3, 4, 5, 678_000, time.UTC)))
			line("read only?", d.ReadOnly())
			line("gtids", d.GTIDs())
			line("wait executed", d.WaitExecuted("0-1-2", 1500*time.Millisecond))
			line("wait position", d.WaitPosition(coords, "", 0))
			line("semi-sync, old names", d.SetSemiSync(server.SemiSyncSource, true, server.SemiSyncNames{}), d.SetSemiSync(server.SemiSyncReplica, false, server.SemiSyncNames{}))
			line("semi-sync, new names", d.SetSemiSync(server.SemiSyncSource, false, server.SemiSyncNames{SourceNew: true, ReplicaNew: true}),
				d.SetSemiSync(server.SemiSyncReplica, true, server.SemiSyncNames{SourceNew: true, ReplicaNew: true}))
			line("purge", d.PurgeBinaryLogs("binlog.000012"))
			line("skip", d.SkipCounter(1, "")...)
			line("inject", d.InjectEmpty("11111111-1111-1111-1111-111111111111:7")...)
			line("binlog events", d.BinlogEvents(topology.BinaryLog, "binlog.000012", 4, 10, ""))
			line("commit order", d.CommitOrder())
			line("kill", d.Kill(7, false), d.Kill(7, true))
			line("change, as is", d.ChangeSource(server.SourceChange{Source: source}))
			line("change, auto", d.ChangeSource(server.SourceChange{Source: source, Mode: server.GTIDAuto}))
			line("change, slave_pos", d.ChangeSource(server.SourceChange{Source: source, Mode: server.MariaDBSlavePos}))
			line("change, current_pos", d.ChangeSource(server.SourceChange{Source: source, Mode: server.MariaDBCurrentPos}))
			line("change, file", d.ChangeSource(server.SourceChange{Source: source, Mode: server.FilePosition, Coords: coords}))
			line("change, detached", d.ChangeSource(server.SourceChange{Source: source.Detached()}))
			line("change, options", d.ChangeSource(server.SourceChange{User: "repl", Password: "it's", ConnectRetry: time.Second,
				RetryCount: &retries, Delay: &delay, Heartbeat: 1500 * time.Millisecond}))
			line("change, tls", d.ChangeSource(server.SourceChange{Source: source, TLS: tls}))
			line("change, no tls", d.ChangeSource(server.SourceChange{Source: source, TLS: &topology.TLSOptions{GetSourcePublicKey: &yes}}))
			line("first probe", server.ProbeStatements(d, true)...)
			line("probe", server.ProbeStatements(d, false)...)
			compareGolden(t, filepath.Join("testdata", "dialect", v.name+".txt"), b.String())
		})
	}
}

func compareGolden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want := string(must1(os.ReadFile(path))(t))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("statements differ from %s (-want +got):\n%s", path, diff)
	}
}

func TestParseVersion(t *testing.T) {
	for text, want := range map[string]server.Version{
		"5.6.24-log":                       {5, 6, 24},
		"8.0.4":                            {8, 0, 4},
		"8.0.41-32":                        {8, 0, 41},
		"10.11.18-MariaDB-0+deb12u1-log":   {10, 11, 18},
		"5.5.5-10.3.39-MariaDB":            {10, 3, 39},
		"11.8.9-MariaDB-4 from Debian-log": {11, 8, 9},
		"9.7":                              {9, 7, 0},
		"8.0.28-ndb-8.0.28-cluster":        {8, 0, 28},
		"10.2.12.7-maxscale":               {10, 2, 12},
		"":                                 {},
		"unknown":                          {},
	} {
		if got := server.ParseVersion(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
	if old := server.ParseVersion("8.0.4"); old.AtLeast(8, 0, 14) || !old.AtLeast(8, 0, 4) || !old.AtLeast(5, 7, 44) {
		t.Error("8.0.4 is older than 8.0.14 and newer than 5.7.44")
	}
	if server.ParseVersion("10.3.1").Compare(server.ParseVersion("9.7.4")) <= 0 {
		t.Error("10.3.1 comes after 9.7.4")
	}
}

func TestFlavor(t *testing.T) {
	for _, c := range []struct {
		version, comment string
		want             topology.Flavor
		ndb              bool
	}{
		{"8.0.41-32", "Percona Server (GPL), Release 32", topology.FlavorPercona, false},
		{"8.4.3", "MySQL Community Server - GPL", topology.FlavorMySQL, false},
		{"10.6.1-mariadb", "x", topology.FlavorMariaDB, false},
		{"10.6.1-MariaDB", "Percona of sorts", topology.FlavorMariaDB, false},
		{"5.7.1-maxscale", "", topology.FlavorMaxScale, false},
		{"8.0.28-ndb-8.0.28-cluster", "MySQL Cluster", topology.FlavorMySQL, true},
	} {
		if d := server.DialectOf(c.version, c.comment); d.Flavor != c.want || d.NDB != c.ndb {
			t.Errorf("%s (%s): %+v", c.version, c.comment, d)
		}
	}
}
