package recovery

import (
	"context"
	"testing"
	"time"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// slowJournal takes its time to write a journal down; from the choice of a successor on, taken, it is another process's.
type slowJournal struct {
	*fakeLedger
	taken bool
}

func (l slowJournal) SaveProgress(ctx context.Context, uid string, j *Journal) error {
	time.Sleep(200 * time.Millisecond)
	if l.taken && !j.Successor.IsZero() {
		return ErrTakenUp
	}
	return l.fakeLedger.SaveProgress(ctx, uid, j)
}

// TestWhoIsOpenedIsOnRecordBefore: whoever carries on after a manager that ended in this very moment must know it.
func TestWhoIsOpenedIsOnRecordBefore(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		o := b.engine.o
		o.Ledger = slowJournal{fakeLedger: b.ledger}
		b.engine = New(o)
		b.run(t)
		b.kill()
		for !b.said("a: read_only=false") {
			time.Sleep(time.Millisecond)
		}
		b.ledger.mu.Lock()
		defer b.ledger.mu.Unlock()
		for uid, u := range b.ledger.journals {
			if u.Journal.Successor != key("a") {
				t.Errorf("%s was opened for writing, and the journal of %s says %s", key("a"), uid, u.Journal.Successor)
			}
		}
		if len(b.ledger.journals) != 1 {
			t.Errorf("%d journals", len(b.ledger.journals))
		}
	})
}

// TestWhatAnotherProcessHasTakenUpIsNotOpened: it has written so into the journal.
func TestWhatAnotherProcessHasTakenUpIsNotOpened(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		o := b.engine.o
		o.Ledger = slowJournal{b.ledger, true}
		b.engine = New(o)
		b.run(t)
		b.kill()
		after(5 * time.Second)
		if b.said("a: read_only=false") {
			t.Errorf("it was opened by who does not carry on with it: %q", b.statements())
		}
	})
}

// lateJournal lets something happen while it is written down who is opened.
type lateJournal struct {
	*fakeLedger
	meanwhile func()
}

func (l lateJournal) SaveProgress(ctx context.Context, uid string, j *Journal) error {
	if opening := j.NoReturn(); opening != nil && opening.State == plan.Running {
		l.meanwhile()
	}
	return l.fakeLedger.SaveProgress(ctx, uid, j)
}

// TestAPrimaryThatComesBackWhileItIsWrittenDown: a backend that hangs must not make the manager forget what it has seen meanwhile.
func TestAPrimaryThatComesBackWhileItIsWrittenDown(t *testing.T) {
	inBubble(t, pair, "", func(t *testing.T, b *bench) {
		o := b.engine.o
		o.Ledger = lateJournal{b.ledger, func() {
			time.Sleep(time.Second) // it is looked at right before
			b.change("p", func(i *topology.Instance) {
				now := time.Now()
				i.Check = topology.Check{Attempted: now, Checked: now, Seen: now}
			})
			b.mu.Lock()
			delete(b.gone, key("p"))
			b.mu.Unlock()
		}}
		b.engine = New(o)
		b.run(t)
		b.kill()
		after(10 * time.Second)
		if b.said("a: read_only=false") {
			t.Errorf("it was opened beside p, which answers and takes writes: %q", b.statements())
		}
	})
}
