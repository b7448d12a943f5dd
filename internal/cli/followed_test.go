package cli

import (
	"strings"
	"testing"

	"orchestrator/internal/plan"
)

func TestNotFollowedWithoutTerminal(t *testing.T) {
	var out strings.Builder
	p := &program{Deps: Deps{Stderr: &out}}
	ctx, end := p.followed(t.Context())
	end()
	if plan.FollowerOf(ctx).Step != nil {
		t.Error("what is not read by a person is not followed")
	}
}
