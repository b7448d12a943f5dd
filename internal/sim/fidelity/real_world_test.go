package fidelity

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"orchestrator/bench/manager"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/sim"
)

// patience bounds every wait for real servers.
const patience = 60 * time.Second

// settleWithin bounds how long everything may take until it is as simulated.
const settleWithin = 40 * time.Second

// realWorld are real servers with the real manager.
type realWorld struct {
	ctx      context.Context
	script   *Script
	cluster  *sandbox.Cluster
	manager  *manager.Manager
	expected []sim.Outcome // what the simulator came to at each settling
	settled  int

	next  int64          // number of the newest row
	work  sync.WaitGroup // clients that nobody waits for
	hangs map[string]bool

	mu    sync.Mutex
	acked []int64 // rows
}

func (w *realWorld) node(name string) *sandbox.Node {
	return w.cluster.Node(indexOf(w.script.Servers, name))
}

func (w *realWorld) bounded() (context.Context, context.CancelFunc) {
	return context.WithTimeout(w.ctx, patience)
}

func (w *realWorld) do(s Step) error {
	ctx, cancel := w.bounded()
	defer cancel()
	n := w.node(s.Server)
	replica, _, _ := words(w.cluster.Options().Flavor)
	switch s.Verb {
	case write:
		return w.write(ctx, n, s.N)
	case send:
		return w.send(ctx, n)
	case kill:
		return n.Kill()
	case restart:
		return n.Restart(ctx)
	case freeze:
		w.hangs[s.Server] = true
		return n.Freeze()
	case thaw:
		delete(w.hangs, s.Server)
		return n.Thaw()
	case stopReceiver:
		return n.Exec(ctx, "STOP "+replica+" IO_THREAD")
	case startReceiver:
		return n.Exec(ctx, "START "+replica+" IO_THREAD")
	case stopApplier:
		return n.Exec(ctx, "STOP "+replica+" SQL_THREAD")
	case startApplier:
		return n.Exec(ctx, "START "+replica+" SQL_THREAD")
	case breakApplier:
		return w.insertHere(ctx, n, "SET SESSION sql_log_bin=0", w.next+1)
	case delay:
		return delayBy(ctx, n, s.For)
	case errant:
		w.next++
		return w.insertHere(ctx, n, "SET SESSION sql_log_bin=1", 1_000_000+w.next)
	case open:
		return n.SetReadOnly(ctx, !s.On)
	case purge:
		return w.purge(ctx, n)
	}
	return fmt.Errorf("real servers have no verb %q", s.Verb)
}

func insert(id int64) string { return fmt.Sprintf("INSERT INTO %s (id) VALUES (%d)", serverTable, id) }

// write has rows acknowledged one after the other.
func (w *realWorld) write(ctx context.Context, n *sandbox.Node, rows int) error {
	for range rows {
		w.next++
		if err := n.ExecAs(ctx, sandbox.UserApp, insert(w.next)); err != nil {
			return err
		}
		w.acknowledged(w.next)
	}
	return until(ctx, func() error { return w.arrived(ctx) })
}

func (w *realWorld) acknowledged(id int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.acked = append(w.acked, id)
}

// arrived is an error while a replica that receives lacks something that its source has, or has not applied it.
func (w *realWorld) arrived(ctx context.Context) error {
	for i := range w.script.Servers {
		n := w.cluster.Node(i)
		if !n.Running() || w.hangs[w.script.Servers[i].Name] {
			continue
		}
		r, err := readReplica(ctx, n)
		if err != nil {
			return err
		}
		src := w.byPort(r.port)
		if src == nil || r.io != "Yes" || !src.Running() || w.hangs[w.nameOf(src)] {
			continue
		}
		file, pos, err := src.Position(ctx)
		if err != nil {
			return err
		}
		at := fmt.Sprintf("%s:%d", file, pos)
		if r.received != at || r.sql == "Yes" && r.delay == 0 && r.applied != at {
			return fmt.Errorf("%s has received %s and applied %s of %s", n, r.received, r.applied, at)
		}
	}
	return nil
}

func (w *realWorld) byPort(port int) *sandbox.Node {
	i := slices.IndexFunc(w.cluster.Nodes(), func(n *sandbox.Node) bool { return n.Port == port })
	if i < 0 {
		return nil
	}
	return w.cluster.Node(i)
}

func (w *realWorld) nameOf(n *sandbox.Node) string { return w.script.Servers[n.Index()].Name }

