package operatetest

import (
	"context"
	"time"

	"orchestrator/internal/operate"
)

// hookBook remembers two runs of hooks: one that ended well, and one that did not.
type hookBook struct{ *Backend }

// Runs implements operate.HookRunner.
func (hookBook) Runs() []operate.HookRun {
	well, badly := 0, 7
	return []operate.HookRun{
		{List: "PostFailoverProcesses", Number: 2, Of: 2, Command: "/usr/local/bin/tell-proxies {successorHost}", RecoveryUID: "u3", Began: Now().Add(-9 * time.Minute), Took: 1800 * time.Millisecond, ExitCode: &badly,
			Output: "proxy1: told\nproxy2: connection refused", Error: "PostFailoverProcesses hook 2 of 2 (/usr/local/bin/tell-proxies {successorHost}): exit status 7: proxy2: connection refused"},
		{List: "PostFailoverProcesses", Number: 1, Of: 2, Command: "echo 'recovered {failureCluster}' >> /var/log/recovery.log", RecoveryUID: "u3", Began: Now().Add(-10 * time.Minute), Took: 12 * time.Millisecond, ExitCode: &well},
		{List: "PostFailoverProcesses", Number: 1, Of: 2, Command: "echo 'recovered {failureCluster}' >> /var/log/recovery.log", Test: true, Began: Now().Add(-20 * time.Minute), Took: 9 * time.Millisecond, ExitCode: &well},
	}
}

// Limit implements operate.HookRunner.
func (hookBook) Limit() time.Duration { return 30 * time.Second }

// Test notes the call; a hook with the word false fails.
func (h hookBook) Test(_ context.Context, list operate.HookList, number int, arguments bool) (operate.HookRun, error) {
	run := operate.HookRun{List: list.Name, Number: number, Of: len(list.Commands), Test: true, Took: 20 * time.Millisecond}
	if list.Commands[number-1] == "false" {
		run.Error = "exit status 1"
	}
	return run, h.note("test hook %s %d %t", list.Name, number, arguments)
}
