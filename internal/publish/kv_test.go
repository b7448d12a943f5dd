package publish

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"orchestrator/internal/sandbox/sandboxtest"
	"orchestrator/internal/topology"
)

// storeUnderTest is a store and what lies in it, read by other means than the store's own.
type storeUnderTest struct {
	KV
	read func(key string) (string, bool)
	set  func(key, value string)
}

func primaryOf(alias, host string, revision int64, pairs ...Pair) Primary {
	base := "mysql/master/" + alias
	return Primary{
		Alias: alias, Key: topology.Key{Hostname: host, Port: 3306}, Revision: revision,
		Pairs: append([]Pair{{base, host + ":3306"}, {base + "/hostname", host}, {base + "/port", "3306"}}, pairs...),
	}
}

// contract is what holds for each store.
func contract(t *testing.T, s storeUnderTest) {
	ctx := t.Context()
	put := func(p Primary, want Outcome) {
		t.Helper()
		if got, err := s.Put(ctx, p); err != nil || got != want {
			t.Fatalf("%s, revision %d: %s, %v; want %s", p.Key, p.Revision, got, err, want)
		}
	}
	holds := func(key, want string) {
		t.Helper()
		if got, ok := s.read(key); !ok || got != want {
			t.Errorf("%s holds %q (%t), want %q", key, got, ok, want)
		}
	}
	const base = "mysql/master/orders"
	put(primaryOf("orders", "a", 10, Pair{base + "/ipv4", "10.0.0.1"}, Pair{base + "/ipv6", ""}), Written)
	holds(base, "a:3306")
	holds(base+"/hostname", "a")
	holds(base+"/port", "3306")
	holds(base+"/ipv4", "10.0.0.1")
	holds(base+"/ipv6", "")
	holds(base+"/revision", "10")
	put(primaryOf("orders", "a", 10, Pair{base + "/ipv4", "10.0.0.1"}, Pair{base + "/ipv6", ""}), Present)

	// Another cluster, whose name begins alike, is another one.
	put(primaryOf("orders-eu", "x", 5), Written)
	put(primaryOf("orders2", "y", 5), Written)

	// The new primary's addresses are not known: those of the old one go.
	put(primaryOf("orders", "b", 20), Written)
	holds(base, "b:3306")
	for _, key := range []string{base + "/ipv4", base + "/ipv6"} {
		if got, ok := s.read(key); ok {
			t.Errorf("%s is still there: %q", key, got)
		}
	}
	holds("mysql/master/orders-eu", "x:3306")
	holds("mysql/master/orders2/hostname", "y")

	// What comes late changes nothing.
	put(primaryOf("orders", "a", 10, Pair{base + "/ipv4", "10.0.0.1"}), Superseded)
	holds(base, "b:3306")
	holds(base+"/revision", "20")

	// Somebody has changed an entry by hand: it is seen, and put right.
	looks := func(p Primary, value string, would Outcome, tampered bool) {
		t.Helper()
		got, err := s.Look(ctx, p)
		if err != nil || len(got) != 1 || got[0] != (Sight{Value: value, Would: would, Tampered: tampered}) {
			t.Errorf("a look at %s, revision %d: %+v, %v", p.Alias, p.Revision, got, err)
		}
	}
	looks(primaryOf("orders", "b", 20), "b:3306", Present, false)
	looks(primaryOf("orders", "c", 30), "b:3306", Written, false)
	looks(primaryOf("orders", "a", 10), "b:3306", Superseded, false)
	looks(primaryOf("nobody", "a", 10), "", Written, false)
	s.set(base, "nonsense")
	looks(primaryOf("orders", "b", 20), "nonsense", Written, true)
	put(primaryOf("orders", "b", 20), Written)
	holds(base, "b:3306")

	s.set(base+"/revision", "not a number")
	if got, err := s.Put(ctx, primaryOf("orders", "c", 30)); err == nil || got != Unknown {
		t.Errorf("a revision that is none: %s, %v", got, err)
	}
	holds(base, "b:3306")
	s.set(base+"/revision", "20")

	// Entries that another program has written, without a revision.
	s.set("mysql/master/old", "z:3306")
	put(primaryOf("old", "a", 1), Written)
	holds("mysql/master/old", "a:3306")

	manyWriters(t, s)

	ended, cancel := context.WithCancel(ctx)
	cancel()
	if got, err := s.Put(ended, primaryOf("orders", "d", 99)); err == nil || got != Unknown {
		t.Errorf("with a context that has ended: %s, %v", got, err)
	}
	if _, err := s.Put(ctx, Primary{Alias: "none"}); err == nil {
		t.Error("a cluster without entries")
	}
}

