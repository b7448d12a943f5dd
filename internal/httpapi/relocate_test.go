package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"orchestrator/internal/operate/operatetest"
)

func TestRelocationFailures(t *testing.T) {
	for name, c := range map[string]struct{ target, want string }{
		"refused":       {"/api/relocate/db-a2/3306/db-b1/3306", `"Message":"db-b1:3306 replicates, directly or not, from db-a2:3306 (move db-b1:3306 away first) [loop]","Details":null`},
		"refused dry":   {"/api/relocate/db-a2/3306/db-b1/3306?dry-run=true", `(move db-b1:3306 away first)`},
		"one was not":   {"/api/relocate-replicas/db-a1/3306/db-a2/3306", `"Message":"0 replicas moved below db-a2:3306; not moved: db-a3:3306: it would not","Details":[]`},
		"not taken":     {"/api/take-siblings/db-a2/3306", `"Message":"Took 0 siblings of db-a2:3306; not taken: db-a3:3306: it would not","Details":{"Key":{"Hostname":"db-a2"`},
		"a bad pattern": {"/api/relocate-replicas/db-a1/3306/db-a2/3306?pattern=(", `pattern \"(\"`},
	} {
		t.Run(name, func(t *testing.T) {
			b := operatetest.New()
			b.Stubborn = operatetest.Key("db-a3")
			w := get(t, handler(b), c.target)
			if got := w.Body.String(); w.Code != http.StatusInternalServerError || !strings.Contains(got, c.want) || !strings.Contains(got, `"Code":"ERROR"`) {
				t.Errorf("status %d: %s", w.Code, got)
			}
		})
	}
}
