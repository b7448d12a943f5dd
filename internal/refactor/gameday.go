package refactor

import (
	"fmt"
	"slices"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// GameDay shuts a server down on purpose, to see what becomes of it: in clusters that are marked for that alone.
const GameDay Operation = "game-day"

// Blow is how a server is struck on a game day. The values are what people write.
type Blow string

// The blows. All but the first need the server's process to be reached where it runs.
const (
	BlowShutDown Blow = "shut-down" // it is told to end, and ends in order
	BlowKill     Blow = "kill"      // its process is gone at once
	BlowFreeze   Blow = "freeze"    // its process stays and does nothing, as on a machine that hangs
)

// blows say what each of them does, and how.
var blows = map[Blow]struct {
	title string // of the plan, with the server
	verb  plan.Verb
	why   string
}{
	BlowShutDown: {"shut %s down", plan.ShutDown, "it is a game day; nobody starts it again, so do that yourself afterwards"},
	BlowKill:     {"kill the process of %s", plan.KillProcess, "it is a game day; nobody starts it again, so do that yourself afterwards"},
	BlowFreeze:   {"freeze the process of %s", plan.FreezeProcess, "it is a game day; nobody wakes it again, so do that yourself afterwards"},
}

// BlowOf is the blow of that name; an empty one is the first.
func BlowOf(name string) (Blow, error) {
	b := Blow(name)
	if b == "" {
		b = BlowShutDown
	}
	if _, is := blows[b]; !is {
		return "", fmt.Errorf("%q is no blow: use %s, %s or %s", name, BlowShutDown, BlowKill, BlowFreeze)
	}
	return b, nil
}

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
	name, err := BlowOf(string(s.r.Blow))
	if err != nil {
		return no("no-blow", "", "%s", err)
	}
	blow := blows[name]
	s.p.Title, s.p.Failed = fmt.Sprintf(blow.title, s.i.Key)+", to see what becomes of it", s.i.Key
	s.add(plan.Change, plan.Action{Verb: blow.verb}, blow.why, nil)
	return nil
}
