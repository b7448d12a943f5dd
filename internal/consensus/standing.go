package consensus

import (
	"errors"
	"time"

	"github.com/hashicorp/raft"
)

// Leader returns the address of the node that leads and the URI of its API; empty when that is not known.
func (r *Raft) Leader() (address, uri string) {
	known, id := r.raft.LeaderWithID()
	if id == "" {
		return "", ""
	}
	if string(id) == r.id {
		return r.o.Advertise, r.o.URI
	}
	if h, ok := r.lastHeard(string(id)); ok {
		uri = h.URI
	}
	return r.addressOf(id, known), uri
}

// LeaderURI is the URI of the API of another node that leads; "" when that is not known or this one.
func (r *Raft) LeaderURI() string {
	_, uri := r.Leader()
	if uri == r.o.URI {
		return ""
	}
	return uri
}

// Standing is how the cluster stands as this node sees it.
type Standing struct {
	ID, Advertise, State string
	Leader, LeaderURI    string
	// Quorum says that this node leads or hears a leader.
	Quorum         bool
	Voters, Needed int
	Reachable      int // voters that gave a sign of life lately, this one included
	Term           uint64
	Applied, Last  uint64        // entries of the log: applied here, and known here
	LastContact    time.Duration // since the leader was heard of; 0 on the leader, below 0 when it never was
	BackendFailing bool
	Members        []Member
}

// Standing returns how the cluster stands.
func (r *Raft) Standing() Standing {
	s := Standing{
		ID: r.id, Advertise: r.o.Advertise, State: r.State(), Term: r.raft.CurrentTerm(), Applied: r.machine.index.Load(),
		Last: r.raft.LastIndex(), BackendFailing: r.isFailing(), Members: r.Members(),
	}
	s.Leader, s.LeaderURI = r.Leader()
	votes := VotesOf(s.Members, "")
	s.Voters, s.Reachable, s.Needed = votes.All, votes.Here, votes.Needed
	s.Quorum = s.Leader != "" && (s.State == raft.Leader.String() || s.State == raft.Follower.String())
	switch last := r.raft.LastContact(); {
	case s.State == raft.Leader.String():
	case last.IsZero():
		s.LastContact = -1
	default:
		s.LastContact = r.o.Now().Sub(last)
	}
	return s
}

// ErrQuorum refuses a change after which the nodes could decide nothing.
var ErrQuorum = errors.New("it would cost the quorum")

// Votes are the nodes that vote: how many there are, how many of them are needed to decide anything, and how many gave a
// sign of life lately.
type Votes struct{ All, Needed, Here int }

// VotesOf counts the votes of members, but for the one that has the ID without.
func VotesOf(members []Member, without string) (v Votes) {
	for _, m := range members {
		if !m.Voter || m.ID == without {
			continue
		}
		v.All++
		if m.Healthy {
			v.Here++
		}
	}
	v.Needed = v.All/2 + 1
	return v
}
