package recovery

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/topology"
)

// cannotClone is a bench as clonable makes it, on MariaDB.
func cannotClone(b *bench) {
	clonable(b)
	for _, name := range []string{"p", "a", "b"} {
		b.change(name, func(i *topology.Instance) { i.Flavor, i.Version = topology.FlavorMariaDB, "10.11.18-MariaDB-log" })
	}
}

const byHooks = `"AutoRejoin": "clone", "RebuildProcesses": ["copy {donorHost} {failedHost}"]`

func TestRebuildByHooks(t *testing.T) {
	inBubble(t, pair, byHooks, func(t *testing.T, b *bench) {
		cannotClone(b)
		locked := false
		b.hooks.on["RebuildProcesses"] = func(context.Context) error {
			m := b.ledger.maintenance
			locked = len(m) == 1 && m[0].Key == key("p") && m[0].Bounded && m[0].End.After(time.Now().Add(time.Hour))
			b.lose("p")
			time.AfterFunc(5*time.Second, func() {
				b.change("p", func(i *topology.Instance) {
					i.Check.Err, i.Check.Seen, i.Check.Checked, i.ReadOnly = "", time.Now(), time.Now(), false
				})
			})
			return nil
		}
		if err := b.engine.rebuild(t.Context(), key("p"), errors.New("extra")); err != nil {
			t.Fatal(err)
		}
		if v := b.hooks.last; v.Donor != key("b") || v.Failed != key("p") || v.Successor != key("a") {
			t.Errorf("the hook was told %+v", v)
		}
		if !locked || !slices.Contains(b.ledger.calls, "EndMaintenance 1") {
			t.Errorf("locked while it ran: %t, maintenance %+v, calls %q", locked, b.ledger.maintenance, b.ledger.calls)
		}
		if p := b.Snapshot().Instance(key("p")); !p.ReadOnly {
			t.Error("it came back open and was not closed")
		}
	})
}

func TestWhatHooksDoNotRebuild(t *testing.T) {
	for name, c := range map[string]struct {
		settings string
		change   func(b *bench)
		says     string
		runs     bool
	}{
		"no commands":          {`"AutoRejoin": "clone"`, func(*bench) {}, "only MySQL", false},
		"somebody works on it": {byHooks, func(b *bench) { b.ledger.fail["BeginMaintenance"] = errNo }, errNo.Error(), false},
		"the command fails":    {byHooks, func(b *bench) { b.hooks.on["RebuildProcesses"] = func(context.Context) error { return errNo } }, errNo.Error(), true},
		"it does not come back": {byHooks, func(b *bench) {
			b.hooks.on["RebuildProcesses"] = func(context.Context) error { b.lose("p"); return nil }
		}, "does not answer", true},
		"there is no donor":       {byHooks, func(b *bench) { b.change("b", func(i *topology.Instance) { i.ErrantSet = "x" }) }, "no replica", false},
		"this node leads no more": {byHooks, func(b *bench) { b.leader.set(false) }, errNo.Error(), false},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, pair, c.settings, func(t *testing.T, b *bench) {
				cannotClone(b)
				c.change(b)
				err := b.engine.rebuild(t.Context(), key("p"), errors.New("extra"))
				if err == nil || !strings.Contains(err.Error(), c.says) {
					t.Errorf("%v does not say %q", err, c.says)
				}
				if ran := slices.Contains(b.hooks.lists(), "RebuildProcesses"); ran != c.runs {
					t.Errorf("the commands ran: %t", ran)
				}
				if held := len(b.ledger.maintenance) > 0 && b.ledger.fail["BeginMaintenance"] == nil; held != slices.Contains(b.ledger.calls, "EndMaintenance 1") {
					t.Errorf("the lock was taken: %t, calls %q", held, b.ledger.calls)
				}
			})
		})
	}
}
