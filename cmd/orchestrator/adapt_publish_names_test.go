package main

import (
	"testing"
	"time"

	"orchestrator/internal/publish"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// TestWhatStandsInTheBackend: an entry of the key-value store in the backend that somebody has changed, or removed a part of, is not
// as it should be until it is published again.
func TestWhatStandsInTheBackend(t *testing.T) {
	ctx := t.Context()
	p := testParts(t, testFile(t), "")
	publication := store.Publication{Alias: "orders", Primary: key("db1"), Pairs: []store.KV{{Key: "mysql/master/orders", Value: "db1:3306"}, {Key: "mysql/master/orders/port", Value: "3306"}}}
	again := func() {
		t.Helper()
		_, _, err := p.store.PublishPrimary(ctx, publication)
		must(t, err)
	}
	is := func(what string, state publish.State, value string) {
		t.Helper()
		l, err := p.publishedInside(ctx)
		must(t, err)
		if len(l.Entries) != 1 || l.Entries[0].State != state || l.Entries[0].Sights[0].Value != value || l.Entries[0].Wanted != "db1:3306" || l.Entries[0].Changed.IsZero() {
			t.Errorf("%s: %+v", what, l.Entries)
		}
	}
	again()
	is("as it was published", publish.AsWanted, "db1:3306")
	must(t, p.store.PutKV(ctx, store.KV{Key: "mysql/master/orders", Value: "db9:3306"}))
	is("after somebody has changed it", publish.Elsewhere, "db9:3306")
	again()
	is("published again", publish.AsWanted, "db1:3306")
	_, err := p.store.DeleteKV(ctx, "mysql/master/orders/port")
	must(t, err)
	is("without its port", publish.Elsewhere, "db1:3306")
}

// TestNamesThatAreLookedAt: those of clusters that have an alias and a name that is not simply the primary's own.
func TestNamesThatAreLookedAt(t *testing.T) {
	named := func(name string) []publish.Name {
		return namesIn(pairOf(time.Now(), func(primary, _ *topology.Instance) { primary.ClusterDomain = name }))
	}
	if n := named("orders-vip"); len(n) != 1 || n[0].Name != "orders-vip" || n[0].Primary != key("db1") || len(n[0].Others) != 1 || n[0].Others[0] != key("db2") {
		t.Errorf("%+v", n)
	}
	if n := append(named(""), named("db1")...); len(n) > 0 {
		t.Errorf("%+v", n)
	}
}
