package refactor

import (
	"fmt"

	"orchestrator/internal/topology"
)

// relocateOne moves the server below another: at once where a method fits, or else from one neighbour to the next. By file
// and position a place can be told only beside a server, and below it, so the way leads up to where both come from the same
// source, and down again; out of and into binlog servers it leads the same way (steps 6 and 12 of the published choice).
func (d *relocation) relocateOne() *topology.Refusal {
	no := d.one(d.below, d.placeAny)
	if no == nil || no.Rule != "too-complex" {
		return no
	}
	way := d.way()
	if len(way) < 2 {
		return no
	}
	began, title := d.t, fmt.Sprintf("%s goes below %s, in %d steps", d.server.Key, d.below.Key, len(way))
	for n, k := range way {
		r, s := d.t.Instance(d.server.Key), d.t.Instance(k)
		a, hop := d.placeMany(r, s)
		if hop != nil {
			d.t, d.plan.Steps = began, nil
			return refuse("too-complex", hop.Remedy, "%s; by way of %s not either: %s", no.Reason, k, hop.Reason)
		}
		why := "it was asked for"
		if n < len(way)-1 {
			why = "from there it can go on to " + way[n+1].String()
		}
		d.write(step(r, a, why))
		d.t = d.t.Moved(r.Key, k)
	}
	d.warnOf(d.server, d.below)
	d.plan.Title, d.plan.Successor = title, d.below.Key
	return nil
}

// way is where the server passes on its way below the destination, which is the last: the sources above its own, up to the one
// that is above both, and down to the destination. It is empty when nothing known is above both.
func (d *relocation) way() []topology.Key {
	over := d.sourcesOf(d.below)
	depth := make(map[topology.Key]int, len(over)+1)
	depth[d.below.Key] = 0
	for n, k := range over {
		if _, ring := depth[k]; ring {
			return nil
		}
		depth[k] = n + 1
	}
	var way []topology.Key
	for n, k := range d.sourcesOf(d.server) {
		if n > 0 {
			way = append(way, k)
		}
		at, common := depth[k]
		if !common {
			continue
		}
		for at--; at > 0; at-- {
			way = append(way, over[at-1])
		}
		if k != d.below.Key {
			way = append(way, d.below.Key)
		}
		return way
	}
	return nil
}

// sourcesOf are the servers above one, the nearest first; a ring is gone around once.
func (d *relocation) sourcesOf(i *topology.Instance) (keys []topology.Key) {
	passed := map[topology.Key]bool{}
	for s := d.t.Source(i); s != nil && !passed[s.Key]; s = d.t.Source(s) {
		passed[s.Key] = true
		keys = append(keys, s.Key)
	}
	return keys
}
