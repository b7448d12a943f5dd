package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"sync"

	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// tlsFiles are the configuration keys of one kind of TLS connection.
type tlsFiles struct {
	keys           string // the common beginning of the names of the keys, for errors
	ca, cert, key  string
	skipVerify     bool
	withClientPair bool // load the client's certificate and key
}

// clientTLS reads the files. TLS is 1.2 or newer.
func clientTLS(f tlsFiles) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: f.skipVerify} //nolint:gosec // the configuration says so
	if f.ca != "" {
		pem, err := os.ReadFile(f.ca)
		if err != nil {
			return nil, fmt.Errorf("%sCAFile: %w", f.keys, err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%sCAFile: %s holds no certificate in PEM form", f.keys, f.ca)
		}
	}
	if !f.withClientPair || f.cert == "" && f.key == "" {
		return c, nil
	}
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return nil, fmt.Errorf("%sCertFile and %sPrivateKeyFile: %w", f.keys, f.keys, err)
	}
	c.Certificates = []tls.Certificate{pair}
	return c, nil
}

// tlsMemory remembers which servers demand TLS, from one process to the next.
type tlsMemory struct {
	store *store.Store
	log   *slog.Logger
	news  chan struct{}

	mu      sync.Mutex
	needed  map[topology.Key]bool
	unsaved map[topology.Key]bool
}

// newTLSMemory loads what is stored. Call run, or save before the end, for what is learnt to be kept.
func newTLSMemory(ctx context.Context, s *store.Store, log *slog.Logger) (*tlsMemory, error) {
	known, err := s.TLSRequired(ctx)
	if err != nil {
		return nil, fmt.Errorf("load which servers demand TLS: %w", err)
	}
	m := &tlsMemory{store: s, log: log, news: make(chan struct{}, 1), needed: known, unsaved: make(map[topology.Key]bool)}
	if m.needed == nil {
		m.needed = make(map[topology.Key]bool)
	}
	return m, nil
}

func (m *tlsMemory) needs(k topology.Key) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.needed[k]
}

func (m *tlsMemory) learned(k topology.Key, needs bool) {
	m.mu.Lock()
	m.needed[k], m.unsaved[k] = needs, needs
	m.mu.Unlock()
	select {
	case m.news <- struct{}{}:
	default:
	}
}

// run keeps what is learnt until ctx ends, the last of it included.
func (m *tlsMemory) run(ctx context.Context) {
	for ended := false; !ended; {
		select {
		case <-ctx.Done():
			ended = true
		case <-m.news:
		}
		saving, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWrite)
		if err := m.save(saving); err != nil {
			m.log.Warn("which servers demand TLS could not be stored; it will be found out again", "error", err)
		}
		cancel()
	}
}

// save writes what was learnt since it was last called.
func (m *tlsMemory) save(ctx context.Context) error {
	m.mu.Lock()
	list := maps.Clone(m.unsaved)
	clear(m.unsaved)
	m.mu.Unlock()
	var errs []error
	for k, needs := range list {
		errs = append(errs, m.store.SetTLSRequired(ctx, k, needs))
	}
	return errors.Join(errs...)
}
