package refactor

import (
	"fmt"
	"slices"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// GameDay shuts a server down on purpose, to see what becomes of it: in clusters that are marked for that alone.
const GameDay Operation = "game-day"

// GameDayMark is the tag that every server of a cluster has to carry before one of them may be struck.
var GameDayMark = topology.Tag{Name: "gameday", Value: "allowed"}

// Unmarked are the members of a cluster that do not carry the mark. One of many is enough to protect the cluster: a tag
// that was set on the wrong server does no harm.
func Unmarked(c *topology.Cluster) []topology.Key {
	var list []topology.Key
	for _, i := range c.Members {
		if !slices.Contains(i.Tags, GameDayMark) {
			list = append(list, i.Key)
		}
	}
	return list
}

// strike plans the blow.
func (s *single) strike() *topology.Refusal {
	c := s.t.Cluster(s.i.ClusterName)
	if c == nil {
		return no("unknown", "discover it first", "the cluster of %s is not known", s.i.Key)
	}
	if unmarked := Unmarked(c); len(unmarked) > 0 {
		return no("unmarked", "tag every server of the cluster "+GameDayMark.Display(), "%d of %d servers of %s are not marked for game days (%s)",
			len(unmarked), len(c.Members), c.Alias, topology.JoinKeys(unmarked))
	}
	s.p.Title, s.p.Failed = fmt.Sprintf("shut %s down, to see what becomes of it", s.i.Key), s.i.Key
	s.add(plan.Change, plan.Action{Verb: plan.ShutDown}, "it is a game day; nobody starts it again, so do that yourself afterwards", nil)
	return nil
}
