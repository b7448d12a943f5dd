package httpapi

import (
	"time"

	"orchestrator/internal/operate"
)

type healthJSON struct {
	Healthy            bool
	Hostname           string
	Token              string
	IsActiveNode       bool
	ActiveNode         nodeJSON
	Error              *errorJSON
	AvailableNodes     []nodeJSON
	RaftLeader         string
	IsRaftLeader       bool
	RaftLeaderURI      string
	RaftAdvertise      string
	RaftHealthyMembers []string
	// Warnings are what the administrator should know; missing when there is nothing.
	Warnings []string `json:",omitempty"`
}

type errorJSON struct{ Message string }

type nodeJSON struct {
	Hostname        string
	Token           string
	AppVersion      string
	FirstSeenActive string
	LastSeenActive  string
	ExtraInfo       string
	Command         string
	DBBackend       string
	LastReported    time.Time
}

func (s Shaper) health(h operate.Health) healthJSON {
	j := healthJSON{
		Healthy: h.Err == nil, Hostname: h.Hostname, Token: h.Token, IsActiveNode: h.IsActive, ActiveNode: nodeOf(h.Active),
		AvailableNodes: mapped(h.Available, nodeOf), RaftLeader: h.RaftLeader, IsRaftLeader: h.IsRaftLeader,
		RaftLeaderURI: h.RaftLeaderURI, RaftAdvertise: h.RaftAdvertise, RaftHealthyMembers: notNil(h.RaftHealthyMembers),
	}
	if warning := s.Config().OpenWithoutAuthentication(); warning != "" {
		j.Warnings = []string{warning}
	}
	j.Warnings = append(j.Warnings, h.Warnings...)
	if h.Err != nil {
		j.Error = &errorJSON{Message: h.Err.Error()}
	}
	return j
}

func nodeOf(n operate.NodeHealth) nodeJSON {
	return nodeJSON{
		Hostname: n.Hostname, Token: n.Token, AppVersion: n.Version, FirstSeenActive: stamp(n.FirstSeen),
		LastSeenActive: stamp(n.LastSeen), ExtraInfo: n.ExtraInfo, Command: n.Command, DBBackend: n.Backend, LastReported: n.Reported,
	}
}
