package main

import (
	"context"
	"testing"
	"time"

	"orchestrator/internal/observe"
	"orchestrator/internal/operate"
	"orchestrator/internal/topology"
)

// declared is one declaration and how to see it in the backend.
type declared struct {
	name   string
	do     func(context.Context, *declarations) error
	stored func(*testing.T, *parts) bool
	change observe.Change
}

func declaredFacts() []declared {
	k := key("db1")
	instance := func(t *testing.T, p *parts) *topology.Instance {
		all, _, err := p.store.LoadInstances(t.Context())
		must(t, err)
		return topology.New(all, topology.Names{}).Instance(k)
	}
	d := topology.Downtime{Owner: "o", Reason: "r", Begin: time.Now(), End: time.Now().Add(time.Hour)}
	m := topology.Maintenance{Key: k, Owner: "o", Begin: time.Now(), End: time.Now().Add(time.Hour), Bounded: true}
	return []declared{
		{"begin downtime", func(ctx context.Context, x *declarations) error { return x.BeginDowntime(ctx, k, d) },
			func(t *testing.T, p *parts) bool { return instance(t, p).Downtime != nil }, observe.SetDowntime{}},
		{"end downtime", func(ctx context.Context, x *declarations) error { _, err := x.EndDowntime(ctx, k); return err },
			func(t *testing.T, p *parts) bool { return instance(t, p).Downtime == nil }, observe.SetDowntime{}},
		{"begin maintenance", func(ctx context.Context, x *declarations) error { _, err := x.BeginMaintenance(ctx, m); return err },
			func(t *testing.T, p *parts) bool { return instance(t, p).Maintenance != nil }, observe.SetMaintenance{}},
		{"end maintenance", func(ctx context.Context, x *declarations) error { _, err := x.EndMaintenance(ctx, k); return err },
			func(t *testing.T, p *parts) bool { return instance(t, p).Maintenance == nil }, observe.SetMaintenance{}},
		{"tag", func(ctx context.Context, x *declarations) error {
			return x.PutTag(ctx, k, topology.Tag{Name: "role", Value: "backup"})
		},
			func(t *testing.T, p *parts) bool { return len(instance(t, p).Tags) == 1 }, observe.PutTag{}},
		{"untag", func(ctx context.Context, x *declarations) error { return x.RemoveTag(ctx, []topology.Key{k}, "role") },
			func(t *testing.T, p *parts) bool { return len(instance(t, p).Tags) == 0 }, observe.RemoveTag{}},
		{"register candidate", func(ctx context.Context, x *declarations) error {
			return x.RegisterCandidate(ctx, k, topology.PreferPromote)
		},
			func(t *testing.T, p *parts) bool { return instance(t, p).PromotionRule == topology.PreferPromote }, observe.SetPromotionRule{}},
		{"set alias", func(ctx context.Context, x *declarations) error { return x.SetClusterAlias(ctx, "db1:3306", "orders") },
			func(t *testing.T, p *parts) bool {
				all, err := p.store.AliasOverrides(t.Context())
				must(t, err)
				return all["db1:3306"] == "orders"
			}, observe.SetClusterAlias{}},
	}
}

func TestDeclarationsAreStoredBeforeTheyAreShown(t *testing.T) {
	p := testParts(t, testFile(t), "")
	saveCluster(t, p.store)
	for _, c := range declaredFacts() {
		shown := 0
		d := p.declarations(func(observe.Change) {
			shown++
			if !c.stored(t, p) {
				t.Errorf("%s is shown before it is stored", c.name)
			}
		})
		must(t, c.do(t.Context(), d))
		if shown != 1 {
			t.Errorf("%s is shown %d times", c.name, shown)
		}
	}
}

func TestDeclarationsThatCannotBeStoredAreNotShown(t *testing.T) {
	p := testParts(t, testFile(t), "")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	d := p.declarations(func(c observe.Change) { t.Errorf("shown: %+v", c) })
	for _, c := range declaredFacts() {
		if err := c.do(gone, d); err == nil {
			t.Errorf("%s: no error", c.name)
		}
	}
}

func TestMaintenanceByNumber(t *testing.T) {
	p := testParts(t, testFile(t), "")
	var shown []observe.Change
	d := p.declarations(func(c observe.Change) { shown = append(shown, c) })
	id, err := d.BeginMaintenance(t.Context(), topology.Maintenance{Key: key("db1"), Owner: "o", Begin: time.Now(), End: time.Now().Add(time.Hour)})
	must(t, err)
	if set, ok := shown[0].(observe.SetMaintenance); !ok || set.Maintenance.ID != id {
		t.Errorf("shown without its number: %+v", shown)
	}
	if ended, err := d.EndMaintenanceByID(t.Context(), id+1); ended || err != nil {
		t.Errorf("of an unknown number: %t, %v", ended, err)
	}
	if ended, err := d.EndMaintenanceByID(t.Context(), id); !ended || err != nil || len(shown) != 2 {
		t.Errorf("%t, %v, shown %+v", ended, err, shown)
	}
}

// A command sees in the picture what it has just declared.
func TestCommandSeesItsDeclarations(t *testing.T) {
	p := testParts(t, testFile(t), "")
	saveCluster(t, p.store)
	e, wait := p.commandEngine()
	defer wait()
	if _, err := e.Picture.Topology(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := call(t.Context(), e, "tag", map[operate.Param]string{operate.ParamInstance: "db2:3306", operate.ParamTag: "role=backup"}); err != nil {
		t.Fatal(err)
	}
	must(t, e.Declarations.SetClusterAlias(t.Context(), "db1:3306", "orders"))
	got, err := e.Picture.Topology(t.Context())
	must(t, err)
	if c := got.ClusterByAlias("orders"); c == nil || len(got.Instance(key("db2")).Tags) != 1 {
		t.Errorf("cluster %+v, tags %v", c, got.Instance(key("db2")).Tags)
	}
}
