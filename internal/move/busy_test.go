package move

import (
	"context"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// still is a picture of one server that nobody looks at again.
type still struct{ t *topology.Topology }

func (s still) Snapshot() *topology.Topology                 { return s.t }
func (s still) Probe(context.Context, ...topology.Key) error { return nil }
func (s still) IsLeader() bool                               { return true }
func (s still) Confirm(context.Context) error                { return nil }

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
	if err := r.mayWrite(job)(t.Context()); err == nil {
		t.Error("a step that comes while a recovery has begun may write")
	}
	busy = "db2:3306"
	if _, err := r.Run(t.Context(), job); err != nil || !asked {
		t.Errorf("during a recovery of another cluster: asked %t, %v", asked, err)
	}
	if err := r.mayWrite(job)(t.Context()); err != nil {
		t.Error(err)
	}
}
