package failover

import (
	"fmt"
	"math/rand"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// amount is what a server really holds: transactions from above by number, and those that the lost server wrote itself.
type amount struct{ main, own int }

func (a amount) covers(b amount) bool { return a.main >= b.main && a.own >= b.own }
func (a amount) max(b amount) amount  { return amount{max(a.main, b.main), max(a.own, b.own)} }

// truth is what a cluster really is, beside the picture that the planners see.
type truth struct {
	servers  []*topology.Instance
	received map[topology.Key]amount
	applied  map[topology.Key]amount
	offset   map[topology.Key]int // from numbers of transactions to positions in the server's own log
}

const ownUUID = "00000000-0000-0000-0000-00000000000f"

func newTruth() *truth {
	return &truth{received: make(map[topology.Key]amount), applied: make(map[topology.Key]amount), offset: make(map[topology.Key]int)}
}

// add puts a server into the cluster. log is the offset of the log that it reads.
func (w *truth) add(i *topology.Instance, received, applied amount, use topology.GTIDUse, log int) {
	set := func(a amount) string {
		text := fmt.Sprintf("%s:1-%d", primaryUUID, a.main)
		if a.own > 0 {
			text += fmt.Sprintf(",%s:1-%d", ownUUID, a.own)
		}
		return text
	}
	pos := func(a amount) string {
		if a.own > 0 {
			return fmt.Sprintf("0-1-%d,9-9-%d", a.main, a.own)
		}
		return fmt.Sprintf("0-1-%d", a.main)
	}
	written := received
	if use == topology.MariaDBGTID && i.ThreadsStopped() {
		received = applied // no start of a thread leaves the relay log as it is
	}
	w.received[i.Key], w.applied[i.Key] = received, applied
	offset := 1000 * (len(w.servers) + 1)
	w.offset[i.Key] = offset
	i.SelfCoordinates = topology.Coordinates{LogFile: "log.000001", LogPos: int64(applied.main + applied.own + offset)}
	if i.Channel.Source.IsValid() {
		i.Channel.GTID = use
		i.Channel.Read = topology.Coordinates{LogFile: "log.000001", LogPos: int64(received.main + received.own + log)}
		i.Channel.Exec = topology.Coordinates{LogFile: "log.000001", LogPos: int64(applied.main + applied.own + log)}
	}
	i.ExecutedSet = set(applied)
	if i.Channel.Source.IsValid() {
		i.Channel.RetrievedSet = set(received)
	}
	if use == topology.MariaDBGTID {
		i.Flavor, i.Version, i.ServerUUID, i.ExecutedSet = topology.FlavorMariaDB, "10.11.6-MariaDB", "", pos(applied)
		if i.Channel.Source.IsValid() {
			i.Channel.AppliedSet, i.Channel.RetrievedSet = pos(applied), pos(written)
		}
	}
	w.servers = append(w.servers, i)
}

// anyReplica draws the properties of a replica that rules look at.
func anyReplica(t *rapid.T, name, source string, use topology.GTIDUse) *topology.Instance {
	i := orphan(name, source)
	likely := func(what string) bool { return rapid.IntRange(0, 4).Draw(t, name+" "+what) == 0 }
	i.PromotionRule = rapid.SampledFrom([]topology.PromotionRule{
		topology.PreferPromote, topology.NeutralPromote, topology.NeutralPromote, topology.PreferNotPromote, topology.MustNotPromote}).Draw(t, name+" rule")
	dc(rapid.SampledFrom([]string{"dc1", "dc1", "dc2"}).Draw(t, name+" dc"))(i)
	if likely("is down") {
		down(i)
	}
	i.LogReplicaUpdates = !likely("logs no updates")
	if likely("is newer") && use != topology.MariaDBGTID {
		i.Version = "8.4.2"
	}
	if likely("has a broken applier") {
		i.Channel.LastSQLErrno, i.Channel.SQLThread = 1062, topology.ThreadStopped
	}
	if likely("has stopped receiving") {
		i.Channel.IOThread = topology.ThreadStopped
	}
	return i
}

// anyAmounts draws received and applied up to a limit.
func anyAmounts(t *rapid.T, name string, limit amount) (received, applied amount) {
	received = amount{rapid.IntRange(max(1, limit.main-3), limit.main).Draw(t, name+" received"), rapid.IntRange(0, limit.own).Draw(t, name+" received of the lost")}
	applied = amount{rapid.IntRange(max(1, received.main-2), received.main).Draw(t, name+" applied"), received.own}
	return received, applied
}

// goesOn lets a server apply some more between the moment at which it is asked what it has applied and the one at which
// it is asked where its own log ends.
func goesOn(t *rapid.T, i *topology.Instance, most int) {
	i.SelfCoordinates.LogPos += int64(rapid.IntRange(0, min(most, 2)).Draw(t, i.Key.Hostname+" goes on"))
}

func anyUse(t *rapid.T) topology.GTIDUse {
	return rapid.SampledFrom([]topology.GTIDUse{topology.OracleGTID, topology.MariaDBGTID, topology.FilePosition}).Draw(t, "use of GTID")
}

// tree is g → f → r…, with s… beside f, and f lost. What f wrote itself counts in GTIDs only: by position its log would
// have another length.
func tree(t *rapid.T) *truth {
	w, use := newTruth(), anyUse(t)
	held := amount{main: rapid.IntRange(5, 10).Draw(t, "f held in the end")}
	if use != topology.FilePosition {
		held.own = rapid.SampledFrom([]int{0, 0, 0, 2}).Draw(t, "f wrote itself")
	}
	g := top("g")
	seenLater := rapid.Bool().Draw(t, "g was seen after f")
	above := amount{main: rapid.IntRange(held.main, held.main+2).Draw(t, "g holds")}
	if !seenLater {
		g.Check.Seen, g.Check.Checked = time.Unix(1_700_000_000, 0), time.Unix(1_700_000_000, 0)
		above.main = rapid.IntRange(3, held.main).Draw(t, "g held then")
	}
	if rapid.IntRange(0, 5).Draw(t, "g is down") == 0 {
		down(g)
	}
	w.add(g, above, above, use, 0)
	if use != topology.MariaDBGTID && rapid.IntRange(0, 3).Draw(t, "g purged") == 0 {
		g.PurgedSet = fmt.Sprintf("%s:1-%d", primaryUUID, rapid.IntRange(1, above.main).Draw(t, "g purged up to"))
	}
	f := follower("f", "g", down)
	seen := amount{rapid.IntRange(held.main-2, held.main).Draw(t, "f was seen with"), held.own}
	w.add(f, seen, seen, use, w.offset[at("g")])
	goesOn(t, f, held.main-seen.main)
	for n := range rapid.IntRange(0, 3).Draw(t, "siblings") {
		s := anyReplica(t, fmt.Sprintf("s%d", n), "g", use)
		if rapid.IntRange(0, 3).Draw(t, "sibling receives") > 0 {
			s.Channel.IOThread = topology.ThreadRunning
		}
		received, applied := anyAmounts(t, s.Key.Hostname, amount{main: above.main})
		w.add(s, received, applied, use, w.offset[at("g")])
		if most := above.main - applied.main; s.Replicating() && seenLater {
			goesOn(t, s, most)
		} else if s.Replicating() {
			goesOn(t, s, most+2)
		}
	}
	for n := range rapid.IntRange(1, 4).Draw(t, "replicas") {
		r := anyReplica(t, fmt.Sprintf("r%d", n), "f", use)
		received, applied := anyAmounts(t, r.Key.Hostname, held)
		w.add(r, received, applied, use, w.offset[at("f")])
	}
	return w
}

// star is a lost primary p with replicas, or with ring a lost co-primary f with the other one o and replicas.
func star(t *rapid.T, ring bool) *truth {
	w, use := newTruth(), anyUse(t)
	name, limit := "p", amount{main: 10}
	failed := lostPrimary()
	if ring {
		name = "f"
		failed = follower("f", "o", ringed, writable, down)
		failed.ServerUUID = primaryUUID
	}
	w.add(failed, limit, limit, use, 0)
	if ring {
		o := anyReplica(t, "o", "f", use)
		ringed(o)
		o.ReadOnly = rapid.Bool().Draw(t, "o is read-only")
		received, applied := anyAmounts(t, "o", limit)
		w.add(o, received, applied, use, w.offset[at(name)])
	}
	for n := range rapid.IntRange(1, 4).Draw(t, "replicas") {
		r := anyReplica(t, fmt.Sprintf("r%d", n), name, use)
		received, applied := anyAmounts(t, r.Key.Hostname, limit)
		w.add(r, received, applied, use, w.offset[at(name)])
	}
	return w
}

// run carries the plan out in the cluster and sees that no step throws anything away.
func (w *truth) run(t *rapid.T, p *plan.Plan, picture *topology.Topology) {
	opened := 0
	for _, steps := range p.Stages() {
		for _, s := range steps {
			i := picture.Instance(s.Server)
			if !i.LastCheckValid() {
				t.Fatalf("step %d touches %s, which cannot be reached\n%s", s.N, s.Server, p)
			}
			switch s.Action.Verb {
			case plan.AwaitApplied:
				w.applied[s.Server] = w.received[s.Server]
			case plan.AwaitExecuted:
				w.applied[s.Server] = w.received[s.Server]
			case plan.ChangeSource:
				from := s.Action.Source
				if !w.received[from].covers(w.received[s.Server]) {
					t.Fatalf("step %d: %s holds %v and goes below %s, which holds %v\n%s", s.N, s.Server, w.received[s.Server], from, w.received[from], p)
				}
				if s.Action.Place == plan.ByCoordinates {
					if want := int64(w.received[s.Server].main + w.offset[from]); s.Action.At.LogPos != want {
						t.Fatalf("step %d: %s goes on below %s at %s, want %d\n%s", s.N, s.Server, from, s.Action.At, want, p)
					}
				}
				if s.Action.Place == plan.AtSuccessor && w.received[s.Server] != w.received[from] {
					t.Fatalf("step %d: %s holds %v and skips to the end of %s, which holds %v\n%s", s.N, s.Server, w.received[s.Server], from, w.received[from], p)
				}
				w.received[s.Server] = w.received[s.Server].max(w.received[from])
			case plan.SetWritable:
				opened++
				if w.applied[s.Server] != w.received[s.Server] {
					t.Fatalf("step %d opens %s, which has applied %v of %v\n%s", s.N, s.Server, w.applied[s.Server], w.received[s.Server], p)
				}
			}
		}
	}
	if opened > 1 {
		t.Fatalf("%d servers are opened\n%s", opened, p)
	}
}

// check makes the plan twice, of servers in different order, and runs it.
func (w *truth) check(t *rapid.T, planner func(*topology.Topology, Request, Policy) plan.Plan, r Request, policy Policy) plan.Plan {
	picture := topology.New(w.servers, topology.Names{})
	p := planner(picture, r, policy)
	shuffled := append([]*topology.Instance(nil), w.servers...)
	rand.New(rand.NewSource(int64(len(shuffled)))).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	if diff := cmp.Diff(p, planner(topology.New(shuffled, topology.Names{}), r, policy)); diff != "" {
		t.Fatalf("the order of the servers changes the plan:\n%s", diff)
	}
	w.run(t, &p, picture)
	return p
}

// fit sees that no hard rule forbids the promotion of the successor.
func fit(t *rapid.T, p *plan.Plan, picture *topology.Topology, policy *Policy) {
	if p.Successor.IsZero() {
		return
	}
	i, failed := picture.Instance(p.Successor), picture.Instance(p.Failed)
	switch {
	case !i.LastCheckValid(), i.PromotionRule == topology.MustNotPromote, policy.ignored(i.Key),
		policy.PreventCrossDataCenter && i.DataCenter != failed.DataCenter:
		t.Fatalf("%s is promoted\n%s", i.Key, p)
	}
}

func anyPolicy(t *rapid.T) Policy {
	p := Policy{
		ApplyPromotion:         true,
		DetachLost:             rapid.Bool().Draw(t, "detach lost"),
		PreventCrossDataCenter: rapid.Bool().Draw(t, "prevent cross data center"),
		MustPromoteOther:       rapid.Bool().Draw(t, "must promote other"),
	}
	if rapid.Bool().Draw(t, "r0 is ignored") {
		p.Ignored = func(k topology.Key) bool { return k.Hostname == "r0" || k.Hostname == "s0" }
	}
	return p
}

func TestNoPlanForALostPrimaryLosesAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, policy := star(t, false), anyPolicy(t)
		p := w.check(t, DeadPrimary, Request{Failed: primaryKey}, policy)
		fit(t, &p, topology.New(w.servers, topology.Names{}), &policy)
	})
}

