package operate

import (
	"testing"
	"time"

	"orchestrator/internal/topology"
)

func TestWhoIsPublishedAsPrimary(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	alive := topology.Check{Attempted: now, Checked: now, Seen: now}
	dead := topology.Check{Attempted: now, Checked: now, Seen: now.Add(-time.Minute), Err: "connection refused"}
	down := func(reason string, end time.Time) *topology.Downtime {
		return &topology.Downtime{Reason: reason, Begin: now.Add(-time.Hour), End: end}
	}
	for name, c := range map[string]struct {
		server *topology.Instance
		want   bool
	}{
		"one that takes writes":           {&topology.Instance{Check: alive}, true},
		"one that is closed":              {&topology.Instance{Check: alive, ReadOnly: true}, false},
		"one that died while it was open": {&topology.Instance{Check: dead}, false},
		"one that was replaced":           {&topology.Instance{Check: alive, Downtime: down(topology.ReasonLostInRecovery, now.Add(time.Hour))}, false},
		"one that was replaced long ago":  {&topology.Instance{Check: alive, Downtime: down(topology.ReasonLostInRecovery, now.Add(-time.Minute))}, true},
		"one under other downtime":        {&topology.Instance{Check: alive, Downtime: down("new disks", now.Add(time.Hour))}, true},
	} {
		if got := WhyUnpublishable(c.server, now) == nil; got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
