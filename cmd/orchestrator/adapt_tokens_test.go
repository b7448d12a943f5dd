package main

import (
	"errors"
	"testing"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/store"
)

func TestTokensLiveAsLongAsConfigured(t *testing.T) {
	at := &clock{time.Now()}
	s, err := store.Open(t.Context(), store.Options{File: testFile(t), Version: "test", Now: at.now})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	c := testConfig(t, `{"AccessTokenUseExpirySeconds": 30, "AccessTokenExpiryMinutes": 10}`)
	tk := tokens{s, func() *config.Config { return c }}
	for _, public := range []string{"p", "late"} {
		must(t, s.SaveToken(t.Context(), store.AccessToken{Public: public, Secret: "s", By: "me"}))
	}
	at.pass(20 * time.Second)
	if secret, err := tk.Acquire(t.Context(), "p"); err != nil || secret != "s" {
		t.Errorf("in time: %q, %v", secret, err)
	}
	if valid, err := tk.Valid(t.Context(), "p", "s"); err != nil || !valid {
		t.Errorf("valid: %t, %v", valid, err)
	}
	at.pass(20 * time.Second)
	if _, err := tk.Acquire(t.Context(), "late"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("too late: %v", err)
	}
	at.pass(10 * time.Minute)
	if valid, err := tk.Valid(t.Context(), "p", "s"); err != nil || valid {
		t.Errorf("expired, but valid: %t, %v", valid, err)
	}
}
