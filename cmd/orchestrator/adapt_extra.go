package main

import (
	"context"

	"orchestrator/internal/config"
	"orchestrator/internal/operate"
	"orchestrator/internal/recovery"
	"orchestrator/internal/topology"
)

// extraFiles are the files of extra transactions on this machine.
type extraFiles struct{ config func() *config.Config }

// ExtraTransactions implements operate.ExtraRecords.
func (f extraFiles) ExtraTransactions(_ context.Context, key topology.Key) ([]operate.ExtraTransactions, error) {
	found, err := recovery.FindSavedTransactions(f.config().SavedTransactionsDir(), key)
	return each(found, func(s recovery.SavedTransactions) operate.ExtraTransactions {
		return operate.ExtraTransactions{
			Server: s.Server, Primary: s.Primary, GTIDs: s.Extra, File: s.File, Node: s.Node, At: s.At, Count: s.Transactions, Gaps: s.Gaps,
		}
	}), err
}
