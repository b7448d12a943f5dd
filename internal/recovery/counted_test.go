package recovery

import (
	"errors"
	"testing"
	"time"

	"orchestrator/internal/analysis"
)

// TestLossIsCountedOfWhoFailed: what was lost is noted with the recovery that replaced the primary, and only when it was that
// primary which was asked.
func TestLossIsCountedOfWhoFailed(t *testing.T) {
	const unknown = -1
	for _, c := range []struct {
		name    string
		uuid    string // on record
		planned bool
		failed  bool // the recovery promoted nobody
		loss    Loss
		want    int
		err     bool
	}{
		{"it holds some", "u-1", false, false, Loss{UUID: "u-1", Transactions: 12}, 12, false},
		{"it holds none", "u-1", false, false, Loss{UUID: "u-1"}, 0, false},
		{"another server under its name", "u-1", false, false, Loss{UUID: "u-2"}, unknown, true},
		{"another server with some of its own", "u-1", false, false, Loss{UUID: "u-2", Transactions: 12}, unknown, true},
		{"none, and who it is is not on record", "", false, false, Loss{UUID: "u-1"}, unknown, true},
		{"some, and who it is is not on record", "", false, false, Loss{UUID: "u-1", Transactions: 12}, 12, false},
		{"none, and what it holds shows who it is", "", false, false, Loss{Itself: true}, 0, false},
		{"a planned takeover", "u-1", true, false, Loss{UUID: "u-1", Transactions: 12}, unknown, true},
		{"nobody took over", "u-1", false, true, Loss{UUID: "u-1", Transactions: 12}, unknown, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			alive := []string{"me"}
			l, s := backend(t, &alive)
			ctx := t.Context()
			r := &Recovery{UID: "1:a", Started: time.Now(), Finding: analysis.Finding{Key: key("p"), Code: analysis.DeadPrimary, ClusterName: "p:3306"}}
			j := Journal{Found: Found{At: time.Now(), UUID: c.uuid}}
			if c.planned {
				j.Command = string(GracefulTakeover)
			}
			if block, err := l.RegisterRecovery(ctx, r, &j); err != nil || block.Blocked() {
				t.Fatal(block, err)
			}
			if r.Ended = time.Now(); !c.failed {
				r.Successor = key("a")
			}
			if err := l.ResolveRecovery(ctx, r); err != nil {
				t.Fatal(err)
			}
			c.loss.Failed, c.loss.Basis = key("p"), "b"
			for range 2 { // who carries on may note it once more
				if err := l.NoteLoss(ctx, c.loss); (err != nil) != c.err || err != nil && !errors.Is(err, ErrNotCounted) {
					t.Fatalf("error %v", err)
				}
			}
			got, err := s.RecoveryLosses(ctx, "")
			switch {
			case err != nil:
				t.Fatal(err)
			case c.want == unknown && len(got) > 0:
				t.Errorf("noted %+v", got)
			case c.want != unknown && (len(got) != 1 || got[0].UID != r.UID || got[0].Transactions != uint64(c.want)):
				t.Errorf("noted %+v", got)
			}
		})
	}
}
