package failover

import (
	"orchestrator/internal/gtid"
	"orchestrator/internal/topology"
)

// Former is a primary that the lost one replaced, which stands closed and alone beside the cluster: nobody has taken it back
// yet. It may hold what the lost one has taken with it and no replica has, a delayed one say.
type Former struct {
	*topology.Instance
	Has Holding // read just now
}

// addFormers lets a successor fetch from former primaries as well. They are not promoted: what the lost one has written since,
// they lack.
func (c *chooser) addFormers(formers []Former) {
	for _, f := range formers {
		k := &candidate{Instance: f.Clone()}
		k.ExecutedSet = f.Has.Executed
		if c.method == byMariaDB {
			k.ExecutedSet = f.Has.Position
		}
		var err error
		if k.history, err = historyOf(c.method, asReplica(c.method, k.Instance)); err == nil {
			c.formers = append(c.formers, &former{candidate: k, has: f.Has})
		}
	}
}

// former is a Former as the chooser sees it.
type former struct {
	*candidate
	has Holding
}

// continues says whether a former primary holds all of a history and more, and has it in its logs: then it is one that went on
// where that ends. One whose own end was lost to the others is not, for these have gone on without it.
func (f *former) continues(h *history) bool {
	switch h.method {
	case byMySQL:
		purged, err := gtid.Parse(f.has.Purged)
		return err == nil && f.history.received.Compare(h.received) == gtid.Superset && h.received.Contains(purged)
	case byMariaDB:
		log, err := gtid.ParseMariaState(f.has.BinlogState)
		return err == nil && f.history.mariaIn.Compare(h.mariaIn) == gtid.Superset && len(log.NotLogged(h.mariaIn)) == 0
	}
	return false
}

// fromFormer is what a successor fetches from a former primary, nil where none holds more than final, which it and its siblings
// hold together.
func (c *chooser) fromFormer(successor *candidate, final *history) (d *donation) {
	for _, f := range c.formers {
		if f.LastCheckValid() && f.ReadOnly && !f.HasSource() && c.canGive(f.candidate, successor) && f.continues(final) {
			d, final = &donation{from: f.candidate, history: f.history, former: true}, &f.history
		}
	}
	return d
}
