package httpapi_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"orchestrator/internal/operate/operatetest"
)

// TestTakeoverFailures asks for takeovers that come to nothing.
func TestTakeoverFailures(t *testing.T) {
	for name, c := range map[string]struct{ target, want string }{
		"forced":          {"/api/force-master-failover/orders", `"Message":"Master not failed over: broken","Details":{"Id":4,`},
		"forced, named":   {"/api/force-master-takeover/orders/db-a2/3306", `"Message":"Master not failed over: broken","Details":{"Id":4,`},
		"planned":         {"/api/graceful-master-takeover/orders", `"Message":"broken","Details":{"Id":4,`},
		"cascade":         {"/api/cascade-master-takeover-auto/orders", `"Message":"broken","Details":{"Id":4,`},
		"dry run":         {"/api/graceful-master-takeover/orders?dry-run=true", `"Message":"broken","Details":null`},
		"unknown cluster": {"/api/graceful-master-takeover/nothing", `"Message":"Unable to determine cluster name. clusterHint=nothing"`},
		"explanation":     {"/api/explain/orders", `"Message":"broken"`},
	} {
		t.Run(name, func(t *testing.T) {
			b := operatetest.New()
			b.Fail = errors.New("broken")
			w := get(t, handler(b), c.target)
			if got := w.Body.String(); w.Code != http.StatusInternalServerError || !strings.Contains(got, c.want) || !strings.Contains(got, `"Code":"ERROR"`) {
				t.Errorf("status %d: %s", w.Code, got)
			}
		})
	}
}
