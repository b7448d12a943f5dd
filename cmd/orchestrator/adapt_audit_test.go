package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

func TestAuditLine(t *testing.T) {
	at := time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)
	for _, c := range []struct {
		name string
		row  store.AuditRow
		line string
	}{
		{"of a server", store.AuditRow{At: at, Type: "read-only", Key: key("db1"), ClusterName: "orders", Message: "set to true"},
			"2031-02-03 04:05:06\tread-only\tdb1\t3306\t[orders]\tset to true\n"},
		{"of no server", store.AuditRow{At: at, Type: "shutdown", Message: "bye"}, "2031-02-03 04:05:06\tshutdown\t\t0\t[]\tbye\n"},
		{"no text ends its field or line", store.AuditRow{At: at, Type: "tag", Key: key("db1"), Message: "a\tb\nc\r"},
			"2031-02-03 04:05:06\ttag\tdb1\t3306\t[]\ta b c \n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := auditLine(c.row); got != c.line {
				t.Errorf("line %q, not %q", got, c.line)
			}
		})
	}
}

func TestAuditGoesWhereTheConfigurationSays(t *testing.T) {
	for _, c := range []struct {
		name      string
		file, row bool
	}{
		{"nowhere", false, false}, {"file", true, false}, {"backend", false, true}, {"both", true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			log := filepath.Join(t.TempDir(), "audit.log")
			document := `"AuditToBackendDB": false`
			if c.row {
				document = `"AuditToBackendDB": true`
			}
			if c.file {
				document += `, "AuditLogFile": "` + log + `"`
			}
			p := testParts(t, testFile(t), document)
			p.audit.lookUpClusters(func(topology.Key) string { return "found" })
			for _, cluster := range []string{"", "said"} {
				must(t, p.audit.Audit(t.Context(), "kind", key("db1"), cluster, "message"))
			}
			text, err := os.ReadFile(log)
			if c.file != (err == nil) || c.file && (strings.Count(string(text), "\n") != 2 ||
				!strings.Contains(string(text), "\tkind\tdb1\t3306\t[found]\tmessage\n") || !strings.Contains(string(text), "[said]")) {
				t.Errorf("file %q, error %v", text, err)
			}
			rows, err := p.store.AuditLog(t.Context(), store.AuditFilter{Key: key("db1")})
			must(t, err)
			if c.row != (len(rows) == 2) || c.row && (rows[0].ClusterName != "said" || rows[1].ClusterName != "found") {
				t.Errorf("rows %+v", rows)
			}
		})
	}
}

func TestFailedAuditFileDoesNotKeepTheBackendFromIt(t *testing.T) {
	p := testParts(t, testFile(t), `"AuditToBackendDB": true, "AuditLogFile": "/none/audit.log"`)
	if err := p.audit.Audit(t.Context(), "kind", key("db1"), "", "message"); err == nil || !strings.Contains(err.Error(), "AuditLogFile") {
		t.Errorf("error %v does not name AuditLogFile", err)
	}
	if rows, err := p.store.AuditLog(t.Context(), store.AuditFilter{}); err != nil || len(rows) != 1 {
		t.Errorf("rows %+v, error %v", rows, err)
	}
}
