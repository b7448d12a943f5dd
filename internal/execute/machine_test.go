package execute

import (
	"context"
	"errors"
	"testing"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// rack notes what was done to the processes of its servers.
type rack []string

func (r *rack) Kill(_ context.Context, k topology.Key) error {
	*r = append(*r, "kill "+k.String())
	return nil
}

func (r *rack) Freeze(_ context.Context, k topology.Key) error {
	*r = append(*r, "freeze "+k.String())
	return nil
}

// TestStrike: a process is struck where its machine is reached, and nowhere else.
func TestStrike(t *testing.T) {
	r := &rack{}
	at := topology.Key{Hostname: "db1", Port: 3306}
	for name, c := range map[string]struct {
		server Server
		verb   plan.Verb
		want   string
	}{
		"kill":         {namingServer{key: at, machines: r}, plan.KillProcess, "kill db1:3306"},
		"freeze":       {namingServer{key: at, machines: r}, plan.FreezeProcess, "freeze db1:3306"},
		"no machine":   {namingServer{key: at}, plan.KillProcess, ""},
		"not in reach": {newFake("db1"), plan.KillProcess, ""},
	} {
		t.Run(name, func(t *testing.T) {
			*r = nil
			err := strike(t.Context(), c.server, c.verb)
			switch {
			case c.want == "" && (!errors.Is(err, errNoMachine) || len(*r) > 0):
				t.Errorf("%v, %q", err, *r)
			case c.want != "" && (err != nil || len(*r) != 1 || (*r)[0] != c.want):
				t.Errorf("%v, %q, want %s", err, *r, c.want)
			}
		})
	}
}
