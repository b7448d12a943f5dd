package fidelity

import (
	"time"

	"orchestrator/internal/sim"
	"orchestrator/internal/topology"
)

// Scripts are all scripts.
func Scripts() []Script {
	var all []Script
	for _, list := range [][]Script{losses(), silences(), candidates(), returns(), takeovers(), people()} {
		all = append(all, list...)
	}
	return all
}

// cluster is a primary db1 and n replicas, of which all may acknowledge.
func cluster(n int, change ...func([]sim.ServerSpec)) []sim.ServerSpec {
	specs := []sim.ServerSpec{{Name: "db1", Open: true, Priority: 1}}
	for i := range n {
		specs = append(specs, sim.ServerSpec{Name: "db" + string(rune('2'+i)), Source: "db1", Priority: 1})
	}
	for _, c := range change {
		c(specs)
	}
	return specs
}

// tiered puts the last server below db2.
func tiered(specs []sim.ServerSpec) { specs[len(specs)-1].Source = "db2" }

// rule gives the server with a number, from 1, a promotion rule.
func rule(n int, r topology.PromotionRule) func([]sim.ServerSpec) {
	return func(specs []sim.ServerSpec) { specs[n-1].Rule = r }
}

// delayed has the server with a number apply so much later.
func delayed(n int, d time.Duration) func([]sim.ServerSpec) {
	return func(specs []sim.ServerSpec) { specs[n-1].Delay = d }
}

// opens has db1 take writes after a restart.
func opens(specs []sim.ServerSpec) { specs[0].OpensOnRestart = true }

// semi is a script with semi-sync.
func semi(name string, servers []sim.ServerSpec, steps []Step, want ...string) Script {
	return Script{Name: name, SemiSync: true, Servers: servers, Steps: steps, Want: want}
}

// async is one without.
func async(name string, servers []sim.ServerSpec, steps []Step, want ...string) Script {
	return Script{Name: name, Servers: servers, Steps: steps, Want: want}
}

// position is one whose replicas go by file and position.
func position(name string, servers []sim.ServerSpec, steps []Step, want ...string) Script {
	return Script{Name: name, ByPosition: true, Servers: servers, Steps: steps, Want: want}
}

// byHand says that people change servers in a script.
func byHand(s Script) Script {
	s.ByHand = true
	return s
}

// only says that a script is for one family.
func only(family string, s Script) Script {
	s.Only = family
	return s
}

// with gives the manager of a script a setting.
func with(key string, value any, s Script) Script {
	s.Settings = map[string]any{key: value}
	return s
}

const hour = time.Hour

// waits is what a primary with semi-sync does.
const waits = ": open, waits for acknowledgements"
