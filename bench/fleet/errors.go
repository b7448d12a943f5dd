package fleet

import (
	"errors"
	"fmt"

	"orchestrator/internal/wire"
)

var (
	errNotStarted = errors.New("the fleet has not been started")
	errClosed     = errors.New("the fleet is closed")
)

func errSyntax(sql string) error {
	if len(sql) > 200 {
		sql = sql[:200] + "…"
	}
	return &wire.Error{Code: wire.CodeParse, State: "42000",
		Message: "You have an error in your SQL syntax: the pretended server does not know " + sql}
}

func errUnknownVariable(name string) error {
	return &wire.Error{Code: wire.CodeUnknownVariable, Message: fmt.Sprintf("Unknown system variable '%s'", name)}
}

// Errors that changes of replication meet on real servers.
func errNotReplica() error {
	return &wire.Error{Code: 1200, Message: "The server is not configured as replica; fix in config file or with CHANGE REPLICATION SOURCE TO"}
}

func errRunning() error {
	return &wire.Error{Code: 3021, Message: "This operation cannot be performed with a running replica io thread; run STOP REPLICA IO_THREAD FOR CHANNEL '' first."}
}
