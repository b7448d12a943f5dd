package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"orchestrator/internal/operate"
)

// paramPath is the option of the command api, which is no operation.
const paramPath operate.Param = "path"

// option is how a parameter is written on the command line of the client.
type option struct{ flag, word string }

func (o option) String() string { return strings.TrimSpace(o.flag + " " + o.word) }

func optionOf(p operate.Param) option {
	return map[operate.Param]option{
		operate.ParamInstance: {"-i", "HOST[:PORT]"}, operate.ParamDestination: {"-d", "HOST[:PORT]"}, operate.ParamCluster: {"-a", "CLUSTER"}, operate.ParamReason: {"-r", "TEXT"},
		operate.ParamTag: {"-t", "TAG"}, operate.ParamPool: {"-l", "POOL"}, operate.ParamHostname: {"-H", "NAME"}, operate.ParamInstances: {"-i", "HOST[:PORT],..."},
		operate.ParamRule: {"-R", "RULE"}, operate.ParamSearch: {"-i", "TEXT"}, operate.ParamLogFile: {"-n", "FILE"}, operate.ParamSeconds: {"-S", "SECONDS"}, operate.ParamStatement: {"-q", "SQL"},
		operate.ParamOwner: {"-o", "OWNER"}, operate.ParamDuration: {"-u", "DURATION"}, operate.ParamFailure: {"-F", "CODE"}, operate.ParamDataCenter: {"--dc", "PLACE"},
		operate.ParamChannel: {"--channel", "NAME"}, operate.ParamDryRun: {"--dry-run", ""}, operate.ParamPattern: {"--pattern", "REGEX"}, paramPath: {"-P", "PATH"},
	}[p]
}

// may are the options that it takes and can do without.
func (c *command) may() []operate.Param {
	var list []operate.Param
	if c.of == nil {
		return nil
	}
	path, queries, _ := strings.Cut(c.path, "?")
	inPath := operate.PathParams(path)
	for _, a := range c.of.Args {
		query := a.Param.Query()
		if (inPath[a.Param] || query != "" && slices.Contains(strings.Split(queries, "&"), query)) && !slices.Contains(c.needs, a.Param) {
			list = append(list, a.Param)
		}
	}
	return list
}

// usage is the command with its options, in brackets those that it can do without.
func (c *command) usage() string {
	words := []string{c.name}
	for _, p := range c.needs {
		words = append(words, optionOf(p).String())
	}
	for _, p := range c.may() {
		words = append(words, "["+optionOf(p).String()+"]")
	}
	return strings.Join(words, " ")
}

// help is all about one command: what it does, how it is written, what it calls.
func (c *command) help() string {
	var b strings.Builder
	b.WriteString(c.name + ":\n" + c.summary + ".\n")
	if c.of != nil && c.of.Details != "" {
		b.WriteString("\n" + c.of.Details + "\n")
	}
	b.WriteString("\nUsage:\n  orchestrator-client -c " + c.usage() + "\n")
	for _, p := range slices.Concat(c.needs, c.may()) {
		if meaning, _, _ := strings.Cut(p.Meaning(), "; this host"); meaning != "" { // which is not where the service runs
			fmt.Fprintf(&b, "    %-24s%s\n", optionOf(p), meaning)
		}
	}
	b.WriteString("\nExample:\n  " + c.example() + "\n")
	if path, _, _ := strings.Cut(c.path, "?"); path != "" {
		b.WriteString("\nHTTP:\n  GET /api/" + path + "\n")
	}
	return b.String()
}

func (c *command) example() string {
	line := "orchestrator-client -c " + c.name
	for _, p := range c.needs {
		sample := p.Sample()
		if p == paramPath {
			sample = "cluster/orders"
		}
		line += " " + optionOf(p).flag + " " + sample
	}
	return line
}

// printHelpOn prints the help of one command.
func printHelpOn(out io.Writer, t commandTable, name string) error {
	c, err := t.find(name)
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, c.help())
	return err
}

func printHelp(out io.Writer, t commandTable) error {
	var o options
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprint(w, "Usage: orchestrator-client -c <command> [flags...]\nExample: orchestrator-client -c which-master -i some.replica\nOptions:\n\n")
	for _, f := range o.forms(environment{getenv: func(string) string { return "" }, user: func() string { return "" }}) {
		names := make([]string, len(f.names))
		for i, n := range f.names {
			names[i] = strings.Repeat("-", min(len(n), 2)) + n
		}
		_, _ = fmt.Fprintf(w, "  %s\t%s\n", strings.Join(names, ", "), f.help)
	}
	_, _ = fmt.Fprint(w, "  -D\tport of instances given without one (3306)\n  --dry-run\tprint the plan and change nothing, where a command makes one\n  --json\tprint the answer as JSON\n  -h, --help\tthis help\n\n")
	t = slices.SortedFunc(slices.Values(t), func(a, b command) int { return strings.Compare(a.name, b.name) })
	for _, c := range t {
		_, _ = fmt.Fprintf(w, "%s\t%s\n", c.name, c.summary)
	}
	return w.Flush()
}