// send begins to commit a row, and returns when it is in the binary log; nobody waits for the acknowledgement.
func (w *realWorld) send(ctx context.Context, n *sandbox.Node) error {
	w.next++
	id := w.next
	file, before, err := n.Position(ctx)
	if err != nil {
		return err
	}
	w.work.Go(func() {
		if n.ExecAs(w.ctx, sandbox.UserApp, insert(id)) == nil {
			w.acknowledged(id)
		}
	})
	return until(ctx, func() error {
		now, at, err := n.Position(ctx)
		if err == nil && now == file && at <= before {
			err = fmt.Errorf("%s: row %d is not in the binary log", n, id)
		}
		return err
	})
}

// insertHere writes a row on a server that may be closed.
func (w *realWorld) insertHere(ctx context.Context, n *sandbox.Node, session string, id int64) error {
	closed, err := n.ReadOnly(ctx)
	if err != nil {
		return err
	}
	mysql := w.cluster.Options().Flavor == sandbox.MySQL
	if closed && mysql {
		if err := n.Exec(ctx, "SET GLOBAL super_read_only=0"); err != nil {
			return err
		}
	}
	if err := n.Exec(ctx, session, insert(id), "SET SESSION sql_log_bin=1"); err != nil {
		return err
	}
	if closed && mysql {
		return n.Exec(ctx, "SET GLOBAL super_read_only=1")
	}
	return nil
}

func (w *realWorld) purge(ctx context.Context, n *sandbox.Node) error {
	if err := n.Exec(ctx, "FLUSH BINARY LOGS"); err != nil {
		return err
	}
	return until(ctx, func() error { // not before the replicas have come to the new one
		file, _, err := n.Position(ctx)
		if err != nil {
			return err
		}
		if err := n.Exec(ctx, "PURGE BINARY LOGS TO '"+file+"'"); err != nil {
			return err
		}
		var first, size string
		row, err := n.Row(ctx, "SHOW BINARY LOGS")
		if first, size = row["Log_name"], row["File_size"]; err == nil && first != file {
			err = fmt.Errorf("%s still has %s of %s bytes", n, first, size)
		}
		return err
	})
}

// ask asks the manager as a person does, over its API.
func (w *realWorld) ask(s Step) (refused bool, err error) {
	at := func(name string) string {
		n := w.node(name)
		return n.Host + "/" + strconv.Itoa(n.Port)
	}
	path := ""
	switch s.Verb {
	case takeOver:
		path = "graceful-master-takeover-auto/" + at(s.Server)
		if s.To != "" {
			path += "/" + at(s.To)
		}
	case failOver:
		path = "force-master-failover/" + at(s.Server)
	case seize:
		path = "force-master-takeover/" + at(s.Server) + "/" + at(s.To)
	case recoverServer:
		path = "recover/" + at(s.Server)
	case downtime:
		path = fmt.Sprintf("begin-downtime/%s/person/test/%ds", at(s.Server), int(s.For/time.Second))
	case disable:
		path = "enable-global-recoveries"
		if s.On {
			path = "disable-global-recoveries"
		}
	case acknowledge:
		path = "ack-all-recoveries?comment=" + url.QueryEscape("test")
	default:
		return false, fmt.Errorf("real managers have no question %q", s.Verb)
	}
	ctx, cancel := w.bounded()
	defer cancel()
	var answer struct{ Code, Message string }
	if err := w.manager.Get(ctx, path, &answer); err != nil {
		return false, fmt.Errorf("%s: %w", path, err)
	}
	return answer.Code != "OK", nil
}

// settle waits until everything is as the simulator came to, and the manager has looked at every server again: what it knows when
// the next thing happens is no matter of chance then. At the end everything must still be so after that.
func (w *realWorld) settle(last bool) (sim.Outcome, error) {
	want := w.expected[w.settled]
	w.settled++
	o, err := w.await(want)
	if err == nil {
		err = w.lookedAgain()
	}
	if err != nil || !last {
		return o, err
	}
	if err := w.lookedAgain(); err != nil {
		return o, err
	}
	return w.await(want)
}

var errDiffers = errors.New("it does not become as simulated")

func (w *realWorld) await(want sim.Outcome) (o sim.Outcome, err error) {
	ctx, cancel := context.WithTimeout(w.ctx, settleWithin)
	defer cancel()
	err = until(ctx, func() error {
		var running []any
		if err := w.manager.Get(ctx, "running-recoveries", &running); err != nil {
			return err
		}
		seen, err := w.look()
		if err != nil {
			return err
		}
		o = seen
		if left := differences(want, o); len(left) > 0 || len(running) > 0 {
			return fmt.Errorf("%w, %d recoveries run: %s", errDiffers, len(running), strings.Join(left, "; "))
		}
		return nil
	})
	return o, err
}
