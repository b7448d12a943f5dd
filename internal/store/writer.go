package store

import (
	"context"
	"database/sql"
	"slices"
	"sync"
	"time"

	"orchestrator/internal/topology"
)

// WriterOptions tune a Writer; zero values mean the defaults.
type WriterOptions struct {
	// Interval between two batches; 0 means 1 s.
	Interval time.Duration
	// RewriteAfter is how long a row that does not change may go without being written in full, so that whatever
	// another program did to it does not stay for ever; 0 means 1 min.
	RewriteAfter time.Duration
	// MaxBackoff bounds the pause after failed batches; 0 means 30 s.
	MaxBackoff time.Duration
	// OnState is told when writing starts to fail (with the error) and when it works again (nil), once for each
	// change, from the Writer's goroutine. nil: the store's log is told.
	OnState func(err error)
	// OnForgotten is told of servers whose rows this Writer has written and that somebody else has deleted since: they
	// are not written again. nil: they are.
	OnForgotten func(keys []topology.Key)
}

// WriterStats count what a Writer has done since it began.
type WriterStats struct {
	Observed  uint64        // calls of Observe
	Coalesced uint64        // of these, replaced by a newer one before they were written
	Full      uint64        // rows written in full
	Touched   uint64        // rows of which only the times were written
	Batches   uint64        // transactions
	Failures  uint64        // failed transactions
	Pending   int           // servers waiting to be written
	LastTook  time.Duration // duration of the last transaction
	Flushes   []FlushStat   // the newest ones, oldest first
}

// FlushStat is one batch.
type FlushStat struct {
	At      time.Time
	Rows    int           // servers in the batch
	Full    int           // of these, written in full
	Took    time.Duration // of the transaction
	Waiting time.Duration // of the oldest observation in the batch
}

// keptFlushes is how many FlushStats are kept.
const keptFlushes = 120

// Writer writes observations behind the caller's back: the newest one of each server, all together in one
// transaction per interval. Servers of which nothing changed only get new times. When the database fails, the
// observations stay in memory (one for each server, not more) and are tried again with growing pauses; the caller is
// never held up.
type Writer struct {
	store   *Store
	options WriterOptions
	codec   rowCodec

	mu      sync.Mutex
	pending map[topology.Key]pendingWrite
	stats   WriterStats
	failing bool

	flushing sync.Mutex // one batch at a time
	known    map[topology.Key]knownRow

	stop context.CancelFunc
	done chan struct{}
}

type pendingWrite struct {
	instance *topology.Instance
	since    time.Time
}

// knownRow is what the Writer believes to be stored.
type knownRow struct {
	content uint64
	written time.Time
}

// NewWriter starts a Writer. It ends with Close.
func (s *Store) NewWriter(o WriterOptions) *Writer {
	o.Interval = orDefault(o.Interval, time.Second)
	o.RewriteAfter = orDefault(o.RewriteAfter, time.Minute)
	o.MaxBackoff = orDefault(o.MaxBackoff, 30*time.Second)
	ctx, stop := context.WithCancel(context.Background()) // its life is the Writer's, until Close
	w := &Writer{
		store: s, options: o, codec: newRowCodec(),
		pending: make(map[topology.Key]pendingWrite),
		known:   make(map[topology.Key]knownRow),
		stop:    stop, done: make(chan struct{}),
	}
	if w.options.OnState == nil {
		w.options.OnState = w.logState
	}
	go w.run(ctx)
	return w
}

// Observe hands over what is now known of a server. The instance must not be changed afterwards. It never waits.
func (w *Writer) Observe(i *topology.Instance) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stats.Observed++
	since := w.store.now()
	if old, ok := w.pending[i.Key]; ok {
		w.stats.Coalesced++
		since = old.since
	}
	w.pending[i.Key] = pendingWrite{i, since}
}

// Forget drops what waits to be written of these servers, so that a server which was just deleted does not come back
// with an older observation. It waits for a batch that is under way; delete the rows afterwards.
func (w *Writer) Forget(keys ...topology.Key) {
	w.flushing.Lock()
	defer w.flushing.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, k := range keys {
		delete(w.pending, k)
		delete(w.known, k)
	}
}

// Reset forgets what is believed to be stored, so that every server's next observation is written in full. Call it
// when another node may have written in the meantime.
func (w *Writer) Reset() {
	w.flushing.Lock()
	defer w.flushing.Unlock()
	clear(w.known)
}

// Flush writes everything that waits, now.
func (w *Writer) Flush(ctx context.Context) error { return w.flush(ctx) }

