package failover

import (
	"orchestrator/internal/gtid"
)

// diverged is the rule by which a replica of MariaDB that has written itself gives way to others.
const diverged = "diverged"

// ownWrites is a transaction that a replica of MariaDB has written itself since it replicates, nil when there is none that can be told.
// A position only shows the newest of each domain: that is its own although the lost primary, which had come no farther, was seen at
// one of another server. The numbers say nothing then: it may have the most of them and lack what the others hold.
func (c *chooser) ownWrites(k *candidate) *gtid.MariaGTID {
	if c.method != byMariaDB {
		return nil
	}
	seen, err := gtid.ParseMariaPos(c.failed.ExecutedSet)
	if err != nil {
		return nil
	}
	for g := range k.history.mariaIn.All() {
		if last, ok := seen.Domain(g.Domain); ok && g.Server == k.ServerID && last.Server != g.Server && last.Seq <= g.Seq {
			return &g
		}
	}
	return nil
}
