package operate

import (
	"context"
	"fmt"
)

// Role is what somebody may do.
type Role string

// The roles. Each may do what the ones before it may.
const (
	Nobody   Role = ""
	Viewer   Role = "viewer"   // sees everything, secrets excepted
	Operator Role = "operator" // changes servers, and what is declared about them
	Admin    Role = "admin"    // changes the service itself: its configuration, who leads, access tokens
)

// ParseRole reads the name of a role.
func ParseRole(text string) (Role, error) {
	switch r := Role(text); r {
	case Viewer, Operator, Admin:
		return r, nil
	}
	return Nobody, fmt.Errorf("role %q: viewer, operator or admin is required", text)
}

// May says whether the role includes another one.
func (r Role) May(needed Role) bool { return r.rank() >= needed.rank() }

func (r Role) rank() int {
	switch r {
	case Viewer:
		return 1
	case Operator:
		return 2
	case Admin:
		return 3
	}
	return 0
}

// Needs is the role that an operation asks for.
func (o *Operation) Needs() Role {
	if o.Rights == Read {
		return Viewer
	}
	switch o.Name {
	case "reload-configuration", "grab-election", "reelect", "access-token", RedeployOperation, importOperation, "test-hook",
		"raft-add-peer", "raft-remove-peer", "raft-replace-peer", "raft-yield", "raft-yield-hint", "raft-snapshot":
		return Admin
	}
	return Operator
}

type callerKey struct{}

// WithCaller returns a context whose deeds are those of the named caller; what is audited under it names them.
func WithCaller(ctx context.Context, name string) context.Context {
	if name == "" {
		return ctx
	}
	return context.WithValue(ctx, callerKey{}, name)
}

// CallerOf is the name of the caller, "" when it is not known.
func CallerOf(ctx context.Context) string {
	name, _ := ctx.Value(callerKey{}).(string)
	return name
}
