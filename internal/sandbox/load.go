package sandbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// LoadTable is the table in [Database] that a [Load] writes to.
const LoadTable = "sandbox_load"

// LoadOptions bound a [Load]. The zero value is usable.
type LoadOptions struct {
	Interval time.Duration // from one attempt to the next at least; 0 means 2 ms
	Timeout  time.Duration // for one attempt, connecting included; 0 means 1 s
	MaxRows  int           // after so many commits it only waits to be stopped; 0 means 100,000
}

// Load is an application that inserts numbered rows, one in a transaction, through the application's account, and
// remembers which were acknowledged and when. After any failure it goes on at the next address, with the next number:
// a number is never tried twice, so a row is there at most once.
type Load struct {
	targets func() []string
	options LoadOptions
	next    int64
	pools   map[string]*sql.DB
	turn    int // which of the targets is tried

	cancel context.CancelFunc
	done   chan struct{}

	mu      sync.Mutex
	result  LoadResult
	changed chan struct{} // closed and replaced at every commit
}

// Commit is one acknowledged row.
type Commit struct {
	ID   int64
	At   time.Time // when the acknowledgement came
	Addr string    // who gave it
}

// LoadResult is what a load saw.
type LoadResult struct {
	Commits   []Commit // in their order
	Uncertain []int64  // rows that were sent without an answer: they may be there or not
	Refused   int      // attempts that a read-only server turned down
	Failed    int      // attempts that failed in any other way, connecting included
	LastError error    // of the last failed attempt
}

// StartLoad makes the table at the first of the targets that lets it, trying until ctx ends, and starts to write. The
// targets ("host:port") are asked for before every attempt; a read-only or unreachable one is passed over, as by an
// application with a list of servers. Give [Cluster.Addrs], or a function that answers as a proxy would.
// The load runs until Stop, or the end of ctx.
func StartLoad(ctx context.Context, targets func() []string, options LoadOptions) (*Load, error) {
	if options.Interval == 0 {
		options.Interval = 2 * time.Millisecond
	}
	if options.Timeout == 0 {
		options.Timeout = time.Second
	}
	if options.MaxRows == 0 {
		options.MaxRows = 100_000
	}
	l := &Load{targets: targets, options: options, pools: map[string]*sql.DB{}, done: make(chan struct{}), changed: make(chan struct{})}
	if err := l.prepare(ctx); err != nil {
		l.closePools()
		return nil, fmt.Errorf("start a load: %w", err)
	}
	ctx, l.cancel = context.WithCancel(ctx)
	go l.run(ctx)
	return l, nil
}

// prepare makes the table and finds the first number that is free.
func (l *Load) prepare(ctx context.Context) error {
	return poll(ctx, l.options.Interval, func(ctx context.Context) (bool, error) {
		_, err := l.attempt(ctx, func(ctx context.Context, db *sql.DB) error {
			if _, err := db.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS "+LoadTable+" (id BIGINT PRIMARY KEY) ENGINE=InnoDB"); err != nil {
				return err
			}
			return db.QueryRowContext(ctx, "SELECT COALESCE(MAX(id), 0) + 1 FROM "+LoadTable).Scan(&l.next)
		})
		if err != nil {
			return false, notYet{err}
		}
		return true, nil
	})
}

// run writes until ctx ends.
func (l *Load) run(ctx context.Context) {
	defer close(l.done)
	ticker := time.NewTicker(l.options.Interval)
	defer ticker.Stop()
	for written := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if written < l.options.MaxRows && l.write(ctx) {
			written++
		}
	}
}

// write tries one row and books how that went; true when it was acknowledged.
func (l *Load) write(ctx context.Context) bool {
	id, sent := l.next, false
	addr, err := l.attempt(ctx, func(ctx context.Context, db *sql.DB) error {
		conn, err := db.Conn(ctx)
		if err != nil {
			return err
		}
		defer conn.Close()
		sent = true
		l.next++
		_, err = conn.ExecContext(ctx, fmt.Sprintf("INSERT INTO "+LoadTable+" (id) VALUES (%d)", id))
		return err
	})
	at := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil:
		l.result.Commits = append(l.result.Commits, Commit{id, at, addr})
		close(l.changed)
		l.changed = make(chan struct{})
		return true
	case readOnly(err):
		l.result.Refused++
		l.result.LastError = err
	case ctx.Err() != nil && !sent:
		// Stopped before anything was tried.
	default:
		l.result.Failed++
		l.result.LastError = err
		if sent {
			l.result.Uncertain = append(l.result.Uncertain, id)
		}
	}
	return false
}