// manyWriters lets several managers write different revisions at once: the newest stays, and its entries are of one piece.
func manyWriters(t *testing.T, s storeUnderTest) {
	t.Helper()
	var work sync.WaitGroup
	const writers = 5
	for n := 1; n <= writers; n++ {
		work.Go(func() {
			p := primaryOf("busy", "host"+strconv.Itoa(n), int64(n))
			for {
				_, err := s.Put(t.Context(), p)
				if err == nil {
					return
				}
				if !errors.Is(err, errRaced) {
					t.Errorf("writer %d: %v", n, err)
					return
				}
			}
		})
	}
	work.Wait()
	for key, want := range map[string]string{"": "host5:3306", "/hostname": "host5", "/revision": "5"} {
		if got, _ := s.read("mysql/master/busy" + key); got != want {
			t.Errorf("after %d writers at once %s is %q, want %q", writers, key, got, want)
		}
	}
}

func TestConsul(t *testing.T) {
	f, c := newFakeConsul(t, "dc1")
	f.token, c.Token = "secret", "secret"
	contract(t, storeUnderTest{KV: c,
		read: func(key string) (string, bool) { return f.value("dc1", key) },
		set: func(key, value string) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.index++
			f.held["dc1"][key] = consulEntry{key, base64.StdEncoding.EncodeToString([]byte(value)), f.index}
		},
	})
	c.Token = "wrong"
	if _, err := c.Put(t.Context(), primaryOf("orders", "e", 100)); err == nil || !strings.Contains(err.Error(), "Permission denied") {
		t.Errorf("with a wrong token: %v", err)
	}
}

func (f *fakeConsul) value(center, key string) (string, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	e, ok := f.held[center][key]
	text, err := base64.StdEncoding.DecodeString(e.Value)
	if err != nil {
		f.t.Errorf("%s: %v", key, err)
	}
	return string(text), ok
}

// TestConsulAllDataCenters writes to all data centers; one that is away keeps none of the others from being written.
func TestConsulAllDataCenters(t *testing.T) {
	f, c := newFakeConsul(t, "dc1", "dc2", "dc3")
	everywhere := true
	c.Everywhere = func() bool { return everywhere }
	f.broken["dc2"] = true
	if o, err := c.Put(t.Context(), primaryOf("orders", "a", 1)); o != Unknown || err == nil || !strings.Contains(err.Error(), "data center dc2") {
		t.Errorf("%s, %v", o, err)
	}
	for center, want := range map[string]bool{"dc1": true, "dc2": false, "dc3": true} {
		if _, ok := f.value(center, "mysql/master/orders"); ok != want {
			t.Errorf("%s is written: %t", center, ok)
		}
	}
	f.mu.Lock()
	f.broken["dc2"] = false
	f.mu.Unlock()
	if o, err := c.Put(t.Context(), primaryOf("orders", "a", 1)); o != Written || err != nil {
		t.Errorf("%s, %v", o, err)
	}
	if text, _ := f.value("dc2", "mysql/master/orders/hostname"); text != "a" {
		t.Errorf("dc2 says %q", text)
	}
	everywhere = false
	if o, err := c.Put(t.Context(), primaryOf("orders", "b", 2)); o != Written || err != nil {
		t.Errorf("%s, %v", o, err)
	}
	if text, _ := f.value("dc3", "mysql/master/orders"); text != "a:3306" {
		t.Errorf("dc3 says %q", text)
	}
	if f.txns != 4 {
		t.Errorf("%d transactions for 4 writes", f.txns)
	}
}

