package failover

import (
	"fmt"

	"orchestrator/internal/gtid"
	"orchestrator/internal/topology"
)

// method is how the histories of the replicas of one source are compared.
type method int

const (
	byPosition method = iota // file and position in the lost source's binary log
	byMySQL                  // MySQL GTID sets
	byMariaDB                // MariaDB GTID positions
)

func (m method) String() string {
	return [...]string{"file and position", "GTID", "MariaDB GTID"}[m]
}

// methodOf is the strongest method that all of the replicas have in common.
func methodOf(replicas []*topology.Instance) method {
	mysql, maria := 0, 0
	for _, r := range replicas {
		switch r.Channel.GTID {
		case topology.OracleGTID:
			mysql++
		case topology.MariaDBGTID:
			maria++
		}
	}
	switch {
	case len(replicas) > 0 && mysql == len(replicas):
		return byMySQL
	case len(replicas) > 0 && maria == len(replicas):
		return byMariaDB
	}
	return byPosition
}

// history is what a replica holds of its source's transactions: received includes applied.
type history struct {
	method            method
	received, applied gtid.Set
	mariaIn, mariaOut gtid.MariaPos // received, applied
	read, exec        topology.Coordinates
}

// historyOf reads the history of a replica. Errant transactions (its own, not the source's) do not count: having
// them is no reason to be promoted, and lacking them none to be lost.
func historyOf(m method, r *topology.Instance) (history, error) {
	h := history{method: m, read: r.Channel.Read, exec: r.Channel.Exec}
	fail := func(what string, err error) (history, error) {
		return h, fmt.Errorf("%s: %s cannot be read: %w", r.Key, what, err)
	}
	switch m {
	case byMySQL:
		executed, err := gtid.Parse(r.ExecutedSet)
		if err != nil {
			return fail("its executed GTID set", err)
		}
		retrieved, err := gtid.Parse(r.Channel.RetrievedSet)
		if err != nil {
			return fail("its retrieved GTID set", err)
		}
		errant, err := gtid.Parse(r.ErrantSet)
		if err != nil {
			return fail("its errant GTID set", err)
		}
		h.applied = executed.Subtract(errant)
		h.received = h.applied.Union(retrieved)
	case byMariaDB:
		applied := r.Channel.AppliedSet
		if applied == "" {
			applied = r.ExecutedSet
		}
		out, err := gtid.ParseMariaPos(applied)
		if err != nil {
			return fail("its applied GTID position", err)
		}
		in, err := gtid.ParseMariaPos(r.Channel.RetrievedSet)
		if err != nil {
			return fail("its received GTID position", err)
		}
		h.mariaOut, h.mariaIn = out, out.Union(in)
		if r.ThreadsStopped() {
			h.mariaIn = out // starting either thread drops the relay log, so what is in it can be applied no more
		}
	default:
		if h.read.IsEmpty() {
			return h, fmt.Errorf("%s: its position in the source's binary log is unknown", r.Key)
		}
	}
	return h, nil
}

// compareReceived relates what two replicas have received.
func (h *history) compareReceived(o *history) gtid.Relation {
	switch h.method {
	case byMySQL:
		return h.received.Compare(o.received)
	case byMariaDB:
		return h.mariaIn.Compare(o.mariaIn)
	}
	switch c := h.read.Compare(o.read); {
	case c < 0:
		return gtid.Subset
	case c > 0:
		return gtid.Superset
	}
	return gtid.Equal
}

// covers says whether h holds everything that o holds.
func (h *history) covers(o *history) bool {
	r := h.compareReceived(o)
	return r == gtid.Equal || r == gtid.Superset
}

// appliedOnly is the history without what was received and not applied.
func (h *history) appliedOnly() history {
	only := *h
	only.received, only.mariaIn, only.read = h.applied, h.mariaOut, h.exec
	return only
}

// with is the history that a server has which fetches all of another one's, by GTID.
func (h *history) with(o *history) history {
	both := *h
	both.received, both.mariaIn = h.received.Union(o.received), h.mariaIn.Union(o.mariaIn)
	return both
}

// allApplied says whether everything that was received has been applied.
func (h *history) allApplied() bool {
	switch h.method {
	case byMySQL:
		return h.applied.Contains(h.received)
	case byMariaDB:
		return h.mariaOut.Contains(h.mariaIn)
	}
	return h.read.Compare(h.exec) == 0
}

// appliedAt says whether two replicas have applied exactly the same.
func (h *history) sameApplied(o *history) bool {
	switch h.method {
	case byMySQL:
		return h.applied.Equal(o.applied)
	case byMariaDB:
		return h.mariaOut.Equal(o.mariaOut)
	}
	return h.exec.Compare(o.exec) == 0
}

// target is the received history as text: what a server must have applied to have caught up with it.
func (h *history) target() string {
	switch h.method {
	case byMySQL:
		return h.received.String()
	case byMariaDB:
		return h.mariaIn.String()
	}
	return h.read.String()
}

// missing counts, as far as the method can, the transactions that h lacks of o; 0 where it lacks none or cannot
// tell.
func (h *history) missing(o *history) uint64 {
	switch h.method {
	case byMySQL:
		return o.received.Subtract(h.received).Count()
	case byMariaDB:
		return o.mariaIn.Ahead(h.mariaIn)
	}
	return 0
}
