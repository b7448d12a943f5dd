package cli

import (
	"context"
	"errors"
	"flag"
	"io"
	"slices"
	"strings"

	"orchestrator/internal/cli/manual"
	"orchestrator/internal/operate"
)

// Manual describes the program orchestrator.
func Manual(r *operate.Registry) *manual.Program {
	p := &manual.Program{
		Name: "orchestrator", Summary: "keeps MySQL and MariaDB replication topologies healthy",
		Synopsis: []string{
			"orchestrator [flags] http", "orchestrator [flags] -c COMMAND", "orchestrator help [COMMAND]",
			"orchestrator completion bash|fish|zsh", "orchestrator demo",
		},
		About: "orchestrator discovers the servers of a MySQL or MariaDB fleet, shows who replicates from whom, moves replicas\n" +
			"safely, notices failures, and repairs them. It runs as a service with a web page and an HTTP API (`http`), or runs\n" +
			"one command and ends (`-c`).\n\n" +
			"Results go to standard output, one item to a line; with `-json` as JSON, in the shapes of the HTTP API. Log lines go\n" +
			"to standard error. Flags may be written with one or two dashes.",
		Words: []manual.Flag{
			{Names: []string{"http"}, Meaning: "run the service"},
			{Names: []string{"help"}, Value: "[COMMAND]", Meaning: "list the commands, or explain one"},
			{Names: []string{"completion"}, Value: "SHELL", Meaning: "print a script that teaches bash, fish or zsh the flags and commands"},
			{Names: []string{"demo"}, Meaning: "start real servers and the service on this machine, and show a failover"},
		},
		Sections: sectionsOf(r),
		Exit: []manual.Flag{
			{Names: []string{"0"}, Meaning: "done; also when the answer is a no, which prints nothing"},
			{Names: []string{"1"}, Meaning: "failed; the last log line says why"},
			{Names: []string{"2"}, Meaning: "a flag is wrong"},
		},
		Files: []manual.Flag{
			{Names: []string{"/etc/orchestrator.conf.json"}, Meaning: "the configuration; then conf/orchestrator.conf.json and orchestrator.conf.json, of which later ones win. -config names another one"},
		},
	}
	var o Options
	fs, _ := newFlagSet(&o, io.Discard)
	fs.VisitAll(func(f *flag.Flag) {
		value, meaning := flag.UnquoteUsage(f)
		initial := f.DefValue
		if initial == "false" {
			initial = ""
		}
		p.Flags = append(p.Flags, manual.Flag{Names: []string{f.Name}, Value: value, Default: initial, Meaning: meaning})
	})
	if i := slices.IndexFunc(p.Flags, func(f manual.Flag) bool { return f.Names[0] == "c" }); i > 0 { // it comes first
		command := p.Flags[i]
		p.Flags = slices.Insert(slices.Delete(p.Flags, i, i+1), 0, command)
	}
	return p
}

func sectionsOf(r *operate.Registry) []manual.Section {
	var sections []manual.Section
	for _, o := range r.Operations() {
		if !o.HasCommand() {
			continue
		}
		if len(sections) == 0 || sections[len(sections)-1].Title != o.Section {
			sections = append(sections, manual.Section{Title: o.Section})
		}
		s := &sections[len(sections)-1]
		s.Commands = append(s.Commands, manual.Command{
			Name: o.Name, Synonyms: o.Synonyms, Usage: o.Usage(), Summary: o.Summary, Details: strings.TrimSpace(o.Details),
			Example: o.ExampleLine(), Routes: o.Routes,
		})
	}
	return sections
}

// complete prints the completion script for a shell.
func (p *program) complete(ctx context.Context) int {
	if len(p.options.Words) < 2 {
		return p.fatal(ctx, errors.New("completion: name a shell, as in orchestrator completion bash"))
	}
	script, err := Manual(p.Registry).Completion(p.options.Words[1])
	if err != nil {
		return p.fatal(ctx, err)
	}
	p.print(strings.TrimRight(script, "\n"))
	return exitOK
}
