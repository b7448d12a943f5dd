package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/config"
	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/operate/operatetest"
)

// TestV2ClusterSettings: each group tells what is in force for the cluster, with its source and what it means there.
func TestV2ClusterSettings(t *testing.T) {
	b := operatetest.New()
	const file = `{
  "RecoverMasterClusterFilters": ["billing", "alias~=^ord"],
  "PromotionIgnoreHostnameFilters": ["a3"],
  "MySQLTopologyUser": "orc", "MySQLTopologyPassword": "secret-word",
  "PreFailoverProcesses": ["true", "logger lost"],
  "PreventCrossDataCenterMasterFailover": true
}`
	conf, _, err := config.Load(config.Options{Files: []string{"/etc/orchestrator.conf.json"}, ReadFile: func(string) ([]byte, error) { return []byte(file), nil }})
	if err != nil {
		t.Fatal(err)
	}
	b.Conf = conf
	s := newSecond(t, b)
	answer := s.do(http.MethodGet, "/api/v2/clusters/orders/settings", "")
	if strings.Contains(answer.Body.String(), "secret-word") {
		t.Error("a secret is told")
	}
	all := decode[v2.ClusterSettings](t, answer)
	found := map[string]v2.Setting{}
	var groups []string
	for _, g := range all.Groups {
		groups = append(groups, g.ID)
		for _, one := range g.Settings {
			if found[one.Name].Name != "" || len(one.Value) == 0 || one.Meaning == "" {
				t.Errorf("%s: twice, without a value, or without a meaning: %+v", g.ID, one)
			}
			found[one.Name] = one
		}
	}
	if got := strings.Join(groups, " "); got != "filters guards durability patience credentials hooks" {
		t.Errorf("groups %s", got)
	}
	for name, want := range map[string]struct {
		source string
		line   int
		says   string
	}{
		"RecoverMasterClusterFilters":             {"file", 2, `A failed primary is replaced by itself: "alias~=^ord" chooses this cluster.`},
		"RecoverIntermediateMasterClusterFilters": {"default", 0, "The replicas of a failed intermediate source wait for a person: no cluster is chosen."},
		"PromotionIgnoreHostnameFilters":          {"file", 3, "db-a3:3306 is never promoted."},
		"RecoveryIgnoreHostnameFilters":           {"default", 0, "No server of this cluster is left out of the analysis."},
		"MySQLTopologyUser":                       {"file", 4, ""},
		"PreFailoverProcesses":                    {"file", 5, "2 commands run."},
		"PostFailoverProcesses":                   {"default", 0, "None runs."},
		"PreventCrossDataCenterMasterFailover":    {"file", 6, ""},
		"Automatic recovery everywhere":           {"default", 0, ""},
		"Automatic recovery of this cluster":      {"override", 0, "No failure is repaired by itself meanwhile."},
		"How the primary is set":                  {"servers", 0, ""},
		"Promotion rules":                         {"servers", 0, ""},
	} {
		is := found[name]
		line := 0
		if is.Place != nil {
			line = is.Place.Line
		}
		if is.Source != want.source || line != want.line || want.says != "" && is.Says != want.says {
			t.Errorf("%s: source %q, line %d, says %q; wanted %+v", name, is.Source, line, is.Says, want)
		}
	}
	if off := found["Automatic recovery of this cluster"]; string(off.Value) != `"off"` || off.By != "dba" || off.Reason != "moving house" || off.Until == nil || !off.Until.Equal(operatetest.Now().Add(time.Hour)) {
		t.Errorf("%+v", off)
	}
	if w := s.do(http.MethodGet, "/api/v2/clusters/nobody/settings", ""); w.Code != http.StatusNotFound {
		t.Errorf("an unknown cluster: %d", w.Code)
	}
}
