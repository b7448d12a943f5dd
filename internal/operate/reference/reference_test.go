package reference

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"orchestrator/internal/operate"
)

var update = flag.Bool("update", false, "write the page anew")

// TestPageIsCurrent compares the page with the registry and the code that plans.
func TestPageIsCurrent(t *testing.T) {
	var page bytes.Buffer
	if err := Write(&page); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("..", "..", "..", "docs", "topology-operations.md")
	if *update {
		if err := os.WriteFile(file, page.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	there, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(there, page.Bytes()) {
		t.Errorf("%s differs from what is made now (go test ./internal/operate/reference -update writes it anew)", file)
	}
	for _, o := range operate.NewRegistry().Operations() {
		for _, section := range sections() {
			if o.Section == section && strings.Count(page.String(), "\n### "+o.Name+"\n") != 1 {
				t.Errorf("%s is not described once", o.Name)
			}
		}
	}
}

func TestExamplesAreOfOperations(t *testing.T) {
	r := operate.NewRegistry()
	for name := range requests() {
		found := false
		for _, o := range r.Operations() {
			found = found || o.Name == name
		}
		if !found || len(examplesOf(name)) == 0 || strings.Contains(examplesOf(name)[0].output, "no operation") {
			t.Errorf("examples of %s: %v", name, examplesOf(name))
		}
	}
}
