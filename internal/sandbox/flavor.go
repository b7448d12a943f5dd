package sandbox

import (
	"fmt"
	"strings"
)

// Flavor is a family of servers that speak one dialect.
type Flavor int

// The families that script/install-servers knows.
const (
	MariaDB Flavor = iota // MariaDB 10.5 and newer
	MySQL                 // MySQL 8.0.26 and newer
	MySQL56               // MySQL 5.6: no semi-sync, no TLS, no client programs
)

// String is the name of the family as script/install-servers takes it.
func (f Flavor) String() string {
	switch f {
	case MariaDB:
		return "mariadb"
	case MySQL:
		return "mysql"
	case MySQL56:
		return "mysql56"
	}
	return fmt.Sprintf("flavor(%d)", int(f))
}

// Flavors lists all families.
func Flavors() []Flavor { return []Flavor{MariaDB, MySQL, MySQL56} }

// ParseFlavor finds the family of that name, in any case.
func ParseFlavor(name string) (Flavor, error) {
	for _, f := range Flavors() {
		if strings.EqualFold(f.String(), name) {
			return f, nil
		}
	}
	return 0, fmt.Errorf("unknown server family %q: want mariadb, mysql or mysql56", name)
}

// The accounts that every node has, from any address. Each account's password is its name followed by "_pw".
const (
	UserOrc   = "orc"   // the managing account: what orchestrator needs on managed servers, and no more
	UserRepl  = "repl"  // the account that replicas sign in with
	UserApp   = "app"   // the application: all rights on the database test, none that would pass a read-only server
	UserAdmin = "admin" // everything, for a test's own preparations
)

// Password is the password of one of the accounts.
func Password(user string) string { return user + "_pw" }

// Database is the database that every node has from the start, empty; the application may do anything in it.
const Database = "test"
