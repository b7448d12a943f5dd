package failover

import (
	"fmt"
	"slices"
	"strings"

	"orchestrator/internal/gtid"
	"orchestrator/internal/topology"
)

// Extra is what a former primary holds and the one that took its place does not.
type Extra struct {
	set gtid.Set // MySQL: exactly those

	// MariaDB names the newest of each domain alone. Those before it are extra as well as far as the new primary's
	// log does not know them, and they come after the last one that both logs know.
	newest []gtid.MariaGTID
	known  gtid.MariaState
	common map[uint32]uint64
	maria  bool
	// reached is how far the former primary has come in each domain.
	reached map[uint32]uint64
}

// ExtraOf compares what two servers hold.
func ExtraOf(returned, primary Holding, maria bool) (Extra, error) {
	if maria {
		return mariaExtra(returned, primary)
	}
	had, err := gtid.Parse(returned.Executed)
	if err != nil {
		return Extra{}, err
	}
	has, err := gtid.Parse(primary.Executed)
	if err != nil {
		return Extra{}, err
	}
	return Extra{set: had.Subtract(has)}, nil
}

func mariaExtra(returned, primary Holding) (Extra, error) {
	e := Extra{maria: true, common: make(map[uint32]uint64)}
	had, err := gtid.ParseMariaPos(returned.Position)
	if err != nil {
		return e, err
	}
	logged, err := gtid.ParseMariaState(returned.BinlogState)
	if err != nil {
		return e, err
	}
	if e.known, err = gtid.ParseMariaState(primary.BinlogState); err != nil {
		return e, err
	}
	e.newest = e.known.NotLogged(had)
	e.reached = make(map[uint32]uint64)
	for g := range had.All() {
		e.reached[g.Domain] = g.Seq
	}
	for g := range logged.All() {
		e.reached[g.Domain] = max(e.reached[g.Domain], g.Seq)
	}
	for ours := range logged.All() {
		for theirs := range e.known.All() {
			if ours.Domain == theirs.Domain && ours.Server == theirs.Server {
				e.common[ours.Domain] = max(e.common[ours.Domain], min(ours.Seq, theirs.Seq))
			}
		}
	}
	return e, nil
}

// IsEmpty says that the former primary holds nothing extra.
func (e Extra) IsEmpty() bool { return e.set.IsEmpty() && len(e.newest) == 0 }

// Count is how many they are; on MariaDB that is not known, as it names the newest of each domain alone.
func (e Extra) Count() (n uint64, known bool) {
	return e.set.Count(), !e.maria || e.IsEmpty()
}

// String names them: on MySQL all, on MariaDB the newest of each domain.
func (e Extra) String() string {
	if e.maria {
		return joinMaria(e.newest)
	}
	return e.set.String()
}

// Holds says whether a transaction is one of them. What is no GTID is none.
func (e Extra) Holds(text string) bool {
	if !e.maria {
		g, err := gtid.ParseGTID(text)
		return err == nil && e.set.ContainsGTID(g)
	}
	g, err := gtid.ParseMariaGTID(text)
	if err != nil || e.known.ContainsGTID(g) || g.Seq <= e.common[g.Domain] {
		return false
	}
	return slices.ContainsFunc(e.newest, func(n gtid.MariaGTID) bool { return n.Domain == g.Domain })
}

// Before says whether some of them stand before a binary log that begins with this list of earlier transactions: a
// GTID set of MySQL, a state of MariaDB.
func (e Extra) Before(list string) (bool, error) {
	if !e.maria {
		set, err := gtid.Parse(list)
		return !set.Intersect(e.set).IsEmpty(), err
	}
	state, err := gtid.ParseMariaState(list)
	if err != nil {
		return false, err
	}
	for g := range state.All() {
		if e.Holds(g.String()) {
			return true, nil
		}
	}
	return false, nil
}

// Missing names those of them that are not in a list of transactions, as far as they are known by name.
func (e Extra) Missing(found []string) string {
	if e.maria {
		var missing []string
		for _, n := range e.newest {
			if text := n.String(); !slices.Contains(found, text) {
				missing = append(missing, text)
			}
		}
		return strings.Join(missing, ",")
	}
	rest := e.set
	var b gtid.Builder
	for _, text := range found {
		if g, err := gtid.ParseGTID(text); err == nil {
			if b.Add(g) != nil {
				return rest.String() // cannot happen: ParseGTID gives what a Builder takes
			}
		}
	}
	return rest.Subtract(b.Set()).String()
}

// refusal is why the former primary cannot be taken back; nil when there are no such transactions.
func (e Extra) refusal(k, to topology.Key) *topology.Refusal {
	switch {
	case e.IsEmpty():
		return nil
	case e.maria:
		return &topology.Refusal{Rule: ExtraTransactions,
			Reason: fmt.Sprintf("the newest of %s is not in the log of %s: %s", k, to, e),
			Remedy: "bring in what they changed, then rebuild it from a backup"}
	}
	return &topology.Refusal{Rule: ExtraTransactions,
		Reason: fmt.Sprintf("%s holds %s that %s lacks: %s", k, transactions(e.set.Count()), to, e),
		Remedy: "bring in what they changed, then rebuild it from a backup or a clone"}
}
