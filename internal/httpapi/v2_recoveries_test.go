package httpapi_test

import (
	"net/http"
	"testing"

	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/operate/operatetest"
)

// TestV2RecoveriesToTheMillisecond: a list tells of each recovery the same times as its own page, which come from its steps.
func TestV2RecoveriesToTheMillisecond(t *testing.T) {
	s := newSecond(t, operatetest.New())
	list := decode[v2.Page[v2.Recovery]](t, s.do(http.MethodGet, "/api/v2/recoveries", ""))
	if len(list.Items) == 0 {
		t.Fatal("no recoveries")
	}
	for _, r := range list.Items {
		own := decode[v2.RecoveryDetail](t, s.do(http.MethodGet, "/api/v2/recoveries/"+r.UID, ""))
		if r.Pause == nil || own.Outage == nil || *r.Pause != *own.Outage.Took {
			t.Errorf("%s: without writes for %v, and by its own page %+v", r.UID, r.Pause, own.Outage)
		}
		if (r.Took == nil) != (own.Took == nil) || r.Took != nil && *r.Took != *own.Took {
			t.Errorf("%s: took %v, and by its own page %v", r.UID, r.Took, own.Took)
		}
	}
}
