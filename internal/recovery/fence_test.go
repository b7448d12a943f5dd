package recovery

import (
	"context"
	"slices"
	"testing"

	"orchestrator/internal/server"
)

// processes is a server with connections.
type processes struct {
	all   []server.Process
	ended []uint64
}

func (p *processes) Processlist(context.Context) ([]server.Process, error) { return p.all, nil }
func (p *processes) KillConnection(_ context.Context, id uint64) error {
	p.ended = append(p.ended, id)
	return nil
}

func TestWaitingClientsAreSentAway(t *testing.T) {
	waits := server.Process{ID: 1, User: "app", Command: "Query", State: "Waiting for semi-sync ACK from replica", Info: "INSERT INTO t VALUES (1)"}
	inGroup := server.Process{ID: 2, User: "app", Command: "Query", State: "waiting for handler commit", Info: "commit"}
	for name, c := range map[string]struct {
		all  []server.Process
		want []uint64
	}{
		"nothing waits":             {[]server.Process{inGroup}, nil},
		"one waits":                 {[]server.Process{waits}, []uint64{1}},
		"MariaDB's word":            {[]server.Process{{ID: 9, Command: "Query", State: "Waiting for semi-sync ACK from slave", Info: "COMMIT"}}, []uint64{9}},
		"the same group of commits": {[]server.Process{waits, inGroup}, []uint64{1, 2}},
		"the closing itself, readers, idle and system threads stay": {[]server.Process{waits,
			{ID: 3, User: "orc", Command: "Query", State: "Waiting for global read lock", Info: "SET GLOBAL super_read_only = 1"},
			{ID: 4, User: "app", Command: "Query", State: "executing", Info: "select 1"},
			{ID: 5, User: "app", Command: "Sleep"},
			{ID: 6, User: "system user", Command: "Query", State: "Applying batch of row changes", Info: "INSERT"},
			{ID: 7, User: "repl", Command: "Binlog Dump GTID", State: "Source has sent all binlog to replica"},
		}, []uint64{1}},
	} {
		t.Run(name, func(t *testing.T) {
			p := &processes{all: c.all}
			ended, err := sendWaitingAway(t.Context(), p)
			if err != nil || ended != len(c.want) || !slices.Equal(p.ended, c.want) {
				t.Errorf("ended %d: %v (%v), want %v", ended, p.ended, err, c.want)
			}
		})
	}
}
