package v2

import (
	"testing"
	"time"

	"orchestrator/internal/failover"
	"orchestrator/internal/operate"
	"orchestrator/internal/topology"
)

// TestInWords: a length of time is written as people read it, and as the page writes it.
func TestInWords(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0 ms": 0, "318 ms": 317_900 * time.Microsecond, "1.00 s": 999_900 * time.Microsecond, "1.25 s": 1250 * time.Millisecond, "12.5 s": 12500 * time.Millisecond, "2m5s": 125 * time.Second,
	} {
		if got := inWords(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}

// TestLift: what is named as the way out of a reason can be asked for as a plan, with arguments that it has.
func TestLift(t *testing.T) {
	registry := operate.NewRegistry()
	for rule, operation := range map[string]string{
		"disabled": "enable-global-recoveries", "cluster-disabled": "enable-cluster-recoveries", "blocked": "ack-cluster-recoveries",
		"maintenance": "end-maintenance", "downtime": "end-downtime",
		"filter": "", "not-leader": "", "running": "", "no-successor": "",
	} {
		x := failover.Explanation{Cluster: "db-a1:3306", Failed: topology.Key{Hostname: "db-a2", Port: 3306}}
		lift := holdOf(failover.Hold{Rule: rule}, &x).Lift
		if operation == "" {
			if lift != nil {
				t.Errorf("%s is lifted by %+v: no operation does that", rule, *lift)
			}
			continue
		}
		if lift == nil || lift.Operation != operation {
			t.Errorf("%s is lifted by %+v, want %s", rule, lift, operation)
			continue
		}
		o := registry.Named(operation)
		if o == nil || !planable(o) {
			t.Errorf("%s: there is no plan of %s", rule, operation)
			continue
		}
		for name := range lift.Arguments {
			found := false
			for _, arg := range o.Args {
				found = found || argument(arg.Param) == name
			}
			if !found {
				t.Errorf("%s has no argument %s", operation, name)
			}
		}
	}
}