// Stats returns the counters.
func (w *Writer) Stats() WriterStats {
	w.mu.Lock()
	defer w.mu.Unlock()
	st := w.stats
	st.Pending = len(w.pending)
	st.Flushes = slices.Clone(st.Flushes)
	return st
}

// Close stops the Writer after a last attempt to write what waits, as long as ctx allows.
func (w *Writer) Close(ctx context.Context) error {
	w.stop()
	<-w.done
	return w.flush(ctx)
}

func (w *Writer) run(ctx context.Context) {
	defer close(w.done)
	pause := w.options.Interval
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if err := w.flush(ctx); err != nil && ctx.Err() == nil {
			pause = min(2*pause, max(w.options.MaxBackoff, w.options.Interval))
		} else {
			pause = w.options.Interval
		}
		timer.Reset(pause)
	}
}

func (w *Writer) flush(ctx context.Context) error {
	forgotten, err := w.flushBatch(ctx)
	if len(forgotten) > 0 {
		w.options.OnForgotten(forgotten)
	}
	return err
}

// flushBatch writes what waits, and returns the servers that somebody else has deleted.
func (w *Writer) flushBatch(ctx context.Context) (forgotten []topology.Key, err error) {
	w.flushing.Lock()
	defer w.flushing.Unlock()
	batch := w.take()
	if len(batch) == 0 {
		return nil, nil
	}
	started := w.store.now()
	stat := FlushStat{At: started, Rows: len(batch)}
	for _, p := range batch {
		stat.Waiting = max(stat.Waiting, started.Sub(p.since))
	}
	begun := time.Now()
	job, err := w.sort(batch, started)
	if err == nil {
		err = w.write(ctx, &job)
	}
	stat.Took, stat.Full = time.Since(begun), len(job.full)
	if err != nil {
		w.putBack(batch)
		w.report(ctx, err)
		return nil, err
	}
	for _, r := range job.full {
		w.known[r.key] = knownRow{r.content, started}
	}
	for _, k := range job.gone {
		delete(w.known, k)
	}
	for _, k := range job.forgotten {
		delete(w.known, k)
	}
	w.record(stat, job)
	w.report(ctx, nil)
	return job.forgotten, nil
}

func (w *Writer) take() map[topology.Key]pendingWrite {
	w.mu.Lock()
	defer w.mu.Unlock()
	batch := w.pending
	w.pending = make(map[topology.Key]pendingWrite, len(batch))
	return batch
}

// putBack returns what could not be written, except where a newer observation has come in.
func (w *Writer) putBack(batch map[topology.Key]pendingWrite) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stats.Failures++
	for k, p := range batch {
		if newer, ok := w.pending[k]; ok {
			newer.since = p.since
			p = newer
			w.stats.Coalesced++
		}
		w.pending[k] = p
	}
}

func (w *Writer) record(stat FlushStat, job writeJob) {
	w.mu.Lock()
	defer w.mu.Unlock()
	st := &w.stats
	st.Batches++
	st.Full += uint64(len(job.full))
	st.Touched += uint64(stat.Rows - len(job.full))
	st.LastTook = stat.Took
	st.Flushes = append(st.Flushes, stat)
	if len(st.Flushes) > keptFlushes {
		st.Flushes = slices.Delete(st.Flushes, 0, len(st.Flushes)-keptFlushes)
	}
}

// report tells the owner once for each change between working and failing. A batch that was interrupted by the end of
// the Writer says nothing about the database.
func (w *Writer) report(ctx context.Context, err error) {
	if err != nil && ctx.Err() != nil {
		return
	}
	w.mu.Lock()
	changed := w.failing != (err != nil)
	w.failing = err != nil
	w.mu.Unlock()
	if changed {
		w.options.OnState(err)
	}
}

func (w *Writer) logState(err error) {
	if err == nil {
		w.store.log.Info("backend: observations are written again", "backend", w.store.place)
		return
	}
	w.store.log.Error("backend: observations cannot be written; they are kept in memory and tried again",
		"backend", w.store.place, "error", err)
}

// writeJob is a batch sorted by what has to be done.
type writeJob struct {
	full    []instanceRow
	touched map[touch][]topology.Key
	gone    []topology.Key // were to be touched, but some rows did not exist
	// forgotten were written before and deleted by somebody else.
	forgotten []topology.Key
}

// touch is the values that servers of which nothing changed have in common, as stored.
type touch struct {
	checked, attempted, seen string
	partial                  int64
	unseen                   bool // never seen: last_seen stays
}

