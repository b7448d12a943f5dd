//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"orchestrator/internal/topology"
)

func TestMain(m *testing.M) {
	if behaviour := os.Getenv(asManager); behaviour != "" {
		if err := stubMain(behaviour, os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// self measures the test's own program as a manager.
func self(t *testing.T, behaviour string, more ...string) (table, progress string, err error) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(asManager, behaviour)
	t.Setenv("TMPDIR", t.TempDir())
	args := append([]string{"-binary", program, "-arguments", "%s", "-servers", "30", "-settle", "0s", "-duration", "1s",
		"-kills", "3", "-requests", "3"}, more...)
	var out, said bytes.Buffer
	err = benchmark(t.Context(), args, &out, &said)
	left, dirErr := os.ReadDir(os.TempDir())
	if dirErr != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, dirErr)
	}
	return out.String(), said.String(), err
}

func TestMeasure(t *testing.T) {
	table, progress, err := self(t, "works")
	if err != nil {
		t.Fatalf("%v\n%s", err, progress)
	}
	for _, want := range []string{
		`\| servers, clusters \| 30, 6 \|`,
		`\| servers asked within 5 s, mean \| 100.00 % \|`,
		`\| manager: memory \(RSS\) \| [1-9][0-9]* MiB \|`,
		`\| connections per server: mean, most \| 1.00, 1 \|`,
		`\| 3 primaries killed: first named after \| [0-9.]+ s \|`,
		`\| as \| DeadMaster \|`,
		`\| /api/cluster/X: median, longest, size \| [0-9.]+ ms, [0-9.]+ ms, 0.0 KiB \|`,
		`\| /api/problems: `,
	} {
		if !regexp.MustCompile(want).MatchString(table) {
			t.Errorf("no %s in\n%s", want, table)
		}
	}
	if strings.Contains(table, "did not understand") {
		t.Error(table)
	}
}

func TestFailures(t *testing.T) {
	tests := []struct {
		name, behaviour string
		args            []string
		want            string
	}{
		{"the manager ends by itself", "dies", nil, "the stub was told to die"},
		{"discovery takes too long", "works", []string{"-discovery-limit", "1ms"}, "discover the fleet: "},
		{"detection takes too long", "works", []string{"-detection-limit", "1ms"}, "detect dead primaries: "},
		{"no such program", "works", []string{"-binary", "/no/such/program"}, "start the manager"},
		{"no such share", "works", []string{"-chains", "3"}, "shares of clusters"},
		{"override that is not JSON", "works", []string{"-set", "Debug=yes"}, "the form is Key=JSON"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if _, _, err := self(t, tc.behaviour, tc.args...); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

func TestInterrupted(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(asManager, "works")
	ctx, cancel := context.WithCancel(t.Context())
	// The first word of progress is that discovery has begun: the manager runs.
	progress := writerFunc(func(p []byte) (int, error) { cancel(); return len(p), nil })
	err = benchmark(ctx, []string{"-binary", program, "-arguments", "%s", "-servers", "2"}, io.Discard, progress)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestVerdicts(t *testing.T) {
	key := func(i int) topology.Key { return topology.Key{Hostname: "db", Port: i} }
	found := map[topology.Key][]string{
		key(1): {"DeadMaster"}, key(2): {"UnreachableMaster"}, key(3): {"NoWriteableMasterStructureWarning", "DeadMasterAndSomeReplicas"},
		key(9): {"DeadMaster"},
	}
	named, dead, codes := verdicts(found, []topology.Key{key(1), key(2), key(3), key(4)})
	want := []string{"DeadMaster", "DeadMasterAndSomeReplicas", "NoWriteableMasterStructureWarning", "UnreachableMaster"}
	if named != 3 || dead != 2 || !slices.Equal(codes, want) {
		t.Errorf("%d, %d, %q", named, dead, codes)
	}
}

func TestParseUsage(t *testing.T) {
	const stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 9 0 100 1000 200 18446744073709551615"
	u, err := parseUsage(stat, "1000 256 100 1 0 50 0\n", 4096)
	if err != nil || u.cpu != 2*time.Second || u.rss != 1<<20 {
		t.Errorf("%+v, %v", u, err)
	}
	for _, bad := range []string{"", "42 (a) S 1", "42 (a) S 1 42 42 0 -1 4194560 100 0 0 0 x 50 0 0"} {
		if _, err := parseUsage(bad, "1 1", 4096); err == nil {
			t.Errorf("no error for %q", bad)
		}
	}
}
