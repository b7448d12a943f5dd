package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"

	"orchestrator/internal/operate"
)

// raftCommands make several calls each: first they ask whether the node is the one that knows.
func raftCommands() commandTable {
	return commandTable{
		{name: "raft-leader", summary: "Show the address of the leading raft node", run: func(ctx context.Context, c *caller) error {
			return c.afterLeaderCheck(ctx, "raft-leader", func(body json.RawMessage) (string, error) { return decoded[string](body) })
		}},
		{name: "raft-leader-hostname", summary: "Show the host name of the leading raft node", run: func(ctx context.Context, c *caller) error {
			return c.afterLeaderCheck(ctx, "status", func(body json.RawMessage) (string, error) {
				node, err := decoded[struct{ Hostname string }](body)
				return node.Hostname, err
			})
		}},
		{name: "raft-elect-leader", summary: "Hand the leadership over to a raft node whose host name contains a text, given with -H", run: func(ctx context.Context, c *caller) error {
			if c.options.hostname == "" {
				return errors.New("hostname must be provided")
			}
			return c.afterLeaderCheck(ctx, "raft-yield-hint/"+url.PathEscape(c.options.hostname),
				func(body json.RawMessage) (string, error) { return decoded[string](body) })
		}, needs: []operate.Param{operate.ParamHostname}},
	}
}

// afterLeaderCheck prints what line makes of the answer for a path, if the node leads.
func (c *caller) afterLeaderCheck(ctx context.Context, path string, line func(json.RawMessage) (string, error)) error {
	state, err := c.value(ctx, "raft-state")
	if err != nil {
		return err
	}
	if text, err := decoded[string](state); err != nil || text != "Leader" {
		//lint:ignore ST1005 the text is published
		return errors.New("Cannot determine raft state")
	}
	body, err := c.value(ctx, path)
	if err != nil {
		return err
	}
	text, err := line(body)
	if err != nil {
		return err
	}
	return c.answer(text)
}