// attempt does something at the present target, and turns to the next one when that fails.
func (l *Load) attempt(ctx context.Context, do func(context.Context, *sql.DB) error) (string, error) {
	targets := l.targets()
	if len(targets) == 0 {
		return "", errors.New("no address to write to")
	}
	addr := targets[l.turn%len(targets)]
	db := l.pools[addr]
	if db == nil {
		db = openDB("tcp", addr, UserApp, Password(UserApp), Database)
		db.SetMaxOpenConns(1)
		l.pools[addr] = db
	}
	ctx, cancel := context.WithTimeout(ctx, l.options.Timeout)
	defer cancel()
	if err := do(ctx, db); err != nil {
		l.turn++
		return addr, fmt.Errorf("write to %s: %w", addr, err)
	}
	return addr, nil
}

// readOnly recognises a server's refusal, after which the row is surely not there.
func readOnly(err error) bool { return refusedWith(err, 1290, 1792, 1836) }

func (l *Load) closePools() {
	for _, db := range l.pools {
		closePool(db)
	}
}

// AwaitCommits returns when more rows have been acknowledged since the call, or with the last failure when ctx ends first.
func (l *Load) AwaitCommits(ctx context.Context, more int) error {
	l.mu.Lock()
	want := len(l.result.Commits) + more
	l.mu.Unlock()
	return l.await(ctx, func(r *LoadResult) bool { return len(r.Commits) >= want })
}

// AwaitCommitAt returns when the server at addr has acknowledged a row.
func (l *Load) AwaitCommitAt(ctx context.Context, addr string) error {
	return l.await(ctx, func(r *LoadResult) bool {
		return slices.ContainsFunc(r.Commits, func(c Commit) bool { return c.Addr == addr })
	})
}

func (l *Load) await(ctx context.Context, enough func(*LoadResult) bool) error {
	for {
		l.mu.Lock()
		ok, changed, last := enough(&l.result), l.changed, l.result.LastError
		l.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-l.done:
			return fmt.Errorf("await commits: the load has ended (last failure: %v)", last)
		case <-ctx.Done():
			return fmt.Errorf("await commits: %w (last failure: %v)", context.Cause(ctx), last)
		}
	}
}

// Result says what the load has seen so far.
func (l *Load) Result() LoadResult {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.result
	r.Commits, r.Uncertain = slices.Clone(r.Commits), slices.Clone(r.Uncertain)
	return r
}

// Since lists the commits after the first so many, in their order.
func (l *Load) Since(count int) []Commit {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.result.Commits[min(count, len(l.result.Commits)):])
}

// Stop ends the load and says what it saw. It may be called again.
func (l *Load) Stop() LoadResult {
	l.cancel()
	<-l.done
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closePools()
	return l.result
}

// Outage is the longest time between two acknowledgements that followed each other, with the two; zero when there were
// fewer than two. Its resolution is the load's interval.
func (r LoadResult) Outage() (longest time.Duration, last, first Commit) {
	for i := 1; i < len(r.Commits); i++ {
		if gap := r.Commits[i].At.Sub(r.Commits[i-1].At); gap > longest {
			longest, last, first = gap, r.Commits[i-1], r.Commits[i]
		}
	}
	return longest, last, first
}

// Missing lists the acknowledged rows that the node does not have: committed transactions that were lost.
func (r LoadResult) Missing(ctx context.Context, n *Node) ([]int64, error) {
	rows, err := n.DB(UserAdmin).QueryContext(ctx, "SELECT id FROM "+Database+"."+LoadTable)
	if err != nil {
		return nil, fmt.Errorf("%s: read the load's rows: %w", n, err)
	}
	defer rows.Close()
	there := map[int64]bool{}
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("%s: read the load's rows: %w", n, err)
		}
		there[id] = true
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("%s: read the load's rows: %w", n, err)
	}
	var missing []int64
	for _, c := range r.Commits {
		if !there[c.ID] {
			missing = append(missing, c.ID)
		}
	}
	return missing, nil
}
