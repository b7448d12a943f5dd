package operate

import (
	"context"
	"errors"
)

// agentSection is the section of what needs agents.
const agentSection = "Agent"

// errNoAgents is the published answer where agents are not served. This program never serves them: it copies data
// with no agent on the servers.
//
//lint:ignore ST1005 the text is published
var errNoAgents = errors.New("Agents not served")

// agents are the operations of orchestrator-agent, a program that is not maintained any more. They are there so that
// whoever calls them gets the answer that the original gives with ServeAgentsHttp off.
func agents() []*Operation {
	host := []Arg{{Param: ParamHostname, Required: true}}
	seed := []Arg{{Param: ParamID, Required: true}}
	list := []*Operation{
		{
			Name: "custom-command", Summary: "Run a command of an agent's configuration", Faces: Everywhere,
			Args: []Arg{{Param: ParamHostname, Required: true}, {Param: ParamCommand, Required: true}}, Routes: []string{"agent-custom-command/:agentHost/:command"},
		},
		{Name: "agents", Summary: "List the agents", Routes: []string{"agents"}},
		{Name: "agent", Summary: "Show what an agent tells of its host", Args: host, Routes: []string{"agent/:agentHost"}},
		{Name: "agent-umount", Summary: "Unmount the snapshot on an agent's host", Args: host, Routes: []string{"agent-umount/:agentHost"}},
		{Name: "agent-mount", Summary: "Mount a snapshot on an agent's host", Args: host, Routes: []string{"agent-mount/:agentHost"}},
		{Name: "agent-create-snapshot", Summary: "Take a snapshot on an agent's host", Args: host, Routes: []string{"agent-create-snapshot/:agentHost"}},
		{Name: "agent-removelv", Summary: "Remove a snapshot on an agent's host", Args: host, Routes: []string{"agent-removelv/:agentHost"}},
		{Name: "agent-mysql-stop", Summary: "Stop the server on an agent's host", Args: host, Routes: []string{"agent-mysql-stop/:agentHost"}},
		{Name: "agent-mysql-start", Summary: "Start the server on an agent's host", Args: host, Routes: []string{"agent-mysql-start/:agentHost"}},
		{Name: "agent-seed", Summary: "Copy the data of one agent's host to another", Args: host, Routes: []string{"agent-seed/:targetHost/:sourceHost"}},
		{Name: "agent-active-seeds", Summary: "List the copies under way on an agent's host", Args: host, Routes: []string{"agent-active-seeds/:agentHost"}},
		{Name: "agent-recent-seeds", Summary: "List the latest copies on an agent's host", Args: host, Routes: []string{"agent-recent-seeds/:agentHost"}},
		{Name: "agent-seed-details", Summary: "Show a copy", Args: seed, Routes: []string{"agent-seed-details/:seedId"}},
		{Name: "agent-seed-states", Summary: "Show the course of a copy", Args: seed, Routes: []string{"agent-seed-states/:seedId"}},
		{Name: "agent-abort-seed", Summary: "Stop a copy", Args: seed, Routes: []string{"agent-abort-seed/:seedId"}},
		{Name: "seeds", Summary: "List the latest copies", Routes: []string{"seeds"}},
	}
	for i, o := range list {
		o.Rights, o.Shape, o.NoFleet = Write, Bare, true
		o.Summary += " (agents are not served: answers with an error)"
		if i > 0 {
			o.Faces = OnlyHTTP
		}
		o.Run = func(context.Context, *Engine, Args) (Result, error) { return Result{}, errNoAgents }
	}
	return list
}
