package topology

import (
	"time"

	"orchestrator/internal/gtid"
)

// AcceptedErrant are errant transactions of a server of which somebody has said that they may stay: they are real, and what
// they changed is known and wanted there.
type AcceptedErrant struct {
	Set           string // of GTIDs
	Owner, Reason string
	Begin         time.Time
}

// OpenErrant are the errant transactions of a server that nobody has accepted. A set that cannot be read accepts nothing.
func (i *Instance) OpenErrant() string {
	if i.ErrantSet == "" || i.Accepted == nil {
		return i.ErrantSet
	}
	errant, err := gtid.Parse(i.ErrantSet)
	if err != nil {
		return i.ErrantSet
	}
	accepted, err := gtid.Parse(i.Accepted.Set)
	if err != nil {
		return i.ErrantSet
	}
	return errant.Subtract(accepted).String()
}
