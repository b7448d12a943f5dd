package store

import (
	"testing"
	"time"

	"orchestrator/internal/topology"
)

// TestLateWordsDoNotReplaceNewerOnes publishes the primaries of one cluster in the orders in which several managers may.
func TestLateWordsDoNotReplaceNewerOnes(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	after := func(d time.Duration) time.Time { return at.Add(d) }
	a, b, c := topology.Key{Hostname: "a", Port: 1}, topology.Key{Hostname: "b", Port: 1}, topology.Key{Hostname: "c", Port: 1}
	say := func(k topology.Key) Publication {
		return Publication{Alias: "orders", Primary: k, Pairs: []KV{{"m/orders", k.String()}}}
	}
	began := func(k topology.Key, t time.Time) Publication { p := say(k); p.Began = t; return p }
	seen := func(k topology.Key, t time.Time) Publication { p := say(k); p.Seen = t; return p }
	type said struct {
		now  time.Time
		what Publication
		done bool
	}
	for name, test := range map[string]struct {
		said []said
		want topology.Key
	}{
		"the first word holds":                     {[]said{{after(0), seen(a, after(-time.Hour)), true}}, a},
		"a recovery replaces what was seen":        {[]said{{after(0), seen(a, at), true}, {after(1), began(b, after(-time.Minute)), true}}, b},
		"a look before the recovery ended is late": {[]said{{after(5 * time.Second), began(b, at), true}, {after(6 * time.Second), seen(a, after(4900*time.Millisecond)), false}}, b},
		"a look in the same second is late too":    {[]said{{after(900 * time.Millisecond), began(b, at), true}, {after(time.Second), seen(a, after(500*time.Millisecond)), false}}, b},
		"a later look holds":                       {[]said{{after(5 * time.Second), began(b, at), true}, {after(7 * time.Second), seen(a, after(6*time.Second)), true}}, a},
		"an older recovery is late":                {[]said{{after(0), began(b, after(-time.Minute)), true}, {after(time.Hour), began(c, after(-time.Hour)), false}}, b},
		"a newer recovery holds":                   {[]said{{after(0), began(b, after(-time.Minute)), true}, {after(1), began(c, after(-time.Second)), true}}, c},
		"a look does not make a recovery late": {[]said{
			{after(0), seen(a, at), true}, {after(time.Minute), began(b, after(-time.Second)), true},
		}, b},
		"a look does not hide how old a recovery is": {[]said{
			{after(0), began(b, after(-time.Second)), true}, {after(time.Minute), seen(c, after(time.Second)), true}, {after(time.Hour), began(a, after(-time.Hour)), false},
		}, c},
		"a person is always heard": {[]said{{after(0), began(b, at), true}, {after(1), say(a), true}}, a},
	} {
		t.Run(name, func(t *testing.T) {
			s, ctx := lite(t), t.Context()
			var revision int64
			for n, w := range test.said {
				s.now = func() time.Time { return w.now }
				got, done, err := s.PublishPrimary(ctx, w.what)
				if err != nil || done != w.done {
					t.Fatalf("word %d: %v, %v", n, done, err)
				}
				if done && got.Revision <= revision {
					t.Errorf("word %d: revision %d after %d", n, got.Revision, revision)
				}
				revision = got.Revision
			}
			list, err := s.PublishedPrimaries(ctx)
			if err != nil || len(list) != 1 || list[0].Primary != test.want || list[0].Revision != revision {
				t.Errorf("published %+v, %v", list, err)
			}
			if text, ok, err := s.GetKV(ctx, "m/orders"); err != nil || !ok || text != test.want.String() {
				t.Errorf("the entry says %q, %v", text, err)
			}
		})
	}
}

// TestPublishedAgain says the same twice, says it with fewer entries, and with a clock that was set back.
func TestPublishedAgain(t *testing.T) {
	s, ctx := lite(t), t.Context()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s.now = func() time.Time { return now }
	p := Publication{
		Alias: "orders", Primary: topology.Key{Hostname: "a", Port: 1}, Pairs: []KV{{"m/orders", "a:1"}, {"m/orders/ipv4", "10.0.0.1"}}, Began: now.Add(-time.Second + 1),
	}
	first, done, err := s.PublishPrimary(ctx, p)
	if err != nil || !done || first.Revision != now.UnixMilli() {
		t.Fatalf("published %+v, %v, %v", first, done, err)
	}
	for name, began := range map[string]time.Time{"by the same process": p.Began, "by the next leader, who has read the record": p.Began.Truncate(time.Second)} {
		again := p
		again.Began = began
		if got, done, err := s.PublishPrimary(ctx, again); err != nil || !done || got.Revision != first.Revision {
			t.Errorf("%s: %+v, %v, %v", name, got, done, err)
		}
	}
	now = now.Add(-time.Hour)
	p.Began, p.Pairs = time.Time{}, p.Pairs[:1]
	got, done, err := s.PublishPrimary(ctx, p)
	if err != nil || !done || got.Revision != first.Revision+1 {
		t.Errorf("with a clock that was set back: %+v, %v, %v", got, done, err)
	}
	if kept, err := s.ListKV(ctx, "m/"); err != nil || len(kept) != 1 {
		t.Errorf("entries %v, %v: the address of the server before is still there", kept, err)
	}
	if _, done, err := s.PublishPrimary(ctx, Publication{}); err != nil || done {
		t.Errorf("a cluster without alias: %v, %v", done, err)
	}
}
