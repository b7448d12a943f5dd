package move

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/correlate"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// primary takes entries.
type primary struct {
	closed  bool
	grants  []string
	asked   int
	entries []string
}

func (p *primary) ReadOnly(context.Context) (server.ReadOnlyState, error) {
	return server.ReadOnlyState{ReadOnly: p.closed}, nil
}

func (p *primary) Grants(context.Context) ([]string, error) {
	p.asked++
	return p.grants, nil
}

func (p *primary) InjectPseudoGTID(_ context.Context, name string) error {
	p.entries = append(p.entries, name)
	return nil
}

// chair leads, or does not, and may find out late.
type chair struct{ follows, lost bool }

func (c *chair) IsLeader() bool { return !c.follows }
func (c *chair) Confirm(context.Context) error {
	if c.lost {
		return errors.New("follows")
	}
	return nil
}

// TestInjection writes entries for a minute and a little, in which something may be in the way.
func TestInjection(t *testing.T) {
	k := topology.Key{Hostname: "db1", Port: 3306}
	allowed := []string{"GRANT DROP ON `_pseudo_gtid_`.* TO `orc`@`%`"}
	for name, c := range map[string]struct {
		prepare func(*primary, *chair, *config.Config)
		busy    bool
		want    int
	}{
		"every five seconds":      {prepare: func(*primary, *chair, *config.Config) {}, want: 13},
		"not asked for":           {prepare: func(_ *primary, _ *chair, c *config.Config) { c.AutoPseudoGTID = false }},
		"it does not lead":        {prepare: func(_ *primary, l *chair, _ *config.Config) { l.follows = true }},
		"it leads no more":        {prepare: func(_ *primary, l *chair, _ *config.Config) { l.lost = true }},
		"closed a moment ago":     {prepare: func(p *primary, _ *chair, _ *config.Config) { p.closed = true }},
		"no grant":                {prepare: func(p *primary, _ *chair, _ *config.Config) { p.grants = nil }},
		"a recovery is under way": {prepare: func(*primary, *chair, *config.Config) {}, busy: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				now := time.Now()
				picture := topology.New([]*topology.Instance{{
					Key: k, ClusterName: "db1:3306", ServerID: 7, LogBin: true, Check: topology.Check{Attempted: now, Checked: now, Seen: now},
				}}, topology.Names{})
				p, l, conf, recorded := &primary{grants: allowed}, &chair{}, config.Default(), 0
				conf.AutoPseudoGTID = true
				c.prepare(p, l, conf)
				j := NewInjector(InjectorOptions{
					Snapshot: func() *topology.Topology { return picture }, Servers: func(topology.Key) Injected { return p }, Leader: l,
					Config: func() *config.Config { return conf }, Busy: func(string) bool { return c.busy }, Now: time.Now,
					Record: func(_ context.Context, cluster string) error {
						if cluster == "db1:3306" {
							recorded++
						}
						return nil
					},
				})
				ctx, cancel := context.WithTimeout(t.Context(), 66*time.Second)
				defer cancel()
				j.Run(ctx)
				if len(p.entries) != c.want || recorded != c.want || p.asked > 2 {
					t.Errorf("%d entries, %d recorded, grants asked %d times", len(p.entries), recorded, p.asked)
				}
				ascending := correlate.Marker{Fixed: "_", Ascending: "asc:"}
				for n := 1; n < len(p.entries); n++ {
					if !ascending.Later(p.entries[n], p.entries[n-1]) {
						t.Errorf("%s after %s", p.entries[n], p.entries[n-1])
					}
				}
				if c.want > 0 && (!strings.Contains(p.entries[0], ":00000007:") || len(p.entries[0]) > 64) {
					t.Errorf("an entry is named %s", p.entries[0])
				}
			})
		})
	}
}
