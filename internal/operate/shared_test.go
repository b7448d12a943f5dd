package operate_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/operate"
	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/topology"
)

// TestFleetAnswersAreSharedAndNeverStale asks twice for what is made of the whole fleet: the second gets what the first got,
// unless something has changed on which it rests.
func TestFleetAnswersAreSharedAndNeverStale(t *testing.T) {
	dies := func(b *operatetest.Backend, _ *time.Time) {
		var list []*topology.Instance
		for _, i := range b.Fleet.Instances() {
			changed := *i
			if i.Key == operatetest.Key("db-a1") {
				changed.Check.Seen = changed.Check.Seen.Add(-time.Hour)
			}
			list = append(list, &changed)
		}
		b.Fleet = topology.New(list, b.Fleet.Names())
	}
	for name, c := range map[string]struct {
		change         func(b *operatetest.Backend, now *time.Time)
		same           bool // is what the second one gets
		moments        bool // is about what depends on the time alone
		found, recover int
	}{
		"nothing changes": {func(*operatetest.Backend, *time.Time) {}, true, false, 0, 1},
		"a moment passes": {func(_ *operatetest.Backend, now *time.Time) { *now = now.Add(99 * time.Millisecond) }, true, true, 0, 1},
		"time passes":     {func(_ *operatetest.Backend, now *time.Time) { *now = now.Add(time.Hour) }, false, true, 1, 1},
		"time goes back":  {func(_ *operatetest.Backend, now *time.Time) { *now = now.Add(-time.Millisecond) }, false, true, 0, 1},
		"a server dies":   {dies, false, false, 1, 1},
		"other settings": {func(b *operatetest.Backend, _ *time.Time) {
			b.Conf = config.Default()
			b.Conf.RecoverMasterClusterFilters = []string{"*"}
		}, false, false, 0, 2},
	} {
		t.Run(name, func(t *testing.T) {
			b, now := operatetest.New(), operatetest.Now()
			e := b.Engine()
			e.Now = func() time.Time { return now }
			ask := func(command string) operate.Result {
				t.Helper()
				r, err := operate.NewRegistry().Command(command).Call(context.Background(), e, operate.Input{})
				if err != nil || r.Shared == nil {
					t.Fatalf("%+v, %v", r, err)
				}
				return r
			}
			analysis, clusters := ask("replication-analysis"), ask("clusters-alias")
			before := len(analysis.Value.(operate.Findings))
			c.change(b, &now)
			again := ask("replication-analysis")
			if got := again.Shared == analysis.Shared; got != c.same {
				t.Errorf("the analysis is shared: %t, want %t", got, c.same)
			}
			if got := len(again.Value.(operate.Findings)) - before; got < c.found || c.found == 0 && got != 0 {
				t.Errorf("%d findings more, want %d", got, c.found)
			}
			next := ask("clusters-alias")
			if got := next.Shared == clusters.Shared; got != (c.same || c.moments) {
				t.Errorf("the clusters are shared: %t", got)
			}
			recover := 0
			for _, c := range next.Value.([]operate.Cluster) {
				if c.RecoversPrimary {
					recover++
				}
			}
			if recover != c.recover {
				t.Errorf("%d clusters recover, want %d", recover, c.recover)
			}
		})
	}
}

func TestSharedKeepsWhatWasMade(t *testing.T) {
	var s operate.Shared
	calls := 0
	ask := func(fail error) (any, error) {
		return s.Once("text", func() (any, error) { calls++; return calls, fail })
	}
	if v, err := ask(errors.New("no")); v != nil || err == nil {
		t.Errorf("%v, %v", v, err)
	}
	for range 2 {
		if v, err := ask(nil); v != 2 || err != nil {
			t.Errorf("%v, %v", v, err)
		}
	}
	if v, _ := s.Once("other", func() (any, error) { return "mine", nil }); v != "mine" {
		t.Errorf("another key has %v", v)
	}
}
