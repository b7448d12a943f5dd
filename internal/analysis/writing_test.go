package analysis

import (
	"slices"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/topology"
)

// troubled has something keep a server from taking writes, for a minute or as long as said.
func troubled(o topology.Obstacle, lasting ...time.Duration) func(*topology.Instance) {
	return func(i *topology.Instance) {
		t := topology.WriteTrouble{WriteSign: topology.WriteSign{Obstacle: o, Says: "this was seen"}, Since: now.Add(-time.Minute), Until: now.Add(time.Second)}
		if len(lasting) > 0 {
			t.Since = now.Add(-lasting[0])
		}
		i.Troubles = append(i.Troubles, t)
	}
}

func TestPrimariesThatCannotWrite(t *testing.T) {
	closed := func(i *topology.Instance) { i.ReadOnly = true }
	unattended := func(i *topology.Instance) { i.Troubles[0].Until = now.Add(-time.Nanosecond) }
	produced := make(map[Code]bool)
	for _, c := range []struct {
		name    string
		policy  func(*Policy)
		servers []*topology.Instance
		code    Code
		want    []Code
	}{
		{"full disk", nil, fleet(server("db1", troubled(topology.DiskFull)), replica("db2")), NoProblem, []Code{PrimaryDiskFull}},
		{"read-only file system", nil, fleet(server("db1", troubled(topology.FileSystemReadOnly)), replica("db2")), NoProblem, []Code{PrimaryFileSystemReadOnly}},
		{"commits", nil, fleet(server("db1", troubled(topology.CommitsStalled)), replica("db2")), NoProblem, []Code{PrimaryCommitsStalled}},
		{"lock", nil, fleet(server("db1", troubled(topology.WritesLocked)), replica("db2")), NoProblem, []Code{PrimaryWritesLocked}},
		{"connections", nil, fleet(server("db1", troubled(topology.ConnectionsUsedUp)), replica("db2")), NoProblem, []Code{PrimaryConnectionsUsedUp}},
		{"write check", nil, fleet(server("db1", troubled(topology.WriteCheckFails)), replica("db2")), NoProblem, []Code{PrimaryWriteCheckFails}},
		{"two at once", nil, fleet(server("db1", troubled(topology.ConnectionsUsedUp), troubled(topology.DiskFull)), replica("db2")), NoProblem,
			[]Code{PrimaryDiskFull, PrimaryConnectionsUsedUp}},
		{"the published code stays", nil, fleet(server("db1", troubled(topology.DiskFull)), replica("db2", stopped)), PrimarySingleReplicaNotReplicating, []Code{PrimaryDiskFull}},
		{"exactly as long as asked", nil, fleet(server("db1", troubled(topology.DiskFull, 30*time.Second)), replica("db2")), NoProblem, []Code{PrimaryDiskFull}},
		{"not for long enough", nil, fleet(server("db1", troubled(topology.DiskFull, 30*time.Second-1)), replica("db2")), NoProblem, nil},
		{"nobody has looked since", nil, fleet(server("db1", troubled(topology.DiskFull), unattended), replica("db2")), NoProblem, nil},
		{"nobody is to look", func(p *Policy) { p.CannotWriteAfter = 0 }, fleet(server("db1", troubled(topology.DiskFull)), replica("db2")), NoProblem, nil},
		{"a read-only primary", nil, fleet(server("db1", troubled(topology.DiskFull), closed), replica("db2")), NoProblem, nil},
		{"a replica", nil, fleet(server("db1"), replica("db2", troubled(topology.DiskFull))), NoProblem, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := usual()
			p.IncludeNoProblem, p.IncludeAdditional, p.CannotWriteAfter = true, true, 30*time.Second
			if c.policy != nil {
				c.policy(&p)
			}
			found := Analyze(topology.New(c.servers, topology.Names{}), p, now)
			n := slices.IndexFunc(found, func(f Finding) bool { return f.Key == c.servers[0].Key })
			if n < 0 {
				t.Fatal("no finding")
			}
			f := &found[n]
			if got := f.CannotWrite(); f.Code != c.code || !slices.Equal(got, c.want) || f.Actionable {
				t.Errorf("%s and %v (actionable %v), want %s and %v", f.Code, got, f.Actionable, c.code, c.want)
			}
			for _, code := range c.want {
				produced[code] = true
				if text := strings.Join(f.Evidence, " "); !strings.Contains(text, "this was seen") || !strings.Contains(text, "the limit is 30s") {
					t.Errorf("evidence: %s", text)
				}
			}
		})
	}
	for _, c := range CannotWriteCodes() {
		if !produced[c] {
			t.Errorf("no case produces %s", c)
		}
	}
}

func TestFailoverCode(t *testing.T) {
	both := Finding{Additional: []Code{HungPrimary, PrimaryDiskFull, PrimaryConnectionsUsedUp}}
	dead := both
	dead.Code, dead.Actionable = DeadPrimary, true
	for _, c := range []struct {
		name    string
		finding Finding
		on      []Code
		want    Code
	}{
		{"report only", both, nil, ""},
		{"named", both, []Code{PrimaryConnectionsUsedUp}, PrimaryConnectionsUsedUp},
		{"what says most", both, []Code{PrimaryConnectionsUsedUp, PrimaryDiskFull}, PrimaryDiskFull},
		{"another one named", both, []Code{PrimaryWritesLocked}, ""},
		{"no code of these can be named", both, []Code{HungPrimary}, ""},
		{"a published repair goes first", dead, []Code{PrimaryDiskFull}, ""},
	} {
		p := Policy{FailoverOnCannotWrite: c.on}
		if got := p.FailoverCode(&c.finding); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestConfigurationKnowsTheCodes(t *testing.T) {
	var names []Code
	for _, name := range config.CannotWriteFindings() {
		names = append(names, Code(name))
	}
	if !slices.Equal(names, CannotWriteCodes()) {
		t.Errorf("the configuration allows %v, the codes are %v", names, CannotWriteCodes())
	}
}
