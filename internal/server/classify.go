package server

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strconv"
	"strings"
	"time"

	"orchestrator/internal/topology"
)

// answers are the last good answers to the user's queries about a server. A query that fails changes nothing.
type answers struct {
	at                                                              time.Time
	alias, clusterAlias, clusterDomain, dataCenter, region, environ string
	rule                                                            *topology.PromotionRule
	semiSyncPriority                                                uint
	pseudoGTID                                                      bool
	failed                                                          []string // of the last round
	once                                                            []string // warnings of this probe alone
}

// classify asks the user's queries if they are due. They run one by one, because each may fail by itself.
func (s *Server) classify(ctx context.Context, c *conn, o *Options, r *reading) {
	a := &s.observer.answers
	r.warnings = append(r.warnings, a.once...)
	a.once = nil
	now := o.Now()
	if r.in.IsBinlogServer() || !a.at.IsZero() && now.Sub(a.at) < o.RefreshQueries {
		return
	}
	q := &o.Queries
	a.at, a.failed = now, nil
	store := func(dest *string) func(string) error {
		return func(t string) error { *dest = t; return nil }
	}
	ask := func(sql string) (string, bool, error) { return c.cell(ctx, sql) }
	lookUp := ask
	if !o.Metadata.At.IsZero() {
		lookUp = func(sql string) (string, bool, error) { return s.set.askMetadata(ctx, o, sql, s.key) }
	}
	for _, query := range []struct {
		name, sql string
		take      func(string) error
		of        func(sql string) (answer string, ok bool, err error)
	}{
		{"DetectInstanceAliasQuery", q.InstanceAlias, store(&a.alias), ask},
		{"DetectClusterAliasQuery", q.ClusterAlias, store(&a.clusterAlias), lookUp},
		{"DetectClusterDomainQuery", q.ClusterDomain, store(&a.clusterDomain), lookUp},
		{"DetectDataCenterQuery", q.DataCenter, store(&a.dataCenter), lookUp},
		{"DetectRegionQuery", q.Region, store(&a.region), ask},
		{"DetectPhysicalEnvironmentQuery", q.Environment, store(&a.environ), ask},
		{"DetectPromotionRuleQuery", q.PromotionRule, a.takeRule, ask},
		{"DetectSemiSyncEnforcedQuery", q.SemiSyncPriority, a.takePriority, ask},
		{"DetectPseudoGTIDQuery", q.PseudoGTIDPresent, func(t string) error { a.pseudoGTID = t == "1"; return nil }, ask},
	} {
		if trimQuery(query.sql) == "" {
			continue
		}
		answer, ok, err := query.of(trimQuery(query.sql))
		if err == nil && ok {
			err = query.take(answer)
		}
		if err != nil {
			a.failed = append(a.failed, fmt.Sprintf("%s: %v", query.name, err))
		}
		if c.broken {
			a.at = time.Time{} // the rest is asked next time
			return
		}
	}
}

func (a *answers) takeRule(t string) error {
	rule, err := topology.ParseRegisteredPromotionRule(strings.TrimSpace(t))
	if err != nil {
		return err
	}
	a.rule = &rule
	return nil
}

func (a *answers) takePriority(t string) error {
	n, err := strconv.ParseUint(strings.TrimSpace(t), 10, 32)
	if err != nil {
		return fmt.Errorf("the answer %q is no unsigned integer", t)
	}
	a.semiSyncPriority = uint(n)
	return nil
}

// fill hands the answers to an observation.
func (a *answers) fill(obs *Observation) {
	in := obs.Instance
	in.Alias = a.alias
	in.DataCenter, in.Region, in.PhysicalEnvironment = a.dataCenter, a.region, a.environ
	in.SemiSyncPriority = a.semiSyncPriority
	in.UsingPseudoGTID = a.pseudoGTID
	obs.ClusterAlias, obs.ClusterDomain = a.clusterAlias, a.clusterDomain
	if a.rule != nil {
		rule := *a.rule
		obs.PromotionRule = &rule
	}
	obs.Warnings = append(obs.Warnings, a.failed...)
}

// cell asks a query for the first column of its first row; ok is false when there is none or it is NULL.
func (c *conn) cell(ctx context.Context, sql string) (answer string, ok bool, err error) {
	first := true
	_, err = c.query(ctx, sql, func(set int) rowFunc {
		if set > 0 {
			return nil
		}
		return func(_ []string, row []driver.Value) error {
			if first {
				answer, ok = text(row[0]), row[0] != nil
			}
			first = false
			return nil
		}
	})
	return answer, ok, err
}
