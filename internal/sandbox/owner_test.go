package sandbox_test

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/sandbox"
)

// ownerDir tells the test binary to be an owner that is going to be killed, with its sandboxes in that folder.
const ownerDir = "ORCHESTRATOR_TEST_SANDBOX_OWNER_DIR"

// owned is what such an owner says about its cluster.
type owned struct {
	Dir  string
	PIDs []int
}

// TestOwner is no test but the owner of a sandbox, run by TestNothingOutlivesItsOwner in a process of its own.
func TestOwner(t *testing.T) {
	dir := os.Getenv(ownerDir)
	if dir == "" {
		t.Skip("only runs as a child of TestNothingOutlivesItsOwner")
	}
	c, err := sandbox.Start(t.Context(), sandbox.Options{Nodes: 2, Dir: dir})
	check(t, err)
	said := owned{Dir: c.Dir()}
	for _, n := range c.Nodes() {
		said.PIDs = append(said.PIDs, n.PID())
	}
	check(t, json.NewEncoder(os.Stdout).Encode(said))
	select {} // until killed
}

func TestNothingOutlivesItsOwner(t *testing.T) {
	if testing.Short() {
		t.Skip("needs real servers: left out in short mode")
	}
	dir := t.TempDir()
	owner := exec.Command(os.Args[0], "-test.run=^TestOwner$", "-test.timeout=60s")
	owner.Env = append(os.Environ(), ownerDir+"="+dir)
	output, err := owner.StdoutPipe()
	check(t, err)
	check(t, owner.Start())
	line, err := bufio.NewReader(output).ReadBytes('\n')
	check(t, err)
	var said owned
	if err := json.Unmarshal(line, &said); err != nil {
		t.Fatalf("the owner said %q: %v", line, err)
	}

	// While the owner lives, what it has is not touched.
	other, err := sandbox.Start(deadline(t), sandbox.Options{Nodes: 1, Dir: dir})
	check(t, err)
	check(t, other.Close())
	for _, pid := range said.PIDs {
		if !alive(pid) {
			t.Fatalf("server %d of a living owner is gone", pid)
		}
	}

	check(t, owner.Process.Kill())
	_ = owner.Wait() // it was killed: its error is expected
	ctx := deadline(t)
	for _, pid := range said.PIDs {
		for alive(pid) {
			select {
			case <-ctx.Done():
				t.Fatalf("server %d outlived its owner", pid)
			case <-time.After(5 * time.Millisecond):
			}
		}
	}
	if _, err := os.Stat(said.Dir); err != nil {
		t.Fatalf("the folder of the killed owner should still be there for this test to mean anything: %v", err)
	}
	c, err := sandbox.Start(ctx, sandbox.Options{Nodes: 1, Dir: dir})
	check(t, err)
	if _, err := os.Stat(said.Dir); !os.IsNotExist(err) {
		t.Errorf("%s was not removed by the next start (%v)", said.Dir, err)
	}
	check(t, c.Close())
}

// TestSurvivorsAreKilled is for a server that the kernel did not end with its owner: nothing holds the owner file any
// more, and the pid file names a process that runs from the folder.
func TestSurvivorsAreKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("needs real servers: left out in short mode")
	}
	dir := t.TempDir()
	node := filepath.Join(dir, "orchestrator-sandbox-old", "node0")
	check(t, os.MkdirAll(node, 0o700))
	check(t, os.WriteFile(filepath.Join(node, "..", "owner"), nil, 0o600))
	survivor := exec.Command("/bin/sh", "-c", `echo $$ >"$1/pid" && echo ready && read line`, "sh", node, filepath.Join(node, "my.cnf"))
	_, err := survivor.StdinPipe() // kept open, so that it goes on reading
	check(t, err)
	output, err := survivor.StdoutPipe()
	check(t, err)
	check(t, survivor.Start())
	_, err = bufio.NewReader(output).ReadString('\n')
	check(t, err)
	c, err := sandbox.Start(deadline(t), sandbox.Options{Nodes: 1, Dir: dir})
	check(t, err)
	check(t, c.Close())
	if err := survivor.Wait(); err == nil || survivor.ProcessState.Exited() {
		t.Errorf("the survivor ended with %v, want a signal", err)
	}
	if _, err := os.Stat(node); !os.IsNotExist(err) {
		t.Errorf("%s was not removed (%v)", node, err)
	}
}

// TestMountsAreTakenOff is for a test that was killed when it had mounted a file system in its sandbox: one that is read-only
// cannot be emptied, and must not be in the way of all later sandboxes.
func TestMountsAreTakenOff(t *testing.T) {
	if testing.Short() {
		t.Skip("needs real servers: left out in short mode")
	}
	dir := t.TempDir()
	data := filepath.Join(dir, "orchestrator-sandbox-old", "node0", "data")
	check(t, os.MkdirAll(data, 0o700))
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=1m", "sandbox", data).CombinedOutput(); err != nil {
		t.Skipf("nothing can be mounted here: %s", out)
	}
	taken := false
	t.Cleanup(func() {
		if !taken {
			check(t, exec.Command("umount", "--lazy", data).Run())
		}
	})
	check(t, os.WriteFile(filepath.Join(data, "file"), nil, 0o600))
	check(t, exec.Command("mount", "-o", "remount,ro", data).Run())
	c, err := sandbox.Start(deadline(t), sandbox.Options{Nodes: 1, Dir: dir})
	check(t, err)
	taken = true
	check(t, c.Close())
	if _, err := os.Stat(data); !os.IsNotExist(err) {
		t.Errorf("%s was not removed (%v)", data, err)
	}
}

// alive says whether the process is there and not merely unreaped.
func alive(pid int) bool {
	state, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(state), ") ") // the name before it may hold anything
	return !strings.HasPrefix(after, "Z")
}
