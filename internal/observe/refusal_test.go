package observe

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// unwilling is a fleet of which nobody answers while err is set.
type unwilling struct {
	*fleet
	mu  sync.Mutex
	err error
}

func (u *unwilling) say(err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.err = err
}

func (u *unwilling) Probe(ctx context.Context, k topology.Key, ask Ask) (Answer, error) {
	u.mu.Lock()
	err := u.err
	u.mu.Unlock()
	if err != nil {
		return Answer{}, err
	}
	return u.fleet.Probe(ctx, k, ask)
}

// TestServersThatCannotBeReadAreNamedOnce: a seed that never answered is logged once, another reason is news, and the
// same reason in other words is none.
func TestServersThatCannotBeReadAreNamedOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFleet()
		f.add("p", "")
		failure := func(kind server.Kind, text string) error {
			return &server.Error{Key: key("p"), Op: "connect", Kind: kind, Err: errors.New(text)}
		}
		u := &unwilling{fleet: f}
		u.say(failure(server.Refused, "refused"))
		var log bytes.Buffer
		o := observe(t, f, seeds("p"), func(o *Options) {
			o.Prober = u
			o.Logger = slog.New(slog.NewTextHandler(&log, nil))
		})
		for _, c := range []struct {
			err  error
			said int // lines so far
			text string
		}{
			{failure(server.Refused, "refused"), 1, "never_seen=true"},
			{failure(server.Timeout, "timeout"), 1, "never_seen=true"},
			{failure(server.AccessDenied, "1045"), 2, "1045"},
			{failure(server.AccessDenied, "1045 again"), 2, "1045"},
			{failure(server.Refused, "refused"), 3, "refused"},
		} {
			u.say(c.err)
			time.Sleep(3 * o.poll())
			synctest.Wait()
			if n := strings.Count(log.String(), "server cannot be read"); n != c.said || !strings.Contains(log.String(), c.text) {
				t.Errorf("after %v: said %d times, want %d:\n%s", c.err, n, c.said, log.String())
			}
		}
		u.say(nil)
		time.Sleep(3 * o.poll())
		synctest.Wait()
		if i := o.Instance(key("p")); !i.LastCheckValid() {
			t.Errorf("not discovered in the end: %+v", i)
		}
		o.stop()
	})
}
