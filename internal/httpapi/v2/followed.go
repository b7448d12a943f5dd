package v2

import (
	"context"
	"regexp"

	"orchestrator/internal/plan"
)

// OperationHeader is a header on a request of the old API by which the client gives the operation a name. The steps of
// that operation, and how far it has come, are told under the topic operation:NAME. A name is made up by the client, so
// that it is its own; others are ignored.
const OperationHeader = "Orchestrator-Operation"

var operationName = regexp.MustCompile(`^[A-Za-z0-9_-]{8,64}$`)

// OperationTopic is the topic of an operation that a client has given a name.
func OperationTopic(name string) string { return "operation:" + name }

// Followed returns a context in which the steps of an operation are told under its name; ctx itself for what is no name.
func (a *API) Followed(ctx context.Context, name string) context.Context {
	if !operationName.MatchString(name) {
		return ctx
	}
	var tally plan.Tally
	cluster := ""
	return plan.WithFollower(ctx, plan.Follower{
		Agree: func(made *plan.Plan) error {
			tally.Begin(made)
			cluster = made.Cluster
			return nil
		},
		Step: func(s plan.Step) { // one at a time, as promised
			tally.Note(s)
			shown := stepOf(&s, &a.plans.known)
			a.hub.publish(kindStep, Event{
				Topics: []string{OperationTopic(name)}, Cluster: cluster, Server: s.Server.String(), Step: &shown,
				Progress: &Progress{Steps: tally.Steps, Ended: tally.Ended, Fails: tally.Fails},
			})
		},
	})
}
