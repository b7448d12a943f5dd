package server

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"orchestrator/internal/topology"
)

// The states of the process list in which a connection is held up in a write. They are the same in every language of
// messages.
var (
	waitsForSpace  = []string{"Waiting for someone to free space", "Waiting for disk space"}
	waitsToCommit  = []string{"waiting for handler commit", "Commit", "Commit_implicit"}
	waitsForAck    = []string{"Waiting for semi-sync ACK from replica", "Waiting for semi-sync ACK from slave"}
	waitsForLock   = []string{"Waiting for global read lock", "Waiting for commit lock"}
	waitsForBackup = []string{"Waiting for backup lock"} // MariaDB; on MySQL it holds only changes of tables up
	atQueryEnd     = []string{"query end"}               // where MySQL commits before 8.0
)

// mostWaiting is how many waiting connections are read.
const mostWaiting = 200

// errorLogReach is how old a line of the error log may be to explain why commits wait now. A server that waits for space
// repeats it every ten minutes.
const errorLogReach = 15 * time.Minute

// waitingStates are the states that count on a server of this dialect.
func (d Dialect) waitingStates() []string {
	states := slices.Concat(waitsForSpace, waitsToCommit, waitsForAck, waitsForLock)
	switch {
	case d.isMariaDB():
		states = append(states, waitsForBackup...)
	case !d.mysql(8, 0, 0):
		states = append(states, atQueryEnd...)
	}
	return states
}

// WaitingWriters lists the connections that are held up in a write, those that have been at it for longest first.
func (d Dialect) WaitingWriters(hasPS bool) string {
	quoted := make([]string, 0, 16)
	for _, s := range d.waitingStates() {
		quoted = append(quoted, quote(s))
	}
	return "SELECT ID, TIME, STATE, LEFT(LTRIM(INFO), 12) FROM " + d.processlist(hasPS) +
		" WHERE STATE IN (" + strings.Join(quoted, ", ") + ") ORDER BY TIME DESC LIMIT " + itoa(mostWaiting)
}

// Occupancy asks for the limit on connections, and whether the performance schema can be asked.
func (d Dialect) Occupancy() []string {
	ps := "0"
	if d.mysql(8, 0, 22) {
		ps = "@@global.performance_schema+0"
	}
	return []string{"SELECT @@global.max_connections, " + ps, "SHOW GLOBAL STATUS LIKE 'Threads_connected'"}
}

// waiter is a row of WaitingWriters.
type waiter struct {
	topology.WaitingWriter
	state string
}

// ofTheServer says whether a statement waits because it takes a lock on everything itself, and is not held up in a
// write. A procedure commits again and again in one statement: that it is seen doing so twice says nothing.
func ofTheServer(statement string) bool {
	word, _, _ := strings.Cut(strings.ToUpper(statement), " ")
	return word == "SET" || word == "FLUSH" || word == "CALL" || word == "BACKUP"
}

// heldUp sorts connections that are held up in a write by what holds them up. Those that merely wait behind others are
// counted with them: of a full disk only the first one knows.
func heldUp(all []waiter, why topology.WriteSign) []topology.WriteSign {
	var space, commit, locked []topology.WaitingWriter
	state := ""
	for _, w := range all {
		switch {
		case among(waitsForSpace, w.state):
			space = append(space, w.WaitingWriter)
		case among(waitsForLock, w.state), among(waitsForBackup, w.state):
			locked = append(locked, w.WaitingWriter)
		default:
			commit = append(commit, w.WaitingWriter)
			if state == "" || among(waitsForAck, w.state) { // that one says more
				state = w.state
			}
		}
	}
	switch {
	case len(space) > 0:
		return []topology.WriteSign{{Obstacle: topology.DiskFull, Waiting: append(space, commit...),
			Says: fmt.Sprintf("it waits for disk space, and %s held up", connections(len(space)+len(commit)))}}
	case len(commit) > 0:
		why.Waiting = commit
		says := fmt.Sprintf("%s held up in the commit (%q)", connections(len(commit)), state)
		if why.Says != "" {
			says += "; " + why.Says
		}
		why.Says = says
		return []topology.WriteSign{why}
	case len(locked) > 0:
		return []topology.WriteSign{{Obstacle: topology.WritesLocked, Waiting: locked,
			Says: fmt.Sprintf("%s held up by a lock on everything, as backups take it", connections(len(locked)))}}
	}
	return nil
}

func among(states []string, state string) bool {
	return slices.ContainsFunc(states, func(s string) bool { return strings.EqualFold(s, state) })
}

func connections(n int) string {
	switch {
	case n == 1:
		return "1 connection is"
	case n >= mostWaiting:
		return fmt.Sprintf("%d connections or more are", mostWaiting)
	}
	return fmt.Sprintf("%d connections are", n)
}

