package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// systemWithin bounds each thing that a system test waits for.
const systemWithin = 30 * time.Second

// serviceProcess is `orchestrator http` in a process of its own.
type serviceProcess struct {
	cmd    *exec.Cmd
	dir    string
	file   string // the configuration
	frozen bool   // it was stopped by a signal
	url    string // of the web address, without a slash at its end

	mu      sync.Mutex
	log     strings.Builder
	changed chan struct{} // closed and replaced with every line
	ended   chan struct{}
	err     error // how it ended
	client  http.Client
}

// startProcess starts the service and waits until it listens. keys are lines of its configuration beside backend,
// address and name resolution, which may be replaced.
func startProcess(t *testing.T, keys ...string) *serviceProcess {
	t.Helper()
	s := launchProcess(t, t.TempDir(), keys...)
	s.awaitLog(t, "INFO listening ")
	return s
}

// launchProcess starts the service, which may end by itself.
func launchProcess(t *testing.T, dir string, keys ...string) *serviceProcess {
	t.Helper()
	return launchAs(t, programName, dir, keys...)
}

// launchAs is launchProcess of the program, or of the one that dies when a test wants it to.
func launchAs(t *testing.T, name, dir string, keys ...string) *serviceProcess {
	t.Helper()
	s := newProcess(dir)
	s.configure(t, keys...)
	s.launch(t, func(cmd *exec.Cmd) { cmd.Args[0] = name })
	return s
}

// newProcess is a service in a folder that was not started yet.
func newProcess(dir string) *serviceProcess {
	return &serviceProcess{
		dir: dir, file: filepath.Join(dir, "orchestrator.conf.json"),
		changed: make(chan struct{}), ended: make(chan struct{}), client: http.Client{Timeout: systemWithin},
	}
}

// configure writes the configuration.
func (s *serviceProcess) configure(t *testing.T, keys ...string) {
	t.Helper()
	all := map[string]json.RawMessage{
		"BackendDB": json.RawMessage(`"sqlite"`), "SQLite3DataFile": json.RawMessage(`"orchestrator.db"`), "ListenAddress": json.RawMessage(`"127.0.0.1:0"`),
		"HostnameResolveMethod": json.RawMessage(`"none"`), "MySQLHostnameResolveMethod": json.RawMessage(`""`), "InstancePollSeconds": json.RawMessage(`1`),
	}
	for _, k := range keys {
		must(t, json.Unmarshal([]byte("{"+k+"}"), &all))
	}
	text, err := json.Marshal(all)
	must(t, err)
	must(t, os.WriteFile(s.file, text, 0o600))
}

func (s *serviceProcess) launch(t *testing.T, prepare func(*exec.Cmd)) {
	t.Helper()
	cmd, err := program(context.Background(), s.dir, "-verbose", "-config", s.file, "http")
	must(t, err)
	prepare(cmd)
	pipe, write, err := os.Pipe()
	must(t, err)
	cmd.Stderr, cmd.Stdout = write, write
	must(t, cmd.Start())
	must(t, write.Close())
	s.cmd = cmd
	read := make(chan struct{})
	go func() {
		defer close(read)
		s.read(pipe)
	}()
	go func() {
		err := cmd.Wait()
		<-read
		s.mu.Lock()
		s.err = err
		s.mu.Unlock()
		close(s.ended)
	}()
	t.Cleanup(func() {
		s.stop(t)
		must(t, pipe.Close())
		log := s.logged()
		if t.Failed() {
			t.Logf("the log of the service:\n%s", log)
		}
		if strings.Contains(log, "panic:") || strings.Contains(log, "DATA RACE") || strings.Contains(log, "goroutine ") {
			t.Errorf("the service panicked:\n%s", log)
		}
	})
}

// listening is the log line with the address.
var listening = regexp.MustCompile(`INFO listening address=(\S+)`)

