package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"testing"

	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
)

func decoded[T any](t *testing.T, s *serviceProcess, path string) (v T) {
	t.Helper()
	status, body := s.get(t, path)
	if status != http.StatusOK {
		t.Fatalf("%s: %d %s", path, status, body)
	}
	must(t, json.Unmarshal([]byte(body), &v))
	return v
}

// TestManagersOnOneBackendTellOfThemselves: managers that share a backend say there how they are and how they find the servers, and
// each shows what all said and when. One that is killed is missed; one that ends in order is not.
func TestManagersOnOneBackendTellOfThemselves(t *testing.T) {
	t.Parallel()
	primary := sandboxtest.New(t, sandbox.Options{Nodes: 1}).Node(0)
	backend := []string{
		fmt.Sprintf(`"SQLite3DataFile": %q`, filepath.Join(t.TempDir(), "shared.db")), fmt.Sprintf(`"DiscoverySeeds": [%q]`, primary.Addr()),
		fmt.Sprintf(`"MySQLTopologyUser": %q, "MySQLTopologyPassword": %q`, sandbox.UserOrc, sandbox.Password(sandbox.UserOrc)),
		`"DetectClusterAliasQuery": "SELECT 'orders'", "DetectClusterDomainQuery": "SELECT 'localhost'"`,
	}
	a := startProcess(t, backend...)
	b := startProcess(t, append(backend, `"ReasonableMaintenanceReplicationLagSeconds": 33`)...)
	both := func(s *serviceProcess, what string, fits func(v2.NodeReports) bool) {
		t.Helper()
		s.await(t, what, func() bool {
			r := decoded[v2.NodeReports](t, s, "/api/v2/nodes/reports")
			return len(r.Nodes) == 2 && fits(r)
		})
	}
	for _, s := range []*serviceProcess{a, b} {
		both(s, "that both say how many servers they see, and one of them when it said so", func(r v2.NodeReports) bool {
			told := slices.IndexFunc(r.Nodes, func(n v2.NodeReport) bool { return n.ToldAt != nil })
			return told >= 0 && !slices.ContainsFunc(r.Nodes, func(n v2.NodeReport) bool {
				return n.Error != "" || n.Servers != 1 || n.Seen != 1 || n.BackendMS == nil || n.Begun == nil
			})
		})
	}
	is := decoded[v2.Nodes](t, a, "/api/v2/nodes")
	if is.Mode != "lease" || len(is.Nodes) != 2 || is.Nodes[0].ID == is.Nodes[1].ID || is.Sentence != "2 managers are here." || is.Leader == "" {
		t.Errorf("%+v", is)
	}
	same := decoded[v2.ConfigDifferences](t, a, "/api/v2/config/differences")
	if len(same.Nodes) != 2 || len(same.Differences) != 1 || same.Differences[0].Name != "ReasonableMaintenanceReplicationLagSeconds" || len(same.Uncompared) == 0 {
		t.Errorf("%+v", same)
	}

	// What the one that leads has published, and who answers at the name of the cluster.
	for store, state := range map[string]string{"internal": "in-order", "name": "in-order"} {
		a.await(t, "what "+store+" says", func() bool {
			list := decoded[v2.Page[v2.PublishedEntry]](t, a, "/api/v2/publish/entries?store="+store)
			return len(list.Items) == 1 && list.Items[0].State == state && list.Items[0].Wanted == primary.Addr() && list.Items[0].Seen[0].Value == primary.Addr()
		})
	}
	must(t, primary.Kill())
	both(b, "that both find the server ill", func(r v2.NodeReports) bool {
		return len(r.Sees) == 1 && r.Sees[0].Agree && len(r.Sees[0].By) == 2 && r.Sees[0].By[0].Status == "crit" && r.Sees[0].By[1].Status == "crit"
	})

	must(t, a.cmd.Process.Kill())
	<-a.ended
	b.await(t, "that the killed one is missed", func() bool {
		is = decoded[v2.Nodes](t, b, "/api/v2/nodes")
		return is.Sentence == "1 of 2 managers is here." && !is.Nodes[slices.IndexFunc(is.Nodes, func(n v2.Node) bool { return !n.Self })].Here
	})
	both(b, "that somebody is to look at it", func(r v2.NodeReports) bool {
		return slices.ContainsFunc(r.Attention, func(p v2.AttentionPoint) bool { return p.Status == "crit" && p.More != "" && p.At != nil })
	})

	c := startProcess(t, backend...) // on the same machine: it takes the place of the one that was killed
	both(b, "that the new one tells of itself", func(r v2.NodeReports) bool {
		return !slices.ContainsFunc(r.Nodes, func(n v2.NodeReport) bool { return n.Error != "" })
	})
	c.stop(t)
	b.await(t, "that nobody is missed", func() bool { return len(decoded[v2.Nodes](t, b, "/api/v2/nodes").Nodes) == 1 })
}
