package analysis

import (
	"slices"

	"orchestrator/internal/topology"
)

// group is what is known of a replication group as a whole.
type group struct {
	singlePrimary bool
	online        []topology.Key // reachable members that call themselves online, by key
	primaries     []topology.Key // those of them that call themselves primary
	view          []topology.Key // the known members that the online ones count, themselves included
}

// withoutPrimary needs a member that is online to say so: of a group in which none is, more is wrong.
func (g *group) withoutPrimary() bool {
	return g.singlePrimary && len(g.online) > 0 && len(g.primaries) == 0
}

func (g *group) manyPrimaries() bool { return g.singlePrimary && len(g.primaries) > 1 }

// withoutQuorum says whether no majority of the counted members is reachable and online.
func (g *group) withoutQuorum() bool {
	present := 0
	for _, k := range g.view {
		if _, ok := slices.BinarySearchFunc(g.online, k, topology.Key.Compare); ok {
			present++
		}
	}
	return present*2 <= len(g.view)
}

// groupOf returns the group of a member.
func (a *analyzer) groupOf(i *topology.Instance) *group {
	if a.groups == nil {
		a.groups = a.findGroups()
	}
	return a.groups[i.Group.Name]
}

func (a *analyzer) findGroups() map[string]*group {
	groups := make(map[string]*group)
	for _, i := range a.topology.Instances() { // by key, so that the lists are ordered
		if !i.Group.IsMember() {
			continue
		}
		g := groups[i.Group.Name]
		if g == nil {
			g = &group{}
			groups[i.Group.Name] = g
		}
		a.addMember(g, i)
	}
	return groups
}

// addMember lets a member speak for its group. The members that are gone for good are not in the view of those who
// stayed, so the view comes from the members that are online; only while there is none do all known ones count.
func (a *analyzer) addMember(g *group, i *topology.Instance) {
	valid, tooOld := a.valid(i)
	switch {
	case !valid && !tooOld || i.Group.MemberState != "ONLINE":
		if len(g.online) == 0 {
			g.view = append(g.view, i.Key)
		}
		return
	case len(g.online) == 0:
		g.view = nil
	}
	g.singlePrimary = i.Group.SinglePrimary
	g.online = append(g.online, i.Key)
	if i.Group.MemberRole == "PRIMARY" {
		g.primaries = append(g.primaries, i.Key)
	}
	g.see(i.Key)
	for _, k := range i.Group.Members {
		if name, ok := a.topology.Names().Resolved[k.Hostname]; ok {
			k.Hostname = name
		}
		if a.topology.Instance(k) != nil { // of a member that nobody has discovered we cannot say that it is missing
			g.see(k)
		}
	}
}

func (g *group) see(k topology.Key) {
	if !slices.Contains(g.view, k) {
		g.view = append(g.view, k)
	}
}
