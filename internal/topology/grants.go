package topology

import "strings"

// Grants is what the account needs by which servers are managed, on servers of some versions.
type Grants struct {
	Servers    string // which servers
	Statements []GrantStatement
}

// GrantStatement is a statement that gives a part of it.
type GrantStatement struct {
	SQL      string
	For      string // what it is needed for
	Optional bool   // all that is needed every day works without it
}

// NoPassword stands in these statements where the password is to be written.
const NoPassword = "…"

// ManagingGrants are the statements that make the account of MySQLTopologyUser, by server. The names of privileges are those of
// the manuals: MySQL's "Privileges Provided by MySQL", MariaDB's "GRANT".
func ManagingGrants(user string) []Grants {
	account := "'" + strings.ReplaceAll(strings.ReplaceAll(user, `\`, `\\`), "'", "''") + "'@'%'"
	need := func(privileges, on, why string) GrantStatement {
		return GrantStatement{SQL: "GRANT " + privileges + " ON " + on + " TO " + account + ";", For: why}
	}
	may := func(privileges, why string) GrantStatement {
		s := need(privileges, "*.*", why)
		s.Optional = true
		return s
	}
	create := GrantStatement{SQL: "CREATE USER " + account + " IDENTIFIED BY '" + NoPassword + "';", For: "from any address; name that of the manager instead of % where you can"}
	const (
		manages     = "to look at replication, and to change it"
		seesReplica = "to see members of groups, channels, and what appliers do"
		credentials = "to make a former primary a replica with the credentials that others have; not needed with ReplicationCredentialsQuery"
		gameDays    = "to shut a server down on a game day"
	)
	return []Grants{
		{"MySQL 8.0 and later", []GrantStatement{
			create,
			need("RELOAD, PROCESS, REPLICATION CLIENT, REPLICATION SLAVE, REPLICATION_SLAVE_ADMIN, SYSTEM_VARIABLES_ADMIN, CONNECTION_ADMIN, BINLOG_ADMIN", "*.*", manages),
			need("SELECT", "performance_schema.*", seesReplica),
			need("SELECT", "mysql.slave_master_info", credentials),
			may("CLONE_ADMIN, BACKUP_ADMIN", "to rebuild a replica from another server (8.0.17 and later)"),
			may("TRANSACTION_GTID_TAG", "to commit empty transactions for GTIDs with a tag (8.3 and later)"),
			may("SHUTDOWN", gameDays),
		}},
		{"MariaDB 10.5 and later", []GrantStatement{
			create,
			need("RELOAD, PROCESS, BINLOG MONITOR, BINLOG ADMIN, SLAVE MONITOR, REPLICATION SLAVE, REPLICATION SLAVE ADMIN, REPLICATION MASTER ADMIN, CONNECTION ADMIN, READ_ONLY ADMIN", "*.*", manages),
			may("SHUTDOWN", gameDays),
		}},
		{"MySQL 5.6 and 5.7", []GrantStatement{
			create,
			need("SUPER, PROCESS, RELOAD, REPLICATION SLAVE, REPLICATION CLIENT", "*.*", manages),
			need("SELECT", "performance_schema.*", seesReplica),
			need("SELECT", "mysql.slave_master_info", credentials),
			may("SHUTDOWN", gameDays),
		}},
		{"MariaDB before 10.5", []GrantStatement{
			create,
			need("SUPER, PROCESS, RELOAD, REPLICATION SLAVE, REPLICATION CLIENT", "*.*", manages),
			may("SHUTDOWN", gameDays),
		}},
	}
}
