package publish

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"time"
)

const (
	// stopGrace is how long a hook that must end has for it after the polite signal.
	stopGrace = 2 * time.Second
	// outputGrace is how long output is waited for after the shell has ended: a program that it left in the background
	// may hold the pipe for ever.
	outputGrace = time.Second
)

// run is one run of one hook.
type run struct {
	Report
	text      string // for the shell
	arguments []string
	env       []string
	unlimited bool // HookOptions.Timeout does not hold
}

// cutAmpersand tells whether a command asks not to be waited for, and gives it without that.
func cutAmpersand(command string) (rest string, async bool) {
	command = strings.TrimSpace(command)
	rest = strings.TrimRight(command, "&")
	return rest, len(rest) < len(command)
}

// run runs a hook to its end, and says so in the log and the audit.
func (h *Hooks) run(ctx context.Context, r run) (Report, error) {
	h.options.Audit(r.Report)
	r.Began = time.Now()
	output, err := h.execute(ctx, r)
	r.Ended, r.Duration, r.Output = true, time.Since(r.Began), output
	level := slog.LevelInfo
	if err != nil {
		r.Err = fmt.Errorf("%s (%s): %w", r.Title(), r.Command, err)
		level = slog.LevelError
	}
	h.options.Logger.Log(ctx, level, r.Report.String(),
		"hook", r.List, "command", r.Command, "recovery", r.RecoveryUID, "duration", r.Duration, "output", r.Output)
	h.options.Audit(r.Report)
	h.last.add(r.Report)
	return r.Report, r.Err
}

// execute lets the shell run the text and gives what it wrote.
func (h *Hooks) execute(ctx context.Context, r run) (output string, err error) {
	if limit := h.options.Timeout(); limit > 0 && !r.unlimited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, fmt.Errorf("stopped after the time limit of %v", limit))
		defer cancel()
	}
	shell := h.options.Shell()
	if shell == "" {
		shell = DefaultShell
	}
	text, err := h.textFor(shell, r.text)
	if err != nil {
		return "", err
	}
	defer func() {
		if e := text.remove(); e != nil && err == nil {
			err = fmt.Errorf("remove its file: %w", e)
		}
	}()
	cmd := exec.Command(shell, append([]string{text.name}, r.arguments...)...)
	cmd.Env, cmd.ExtraFiles = r.env, text.inherited
	ownGroup(cmd)
	read, write, err := os.Pipe()
	if err != nil {
		return "", fmt.Errorf("prepare its output: %w", err)
	}
	cmd.Stdout, cmd.Stderr = write, write
	err = cmd.Start()
	// Ours is only a copy of the end that the shell writes to.
	_ = write.Close()
	if err != nil {
		_ = read.Close()
		return "", fmt.Errorf("start it with %s: %w", shell, err)
	}
	excerpt := new(excerpt)
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		// The output ends when all writers are gone, or when we close our end.
		_, _ = io.Copy(excerpt, read)
	}()
	err = h.await(ctx, cmd)
	h.drain(read, drained)
	output = excerpt.String()
	if last := lastLine(output); err != nil && last != "" {
		err = fmt.Errorf("%w: %s", err, last)
	}
	return output, err
}

// lastLine gives what a failing script has most likely said last about the reason.
func lastLine(output string) string {
	return strings.TrimSpace(output[strings.LastIndexByte(output, '\n')+1:])
}

// await waits for the shell, and ends it and its children when ctx ends or the hooks are cut short.
func (h *Hooks) await(ctx context.Context, cmd *exec.Cmd) error {
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	var why error
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		why = context.Cause(ctx)
	case <-h.stop:
		why = ErrClosed
	}
	terminateGroup(cmd)
	grace := time.NewTimer(stopGrace)
	defer grace.Stop()
	select {
	case <-ended:
		// The shell is gone; children of it that did not listen go too.
		killGroup(cmd)
	case <-grace.C:
		killGroup(cmd)
		<-ended
	}
	return why
}

// drain waits for the rest of the output. If a program that the hook left behind holds it, the reader goes on in the
// background until Close, so that the program does not fail for want of a reader.
func (h *Hooks) drain(read io.Closer, drained <-chan struct{}) {
	grace := time.NewTimer(outputGrace)
	defer grace.Stop()
	select {
	case <-drained:
		_ = read.Close()
		return
	case <-grace.C:
	case <-h.stop:
	}
	h.running.Go(func() {
		select {
		case <-drained:
			_ = read.Close()
		case <-h.stop:
			_ = read.Close()
			<-drained
		}
	})
}
