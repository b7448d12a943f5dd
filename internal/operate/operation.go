package operate

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Rights say who may run an operation.
type Rights int

// The two kinds of rights.
const (
	Read  Rights = iota // anyone who has signed in
	Write               // only who may change things
)

// Place says which node of several answers a request.
type Place int

// The places.
const (
	Leader Place = iota // forwarded to the leading node
	Local               // answered by the node that was asked
)

// Shape says what the body of a successful HTTP answer is.
type Shape int

// The shapes.
const (
	Envelope Shape = iota // Code, Message and Details around the value
	Bare                  // the value itself
)

// Faces say where an operation can be called.
type Faces int

// Everywhere is the default: on the command line, and over HTTP where there are routes.
const (
	Everywhere Faces = iota
	OnlyHTTP         // has no meaning in a process that ends at once
	OnlyCLI          // has no routes
)

// Arg is an argument of an operation.
type Arg struct {
	Param    Param
	Required bool
	// Verbatim takes an instance as it was written, neither resolved nor this host by default; a cluster under any
	// name when none of that name is known; an alias that no cluster may have any more.
	Verbatim bool
	// Stated takes a cluster only as it was written: this host does not stand in.
	Stated bool
}

// Print says how the client program prints the answer of an operation.
type Print int

// The ways of printing.
const (
	PrintKey     Print = iota // the key of an instance, or a key
	PrintKeys                 // the same for each element of a list
	PrintText                 // the text itself; in a list, one line each
	PrintNothing              // nothing
	PrintOutcome              // a plan in words; otherwise the key, or the number
	PrintField                // the field of an object that Client.Field names
	PrintSpecial              // by a function of the client program, under the command's name
)

// Client is the form of an operation as a command of the client program.
type Client struct {
	Name  string // when the client knows it by another name
	Path  string // which of the routes it calls, with `?name` of the queries it sends
	Needs []Param
	Print Print
	Field string // for PrintField
}

// Operation is one thing that a person can do or ask.
type Operation struct {
	Name     string
	Synonyms []string // further names of the command
	Section  string
	Summary  string // one line
	Details  string // more help, may be empty
	Example  string // a command line, may be empty
	Args     []Arg
	Rights   Rights
	Place    Place
	// AnyNode says that a node that does not lead may do it too, although it changes something: it concerns that node.
	AnyNode bool
	Faces   Faces
	Shape   Shape
	Routes  []string // below /api/, with parameters as in `instance/:host/:port`
	Client  []Client
	// NoFleet says that the operation is not about the fleet: it works when the topology cannot be read.
	NoFleet bool
	// Serves says that the command is the service itself, which the program runs; such an operation has no Run.
	Serves bool
	// Run does it. The value of the Result is one of the types of this package or of package topology that the
	// faces know; see values.go.
	Run func(ctx context.Context, e *Engine, a Args) (Result, error)
	// Foresee says what an operation without steps on servers would do; nil: its name and arguments say all.
	Foresee func(ctx context.Context, e *Engine, a Args) (Foresight, error)
}

// Result is what an operation answers.
type Result struct {
	Value   any
	Message string // a sentence for people
	// Shared is where faces keep what they make of a Value that others are given, too; nil when this caller has it alone.
	Shared *Shared
}

// Takes says whether the parameter is one of the operation's arguments.
func (o *Operation) Takes(p Param) bool {
	_, ok := o.arg(p)
	return ok
}

func (o *Operation) arg(p Param) (Arg, bool) {
	for _, a := range o.Args {
		if a.Param == p {
			return a, true
		}
	}
	return Arg{}, false
}

// HasCommand says whether the operation is a command of the command line.
func (o *Operation) HasCommand() bool { return o.Faces != OnlyHTTP }

// Registry is all operations. It does not change after NewRegistry.
type Registry struct {
	operations []*Operation
	commands   map[string]*Operation
}

// NewRegistry builds the registry.
func NewRegistry() *Registry {
	r := &Registry{commands: make(map[string]*Operation)}
	for _, section := range sections() {
		for _, o := range section.operations {
			o.Section = section.title
			r.operations = append(r.operations, o)
			if !o.HasCommand() {
				continue
			}
			for _, name := range append([]string{o.Name}, o.Synonyms...) {
				r.commands[name] = o
			}
		}
	}
	return r
}

type section struct {
	title      string
	operations []*Operation
}

