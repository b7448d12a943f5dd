package main

import (
	"cmp"
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

// TestAnswersCanBePrinted wants a way of printing for every command whose answer needs one of its own.
func TestAnswersCanBePrinted(t *testing.T) {
	for _, o := range operate.NewRegistry().Operations() {
		for _, form := range o.Client {
			if name := cmp.Or(form.Name, o.Name); form.Print == operate.PrintSpecial && specials()[name] == nil {
				t.Errorf("there is no way to print the answer of %s", name)
			}
		}
	}
}