// TestConsulLateAnswer has a newer revision written between the look and the write of an older one.
func TestConsulLateAnswer(t *testing.T) {
	f, c := newFakeConsul(t, "dc1")
	other := *c
	once := sync.OnceFunc(func() {
		f.before = nil
		if o, err := other.Put(t.Context(), primaryOf("orders", "new", 2)); o != Written || err != nil {
			t.Errorf("the newer one: %s, %v", o, err)
		}
	})
	f.before = once
	if o, err := c.Put(t.Context(), primaryOf("orders", "old", 1)); o != Superseded || err != nil {
		t.Errorf("the older one: %s, %v", o, err)
	}
	if text, _ := f.value("dc1", "mysql/master/orders"); text != "new:3306" {
		t.Errorf("it says %q", text)
	}
}

// boot starts a program and ends it with the test.
func boot(t *testing.T, path string, ready func() error, args ...string) {
	t.Helper()
	cmd := exec.Command(path, args...) //nolint:noctx // ended below
	cmd.Dir = t.TempDir()
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	kill := sync.OnceFunc(func() {
		_ = cmd.Process.Kill() // it may have ended
		<-ended
	})
	t.Cleanup(kill)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for err := ready(); err != nil; err = ready() {
		select {
		case how := <-ended:
			ended <- how
			kill()
			t.Fatalf("%s has ended: %v\n%s", path, how, out.String())
		case <-ctx.Done():
			kill()
			t.Fatalf("%s does not answer: %v\n%s", path, err, out.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// TestEtcd works on a real one, with users, whose first member does not answer.
func TestEtcd(t *testing.T) {
	path := sandboxtest.Around(t, "etcd")
	addresses := sandboxtest.Addresses(t, 3)
	client, peer := "http://"+addresses[0], "http://"+addresses[1]
	e := &Etcd{Addresses: []string{"http://" + addresses[2], client}, Client: http.DefaultClient}
	call := func(path string, body, out any) error {
		return askJSON(t.Context(), http.DefaultClient, http.MethodPost, client+path, nil, body, out)
	}
	boot(t, path, func() error { return call("/v3/kv/range", etcdRange{[]byte("x")}, nil) },
		"--data-dir", t.TempDir(), "--listen-client-urls", client, "--advertise-client-urls", client,
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default="+peer, "--unsafe-no-fsync")
	contract(t, storeUnderTest{KV: e,
		read: func(key string) (string, bool) {
			var answer struct{ KVs []struct{ Value []byte } }
			if err := call("/v3/kv/range", etcdRange{[]byte(key)}, &answer); err != nil {
				t.Error(err)
			}
			if len(answer.KVs) == 0 {
				return "", false
			}
			return string(answer.KVs[0].Value), true
		},
		set: func(key, value string) {
			if err := call("/v3/kv/put", etcdPut{[]byte(key), []byte(value)}, nil); err != nil {
				t.Error(err)
			}
		},
	})
	for _, step := range []struct {
		path string
		body map[string]string
	}{
		{"/v3/auth/user/add", map[string]string{"name": "root", "password": "word"}},
		{"/v3/auth/role/add", map[string]string{"name": "root"}},
		{"/v3/auth/user/grant", map[string]string{"user": "root", "role": "root"}},
		{"/v3/auth/enable", map[string]string{}},
	} {
		if err := call(step.path, step.body, nil); err != nil {
			t.Fatalf("%s: %v", step.path, err)
		}
	}
	if _, err := e.Put(t.Context(), primaryOf("orders", "e", 100)); err == nil {
		t.Error("written without signing in")
	}
	e.User, e.Password = "root", "word"
	if o, err := e.Put(t.Context(), primaryOf("orders", "e", 100)); o != Written || err != nil {
		t.Errorf("signed in: %s, %v", o, err)
	}
	e.Password = "wrong"
	if _, err := e.Put(t.Context(), primaryOf("orders", "f", 101)); err == nil || !strings.Contains(err.Error(), "EtcdUser") {
		t.Errorf("with a wrong password: %v", err)
	}
}

// TestZooKeeper works on a real one.
func TestZooKeeper(t *testing.T) {
	path := sandboxtest.Around(t, "zookeeper")
	if _, err := exec.LookPath("java"); err != nil {
		t.Skip(err)
	}
	address := sandboxtest.Addresses(t, 1)[0]
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	z := &ZooKeeper{Servers: ZooKeeperServers(address)}
	// It listens before it serves, and a session that is asked for in between is never opened.
	boot(t, path, func() error { return zooKeeperServes(address) }, port, t.TempDir())
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, err := z.Put(ctx, primaryOf("first", "a", 1)); err != nil {
		t.Fatal(err)
	}
	conn, _, err := zk.Connect(z.Servers, zkSession, zk.WithLogger(silent{}), zk.WithLogInfo(false))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	contract(t, storeUnderTest{KV: z,
		read: func(key string) (string, bool) {
			value, _, err := conn.Get("/" + key)
			if err != nil && !errors.Is(err, zk.ErrNoNode) {
				t.Errorf("%s: %v", key, err)
			}
			return string(value), err == nil
		},
		set: func(key, value string) {
			_, err := conn.Set("/"+key, []byte(value), -1)
			if errors.Is(err, zk.ErrNoNode) {
				_, err = conn.Create("/"+key, []byte(value), 0, zk.WorldACL(zk.PermAll))
			}
			if err != nil {
				t.Errorf("%s: %v", key, err)
			}
		},
	})
}

func TestNobodyAnswers(t *testing.T) {
	address := sandboxtest.Addresses(t, 1)[0]
	for _, s := range []KV{
		&Consul{Address: address, Client: http.DefaultClient}, &Etcd{Addresses: EtcdAddresses(address), Client: http.DefaultClient},
		&ZooKeeper{Servers: ZooKeeperServers(address)},
	} {
		ctx, cancel := context.WithTimeoutCause(t.Context(), 200*time.Millisecond, errors.New("no answer in time"))
		if o, err := s.Put(ctx, primaryOf("orders", "a", 1)); o != Unknown || err == nil {
			t.Errorf("%s: %s, %v", s.Name(), o, err)
		}
		cancel()
	}
}

func TestAddresses(t *testing.T) {
	for list, want := range map[string]string{
		"": "", " a , b:1 ": "a:2181 b:1", "[::1]": "[::1]:2181", "[::1]:7,": "[::1]:7",
	} {
		if got := strings.Join(ZooKeeperServers(list), " "); got != want {
			t.Errorf("ZooKeeper %q: %q", list, got)
		}
	}
	for list, want := range map[string]string{
		"": "", "a, https://b:1/ ,": "http://a:2379 https://b:1", "https://[::1]": "https://[::1]:2379",
	} {
		if got := strings.Join(EtcdAddresses(list), " "); got != want {
			t.Errorf("etcd %q: %q", list, got)
		}
	}
}

// TestChanges holds which entries one write changes.
func TestChanges(t *testing.T) {
	p := primaryOf("o", "a", 7)
	there := func(v string) entry { return entry{there: true, value: v, version: 3} }
	base := "mysql/master/o"
	whole := map[string]entry{base: there("a:3306"), base + "/hostname": there("a"), base + "/port": there("3306"), base + "/revision": there("7")}
	with := func(key string, e entry) map[string]entry {
		m := maps.Clone(whole)
		m[key] = e
		return m
	}
	for name, test := range map[string]struct {
		held   map[string]entry
		want   Outcome
		set    int
		remove []string
	}{
		"nothing is there":          {nil, Written, 4, nil},
		"all is there":              {whole, Present, 0, nil},
		"one differs":               {with(base, there("b:3306")), Written, 1, nil},
		"one too many":              {with(base+"/ipv4", there("1.2.3.4")), Written, 0, []string{base + "/ipv4"}},
		"what is not ours stays":    {with(base+"/note", there("x")), Present, 0, nil},
		"an older revision":         {with(base+"/revision", there("6")), Written, 1, nil},
		"a newer one, other values": {with(base+"/revision", there("8")), Superseded, 0, nil},
	} {
		c, outcome, err := p.changes(test.held)
		if err != nil || outcome != test.want || len(c.set) != test.set || !slices.Equal(c.remove, test.remove) {
			t.Errorf("%s: %s, %+v, %v", name, outcome, c, err)
		}
	}
	if s := fmt.Sprint(Unknown, Written, Present, Superseded); s != "unknown written present superseded" {
		t.Error(s)
	}
}

// zooKeeperServes asks by one of the server's four-letter words.
func zooKeeperServes(address string) error {
	conn, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	if _, err := conn.Write([]byte("srvr")); err != nil {
		return err
	}
	answer, err := io.ReadAll(conn)
	if err == nil && !strings.Contains(string(answer), "Mode: standalone") {
		err = fmt.Errorf("it says %q", answer)
	}
	return err
}
