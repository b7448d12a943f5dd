package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/operate/published"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
	"orchestrator/internal/topology"
)

// TestConformance calls every published route, every command of the client and the commands of the program on a running
// service with real servers, and compares what comes back with what is published. The calls are in
// testdata/conformance; what is published is in package published.
func TestConformance(t *testing.T) {
	if testing.Short() {
		t.Skip("needs real servers, for all of it")
	}
	t.Parallel()
	called := map[string]bool{}
	t.Run("by GTID", func(t *testing.T) {
		c := startConformance(t, called, sandbox.Options{Flavor: sandbox.MySQL, GTID: true})
		for _, file := range []string{"routes.txt", "client.txt", "commands.txt", "end.txt"} {
			c.play(t, file)
		}
	})
	t.Run("by position", func(t *testing.T) {
		startConformance(t, called, sandbox.Options{Flavor: sandbox.MariaDB}).play(t, "position.txt")
	})
	t.Run("everything is called", func(t *testing.T) { checkCoverage(t, called) })
}

// startConformance starts four servers and a service that knows them.
func startConformance(t *testing.T, called map[string]bool, o sandbox.Options) *conformance {
	t.Helper()
	o.Nodes = 4
	c := &conformance{checker: published.NewChecker(), called: called}
	c.clusterSession = &clusterSession{cluster: sandboxtest.New(t, o)}
	binary, err := buildClient()
	must(t, err)
	dir := t.TempDir()
	c.client, c.hooks = filepath.Join(dir, "orchestrator-client"), filepath.Join(dir, "hooks")
	must(t, os.WriteFile(c.client, binary, 0o700))
	c.serviceProcess = startProcess(t, fmt.Sprintf(`"MySQLTopologyUser": %q, "MySQLTopologyPassword": %q, "DiscoverByShowSlaveHosts": true,
		"DetectClusterAliasQuery": "SELECT 'orders'", "AuditToBackendDB": true, "PseudoGTIDPattern": "drop view if exists .*_pseudo_gtid_",
		"PseudoGTIDMonotonicHint": "asc:"`+credentials, sandbox.UserOrc, sandbox.Password(sandbox.UserOrc)))
	must(t, c.cluster.Node(0).Exec(t.Context(), "CREATE DATABASE conformance"))
	c.ok(t, "discover/"+c.address(0))
	c.awaitWhole(t, o.Nodes-1)
	return c
}

type conformance struct {
	*clusterSession
	checker *published.Checker
	called  map[string]bool // routes that answered as is published, or with the error that is expected
	line    string          // that is played
	old     string          // the primary before the last change
	marks   int             // pseudo-GTID entries that were written
}

