package operate_test

import (
	"context"
	"strings"
	"testing"

	"orchestrator/internal/analysis"
	"orchestrator/internal/failover"
	"orchestrator/internal/operate"
	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// willing would repair every failure.
type willing struct{ operate.Takeovers }

func (willing) Explain(_ context.Context, cluster string, key topology.Key, _ analysis.Code) (failover.Explanation, error) {
	return failover.Explanation{Cluster: cluster, Failed: key, Would: true, Plan: plan.Plan{Title: "db-a2 takes over", Successor: operatetest.Key("db-a2")}}, nil
}

// memory keeps attributes.
type memory map[string]string

func (m memory) PutAttribute(_ context.Context, name, value string) error {
	m[name] = value
	return nil
}

func (m memory) Attribute(_ context.Context, name string) (string, bool, error) {
	value, ok := m[name]
	return value, ok, nil
}

// TestGameDay: nothing is struck before it is said which cluster is meant and what is expected, before it is recorded, or
// where nobody would answer.
func TestGameDay(t *testing.T) {
	type values = map[operate.Param]string
	whole := values{operate.ParamInstance: "db-a1", operate.ParamCluster: "orders", operate.ParamReason: "db-a2 takes over"}
	without := func(p operate.Param) values {
		v := values{}
		for k, text := range whole {
			if k != p {
				v[k] = text
			}
		}
		return v
	}
	other := without(operate.ParamCluster)
	other[operate.ParamCluster] = "db-a2" // a hint that finds the cluster, and not its alias
	for name, c := range map[string]struct {
		values   values
		prepare  func(*operatetest.Backend, *operate.Engine)
		refused  string
		helpless bool // nothing would be done about the failure
	}{
		"all is said":       {values: whole},
		"no alias":          {values: without(operate.ParamCluster), refused: "is not the alias"},
		"another cluster":   {values: other, refused: "is not the alias"},
		"nothing expected":  {values: without(operate.ParamReason), refused: "what you expect"},
		"nobody answers":    {values: whole, helpless: true, refused: "nothing would be done about its failure by itself: no filter"},
		"not recorded":      {values: whole, prepare: func(_ *operatetest.Backend, e *operate.Engine) { e.Attributes = nil }, refused: "it cannot be recorded"},
		"refused by a rule": {values: whole, prepare: func(b *operatetest.Backend, _ *operate.Engine) { b.Fail = context.DeadlineExceeded }, refused: "deadline"},
	} {
		t.Run(name, func(t *testing.T) {
			b := operatetest.New()
			e := b.Engine()
			e.Attributes = memory{}
			if !c.helpless {
				e.Takeovers = willing{e.Takeovers}
			}
			if c.prepare != nil {
				c.prepare(b, e)
			}
			_, err := operate.NewRegistry().Named("game-day").Call(t.Context(), e, operate.Input{Values: c.values, User: "alice"})
			struck := false
			for _, call := range b.Calls {
				struck = struck || strings.Contains(call, "game-day db-a1")
			}
			if c.refused != "" {
				if err == nil || !strings.Contains(err.Error(), c.refused) || struck {
					t.Fatalf("%v; struck: %t (%q)", err, struck, b.Calls)
				}
				return
			}
			if err != nil || !struck {
				t.Fatalf("%v; %q", err, b.Calls)
			}
			days, err := e.GameDays(t.Context())
			if err != nil || len(days) != 1 || days[0].Hypothesis != "db-a2 takes over" || days[0].Owner != "alice" || days[0].Alias != "orders" {
				t.Errorf("%v %+v", err, days)
			}
		})
	}
}
