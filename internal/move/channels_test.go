package move_test

import (
	"fmt"
	"slices"
	"testing"

	"orchestrator/internal/refactor"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// TestRealChannels moves and changes the channels of a replica of two sources, one at a time. Node 4 replicates from node
// 0, beside node 1, and on channel b from node 2, beside node 3.
func TestRealChannels(t *testing.T) {
	for name, o := range map[string]sandbox.Options{
		"MariaDB":              {Flavor: sandbox.MariaDB, GTID: true},
		"MySQL":                {Flavor: sandbox.MySQL, GTID: true},
		"MariaDB, by position": {Flavor: sandbox.MariaDB},
		"MySQL, by position":   {Flavor: sandbox.MySQL},
	} {
		t.Run(name, func(t *testing.T) {
			o.Nodes = 5
			if o.Flavor == sandbox.MariaDB {
				o.NodeOptions = map[int]map[string]string{2: {"gtid_domain_id": "2"}}
			}
			r := newTwoSources(t, o)
			for _, step := range []struct {
				channel       string
				command       refactor.RelocationCommand
				below         int
				refused, want string
			}{
				{"b", refactor.Relocate, 3, "", "default<0 b<3"},
				{"", refactor.Relocate, 1, "", "default<1 b<3"},
				{"b", refactor.Relocate, 1, "other-channel", "default<1 b<3"},
				{"b", refactor.MoveUp, -1, "", "default<1 b<2"},
				{"default", refactor.MoveUp, -1, "", "default<0 b<2"},
				{"b", refactor.Repoint, -1, "", "default<0 b<2"},
				{"nobody", refactor.Repoint, -1, "unknown-channel", "default<0 b<2"},
			} {
				r.look(t)
				q := refactor.Relocation{Command: step.command, Server: keyOf(r.Node(4)), Channel: step.channel}
				if step.below >= 0 {
					q.Below = keyOf(r.Node(step.below))
				}
				if step.refused != "" {
					r.refusedRelocation(t, step.refused, q)
				} else {
					r.relocation(t, q)
				}
				r.both(t, step.want)
			}
			r.onOneChannel(t)
		})
	}
}

type twoSources struct {
	*rig
	rows int
}

func newTwoSources(t *testing.T, o sandbox.Options) *twoSources {
	r := &twoSources{rig: newRig(t, o)}
	word := "REPLICA"
	if o.Flavor == sandbox.MariaDB {
		word = "SLAVE"
	}
	must(t, r.Node(2).Exec(limited(t), "STOP "+word, "RESET "+word+" ALL"))
	must(t, r.Node(2).SetReadOnly(limited(t), false))
	must(t, r.Node(3).Follow(limited(t), r.Node(2)))
	at, err := r.Servers.For(keyOf(r.Node(2))).SelfCoordinates(limited(t))
	must(t, err)
	yes := true
	change := server.SourceChange{Channel: "b", Source: keyOf(r.Node(2)), Mode: server.FilePosition, Coords: at, User: sandbox.UserRepl, Password: sandbox.Password(sandbox.UserRepl), Fresh: true}
	switch {
	case o.GTID && o.Flavor == sandbox.MariaDB:
		change.Mode = server.MariaDBSlavePos
	case o.GTID:
		change.Mode = server.GTIDAuto
	}
	if o.Flavor == sandbox.MySQL {
		change.TLS = &topology.TLSOptions{GetSourcePublicKey: &yes}
	}
	s := r.Servers.For(keyOf(r.Node(4)))
	must(t, s.ChangeSource(limited(t), change))
	must(t, s.StartReplica(limited(t), server.AllThreads, "b"))
	must(t, r.Node(0).ExecAs(limited(t), sandbox.UserAdmin, "CREATE DATABASE a", "CREATE TABLE a.t (id INT PRIMARY KEY)"))
	must(t, r.Node(2).ExecAs(limited(t), sandbox.UserAdmin, "CREATE DATABASE b", "CREATE TABLE b.t (id INT PRIMARY KEY)"))
	r.both(t, "default<0 b<2")
	return r
}

// both writes to both sources, and waits until both channels have brought it from where they are wanted.
func (r *twoSources) both(t *testing.T, want string) {
	t.Helper()
	r.rows++
	for node, table := range map[int]string{0: "a.t", 2: "b.t"} {
		must(t, r.Node(node).ExecAs(limited(t), sandbox.UserAdmin, fmt.Sprintf("INSERT INTO %s VALUES (%d)", table, r.rows)))
	}
	ctx := limited(t)
	for {
		var a, b int
		if r.Node(4).Scan(ctx, "SELECT COUNT(*) FROM a.t", &a) == nil && r.Node(4).Scan(ctx, "SELECT COUNT(*) FROM b.t", &b) == nil && a == r.rows && b == r.rows {
			break
		}
		if ctx.Err() != nil {
			t.Fatalf("%d and %d rows, want %d: %s", a, b, r.rows, r.channels(t))
		}
	}
	if got := r.channels(t); got != want {
		t.Fatalf("channels %s, want %s", got, want)
	}
}

// channels are the channels of node 4 with the nodes that they come from; a ! stands for one that does not run.
func (r *twoSources) channels(t *testing.T) (text string) {
	t.Helper()
	list, err := r.Servers.For(keyOf(r.Node(4))).Status(t.Context())
	must(t, err)
	for _, c := range list {
		name := c.Name
		if name == "" {
			name = topology.DefaultChannel
		}
		source := slices.IndexFunc(r.Nodes(), func(n *sandbox.Node) bool { return n.Port == c.Source.Port })
		text += fmt.Sprintf(" %s<%d", name, source)
		if !c.Replicating() {
			text += "!"
		}
	}
	return text[1:]
}

// onOneChannel does operations on single channels.
func (r *twoSources) onOneChannel(t *testing.T) {
	k := keyOf(r.Node(4))
	r.look(t)
	r.refused(t, refactor.Request{Operation: refactor.StopReplica, Server: k}, "multi-source")
	there, back := refactor.Operation(refactor.RestartReplica), refactor.Operation(refactor.RestartReplica)
	if r.Options().GTID {
		there, back = refactor.DisableGTID, refactor.EnableGTID
	}
	for _, step := range []struct {
		operation refactor.Operation
		channel   string
		want      string
	}{
		{refactor.StopReplica, "b", "default<0 b<2!"},
		{refactor.StartReplica, "b", "default<0 b<2"},
		{refactor.StopReplicaNice, "default", "default<0! b<2"},
		{refactor.StartReplica, "default", "default<0 b<2"},
		{refactor.DetachReplica, "b", "default<0 b<2!"},
		{refactor.ReattachReplica, "b", "default<0 b<2"},
		{refactor.RestartReplica, "b", "default<0 b<2"},
		{refactor.DelayReplication, "b", "default<0 b<2"},
		{there, "b", "default<0 b<2"},
		{back, "b", "default<0 b<2"},
		{refactor.ResetReplica, "b", "default<0"},
	} {
		r.do(t, refactor.Request{Operation: step.operation, Server: k, Channel: step.channel, Number: 1})
		if got := r.channels(t); got != step.want {
			t.Fatalf("after %s of %s: %s, want %s", step.operation, step.channel, got, step.want)
		}
	}
}
