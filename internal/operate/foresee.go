package operate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"orchestrator/internal/consensus"
	"orchestrator/internal/topology"
)

// Foresight is what an operation would do that has no steps on servers.
type Foresight struct {
	Title    string
	Checks   []string // what was looked at, and holds
	Warnings []string
	Pause    string // what pauses meanwhile; "": nothing
	Basis    string // changes when another plan would have to be made
	Back     *Way   // how to get back; nil: there is no way by one operation
}

// Way is an operation with what it is called with.
type Way struct {
	Text, Operation string
	Values          map[Param]string
}

// Foretell says what the operation would do; ok is false for one that cannot tell. A *topology.Refusal says why it would
// not be done.
func (o *Operation) Foretell(ctx context.Context, e *Engine, in Input) (f Foresight, ok bool, err error) {
	if o.Foresee == nil {
		return f, false, nil
	}
	a, err := o.understand(ctx, e, in)
	if err != nil {
		return f, true, err
	}
	f, err = o.Foresee(ctx, e, a)
	return f, true, err
}

// foreseeing gives the operations on the members of a group their foresight.
func foreseeing(list []*Operation) []*Operation {
	how := map[string]func(context.Context, *Engine, Args) (Foresight, error){
		"raft-add-peer": foreseeAdding, "raft-remove-peer": foreseeRemoving, "raft-replace-peer": foreseeReplacing,
		"raft-yield": foreseeYielding, "raft-snapshot": foreseeSnapshot, "reelect": foreseeReelection, "grab-election": foreseeGrabbing,
	}
	for _, o := range list {
		o.Foresee = how[o.Name]
	}
	return list
}

const noWritesPause = "Writes to databases go on. For a moment nothing is failed over, and nothing can be changed."

// group is how the nodes stand, as their leader sees it.
func (e *Engine) group() (consensus.Standing, error) {
	if e.Raft == nil {
		return consensus.Standing{}, &topology.Refusal{Rule: "no_raft", Reason: "the managers do not agree by consensus", Remedy: "set RaftEnabled"}
	}
	return e.Raft.Standing(), nil
}

// basisOf changes with the members, and with who leads.
func basisOf(s consensus.Standing) string {
	var b strings.Builder
	fmt.Fprint(&b, s.Leader)
	for _, m := range s.Members {
		fmt.Fprint(&b, " ", m.ID, m.Voter, m.Healthy)
	}
	return b.String()
}

// named finds a member by what a person calls it.
func named(s consensus.Standing, text, complete string) (consensus.Member, error) {
	for _, m := range s.Members {
		if m.ID == text || m.Address == text || m.Address == complete || m.Hostname != "" && m.Hostname == text {
			return m, nil
		}
	}
	return consensus.Member{}, &topology.Refusal{Rule: "unknown_member", Reason: text + " is no manager of this group"}
}

// called is how a member is named to people.
func called(m consensus.Member) string {
	if m.Hostname == "" || m.Hostname == m.Address {
		return m.Address
	}
	return m.Hostname + " (" + m.Address + ")"
}

// counted says what a number of votes means.
func counted(v consensus.Votes) string {
	text := fmt.Sprintf("%d of %d votes are here and %d are needed", v.Here, v.All, v.Needed)
	switch spare := v.Here - v.Needed; {
	case spare == 1:
		return text + ": one more may fail"
	case spare > 1:
		return fmt.Sprintf("%s: %d more may fail", text, spare)
	}
	return text + ": none may fail"
}

// thin warns of a group that survives no failure, or not more of them than a smaller one.
func thin(v consensus.Votes) []string {
	var warnings []string
	if v.Here <= v.Needed {
		warnings = append(warnings, "afterwards "+counted(v))
	}
	if v.All%2 == 0 {
		warnings = append(warnings, fmt.Sprintf("%d votes survive no more failures than %d", v.All, v.All-1))
	}
	return warnings
}

