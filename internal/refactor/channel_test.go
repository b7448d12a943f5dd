package refactor

import (
	"slices"
	"strings"
	"testing"

	"orchestrator/internal/topology"
)

// several is the tree in which b replicates from m and, on channel "x", from other.
func several() *topology.Topology {
	return tree(change{"b": func(i *topology.Instance) {
		c := host("b", "other").Channel
		c.Name = "x"
		i.Others = []topology.Channel{c}
	}})
}

func TestRelocationsOfOneChannel(t *testing.T) {
	for name, c := range map[string]struct {
		channel string
		command RelocationCommand
		below   string
		want    []string // with the channel behind it
		rule    string
	}{
		"the one that places it":   {"", Relocate, "a", []string{"1 b move a"}, ""},
		"the same by name":         {"default", Relocate, "a", []string{"1 b move a"}, ""},
		"the other":                {"x", Relocate, "d", []string{"1 b move d x"}, ""},
		"the other, pointed again": {"x", Repoint, "", []string{"1 b change-source other x"}, ""},
		"to where the first is":    {"x", Relocate, "m", nil, "other-channel"},
		"one that is not there":    {"y", Relocate, "a", nil, "unknown-channel"},
		"up":                       {"x", MoveUp, "", nil, "top"},
	} {
		t.Run(name, func(t *testing.T) {
			p, refusal := PlanRelocation(several(), Relocation{Command: c.command, Server: at("b"), Below: at(c.below), Channel: c.channel}, policy())
			if refusal != nil {
				if refusal.Rule != c.rule {
					t.Errorf("refused by %s: %s", refusal.Rule, refusal)
				}
				return
			}
			got := lines(&p)
			for n := range got {
				got[n] = strings.TrimSpace(got[n] + " " + p.Steps[n].Action.Channel)
			}
			if c.rule != "" || !slices.Equal(got, c.want) {
				t.Errorf("planned %q, want %q", got, c.want)
			}
		})
	}
}

func TestSingleOfOneChannel(t *testing.T) {
	for name, c := range map[string]struct{ channel, rule, want string }{
		"not said":   {"", "multi-source", ""},
		"the first":  {"default", "", ""},
		"the second": {"x", "", "x"},
		"not there":  {"y", "unknown-channel", ""},
	} {
		t.Run(name, func(t *testing.T) {
			p, refusal := Single(several(), Request{Operation: StopReplica, Server: at("b"), Channel: c.channel}, Policy{})
			switch {
			case refusal != nil && refusal.Rule != c.rule, refusal == nil && c.rule != "":
				t.Errorf("refusal %v, want rule %q", refusal, c.rule)
			case refusal == nil && (len(p.Steps) != 1 || p.Steps[0].Action.Channel != c.want):
				t.Errorf("planned %s", &p)
			}
		})
	}
}
