package store

import (
	"context"
	"time"
)

// GameDay is the record of a server that was struck on purpose. Record is JSON that only operations understand.
type GameDay struct {
	ID     string
	Begun  time.Time
	Record string
}

// gameDaysKept is how many records are kept; the oldest go.
const gameDaysKept = 200

// PutGameDay writes a record, in place of what was written under the same name before.
func (s *Store) PutGameDay(ctx context.Context, d GameDay) error {
	if s.agreed != nil {
		return decide(ctx, s, putGameDay{d})
	}
	op := "write the record of game day " + d.ID
	if _, err := s.exec(ctx, op, s.dialect.upsert("game_day", "game_day_id", "begin_timestamp, record"), d.ID, stamp(d.Begun), d.Record); err != nil {
		return err
	}
	_, err := s.exec(ctx, op, `DELETE FROM game_day WHERE game_day_id NOT IN
		(SELECT game_day_id FROM (SELECT game_day_id FROM game_day ORDER BY begin_timestamp DESC, game_day_id DESC LIMIT ?) AS kept)`, gameDaysKept)
	return err
}

// GameDays returns the records, newest first.
func (s *Store) GameDays(ctx context.Context) ([]GameDay, error) {
	return collect(ctx, s, s.reader, "load game days", func(r []value) GameDay {
		return GameDay{r[0].text(), r[1].time(), r[2].text()}
	}, "SELECT game_day_id, begin_timestamp, record FROM game_day ORDER BY begin_timestamp DESC, game_day_id DESC")
}
