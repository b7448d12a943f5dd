package failover

import (
	"fmt"

	"orchestrator/internal/gtid"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// Holding is what a server holds of transactions, read from it just now. MySQL fills the first two, MariaDB the others.
type Holding struct {
	Executed, Purged string
	Position         string // gtid_current_pos: the newest of each domain
	BinlogState      string // gtid_binlog_state: all that its log knows
}

// RejoinRequest is a former primary that has come back and has been closed for writing.
type RejoinRequest struct {
	Returned, Primary       *topology.Instance
	ReturnedHas, PrimaryHas Holding
	// Tellers are the servers that may tell what the former primary can sign in with, see Tellers.
	Tellers []topology.Key
	// Cloned says that its data, with a replica's source, were put there since it was lost: it may be a replica already.
	Cloned bool
	// Begun says that it was being made a replica of the new primary, and that this was not brought to its end.
	Begun bool
}

// WroteLast says whether a server of MariaDB, which bears no UUID, has written the newest that it holds itself: then its data
// are not those of the one that took its place.
func (r *RejoinRequest) WroteLast() bool {
	held, err := gtid.ParseMariaPos(r.ReturnedHas.Position)
	if !r.Returned.IsMariaDB() || err != nil {
		return false
	}
	own := false
	for g := range held.All() {
		if own = g.Server == r.Returned.ServerID; !own {
			return false
		}
	}
	return own
}

// Rejoin plans to make a former primary a replica of the one that took its place. It is refused where the former one
// holds a transaction that the new one does not: the refusal names them, and rule ExtraTransactions says that it is
// about them. By file and position nothing can be proved, so it is refused, too.
func Rejoin(r RejoinRequest, p Policy) (plan.Plan, *topology.Refusal) {
	k, to := r.Returned.Key, r.Primary.Key
	out := plan.Plan{
		Title:     fmt.Sprintf("take the former primary %s back as a replica of %s", k, to),
		Operation: "rejoin", Cluster: r.Primary.ClusterName, Failed: k, Successor: to,
	}
	if refusal := mayRejoin(r, p); refusal != nil {
		return out, refusal
	}
	place := plan.ByOracleGTID
	if r.Returned.IsMariaDB() {
		place = plan.ByMariaDBGTID
	}
	follows := r.Returned.HasSource() && r.Returned.Channel.Source == to && r.Returned.Replicating() && !r.Returned.IsMultiSource()
	only := r.Begun && r.Returned.HasCredentials // to be started; what it signs in with may be known to itself alone
	if !follows && !only {
		out.Add(1, plan.Step{
			// With a user of its own it can do without. Otherwise nothing is begun that could not be brought to its end.
			Phase: plan.Gather, Server: to, MayFail: r.Returned.HasCredentials && !r.Returned.HasSource(),
			Action: plan.Action{Verb: plan.ReadCredentials, Tellers: r.Tellers},
			Why:    "the former primary signs in as the other replicas do",
			Until:  "user, password and connection options are known",
		})
	}
	out.Add(2, plan.Step{
		Phase: plan.Fence, Server: k,
		Action: plan.Action{Verb: plan.SetReadOnly, Super: true},
		Why:    "a replica takes no writes of its own",
		Until:  "super_read_only is on, where there is one",
	})
	if r.Returned.SemiSync.SourceEnabled {
		out.Add(3, plan.Step{
			Phase: plan.Fence, Server: k,
			Action: plan.Action{Verb: plan.SemiSyncSource},
			Why:    "its applier would wait for acknowledgements, and nobody replicates from it",
			Until:  "the source side is off",
		})
	}
	if follows {
		return out, nil
	}
	if r.Returned.HasSource() && !only {
		why := "the source is that of the replica whose data it has"
		if r.Begun {
			why = "it names its source and has nothing to sign in there with"
		}
		out.Add(4, plan.Step{
			Phase: plan.Repoint, Server: k,
			Action: plan.Action{Verb: plan.ForgetSource},
			Why:    why,
			Until:  "it replicates from nobody",
		})
	}
	if !only {
		out.Add(5, plan.Step{
			Phase: plan.Repoint, Server: k,
			Action: plan.Action{Verb: plan.BecomeReplica, Source: to, Place: place},
			Why:    "everything that it holds is on " + to.String(),
			Until:  "it names " + to.String() + " as its source",
			Undo:   &plan.Action{Verb: plan.ForgetSource},
		})
	}
	out.Add(6, plan.Step{
		Phase: plan.Repoint, Server: k,
		Action: plan.Action{Verb: plan.StartReplica},
		Why:    "it catches up with what was written since",
		Until:  "both threads run",
	})
	return out, nil
}

// Rules of refusals after which a former primary can only be rebuilt.
const (
	ExtraTransactions = "extra-transactions" // it holds some that the new primary lacks
	Purged            = "purged"             // it lacks some that the new primary has deleted from its logs
	LostOwn           = "lost-own"           // it has lost some of its own, and a server takes none of its own from others
)

func mayRejoin(r RejoinRequest, p Policy) *topology.Refusal {
	k, to := r.Returned.Key, r.Primary.Key
	switch {
	case !r.Returned.LastCheckValid() || !r.Returned.ReadOnly:
		return &topology.Refusal{Rule: "not-closed", Reason: fmt.Sprintf("%s is not known to be closed for writing", k)}
	case r.Returned.HasSource() && !r.Cloned && !r.Begun:
		return &topology.Refusal{Rule: "replica", Reason: fmt.Sprintf("%s replicates from %s already", k, r.Returned.Channel.Source)}
	case !r.Primary.LastCheckValid() || r.Primary.ReadOnly || r.Primary.HasSource():
		return noPrimary(to)
	}
	return sameHistory(r, p)
}

// sameHistory says whether a server can go on as a replica of the primary with all that it holds.
func sameHistory(r RejoinRequest, p Policy) *topology.Refusal {
	k, to := r.Returned.Key, r.Primary.Key
	if refusal := topology.CanReplicate(r.Returned, r.Primary, p.Replication); refusal != nil {
		return refusal
	}
	if r.Returned.IsMariaDB() != r.Primary.IsMariaDB() {
		return &topology.Refusal{Rule: "family", Reason: fmt.Sprintf("%s is %s and %s is %s", k, r.Returned.Flavor, to, r.Primary.Flavor)}
	}
	if r.Returned.IsMariaDB() {
		return mariaRejoins(r)
	}
	return mysqlRejoins(r)
}

// mysqlRejoins compares sets: nothing extra here, and nothing purged there that is missing here.
func mysqlRejoins(r RejoinRequest) *topology.Refusal {
	k, to := r.Returned.Key, r.Primary.Key
	extra, err := ExtraOf(r.ReturnedHas, r.PrimaryHas, false)
	if err != nil {
		return unknownHolding(k, to, err)
	}
	had, err := gtid.Parse(r.ReturnedHas.Executed)
	if err != nil {
		return unknownHolding(k, to, err)
	}
	has, err := gtid.Parse(r.PrimaryHas.Executed)
	if err != nil {
		return unknownHolding(k, to, err)
	}
	purged, err := gtid.Parse(r.PrimaryHas.Purged)
	if err != nil {
		return unknownHolding(k, to, err)
	}
	switch {
	case r.Returned.GTIDMode != "ON" || r.Primary.GTIDMode != "ON": // the permissive modes let anonymous ones pass
		return withoutGTID(k)
	case !extra.IsEmpty():
		return extra.refusal(k, to)
	case !had.Contains(purged):
		return &topology.Refusal{Rule: Purged,
			Reason: fmt.Sprintf("%s has purged transactions that %s lacks: %s", to, k, purged.Subtract(had)),
			Remedy: "rebuild it from a backup or a clone"}
	}
	if own, err := gtid.ParseUUID(r.Returned.ServerUUID); err == nil {
		if lost := has.Only(own).Subtract(had); !lost.IsEmpty() {
			return lostOwn(k, to, lost.String())
		}
	}
	return nil
}

// lostOwn refuses a server that lost the end of its own log, with its machine's memory. What it wrote itself it would skip
// in silence when the new primary sends it, as every server does with events that carry its own number.
func lostOwn(k, to topology.Key, lost string) *topology.Refusal {
	return &topology.Refusal{Rule: LostOwn,
		Reason: fmt.Sprintf("%s has lost transactions of its own, which %s has: %s; as a replica it would skip them", k, to, lost),
		Remedy: "rebuild it from a backup or a clone"}
}

// mariaRejoins looks whether the new primary's log knows the newest transaction of each domain. What came before those
// came in the same order.
func mariaRejoins(r RejoinRequest) *topology.Refusal {
	extra, err := ExtraOf(r.ReturnedHas, r.PrimaryHas, true)
	if err != nil {
		return unknownHolding(r.Returned.Key, r.Primary.Key, err)
	}
	if refusal := extra.refusal(r.Returned.Key, r.Primary.Key); refusal != nil || r.Returned.SemiSync.ReplicaEnabled {
		return refusal // a semi-sync replica of MariaDB takes back what it has lost of its own
	}
	for theirs := range extra.known.All() {
		if theirs.Server == r.Returned.ServerID && theirs.Seq > extra.reached[theirs.Domain] {
			return lostOwn(r.Returned.Key, r.Primary.Key, theirs.String())
		}
	}
	return nil
}

func joinMaria(gtids []gtid.MariaGTID) string {
	text := ""
	for i, g := range gtids {
		if i > 0 {
			text += ","
		}
		text += g.String()
	}
	return text
}

func unknownHolding(k, to topology.Key, err error) *topology.Refusal {
	return &topology.Refusal{Rule: "unknown-history", Reason: fmt.Sprintf("what %s and %s hold cannot be compared: %v", k, to, err)}
}

func noPrimary(to topology.Key) *topology.Refusal {
	return &topology.Refusal{Rule: "no-primary", Reason: fmt.Sprintf("%s is not a primary that takes writes", to)}
}

func withoutGTID(k topology.Key) *topology.Refusal {
	return &topology.Refusal{Rule: "no-gtid",
		Reason: fmt.Sprintf("without GTIDs it cannot be proved that %s holds nothing extra", k),
		Remedy: "compare the data, then point it at the new primary by hand"}
}
