package plan

import "testing"

// TestOrigin: a recovery that a plan has begun is part of both.
func TestOrigin(t *testing.T) {
	ctx := t.Context()
	if o := OriginOf(ctx); o != (Origin{}) {
		t.Errorf("of nothing: %+v", o)
	}
	ctx = WithOrigin(WithOrigin(ctx, Origin{Plan: "p"}), Origin{Recovery: "r"})
	if o := OriginOf(ctx); o != (Origin{Plan: "p", Recovery: "r"}) {
		t.Errorf("of both: %+v", o)
	}
	if o := OriginOf(WithOrigin(ctx, Origin{Recovery: "s"})); o != (Origin{Plan: "p", Recovery: "s"}) {
		t.Errorf("of another recovery: %+v", o)
	}
}