func foreseeAdding(ctx context.Context, e *Engine, a Args) (Foresight, error) {
	s, err := e.group()
	if err != nil {
		return Foresight{}, err
	}
	address := e.Config().RaftAddress(a.Text(ParamPeer))
	g, err := e.Raft.Newcomer(ctx, address)
	if err != nil {
		return Foresight{}, &topology.Refusal{Rule: "newcomer", Reason: fmt.Sprintf("%s cannot be added: %v", address, err)}
	}
	f := Foresight{Title: "Add the manager " + address, Basis: basisOf(s) + " " + g.ID}
	f.Checks = append(f.Checks, address+" runs, and belongs to no other group")
	if g.Version != "" {
		f.Checks = append(f.Checks, fmt.Sprintf("it calls itself %s, and its version is %s", g.Hostname, g.Version))
	}
	if m, err := named(s, g.ID, ""); err == nil && m.Voter && a.Text(ParamVotes) != "false" {
		return Foresight{}, &topology.Refusal{Rule: "member_already", Reason: called(m) + " is a manager of this group already"}
	}
	if a.Text(ParamVotes) == "false" {
		f.Checks = append(f.Checks, "it learns what the others agree on, and never votes")
	} else {
		f.Checks = append(f.Checks, "it learns what the others agreed on first, and votes then")
		after := consensus.VotesOf(s.Members, "")
		after.All, after.Here = after.All+1, after.Here+1
		after.Needed = after.All/2 + 1
		f.Checks = append(f.Checks, "afterwards "+counted(after))
		f.Warnings = thin(after)
	}
	f.Back = &Way{address + " is removed again", "raft-remove-peer", map[Param]string{ParamPeer: address}}
	return f, nil
}

func foreseeRemoving(_ context.Context, e *Engine, a Args) (Foresight, error) {
	s, err := e.group()
	if err != nil {
		return Foresight{}, err
	}
	m, err := named(s, a.Text(ParamPeer), e.Config().RaftAddress(a.Text(ParamPeer)))
	if err != nil {
		return Foresight{}, err
	}
	after := consensus.VotesOf(s.Members, m.ID)
	if m.Voter && after.Here < after.Needed {
		return Foresight{}, costsQuorum(m, after)
	}
	f := Foresight{Title: "Remove the manager " + called(m), Basis: basisOf(s), Checks: []string{"afterwards " + counted(after)}, Warnings: thin(after)}
	if m.Leader {
		f.Pause = noWritesPause
		f.Warnings = append(f.Warnings, "it leads: another one is elected first")
	}
	if m.Healthy {
		f.Warnings = append(f.Warnings, "its process goes on and waits to be taken in again: end it afterwards")
		f.Back = &Way{m.Address + " is added again", "raft-add-peer", map[Param]string{ParamPeer: m.Address}}
	}
	if slices.Contains(e.Config().RaftMembers(), m.Address) {
		f.Warnings = append(f.Warnings, "the configuration of "+e.Node.Hostname+" still names it (RaftNodes): take it out of all of them")
	}
	return f, nil
}

// costsQuorum refuses what would leave too few votes.
func costsQuorum(m consensus.Member, after consensus.Votes) error {
	if after.All == 0 {
		return &topology.Refusal{Rule: "last_vote", Reason: called(m) + " is the only manager that votes", Remedy: "add another one first"}
	}
	return &topology.Refusal{
		Rule:   "quorum",
		Reason: fmt.Sprintf("removing %s would cost the quorum: %d of the remaining %d votes are here, and %d are needed", called(m), after.Here, after.All, after.Needed),
		Remedy: "bring a silent manager back, or remove that one first; or replace this one",
	}
}

