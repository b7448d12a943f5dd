package main

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// pictureStore keeps the observer's picture in the backend: what probes saw behind its back, what was decided at once.
type pictureStore struct {
	store  *store.Store
	writer *store.Writer
	config func() *config.Config
	alive  func(context.Context) ([]store.Node, error)
	now    func() time.Time

	mu      sync.Mutex
	domains map[string]savedDomain
}

// savedDomain is the domain of a cluster as it was last written, and when.
type savedDomain struct {
	domain string
	at     time.Time
}

func (p *parts) pictureStore(w *store.Writer) *pictureStore { return p.pictureStoreOn(p.store, w) }

func (p *parts) pictureStoreOn(s *store.Store, w *store.Writer) *pictureStore {
	return &pictureStore{
		store: s, writer: w, config: p.config, alive: p.alive, now: p.now, domains: make(map[string]savedDomain),
	}
}

// LoadInstances implements observe.Store.
func (s *pictureStore) LoadInstances(ctx context.Context) ([]*topology.Instance, topology.Names, error) {
	return s.store.LoadInstances(ctx)
}

// LoadAliasOverrides implements observe.Store.
func (s *pictureStore) LoadAliasOverrides(ctx context.Context) (map[string]string, error) {
	return s.store.AliasOverrides(ctx)
}

// Observe implements observe.Store.
func (s *pictureStore) Observe(i *topology.Instance) { s.writer.Observe(i) }

// ForgetInstances implements observe.Store.
func (s *pictureStore) ForgetInstances(ctx context.Context, keys ...topology.Key) error {
	s.writer.Forget(keys...)
	_, err := s.store.ForgetInstances(ctx, keys...)
	return err
}

// SaveNames implements observe.Store. What is not there any more expires in the store by itself.
func (s *pictureStore) SaveNames(ctx context.Context, n topology.Names) error {
	aliases := make([]store.ClusterAlias, 0, len(n.Aliases))
	for _, cluster := range slices.Sorted(maps.Keys(n.Aliases)) {
		aliases = append(aliases, store.ClusterAlias{Cluster: cluster, Alias: n.Aliases[cluster]})
	}
	resolved := make([]store.ResolvedName, 0, len(n.Resolved))
	for _, host := range slices.Sorted(maps.Keys(n.Resolved)) {
		resolved = append(resolved, store.ResolvedName{Hostname: host, Resolved: n.Resolved[host], At: s.now()})
	}
	return errors.Join(
		s.store.SetAliases(ctx, aliases),
		s.store.SaveResolvedNames(ctx, resolved...),
		s.saveDomains(ctx, n.Domains),
	)
}

// saveDomains writes the domains that changed, and each again before half of the time after which it expires.
func (s *pictureStore) saveDomains(ctx context.Context, domains map[string]string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	now := s.now()
	for _, cluster := range slices.Sorted(maps.Keys(domains)) {
		last, known := s.domains[cluster]
		if known && last.domain == domains[cluster] && now.Sub(last.at) < s.config().ExpiryHostnameResolves()/2 {
			continue
		}
		if err := s.store.SetDomain(ctx, cluster, domains[cluster]); err != nil {
			errs = append(errs, err)
			continue
		}
		s.domains[cluster] = savedDomain{domains[cluster], now}
	}
	maps.DeleteFunc(s.domains, func(cluster string, _ savedDomain) bool { return domains[cluster] == "" })
	return errors.Join(errs...)
}

// BeginDowntime implements observe.Store.
func (s *pictureStore) BeginDowntime(ctx context.Context, k topology.Key, d topology.Downtime) error {
	return s.store.BeginDowntime(ctx, k, d)
}

// EndDowntime implements observe.Store.
func (s *pictureStore) EndDowntime(ctx context.Context, k topology.Key) error {
	_, err := s.store.EndDowntime(ctx, k)
	return err
}

// RegisterCandidate implements observe.Store.
func (s *pictureStore) RegisterCandidate(ctx context.Context, k topology.Key, r topology.PromotionRule) error {
	return s.store.RegisterCandidate(ctx, store.Candidate{Key: k, Rule: r, Suggested: s.now()})
}

// Caretake implements observe.Store.
func (s *pictureStore) Caretake(ctx context.Context) error {
	return errors.Join(s.purge(ctx), s.endMaintenances(ctx))
}

// purge removes what has had its time.
func (s *pictureStore) purge(ctx context.Context) error {
	report, err := s.store.Housekeep(ctx, limits(s.config()))
	errs := []error{err}
	if len(report.Forgotten) > 0 {
		s.writer.Forget(report.Forgotten...)
	}
	_, err = s.store.ExpireDowntimes(ctx)
	errs = append(errs, err)
	_, err = s.store.ExpireNodes(ctx)
	return errors.Join(append(errs, err)...)
}

// endMaintenances ends the locks whose time is over, and those of processes that are gone.
func (s *pictureStore) endMaintenances(ctx context.Context) error {
	nodes, err := s.alive(ctx)
	if err == nil {
		_, err = s.store.ExpireMaintenance(ctx, nodes)
	}
	return err
}

// limits say how long the backend keeps things.
func limits(c *config.Config) store.Limits {
	return store.Limits{
		UnseenInstance: c.UnseenInstanceForget(),
		HostResolve:    c.ExpiryHostnameResolves(),
		Candidate:      c.CandidateInstanceExpire(),
		Pool:           c.InstancePoolExpiry(),
		AccessToken:    c.AccessTokenExpiry(),
		Audit:          c.AuditPurge(),
		UnseenAgent:    c.UnseenAgentForget(),
		StaleSeed:      c.StaleSeedFail(),
		ReasonableLag:  c.ReasonableReplicationLag(),
		LockedSemiSync: c.ReasonableLockedSemiSync(),
	}
}
