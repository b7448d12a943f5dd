package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"orchestrator/internal/web/webtest"
)

// cable is a connection between browsers and a service that can be cut.
type cable struct {
	url string

	mu    sync.Mutex
	to    string // address of the service; "": it is cut
	conns map[net.Conn]struct{}
}

func newCable(t *testing.T) *cable {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	c := &cable{url: "http://" + l.Addr().String(), conns: map[net.Conn]struct{}{}}
	var work sync.WaitGroup
	work.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // it is closed
			}
			work.Go(func() { c.carry(conn) })
		}
	})
	t.Cleanup(func() {
		must(t, l.Close())
		c.plug("")
		work.Wait()
	})
	return c
}

// carry moves what is said on a connection, both ways, until one end is closed.
func (c *cable) carry(near net.Conn) {
	c.mu.Lock()
	to := c.to
	c.mu.Unlock()
	far, err := net.Dial("tcp", to)
	if to == "" || err != nil {
		_ = near.Close()
		return
	}
	c.mu.Lock()
	if c.to != to { // it was cut meanwhile
		_ = near.Close()
	}
	c.conns[near], c.conns[far] = struct{}{}, struct{}{}
	c.mu.Unlock()
	var both sync.WaitGroup
	for from, into := range map[net.Conn]net.Conn{near: far, far: near} {
		both.Go(func() {
			_, _ = io.Copy(into, from) // either end may be gone
			_, _ = near.Close(), far.Close()
		})
	}
	both.Wait()
	c.mu.Lock()
	delete(c.conns, near)
	delete(c.conns, far)
	c.mu.Unlock()
}

// plug connects the cable to a service, or cuts it; what flows at that moment ends.
func (c *cable) plug(url string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.to = strings.TrimPrefix(url, "http://")
	for conn := range c.conns {
		_ = conn.Close()
	}
}

// TestWebStaysOpen keeps one page open: what the installation added hears of it, the cable to the service is cut and
// mended, and the service is replaced by a newer one. Nothing is lost and the page is never loaded anew by itself.
func TestWebStaysOpen(t *testing.T) {
	t.Parallel()
	custom := t.TempDir()
	script := `window.heard = []; for (const name of ["preRenderCluster", "postRenderCluster"]) document.addEventListener("orchestrator:" + name, () => window.heard.push(name));`
	must(t, os.WriteFile(filepath.Join(custom, "custom.js"), []byte(script), 0o600))
	c, p := startTree(t, 2, fmt.Sprintf(`, "WebCustomDirectory": %q`, custom))
	wire := newCable(t)
	wire.plug(p.url)
	replica := c.Node(1).Addr()
	s := &treeSession{p, webtest.Open(t, wire.url+"/web/cluster/alias/orders", webtest.Allow("ERR_")), t}
	s.Await("the events of custom.js", `window.heard?.slice(0, 2).join() === "preRenderCluster,postRenderCluster"`)
	s.Await("the tree and its stream", fmt.Sprintf(`document.querySelector(%q) && document.querySelector(".l-live")`, card(replica)))
	webtest.Value[bool](s.Page, `(window.sameDocument = true)`)

	wire.plug("")
	s.AwaitText(".banner", "Connection lost")
	s.Await("the look of the past, and nothing to be done", `document.documentElement.dataset.state === "stale" && document.querySelector(".c-act").disabled && document.querySelector(".switch").disabled`)
	p.ok(t, "begin-downtime/"+strings.Replace(replica, ":", "/", 1)+"/dba/behind-its-back/1h")
	if webtest.Value[bool](s.Page, fmt.Sprintf(`document.querySelector(%q).matches(".k-pause")`, card(replica))) {
		t.Error("the page knows what nobody can have told it")
	}
	wire.plug(p.url)
	s.ClickText("Try now")
	s.Await("what was missed", fmt.Sprintf(`document.querySelector(%q).matches(".k-pause") && document.querySelector(".l-live") && !document.querySelector(".banner") && !document.querySelector(".c-act").disabled`, card(replica)))

	p.stop(t)
	next := newProcess(p.dir)
	next.launch(t, func(cmd *exec.Cmd) { cmd.Env = append(cmd.Env, versionVariable+"=99.0.0") })
	next.awaitLog(t, "INFO listening ")
	wire.plug(next.url)
	s.AwaitText(".banner", "orchestrator was upgraded.")
	if !webtest.Value[bool](s.Page, `window.sameDocument === true`) {
		t.Error("the page was loaded anew by itself")
	}
	s.ClickText("Load the new page")
	s.Await("the new page", `window.sameDocument === undefined && document.querySelector(".l-live") && !document.querySelector(".banner")`)
	s.Await("the tree", fmt.Sprintf(`document.querySelector(%q)`, card(replica)))
}
