// Package reference writes the reference page of the operations that rearrange topologies, from the registry, the rule
// book and plans that are made for a fleet of examples.
package reference

//go:generate go run ./gendoc -o ../../../docs/topology-operations.md

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"orchestrator/internal/operate"
	"orchestrator/internal/refactor"
)

// sections of the registry that are about rearranging and tending servers.
func sections() []string {
	return []string{"Smart relocation", "Classic relocation", "GTID relocation", "Pseudo-GTID relocation", "Binlog server relocation", "Replication, general", "Instance", "Binary logs"}
}

// Write writes the page.
func Write(w io.Writer) error {
	var b strings.Builder
	b.WriteString(head)
	operations := operate.NewRegistry().Operations()
	for _, section := range sections() {
		fmt.Fprintf(&b, "\n## %s\n", section)
		for _, o := range operations {
			if o.Section == section {
				describe(&b, o)
			}
		}
	}
	b.WriteString("\n## The rule book\n\nEach refusal says what was seen on both servers and what would make the operation possible, and ends with the name of its rule in brackets.\n\n| Rule | Refused when |\n| --- | --- |\n")
	for _, r := range refactor.Rules() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", r.Name, r.When)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

const head = `# Topology operations

<!-- Written by go generate ./internal/operate/reference: change the registry and the rule book, not this page. -->

Every operation that rearranges servers or changes one: what it does, how it is called, and what it is refused by. How
replicas are moved, and what is kept, is told in [relocation.md](relocation.md).

Each looks at the servers in question first, locks them, makes its plan from what it saw, runs it, looks again, and is
audited. ` + "`--dry-run`" + ` (over HTTP ` + "`?dry-run=true`" + `) answers with the plan and changes nothing. A plan that fails half-way is
undone as far as its steps can be, and the message says how far it came. On a terminal a plan of several steps shows how
it gets on, on standard error. With ` + "`-channel`" + ` an operation is about one channel of a replica of several sources; its others
are left alone.

The examples are plans for this fleet, as the program prints them:

` + "```" + `
` + fleetPicture + "```" + `
`

func describe(b *strings.Builder, o *operate.Operation) {
	fmt.Fprintf(b, "\n### %s\n\n%s.", o.Name, o.Summary)
	if o.Details != "" {
		b.WriteString(" " + o.Details)
	}
	b.WriteString("\n\n")
	if o.HasCommand() {
		fmt.Fprintf(b, "    orchestrator -c %s\n\n", o.Usage())
	}
	var facts []string
	if len(o.Synonyms) > 0 {
		facts = append(facts, "Also called "+code(o.Synonyms)+".")
	}
	if len(o.Routes) > 0 {
		routes := make([]string, len(o.Routes))
		for n, r := range o.Routes {
			routes[n] = "/api/" + r
		}
		facts = append(facts, "HTTP: "+code(routes)+".")
	}
	if rules := refactor.RulesOf(o.Name); len(rules) > 0 {
		facts = append(facts, "Refused by "+code(slices.Compact(rules))+".")
	}
	for _, f := range facts {
		b.WriteString(f + "\n\n")
	}
	if len(o.Args) > 0 {
		b.WriteString("| Argument | |\n| --- | --- |\n")
		for _, a := range o.Args {
			fmt.Fprintf(b, "| %s | %s |\n", written(a), a.Param.Meaning())
		}
	}
	for _, e := range examplesOf(o.Name) {
		fmt.Fprintf(b, "\n```\n$ orchestrator %s\n%s```\n", e.command, e.output)
	}
}

// written is an argument as it is given on the command line and over HTTP.
func written(a operate.Arg) string {
	var forms []string
	if f := a.Param.Flag(); f != "" {
		forms = append(forms, "`-"+f+"`")
	}
	if q := a.Param.Query(); q != "" {
		forms = append(forms, "`?"+q+"=`")
	}
	if len(forms) == 0 {
		forms = []string{string(a.Param) + ", in the path"}
	}
	text := strings.Join(forms, ", ")
	if !a.Required {
		text += " (optional)"
	}
	return text
}

func code(list []string) string { return "`" + strings.Join(list, "`, `") + "`" }
