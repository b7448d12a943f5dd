package recovery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"orchestrator/internal/analysis"
	"orchestrator/internal/plan"
	"orchestrator/internal/store"
)

// The journals of the ledger in the backend. Each names the process that works on the recovery, so that one which stood
// still, or was cut off, changes nothing of what another one has taken up meanwhile.

// entry is a journal of this process as the backend keeps it; nil for none.
func (l *StoreLedger) entry(uid string, j *Journal) (*store.JournalEntry, error) {
	if j == nil {
		return nil, nil
	}
	mine := *j
	mine.By = Node(l.node)
	state, err := json.Marshal(&mine)
	if err != nil {
		return nil, fmt.Errorf("journal of recovery %s: %w", uid, err)
	}
	step := 0
	for _, s := range j.Steps {
		if s.State != plan.Waiting {
			step = max(step, s.N)
		}
	}
	return &store.JournalEntry{UID: uid, Cluster: j.Cluster, Step: step, State: string(state), Open: true}, nil
}

// journalOf reads the journal of a recovery; known is false where there is none that can be read.
func (l *StoreLedger) journalOf(ctx context.Context, uid string) (j Journal, known bool, err error) {
	entry, known, err := l.store.Journal(ctx, uid)
	if err != nil || !known {
		return j, false, err
	}
	if err := json.Unmarshal([]byte(entry.State), &j); err != nil {
		return j, false, fmt.Errorf("journal of recovery %s: %w", uid, err)
	}
	return j, true, nil
}

// workerOf is the process that works on a recovery by its journal; the zero Node where that does not say.
func workerOf(e store.JournalEntry) Node {
	var j struct {
		By Node `json:"by"`
	}
	if err := json.Unmarshal([]byte(e.State), &j); err != nil {
		return Node{} // whoever can must carry on
	}
	return j.By
}

// anothers says whether a journal is that of another process.
func (l *StoreLedger) anothers(e store.JournalEntry) bool {
	by := workerOf(e)
	return by != Node{} && by != Node(l.node)
}

// SaveProgress implements Ledger.
func (l *StoreLedger) SaveProgress(ctx context.Context, uid string, j *Journal) error {
	return l.put(ctx, uid, j, l.anothers)
}

// TakeUp implements Ledger.
func (l *StoreLedger) TakeUp(ctx context.Context, u *Unfinished, j *Journal) error {
	return l.put(ctx, u.Recovery.UID, j, func(there store.JournalEntry) bool { return workerOf(there) != u.Journal.By })
}

// put stores a journal as that of this process, unless the one that is there has been closed or taken up by another one.
func (l *StoreLedger) put(ctx context.Context, uid string, j *Journal, taken func(there store.JournalEntry) bool) error {
	entry, err := l.entry(uid, j)
	if err != nil {
		return err
	}
	return l.store.ChangeJournal(ctx, uid, func(there store.JournalEntry, known bool) (store.JournalEntry, error) {
		if known && (!there.Open || taken(there)) {
			return there, fmt.Errorf("journal of recovery %s: %w", uid, ErrTakenUp)
		}
		return *entry, nil
	})
}

// CloseJournal implements Ledger.
func (l *StoreLedger) CloseJournal(ctx context.Context, uid string) error {
	if _, known, err := l.store.Journal(ctx, uid); err != nil || !known {
		return err
	}
	return l.store.ChangeJournal(ctx, uid, func(there store.JournalEntry, _ bool) (store.JournalEntry, error) {
		if there.Open && l.anothers(there) {
			return there, fmt.Errorf("journal of recovery %s: %w", uid, ErrTakenUp)
		}
		there.Open = false
		return there, nil
	})
}

// Unfinished implements Ledger.
func (l *StoreLedger) Unfinished(ctx context.Context) ([]Unfinished, error) {
	open, err := l.store.OpenJournals(ctx)
	if err != nil || len(open) == 0 {
		return nil, err
	}
	alive, err := l.alive(ctx)
	if err != nil {
		return nil, err
	}
	found := []Unfinished{} // not nil, even when none of them can be read
	var errs []error
	for _, entry := range open {
		u, err := l.unfinished(ctx, entry, alive)
		if err != nil {
			errs = append(errs, fmt.Errorf("unfinished recovery %s: %w", entry.UID, err))
			continue
		}
		found = append(found, u)
	}
	return found, errors.Join(errs...)
}

func (l *StoreLedger) unfinished(ctx context.Context, entry store.JournalEntry, alive []store.Node) (Unfinished, error) {
	var u Unfinished
	rows, err := l.store.Recoveries(ctx, store.RecoveryFilter{UID: entry.UID})
	if err != nil {
		return u, err
	}
	if err := json.Unmarshal([]byte(entry.State), &u.Journal); err != nil {
		// What is left then is to look at the servers that the record names.
		u.Journal = Journal{Plan: plan.Plan{Cluster: entry.Cluster}, Hooks: true}
	}
	p := &u.Journal.Plan
	r := &u.Recovery
	r.UID, r.Started, r.Plan = entry.UID, entry.Updated, *p
	r.Finding = analysis.Finding{Key: p.Failed, Code: analysis.Code(p.Operation), ClusterName: p.Cluster, ClusterAlias: p.Cluster}
	by := u.Journal.By
	if len(rows) > 0 { // it is missing where registering it failed
		row := &rows[0]
		r.ID, r.DetectionID, r.Started = row.ID, row.DetectionID, row.Start
		f := &r.Finding
		f.Key, f.Code, f.ClusterName, f.ClusterAlias = row.Key, analysis.Code(row.Analysis), row.ClusterName, row.ClusterAlias
		f.Replicas, f.CountReplicas = row.Replicas, uint(max(row.CountReplicas, 0))
		if by == (Node{}) {
			by = Node(row.By)
		}
	}
	u.Own = by == Node(l.node)
	u.Running = slices.Contains(alive, store.Node(by)) && !u.Journal.GivenUp
	u.Derive(l.config())
	return u, nil
}
