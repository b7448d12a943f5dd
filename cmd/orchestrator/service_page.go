package main

import (
	"fmt"
	"net/http"

	"orchestrator/internal/config"
)

// placeholder answers the root of the web address with a page of plain text: what runs here, where its API is, where
// more is written. Whatever else is asked for is not found.
func placeholder(version, commit string, cfg func() *config.Config) http.Handler {
	if commit != "" {
		version += " (" + commit + ")"
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" && r.URL.Path != "" && r.URL.Path != "/web" && r.URL.Path != "/web/" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		scheme := "http"
		if r.TLS != nil {
			scheme = "https"
		}
		base := scheme + "://" + r.Host + cfg().URLPrefix
		_, _ = fmt.Fprintf(w, pageText, version, base)
	})
}

const pageText = `orchestrator %s

API:     %[2]s/api/
         %[2]s/api/clusters-info         all clusters
         %[2]s/api/topology/CLUSTER      a cluster, by name, alias or member
         %[2]s/api/replication-analysis  what is wrong
         %[2]s/api/audit-recovery        what was repaired
Health:  %[2]s/api/health
Metrics: %[2]s/metrics

Documentation: the folder docs of the distribution; on the command line: orchestrator help
`
