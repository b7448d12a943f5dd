package progress_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"orchestrator/internal/cli/progress"
	"orchestrator/internal/plan"
)

func TestLine(t *testing.T) {
	var out strings.Builder
	l := progress.NewLine(&out)
	l.Show(plan.Tally{Steps: 3, Ended: 1}, "db1:3306 stop replication")
	l.Show(plan.Tally{Steps: 3, Ended: 2, Fails: 1}, "db2:3306 stop replication")
	l.End()
	l.Show(plan.Tally{Steps: 3, Ended: 3}, "too late")
	l.End()
	want := "\r\x1b[K1 of 3 steps: db1:3306 stop replication\r\x1b[K2 of 3 steps, 1 failed: db2:3306 stop replication\r\x1b[K"
	if out.String() != want {
		t.Errorf("shown %q", out.String())
	}
}

func TestLineOfOneStep(t *testing.T) {
	var out strings.Builder
	l := progress.NewLine(&out)
	l.Show(plan.Tally{Steps: 1, Ended: 1}, "db1:3306 stop replication")
	l.End()
	if out.Len() > 0 {
		t.Errorf("shown %q", out.String())
	}
}

func TestOnTerminal(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if progress.OnTerminal(file) || progress.OnTerminal(new(strings.Builder)) {
		t.Error("a file is taken for a terminal")
	}
	master, err := os.Open("/dev/ptmx")
	if err != nil {
		t.Skip(err)
	}
	defer func() { _ = master.Close() }()
	if !progress.OnTerminal(master) {
		t.Error("a terminal is not known as one")
	}
}
