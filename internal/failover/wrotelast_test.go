package failover

import (
	"testing"

	"orchestrator/internal/topology"
)

// TestWroteLast: a server of MariaDB is known by what it wrote itself.
func TestWroteLast(t *testing.T) {
	for _, c := range []struct {
		name, position string
		maria          bool
		want           bool
	}{
		{"its own", "0-1-107", true, true},
		{"that of the one in its place", "0-2-107", true, false},
		{"one domain of each", "0-1-107,1-2-9", true, false},
		{"both its own", "0-1-107,1-1-9", true, true},
		{"nothing", "", true, false},
		{"not to be read", "x", true, false},
		{"MySQL", "0-1-107", false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := &topology.Instance{ServerID: 1, Flavor: topology.FlavorMySQL}
			if c.maria {
				i.Flavor = topology.FlavorMariaDB
			}
			r := RejoinRequest{Returned: i, ReturnedHas: Holding{Position: c.position}}
			if got := r.WroteLast(); got != c.want {
				t.Errorf("WroteLast is %v", got)
			}
		})
	}
}
