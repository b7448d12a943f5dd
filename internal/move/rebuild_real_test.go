package move_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/execute"
	"orchestrator/internal/move"
	"orchestrator/internal/plan"
	"orchestrator/internal/refactor"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/server"
)

// patient is for what takes as long as a clone and the start of a server.
func patient(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// TestRebuildOnRealServers: a replica with data of its own gets those of another one. The clone breaks off in the middle at
// first, and is asked for again. The sandbox supervises no server, so one that ends for its clone has to be started.
func TestRebuildOnRealServers(t *testing.T) {
	r := newRig(t, sandbox.Options{Flavor: sandbox.MySQL, GTID: true, Nodes: 3, ExtraOptions: map[string]string{"plugin-load-add": "mysql_clone.so"}})
	primary, donor, replica := r.Node(0), r.Node(1), r.Node(2)
	r.write(t, "CREATE DATABASE moved", "CREATE TABLE moved.t (id INT PRIMARY KEY)", "INSERT INTO moved.t VALUES (1), (2)")
	r.followed(t)
	must(t, replica.ExecAs(limited(t), sandbox.UserAdmin, append(r.open(), "INSERT INTO moved.t VALUES (99)")...))
	for _, n := range r.Nodes() {
		must(t, r.Probe(limited(t), keyOf(n)))
	}
	if r.alone(t, replica) == "" {
		t.Fatal("it has no errant transactions")
	}
	q := refactor.Request{Operation: refactor.RebuildReplica, Server: keyOf(replica)}

	t.Run("who may be the donor", func(t *testing.T) {
		list, refusal, err := r.runner.Donors(limited(t), keyOf(replica))
		must(t, err)
		if refusal != nil || len(list) != 2 || list[0].Key != keyOf(donor) || list[1].Key != keyOf(primary) || list[0].Unfit != "" || list[1].Unfit != "" {
			t.Errorf("%v, %+v", refusal, list)
		}
		r.refused(t, refactor.Request{Operation: refactor.RebuildReplica, Server: keyOf(primary)}, "has-replicas")
	})
	t.Run("a failure in the middle", func(t *testing.T) {
		slow := func(rate string) {
			for _, n := range r.Nodes() {
				must(t, n.ExecAs(limited(t), sandbox.UserAdmin, "SET GLOBAL clone_max_data_bandwidth="+rate))
			}
		}
		slow("1")
		began := r.begin(t, q)
		status := func() server.CloneStatus {
			is, err := r.Servers.For(keyOf(replica)).CloneStatus(limited(t))
			must(t, err)
			return is
		}
		is := status()
		for ; !strings.HasPrefix(is.Stage, "FILE COPY"); is = status() {
			select {
			case done := <-began:
				t.Fatalf("it ended: %v\n%s", done.err, done.Plan.String())
			case <-time.After(20 * time.Millisecond):
			}
		}
		if !is.Dropped || is.Source != donor.Addr() {
			t.Errorf("it is cloned from %s, dropped %t", is.Source, is.Dropped)
		}
		if _, err := r.runner.Run(limited(t), r.runner.Single(q)); err == nil || !strings.Contains(err.Error(), "being cloned") {
			t.Errorf("a second one: %v", err)
		}
		// It would wait five minutes for a donor that is gone; what a person ends has ended.
		var id int64
		must(t, replica.Scan(limited(t), "SELECT PID FROM performance_schema.clone_status", &id))
		must(t, replica.ExecAs(limited(t), sandbox.UserAdmin, fmt.Sprintf("KILL QUERY %d", id)))
		done := <-began
		if !errors.Is(done.err, execute.ErrDataGone) {
			t.Fatalf("%v\n%s", done.err, done.Plan.String())
		}
		t.Log(done.err)
		if len(r.Locked) != 0 {
			t.Errorf("it left locks: %v", r.Locked)
		}
		if i := done.Instance(); !i.Channel.Source.IsDetached() || !i.ThreadsStopped() || !i.ReadOnly {
			t.Errorf("it replicates from %s, threads %v %v, read-only %t", i.Channel.Source, i.Channel.IOThread, i.Channel.SQLThread, i.ReadOnly)
		}
		var n int
		if err := replica.Scan(limited(t), "SELECT COUNT(*) FROM moved.t", &n); err == nil {
			t.Errorf("it still has %d rows", n)
		}
		slow("0")
		for _, n := range r.Nodes() {
			must(t, r.Probe(limited(t), keyOf(n)))
		}
	})
	t.Run("again, from the primary", func(t *testing.T) {
		q.Donor = keyOf(primary)
		began := r.begin(t, q)
		must(t, replica.StartAgain(patient(t)))
		r.write(t, "INSERT INTO moved.t VALUES (3)")
		done := <-began
		if done.err != nil {
			t.Fatalf("%v\n%s", done.err, done.Plan.String())
		}
		t.Log(done.Plan.String())
		r.rebuilt(t, done.Done, primary, replica)
	})
	t.Run("from a replica, with a delay", func(t *testing.T) {
		must(t, replica.ExecAs(limited(t), sandbox.UserAdmin, append(r.open(), "INSERT INTO moved.t VALUES (98)", "STOP REPLICA SQL_THREAD",
			"CHANGE REPLICATION SOURCE TO SOURCE_DELAY=1", "START REPLICA SQL_THREAD")...))
		q.Donor = keyOf(donor)
		began := r.begin(t, q)
		must(t, replica.StartAgain(patient(t)))
		done := <-began
		if done.err != nil {
			t.Fatalf("%v\n%s", done.err, done.Plan.String())
		}
		// Its source has come along: without anybody there to go on, it replicates by itself.
		if n := slices.IndexFunc(done.Plan.Steps, func(s plan.Step) bool { return s.Action.Verb == plan.BecomeReplica }); done.Plan.Steps[n].State != plan.Skipped {
			t.Errorf("it was made a replica: %s", done.Plan.Steps[n].State)
		}
		if i := done.Instance(); i.Channel.SQLDelay != 1 {
			t.Errorf("its delay is %d s\n%s", i.Channel.SQLDelay, done.Plan.String())
		}
		r.rebuilt(t, done.Done, primary, replica)
	})
}

// alone are the errant transactions of a server, by the last look.
func (r *rig) alone(t *testing.T, n *sandbox.Node) string {
	t.Helper()
	all := r.Snapshot()
	set, err := refactor.Errant(all, all.Instance(keyOf(n)))
	must(t, err)
	return set.String()
}

// ended is what became of an operation that ran beside the test.
type ended struct {
	move.Done
	err error
}

// begin runs an operation beside the test.
func (r *rig) begin(t *testing.T, q refactor.Request) <-chan ended {
	t.Helper()
	r.dryRun(t, r.runner.Single(q))
	out := make(chan ended, 1)
	go func() {
		done, err := r.runner.Run(patient(t), r.runner.Single(q))
		out <- ended{done, err}
	}()
	return out
}

// rebuilt says that a replica holds what the primary holds and nothing else, and follows it.
func (r *rig) rebuilt(t *testing.T, done move.Done, primary, replica *sandbox.Node) {
	t.Helper()
	r.followed(t)
	i := done.Instance()
	if r.alone(t, replica) != "" || i.SourceKey() != keyOf(primary) || !i.Replicating() || !i.SuperReadOnly || !i.UsesOracleGTID() {
		t.Errorf("it replicates from %s, errant %q, super_read_only %t", i.SourceKey(), r.alone(t, replica), i.SuperReadOnly)
	}
	var sums [2]string
	for n, at := range []*sandbox.Node{primary, replica} {
		var name string
		must(t, at.Scan(limited(t), "CHECKSUM TABLE moved.t", &name, &sums[n]))
	}
	if sums[0] != sums[1] {
		t.Errorf("the checksums are %q", sums)
	}
	if len(r.Locked) != 0 {
		t.Errorf("it left locks: %v", r.Locked)
	}
	if last := r.Audits[len(r.Audits)-1]; !strings.HasPrefix(last, fmt.Sprintf("rebuild-replica %s rebuild %s", replica.Addr(), replica.Addr())) || strings.Contains(last, "failed") {
		t.Errorf("the audit is %q", last)
	}
	if password := sandbox.Password(sandbox.UserRepl); strings.Contains(done.Plan.String(), password) || slices.ContainsFunc(done.Plan.Steps, func(s plan.Step) bool { return strings.Contains(s.Note, password) }) {
		t.Error("the plan tells a password")
	}
}
