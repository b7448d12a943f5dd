//go:build unix

package publish

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestTest tests hooks: they are told that it is a test, get names that nobody has, and are waited for.
func TestTest(t *testing.T) {
	r := newRig(t, nil)
	list := List{Name: "PostFailoverProcesses", Commands: []string{
		`echo "$ORC_TEST {failedHost} $ORC_SUCCESSOR_HOST {successorPort} {recoveryUID}" | tee -a $OUT`,
		`sleep 0.05; echo later >> $OUT &`,
		`echo two lines; echo no >&2; exit 7`,
	}}
	v := Sample("o-1", time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC))
	first, err := r.Test(t.Context(), list, 1, v)
	if code := first.ExitCode(); err != nil || first.Err != nil || code == nil || *code != 0 || !first.Test || first.Began.IsZero() {
		t.Errorf("%+v, %v", first, err)
	}
	// One that is not waited for otherwise has ended when its test has.
	if second, err := r.Test(t.Context(), list, 2, v); err != nil || second.Err != nil || second.Async {
		t.Errorf("%+v, %v", second, err)
	}
	const told = "1 failed.test.invalid successor.test.invalid 3306 test-20260304T050607.000\n"
	if diff := cmp.Diff([]string{told, "later\n"}, r.lines(t)); diff != "" {
		t.Error(diff)
	}
	third, err := r.Test(t.Context(), list, 3, v)
	if code := third.ExitCode(); err != nil || code == nil || *code != 7 || third.Output != "two lines\nno" || !strings.HasPrefix(third.Title(), "test of PostFailoverProcesses hook 3 of 3") {
		t.Errorf("%+v, %v", third, err)
	}
	for _, number := range []int{0, 4} {
		if _, err := r.Test(t.Context(), list, number, v); err == nil {
			t.Errorf("number %d", number)
		}
	}
	take := List{Name: "PostTakeMasterProcesses", Commands: []string{`echo "$1 $2 $ORC_FAILED_HOST $ORC_TEST {failedHost}" >> $OUT`}, Arguments: true}
	if _, err := r.Test(t.Context(), take, 1, v); err != nil {
		t.Error(err)
	}
	if got, want := r.lines(t)[2], "successor.test.invalid:3306 failed.test.invalid:3306 failed.test.invalid:3306 1 {failedHost}\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	// A real run is no test.
	if err := r.Run(t.Context(), List{Name: "PreFailoverProcesses", Commands: []string{`echo "[$ORC_TEST]" >> $OUT`}}, full(), StopAtFirst); err != nil {
		t.Error(err)
	}
	if got := r.lines(t)[3]; got != "[]\n" {
		t.Errorf("a hook of a real recovery is told %q", got)
	}
	runs := r.Runs()
	if len(runs) != 5 || runs[0].Test || !runs[1].Test || runs[0].Began.Before(runs[1].Began) {
		t.Errorf("remembered: %+v", runs)
	}
}

// TestLastRunsAreBounded runs a hook more often than is remembered.
func TestLastRunsAreBounded(t *testing.T) {
	r := newRig(t, nil)
	for range runsKept + 3 {
		if err := r.run(t, full(), StopAtFirst, "true"); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(r.Runs()); n != runsKept {
		t.Errorf("%d are remembered", n)
	}
}

// TestAStoppedHookHasNoExitCode stops a hook at its limit: it has not ended by itself.
func TestAStoppedHookHasNoExitCode(t *testing.T) {
	r := newRig(t, func(o *HookOptions) { o.Timeout = func() time.Duration { return 30 * time.Millisecond } })
	report, err := r.Test(t.Context(), List{Name: "PostFailoverProcesses", Commands: []string{"sleep 60"}}, 1, Sample("o-1", time.Now()))
	if err != nil || report.ExitCode() != nil || report.Err == nil || !strings.Contains(report.Err.Error(), "time limit") {
		t.Errorf("%+v, %v", report, err)
	}
	if err := r.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if _, err := r.Test(t.Context(), List{Name: "x", Commands: []string{"true"}}, 1, Sample("o-1", time.Now())); err == nil {
		t.Error("hooks are closed")
	}
}
