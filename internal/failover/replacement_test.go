package failover

import (
	"testing"

	"orchestrator/internal/topology"
)

func TestReplacement(t *testing.T) {
	in := func(dc string) func(*topology.Instance) { return func(i *topology.Instance) { i.DataCenter = dc } }
	must := rule(topology.MustPromote)
	prefer, avoid, never := rule(topology.PreferPromote), rule(topology.PreferNotPromote), rule(topology.MustNotPromote)
	guarded := Policy{PreventCrossDataCenter: true}
	for name, c := range map[string]struct {
		promoted *topology.Instance
		below    []*topology.Instance
		policy   Policy
		want     string
	}{
		"nobody else":                       {follower("p", "f", in("dc1")), nil, Policy{}, "p"},
		"wanted and near":                   {follower("p", "f", in("dc1"), prefer), []*topology.Instance{follower("a", "p", in("dc1"), must)}, Policy{}, "p"},
		"one is wanted, near the failed":    {follower("p", "f", in("dc2")), []*topology.Instance{follower("a", "p", in("dc1"), prefer), follower("b", "p", in("dc2"), prefer)}, Policy{}, "a"},
		"the last of several":               {follower("p", "f", in("dc1")), []*topology.Instance{follower("a", "p", in("dc1"), prefer), follower("b", "p", in("dc1"), prefer)}, Policy{}, "b"},
		"wanted though far":                 {follower("p", "f", in("dc2"), prefer), []*topology.Instance{follower("a", "p", in("dc3"), prefer)}, Policy{}, "p"},
		"wanted, near the promoted":         {follower("p", "f", in("dc2")), []*topology.Instance{follower("a", "p", in("dc3"), prefer), follower("b", "p", in("dc2"), prefer)}, Policy{}, "b"},
		"wanted anywhere":                   {follower("p", "f", in("dc2")), []*topology.Instance{follower("a", "p", in("dc3"), prefer)}, Policy{}, "a"},
		"wanted where it may not be":        {follower("p", "f", in("dc1")), []*topology.Instance{follower("a", "p", in("dc3"), prefer)}, guarded, "p"},
		"neutral ones do not replace":       {follower("p", "f", in("dc2")), []*topology.Instance{follower("a", "p", in("dc1"))}, Policy{}, "p"},
		"neutral ones replace an unwilling": {follower("p", "f", in("dc2"), avoid), []*topology.Instance{follower("a", "p", in("dc1")), follower("b", "p", in("dc2"))}, Policy{}, "a"},
		"neutral ones replace a forbidden":  {follower("p", "f", in("dc2")), []*topology.Instance{follower("a", "p", in("dc1"))}, guarded, "a"},
		"one that must not":                 {follower("p", "f", in("dc2"), avoid), []*topology.Instance{follower("a", "p", in("dc1"), never)}, Policy{}, "p"},
		"one that is gone":                  {follower("p", "f", in("dc2")), []*topology.Instance{follower("a", "p", in("dc1"), prefer, down)}, Policy{}, "p"},
		"one that logs nothing":             {follower("p", "f", in("dc2")), []*topology.Instance{follower("a", "p", in("dc1"), prefer, func(i *topology.Instance) { i.LogReplicaUpdates = false })}, Policy{}, "p"},
	} {
		t.Run(name, func(t *testing.T) {
			failed := top("f", in("dc1"), down)
			fleet := topology.New(append([]*topology.Instance{failed, c.promoted}, c.below...), topology.Names{})
			if got := Replacement(fleet, failed, c.promoted, c.policy); got.Hostname != c.want {
				t.Errorf("%s, want %s", got.Hostname, c.want)
			}
		})
	}
}