// sections is the order of the help listing.
func sections() []section {
	return []section{
		{"Replication, general", replicationGeneral()},
		{"Instance", serverSettings()},
		{"Binary logs", append(binaryLogs(), logTools()...)},
		{"Information", slices.Concat(information(), topologies(), replicationInformation())},
		{"Smart relocation", relocations()},
		{"Classic relocation", append(positional(), byEquivalentPosition()...)},
		{"Binlog server relocation", binlogServerRelocations()},
		{"GTID relocation", relocationsByGTID()},
		{"Pseudo-GTID relocation", relocationsByPseudoGTID()},
		{"Pools", pools()},
		{"Key-value", append(keyValues(), hookTests()...)},
		{"Tags", tags()},
		{"Instance management", management()},
		{"Recovery", slices.Concat(analyses(), recoveries(), takeovers(), []*Operation{gameDay()})},
		{"Recovery, records", records()},
		{"Instance, meta", slices.Concat(candidates(), errants(), names(), domains())},
		{"Bulk", bulk()},
		{"Meta", slices.Concat(meta(), history(), leadership(), raft(), access(), serving())},
		{"Monitoring", append(monitoring(), backendMonitoring()...)},
		{agentSection, agents()},
	}
}

// Operations returns all operations in the order of the help listing. The slice must not be changed.
func (r *Registry) Operations() []*Operation { return r.operations }

// Command finds an operation by its name, a synonym, or a name in which `slave` stands for `replica`. It returns
// nil when there is none.
func (r *Registry) Command(name string) *Operation {
	if o := r.commands[name]; o != nil {
		return o
	}
	return r.commands[strings.Replace(name, "slave", "replica", 1)]
}

// CommandNames returns the names and synonyms of all commands, in no particular order.
func (r *Registry) CommandNames() []string {
	names := make([]string, 0, len(r.commands))
	for name := range r.commands {
		names = append(names, name)
	}
	return names
}

// flagged are the arguments that the command line takes; of two that come from the same flag the last one counts.
func (o *Operation) flagged() []Arg {
	var args []Arg
	for i, a := range o.Args {
		flag := a.Param.Flag()
		if flag == "" || slices.ContainsFunc(o.Args[i+1:], func(b Arg) bool { return b.Param.Flag() == flag }) {
			continue
		}
		args = append(args, a)
	}
	return args
}

// Usage is the command with its arguments, as help shows it: optional ones stand in brackets.
func (o *Operation) Usage() string {
	var b strings.Builder
	b.WriteString(o.Name)
	for _, a := range o.flagged() {
		form := a.Param.form()
		if !a.Required || a.Param.info().defaulted && !(a.Verbatim && a.Param == ParamInstance) {
			form = "[" + form + "]"
		}
		b.WriteString(" " + form)
	}
	return b.String()
}

// ExampleLine is a command line that shows the use of the command: Example, or else one made of its arguments.
func (o *Operation) ExampleLine() string {
	if o.Example != "" || !o.HasCommand() {
		return o.Example
	}
	line := "orchestrator -c " + o.Name
	for _, a := range o.flagged() {
		if sample := a.Param.info().sample; a.Required && sample != "" {
			line += " -" + a.Param.Flag() + " " + sample
		}
	}
	return line
}

// Help is the long help of the operation: what it does, how it is written, where else it can be reached.
func (o *Operation) Help() string {
	var b strings.Builder
	b.WriteString(o.Summary + ".\n")
	if o.Details != "" {
		b.WriteString("\n" + o.Details + "\n")
	}
	if o.HasCommand() {
		b.WriteString("\nUsage:\n  orchestrator -c " + o.Usage() + "\n")
		for _, a := range o.flagged() {
			fmt.Fprintf(&b, "    %-24s%s\n", a.Param.form(), a.Param.Meaning())
		}
	}
	if example := o.ExampleLine(); example != "" {
		b.WriteString("\nExample:\n  " + example + "\n")
	}
	if len(o.Synonyms) > 0 {
		b.WriteString("\nAlso called: " + strings.Join(o.Synonyms, ", ") + "\n")
	}
	if len(o.Routes) > 0 {
		b.WriteString("\nHTTP:\n")
		for _, r := range o.Routes {
			b.WriteString("  GET /api/" + r + o.queryHelp(r) + "\n")
		}
	}
	return b.String()
}

// queryHelp names the queries that a route takes.
func (o *Operation) queryHelp(route string) string {
	names := o.Queries(route)
	if len(names) == 0 {
		return ""
	}
	return "  (?" + strings.Join(names, "= ?") + "=)"
}

// Queries are the queries that a route takes, which are the arguments that its path does not hold.
func (o *Operation) Queries(route string) []string {
	var names []string
	inPath := PathParams(route)
	for _, a := range o.Args {
		if q := a.Param.info().query; q != "" && !inPath[a.Param] {
			names = append(names, q)
		}
	}
	return names
}
