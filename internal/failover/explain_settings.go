package failover

import (
	"slices"

	"orchestrator/internal/analysis"
	"orchestrator/internal/config"
)

// PoliciesOf are the policies that a configuration asks for.
func PoliciesOf(c *config.Config) Policies {
	return Policies{
		Promotion:    PolicyOf(c),
		Analysis:     analysis.PolicyOf(c),
		VetoingHooks: slices.Concat(c.OnFailureDetectionProcesses, c.PreFailoverProcesses),
	}
}
