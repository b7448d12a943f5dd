package move

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"orchestrator/internal/plan"
	"orchestrator/internal/refactor"
	"orchestrator/internal/topology"
)

// still is a picture of one server that nobody looks at again.
type still struct{ t *topology.Topology }

func (s still) Snapshot() *topology.Topology                 { return s.t }
func (s still) Probe(context.Context, ...topology.Key) error { return nil }
func (s still) IsLeader() bool                               { return true }
func (s still) Confirm(context.Context) error                { return nil }

// TestWhatPassesIsAwaited: a script that goes straight on must not trip over what is over in a moment.
func TestWhatPassesIsAwaited(t *testing.T) {
	k := topology.Key{Hostname: "db1", Port: 3306}
	picture := still{topology.New([]*topology.Instance{{Key: k, ClusterName: "db1:3306"}}, topology.Names{})}
	for name, c := range map[string]struct {
		passes int // after how many looks
		first  topology.Refusal
		asked  int // how often, at least
		done   bool
	}{
		"over after two looks": {2, topology.Refusal{Rule: refactor.JustBegun, Reason: "too early"}, 3, true},
		"never over":           {1 << 30, topology.Refusal{Rule: refactor.JustBegun, Reason: "too early"}, 3, false},
		"of another kind":      {1, topology.Refusal{Rule: "not-replica", Reason: "not a replica"}, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, asked := New(Options{Picture: picture, Leader: picture, Now: time.Now}), 0
				_, err := r.Run(t.Context(), Job{Operation: "disable-gtid", Subject: k, Plan: func(*topology.Topology) (plan.Plan, *topology.Refusal) {
					if asked++; asked <= c.passes {
						return plan.Plan{}, &c.first
					}
					return plan.Plan{}, nil
				}})
				if (err == nil) != c.done || asked < c.asked || c.first.Rule != refactor.JustBegun && asked != 1 {
					t.Errorf("asked %d times: %v", asked, err)
				}
			})
		})
	}
}

func TestAFailoverHasTheRightOfWay(t *testing.T) {
	k := topology.Key{Hostname: "db1", Port: 3306}
	picture := still{topology.New([]*topology.Instance{{Key: k, ClusterName: "db1:3306"}}, topology.Names{})}
	busy := ""
	r := New(Options{Picture: picture, Leader: picture, Now: time.Now, Busy: func(cluster string) bool { return cluster == busy }})
	asked := false
	job := Job{Operation: "stop-replica", Subject: k, Plan: func(*topology.Topology) (plan.Plan, *topology.Refusal) {
		asked = true
		return plan.Plan{}, nil
	}}

	busy = "db1:3306"
	if _, err := r.Run(t.Context(), job); err == nil || !strings.Contains(err.Error(), "under way in cluster db1:3306") || asked {
		t.Errorf("during a recovery of the cluster: asked %t, %v", asked, err)
	}
	if err := r.mayWrite(job, "")(t.Context()); err == nil {
		t.Error("a step that comes while a recovery has begun may write")
	}
	busy = "db2:3306"
	if _, err := r.Run(t.Context(), job); err != nil || !asked {
		t.Errorf("during a recovery of another cluster: asked %t, %v", asked, err)
	}
	if err := r.mayWrite(job, "")(t.Context()); err != nil {
		t.Error(err)
	}
}
