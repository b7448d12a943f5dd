package main

import (
	"context"
	"errors"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/observe"
	"orchestrator/internal/operate"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// declarations write each declared fact to the backend first, and show it in the picture when it is stored.
type declarations struct {
	store  *store.Store
	node   store.Node
	config func() *config.Config
	now    func() time.Time
	apply  func(observe.Change)
}

func (p *parts) declarations(apply func(observe.Change)) *declarations {
	return &declarations{store: p.store, node: p.storeNode(), config: p.config, now: p.now, apply: p.gate.own(apply)}
}

// BeginDowntime implements operate.Declarations.
func (d *declarations) BeginDowntime(ctx context.Context, key topology.Key, t topology.Downtime) error {
	if err := d.store.BeginDowntime(ctx, key, t); err != nil {
		return err
	}
	d.apply(observe.SetDowntime{Key: key, Downtime: &t})
	return nil
}

// EndDowntime implements operate.Declarations.
func (d *declarations) EndDowntime(ctx context.Context, key topology.Key) (bool, error) {
	ended, err := d.store.EndDowntime(ctx, key)
	if err == nil {
		d.apply(observe.SetDowntime{Key: key})
	}
	return ended, err
}

// BeginMaintenance implements operate.Declarations.
func (d *declarations) BeginMaintenance(ctx context.Context, m topology.Maintenance) (int64, error) {
	id, err := d.store.BeginMaintenance(ctx, m, d.node)
	if err != nil {
		return 0, err
	}
	m.ID = id
	d.apply(observe.SetMaintenance{Key: m.Key, Maintenance: &m})
	return id, nil
}

// EndMaintenance implements operate.Declarations.
func (d *declarations) EndMaintenance(ctx context.Context, key topology.Key) (bool, error) {
	ended, err := d.store.EndMaintenanceOf(ctx, key)
	if err == nil {
		d.apply(observe.SetMaintenance{Key: key})
	}
	return ended, err
}

// EndMaintenanceByID implements operate.Declarations.
func (d *declarations) EndMaintenanceByID(ctx context.Context, id int64) (bool, error) {
	held, err := d.store.Maintenances(ctx)
	if err != nil {
		return false, err
	}
	ended, err := d.store.EndMaintenance(ctx, id)
	if err != nil || !ended {
		return false, err
	}
	for _, m := range held {
		if m.ID == id {
			d.apply(observe.SetMaintenance{Key: m.Key})
		}
	}
	return true, nil
}

// Maintenances implements operate.Declarations.
func (d *declarations) Maintenances(ctx context.Context) ([]topology.Maintenance, error) {
	return d.store.Maintenances(ctx)
}

// PutTag implements operate.Declarations.
func (d *declarations) PutTag(ctx context.Context, key topology.Key, tag topology.Tag) error {
	if err := d.store.PutTag(ctx, key, tag); err != nil {
		return err
	}
	d.apply(observe.PutTag{Key: key, Tag: tag})
	return nil
}

// RemoveTag implements operate.Declarations.
func (d *declarations) RemoveTag(ctx context.Context, keys []topology.Key, name string) error {
	var errs []error
	for _, k := range keys {
		if _, err := d.store.DeleteTag(ctx, &k, topology.TagQuery{Tag: topology.Tag{Name: name}}); err != nil {
			errs = append(errs, err)
			continue
		}
		d.apply(observe.RemoveTag{Key: k, Name: name})
	}
	return errors.Join(errs...)
}

// AcceptErrant implements operate.Declarations.
func (d *declarations) AcceptErrant(ctx context.Context, key topology.Key, accepted *topology.AcceptedErrant) error {
	var a topology.AcceptedErrant
	if accepted != nil {
		a = *accepted
	}
	if err := d.store.AcceptErrant(ctx, key, a); err != nil {
		return err
	}
	d.apply(observe.SetAcceptedErrant{Key: key, Accepted: accepted})
	return nil
}

// RegisterCandidate implements operate.Declarations.
func (d *declarations) RegisterCandidate(ctx context.Context, key topology.Key, rule topology.PromotionRule) error {
	now := d.now()
	if err := d.store.RegisterCandidate(ctx, store.Candidate{Key: key, Rule: rule, Suggested: now}); err != nil {
		return err
	}
	d.apply(observe.SetPromotionRule{Key: key, Rule: rule, Until: now.Add(d.config().CandidateInstanceExpire())})
	return nil
}

// Candidates implements operate.Declarations.
func (d *declarations) Candidates(ctx context.Context) ([]operate.Candidate, error) {
	rows, err := d.store.Candidates(ctx)
	if err != nil {
		return nil, err
	}
	life := d.config().CandidateInstanceExpire()
	list := make([]operate.Candidate, 0, len(rows))
	for _, r := range rows {
		c := operate.Candidate{Key: r.Key, Rule: r.Rule, Suggested: r.Suggested}
		if !r.Suggested.IsZero() {
			c.Expiry = r.Suggested.Add(life)
		}
		list = append(list, c)
	}
	return list, nil
}

// SetClusterAlias implements operate.Declarations.
func (d *declarations) SetClusterAlias(ctx context.Context, cluster, alias string) error {
	if err := d.store.SetAliasOverride(ctx, cluster, alias); err != nil {
		return err
	}
	d.apply(observe.SetClusterAlias{Cluster: cluster, Alias: alias})
	return nil
}
