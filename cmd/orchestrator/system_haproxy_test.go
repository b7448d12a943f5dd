package main

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/sandbox/sandboxtest"
)

// TestHAProxyFollowsTheLeader runs the example of docs/deploy before a raft group, and loses the leader.
func TestHAProxyFollowsTheLeader(t *testing.T) {
	t.Parallel()
	program := sandboxtest.Around(t, "haproxy")
	text, err := os.ReadFile("../../docs/deploy/haproxy.cfg")
	must(t, err)
	g := startRaft(t, 3)
	ports := sandboxtest.Addresses(t, 2)
	config := strings.NewReplacer("bind :8080", "bind "+ports[0], "bind :8081", "bind "+ports[1],
		"orc1.example.com:3000", host(g.nodes[0].url), "orc2.example.com:3000", host(g.nodes[1].url), "orc3.example.com:3000", host(g.nodes[2].url)).Replace(string(text))
	file := filepath.Join(t.TempDir(), "haproxy.cfg")
	must(t, os.WriteFile(file, []byte(config), 0o600))
	var out strings.Builder
	cmd := exec.Command(program, "-db", "-f", file) //nolint:noctx // ended below
	cmd.Stdout, cmd.Stderr = &out, &out
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()         // killed
		if t.Failed() {
			t.Log(out.String())
		}
	})
	ask := func(address, path string) (role, body string) {
		client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
		response, err := client.Get("http://" + address + "/api/" + path)
		if err != nil {
			return "", err.Error()
		}
		defer func() { _ = response.Body.Close() }() // it has been read
		all, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != http.StatusOK {
			return "", response.Status
		}
		return response.Header.Get("X-Orchestrator-Role"), string(all)
	}
	follows := func() {
		t.Helper()
		node := g.nodes[g.leader(t)]
		node.await(t, "HAProxy to find the leader", func() bool {
			role, body := ask(ports[0], "leader-check")
			return role == "Leader" && strings.Contains(body, "OK")
		})
		node.await(t, "a change through any node", func() bool {
			_, body := ask(ports[1], "disable-global-recoveries")
			return strings.Contains(body, `"OK"`)
		})
	}
	follows()
	g.kill(t, g.leader(t))
	follows()
}

// host is the address in a URL.
func host(url string) string { return strings.TrimPrefix(url, "http://") }