func (w *Writer) sort(batch map[topology.Key]pendingWrite, now time.Time) (writeJob, error) {
	job := writeJob{touched: make(map[touch][]topology.Key)}
	for key, p := range batch {
		i := p.instance
		known, stored := w.known[key]
		if i.Check.Seen.IsZero() && !stored {
			// A server that was never reached is not added; if it is there, it gets to know of the attempt.
			t := touchOf(i)
			job.touched[t] = append(job.touched[t], key)
			continue
		}
		row, err := w.codec.row(i)
		if err != nil {
			return job, err
		}
		if stored && known.content == row.content && now.Sub(known.written) < w.options.RewriteAfter {
			t := touchOf(i)
			job.touched[t] = append(job.touched[t], key)
			continue
		}
		job.full = append(job.full, row)
	}
	slices.SortFunc(job.full, func(a, b instanceRow) int { return a.key.Compare(b.key) }) // the same lock order everywhere
	return job, nil
}

func touchOf(i *topology.Instance) touch {
	return touch{
		checked:   stamp(i.Check.Checked),
		attempted: stamp(i.Check.Attempted),
		seen:      stamp(i.Check.Seen),
		partial:   flag(i.Check.PartialSuccess),
		unseen:    i.Check.Seen.IsZero(),
	}
}

// keysPerTouch bounds the parameters of one statement.
const keysPerTouch = 400

func (w *Writer) write(ctx context.Context, job *writeJob) error {
	return w.store.tx(ctx, "write observations", func(tx *sql.Tx) error {
		job.gone, job.forgotten = nil, nil
		if err := w.leaveOut(ctx, tx, job); err != nil {
			return err
		}
		if err := w.store.saveRows(ctx, tx, w.codec, job.full); err != nil {
			return err
		}
		for t, keys := range job.touched {
			topology.SortKeys(keys)
			for part := range slices.Chunk(keys, keysPerTouch) {
				n, err := w.store.touch(ctx, tx, t, part)
				if err != nil {
					return err
				}
				if n == int64(len(part)) {
					continue
				}
				if w.options.OnForgotten == nil {
					job.gone = append(job.gone, part...)
				} else if err := w.forgottenOf(ctx, tx, job, part); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// leaveOut takes from the job the rows that this Writer has written before and that are not there any more.
func (w *Writer) leaveOut(ctx context.Context, tx *sql.Tx, job *writeJob) error {
	if w.options.OnForgotten == nil {
		return nil
	}
	keys := make([]topology.Key, 0, len(job.full))
	for _, r := range job.full {
		keys = append(keys, r.key)
	}
	for part := range slices.Chunk(keys, keysPerTouch) {
		if err := w.forgottenOf(ctx, tx, job, part); err != nil {
			return err
		}
	}
	if len(job.forgotten) > 0 {
		job.full = slices.DeleteFunc(job.full, func(r instanceRow) bool { return slices.Contains(job.forgotten, r.key) })
	}
	return nil
}

// forgottenOf adds to the job those of the servers that were written before and have no row.
func (w *Writer) forgottenOf(ctx context.Context, tx *sql.Tx, job *writeJob, keys []topology.Key) error {
	written := make([]topology.Key, 0, len(keys))
	for _, k := range keys {
		if _, known := w.known[k]; known {
			written = append(written, k)
		}
	}
	if len(written) == 0 {
		return nil
	}
	there := make(map[topology.Key]bool, len(written))
	list, args := w.store.dialect.keyList(written)
	if err := w.store.each(ctx, tx, "look for forgotten instances", func(r []value) { there[keyColumns(r[0], r[1])] = true },
		"SELECT hostname, port FROM database_instance WHERE (hostname, port) IN "+list, args...); err != nil {
		return err
	}
	for _, k := range written {
		if !there[k] {
			job.forgotten = append(job.forgotten, k)
		}
	}
	return nil
}

// touch writes the times of servers of which nothing else changed, and returns how many of them exist.
func (s *Store) touch(ctx context.Context, tx *sql.Tx, t touch, keys []topology.Key) (int64, error) {
	set := "last_checked = ?, last_attempted_check = ?, last_check_partial_success = ?"
	args := []any{t.checked, t.attempted, t.partial}
	if !t.unseen {
		set += ", last_seen = ?"
		args = append(args, t.seen)
	}
	list, listArgs := s.dialect.keyList(keys)
	return s.execOn(ctx, tx, "write check times",
		"UPDATE database_instance SET "+set+" WHERE (hostname, port) IN "+list, append(args, listArgs...)...)
}
