package recovery

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// fakeFormer is a server that can be cloned.
type fakeFormer struct {
	LogReader
	status func() (server.CloneStatus, error)
	clone  func(donor topology.Key) error
}

func (f fakeFormer) CloneStatus(context.Context) (server.CloneStatus, error) { return f.status() }
func (f fakeFormer) CloneFrom(_ context.Context, donor topology.Key) error   { return f.clone(donor) }

// clonable is a bench after a failover from p to a: b replicates from a, p is back, closed, and counts as lost.
func clonable(b *bench) {
	b.engine.noteSuccessor(key("p"), key("a"))
	for _, name := range []string{"p", "a", "b"} {
		b.change(name, func(i *topology.Instance) {
			i.Flavor, i.Version, i.ReadOnly, i.Lag = topology.FlavorMySQL, "8.0.40", name != "a", topology.Seconds{Known: true}
			if name != "b" {
				i.Channel = topology.Channel{}
			} else {
				i.Channel.Source = key("a")
			}
		})
	}
	b.change("p", func(i *topology.Instance) {
		i.Downtime = &topology.Downtime{Reason: topology.ReasonLostInRecovery, Begin: time.Now(), End: time.Now().Add(time.Hour)}
	})
}

func TestWhatIsNotRebuilt(t *testing.T) {
	noPlugin := &server.Error{Kind: server.Unsupported, Err: errors.New("no plug-in")}
	for name, c := range map[string]struct {
		change func(b *bench)
		says   string // "" where it is rebuilt
	}{
		"nothing speaks against it": {func(*bench) {}, ""},
		"it takes writes":           {func(b *bench) { b.change("p", func(i *topology.Instance) { i.ReadOnly = false }) }, "opened it"},
		"it is not lost any more":   {func(b *bench) { b.change("p", func(i *topology.Instance) { i.Downtime = nil }) }, "does not count as lost"},
		"it replicates": {func(b *bench) {
			b.change("p", func(i *topology.Instance) { i.Channel.Source = key("b") })
		}, "it replicates from b:3306"},
		"others replicate from it": {func(b *bench) {
			b.change("b", func(i *topology.Instance) { i.Channel.Source = key("p") })
		}, "b:3306 replicates from it"},
		"somebody works on it": {func(b *bench) {
			b.change("p", func(i *topology.Instance) { i.Maintenance = &topology.Maintenance{Owner: "anna"} })
		}, "maintenance by anna"},
		"it is gone":    {func(b *bench) { b.lose("p") }, "in sight"},
		"it is MariaDB": {func(b *bench) { b.change("p", func(i *topology.Instance) { i.Flavor = topology.FlavorMariaDB }) }, "only MySQL"},
		"no donor": {func(b *bench) {
			b.change("b", func(i *topology.Instance) { i.Channel.SQLThread = topology.ThreadStopped })
		}, "no replica to clone"},
		"the donor has no plug-in":  {func(b *bench) { b.former("b", server.CloneStatus{}, noPlugin) }, "no plug-in"},
		"the server has no plug-in": {func(b *bench) { b.former("p", server.CloneStatus{}, noPlugin) }, "no plug-in"},
		"this node leads no more":   {func(b *bench) { b.leader.set(false) }, errNo.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, pair, "", func(t *testing.T, b *bench) {
				clonable(b)
				cloned := 0
				done := errors.New("cloned")
				b.formers = map[topology.Key]fakeFormer{}
				for _, name := range []string{"p", "b"} {
					b.former(name, server.CloneStatus{State: server.NeverCloned}, nil)
				}
				c.change(b)
				f := b.formers[key("p")]
				f.clone = func(donor topology.Key) error {
					cloned++
					if donor != key("b") {
						t.Errorf("the donor is %s", donor)
					}
					return &server.Error{Code: 3862, Err: done}
				}
				b.formers[key("p")] = f
				b.engine.o.Former = func(k topology.Key) Former { return b.formers[k] }
				err := b.engine.rebuild(t.Context(), key("p"), errors.New("extra"))
				switch {
				case c.says == "" && (cloned != 1 || !errors.Is(err, done)):
					t.Errorf("cloned %d times: %v", cloned, err)
				case c.says != "" && (cloned != 0 || err == nil || !strings.Contains(err.Error(), c.says)):
					t.Errorf("cloned %d times: %v, want %q", cloned, err, c.says)
				}
				b.engine.work.Wait()
			})
		})
	}
}

// former says what a server answers when it is asked for its clone.
func (b *bench) former(name string, status server.CloneStatus, err error) {
	b.formers[key(name)] = fakeFormer{status: func() (server.CloneStatus, error) { return status, err }}
}

// TestCloneOfCountsSinceTheLoss: what a clone long ago has left says nothing, and a failed one since says a lot.
func TestCloneOfCountsSinceTheLoss(t *testing.T) {
	lost := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	away := &server.Error{Kind: server.Refused, Err: errors.New("refused")}
	for name, c := range map[string]struct {
		state server.CloneState
		began time.Time
		err   error
		want  server.CloneState
		asks  bool // it is not ready
	}{
		"cloned since":      {server.Cloned, lost.Add(time.Minute), nil, server.Cloned, false},
		"failed since":      {server.CloneFailed, lost.Add(time.Minute), nil, server.CloneFailed, false},
		"long ago":          {server.CloneFailed, lost.Add(-time.Minute), nil, server.NeverCloned, false},
		"never":             {server.NeverCloned, time.Time{}, nil, server.NeverCloned, false},
		"under way":         {server.Cloning, lost.Add(time.Minute), nil, server.Cloning, true},
		"it cannot be told": {"", time.Time{}, away, server.NeverCloned, true},
		"no plug-in":        {"", time.Time{}, &server.Error{Kind: server.Unsupported, Err: errNo}, server.NeverCloned, false},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, pair, "", func(t *testing.T, b *bench) {
				b.engine.o.Former = func(topology.Key) Former {
					return fakeFormer{status: func() (server.CloneStatus, error) {
						return server.CloneStatus{State: c.state, Began: c.began}, c.err
					}}
				}
				i := &topology.Instance{Flavor: topology.FlavorMySQL, Version: "8.0.40", Downtime: &topology.Downtime{Reason: topology.ReasonLostInRecovery, Begin: lost}}
				got, err := b.engine.cloneOf(t.Context(), i)
				if got.State != c.want || errors.Is(err, errNotReady) != c.asks || !c.asks && err != nil {
					t.Errorf("%s, %v", got.State, err)
				}
			})
		})
	}
}
