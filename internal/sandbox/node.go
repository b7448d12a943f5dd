package sandbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/go-sql-driver/mysql"
)

// Node is one server of a cluster. Its methods may be called from several goroutines.
type Node struct {
	// Host and Port are where it listens and what it reports to others.
	Host string
	Port int

	index   int
	cluster *Cluster
	dir     string
	galera  galeraPorts
	group   int // the port at which it talks to the other members of its replication group

	mu      sync.Mutex
	process *process // the present server process, or the last one
	frozen  bool
	dbs     map[string]*sql.DB
}

// Index is the node's number in its cluster.
func (n *Node) Index() int { return n.index }

// Flavor is the family that the node runs.
func (n *Node) Flavor() Flavor { return n.cluster.family.Flavor }

// Addr is "host:port".
func (n *Node) Addr() string { return net.JoinHostPort(n.Host, strconv.Itoa(n.Port)) }

// String names the node in messages.
func (n *Node) String() string {
	return fmt.Sprintf("%s node %d (%s)", n.cluster.family.Flavor, n.index, n.Addr())
}

// Namespace is the path of the node's network namespace; empty when it has none of its own.
func (n *Node) Namespace() string { return n.cluster.options.NodeNamespace[n.index] }

// DataDir is the server's data directory.
func (n *Node) DataDir() string { return filepath.Join(n.dir, "data") }

// ErrorLog is the path of the server's error log.
func (n *Node) ErrorLog() string { return filepath.Join(n.dir, "error.log") }

// LogTail is the end of the server's error log, about 4 KB.
func (n *Node) LogTail() string { return logTail(n.ErrorLog(), 4096) }

// PID is the process id of the server, or 0 when it does not run.
func (n *Node) PID() int {
	if p := n.current(); p != nil && p.running() {
		return p.pid()
	}
	return 0
}

// Running says whether the server's process is there; a frozen one is.
func (n *Node) Running() bool { return n.PID() != 0 }

func (n *Node) current() *process {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.process
}

// launch starts the server's process without waiting for it to answer.
func (n *Node) launch(arguments ...string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.process != nil && n.process.running() {
		return fmt.Errorf("start %s: it is running", n)
	}
	program := append([]string{n.cluster.family.Server, "--defaults-file=" + filepath.Join(n.dir, "my.cnf")}, arguments...)
	if n.cluster.galera() { // it looks for its script there
		program = append([]string{"env", "PATH=" + n.cluster.dir + string(os.PathListSeparator) + os.Getenv("PATH")}, program...)
	}
	p, err := n.cluster.launcher.startWithin(n.Namespace(), n.ErrorLog(), nil, program[0], program[1:]...)
	if err != nil {
		return fmt.Errorf("start %s: %w", n, err)
	}
	n.process, n.frozen = p, false
	return nil
}

// AwaitSQL returns when the server answers a query (and, in a Galera cluster, has joined it), or with an error and the end of its log when it ended or ctx did.
func (n *Node) AwaitSQL(ctx context.Context) error {
	p := n.current()
	if p == nil {
		return fmt.Errorf("%s was never started", n)
	}
	if err := awaitSQL(ctx, n.DB(UserAdmin), p); err != nil {
		return withLog(fmt.Errorf("await %s: %w", n, err), n.ErrorLog())
	}
	if !n.cluster.galera() {
		return nil
	}
	if err := poll(ctx, 10*time.Millisecond, n.joined); err != nil {
		return withLog(fmt.Errorf("await %s: %w", n, err), n.ErrorLog())
	}
	return nil
}

// awaitSQL asks until the server answers.
func awaitSQL(ctx context.Context, db *sql.DB, p *process) error {
	return poll(ctx, 10*time.Millisecond, func(ctx context.Context) (bool, error) {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		err := db.PingContext(ctx)
		if err == nil {
			return true, nil
		}
		if !p.running() {
			return false, fmt.Errorf("the server ended: %v", p.err)
		}
		return false, notYet{err}
	})
}

// notYet is the reason why a poll goes on; it becomes part of the error when time runs out.
type notYet struct{ reason error }

func (e notYet) Error() string { return e.reason.Error() }

// poll asks until the answer is yes or an error other than notYet, or ctx ends.
func poll(ctx context.Context, every time.Duration, ask func(context.Context) (bool, error)) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	var last error
	for {
		ok, err := ask(ctx)
		var wait notYet
		switch {
		case ok:
			return nil
		case errors.As(err, &wait):
			if ctx.Err() == nil || last == nil {
				last = wait.reason
			}
		case err != nil:
			return err
		}
		select {
		case <-ctx.Done():
			if last != nil {
				return fmt.Errorf("%w; last: %w", context.Cause(ctx), last)
			}
			return context.Cause(ctx)
		case <-ticker.C:
		}
	}
}

// Kill ends the server with SIGKILL, frozen or not, and returns when it is reaped.
func (n *Node) Kill() error {
	p := n.current()
	if p == nil {
		return nil
	}
	if err := p.kill(); err != nil {
		return fmt.Errorf("%s: %w", n, err)
	}
	return nil
}

