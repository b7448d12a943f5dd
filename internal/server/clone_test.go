package server_test

import (
	"strings"
	"sync/atomic"
	"testing"

	"orchestrator/internal/server"
	"orchestrator/internal/topology"
	"orchestrator/internal/wire"
)

// TestCloneThatIsRefused: a closing that is on its way puts super_read_only on between its switching off and the clone.
func TestCloneThatIsRefused(t *testing.T) {
	refused := &wire.Error{Code: wire.CodeReadOnly, Message: "running with the --super-read-only option"}
	for name, c := range map[string]struct {
		err          error
		times, asked int
		fails        bool
	}{
		"once":              {refused, 1, 2, false},
		"again and again":   {refused, 9, 3, true},
		"for another cause": {&wire.Error{Code: 3862, Message: "Clone Donor Error"}, 9, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			var times atomic.Int32
			times.Store(int32(c.times))
			db := newFake(t, identity("8.0.41", "MySQL"),
				answer{begins: "SELECT 1 FROM information_schema.PLUGINS", result: row([]string{"1"}, 1)},
				answer{begins: "CLONE INSTANCE", err: c.err, times: &times})
			s := open(t, server.Options{User: "u", Password: "p"}).For(db.key)
			err := s.CloneFrom(limited(t), topology.Key{Hostname: "donor", Port: 3306})
			if (err != nil) != c.fails {
				t.Error(err)
			}
			all := strings.Join(db.queries(), "; ")
			if n := strings.Count(all, "SET GLOBAL super_read_only=0"); n != c.asked || strings.Count(all, "CLONE INSTANCE") != n {
				t.Errorf("it was opened for the clone %d times, want %d: %s", n, c.asked, all)
			}
			if closed := strings.LastIndex(all, "super_read_only=1") > strings.LastIndex(all, "super_read_only=0"); closed != c.fails {
				t.Errorf("closed in the end: %t: %s", closed, all)
			}
		})
	}
}
