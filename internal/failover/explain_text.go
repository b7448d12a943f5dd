package failover

import (
	"fmt"
	"strings"
	"time"

	"orchestrator/internal/plan"
)

// String prints the forecast for a person: first the answer, then each reason with what would change it, then who would
// be promoted and why, what is done, what may be lost, and how long it takes.
func (x *Explanation) String() string {
	var b strings.Builder
	x.answer(&b)
	for _, h := range x.Holds {
		fmt.Fprintf(&b, "  - %s\n", h.Reason)
		if h.Change != "" {
			fmt.Fprintf(&b, "    to change that: %s", h.Change)
			if h.Setting != "" {
				fmt.Fprintf(&b, " [%s]", h.Setting)
			}
			b.WriteByte('\n')
		}
		if !h.Until.IsZero() {
			fmt.Fprintf(&b, "    it ends at %s\n", h.Until.UTC().Format(time.RFC3339))
		}
	}
	if !x.Plan.Successor.IsZero() {
		x.promotion(&b)
	}
	for _, n := range x.Notes {
		fmt.Fprintf(&b, "note: %s\n", n)
	}
	return b.String()
}

func (x *Explanation) answer(b *strings.Builder) {
	name := x.Cluster
	if x.Alias != "" {
		name = x.Alias + " (" + x.Cluster + ")"
	}
	if name != "" {
		fmt.Fprintf(b, "cluster %s: ", name)
	}
	switch {
	case x.Supposed:
		fmt.Fprintf(b, "if %s died now, that would be %s\n", x.Failed, x.Code)
	case x.Code != "":
		fmt.Fprintf(b, "%s has %s\n", x.Failed, x.Code)
	}
	if x.Would {
		b.WriteString("it would be recovered automatically\n")
		return
	}
	b.WriteString("it would not be recovered automatically:\n")
}

// promotion prints what would be done, and who would be promoted.
func (x *Explanation) promotion(b *strings.Builder) {
	what := x.Plan.Title
	if promotes(x.Code) {
		what = x.Plan.Successor.String() + " would be promoted"
	}
	if x.Would {
		fmt.Fprintln(b, what)
	} else {
		fmt.Fprintf(b, "without that: %s\n", what)
	}
	x.verdicts(b, "not chosen:", x.Plan.Rejected)
	x.verdicts(b, "could not follow:", x.Plan.Lost)
	b.WriteString("steps:\n")
	stage := -1
	for i := range x.Plan.Steps {
		s := &x.Plan.Steps[i]
		mark := " "
		if s.Stage == stage {
			mark = "|" // at the same time as the line above
		}
		stage = s.Stage
		fmt.Fprintf(b, "  %2d %s %s: %s\n", s.N, mark, s.Server, s.Action)
	}
	if promotes(x.Code) {
		x.cost(b)
	}
	for _, w := range x.Plan.Warnings {
		fmt.Fprintf(b, "warning: %s\n", w)
	}
}

// cost prints what may be lost, and how long it takes.
func (x *Explanation) cost(b *strings.Builder) {
	fmt.Fprintf(b, "at risk: %s\n", x.Risk.amount())
	for _, g := range x.Risk.Unreachable {
		fmt.Fprintf(b, "  %s has received %s that %s would lack\n", g.Server, transactions(g.Transactions), x.Plan.Successor)
	}
	if x.Risk.Guarantee != "" {
		fmt.Fprintf(b, "  %s\n", x.Risk.Guarantee)
	}
	fmt.Fprintf(b, "  (%s)\n", x.Risk.Basis)
	fmt.Fprintf(b, "nobody could write for about %s\n", x.Expected.Total.Round(time.Millisecond))
	for _, p := range x.Expected.Parts {
		fmt.Fprintf(b, "  %s: %s (%s)\n", p.Name, p.Takes.Round(time.Millisecond), p.Basis)
	}
}

func (x *Explanation) verdicts(b *strings.Builder, head string, vs []plan.Verdict) {
	if len(vs) == 0 {
		return
	}
	fmt.Fprintln(b, head)
	for _, v := range vs {
		fmt.Fprintf(b, "  %s\n", v)
	}
}

// amount says in words how much may be lost.
func (r *Risk) amount() string {
	var what string
	switch {
	case r.Known && r.Transactions == 0:
		what = "nothing that is known of"
	case r.Known:
		what = transactions(r.Transactions)
	case r.Bytes >= 0:
		what = fmt.Sprintf("%d bytes of the binary log", r.Bytes)
	default:
		what = "an amount that cannot be told"
	}
	if r.Seconds.Known {
		what += fmt.Sprintf("; by the successor's lag, what was committed in the last %d s at most", r.Seconds.N+1)
	}
	return what
}
