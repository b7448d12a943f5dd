package store

import (
	"context"
	"time"

	"orchestrator/internal/topology"
)

// Candidate is a registered promotion rule of a server.
type Candidate struct {
	Key       topology.Key
	Rule      topology.PromotionRule
	Suggested time.Time // zero when the one who stored it gave no time
}

// RegisterCandidate stores the promotion rule of a server as of c.Suggested.
func (s *Store) RegisterCandidate(ctx context.Context, c Candidate) error {
	if s.agreed != nil {
		return decide(ctx, s, registerCandidate{c})
	}
	_, err := s.exec(ctx, "register candidate "+c.Key.String(), s.dialect.upsert("candidate_database_instance",
		"hostname, port", "last_suggested, priority, promotion_rule"),
		c.Key.Hostname, c.Key.Port, stamp(c.Suggested), 1, c.Rule.String())
	return err
}

// Candidates returns all registered rules, by server.
func (s *Store) Candidates(ctx context.Context) ([]Candidate, error) {
	return s.candidates(ctx, s.reader)
}

func (s *Store) candidates(ctx context.Context, q querier) ([]Candidate, error) {
	return collect(ctx, s, q, "load candidates", func(r []value) Candidate {
		rule, err := topology.ParsePromotionRule(r[2].text())
		if err != nil {
			s.log.Warn("backend: unknown promotion rule taken as neutral", "instance", r[0].text(), "rule", r[2].text())
		}
		return Candidate{Key: keyColumns(r[0], r[1]), Rule: rule, Suggested: r[3].time()}
	}, "SELECT hostname, port, promotion_rule, last_suggested FROM candidate_database_instance ORDER BY hostname, port")
}

// ExpireCandidates deletes the rules that were last suggested longer ago than age.
func (s *Store) ExpireCandidates(ctx context.Context, age time.Duration) (int64, error) {
	if s.agreed != nil {
		return s.agreeIfAny(ctx, expireCandidates{age}, "candidate_database_instance",
			s.dialect.moment("last_suggested")+" < ?", stamp(s.now().Add(-age)))
	}
	return s.purge(ctx, "candidate_database_instance", "last_suggested", age)
}
