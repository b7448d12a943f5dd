package observe

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestAServerThatWasRepointed: what a manager has changed shows at once, whatever becomes of the server.
func TestAServerThatWasRepointed(t *testing.T) {
	source := func(o *running) string { return o.Instance(key("r1")).Channel.Source.Hostname }
	for name, c := range map[string]struct {
		happens func(*testing.T, *fleet, *running)
		want    string
	}{
		"it is lost before anybody looks": {func(_ *testing.T, f *fleet, o *running) {
			f.kill("r1", 0)
			o.Apply(Repointed{Key: key("r1"), Source: key("r0")})
			time.Sleep(time.Minute)
		}, "r0"},
		"a look at it was under way": {func(t *testing.T, f *fleet, o *running) {
			f.mu.Lock()
			f.delay = 20 * time.Millisecond
			f.mu.Unlock()
			time.AfterFunc(10*time.Millisecond, func() { o.Apply(Repointed{Key: key("r1"), Source: key("r0")}) })
			if err := o.Probe(t.Context(), key("r1")); err != nil {
				t.Error(err)
			}
			synctest.Wait()
		}, "r0"},
		"what the next look shows counts": {func(t *testing.T, _ *fleet, o *running) {
			o.Apply(Repointed{Key: key("r1"), Source: key("r0")})
			time.Sleep(time.Millisecond)
			if err := o.Probe(t.Context(), key("r1")); err != nil {
				t.Error(err)
			}
		}, "p"},
		"another channel": {func(_ *testing.T, _ *fleet, o *running) {
			o.Apply(Repointed{Key: key("r1"), Channel: "second", Source: key("r0")})
		}, "p"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := star(2)
				o := observe(t, f, nil)
				defer o.stop()
				o.discover(t, "p")
				c.happens(t, f, o)
				if got := source(o); got != c.want {
					t.Errorf("it is shown below %s, not %s", got, c.want)
				}
			})
		})
	}
}
