package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/cli"
	"orchestrator/internal/publish"
	"orchestrator/internal/recovery"
	"orchestrator/internal/topology"
)

// doomedName is under what name the test binary is the program that dies.
const doomedName = "orchestrator-doomed"

// doomFile says at which moment the program in this folder dies: a round and a moment, each on a line. Without the file
// it lives. Moments are named after what happens, and counted within a round.
const doomFile = "doom"

// traceFile is where the moments of a round are written down.
func traceFile(round string) string { return "trace-" + round }

// doomedMain is the program, with doom at every place where it reaches out: every statement that changes a server,
// every hook, and every call of the ledger that decides something. The moments are before and after each, and for
// statements also when they are sent and nobody will ever know the answer.
func doomedMain() int {
	d := &doom{}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return serveWith(ctx, os.Args[1:], func(ctx context.Context, s cli.Session) error {
		svc, err := newService(ctx, serviceOptions{
			Settings: settingsOf(s), Logger: s.Log, Discovery: true,
			Seams: seams{
				dial:   d.dial,
				ledger: func(l recovery.Ledger) recovery.Ledger { return doomedLedger{l, d} },
				hooks:  func(h recovery.Hooks) recovery.Hooks { return doomedHooks{h, d} },
			},
		})
		if err != nil {
			return err
		}
		return svc.run(ctx)
	})
}

// doom ends the process at the moment that the file asks for.
type doom struct {
	mu    sync.Mutex
	round string
	seen  map[string]int
}

// moment is called at every moment. Nothing else passes while it decides.
func (d *doom) moment(what string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	text, err := os.ReadFile(doomFile)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	must2(text, err)
	round, wanted, _ := strings.Cut(strings.TrimSuffix(string(text), "\n"), "\n")
	if round != d.round {
		d.round, d.seen = round, make(map[string]int)
	}
	d.seen[what]++
	name := fmt.Sprintf("%s, %d", what, d.seen[what])
	f := must2(os.OpenFile(traceFile(round), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600))
	must2(f.WriteString(name + "\n"))
	must2(0, f.Close())
	if name == wanted {
		must2(0, syscall.Kill(os.Getpid(), syscall.SIGKILL))
		select {}
	}
}

// around does something between two moments.
func (d *doom) around(what string, do func() error) error {
	d.moment("before " + what)
	err := do()
	d.moment("after " + what)
	return err
}

func (d *doom) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &doomedConn{TCPConn: c.(*net.TCPConn), doom: d}, nil
}

// doomedConn is a connection to a managed server.
type doomedConn struct {
	*net.TCPConn
	doom *doom

	mu    sync.Mutex
	asked string // the changing statement whose answer is waited for
}

// Write sends a packet of the driver, which never puts two statements into one.
func (c *doomedConn) Write(p []byte) (int, error) {
	statement := changing(p)
	if statement == "" {
		return c.TCPConn.Write(p)
	}
	c.doom.moment("before " + statement)
	n, err := c.TCPConn.Write(p)
	c.doom.moment("sent " + statement)
	c.mu.Lock()
	c.asked = statement
	c.mu.Unlock()
	return n, err
}

// Read takes what a server answers.
func (c *doomedConn) Read(p []byte) (int, error) {
	n, err := c.TCPConn.Read(p)
	c.mu.Lock()
	statement := c.asked
	c.asked = ""
	c.mu.Unlock()
	if statement != "" {
		c.doom.moment("after " + statement)
	}
	return n, err
}

// changing names the statement in a packet if it changes the server, without the values that differ from round to round.
func changing(packet []byte) string {
	const header, query = 4, 3
	if len(packet) <= header+1 || packet[header-1] != 0 || packet[header] != query {
		return ""
	}
	text := string(bytes.TrimSpace(packet[header+1:]))
	words := strings.Fields(strings.ToUpper(text))
	if len(words) < 2 {
		return ""
	}
	switch words[0] {
	case "CHANGE", "KILL":
		return words[0] + " " + strings.Trim(words[1], "0123456789")
	case "STOP", "START", "RESET", "FLUSH", "PURGE":
		return strings.Join(words, " ")
	case "SET":
		if words[1] == "GLOBAL" {
			return strings.Split(text, "'")[0]
		}
	}
	return ""
}

// doomedHooks are the hooks of a doomed program.
type doomedHooks struct {
	recovery.Hooks
	doom *doom
}