// storageComplaint looks in the error log, where it can be read by SQL, for the reason why commits wait.
func (c *conn) storageComplaint(ctx context.Context, d Dialect) topology.WriteSign {
	found := topology.WriteSign{Obstacle: topology.CommitsStalled}
	if !d.mysql(8, 0, 22) {
		return found
	}
	_, err := c.query(ctx, "SELECT DATA FROM performance_schema.error_log WHERE PRIO IN ('Error', 'Warning')"+
		" AND LOGGED > NOW(6) - INTERVAL "+itoa(int64(errorLogReach/time.Second))+" SECOND AND DATA LIKE '%errno %' ORDER BY LOGGED",
		one(func(_ []string, row []driver.Value) error {
			line := text(row[0])
			if o := storageObstacle(line); o != "" {
				found = topology.WriteSign{Obstacle: o, Says: "its error log says: " + line}
			}
			return nil
		}))
	if err != nil { // it may not be read; then the reason is not known
		return topology.WriteSign{Obstacle: topology.CommitsStalled}
	}
	return found
}

var errnoInText = regexp.MustCompile(`(?i)(?:errno|errcode|error code)[: ]+(28|30|122)\b`)

// storageObstacle finds the operating system's reason in a message of a server: ENOSPC, EDQUOT and EROFS.
func storageObstacle(message string) topology.Obstacle {
	m := errnoInText.FindStringSubmatch(message)
	switch {
	case m == nil:
		return ""
	case m[1] == "30":
		return topology.FileSystemReadOnly
	}
	return topology.DiskFull
}

// ErrLocked is in the chain of errors of CheckWrite when somebody else holds a lock that it would need: an earlier check
// that has not ended, or a person.
var ErrLocked = errors.New("a lock is in the way")

// CheckWrite commits one small transaction in a table of the operator's, named as schema.table, on a connection of its
// own. It returns the sign of what keeps the server from doing it, or nil. An error says that the check itself could not
// be made, so that nothing is known.
//
// It writes nothing on a server that is read-only, whatever the privileges of the managing user: the server decides in the very
// statement that writes, and setting read_only waits for statements that have begun. It waits for no lock longer than a
// second. One whose commit does not end in time leaves its connection to the server; as it holds the row, another check
// meanwhile finds ErrLocked.
func (s *Server) CheckWrite(ctx context.Context, table string) (*topology.WriteSign, error) {
	const op = "check whether it takes writes"
	name, err := tableName(table)
	if err != nil {
		return nil, err
	}
	c, err := s.connect(ctx, forControl)
	if KindOf(err) == TooManyConnections {
		var e *Error
		errors.As(err, &e)
		return &topology.WriteSign{Obstacle: topology.ConnectionsUsedUp, Says: "it refuses a connection: " + e.Err.Error()}, nil
	}
	if err != nil {
		return nil, s.during(op, err)
	}
	defer c.close()
	// Whatever the defaults of sessions: the statement commits by itself, and waits for nobody.
	if err := c.exec(ctx, "SET SESSION autocommit=1, lock_wait_timeout=1, innodb_lock_wait_timeout=1"); err != nil {
		return nil, s.fail(op, err, true)
	}
	return writeSign(s.fail(op, c.exec(ctx, writeOfCheck(name, regularRow)), true))
}

// The rows of the table of the write check. Who writes one waits for nobody who writes the other.
const (
	regularRow = 1 // of the checks that go on always
	gaugeRow   = 2 // of a WriteGauge
)

// writeOfCheck writes a row, unless the server is read-only.
func writeOfCheck(name string, row int64) string {
	return "INSERT INTO " + name + " (id, checked_at) SELECT " + itoa(row) + ", NOW(6) FROM DUAL" +
		" WHERE CAST(@@global.read_only AS CHAR) IN ('0', 'OFF') ON DUPLICATE KEY UPDATE checked_at = NOW(6)"
}

// writeSign tells what a failed write says of the server from what it says of the check.
func writeSign(err error) (*topology.WriteSign, error) {
	const (
		diskFull  = 1021
		tableFull = 1114
		lockWait  = 1205
		deadlock  = 1213
		readLock  = 1223
	)
	if err == nil {
		return nil, nil
	}
	var my *mysql.MySQLError
	if !errors.As(err, &my) {
		if KindOf(err) == Hung {
			return &topology.WriteSign{Obstacle: topology.CommitsStalled, Says: "a transaction of the write check did not end in time"}, nil
		}
		return nil, err
	}
	sign := &topology.WriteSign{Obstacle: topology.WriteCheckFails, Says: "the write check fails: " + my.Error()}
	switch o := storageObstacle(my.Message); {
	case o != "":
		sign.Obstacle = o
	case my.Number == diskFull, my.Number == tableFull:
		sign.Obstacle = topology.DiskFull
	case my.Number == lockWait, my.Number == deadlock, my.Number == readLock:
		return nil, errors.Join(err, ErrLocked)
	case KindOf(err) != Other, aboutTheTable(my.Number):
		return nil, err
	}
	return sign, nil
}

// aboutTheTable says whether an error number is about the table of the write check not being as it must be.
func aboutTheTable(number uint16) bool {
	switch number {
	case 1046, 1049, 1051, 1054, 1062, 1136, 1146, 1264, 1292, 1364, 1366, 1406, 1452, 1785, 3819, 4025:
		return true
	}
	return false
}

// tableName quotes a name of the form schema.table.
func tableName(name string) (string, error) {
	schema, table, ok := strings.Cut(name, ".")
	if !ok || schema == "" || table == "" || strings.ContainsAny(name, "`\x00") || strings.Contains(table, ".") {
		return "", fmt.Errorf("%q is no name of a table: want schema.table", name)
	}
	return "`" + schema + "`.`" + table + "`", nil
}
