package failover

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// picture is a fleet with the plan that is made of it.
type picture struct {
	name     string
	planner  func(*topology.Topology, Request, Policy) plan.Plan
	request  Request
	policy   Policy
	servers  []*topology.Instance
	noChange bool // the plan has no steps
}

func (s *picture) topology() *topology.Topology { return topology.New(s.servers, topology.Names{}) }
func (s *picture) plan() plan.Plan              { return s.planner(s.topology(), s.request, s.policy) }

func at(host string) topology.Key { return topology.Key{Hostname: host, Port: 3306} }

// under points a server at a source and lets both threads run.
func under(host string) func(*topology.Instance) {
	return func(i *topology.Instance) {
		i.Channel.Source = at(host)
		i.Channel.IOThread, i.Channel.SQLThread = topology.ThreadRunning, topology.ThreadRunning
	}
}

// orphan is a replica whose receiver tries in vain to reach its source.
func orphan(name, source string, change ...func(*topology.Instance)) *topology.Instance {
	return replica(name, slices.Concat([]func(*topology.Instance){under(source), connecting}, change)...)
}

// follower is a replica whose source lives.
func follower(name, source string, change ...func(*topology.Instance)) *topology.Instance {
	return replica(name, slices.Concat([]func(*topology.Instance){under(source)}, change)...)
}

// top is a primary that lives.
func top(name string, change ...func(*topology.Instance)) *topology.Instance {
	return replica(name, slices.Concat([]func(*topology.Instance){func(i *topology.Instance) {
		i.ServerUUID, i.Depth, i.ReadOnly = primaryUUID, 0, false
		i.Channel = topology.Channel{IOThread: topology.NoThread, SQLThread: topology.NoThread}
		i.ExecutedSet = primaryUUID + ":1-200"
		i.SelfCoordinates = topology.Coordinates{LogFile: "binlog.000007", LogPos: 200}
		i.Check.Seen = i.Check.Seen.Add(5 * time.Second)
		i.Check.Checked = i.Check.Seen
	}}, change)...)
}

func priority(n uint) func(*topology.Instance) {
	return func(i *topology.Instance) { i.SemiSyncPriority, i.SemiSync.Available = n, true }
}

// acks makes a replica acknowledge.
func acks(i *topology.Instance) {
	i.SemiSync.Available, i.SemiSync.ReplicaEnabled, i.SemiSync.ReplicaStatus = true, true, true
}

func waits(count, clients uint) func(*topology.Instance) {
	return func(i *topology.Instance) {
		i.SemiSync = topology.SemiSync{Available: true, SourceEnabled: true, SourceStatus: true, SourceWaitCount: count, SourceClients: clients}
	}
}

func writable(i *topology.Instance) { i.ReadOnly = false }
func ringed(i *topology.Instance)   { i.IsCoPrimary = true }
func relay(i *topology.Instance) {
	i.Flavor, i.Channel.GTID, i.ExecutedSet, i.Version = topology.FlavorMaxScale, topology.FilePosition, "", "2.2.1"
	i.LogReplicaUpdates = false
}
func delayed(seconds int64) func(*topology.Instance) {
	return func(i *topology.Instance) { i.Channel.SQLDelay = seconds }
}

// self sets where the server's own log ends; coordinates sets up to where it has received and applied.
func self(pos int64) func(*topology.Instance) {
	return func(i *topology.Instance) {
		i.SelfCoordinates = topology.Coordinates{LogFile: i.Key.Hostname + "-bin.000003", LogPos: pos}
	}
}
func coordinates(file string, received, applied int64) func(*topology.Instance) {
	return func(i *topology.Instance) {
		i.Channel.GTID = topology.FilePosition
		i.Channel.Read = topology.Coordinates{LogFile: file, LogPos: received}
		i.Channel.Exec = topology.Coordinates{LogFile: file, LogPos: applied}
	}
}
func purged(set string) func(*topology.Instance) {
	return func(i *topology.Instance) { i.PurgedSet = primaryUUID + ":" + set }
}
func member(state, role string) func(*topology.Instance) {
	return func(i *topology.Instance) {
		i.Group = topology.Group{Name: "grp", SinglePrimary: true, MemberState: state, MemberRole: role, Members: []topology.Key{at("m1"), at("m2"), at("m3")}}
		i.Channel = topology.Channel{IOThread: topology.NoThread, SQLThread: topology.NoThread}
	}
}

// executed sets what a server without a channel has executed.
func executed(to string) func(*topology.Instance) {
	return func(i *topology.Instance) { i.ExecutedSet = primaryUUID + ":1-" + to }
}

func wanted(i *topology.Instance)    { i.PromotionRule = topology.PreferPromote }
func forbidden(i *topology.Instance) { i.PromotionRule = topology.MustNotPromote }

// situations are all the pictures of the golden files.
func situations() []picture {
	return slices.Concat(primarySituations(), relayedSituations(), coPrimarySituations(), intermediateSituations(), groupSituations(), semiSyncSituations(), nonWriteableSituations(), unwritableSituations())
}

