package httpapi

import (
	"orchestrator/internal/consensus"
	"orchestrator/internal/operate"
)

// raftStatusJSON is the published summary, and after it what this program adds.
type raftStatusJSON struct {
	RaftBind       string
	RaftAdvertise  string
	State          string
	Healthy        bool
	IsPartOfQuorum bool
	Leader         string
	LeaderURI      string
	Peers          []string

	ID                 string
	Term               uint64
	AppliedIndex       uint64
	LastIndex          uint64
	LastContactSeconds float64 // since the leader was heard of; 0 on the leader, -1 when it never was
	Voters             int
	VotersNeeded       int
	VotersReachable    int
	BackendHealthy     bool
	Members            []raftMemberJSON
}

type raftMemberJSON struct {
	ID                 string
	Address            string
	Hostname           string
	URI                string
	Version            string
	State              string
	IsLeader           bool
	IsVoter            bool
	IsWitness          bool
	IsSelf             bool
	Healthy            bool
	BackendHealthy     bool
	AppliedIndex       uint64
	Lag                uint64  // entries of the log behind the newest known
	LastContactSeconds float64 // -1: none yet
}

func raftStatusOf(s operate.RaftStatus) raftStatusJSON {
	j := raftStatusJSON{
		RaftBind: s.Bind, RaftAdvertise: s.Advertise, State: s.State, Healthy: s.Quorum, IsPartOfQuorum: s.Quorum,
		Leader: s.Leader, LeaderURI: s.LeaderURI, Peers: []string{},
		ID: s.ID, Term: s.Term, AppliedIndex: s.Applied, LastIndex: s.Last, LastContactSeconds: contactSeconds(s.LastContact.Seconds()),
		Voters: s.Voters, VotersNeeded: s.Needed, VotersReachable: s.Reachable, BackendHealthy: !s.BackendFailing,
		Members: mapped(s.Members, raftMemberOf),
	}
	for _, m := range s.Members {
		j.Peers = append(j.Peers, m.Address)
	}
	return j
}

func raftMemberOf(m consensus.Member) raftMemberJSON {
	return raftMemberJSON{
		ID: m.ID, Address: m.Address, Hostname: m.Hostname, URI: m.URI, Version: m.Version, State: m.State,
		IsLeader: m.Leader, IsVoter: m.Voter, IsWitness: m.Witness, IsSelf: m.Self, Healthy: m.Healthy, BackendHealthy: !m.Failing,
		AppliedIndex: m.Applied, Lag: m.Lag, LastContactSeconds: contactSeconds(m.Contact.Seconds()),
	}
}

func contactSeconds(s float64) float64 {
	if s < 0 {
		return -1
	}
	return s
}
