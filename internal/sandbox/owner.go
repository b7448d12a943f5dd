package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

const (
	dirPrefix = "orchestrator-sandbox-"
	ownerFile = "owner"
)

// claimDir removes what dead owners left in parent, and makes a folder there that is owned by the returned file: as
// long as this process lives and the file is open, the folder is not abandoned.
func claimDir(ctx context.Context, parent string) (string, *os.File, error) {
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", nil, err
	}
	parent, err := filepath.Abs(parent)
	if err != nil {
		return "", nil, err
	}
	guard, err := guardDir(ctx, parent)
	if err != nil {
		return "", nil, err
	}
	defer guard.Close()
	if err := removeAbandoned(ctx, parent); err != nil {
		return "", nil, fmt.Errorf("remove what earlier sandboxes left: %w", err)
	}
	dir, err := os.MkdirTemp(parent, dirPrefix)
	if err != nil {
		return "", nil, err
	}
	owner, err := awaitLock(ctx, filepath.Join(dir, ownerFile), syscall.LOCK_EX)
	if err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(dir))
	}
	if _, err := fmt.Fprintln(owner, os.Getpid()); err != nil {
		return "", nil, errors.Join(err, owner.Close(), os.RemoveAll(dir))
	}
	return dir, owner, nil
}

// releaseDir removes the owner's folder and gives it up.
func releaseDir(ctx context.Context, dir string, owner *os.File) error {
	guard, err := guardDir(ctx, filepath.Dir(dir))
	if err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(dir), owner.Close(), guard.Close())
}

// guardDir locks out others who make or remove sandboxes in parent until the returned file is closed. The lock is on
// the folder itself, so that it leaves nothing behind.
func guardDir(ctx context.Context, parent string) (*os.File, error) {
	guard, err := os.Open(parent)
	if err != nil {
		return nil, err
	}
	return lockOpened(ctx, guard, syscall.LOCK_EX)
}

// removeAbandoned removes the sandboxes in parent whose owner has died, with servers that may have survived it.
func removeAbandoned(ctx context.Context, parent string) error {
	dirs, err := filepath.Glob(filepath.Join(parent, dirPrefix+"*"))
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() {
			continue
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); !ok || int(stat.Uid) != os.Geteuid() {
			continue // another user's
		}
		abandoned, err := ownerIsGone(dir)
		if err != nil {
			return err
		}
		if !abandoned {
			continue
		}
		if err := errors.Join(killSurvivors(dir), unmountBelow(ctx, dir), os.RemoveAll(dir)); err != nil {
			return err
		}
	}
	return nil
}

// ownerIsGone says whether nobody holds the owner file of dir. To be asked under the guard: there, a folder without
// that file belongs to one who died while making or removing it.
func ownerIsGone(dir string) (bool, error) {
	owner, err := os.Open(filepath.Join(dir, ownerFile))
	if errors.Is(err, os.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	defer owner.Close()
	return tryLock(owner, syscall.LOCK_EX)
}

// killSurvivors ends the servers that run from dir. The kernel ends them with their owner; this is for where it did not.
func killSurvivors(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "node*", "pid"))
	if err != nil {
		return err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // removed by a server that shut down
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil || pid <= 1 {
			continue
		}
		// The number may be another process's by now.
		command, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
		if err != nil || !strings.Contains(string(command), filepath.Join(filepath.Dir(file), "my.cnf")) {
			continue
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("kill abandoned server %d: %w", pid, err)
		}
	}
	return nil
}

// unmountBelow takes off the file systems that a test had put into dir: one that is read-only cannot be emptied.
func unmountBelow(ctx context.Context, dir string) error {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if errors.Is(err, os.ErrNotExist) {
		return nil // not Linux: no test mounts anything there
	}
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(mounts)) {
		// The fifth field is where it is mounted (proc_pid_mountinfo(5)); the names here hold nothing that it writes otherwise.
		fields := strings.Fields(line)
		if len(fields) < 5 || !strings.HasPrefix(fields[4], dir+"/") {
			continue
		}
		if out, err := exec.CommandContext(ctx, "umount", "--lazy", fields[4]).CombinedOutput(); err != nil {
			return fmt.Errorf("unmount %s: %w: %s", fields[4], err, out)
		}
	}
	return nil
}
