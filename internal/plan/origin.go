package plan

import "context"

// Origin is what a deed is part of, for the audit: the plan that somebody had carried out, and the recovery. Either may be
// "". It travels with the context of what is done.
type Origin struct {
	Plan     string // the id of a plan that a person had carried out
	Recovery string // the UID of a recovery or takeover
}

type originKey struct{}

// WithOrigin returns a context whose deeds are part of o besides what they are part of already.
func WithOrigin(ctx context.Context, o Origin) context.Context {
	was := OriginOf(ctx)
	if o.Plan == "" {
		o.Plan = was.Plan
	}
	if o.Recovery == "" {
		o.Recovery = was.Recovery
	}
	return context.WithValue(ctx, originKey{}, o)
}

// OriginOf is what deeds under a context are part of.
func OriginOf(ctx context.Context) Origin {
	o, _ := ctx.Value(originKey{}).(Origin)
	return o
}
