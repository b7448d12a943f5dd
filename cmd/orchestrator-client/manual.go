package main

import (
	"errors"
	"io"
	"slices"
	"strings"

	"orchestrator/internal/cli/manual"
	"orchestrator/internal/operate"
)

// describe is the program as its manual describes it.
func describe() *manual.Program {
	var o options
	p := &manual.Program{
		Name: "orchestrator-client", Summary: "runs orchestrator's commands through its HTTP API",
		Synopsis: []string{"orchestrator-client -c COMMAND [flags]", "orchestrator-client help COMMAND", "orchestrator-client completion bash|fish|zsh"},
		About: "orchestrator-client runs commands from anywhere: it needs neither the configuration nor the backend, only the\n" +
			"address of the API. Of several addresses it finds the one that leads, or that passes requests on to it. While no\n" +
			"usable answer comes it tries again for some seconds.\n\n" +
			"Results go to standard output, one item to a line; with --json as JSON. Long options may be written with one or\n" +
			"two dashes. In the name of a command, slave may be written for replica.",
		Sections: []manual.Section{{Title: "All"}},
		Words: []manual.Flag{
			{Names: []string{"help"}, Value: "COMMAND", Meaning: "explain a command, with an example"},
			{Names: []string{"completion"}, Value: "SHELL", Meaning: "print a script that teaches bash, fish or zsh the flags and commands"},
		},
		Exit: []manual.Flag{
			{Names: []string{"0"}, Meaning: "done"},
			{Names: []string{"1"}, Meaning: "failed; standard error says why"},
		},
		Environ: []manual.Flag{
			{Names: []string{"ORCHESTRATOR_API"}, Meaning: "address of the API, such as http://orchestrator.example.com:3000, or several with blanks between"},
			{Names: []string{"ORCHESTRATOR_AUTH_USER"}, Meaning: "user for basic authentication"},
			{Names: []string{"ORCHESTRATOR_AUTH_PASSWORD"}, Meaning: "the password"},
			{Names: []string{"ORCHESTRATOR_AUTH_USER_HEADER"}, Meaning: "header that names the user, as Name:user"},
			{Names: []string{"ORCHESTRATOR_INSTANCE"}, Meaning: "instance when -i is not given"},
		},
		Files: []manual.Flag{{Names: []string{profileFile}, Meaning: "may set these variables, for all users of the host"}},
	}
	for _, f := range o.forms(environment{getenv: func(string) string { return "" }, user: func() string { return "" }}) {
		p.Flags = append(p.Flags, manual.Flag{Names: f.names, Value: "TEXT", Default: f.initial, Meaning: f.help})
	}
	p.Flags = append(p.Flags,
		manual.Flag{Names: []string{"D"}, Value: "PORT", Default: "3306", Meaning: "port of instances given without one"},
		manual.Flag{Names: []string{"dry-run"}, Meaning: "print the plan and change nothing, where a command makes one"},
		manual.Flag{Names: []string{"json"}, Meaning: "print the answer as JSON"},
		manual.Flag{Names: []string{"h", "help"}, Meaning: "list the options and commands"},
	)
	table := slices.SortedFunc(slices.Values(commands(operate.NewRegistry())), func(a, b command) int { return strings.Compare(a.name, b.name) })
	for _, c := range table {
		p.Sections[0].Commands = append(p.Sections[0].Commands, manual.Command{Name: c.name, Usage: c.usage(), Summary: c.summary})
	}
	return p
}

// complete prints the completion script for a shell.
func complete(args []string, out io.Writer) error {
	if len(args) == 0 {
		return errors.New("completion: name a shell, as in orchestrator-client completion bash")
	}
	script, err := describe().Completion(args[0])
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, script)
	return err
}
