// Package published is the inventory of what scripts may call: every command, route and client command of 3.2.6 and its
// forks, who may call a route and where it is answered, and the fields of every object that comes back. Tests compare
// the registry, the client and the answers of a running service with it.
//
// exceptions.tsv lists what differs on purpose or is not there yet, each with its reason; docs/compatibility.md tells
// people the same. A test fails on what differs without being listed, and on what is listed and does not differ.
package published

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed *.tsv
var files embed.FS

// Command is a command of the program orchestrator.
type Command struct {
	Name     string
	Synonyms []string
}

// Route is a route below /api/.
type Route struct {
	Path    string
	Synonym string // of the first segment; "" when there is none
	Rights  string // read, write
	Place   string // leader, local
	Body    string // envelope, bare
	Value   string // the type of the value, in the envelope or bare
}

// SynonymPath is the path under the synonym.
func (r Route) SynonymPath() string {
	_, rest, _ := strings.Cut(r.Path, "/")
	return r.Synonym + "/" + rest
}

// Expected is the route with the value that it has here.
func (r Route) Expected() Route {
	for _, e := range Exceptions("value") {
		if value, before, ok := strings.Cut(e.Difference, " instead of "); e.Name == r.Path && ok && before == r.Value {
			r.Value = value
		}
	}
	return r
}

// Exception is a difference that is meant.
type Exception struct {
	Kind       string // command, route, client; value of a route
	Name       string
	Difference string
	Reason     string
}

// Commands are all commands of the program.
func Commands() []Command {
	var list []Command
	for _, row := range rows("commands", 2) {
		c := Command{Name: row[0]}
		if row[1] != "-" {
			c.Synonyms = strings.Split(row[1], ",")
		}
		list = append(list, c)
	}
	return list
}

// Routes are all routes.
func Routes() []Route {
	var list []Route
	for _, row := range rows("routes", 6) {
		r := Route{Path: row[0], Synonym: row[1], Rights: row[2], Place: row[3], Body: row[4], Value: row[5]}
		if r.Synonym == "-" {
			r.Synonym = ""
		}
		list = append(list, r)
	}
	return list
}

// ClientCommands are the names of the commands of orchestrator-client.
func ClientCommands() []string {
	var names []string
	for _, row := range rows("client", 1) {
		names = append(names, row[0])
	}
	return names
}

// Exceptions are those of a kind.
func Exceptions(kind string) []Exception {
	var list []Exception
	for _, row := range rows("exceptions", 4) {
		if row[0] == kind {
			list = append(list, Exception{row[0], row[1], row[2], row[3]})
		}
	}
	return list
}

// rows are the lines of a list, # begins a comment. A list that is not well formed is a mistake in this package.
func rows(name string, cells int) [][]string {
	text, err := files.ReadFile(name + ".tsv")
	if err != nil {
		panic(err)
	}
	var list [][]string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		row := strings.Split(line, "\t")
		if len(row) != cells {
			panic(fmt.Sprintf("%s.tsv: %q has %d cells instead of %d", name, line, len(row), cells))
		}
		list = append(list, row)
	}
	return list
}
