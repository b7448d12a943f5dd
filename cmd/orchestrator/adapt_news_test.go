package main

import (
	"testing"

	"orchestrator/internal/observe"
)

// What a command declares, the service shows at its next look, once.
func TestServiceShowsWhatCommandsDeclare(t *testing.T) {
	file := testFile(t)
	service, command := testParts(t, file, ""), testParts(t, file, "")
	saveCluster(t, service.store)
	shown := 0
	n := service.news(func(observe.Change) { shown++ }, nil)
	must(t, n.look(t.Context()))
	if shown != 0 {
		t.Errorf("%d changes are shown of nothing", shown)
	}
	for _, c := range declaredFacts() {
		shown = 0
		must(t, c.do(t.Context(), command.declarations(func(observe.Change) {})))
		must(t, n.look(t.Context()))
		must(t, n.look(t.Context()))
		if shown != 1 {
			t.Errorf("%s is shown %d times", c.name, shown)
		}
	}
}

func TestNewsReachThePicture(t *testing.T) {
	f := fleet{}.put("db1", "", key("db2")).put("db2", "db1")
	p, e, _ := startService(t, f, "")
	if _, err := e.Discovery.Discover(t.Context(), key("db1")); err != nil {
		t.Fatal(err)
	}
	observer := e.Picture.(livePicture).observer
	n := p.news(observer.Apply, nil)
	k := key("db1")
	checks := []func() bool{
		func() bool { return observer.Instance(k).Downtime != nil },
		func() bool { return observer.Instance(k).Downtime == nil },
		func() bool { return observer.Instance(k).Maintenance != nil },
		func() bool { return observer.Instance(k).Maintenance == nil },
		func() bool { return len(observer.Instance(k).Tags) == 1 },
		func() bool { return len(observer.Instance(k).Tags) == 0 },
		func() bool { return observer.Instance(k).PromotionRule.String() == "prefer" },
		func() bool { return observer.ClusterOf(k).ClusterByAlias("orders") != nil },
	}
	for at, c := range declaredFacts() {
		must(t, c.do(t.Context(), p.declarations(func(observe.Change) {})))
		if checks[at]() {
			t.Errorf("%s is seen before the look", c.name)
		}
		must(t, n.look(t.Context()))
		if !checks[at]() {
			t.Errorf("%s is not seen", c.name)
		}
	}
}

func TestNewsThatCannotBeReadChangeNothing(t *testing.T) {
	p := testParts(t, testFile(t), "")
	saveCluster(t, p.store)
	must(t, p.store.PutTag(t.Context(), key("db1"), tagRole()))
	shown := 0
	n := p.news(func(observe.Change) { shown++ }, nil)
	must(t, n.look(t.Context()))
	if err := n.look(cancelled(t)); err == nil || shown != 1 {
		t.Errorf("error %v, %d changes", err, shown)
	}
	n.run(cancelled(t)) // returns
	if shown != 1 {
		t.Errorf("%d changes", shown)
	}
}
