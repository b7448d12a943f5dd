package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"

	"orchestrator/internal/recovery"
)

// demoManager is a manager of the demo. One that has ended can be started again.
type demoManager struct {
	number   int
	settings *settings
	options  serviceOptions
	service  *service // the last one that was made
	running  atomic.Pointer[service]
	log      *os.File
	stop     context.CancelFunc
	done     chan struct{}
}

// managersOfRaft is how many managers form the raft group of the demo.
const managersOfRaft = 3

// hire makes the managers.
func (d *demonstration) hire(ctx context.Context) error {
	if !d.options.raft {
		return d.hireOne(ctx, 0, d.dir, "")
	}
	members, err := unusedAddresses(managersOfRaft)
	if err != nil {
		return err
	}
	list, err := json.Marshal(members)
	if err != nil {
		return err
	}
	for n, address := range members {
		dir := filepath.Join(d.dir, fmt.Sprint("manager", n+1))
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return err
		}
		more := fmt.Sprintf(`,
  "RaftEnabled": true, "RaftDataDir": %q, "RaftBind": %q, "RaftNodes": %s`, filepath.Join(dir, "raft"), address, list)
		if err := d.hireOne(ctx, n, dir, more); err != nil {
			return err
		}
	}
	return nil
}

// unusedAddresses are addresses on which nobody listens at this moment.
func unusedAddresses(n int) (list []string, err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = l.Close() }() // all at the end, or one could be given twice
		list = append(list, l.Addr().String())
	}
	return list, nil
}

func (d *demonstration) hireOne(ctx context.Context, n int, dir, more string) error {
	port := d.options.port
	if port != 0 {
		port += n
	}
	m := &demoManager{number: n + 1}
	var err error
	if m.log, err = os.Create(filepath.Join(dir, "orchestrator.log")); err != nil {
		return err
	}
	if m.settings, err = demoSettings(d.cluster, dir, port, more); err != nil {
		return err
	}
	m.options = serviceOptions{
		Settings: m.settings, Discovery: true, Machines: sandboxMachines{d.cluster},
		Logger: slog.New(slog.NewTextHandler(m.log, &slog.HandlerOptions{Level: slog.LevelInfo})),
		Progress: func(p recovery.Progress) {
			if d.manager() == m { // the others see the same, and do nothing
				d.onProgress(p)
			}
		},
	}
	m.service, err = newService(ctx, m.options)
	d.managers = append(d.managers, m)
	return err
}

// start lets a manager run; failed is told if it ends by itself.
func (m *demoManager) start(ctx context.Context, failed func(error)) {
	ctx, m.stop = context.WithCancel(ctx)
	m.done = make(chan struct{})
	m.running.Store(m.service)
	go func() {
		defer close(m.done)
		if err := m.service.run(ctx); err != nil {
			failed(err)
		}
	}()
}

// end ends a manager that runs, and waits for that.
func (m *demoManager) end() {
	if m.running.Swap(nil) == nil {
		return
	}
	m.stop()
	<-m.done
}

// manager is the one that leads, or any when none does at this moment.
func (d *demonstration) manager() *demoManager {
	for _, m := range d.managers {
		if s := m.running.Load(); s != nil && s.parts.leader.IsLeader() {
			return m
		}
	}
	for _, m := range d.managers {
		if m.running.Load() != nil {
			return m
		}
	}
	return d.managers[0]
}

func (d *demonstration) raftHelp() string {
	if !d.options.raft {
		return ""
	}
	return fmt.Sprintf("\n  m  end the manager that leads (%d)     b  bring ended managers back", d.manager().number)
}

// dismissLeader ends the manager that leads; another one takes over.
func (d *demonstration) dismissLeader(ctx context.Context) error {
	if !d.options.raft {
		return errors.New("there is one manager only; --raft makes three")
	}
	old := d.manager()
	d.say("ending manager %d", old.number)
	old.end()
	if err := d.await(ctx, "another manager to lead", func() bool { return d.manager().service.parts.leader.IsLeader() }); err != nil {
		return fmt.Errorf("%w: b brings ended managers back", err)
	}
	d.say("manager %d leads: http://%s/", d.manager().number, d.manager().service.address())
	return nil
}

// rehire starts managers again that were ended.
func (d *demonstration) rehire(ctx context.Context) error {
	for _, m := range d.managers {
		if m.running.Load() != nil {
			continue
		}
		var err error
		if m.service, err = newService(ctx, m.options); err != nil {
			return err
		}
		d.say("starting manager %d", m.number)
		m.start(ctx, func(err error) { d.say("manager %d ended: %v", m.number, err) })
	}
	return nil
}
