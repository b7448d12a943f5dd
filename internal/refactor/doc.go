// Package refactor makes plans for what a person asks to be done to servers that work: an operation and a Topology make
// a plan.Plan, or a topology.Refusal that names the rule and what would make the operation possible.
//
// A plan leaves threads as it found them unless the operation is about them, and drops nothing that a server has
// received and not applied and that nobody could send again. What can only be known when a step runs (positions,
// credentials, the transaction that fails) is left to the step.
//
// Nothing here reaches servers or reads the clock: package move looks at the servers, holds their locks, and has the
// plan run.
package refactor
