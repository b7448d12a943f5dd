package publish

import (
	"context"
	"errors"
	"fmt"
	"time"

	"orchestrator/internal/topology"
)

const (
	// testVariable tells a hook that nothing has happened and nothing is to be done.
	testVariable = "ORC_TEST"
	// testWithin bounds a test of a hook where hooks have no limit of their own.
	testWithin = time.Minute
)

// Sample are the facts that a hook is tested with. All names end in .invalid, which nobody can have: a hook that does not
// look at ORC_TEST fails on them instead of moving something.
func Sample(node string, now time.Time) Values {
	failed, successor := topology.Key{Hostname: "failed.test.invalid", Port: 3306}, topology.Key{Hostname: "successor.test.invalid", Port: 3306}
	return Values{
		FailureType: "DeadMaster", InstanceType: "master", IsPrimary: true, FailureDescription: "A test of the hook: nothing has failed",
		Command: "test-hook", Failed: failed, FailureCluster: failed.String(), ClusterAlias: "test.invalid", ClusterDomain: "test.invalid",
		CountReplicas: 1, ReplicaHosts: []topology.Key{successor}, OrchestratorHost: node, RecoveryUID: "test-" + now.UTC().Format("20060102T150405.000"),
		Successor: successor, SuccessorAlias: "test.invalid", SuccessorBinlogCoordinates: topology.Coordinates{LogFile: "test-bin.000001", LogPos: 4},
		Donor: successor,
	}
}

// Test runs one hook of a list, by its number from 1, with the facts of a sample and ORC_TEST=1 in its environment, and waits
// for its end even if it is one that is not waited for. The report says how it went; the error is why it was not run.
func (h *Hooks) Test(ctx context.Context, list List, number int, v Values) (Report, error) {
	if number < 1 || number > len(list.Commands) {
		return Report{}, fmt.Errorf("%s has no hook number %d: it has %d", list.Name, number, len(list.Commands))
	}
	if !h.enter() {
		return Report{}, fmt.Errorf("%s: not run: %w", list.Name, ErrClosed)
	}
	defer h.leave()
	if h.Limit() == 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, testWithin, fmt.Errorf("stopped after %v, the limit of a test", testWithin))
		defer cancel()
	}
	command := list.Commands[number-1]
	r := run{
		Report: Report{List: list.Name, Number: number, Of: len(list.Commands), Command: command, RecoveryUID: v.RecoveryUID, Test: true},
		env:    append(inherited(h.options.Environ()), testVariable+"=1"),
	}
	if list.Arguments { // the convention of PostTakeMasterProcesses
		r.text, r.arguments = command, []string{v.Successor.String(), v.Failed.String()}
		r.env = append(r.env, variable("ORC_SUCCESSOR_HOST", v.Successor.String()), variable("ORC_FAILED_HOST", v.Failed.String()))
	} else {
		r.Command, _ = cutAmpersand(command)
		r.text, r.env = fill(r.Command, v.placeholders()), append(r.env, v.environment()...)
	}
	report, err := h.run(ctx, r)
	if errors.Is(err, ErrClosed) {
		return report, err
	}
	return report, nil
}
