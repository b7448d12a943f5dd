package server

import (
	"context"
	"errors"
	"regexp"
	"strings"
)

// pseudoGTIDSchema is where the views would be that InjectPseudoGTID pretends to drop.
const pseudoGTIDSchema = "_pseudo_gtid_"

// InjectPseudoGTID writes a pseudo-GTID entry into the binary log: it drops a view that does not exist. It waits no longer
// than a second for whoever holds the whole server locked.
func (s *Server) InjectPseudoGTID(ctx context.Context, name string) error {
	return s.with(ctx, "inject pseudo-GTID", func(c *conn, d Dialect) (err error) {
		if err := c.exec(ctx, "SET SESSION lock_wait_timeout=1"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, c.exec(ctx, "SET SESSION lock_wait_timeout=DEFAULT")) }()
		return c.exec(ctx, d.DropPseudoView(name))
	})
}

// DropPseudoView is the entry itself, in the words that AutoPseudoGTID looks for.
func (d Dialect) DropPseudoView(name string) string {
	return "drop view if exists `" + pseudoGTIDSchema + "`.`" + name + "`"
}

// grantOn reads `GRANT privileges ON schema.object TO …`.
var grantOn = regexp.MustCompile(`^GRANT (.+) ON (\S+)\.\* TO `)

// MayInjectPseudoGTID says whether grants, as [Server.Grants] lists them, allow InjectPseudoGTID.
func MayInjectPseudoGTID(grants []string) bool {
	for _, g := range grants {
		m := grantOn.FindStringSubmatch(g)
		if m == nil {
			continue
		}
		schema := strings.ReplaceAll(strings.Trim(m[2], "`'\""), `\`, "")
		if schema != "*" && schema != pseudoGTIDSchema {
			continue
		}
		for privilege := range strings.SplitSeq(m[1], ",") {
			switch strings.TrimSpace(privilege) {
			case "ALL", "ALL PRIVILEGES", "DROP":
				return true
			}
		}
	}
	return false
}
