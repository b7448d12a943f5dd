package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/operate"
	"orchestrator/internal/plan"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// auditor records what was done where the configuration says: in a file, in the backend, in the system's log.
type auditor struct {
	config func() *config.Config
	store  *store.Store
	node   string // the name of this manager
	now    func() time.Time
	syslog io.WriteCloser // nil: not wanted, or not there

	mu        sync.Mutex
	clusterOf func(topology.Key) string // fills in the cluster of a server; may be nil
	listener  func(kind string, key topology.Key, cluster, message string)
}

// newAuditor makes an auditor; the caller closes it. That the system's log cannot be reached is only warned of.
func newAuditor(c func() *config.Config, s *store.Store, node string, now func() time.Time, log *slog.Logger) *auditor {
	a := &auditor{config: c, store: s, node: node, now: now}
	if c().AuditToSyslog {
		w, err := openSyslog("orchestrator")
		if err != nil {
			log.Warn("AuditToSyslog: the system's log cannot be written", "error", err)
			return a
		}
		a.syslog = w
	}
	return a
}

// lookUpClusters lets the auditor fill in the cluster of a server where none is said.
func (a *auditor) lookUpClusters(of func(topology.Key) string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.clusterOf = of
}

// tell lets somebody hear of every line; it must be quick.
func (a *auditor) tell(listener func(kind string, key topology.Key, cluster, message string)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.listener = listener
}

// Close ends the connection to the system's log.
func (a *auditor) Close() error {
	if a.syslog == nil {
		return nil
	}
	return a.syslog.Close()
}

// Audit implements operate.Auditor, and is what recoveries are audited by. Each place is tried, whatever became of the
// others.
func (a *auditor) Audit(ctx context.Context, kind string, key topology.Key, cluster, message string) error {
	c := a.config()
	caller := operate.CallerOf(ctx)
	if caller != "" {
		message += " (by " + caller + ")"
	}
	of := plan.OriginOf(ctx)
	row := store.AuditRow{At: a.now(), Type: kind, Key: key, ClusterName: a.cluster(key, cluster), Message: message, Person: caller, Node: a.node, Plan: of.Plan, Recovery: of.Recovery}
	a.mu.Lock()
	listener := a.listener
	a.mu.Unlock()
	if listener != nil {
		listener(row.Type, row.Key, row.ClusterName, row.Message)
	}
	var errs []error
	if c.AuditLogFile != "" {
		errs = append(errs, a.toFile(c.AuditLogFile, row))
	}
	if c.AuditToBackendDB {
		errs = append(errs, a.store.WriteAudit(ctx, row))
	}
	if a.syslog != nil {
		_, err := fmt.Fprintf(a.syslog, "auditType:%s instance:%s cluster:%s message:%s",
			oneField(kind), key, oneField(row.ClusterName), oneField(message))
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (a *auditor) cluster(key topology.Key, cluster string) string {
	a.mu.Lock()
	of := a.clusterOf
	a.mu.Unlock()
	if cluster != "" || key.IsZero() || of == nil {
		return cluster
	}
	return of(key)
}

// toFile appends a line. The file is opened each time, so that it may be rotated and its name reloaded.
func (a *auditor) toFile(name string, row store.AuditRow) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o640)
	if err != nil {
		return fmt.Errorf("AuditLogFile: %w", err)
	}
	_, err = f.WriteString(auditLine(row))
	return errors.Join(err, f.Close())
}

// auditLine is a row as a line of tab separated fields: time, type, host, port, [cluster], message.
func auditLine(row store.AuditRow) string {
	return strings.Join([]string{
		row.At.Format(time.DateTime), oneField(row.Type), oneField(row.Key.Hostname), strconv.Itoa(row.Key.Port),
		"[" + oneField(row.ClusterName) + "]", oneField(row.Message),
	}, "\t") + "\n"
}

// oneField keeps a text from ending its field or line.
func oneField(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || r == '\r' {
			return ' '
		}
		return r
	}, text)
}
