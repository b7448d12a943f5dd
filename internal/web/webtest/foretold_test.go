package webtest_test

import (
	"context"
	"testing"

	"orchestrator/internal/analysis"
	"orchestrator/internal/failover"
	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/operate"
	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/topology"
	"orchestrator/internal/web"
)

// foretold answers what would happen by the real chooser and the real rules, on the fleet of the backend.
type foretold struct{ *operatetest.Backend }

func (f foretold) Explain(_ context.Context, cluster string, key topology.Key, code analysis.Code) (failover.Explanation, error) {
	t := f.Fleet
	if i := t.Instance(key); cluster == "" && i != nil {
		cluster = i.ClusterName
	}
	if c := t.Cluster(cluster); c != nil {
		t = topology.New(c.Members, t.Names())
	}
	state := failover.State{Now: operatetest.Now(), Complete: true, Leader: f.Leading, Leaderless: f.Astray, GlobalDisabled: f.Global.Disabled}
	return failover.Explain(t, key, code, failover.PoliciesOf(f.Conf), state), nil
}

// startForetold serves the backend with forecasts of its clusters.
func startForetold(t *testing.T, b *operatetest.Backend, change func(e *operate.Engine), changeDeps func(d *v2.Deps), options ...func(*web.Options)) *service {
	t.Helper()
	f := foretold{b}
	return startWith(t, b, func(e *operate.Engine) {
		e.Takeovers = f
		if change != nil {
			change(e)
		}
	}, func(d *v2.Deps) {
		d.Forecast = func(ctx context.Context, cluster string, code analysis.Code) (failover.Explanation, error) {
			return f.Explain(ctx, cluster, topology.Key{}, code)
		}
		if changeDeps != nil {
			changeDeps(d)
		}
	}, options...)
}