func TestPlansPrintAsBefore(t *testing.T) {
	known := make(map[string]bool)
	for _, s := range situations() {
		t.Run(s.name, func(t *testing.T) {
			file := filepath.Join("testdata", "plans", strings.NewReplacer(" ", "-", ":", "", ",", "", "'", "").Replace(s.name)+".golden")
			if known[file] {
				t.Fatalf("two situations are written to %s", file)
			}
			known[file] = true
			p := s.plan()
			golden(t, file, p.String())
		})
	}
	files, err := filepath.Glob(filepath.Join("testdata", "plans", "*.golden"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !known[f] {
			t.Errorf("%s belongs to no picture", f)
		}
	}
}

// waitsOnly are the verbs that leave the server's configuration as it is. An empty binary log does no harm.
var waitsOnly = []plan.Verb{plan.AwaitApplied, plan.AwaitExecuted, plan.AwaitSource, plan.AwaitRelayed, plan.BeginLog, plan.StopReplica}

// TestLawsOfPlans holds for every plan, whatever the picture.
func TestLawsOfPlans(t *testing.T) {
	for _, s := range situations() {
		t.Run(s.name, func(t *testing.T) {
			p, fleet := s.plan(), s.topology()
			if diff := cmp.Diff(p, s.plan()); diff != "" {
				t.Errorf("the same picture gives another plan:\n%s", diff)
			}
			noReturn := slices.IndexFunc(p.Steps, func(s plan.Step) bool { return s.NoReturn })
			opened, repointed := 0, make(map[topology.Key]bool)
			for n, step := range p.Steps {
				// A primary that is stuck answers no probe, and is closed all the same.
				if i := fleet.Instance(step.Server); i == nil || !i.LastCheckValid() && step.Action.Verb != plan.BarWrites {
					t.Errorf("step %d touches %s, which cannot be reached", step.N, step.Server)
				}
				if step.Why == "" || step.Until == "" {
					t.Errorf("step %d does not say why and until when", step.N)
				}
				if n < noReturn && step.Undo == nil && !slices.Contains(waitsOnly, step.Action.Verb) {
					t.Errorf("step %d comes before the point of no return and cannot be undone", step.N)
				}
				switch step.Action.Verb {
				case plan.SetWritable:
					opened++
					if step.Server != p.Successor {
						t.Errorf("step %d opens %s, which is not the successor %s", step.N, step.Server, p.Successor)
					}
				case plan.ChangeSource, plan.RelayFrom:
					if i := fleet.Instance(step.Action.Source); i == nil || !i.LastCheckValid() {
						t.Errorf("step %d points at %s, which cannot be reached", step.N, step.Action.Source)
					}
					repointed[step.Server] = true
				}
			}
			if opened > 1 {
				t.Errorf("%d servers are opened for writing", opened)
			}
			if s.noChange != (len(p.Steps) == 0) {
				t.Errorf("%d steps", len(p.Steps))
			}
			if len(p.Steps) == 0 && len(p.Warnings)+len(p.Rejected)+len(p.Lost) == 0 && len(fleet.Replicas(s.request.Failed)) > 0 {
				t.Error("nothing is done and nothing says why")
			}
			for _, v := range slices.Concat(p.Rejected, p.Lost) {
				if v.Rule == "" || v.Reason == "" {
					t.Errorf("%s has no rule or no reason: %+v", v.Server, v)
				}
			}
			for _, k := range p.LostKeys() {
				if repointed[k] {
					t.Errorf("%s is lost and follows all the same", k)
				}
			}
		})
	}
}

// TestNobodyIsForgotten sees that every replica of the lost server follows somebody, or is lost with a reason.
func TestNobodyIsForgotten(t *testing.T) {
	for _, s := range slices.Concat(primarySituations(), relayedSituations(), coPrimarySituations(), intermediateSituations(), groupSituations()) {
		t.Run(s.name, func(t *testing.T) {
			p := s.plan()
			if p.Successor.IsZero() {
				return // nobody follows nobody
			}
			for _, i := range s.topology().Replicas(s.request.Failed) {
				follows := i.Key == p.Successor || slices.Contains(p.LostKeys(), i.Key) ||
					slices.ContainsFunc(p.Steps, func(s plan.Step) bool {
						return s.Server == i.Key && s.Action.ChangesSource() && s.Phase == plan.Repoint
					})
				if !follows {
					t.Errorf("%s neither follows somebody nor is lost\n%s", i.Key, &p)
				}
			}
		})
	}
}

func TestOnlyPrimariesAreOpened(t *testing.T) {
	for _, s := range slices.Concat(intermediateSituations(), groupSituations(), semiSyncSituations()) {
		t.Run(s.name, func(t *testing.T) {
			for _, step := range s.plan().Steps {
				if step.Action.Verb == plan.SetWritable || step.Action.Verb == plan.SetReadOnly {
					t.Errorf("step %d: %s", step.N, step.Action)
				}
			}
		})
	}
}