// read keeps the log. A reader of lines would wait for the end of a line that never ends.
func (s *serviceProcess) read(from io.Reader) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		s.mu.Lock()
		s.log.Write(buffer[:n])
		if m := listening.FindStringSubmatch(s.log.String()); m != nil && s.url == "" {
			s.url = "http://" + m[1]
		}
		close(s.changed)
		s.changed = make(chan struct{})
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (s *serviceProcess) logged() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// awaitLog waits until the log holds a text, and returns the log.
func (s *serviceProcess) awaitLog(t *testing.T, text string) string {
	t.Helper()
	late := time.After(systemWithin)
	for {
		s.mu.Lock()
		log, changed := s.log.String(), s.changed
		s.mu.Unlock()
		if strings.Contains(log, text) {
			return log
		}
		select {
		case <-changed:
		case <-s.ended:
			if log = s.logged(); strings.Contains(log, text) {
				return log
			}
			t.Fatalf("the service ended (%v) without saying %q", s.err, text)
		case <-late:
			t.Fatalf("the service did not say %q", text)
		}
	}
}

// await waits until something holds.
func (s *serviceProcess) await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	late := time.Now().Add(systemWithin)
	for !holds() {
		select {
		case <-s.ended:
			t.Fatalf("the service ended (%v) while waiting for %s", s.err, what)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(late) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// get asks the API and returns status and body.
func (s *serviceProcess) get(t *testing.T, path string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
	must(t, err)
	w, err := s.client.Do(r)
	must(t, err)
	defer func() { must(t, w.Body.Close()) }()
	body, err := io.ReadAll(w.Body)
	must(t, err)
	return w.StatusCode, string(body)
}

// api decodes the answer of the API to a request that succeeds.
func (s *serviceProcess) api(t *testing.T, path string, into any) {
	t.Helper()
	status, body := s.get(t, "/api/"+path)
	if status != http.StatusOK {
		t.Fatalf("%s: %d %s", path, status, body)
	}
	if err := json.Unmarshal([]byte(body), into); err != nil {
		t.Fatalf("%s: %v in %s", path, err, body)
	}
}

// response is the envelope of the API.
type response struct {
	Code, Message string
	Details       json.RawMessage
}

// ask returns the envelope that the API answers with, whatever the status.
func (s *serviceProcess) ask(t *testing.T, path string) response {
	t.Helper()
	_, body := s.get(t, "/api/"+path)
	var r response
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		t.Fatalf("%s: %v in %s", path, err, body)
	}
	return r
}

// ok is ask for what must succeed.
func (s *serviceProcess) ok(t *testing.T, path string) response {
	t.Helper()
	r := s.ask(t, path)
	if r.Code != "OK" {
		t.Fatalf("%s: %s %s", path, r.Code, r.Message)
	}
	return r
}

func (s *serviceProcess) signal(t *testing.T, sig os.Signal) {
	t.Helper()
	must(t, s.cmd.Process.Signal(sig))
}

// hasEnded says whether its process has.
func (s *serviceProcess) hasEnded() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// stop ends the service in order; one that does not is killed, and that is a failure.
func (s *serviceProcess) stop(t *testing.T) {
	t.Helper()
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-s.ended:
	case <-time.After(systemWithin):
		t.Error("the service does not end")
		_ = s.cmd.Process.Kill()
		<-s.ended
	}
}

// exitCode waits for the end of a service that ends by itself, or was told to.
func (s *serviceProcess) exitCode(t *testing.T) int {
	t.Helper()
	select {
	case <-s.ended:
	case <-time.After(systemWithin):
		t.Fatal("the service does not end")
	}
	return s.cmd.ProcessState.ExitCode()
}

// refuses checks that the service ends at once with exit code 1 and one line that holds all the texts.
func (s *serviceProcess) refuses(t *testing.T, texts ...string) {
	t.Helper()
	if code := s.exitCode(t); code != 1 {
		t.Errorf("exit code %d", code)
	}
	lines := strings.Split(strings.TrimSpace(s.logged()), "\n")
	last := lines[len(lines)-1]
	for _, text := range append(texts, " FATAL ") {
		if !strings.Contains(last, text) {
			t.Errorf("the last line lacks %q: %s", text, last)
		}
	}
}

