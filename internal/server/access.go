package server

import (
	"context"
	"database/sql/driver"
	"errors"
	"strings"
)

// Credentials finds out what a replica signs in to its source with: by Options.CredentialsQuery, else, on MySQL, from
// mysql.slave_master_info, which is also asked where the query fails or returns no user. It fails with ErrNoCredentials
// where neither tells them.
func (s *Server) Credentials(ctx context.Context) (Credentials, error) {
	var asked error
	if query := s.set.options.Load().CredentialsQuery; query != "" {
		out, err := s.credentials(ctx, func(Dialect) (string, error) { return query, nil })
		if err == nil || ctx.Err() != nil || KindOf(err) == ConnectionLost {
			return out, err
		}
		asked = err
	}
	out, err := s.credentials(ctx, func(d Dialect) (string, error) {
		switch {
		case d.mysql(5, 7, 6): // the default channel first
			return "SELECT User_name, User_password FROM mysql.slave_master_info WHERE User_name <> '' ORDER BY Channel_name LIMIT 1", nil
		case d.mysql(5, 6, 0):
			return "SELECT User_name, User_password FROM mysql.slave_master_info WHERE User_name <> '' LIMIT 1", nil
		}
		return "", ErrNoCredentials
	})
	if err != nil && asked != nil {
		err = errors.Join(asked, err)
	}
	return out, err
}

// credentials runs one query for them.
func (s *Server) credentials(ctx context.Context, query func(Dialect) (string, error)) (Credentials, error) {
	var out Credentials
	err := s.rows(ctx, "read replication credentials", query, func(_ []string, row []driver.Value) error {
		for i, field := range []*string{&out.User, &out.Password, &out.SSLCA, &out.SSLCert, &out.SSLKey} {
			if i < len(row) {
				*field = text(row[i])
			}
		}
		return nil
	})
	if err == nil && out.User == "" {
		err = s.fail("read replication credentials", ErrNoCredentials, true)
	}
	return out, err
}

// Grants lists the managing user's own privileges, as SHOW GRANTS prints them, without password hashes.
func (s *Server) Grants(ctx context.Context) ([]string, error) {
	var out []string
	err := s.rows(ctx, "read grants", func(Dialect) (string, error) { return "SHOW GRANTS", nil },
		func(_ []string, row []driver.Value) error {
			out = append(out, withoutHash(text(row[0])))
			return nil
		})
	return out, err
}

// withoutHash cuts what old servers append to the first grant.
func withoutHash(grant string) string {
	if i := strings.Index(grant, " IDENTIFIED "); i >= 0 {
		return grant[:i] + " (authentication not shown)"
	}
	return grant
}