// fleet is who stands where: the primary first, then the others in order.
func (c *conformance) fleet(t *testing.T) []topology.Key {
	t.Helper()
	var primary struct{ Key topology.Key }
	c.api(t, "master/orders", &primary)
	var keys []topology.Key
	for _, addr := range c.cluster.Addrs() {
		k, err := topology.ParseKey(addr, 0)
		must(t, err)
		if k != primary.Key {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, topology.Key.Compare)
	return append([]topology.Key{primary.Key}, keys...)
}

// awaitWhole waits until as many servers as are wanted replicate from one primary.
func (c *conformance) awaitWhole(t *testing.T, replicas int) {
	t.Helper()
	whole := false
	defer func() {
		if !whole {
			_, drawn := c.get(t, "/api/topology/orders")
			t.Logf("line %q: the cluster is %s", c.line, strings.ReplaceAll(drawn, `\n`, "\n"))
		}
	}()
	c.await(t, fmt.Sprintf("a primary and %d replicas", replicas), func() bool {
		status, body := c.get(t, "/api/cluster/orders")
		var all []struct {
			Key                                                             topology.Key
			IsLastCheckValid, ReadOnly, Slave_SQL_Running, Slave_IO_Running bool
			ReplicationDepth                                                int
		}
		if status != http.StatusOK || json.Unmarshal([]byte(body), &all) != nil || len(all) != replicas+1 {
			return false
		}
		follow := 0
		for _, i := range all {
			// A former primary that was not taken back is brought back by hand: here it is about the calls.
			if i.IsLastCheckValid && i.ReplicationDepth == 1 && !i.Slave_IO_Running && !i.Slave_SQL_Running {
				path := strings.Replace(i.Key.String(), ":", "/", 1)
				c.get(t, "/api/change-master-credentials/"+path)
				c.get(t, "/api/start-replica/"+path)
			}
			if i.IsLastCheckValid && i.ReplicationDepth == 1 && i.Slave_IO_Running && i.Slave_SQL_Running {
				follow++
			}
		}
		return follow == replicas
	})
	whole = true
	// Takeovers follow each other here within a moment: the next one must not find the primary as it was before this one.
	c.ok(t, "refresh/"+strings.Replace(c.fleet(t)[0].String(), ":", "/", 1))
}

// index is the place of a server among the nodes.
func (c *conformance) index(k topology.Key) int { return slices.Index(c.cluster.Addrs(), k.String()) }

// awaitStored waits until the backend, which is what commands read, has what the service sees.
func (c *conformance) awaitStored(t *testing.T, replicas int) {
	t.Helper()
	drawn := ""
	defer func() {
		if t.Failed() {
			_, live := c.get(t, "/api/all-instances")
			clusters, _, _ := c.runProgram(t, "-c", "clusters-alias")
			t.Logf("line %q: the backend has\n%s%s, the service %s", c.line, drawn, clusters, live)
		}
	}()
	c.await(t, "the backend to have the cluster as it is", func() bool {
		drawn, _, _ = c.runProgram(t, "-c", "topology", "-alias", "orders")
		return strings.HasPrefix(drawn, c.fleet(t)[0].String()) && strings.Count(drawn, "\n+ ") == replicas
	})
}

var variable = regexp.MustCompile(`\{(?:(addr|port|log):)?([A-Z][0-9]?|name|entry)\}`)

// fill puts the servers into a line.
func (c *conformance) fill(t *testing.T, line string) string {
	t.Helper()
	if !variable.MatchString(line) {
		return line
	}
	fleet := c.fleet(t)
	return variable.ReplaceAllStringFunc(line, func(v string) string {
		m := variable.FindStringSubmatch(v)
		k := fleet[0]
		switch m[2] {
		case "name":
			var info struct{ ClusterName string }
			c.api(t, "cluster-info/orders", &info)
			return info.ClusterName
		case "entry":
			return c.entry()
		case "R1", "R2", "R3":
			k = fleet[m[2][1]-'0']
		case "O":
			var err error
			k, err = topology.ParseKey(c.old, 0)
			must(t, err)
		}
		addr := k.String()
		switch m[1] {
		case "addr":
			return addr
		case "log":
			var i struct {
				SelfBinlogCoordinates struct {
					LogFile string
					LogPos  int
				}
			}
			c.api(t, "instance/"+strings.Replace(addr, ":", "/", 1), &i)
			return fmt.Sprintf("%s:%d", i.SelfBinlogCoordinates.LogFile, i.SelfBinlogCoordinates.LogPos)
		case "port":
			_, port, _ := strings.Cut(addr, ":")
			return port
		}
		return strings.Replace(addr, ":", "/", 1)
	})
}

// play runs the lines of a file.
func (c *conformance) play(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "conformance", file))
	must(t, err)
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		c.line += line + " "
		if line != "await" {
			c.line = line
		}
		verb, rest, _ := strings.Cut(line, " ")
		if strings.Contains(line, "takeover") || strings.Contains(line, "failover") {
			c.old = c.fleet(t)[0].String()
		}
		switch verb {
		case "", "#":
		case "await":
			c.awaitWhole(t, 3)
		case "write": // what replicas have applied has a place in the logs
			must(t, c.cluster.Node(c.index(c.fleet(t)[0])).Exec(t.Context(), "CREATE OR REPLACE VIEW conformance.v AS SELECT 1"))
			must(t, c.cluster.AwaitCaughtUp(t.Context()))
			c.await(t, "every replica to tell its place", func() bool { // MySQL's workers say so now and then
				return !slices.ContainsFunc(c.cluster.Nodes(), func(n *sandbox.Node) bool {
					s, replica, err := n.Replica(t.Context())
					return err != nil || replica && s.ExecutedFile == ""
				})
			})
		case "mark":
			c.marks++
			must(t, c.cluster.Node(c.index(c.fleet(t)[0])).Exec(t.Context(), c.entry()))
			must(t, c.cluster.AwaitCaughtUp(t.Context()))
		case "lose":
			c.lose(t)
		case "stored":
			replicas := 3
			if rest != "" {
				replicas = int(rest[0] - '0')
			}
			c.awaitWhole(t, replicas)
			c.awaitStored(t, replicas)
		case "client", "cli":
			c.command(t, verb, c.fill(t, rest))
		case "GET":
			path, failure, fails := strings.Cut(rest, " error")
			c.call(t, c.fill(t, path), strings.TrimSpace(failure), fails)
		default:
			t.Fatalf("%s: line %q", file, line)
		}
	}
}

// entry is the last pseudo-GTID entry that was written.
func (c *conformance) entry() string {
	return fmt.Sprintf("drop view if exists `_pseudo_gtid_`.`_asc:%08x:01:ab`", c.marks)
}

// lose ends the primary.
func (c *conformance) lose(t *testing.T) {
	t.Helper()
	must(t, c.cluster.Node(c.index(c.fleet(t)[0])).Kill())
	c.await(t, "the end of the primary to be noticed", func() bool {
		status, body := c.get(t, "/api/cluster/orders")
		var all []struct{ IsLastCheckValid, Slave_IO_Running bool }
		must(t, json.Unmarshal([]byte(body), &all))
		alive, receive := 0, 0
		for _, i := range all {
			if i.IsLastCheckValid {
				alive++
			}
			if i.Slave_IO_Running {
				receive++
			}
		}
		return status == http.StatusOK && alive == len(all)-1 && receive == 0
	})
}

