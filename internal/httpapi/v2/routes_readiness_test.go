package v2

import (
	"strings"
	"testing"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/operate"
	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/topology"
)

// TestReadiness: each item says by itself whether it is as it should be, and what is not.
func TestReadiness(t *testing.T) {
	t.Parallel()
	one, none, code := uint64(1), uint64(0), 3
	good := 0
	row := func(alias string, f *ForecastShort) ClusterRow { return ClusterRow{Alias: alias, Forecast: f} }
	hooks := []operate.HookList{{Name: "PostFailoverProcesses", Commands: []string{"a", "b"}}}
	ran := func(number int, code *int) operate.HookRun {
		return operate.HookRun{List: "PostFailoverProcesses", Number: number, ExitCode: code}
	}
	refused := &topology.Instance{Key: operatetest.Key("db-x")}
	refused.Check = topology.Check{Attempted: operatetest.Now(), Checked: operatetest.Now(), Err: "Access denied for user 'orchestrator'"}
	away := &topology.Instance{Key: operatetest.Key("db-y")}
	away.Check = topology.Check{Attempted: operatetest.Now(), Checked: operatetest.Now(), Err: "connection refused"}
	old, isOld := migrationReady([]config.Warning{{Kind: config.LegacyKey}, {Kind: config.DeadKey}})
	if _, is := migrationReady([]config.Warning{{Kind: config.UnknownKey}}); is || !isOld {
		t.Error("what is of a former version is not told from a slip")
	}
	node := Node{Here: true}
	for n, c := range []struct {
		is           ReadinessItem
		status, says string
	}{
		{managersReady(Nodes{Healthy: true, Leader: "a", Nodes: []Node{node, node}, Sentence: "2 managers are here."}), "ok", "2 managers are here."},
		{managersReady(Nodes{Healthy: true, Leader: "a", Nodes: []Node{node}, Sentence: "One manager."}), "warn", "A second and a third one"},
		{managersReady(Nodes{Healthy: true, Leader: "", Nodes: []Node{node, node}}), "warn", ""},
		{managersReady(Nodes{Healthy: true, Leader: "a", Nodes: []Node{node, {}}}), "warn", ""},
		{switchReady(true), "warn", "off everywhere"},
		{switchReady(false), "ok", "is on"},
		{failoverReady(nil), "warn", "No server is known"},
		{failoverReady([]ClusterRow{row("orders", nil)}), "info", "1 cluster is not there yet"},
		{failoverReady([]ClusterRow{row("orders", &ForecastShort{Sentence: "it is in downtime"}), row("x", nil)}), "warn", "orders: it is in downtime"},
		{failoverReady([]ClusterRow{row("orders", &ForecastShort{Would: true})}), "ok", "All clusters"},
		{durabilityReady([]ClusterRow{row("orders", &ForecastShort{Would: true, Risk: &one})}), "warn", "orders: 1 transaction at this moment"},
		{durabilityReady([]ClusterRow{row("orders", &ForecastShort{Would: true})}), "warn", "orders: what its primary alone holds cannot be known"},
		{durabilityReady([]ClusterRow{row("orders", &ForecastShort{Would: true, Risk: &none})}), "ok", "would lose"},
		{durabilityReady([]ClusterRow{row("orders", nil)}), "info", "not known yet"},
		{accessReady([]*topology.Instance{refused, away}), "warn", "1 server refuses"},
		{accessReady([]*topology.Instance{away}), "ok", "No server refuses"},
		{old, "info", "1 old name still works."},
		{programsReady([]operate.HookList{{Name: "PostFailoverProcesses"}}, nil), "info", "No program"},
		{programsReady(hooks, []operate.HookRun{ran(1, &good)}), "warn", "PostFailoverProcesses, number 2 has not run"},
		{programsReady(hooks, []operate.HookRun{ran(1, &code), ran(1, &good), ran(2, &good)}), "warn", "number 1 has failed"},
		{programsReady(hooks, []operate.HookRun{ran(1, &good), ran(1, &code), ran(2, &good)}), "ok", "ended well"},
		{rehearsalReady(nil), "warn", "No failure was rehearsed"},
		{rehearsalReady([]operate.GameDay{{Error: "refused"}}), "warn", "No failure was rehearsed"},
		{rehearsalReady([]operate.GameDay{{Alias: "orders", Begun: time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)}}), "ok", "2026-02-03, in orders"},
	} {
		if text := c.is.Title + " " + strings.Join(c.is.More, " "); c.is.Status != c.status || !strings.Contains(text, c.says) {
			t.Errorf("%d: %s %q, not %s %q", n, c.is.Status, text, c.status, c.says)
		}
	}
}