func (h doomedHooks) Run(ctx context.Context, list publish.List, v publish.Values, mode publish.Mode) error {
	begin := list.Begin
	list.Begin = func(number int) error {
		h.doom.moment("before " + list.Name)
		if begin != nil {
			if err := begin(number); err != nil {
				return err
			}
		}
		h.doom.moment("written down " + list.Name)
		go h.during(list.Name)
		return nil
	}
	err := h.Hooks.Run(ctx, list, v, mode)
	h.doom.moment("after " + list.Name)
	return err
}

// during is a moment when a hook is known to run. Hooks that want one write a file.
func (h doomedHooks) during(name string) {
	for began := time.Now(); time.Since(began) < systemWithin; time.Sleep(time.Millisecond) {
		if os.Remove(runningFile(name)) == nil {
			h.doom.moment("during " + name)
			return
		}
	}
}

// runningFile is written by hooks of the list, in the folder of the program, when they run.
func runningFile(list string) string { return filepath.Join(".", "running-"+list) }

// doomedLedger is the ledger of a doomed program.
type doomedLedger struct {
	recovery.Ledger
	doom *doom
}

func (l doomedLedger) RegisterDetection(ctx context.Context, f *analysis.Finding, actionable bool) (id int64, fresh bool, err error) {
	if !actionable {
		return l.Ledger.RegisterDetection(ctx, f, actionable)
	}
	err = l.doom.around("RegisterDetection", func() error {
		id, fresh, err = l.Ledger.RegisterDetection(ctx, f, actionable)
		return err
	})
	return id, fresh, err
}

func (l doomedLedger) RegisterRecovery(ctx context.Context, r *recovery.Recovery, j *recovery.Journal) (b recovery.Block, err error) {
	err = l.doom.around("RegisterRecovery", func() error {
		b, err = l.Ledger.RegisterRecovery(ctx, r, j)
		return err
	})
	return b, err
}

func (l doomedLedger) ResolveRecovery(ctx context.Context, r *recovery.Recovery) error {
	return l.doom.around("ResolveRecovery", func() error { return l.Ledger.ResolveRecovery(ctx, r) })
}

func (l doomedLedger) SaveProgress(ctx context.Context, uid string, j *recovery.Journal) error {
	return l.doom.around("SaveProgress", func() error { return l.Ledger.SaveProgress(ctx, uid, j) })
}

func (l doomedLedger) TakeUp(ctx context.Context, u *recovery.Unfinished, j *recovery.Journal) error {
	return l.doom.around("TakeUp", func() error { return l.Ledger.TakeUp(ctx, u, j) })
}

func (l doomedLedger) CloseJournal(ctx context.Context, uid string) error {
	return l.doom.around("CloseJournal", func() error { return l.Ledger.CloseJournal(ctx, uid) })
}

func (l doomedLedger) Acknowledge(ctx context.Context, uid, comment string) error {
	return l.doom.around("Acknowledge", func() error { return l.Ledger.Acknowledge(ctx, uid, comment) })
}

func (l doomedLedger) ClearDetections(ctx context.Context, k topology.Key) error {
	return l.doom.around("ClearDetections", func() error { return l.Ledger.ClearDetections(ctx, k) })
}

func (l doomedLedger) Downtime(ctx context.Context, k topology.Key, d topology.Downtime) error {
	return l.doom.around("Downtime", func() error { return l.Ledger.Downtime(ctx, k, d) })
}

func (l doomedLedger) EndDowntime(ctx context.Context, k topology.Key) error {
	return l.doom.around("EndDowntime", func() error { return l.Ledger.EndDowntime(ctx, k) })
}

func (l doomedLedger) RenameCluster(ctx context.Context, from, to, alias string) error {
	return l.doom.around("RenameCluster", func() error { return l.Ledger.RenameCluster(ctx, from, to, alias) })
}

func (l doomedLedger) PublishPrimary(ctx context.Context, p recovery.NewPrimary) error {
	return l.doom.around("PublishPrimary", func() error { return l.Ledger.PublishPrimary(ctx, p) })
}

func (l doomedLedger) Audit(ctx context.Context, kind string, k topology.Key, cluster, message string) error {
	return l.doom.around("Audit "+kind, func() error { return l.Ledger.Audit(ctx, kind, k, cluster, message) })
}
