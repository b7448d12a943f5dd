package main

import (
	"os"
	"strings"
	"testing"

	"orchestrator/internal/operate"
)

// TestPublishedCommands compares the client's commands with those that scripts know, listed in the inventory of
// package operate.
func TestPublishedCommands(t *testing.T) {
	lines := func(name string) []string {
		text, err := os.ReadFile("../../internal/operate/testdata/published/" + name + ".tsv")
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(strings.TrimSpace(string(text)), "\n")
	}
	except := map[string]bool{}
	for _, line := range lines("exceptions") {
		if kind, rest, _ := strings.Cut(line, "\t"); kind == "client" {
			name, _, _ := strings.Cut(rest, "\t")
			except[name] = true
		}
	}
	table, known := commands(operate.NewRegistry()), 0
	for _, name := range lines("client") {
		if strings.HasPrefix(name, "#") {
			continue
		}
		known++
		if _, err := table.find(name); (err != nil) != except[name] {
			t.Errorf("%s: %v, although exceptions.tsv says %v that it is missing", name, err, except[name])
		}
		delete(except, name)
	}
	if known != 107 {
		t.Errorf("%d commands are listed", known)
	}
	for name := range except {
		t.Errorf("%s is an exception and no command", name)
	}
}
