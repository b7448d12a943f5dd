package store

import (
	"errors"
	"testing"
	"time"
)

func TestWritesAreRemembered(t *testing.T) {
	s, clock := openTest(t)
	first := clock.t
	must(t, s.PutKV(t.Context(), KV{"a", "b"}))
	clock.advance(time.Minute)
	must(t, s.SaveResolvedNames(t.Context(), ResolvedName{Hostname: "a", Resolved: "b"}))
	second := clock.t
	if all := s.Writes(first); len(all) < 2 || all[len(all)-1].At != second || all[len(all)-1].Took <= 0 || all[len(all)-1].Err != nil {
		t.Errorf("all writes: %+v", all)
	}
	if later := s.Writes(second); len(later) != 1 {
		t.Errorf("the later write: %+v", later)
	}

	bad := errors.New("disk full")
	for range keptWrites {
		s.wrote(time.Now(), time.Time{}, nil)
	}
	s.wrote(time.Now().Add(-time.Second), time.Time{}, bad) // never came to its turn
	all := s.Writes(time.Time{})
	last := all[len(all)-1]
	if len(all) != keptWrites || !errors.Is(last.Err, bad) || last.Wait < time.Second || last.Took != 0 {
		t.Errorf("%d are kept, the last one is %+v", len(all), last)
	}
}

func TestPrimaryPairs(t *testing.T) {
	s, _ := openTest(t)
	ctx := t.Context()
	must(t, s.SaveHostIPs(ctx, HostIPs{Hostname: "db2", IPv4: "10.0.0.2"}))
	for name, c := range map[string]struct {
		prefix, alias, host string
		want                []KV
	}{
		"no alias":     {"mysql/master/", "", "db1", nil},
		"no addresses": {"mysql/master/", "a", "db1", []KV{{"mysql/master/a", "db1:3306"}, {"mysql/master/a/hostname", "db1"}, {"mysql/master/a/port", "3306"}}},
		"addresses":    {"/", "a", "db2", []KV{{"a", "db2:3306"}, {"a/hostname", "db2"}, {"a/port", "3306"}, {"a/ipv4", "10.0.0.2"}, {"a/ipv6", ""}}},
	} {
		t.Run(name, func(t *testing.T) {
			same(t, name, got(t, must2(s.PrimaryPairs(ctx, c.prefix, c.alias, key(c.host))), nil), c.want)
		})
	}
}
