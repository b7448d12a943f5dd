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

// AnswerOpinions makes this node answer the questions that others put by AskOpinions.
func (r *Raft) AnswerOpinions(answer func(ctx context.Context, body json.RawMessage) (any, error)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.opinion = answer
}

// AskOpinions asks all other members the same at once, but for witnesses, those that do not vote, and those that gave no
// sign of life lately. It hands each answer to hear as it comes, one after another, until hear says that it has heard
// enough, or all have answered, or ctx, which must have a deadline, has ended.
func (r *Raft) AskOpinions(ctx context.Context, body any, hear func(Opinion) (enough bool)) {
	ctx, cancel := context.WithCancel(ctx)
	var asking sync.WaitGroup
	defer asking.Wait()
	defer cancel()
	answers := make(chan Opinion)
	asked := 0
	for _, m := range r.Members() {
		if m.Self || !m.Voter || !m.Healthy || m.Witness {
			continue
		}
		asked++
		asking.Go(func() {
			o := Opinion{Member: m}
			o.Err = r.talk.ask(ctx, m.Address, askOpinion, body, &o.Body)
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
