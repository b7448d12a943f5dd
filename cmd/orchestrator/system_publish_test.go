package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
)

// runEtcd starts etcd, again at the same address if it ran before, and returns how to end it.
func runEtcd(t *testing.T, dir, client, peer string) (kill func()) {
	t.Helper()
	cmd := exec.Command(sandboxtest.Around(t, "etcd"), "--data-dir", dir, "--listen-client-urls", client, "--advertise-client-urls", client, //nolint:noctx // ended by kill
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default="+peer, "--unsafe-no-fsync")
	must(t, cmd.Start())
	ended := false
	kill = func() {
		if !ended {
			ended = true
			_ = cmd.Process.Kill() // it may have ended
			_ = cmd.Wait()         // killed
		}
	}
	t.Cleanup(kill)
	return kill
}

// etcdValue is what etcd holds under a key; "" when it does not answer.
func etcdValue(client, key string) string {
	body, _ := json.Marshal(map[string]string{"key": base64.StdEncoding.EncodeToString([]byte(key))}) // texts always have a form
	response, err := http.Post(client+"/v3/kv/range", "application/json", bytes.NewReader(body))      //nolint:noctx // bounded by who awaits it
	if err != nil {
		return ""
	}
	defer func() { _ = response.Body.Close() }() // it has been read
	var answer struct{ KVs []struct{ Value []byte } }
	if json.NewDecoder(response.Body).Decode(&answer) != nil || len(answer.KVs) == 0 {
		return ""
	}
	return string(answer.KVs[0].Value)
}

// TestPrimaryIsPublishedInEtcd publishes by hand, then by a failover during which etcd does not run: the failover does not
// wait for it, the API says what is missing, and etcd is told when it returns.
func TestPrimaryIsPublishedInEtcd(t *testing.T) {
	t.Parallel()
	ports, dir := sandboxtest.Addresses(t, 2), t.TempDir()
	client, peer := "http://"+ports[0], "http://"+ports[1]
	kill := runEtcd(t, dir, client, peer)
	c := &clusterSession{cluster: sandboxtest.New(t, sandbox.Options{Nodes: 4, GTID: true}), hooks: filepath.Join(t.TempDir(), "hooks")}
	c.serviceProcess = startProcess(t, append(c.settings(sandbox.Password(sandbox.UserOrc), "true"), fmt.Sprintf(`"EtcdAddress": %q`, client))...)
	c.awaitAll(t)
	c.await(t, "etcd", func() bool {
		r := c.ask(t, "submit-masters-to-kv-stores")
		return r.Code == "OK" && r.Message == "Submitted 1 masters"
	})
	if got := etcdValue(client, "mysql/master/orders"); got != c.cluster.Node(0).Addr() {
		t.Errorf("etcd says %q", got)
	}
	if got := etcdValue(client, "mysql/master/orders/port"); !strings.HasSuffix(c.cluster.Node(0).Addr(), ":"+got) || got == "" {
		t.Errorf("etcd says port %q", got)
	}
	type entryOf struct{ Store, Alias, State, Wanted, Sentence string }
	entry := func() (e entryOf) {
		var page struct{ Items []entryOf }
		if status, body := c.get(t, "/api/v2/publish/entries"); status == http.StatusOK {
			must(t, json.Unmarshal([]byte(body), &page))
		}
		if at := slices.IndexFunc(page.Items, func(e entryOf) bool { return strings.HasPrefix(e.Store, "etcd ") }); at >= 0 {
			e = page.Items[at]
		}
		return e
	}
	if e := entry(); e.State != "in-order" || e.Alias != "orders" || e.Wanted != c.cluster.Node(0).Addr() {
		t.Errorf("read back: %+v", e)
	}

	kill()
	must(t, c.cluster.Node(0).Kill())
	if r := c.awaitRecovery(t, 1); !r.IsSuccessful {
		t.Fatalf("recovery %+v", r)
	}
	var published struct {
		Stores []struct {
			Name     string
			Problems []struct{ Alias, Text string }
		}
	}
	c.await(t, "the API to say that etcd is not told", func() bool {
		status, body := c.get(t, "/api/v2/publish")
		must(t, json.Unmarshal([]byte(body), &published))
		return status == http.StatusOK && len(published.Stores) == 1 && len(published.Stores[0].Problems) == 1 && published.Stores[0].Problems[0].Alias == "orders"
	})
	if e := entry(); e.State != "failing" || e.Wanted == c.cluster.Node(0).Addr() || !strings.Contains(e.Sentence, "It said "+c.cluster.Node(0).Addr()+" last.") {
		t.Errorf("while it is away: %+v", e)
	}
	runEtcd(t, dir, client, peer)
	c.await(t, "etcd to be told", func() bool {
		got := etcdValue(client, "mysql/master/orders")
		return got != "" && got != c.cluster.Node(0).Addr()
	})
	var list []struct{ SuccessorKey struct{ Port int } }
	c.api(t, "audit-recovery", &list)
	if got := etcdValue(client, "mysql/master/orders/port"); got != fmt.Sprint(list[0].SuccessorKey.Port) {
		t.Errorf("etcd says port %q, the successor is %+v", got, list[0].SuccessorKey)
	}
}
