package operatetest

import (
	"context"
	"time"

	"orchestrator/internal/operate"
	"orchestrator/internal/topology"
)

// SubmitPool notes the call.
func (b *Backend) SubmitPool(_ context.Context, pool string, keys []topology.Key) error {
	return b.note("submit-pool %s %s", pool, topology.JoinKeys(keys))
}

// Pools are two; one has a member that nobody knows.
func (b *Backend) Pools(context.Context) (map[string][]topology.Key, error) {
	return map[string][]topology.Key{
		"reporting": {Key("db-b1"), Key("db-a2"), Key("solo")},
		"backup":    {Key("db-a3"), Key("db-b1"), Key("unknown")},
	}, b.Fail
}

// PutAttribute notes the call.
func (b *Backend) PutAttribute(_ context.Context, name, value string) error {
	return b.note("attribute %s=%s", name, value)
}

// Attribute knows that of the domain of db-a1:3306.
func (b *Backend) Attribute(_ context.Context, name string) (string, bool, error) {
	return "db-a2:3306", name == "orders.example.com", b.Fail
}

// GameDays were none.
func (b *Backend) GameDays(context.Context) ([]operate.GameDay, error) { return nil, b.Fail }

// PutGameDay notes the call.
func (b *Backend) PutGameDay(_ context.Context, d operate.GameDay) error {
	return b.note("game day of %s: %s", d.Server, d.Hypothesis)
}

// PutPrimary notes the call.
func (b *Backend) PutPrimary(_ context.Context, alias string, primary topology.Key) ([]operate.KeyValue, error) {
	return []operate.KeyValue{{Key: "mysql/master/" + alias, Value: primary.String()}, {Key: "mysql/master/" + alias + "/hostname", Value: primary.Hostname}},
		b.note("put primary %s %s", alias, primary)
}

// Reach finds a server everywhere, unless Fail is set.
func (b *Backend) Reach(context.Context, topology.Key) error { return b.Fail }

// Cached is what a name resolved to.
func (b *Backend) Cached() map[string]operate.CachedName {
	return map[string]operate.CachedName{"orders-db": {Name: "db-a1", Expires: Now().Add(time.Hour)}}
}

// ResetCache notes the call.
func (b *Backend) ResetCache(context.Context) error { return b.note("reset names") }

// Resolved are two names.
func (b *Backend) Resolved(context.Context) (map[string]string, error) {
	return map[string]string{"orders-db": "db-a1", "db-a1": "db-a1"}, b.Fail
}

// Virtual is one name.
func (b *Backend) Virtual(context.Context) (map[string]string, error) {
	return map[string]string{"db-a1": "orders-vip"}, b.Fail
}

// RegisterVirtual notes the call.
func (b *Backend) RegisterVirtual(_ context.Context, host, virtual string) error {
	return b.note("register name %s %s", host, virtual)
}

// DeregisterVirtual notes the call.
func (b *Backend) DeregisterVirtual(_ context.Context, host string) error {
	return b.note("deregister name %s", host)
}

// Snapshot notes the call.
func (b *Backend) Snapshot(context.Context) error { return b.note("snapshot") }

// Snapshots are an hour and two hours old.
func (b *Backend) Snapshots(context.Context) ([]time.Time, error) {
	return []time.Time{Now().Add(-time.Hour), Now().Add(-2 * time.Hour)}, b.Fail
}

// ClusterAt is db-a1 with db-a2 below it; an hour earlier it was the other way round.
func (b *Backend) ClusterAt(_ context.Context, cluster string, at time.Time) ([]operate.PastServer, error) {
	if cluster != "db-a1:3306" {
		return nil, b.Fail
	}
	top, below := Key("db-a1"), Key("db-a2")
	if at.Before(Now().Add(-90 * time.Minute)) {
		top, below = below, top
	}
	return []operate.PastServer{{Key: top}, {Key: below, Source: top}}, b.Fail
}

// Equivalents knows one.
func (b *Backend) Equivalents(_ context.Context, p operate.PositionOn) ([]operate.PositionOn, error) {
	return []operate.PositionOn{{Key: Key("db-a2"), Coordinates: topology.Coordinates{LogFile: p.Coordinates.LogFile + "x", LogPos: p.Coordinates.LogPos + 1}}}, b.Fail
}

// Grab notes the call.
func (b *Backend) Grab(context.Context) error { return b.note("grab") }

// Reelect notes the call.
func (b *Backend) Reelect(context.Context) error { return b.note("reelect") }

// Nodes are two.
func (b *Backend) Nodes(context.Context) ([]operate.NodeHealth, error) {
	return []operate.NodeHealth{{Hostname: "node1", Token: "t0ken"}, {Hostname: "node2", Token: "other"}}, b.Fail
}

// Issue notes the call.
func (b *Backend) Issue(_ context.Context, owner string) (string, error) {
	return "public", b.note("token for %s", owner)
}

// Writes are two, one of which failed when Fail is set.
func (b *Backend) Writes(since time.Time) []operate.BackendWrite {
	list := []operate.BackendWrite{
		{At: Now().Add(-4 * time.Second), Wait: time.Millisecond, Took: 3 * time.Millisecond},
		{At: Now().Add(-2 * time.Second), Wait: 3 * time.Millisecond, Took: 5 * time.Millisecond, Err: b.Fail},
	}
	return after(list, func(w operate.BackendWrite) time.Time { return w.At }, since)
}

// Flushes are two.
func (b *Backend) Flushes(since time.Time) []operate.BufferFlush {
	list := []operate.BufferFlush{
		{At: Now().Add(-4 * time.Second), Instances: 3, Wait: time.Second, Took: 4 * time.Millisecond},
		{At: Now().Add(-2 * time.Second), Instances: 5, Wait: 500 * time.Millisecond, Took: 6 * time.Millisecond},
	}
	return after(list, func(f operate.BufferFlush) time.Time { return f.At }, since)
}

func after[T any](list []T, at func(T) time.Time, since time.Time) []T {
	var kept []T
	for _, x := range list {
		if !at(x).Before(since) {
			kept = append(kept, x)
		}
	}
	return kept
}
