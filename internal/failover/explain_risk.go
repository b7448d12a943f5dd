package failover

import (
	"fmt"
	"time"

	"orchestrator/internal/gtid"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// Risk is what may be lost with a primary, as far as it can be known before.
type Risk struct {
	// Known says whether Transactions is; by file and position only Bytes can be.
	Known bool `json:"known"`
	// Transactions is how many the primary held, when it was last seen, that the successor would not.
	Transactions uint64 `json:"transactions"`
	// Bytes is the same in its binary log, where both positions lie in one file; -1 where they do not, or do not count.
	Bytes int64 `json:"bytes"`
	// Seconds is for how long, at most, what was committed may be missing on the successor.
	Seconds topology.Seconds `json:"seconds,omitzero"`
	// Unreachable are transactions that other replicas have received, and the successor could not fetch from them.
	Unreachable []Gap `json:"unreachable,omitempty"`
	// Guarantee says in words what cannot be lost; "" when nothing is certain.
	Guarantee string `json:"guarantee,omitempty"`
	Basis     string `json:"basis,omitempty"` // what the numbers rest on
}

// Gap is how much one server has received that the successor would lack.
type Gap struct {
	Server       topology.Key `json:"server"`
	Transactions uint64       `json:"transactions"`
}

// risk is that of the plan.
func (x *explainer) risk() Risk {
	out := RiskOf(x.topology, x.server, x.Plan.Successor, x.policies.Promotion)
	if seen := x.server.Check.Seen; out.Seconds.Known && !x.Supposed && !seen.IsZero() && x.state.Now.After(seen) {
		out.Basis += fmt.Sprintf("; it was last seen %s ago", x.state.Now.Sub(seen).Round(time.Millisecond))
	}
	return out
}

// RiskOf compares the newest that is known of a primary with what the successor would hold once it has fetched what it
// can from its siblings and from former primaries. The topology holds the replicas as they are now, primary what was last seen
// of it.
func RiskOf(t *topology.Topology, primary *topology.Instance, promoted topology.Key, p Policy, formers ...Former) Risk {
	out := Risk{Bytes: -1, Basis: fmt.Sprintf("what %s and %s hold cannot be compared", primary.Key, promoted)}
	servers, _ := splitRelays(t.Replicas(primary.Key))
	if f := familyOf(t, primary.Key); f.stands(servers) {
		return f.risk(t, primary, promoted)
	}
	c := newChooser(primary, t.Replicas(primary.Key), &p)
	c.addFormers(formers)
	var successor *candidate
	for _, k := range c.candidates {
		if k.Key == promoted {
			successor = k
		}
	}
	if successor == nil {
		return out
	}
	donor, final, lacking := c.donor(successor)
	for _, k := range lacking {
		out.Unreachable = append(out.Unreachable, Gap{k.Key, final.missing(&k.history)})
	}
	out.Basis = fmt.Sprintf("what %s was last seen to hold, against what %s has received", primary.Key, successor.Key)
	if donor != nil {
		out.Basis += " and can fetch from " + donor.from.Key.String()
	}
	out.Basis += "; what is committed between two looks is not counted"
	out.Transactions, out.Bytes, out.Known = behind(primary, &final)
	out.Seconds = successor.Lag
	s := primary.SemiSync
	if s.SourceEnabled && s.SourceStatus && s.SourceWaitCount > 0 && s.SourceClients >= s.SourceWaitCount {
		out.Guarantee = fmt.Sprintf("semi-sync was on: whatever was acknowledged to a client, %d of its replicas had received", s.SourceWaitCount)
	}
	return out
}

// risk is RiskOf where the successor is a replica of a binlog server, and applies all that the most advanced one holds.
func (f *family) risk(t *topology.Topology, primary *topology.Instance, promoted topology.Key) Risk {
	top := f.mostAdvanced()
	_, bytes, _ := behind(primary, &history{method: byPosition, read: held(top)})
	out := Risk{Bytes: bytes, Basis: fmt.Sprintf("what %s was last seen to hold, against what %s has received; what is committed between two looks is not counted", primary.Key, top.Key)}
	if successor := t.Instance(promoted); successor != nil {
		out.Seconds = successor.Lag
	}
	return out
}

// behind says how much of what the server holds is not part of a history.
func behind(primary *topology.Instance, h *history) (transactions uint64, bytes int64, known bool) {
	switch h.method {
	case byMySQL:
		held, err := gtid.Parse(primary.ExecutedSet)
		if err != nil || held.IsEmpty() {
			return 0, -1, false
		}
		return held.Subtract(h.received).Count(), -1, true
	case byMariaDB:
		held, err := gtid.ParseMariaPos(primary.ExecutedSet)
		if err != nil || held.IsEmpty() {
			return 0, -1, false
		}
		return held.Ahead(h.mariaIn), -1, true
	}
	at := primary.SelfCoordinates
	if at.IsEmpty() || at.LogFile != h.read.LogFile {
		return 0, -1, false
	}
	return 0, max(at.LogPos-h.read.LogPos, 0), false
}

// Estimate is how long nobody could write, part by part.
type Estimate struct {
	Total time.Duration `json:"total"`
	Parts []Part        `json:"parts,omitempty"`
}

// Part is one part of an estimate and what it rests on.
type Part struct {
	Name  string        `json:"name"`
	Takes time.Duration `json:"takes"`
	Basis string        `json:"basis"`
}

// The model of the estimate: what cannot be measured beforehand.
const (
	noticeDeath = 50 * time.Millisecond // the connections to a process that ends break at once
	leastTrip   = time.Millisecond      // a round trip whose time is unknown
)

// estimate adds up the round trips of the steps before writes come back, and the time to apply what is received.
func (x *explainer) estimate() Estimate {
	var out Estimate
	add := func(name string, d time.Duration, format string, args ...any) {
		out.Parts = append(out.Parts, Part{name, d, fmt.Sprintf(format, args...)})
		out.Total += d
	}
	if x.Supposed {
		add("notice", noticeDeath, "the process ends and its connections break; a server that hangs or is cut off is noticed after 1 to 3 s")
	}
	trip, trips := leastTrip, 0
	var apply time.Duration
	var slow topology.Key
	last := stageOpen
	if open := x.Plan.NoReturn(); open != nil {
		last = open.Stage
	}
	for _, steps := range x.Plan.Stages() {
		if steps[0].Stage > last {
			break
		}
		trips += stepTrips(steps)
		for _, s := range steps {
			i := x.topology.Instance(s.Server)
			if i == nil {
				continue
			}
			trip = max(trip, i.Check.Latency)
			if lag := time.Duration(i.Lag.N) * time.Second; s.Action.Verb == plan.AwaitApplied && i.Lag.Known && lag > apply {
				apply, slow = lag, i.Key
			}
		}
	}
	add("steps", time.Duration(trips)*trip, "%d round trips one after the other, %s each (the slowest probe of those that take part)", trips, trip.Round(10*time.Microsecond))
	if apply > 0 {
		add("apply", apply, "%s lags that much, and is supposed to apply as fast as the primary wrote", slow)
	}
	return out
}

// stepTrips is how many round trips the slowest step of a stage takes.
func stepTrips(steps []*plan.Step) int {
	most := 0
	for _, s := range steps {
		n := 2 // look, act
		switch s.Action.Verb {
		case plan.ChangeSource:
			n = 8
		case plan.SetWritable:
			n = 3
		case plan.StopReceiving:
			n = 3 // and the second look at the replicas
		}
		most = max(most, n)
	}
	return most
}
