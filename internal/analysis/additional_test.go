package analysis

import (
	"slices"
	"testing"
	"time"

	"orchestrator/internal/topology"
)

func TestAdditionalCodes(t *testing.T) {
	justFailed := func(i *topology.Instance) { i.Check.Seen = i.Check.Checked.Add(-5 * time.Second) }
	noAnswer := func(i *topology.Instance) { unseen(i); i.Check.Hung = true }
	refused := unseen
	live := func(p *Policy) { p.Live = true }
	multiPrimary := func(i *topology.Instance) { i.Group.SinglePrimary = false }
	produced := make(map[Code]bool)
	for _, c := range []struct {
		name    string
		policy  func(*Policy)
		servers []*topology.Instance
		code    Code // the published code, which stays what it is
		want    []Code
	}{
		{"healthy", nil, fleet(server("db1"), replica("db2")), NoProblem, nil},

		{"half reachable primary with happy replicas", nil, fleet(server("db1", half), replica("db2")), NoProblem,
			[]Code{HungPrimary}},
		{"hanging probe of a primary with happy replicas", nil, fleet(server("db1", hanging), replica("db2")), NoProblem,
			[]Code{HungPrimary}},
		{"primary that does not answer, with happy replicas", nil, fleet(server("db1", noAnswer), replica("db2")),
			UnreachablePrimary, []Code{HungPrimary}},
		{"primary that refuses, with happy replicas", nil, fleet(server("db1", refused), replica("db2")),
			UnreachablePrimary, nil},
		{"half reachable primary for a short time", nil, fleet(server("db1", half, justFailed), replica("db2")), NoProblem, nil},
		{"half reachable primary for longer than asked", func(p *Policy) { p.HungAfter = 4 * time.Second },
			fleet(server("db1", half, justFailed), replica("db2")), NoProblem, []Code{HungPrimary}},
		{"half reachable primary for exactly as long as asked", func(p *Policy) { p.HungAfter = 5 * time.Second },
			fleet(server("db1", half, justFailed), replica("db2")), NoProblem, nil},
		{"half reachable primary, replica stopped", nil, fleet(server("db1", half), replica("db2", stopped)), DeadPrimary, nil},
		{"half reachable primary, a replica cannot connect", nil,
			fleet(server("db1", half), replica("db2"), replica("db3", failing)), UnreachablePrimary, []Code{HungPrimary}},
		{"half reachable intermediate source", nil, fleet(inter(half), replica("db2")), NoProblem, []Code{HungIntermediate}},
		{"half reachable co-primary", nil, fleet(ring(half), replica("db2", coPrimary)), NoProblem, []Code{HungPrimary}},

		{"unreachable primary, one lags and the other's lag is unknown", nil,
			fleet(server("db1", unseen), replica("db2", lag(11)), replica("db3", applierStopped)), UnreachablePrimary,
			[]Code{UnreachableWithSilentReplicas}},
		{"unreachable primary, one replica keeps up", nil,
			fleet(server("db1", unseen), replica("db2"), replica("db3", applierStopped)), UnreachablePrimary, nil},
		{"unreachable primary, all lag", nil, fleet(server("db1", unseen), replica("db2", lag(11))),
			UnreachablePrimaryWithLagging, nil},

		{"dead primary, applier stopped", nil, fleet(server("db1", unseen), replica("db2", applierStopped)), DeadPrimary,
			[]Code{ReplicasStillReceiving}},
		{"dead primary, replica cannot connect", nil, fleet(server("db1", unseen), replica("db2", failing)), DeadPrimary, nil},

		{"dead co-primary and replicas", nil, fleet(ring(unseen), replica("db2", coPrimary, unseen)),
			DeadIntermediateAndReplicas, []Code{DeadCoPrimaryAndReplicas}},
		{"dead intermediate source and replicas", nil, fleet(inter(unseen), replica("db2", unseen)),
			DeadIntermediateAndReplicas, nil},
		{"unreachable co-primary, all lag", nil, fleet(ring(unseen), replica("db2", coPrimary, lag(11))),
			UnreachableCoPrimary, []Code{UnreachableWithSilentReplicas, UnreachableCoPrimaryWithLagging}},

		{"dead co-primary, replica lagged when it was stopped", nil,
			fleet(ring(unseen), replica("db2", coPrimary, stopped, lag(11))), DeadCoPrimary, nil},

		{"lagging replicas, one by design", nil,
			fleet(server("db1", unseen), replica("db2", lag(65), delay(60)), replica("db3", lag(11))),
			UnreachablePrimaryWithLagging, []Code{LaggingByDesign}},
		{"lagging replicas, one beyond its delay", nil,
			fleet(server("db1", unseen), replica("db2", lag(71), delay(60)), replica("db3", lag(11))),
			UnreachablePrimaryWithLagging, nil},

		{"reachable primary, all replicas dead", nil, fleet(server("db1"), replica("db2", unseen), replica("db3", unseen)),
			NoProblem, []Code{AllReplicasDead}},
		{"reachable primary, single replica dead", nil, fleet(server("db1"), replica("db2", unseen)),
			PrimarySingleReplicaDead, nil},
		{"reachable intermediate source, single replica dead", nil, fleet(inter(), replica("db2", unseen)),
			NoProblem, []Code{AllReplicasDead}},

		{"nobody probes any more", live, fleet(server("db1", func(i *topology.Instance) {
			i.Check.Checked, i.Check.Seen = now.Add(-26*time.Second), now.Add(-26*time.Second)
			i.Check.Attempted = i.Check.Seen
		}), replica("db2")), NoProblem, []Code{ProbingStopped}},
		{"nobody probes for longer than asked", func(p *Policy) { p.Live, p.MaxAge = true, 500*time.Millisecond },
			fleet(server("db1"), replica("db2")), NoProblem, []Code{ProbingStopped}},
		{"somebody probed within the bound", live, fleet(server("db1", func(i *topology.Instance) {
			i.Check.Checked, i.Check.Seen = now.Add(-25*time.Second), now.Add(-25*time.Second)
			i.Check.Attempted = i.Check.Seen
		}), replica("db2")), NoProblem, nil},

		{"healthy group", nil, fleet(
			server("db1", member("PRIMARY", "ONLINE", "db1", "db2", "db3")),
			server("db2", member("SECONDARY", "ONLINE", "db1", "db2", "db3")),
			server("db3", member("SECONDARY", "ONLINE", "db1", "db2", "db3"))), NoProblem, nil},
		{"group of one", nil, fleet(server("db1", member("PRIMARY", "ONLINE", "db1"))), NoProblem, nil},
		{"group member in error", nil, fleet(
			server("db1", member("SECONDARY", "ERROR", "db1")),
			server("db2", member("PRIMARY", "ONLINE", "db2", "db3")),
			server("db3", member("SECONDARY", "ONLINE", "db2", "db3"))), NoProblem, []Code{GroupMemberInError}},
		{"group without primary", nil, fleet(
			server("db1", member("SECONDARY", "ONLINE", "db1", "db2", "db3")),
			server("db2", member("SECONDARY", "ONLINE", "db1", "db2", "db3")),
			server("db3", unseen, member("PRIMARY", "ONLINE", "db1", "db2", "db3"))), NoProblem, []Code{GroupWithoutPrimary}},
		{"group with two primaries", nil, fleet(
			server("db1", member("PRIMARY", "ONLINE", "db1", "db2")),
			server("db2", member("PRIMARY", "ONLINE", "db1", "db2"))), NoProblem, []Code{GroupWithManyPrimaries}},
		{"multi-primary group", nil, fleet(
			server("db1", member("PRIMARY", "ONLINE", "db1", "db2"), multiPrimary),
			server("db2", member("PRIMARY", "ONLINE", "db1", "db2"), multiPrimary)), NoProblem, nil},
		{"group that has lost its majority", nil, fleet(
			server("db1", member("PRIMARY", "ONLINE", "db1", "db2", "db3")),
			server("db2", unseen, member("SECONDARY", "ONLINE", "db1", "db2", "db3")),
			server("db3", unseen, member("SECONDARY", "ONLINE", "db1", "db2", "db3"))), NoProblem, []Code{GroupWithoutQuorum}},
		{"multi-primary group that has lost its majority", nil, fleet(
			server("db1", member("PRIMARY", "ONLINE", "db1", "db2"), multiPrimary),
			server("db2", unseen, member("PRIMARY", "ONLINE", "db1", "db2"), multiPrimary)), NoProblem,
			[]Code{GroupWithoutQuorum}},
		{"group that has expelled the dead", nil, fleet(
			server("db1", member("PRIMARY", "ONLINE", "db1")),
			server("db2", unseen, member("SECONDARY", "ONLINE", "db1", "db2"))), NoProblem, nil},
		{"group that has expelled the dead, who comes first by name", nil, fleet(
			server("a1", unseen, member("SECONDARY", "ONLINE", "a1", "db1")),
			server("db1", member("PRIMARY", "ONLINE", "db1"))), NoProblem, nil},
		{"group in which nobody is online", nil, fleet(
			server("db1", member("SECONDARY", "ERROR", "db1")),
			server("db2", unseen, member("PRIMARY", "ONLINE", "db1", "db2"))), NoProblem,
			[]Code{GroupMemberInError, GroupWithoutQuorum}},
		{"group with a member nobody has discovered", nil, fleet(
			server("db1", member("PRIMARY", "ONLINE", "db1", "db9"))), NoProblem, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := usual()
			if c.policy != nil {
				c.policy(&p)
			}
			f := findingOf(t, p, "db1", c.servers...)
			if f.Code != c.code || !slices.Equal(f.Additional, c.want) {
				t.Fatalf("code %s and additional %v, want %s and %v", f.Code, f.Additional, c.code, c.want)
			}
			if len(c.want) > 0 && len(f.Evidence) == 0 {
				t.Error("no evidence")
			}
			for _, code := range c.want {
				produced[code] = true
			}
		})
	}
	for _, c := range AdditionalCodes() {
		if !produced[c] && !slices.Contains(CannotWriteCodes(), c) { // those have a test of their own
			t.Errorf("no case produces %s", c)
		}
	}
}

func TestAdditionalCodesAloneAreShownOnRequestOnly(t *testing.T) {
	servers := fleet(server("db1", half), replica("db2"))
	p := usual()
	if found := analyzed(p, servers...); len(found) != 0 {
		t.Errorf("not asked for: %v", texts(found))
	}
	p.IncludeAdditional = true
	found := analyzed(p, servers...)
	if len(found) != 1 || found[0].HasProblem() || !found[0].Has(HungPrimary) || found[0].Text() != "" {
		t.Errorf("asked for: %v", found)
	}
}
