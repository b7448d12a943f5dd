package cli

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"

	"orchestrator/internal/operate"
)

const usageLine = "Usage: orchestrator [flags] -c COMMAND | orchestrator [flags] http | orchestrator help [COMMAND]"

// printCheatsheet is what the program says when it is asked for nothing.
func printCheatsheet(w io.Writer) {
	_, _ = io.WriteString(w, `orchestrator keeps MySQL and MariaDB replication topologies healthy.

  orchestrator http                                  run the service: web page, API, failure detection, recovery
  orchestrator -c discover -i HOST:PORT              look at a server and whatever is connected with it
  orchestrator -c clusters                           list the clusters
  orchestrator -c topology -alias CLUSTER            draw a cluster
  orchestrator -c replication-analysis               list what is wrong
  orchestrator -c check-config                       say what the configuration will and will not do
  orchestrator help                                  list all commands
  orchestrator help COMMAND                          explain a command

Flags may be written with one or two dashes; orchestrator -help lists them.
`)
}

func printUsage(fs *flag.FlagSet, w io.Writer) {
	_, _ = fmt.Fprintf(w, "%s\n\nFlags:\n", usageLine)
	fs.PrintDefaults()
}

// list writes all commands to standard error, where the listing always went.
func (p *program) list() {
	var b strings.Builder
	section := ""
	for _, o := range p.Registry.Operations() {
		if !o.HasCommand() {
			continue
		}
		if o.Section != section {
			section = o.Section
			b.WriteString(section + ":\n")
		}
		fmt.Fprintf(&b, "\t%-40s%s\n", o.Name, o.Summary)
	}
	b.WriteString(usageLine + "\n")
	_, _ = io.WriteString(p.Stderr, b.String())
}

// helpOn explains a command on standard output.
func (p *program) helpOn(command string) int {
	text := ""
	if o := p.Registry.Command(command); o != nil {
		text = strings.TrimRight(o.Help(), "\n")
	} else {
		p.log.Warn(p.unknown(command))
	}
	p.print(command+":", text)
	return exitOK
}

// unknown says that there is no such command, and which one may be meant.
func (p *program) unknown(command string) string {
	text := fmt.Sprintf("Unknown command: %q.", command)
	if near := operate.Closest(command, p.Registry.CommandNames()); near != "" {
		text += fmt.Sprintf(" Did you mean %s?", near)
	}
	return text
}

func (p *program) unknownCommand(ctx context.Context) int {
	p.log.Log(ctx, LevelFatal, p.unknown(p.options.Command)+" Available commands:")
	p.list()
	return exitError
}

// badWord refuses a word that is none of ours.
func (p *program) badWord(word string) int {
	text := fmt.Sprintf("%q is not something that can be run.", word)
	if p.Registry.Command(word) != nil {
		text += fmt.Sprintf(" Did you mean orchestrator -c %s?", word)
	}
	_, _ = fmt.Fprintf(p.Stderr, "%s\n%s\n", text, usageLine)
	return exitError
}
