package operate_test

import (
	"encoding/json"
	"strings"
	"testing"

	"orchestrator/internal/operate"
	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/topology"
)

// TestConfigReport: a secret leaves the node as a digest alone, which says nothing to who does not know what the nodes
// share, and another one each time.
func TestConfigReport(t *testing.T) {
	t.Parallel()
	b := operatetest.New()
	b.Conf.MySQLTopologyPassword = "hunter2"
	g := operatetest.NewGroup(b)
	e := g.Engine()
	digest := func(nonce string) string {
		t.Helper()
		r, err := e.Report(t.Context(), operate.ReportQuery{Config: true, Nonce: []byte(nonce)})
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(r)
		if err != nil || strings.Contains(string(text), "hunter2") {
			t.Errorf("the password is told (%v)", err)
		}
		for _, kv := range r.Secrets {
			if kv.Key == "MySQLTopologyPassword" {
				return kv.Value
			}
		}
		return ""
	}
	one, other := strings.Repeat("a", 32), strings.Repeat("b", 32)
	first := digest(one)
	if first == "" || digest(one) != first || digest(other) == first || digest("short") != "" {
		t.Errorf("digests %q, %q, %q, %q", first, digest(one), digest(other), digest("short"))
	}
	b.Conf.MySQLTopologyPassword = "hunter3"
	if digest(one) == first {
		t.Error("another password has the same digest")
	}
	e.Managers = nil
	if digest(one) != "" {
		t.Error("a digest without a secret that nodes share")
	}
}

// TestReports: what any manager finds ill, all are asked about, and one that does not know a server says so.
func TestReports(t *testing.T) {
	t.Parallel()
	b := operatetest.New()
	g := operatetest.NewGroup(b)
	stranger, known := topology.Key{Hostname: "stranger", Port: 3306}, operatetest.Key("db-b1")
	g.Told[1].Ill = []operate.SeenAs{{Server: stranger, Status: operate.StatusCritical}, {Server: known, Status: operate.StatusStale}}
	all, err := g.Engine().Reports(t.Context())
	if err != nil || len(all) != 3 {
		t.Fatalf("%d, %v", len(all), err)
	}
	if all[0].Node != "10.0.2.1:10008" || !all[0].Self || all[0].Servers != len(b.Fleet.Instances()) {
		t.Errorf("%+v", all[0])
	}
	asked := map[topology.Key]operate.Status{}
	for _, s := range all[0].Asked {
		asked[s.Server] = s.Status
	}
	if status, told := asked[stranger]; !told || status != "" {
		t.Errorf("of a server that is not known it says %q (%t)", status, told)
	}
	if _, told := asked[known]; !told {
		t.Errorf("%v", asked)
	}
	if s := all[1].Asked; len(s) < 2 || s[0].Status != operate.StatusOK {
		t.Errorf("the other one: %+v", s)
	}
}