func TestServiceStartsAndEnds(t *testing.T) {
	t.Parallel()
	s := startProcess(t)
	status, page := s.get(t, "/")
	for _, text := range []string{"<title>orchestrator</title>", `"version":"development`, `<div id="app">`, "orchestrator -c topology"} {
		if status != http.StatusOK || !strings.Contains(page, text) {
			t.Errorf("the page at the root, %d, lacks %q:\n%s", status, text, page)
		}
	}
	if status, _ := s.get(t, "/nosuch"); status != http.StatusNotFound {
		t.Errorf("a page that is not there: %d", status)
	}
	for path, want := range map[string]int{"health": 200, "status": 200, "lb-check": 200, "leader-check": 200, "leader-check/503": 200, "_ping": 200, "nosuch": 404} {
		if status, body := s.get(t, "/api/"+path); status != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	s.signal(t, syscall.SIGTERM)
	if code := s.exitCode(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestServiceReloads(t *testing.T) {
	t.Parallel()
	s := startProcess(t, `"AuditToBackendDB": true`)
	filters := func() string {
		_, body := s.get(t, "/api/automated-recovery-filters")
		return body
	}
	s.configure(t, `"AuditToBackendDB": true`, `"RecoverMasterClusterFilters": ["shop"]`, `"RecoverMasterClusterFiltres": ["x"]`, `"ListenAddress": "127.0.0.1:1"`)
	s.signal(t, syscall.SIGHUP)
	log := s.awaitLog(t, "INFO the configuration was reloaded")
	for _, text := range []string{"did you mean RecoverMasterClusterFilters", "ListenAddress"} {
		if !strings.Contains(log, text) {
			t.Errorf("not said: %s", text)
		}
	}
	if got := filters(); !strings.Contains(got, `"shop"`) {
		t.Errorf("filters %s", got)
	}
	must(t, os.WriteFile(s.file, []byte(`{"InstancePollSeconds": "five"}`), 0o600))
	s.signal(t, syscall.SIGHUP)
	log = s.awaitLog(t, "ERROR the configuration was not reloaded; the one before stays in force")
	if !strings.Contains(log, "orchestrator.conf.json: InstancePollSeconds: has the value") {
		t.Error("file and key are not named")
	}
	if got := filters(); !strings.Contains(got, `"shop"`) {
		t.Errorf("filters after a broken file: %s", got)
	}
	s.await(t, "the audit line", func() bool {
		_, body := s.get(t, "/api/audit")
		return strings.Contains(body, `"reload-configuration"`)
	})
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer func() { must(t, l.Close()) }()
	s := launchProcess(t, t.TempDir(), fmt.Sprintf(`"ListenAddress": %q`, l.Addr()))
	s.refuses(t, l.Addr().String(), "ListenAddress", "the port is in use")
}

func TestSocketLeftBehind(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "orc.sock")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	must(t, err)
	l.SetUnlinkOnClose(false)
	busy := launchProcess(t, dir, `"ListenSocket": "orc.sock"`)
	busy.refuses(t, "orc.sock", "ListenSocket", "another process listens there")
	must(t, l.Close())

	s := launchProcess(t, dir, `"ListenSocket": "orc.sock"`)
	s.awaitLog(t, "INFO listening ")
	client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}}}
	defer client.CloseIdleConnections()
	w, err := client.Get("http://socket/api/lb-check")
	must(t, err)
	must(t, w.Body.Close())
	if w.StatusCode != http.StatusOK {
		t.Errorf("status %d", w.StatusCode)
	}
}

