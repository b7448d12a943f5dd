package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"orchestrator/internal/topology"
)

// followers is a log that every store in it applies, the first one's answer being the proposer's.
type followers struct {
	stores []*Store
	index  uint64
	seen   map[string]bool
	fail   error
}

func (f *followers) Propose(ctx context.Context, data []byte) (any, error) {
	if f.fail != nil {
		return nil, f.fail
	}
	f.index += 7 // raft has entries of its own
	var first any
	for n, s := range f.stores {
		got, err := s.Apply(ctx, "log", []Entry{{Index: f.index, Data: data}})
		if err != nil {
			return nil, err
		}
		again, err := s.Apply(ctx, "log", []Entry{{Index: f.index, Data: data}})
		if err != nil || again[0].Op != "" {
			return nil, fmt.Errorf("an entry was applied twice: %v, %w", again, err)
		}
		if n == 0 {
			first = got[0]
			f.seen[got[0].Op] = true
		}
	}
	return first, nil
}

func lite(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{File: filepath.Join(t.TempDir(), "a.db"), Version: "1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func agreedRows(t *testing.T, s *Store) map[string]TableData {
	t.Helper()
	tables, err := s.ExportTables(t.Context(), AgreedTables()...)
	if err != nil {
		t.Fatal(err)
	}
	return tables
}

// TestEveryDecisionIsAgreedOn makes every decision there is on one node, and finds the same rows on all; a node that
// comes later gets them from a snapshot, and loses what it had of its own.
func TestEveryDecisionIsAgreedOn(t *testing.T) {
	ctx := t.Context()
	a, b := lite(t), lite(t)
	key, other := topology.Key{Hostname: "a", Port: 3306}, topology.Key{Hostname: "b", Port: 3306}
	// What the first leader had before there was a log, numbered by its own database.
	if err := a.WriteAudit(ctx, AuditRow{Type: "before", Message: "x"}); err != nil {
		t.Fatal(err)
	}
	if err := b.PutTag(ctx, key, topology.Tag{Name: "only", Value: "here"}); err != nil {
		t.Fatal(err)
	}
	log := &followers{stores: []*Store{a, b}, seen: map[string]bool{}}
	a.Replicate(log)
	begin := time.Now().UTC().Truncate(time.Second)
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	yes := func(done bool, err error) {
		t.Helper()
		if ok(err); !done {
			t.Error("nothing was done")
		}
	}
	ok(a.Genesis(ctx, "log", log))
	ok(a.Announce(ctx, key, other))
	ok(a.BeginDowntime(ctx, key, topology.Downtime{Owner: "o", Reason: "r", Begin: begin, End: begin.Add(time.Hour)}))
	ok(a.SetRecoveryDisabled(ctx, true))
	ok(a.SwitchOffCluster(ctx, ClusterSwitch{Owner: "o", Reason: "r", End: begin.Add(time.Hour)}))
	ok(a.BeginDowntime(ctx, other, topology.Downtime{Owner: "o", Reason: "r", Begin: begin, End: begin.Add(-time.Hour)}))
	if keys, err := a.ExpireDowntimes(ctx); err != nil || len(keys) != 1 {
		t.Errorf("expired %v, %v", keys, err)
	}
	ok(a.BeginDowntime(ctx, other, topology.Downtime{Owner: "o", Reason: "r", Begin: begin, End: begin.Add(time.Hour)}))
	yes(a.EndDowntime(ctx, other))
	id, err := a.BeginMaintenance(ctx, topology.Maintenance{Key: key, Owner: "o", Reason: "r", Begin: begin, End: begin.Add(time.Hour)}, Node{"n", "t"})
	ok(err)
	if _, err := a.BeginMaintenance(ctx, topology.Maintenance{Key: key, Owner: "o2", Begin: begin}, Node{"n", "t"}); !errors.Is(err, ErrInMaintenance) {
		t.Errorf("a second maintenance: %v", err)
	}
	yes(a.EndMaintenance(ctx, id))
	_, err = a.BeginMaintenance(ctx, topology.Maintenance{Key: key, Owner: "o", Begin: begin, End: begin.Add(time.Hour)}, Node{"gone", "t"})
	ok(err)
	if n, err := a.ExpireMaintenance(ctx, []Node{{"n", "t"}}); err != nil || n != 1 {
		t.Errorf("expired %d, %v", n, err)
	}
	_, err = a.BeginMaintenance(ctx, topology.Maintenance{Key: key, Owner: "o", Begin: begin, End: begin.Add(time.Hour)}, Node{"n", "t"})
	ok(err)
	ok(a.PutTag(ctx, key, topology.Tag{Name: "x", Value: "1"}))
	ok(a.PutTag(ctx, other, topology.Tag{Name: "x", Value: "2"}))
	if keys, err := a.DeleteTag(ctx, nil, topology.TagQuery{Tag: topology.Tag{Name: "x", Value: "2"}, HasValue: true}); err != nil || len(keys) != 1 {
		t.Errorf("untagged %v, %v", keys, err)
	}
	ok(a.RegisterCandidate(ctx, Candidate{Key: key, Rule: topology.PreferPromote, Suggested: begin.Add(-2 * time.Hour)}))
	if n, err := a.ExpireCandidates(ctx, time.Hour); err != nil || n != 1 {
		t.Errorf("expired %d, %v", n, err)
	}
	ok(a.AcceptErrant(ctx, key, topology.AcceptedErrant{Set: "00000000-0000-0000-0000-00000000000a:1", Owner: "o", Reason: "r"}))
	ok(a.AcceptErrant(ctx, other, topology.AcceptedErrant{Set: "00000000-0000-0000-0000-00000000000a:2", Owner: "o", Reason: "r", Begin: begin}))
	ok(a.AcceptErrant(ctx, other, topology.AcceptedErrant{}))
	if accepted, err := b.AcceptedErrants(ctx); err != nil || len(accepted) != 1 || accepted[key].Begin.IsZero() {
		t.Errorf("the other node accepts %+v, %v", accepted, err)
	}
	ok(a.RegisterCandidate(ctx, Candidate{Key: other, Rule: topology.MustNotPromote, Suggested: begin}))
	ok(a.SubmitPool(ctx, "p", []topology.Key{key, other}, begin))
	ok(a.SetAlias(ctx, "c", "alias"))
	ok(a.SetAliasOverride(ctx, "c", "mine"))
	ok(a.RenameCluster(ctx, "c", "d"))
	ok(a.PutHostAttribute(ctx, HostAttribute{Hostname: "h", Name: "n", Value: "v"}))
	ok(a.PutHostAttribute(ctx, HostAttribute{Hostname: "h", Name: "m", Value: "v"}))
	yes(a.DeleteHostAttribute(ctx, "h", "n"))
	ok(a.PutGameDay(ctx, GameDay{"db1:3306 1", begin, "{}"}))
	ok(a.PutKV(ctx, KV{"k", "v"}))
	if p, done, err := a.PublishPrimary(ctx, Publication{Alias: "orders", Primary: key, Pairs: []KV{{"mysql/master/orders", key.String()}}}); err != nil || !done || p.Revision == 0 {
		t.Errorf("published %+v, %v, %v", p, done, err)
	}
	ok(a.PutKV(ctx, KV{"k2", "v"}))
	yes(a.DeleteKV(ctx, "k2"))
	ok(a.SetRecoveryDisabled(ctx, true))
	ok(a.SetRecoveryDisabled(ctx, false))
	ok(a.SwitchOffCluster(ctx, ClusterSwitch{Cluster: "c", Owner: "o", Reason: "r", End: begin.Add(time.Hour)}))
	yes(a.SwitchOnCluster(ctx, "c"))
	ok(a.SwitchOffCluster(ctx, ClusterSwitch{Cluster: "c", End: begin.Add(-time.Hour)}))
	if n, err := a.ExpireClusterSwitches(ctx); err != nil || n != 1 {
		t.Errorf("expired %d switches of clusters, %v", n, err)
	}
	ok(a.SwitchOffCluster(ctx, ClusterSwitch{Cluster: "c", Owner: "o", Reason: "r", End: begin.Add(time.Hour)}))
	ok(a.BeginDowntime(ctx, other, topology.Downtime{Owner: "o", Reason: topology.ReasonLostInRecovery, Begin: begin, End: begin.Add(time.Hour)}))
	ok(a.RecordInjectedPseudoGTID(ctx, "c"))
	ok(a.RegisterUnresolve(ctx, "h", "virtual", begin))
	ok(a.SaveToken(ctx, AccessToken{Public: "p", Secret: "s", By: "me"}))
	if secret, err := a.AcquireToken(ctx, "p", time.Hour); err != nil || secret != "s" {
		t.Errorf("token %q, %v", secret, err)
	}
	if _, err := a.ExpireTokens(ctx, -time.Hour); err != nil {
		t.Error(err)
	}
	d := Detection{Key: key, Analysis: "DeadMaster", ClusterName: "c", By: Node{"n", "t"}}
	yes(a.RegisterDetection(ctx, &d))
	if again, err := a.RegisterDetection(ctx, &Detection{Key: key, Analysis: "DeadMaster", By: Node{"n", "t"}}); err != nil || again || d.ID == 0 {
		t.Errorf("registered again %v (id %d), %v", again, d.ID, err)
	}
	r := Recovery{UID: "u1", Key: key, Analysis: "DeadMaster", ClusterName: "c", DetectionID: d.ID, By: Node{"n", "t"}}
	if reg, err := a.RegisterRecovery(ctx, &r, nil, false); err != nil || reg.Outcome != Registered || r.ID == 0 || !r.Active {
		t.Fatalf("registration %v, %v", reg, err)
	}
	second := Recovery{UID: "u2", Key: other, ClusterName: "c", By: Node{"n", "t"}}
	if reg, err := a.RegisterRecovery(ctx, &second, nil, false); err != nil || reg.Outcome != BlockedByCluster || reg.Blocking != r.ID {
		t.Errorf("second registration %v, %v", reg, err)
	}
	ok(a.WriteRecoveryStep(ctx, RecoveryStep{UID: "u1", Message: "one"}))
	ok(a.WriteRecoveryStep(ctx, RecoveryStep{UID: "u1", Message: "two"}))
	ok(setJournal(ctx, a, JournalEntry{UID: "u1", Cluster: "c", Step: 3, State: "{}", Open: true}))
	r.Successful, r.Successor = true, other
	ok(a.ResolveRecovery(ctx, &r))
	if err := a.ResolveRecovery(ctx, &Recovery{UID: "none"}); !errors.Is(err, ErrNotFound) {
		t.Errorf("resolve an unknown recovery: %v", err)
	}
	ok(a.WriteRecovery(ctx, &Recovery{ID: 3, UID: "old", Key: topology.Key{Hostname: "z", Port: 1}, By: Node{"n", "t"}, Start: begin, End: begin}))
	if ids, err := a.AcknowledgeRecoveries(ctx, Acknowledgement{UID: "u1", By: "me", Comment: "seen"}); err != nil || len(ids) != 1 {
		t.Errorf("acknowledged %v, %v", ids, err)
	}
	if n, err := a.ClearDetections(ctx, key); err != nil || n != 1 {
		t.Errorf("cleared %d, %v", n, err)
	}
	yes(a.RegisterDetection(ctx, &Detection{Key: key, Analysis: "DeadMaster", By: Node{"n", "t"}, Start: begin.Add(-time.Hour)}))
	if n, err := a.ExpireDetections(ctx, time.Minute); err != nil || n != 1 {
		t.Errorf("expired %d detections, %v", n, err)
	}
	crash := Recovery{UID: "u3", Key: topology.Key{Hostname: "c", Port: 1}, ClusterName: "e", By: Node{"gone", "t"}}
	if _, err := a.RegisterRecovery(ctx, &crash, nil, false); err != nil {
		t.Error(err)
	}
	if list, err := a.AcknowledgeCrashed(ctx, nil); err != nil || len(list) != 1 {
		t.Errorf("crashed %v, %v", list, err)
	}
	late := Recovery{UID: "u4", Key: topology.Key{Hostname: "f", Port: 1}, ClusterName: "f", By: Node{"n", "t"}, Start: begin.Add(-time.Hour)}
	if _, err := a.RegisterRecovery(ctx, &late, nil, false); err != nil {
		t.Error(err)
	}
	if n, err := a.ExpireRecoveries(ctx, time.Minute); err != nil || n != 1 {
		t.Errorf("expired %d recoveries, %v", n, err)
	}
	ok(a.RecordBlockedRecovery(ctx, BlockedRecovery{Key: key, Last: begin.Add(-time.Hour)}))
	if n, err := a.ExpireBlockedRecoveries(ctx, time.Minute); err != nil || n != 1 {
		t.Errorf("expired %d blocks, %v", n, err)
	}
	ok(a.WriteAudit(ctx, AuditRow{Type: "t", Key: key, Message: "m", Person: "anna", Node: "n"}))
	ok(a.NoteDetectionHold(ctx, DetectionHold{Detection: 1, Rule: "filter", Reason: "r"}))
	ok(a.NoteRecoveryLoss(ctx, RecoveryLoss{UID: "u1", Transactions: 3, Basis: "b"}))
	if n, err := a.ForgetInstances(ctx, other); err != nil || n != 1 {
		t.Errorf("forgot %d, %v", n, err)
	}
	if _, err := a.ForgetCluster(ctx, ""); err != nil {
		t.Error(err)
	}
	for op := range commands() {
		if !log.seen[op] {
			t.Errorf("%s was not tried", op)
		}
	}
	if diff := cmp.Diff(agreedRows(t, a), agreedRows(t, b)); diff != "" {
		t.Errorf("the nodes differ (-a +b):\n%s", diff)
	}

	c := lite(t)
	ok(c.PutTag(ctx, key, topology.Tag{Name: "of", Value: "its own"}))
	shared, err := a.TakeShared(ctx, "log")
	ok(err)
	var text strings.Builder
	if _, err := shared.WriteTo(&text); err != nil {
		t.Fatal(err)
	}
	shared, err = ReadShared(strings.NewReader(text.String()))
	ok(err)
	ok(c.Restore(ctx, "log", shared, false))
	if diff := cmp.Diff(agreedRows(t, a), agreedRows(t, c)); diff != "" {
		t.Errorf("the snapshot restores other rows (-a +c):\n%s", diff)
	}
	ok(c.PutTag(ctx, key, topology.Tag{Name: "newer", Value: "than the snapshot"}))
	ok(c.Restore(ctx, "log", shared, false))
	if tags, err := c.Tags(ctx); err != nil || len(tags[key]) != 2 {
		t.Errorf("an old snapshot was restored over newer rows: %v, %v", tags, err)
	}
	// Another log: what was applied of the one before counts for nothing.
	if at, err := c.AppliedIndex(ctx, "other"); err != nil || at != 0 {
		t.Errorf("applied of another log: %d, %v", at, err)
	}

	log.fail = fmt.Errorf("%w: nobody answers", ErrNotAgreed)
	before := agreedRows(t, a)
	if err := a.PutTag(ctx, key, topology.Tag{Name: "never"}); !errors.Is(err, ErrNotAgreed) {
		t.Errorf("without agreement: %v", err)
	}
	if diff := cmp.Diff(before, agreedRows(t, a)); diff != "" {
		t.Errorf("something was written without agreement:\n%s", diff)
	}
}

// TestRefusedEntriesLeaveNoTrace applies what cannot be read, what is newer, and a refusal in one batch with others.
func TestRefusedEntriesLeaveNoTrace(t *testing.T) {
	ctx, s := t.Context(), lite(t)
	text := func(c command) []byte {
		log := recorded{}
		p := *s
		p.agreed = &log
		_, _ = agree[any](ctx, &p, c)
		return log.data
	}
	key := topology.Key{Hostname: "a", Port: 1}
	got, err := s.Apply(ctx, "l", []Entry{
		{1, text(putTag{key, topology.Tag{Name: "one"}})},
		{2, []byte("nonsense")},
		{3, text(resolveRecovery{Recovery{UID: "none"}})},
		{4, text(putTag{key, topology.Tag{Name: "two"}})},
	})
	if err != nil || got[0].Err != nil || got[1].Err == nil || !errors.Is(got[2].Err, ErrNotFound) || got[3].Err != nil {
		t.Errorf("answers %+v, %v", got, err)
	}
	tags, err := s.Tags(ctx)
	if err != nil || !reflect.DeepEqual(tags[key], []topology.Tag{{Name: "one"}, {Name: "two"}}) {
		t.Errorf("tags %v, %v", tags, err)
	}
	for _, data := range []string{`{"op": "of-tomorrow", "v": 1}`, `{"op": "put-instance-tag", "v": 2}`} {
		if _, err := s.Apply(ctx, "l", []Entry{{5, text(putTag{key, topology.Tag{Name: "three"}})}, {6, []byte(data)}}); !errors.Is(err, ErrNewerCommand) {
			t.Errorf("%s: %v", data, err)
		}
	}
	if at, err := s.AppliedIndex(ctx, "l"); err != nil || at != 4 {
		t.Errorf("applied up to %d, %v", at, err)
	}
}

type recorded struct{ data []byte }

func (r *recorded) Propose(_ context.Context, data []byte) (any, error) {
	r.data = data
	return Applied{}, nil
}
