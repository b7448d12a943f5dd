package consensus

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/raft"
)

// resign ceases to lead, and has the target elected. When that fails, observe takes the office up again.
func (r *Raft) resign(target Member) error {
	if r.leads.Swap(false) {
		r.o.Changed(false)
	}
	return r.raft.LeadershipTransferToServer(raft.ServerID(target.ID), raft.ServerAddress(target.Address)).Error()
}

// fittest is the member that may lead and has applied the most, of those that want says yes to.
func (r *Raft) fittest(want func(Member) bool) (best Member, found bool) {
	for _, m := range r.Members() {
		if m.Self || !m.Voter || !m.Healthy || m.Witness || m.Failing || !want(m) {
			continue
		}
		if !found || m.Applied > best.Applied {
			best, found = m, true
		}
	}
	return best, found
}

// Transfer hands the leadership over to a member, which must be able to lead; "" leaves the choice to this node.
func (r *Raft) Transfer(node string) error {
	if !r.IsLeader() {
		return r.notLeading()
	}
	if node == "" {
		return r.transferTo(func(Member) bool { return true }, "any other node")
	}
	m, err := r.member(node)
	if err != nil || m.Self {
		return err
	}
	return r.transferTo(func(other Member) bool { return other.ID == m.ID }, m.Address)
}

// TransferByHint hands the leadership over to a member whose host name contains the hint. This node keeps it when it is
// the only such one.
func (r *Raft) TransferByHint(hint string) error {
	if !r.IsLeader() {
		return r.notLeading()
	}
	if hint == "" {
		return errors.New("an empty hint names no node")
	}
	fits := func(m Member) bool { return strings.Contains(m.Hostname, hint) || strings.Contains(m.Address, hint) }
	err := r.transferTo(fits, "a node whose host name contains "+hint)
	if err != nil && strings.Contains(r.o.Self.Hostname, hint) {
		return nil
	}
	return err
}

func (r *Raft) transferTo(want func(Member) bool, what string) error {
	m, ok := r.fittest(want)
	if !ok {
		return fmt.Errorf("%s cannot lead: it does not answer, does not vote, is a witness, or its backend fails", what)
	}
	r.o.Logger.Info("the leadership is handed over", "to", m.Address)
	if err := r.resign(m); err != nil {
		return fmt.Errorf("hand the leadership over to %s: %w", m.Address, err)
	}
	return nil
}
