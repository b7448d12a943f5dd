package httpapi

import (
	"time"

	"orchestrator/internal/operate"
	"orchestrator/internal/topology"
)

type maintenanceJSON struct {
	MaintenanceId  uint64
	Key            keyJSON
	BeginTimestamp string
	SecondsElapsed uint64
	IsActive       bool
	Owner          string
	Reason         string
}

func (s Shaper) maintenance(m topology.Maintenance) maintenanceJSON {
	now := s.Now()
	return maintenanceJSON{
		MaintenanceId: uint64(max(m.ID, 0)), Key: keyOf(m.Key), BeginTimestamp: stamp(m.Begin),
		SecondsElapsed: uint64(max(now.Sub(m.Begin), 0) / time.Second), IsActive: m.End.IsZero() || m.End.After(now),
		Owner: m.Owner, Reason: m.Reason,
	}
}

// maintainedOf is the instance when it is under maintenance, else "".
func maintainedOf(m operate.Maintained) string {
	if !m.Yes {
		return ""
	}
	return m.Key.String()
}

type candidateJSON struct {
	Hostname            string
	Port                int
	PromotionRule       string
	LastSuggestedString string
	PromotionRuleExpiry string
}

func candidateOf(c operate.Candidate) candidateJSON {
	return candidateJSON{
		Hostname: c.Key.Hostname, Port: c.Key.Port, PromotionRule: c.Rule.String(),
		LastSuggestedString: stamp(c.Suggested), PromotionRuleExpiry: stamp(c.Expiry),
	}
}
