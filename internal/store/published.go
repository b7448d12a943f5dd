package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"orchestrator/internal/topology"
)

// Publication says who the primary of a cluster is from now on, as far as applications are concerned. Where it comes
// from decides whether it may take the place of what was said before: a recovery gives Began, somebody who looked gives
// Seen, and what a person says has neither, and always may.
type Publication struct {
	Alias   string
	Primary topology.Key
	Pairs   []KV
	// Began is when the recovery that promoted the primary began. One that began before another one that has published
	// already comes too late.
	Began time.Time
	// Seen is when the primary was last seen taking writes. A look that is older than what was said last comes too late.
	Seen time.Time
}

// Published is what applications are told of a cluster.
type Published struct {
	Alias   string
	Primary topology.Key
	Pairs   []KV
	// Revision grows with each publication of the cluster, whichever node makes it; a store that holds a newer one must
	// not be given an older one. It is a time in milliseconds, or just above the one before, so that it also grows from one
	// backend to the next.
	Revision int64
	Decided  time.Time // when it was published
	Began    time.Time // when the newest recovery that published it began; zero when none has
}

// PublishPrimary notes who the primary of a cluster is, with its entries of the internal key-value store, in one step.
// done is false when it comes too late, and then what holds instead is returned, or when there is no alias to look it up
// by. Saying what is said already changes nothing, unless a person says it.
func (s *Store) PublishPrimary(ctx context.Context, p Publication) (now Published, done bool, err error) {
	if p.Alias == "" || len(p.Pairs) == 0 {
		return Published{}, false, nil
	}
	if s.agreed != nil {
		now, known, err := s.published(ctx, s.reader, p.Alias)
		if err != nil {
			return now, false, err
		}
		if known && !p.replaces(now) {
			return now, p.says(now), nil // nothing to agree on
		}
		answer, err := agree[publishedAnswer](ctx, s, publishPrimary{p})
		return answer.Published, answer.Done, err
	}
	err = s.tx(ctx, "publish the primary of "+p.Alias, func(tx *sql.Tx) error {
		before, known, err := s.published(ctx, tx, p.Alias)
		if err != nil {
			return err
		}
		if known && !p.replaces(before) {
			now, done = before, p.says(before)
			return nil
		}
		now = p.after(before, s.now())
		done = true
		return s.writePublished(ctx, tx, before, now)
	})
	return now, done, err
}

// replaces says whether a publication changes what was published before.
func (p Publication) replaces(before Published) bool {
	switch {
	case !p.Began.IsZero():
		began := before.Began.Truncate(time.Second)
		return !p.Began.Truncate(time.Second).Before(began) && !(p.says(before) && p.Began.Truncate(time.Second).Equal(began))
	case !p.Seen.IsZero():
		return p.Seen.After(before.Decided) && !p.says(before)
	}
	return true
}

// says tells whether a publication says the same as another.
func (p Publication) says(other Published) bool {
	return p.Primary == other.Primary && slices.Equal(p.Pairs, other.Pairs)
}

func (p Publication) after(before Published, now time.Time) Published {
	began := before.Began
	if !p.Began.IsZero() {
		began = p.Began
	}
	return Published{
		Alias: p.Alias, Primary: p.Primary, Pairs: p.Pairs, Revision: max(before.Revision+1, now.UnixMilli()), Decided: now.UTC(), Began: began,
	}
}

func (s *Store) writePublished(ctx context.Context, tx *sql.Tx, before, now Published) error {
	op := "publish the primary of " + now.Alias
	pairs, err := json.Marshal(now.Pairs)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	if _, err := s.execOn(ctx, tx, op, s.dialect.upsert("published_primary", "alias", "hostname, port, pairs, revision, decided_ms, recovery_began"),
		now.Alias, now.Primary.Hostname, now.Primary.Port, string(pairs), now.Revision, now.Decided.UnixMilli(), stampOrNull(now.Began)); err != nil {
		return err
	}
	for _, old := range before.Pairs {
		if slices.ContainsFunc(now.Pairs, func(p KV) bool { return p.Key == old.Key }) {
			continue
		}
		if _, err := s.execOn(ctx, tx, op, "DELETE FROM kv_store WHERE store_key = ?", old.Key); err != nil {
			return err
		}
	}
	for _, p := range now.Pairs {
		if _, err := s.execOn(ctx, tx, op, s.dialect.upsert("kv_store", "store_key", "store_value, last_updated"), p.Key, p.Value, stamp(now.Decided)); err != nil {
			return err
		}
	}
	return nil
}

const publishedColumns = "SELECT alias, hostname, port, pairs, revision, decided_ms, recovery_began FROM published_primary"

func (s *Store) published(ctx context.Context, q querier, alias string) (p Published, known bool, err error) {
	all, err := s.scanPublished(ctx, q, publishedColumns+" WHERE alias = ?", alias)
	if len(all) > 0 {
		p, known = all[0], true
	}
	return p, known, err
}

// PublishedPrimaries returns what applications are told, by alias.
func (s *Store) PublishedPrimaries(ctx context.Context) ([]Published, error) {
	return s.scanPublished(ctx, s.reader, publishedColumns+" ORDER BY alias")
}

func (s *Store) scanPublished(ctx context.Context, q querier, query string, args ...any) ([]Published, error) {
	var unreadable error
	all, err := collect(ctx, s, q, "read the published primaries", func(r []value) Published {
		p := Published{Alias: r[0].text(), Primary: keyColumns(r[1], r[2]), Revision: r[4].int(), Decided: time.UnixMilli(r[5].int()).UTC(), Began: r[6].time()}
		if err := json.Unmarshal([]byte(r[3].text()), &p.Pairs); err != nil {
			unreadable = fmt.Errorf("read the published primary of %s: %w", p.Alias, err)
		}
		return p
	}, query, args...)
	if err == nil {
		err = unreadable
	}
	return all, err
}

type publishedAnswer struct {
	Published
	Done bool
}

type publishPrimary struct{ Publication }

func (publishPrimary) op() string { return "publish-primary" }

func (c publishPrimary) apply(ctx context.Context, s *Store) (any, error) {
	now, done, err := s.PublishPrimary(ctx, c.Publication)
	return publishedAnswer{now, done}, err
}
