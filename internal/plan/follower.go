package plan

import "context"

// Follower is who has asked for a plan to be carried out, and was shown it before. It travels with the context of the
// request to whoever makes the plan and runs it. The zero Follower agrees to everything and listens to nothing.
type Follower struct {
	// Agree is asked once the plan that is about to run has been made, where that is possible under the locks of its
	// servers; an error ends the run before anything is changed.
	Agree func(*Plan) error
	// Step is told of every change of a step, one at a time; it keeps nobody waiting.
	Step func(Step)
}

type followerKey struct{}

// WithFollower returns a context whose request is followed.
func WithFollower(ctx context.Context, f Follower) context.Context {
	return context.WithValue(ctx, followerKey{}, f)
}

// FollowerOf is the follower of a request, the zero value when there is none.
func FollowerOf(ctx context.Context) Follower {
	f, _ := ctx.Value(followerKey{}).(Follower)
	return f
}

// Agrees asks whether the plan is what was agreed to.
func (f Follower) Agrees(p *Plan) error {
	if f.Agree == nil {
		return nil
	}
	return f.Agree(p)
}

// Told tells of a change of a step.
func (f Follower) Told(s Step) {
	if f.Step != nil {
		f.Step(s)
	}
}
