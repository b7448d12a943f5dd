package httpapi_test

import (
	"os"
	"testing"

	"orchestrator/internal/httpapi"
	"orchestrator/internal/operate"
)

func TestReferencePage(t *testing.T) {
	const file = "../../docs/reference/routes.md"
	page := httpapi.Reference(operate.NewRegistry())
	if *update {
		if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(file); err != nil || string(have) != page {
		t.Errorf("%s is not what is made now (%v); make generate writes it anew", file, err)
	}
}
