package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"orchestrator/internal/operate/published"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
	"orchestrator/internal/topology"
)

// TestConformance calls every published route, every command of the client and the commands of the program on a running
// service with real servers, and compares what comes back with what is published. The calls are in
// testdata/conformance; what is published is in package published.
func TestConformance(t *testing.T) {
	t.Parallel()
	c := &conformance{checker: published.NewChecker(), called: map[string]bool{}}
	c.clusterSession = &clusterSession{cluster: sandboxtest.New(t, sandbox.Options{Flavor: sandbox.MySQL, Nodes: 4, GTID: true})}
	binary, err := buildClient()
	must(t, err)
	dir := t.TempDir()
	c.client, c.hooks = filepath.Join(dir, "orchestrator-client"), filepath.Join(dir, "hooks")
	must(t, os.WriteFile(c.client, binary, 0o700))
	c.serviceProcess = startProcess(t, fmt.Sprintf(`"MySQLTopologyUser": %q, "MySQLTopologyPassword": %q, "DiscoverByShowSlaveHosts": true,
		"DetectClusterAliasQuery": "SELECT 'orders'", "AuditToBackendDB": true`, sandbox.UserOrc, sandbox.Password(sandbox.UserOrc)))
	must(t, c.cluster.Node(0).Exec(t.Context(), "CREATE DATABASE conformance")) // what replicas have applied has a place
	c.ok(t, "discover/"+c.address(0))
	c.awaitWhole(t)
	for _, file := range []string{"routes.txt", "end.txt"} {
		c.play(t, file)
		if t.Failed() {
			return
		}
	}
	c.checkCoverage(t)
}

type conformance struct {
	*clusterSession
	checker *published.Checker
	called  map[string]bool // routes that answered as is published, or with the error that is expected
	old     string          // the primary before the last change
}

// fleet is who stands where: the primary first, then the others in order.
func (c *conformance) fleet(t *testing.T) []topology.Key {
	t.Helper()
	var primary struct{ Key topology.Key }
	c.api(t, "master/orders", &primary)
	keys := []topology.Key{primary.Key}
	for _, addr := range c.cluster.Addrs() {
		k, err := topology.ParseKey(addr, 0)
		must(t, err)
		if k != primary.Key {
			keys = append(keys, k)
		}
	}
	return keys
}

// awaitWhole waits until one primary is open and the three others replicate from it.
func (c *conformance) awaitWhole(t *testing.T) {
	t.Helper()
	c.await(t, "a primary and three replicas", func() bool {
		status, body := c.get(t, "/api/cluster/orders")
		var all []struct {
			IsLastCheckValid, ReadOnly, Slave_SQL_Running, Slave_IO_Running bool
			ReplicationDepth                                                int
		}
		if status != http.StatusOK || json.Unmarshal([]byte(body), &all) != nil || len(all) != 4 {
			return false
		}
		replicas := 0
		for _, i := range all {
			if i.IsLastCheckValid && i.ReplicationDepth == 1 && i.Slave_IO_Running && i.Slave_SQL_Running {
				replicas++
			}
		}
		return replicas == 3
	})
}

var variable = regexp.MustCompile(`\{(?:(addr|port):)?([A-Z][0-9]?|name)\}`)

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
		verb, rest, _ := strings.Cut(line, " ")
		switch verb {
		case "", "#":
		case "await":
			c.awaitWhole(t)
		case "GET":
			path, failure, fails := strings.Cut(rest, " error")
			if strings.Contains(path, "takeover") || strings.Contains(path, "failover") {
				c.old = c.fleet(t)[0].String()
			}
			c.call(t, c.fill(t, path), strings.TrimSpace(failure), fails)
		default:
			t.Fatalf("%s: line %q", file, line)
		}
	}
}

// call gets a path and checks the answer: of the published type, or an error that contains a text.
func (c *conformance) call(t *testing.T, path, failure string, fails bool) {
	t.Helper()
	status, body := c.get(t, "/api/"+path)
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
func (c *conformance) checkCoverage(t *testing.T) {
	t.Helper()
	var missing []string
	for _, e := range published.Exceptions("route") {
		if e.Difference == "missing" {
			missing = append(missing, e.Name)
		}
	}
	for _, r := range published.Routes() {
		if !c.called[r.Path] && !(r.Synonym != "" && c.called[r.SynonymPath()]) && !slices.Contains(missing, r.Path) {
			t.Errorf("%s was not called", r.Path)
		}
	}
}
