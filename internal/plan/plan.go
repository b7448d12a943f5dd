package plan

import (
	"fmt"
	"slices"
	"strings"

	"orchestrator/internal/topology"
)

// Plan is a change to a cluster: its steps in order, and what they amount to.
type Plan struct {
	Title     string       `json:"title"`
	Operation string       `json:"operation"` // the command or the failure code that asked for it
	Cluster   string       `json:"cluster"`
	Failed    topology.Key `json:"failed,omitzero"`
	Successor topology.Key `json:"successor,omitzero"`
	// SuccessorWasOpen says that the successor took writes before it was chosen: then that it does proves nothing.
	SuccessorWasOpen bool `json:"successor_was_open,omitempty"`

	Steps    []Step    `json:"steps"`
	Rejected []Verdict `json:"rejected,omitempty"` // servers not chosen, each with its reason
	Lost     []Verdict `json:"lost,omitempty"`     // servers that cannot follow the successor
	Warnings []string  `json:"warnings,omitempty"`
}

// Verdict is a server and the reason for what was decided about it.
type Verdict struct {
	Server topology.Key `json:"server"`
	Rule   string       `json:"rule"` // a short stable name of the rule that decided
	Reason string       `json:"reason"`
}

// String prints `host:port: reason`.
func (v Verdict) String() string { return v.Server.String() + ": " + v.Reason }

// Add appends a step to the plan in the given stage and numbers it.
func (p *Plan) Add(stage int, s Step) {
	s.Stage, s.N = stage, len(p.Steps)+1
	p.Steps = append(p.Steps, s)
}

// Prepend puts steps that have run already before the plan's own, and numbers all of them anew.
func (p *Plan) Prepend(steps []Step) {
	p.Steps = slices.Concat(steps, p.Steps)
	for i := range p.Steps {
		p.Steps[i].N = i + 1
	}
}

// Arrange puts the steps into the order of their stages and numbers them anew. Steps of one stage keep their order.
func (p *Plan) Arrange() {
	slices.SortStableFunc(p.Steps, func(a, b Step) int { return a.Stage - b.Stage })
	for i := range p.Steps {
		p.Steps[i].N = i + 1
	}
}

// Stages returns the steps grouped by stage, in order.
func (p *Plan) Stages() [][]*Step {
	byStage := make(map[int][]*Step)
	var order []int
	for i := range p.Steps {
		s := &p.Steps[i]
		if _, ok := byStage[s.Stage]; !ok {
			order = append(order, s.Stage)
		}
		byStage[s.Stage] = append(byStage[s.Stage], s)
	}
	slices.Sort(order)
	out := make([][]*Step, len(order))
	for i, n := range order {
		out[i] = byStage[n]
	}
	return out
}

// NoReturn is the plan's point of no return, or nil when it has none.
func (p *Plan) NoReturn() *Step {
	if i := slices.IndexFunc(p.Steps, func(s Step) bool { return s.NoReturn }); i >= 0 {
		return &p.Steps[i]
	}
	return nil
}

// LostKeys are the servers of Lost.
func (p *Plan) LostKeys() []topology.Key {
	ks := make([]topology.Key, len(p.Lost))
	for i, v := range p.Lost {
		ks[i] = v.Server
	}
	return ks
}

// String prints the plan for a person: the title, the numbered steps with their reasons, then who was not chosen and
// who is lost, and why.
func (p *Plan) String() string {
	var b strings.Builder
	fmt.Fprintln(&b, p.Title)
	width := 0
	for i := range p.Steps {
		width = max(width, len(p.Steps[i].Server.String()))
	}
	stage := -1
	for i := range p.Steps {
		s := &p.Steps[i]
		mark := "  "
		if s.Stage == stage {
			mark = "| " // at the same time as the line above
		}
		stage = s.Stage
		fmt.Fprintf(&b, "%3d %s%-9s %-*s  %s", s.N, mark, s.Phase, width, s.Server, s.Action)
		if s.Why != "" {
			fmt.Fprintf(&b, " — %s", s.Why)
		}
		b.WriteByte('\n')
	}
	section := func(head string, vs []Verdict) {
		if len(vs) == 0 {
			return
		}
		fmt.Fprintln(&b, head)
		for _, v := range vs {
			fmt.Fprintf(&b, "    %s\n", v)
		}
	}
	section("not chosen:", p.Rejected)
	section("cannot follow:", p.Lost)
	for _, w := range p.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", w)
	}
	return b.String()
}
