package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// AccessToken is a pair of texts: the public one is handed out, and whoever comes with it in time gets the secret.
type AccessToken struct {
	Public, Secret string
	By             string // who had it made
	Reentrant      bool   // may be acquired again and never ends
}

// SaveToken stores a new token.
func (s *Store) SaveToken(ctx context.Context, t AccessToken) error {
	if s.agreed != nil {
		return decide(ctx, s, saveToken{t})
	}
	columns, args, err := s.numbered(ctx, s.reading(), "access_token", "access_token_id",
		"public_token, secret_token, generated_at, generated_by, is_acquired, is_reentrant, acquired_at",
		[]any{t.Public, t.Secret, stamp(s.now()), t.By, 0, flag(t.Reentrant), neverText})
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, "save access token", s.dialect.insert("access_token", columns), args...)
	return err
}

// AcquireToken returns the secret of a public token, once within window after it was made, or any time when it is
// reentrant. Otherwise the error matches ErrNotFound.
func (s *Store) AcquireToken(ctx context.Context, public string, window time.Duration) (secret string, err error) {
	if s.agreed != nil {
		return agree[string](ctx, s, acquireToken{public, window})
	}
	err = s.tx(ctx, "acquire access token", func(tx *sql.Tx) error {
		now := s.now()
		n, err := s.execOn(ctx, tx, "acquire access token", `UPDATE access_token SET is_acquired = 1, acquired_at = ?
			WHERE public_token = ? AND (is_reentrant = 1 OR is_acquired = 0 AND `+s.dialect.moment("generated_at")+" >= ?)",
			stamp(now), public, stamp(now.Add(-window)))
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("the token is unknown, used or too old: %w", ErrNotFound)
		}
		return s.each(ctx, tx, "acquire access token", func(r []value) { secret = r[0].text() },
			"SELECT secret_token FROM access_token WHERE public_token = ?", public)
	})
	return secret, err
}

// ValidToken says whether the pair is of an acquired token that has not ended. age is AccessTokenExpiryMinutes.
func (s *Store) ValidToken(ctx context.Context, public, secret string, age time.Duration) (valid bool, err error) {
	err = s.each(ctx, s.reader, "check access token", func([]value) { valid = true },
		`SELECT access_token_id FROM access_token WHERE public_token = ? AND secret_token = ? AND is_acquired = 1
		AND (is_reentrant = 1 OR `+s.dialect.moment("generated_at")+" >= ?)",
		public, secret, stamp(s.now().Add(-age)))
	return valid, err
}

// ExpireTokens deletes the tokens that are older than age, except reentrant ones.
func (s *Store) ExpireTokens(ctx context.Context, age time.Duration) (int64, error) {
	if s.agreed != nil {
		return s.agreeIfAny(ctx, expireTokens{age}, "access_token",
			"is_reentrant = 0 AND "+s.dialect.moment("generated_at")+" < ?", stamp(s.now().Add(-age)))
	}
	return s.exec(ctx, "expire access tokens", "DELETE FROM access_token WHERE is_reentrant = 0 AND "+
		s.dialect.moment("generated_at")+" < ?", stamp(s.now().Add(-age)))
}
