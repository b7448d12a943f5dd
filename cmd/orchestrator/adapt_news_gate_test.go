package main

import (
	"testing"

	"orchestrator/internal/observe"
	"orchestrator/internal/topology"
)

// TestLockReadBeforeItsEnd reads an operation's lock from the backend, and the operation ends before it is shown.
func TestLockReadBeforeItsEnd(t *testing.T) {
	p := testParts(t, testFile(t), "")
	saveCluster(t, p.store)
	var shown []observe.Change
	own := p.declarations(func(observe.Change) {})
	lock := topology.Maintenance{Key: key("db1"), Owner: "me", Reason: "operation", Begin: p.now()}
	_, err := own.BeginMaintenance(t.Context(), lock)
	must(t, err)
	n := p.news(func(c observe.Change) { shown = append(shown, c) }, nil)
	since := p.gate.now()
	read, err := n.read(t.Context())
	must(t, err)
	if len(read.maintenances) != 1 {
		t.Fatalf("read %v", read.maintenances)
	}
	_, err = own.EndMaintenance(t.Context(), key("db1"))
	must(t, err)
	if p.gate.unless(since, func() { t.Error("what is over was shown") }) {
		t.Error("nothing is said to have been declared")
	}
	must(t, n.look(t.Context()))
	if len(shown) > 0 {
		t.Errorf("shown %v", shown)
	}
}
