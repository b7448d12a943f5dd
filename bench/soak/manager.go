package main

import (
	"context"
	"time"

	"orchestrator/bench/manager"
)

// auditEntry is a line of the manager's audit log.
type auditEntry struct {
	AuditId          int64 //nolint:revive // the API's own name
	AuditType        string
	AuditInstanceKey struct {
		Hostname string
		Port     int
	}
	Message string
}

// audit lists the newest lines, newest first.
func audit(ctx context.Context, m *manager.Manager) ([]auditEntry, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var entries []auditEntry
	err := m.Get(ctx, "audit", &entries)
	return entries, err
}