// Freeze stops the server's process with SIGSTOP: its connections stay open and say nothing.
func (n *Node) Freeze() error { return n.freeze(true, (*process).stop, "freeze") }

// Thaw lets a frozen server run on.
func (n *Node) Thaw() error {
	return n.freeze(false, func(p *process) error { return p.signal(syscall.SIGCONT) }, "thaw")
}

func (n *Node) freeze(on bool, do func(*process) error, what string) error {
	if err := n.toProcess(do, what); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.frozen = on
	return nil
}

// answering says whether the server runs and is not frozen.
func (n *Node) answering() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.process != nil && n.process.running() && !n.frozen
}

func (n *Node) signal(s syscall.Signal, what string) error {
	return n.toProcess(func(p *process) error { return p.signal(s) }, what)
}

func (n *Node) toProcess(do func(*process) error, what string) error {
	p := n.current()
	if p == nil {
		return fmt.Errorf("%s %s: it was never started", what, n)
	}
	if err := do(p); err != nil {
		return fmt.Errorf("%s %s: %w", what, n, err)
	}
	return nil
}

// Stop shuts the server down in good order; when ctx ends first it is killed and ctx's error returned.
func (n *Node) Stop(ctx context.Context) error {
	if !n.Running() {
		return nil
	}
	if err := n.sendClientsAway(ctx); err != nil {
		return fmt.Errorf("stop %s: %w", n, err)
	}
	if err := n.signal(syscall.SIGTERM, "stop"); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	if err := n.current().wait(ctx); err != nil {
		return withLog(fmt.Errorf("stop %s: %w", n, err), n.ErrorLog())
	}
	return nil
}

// sendClientsAway makes a shutdown short: MySQL would wait ten seconds for the connections of replicas, and of clients
// that do nothing. Those of the test itself, outside this package, may still keep it.
func (n *Node) sendClientsAway(ctx context.Context) error {
	if n.cluster.family.Flavor != MySQL || !n.answering() {
		return nil
	}
	// Away from replicas that would come back at once.
	if err := n.Exec(ctx, "SET GLOBAL offline_mode=1"); err != nil {
		return err
	}
	rows, err := n.DB(UserAdmin).QueryContext(ctx, "SELECT id FROM performance_schema.processlist WHERE command LIKE 'Binlog Dump%'")
	if err != nil {
		return err
	}
	defer rows.Close()
	var kills []string
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return err
		}
		kills = append(kills, fmt.Sprintf("KILL %d", id))
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, kill := range kills {
		if err := n.Exec(ctx, kill); err != nil && !refusedWith(err, 1094) { // 1094: it has gone by itself
			return err
		}
	}
	n.dropIdleConnections()
	return nil
}

// refusedWith says whether a server answered with one of these error numbers.
func refusedWith(err error, numbers ...uint16) bool {
	var refused *mysql.MySQLError
	return errors.As(err, &refused) && slices.Contains(numbers, refused.Number)
}

func (n *Node) dropIdleConnections() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, db := range n.dbs {
		db.SetMaxIdleConns(0)
		db.SetMaxIdleConns(idleConnections)
	}
}

// Restart starts a server that was killed or stopped (a running one is stopped first) and returns when it answers. It
// comes back as its option file says: read-only, its replication started again by the server itself; or as a member of
// its Galera cluster, of which another node must be there. A replication group it joins only by [Node.JoinGroup].
func (n *Node) Restart(ctx context.Context) error {
	if err := n.Stop(ctx); err != nil {
		return err
	}
	if n.cluster.galera() {
		place, err := n.findPlace(ctx)
		if err != nil {
			return err
		}
		if err := n.launch(place); err != nil {
			return err
		}
		return n.AwaitSQL(ctx)
	}
	if err := n.launch(); err != nil {
		return err
	}
	return n.AwaitSQL(ctx)
}

// StartAgain waits until a server that is about to end by itself has ended, and starts it, as a supervisor would.
func (n *Node) StartAgain(ctx context.Context) error {
	if p := n.current(); p != nil {
		select {
		case <-p.done: // how it ended does not matter
		case <-ctx.Done():
			return fmt.Errorf("wait for the end of %s: %w", n, ctx.Err())
		}
	}
	n.dropIdleConnections()
	if err := n.launch(); err != nil {
		return err
	}
	return n.AwaitSQL(ctx)
}

// RebuildFrom makes the node a copy of another one, as an administrator would with a server that must not return as it
// is: both are stopped, this node's data is replaced by the other's, and both are started. It replicates from where the
// other does.
func (n *Node) RebuildFrom(ctx context.Context, donor *Node) error {
	if err := n.Kill(); err != nil {
		return err
	}
	if err := donor.Stop(ctx); err != nil {
		return err
	}
	if err := os.RemoveAll(n.DataDir()); err != nil {
		return err
	}
	if err := copyTree(donor.DataDir(), n.DataDir()); err != nil {
		return fmt.Errorf("rebuild %s from %s: %w", n, donor, err)
	}
	// With the other's identity it would be the same server.
	if err := removeIfThere(filepath.Join(n.DataDir(), "auto.cnf")); err != nil {
		return err
	}
	for _, each := range []*Node{donor, n} {
		if err := each.launch(); err != nil {
			return err
		}
	}
	return errors.Join(donor.AwaitSQL(ctx), n.AwaitSQL(ctx))
}

