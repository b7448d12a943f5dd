package server

import (
	"context"
	"database/sql/driver"
	"strings"
)

// Credentials finds out what a replica signs in to its source with: by Options.CredentialsQuery, else, on MySQL, from
// mysql.slave_master_info. It fails with ErrNoCredentials where neither tells them.
func (s *Server) Credentials(ctx context.Context) (Credentials, error) {
	var out Credentials
	query := s.set.options.Load().CredentialsQuery
	err := s.rows(ctx, "read replication credentials", func(d Dialect) (string, error) {
		switch {
		case query != "":
			return query, nil
		case d.mysql(5, 7, 6): // the default channel first
			return "SELECT User_name, User_password FROM mysql.slave_master_info WHERE User_name <> '' ORDER BY Channel_name LIMIT 1", nil
		case d.mysql(5, 6, 0):
			return "SELECT User_name, User_password FROM mysql.slave_master_info WHERE User_name <> '' LIMIT 1", nil
		}
		return "", ErrNoCredentials
	}, func(_ []string, row []driver.Value) error {
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
