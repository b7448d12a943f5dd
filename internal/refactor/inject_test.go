package refactor

import (
	"testing"
	"time"

	"orchestrator/internal/topology"
)

func TestInjectable(t *testing.T) {
	for name, c := range map[string]struct {
		change change
		want   string // of the cluster of g
	}{
		"the primary":                  {nil, "g"},
		"read-only":                    {change{"g": func(i *topology.Instance) { i.ReadOnly = true }}, ""},
		"super_read_only, as was read": {change{"g": func(i *topology.Instance) { i.SuperReadOnly = true }}, ""},
		"it does not answer":           {change{"g": lost}, ""},
		"a writable replica":           {change{"a": func(i *topology.Instance) { i.ReadOnly = false }}, "g"},
		"no binary log":                {change{"g": func(i *topology.Instance) { i.LogBin = false }}, ""},
		"under maintenance":            {change{"g": func(i *topology.Instance) { i.Maintenance = &topology.Maintenance{Owner: "dba"} }}, ""},
		"downtimed": {change{"g": func(i *topology.Instance) {
			i.Downtime = &topology.Downtime{Reason: "new disks", End: seen.Add(time.Hour)}
		}}, "g"},
		"left behind by a recovery":       {change{"g": func(i *topology.Instance) { i.Downtime = &topology.Downtime{Reason: topology.ReasonLostInRecovery} }}, ""},
		"one of two co-primaries":         {change{"g": func(i *topology.Instance) { i.Channel = host("g", "m").Channel }}, "g"},
		"both co-primaries take writes":   {change{"g": func(i *topology.Instance) { i.Channel = host("g", "m").Channel }, "m": func(i *topology.Instance) { i.ReadOnly = false }}, ""},
		"the second of them is not valid": {change{"g": func(i *topology.Instance) { i.Channel = host("g", "m").Channel }, "m": func(i *topology.Instance) { i.ReadOnly = false; lost(i) }}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			for _, i := range Injectable(tree(c.change)) {
				if i.Key != at("other") {
					got += i.Key.Hostname
				}
			}
			if got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