// TestFolderThatCannotBeWritten runs the service as somebody who may not write where its database shall be.
func TestFolderThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	// Nobody can pass the folders that testing makes for this user alone.
	dir, err := os.MkdirTemp("", "orchestrator-system-")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	must(t, os.Chmod(dir, 0o755))
	locked := filepath.Join(dir, "locked")
	must(t, os.Mkdir(locked, 0o555))
	s := &serviceProcess{dir: dir, file: filepath.Join(dir, "orc.json"), changed: make(chan struct{}), ended: make(chan struct{})}
	s.configure(t, `"SQLite3DataFile": "locked/orchestrator.db"`)
	must(t, os.Chmod(s.file, 0o644))
	s.launch(t, func(cmd *exec.Cmd) {
		if os.Geteuid() == 0 {
			cmd.Path = filepath.Join(dir, programName)
			must(t, copyFile(cmd.Path, must2(os.Executable())))
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		}
	})
	s.refuses(t, "locked/orchestrator.db", "permission", "check the permissions of the file and its directory")
}

func must2[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func copyFile(to, from string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

func TestUnreachableSeed(t *testing.T) {
	t.Parallel()
	s := startProcess(t, `"DiscoverySeeds": ["127.0.0.1:1"]`, `"MySQLTopologyUser": "x"`)
	s.awaitLog(t, "WARNING server cannot be read; it is asked again and again instance=127.0.0.1:1 never_seen=true")
	s.await(t, "more attempts, which the API shows", func() bool {
		_, body := s.get(t, "/api/discovery-metrics-raw/60")
		return strings.Count(body, "127.0.0.1:1: connect: connection refused") >= 3
	})
	if n := strings.Count(s.logged(), "server cannot be read"); n != 1 {
		t.Errorf("said %d times", n)
	}
	if r := s.ask(t, "discover/127.0.0.1/1"); r.Code != "ERROR" || r.Message != "discover 127.0.0.1:1: 127.0.0.1:1: connect: dial tcp 127.0.0.1:1: connect: connection refused" {
		t.Errorf("discover answers %+v", r)
	}
}

// TestTwoOnOneFile starts a second service on the file of another one. One leads, the other says that it does not, and
// takes over when the first one ends.
func TestTwoOnOneFile(t *testing.T) {
	t.Parallel()
	first := startProcess(t)
	leads := func(s *serviceProcess) bool {
		status, _ := s.get(t, "/api/leader-check")
		return status == http.StatusOK
	}
	first.await(t, "the first one to lead", func() bool { return leads(first) })
	second := startProcess(t, fmt.Sprintf(`"SQLite3DataFile": %q`, filepath.Join(first.dir, "orchestrator.db")))
	second.awaitLog(t, "WARNING another process leads on the same backend")
	if leads(second) || !leads(first) {
		t.Error("not the first one leads")
	}
	for _, s := range []*serviceProcess{first, second} {
		s.ok(t, "health")
		s.await(t, "a node that knows its role", func() bool {
			status, _ := s.get(t, "/api/readyz")
			return status == http.StatusOK
		})
	}
	first.signal(t, syscall.SIGKILL)
	second.await(t, "the second one to lead", func() bool { return leads(second) })
}

// TestDiskFull lets the disk under the backend be full for a while: the service answers from memory, says once what is
// wrong, and writes again by itself when there is room.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	s := startProcess(t)
	s.limitFiles(t, 1)
	s.awaitLog(t, "ERROR no sign of life can be given")
	s.await(t, "an unhealthy node", func() bool { return s.ask(t, "health").Code == "ERROR" })
	if r := s.ask(t, "begin-downtime/127.0.0.1/1/me/why"); r.Code != "ERROR" || !strings.Contains(r.Message, "disk") {
		t.Errorf("a downtime that cannot be stored: %+v", r)
	}
	if status, body := s.get(t, "/api/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "not ready: ") {
		t.Errorf("ready: %d %s", status, body)
	}
	for _, path := range []string{"clusters", "all-instances", "replication-analysis", "lb-check", "livez"} {
		if status, body := s.get(t, "/api/"+path); status != http.StatusOK {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	s.limitFiles(t, ^uint64(0))
	log := s.awaitLog(t, "INFO signs of life are given again")
	if n := strings.Count(log, "no sign of life can be given"); n != 1 {
		t.Errorf("said %d times", n)
	}
	s.ok(t, "begin-downtime/127.0.0.1/1/me/why")
	s.ok(t, "health")
}
