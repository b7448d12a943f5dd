package gtid

// Relation says how what one server has stands to what another one has. The
// zero value is no relation at all, so that a forgotten comparison cannot be
// taken for equality.
type Relation uint8

// The relations of a to b, as answered by a.Compare(b).
const (
	Equal    Relation = iota + 1 // both have the same transactions
	Subset                       // a has nothing of its own and lacks something
	Superset                     // a has all that b has, and more
	Diverged                     // each has something that the other lacks
)

// String returns the relation as a word for messages.
func (r Relation) String() string {
	switch r {
	case Equal:
		return "equal"
	case Subset:
		return "subset"
	case Superset:
		return "superset"
	case Diverged:
		return "diverged"
	default:
		return "unknown"
	}
}

// relationOf names the relation of a to b, given which of them contains the other.
func relationOf(aHasB, bHasA bool) Relation {
	switch {
	case aHasB && bHasA:
		return Equal
	case aHasB:
		return Superset
	case bHasA:
		return Subset
	default:
		return Diverged
	}
}
