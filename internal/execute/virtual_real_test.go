package execute_test

import (
	"log/slog"
	"strings"
	"testing"

	"orchestrator/internal/execute"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// TestRealVirtualNames points a replica at a source that has a virtual name: one that leads to it, one that leads
// nowhere, and one of a source that is gone.
func TestRealVirtualNames(t *testing.T) {
	sandboxtest.EachFlavor(t, func(t *testing.T, flavor sandbox.Flavor) {
		cluster := sandboxtest.New(t, sandbox.Options{Flavor: flavor, GTID: true, Nodes: 2})
		must(t, cluster.AwaitReplication(limited(t)))
		servers := reach(t)
		source, replica := keyOf(cluster.Node(0)), keyOf(cluster.Node(1))
		for _, c := range []struct {
			situation, name string
			strict, proven  bool
			dead            bool
			want            string // the name that the replica has of its source; "" where the change fails
		}{
			{"it leads to the source", "localhost", true, true, false, "localhost"},
			{"none", "", true, true, false, source.Hostname},
			{"it leads nowhere", "127.0.0.2", true, true, false, ""},
			{"it leads nowhere, in a recovery", "127.0.0.2", false, true, false, source.Hostname},
			{"it need not be proven", "127.0.0.2", true, false, false, "127.0.0.2"},
			{"the source does not answer", "localhost", true, true, true, source.Hostname},
		} {
			if c.dead {
				must(t, cluster.Node(0).Kill())
			}
			s := execute.RealNamed(servers, execute.VirtualNames{
				Of: func(topology.Key) (string, bool) { return c.name, c.proven }, Strict: c.strict, Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
			}, nil)(replica)
			must(t, s.StopReplica(limited(t), server.AllThreads, ""))
			err := s.ChangeSource(limited(t), server.SourceChange{Source: source})
			if c.want == "" {
				if err == nil || !strings.Contains(err.Error(), c.name) {
					t.Errorf("%s: %v", c.situation, err)
				}
				continue
			}
			must(t, err)
			channels, err := s.Status(limited(t))
			must(t, err)
			if len(channels) != 1 || channels[0].SourceHost != c.want {
				t.Errorf("%s: %+v, want %s", c.situation, channels, c.want)
			}
		}
	})
}