// DB is a pool of connections to this node as one of the accounts, without a chosen database except for the
// application. It is kept, and closed with the cluster.
func (n *Node) DB(user string) *sql.DB {
	n.mu.Lock()
	defer n.mu.Unlock()
	if db := n.dbs[user]; db != nil {
		return db
	}
	database := ""
	if user == UserApp {
		database = Database
	}
	db := openDB("tcp", n.Addr(), user, Password(user), database)
	n.dbs[user] = db
	return db
}

// OwnSide is a new pool of connections to this node from inside its own network namespace: what a client sees that is
// cut off together with it. The caller closes it.
func (n *Node) OwnSide(user string) *sql.DB {
	database := ""
	if user == UserApp {
		database = Database
	}
	config := connection("tcp", n.Addr(), user, Password(user), database)
	config.DialFunc = dialWithin(n.Namespace())
	return openConfig(config)
}

// idleConnections is how many unused connections a pool keeps.
const idleConnections = 2

// openDB makes a pool that keeps quiet about the broken connections that killed servers leave.
func openDB(network, address, user, password, database string) *sql.DB {
	return openConfig(connection(network, address, user, password, database))
}

func connection(network, address, user, password, database string) *mysql.Config {
	config := mysql.NewConfig()
	config.Net, config.Addr, config.User, config.Passwd, config.DBName = network, address, user, password, database
	config.Timeout = 2 * time.Second
	config.InterpolateParams = true
	config.ParseTime = true
	config.Logger = &mysql.NopLogger{}
	return config
}

func openConfig(config *mysql.Config) *sql.DB {
	connector, err := mysql.NewConnector(config)
	if err != nil {
		// The driver refuses only settings that are not made here.
		panic(err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxIdleConns(idleConnections)
	return db
}

// Exec runs statements as the admin account, one after the other.
func (n *Node) Exec(ctx context.Context, statements ...string) error {
	return n.ExecAs(ctx, UserAdmin, statements...)
}

// ExecAs runs statements as one of the accounts, one after the other, on one connection.
func (n *Node) ExecAs(ctx context.Context, user string, statements ...string) error {
	conn, err := n.DB(user).Conn(ctx)
	if err != nil {
		return fmt.Errorf("%s: connect as %s: %w", n, user, err)
	}
	defer conn.Close()
	for _, statement := range statements {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %s: %w", n, statement, err)
		}
	}
	return nil
}

// Replay feeds a file of SQL to the family's own client program, as the admin account.
func (n *Node) Replay(ctx context.Context, file string) error {
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer in.Close()
	f := n.cluster.family
	name := "mariadb"
	if f.Flavor != MariaDB {
		name = "mysql"
	}
	client := filepath.Join(filepath.Dir(f.Server), name)
	if !exists(client) {
		client = name // the machine's own
	}
	cmd := exec.CommandContext(ctx, client, "--no-defaults", "--protocol=TCP", "--host="+n.Host, "--port="+strconv.Itoa(n.Port),
		"--user="+UserAdmin, "--password="+Password(UserAdmin), "--default-character-set=utf8mb4", "--binary-mode")
	cmd.Stdin = in
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: replay %s: %w: %s", n, file, err, out)
	}
	return nil
}

// Scan reads the first row of a query's answer into dest, as the admin account. The error wraps sql.ErrNoRows when
// there is none.
func (n *Node) Scan(ctx context.Context, query string, dest ...any) error {
	if err := n.DB(UserAdmin).QueryRowContext(ctx, query).Scan(dest...); err != nil {
		return fmt.Errorf("%s: %s: %w", n, query, err)
	}
	return nil
}

// Row reads the first row of a query's answer as texts by column name, as the admin account; nil when there is none.
func (n *Node) Row(ctx context.Context, query string) (map[string]string, error) {
	rows, err := n.DB(UserAdmin).QueryContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", n, query, err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", n, query, err)
	}
	if !rows.Next() {
		return nil, rows.Err()
	}
	values, places := make([]sql.NullString, len(names)), make([]any, len(names))
	for i := range values {
		places[i] = &values[i]
	}
	if err := rows.Scan(places...); err != nil {
		return nil, fmt.Errorf("%s: %s: %w", n, query, err)
	}
	row := make(map[string]string, len(names))
	for i, name := range names {
		row[name] = values[i].String
	}
	return row, rows.Close()
}

// shut kills the server and closes the pools.
func (n *Node) shut() error {
	err := n.Kill()
	n.mu.Lock()
	defer n.mu.Unlock()
	for user, db := range n.dbs {
		closePool(db)
		delete(n.dbs, user)
	}
	return err
}

// closePool closes a pool of connections. Its error only says of some that they had ended before: servers are killed here.
func closePool(db *sql.DB) { _ = db.Close() }