func TestNoPlanForALostCoPrimaryLosesAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, policy := star(t, true), anyPolicy(t)
		p := w.check(t, DeadCoPrimary, Request{Failed: at("f")}, policy)
		picture := topology.New(w.servers, topology.Names{})
		fit(t, &p, picture, &policy)
		if o := picture.Instance(at("o")); !p.Successor.IsZero() && p.Successor != o.Key && (!o.ReadOnly || policy.MustPromoteOther) {
			t.Fatalf("%s is promoted, and only o may be\n%s", p.Successor, &p)
		}
	})
}

func TestNoPlanForALostIntermediateLosesAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, policy := tree(t), anyPolicy(t)
		p := w.check(t, DeadIntermediate, Request{Failed: at("f")}, policy)
		picture := topology.New(w.servers, topology.Names{})
		for _, s := range p.Steps {
			i := picture.Instance(s.Action.Source)
			if i == nil || i.Key == at("g") {
				continue
			}
			if i.PromotionRule == topology.MustNotPromote || policy.ignored(i.Key) || !i.LogReplicaUpdates {
				t.Fatalf("step %d goes below %s\n%s", s.N, i.Key, &p)
			}
		}
		for _, i := range picture.Replicas(at("f")) {
			moved := 0
			for _, s := range p.Steps {
				if s.Server == i.Key && s.Action.Verb == plan.ChangeSource {
					moved++
				}
			}
			for _, k := range p.LostKeys() {
				if k == i.Key {
					moved++
				}
			}
			if moved != 1 {
				t.Fatalf("%s is moved or lost %d times\n%s", i.Key, moved, &p)
			}
		}
	})
}
