package main

import (
	"context"

	"orchestrator/internal/config"
	"orchestrator/internal/store"
)

// tokens are the access tokens of the backend, with the life times of the configuration.
type tokens struct {
	store  *store.Store
	config func() *config.Config
}

// Valid implements httpapi.Tokens.
func (t tokens) Valid(ctx context.Context, public, secret string) (bool, error) {
	return t.store.ValidToken(ctx, public, secret, t.config().AccessTokenExpiry())
}

// Acquire implements httpapi.Tokens.
func (t tokens) Acquire(ctx context.Context, public string) (string, error) {
	return t.store.AcquireToken(ctx, public, t.config().AccessTokenUseExpiry())
}
