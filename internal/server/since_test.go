package server_test

import (
	"testing"

	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
)

// TestRealConnectionTellsOneLifeFromAnother: uptimes are full seconds, so that a server which is started anew within one looks the same
// by them. The connection over which it is probed is kept as long as it runs, and ends with it.
func TestRealConnectionTellsOneLifeFromAnother(t *testing.T) {
	eachFamily(t, func(t *testing.T, flavor sandbox.Flavor) {
		node := sandboxtest.New(t, sandbox.Options{Flavor: flavor, Nodes: 1}).Node(0)
		s := open(t, options()).For(keyOf(node))
		first := must1(s.Probe(limited(t)))(t).Since
		must(t, s.SetReadOnly(limited(t), true, true))
		must(t, s.SetReadOnly(limited(t), false, false))
		must(t, s.Fresh(limited(t)))
		if again := must1(s.Probe(limited(t)))(t).Since; first.IsZero() || !again.Equal(first) {
			t.Errorf("the connection is of %v, and of %v a probe later", first, again)
		}
		must(t, node.Kill())
		must(t, node.Restart(limited(t)))
		if after := must1(s.Probe(limited(t)))(t).Since; !after.After(first) {
			t.Errorf("the connection is of %v after a restart, and was of %v before", after, first)
		}
	})
}
