//go:build unix

package publish

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"orchestrator/internal/topology"
)

// rig is a Hooks under test with what it said.
type rig struct {
	*Hooks
	dir string // for files of the test
	tmp string // where the scripts are written

	mu      sync.Mutex
	reports []Report
	log     bytes.Buffer
}

func newRig(t *testing.T, change func(*HookOptions)) *rig {
	r := &rig{dir: t.TempDir(), tmp: t.TempDir()}
	o := HookOptions{
		Directory: r.tmp,
		Environ: func() []string {
			return append(os.Environ(), "INHERITED=yes", "ORC_SUCCESSOR_HOST=stale", "OUT="+r.path("out"))
		},
		Logger: slog.New(slog.NewTextHandler(&r.log, nil)),
		Audit: func(report Report) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.reports = append(r.reports, report)
		},
	}
	if change != nil {
		change(&o)
	}
	r.Hooks = New(o)
	t.Cleanup(func() {
		if err := r.Close(context.Background()); err != nil {
			t.Error(err)
		}
		left, err := os.ReadDir(r.tmp)
		if err != nil || len(left) > 0 {
			t.Errorf("files left behind: %v, %v", left, err)
		}
	})
	return r
}

func (r *rig) path(name string) string { return filepath.Join(r.dir, name) }

