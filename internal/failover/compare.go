package failover

import (
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// Choice is the best replica of a server, and why not one of the others.
type Choice struct {
	Best     *topology.Instance // nil: none of them can be placed above the others
	Rejected []plan.Verdict
	Warnings []string
	Equal    int // how many of the others have received just as much
}

// Choose compares the replicas of a server as a failover does.
func Choose(source *topology.Instance, replicas []*topology.Instance, p Policy) Choice {
	servers, _ := splitRelays(replicas)
	c := newChooser(source, servers, &p)
	best, rejected, warnings := c.choose(topology.Key{})
	choice := Choice{Rejected: rejected, Warnings: warnings}
	if best == nil {
		return choice
	}
	choice.Best = best.Instance
	for _, k := range c.candidates {
		if k != best && k.LastCheckValid() && k.history.covers(&best.history) && best.history.covers(&k.history) {
			choice.Equal++
		}
	}
	return choice
}

// Covers says by which rule a replica that uses GTID would lose something below the target, or nil: nothing that it has
// received may be missing there for ever, and everything that it lacks must be found there.
func Covers(r, target *topology.Instance) *plan.Verdict {
	if r.UsesMariaDBGTID() {
		return mariadbCovers(r, target)
	}
	return mysqlCovers(r, target)
}