func foreseeReplacing(ctx context.Context, e *Engine, a Args) (Foresight, error) {
	s, err := e.group()
	if err != nil {
		return Foresight{}, err
	}
	old, err := named(s, a.Text(ParamPeer), e.Config().RaftAddress(a.Text(ParamPeer)))
	if err != nil {
		return Foresight{}, err
	}
	address := e.Config().RaftAddress(a.Text(ParamNewPeer))
	g, err := e.Raft.Newcomer(ctx, address)
	if err != nil {
		return Foresight{}, &topology.Refusal{Rule: "newcomer", Reason: fmt.Sprintf("%s cannot be added: %v", address, err)}
	}
	f := Foresight{Title: fmt.Sprintf("Replace the manager %s by %s", called(old), address), Basis: basisOf(s) + " " + g.ID}
	f.Checks = []string{address + " runs, and belongs to no other group", "it is added first; the old one goes when it has caught up, so that no vote is missing in between"}
	if old.Leader {
		f.Pause = noWritesPause
		f.Warnings = append(f.Warnings, called(old)+" leads: another one is elected")
	}
	return f, nil
}

func foreseeYielding(_ context.Context, e *Engine, a Args) (Foresight, error) {
	s, err := e.group()
	if err != nil {
		return Foresight{}, err
	}
	m, err := named(s, a.Text(ParamHostname), e.Config().RaftAddress(a.Text(ParamHostname)))
	if err != nil {
		return Foresight{}, err
	}
	if reason := unfit(m); reason != "" {
		return Foresight{}, &topology.Refusal{Rule: "unfit_leader", Reason: called(m) + " cannot lead: it " + reason}
	}
	f := Foresight{Title: "Let " + called(m) + " lead", Basis: basisOf(s), Pause: noWritesPause}
	f.Checks = []string{"it answers, votes, and its backend works"}
	if m.Lag > 0 {
		f.Checks = append(f.Checks, fmt.Sprintf("it is %d entries behind, and catches up first", m.Lag))
	} else {
		f.Checks = append(f.Checks, "it has applied all that was agreed on")
	}
	for _, l := range s.Members {
		if l.Leader {
			f.Back = &Way{"let " + called(l) + " lead again", "raft-yield", map[Param]string{ParamHostname: l.Address}}
		}
	}
	return f, nil
}

// unfit says why a member cannot lead; "" when it can.
func unfit(m consensus.Member) string {
	switch {
	case m.Leader:
		return "leads already"
	case !m.Healthy:
		return "does not answer"
	case !m.Voter:
		return "does not vote"
	case m.Witness:
		return "is a witness, which looks at no server"
	case m.Failing:
		return "has a backend that fails"
	}
	return ""
}

func foreseeSnapshot(_ context.Context, e *Engine, _ Args) (Foresight, error) {
	s, err := e.group()
	if err != nil {
		return Foresight{}, err
	}
	return Foresight{Title: "Take a snapshot on " + e.Node.Hostname, Basis: basisOf(s), Checks: []string{"what was agreed on so far is written down on this manager; its log before that is not needed any more"}}, nil
}

func foreseeReelection(_ context.Context, e *Engine, _ Args) (Foresight, error) {
	f := Foresight{Title: "Hand over leadership", Pause: noWritesPause}
	if e.Raft == nil {
		f.Title = "End the term of the manager that leads"
		f.Checks = []string{"the next one that asks for the lease leads"}
		f.Warnings = []string{"it may be the same one again; on a backend that is one file it always is"}
		return f, nil
	}
	s := e.Raft.Standing()
	f.Basis = basisOf(s)
	for _, m := range s.Members {
		if unfit(m) == "" {
			f.Checks = append(f.Checks, called(m)+" can lead")
		}
	}
	if len(f.Checks) == 0 {
		return Foresight{}, &topology.Refusal{Rule: "unfit_leader", Reason: "no other manager can lead", Remedy: "bring one back, or add one"}
	}
	return f, nil
}

func foreseeGrabbing(_ context.Context, e *Engine, _ Args) (Foresight, error) {
	if e.Leadership != nil && e.Leadership.Replicated() {
		return Foresight{}, &topology.Refusal{Rule: "raft", Reason: "with raft the managers elect who leads", Remedy: "let one lead by raft-yield"}
	}
	return Foresight{
		Title: "Let " + e.Node.Hostname + " lead", Pause: noWritesPause,
		Checks: []string{"the lease is taken from whoever has it, who notices within a second"},
	}, nil
}
