package server

import (
	"context"
	"database/sql/driver"
	"strings"
)

// CloneAbility is what a server says of the part that it could have in a clone.
type CloneAbility struct {
	Platform  string // operating system and machine, which have to be the same on both sides
	Admin     bool   // the managing user may have this server's data replaced (CLONE_ADMIN)
	Backup    bool   // the managing user may have this server's data sent (BACKUP_ADMIN)
	Bytes     int64  // of the files that would be sent
	Elsewhere int64  // tables of users that are not kept in InnoDB, and would arrive empty
}

// CloneAbility asks for it. The error is of kind Unsupported where the clone plugin is not active.
func (s *Server) CloneAbility(ctx context.Context) (CloneAbility, error) {
	var out CloneAbility
	err := s.with(ctx, "ask whether it can clone", func(c *conn, d Dialect) error {
		if err := hasClonePlugin(ctx, c, d); err != nil {
			return err
		}
		var grants []string
		if _, err := c.query(ctx, "SHOW GRANTS", one(func(_ []string, row []driver.Value) error {
			grants = append(grants, text(row[0]))
			return nil
		})); err != nil {
			return err
		}
		out.Admin, out.Backup = granted(grants, "CLONE_ADMIN"), granted(grants, "BACKUP_ADMIN", "CLONE_ADMIN")
		_, err := c.query(ctx, "SELECT CONCAT(@@version_compile_os, ' ', @@version_compile_machine),"+
			" (SELECT COALESCE(SUM(FILE_SIZE), 0) FROM information_schema.INNODB_TABLESPACES),"+
			" (SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_TYPE = 'BASE TABLE' AND ENGINE <> 'InnoDB'"+
			" AND TABLE_SCHEMA NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema'))",
			one(func(_ []string, row []driver.Value) error {
				out.Platform, out.Bytes, out.Elsewhere = text(row[0]), integer(row[1]), integer(row[2])
				return nil
			}))
		return err
	})
	return out, err
}

// granted says whether one of the privileges is among grants as SHOW GRANTS prints them. What a role brings is not listed
// there: a user that has any counts as one that has it, and the server itself refuses where it does not.
func granted(grants []string, privileges ...string) bool {
	for _, g := range grants {
		what, on, ok := strings.Cut(g, " ON ")
		switch {
		case !ok: // GRANT `role`@`%` TO `user`@`%`
			return true
		case !strings.HasPrefix(on, "*.*"):
			continue
		}
		for _, p := range strings.Split(strings.TrimPrefix(what, "GRANT "), ",") {
			for _, wanted := range privileges {
				if p = strings.TrimSpace(p); p == wanted || p == "ALL PRIVILEGES" {
					return true
				}
			}
		}
	}
	return false
}
