package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"

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

// Issue implements operate.AccessTokens.
func (t tokens) Issue(ctx context.Context, owner string) (string, error) {
	token := store.AccessToken{Public: randomText(), Secret: randomText(), By: owner}
	return token.Public, t.store.SaveToken(ctx, token)
}

// randomText is a text that nobody can guess, in the form of a SHA-256 sum, which outside tools expect.
func randomText() string {
	var seed [32]byte
	_, _ = rand.Read(seed[:]) // never fails, as documented
	sum := sha256.Sum256(seed[:])
	return hex.EncodeToString(sum[:])
}
