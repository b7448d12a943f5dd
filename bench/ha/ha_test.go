package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestShortHA is a short series, as the program plays it.
func TestShortHA(t *testing.T) {
	switch {
	case testing.Short():
		t.Skip("needs real servers: left out in short mode")
	case os.Getuid() != 0:
		t.Skip("network namespaces take root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("networks are cut with ip of iproute2: ", err)
	}
	dir := t.TempDir()
	for _, program := range []string{"cmd/orchestrator", "bench/ha"} {
		if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", dir+"/", "../../"+program).CombinedOutput(); err != nil {
			t.Fatalf("build %s: %v\n%s", program, err, out)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(dir, "ha"), "-binary", filepath.Join(dir, "orchestrator"), "-rounds", "5", "-seed", "6", "-v")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("\n%s", out)
}

func TestMedianAndMost(t *testing.T) {
	list := []time.Duration{3 * time.Millisecond, time.Millisecond, 2 * time.Millisecond}
	if median(list) != "2ms" || most(list) != "3ms" || median(nil) != "–" || most(nil) != "–" {
		t.Errorf("%s, %s, %s, %s", median(list), most(list), median(nil), most(nil))
	}
}
