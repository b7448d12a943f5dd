package main

import (
	"testing"

	"orchestrator/internal/operate"
	"orchestrator/internal/operate/published"
)

// TestPublishedCommands compares the client's commands with those that scripts know.
func TestPublishedCommands(t *testing.T) {
	missing := map[string]bool{}
	for _, e := range published.Exceptions("client") {
		missing[e.Name] = true
	}
	table := commands(operate.NewRegistry())
	for _, name := range published.ClientCommands() {
		if _, err := table.find(name); (err != nil) != missing[name] {
			t.Errorf("%s: %v, although exceptions.tsv says %v that it is missing", name, err, missing[name])
		}
	}
}
