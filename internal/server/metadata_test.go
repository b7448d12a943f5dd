package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/server"
)

// TestMetadataDatabase asks a database of its own for cluster alias, domain and data center, and everything else the
// server; it fails, hangs and comes back.
func TestMetadataDatabase(t *testing.T) {
	now := time.Unix(1000, 0)
	cell := func(sql string, v any) answer { return answer{begins: sql, result: row([]string{"x"}, v)} }
	f := newFake(t, mysql80()...)
	f.change(cell("region of me", "r1"))
	db := newFake(t, identity("8.0.41", "MySQL")) // which asks nothing else of a database
	mine := fmt.Sprintf("'127.0.0.1' and port %d", f.key.Port)
	db.change(answer{begins: "USE `cm``db`"}, cell("alias of "+mine, "orders"), cell("domain of "+mine, "orders.example.com"), cell("dc of "+mine, "Y"))
	s := f.open(t, func(o *server.Options) {
		o.Now = func() time.Time { return now }
		o.RefreshQueries = time.Minute
		o.Metadata = server.Metadata{At: db.key, Schema: "cm`db"}
		o.Queries = server.Queries{Region: "region of me", ClusterAlias: "alias of '{host}' and port {port}",
			ClusterDomain: "domain of 'dc_vaild_host_flag' and port dc_vaild_port_flag", DataCenter: "dc of 'dc_vaild_host_flag' and port {port}"}
	})
	look := func() *server.Observation {
		t.Helper()
		obs := must1(s.Probe(limited(t)))(t)
		if obs.ClusterAlias != "orders" || obs.ClusterDomain != "orders.example.com" || obs.Instance.DataCenter != "Y" || obs.Instance.Region != "r1" {
			t.Errorf("alias %q, domain %q, data center %q, region %q", obs.ClusterAlias, obs.ClusterDomain, obs.Instance.DataCenter, obs.Instance.Region)
		}
		return obs
	}
	if obs := look(); len(obs.Warnings) > 0 {
		t.Errorf("warnings %q", obs.Warnings)
	}
	for _, sql := range f.queries() {
		if strings.Contains(sql, "alias of") {
			t.Errorf("the server itself was asked %q", sql)
		}
	}

	// It says no to one of them: the others are asked, and what it said before counts.
	now = now.Add(time.Hour)
	db.change(refuse("domain of", 1146))
	if obs := look(); len(obs.Warnings) != 1 || !strings.Contains(obs.Warnings[0], "DetectClusterDomainQuery") {
		t.Errorf("one is refused: warnings %q", obs.Warnings)
	}

	// It hangs: it is waited for once, and left alone.
	now = now.Add(time.Hour)
	hang := make(chan struct{})
	db.setHang(hang)
	db.queries()
	if obs := look(); len(obs.Warnings) != 3 {
		t.Errorf("it hangs: warnings %q", obs.Warnings)
	}
	if asked := db.queries(); len(asked) > 1 {
		t.Errorf("while it hangs it was asked %q", asked)
	}

	// It is back.
	now = now.Add(time.Hour)
	close(hang)
	db.setHang(nil)
	db.change(cell("domain of "+mine, "new.example.com"))
	if obs := must1(s.Probe(limited(t)))(t); obs.ClusterDomain != "new.example.com" || len(obs.Warnings) > 0 {
		t.Errorf("it is back: domain %q, warnings %q", obs.ClusterDomain, obs.Warnings)
	}
}