// lines gives what hooks have appended to $OUT.
func (r *rig) lines(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(r.path("out"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return slices.Collect(strings.Lines(string(text)))
}

func (r *rig) run(t *testing.T, v Values, mode Mode, commands ...string) error {
	t.Helper()
	return r.Run(t.Context(), List{Name: "PreFailoverProcesses", Commands: commands}, v, mode)
}

func full() Values {
	return Values{
		FailureType: "DeadMaster", InstanceType: "master", IsPrimary: true,
		FailureDescription: "cannot be reached", Command: "force-master-failover",
		Failed: topology.Key{Hostname: "db-1", Port: 3306}, FailureCluster: "db-1:3306", ClusterAlias: "shop",
		ClusterDomain: "shop.example", CountReplicas: 2,
		ReplicaHosts: []topology.Key{{Hostname: "db-2", Port: 3306}, {Hostname: "db-3", Port: 3307}},
		IsDowntimed:  true, AutoPrimaryRecovery: true, OrchestratorHost: "o-1", RecoveryUID: "uid-1",
		LostReplicas:               []topology.Key{{Hostname: "db-3", Port: 3307}},
		Successor:                  topology.Key{Hostname: "db-2", Port: 3306},
		SuccessorBinlogCoordinates: topology.Coordinates{LogFile: "binlog.000007", LogPos: 4},
		SuccessorAlias:             "second",
	}
}

const everyPlaceholder = "{failureType}|{instanceType}|{isMaster}|{isCoMaster}|{failureDescription}|{command}|" +
	"{failedHost}|{failedPort}|{failureCluster}|{failureClusterAlias}|{failureClusterDomain}|{countReplicas}|" +
	"{countSlaves}|{replicaHosts}|{slaveHosts}|{isDowntimed}|{autoMasterRecovery}|{autoIntermediateMasterRecovery}|" +
	"{orchestratorHost}|{recoveryUID}|{isSuccessful}|{lostReplicas}|{lostSlaves}|{countLostReplicas}|" +
	"{successorHost}|{successorPort}|{successorBinlogCoordinates}|{successorAlias}|{unknown}"

func TestPlaceholders(t *testing.T) {
	noCoordinates := full()
	noCoordinates.SuccessorBinlogCoordinates = topology.Coordinates{}
	noSuccessor := full()
	noSuccessor.Successor = topology.Key{}
	const common = "DeadMaster|master|true|false|cannot be reached|force-master-failover|db-1|3306|db-1:3306|shop|" +
		"shop.example|2|2|db-2:3306,db-3:3307|db-2:3306,db-3:3307|true|true|false|o-1|uid-1|"
	const lost = "|db-3:3307|db-3:3307|1|"
	tests := []struct {
		name   string
		values Values
		want   string
	}{
		{"with successor", full(), common + "true" + lost + "db-2|3306|binlog.000007:4|second|{unknown}"},
		{"without coordinates", noCoordinates,
			common + "true" + lost + "db-2|3306|{successorBinlogCoordinates}|second|{unknown}"},
		{"without successor", noSuccessor, common + "false" + lost +
			"{successorHost}|{successorPort}|{successorBinlogCoordinates}|{successorAlias}|{unknown}"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t, nil)
			if err := r.run(t, tc.values, StopAtFirst, "echo '"+everyPlaceholder+"' > $OUT"); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{tc.want + "\n"}, r.lines(t)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEnvironment(t *testing.T) {
	base := []string{
		"INHERITED=yes", "ORC_AUTO_INTERMEDIATE_MASTER_RECOVERY=false", "ORC_AUTO_MASTER_RECOVERY=true",
		"ORC_COMMAND=force-master-failover", "ORC_COUNT_LOST_REPLICAS=1", "ORC_COUNT_REPLICAS=2",
		"ORC_FAILED_HOST=db-1", "ORC_FAILED_PORT=3306", "ORC_FAILURE_CLUSTER=db-1:3306",
		"ORC_FAILURE_CLUSTER_ALIAS=shop", "ORC_FAILURE_CLUSTER_DOMAIN=shop.example",
		"ORC_FAILURE_DESCRIPTION=cannot be reached", "ORC_FAILURE_TYPE=DeadMaster", "ORC_INSTANCE_TYPE=master",
		"ORC_IS_CO_MASTER=false", "ORC_IS_DOWNTIMED=true", "ORC_IS_MASTER=true", "ORC_LOST_REPLICAS=db-3:3307",
		"ORC_ORCHESTRATOR_HOST=o-1", "ORC_RECOVERY_UID=uid-1", "ORC_REPLICA_HOSTS=db-2:3306,db-3:3307",
	}
	noSuccessor := full()
	noSuccessor.Successor = topology.Key{}
	tests := []struct {
		name   string
		values Values
		more   []string
	}{
		{"with successor", full(), []string{"ORC_IS_SUCCESSFUL=true",
			"ORC_SUCCESSOR_ALIAS=second", "ORC_SUCCESSOR_BINLOG_COORDINATES=binlog.000007:4",
			"ORC_SUCCESSOR_HOST=db-2", "ORC_SUCCESSOR_PORT=3306"}},
		{"without successor, an inherited one is no successor", noSuccessor, []string{"ORC_IS_SUCCESSFUL=false"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t, nil)
			if err := r.run(t, tc.values, StopAtFirst, "env | grep -E '^(ORC_|INHERITED)' | LC_ALL=C sort > $OUT"); err != nil {
				t.Fatal(err)
			}
			want := slices.Concat(base, tc.more)
			slices.Sort(want)
			if diff := cmp.Diff(strings.Join(want, "\n")+"\n", strings.Join(r.lines(t), "")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestVeryManyReplicas(t *testing.T) {
	v := full()
	for i := range 12_000 {
		v.ReplicaHosts = append(v.ReplicaHosts, topology.Key{Hostname: "replica-" + strconv.Itoa(i), Port: 3306})
	}
	r := newRig(t, nil)
	err := r.run(t, v, StopAtFirst,
		`x='{replicaHosts}'; echo ${#x} > $OUT; case "$x" in "$ORC_REPLICA_HOSTS",*) echo whole elements >> $OUT;; esac`)
	want := []string{strconv.Itoa(len(topology.JoinKeys(v.ReplicaHosts))) + "\n", "whole elements\n"}
	if diff := cmp.Diff(want, r.lines(t)); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestOrderAndFailure(t *testing.T) {
	tests := []struct {
		name     string
		mode     Mode
		commands []string
		want     []string
		err      string
	}{
		{"in order", StopAtFirst, []string{"echo 1 >> $OUT", "echo 2 >> $OUT", "echo 3 >> $OUT"}, []string{"1\n", "2\n", "3\n"}, ""},
		{"stops at the first", StopAtFirst, []string{"echo 1 >> $OUT", "echo why >&2; exit 7", "echo 3 >> $OUT"}, []string{"1\n"},
			"PreFailoverProcesses hook 2 of 3 (echo why >&2; exit 7): exit status 7: why"},
		{"all run, the first error stays", RunAll, []string{"exit 7", "echo 2 >> $OUT", "exit 8"}, []string{"2\n"},
			"PreFailoverProcesses hook 1 of 3 (exit 7): exit status 7"},
		{"asynchronous failure is ignored", StopAtFirst, []string{"exit 7 &", "echo 2 >> $OUT"}, []string{"2\n"}, ""},
		{"empty list", StopAtFirst, nil, nil, ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t, nil)
			err := r.run(t, full(), tc.mode, tc.commands...)
			if got := errorText(err); got != tc.err {
				t.Errorf("error %q, want %q", got, tc.err)
			}
			if diff := cmp.Diff(tc.want, r.lines(t)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestScriptFile(t *testing.T) {
	for _, shell := range []string{"sh", "bash"} {
		t.Run(shell, func(t *testing.T) {
			r := newRig(t, func(o *HookOptions) { o.Shell = func() string { return shell } })
			script := `stat -L -c %a "$0" > $OUT; echo "$#" >> $OUT; cat "$0" >> $OUT`
			if err := r.run(t, full(), StopAtFirst, script); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"640\n", "0\n", script}, r.lines(t)); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("larger than a pipe", func(t *testing.T) {
		r := newRig(t, nil)
		if err := r.run(t, full(), StopAtFirst, ": "+strings.Repeat("x", 1<<20)+"\necho end >> $OUT"); err != nil {
			t.Fatal(err)
		}
		if got := r.lines(t); !slices.Equal(got, []string{"end\n"}) {
			t.Errorf("wrote %q", got)
		}
	})
	t.Run("that uses the descriptor itself", func(t *testing.T) {
		r := newRig(t, nil)
		if err := r.run(t, full(), StopAtFirst, "exec 3>> $OUT\necho mine >&3\nexec 3>&-\necho end >> $OUT"); err != nil {
			t.Fatal(err)
		}
		if got := r.lines(t); !slices.Equal(got, []string{"mine\n", "end\n"}) {
			t.Errorf("wrote %q", got)
		}
	})
}

// killedEnv makes this program run a hook with its files in the named folder, until it is killed.
const killedEnv = "ORCHESTRATOR_TEST_HOOK_FOLDER"

// TestNothingStaysOfAHook: a manager that is killed while a hook runs leaves no file behind.
func TestNothingStaysOfAHook(t *testing.T) {
	const script = `echo running > $OUT.began; read x < $OUT.end`
	if folder := os.Getenv(killedEnv); folder != "" {
		h := New(HookOptions{Directory: folder})
		t.Fatal(h.Run(t.Context(), List{Name: "L", Commands: []string{script}}, full(), RunAll)) // it is killed before
	}
	dir := t.TempDir()
	out, folder := filepath.Join(dir, "out"), filepath.Join(dir, "files")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".began", ".end"} {
		if err := syscall.Mkfifo(out+name, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	manager := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
	manager.Env = append(os.Environ(), killedEnv+"="+folder, "OUT="+out)
	if err := manager.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.ReadFile(out + ".began"); err != nil { // waits for the hook
		t.Error(err)
	}
	if err := manager.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = manager.Wait() // says that it was killed
	left, err := os.ReadDir(folder)
	if err != nil || len(left) > 0 {
		t.Errorf("files left behind: %v, %v", left, err)
	}
	if err := os.WriteFile(out+".end", nil, 0o600); err != nil { // the hook, which nobody owns any more, ends
		t.Error(err)
	}
}

func TestShellCommand(t *testing.T) {
	t.Run("another shell", func(t *testing.T) {
		r := newRig(t, func(o *HookOptions) { o.Shell = func() string { return "cat" } })
		if err := r.run(t, full(), StopAtFirst, "text for {failedHost}"); err != nil {
			t.Fatal(err)
		}
		if got := r.reports[1].Output; got != "text for db-1" {
			t.Errorf("output %q", got)
		}
	})
	t.Run("a shell that is not there", func(t *testing.T) {
		r := newRig(t, func(o *HookOptions) { o.Shell = func() string { return "/no/such/shell" } })
		if err := r.run(t, full(), StopAtFirst, "true"); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("error %v", err)
		}
	})
}

func TestAsynchronous(t *testing.T) {
	tests := []struct{ name, command string }{
		{"trailing &", "read x < $OUT.fifo; echo async >> $OUT &"},
		{"white space around it", "  read x < $OUT.fifo; echo async >> $OUT & "},
		{"several", "read x < $OUT.fifo; echo async >> $OUT &&"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t, nil)
			if err := syscall.Mkfifo(r.path("out.fifo"), 0o600); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			// The second hook sets the first free: that they end proves that the first was not waited for.
			err := r.Run(ctx, List{Name: "L", Commands: []string{tc.command, "echo sync >> $OUT; echo go > $OUT.fifo"}}, full(), StopAtFirst)
			cancel() // does not concern the asynchronous one
			if err != nil {
				t.Fatal(err)
			}
			if err := r.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"sync\n", "async\n"}, r.lines(t)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTakePrimary(t *testing.T) {
	r := newRig(t, nil)
	list := List{Name: "PostTakeMasterProcesses", Commands: []string{
		`exit 5`,
		`echo "$1 $2 $ORC_SUCCESSOR_HOST $ORC_FAILED_HOST {successorHost} $INHERITED" >> $OUT; env | grep -c ^ORC_ >> $OUT`,
		`true &`, // the shell's own
	}}
	err := r.RunTakePrimary(t.Context(), list, topology.Key{Hostname: "new", Port: 1}, topology.Key{Hostname: "old", Port: 2})
	if got := errorText(err); got != "PostTakeMasterProcesses hook 1 of 3 (exit 5): exit status 5" {
		t.Errorf("error %q", got)
	}
	if diff := cmp.Diff([]string{"new:1 old:2 new:1 old:2 {successorHost} yes\n", "2\n"}, r.lines(t)); diff != "" {
		t.Error(diff)
	}
	if last := r.reports[len(r.reports)-1]; last.Command != "true &" || last.Async {
		t.Errorf("last report %+v", last)
	}
}

// hanging ignores the polite signal, in itself and in a child, and tells when it is ready.
const hanging = `trap '' TERM; sleep 1000 & echo $! > $OUT; echo ready > $OUT.fifo; wait; sleep 1000`

func TestStopping(t *testing.T) {
	tests := []struct {
		name  string
		limit time.Duration
		want  error
		async bool
		stop  func(t *testing.T, r *rig, cancel func())
	}{
		{"end of the context", 0, context.Canceled, false, func(_ *testing.T, _ *rig, cancel func()) { cancel() }},
		{"time limit", 300 * time.Millisecond, nil, false, func(*testing.T, *rig, func()) {}},
		{"close", 0, ErrClosed, false, closeAtOnce},
		{"close with an asynchronous one", 0, ErrClosed, true, closeAtOnce},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, func(o *HookOptions) { o.Timeout = func() time.Duration { return tc.limit } })
			if err := syscall.Mkfifo(r.path("out.fifo"), 0o600); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			command := hanging
			if tc.async {
				command += "&"
			}
			ended := make(chan error, 1)
			go func() { ended <- r.run2(ctx, command, "echo not reached >> $OUT") }()
			// Opening a pipe waits for its other end.
			if _, err := os.ReadFile(r.path("out.fifo")); err != nil {
				t.Fatal(err)
			}
			tc.stop(t, r, cancel)
			err := <-ended
			if waitErr := r.Wait(t.Context()); waitErr != nil {
				t.Fatal(waitErr)
			}
			if tc.async {
				err = r.lastError()
			}
			if err == nil || tc.want != nil && !errors.Is(err, tc.want) {
				t.Errorf("error %v, want %v", err, tc.want)
			}
			pid, convErr := strconv.Atoi(strings.TrimSpace(r.lines(t)[0]))
			if convErr != nil {
				t.Fatal(convErr)
			}
			awaitGone(t, pid)
		})
	}
}

func closeAtOnce(t *testing.T, r *rig, _ func()) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Close(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("close: %v", err)
	}
}

// run2 runs only the first of the commands if that one is asynchronous.
func (r *rig) run2(ctx context.Context, commands ...string) error {
	if strings.HasSuffix(commands[0], "&") {
		commands = commands[:1]
	}
	return r.Run(ctx, List{Name: "L", Commands: commands}, full(), RunAll)
}

func (r *rig) lastError() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reports[len(r.reports)-1].Err
}

// awaitGone waits until a killed process, which is nobody's child any more, has disappeared or is a zombie.
func awaitGone(t *testing.T, pid int) {
	t.Helper()
	for t.Context().Err() == nil {
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func TestAfterClose(t *testing.T) {
	r := newRig(t, nil)
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.run(t, full(), RunAll, "echo 1 >> $OUT", "echo 2 >> $OUT"); !errors.Is(err, ErrClosed) {
		t.Errorf("error %v", err)
	}
	if got := r.lines(t); got != nil {
		t.Errorf("ran: %q", got)
	}
}

func TestEndedContextRunsNothing(t *testing.T) {
	r := newRig(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Run(ctx, List{Name: "L", Commands: []string{"echo 1 >> $OUT", "echo 2 >> $OUT &"}}, full(), RunAll); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if got := r.lines(t); got != nil {
		t.Errorf("ran: %q", got)
	}
}

// A program that a hook leaves behind with our pipe neither holds the hook up nor loses its reader.
func TestLeftBehind(t *testing.T) {
	r := newRig(t, nil)
	if err := syscall.Mkfifo(r.path("out.fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := r.run(t, full(), StopAtFirst, `(read x < $OUT.fifo; echo late && echo alive > $OUT.fifo) & echo done`)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.reports[1].Output; got != "done" {
		t.Errorf("output %q", got)
	}
	if err := os.WriteFile(r.path("out.fifo"), []byte("go\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(r.path("out.fifo")); err != nil || string(text) != "alive\n" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestReports(t *testing.T) {
	r := newRig(t, nil)
	_ = r.run(t, full(), RunAll, "echo {failedHost}; echo two >&2", "exit 3")
	var got []string
	for i := range r.reports {
		if r.reports[i].Ended && r.reports[i].Duration <= 0 {
			t.Errorf("no duration in %+v", r.reports[i])
		}
		r.reports[i].Duration = 5 * time.Millisecond
		got = append(got, r.reports[i].String())
	}
	want := []string{
		"Running PreFailoverProcesses hook 1 of 2: echo {failedHost}; echo two >&2",
		"Completed PreFailoverProcesses hook 1 of 2 in 5ms",
		"Running PreFailoverProcesses hook 2 of 2: exit 3",
		"Failed after 5ms: PreFailoverProcesses hook 2 of 2 (exit 3): exit status 3",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if first := r.reports[1]; first.Output != "db-1\ntwo" || first.RecoveryUID != "uid-1" {
		t.Errorf("report %+v", first)
	}
	if log := r.log.String(); !strings.Contains(log, "level=ERROR") || !strings.Contains(log, `output="db-1\ntwo"`) {
		t.Errorf("log %s", log)
	}
}

func TestLongOutputIsBounded(t *testing.T) {
	r := newRig(t, nil)
	if err := r.run(t, full(), StopAtFirst, "echo first; seq 100000; echo last"); err != nil {
		t.Fatal(err)
	}
	got := r.reports[1].Output
	if len(got) > 3*excerptPart || !strings.HasPrefix(got, "first\n1\n") || !strings.HasSuffix(got, "\n100000\nlast") ||
		!strings.Contains(got, "bytes left out") {
		t.Errorf("%d bytes: %.60q … %q", len(got), got, got[len(got)-60:])
	}
}

func TestHookWithoutRoomForItsFile(t *testing.T) {
	r := newRig(t, func(o *HookOptions) { o.Directory = "/dev/null/there-can-be-no-folder" })
	run := func(command string) error {
		return r.Run(t.Context(), List{Name: "PreFailoverProcesses", Commands: []string{command}}, Values{FailureType: "DeadMaster"}, StopAtFirst)
	}
	if err := run(`echo {failureType} $ORC_FAILURE_TYPE >> $OUT`); err != nil {
		t.Fatal(err)
	}
	if got := r.lines(t); !slices.Equal(got, []string{"DeadMaster DeadMaster\n"}) {
		t.Errorf("wrote %q", got)
	}
	if err := run("true " + strings.Repeat("x", pipeRoom)); err == nil || !strings.Contains(err.Error(), "a pipe takes") {
		t.Errorf("a text that no pipe takes: %v", err)
	}
}
