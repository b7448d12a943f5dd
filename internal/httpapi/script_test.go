package httpapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"orchestrator/internal/operate/operatetest"
)

// TestFormsOfTheScript calls what the shell script orchestrator-client sends, letter by letter: an encoded line feed at
// the end of what it encodes, slashes at the end, a server in a path where none belongs, a tag that is not encoded.
// details is what jq takes out of the answer.
func TestFormsOfTheScript(t *testing.T) {
	for url, c := range map[string]struct{ details, calls string }{
		"begin-downtime/db-a1/3306/me%0A/why%20not%0A/10m": {`{"Hostname":"db-a1","Port":3306}`,
			"begin-downtime db-a1:3306 owner=me reason=why not for=10m0s|audit begin-downtime db-a1 owner: me, reason: why not"},
		"begin-maintenance/db-a1/3306/me%0A/why%0A": {`{"Hostname":"db-a1","Port":3306}`,
			"begin-maintenance db-a1:3306 owner=me reason=why for=10m0s bounded=false|audit begin-maintenance db-a1 owner: me, reason: why"},
		"tag/db-a1/3306?tag=a%3Db%0A":                                              {`{"Hostname":"db-a1","Port":3306}`, "tag db-a1:3306 a=b|audit tag db-a1 a=b"},
		"tag-value/db-a2/3306?tag=zone%0A":                                         {`"x"`, ""},
		"tagged/?tag=role%3Dprimary%0A":                                            {`[{"Hostname":"db-a1","Port":3306}]`, ""},
		"tagged/db-a2/3306?tag=role%3Dprimary%0A":                                  {`[{"Hostname":"db-a1","Port":3306}]`, ""},
		"untag/db-a2/3306?tag=zone=x":                                              {`[{"Hostname":"db-a2","Port":3306}]`, "untag db-a2:3306 zone|audit untag db-a2 zone=x"},
		"untag-all?tag=role=primary":                                               {`[{"Hostname":"db-a1","Port":3306}]`, "untag db-a1:3306 role|audit untag db-a1 role=primary"},
		"ack-all-recoveries?comment=seen%0A":                                       {`"seen"`, "ack all=true id=0 uid= cluster= alias= instance= owner=node1 comment=seen|audit ack-recovery  2 acknowledged by node1: seen"},
		"submit-pool-instances/reporting?instances=db-a2%3A3306%2Cdb-b1%3A3306%0A": {`"reporting"`, "submit-pool reporting db-a2:3306,db-b1:3306"},
		"move-replicas-gtid/db-a1/3306/db-a2/3306":                                 {"[", "?"},
		"move-gtid/db-b1/3306/db-a1/3306":                                          {"{", "?"},
		"search?s=8.0.39%0A":                                                       {"[", ""},
		"downtimed/":                                                               {"[", ""},
		"downtimed/orders":                                                         {"[", ""},
		"heuristic-cluster-pool-instances/orders/":                                 {"[", ""},
		"submit-masters-to-kv-stores/":                                             {"[", "?"},
		"repoint-replicas/db-a1/3306/":                                             {"[", "?"},
		"move-up-replicas/db-a2/3306/":                                             {"[", "?"},
		"restart-replica-statements/db-a2/3306?q=select%201%0A":                    {"[", ""},
		"async-discover/new/3306":                                                  {"null", "discover later new:3306"},
		"forget-cluster/db-a1:3306":                                                {"null", "?"},
		"topology-tabulated/db-a1:3306":                                            {`"`, ""},
		"master/db-b1:3306":                                                        {"{", ""},
	} {
		t.Run(url, func(t *testing.T) {
			b := operatetest.New()
			w := get(t, handler(b), "/api/"+url)
			if w.Code != http.StatusOK {
				t.Fatalf("status %d: %s", w.Code, w.Body)
			}
			value := strings.TrimSpace(w.Body.String())
			var e struct {
				Code    string
				Details json.RawMessage
			}
			if value[0] == '{' && json.Unmarshal([]byte(value), &e) == nil && e.Code != "" {
				value = string(e.Details)
			}
			if len(c.details) > 1 && value != c.details || !strings.HasPrefix(value, c.details) {
				t.Errorf("answers %s\nwant %s", value, c.details)
			}
			if got := strings.Join(b.Calls, "|"); c.calls != "?" && got != c.calls {
				t.Errorf("did %s\nwant %s", got, c.calls)
			}
		})
	}
}