// call gets a path and checks the answer: of the published type, or an error that contains a text.
func (c *conformance) call(t *testing.T, path, failure string, fails bool) {
	t.Helper()
	var status int
	var body string
	asAdvised(t, func() string {
		status, body = c.get(t, "/api/"+path)
		return body
	})
	route, synonym, known := routeOf(path)
	if !known {
		t.Errorf("%s is no published route", path)
		return
	}
	switch {
	case fails:
		var e response
		if status != http.StatusInternalServerError || json.Unmarshal([]byte(body), &e) != nil || e.Code != "ERROR" || !strings.Contains(e.Message, failure) {
			t.Errorf("%s: %d, no error %q: %.500s", path, status, failure, body)
			return
		}
	case status != http.StatusOK:
		t.Errorf("%s: %d %.1000s", path, status, body)
		return
	default:
		if err := c.checker.Body(route.Expected(), []byte(body)); err != nil {
			t.Errorf("%s: no %s: %v: %.500s", path, route.Value, err, body)
			return
		}
	}
	c.called[route.Path] = true
	if synonym {
		c.called[route.SynonymPath()] = true
	}
}

// asAdvised does something, and does it again a moment later when the answer advises that: right after a change of a replica
// its place in the log is not known yet.
func asAdvised(t *testing.T, do func() (answer string)) {
	t.Helper()
	late := time.Now().Add(systemWithin)
	for strings.Contains(do(), "(try again in a moment)") && time.Now().Before(late) {
		pause(t.Context())
	}
}

// command runs a line of the client or of the program: `ARGUMENTS => PATTERN` wants standard output that the pattern
// matches as a whole, `ARGUMENTS error TEXT` a failure whose standard error contains the text.
func (c *conformance) command(t *testing.T, which, line string) {
	t.Helper()
	line, failure, fails := strings.Cut(line, " error")
	line, pattern, _ := strings.Cut(line, " =>")
	args, err := wordsOf(line)
	must(t, err)
	var out, errs string
	var code int
	asAdvised(t, func() string {
		if which == "client" {
			out, errs, code = c.runClient(t, args...)
		} else {
			out, errs, code = c.runProgram(t, args...)
		}
		return errs
	})
	switch {
	case fails && (code != 1 || !strings.Contains(errs, strings.TrimSpace(failure))):
		t.Errorf("%s %s: exit code %d, output %q, no error %q in %q", which, line, code, out, failure, errs)
	case fails:
	case code != 0 || !regexp.MustCompile("^(?s:"+strings.TrimSpace(pattern)+")$").MatchString(strings.TrimSuffix(out, "\n")):
		t.Errorf("%s %s: exit code %d, output %q, want %s, errors %q", which, line, code, out, pattern, errs)
	}
	for i, a := range args {
		if a == "-c" && i+1 < len(args) {
			c.called[which+" "+args[i+1]] = true
		}
	}
}

// runProgram runs a command of the program on the backend of the service.
func (c *conformance) runProgram(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), systemWithin)
	defer cancel()
	cmd, err := program(ctx, c.dir, append([]string{"-config", c.file}, args...)...)
	must(t, err)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// routeOf finds the published route of a path, the one with the most words that are no parameters.
func routeOf(path string) (found published.Route, synonym, ok bool) {
	path, _, _ = strings.Cut(path, "?")
	segments := strings.Split(strings.TrimSuffix(path, "/"), "/")
	most := -1
	for _, r := range published.Routes() {
		for n, form := range []string{r.Path, r.SynonymPath()} {
			if words := matching(strings.Split(form, "/"), segments); words > most && (n == 0 || r.Synonym != "") {
				found, synonym, most = r, n == 1, words
			}
		}
	}
	return found, synonym, most >= 0
}

// matching counts the words of a route that are no parameters; -1 when the path is not one of the route's.
func matching(form, segments []string) int {
	if len(form) != len(segments) {
		return -1
	}
	words := 0
	for i, f := range form {
		switch {
		case f == segments[i]:
			words++
		case !strings.HasPrefix(f, ":"), strings.HasSuffix(f, "ort") && strings.Trim(segments[i], "0123456789") != "" && segments[i] != "y":
			return -1
		}
	}
	return words
}

// checkCoverage wants every route called that is not an exception.
func checkCoverage(t *testing.T, called map[string]bool) {
	t.Helper()
	missing := func(kind string) (names []string) {
		for _, e := range published.Exceptions(kind) {
			if e.Difference == "missing" {
				names = append(names, e.Name)
			}
		}
		return names
	}
	left := missing("route")
	for _, r := range published.Routes() {
		if !called[r.Path] && !(r.Synonym != "" && called[r.SynonymPath()]) && !slices.Contains(left, r.Path) {
			t.Errorf("the route %s was not called", r.Path)
		}
	}
	left = missing("client")
	for _, name := range published.ClientCommands() {
		if !called["client "+name] && !slices.Contains(left, name) {
			t.Errorf("the client's command %s was not called", name)
		}
	}
	left = append(missing("command"), "continuous") // which runs until it is told to end
	for _, command := range published.Commands() {
		if !called["cli "+command.Name] && !slices.Contains(left, command.Name) {
			t.Errorf("the command %s was not called", command.Name)
		}
	}
}
