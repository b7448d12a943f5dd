package consensus

import (
	"context"
	"encoding/json"
	"sync"
)

// Opinion is what another node answered.
type Opinion struct {
	Member Member
	Body   json.RawMessage
	Err    error // it did not answer, or answers no questions
}

// Answer is what a node says to a question that another one puts.
type Answer func(ctx context.Context, body json.RawMessage) (any, error)

// AnswerOpinions makes this node answer the questions that others put by AskOpinions.
func (r *Raft) AnswerOpinions(answer Answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.opinion = answer
}

// AnswerReports makes this node answer the questions that others put by AskReports.
func (r *Raft) AnswerReports(answer Answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report = answer
}

// AskReports asks all other members how they are, those that do not vote and those that were silent lately among them. It
// returns when all have answered, or ctx, which must have a deadline, has ended.
func (r *Raft) AskReports(ctx context.Context, body any) []Opinion {
	var all []Opinion
	told := map[string]bool{}
	r.askMembers(ctx, askReport, body, func(Member) bool { return true }, func(o Opinion) bool {
		all, told[o.Member.ID] = append(all, o), true
		return false
	})
	for _, m := range r.Members() {
		if !m.Self && !told[m.ID] {
			all = append(all, Opinion{Member: m, Err: context.Cause(ctx)})
		}
	}
	return all
}

// AskOpinions asks all other members the same at once, but for witnesses, those that do not vote, and those that gave no
// sign of life lately. It hands each answer to hear as it comes, one after another, until hear says that it has heard
// enough, or all have answered, or ctx, which must have a deadline, has ended.
func (r *Raft) AskOpinions(ctx context.Context, body any, hear func(Opinion) (enough bool)) {
	r.askMembers(ctx, askOpinion, body, func(m Member) bool { return m.Voter && m.Healthy && !m.Witness }, hear)
}

func (r *Raft) askMembers(ctx context.Context, kind string, body any, whom func(Member) bool, hear func(Opinion) (enough bool)) {
	ctx, cancel := context.WithCancel(ctx)
	var asking sync.WaitGroup
	defer asking.Wait()
	defer cancel()
	answers := make(chan Opinion)
	asked := 0
	for _, m := range r.Members() {
		if m.Self || !whom(m) {
			continue
		}
		asked++
		asking.Go(func() {
			o := Opinion{Member: m}
			o.Err = r.talk.ask(ctx, m.Address, kind, body, &o.Body)
			select {
			case answers <- o:
			case <-ctx.Done():
			}
		})
	}
	for range asked {
		select {
		case o := <-answers:
			if hear(o) {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}
